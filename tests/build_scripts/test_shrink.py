"""What is compressed has the same bytes everywhere, and is what it was when unpacked."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from pathlib import Path

import pytest

import runtime
import shrink

CONTENTS = [
    b"",
    b"a",
    bytes(100_000),
    shrink.probe(),
    b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(3000)),
]


@pytest.fixture(scope="module")
def fetched() -> Path:
    try:
        return runtime.fetch_runtime()
    except runtime.RuntimeUnavailableError as error:
        pytest.skip(str(error))


def test_what_is_gzipped_unpacks_to_what_it_was(fetched: Path) -> None:
    for content, packed in zip(CONTENTS, shrink.gzip_all(CONTENTS, runtime.read_lock(), fetched), strict=True):
        assert gzip.decompress(packed) == content


def test_the_header_tells_no_time_no_name_and_no_system(fetched: Path) -> None:
    (packed,) = shrink.gzip_all([b"content"], runtime.read_lock(), fetched)
    assert packed[:10] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255])


def test_where_zlib_is_another_pyodide_makes_the_same_bytes(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right ones are known by their hash: this Python's own zlib may be another."""
    monkeypatch.setattr(shrink, "is_zlib", lambda: False)
    monkeypatch.setattr(shrink, "deflate", lambda _: pytest.fail("used this Python's zlib"))
    packed = shrink.gzip_all(CONTENTS, runtime.read_lock(), fetched)
    assert [gzip.decompress(each) for each in packed] == CONTENTS
    assert hashlib.sha256(packed[3][10:-8]).hexdigest() == shrink.PROBE_SHA256


def test_a_zlib_that_compresses_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = zlib.compressobj
    monkeypatch.setattr(shrink.zlib, "compressobj", lambda level, *rest: original(8, *rest))
    shrink.is_zlib.cache_clear()
    assert not shrink.is_zlib()
    monkeypatch.undo()
    shrink.is_zlib.cache_clear()


def test_large_contents_are_kept_and_a_damaged_copy_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shrink, "LARGE", 1000)
    monkeypatch.setattr(shrink, "is_zlib", lambda: True)
    deflated = []
    original = shrink.deflate
    monkeypatch.setattr(shrink, "deflate", lambda content: deflated.append(content) or original(content))
    small, large = b"small", bytes(range(250)) * 10
    packed = shrink.gzip_all([small, large], {}, tmp_path / "runtime")
    assert sorted(deflated) == sorted([small, large])
    (kept,) = (tmp_path / "gzip").iterdir()

    deflated.clear()
    assert shrink.gzip_all([small, large], {}, tmp_path / "runtime") == packed
    assert deflated == [small]

    for damage in (packed[1][:-1], packed[1][:40] + b"!" + packed[1][41:], packed[0], b""):
        deflated.clear()
        kept.write_bytes(damage)
        assert shrink.gzip_all([large], {}, tmp_path / "runtime") == packed[1:]
        assert deflated == [large]
        assert kept.read_bytes() == packed[1]


def test_no_more_are_kept_than_a_few_and_those_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrink, "LARGE", 1)
    monkeypatch.setattr(shrink, "KEPT", 2)
    monkeypatch.setattr(shrink, "is_zlib", lambda: True)
    for number in range(3):
        shrink.gzip_all([b"%d" % number], {}, tmp_path / "runtime")
        for path in (tmp_path / "gzip").iterdir():  # not finer than a second on some file systems
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 10))
    assert {gzip.decompress(path.read_bytes()) for path in (tmp_path / "gzip").iterdir()} == {b"1", b"2"}
