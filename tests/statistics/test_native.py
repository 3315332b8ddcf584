"""What the kernels compute, natively: by NumPy in float64, and by the words of `imagenomer.statistics.backend`."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from scipy import stats

from imagenomer.statistics.native import Blas

BLAS = Blas()
ORDERS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "strided": lambda one: np.repeat(one, 2, axis=1)[:, ::2]}


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


@pytest.mark.parametrize("order", sorted(ORDERS))
@pytest.mark.parametrize("add", [False, True])
def test_a_product_is_put_or_added_whatever_the_order_in_memory(rng, dtype, order, add):
    left, right = (ORDERS[order](rng.normal(size=shape).astype(dtype)) for shape in ((7, 9), (9, 5)))
    for out in (np.full((7, 5), 2, dtype=dtype), np.full((7, 5), 2.0), np.full((7, 10), 2.0)[:, ::2]):
        BLAS.multiply(left, right, out, add=add)
        np.testing.assert_allclose(out, left.astype(float) @ right.astype(float) + 2 * add, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_a_gram_matrix_is_added_at_and_right_of_the_diagonal(rng, dtype, order):
    rows = ORDERS[order](rng.normal(size=(6, 11)).astype(dtype))
    for total in (np.ones((6, 6), dtype=dtype), np.ones((6, 6))):
        BLAS.add_gram(rows, total)
        upper = np.triu_indices(6)
        np.testing.assert_allclose(total[upper], (rows.astype(float) @ rows.T + 1)[upper], rtol=1e-4, atol=1e-5)


def test_rows_are_combined_and_the_logistic_function_is_that_of_scipy(rng, dtype):
    values, weights, total = rng.normal(size=(8, 4)).astype(dtype), rng.normal(size=8).astype(dtype), np.ones(4, dtype)
    BLAS.combine_rows(values, weights, total)
    np.testing.assert_allclose(total, weights @ values + 1, rtol=1e-4, atol=1e-5)
    x = np.array([[-800.0, -3, 0], [0.1, 40, 800]])
    expected = scipy.special.expit(x)
    BLAS.logistic(x)
    np.testing.assert_allclose(x, expected, rtol=1e-14)


def test_the_largest_what_is_above_and_listed_pairs_are_those_of_the_product(rng):
    left, right = rng.normal(size=(6, 9)).astype(np.float32), rng.normal(size=(9, 30)).astype(np.float32)
    product = np.empty((6, 30), dtype=np.float32)
    BLAS.multiply(left, right, product, add=False)
    largest = np.empty(6, dtype=np.float32)
    BLAS.multiply_max(left, right, largest)
    np.testing.assert_array_equal(largest, np.abs(product).max(axis=1))
    limit = np.full(6, 2, dtype=np.float32)
    for share in (0.0, 0.9):
        most, places, values = BLAS.multiply_above(left, right, limit, share)
        np.testing.assert_array_equal(most, largest)
        above = np.abs(product) >= np.maximum(limit, np.float32(share) * largest)[:, None]
        np.testing.assert_array_equal(places, np.flatnonzero(above))
        np.testing.assert_array_equal(values, product[above])
    pairs = rng.integers(0, 6, 40), rng.integers(0, 30, 40)
    found = BLAS.multiply_pairs(left, np.ascontiguousarray(right.T), *pairs)
    np.testing.assert_allclose(found, product[pairs], rtol=1e-5, atol=1e-5)


def test_ranks_of_columns_are_those_of_scipy_with_ties_and_gaps(rng, dtype):
    values = rng.integers(0, 6, (25, 8)).astype(dtype)
    values[rng.random(values.shape) < 0.1] = np.nan
    values[3, 2] = np.inf
    ranks = np.empty((8, 25), dtype=dtype).T
    BLAS.rank_columns(values, ranks)
    for column in range(8):
        own = np.isfinite(values[:, column])
        np.testing.assert_array_equal(ranks[own, column], stats.rankdata(values[own, column]))
        assert np.isnan(ranks[~own, column]).all()


def test_a_tridiagonal_matrix_has_the_eigenvalues_of_the_matrix(rng):
    matrix = rng.normal(size=(12, 12))
    matrix = matrix + matrix.T
    diagonal, beside, tau = np.empty(12), np.empty(11), np.empty(11)
    for _ in BLAS.tridiagonalise(matrix.copy(), diagonal, beside, tau):
        pass
    np.testing.assert_allclose(
        scipy.linalg.eigvalsh_tridiagonal(diagonal, beside), np.linalg.eigvalsh(matrix), rtol=1e-10, atol=1e-10
    )
