"""Archives are folders: tar as Python's `tarfile` writes it, gzip, one in another; what does harm is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile

import numpy as np
import pytest

import mutants
from imagenomer.errors import InputError
from readers.test_listing import held, zipped

FILES = {
    "study/a.csv": b"id,age\n1,2\n",
    "study/fc/b.npy": bytes(range(256)) * 7,
    "study/" + "/".join(["a long folder"] * 12) + "/c.txt": b"c",
    "study/empty.txt": b"",
    "study/Größe.txt": b"1",
}
SEED, MUTANTS = 20261130, 1000


def tarred(files: dict[str, bytes], kind: int = tarfile.PAX_FORMAT, **fields) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        folder = tarfile.TarInfo("study")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, data in files.items():
            one = tarfile.TarInfo(path)
            one.size = len(data)
            for name, value in fields.items():
                setattr(one, name, value)
            archive.addfile(one, io.BytesIO(data))
    return buffer.getvalue()


def contents(listing) -> dict[str, bytes]:
    return {path: entry.read() for path, entry in listing.entries.items()}


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz"])
def test_a_tar_archive_is_the_folder_that_it_was_made_from(kind, ending):
    data = tarred(FILES, kind)
    if ending != "tar":
        data = gzip.compress(data)
    listing = held({f"x.{ending}": data})
    assert contents(listing) == {path.removeprefix("study/"): one for path, one in FILES.items()}
    assert listing["fc/b.npy"].read(3, 300) == FILES["study/fc/b.npy"][3:300]


def test_a_file_that_is_compressed_alone_is_the_file_inside():
    data = np.arange(100_000).tobytes()
    listing = held({"M/a.csv.gz": gzip.compress(b"id,age\n"), "M/b.npy.gz": gzip.compress(data), "M/c.nii.gz": b"x"})
    assert list(listing) == ["a.csv", "b.npy", "c.nii.gz"]
    assert listing["a.csv"].read() == b"id,age\n"
    entry = listing["b.npy"]
    assert (entry.size, entry.read(), entry.read(5, 9), entry.read(700_000)) == (
        len(data),
        data,
        data[5:9],
        data[700_000:],
    )


def test_archives_inside_one_another_are_folders_in_folders():
    inner = zipped({"deep/x.csv": b"1", "deep/y.csv.gz": gzip.compress(b"2")})
    listing = held({"M.zip": zipped({"M/one.zip": inner, "M/two.tar.gz": gzip.compress(tarred({"t/z.csv": b"3"}))})})
    assert contents(listing) == {"one/x.csv": b"1", "one/y.csv": b"2", "two/z.csv": b"3"}


def test_an_archive_beside_what_it_was_made_from_adds_nothing():
    listing = held(
        {"M/a.csv": b"1", "M/a.csv.gz": gzip.compress(b"1"), "M/s/b": b"2", "M/s.tar": tarred({"s/b": b"2"})}
    )
    assert list(listing) == ["a.csv", "a.csv.gz", "s.tar", "s/b"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "a symbolic link, which is not followed"),
        ({"type": tarfile.LNKTYPE, "linkname": "x"}, "a link, which is not followed"),
        ({"type": tarfile.FIFOTYPE}, "which is no file"),
        ({"name": "../x"}, "leads out of the archive"),
        ({"name": "/etc/x"}, "leads out of the archive"),
        ({"name": "C:\\x"}, "leads out of the archive"),
        ({"name": "a/" * 2100 + "x"}, "a path of"),
        ({"name": "x" * 70_000}, "a name of"),
    ],
)
@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_archive_that_could_do_harm_is_refused(fields, message, kind):
    with pytest.raises(InputError, match=message):
        held({"x.tar": tarred({"study/a": b"1", "study/b": b""}, kind, **fields)})


def test_what_unfolds_out_of_all_proportion_is_refused_before_it_does():
    bomb = gzip.compress(bytes(200_000_000), 9)
    for path in ("x.csv.gz", "x.tar.gz"):
        with pytest.raises(InputError, match=r"claims to unfold to 200,000,000"):
            held({path: bomb})
    # One that lies about its size gives no more than it claims.
    liar = bomb[:-4] + (1000).to_bytes(4, "little")
    with pytest.raises(InputError, match=r"x\.csv\.gz is truncated, or made of several parts"):
        held({"x.csv.gz": liar})["x.csv"].read()


def test_an_archive_in_too_many_is_refused():
    data = zipped({"x.csv": b"1"})
    for number in range(4):
        data = zipped({f"{number}.zip": data, "other": b"1"})
    with pytest.raises(InputError, match="inside 3 archives"):
        held({"M.zip": data})


@pytest.mark.parametrize("data", [b"", b"x" * 600, gzip.compress(b"abc", mtime=0)[:-3], b"\x1f\x8b" + bytes(30)])
def test_what_is_no_archive_is_refused(data):
    with pytest.raises(InputError, match=r"not compressed by gzip|damaged|truncated|no tar archive|claims to"):
        held({"x.tgz": data})["x"].read()


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip in tar"])
def test_a_spoilt_archive_is_refused_in_words_or_read(kind, bounded_memory):
    data = tarred(FILES | {"study/in.zip": zipped(FILES, zipfile.ZIP_DEFLATED)} if kind == "zip in tar" else FILES)
    rng = np.random.default_rng(SEED)
    n_refused = 0
    for number in range(MUTANTS):
        spoilt = mutants.spoil_bytes(gzip.compress(data, 1) if kind == "tar.gz" else data, rng)
        started = time.process_time()
        try:
            contents(held({f"x.{'tar.gz' if kind == 'tar.gz' else 'tar'}": spoilt}))
        except InputError:
            n_refused += 1
        except BaseException as error:
            error.add_note(f"mutant {number}")
            raise
        assert time.process_time() - started < 5, number
    assert 0 < n_refused < MUTANTS + (kind == "tar.gz")
