"""Correlation of every feature with one target: exactly, and fast enough to play with.

`correlate` works in float64 and is what is printed and decided. `correlate_fast` gives the whole map from float32
connectivity in one pass over it, to within `FAST_R_ERROR`; `edges_to_recheck` then names the few edges whose rank
or verdict that error could change, and `replace` puts their exact values in.

A value that is NaN or infinite is missing. A feature with missing values is correlated over its own complete cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from imagenomer.errors import InputError
from imagenomer.statistics.column_moments import ColumnMoments, centred_where_present, column_blocks, weighted_sum
from imagenomer.statistics.correction import Method, rejected
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.tails import map_neg_log10_p, neg_log10_p_of_r, p_of_r, with_spread_left
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Pearson measures a straight line, Spearman any monotone curve, by ranks (ties share their average).
Kind: TypeAlias = Literal["pearson", "spearman"]
#: Largest error of r in `correlate_fast`; three times what was seen with 830 subjects in WebAssembly.
FAST_R_ERROR = 5e-6


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlation of each feature with a target.

    Attributes
    ----------
    r : ndarray, shape (n_features,)
        In [-1, 1]; NaN where a feature does not vary or has fewer than three values.
    p_value : ndarray, shape (n_features,)
        Two-sided and uncorrected, as a probability; NaN where ``r`` is, and where a feature follows from the target
        exactly, so that no spread is left to compare with.
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
        centred, norm, n_subjects[columns] = centred_where_present(block)
        goal, goal_norm, _ = centred_where_present(goal)
        with np.errstate(invalid="ignore"):
            r[columns] = np.einsum("ij,ij->j", centred, np.broadcast_to(goal, centred.shape)) / (norm * goal_norm)
    r[n_subjects < 3] = np.nan
    np.clip(r, -1, 1, out=r)
    dof = n_subjects - 2
    spread = with_spread_left(r)
    return Correlation(r, p_of_r(spread, dof), neg_log10_p_of_r(spread, dof), n_subjects, dof)


def fisher_interval(
    r: ArrayLike, n_subjects: ArrayLike, confidence: float = 0.95, kind: Kind = "pearson", spread: ArrayLike = 1.0
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
    spread : array_like
        By how much the standard error is larger than with equal variances.

    Returns
    -------
    lower, upper : ndarray
    """
    r = np.asarray(r, dtype=np.float64)
    spare = np.asarray(n_subjects, dtype=np.float64) - 3
    variance = (1 + r**2 / 2 if kind == "spearman" else 1.0) / np.where(spare > 0, spare, np.nan)
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    margin = scipy.special.ndtri((1 + confidence) / 2) * np.sqrt(variance) * spread
    return np.tanh(z - margin), np.tanh(z + margin)


# --- the fast map ---------------------------------------------------------------------------------


def correlate_fast(values: Float32Array, target: FloatArray, moments: ColumnMoments) -> Correlation:
    """Correlate each edge with a target, Pearson, to within `FAST_R_ERROR` of `correlate`.

    Spearman's is that of `average_ranks`, except where values are missing: there the target must be ranked again.

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
    goal, goal_norm, _ = centred_where_present(target[:, None])
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
    # Only exact values tell a very close relation from one that leaves nothing but rounding, which has no p-value.
    recheck |= magnitude >= 1 - 2 * FAST_R_ERROR
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


def _norm_where_present(goal: FloatArray, moments: ColumnMoments) -> FloatArray:
    """Return the norm of the target over the complete cases of each column set apart; NaN where it is constant."""
    row, column = moments.missing
    lost = np.bincount(column, goal[row], minlength=moments.apart.size)
    lost_squares = np.bincount(column, goal[row] ** 2, minlength=moments.apart.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = 1 - lost_squares - lost**2 / moments.n_subjects[moments.apart]
    # Below, only rounding is left of a target that is constant over these cases.
    return np.sqrt(np.where(squares > 1e-10, squares, np.nan))


# --- shared ---------------------------------------------------------------------------------------


def _checked_target(target: FloatArray, n_subjects: int) -> FloatArray:
    target = np.asarray(target, dtype=np.float64)
    if target.shape != (n_subjects,):
        raise ValueError(f"a target of shape {target.shape} for {n_subjects} subjects")
    if not np.isfinite(target).all():
        raise ValueError("the target has missing values; leave those subjects out first")
    if n_subjects < 3:
        raise InputError(f"{n_subjects} subjects are too few for a correlation, which needs 3; choose a larger group")
    if np.isnan(centred_where_present(target[:, None])[1][0]):
        raise InputError(
            f"all {n_subjects} subjects have the same value, {target[0]:g}, so nothing can vary with it; "
            "choose another phenotype or a larger group"
        )
    return target
