"""Tail probabilities: how surprising a correlation or a t is if nothing is going on.

Under the null a Pearson r with ``dof`` degrees of freedom has the two-sided p-value

    p = I_{1 - r^2}(dof / 2, 1 / 2),    the tail of Student's t at t = r sqrt(dof / (1 - r^2)),

with I the regularised incomplete beta function (DLMF 8.17). Its logarithm stays finite and exact far below
1e-308, where p itself has become zero.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import ArrayLike

from imagenomer.types import BoolArray, FloatArray, IntArray

#: Below this p-value Student's tail nears the smallest double, and its logarithm is found without it.
_TINY = 1e-280
#: Above it, 1 - p carries the information.
_NEARLY_ONE = 0.99
#: A share of variance that is left unexplained and is not above this is rounding.
_ROUNDING = 1e-12


def fits_exactly(r: ArrayLike) -> BoolArray:
    """Return where a (multiple) correlation leaves nothing unexplained but rounding.

    There no spread is left that an effect could be compared with: t, F and p are not defined, and what they come to
    depends on rounding alone.
    """
    magnitude = np.abs(np.asarray(r, dtype=np.float64))
    return np.asarray((1 - magnitude) * (1 + magnitude) <= _ROUNDING)


def with_spread_left(r: ArrayLike) -> FloatArray:
    """Return correlations, NaN where `fits_exactly`, for what turns them into t or p."""
    return np.where(fits_exactly(r), np.nan, r)


def p_of_r(r: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Return the two-sided p-value of a correlation.

    Parameters
    ----------
    r : array_like
        Pearson (partial) correlation in [-1, 1]; NaN stays NaN.
    dof : array_like
        Degrees of freedom, broadcast against ``r``; NaN where not positive.

    Returns
    -------
    ndarray
        Probability in [0, 1]; 0 where it is below the smallest double.
    """
    magnitude, dof = _checked(r, dof)
    with np.errstate(divide="ignore"):
        return np.asarray(2 * scipy.special.stdtr(dof, -magnitude * np.sqrt(dof / ((1 - magnitude) * (1 + magnitude)))))


def neg_log10_p_of_r(r: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Return -log10 of the two-sided p-value of a correlation, to a relative error of 1e-12.

    Parameters
    ----------
    r, dof : array_like
        As in `p_of_r`.

    Returns
    -------
    ndarray
        At least 0, and infinite only where ``|r|`` is 1.
    """
    magnitude, dof = _checked(r, dof)
    p_value = p_of_r(magnitude, dof)
    with np.errstate(divide="ignore"):
        neg_log = np.asarray(-np.log(p_value))
    near_one = p_value > _NEARLY_ONE
    neg_log[near_one] = -np.log1p(-scipy.special.betainc(0.5, dof[near_one] / 2, magnitude[near_one] ** 2))
    tiny = (p_value < _TINY) & (magnitude < 1)
    neg_log[tiny] = _neg_log_of_far_tail(magnitude[tiny], dof[tiny])
    return np.asarray(neg_log / np.log(10))


def neg_log10_p_of_share(share: ArrayLike, n_tested: float, dof: ArrayLike) -> FloatArray:
    """Return -log10 of the p-value of a share of variance explained (partial r squared), the tail of F.

    With one tested column it is `neg_log10_p_of_r` of the square root.

    Parameters
    ----------
    share : array_like
        In [0, 1]: n_tested F / (n_tested F + dof); NaN stays NaN.
    n_tested : float
        Columns tested: degrees of freedom of the numerator of F.
    dof : array_like
        Residual degrees of freedom, broadcast against ``share``; NaN where not positive.
    """
    magnitude, dof = _checked(np.sqrt(np.asarray(share, dtype=np.float64)), dof)
    rest = (1 - magnitude) * (1 + magnitude)
    with np.errstate(divide="ignore"):
        p_value = scipy.special.betainc(dof / 2, n_tested / 2, rest)
        neg_log = np.asarray(-np.log(p_value))
    near_one = p_value > _NEARLY_ONE
    neg_log[near_one] = -np.log1p(-scipy.special.betainc(n_tested / 2, dof[near_one] / 2, magnitude[near_one] ** 2))
    tiny = (p_value < _TINY) & (magnitude < 1)
    neg_log[tiny] = _neg_log_of_far_tail(magnitude[tiny], dof[tiny], n_tested)
    return np.asarray(neg_log / np.log(10))


def neg_log10_p_of_shares(shares: FloatArray, n_tested: IntArray, dof: FloatArray | IntArray) -> FloatArray:
    """Return `neg_log10_p_of_share` of features, each with its own number of tested columns; NaN where that is 0."""
    neg_log10_p = np.full(shares.shape, np.nan)
    for number in np.unique(n_tested[n_tested > 0]).tolist():
        own = n_tested == number
        neg_log10_p[own] = neg_log10_p_of_share(shares[own], number, dof[own])
    return neg_log10_p


def neg_log10_p_of_chi2(chi2: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Return -log10 of the probability of a chi-squared of at least this size, to a relative error of 1e-12.

    Parameters
    ----------
    chi2 : array_like
        At least 0; NaN stays NaN.
    dof : array_like
        Degrees of freedom, broadcast against ``chi2``; NaN where not positive.
    """
    chi2, dof = np.broadcast_arrays(np.asarray(chi2, dtype=np.float64), np.asarray(dof, dtype=np.float64))
    a, x = np.where(dof > 0, dof, np.nan) / 2, chi2 / 2
    p_value = np.asarray(scipy.special.gammaincc(a, x))
    with np.errstate(divide="ignore"):
        neg_log = np.asarray(-np.log(p_value))
    near_one = p_value > _NEARLY_ONE
    neg_log[near_one] = -np.log1p(-scipy.special.gammainc(a[near_one], x[near_one]))
    tiny = (p_value < _TINY) & np.isfinite(x)
    neg_log[tiny] = _neg_log_of_far_gamma_tail(a[tiny], x[tiny])
    return np.asarray(neg_log / np.log(10))


def p_of_t(t: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Return the two-sided p-value of Student's t; ``dof`` need not be whole (Welch)."""
    return np.asarray(2 * scipy.special.stdtr(dof, -np.abs(t)))


def r_of_p(p_value: ArrayLike, dof: ArrayLike) -> FloatArray:
    """Return the ``|r|`` whose two-sided p-value is ``p_value``; the inverse of `p_of_r`.

    Probabilities below the smallest double give NaN: an ``|r|`` for them cannot be distinguished from p = 0.
    """
    p_value = np.asarray(p_value, dtype=np.float64)
    usable = np.where((p_value > 0) & (p_value <= 1), p_value, np.nan)
    return np.asarray(np.sqrt(scipy.special.betainccinv(0.5, np.asarray(dof) / 2, usable)))


def map_neg_log10_p(r: ArrayLike, dof: float) -> FloatArray:
    """Return -log10 p of a whole map of correlations, fast and to a relative error of 1e-8.

    For one ``dof``, -log10 p is a smooth function of ``|r|``. It is tabulated exactly and looked up by cubic
    Hermite interpolation, which takes a fifteenth of the time. For colours; whatever is printed or decided comes
    from `neg_log10_p_of_r`.

    Parameters
    ----------
    r : array_like
        Correlations in [-1, 1]; NaN stays NaN.
    dof : float
        Degrees of freedom, the same for all.

    Returns
    -------
    ndarray, shape of ``r``
    """
    magnitude = np.minimum(np.abs(np.asarray(r, dtype=np.float64)), 1)
    coefficients = _hermite_table(float(dof))
    outside = ~(magnitude <= _TABLE_END)
    position = np.sqrt(np.where(outside, 0, magnitude)) * (_N_INTERVALS / np.sqrt(_TABLE_END))
    interval = np.minimum(position.astype(np.intp), _N_INTERVALS - 1)
    position -= interval
    ratio = np.asarray(coefficients[3][interval])
    for coefficient in coefficients[2::-1]:
        ratio *= position
        ratio += coefficient[interval]
    ratio *= magnitude
    ratio[outside] = neg_log10_p_of_r(magnitude[outside], dof)
    return np.asarray(ratio)


#: The table covers ``|r|`` up to here; the few beyond, where -log10 p turns to infinity, are computed exactly.
_TABLE_END = 0.95
_N_INTERVALS = 1024


@lru_cache(maxsize=8)
def _hermite_table(dof: float) -> FloatArray:
    """Return cubic coefficients of -log10(p) / |r| in each interval of sqrt(|r|), shape (4, _N_INTERVALS).

    The square root puts the nodes densest near zero, where most edges are; the ratio, unlike -log10 p, does not
    vanish there, so that a small error is small relative to it.
    """
    nodes = np.linspace(0, np.sqrt(_TABLE_END), _N_INTERVALS + 1)
    magnitude = nodes**2
    neg_log10 = neg_log10_p_of_r(magnitude, dof)
    log_beta = scipy.special.betaln(0.5, dof / 2)
    # d p / d |r| = -2 (1 - r^2)^(dof/2 - 1) / B(1/2, dof/2): the null density of r, on both sides.
    log_slope = np.log(2) - log_beta + (dof / 2 - 1) * np.log1p(-(magnitude**2)) + neg_log10 * np.log(10)
    slope = np.exp(log_slope) / np.log(10)
    ratio = np.full_like(nodes, slope[0])
    ratio[1:] = neg_log10[1:] / magnitude[1:]
    slope_of_ratio = np.zeros_like(nodes)
    slope_of_ratio[1:] = 2 * (slope[1:] - ratio[1:]) / nodes[1:]
    rise = np.diff(ratio)
    left, right = slope_of_ratio[:-1] * nodes[1], slope_of_ratio[1:] * nodes[1]
    return np.stack([ratio[:-1], left, 3 * rise - 2 * left - right, left + right - 2 * rise])


def _checked(r: ArrayLike, dof: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return ``|r|``, rounding above 1 taken off, and ``dof``, both of the broadcast shape."""
    magnitude, dof = np.broadcast_arrays(np.minimum(np.abs(r), 1.0), np.asarray(dof, dtype=np.float64))
    return np.asarray(magnitude, dtype=np.float64), np.where(dof > 0, dof, np.nan)


def _neg_log_of_far_tail(magnitude: FloatArray, dof: FloatArray, n_tested: float = 1) -> FloatArray:
    """Return -ln p by the continued fraction of the incomplete beta function, where p is far below 1.

    With a = dof / 2, b = n_tested / 2 and x = 1 - r^2, p = x^a |r|^2b / (a B(a, b)) / (1 + d_1 / (1 + d_2 / ...)),
    DLMF 8.17.22.
    Its n-th approximant is off by about ((1 - |r|) / (1 + |r|))^n; this far out ``|r|`` is above 0.1 for up to 1e5
    subjects, so some 200 terms are the most.
    """
    if magnitude.size == 0:
        return np.zeros(0)
    a, b = dof / 2, n_tested / 2
    x = (1 - magnitude) * (1 + magnitude)
    # log1p(-r^2) is exact for small r, the sum of two logarithms for r near 1.
    log_x = np.where(magnitude < 0.7, np.log1p(-(magnitude**2)), np.log1p(-magnitude) + np.log1p(magnitude))
    n_terms = int(np.ceil(40 / (2 * np.arctanh(magnitude.min())))) + 10
    fraction = np.ones_like(a)
    for m in range(n_terms, 0, -1):
        # Two terms at a time, the innermost first: d_2m and d_(2m-1).
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1))
        fraction = 1 + odd / (1 + even / fraction)
    return np.asarray(
        np.log(fraction) - a * log_x - n_tested * np.log(magnitude) + np.log(a) + scipy.special.betaln(a, b)
    )


def _neg_log_of_far_gamma_tail(a: FloatArray, x: FloatArray) -> FloatArray:
    """Return -ln of the regularised upper incomplete gamma function far out, by Legendre's fraction (DLMF 8.9.2)."""
    if x.size == 0:
        return np.zeros(0)
    # From the innermost of more terms than are needed this far out.
    fraction = np.zeros(x.shape)
    for n in range(200, 0, -1):
        fraction = n * (a - n) / (x - a + 2 * n + 1 + fraction)
    return np.asarray(scipy.special.gammaln(a) - a * np.log(x) + x + np.log(x - a + 1 + fraction))
