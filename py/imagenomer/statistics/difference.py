"""Difference between groups of subjects in a number.

The tests assume that a subject is in one group only; `shared_subjects` finds those who are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import scipy

from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.significance import EffectSize, SignificanceTest
from imagenomer.statistics.tails import fits_exactly, neg_log10_p_of_chi2, neg_log10_p_of_r, neg_log10_p_of_share
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Why a number is compared by its ranks alone.
OnlyRanks: TypeAlias = Literal["single value", "no variation"]
#: Values that differ by less than this share of their mean are equal but for rounding.
_CONSTANT = 1e-13
_POOLED: Final = "means, variances pooled"


@dataclass(frozen=True, slots=True)
class NumberSummary:
    """One group's values: counts, and NaN where there are too few for a statistic.

    ``sd`` is the sample standard deviation (n - 1 in the denominator); quartiles interpolate linearly.
    """

    n: int
    n_missing: int
    mean: float
    sd: float
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float


@dataclass(frozen=True, slots=True)
class NumberDifference:
    """A number compared between groups; groups without values are excluded from the tests.

    Attributes
    ----------
    summaries : tuple of NumberSummary
        Of every group.
    tests : tuple of SignificanceTest
    effects : tuple of EffectSize
    only_ranks : {"single value", "no variation"} or None
        Why there is only a test of ranks: a group has a single value, or no group varies but for rounding.
    """

    summaries: tuple[NumberSummary, ...]
    tests: tuple[SignificanceTest, ...]
    effects: tuple[EffectSize, ...]
    only_ranks: OnlyRanks | None = None

    @property
    def n_groups(self) -> int:
        return len(self.summaries)

    @property
    def n_empty(self) -> int:
        """Groups that have no values."""
        return sum(summary.n == 0 for summary in self.summaries)


def shared_subjects(members: Sequence[BoolArray]) -> IntArray:
    """Return the subjects who are in more than one of the groups, each a mask of shape (n_subjects,)."""
    return np.flatnonzero(np.sum(members, axis=0) > 1)


def summarise(values: FloatArray) -> NumberSummary:
    """Summarise one group's values, shape (n,); NaN is missing and counted as such."""
    present = values[~np.isnan(values)]
    n_missing = values.size - present.size
    if present.size == 0:
        return NumberSummary(0, n_missing, *[float("nan")] * 7)
    sd = float(present.std(ddof=1)) if present.size > 1 else float("nan")
    quantiles = [float(value) for value in np.quantile(present, [0, 0.25, 0.5, 0.75, 1])]
    return NumberSummary(present.size, n_missing, float(present.mean()), sd, *quantiles)


def compare_numbers(groups: Sequence[FloatArray]) -> NumberDifference:
    """Compare a number between groups that share no subject.

    Two groups with values: Student's and Welch's t, Mann-Whitney U, Cohen's d and Hedges' g. More: analysis of
    variance, Welch's, Kruskal-Wallis H, eta and omega squared. Fewer: summaries only.

    Parameters
    ----------
    groups : sequence of ndarray, each of shape (n_in_group,)
        NaN is missing.

    Returns
    -------
    NumberDifference
        Two-sample differences are the first group minus the second.
    """
    summaries = tuple(summarise(values) for values in groups)
    samples = [values[~np.isnan(values)] for values in groups]
    samples = [values for values in samples if values.size]
    if len(samples) < 2:
        return NumberDifference(summaries, (), ())
    if min(values.size for values in samples) < 2:
        return NumberDifference(summaries, (_rank_test(samples),), (), "single value")
    if not _vary_within(samples):
        return NumberDifference(summaries, (_rank_test(samples),), (), "no variation")
    if len(samples) == 2:
        first, second = samples
        tests = (student_t(first, second), welch_t(first, second), mann_whitney_u(first, second))
        effects = (cohen_d(first, second), hedges_g(first, second))
    else:
        tests = (analysis_of_variance(samples), welch_analysis_of_variance(samples), kruskal_wallis(samples))
        effects = (eta_squared(samples), omega_squared(samples))
    return NumberDifference(summaries, tests, effects)


# --- two groups -----------------------------------------------------------------------------------


def student_t(first: FloatArray, second: FloatArray) -> SignificanceTest:
    """Test equal means, assuming equal variances."""
    dof = first.size + second.size - 2
    t = (first.mean() - second.mean()) / (_pooled_sd(first, second) * np.sqrt(1 / first.size + 1 / second.size))
    return SignificanceTest("Student's t", "t", float(t), (float(dof),), _neg_log10_p_of_t(t, dof), _POOLED)


def welch_t(first: FloatArray, second: FloatArray) -> SignificanceTest:
    """Test equal means without assuming equal variances; Welch (1947), Biometrika 34:28."""
    variances = first.var(ddof=1) / first.size, second.var(ddof=1) / second.size
    t = (first.mean() - second.mean()) / np.sqrt(sum(variances))
    dof = sum(variances) ** 2 / (variances[0] ** 2 / (first.size - 1) + variances[1] ** 2 / (second.size - 1))
    return SignificanceTest("Welch's t", "t", float(t), (float(dof),), _neg_log10_p_of_t(t, dof), "means")


def mann_whitney_u(first: FloatArray, second: FloatArray) -> SignificanceTest:
    """Test that neither group tends to larger values; Mann and Whitney (1947), Ann. Math. Statist. 18:50.

    Exact where the smaller group has at most eight values and none is tied, else the normal approximation with
    corrections for ties and continuity.
    """
    n_first, n_second = first.size, second.size
    ranks, ties = _pooled_ranks([first, second])
    u = float(ranks[:n_first].sum() - n_first * (n_first + 1) / 2)
    larger = max(u, n_first * n_second - u)
    if min(n_first, n_second) <= 8 and ties == 0:
        ways = _rank_sum_ways(min(n_first, n_second), max(n_first, n_second))
        p_value = min(1.0, 2 * sum(ways[int(larger) :]) / sum(ways))
        return SignificanceTest("Mann-Whitney U (exact)", "U", u, (), -float(np.log10(p_value)) + 0.0, "ranks")
    n = n_first + n_second
    sd = np.sqrt(n_first * n_second / 12 * (n + 1 - ties / (n * (n - 1))))
    with np.errstate(divide="ignore"):
        z = (larger - n_first * n_second / 2 - 0.5) / sd
    log_p = min(0.0, float(np.log(2) + scipy.special.log_ndtr(-z)))
    return SignificanceTest("Mann-Whitney U", "U", u, (), float(-log_p / np.log(10)) + 0.0, "ranks")


def cohen_d(first: FloatArray, second: FloatArray, confidence: float = 0.95) -> EffectSize:
    """Return the difference of means in pooled standard deviations.

    The interval is exact for normal values with equal variances: it inverts the noncentral t distribution
    (Cumming and Finch 2001, Educ. Psychol. Meas. 61:532).
    """
    scale = np.sqrt(1 / first.size + 1 / second.size)
    d = (first.mean() - second.mean()) / _pooled_sd(first, second)
    dof = first.size + second.size - 2
    lower, upper = (
        float(scipy.special.nctdtrinc(dof, tail, d / scale)) * scale
        for tail in ((1 + confidence) / 2, (1 - confidence) / 2)
    )
    return EffectSize("Cohen's d", "d", float(d), float(lower), float(upper), confidence)


def hedges_g(first: FloatArray, second: FloatArray, confidence: float = 0.95) -> EffectSize:
    """Return Cohen's d freed of its small-sample bias; Hedges (1981), J. Educ. Stat. 6:107."""
    d = cohen_d(first, second, confidence)
    half = (first.size + second.size - 2) / 2
    factor = float(np.exp(scipy.special.gammaln(half) - scipy.special.gammaln(half - 0.5)) / np.sqrt(half))
    return EffectSize("Hedges' g", "g", d.value * factor, d.lower * factor, d.upper * factor, confidence, headline=True)


# --- more groups ----------------------------------------------------------------------------------


def analysis_of_variance(samples: Sequence[FloatArray]) -> SignificanceTest:
    """Test equal means of several groups, assuming equal variances."""
    between, within, dof = _sums_of_squares(samples)
    f = between / dof[0] / (within / dof[1])
    return SignificanceTest("Analysis of variance", "F", f, dof, _neg_log10_p_of_f(f, dof), _POOLED)


def welch_analysis_of_variance(samples: Sequence[FloatArray]) -> SignificanceTest:
    """Test equal means of several groups without assuming equal variances; Welch (1951), Biometrika 38:330.

    Not defined (NaN) where a group does not vary but for rounding.
    """
    name, k = "Welch's analysis of variance", len(samples)
    sizes = np.array([values.size for values in samples])
    means = np.array([values.mean() for values in samples])
    variances = np.array([values.var(ddof=1) for values in samples])
    # What is left of a group's variance beside its mean may be rounding.
    if (np.sqrt(variances) <= _CONSTANT * np.abs(means)).any():
        return SignificanceTest(name, "F", float("nan"), (), float("nan"), "means")
    weights = sizes / variances
    mean = (weights * means).sum() / weights.sum()
    spread = ((1 - weights / weights.sum()) ** 2 / (sizes - 1)).sum()
    f = (weights * (means - mean) ** 2).sum() / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * spread)
    dof = (float(k - 1), float((k**2 - 1) / (3 * spread)))
    return SignificanceTest(name, "F", float(f), dof, _neg_log10_p_of_f(float(f), dof), "means")


def kruskal_wallis(samples: Sequence[FloatArray]) -> SignificanceTest:
    """Test that no group tends to larger values, corrected for ties; Kruskal and Wallis (1952), JASA 47:583."""
    ranks, ties = _pooled_ranks(samples)
    n = ranks.size
    ends = np.cumsum([values.size for values in samples])
    squares = sum(part.sum() ** 2 / part.size for part in np.split(ranks, ends[:-1]))
    dof = float(len(samples) - 1)
    if ties == n**3 - n:
        return SignificanceTest("Kruskal-Wallis H", "H", float("nan"), (dof,), float("nan"), "ranks")
    h = (12 / (n * (n + 1)) * squares - 3 * (n + 1)) / (1 - ties / (n**3 - n))
    return SignificanceTest("Kruskal-Wallis H", "H", float(h), (dof,), float(neg_log10_p_of_chi2(h, dof)), "ranks")


def eta_squared(samples: Sequence[FloatArray], confidence: float = 0.90) -> EffectSize:
    """Return the share of variance between groups.

    The interval inverts the noncentral F distribution (Smithson 2001, Educ. Psychol. Meas. 61:605); at 90 % it
    excludes zero just where the analysis of variance has p < 0.05, which has one side.
    """
    between, within, dof = _sums_of_squares(samples)
    share = between / (between + within)
    return EffectSize("Eta squared", "eta²", share, *share_interval(share, *dof, confidence), confidence, headline=True)


def share_interval(share: float, n_tested: float, dof: float, confidence: float = 0.90) -> tuple[float, float]:
    """Return the confidence interval of a (partial) eta squared from the noncentral F, as for `eta_squared`.

    Parameters
    ----------
    share : float
        Of the variance; n_tested F / (n_tested F + dof).
    n_tested, dof : float
        Degrees of freedom of the numerator and the denominator of F.
    confidence : float
    """
    if fits_exactly(np.sqrt(share)):
        return 1.0, 1.0
    f = share / n_tested / ((1 - share) / dof)
    limits = [0.0, 0.0]
    for side, tail in enumerate(((1 + confidence) / 2, (1 - confidence) / 2)):
        if scipy.special.fdtr(n_tested, dof, f) > tail:
            noncentrality = float(scipy.special.ncfdtrinc(n_tested, dof, tail, f))
            limits[side] = noncentrality / (noncentrality + n_tested + dof + 1)
    return limits[0], limits[1]


def omega_squared(samples: Sequence[FloatArray]) -> EffectSize:
    """Return the share of variance between groups, nearly unbiased, so that it may be below zero; Hays (1963)."""
    between, within, dof = _sums_of_squares(samples)
    error = within / dof[1]
    value = (between - dof[0] * error) / (between + within + error)
    return EffectSize("Omega squared", "omega²", value, float("nan"), float("nan"), float("nan"))


# --- shared ---------------------------------------------------------------------------------------


def _vary_within(samples: Sequence[FloatArray]) -> bool:
    """Return whether any group varies by more than rounding: beside its mean, and beside how far groups are apart."""
    between, within, _ = _sums_of_squares(samples)
    if within <= 0 or fits_exactly(np.sqrt(between / (between + within))):
        return False
    return any(values.std() > _CONSTANT * abs(values.mean()) for values in samples)


def _rank_test(samples: Sequence[FloatArray]) -> SignificanceTest:
    return mann_whitney_u(*samples) if len(samples) == 2 else kruskal_wallis(samples)


def _neg_log10_p_of_t(t: float, dof: float) -> float:
    return float(neg_log10_p_of_r(t / np.sqrt(t**2 + dof), dof))


def _neg_log10_p_of_f(f: float, dof: tuple[float, float]) -> float:
    return float(neg_log10_p_of_share(dof[0] * f / (dof[0] * f + dof[1]), dof[0], dof[1]))


def _pooled_sd(first: FloatArray, second: FloatArray) -> float:
    squares = ((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum()
    return float(np.sqrt(squares / (first.size + second.size - 2)))


def _sums_of_squares(samples: Sequence[FloatArray]) -> tuple[float, float, tuple[float, float]]:
    """Return the sums of squares between and within groups, and their degrees of freedom."""
    n = sum(values.size for values in samples)
    mean = sum(values.sum() for values in samples) / n
    between = float(sum(values.size * (values.mean() - mean) ** 2 for values in samples))
    within = float(sum(((values - values.mean()) ** 2).sum() for values in samples))
    return between, within, (float(len(samples) - 1), float(n - len(samples)))


def _pooled_ranks(samples: Sequence[FloatArray]) -> tuple[FloatArray, float]:
    """Return the ranks of all values together, and the sum of t^3 - t over sets of t tied values."""
    pooled = np.concatenate(samples)
    sizes = np.unique(pooled, return_counts=True)[1].astype(np.float64)
    return average_ranks(pooled[:, None])[:, 0], float((sizes**3 - sizes).sum())


def _rank_sum_ways(m: int, n: int) -> list[int]:
    """Return in how many orders of m + n distinct values U is 0, 1, ..., m n: the Gaussian binomial coefficient."""
    ways = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):
            ways[u] -= ways[u - n - i]
        for u in range(i, m * n + 1):
            ways[u] += ways[u - i]
    return ways
