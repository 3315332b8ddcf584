"""Two categories, against scipy.stats, statsmodels and published examples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats.contingency import association
from statsmodels.stats.contingency_tables import StratifiedTable, Table

from imagenomer.progress import Progress, finish
from imagenomer.statistics.contingency import (
    _likelihoods_of_filled,
    _likelihoods_of_permuted,
    corrected_v,
    cramers_v,
    expected_counts,
    fisher,
    mantel_haenszel,
    occupied,
    odds_ratio,
    pearson_chi2,
    random_tables,
    standardised_residuals,
)

seeds = st.integers(0, 2**32 - 1)
#: Job satisfaction by income of 104 people (Agresti 2002, table 2.8); women, then men.
SATISFACTION = np.array(
    [
        [[1, 3, 11, 2], [2, 3, 17, 3], [0, 1, 8, 5], [0, 2, 4, 2]],
        [[1, 1, 2, 1], [0, 3, 5, 1], [0, 0, 7, 3], [0, 1, 9, 6]],
    ]
)
#: Job satisfaction by income of 104 others (Agresti 2002, p. 57); income in columns.
JOB = np.array([[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]])


def draw_table(seed, largest=30, shape=None):
    rng = np.random.default_rng(seed)
    shape = shape or (rng.integers(2, 5), rng.integers(2, 5))
    return rng.integers(0, largest, shape) + 1


def fisher_p(table, seed=1, **given):
    return finish(fisher(np.asarray(table), np.random.default_rng(seed), **given))


@given(seeds)
def test_chi_squared_is_that_of_scipy(seed):
    table = draw_table(seed)
    ours, oracle = pearson_chi2(table), stats.chi2_contingency(table, correction=False)
    assert ours.statistic == pytest.approx(oracle.statistic, rel=1e-10)
    assert ours.dof == (oracle.dof,)
    assert ours.p_value == pytest.approx(oracle.pvalue, rel=1e-9)
    np.testing.assert_allclose(expected_counts(table), oracle.expected_freq)


@given(seeds)
def test_residuals_are_those_of_statsmodels(seed):
    table = draw_table(seed)
    np.testing.assert_allclose(standardised_residuals(table), Table(table, shift_zeros=False).standardized_resids)


@given(seeds)
def test_the_order_of_levels_and_which_category_comes_first_change_nothing(seed):
    table, rng = draw_table(seed, 8), np.random.default_rng(seed)
    other = table[rng.permutation(len(table))][:, rng.permutation(table.shape[1])].T
    assert pearson_chi2(other).neg_log10_p == pytest.approx(pearson_chi2(table).neg_log10_p, rel=1e-9, abs=1e-12)
    ours, swapped = cramers_v(table), cramers_v(other)
    assert (swapped.value, swapped.lower, swapped.upper) == pytest.approx((ours.value, ours.lower, ours.upper))
    assert fisher_p(other, n_draws=10).n_draws == fisher_p(table, n_draws=10).n_draws
    assert mantel_haenszel(other[None]).statistic == pytest.approx(mantel_haenszel(table[None]).statistic)


def test_p_values_below_the_smallest_double_keep_their_logarithm():
    test = pearson_chi2(np.diag([2000, 2000, 2000]))
    assert test.p_value == 0
    # Of four degrees of freedom the tail is exp(-x / 2) (1 + x / 2).
    assert test.neg_log10_p == pytest.approx((6000 - np.log(6001)) / np.log(10), rel=1e-12)


# --- Cramer's V ----------------------------------------------------------------------------------


def test_v_without_its_correction_is_that_of_scipy_and_with_it_that_of_bergsma():
    table = draw_table(5, shape=(3, 4))
    n, plain = table.sum(), association(table, method="cramer")
    share = plain**2 * 2 - 2 * 3 / (n - 1)
    sides = 3 - 4 / (n - 1), 4 - 9 / (n - 1)
    assert cramers_v(table).value == pytest.approx(np.sqrt(max(0, share) / (min(sides) - 1)))


def test_v_of_noise_does_not_grow_with_the_number_of_levels(rng):
    for levels in (2, 6, 20):
        values = []
        for _ in range(200):
            counts = np.zeros((levels, levels), dtype=np.intp)
            np.add.at(counts, tuple(rng.integers(0, levels, (2, 150))), 1)
            table = occupied(counts)
            chi2 = pearson_chi2(table).statistic
            values.append(corrected_v(chi2, 150, *table.shape))
        assert np.mean(values) < 0.05
        assert np.mean(np.equal(values, 0)) > 0.4


@pytest.mark.parametrize("size", [2, 3, 5])
def test_v_is_one_where_each_follows_from_the_other(size):
    effect = cramers_v(np.eye(size, dtype=np.intp) * 40)
    assert effect.value == pytest.approx(1)
    assert 0.75 < effect.lower < effect.upper <= 1


@given(seeds)
def test_the_interval_of_v_inverts_the_noncentral_chi_squared(seed):
    table = draw_table(seed)
    effect, test = cramers_v(table), pearson_chi2(table)
    scale = table.sum() * (min(table.shape) - 1)
    assert 0 <= effect.lower <= effect.upper <= 1
    assert (effect.lower > 0) == (test.p_value < 0.025)
    if effect.lower > 0:
        assert stats.ncx2.sf(test.statistic, *test.dof, effect.lower**2 * scale) == pytest.approx(0.025, abs=1e-6)
    if 0 < effect.upper < 1:
        assert stats.ncx2.cdf(test.statistic, *test.dof, effect.upper**2 * scale) == pytest.approx(0.025, abs=1e-6)


# --- odds ratios and strata ----------------------------------------------------------------------


@given(seeds)
def test_one_odds_ratio_is_that_of_scipy(seed):
    table = draw_table(seed, shape=(2, 2))
    ours, oracle = odds_ratio(table[None]), stats.contingency.odds_ratio(table, kind="sample")
    assert ours.value == pytest.approx(oracle.statistic)
    interval = oracle.confidence_interval(0.95)
    assert (ours.lower, ours.upper) == pytest.approx((interval.low, interval.high), rel=1e-9)


@given(seeds, st.integers(2, 5))
def test_the_common_odds_ratio_and_its_test_are_those_of_statsmodels(seed, n_strata):
    strata = draw_table(seed, shape=(n_strata, 2, 2))
    oracle = StratifiedTable(strata.transpose(1, 2, 0).astype(float))
    ours = odds_ratio(strata)
    assert ours.value == pytest.approx(oracle.oddsratio_pooled)
    assert (ours.lower, ours.upper) == pytest.approx(oracle.oddsratio_pooled_confint(), rel=1e-9)
    test, expected = mantel_haenszel(strata), oracle.test_null_odds(correction=False)
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-8)
    assert test.p_value == pytest.approx(expected.pvalue, rel=1e-7)


def test_an_odds_ratio_with_a_cell_of_nobody_has_no_interval():
    effect = odds_ratio(np.array([[[5, 0], [3, 4]]]))
    assert effect.value == np.inf
    assert np.isnan([effect.lower, effect.upper]).all()


def test_larger_strata_give_the_published_statistic():
    test = mantel_haenszel(SATISFACTION)  # as in the manual page of R's mantelhaen.test
    assert (test.statistic, test.p_value) == pytest.approx((10.2001, 0.3345), abs=1e-4)
    assert test.dof == (9,)


@given(seeds)
def test_one_stratum_gives_pearsons_chi_squared_but_for_n_minus_one(seed):
    table = draw_table(seed)
    n = table.sum()
    assert mantel_haenszel(table[None]).statistic == pytest.approx(pearson_chi2(table).statistic * (n - 1) / n)


def test_a_stratum_of_one_subject_changes_nothing():
    alone = np.zeros((1, 4, 4), dtype=np.intp)
    alone[0, 1, 2] = 1
    assert mantel_haenszel(np.concatenate([SATISFACTION, alone])) == mantel_haenszel(SATISFACTION)
    assert np.isnan(mantel_haenszel(alone).statistic)


# --- Fisher's exact test -------------------------------------------------------------------------


def all_tables(rows, columns):
    """Every table with these margins, the long way."""
    if len(columns) == 1:
        yield np.array(rows)[:, None]
        return
    for own in itertools.product(*(range(min(row, columns[0]) + 1) for row in rows)):
        if sum(own) == columns[0]:
            for rest in all_tables([row - one for row, one in zip(rows, own, strict=True)], columns[1:]):
                yield np.column_stack([own, rest])


@given(st.integers(0, 10_000))
def test_fisher_is_the_sum_over_all_tables_that_are_no_likelier(seed):
    rng = np.random.default_rng(seed)
    table = occupied(rng.integers(0, 4, (rng.integers(2, 4), 3)))
    if min(table.shape) < 2:
        return
    tables = np.array(list(all_tables(table.sum(axis=1).tolist(), table.sum(axis=0).tolist())))
    weights = np.exp(stats.poisson(1).logpmf(tables).sum(axis=(1, 2)))
    own = np.exp(stats.poisson(1).logpmf(table).sum())
    expected = weights[weights <= own * (1 + 1e-7)].sum() / weights.sum()
    found = fisher_p(table)
    assert found.n_draws == 0
    assert found.test.p_value == pytest.approx(expected, rel=1e-9)


def test_a_2_by_2_table_is_that_of_scipy():
    table = np.array([[8, 2], [1, 5]])
    assert fisher_p(table).test.p_value == pytest.approx(stats.fisher_exact(table).pvalue)


def test_a_large_table_is_estimated_and_its_error_is_said():
    table = JOB
    found = fisher_p(table)
    assert found.n_draws == 100_000
    # The exact p-value is in the manual page of R's fisher.test.
    assert found.test.p_value == pytest.approx(0.7827, abs=4 * found.standard_error)
    assert 0.001 < found.standard_error < 0.0015
    assert fisher_p(table).test.p_value == found.test.p_value
    assert fisher_p(table, seed=2).test.p_value != found.test.p_value


def test_an_estimated_p_value_is_never_zero():
    assert fisher_p(np.diag([90] * 6), n_draws=200).test.p_value == pytest.approx(1 / 201)


def test_random_tables_have_the_margins_and_the_spread_of_scipys(rng):
    table = JOB
    drawn = random_tables(table, rng, 20_000)
    np.testing.assert_array_equal(drawn.sum(axis=1), np.tile(table.sum(axis=0), (20_000, 1)))
    np.testing.assert_array_equal(drawn.sum(axis=2), np.tile(table.sum(axis=1), (20_000, 1)))
    oracle = stats.random_table(table.sum(axis=1), table.sum(axis=0)).rvs(20_000, random_state=3)
    np.testing.assert_allclose(drawn.mean(axis=0), expected_counts(table), atol=0.05)
    np.testing.assert_allclose(drawn.var(axis=0), oracle.var(axis=0), rtol=0.1)


def test_drawing_reports_progress():
    steps = fisher(JOB, np.random.default_rng(1))
    assert {one.step for one in steps if isinstance(one, Progress)} == {
        "Listing tables for Fisher's exact test",
        "Drawing random tables for Fisher's exact test",
    }


def test_fisher_of_a_table_of_thousands_of_cells_has_bounded_steps_and_says_from_how_many_tables():
    rng = np.random.default_rng(7)
    codes = np.concatenate([np.arange(2000), rng.integers(0, 2000, 500)])
    table = np.zeros((2000, 2), dtype=np.intp)
    np.add.at(table, (codes, rng.integers(0, 2, codes.size)), 1)
    steps = fisher(table, np.random.default_rng(0))
    assert next(steps).total == 10_000
    assert sum(1 for _ in steps) == 49


def test_random_tables_by_permuted_subjects_are_as_likely_as_those_filled_cell_by_cell():
    table = np.random.default_rng(8).integers(0, 4, (30, 20))
    permuted = _likelihoods_of_permuted(table, np.random.default_rng(1), 2000)
    filled = _likelihoods_of_filled(table, np.random.default_rng(2), 2000)
    assert stats.ks_2samp(permuted, filled).pvalue > 0.01
    alone = np.diag([3, 1, 2])[:, :1]
    np.testing.assert_allclose(_likelihoods_of_permuted(alone, np.random.default_rng(1), 1), -np.log(6))


def test_listing_tables_for_fisher_ends_after_so_many_in_all(monkeypatch):
    monkeypatch.setattr("imagenomer.statistics.contingency._MOST_LISTED", 50)
    assert finish(fisher(JOB, np.random.default_rng(0), 1000)).n_draws == 1000
