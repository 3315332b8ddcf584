"""Cholesky factors in blocks, beside those of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from imagenomer.statistics.cholesky import cholesky, inverse_lengths


def positive_definite(n):
    rows = np.random.default_rng(n).normal(size=(n, n + 3))
    return rows @ rows.T + np.eye(n)


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 127, 128, 129, 200])
def test_the_factor_is_that_of_scipy(n):
    matrix = positive_definite(n)
    factor = cholesky(matrix.copy())
    assert factor is not None
    assert factor.flags.f_contiguous
    np.testing.assert_allclose(np.tril(factor), scipy.linalg.cholesky(matrix, lower=True), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 129, 200])
def test_the_diagonal_of_the_inverse_is_that_of_scipy(n):
    matrix = positive_definite(n)
    factor = cholesky(matrix.copy())
    assert factor is not None
    np.testing.assert_allclose(inverse_lengths(factor), np.diag(scipy.linalg.inv(matrix)), rtol=1e-8)


@pytest.mark.parametrize("where", [0, 63, 64, 150])
def test_a_matrix_that_is_not_positive_definite_has_none(where):
    matrix = np.eye(200)
    matrix[where, where] = -1
    assert cholesky(matrix) is None


def test_a_singular_matrix_has_none():
    assert cholesky(np.zeros((70, 70))) is None
