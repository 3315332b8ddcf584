"""The elastic net against scikit-learn on all features at once."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as ElasticNetOfSklearn
from sklearn.linear_model import Lasso, LinearRegression

from imagenomer.progress import finish
from imagenomer.statistics import elastic_net
from imagenomer.statistics.features import GenotypeIndicators, ImputedDosage, StandardisedNumbers
from imagenomer.statistics.models import ElasticNet
from imagenomer.statistics.prediction import cross_validate, fit_everybody
from imagenomer.statistics.sample_space import sample_space, space_of_features, space_of_genotypes, space_of_numbers
from predicted import N, P
from regressed import residual

EXACTLY = {"tol": 1e-12, "max_iter": 1_000_000}


def same(ours, theirs, target):
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.ptp(target))


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
    scaled = finish(space_of_features(StandardisedNumbers(covariates), np.arange(N)))
    for row, split in enumerate(splits):
        known = np.where(dosage < 0, np.nan, dosage.astype(float))
        own = np.where(np.isnan(known), np.nanmean(known[split.train], axis=0), known)
        standard = (covariates - covariates[split.train].mean(axis=0)) / covariates[split.train].std(axis=0)
        for ours, values in ((imputed, own), (scaled, standard)):
            result = finish(cross_validate(ours, target, splits, model))
            theirs = ElasticNetOfSklearn(0.1, l1_ratio=0.5, **EXACTLY).fit(values[split.train], target[split.train])
            same(result.predicted[row, split.test], theirs.predict(values[split.test]), target)


def test_an_edge_missing_in_a_subject_is_excluded(edges, target, splits):
    gappy = edges.copy()
    gappy[3, 7] = np.nan
    found = finish(cross_validate(finish(sample_space(gappy, np.arange(N))), target, splits, ElasticNet(0.5, (0.05,))))
    kept = finish(sample_space(np.delete(edges, 7, axis=1), np.arange(N)))
    expected = finish(cross_validate(kept, target, splits, ElasticNet(0.5, (0.05,))))
    np.testing.assert_allclose(found.predicted, expected.predicted, rtol=1e-6, equal_nan=True)


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
