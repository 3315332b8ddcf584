"""What is done in many passes, natively, by NumPy and LAPACK; `product_checks.py` says what must hold of it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from imagenomer.statistics import kernels


def test_the_reflectors_are_those_of_lapack(rng):
    square = rng.standard_normal((40, 40))
    square += square.T
    reduced, diagonal, beside, tau, _ = scipy.linalg.lapack.dsytrd(square, lower=1)
    matrix, ours = square.copy(), [np.empty(40), np.empty(39), np.empty(39)]
    assert len(list(kernels.tridiagonalise(matrix, *ours))) == 1
    for mine, theirs in zip(ours, (diagonal, beside, tau), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)
    below = np.tril_indices(40, -2)
    np.testing.assert_allclose(matrix.T[below], reduced[below], atol=1e-12)


@pytest.mark.parametrize(
    ("shapes", "order", "words"),
    [
        (((3, 4), (3,), (2,), (2,)), "C", r"matrix of \(3, 4\)"),
        (((3, 3), (3,), (3,), (2,)), "C", r"matrix of \(3, 3\)"),
        (((0, 0), (0,), (0,), (0,)), "C", r"matrix of \(0, 0\)"),
        (((3, 3), (3,), (2,), (2,)), "F", "in C's order"),
    ],
)
def test_what_is_not_square_is_not_made_tridiagonal(shapes, order, words):
    with pytest.raises(ValueError, match=words):
        list(kernels.tridiagonalise(*(np.zeros(shape, order=order) for shape in shapes)))


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((2, 3), dtype=int), np.zeros((2, 3), dtype=np.float16)])
def test_what_is_no_matrix_of_floats_has_no_ranks(values):
    with pytest.raises(ValueError, match="ranks are of a matrix"):
        kernels.rank_columns(values)


@pytest.mark.parametrize("values", [np.zeros(3, dtype=np.float32), np.zeros((4, 2)).T])
def test_the_logistic_function_is_in_place(values):
    with pytest.raises(ValueError, match="in place"):
        kernels.logistic(values)


@pytest.mark.parametrize("wrong", [{"noise": np.int16}, {"values": np.float64}, {"order": np.int16}, {"size": 4}])
def test_noise_of_another_shape_or_type_is_refused(wrong):
    one = np.zeros(3, dtype=wrong.get("noise", np.int8))
    values, order = np.zeros(3, dtype=wrong.get("values", np.float32)), np.zeros(3, dtype=wrong.get("order", np.intp))
    with pytest.raises(ValueError, match="noise of"):
        kernels.add_noise(values, order, ((one, 1), (one, 1)), 1, np.zeros(wrong.get("size", 3), dtype=np.float32))
