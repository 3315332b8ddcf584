"""Difference between groups of subjects in a category.

The tests assume that a subject is in one group only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from imagenomer.errors import InputError
from imagenomer.statistics.significance import EffectSize, SignificanceTest
from imagenomer.statistics.tails import neg_log10_p_of_chi2
from imagenomer.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class CategoryDifference:
    """A category compared between groups.

    Attributes
    ----------
    counts : ndarray, shape (n_groups, n_levels)
    expected : ndarray, shape (n_groups, n_levels)
        Counts expected if groups did not differ; 0 for empty groups and levels, which are excluded from the tests.
    tests : tuple of SignificanceTest
    effects : tuple of EffectSize
    """

    counts: IntArray
    expected: FloatArray
    tests: tuple[SignificanceTest, ...]
    effects: tuple[EffectSize, ...]

    @property
    def n_groups(self) -> int:
        return int(self.counts.shape[0])

    @property
    def n_empty(self) -> int:
        """Groups that have no values."""
        return int((self.counts.sum(axis=1) == 0).sum())

    @property
    def n_small_expected(self) -> int:
        """Expected counts below 5, which make chi-squared a rough test."""
        return int(((self.expected > 0) & (self.expected < 5)).sum())


def count_levels(groups: Sequence[IntArray], n_levels: int) -> IntArray:
    """Return how often each level occurs in each group, shape (n_groups, n_levels); codes below 0 are missing."""
    return np.array([np.bincount(codes[codes >= 0], minlength=n_levels) for codes in groups], dtype=np.intp)


def compare_categories(counts: IntArray) -> CategoryDifference:
    """Compare a category between groups that share no subject.

    Pearson's chi-squared without continuity correction, Fisher's exact test of a 2 x 2 table, and Cramer's V.

    Parameters
    ----------
    counts : ndarray, shape (n_groups, n_levels)

    Raises
    ------
    InputError
        If a count is negative.
    """
    if (counts < 0).any():
        raise InputError(f"a count of {counts.min()} is impossible")
    rows, columns = counts.sum(axis=1) > 0, counts.sum(axis=0) > 0
    table = counts[np.ix_(rows, columns)]
    expected = np.zeros(counts.shape)
    if min(table.shape) < 2:
        return CategoryDifference(counts, expected, (), ())
    n = int(table.sum())
    own = table.sum(axis=1)[:, None] * table.sum(axis=0) / n
    expected[np.ix_(rows, columns)] = own
    chi2 = float(((table - own) ** 2 / own).sum())
    dof = float((table.shape[0] - 1) * (table.shape[1] - 1))
    tests = [
        SignificanceTest("Pearson's chi-squared", "chi2", chi2, (dof,), float(neg_log10_p_of_chi2(chi2, dof)), "counts")
    ]
    if table.shape == (2, 2):
        tests.append(fisher_exact(table))
    v = np.sqrt(chi2 / (n * (min(table.shape) - 1)))
    effects = (EffectSize("Cramer's V", "V", float(v), float("nan"), float("nan"), float("nan"), headline=True),)
    return CategoryDifference(counts, expected, tuple(tests), effects)


def fisher_exact(table: IntArray) -> SignificanceTest:
    """Test a 2 x 2 table given its margins, two-sided: tables no likelier than this one; Fisher (1922).

    The statistic is the sample odds ratio.
    """
    (a, b), (c, d) = table.tolist()
    smallest, largest = max(0, a - d), min(a + b, a + c)
    possible = np.arange(smallest, largest + 1)
    log_ways = -sum(
        scipy.special.gammaln(cell + 1) for cell in (possible, a + b - possible, a + c - possible, d - a + possible)
    )
    probability = np.exp(log_ways - log_ways.max())
    # Tables as likely as this one may differ from it in the last digits.
    as_extreme = probability <= probability[a - smallest] * (1 + 1e-7)
    p_value = float(probability[as_extreme].sum() / probability.sum())
    odds_ratio = a * d / (b * c) if b * c else (float("inf") if a * d else float("nan"))
    return SignificanceTest(
        "Fisher's exact test",
        "odds ratio",
        odds_ratio,
        (),
        -float(np.log10(min(1.0, p_value))) + 0.0,
        "counts, exactly",
    )
