"""Orthonormal columns: a basis of what some columns span."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagenomer.statistics.products import Number, multiply
from imagenomer.types import FloatArray


def orthonormal(columns: FloatArray, tolerance: float = 1e-8) -> FloatArray:
    """Return an orthonormal basis of the span of some columns.

    Parameters
    ----------
    columns : ndarray, shape (n_subjects, n_columns)
    tolerance : float
        Directions shorter than this share of the longest are rounding.

    Returns
    -------
    ndarray, shape (n_subjects, rank)
    """
    if not columns.shape[1]:
        return columns
    left, lengths, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, lengths > tolerance * max(float(lengths[0]), 1e-300)])


def orthonormal_rest(columns: FloatArray, basis: FloatArray, tolerance: float = 1e-6) -> FloatArray:
    """Return an orthonormal basis of what an orthonormal basis leaves of some columns.

    Columns of which less than a share of their length is left follow from the basis: what is left is rounding.

    Parameters
    ----------
    columns : ndarray, shape (n_subjects, n_columns)
    basis : ndarray, shape (n_subjects, n_basis)
    tolerance : float

    Returns
    -------
    ndarray, shape (n_subjects, rank)
    """
    left = leave(columns, basis)
    own = np.linalg.norm(left, axis=0) > tolerance * np.linalg.norm(columns, axis=0)
    return orthonormal(left[:, own], tolerance)


def leave(values: NDArray[Number], basis: NDArray[Number]) -> NDArray[Number]:
    """Return what an orthonormal basis leaves of some values, shape (n_subjects, n_columns)."""
    return values - multiply(basis, multiply(basis.T, values))
