"""Ranks of the values of each column, ties at their average."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.statistics.kernels import rank_columns
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
    if values.dtype == np.float32:
        return rank_columns(values).astype(np.float64)
    return rank_columns(values.astype(np.float64, copy=False))
