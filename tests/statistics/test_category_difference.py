"""Differences between groups in a category, against scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imagenomer.errors import InputError
from imagenomer.statistics.category_difference import compare_categories, count_levels

seeds = st.integers(0, 2**32 - 1)


def by_name(results):
    return {result.name: result for result in results}


@given(seeds, st.integers(2, 4), st.integers(2, 5))
def test_chi_squared_and_cramers_v_are_those_of_scipy(seed, n_groups, n_levels):
    counts = np.random.default_rng(seed).integers(1, 30, (n_groups, n_levels))
    ours, oracle = compare_categories(counts), stats.chi2_contingency(counts, correction=False)
    np.testing.assert_allclose(ours.expected, oracle.expected_freq)
    assert ours.tests[0].statistic == pytest.approx(oracle.statistic, rel=1e-10)
    assert ours.tests[0].p_value == pytest.approx(oracle.pvalue, rel=1e-10)
    assert ours.tests[0].dof == (oracle.dof,)
    assert ours.effects[0].value == pytest.approx(stats.contingency.association(counts, "cramer"), rel=1e-10)
    assert ours.n_small_expected == np.count_nonzero(oracle.expected_freq < 5)


@given(st.lists(st.integers(0, 40), min_size=4, max_size=4))
def test_fishers_exact_test_is_that_of_scipy(cells):
    counts = np.array(cells).reshape(2, 2)
    ours = by_name(compare_categories(counts).tests)
    if (counts.sum(axis=0) == 0).any() or (counts.sum(axis=1) == 0).any():
        assert not ours
    else:
        odds_ratio, p_value = stats.fisher_exact(counts)
        assert ours["Fisher's exact test"].p_value == pytest.approx(p_value, rel=1e-9)
        assert ours["Fisher's exact test"].statistic == pytest.approx(odds_ratio)


def test_empty_groups_and_levels_take_no_part():
    full, holes = np.array([[10, 20], [30, 5]]), np.array([[10, 0, 20], [0, 0, 0], [30, 0, 5]])
    ours = compare_categories(holes)
    assert ours.tests == compare_categories(full).tests
    np.testing.assert_array_equal(ours.expected > 0, holes > 0)
    assert (ours.n_empty, ours.n_groups) == (1, 3)


def test_one_level_or_an_impossible_count_cannot_be_tested():
    assert compare_categories(np.array([[10, 0], [5, 0]])).tests == ()
    with pytest.raises(InputError, match="-3"):
        compare_categories(np.array([[1, -3], [2, 2]]))


def test_levels_are_counted_without_the_missing():
    counts = count_levels([np.array([0, 2, 2, -1]), np.array([-1])], 3)
    np.testing.assert_array_equal(counts, [[1, 0, 2], [0, 0, 0]])
