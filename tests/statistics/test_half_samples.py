"""Intervals of predictions by half-samples: against scikit-learn the long way, and what they may not do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import linear_model

from imagenomer.progress import finish
from imagenomer.statistics import folds, half_samples
from imagenomer.statistics.folds import Split
from imagenomer.statistics.half_samples import HalfSamples, intervals, pairs_for
from imagenomer.statistics.models import ConnectomeModel, ElasticNet, Ridge
from imagenomer.statistics.prediction import cross_validate, estimates
from imagenomer.statistics.sample_space import sample_space
from predicted import N

HALF = Ridge((0.5,))


def halves_of(space, target, splits, n_pairs=3, seed=1, model=HALF, **more):
    rng = np.random.default_rng(seed)
    return finish(half_samples.half_samples(space, target, splits, model, rng, n_pairs=n_pairs, **more))


def test_the_interval_is_that_of_halves_cross_validated_with_scikit_learn(edges, space, target):
    splits, n_pairs = folds.k_fold(N, 4, np.random.default_rng(2)), 4
    result = finish(cross_validate(space, target, splits, Ridge((0.5,))))
    found = intervals(result, halves_of(space, target, splits, n_pairs))
    dof = 2

    def absolute_error_in(who):
        wrong = []
        for split in splits:
            train, test = np.intersect1d(split.train, who), np.intersect1d(split.test, who)
            model = linear_model.Ridge(0.5).fit(edges[train], target[train])
            wrong.append(np.abs(target[test] - model.predict(edges[test])))
        return np.concatenate(wrong).mean()

    rng, squared = np.random.default_rng(1), []
    tested_by = np.argmax([np.isin(np.arange(N), split.test) for split in splits], axis=0)
    for _ in range(n_pairs):
        one, other = (half.test for half in folds.k_fold(N, 2, rng, stratify=tested_by))
        squared.append((absolute_error_in(one) - absolute_error_in(other)) ** 2)
    estimate = np.abs(target - np.nansum(result.predicted, axis=0)).mean()
    margin = stats.t.ppf(0.975, dof) * np.sqrt(np.mean(squared) / 4) / estimate  # on the scale of the logarithm
    assert found["mae"].estimate == pytest.approx(estimate)
    assert found["mae"].low == pytest.approx(estimate * np.exp(-margin), rel=1e-4)
    assert found["mae"].high == pytest.approx(estimate * np.exp(margin), rel=1e-4)


def test_halves_share_nobody_and_keep_together_what_must_be(space, target, monkeypatch):
    families, seen = np.arange(N) // 3, []

    def remembered(own, values, splits, model, **more):
        seen.append((own.rows, splits))
        return (yield from cross_validate(own, values, splits, model, **more))

    monkeypatch.setattr(half_samples, "cross_validate", remembered)
    splits = folds.repeated(N, 6, 0.25, np.random.default_rng(3), together=families)
    found = halves_of(space, target, splits, together=families)
    assert found.n_pairs == 3
    for (one, own_splits), (other, _) in zip(seen[::2], seen[1::2], strict=True):
        assert sorted([*one, *other]) == list(range(N))
        assert not set(families[one]) & set(families[other])
        for split in own_splits:
            assert not set(families[one[split.train]]) & set(families[one[split.test]])
        # Six repetitions that test a quarter are four folds of a half, in which everybody is tested once.
        assert sorted(np.concatenate([split.test for split in own_splits])) == list(range(one.size))
        assert len(own_splits) == 4


def test_few_families_leave_few_degrees_of_freedom(space, target):
    families = np.arange(N) % 5
    splits = folds.repeated(N, 4, 0.4, np.random.default_rng(3), together=families)
    assert halves_of(space, target, splits, n_pairs=12, together=families).dof == 4
    assert halves_of(space, target, splits, n_pairs=12).dof == 6


def test_a_site_that_is_left_out_is_left_out_in_halves(space, target):
    site = np.arange(N) % 3
    splits = folds.leave_one_out_of(site, ("a", "b", "c"))
    found = halves_of(space, target, splits)
    assert not found.refusal
    assert np.isfinite(found.scores["r2"]).all()


def test_one_group_on_another_has_halves_of_both(space, target):
    groups = (Split(np.arange(N // 2), np.arange(N // 2, N - 5), "the test group"),)
    found = halves_of(space, target, groups)
    assert found.n_subjects == N - 5
    assert np.isfinite(found.scores["r"]).all()


def test_small_samples_and_rare_classes_have_no_interval(edges, target):
    small = finish(sample_space(edges, np.arange(38)))
    found = halves_of(small, target[:38], folds.k_fold(38, 4, np.random.default_rng(2)))
    assert "38 subjects are fewer than the 40" in found.refusal
    space = finish(sample_space(edges, np.arange(N)))
    rare = (np.arange(N) < 7).astype(int)
    splits = folds.k_fold(N, 4, np.random.default_rng(2), stratify=rare)
    refused = halves_of(space, rare, splits)
    assert "fewer than the 8 subjects" in refused.refusal
    result = finish(cross_validate(space, rare, splits, Ridge()))
    assert all(np.isnan(one.low) and np.isfinite(one.estimate) for one in intervals(result, refused).values())


def test_more_covariates_than_half_can_fit_are_refused_in_words(space, target, rng):
    covariates = rng.standard_normal((N, 2 * N // 5))
    splits = folds.k_fold(N, 4, np.random.default_rng(2))
    found = halves_of(space, target, splits, covariates=covariates, use="residual")
    assert found.refusal.startswith("half of the subjects are too few: ")


def test_scores_whose_intervals_do_not_cover_have_none(space, target):
    splits = folds.k_fold(N, 4, np.random.default_rng(2))
    found = intervals(finish(cross_validate(space, target, splits, Ridge())), halves_of(space, target, splits))
    assert [name for name, one in found.items() if np.isnan(one.low)] == ["rmse"]
    classes = (target > np.median(target)).astype(int)
    splits = folds.k_fold(N, 4, np.random.default_rng(2), stratify=classes)
    found = intervals(finish(cross_validate(space, classes, splits, Ridge())), halves_of(space, classes, splits))
    assert [name for name, one in found.items() if np.isnan(one.low)] == ["accuracy"]


def test_the_limits_stay_where_scores_can_be_and_hold_the_estimate():
    pairs = np.array([[0.9, 0.99], [0.97, 0.93], [0.999, 0.9]])
    for name in ("r2", "r", "auc", "balanced_accuracy"):
        for estimate in (0.97, 0.999):
            one = HalfSamples({name: pairs}, 3, 60).interval(name, estimate)
            assert one.low <= estimate <= one.high <= 1
    assert np.isnan(HalfSamples({"r2": pairs}, 3, 60).interval("r2", 1.0).low)  # reaches further than numbers do
    assert HalfSamples({"mae": pairs}, 3, 60).interval("mae", 0.1).low > 0
    alike = HalfSamples({"auc": np.ones((3, 2))}, 3, 60)
    assert np.isnan(alike.interval("auc", 1.0).low)  # says nothing of how far it may be off


def test_r_squared_bounds_r2_where_halves_learn_nothing(space, rng):
    """All halves choose the strongest penalty, and their R2 are alike; r says that a larger one is possible."""
    splits, found = folds.k_fold(N, 4, np.random.default_rng(2)), []
    target = rng.standard_normal(N)
    result = finish(cross_validate(space, target, splits, Ridge((1e9,))))
    found = intervals(result, halves_of(space, target, splits, model=Ridge((1e9,))))
    assert found["r2"].high >= max(found["r"].high, 0) ** 2
    assert found["r2"].low <= estimates(result)["r2"] <= found["r2"].high


def test_the_auc_bounds_balanced_accuracy_where_halves_call_everybody_the_largest_class(space, rng):
    splits = folds.k_fold(N, 4, np.random.default_rng(2))
    rare = rng.permutation((np.arange(N) < 10).astype(int))
    result = finish(cross_validate(space, rare, splits, Ridge((0.5,))))
    halves = halves_of(space, rare, splits)
    found = intervals(result, halves)
    assert found["balanced_accuracy"].high >= found["auc"].high > halves.limits("balanced_accuracy", 0.5).high


def test_fewer_pairs_are_fitted_where_fits_are_slow(space):
    assert pairs_for(space, Ridge()) == half_samples.N_PAIRS > half_samples.N_PAIRS_SLOW
    assert pairs_for(space, ElasticNet()) == pairs_for(space, ConnectomeModel()) == half_samples.N_PAIRS_SLOW


def test_the_same_seed_draws_the_same_halves(space, target):
    splits = folds.k_fold(N, 4, np.random.default_rng(2))
    one, again, other = (halves_of(space, target, splits, seed=seed).scores["r2"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
