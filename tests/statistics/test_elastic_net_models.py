"""Penalties of the elastic net, against scikit-learn in the same inner folds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as ElasticNetOfSklearn
from sklearn.linear_model import ElasticNetCV

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import elastic_net, folds
from imagenomer.statistics.models import ElasticNet
from imagenomer.statistics.prediction import cross_validate
from predicted import inner_of
from regressed import residual

EXACTLY = {"tol": 1e-12, "max_iter": 1_000_000}


def same(ours, theirs, target):
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.ptp(target))


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
