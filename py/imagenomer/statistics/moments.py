"""Moments: mean and standard deviation of each edge over the rows of a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Rows between two reports of progress, and edges with missing values worked on at a time.
_ROWS_AT_ONCE, _EDGES_AT_ONCE = 100, 512


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and spread of every edge.

    Attributes
    ----------
    mean : ndarray, shape (n_edges,)
        NaN where no row has a value.
    sd : ndarray, shape (n_edges,)
        With n - 1; NaN where fewer than two rows have a value.
    n_observed : ndarray, shape (n_edges,)
        Rows with a value.
    """

    mean: FloatArray
    sd: FloatArray
    n_observed: IntArray


def edge_moments(values: Float32Array, rows: IntArray) -> Steps[Moments]:
    """Return the moments of each edge over some rows; a missing value is left out of its edge only.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges)
        NaN where missing.
    rows : ndarray, shape (n_subjects,)
    """
    n_edges = values.shape[1]
    total, squares = np.zeros(n_edges), np.zeros(n_edges)
    # Two passes over the rows, so that the spread is exact where it is small beside the mean.
    with np.errstate(invalid="ignore", over="ignore"):
        for done, row in enumerate(rows):
            total += values[row]
            if done % _ROWS_AT_ONCE == 0:
                yield Progress("Averaging connectivity", done, 2 * rows.size)
        mean = total / rows.size
        for done, row in enumerate(rows):
            deviation = values[row] - mean
            deviation *= deviation
            squares += deviation
            if done % _ROWS_AT_ONCE == 0:
                yield Progress("Averaging connectivity", rows.size + done, 2 * rows.size)
    n_observed = np.full(n_edges, rows.size)
    holed = np.flatnonzero(~np.isfinite(total))
    for start in range(0, holed.size, _EDGES_AT_ONCE):
        edges = holed[start : start + _EDGES_AT_ONCE]
        n_observed[edges], mean[edges], squares[edges] = _observed_moments(values[np.ix_(rows, edges)])
    sd = np.full(n_edges, np.nan)
    np.divide(squares, n_observed - 1, out=sd, where=n_observed > 1)
    return Moments(mean, np.sqrt(sd), n_observed)


def _observed_moments(values: Float32Array) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return count, mean and sum of squares about it of the finite values in each column."""
    present = np.isfinite(values)
    n = np.count_nonzero(present, axis=0)
    with np.errstate(invalid="ignore"):
        mean = np.where(present, values, 0).sum(axis=0, dtype=np.float64) / n
    return n, mean, (np.where(present, values - mean, 0) ** 2).sum(axis=0)
