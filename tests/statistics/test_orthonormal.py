"""Orthonormal columns: they span what they are made of, and leave what least squares leaves."""

from __future__ import annotations

import numpy as np

from imagenomer.statistics.orthonormal import leave, orthonormal, orthonormal_rest


def test_a_basis_spans_the_columns_and_no_more():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(30, 3))
    columns = np.column_stack([columns, columns @ [1.0, -2.0, 0.5], np.zeros(30)])
    basis = orthonormal(columns)
    assert basis.shape == (30, 3)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(leave(columns, basis), 0, atol=1e-12)
    assert orthonormal(np.zeros((4, 0))).shape == (4, 0)
    assert orthonormal(np.zeros((4, 2))).shape == (4, 0)


def test_what_is_left_is_what_least_squares_leaves():
    rng = np.random.default_rng(2)
    columns, values = rng.normal(size=(20, 4)), rng.normal(size=(20, 2))
    fitted = columns @ np.linalg.lstsq(columns, values, rcond=None)[0]
    np.testing.assert_allclose(leave(values, orthonormal(columns)), values - fitted, atol=1e-12)


def test_what_follows_from_the_basis_has_no_direction_left_however_small_rounding_is():
    rng = np.random.default_rng(3)
    basis = orthonormal(np.column_stack([np.ones(40), rng.normal(size=(40, 2))]))
    own, follows = rng.normal(size=(40, 1)), basis @ [[1e6], [-3.0], [2.0]]
    rest = orthonormal_rest(np.column_stack([follows, own]), basis)
    assert rest.shape == (40, 1)
    np.testing.assert_allclose(rest.T @ basis, 0, atol=1e-12)
    assert orthonormal_rest(follows, basis).shape == (40, 0)
