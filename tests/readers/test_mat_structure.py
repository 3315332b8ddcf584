"""Structure of MATLAB files: what SciPy writes passes, and a count that lies is refused before SciPy sees it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import scipy.sparse
from scipy.io import loadmat, savemat

from imagenomer.errors import InputError
from imagenomer.readers.mat_structure import checked_mat

VALUES = {
    "matrix": np.arange(12.0).reshape(3, 4),
    "stack": np.zeros((3, 3, 2), dtype=np.float32),
    "whole": np.array([[1, 2]], dtype=np.int16),
    "text": "ünï",
    "names": np.array(["a", "bcd"], dtype=object),
    "both": np.array([[1 + 2j]]),
    "fields": {"one": 1.0, "deep": {"two": [1.0, 2.0]}},
    "few": scipy.sparse.csc_matrix(np.eye(3)),
    "none": np.zeros((0, 3)),
}


def written(values=VALUES, **options) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, values, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_what_can_be_read_passes(compressed):
    data = written(do_compression=compressed)
    found, expected = loadmat(checked_mat(data, "a.mat")), loadmat(io.BytesIO(data))
    assert found.keys() == expected.keys()
    np.testing.assert_array_equal(found.pop("few").toarray(), expected.pop("few").toarray())
    assert str(found) == str(expected)


def test_a_large_variable_is_inflated_in_pieces_and_once(monkeypatch):
    """SciPy gets a file in which nothing is compressed."""
    values = {"a": np.random.default_rng(1).standard_normal((200, 3000)), "b": np.eye(3), "c": np.zeros((700, 700))}
    data = written(values, do_compression=True)
    assert len(data) > 4e6
    plain = checked_mat(data, "a.mat")
    monkeypatch.setattr("zlib.decompressobj", None)
    found = loadmat(plain)
    for name, array in values.items():
        np.testing.assert_array_equal(found[name], array)


def test_version_4_is_not_looked_at():
    checked_mat(written({"a": np.eye(2)}, format="4"), "a.mat")


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    return data.replace(old, new)


def shape(*lengths: int) -> bytes:
    return struct.pack(f"<II{len(lengths)}i", 5, 4 * len(lengths), *lengths)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (shape(3, 4), shape(3, 5), "another number of values"),
        (shape(3, 4), shape(-3, 4), "shape is none"),
        (shape(3, 4), shape(1 << 30, 1 << 30), "shape is none"),
        (struct.pack("<II", 9, 96), struct.pack("<II", 9, 4000), "longer than the file"),
        (struct.pack("<II", 9, 96), struct.pack("<II", 99, 96), "unknown type"),
        (struct.pack("<III", 6, 8, 6), struct.pack("<III", 6, 8, 99), "class 99"),
        (struct.pack("<III", 6, 8, 6), struct.pack("<III", 6, 8, 1), "another number of values"),
        (struct.pack("<III", 6, 8, 6), struct.pack("<III", 6, 8, 2), "without fields"),
        (struct.pack("<III", 6, 8, 6), struct.pack("<III", 6, 8, 5), "sparse"),
    ],
)
def test_a_count_that_lies_is_refused_with_the_file_and_the_way_out(old, new, words):
    data = changed(written({"matrix": VALUES["matrix"]}), old, new)
    with pytest.raises(InputError, match=rf"a\.mat is damaged.*{words}.*save it again"):
        checked_mat(data, "a.mat")


def test_a_file_that_is_cut_off_and_one_whose_packing_is_damaged_are_refused():
    whole = written({"matrix": np.random.default_rng(1).standard_normal((9, 9))}, do_compression=True)
    with pytest.raises(InputError, match="longer than the file"):
        checked_mat(whole[:-20], "a.mat")
    inner = zlib.compress(b"no array")
    data = whole[:128] + struct.pack("<II", 15, len(inner)) + inner
    with pytest.raises(InputError, match="too large"):
        checked_mat(data, "a.mat")


def test_arrays_within_arrays_have_an_end():
    deep: object = 1.0
    for _ in range(40):
        deep = {"in": deep}
    with pytest.raises(InputError, match="without end"):
        checked_mat(written({"deep": deep}), "a.mat")
