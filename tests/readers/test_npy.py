"""Numbers in .npy and .npz files come out as NumPy reads them; everything else is refused with its reason."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imagenomer.errors import InputError
from imagenomer.readers.npy import read_npy, read_npz, write_npy, write_npz

numbers = hnp.arrays(
    dtype=st.sampled_from(["<f2", "<f4", "<f8", ">f4", ">f8", "<i2", ">i4", "<i8", "|i1", "|u1", "<u4", "|b1"]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


def saved(array, version=None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version)
    return buffer.getvalue()


@given(numbers, st.booleans(), st.sampled_from([(1, 0), (2, 0), (3, 0)]))
@settings(max_examples=200, deadline=None)
def test_arrays_come_out_as_numpy_saved_them(array, fortran, version):
    array = np.asfortranarray(array) if fortran else array
    ours = read_npy(saved(array, version), "x.npy")
    assert ours.dtype == array.dtype
    np.testing.assert_array_equal(ours, array)


@given(numbers)
@settings(max_examples=100, deadline=None)
def test_what_we_write_numpy_reads(array):
    theirs = np.load(io.BytesIO(write_npy(array)), allow_pickle=False)
    np.testing.assert_array_equal(theirs, array)


def test_npz_goes_both_ways():
    arrays = {"components": np.arange(6.0, dtype=np.float32).reshape(2, 3), "scores": np.array([[1.0, np.nan]])}
    theirs = np.load(io.BytesIO(write_npz(arrays)), allow_pickle=False)
    deflated = io.BytesIO()
    np.savez_compressed(deflated, **arrays)
    ours = read_npz(deflated.getvalue(), "x.npz")
    for name, array in arrays.items():
        np.testing.assert_array_equal(theirs[name], array)
        np.testing.assert_array_equal(ours[name], array)


VARIANTS = {
    "badmagic.npy": "begins with",
    "cplx.npy": "complex numbers",
    "py2-np0-objarr.npy": "Python objects",
    "py2-objarr.npy": "Python objects",
    "py3-objarr.npy": "Python objects",
    "str.npy": "texts",
    "struct.npy": "structured values",
    "trailing.npy": "need 138,864 bytes, 138,880 were found",
    "truncated.npy": "need 138,864 bytes, 137,864 were found",
}


@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_every_variant_is_read_as_numpy_does_or_refused_with_its_reason(shared_data):
    for path in sorted((shared_data / "npy-variants").glob("*.npy")):
        if path.name in VARIANTS:
            with pytest.raises(InputError, match=VARIANTS[path.name]) as refused:
                read_npy(path.read_bytes(), path.name)
            assert str(refused.value).startswith(path.name)
        else:
            theirs = np.load(path, allow_pickle=False)
            ours = read_npy(path.read_bytes(), path.name)
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["stored.npz", "deflated.npz"])
def test_every_npz_variant_is_read_as_numpy_does(shared_data, name):
    path = shared_data / "npy-variants" / name
    ours = read_npz(path.read_bytes(), name)
    with np.load(path, allow_pickle=False) as theirs:
        assert set(ours) == set(theirs)
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key])


@pytest.mark.parametrize("name", ["py2-objarr.npz", "py3-objarr.npz"])
def test_objects_in_an_npz_are_refused(shared_data, name):
    with pytest.raises(InputError, match="Python objects"):
        read_npz((shared_data / "npy-variants" / name).read_bytes(), name)


def test_every_truncation_is_refused():
    data = saved(np.arange(5.0))
    for length in range(len(data)):
        with pytest.raises(InputError):
            read_npy(data[:length], "x.npy")


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=500, deadline=2000)
def test_flipped_bytes_are_refused_or_give_numbers(flips):
    data = bytearray(saved(np.arange(5.0)))
    for place, byte in flips:
        data[place % len(data)] = byte
    with contextlib.suppress(InputError):
        assert read_npy(bytes(data), "x.npy").dtype.kind in "biuf"


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
        "{'descr': '<f8', 'descr': '<f8', 'shape': (3,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999999, 999999999999999999), }",
        "exit()",
        "",
    ],
)
def test_a_header_that_numpy_would_not_write_is_refused(header):
    text = header.encode()
    with pytest.raises(InputError, match="is not read"):
        read_npy(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(24), "x.npy")


@pytest.mark.parametrize("descr", ["<U4", ">U4"])
def test_texts_are_read_where_they_are_asked_for(descr):
    texts = np.array(["10", "fünf", ""]).astype(descr)
    np.testing.assert_array_equal(read_npy(saved(texts), "x.npy", texts=True), texts)
    with pytest.raises(InputError, match="texts, not numbers"):
        read_npy(saved(texts), "x.npy")
    damaged = bytearray(saved(texts))
    damaged[-4:] = b"\xff\xff\xff\xff"
    with pytest.raises(InputError, match="damaged"):
        read_npy(bytes(damaged), "x.npy", texts=True)
