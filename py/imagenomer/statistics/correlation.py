"""Correlation of every feature with one target: exactly, and fast enough to play with.

`correlate` works in float64 and is what is printed and decided. `correlate_fast` gives the whole map from float32
connectivity in one pass over it, to within `FAST_R_ERROR`; `edges_to_recheck` then names the few edges whose rank
or verdict that error could change, and `replace` puts their exact values in.

A value that is NaN or infinite is missing. A feature with missing values is correlated over its own complete cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from imagenomer.errors import InputError
from imagenomer.statistics.correction import Method, rejected
from imagenomer.statistics.tails import map_neg_log10_p, neg_log10_p_of_r, p_of_r
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Pearson measures a straight line, Spearman any monotone curve, by ranks (ties share their average).
Kind: TypeAlias = Literal["pearson", "spearman"]

#: Largest error of r in `correlate_fast`; three times what was seen with 830 subjects in WebAssembly.
FAST_R_ERROR = 5e-6

#: A feature that varies by less than this share of its mean is constant but for rounding.
_CONSTANT = 1e-13
#: Mean over standard deviation above which float32 sums of the raw values lose too many digits.
_OFFSET = 16.0
#: Rows summed in float32 before they are added up in float64, and columns worked on at a time.
_ROWS, _COLUMNS = 64, 512


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlation of each feature with a target.

    Attributes
    ----------
    r : ndarray, shape (n_features,)
        In [-1, 1]; NaN where a feature does not vary or has fewer than three values.
    p_value : ndarray, shape (n_features,)
        Two-sided and uncorrected, as a probability.
    neg_log10_p : ndarray, shape (n_features,)
        -log10 of the same; finite where the probability is too small for a double.
    n_subjects, dof : ndarray, shape (n_features,)
        Subjects with both values, and degrees of freedom.
    """

    r: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray
    n_subjects: IntArray
    dof: IntArray

    def replace(self, features: IntArray, exact: Correlation) -> Correlation:
        """Return a copy in which ``features`` have the values of ``exact``, in that order."""
        merged = {}
        for name in ("r", "p_value", "neg_log10_p", "n_subjects", "dof"):
            merged[name] = getattr(self, name).copy()
            merged[name][features] = getattr(exact, name)
        return Correlation(**merged)


def correlate(features: NDArray[np.floating[Any]], target: FloatArray, kind: Kind = "pearson") -> Correlation:
    """Correlate each feature with a target, in float64.

    Parameters
    ----------
    features : ndarray, shape (n_subjects, n_features)
    target : ndarray, shape (n_subjects,)
        Without missing values: the caller says which subjects are left out, and why.
    kind : {"pearson", "spearman"}
        The p-value of Spearman's is from Student's t, as usual for more than ten subjects.

    Raises
    ------
    InputError
        If there are fewer than three subjects or the target does not vary.
    """
    target = _checked_target(target, features.shape[0])
    n_features = features.shape[1]
    r = np.empty(n_features)
    n_subjects = np.empty(n_features, dtype=np.intp)
    for columns in column_blocks(n_features):
        block = features[:, columns].astype(np.float64)
        present = np.isfinite(block)
        goal = np.where(present, target[:, None], np.nan) if not present.all() else target[:, None]
        if kind == "spearman":
            block, goal = average_ranks(block), average_ranks(goal)
        centred, norm, n_subjects[columns] = _centre(block)
        goal, goal_norm, _ = _centre(goal)
        with np.errstate(invalid="ignore"):
            r[columns] = np.einsum("ij,ij->j", centred, np.broadcast_to(goal, centred.shape)) / (norm * goal_norm)
    r[n_subjects < 3] = np.nan
    np.clip(r, -1, 1, out=r)
    dof = n_subjects - 2
    return Correlation(r, p_of_r(r, dof), neg_log10_p_of_r(r, dof), n_subjects, dof)


def fisher_interval(
    r: ArrayLike, n_subjects: ArrayLike, confidence: float = 0.95, kind: Kind = "pearson"
) -> tuple[FloatArray, FloatArray]:
    """Return the confidence interval of a correlation by Fisher's z.

    Spearman's has the wider standard error of Bonett and Wright (2000), Psychometrika 65:23.

    Parameters
    ----------
    r : array_like
    n_subjects : array_like
        NaN limits where below four.
    confidence : float
    kind : {"pearson", "spearman"}

    Returns
    -------
    lower, upper : ndarray
    """
    r = np.asarray(r, dtype=np.float64)
    spare = np.asarray(n_subjects, dtype=np.float64) - 3
    variance = (1 + r**2 / 2 if kind == "spearman" else 1.0) / np.where(spare > 0, spare, np.nan)
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    margin = scipy.special.ndtri((1 + confidence) / 2) * np.sqrt(variance)
    return np.tanh(z - margin), np.tanh(z + margin)


# --- ranks ---------------------------------------------------------------------------------------


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


# --- the fast map --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ColumnMoments:
    """What `correlate_fast` needs to know of the connectivity of some rows; the caller keeps it for the next target.

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
    """Return the moments of the chosen rows of each column, without a copy of ``values``.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
    rows : ndarray, shape (n_subjects,)
        Ascending.
    """
    n, n_edges = rows.size, values.shape[1]
    total, squares = np.zeros(n_edges), np.zeros(n_edges)
    # Deviations from the first row stay small whatever the offset. They are summed in float32 within a tile, by
    # the one BLAS call that is quick in WebAssembly, and in float64 over tiles.
    shift = values[rows[0]]
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, n, 16):
            tile = values[rows[start : start + 16]]
            tile -= shift
            ones = np.ones(len(tile), dtype=np.float32)
            total += scipy.linalg.blas.sgemv(1, tile.T, ones)
            tile *= tile
            squares += scipy.linalg.blas.sgemv(1, tile.T, ones)
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
        apart_centred[:, columns], norm[apart[columns]], n_subjects[apart[columns]] = _centre(block)
    missing = (_joined(missing_rows), _joined(missing_columns))
    norm[norm == 0] = np.nan
    return ColumnMoments(rows, n_subjects, norm, apart, apart_centred, missing)


def correlate_fast(values: Float32Array, target: FloatArray, moments: ColumnMoments) -> Correlation:
    """Correlate each edge with a target, Pearson, to within `FAST_R_ERROR` of `correlate`.

    Spearman's is that of `average_ranks`, except where values are missing: there the target needs ranking anew.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
    target : ndarray, shape (n_subjects,)
        One value, not missing, for each of ``moments.rows``.
    moments : ColumnMoments
        Of the same ``values``.

    Raises
    ------
    InputError
        If there are fewer than three subjects or the target does not vary.
    """
    target = _checked_target(target, moments.rows.size)
    goal, goal_norm, _ = _centre(target[:, None])
    goal = goal[:, 0] / goal_norm
    goal32 = goal.astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        product = weighted_sum(values, moments.rows, goal32)
        if moments.apart.size:
            product[moments.apart] = weighted_sum(moments.apart_centred, np.arange(moments.rows.size), goal32)
            product[moments.apart] /= _norm_where_present(goal, moments)
        r = product / moments.norm
    r[moments.n_subjects < 3] = np.nan
    np.clip(r, -1, 1, out=r)
    dof = moments.n_subjects - 2
    neg_log10_p = uniform_neg_log10_p(r, dof)
    return Correlation(r, 10**-neg_log10_p, neg_log10_p, moments.n_subjects, dof)


def edges_to_recheck(fast: Correlation, method: Method, alpha: float, n_top: int) -> IntArray:
    """Return the edges that need exact values before anything is printed or decided.

    With these recomputed by `correlate`, the ``n_top`` strongest edges, their adjusted p-values and every decision
    at ``alpha`` are those that exact values of all edges would give.

    Parameters
    ----------
    fast : Correlation
        From `correlate_fast`.
    method : {"bonferroni", "holm", "bh", "by"}
    alpha : float
    n_top : int
        Edges listed, by ``|r|``.

    Returns
    -------
    ndarray
        Indices, ascending.
    """
    magnitude = np.abs(fast.r)
    tested = np.flatnonzero(~np.isnan(magnitude))
    n_top = min(n_top, tested.size)
    if tested.size == 0:
        return tested
    magnitude, dof = magnitude[tested], fast.dof[tested]
    weakest = uniform_neg_log10_p(np.maximum(magnitude - FAST_R_ERROR, 0), dof)
    strongest = uniform_neg_log10_p(np.minimum(magnitude + FAST_R_ERROR, 1), dof)
    recheck = rejected(strongest, method, alpha) & ~rejected(weakest, method, alpha)
    if n_top:
        listed = magnitude >= np.partition(magnitude, -n_top)[-n_top] - 2 * FAST_R_ERROR
        recheck |= listed
        if method in ("bh", "by"):
            recheck |= _could_set_adjusted_p(weakest, strongest, listed)
    return tested[recheck]


def _could_set_adjusted_p(weakest: FloatArray, strongest: FloatArray, listed: BoolArray) -> BoolArray:
    """Return which tests could be the one that a step-up adjustment takes a listed test's p-value from.

    The adjusted p-value at rank i is the least of p_(j) m / j over j >= i. Sorted, ``weakest`` and ``strongest``
    bound -log10 p at each rank, so they bound that too, and only ranks whose bounds reach the least one matter.
    """
    low, high = np.sort(weakest)[::-1], np.sort(strongest)[::-1]
    # Minus log10(m / j); Benjamini-Yekutieli multiplies all by one more factor, which changes no comparison.
    gain = np.log10(np.arange(1, low.size + 1) / low.size)
    at_least = np.maximum.accumulate((low + gain)[::-1])[::-1]
    # Ranks go by p, and with missing values that is not quite the order of |r|.
    last_listed = np.count_nonzero(strongest >= weakest[listed].min())
    candidate = high + gain >= at_least[np.minimum(np.arange(low.size), last_listed - 1)]
    low, high = low[candidate], high[candidate]
    # A test can hold a candidate rank if their intervals meet; both lists are sorted, so some do between two cuts.
    first = np.searchsorted(-low, -strongest, side="left")
    behind = np.searchsorted(-high, -weakest, side="right")
    return np.asarray(first < behind)


def uniform_neg_log10_p(r: FloatArray, dof: IntArray) -> FloatArray:
    """Return -log10 p by table for the commonest ``dof``, exactly for the few features with another."""
    common = np.bincount(np.maximum(dof, 0)).argmax()
    others = dof != common
    neg_log10_p = map_neg_log10_p(np.where(others, np.nan, r), float(common))
    neg_log10_p[others] = neg_log10_p_of_r(r[others], dof[others])
    return neg_log10_p


def weighted_sum(values: Float32Array, rows: IntArray, weights: Float32Array) -> FloatArray:
    """Return the sum of the rows times their weights, shape (n_edges,).

    One `sgemv` for each run of consecutive rows: nothing is copied, and rows not in use are not read, so that a NaN
    there does no harm. Sums are carried in float32 for a few rows only.
    """
    total = np.zeros(values.shape[1])
    for start in range(0, rows.size, _ROWS):
        part = rows[start : start + _ROWS]
        cuts = np.flatnonzero(np.diff(part) != 1) + 1
        partial = np.zeros(values.shape[1], dtype=np.float32)
        for begin, end in zip([0, *cuts], [*cuts, part.size], strict=True):
            run = values[part[begin] : part[end - 1] + 1]
            partial = scipy.linalg.blas.sgemv(1, run.T, weights[start + begin : start + end], 1, partial, overwrite_y=1)
        total += partial
    return total


def _norm_where_present(goal: FloatArray, moments: ColumnMoments) -> FloatArray:
    """Return the norm of the target over the complete cases of each column set apart; NaN where it is constant."""
    row, column = moments.missing
    lost = np.bincount(column, goal[row], minlength=moments.apart.size)
    lost_squares = np.bincount(column, goal[row] ** 2, minlength=moments.apart.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = 1 - lost_squares - lost**2 / moments.n_subjects[moments.apart]
    # Below, only rounding is left of a target that is constant over these cases.
    return np.sqrt(np.where(squares > 1e-10, squares, np.nan))


# --- shared --------------------------------------------------------------------------------------


def column_blocks(n_columns: int) -> Iterator[slice]:
    """Yield slices of so many columns as fit the cache with all their rows."""
    for start in range(0, n_columns, _COLUMNS):
        yield slice(start, min(start + _COLUMNS, n_columns))


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.intp), *parts])


def _centre(values: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return deviations from the column means (0 where missing), their norms (NaN where constant) and counts."""
    present = np.isfinite(values)
    n = np.count_nonzero(present, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(present, values, 0).sum(axis=0) / n
    centred = np.where(present, values - mean, 0)
    norm = np.sqrt(np.einsum("ij,ij->j", centred, centred))
    constant = ~(norm > _CONSTANT * np.abs(mean))
    return centred, np.where(constant, np.nan, norm), n


def _checked_target(target: FloatArray, n_subjects: int) -> FloatArray:
    target = np.asarray(target, dtype=np.float64)
    if target.shape != (n_subjects,):
        raise ValueError(f"a target of shape {target.shape} for {n_subjects} subjects")
    if not np.isfinite(target).all():
        raise ValueError("the target has missing values; leave those subjects out first")
    if n_subjects < 3:
        raise InputError(f"{n_subjects} subjects are too few for a correlation, which needs 3; choose a larger group")
    if np.isnan(_centre(target[:, None])[1][0]):
        raise InputError(
            f"all {n_subjects} subjects have the same value, {target[0]:g}, so nothing can vary with it; "
            "choose another phenotype or a larger group"
        )
    return target
