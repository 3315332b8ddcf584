"""The one edge order, and its way to a matrix and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.edges import edge_index, edge_parcels, edges_to_matrix, matrix_to_edges, n_edges_of, n_parcels_of
from imagenomer.errors import InputError

parcels = st.integers(2, 40)


@given(parcels)
def test_edges_run_row_by_row_through_the_upper_triangle(n_parcels):
    edge = 0
    for i in range(n_parcels):
        for j in range(i + 1, n_parcels):
            assert edge_index(i, j, n_parcels) == edge_index(j, i, n_parcels) == edge
            assert edge_parcels(edge, n_parcels) == (i, j)
            edge += 1
    assert edge == n_edges_of(n_parcels)


@given(st.integers(2, 10**6))
def test_the_number_of_edges_gives_the_number_of_parcels(n_parcels):
    assert n_parcels_of(n_edges_of(n_parcels)) == n_parcels


@given(parcels, st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_matrix_unfolds_and_folds_back(n_parcels, n_scans, seed):
    edges = np.random.default_rng(seed).normal(size=(n_scans, n_edges_of(n_parcels))).astype(np.float32)
    matrices = edges_to_matrix(edges, diagonal=7)
    assert matrices.dtype == np.float32
    np.testing.assert_array_equal(matrices, matrices.swapaxes(1, 2))
    np.testing.assert_array_equal(np.diagonal(matrices, axis1=1, axis2=2), 7)
    np.testing.assert_array_equal(matrix_to_edges(matrices), edges)
    i, j = 0, n_parcels - 1
    np.testing.assert_array_equal(matrices[:, j, i], edges[:, edge_index(i, j, n_parcels)])


@pytest.mark.parametrize(
    ("n_edges", "below", "above"), [(34717, "264 parcels have 34716", "265 have 34980"), (2, "2", "3")]
)
def test_any_other_number_of_values_is_refused_with_the_nearest_that_fit(n_edges, below, above):
    with pytest.raises(InputError, match=f"{n_edges} values .*{below}.*{above}"):
        n_parcels_of(n_edges)


def test_no_values_are_no_matrix():
    with pytest.raises(InputError, match="0 values are not the upper triangle"):
        n_parcels_of(0)
