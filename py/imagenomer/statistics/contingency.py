"""Contingency: two categories counted against each other.

A table has shape (n_rows, n_columns) and holds subjects. Rows and columns without anybody say nothing and are to be
left out first (`occupied`); a table of several strata has shape (n_strata, n_rows, n_columns).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.category_difference import fisher_exact
from imagenomer.statistics.significance import EffectSize, SignificanceTest
from imagenomer.statistics.tails import neg_log10_p_of_chi2
from imagenomer.types import FloatArray, IntArray

#: Partial tables listed at once before exact enumeration gives way to random tables.
_MOST_PARTIAL_TABLES = 400_000
#: Partial tables listed in all.
_MOST_LISTED = 20_000_000
#: Cells above which random tables come from permuted subjects, and how many: filling cell by cell takes too long.
_MOST_CELLS_FILLED, _DRAWS_OF_LARGE_TABLE = 500, 10_000
#: Subjects of random tables that are permuted at once.
_PERMUTED_AT_ONCE = 500_000
#: Tables at most this much likelier than the one observed count as equally likely: rounding, as in R.
_AS_LIKELY = 1e-7
_DRAWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class FisherTest:
    """Fisher's exact test of a table.

    Attributes
    ----------
    test : SignificanceTest
    n_draws : int
        Random tables that the p-value was estimated from; 0 where it is exact.
    standard_error : float
        Of the p-value, from drawing; 0 where it is exact.
    """

    test: SignificanceTest
    n_draws: int
    standard_error: float


def occupied(table: IntArray) -> IntArray:
    """Return a table without its empty rows and columns."""
    return table[np.ix_(table.sum(axis=1) > 0, table.sum(axis=0) > 0)]


def expected_counts(table: IntArray) -> FloatArray:
    """Return the counts expected if rows and columns were independent, shape of ``table``."""
    return np.asarray(np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum())


def standardised_residuals(table: IntArray) -> FloatArray:
    """Return (count - expected) in standard errors, shape of ``table``: about normal if there is no association.

    The adjusted residuals of Haberman (1973), Biometrics 29:205; 0 where a row or column holds everybody.
    """
    n = table.sum()
    expected = expected_counts(table)
    spare = np.outer(1 - table.sum(axis=1) / n, 1 - table.sum(axis=0) / n)
    return np.asarray(np.where(spare > 0, (table - expected) / np.sqrt(expected * np.where(spare > 0, spare, 1)), 0.0))


def pearson_chi2(table: IntArray) -> SignificanceTest:
    """Test independence by Pearson's chi-squared, without continuity correction."""
    expected = expected_counts(table)
    chi2 = float(((table - expected) ** 2 / expected).sum())
    dof = float((table.shape[0] - 1) * (table.shape[1] - 1))
    neg_log10_p = float(neg_log10_p_of_chi2(chi2, dof))
    return SignificanceTest("Pearson's chi-squared", "chi2", chi2, (dof,), neg_log10_p, "counts")


# --- how large -----------------------------------------------------------------------------------


def corrected_v(chi2: ArrayLike, n: ArrayLike, n_rows: ArrayLike, n_columns: ArrayLike) -> FloatArray:
    """Return Cramer's V freed of its bias; Bergsma (2013), J. Korean Stat. Soc. 42:323.

    Plain V is far above 0 by chance alone where a table has many cells for its subjects. NaN where there are not
    enough subjects for the correction.

    Parameters
    ----------
    chi2, n, n_rows, n_columns : array_like
        Of one table or of several: Pearson's chi-squared, subjects, and rows and columns with anybody in them.
    """
    chi2, n, n_rows, n_columns = (np.asarray(one, dtype=np.float64) for one in (chi2, n, n_rows, n_columns))
    share = np.maximum(0.0, chi2 / n - (n_rows - 1) * (n_columns - 1) / (n - 1))
    side = np.minimum(*(size - (size - 1) ** 2 / (n - 1) for size in (n_rows, n_columns)))
    enough = side > 1
    return np.where(enough, np.minimum(1.0, np.sqrt(share / np.where(enough, side - 1, 1))), np.nan)


def cramers_v(table: IntArray, confidence: float = 0.95) -> EffectSize:
    """Return Cramer's V, bias-corrected, with its confidence interval.

    The interval inverts the noncentral chi-squared distribution (Smithson 2003, Confidence Intervals, ch. 4) and is
    one of the V that the noncentrality stands for, without the part of chi-squared that chance alone contributes.
    """
    chi2, n = pearson_chi2(table), int(table.sum())
    value = float(corrected_v(chi2.statistic, n, *table.shape))
    largest = n * (min(table.shape) - 1)
    limits = [0.0, 0.0]
    for side, tail in enumerate(((1 + confidence) / 2, (1 - confidence) / 2)):
        if scipy.special.chdtr(chi2.dof[0], chi2.statistic) > tail:
            noncentrality = float(scipy.special.chndtrinc(chi2.statistic, chi2.dof[0], tail))
            limits[side] = min(1.0, float(np.sqrt(noncentrality / largest)))
    return EffectSize("Cramer's V, bias-corrected", "V", value, limits[0], limits[1], confidence)


def odds_ratio(strata: IntArray, confidence: float = 0.95) -> EffectSize:
    """Return the odds ratio common to the strata of 2 x 2 tables; with one stratum that is the sample odds ratio.

    Mantel and Haenszel (1959), J. Natl Cancer Inst. 22:719, with the interval of Robins, Breslow and Greenland
    (1986), Biometrics 42:311, which for one stratum is Woolf's. Limits are NaN where a product of counts is 0.

    Parameters
    ----------
    strata : ndarray, shape (n_strata, 2, 2)
    confidence : float
    """
    strata = strata[strata.sum(axis=(1, 2)) > 0]
    n = strata.sum(axis=(1, 2))
    along, across = strata[:, 0, 0] * strata[:, 1, 1] / n, strata[:, 0, 1] * strata[:, 1, 0] / n
    name = "Odds ratio" if n.size == 1 else "Common odds ratio (Mantel-Haenszel)"
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(along.sum() / across.sum())
        agree = (strata[:, 0, 0] + strata[:, 1, 1]) / n
        variance = (
            (agree * along).sum() / (2 * along.sum() ** 2)
            + (agree * across + (1 - agree) * along).sum() / (2 * along.sum() * across.sum())
            + ((1 - agree) * across).sum() / (2 * across.sum() ** 2)
        )
        margin = scipy.special.ndtri((1 + confidence) / 2) * np.sqrt(variance)
        lower, upper = value * np.exp(-margin), value * np.exp(margin)
    if not (along.sum() and across.sum()):
        lower = upper = float("nan")
    return EffectSize(name, "OR", value, float(lower), float(upper), confidence)


# --- adjusted for a third category ---------------------------------------------------------------


def mantel_haenszel(strata: IntArray) -> SignificanceTest:
    """Test whether rows and columns go together within strata: the generalised Cochran-Mantel-Haenszel test.

    Of general association, without continuity correction; Landis, Heyman and Koch (1978), Int. Stat. Rev. 46:237.
    A stratum of one subject, or with all in one row or column, carries no information and changes nothing.

    Parameters
    ----------
    strata : ndarray, shape (n_strata, n_rows, n_columns)
    """
    name = "Cochran-Mantel-Haenszel"
    excess = np.zeros(strata[0].size)
    covariance = np.zeros((excess.size, excess.size))
    for table in strata:
        n = int(table.sum())
        if n < 2:
            continue
        rows, columns = (table.sum(axis=axis).astype(np.float64) for axis in (1, 0))
        excess += (table - np.outer(rows, columns) / n).ravel()
        row_part, column_part = (np.diag(margin) * n - np.outer(margin, margin) for margin in (rows, columns))
        covariance += np.kron(row_part, column_part) / (n**2 * (n - 1.0))
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * max(float(values.max()), 1e-300)
    dof = float(np.count_nonzero(kept))
    if not dof:
        return SignificanceTest(name, "chi2", float("nan"), (), float("nan"), "counts")
    chi2 = float(((vectors[:, kept].T @ excess) ** 2 / values[kept]).sum())
    return SignificanceTest(name, "chi2", chi2, (dof,), float(neg_log10_p_of_chi2(chi2, dof)), "counts")


# --- Fisher's exact test -------------------------------------------------------------------------


def fisher(table: IntArray, rng: np.random.Generator, n_draws: int = 100_000) -> Steps[FisherTest]:
    """Test independence given the margins of a table, two-sided: all tables no likelier than this one.

    Exact where that is feasible (Freeman and Halton 1951, Biometrika 38:141), else estimated from random tables
    with the same margins: of a table of more than 500 cells, from 10,000 at most.

    Parameters
    ----------
    table : ndarray, shape (n_rows, n_columns)
        Without empty rows and columns.
    rng : Generator
        Used only where the p-value is estimated.
    n_draws : int
    """
    if table.shape == (2, 2):
        return FisherTest(fisher_exact(table), 0, 0.0)
    large = table.size > _MOST_CELLS_FILLED
    p_value = None if large else (yield from _enumerated(table))
    if p_value is not None:
        test = SignificanceTest(
            "Fisher's exact test", "", float("nan"), (), -float(np.log10(min(1.0, p_value))) + 0.0, "counts, exactly"
        )
        return FisherTest(test, 0, 0.0)
    observed = _log_likelihood(table[None])[0]
    n_draws = min(n_draws, _DRAWS_OF_LARGE_TABLE) if large else n_draws
    at_once = max(1, _PERMUTED_AT_ONCE // int(table.sum())) if large else _DRAWS_AT_ONCE
    draw = _likelihoods_of_permuted if large else _likelihoods_of_filled
    n_extreme = 0
    for start in range(0, n_draws, at_once):
        yield Progress("Drawing random tables for Fisher's exact test", start, n_draws)
        drawn = draw(table, rng, min(at_once, n_draws - start))
        n_extreme += int(np.count_nonzero(drawn <= observed + _AS_LIKELY))
    # The table observed is one of those that the null gives rise to, so p is never 0.
    p_value = (n_extreme + 1) / (n_draws + 1)
    test = SignificanceTest(
        "Fisher's exact test (random tables)", "", float("nan"), (), -float(np.log10(p_value)), "counts, exactly"
    )
    return FisherTest(test, n_draws, float(np.sqrt(p_value * (1 - p_value) / n_draws)))


def random_tables(table: IntArray, rng: np.random.Generator, n_draws: int) -> IntArray:
    """Return random tables with the margins of ``table``, shape (n_draws, n_rows, n_columns)."""
    rows_left = np.tile(table.sum(axis=1), (n_draws, 1))
    drawn = np.zeros((n_draws, *table.shape), dtype=np.intp)
    for column, total in enumerate(table.sum(axis=0)[:-1].tolist()):
        to_place = np.full(n_draws, total)
        for row in range(table.shape[0] - 1):
            below = rows_left[:, row + 1 :].sum(axis=1)
            drawn[:, row, column] = rng.hypergeometric(rows_left[:, row], below, to_place)
            to_place -= drawn[:, row, column]
        drawn[:, -1, column] = to_place
        rows_left -= drawn[:, :, column]
    drawn[:, :, -1] = rows_left
    return drawn


def _log_likelihood(tables: IntArray) -> FloatArray:
    """Return the logarithm of each table's probability but for what all with its margins share."""
    return np.asarray(-scipy.special.gammaln(tables + 1.0).sum(axis=(1, 2)))


def _likelihoods_of_filled(table: IntArray, rng: np.random.Generator, n_draws: int) -> FloatArray:
    return _log_likelihood(random_tables(table, rng, n_draws))


def _likelihoods_of_permuted(table: IntArray, rng: np.random.Generator, n_draws: int) -> FloatArray:
    """Return `_log_likelihood` of random tables, whose subjects are permuted and whose cells are never written out."""
    n_subjects, n_columns = int(table.sum()), table.shape[1]
    rows = np.repeat(np.arange(table.shape[0]), table.sum(axis=1))
    columns = np.tile(np.repeat(np.arange(n_columns), table.sum(axis=0)), (n_draws, 1))
    cells = np.sort(rows * n_columns + rng.permuted(columns, axis=1), axis=1)
    # The k-th subject of a cell contributes log k, and all k of them log k!.
    places = np.arange(n_subjects)
    first = np.ones(cells.shape, dtype=np.bool_)
    first[:, 1:] = cells[:, 1:] != cells[:, :-1]
    order = places - np.maximum.accumulate(np.where(first, places, 0), axis=1)
    return np.asarray(-np.log(np.arange(1, n_subjects + 1))[order].sum(axis=1))


def _enumerated(table: IntArray) -> Steps[float | None]:
    """Return the exact p-value, or None where there are too many tables.

    Columns are filled one after the other. Partial tables that leave the same for the rows, in whatever order, and
    are equally likely have the same future, so they are counted as one (the network of Mehta and Patel 1983, JASA
    78:427, without its bounds).
    """
    if table.shape[0] > table.shape[1]:
        table = table.T
    table = table[:, np.argsort(table.sum(axis=0))]  # the last column, the largest, follows from the others
    n_rows = table.shape[0]
    log_factorial = scipy.special.gammaln(np.arange(table.sum() + 1) + 1.0)
    left = np.sort(table.sum(axis=1))[None]
    log_p, ways = np.zeros(1), np.ones(1)
    n_listed = 0
    for column, total in enumerate(table.sum(axis=0)[:-1].tolist()):
        to_place = np.full(len(left), total)
        for row in range(n_rows - 1):
            yield Progress("Listing tables for Fisher's exact test", column * (n_rows - 1) + row, table.size)
            least = np.maximum(0, to_place - left[:, row + 1 :].sum(axis=1))
            n_choices = np.minimum(left[:, row], to_place) - least + 1
            n_listed += int(n_choices.sum())
            if int(n_choices.sum()) > _MOST_PARTIAL_TABLES or n_listed > _MOST_LISTED:
                return None
            source = np.repeat(np.arange(len(left)), n_choices)
            own = np.arange(source.size) - np.repeat(np.cumsum(n_choices) - n_choices, n_choices) + least[source]
            left, log_p, ways, to_place = left[source], log_p[source], ways[source], to_place[source] - own
            left[:, row] -= own
            log_p -= log_factorial[own]
        left[:, -1] -= to_place
        log_p -= log_factorial[to_place]
        left, log_p, ways = _merged(np.sort(left, axis=1), log_p, ways)
    log_p -= log_factorial[left].sum(axis=1)
    observed = -log_factorial[table].sum()
    probability = ways * np.exp(log_p - log_p.max())
    return float(probability[log_p <= observed + _AS_LIKELY].sum() / probability.sum())


def _merged(left: IntArray, log_p: FloatArray, ways: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Add up the ways of partial tables that leave the same and are equally likely but for rounding."""
    keys = np.column_stack([left, np.rint(log_p * 1e9).astype(np.int64)])
    order = np.lexsort(keys.T)
    new = np.concatenate([[True], (np.diff(keys[order], axis=0) != 0).any(axis=1)])
    first = order[new]
    return left[first], log_p[first], np.add.reduceat(ways[order], np.flatnonzero(new))
