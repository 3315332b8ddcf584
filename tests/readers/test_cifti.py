"""CIFTI matrices: what Connectome Workbench and nibabel wrote comes out, and what is damaged is refused in words."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import mutants
from cifti_files import axis, cifti, pconn
from imagenomer.errors import InputError
from imagenomer.readers import listing_of
from imagenomer.readers.cifti import read_cifti_header, read_pconn
from imagenomer.readers.listing import Entry

SEED, MUTANTS = 20261130, 1000


def entry(data: bytes) -> Entry:
    return Entry("x.pconn.nii", len(data), lambda start, stop: data[start:stop])


@pytest.fixture
def square(rng):
    half = rng.normal(size=(7, 7)).astype(np.float32)
    return half + half.T


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_matrix_and_the_names_of_its_parcels_come_out(square, order, dtype):
    values, names = read_pconn(entry(pconn(square, order=order, dtype=dtype)))
    np.testing.assert_array_equal(values, square)
    assert names == tuple(f"P{n}" for n in range(7))


def test_what_connectome_workbench_wrote_is_what_it_writes_as_text(shared_data: Path) -> None:
    folder = shared_data / "cifti-pconn"
    if not folder.is_dir():
        pytest.skip("no CIFTI files here")
    listing = listing_of(folder)
    values, names = read_pconn(listing["sub-010188_wb.pconn.nii"])
    np.testing.assert_allclose(values, np.loadtxt(folder / "sub-010188_wb.txt"), atol=1e-6)
    assert names[:2] == ("LH_Vis_1", "LH_Vis_2")
    header = read_cifti_header(listing["sub-010188_schaefer100.ptseries.nii"])
    assert (header.shape, header.parcels[0], len(header.parcels[1] or ())) == ((652, 100), None, 100)


def test_axes_that_are_not_the_same_parcels_are_no_connectivity(square):
    names = [f"P{n}" for n in range(7)]
    for other in (axis("PARCELS", "1", names[::-1]), axis("SERIES", "1"), ""):
        with pytest.raises(InputError, match=r"not a matrix between the same parcels|does not say what its two axes"):
            read_pconn(entry(cifti(square, axis("PARCELS", "0", names) + other)))
    with pytest.raises(InputError, match="names 6 parcels along an axis of 7"):
        read_pconn(entry(pconn(square, names[:6])))


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    ],
)
def test_entities_are_refused(square, before):
    with pytest.raises(InputError, match="defines a document type"):
        read_pconn(entry(pconn(square, before=before)))


def test_a_spoilt_file_is_refused_in_words_or_read(square, bounded_memory):
    data = pconn(square)
    rng = np.random.default_rng(SEED)
    n_refused = 0
    for number in range(MUTANTS):
        started = time.process_time()
        try:
            values, names = read_pconn(entry(mutants.spoil_bytes(data, rng)))
        except InputError:
            n_refused += 1
        except BaseException as error:
            error.add_note(f"mutant {number}")
            raise
        else:
            assert values.shape == (len(names), len(names))
        assert time.process_time() - started < 5, number
    assert 0 < n_refused < MUTANTS
