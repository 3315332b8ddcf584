"""Eigenvectors of symmetric matrices, against NumPy and what defines them."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import Progress, finish
from imagenomer.statistics.eigenvectors import eigenvectors

STEP = Progress("Finding components")
SIZES = [1, 2, 3, 4, 31, 32, 33, 34, 65, 130]


def drawn(n, rank, seed=0):
    rows = np.random.default_rng(seed).standard_normal((n, rank)) * np.logspace(0, -3, rank)
    return rows @ rows.T


@pytest.mark.parametrize("rank", ["full", "half"])
@pytest.mark.parametrize("n", SIZES)
def test_they_are_those_of_numpy(n, rank):
    matrix = drawn(n, n + 2 if rank == "full" else max(1, n // 2))
    values, vectors = finish(eigenvectors(matrix, STEP))
    oracle = np.linalg.eigvalsh(matrix)
    np.testing.assert_allclose(values, oracle, atol=1e-13 * n * oracle[-1])
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(n), atol=1e-13 * n)
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-13 * n * oracle[-1])


@pytest.mark.parametrize("n", [2, 33, 130])
@pytest.mark.parametrize("n_largest", [1, 5, 200])
def test_the_largest_are_the_last_of_all(n, n_largest):
    matrix = drawn(n, n)
    every, _ = finish(eigenvectors(matrix, STEP))
    values, vectors = finish(eigenvectors(matrix, STEP, n_largest))
    n_found = min(n, n_largest)
    assert vectors.shape == (n, n_found)
    np.testing.assert_allclose(values, every[-n_found:], atol=1e-12 * every[-1])
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-12 * n * every[-1])


@pytest.mark.parametrize("matrix", [np.eye(40), np.zeros((40, 40)), np.diag(np.repeat([3.0, 1.0], 20))])
def test_equal_eigenvalues_have_orthonormal_vectors(matrix):
    values, vectors = finish(eigenvectors(matrix, STEP))
    np.testing.assert_allclose(np.sort(np.diag(matrix)), values, atol=1e-14)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(40), atol=1e-13)
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-13)


def test_the_matrix_stays_as_it_was_and_what_is_left_of_the_diagonal_is_not_read():
    matrix = np.triu(drawn(20, 20))
    before = matrix.copy()
    values, _ = finish(eigenvectors(matrix, STEP))
    np.testing.assert_array_equal(matrix, before)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(drawn(20, 20)), atol=1e-11)


def test_progress_is_told_between_the_parts():
    progress = []
    finish(eigenvectors(drawn(200, 200), STEP), progress.append)
    assert len(progress) >= 1 + 1 + 199 // 32
    assert set(progress) == {STEP}
