"""Strata, and subsamples in which two things are balanced."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.statistics.strata import bin_number, match_cells, match_levels, strata_of

seeds = st.integers(0, 2**32 - 1)
few_values = st.lists(st.integers(0, 12), min_size=1, max_size=80)


@given(few_values, st.integers(1, 10))
def test_bins_are_in_order_and_never_tear_equal_values_apart(values, n_bins):
    values = np.array(values, dtype=float)
    bins = bin_number(values, n_bins)
    order = np.argsort(values, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    for value in np.unique(values):
        assert np.unique(bins[values == value]).size == 1
    assert set(bins.tolist()) == set(range(bins.max() + 1))
    assert bins.max() < n_bins


def test_bins_of_distinct_values_are_of_one_size():
    assert np.bincount(bin_number(np.random.default_rng(0).standard_normal(100), 5)).tolist() == [20] * 5


def test_the_strata_of_a_category_are_its_levels_that_occur():
    sex = Phenotype("sex", np.array([2, 0, 2, -1]), levels=("F", "X", "M"))
    strata = strata_of(sex, np.array([0, 1, 2]))
    assert strata.names == ("F", "M")
    assert strata.codes.tolist() == [1, 0, 1]
    assert not strata.binned
    with pytest.raises(ValueError, match="missing"):
        strata_of(sex, np.arange(4))


def test_the_strata_of_a_number_say_their_range_and_are_few_where_subjects_are():
    age = Phenotype("age", np.arange(30.0))
    strata = strata_of(age, np.arange(30))
    assert strata.names == ("0 to 9", "10 to 19", "20 to 29")
    assert strata.sizes.tolist() == [10, 10, 10]
    assert strata.binned
    assert strata_of(age, np.arange(9)).names == ("0 to 8",)


@given(seeds, st.integers(2, 3))
def test_matched_sets_have_one_subject_of_each_level_within_the_caliper(seed, n_levels):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, n_levels, 60)
    number = rng.standard_normal(60) + codes
    matched = match_levels(codes, number, rng=rng)
    assert np.unique(matched.chosen).size == matched.chosen.size
    assert (np.diff(matched.chosen) > 0).all()
    for one in np.unique(matched.together):
        own = matched.chosen[matched.together == one]
        assert sorted(codes[own].tolist()) == list(range(n_levels))
        # Each lies within the caliper of the anchor, so two of three may be twice as far apart.
        assert np.ptp(number[own]) <= matched.caliper * (n_levels - 1) + 1e-12
    assert matched.caliper == pytest.approx(0.2 * number.std())


def test_matching_balances_what_was_not():
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 2, 400)
    number = 10 * (rng.standard_normal(400) + codes)
    matched = match_levels(codes, number, rng=rng)
    kept = matched.chosen
    assert stats.ttest_ind(number[codes == 1], number[codes == 0]).pvalue < 1e-10
    assert stats.ttest_ind(number[kept][codes[kept] == 1], number[kept][codes[kept] == 0]).pvalue > 0.3
    assert matched.before > 0.8
    assert matched.after < 0.1
    means = [number[codes == level].mean() for level in (0, 1)]
    assert matched.before == pytest.approx((means[1] - means[0]) / number.std())
    assert kept.size > 200


def test_levels_far_apart_leave_nobody_and_one_level_is_refused():
    codes = np.repeat([0, 1], 10)
    matched = match_levels(codes, codes * 10 + np.arange(20) % 10 / 100, rng=np.random.default_rng(0))
    assert matched.chosen.size == 0
    assert np.isnan(matched.after)
    with pytest.raises(InputError, match="same level"):
        match_levels(np.zeros(5, dtype=int), np.arange(5.0), rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="same for all subjects"):
        match_levels(codes, np.zeros(20), rng=np.random.default_rng(0))


@given(seeds)
def test_matched_cells_make_two_categories_independent(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 2, 90), rng.integers(0, 3, 90)
    kept = match_cells(first, second, rng=rng)
    table = np.array([[np.sum((first[kept] == a) & (second[kept] == b)) for b in range(3)] for a in range(2)])
    whole = np.array([[np.sum((first == a) & (second == b)) for b in range(3)] for a in range(2)])
    np.testing.assert_array_equal(table, np.broadcast_to(whole.min(axis=0), (2, 3)))
    assert (np.diff(kept) > 0).all()
