"""The engine's files: compiled the same each time, in the blob of their time of need, none of them lost."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import compile as compiling
import pack
import runtime
from wheel import make_wheel

SOURCES = {
    "kit/__init__.py": 'NAMES = {"red", "green", "blue"}\n\ndef f():\n    """Do it.\n\n    Long."""\n',
    "kit/tests/test_kit.py": "",
    "kit/kit.pyi": "",
    "kit/data.txt": "data",
    "kit-1.dist-info/LICENSE.md": "free",
}


@pytest.fixture(scope="module")
def lock() -> dict[str, Any]:
    return runtime.read_lock()


@pytest.fixture(scope="module")
def fetched(lock: dict[str, Any]) -> Path:
    try:
        runtime.node()
        return runtime.fetch_runtime(lock)
    except runtime.RuntimeUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def wheel() -> tuple[str, bytes]:
    return make_wheel()


@pytest.fixture(scope="module")
def packed(lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes]) -> dict[str, bytes]:
    files, _ = pack.engine_files(lock, fetched, wheel)
    return {file.name: file.content for file in files}


def archive_of(sources: Mapping[str, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, source in sources.items():
            archive.writestr(path, source)
    return content.getvalue()


def compiled(lock: dict[str, Any], fetched: Path, folder: Path) -> dict[str, bytes]:
    (folder / "in").mkdir(parents=True)
    (folder / "out").mkdir()
    (folder / "in" / "kit.whl").write_bytes(archive_of(SOURCES))
    arguments = {
        "info": lock["info"],
        "mounts": {"/in": str(folder / "in"), "/out": str(folder / "out")},
        "archives": [{"file": "kit.whl", "place": compiling.SITE_PACKAGES}],
    }
    compiling.run_in_pyodide(compiling.SCRIPTS[1], fetched / "pyodide", fetched.parent, arguments)
    content = (folder / "out" / "compiled.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {"": content, **{name: archive.read(name) for name in archive.namelist()}}


def unpacked(blob: bytes) -> dict[str, bytes]:
    size = int.from_bytes(blob[:4], "little")
    offset, files = 4 + size, {}
    for path, length in json.loads(blob[4:offset]):
        files[path] = blob[offset : offset + length]
        offset += length
    assert offset == len(blob)
    return files


@pytest.fixture(scope="module")
def once(lock: dict[str, Any], fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return compiled(lock, fetched, tmp_path_factory.mktemp("once"))


def test_packages_come_compiled_without_what_nobody_opens(once: dict[str, bytes]) -> None:
    files = once
    place = compiling.SITE_PACKAGES
    assert set(files) == {
        "",
        f"{place}/kit/__init__.pyc",
        f"{place}/kit/data.txt",
        f"{place}/kit-1.dist-info/LICENSE.md",
    }
    code = files[f"{place}/kit/__init__.pyc"]
    assert int.from_bytes(code[4:8], "little") == 1, "Python would look for the source"
    assert f"/{place}/kit/__init__.py".encode() in code
    assert b"Do it." in code
    assert b"Long." not in code


def test_two_compilations_are_the_same_to_the_byte(
    lock: dict[str, Any], fetched: Path, once: dict[str, bytes], tmp_path: Path
) -> None:
    assert once[""] == compiled(lock, fetched, tmp_path)[""]


def test_a_script_that_fails_in_pyodide_is_told_in_its_words(
    lock: dict[str, Any], fetched: Path, tmp_path: Path
) -> None:
    script = tmp_path / "bad.py"
    script.write_text("async def main(text):\n    raise ValueError('not like this')\n")
    with pytest.raises(compiling.CompileError, match="not like this"):
        compiling.run_in_pyodide(script, fetched / "pyodide", fetched.parent, {"info": lock["info"], "mounts": {}})


def test_every_file_is_in_one_blob_and_the_page_knows_where(
    lock: dict[str, Any], fetched: Path, packed: dict[str, bytes]
) -> None:
    blobs = {name: unpacked(content) for name, content in packed.items() if name.endswith(".blob")}
    with zipfile.ZipFile(compiling.library(lock, fetched)) as library:
        expected = {path: library.getinfo(path).file_size for path in library.namelist()}
    others = [
        (path, len(content))
        for name in pack.BLOBS
        for path, content in blobs[name].items()
        if path.removeprefix(f"{compiling.SITE_PACKAGES}/") not in pack.WITH_LIBRARIES and name != "readers.blob"
    ]
    for path, name in pack.WITH_LIBRARIES.items():
        assert f"{compiling.SITE_PACKAGES}/{path}" in blobs[name]
    assert len(others) == len(expected)
    assert dict(others) == expected
    later = json.loads(blobs[pack.OWN][pack.LATER])
    expected_later = {name: list(blobs[name]) for name, stage in pack.BLOBS.items() if stage != "first"}
    assert later == {
        name: [path for path in paths if ".dist-info/" not in path] for name, paths in expected_later.items()
    }


def test_our_own_blob_has_the_package_and_all_else_stays_when_it_changes(
    lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes], packed: dict[str, bytes]
) -> None:
    name, content = wheel
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        ours = {path: archive.read(path) for path in archive.namelist() if path.startswith("imagenomer/")}
    left_out = {path for path in ours if path.startswith("imagenomer/cli/") or path.endswith("/README.md")}
    assert len(left_out) > 1
    ours = {path: own for path, own in ours.items() if path not in left_out}
    blob, readers = unpacked(packed[pack.OWN]), unpacked(packed["readers.blob"])
    assert not [path for path in blob if "/imagenomer/cli/" in path or path.endswith("README.md")]
    for path, own in ours.items():
        place = f"{compiling.SITE_PACKAGES}/{path}"
        if pack.OWN_LATER.match(place):
            compiled = "c" if path.endswith(".py") else ""
            assert f"{place}{compiled}" not in blob
            assert f"{place}{compiled}" in readers or f"{path}c" in pack.WITH_LIBRARIES
        elif path.endswith(".py"):
            assert f"{place}c" in blob
        elif not path.endswith("py.typed"):
            assert blob[place] == own
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        more = {**{path: archive.read(path) for path in archive.namelist()}, "imagenomer/more.py": b"MORE = 1\n"}
    changed, _ = pack.engine_files(lock, fetched, (name, archive_of(more)))
    assert {file.name for file in changed if file.content != packed[file.name]} == {pack.OWN}


def test_the_trace_names_files_that_are_there(lock: dict[str, Any], fetched: Path) -> None:
    with zipfile.ZipFile(compiling.library(lock, fetched)) as library:
        there = set(library.namelist())
    traced = pack.read_trace()
    for blob, paths in traced.items():
        assert paths, blob
        assert paths == sorted(set(paths)), blob
        assert set(paths) <= there, blob


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif("TRACE" not in os.environ, reason="four minutes in one process; set TRACE=1 to have it")
def test_the_trace_is_up_to_date(lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes]) -> None:
    now = pack.trace(lock, fetched, wheel)
    assert now == pack.TRACE.read_text(encoding="utf-8"), "run: python3 build_scripts/pack.py --trace"
