"""Ranks of the values of each column, ties at their average."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.types import FloatArray


def average_ranks(values: NDArray[np.floating[Any]]) -> FloatArray:
    """Return the ranks within each column, from 1; ties share their average, missing values stay NaN.

    Parameters
    ----------
    values : ndarray, shape (n_subjects, n_features)

    Returns
    -------
    ndarray, shape (n_subjects, n_features)
    """
    # Sorted along rows of the transpose, where memory is contiguous; NaN sorts last and equals nothing.
    rows = np.where(np.isfinite(values), values, np.nan).T.copy()
    order = np.argsort(rows, axis=1)
    ordered = np.take_along_axis(rows, order, axis=1)
    position = np.broadcast_to(np.arange(rows.shape[1], dtype=np.float64), rows.shape)
    rank = position + 1
    tied = ordered[:, 1:] == ordered[:, :-1]
    if tied.any():
        first, last = position.copy(), position.copy()
        first[:, 1:][tied] = 0
        last[:, :-1][tied] = np.inf
        first = np.maximum.accumulate(first, axis=1)
        last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
        rank = (first + last) / 2 + 1
    ranks = np.empty_like(rank)
    np.put_along_axis(ranks, order, rank, axis=1)
    ranks[np.isnan(rows)] = np.nan
    return ranks.T
