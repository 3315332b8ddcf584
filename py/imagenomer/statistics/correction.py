"""Correction for multiple tests: adjusted p-values, the decisions they imply, and the threshold between them.

A test whose p-value is NaN was not made: it is not counted and stays NaN.

References
----------
Holm (1979), Scand. J. Statist. 6:65. Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57:289.
Benjamini and Yekutieli (2001), Ann. Statist. 29:1165.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
import scipy

from imagenomer.types import BoolArray, FloatArray, IntArray

#: Bonferroni and Holm bound the chance of any false positive, Benjamini-Hochberg (bh) the expected share of false
#: positives among the positives for independent or positively dependent tests, Benjamini-Yekutieli (by) for any.
Method: TypeAlias = Literal["bonferroni", "holm", "bh", "by"]


def n_tests(p_value: FloatArray) -> int:
    """Return how many tests were made: entries (p-values or their logarithms) that are not NaN."""
    return int(np.count_nonzero(~np.isnan(p_value)))


def adjust(p_value: FloatArray, method: Method) -> FloatArray:
    """Return adjusted p-values: those at or below alpha are significant.

    Parameters
    ----------
    p_value : ndarray, shape (n_features,)
        Probabilities; NaN where no test was made.
    method : {"bonferroni", "holm", "bh", "by"}

    Returns
    -------
    ndarray, shape (n_features,)
        At most 1; NaN where no test was made.
    """
    return _adjust(np.asarray(p_value, dtype=np.float64), method, np.multiply, 1.0)


def adjust_neg_log10(neg_log10_p: FloatArray, method: Method) -> FloatArray:
    """Return -log10 of the adjusted p-values, given -log10 p; exact where p itself is below the smallest double.

    Parameters
    ----------
    neg_log10_p : ndarray, shape (n_features,)
        NaN where no test was made.
    method : {"bonferroni", "holm", "bh", "by"}

    Returns
    -------
    ndarray, shape (n_features,)
        At least 0; NaN where no test was made.
    """

    def scale(log10_p: FloatArray, factor: FloatArray) -> FloatArray:
        return np.asarray(log10_p + np.log10(factor))

    # Adding zero turns the -0.0 of a clipped value into 0.0.
    return -_adjust(-np.asarray(neg_log10_p, dtype=np.float64), method, scale, 0.0) + 0.0


def rejected(neg_log10_p: FloatArray, method: Method, alpha: float) -> BoolArray:
    """Return where the adjusted p-value is at or below ``alpha``.

    The same as ``adjust_neg_log10(...) >= -log10(alpha)``, but sorts only what is below alpha unadjusted.
    """
    return np.asarray(neg_log10_p >= -np.log10(p_threshold(neg_log10_p, method, alpha)))


def p_threshold(neg_log10_p: FloatArray, method: Method, alpha: float) -> float:
    """Return the p-value at or below which a test is significant.

    Bonferroni's depends on the number of tests alone; that of the others also on how many are significant, so it
    holds for these data only.

    Parameters
    ----------
    neg_log10_p : ndarray, shape (n_features,)
        NaN where no test was made.
    method : {"bonferroni", "holm", "bh", "by"}
    alpha : float
        Between 0 and 1.

    Returns
    -------
    float
        An unadjusted p-value; NaN if no test was made.
    """
    m = n_tests(neg_log10_p)
    if m == 0:
        return float("nan")
    if method == "bonferroni":
        return alpha / m
    # No adjusted p-value is below its own p-value, so the others can wait outside.
    candidates = np.sort(neg_log10_p[neg_log10_p >= -np.log10(alpha)])[::-1]
    ranks = np.arange(1, candidates.size + 1)
    passes = candidates >= -np.log10(alpha / _factors(m, ranks, method))
    if method == "holm":
        n_rejected = int(passes.size if passes.all() else passes.argmin())
        # The next p-value failed at alpha / (m - n_rejected), so everything at or below that has passed.
        return alpha / max(m - n_rejected, 1)
    n_rejected = int(ranks[passes].max(initial=0))
    return float(alpha / _factors(m, np.array([max(n_rejected, 1)]), method)[0])


def _adjust(
    values: FloatArray,
    method: Method,
    scale: Callable[[FloatArray, FloatArray], FloatArray],
    ceiling: float,
) -> FloatArray:
    """Adjust p-values or their logarithms; ``scale`` multiplies either by a factor, ``ceiling`` is p = 1."""
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested])]
    scaled = scale(values[order], _factors(order.size, np.arange(1, order.size + 1), method))
    if method == "holm":
        scaled = np.maximum.accumulate(scaled)
    elif method in ("bh", "by"):
        scaled = np.minimum.accumulate(scaled[::-1])[::-1]
    adjusted = np.full(values.shape, np.nan)
    adjusted[order] = np.minimum(scaled, ceiling)
    return adjusted


def _factors(m: int, ranks: IntArray, method: Method) -> FloatArray:
    """Return what the p-values of these ranks (from 1, smallest first) among ``m`` are multiplied by."""
    if method == "bonferroni":
        return np.full(ranks.shape, float(m))
    if method == "holm":
        return np.asarray(m - ranks + 1.0)
    if method == "bh":
        return np.asarray(m / ranks)
    if method == "by":
        return np.asarray(m * (scipy.special.digamma(m + 1) + np.euler_gamma) / ranks)
    raise ValueError(f"no correction {method!r}; there are bonferroni, holm, bh, by")
