"""Moments and weighted sums of the columns of connectivity, in one pass over float32 values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps, finish
from imagenomer.statistics.products import add_rows, combine_rows
from imagenomer.types import Float32Array, FloatArray, IntArray

#: A feature that varies by less than this share of its mean is constant but for rounding.
_CONSTANT = 1e-13
#: Mean over standard deviation above which float32 sums of the raw values lose too many digits.
_OFFSET = 16.0
#: Rows summed in float32 before they are added up in float64, and columns worked on at a time.
_ROWS, _COLUMNS = 64, 512


@dataclass(frozen=True, slots=True)
class ColumnMoments:
    """What `correlate_fast` needs of the connectivity of some rows; the caller keeps it for the next target.

    Attributes
    ----------
    rows : ndarray, shape (n_subjects,)
        Rows in use, ascending.
    n_subjects : ndarray, shape (n_edges,)
        Rows in use that have a value.
    norm : ndarray, shape (n_edges,)
        Square root of the sum of squares about the mean; NaN where the column does not vary.
    apart : ndarray, shape (n_apart,)
        Columns with missing values or a mean far larger than their spread.
    apart_centred : ndarray, shape (n_subjects, n_apart), float32
        Their deviations from the mean, 0 where missing.
    missing : tuple of two ndarrays
        Row (index into ``rows``) and column (index into ``apart``) of each missing value.
    """

    rows: IntArray
    n_subjects: IntArray
    norm: FloatArray
    apart: IntArray
    apart_centred: Float32Array
    missing: tuple[IntArray, IntArray]


def column_moments(values: Float32Array, rows: IntArray) -> ColumnMoments:
    """Return what `summarise_columns` does, in one piece."""
    return finish(summarise_columns(values, rows))


def summarise_columns(values: Float32Array, rows: IntArray) -> Steps[ColumnMoments]:
    """Return the moments of the chosen rows of each column, without a copy of ``values``.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
    rows : ndarray, shape (n_subjects,)
        Ascending.
    """
    n, n_edges = rows.size, values.shape[1]
    total, squares = np.zeros(n_edges), np.zeros(n_edges)
    # Deviations from the first row stay small whatever the offset. They are summed in float32 within a tile,
    # and in float64 over tiles.
    shift = values[rows[0]]
    for start in range(0, n, 16):
        yield Progress("Summarising connections", start, n)
        with np.errstate(invalid="ignore", over="ignore"):
            tile = values[rows[start : start + 16]]
            tile -= shift
            ones = np.ones(len(tile), dtype=np.float32)
            total += combine_rows(tile, ones)
            tile *= tile
            squares += combine_rows(tile, ones)
    with np.errstate(invalid="ignore", over="ignore"):
        mean = shift + total / n
        norm = np.sqrt(np.maximum(squares - total**2 / n, 0))
        apart = np.flatnonzero(~(np.abs(mean) * np.sqrt(n) <= _OFFSET * norm))
    n_subjects = np.full(n_edges, n)
    apart_centred = np.empty((n, apart.size), dtype=np.float32)
    missing_rows, missing_columns = [], []
    for columns in column_blocks(apart.size):
        block = values[np.ix_(rows, apart[columns])].astype(np.float64)
        absent = np.nonzero(~np.isfinite(block))
        missing_rows.append(absent[0])
        missing_columns.append(absent[1] + columns.start)
        apart_centred[:, columns], norm[apart[columns]], n_subjects[apart[columns]] = centred_where_present(block)
    missing = (_joined(missing_rows), _joined(missing_columns))
    norm[norm == 0] = np.nan
    return ColumnMoments(rows, n_subjects, norm, apart, apart_centred, missing)


def weighted_sum(values: Float32Array, rows: IntArray, weights: Float32Array) -> FloatArray:
    """Return the sum of the rows times their weights, shape (n_edges,).

    One product for each run of consecutive rows: nothing is copied, and rows not in use are not read, so that a NaN
    there does no harm. Sums are carried in float32 for a few rows only.
    """
    total = np.zeros(values.shape[1])
    for start in range(0, rows.size, _ROWS):
        part = rows[start : start + _ROWS]
        cuts = np.flatnonzero(np.diff(part) != 1) + 1
        partial = np.zeros(values.shape[1], dtype=np.float32)
        for begin, end in zip([0, *cuts], [*cuts, part.size], strict=True):
            run = values[part[begin] : part[end - 1] + 1]
            add_rows(partial, run, weights[start + begin : start + end])
        total += partial
    return total


def column_blocks(n_columns: int) -> Iterator[slice]:
    """Yield slices of so many columns as fit the cache with all their rows."""
    for start in range(0, n_columns, _COLUMNS):
        yield slice(start, min(start + _COLUMNS, n_columns))


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.intp), *parts])


def centred_where_present(values: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return deviations from the column means (0 where missing), their norms (NaN where constant) and counts."""
    present = np.isfinite(values)
    n = np.count_nonzero(present, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(present, values, 0).sum(axis=0) / n
    centred = np.where(present, values - mean, 0)
    norm = np.sqrt(np.einsum("ij,ij->j", centred, centred))
    constant = ~(norm > _CONSTANT * np.abs(mean))
    return centred, np.where(constant, np.nan, norm), n
