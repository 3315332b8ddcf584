"""HDF5 files, MATLAB's too: the arrays that h5py wrote come back, and what is damaged is refused in words."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

import mutants
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.readers import listing_of, open_cohort
from imagenomer.readers.hdf5 import open_hdf5
from imagenomer.readers.hdf5_signature import is_hdf5
from imagenomer.readers.listing import Entry
from matlab_files import matlab_7_3

h5py = pytest.importorskip("h5py")

SEED, MUTANTS = 20261130, 1000
LONGEST_SECONDS = 5
IDS = ("S000", "Süd", "x")


def written(*, matlab: bool, **settings: Any) -> tuple[bytes, np.ndarray]:
    """A stack of symmetric matrices and names in cells, as MATLAB 7.3 writes them or without its block of 512 bytes."""
    rng = np.random.default_rng(SEED)
    stack = rng.normal(size=(3, 7, 7)).astype(np.float32)
    stack += stack.transpose(0, 2, 1)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512 if matlab else 0, libver="earliest") as file:
        file.create_dataset("group/conn", data=stack, **settings)
        file["age"] = np.arange(3.0)[None]
        file["empty"] = np.zeros((0, 4))
        file["late"] = file["age"]
        cells = file.create_dataset("subj", (3, 1), dtype=h5py.ref_dtype)
        for place, text in enumerate(IDS):
            name = f"#refs#/{chr(97 + place)}"
            file[name] = np.array([ord(letter) for letter in text], np.uint16)[:, None]
            file[name].attrs["MATLAB_class"] = np.bytes_(b"char")
            cells[place, 0] = file[name].ref
    data = bytearray(buffer.getvalue())
    if matlab:
        data[:20] = b"MATLAB 7.3 MAT-file,"
    return bytes(data), stack


@pytest.mark.parametrize("matlab", [True, False])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"chunks": (1, 7, 7), "compression": "gzip"},
        {"chunks": (2, 3, 4), "compression": "gzip", "shuffle": True},
        {"chunks": (2, 3, 4), "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": (2, 5, 7)},
    ],
    ids=["contiguous", "gzip", "shuffled", "checksum", "chunked"],
)
def test_arrays_and_names_are_those_that_were_written(matlab: bool, settings: dict[str, Any]) -> None:
    data, stack = written(matlab=matlab, **settings)
    file = open_hdf5("x.mat", data)
    assert file.is_matlab is matlab
    assert {**file.arrays, "late": (1, 3)} == {"group/conn": (3, 7, 7), "age": (1, 3), "empty": (0, 4), "late": (1, 3)}
    np.testing.assert_array_equal(file.array("group/conn"), stack)
    assert file.array("group/conn").dtype == np.float32
    np.testing.assert_array_equal(file.array("age"), [[0, 1, 2]])
    assert dict(file.cells) == {"subj": (3, 1)}
    assert file.texts("subj") == IDS


def test_the_shared_stack_of_matlab_is_read(shared_data: Path) -> None:
    folder = shared_data / "door" / "10_matlab_stacks"
    if not folder.is_dir():
        pytest.skip("no door fixtures here")
    file = open_hdf5("stack_v73.mat", (folder / "stack_v73.mat").read_bytes())
    stack = file.array("conn")
    truth = np.load(shared_data / "door" / "truth.npz", allow_pickle=False)["fc"]
    rows, columns = np.triu_indices(100, 1)
    np.testing.assert_array_equal(stack, stack.transpose(0, 2, 1))
    np.testing.assert_allclose(stack[:, rows, columns], truth, atol=1e-6)
    assert file.texts("subj")[::39] == ("S000", "S039")


def test_chunks_that_were_never_written_are_zero() -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        made = file.create_dataset("x", (4, 4), chunks=(2, 2), dtype="f8")
        made[:2, :2] = 1
    expected = np.zeros((4, 4))
    expected[:2, :2] = 1
    np.testing.assert_array_equal(open_hdf5("x.h5", buffer.getvalue()).array("x"), expected)


def test_a_chunk_that_inflates_to_more_than_it_should_is_refused() -> None:
    data, _ = written(matlab=True, chunks=(3, 7, 7), compression="gzip")
    import zlib

    file = open_hdf5("x.mat", data)
    (chunk,) = file._root["group/conn"].id.index.values()
    bomb = zlib.compress(bytes(3 * 7 * 7 * 4 + 1000), 9)
    start = 512 + chunk.byte_offset
    spoilt = data[:start] + bomb.ljust(chunk.size, b"\0") + data[start + chunk.size :]
    with pytest.raises(InputError, match="group/conn is damaged"):
        open_hdf5("x.mat", spoilt).array("group/conn")


def test_an_array_larger_than_memory_is_refused() -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("huge", (100_000, 100_000), chunks=(10, 10), dtype="f8")
    with pytest.raises(InputError, match="100000 x 100000 values, more than fit in memory"):
        open_hdf5("x.h5", buffer.getvalue()).array("huge")


@pytest.mark.parametrize("data", [b"", b"MATLAB 5.0 MAT-file" + bytes(600), bytes(2000)])
def test_what_is_no_hdf5_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"x\.mat is no HDF5 file"):
        open_hdf5("x.mat", data)


@pytest.mark.parametrize("settings", [{}, {"chunks": (2, 3, 4), "compression": "gzip", "shuffle": True}])
def test_a_spoilt_file_is_refused_in_words_or_read(settings: dict[str, Any], bounded_memory: None) -> None:
    data, _ = written(matlab=True, **settings)
    rng = np.random.default_rng(SEED)
    n_refused = 0
    for number in range(MUTANTS):
        spoilt = mutants.spoil_bytes(data, rng)
        started = time.process_time()
        try:
            file = open_hdf5("x.mat", spoilt)
            for path, shape in file.arrays.items():
                assert file.array(path).shape == shape
            for path in file.cells:
                file.texts(path)
            file.variables()
        except InputError:
            n_refused += 1
        except BaseException as error:
            error.add_note(f"mutant {number}")
            raise
        assert time.process_time() - started < LONGEST_SECONDS, number
    assert 0 < n_refused < MUTANTS


def test_a_file_without_connectivity_that_is_dropped_alone_is_named_with_what_it_holds(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["group/conn"] = np.zeros((3, 7, 8))
    with pytest.raises(InputError, match=r"HDF5 with group\.conn \(3 x 7 x 8\).*save one matrix a scan"):
        finish(open_cohort(listing_of(tmp_path)))


def test_variables_are_those_that_scipy_reads_of_another_version() -> None:
    """The same structs, cells and characters, as MATLAB 7.3 writes them and by `scipy.io.savemat`."""
    rng = np.random.default_rng(SEED)
    given = {
        "S": {"fc": rng.normal(size=(4, 5, 3)), "who": "a name", "deep": {"x": np.arange(3.0)}},
        "rows": np.array(["ab", "cd"]),
        "cells": [rng.normal(size=(2, 3)), "text", np.arange(4.0)],
        "one": 7.0,
    }
    buffer = io.BytesIO()
    cells = np.empty(3, dtype=object)
    cells[:] = given["cells"]
    savemat(buffer, {**given, "cells": cells})
    expected = loadmat(io.BytesIO(buffer.getvalue()), simplify_cells=True)
    found = open_hdf5("x.mat", matlab_7_3(given)).variables()
    for name in given:
        _same(found[name], expected[name])


def _same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            _same(ours[name], value)
    elif isinstance(theirs, (list, np.ndarray)) and getattr(theirs, "dtype", np.dtype("O")).kind == "O":
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            _same(one, other)
    else:
        np.testing.assert_array_equal(ours, theirs)


def test_cells_that_refer_to_themselves_are_refused() -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512, libver="earliest") as file:
        cells = file.create_dataset("#refs#/a", (1, 1), dtype=h5py.ref_dtype)
        cells[0, 0] = cells.ref
        file.create_dataset("c", (1, 1), dtype=h5py.ref_dtype)[0, 0] = cells.ref
    with pytest.raises(InputError, match="refers to itself"):
        open_hdf5("x.mat", b"MATLAB 7.3 MAT-file,".ljust(512) + buffer.getvalue()[512:]).variables()


@pytest.mark.parametrize(("at", "found"), [(0, True), (512, True), (1024, True), (256, False)])
def test_hdf5_is_known_by_its_signature(at: int, found: bool) -> None:
    data = bytes(at) + b"\x89HDF\r\n\x1a\n" + bytes(100)
    for ending in ("mat", "h5", "HDF5", "npy"):
        entry = Entry(f"x.{ending}", len(data), lambda start, stop: data[start:stop])
        assert is_hdf5(entry) is (found and ending != "npy")
