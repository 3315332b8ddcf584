"""The elastic net against scikit-learn on all features at once, and inner folds against its searches of a grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as ElasticNetOfSklearn
from sklearn.linear_model import ElasticNetCV, Lasso, LinearRegression, LogisticRegression
from sklearn.linear_model import Ridge as RidgeOfSklearn
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.svm import LinearSVC

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import elastic_net, folds
from imagenomer.statistics.features import GenotypeIndicators, ImputedDosage, Standardised
from imagenomer.statistics.models import ElasticNet, InnerFolds, LinearSvm, Logistic, Ridge, TopFeatures
from imagenomer.statistics.prediction import cross_validate, fit_everybody
from imagenomer.statistics.sample_space import (
    SampleSpace,
    sample_space,
    space_of_features,
    space_of_genotypes,
    space_of_numbers,
)
from regressed import residual

N, P = 90, 300
EXACTLY = {"tol": 1e-12, "max_iter": 1_000_000}


@pytest.fixture(scope="module")
def edges():
    """Features in bundles of six that go together, about means that are far from zero."""
    rng = np.random.default_rng(5)
    shared = np.repeat(rng.standard_normal((N, P // 6)), 6, axis=1)
    values = 0.15 * rng.standard_normal((N, P)) + 0.15 * shared + rng.uniform(-0.3, 0.8, P)
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def covariates():
    return np.random.default_rng(6).standard_normal((N, 2)) * [1, 20] + [0, 100]


@pytest.fixture(scope="module")
def target(edges, covariates):
    rng = np.random.default_rng(7)
    return 100 + 8 * edges[:, :20].sum(axis=1) + 3 * covariates[:, 0] + rng.normal(0, 3, N)


@pytest.fixture(scope="module")
def space(edges):
    return finish(sample_space(edges, np.arange(N)))


@pytest.fixture(scope="module")
def splits():
    return folds.repeated(N, 3, 0.2, np.random.default_rng(8))


def same(ours, theirs, target):
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.ptp(target))


# --- at a given penalty --------------------------------------------------------------------------


@pytest.mark.parametrize("mix", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("penalty", [0.3, 0.05, 0.01])
def test_it_is_that_of_scikit_learn(edges, space, target, splits, mix, penalty):
    result = finish(cross_validate(space, target, splits, ElasticNet(mix, (penalty,))))
    for row, split in enumerate(splits):
        model = Lasso(penalty, **EXACTLY) if mix == 1 else ElasticNetOfSklearn(penalty, l1_ratio=mix, **EXACTLY)
        model.fit(edges[split.train].astype(float), target[split.train])
        same(result.predicted[row, split.test], model.predict(edges[split.test].astype(float)), target)
        assert result.selections[row].tolist() == np.flatnonzero(model.coef_).tolist()
    assert result.penalties.tolist() == [penalty] * len(splits)


def test_weights_are_those_of_scikit_learn_and_0_elsewhere(edges, space, target):
    fit = finish(fit_everybody(space, target, ElasticNet(0.7, (0.1,))))
    model = ElasticNetOfSklearn(0.1, l1_ratio=0.7, **EXACTLY).fit(edges.astype(float), target)
    np.testing.assert_allclose(fit.weights_in(space, np.arange(N)), model.coef_, atol=1e-5 * np.abs(model.coef_).max())


def test_on_residual_features_it_is_the_long_way(edges, space, target, covariates, splits):
    model = ElasticNet(0.5, (0.05,))
    result = finish(cross_validate(space, target, splits, model, covariates=covariates, use="residual"))
    for row, split in enumerate(splits):
        own = residual(edges, covariates, split)
        theirs = ElasticNetOfSklearn(0.05, l1_ratio=0.5, **EXACTLY).fit(own[split.train], target[split.train])
        same(result.predicted[row, split.test], theirs.predict(own[split.test]), target)


def test_beside_covariates_these_are_not_penalised(edges, space, target, covariates, splits):
    """What covariates explain comes off both sides, and is added to the prediction (Frisch, Waugh and Lovell)."""
    model = ElasticNet(0.5, (0.05,))
    result = finish(cross_validate(space, target, splits, model, covariates=covariates, use="both"))
    for row, split in enumerate(splits):
        own = residual(edges, covariates, split)
        known = LinearRegression().fit(covariates[split.train], target[split.train]).predict(covariates)
        theirs = ElasticNetOfSklearn(0.05, l1_ratio=0.5, **EXACTLY)
        theirs.fit(own[split.train], (target - known)[split.train])
        same(result.predicted[row, split.test], (known + theirs.predict(own))[split.test], target)


def test_classes_are_regressed_on_as_1_and_minus_1(edges, space, target, splits):
    split = splits[0]
    classes = np.digitize(target, np.quantile(target, [0.3, 0.6]))
    result = finish(cross_validate(space, classes, [split], ElasticNet(0.5, (0.02,))))
    two = finish(cross_validate(space, (classes > 0).astype(int), [split], ElasticNet(0.5, (0.02,))))
    for one, decision in ((0, result.decision[0, :, 0]), (2, result.decision[0, :, 2]), (None, two.decision[0, :, 0])):
        codes = np.where(classes > 0 if one is None else classes == one, 1.0, -1.0)
        theirs = ElasticNetOfSklearn(0.02, l1_ratio=0.5, **EXACTLY)
        theirs.fit(edges[split.train].astype(float), codes[split.train])
        np.testing.assert_allclose(decision[split.test], theirs.predict(edges[split.test].astype(float)), atol=1e-5)
    assert (result.predicted[0, split.test] == result.decision[0, split.test].argmax(axis=1)).all()


def test_features_of_every_kind_are_fitted_to_the_training_part(covariates, target, splits):
    rng = np.random.default_rng(9)
    dosage = rng.integers(0, 3, (N, 60)).astype(np.int8)
    dosage[rng.random(dosage.shape) < 0.3] = -1
    model = ElasticNet(0.5, (0.1,))
    columns = np.concatenate([dosage == copies for copies in range(3)], axis=1).astype(float)
    ours = finish(cross_validate(finish(space_of_genotypes(GenotypeIndicators(dosage))), target, splits, model))
    theirs = finish(cross_validate(space_of_numbers(columns), target, splits, model))
    np.testing.assert_allclose(ours.predicted, theirs.predicted, equal_nan=True, rtol=1e-6)

    imputed = finish(space_of_features(ImputedDosage(dosage), np.arange(N)))
    scaled = finish(space_of_features(Standardised(covariates), np.arange(N)))
    for row, split in enumerate(splits):
        known = np.where(dosage < 0, np.nan, dosage.astype(float))
        own = np.where(np.isnan(known), np.nanmean(known[split.train], axis=0), known)
        standard = (covariates - covariates[split.train].mean(axis=0)) / covariates[split.train].std(axis=0)
        for ours, values in ((imputed, own), (scaled, standard)):
            result = finish(cross_validate(ours, target, splits, model))
            theirs = ElasticNetOfSklearn(0.1, l1_ratio=0.5, **EXACTLY).fit(values[split.train], target[split.train])
            same(result.predicted[row, split.test], theirs.predict(values[split.test]), target)


def test_an_edge_that_somebody_lacks_takes_no_part(edges, target, splits):
    gappy = edges.copy()
    gappy[3, 7] = np.nan
    found = finish(cross_validate(finish(sample_space(gappy, np.arange(N))), target, splits, ElasticNet(0.5, (0.05,))))
    kept = finish(sample_space(np.delete(edges, 7, axis=1), np.arange(N)))
    expected = finish(cross_validate(kept, target, splits, ElasticNet(0.5, (0.05,))))
    np.testing.assert_allclose(found.predicted, expected.predicted, rtol=1e-6, equal_nan=True)


# --- screening -----------------------------------------------------------------------------------


def test_the_order_of_features_does_not_matter(edges, space, target, splits):
    order = np.random.default_rng(10).permutation(P)
    moved = finish(sample_space(edges[:, order], np.arange(N)))
    for model in (ElasticNet(1.0, (0.03,)), ElasticNet(0.3)):
        one, other = (finish(cross_validate(own, target, splits, model)) for own in (space, moved))
        same(other.predicted[~np.isnan(other.predicted)], one.predicted[~np.isnan(one.predicted)], target)
        for here, there in zip(one.selections, other.selections, strict=True):
            assert sorted(order[there].tolist()) == here.tolist()


@pytest.mark.parametrize("joins", [True, False])
def test_it_does_not_matter_what_joins_at_first(space, target, splits, monkeypatch, joins):
    """All, which is no screening, or nothing new, so that all is found by checking the conditions of a minimum."""
    model = ElasticNet(0.5, (0.02,))
    expected = finish(cross_validate(space, target, splits, model))
    take_in = elastic_net.Path._take_in
    monkeypatch.setattr(elastic_net.Path, "_take_in", lambda self, wanted: take_in(self, np.full(wanted.shape, joins)))
    found = finish(cross_validate(space, target, splits, model))
    tested = ~np.isnan(expected.predicted)
    same(found.predicted[tested], expected.predicted[tested], target)


def test_from_the_largest_penalty_on_nothing_weighs_anything(edges, space, target, splits):
    own = edges[splits[0].train].astype(float)
    left = target[splits[0].train] - target[splits[0].train].mean()
    largest = np.abs((own - own.mean(axis=0)).T @ left).max() / (left.size * 0.5)
    for share, n in ((1.0001, 0), (0.99, 1)):
        result = finish(cross_validate(space, target, splits[:1], ElasticNet(0.5, (largest * share,))))
        assert result.n_features.tolist() == [n]
        if not n:
            np.testing.assert_allclose(result.predicted, result.null, rtol=1e-12)


def test_a_penalty_at_which_it_never_settles_is_refused(space, target, splits, monkeypatch):
    monkeypatch.setattr(elastic_net, "_PASSES", 3)
    with pytest.raises(InputError, match="does not settle at the penalty 1e-07"):
        finish(cross_validate(space, target, splits, ElasticNet(1.0, (1e-7,))))
    result = finish(cross_validate(space, target, splits, ElasticNet(1.0)))  # a choice leaves such penalties out
    assert np.isfinite(result.penalties).all()


# --- penalties chosen in inner folds -------------------------------------------------------------


def inner_of(n, model, classes=None):
    return [(part.train, part.test) for part in model.inner.of(np.arange(n), classes)]


@pytest.mark.parametrize("mix", [1.0, 0.5])
def test_the_penalty_is_that_of_scikit_learn_in_the_same_folds(edges, space, target, splits, mix):
    model = ElasticNet(mix)
    result = finish(cross_validate(space, target, splits, model))
    for row, split in enumerate(splits):
        own, goal = edges[split.train].astype(float), target[split.train]
        left = own - own.mean(axis=0)
        largest = np.abs(left.T @ (goal - goal.mean())).max() / (goal.size * mix)
        tried = largest * np.array(elastic_net.RELATIVE_PENALTIES)
        theirs = ElasticNetCV(alphas=tried, l1_ratio=mix, cv=inner_of(goal.size, model), **EXACTLY).fit(own, goal)
        assert result.penalties[row] == pytest.approx(theirs.alpha_, rel=1e-6)
        same(result.predicted[row, split.test], theirs.predict(edges[split.test].astype(float)), target)


def test_covariates_are_taken_out_anew_in_each_inner_fold(edges, space, target, covariates, splits):
    model, split = ElasticNet(0.5, (1.0, 0.3, 0.1, 0.03)), splits[0]
    result = finish(cross_validate(space, target, [split], model, covariates=covariates, use="residual"))
    errors = []
    for penalty in model.penalties:
        each = []
        for train, test in inner_of(split.train.size, model):
            part = folds.Split(split.train[train], split.train[test])
            own = residual(edges, covariates, part)
            theirs = ElasticNetOfSklearn(penalty, l1_ratio=0.5, **EXACTLY).fit(own[part.train], target[part.train])
            each.append(np.mean((target[part.test] - theirs.predict(own[part.test])) ** 2))
        errors.append(np.mean(each))
    assert result.penalties.tolist() == [model.penalties[int(np.argmin(errors))]]


def test_the_penalty_of_ridge_is_that_of_a_search_of_the_grid(edges, space, target, covariates, splits):
    target = target + 40 * (np.arange(N) % 17 == 0)  # so that squares and sizes of errors have other minima
    tried = tuple(np.logspace(-2, 3, 16).tolist())
    model = Ridge(tried, InnerFolds(4, 3))
    found = finish(cross_validate(space, target, splits, model))
    for row, split in enumerate(splits):
        search = GridSearchCV(
            RidgeOfSklearn(),
            {"alpha": tried},
            cv=inner_of(split.train.size, model),
            scoring="neg_mean_squared_error",
        ).fit(edges[split.train].astype(float), target[split.train])
        assert found.penalties[row] == search.best_params_["alpha"]
    # Beside covariates, the long way.
    split = splits[0]
    for use in ("residual", "both"):
        result = finish(cross_validate(space, target, [split], model, covariates=covariates, use=use))
        errors = []
        for penalty in tried:
            each = []
            for train, test in inner_of(split.train.size, model):
                part = folds.Split(split.train[train], split.train[test])
                own, known = residual(edges, covariates, part), np.zeros(N)
                if use == "both":
                    fitted = LinearRegression().fit(covariates[part.train], target[part.train])
                    known = fitted.predict(covariates)
                theirs = RidgeOfSklearn(penalty).fit(own[part.train], (target - known)[part.train])
                each.append(np.mean((target - known - theirs.predict(own))[part.test] ** 2))
            errors.append(np.mean(each))
        assert result.penalties.tolist() == [tried[int(np.argmin(errors))]]


@pytest.mark.parametrize("kind", [Logistic, LinearSvm])
def test_the_penalty_of_a_classifier_is_that_of_a_search_of_the_grid(edges, space, target, splits, kind):
    classes = (target > np.median(target)).astype(int)
    tried = (10.0, 1.0, 0.1, 0.01)
    model = kind(tried, InnerFolds(4, 3))
    found = finish(cross_validate(space, classes, splits, model))
    for row, split in enumerate(splits):
        if kind is Logistic:
            theirs, scoring = LogisticRegression(tol=1e-8, max_iter=100_000), "neg_log_loss"
        else:
            theirs = LinearSVC(tol=1e-8, max_iter=1_000_000, intercept_scaling=1000, dual=False)
            scoring = make_scorer(
                lambda truth, decision: -np.mean(np.maximum(1 - (2 * truth - 1) * decision, 0) ** 2),
                response_method="decision_function",
            )
        cv = inner_of(split.train.size, model, classes[split.train])
        search = GridSearchCV(theirs, {"C": [1 / one for one in tried]}, cv=cv, scoring=scoring)
        search.fit(edges[split.train] - edges.mean(axis=0, dtype=float), classes[split.train])
        assert found.penalties[row] == pytest.approx(1 / search.best_params_["C"])


def test_best_features_have_inner_folds_too(space, target, splits):
    labels = np.arange(N) // 3
    inner = InnerFolds(4, 3, labels)
    found = finish(cross_validate(space, target, splits[:1], TopFeatures(12, Ridge((), inner))))
    small = space_of_numbers(space.features.values[:, found.selections[0]].astype(float))
    expected = finish(cross_validate(small, target, splits[:1], Ridge((), inner)))
    np.testing.assert_allclose(found.penalties, expected.penalties, rtol=1e-6)


def test_inner_folds_have_labels_whole_and_classes_in_proportion():
    labels = np.repeat(np.arange(30), 3)
    rows = np.flatnonzero(np.arange(90) % 4 != 0)
    for part in InnerFolds(5, 1, labels).of(rows):
        assert not set(labels[rows[part.train]]) & set(labels[rows[part.test]])
    assert len(InnerFolds(5, 1, labels).of(np.arange(6))) == 2
    assert len(InnerFolds(5, 1, np.zeros(90, dtype=int)).of(np.arange(30))) == 5
    classes = np.arange(40) % 4 == 0
    assert {int(classes[part.test].sum()) for part in InnerFolds().of(np.arange(40), classes.astype(int))} == {2}
    sites = np.arange(60) % 2
    rows = np.arange(10, 50)
    parts = InnerFolds(strata=sites).of(rows, classes.astype(int))
    assert {int(sites[rows[part.test]].sum()) for part in parts} == {4}
    assert {int(classes[part.test].sum()) for part in parts} == {2}


def test_inner_folds_to_which_features_cannot_be_fitted_are_left_out(edges, space, target, splits, monkeypatch):
    tried, split = tuple(np.logspace(-2, 3, 16).tolist()), splits[0]
    model = Ridge(tried, InnerFolds(4, 3))
    monkeypatch.setattr(SampleSpace, "refusal", lambda self, part: "nobody" if split.train[0] in part.test else "")
    found = finish(cross_validate(space, target, [split], model))
    cv = [part for part in inner_of(split.train.size, model) if 0 not in part[1]]
    assert len(cv) == 3
    search = GridSearchCV(RidgeOfSklearn(), {"alpha": tried}, cv=cv, scoring="neg_mean_squared_error")
    search.fit(edges[split.train].astype(float), target[split.train])
    assert found.penalties.tolist() == [search.best_params_["alpha"]]
    monkeypatch.setattr(SampleSpace, "refusal", lambda self, part: "nobody of A (1) trains")
    for one in (model, ElasticNet()):
        with pytest.raises(InputError, match=r"no inner fold of repetition 1 is left .*: nobody of A \(1\) trains"):
            finish(cross_validate(space, target, [split], one))


def test_inner_folds_of_labels_of_rows_follow_these_into_some_of_the_subjects(space, target, splits):
    who = np.random.default_rng(3).permutation(N)[:70]
    inner = InnerFolds(5, 1, np.arange(N) // 5)
    fit = finish(fit_everybody(space.of(who), target[who], replace(Ridge(), inner=inner)))
    own = finish(sample_space(space.features.values[who], np.arange(70)))
    other = finish(fit_everybody(own, target[who], Ridge((), InnerFolds(5, 1, who // 5))))
    assert fit.penalty == pytest.approx(other.penalty, rel=1e-5)
