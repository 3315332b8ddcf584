"""One bit turned in an archive is found wherever it is, however the file is read, and the file is named."""

from __future__ import annotations

import dataclasses
import io
import zipfile

import numpy as np
import pytest

from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.errors import InputError
from imagenomer.parcellation import plain_parcellation
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes, listing_from, open_cohort
from imagenomer.readers.bundle import layout
from readers.test_bundle import assert_same_cohort
from readers.test_listing import held, zipped


@pytest.fixture(scope="module")
def large() -> bytes:
    """A bundle whose connectivity is read in several blocks, and is longer than the first look at it."""
    rng = np.random.default_rng(0)
    subjects = tuple(f"{number}" for number in range(1, 41))
    values = np.tanh(rng.normal(0, 0.3, (40, 190))).astype(np.float32)
    cohort = Cohort(
        "Large",
        subjects,
        {"age": Phenotype("age", rng.normal(size=40))},
        tuple(Scan("rest", subject) for subject in subjects),
        {"fc": Measure("fc", values, np.ones(40, dtype=bool))},
        plain_parcellation(20),
    )
    return finish(bundle_bytes(cohort))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(layout, "_BLOCK_BYTES", 5000)


class Counted:
    """The bytes of a bundle, and how many of them were asked for."""

    def __init__(self, data: bytes) -> None:
        self.data, self.n_read = data, 0

    def __call__(self, _: int, start: int, stop: int) -> bytes:
        self.n_read += stop - start
        return self.data[start:stop]

    def open(self) -> Cohort:
        return finish(open_cohort(listing_from(["b.zip"], [len(self.data)], self)))


def opened_or_refused(data: bytes) -> Cohort | str:
    try:
        return Counted(data).open()
    except InputError as error:
        return str(error)


def repacked(data: bytes, method: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()}, method)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_one_bit_turned_in_any_entry_of_a_bundle_is_found_and_named(large, method):
    data = repacked(large, method)
    rng = np.random.default_rng(1)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
    whole, n_meaningless = Counted(data).open(), 0
    assert {info.filename for info in infos} >= {"connectivity/fc.npy", "participants.tsv", "scans.tsv", "atlas.tsv"}
    for info in infos:
        first = info.header_offset + 30 + len(info.filename)
        for place in {first, first + info.compress_size - 1, *rng.integers(first, first + info.compress_size, 12)}:
            spoilt = bytearray(data)
            spoilt[place] ^= 1 << int(rng.integers(8))
            found = opened_or_refused(bytes(spoilt))
            if isinstance(found, str):
                assert info.filename in found
            else:
                # A deflated entry has a few bits that mean nothing: what it holds is then the same.
                assert method == zipfile.ZIP_DEFLATED
                assert_same_cohort(found, dataclasses.replace(whole, log=whole.log[1:]))
                n_meaningless += 1
    assert n_meaningless < 10


def test_a_bundle_is_read_once(large):
    whole = Counted(large)
    whole.open()
    with zipfile.ZipFile(io.BytesIO(large)) as archive:
        n_entries = len(archive.namelist())
    # The directory, a header of each entry, and the first look at the connectivity come on top.
    assert whole.n_read < len(large) + 4096 + n_entries * 30 + 70_000
    assert sum(1 for _ in layout.row_blocks(40, 190 * 4)) > 3


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("step", [1, 7, 1000, 3999, 4000])
def test_an_entry_read_in_blocks_is_compared_with_its_checksum(method, step):
    content = np.random.default_rng(0).bytes(4000)
    data = bytearray(zipped({"a.npy": content}, method))
    data[2000] ^= 4
    entry = held({"x.zip": bytes(data)})["a.npy"]
    with pytest.raises(InputError, match=r"a\.npy"):
        b"".join(entry.read(start, start + step) for start in range(0, 4000, step))


def test_what_is_read_twice_counts_once_in_the_checksum():
    content = np.random.default_rng(0).bytes(4000)
    entry = held({"x.zip": zipped({"a.npy": content}, zipfile.ZIP_STORED)})["a.npy"]
    for start, stop in ((0, 1500), (100, 800), (900, 2000), (3000, 3100), (1000, 4000), (0, 4000)):
        assert entry.read(start, stop) == content[start:stop]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_file_is_refused_however_often_it_is_read(method):
    data = bytearray(zipped({"a.npy": np.random.default_rng(0).bytes(4000)}, method))
    data[2000] ^= 16
    entry = held({"x.zip": bytes(data)})["a.npy"]
    for _ in range(3):
        with pytest.raises(InputError, match=r"a\.npy"):
            entry.read()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_one_bit_turned_in_a_zipped_folder_sets_the_scan_aside_and_names_it(method):
    rng = np.random.default_rng(0)
    files = {}
    for subject in "123":
        buffer = io.BytesIO()
        np.save(buffer, rng.uniform(-1, 1, 2016))
        files[f"fc/{subject}_fc.npy"] = buffer.getvalue()
    data = bytearray(zipped(files, method))
    data[9000] ^= 16
    cohort = finish(open_cohort(held({"x.zip": bytes(data)})))
    assert [scan.subject for scan in cohort.scans] == ["2", "3"]
    assert any("cannot be read" in line.message and "fc/1_fc.npy" in line.items[0] for line in cohort.log)


@pytest.mark.parametrize("name", ["", "/x", ".", "./", "//", "a" * 5000])
def test_an_archive_with_an_entry_that_has_no_usable_name_is_refused(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for one in (name, "c"):
            info = zipfile.ZipInfo("a")
            info.filename = one  # ZipInfo itself takes no empty name
            archive.writestr(info, b"1")
    data = buffer.getvalue()
    if name in ("./", "//"):  # folders
        assert list(held({"x.zip": data})) == ["c"]
        return
    with pytest.raises(InputError, match=r"without a name|leads out of the archive|a path of 5,000 characters"):
        held({"x.zip": data})
