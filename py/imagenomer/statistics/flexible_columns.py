"""Flexible columns: a variable as columns that follow whatever shape its effect has.

A number is a natural cubic spline of four columns, its knots at quantiles from .05 to .95 (Harrell 2015). A category is
an indicator of each level but the first, none pooled: a level with one subject leaves nothing of that subject, and
pooled levels would let a confound back in. Whole numbers of at most ten kinds are levels too: codes of sites may hide
behind them, and grades or counts lose little by it.
"""

from __future__ import annotations

import numpy as np

from imagenomer.types import FloatArray, IntArray, Variable

#: Columns of a number.
N_COLUMNS = 4
#: Whole numbers of no more kinds than this are levels.
MOST_CODES = 10
_OUTER_KNOT = 0.05


def is_coded(values: FloatArray) -> bool:
    """Return whether numbers, none missing, are whole and of few kinds, so that they may be codes of levels."""
    kinds = np.unique(values)
    return kinds.size <= MOST_CODES and bool((kinds == np.round(kinds)).all())


def level_codes(variable: Variable, subjects: IntArray) -> tuple[IntArray, tuple[str, ...]] | None:
    """Return which level each subject has, from 0 on, and the names of the levels; None of a number.

    Parameters
    ----------
    variable : Variable
    subjects : ndarray, shape (n_subjects,)
        Indices of subjects who have a value.
    """
    values = variable.values[subjects]
    if not variable.levels and not is_coded(values.astype(np.float64)):
        return None
    kinds, codes = np.unique(values, return_inverse=True)
    if variable.levels:
        return codes.astype(np.intp), tuple(variable.levels[int(kind)] for kind in kinds)
    return codes.astype(np.intp), tuple(f"{kind:g}" for kind in kinds)


def flexible_columns(variable: Variable, subjects: IntArray) -> FloatArray:
    """Return the columns of a variable for some subjects, without the constant.

    Parameters
    ----------
    variable : Variable
    subjects : ndarray, shape (n_subjects,)
        Indices of subjects who have a value.

    Returns
    -------
    ndarray, shape (n_subjects, n_columns)
        No columns where the variable does not vary.

    References
    ----------
    Harrell (2015), Regression modeling strategies, 2nd ed., section 2.4.
    """
    levels = level_codes(variable, subjects)
    if levels is None:
        return natural_spline(variable.values[subjects].astype(np.float64))
    codes, names = levels
    return np.asarray(codes[:, None] == np.arange(1, len(names)), dtype=np.float64)


def plain_columns(variable: Variable, subjects: IntArray) -> FloatArray:
    """Return the columns of a variable for products with others: indicators of levels, or the line of a number."""
    columns = flexible_columns(variable, subjects)
    return columns if level_codes(variable, subjects) is not None else columns[:, :1]


def natural_spline(values: FloatArray, n_columns: int = N_COLUMNS) -> FloatArray:
    """Return a natural cubic spline: linear beyond the outer knots, its first column the standardised number.

    Parameters
    ----------
    values : ndarray, shape (n_subjects,)
        None missing.
    n_columns : int
        Fewer where quantiles coincide.

    Returns
    -------
    ndarray, shape (n_subjects, n_columns)
        No columns where the values are all the same.
    """
    spread = float(values.std())
    if not spread > 1e-13 * float(np.abs(values).max(initial=0)):
        return np.zeros((values.size, 0))
    x = (values - values.mean()) / spread
    knots = np.unique(np.quantile(x, np.linspace(_OUTER_KNOT, 1 - _OUTER_KNOT, n_columns + 1)))
    if knots.size < 3:
        return np.asarray(x[:, None])
    *inner, before_last, last = knots

    def curve(knot: float) -> FloatArray:
        return np.asarray((np.maximum(x - knot, 0) ** 3 - np.maximum(x - last, 0) ** 3) / (last - knot))

    return np.column_stack([x, *(curve(knot) - curve(before_last) for knot in inner)])
