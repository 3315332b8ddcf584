"""Orthonormal columns: they span what they are made of, and leave what least squares leaves."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics.orthonormal import extend, leave, orthonormal, orthonormal_rest


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


@pytest.mark.parametrize("n_columns", [3, 32, 33, 100])
def test_a_basis_is_extended_as_qr_extends_it_however_many_columns_there_are(n_columns):
    rng = np.random.default_rng(4)
    columns = rng.normal(size=(150, n_columns))
    basis, added = finish(extend(np.full((150, 1), 150**-0.5), columns, 1e-7))
    q, r = np.linalg.qr(np.column_stack([np.ones(150), columns]))
    np.testing.assert_allclose(basis, q * np.sign(np.diag(r)), atol=1e-12)
    assert added.all()
    assert basis.flags.f_contiguous


def test_a_column_that_follows_from_another_block_is_left_out_and_one_that_nearly_does_stays_orthogonal():
    rng = np.random.default_rng(5)
    columns = rng.normal(size=(200, 80))
    columns[:, 70] = columns[:, 1] - 2 * columns[:, 65]
    columns[:, 75] = columns[:, 3] + columns[:, 72] + 1e-5 * rng.normal(size=200)
    basis, added = finish(extend(np.full((200, 1), 200**-0.5), columns, 1e-7))
    assert np.flatnonzero(~added).tolist() == [70]
    np.testing.assert_allclose(basis.T @ basis, np.eye(80), atol=1e-12)


def test_thousands_of_columns_are_added_in_steps_of_a_block_each():
    steps = list(extend(np.full((2100, 1), 2100**-0.5), np.eye(2100, 2000), 1e-7))
    assert len(steps) == 63
    assert steps[-1].total == 2000
