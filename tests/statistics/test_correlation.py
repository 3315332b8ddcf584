"""Correlation, against scipy; and the fast map against the exact one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from imagenomer.errors import InputError
from imagenomer.statistics.column_moments import column_moments
from imagenomer.statistics.correction import adjust_neg_log10, rejected
from imagenomer.statistics.correlation import (
    FAST_R_ERROR,
    Correlation,
    correlate,
    correlate_fast,
    edges_to_recheck,
    fisher_interval,
)
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.tails import neg_log10_p_of_r, p_of_r, r_of_p

ORACLES = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}


every_kind = pytest.mark.parametrize("kind", ORACLES)


seeds = st.integers(0, 2**32 - 1)


def sample(seed, n_subjects=40, n_features=6):
    """Draw features, some of them rounded so that ties occur, and a target that follows the first."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n_subjects, n_features)) * 10.0 ** rng.integers(-3, 4, n_features)
    features[:, 3:] = np.round(rng.standard_normal((n_subjects, n_features - 3)) * 2) + rng.normal() * 10
    target = features[:, 0] / np.ptp(features[:, 0]) + rng.standard_normal(n_subjects)
    return features, np.round(target, 1)


@pytest.fixture(scope="module")
def connectome():
    """830 subjects in order of a phenotype, the worst case for float32 sums; 2,000 edges, some hard."""
    rng = np.random.default_rng(7)
    target = np.sort(rng.standard_normal(830))
    values = rng.normal(0, 0.2, (830, 2000)) + rng.uniform(-0.3, 0.9, 2000)
    values[:, :40] += 0.1 * target[:, None] * rng.uniform(0, 1, 40)
    values[:, 50:100] += rng.uniform(-3, 3, 50)  # means up to fifteen standard deviations
    values[:, 100:150] += 10.0 ** rng.uniform(1, 4, 50)  # means up to 50,000 standard deviations
    values[:, 150] = 0.1
    return values.astype(np.float32), target


def rows_in_use(name, n, rng):
    return {"all": np.arange(n), "half": np.sort(rng.permutation(n)[: n // 2]), "block": np.arange(100, 400)}[name]


def as_correlation(r, dof):
    return Correlation(r, p_of_r(r, dof), neg_log10_p_of_r(r, dof), dof + 2, dof)


@every_kind
@given(seeds)
def test_it_is_scipy(kind, seed):
    features, target = sample(seed)
    ours = correlate(features, target, kind)
    for feature, r, p in zip(features.T, ours.r, ours.p_value, strict=True):
        oracle = ORACLES[kind](feature, target)
        assert r == pytest.approx(oracle.statistic, abs=1e-10)
        assert p == pytest.approx(oracle.pvalue, rel=1e-10)
    np.testing.assert_allclose(10**-ours.neg_log10_p, ours.p_value, rtol=1e-10)


@every_kind
@given(seeds)
def test_a_feature_with_missing_values_uses_its_own_complete_cases(kind, seed):
    features, target = sample(seed)
    features[np.random.default_rng(seed).uniform(size=features.shape) < 0.2] = np.nan
    features[0, 0] = np.inf
    ours = correlate(features, target, kind)
    for index, feature in enumerate(features.T):
        present = np.isfinite(feature)
        oracle = ORACLES[kind](feature[present], target[present])
        assert ours.n_subjects[index] == present.sum() == ours.dof[index] + 2
        assert ours.r[index] == pytest.approx(oracle.statistic, abs=1e-10)
        assert ours.p_value[index] == pytest.approx(oracle.pvalue, rel=1e-10)


@every_kind
@given(seeds)
def test_turning_the_target_round_turns_the_sign(kind, seed):
    features, target = sample(seed)
    ahead, back = correlate(features, target, kind), correlate(features, -target, kind)
    np.testing.assert_allclose(back.r, -ahead.r, atol=1e-12)
    np.testing.assert_allclose(back.p_value, ahead.p_value, rtol=1e-9)


@every_kind
@given(seeds, st.floats(0.01, 100), st.floats(-100, 100))
def test_units_and_origin_do_not_matter(kind, seed, scale, offset):
    features, target = sample(seed)
    ours = correlate(scale * features + offset, scale * target + offset, kind)
    np.testing.assert_allclose(ours.r, correlate(features, target, kind).r, atol=1e-8)


@every_kind
@given(seeds)
def test_the_order_of_subjects_does_not_matter(kind, seed):
    features, target = sample(seed)
    order = np.random.default_rng(seed).permutation(target.size)
    ours = correlate(features[order], target[order], kind)
    np.testing.assert_allclose(ours.r, correlate(features, target, kind).r, atol=1e-12)


@given(seeds)
def test_spearman_sees_only_the_order_of_values(seed):
    features, target = sample(seed)
    stretched = correlate(features, np.exp(target), "spearman")
    np.testing.assert_allclose(stretched.r, correlate(features, target, "spearman").r, atol=1e-12)


@every_kind
def test_a_feature_that_does_not_vary_has_no_correlation(kind):
    target = np.arange(10.0)
    features = np.column_stack([np.full(10, 0.1), np.full(10, 1e9), target])
    ours = correlate(features, target, kind)
    np.testing.assert_array_equal(np.isnan(ours.r), [True, True, False])
    assert np.isnan(ours.p_value).all()  # of the target itself there is no test either
    assert ours.r[2] == pytest.approx(1)


@every_kind
def test_a_feature_with_fewer_than_three_values_has_no_correlation(kind):
    features = np.full((5, 3), np.nan)
    features[:2, 0], features[:3, 1] = [1, 2], [1, 2, 4]
    ours = correlate(features, np.arange(5.0), kind)
    np.testing.assert_array_equal(np.isnan(ours.r), [True, False, True])
    np.testing.assert_array_equal(ours.n_subjects, [2, 3, 0])


def test_a_target_that_is_constant_over_a_feature_s_cases_gives_nan():
    features = np.array([[1.0, 2, 3, np.nan], [1.0, 2, 3, 4]]).T
    np.testing.assert_array_equal(np.isnan(correlate(features, np.array([0.1, 0.1, 0.1, 1])).r), [True, False])


def test_a_constant_target_is_refused_with_its_value():
    with pytest.raises(InputError, match="all 4 subjects have the same value, 7"):
        correlate(np.eye(4), np.full(4, 7.0))


def test_two_subjects_are_refused():
    with pytest.raises(InputError, match="2 subjects are too few"):
        correlate(np.eye(2), np.arange(2.0))


def test_missing_targets_and_wrong_lengths_are_bugs_of_the_caller():
    with pytest.raises(ValueError, match="missing values"):
        correlate(np.eye(4), np.array([1, 2, np.nan, 3]))
    with pytest.raises(ValueError, match=r"shape \(3,\) for 4 subjects"):
        correlate(np.eye(4), np.arange(3.0))


def test_the_fisher_interval_is_scipys(rng):
    x, y = rng.standard_normal((2, 25))
    oracle = stats.pearsonr(x, y)
    lower, upper = fisher_interval(oracle.statistic, 25, 0.9)
    assert (lower, upper) == pytest.approx(tuple(oracle.confidence_interval(0.9)), abs=1e-12)


def test_the_interval_of_spearman_is_wider_and_three_subjects_have_none():
    pearson, spearman = fisher_interval(0.5, 30), fisher_interval(0.5, 30, kind="spearman")
    assert spearman[0] < pearson[0] < 0.5 < pearson[1] < spearman[1]
    assert np.isnan(fisher_interval(0.5, 3)).all()


@pytest.mark.parametrize("subset", ["all", "half", "block"])
@pytest.mark.parametrize("kind_of_target", ["number", "category"])
def test_the_fast_map_is_within_its_stated_error(connectome, subset, kind_of_target, rng):
    values, target = connectome
    rows = rows_in_use(subset, 830, rng)
    target = target[rows] if kind_of_target == "number" else (target[rows] > np.median(target[rows])) * 1.0
    fast = correlate_fast(values, target, column_moments(values, rows))
    exact = correlate(values[rows], target)
    np.testing.assert_allclose(fast.r, exact.r, rtol=0, atol=FAST_R_ERROR / 2.5)
    np.testing.assert_array_equal(fast.dof, exact.dof)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(fast.r)), [150])
    np.testing.assert_allclose(fast.neg_log10_p, neg_log10_p_of_r(fast.r, rows.size - 2), rtol=1e-7)
    np.testing.assert_allclose(fast.p_value, p_of_r(fast.r, rows.size - 2), rtol=1e-5)


def test_missing_values_are_left_out_feature_by_feature_in_the_fast_map_too(connectome, rng):
    values, target = connectome[0].copy(), connectome[1]
    rows = rows_in_use("half", 830, rng)
    unused = np.setdiff1d(np.arange(830), rows)
    values[unused[0]] = np.nan  # a scan that is not in use does no harm
    values[rows[5], 10:300] = np.nan
    values[rng.uniform(size=830) < 0.3, 301] = np.inf
    values[rows[1:-1], 302] = np.nan
    values[rows[0], 303] = np.nan  # the row that deviations are taken from
    values[rows[target[rows] > 0], 304] = np.nan
    target = (target[rows] > 0) * 1.0
    fast = correlate_fast(values, target, column_moments(values, rows))
    exact = correlate(values[rows], target)
    np.testing.assert_allclose(fast.r, exact.r, rtol=0, atol=FAST_R_ERROR / 2.5)
    np.testing.assert_array_equal(fast.n_subjects, exact.n_subjects)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(fast.r)), [150, 302, 304])
    np.testing.assert_allclose(fast.neg_log10_p, exact.neg_log10_p, rtol=1e-3, atol=1e-4)


def test_the_fast_map_leaves_connectivity_as_it_was(connectome):
    values, target = connectome
    before = values.copy()
    correlate_fast(values, target, column_moments(values, np.arange(830)))
    np.testing.assert_array_equal(values, before)


def test_the_fast_map_of_ranks_is_spearman(connectome):
    values, target = np.round(connectome[0][:, :400], 1), np.round(connectome[1])
    ranks = np.ascontiguousarray(average_ranks(values), dtype=np.float32)
    fast = correlate_fast(ranks, average_ranks(target[:, None])[:, 0], column_moments(ranks, np.arange(830)))
    np.testing.assert_allclose(fast.r, correlate(values, target, "spearman").r, rtol=0, atol=FAST_R_ERROR / 2.5)


@pytest.mark.parametrize("method", ["bonferroni", "holm", "bh", "by"])
@settings(max_examples=25)
@given(seed=seeds, n_top=st.sampled_from([1, 10, 100]))
def test_what_is_rechecked_is_enough_for_the_decisions_the_table_and_its_adjusted_p_values(method, seed, n_top):
    rng = np.random.default_rng(seed)
    exact_r = np.tanh(rng.normal(0, 0.04, 3000) + rng.choice([0, 0.1], p=[0.97, 0.03], size=3000))
    dof = np.where(rng.uniform(size=3000) < 0.05, 790, 800)
    exact = as_correlation(exact_r, dof)
    fast = as_correlation(exact_r + rng.choice([-1, 1], 3000) * 0.999 * FAST_R_ERROR, dof)
    edges = edges_to_recheck(fast, method, 0.05, n_top)
    mended = fast.replace(edges, as_correlation(exact_r[edges], dof[edges]))
    np.testing.assert_array_equal(rejected(mended.neg_log10_p, method, 0.05), rejected(exact.neg_log10_p, method, 0.05))
    top = np.argsort(-np.abs(exact.r))[:n_top]
    np.testing.assert_array_equal(np.argsort(-np.abs(mended.r))[:n_top], top)
    np.testing.assert_allclose(
        adjust_neg_log10(mended.neg_log10_p, method)[top], adjust_neg_log10(exact.neg_log10_p, method)[top], rtol=1e-12
    )
    assert edges.size < 1000


@pytest.mark.parametrize("method", ["bonferroni", "holm", "bh", "by"])
def test_an_edge_on_the_threshold_is_rechecked_though_it_is_not_listed(method):
    eleventh = {"bonferroni": 1 / 100, "holm": 1 / 90, "bh": 11 / 100, "by": 11 / 100 / (1 / np.arange(1, 101)).sum()}
    on_the_threshold = r_of_p(0.05 * eleventh[method], 800)
    r = np.concatenate([np.linspace(0.5, 0.6, 10), [on_the_threshold], np.linspace(0, 0.01, 89)])
    np.testing.assert_array_equal(edges_to_recheck(as_correlation(r, np.full(100, 800)), method, 0.05, 1), [9, 10])


def test_nothing_is_rechecked_where_nothing_was_tested():
    nothing = as_correlation(np.full(3, np.nan), np.full(3, 5))
    assert edges_to_recheck(nothing, "bh", 0.05, 10).size == 0


def test_bonferroni_finds_something_in_one_of_twenty_maps_of_nothing():
    """1,000 shuffled phenotypes: 5 % within two standard errors, 1.4 percentage points."""
    rng = np.random.default_rng(20)
    values = rng.standard_normal((60, 500)).astype(np.float32)
    phenotype = rng.standard_normal(60)
    moments = column_moments(values, np.arange(60))
    found = 0
    for _ in range(1000):
        fast = correlate_fast(values, rng.permutation(phenotype), moments)
        found += rejected(fast.neg_log10_p, "bonferroni", 0.05).any()
    assert 36 <= found <= 64
