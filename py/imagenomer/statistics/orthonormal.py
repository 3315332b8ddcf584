"""Orthonormal columns: a basis of what some columns span."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.products import Number, multiply
from imagenomer.types import BoolArray, FloatArray

#: Columns that a basis is extended by at a time.
_COLUMNS_AT_ONCE = 32
#: Where less than this share of a column is left by the others of its block, it is taken out of the whole basis again.
_MUCH_LOST = 0.1
#: Outcomes of which less than this share of their squares is left follow from what is given.
_ROUNDING = 1e-12


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


def shares_of_rest(outcomes: FloatArray, columns: FloatArray, given: FloatArray) -> tuple[FloatArray, int, int]:
    """Return the share that some columns explain of what others leave of each outcome, and the ranks of both.

    Parameters
    ----------
    outcomes : ndarray, shape (n_subjects, n_outcomes)
    columns : ndarray, shape (n_subjects, n_columns)
    given : ndarray, shape (n_subjects, n_given)
        Taken out of outcomes and columns first.

    Returns
    -------
    shares : ndarray, shape (n_outcomes,)
        NaN where nothing is left of an outcome.
    rank, rank_given : int
        Of what is left of the columns, and of those given.
    """
    basis = orthonormal(given)
    tested = orthonormal_rest(columns, basis)
    left = leave(outcomes, basis)
    total = (left**2).sum(axis=0)
    varies = total > _ROUNDING * (outcomes**2).sum(axis=0)
    shares = np.full(total.size, np.nan)
    shares[varies] = (multiply(tested.T, left[:, varies]) ** 2).sum(axis=0) / total[varies]
    return shares, tested.shape[1], basis.shape[1]


def leave(values: NDArray[Number], basis: NDArray[Number]) -> NDArray[Number]:
    """Return what an orthonormal basis leaves of some values, shape (n_subjects, n_columns)."""
    return values - multiply(basis, multiply(basis.T, values))


def residuals(values: FloatArray, basis: FloatArray) -> FloatArray:
    """Return what orthonormal columns leave of some values, shape (n_subjects,) or (n_subjects, n_columns)."""
    for _ in range(2):  # the second time takes off what rounding left, so that near-aliased columns are separated
        values = leave(values, basis) if values.ndim == 2 else values - basis @ (basis.T @ values)
    return values


def extend(basis: FloatArray, values: FloatArray, tolerance: float) -> Steps[tuple[FloatArray, BoolArray]]:
    """Extend an orthonormal basis by some columns, in their order, each of which keeps its direction.

    By Gram-Schmidt, twice. What came before a block of columns is taken out of it by products of matrices, which for
    thousands of columns are many times as fast as products of a matrix and a vector.

    Parameters
    ----------
    basis : ndarray, shape (n_subjects, n_basis)
    values : ndarray, shape (n_subjects, n_columns)
    tolerance : float
        A column that those before it explain but for this share of its length follows from them, and is left out.

    Returns
    -------
    basis : ndarray, shape (n_subjects, n_basis + n_added), Fortran-ordered
    added : ndarray of bool, shape (n_columns,)
        Which columns added to the basis.
    """
    n, rank = basis.shape
    extended = np.empty((n, rank + values.shape[1]), order="F")
    extended[:, :rank] = basis
    added = np.zeros(values.shape[1], dtype=np.bool_)
    for start in range(0, values.shape[1], _COLUMNS_AT_ONCE):
        yield Progress("Separating levels from covariates", start, values.shape[1])
        block = left = values[:, start : start + _COLUMNS_AT_ONCE]
        done = rank if start else 0
        if done:
            left = residuals(block, extended[:, :done])
        for place, (column, of_column) in enumerate(zip(block.T, left.T, strict=True), start):
            if rank == n:  # nothing can be left of a column
                return extended[:, :rank], added
            residual = residuals(of_column, extended[:, done:rank])
            if done and np.linalg.norm(residual) <= _MUCH_LOST * np.linalg.norm(of_column):
                residual = residuals(residual, extended[:, :rank])  # rounding of the block is no longer small beside it
            length = np.linalg.norm(residual)
            if length > tolerance * np.linalg.norm(column):
                extended[:, rank] = residual / length
                added[place] = True
                rank += 1
    return extended[:, :rank], added
