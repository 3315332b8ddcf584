"""Squares: whole matrices to edges, of which one half may be empty, and the two halves may differ by rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.types import FloatArray

#: Of the largest value: how far the two halves of a matrix may differ and still be one; their mean is taken.
TOLERANCE = 1e-3


def is_square(values: NDArray[Any]) -> bool:
    """Whether the last two axes make matrices of at least two parcels."""
    return values.ndim >= 2 and values.shape[-1] == values.shape[-2] > 1


def edges_of_squares(values: NDArray[Any]) -> tuple[FloatArray, str] | None:
    """Return the edges of matrices and what had to be done; None where they are not symmetric.

    Parameters
    ----------
    values : ndarray, shape (..., n_parcels, n_parcels)

    Returns
    -------
    edges : ndarray, shape (..., n_edges)
    done : str
        "", "upper" or "lower" where only that half is filled, "mean" where the halves differ within `TOLERANCE`.
    """
    first, second = np.triu_indices(values.shape[-1], k=1)
    upper = np.asarray(values[..., first, second], dtype=np.float64)
    lower = np.asarray(values[..., second, first], dtype=np.float64)
    filled_above, filled_below = _filled(upper), _filled(lower)
    if not filled_below:
        return upper, "upper" if filled_above else ""
    if not filled_above:
        return lower, "lower"
    both = np.isfinite(upper) & np.isfinite(lower)
    difference = np.abs(upper[both] - lower[both])
    if not difference.size or difference.max() == 0:
        return np.where(np.isfinite(upper), upper, lower), ""
    if difference.max() > TOLERANCE * np.abs(upper[both]).max():
        return None
    return np.where(both, (upper + lower) / 2, np.where(np.isfinite(upper), upper, lower)), "mean"


def _filled(half: FloatArray) -> bool:
    return bool((np.isfinite(half) & (half != 0)).any())


DONE = {
    "upper": "only the upper half of the matrices is filled; it was taken for both",
    "lower": "only the lower half of the matrices is filled; it was taken for both",
    "mean": f"the two halves of matrices differ by less than {TOLERANCE:g} of the largest value; their mean was taken",
}
