"""Connectivity harmonised within splits: against ComBat and scikit-learn one after the other, and what never leaks."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as ElasticNetOfSklearn
from sklearn.linear_model import Ridge as RidgeOfSklearn

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import fold_harmonisation, folds
from imagenomer.statistics.combat import fit_combat
from imagenomer.statistics.fold_harmonisation import harmonised_edges
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import ConnectomeModel, ElasticNet, InnerFolds, Logistic, Ridge, TopFeatures
from imagenomer.statistics.prediction import cross_validate, fit_everybody
from imagenomer.statistics.prediction_checks import learning_curve, permutation_test
from imagenomer.statistics.sample_space import space_of_features
from imagenomer.statistics.sites import sites_of

N, P = 90, 300
NAMES = ("Boston", "Chicago", "Denver")


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(3).permutation(np.repeat([0, 1, 2], [20, 30, 40]))


@pytest.fixture(scope="module")
def age():
    return np.random.default_rng(4).normal(40, 9, N)


@pytest.fixture(scope="module")
def values(codes, age):
    """Edges with a mean and a spread at each site; a third of them follow age."""
    rng = np.random.default_rng(5)
    own = rng.normal(0, 0.15, (3, P))[codes] + rng.uniform(0.6, 1.5, (3, P))[codes] * rng.normal(0, 0.2, (N, P))
    return (own + rng.uniform(-0.3, 0.8, P) + 0.01 * age[:, None] * (np.arange(P) % 3 == 0)).astype(np.float32)


@pytest.fixture(scope="module")
def target(values, age):
    return 100 + 6 * values[:, 20:50].sum(axis=1) + age + np.random.default_rng(7).normal(0, 3, N)


@pytest.fixture(scope="module")
def splits(codes):
    return folds.repeated(N, 3, 0.25, np.random.default_rng(8), stratify=codes)


def sites(codes, age=None):
    return sites_of(codes, NAMES) if age is None else sites_of(codes, NAMES, age[:, None], ("age",))


def space_of(values, own, rows=None):
    rows = np.arange(N) if rows is None else rows
    return finish(space_of_features(harmonised_edges(values, rows, own), rows))


def by_combat(values, own, train):
    """Everybody's edges as ComBat has them, learned from the training rows: the whole array, in float64."""
    combat = finish(fit_combat(values, train, own.of(train)))
    return combat.adjust(values.astype(np.float64), slice(None), own)


@pytest.mark.parametrize("preserved", [False, True])
def test_predictions_are_those_of_combat_and_then_a_ridge_regression(
    values, codes, age, target, splits, monkeypatch, preserved
):
    monkeypatch.setattr(fold_harmonisation, "_COLUMNS", 110)
    own = sites(codes, age if preserved else None)
    result = finish(cross_validate(space_of(values, own), target, splits, Ridge((2.0,))))
    for number, split in enumerate(splits):
        edges = by_combat(values, own, split.train)
        oracle = RidgeOfSklearn(2.0).fit(edges[split.train], target[split.train])
        expected = oracle.predict(edges[split.test])
        np.testing.assert_allclose(result.predicted[number, split.test], expected, atol=1e-5 * np.ptp(target))


def test_an_elastic_net_is_that_of_scikit_learn_on_harmonised_edges(values, codes, age, target, splits):
    own, (split, *_) = sites(codes, age), splits
    result = finish(cross_validate(space_of(values, own), target, [split], ElasticNet(0.5, (0.5,))))
    edges = by_combat(values, own, split.train)
    oracle = ElasticNetOfSklearn(alpha=0.5, l1_ratio=0.5, tol=1e-8, max_iter=100_000)
    expected = oracle.fit(edges[split.train], target[split.train]).predict(edges[split.test])
    np.testing.assert_allclose(result.predicted[0, split.test], expected, atol=1e-4 * np.ptp(target))


def test_inner_folds_learn_sites_from_their_own_training_parts(values, codes, target, splits, monkeypatch):
    calls = counting(monkeypatch)
    space = space_of(values, sites(codes))
    finish(cross_validate(space, target, splits[:1], Ridge(inner=InnerFolds(4))))
    n_train = splits[0].train.size
    assert sorted(calls)[-2:] == [n_train, N]
    assert len(calls) == 6
    assert max(sorted(calls)[:4]) <= n_train - n_train // 4


def test_weights_are_those_of_the_model_of_harmonised_edges(values, codes, age, target):
    own = sites(codes, age)
    space = space_of(values, own)
    fit = finish(fit_everybody(space, target, Ridge((2.0,))))
    expected = RidgeOfSklearn(2.0).fit(by_combat(values, own, np.arange(N)), target).coef_
    np.testing.assert_allclose(fit.weights_in(space, np.arange(N)), expected, atol=1e-5 * np.abs(expected).max())


def test_features_are_those_of_combat_however_they_are_asked_for(values, codes, age, splits):
    own, (split, *_) = sites(codes, age), splits
    train = np.random.default_rng(0).permutation(split.train)
    edges, features = by_combat(values, own, split.train), harmonised_edges(values, np.arange(N), own)
    deviations = edges - edges[train].mean(axis=0)
    some = np.array([5, 0, 250])
    chosen = features.chosen(split.test, some, train)
    np.testing.assert_allclose(np.diff(chosen, axis=0), np.diff(edges[split.test][:, some], axis=0), atol=1e-6)
    weights = np.random.default_rng(1).standard_normal(train.size)
    weights -= weights.mean()
    np.testing.assert_allclose(features.combined(train, weights), weights @ edges[train], atol=1e-5)
    basis = np.full((train.size, 1), train.size**-0.5)
    np.testing.assert_allclose(
        finish(features.lengths(train, basis)), np.linalg.norm(deviations[train], axis=0), rtol=1e-5
    )


@pytest.mark.parametrize("model", [Ridge(), ConnectomeModel(0.2), TopFeatures(5)])
def test_what_the_tested_are_like_changes_neither_the_model_nor_the_predictions_of_others(
    values, codes, age, target, splits, model
):
    (split, *_) = splits
    changed, who = values.copy(), split.test[4]
    changed[who] = np.random.default_rng(2).normal(3, 5, P)
    of_another_site = codes.copy()
    of_another_site[who] = (codes[who] + 1) % 3
    before, after = (
        finish(cross_validate(space_of(edges, sites(own, age)), target, [split], model))
        for edges, own in ((values, codes), (changed, of_another_site))
    )
    others = split.test[split.test != who]
    # To the last digit but for the best features, which are centred about everybody before the training part's mean.
    same = partial(np.testing.assert_allclose, rtol=1e-10 if isinstance(model, TopFeatures) else 0)
    same(after.predicted[0, others], before.predicted[0, others])
    same(after.coefficients, before.coefficients)
    same(after.penalties, before.penalties)
    assert after.predicted[0, who] != before.predicted[0, who]


def counting(monkeypatch):
    calls = []

    def fit(values, rows, own):
        calls.append(rows.size)
        return (yield from fit_combat(values, rows, own))

    monkeypatch.setattr(fold_harmonisation, "fit_combat", fit)
    return calls


@pytest.mark.parametrize("model", [Ridge(), Logistic((1.0,)), ConnectomeModel(0.2)])
def test_permuted_targets_share_what_was_learned_of_sites(values, codes, target, splits, monkeypatch, model):
    space = space_of(values, sites(codes))
    classes = (target > np.median(target)).astype(np.intp)
    finish(cross_validate(space, classes, splits, model))
    calls, multiplied = counting(monkeypatch), []
    monkeypatch.setattr(fold_harmonisation, "add_gram_in_parts", lambda *_: multiplied.append(1))
    finish(permutation_test(space, classes, splits, model, 5, np.random.default_rng(0)))
    assert (calls, multiplied) == ([], [])


def test_what_was_learned_is_forgotten_where_there_is_no_room(values, codes, splits):
    features = harmonised_edges(values, np.arange(N), sites(codes))
    finish(features.kernels(splits[0].train, splits[0].test))
    features.effects.capacity = 1
    finish(features.kernels(splits[1].train, splits[1].test))
    assert len(features.effects) == 1


def test_edges_missing_in_a_used_subject_are_excluded(values, codes, target, splits):
    gap = values.copy()
    gap[7, 3] = gap[8, 200] = np.nan
    gap[9, 4] = np.inf
    own = sites(codes)
    space = space_of(gap, own)
    assert (space.features.n_columns, space.features.n_features) == (P, P - 3)
    result = finish(cross_validate(space, target, splits, Ridge((2.0,))))
    there = np.delete(np.arange(P), [3, 4, 200])
    same = finish(cross_validate(space_of(values[:, there], own), target, splits, Ridge((2.0,))))
    np.testing.assert_array_equal(result.predicted, same.predicted)
    weights = finish(fit_everybody(space, target, Ridge((2.0,)))).weights_in(space, np.arange(N))
    assert np.flatnonzero(np.isnan(weights)).tolist() == [3, 4, 200]
    selected = finish(cross_validate(space, target, splits, TopFeatures(5)))
    expected = finish(cross_validate(space_of(values[:, there], own), target, splits, TopFeatures(5)))
    for ours, theirs in zip(selected.selections, expected.selections, strict=True):
        assert ours.tolist() == there[theirs].tolist()
    rows = np.setdiff1d(np.arange(N), [7, 8, 9])
    assert harmonised_edges(gap, rows, own).n_features == P


def test_a_split_in_which_a_site_cannot_be_learned_is_refused_in_words(values, codes, target):
    space = space_of(values, sites(codes))
    (without, *_) = folds.leave_one_out_of(codes, NAMES)
    assert "the training set has no subject of Boston (20)" in space.refusal(without)
    with pytest.raises(InputError, match="no subject of Boston"):
        finish(cross_validate(space, target, [without], Ridge()))
    of_boston, others = np.flatnonzero(codes == 0), np.flatnonzero(codes != 0)
    one = Split(np.sort(np.append(others, of_boston[0])), of_boston[1:])
    assert "a single subject of Boston" in space.refusal(one)
    alone = Split(of_boston[:10], of_boston[10:])
    assert "all training subjects are of Boston" in space.refusal(alone)
    assert not space.refusal(Split(np.sort(np.append(others, of_boston[:2])), of_boston[2:]))


def test_too_few_of_a_site_train_at_the_beginning_of_a_learning_curve(values, codes, target, splits):
    curve = finish(
        learning_curve(space_of(values, sites(codes)), target, splits, Ridge(), [0.08, 1.0], np.random.default_rng(1))
    )
    assert np.isnan(curve.values[0]).any()
    assert np.isfinite(curve.values[1]).all()
