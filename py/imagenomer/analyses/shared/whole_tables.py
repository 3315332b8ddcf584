"""Whole tables: rows for a file, a block at a time, where a report lists only the strongest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from imagenomer.analyses.contract import WholeTable
from imagenomer.types import FloatArray, IntArray, Json

_ROWS_AT_ONCE = 250


def strongest_first(strength: FloatArray) -> IntArray:
    """Return all indices by falling strength; equal ones as they stand, undefined ones last."""
    return np.argsort(np.where(np.isnan(strength), np.inf, -strength), kind="stable")


def whole_table(
    which: IntArray, rows_of: Callable[[IntArray], Sequence[Mapping[str, Json]]], at_once: int = _ROWS_AT_ONCE
) -> WholeTable:
    """Return the rows of ``which``, in that order.

    Parameters
    ----------
    which : ndarray, shape (n_rows,)
        What each row is about: edges, variants, tests.
    rows_of : callable
        Some of ``which`` -> a row of each.
    at_once : int
        How many rows a block has.
    """
    starts = range(0, which.size, at_once)
    return WholeTable(which.size, (rows_of(which[start : start + at_once]) for start in starts))
