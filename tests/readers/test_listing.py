"""Files look the same in a folder, in the page and in a zip; an archive that could do harm is not opened."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.readers import listing_from, listing_of, open_cohort
from readers.small_folder import opened


def held(files: dict[str, bytes]):
    """The files as the page holds them."""
    contents = list(files.values())
    return listing_from(list(files), [len(data) for data in contents], lambda i, a, z: memoryview(contents[i])[a:z])


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def test_a_common_folder_becomes_the_name():
    listing = held({"data/Mine/fc/a.npy": b"1", "data/Mine/b.tsv": b"2"})
    assert listing.name == "Mine"
    assert list(listing) == ["b.tsv", "fc/a.npy"]
    assert [entry.path for entry in listing.entries.values()] == list(listing)
    assert listing["fc/a.npy"].read() == b"1"


def test_litter_is_passed_over():
    litter = ["M/.DS_Store", "M/fc/Thumbs.db", "__MACOSX/M/._a.npy", "M/desktop.ini", "M/.git/config"]
    assert list(held({"M/a.npy": b"1", "M/b.npy": b"2", **dict.fromkeys(litter, b"x")})) == ["a.npy", "b.npy"]


def test_windows_paths_are_paths():
    assert list(held({"M\\fc\\a.npy": b"1", "M\\b.npy": b""})) == ["b.npy", "fc/a.npy"]


def test_a_folder_on_disk_is_read_piece_by_piece(tmp_path):
    (tmp_path / "M/fc").mkdir(parents=True)
    (tmp_path / "M/fc/a.npy").write_bytes(b"0123456789")
    (tmp_path / "M/b.tsv").write_bytes(b"")
    listing = listing_of(tmp_path / "M")
    assert listing.name == "M"
    entry = listing["fc/a.npy"]
    assert (entry.size, entry.read(), entry.read(2, 5), entry.read(8), entry.read(8, 99)) == (
        10,
        b"0123456789",
        b"234",
        b"89",
        b"89",
    )
    assert listing["b.tsv"].read() == b""


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match="there is no file or folder"):
        listing_of(tmp_path / "nowhere")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_opened_in_place(method):
    files = {
        "Mine/fc/a.npy": bytes(range(256)) * 100,
        "Mine/b.tsv": b"b",
        "__MACOSX/Mine/._b.tsv": b"x",
        "Mine/empty": b"",
    }
    listing = held({"Download (1).zip": zipped(files, method)})
    assert list(listing) == ["b.tsv", "empty", "fc/a.npy"]
    assert listing["fc/a.npy"].read() == files["Mine/fc/a.npy"]
    assert listing["empty"].read() == b""


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=8), st.booleans())
@settings(max_examples=50, deadline=None)
def test_any_piece_of_a_zipped_file_is_that_piece(pieces, deflated):
    data = np.random.default_rng(0).integers(0, 9, 5000, dtype=np.uint8).tobytes()
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    entry = held({"x.zip": zipped({"a": data, "b": b""}, method)})["a"]
    for start, stop in pieces:
        assert entry.read(start, stop) == data[start:stop]


def test_a_zip_in_a_folder_takes_the_place_of_a_folder_of_its_name():
    inner = zipped({"fc/1_fc.npy": b"1", "fc/2_fc.npy": b"2"})
    assert list(held({"M/fc.zip": inner, "M/demographics.pkl": b""})) == [
        "demographics.pkl",
        "fc/1_fc.npy",
        "fc/2_fc.npy",
    ]


def test_a_zip_beside_the_folder_it_was_made_from_is_left_alone():
    inner = zipped({"fc/1_fc.npy": b"1"})
    assert list(held({"M/fc.zip": inner, "M/fc/1_fc.npy": b"1"})) == ["fc.zip", "fc/1_fc.npy"]


def test_two_files_of_one_name_are_refused():
    with pytest.raises(InputError, match="two files are called demographics"):
        held({"demographics.pkl": b"1", "./demographics.pkl": b"2"})


@pytest.mark.parametrize("path", ["../evil.npy", "a/../../evil.npy", "/etc/passwd", "C:/evil.npy", "..\\evil.npy"])
def test_a_zip_that_leads_out_of_itself_is_not_opened(path):
    with pytest.raises(InputError, match="leads out of the archive"):
        held({"x.zip": zipped({path: b"1"})})


def test_a_zip_bomb_is_not_opened():
    with pytest.raises(InputError, match=r"claims to unfold to 104,000,000"):
        held({"x.zip": zipped({f"{number}.npy": bytes(26_000_000) for number in range(4)})})


def test_an_encrypted_zip_is_not_opened():
    data = bytearray(zipped({"a.npy": b"1"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    with pytest.raises(InputError, match="encrypted"):
        held({"x.zip": bytes(data)})


def test_other_compression_is_refused_by_number():
    with pytest.raises(InputError, match="compressed by method 12"):
        held({"x.zip": zipped({"a.npy": b"1"}, zipfile.ZIP_BZIP2)})


def test_what_is_no_zip_is_said_to_be_none():
    with pytest.raises(InputError, match="is not a zip archive"):
        held({"x.zip": b"not a zip"})


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_entry_is_found_when_it_is_read(method):
    text = np.random.default_rng(0).bytes(2000)
    data = bytearray(zipped({"a.npy": text}, method))
    data[1000] ^= 0xFF
    with pytest.raises(InputError, match="damaged"):
        held({"x.zip": bytes(data)})["a.npy"].read()


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
@settings(max_examples=300, deadline=2000)
def test_flipped_bytes_in_a_zip_give_data_or_an_input_error(flips, deflated):
    files = {"a/b.npy": bytes(range(100)), "a/c.tsv": b"text" * 50}
    data = bytearray(zipped(files, zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED))
    for place, byte in flips:
        data[place % len(data)] = byte
    try:
        listing = held({"x.zip": bytes(data)})
        for path in listing:
            listing[path].read()
    except InputError:
        pass


def test_every_truncation_of_a_zip_is_refused():
    data = zipped({"a.npy": bytes(range(100))})
    for length in range(len(data)):
        with pytest.raises(InputError):
            held({"x.zip": data[:length]})["a.npy"].read()


# --- choosing the reader -------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zipped_cohort_is_the_cohort(folder, method):
    files = {
        f"Small/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    there, here = opened(folder), finish(open_cohort(held({"Small.zip": zipped(files, method)})))
    assert (here.name, here.subjects, here.scans, here.log) == (there.name, there.subjects, there.scans, there.log)
    np.testing.assert_array_equal(here.measures["fc"].values, there.measures["fc"].values)


def test_what_is_not_recognised_is_answered_with_what_would_be():
    with pytest.raises(InputError, match=r"(?s)holds a.txt, b.nii.gz, and no cohort.*bundle.json.*demographics.pkl"):
        finish(open_cohort(held({"M/a.txt": b"", "M/b.nii.gz": b""})))
    with pytest.raises(InputError, match="holds no file"):
        finish(open_cohort(held({})))


def test_a_folder_of_cohorts_is_answered_with_their_names():
    with pytest.raises(InputError, match="look like cohorts: A, B; open one of them"):
        finish(open_cohort(held({"data/A/demographics.pkl": b"", "data/B/participants.tsv": b""})))
    # Scans are found at any depth, and must not be taken for those of one cohort.
    scan = "fc/1_task-rest_fc.npy"
    files = {f"{name}/{path}": b"" for name in "AB" for path in ("demographics.pkl", scan)}
    with pytest.raises(InputError, match="look like cohorts: A, B; open one of them"):
        finish(open_cohort(held(files)))
