"""Whole tables: rows for a file, a block at a time, where a report lists only the strongest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from imagenomer.analyses.contract import WholeTable
from imagenomer.types import FloatArray, IntArray, Json

Rows: TypeAlias = Sequence[Mapping[str, Json]]
RowsOf: TypeAlias = Callable[[IntArray], Rows]

_ROWS_AT_ONCE = 250


def strongest_first(strength: FloatArray) -> IntArray:
    """Return all indices by falling strength; equal ones as they stand, undefined ones last."""
    return np.argsort(np.where(np.isnan(strength), np.inf, -strength), kind="stable")


def whole_table(
    n_rows: int, prepare: Callable[[], tuple[IntArray, RowsOf]], at_once: int = _ROWS_AT_ONCE
) -> WholeTable:
    """Return a table whose rows are made when they are taken.

    Parameters
    ----------
    n_rows : int
    prepare : callable
        Called with the first block: what each row is about (edges, variants, tests), shape (n_rows,), and a function
        that makes rows of some of these.
    at_once : int
        How many rows a block has.
    """

    def blocks() -> Iterator[Rows]:
        which, rows_of = prepare()
        for start in range(0, which.size, at_once):
            yield rows_of(which[start : start + at_once])

    return WholeTable(n_rows, blocks())
