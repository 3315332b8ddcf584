"""Differences between groups in a number, against scipy.stats and statsmodels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from imagenomer.statistics.difference import (
    cohen_d,
    compare_numbers,
    eta_squared,
    hedges_g,
    kruskal_wallis,
    mann_whitney_u,
    omega_squared,
    shared_subjects,
    summarise,
)
from imagenomer.statistics.tails import neg_log10_p_of_r

seeds = st.integers(0, 2**32 - 1)


def draw_groups(seed, n_groups, smallest=2):
    """Draw groups of different size, mean and spread; every other time rounded, so that values are tied."""
    rng = np.random.default_rng(seed)
    groups = [
        rng.normal(rng.normal(), rng.uniform(0.5, 3), rng.integers(smallest, 40)) * 10 + 100 for _ in range(n_groups)
    ]
    return [np.round(values) for values in groups] if seed % 2 else groups


def by_name(results):
    return {result.name: result for result in results}


@given(seeds)
def test_a_summary_is_numpys_with_n_minus_one(seed):
    (values,) = draw_groups(seed, 1)
    summary = summarise(np.append(values, [np.nan, np.nan]))
    assert (summary.n, summary.n_missing) == (values.size, 2)
    assert summary.mean == pytest.approx(values.mean())
    assert summary.sd == pytest.approx(values.std(ddof=1))
    assert [summary.lower_quartile, summary.median, summary.upper_quartile] == pytest.approx(
        np.percentile(values, [25, 50, 75]).tolist()
    )
    assert (summary.minimum, summary.maximum) == (values.min(), values.max())


@given(seeds)
def test_tests_of_two_groups_are_those_of_scipy(seed):
    first, second = draw_groups(seed, 2)
    tests = by_name(compare_numbers([first, second]).tests)
    student, welch = stats.ttest_ind(first, second), stats.ttest_ind(first, second, equal_var=False)
    assert tests["Student's t"].statistic == pytest.approx(student.statistic, rel=1e-10)
    assert tests["Student's t"].p_value == pytest.approx(student.pvalue, rel=1e-10)
    assert tests["Student's t"].dof == (student.df,)
    assert tests["Welch's t"].statistic == pytest.approx(welch.statistic, rel=1e-10)
    assert tests["Welch's t"].p_value == pytest.approx(welch.pvalue, rel=1e-10)
    assert tests["Welch's t"].dof == pytest.approx((welch.df,), rel=1e-10)


@given(seeds)
def test_mann_whitney_is_that_of_scipy_exact_and_approximate(seed):
    first, second = draw_groups(seed, 2, smallest=1)
    ours, oracle = mann_whitney_u(first, second), stats.mannwhitneyu(first, second)
    assert ours.statistic == oracle.statistic
    assert ours.p_value == pytest.approx(oracle.pvalue, rel=1e-10)


@given(seeds, st.integers(3, 6))
def test_tests_of_more_groups_are_those_of_scipy_and_statsmodels(seed, n_groups):
    groups = draw_groups(seed, n_groups, smallest=4)
    tests = by_name(compare_numbers(groups).tests)
    anova, kruskal = stats.f_oneway(*groups), stats.kruskal(*groups)
    assert tests["Analysis of variance"].statistic == pytest.approx(anova.statistic, rel=1e-10)
    assert tests["Analysis of variance"].p_value == pytest.approx(anova.pvalue, rel=1e-9)
    assert tests["Kruskal-Wallis H"].statistic == pytest.approx(kruskal.statistic, rel=1e-10)
    assert tests["Kruskal-Wallis H"].p_value == pytest.approx(kruskal.pvalue, rel=1e-9)
    welch = anova_oneway(groups, use_var="unequal", welch_correction=True)
    assert tests["Welch's analysis of variance"].statistic == pytest.approx(welch.statistic, rel=1e-10)
    assert tests["Welch's analysis of variance"].dof == pytest.approx(welch.df, rel=1e-10)
    assert tests["Welch's analysis of variance"].p_value == pytest.approx(welch.pvalue, rel=1e-9)


@given(seeds)
def test_the_interval_of_cohens_d_inverts_the_noncentral_t(seed):
    first, second = draw_groups(seed, 2, smallest=4)
    effect, t = cohen_d(first, second), stats.ttest_ind(first, second)
    scale = np.sqrt(1 / first.size + 1 / second.size)
    assert effect.value == pytest.approx(t.statistic * scale, rel=1e-10)
    assert stats.nct.sf(t.statistic, t.df, effect.lower / scale) == pytest.approx(0.025, abs=1e-6)
    assert stats.nct.cdf(t.statistic, t.df, effect.upper / scale) == pytest.approx(0.025, abs=1e-6)
    assert (effect.lower <= 0 <= effect.upper) == (t.pvalue >= 0.05)


@pytest.mark.parametrize("shift", [0, 0.1, 2, 20, -20])
def test_the_interval_of_cohens_d_is_there_for_large_groups_and_large_effects(rng, shift):
    first, second = rng.standard_normal(5000) + shift, rng.standard_normal(3000)
    effect = cohen_d(first, second)
    error = np.sqrt(1 / 5000 + 1 / 3000 + effect.value**2 / 16_000)
    assert (effect.lower, effect.upper) == pytest.approx(
        (effect.value - 1.96 * error, effect.value + 1.96 * error), abs=0.01 * error
    )


def test_hedges_g_takes_the_bias_off_cohens_d(rng):
    samples = rng.standard_normal((4000, 2, 5)) + np.array([[0.8], [0]])
    mean_d = np.mean([cohen_d(*pair).value for pair in samples])
    mean_g = np.mean([hedges_g(*pair).value for pair in samples])
    assert mean_d > 0.85
    assert mean_g == pytest.approx(0.8, abs=0.03)


def test_eta_squared_excludes_zero_just_where_the_analysis_of_variance_is_significant(rng):
    for _ in range(60):
        groups = list(rng.standard_normal((3, 20)) + rng.normal(0, 0.3, (3, 1)))
        effect, test = eta_squared(groups), compare_numbers(groups).tests[0]
        assert (effect.lower > 0) == (test.p_value < 0.05)
        assert effect.lower <= effect.value <= effect.upper
        assert omega_squared(groups).value < effect.value
        if effect.lower > 0:
            noncentrality = 60 * effect.lower / (1 - effect.lower)
            assert stats.ncf.sf(test.statistic, *test.dof, noncentrality) == pytest.approx(0.05, abs=1e-4)


def test_eta_and_omega_squared_are_those_of_a_worked_example():
    groups = [np.array([1.0, 2, 3]), np.array([2.0, 3, 4]), np.array([6.0, 7, 8])]  # between 42, within 6
    assert eta_squared(groups).value == pytest.approx(42 / 48)
    assert omega_squared(groups).value == pytest.approx((42 - 2) / (48 + 1))


@given(seeds)
def test_exchanging_the_groups_exchanges_the_signs(seed):
    groups = draw_groups(seed, 2)
    ahead, back = compare_numbers(groups), compare_numbers(groups[::-1])
    for one, other in zip(ahead.tests, back.tests, strict=True):
        assert one.p_value == pytest.approx(other.p_value, rel=1e-9)
    assert ahead.effects[0].value == pytest.approx(-back.effects[0].value)
    assert ahead.effects[0].lower == pytest.approx(-back.effects[0].upper, abs=1e-6)


def test_what_cannot_be_tested_is_told():
    empty, one, two = np.array([np.nan]), np.array([3.0]), np.array([1.0, 2.0])
    assert compare_numbers([two]).tests == ()
    left_out = compare_numbers([empty, two, two + 1])
    assert (left_out.n_empty, left_out.n_groups, left_out.only_ranks) == (1, 3, None)
    assert [test.name for test in left_out.tests] == ["Student's t", "Welch's t", "Mann-Whitney U"]
    single = compare_numbers([one, two])
    assert [test.symbol for test in single.tests] == ["U"]
    assert (single.n_empty, single.only_ranks) == (0, "single value")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        constant = compare_numbers([np.full(9, 1.0), np.full(9, 1.0)])
        assert constant.tests[0].p_value == 1
        assert constant.only_ranks == "no variation"
        assert np.isnan(kruskal_wallis([np.full(3, 1.0)] * 3).p_value)
        partly = compare_numbers([np.full(9, 1.0), np.arange(9.0), np.arange(9.0)])
    assert np.isnan(by_name(partly.tests)["Welch's analysis of variance"].p_value)


def test_subjects_in_two_groups_are_found():
    groups = [np.array([True, True, False, False]), np.array([False, True, True, False])]
    np.testing.assert_array_equal(shared_subjects(groups), [1])


def test_p_values_below_the_smallest_double_keep_their_logarithm(rng):
    groups = [rng.standard_normal(3000) + shift for shift in (0, 40, 80)]
    two, three = compare_numbers(groups[:2]).tests, compare_numbers(groups).tests
    assert [test.p_value for test in (*two, *three)] == [0] * 6
    r = np.corrcoef(np.concatenate(groups[:2]), np.repeat([0, 1], 3000))[0, 1]
    assert two[0].neg_log10_p == pytest.approx(float(neg_log10_p_of_r(r, 5998)), rel=1e-9)
    assert two[1].neg_log10_p == pytest.approx(two[0].neg_log10_p, rel=1e-3)
    z = (3000 * 3000 / 2 - 0.5) / np.sqrt(3000 * 3000 / 12 * 6001)
    assert two[2].neg_log10_p == pytest.approx(-(np.log(2) + stats.norm.logsf(z)) / np.log(10), rel=1e-12)
    # Of two degrees of freedom the tails of F and of chi-squared are powers and exponentials.
    eta, dof = eta_squared(groups).value, 8997
    assert three[0].neg_log10_p == pytest.approx(-dof / 2 * np.log10(1 - eta), rel=1e-9)
    assert three[2].neg_log10_p == pytest.approx(three[2].statistic / 2 / np.log(10), rel=1e-12)
