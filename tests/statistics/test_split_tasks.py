"""Tasks: what every model is given of a split, and of the inner folds of its training part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as RidgeOfSklearn
from sklearn.model_selection import GridSearchCV

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import ElasticNet, InnerFolds, Ridge
from imagenomer.statistics.prediction import cross_validate, fit_everybody
from imagenomer.statistics.sample_space import SampleSpace, sample_space
from imagenomer.statistics.split_tasks import Fit, columns_of, require_variation, task_of
from predicted import N, inner_of


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
    monkeypatch.setattr(SampleSpace, "refusal", lambda self, part: "the training set has no subject of A (1)")
    for one in (model, ElasticNet()):
        with pytest.raises(
            InputError, match=r"no inner fold of repetition 1 is left .*: the training set has no subject of A"
        ):
            finish(cross_validate(space, target, [split], one))


def test_inner_folds_of_labels_of_rows_follow_these_into_some_of_the_subjects(space, target, splits):
    who = np.random.default_rng(3).permutation(N)[:70]
    inner = InnerFolds(5, 1, np.arange(N) // 5)
    fit = finish(fit_everybody(space.of(who), target[who], replace(Ridge(), inner=inner)))
    own = finish(sample_space(space.features.values[who], np.arange(70)))
    other = finish(fit_everybody(own, target[who], Ridge((), InnerFolds(5, 1, who // 5))))
    assert fit.penalty == pytest.approx(other.penalty, rel=1e-5)


def test_targets_are_regressed_on_as_numbers():
    np.testing.assert_array_equal(columns_of(np.array([3, 5]), 0), [[3.0], [5.0]])
    np.testing.assert_array_equal(columns_of(np.array([0, 1, 1]), 2), [[-1], [1], [1]])
    np.testing.assert_array_equal(columns_of(np.array([0, 2, 1]), 3), [[1, -1, -1], [-1, -1, 1], [-1, 1, -1]])


@pytest.mark.parametrize("use", ["features", "both", "residual", "covariates"])
def test_what_is_known_without_features_is_the_mean_or_what_covariates_predict(space, target, covariates, splits, use):
    split = splits[0]
    task = task_of(space, split, target[split.train][:, None], covariates, use)
    expected = np.full(split.test.size, target[split.train].mean())
    if use in ("both", "covariates"):
        fitted = LinearRegression().fit(covariates[split.train], target[split.train])
        expected = fitted.predict(covariates[split.test])
    np.testing.assert_allclose(task.known[:, 0], expected, rtol=1e-9)
    np.testing.assert_allclose(task.left.sum(axis=0), 0, atol=1e-9)


def test_tasks_of_inner_folds_take_covariates_of_their_own_training_part(space, target, covariates, splits):
    split = splits[0]
    task = task_of(space, split, target[split.train][:, None], covariates, "both")
    seen = []
    for part, truth in task.within(InnerFolds(4, 3)):
        np.testing.assert_array_equal(part.pair[0], covariates[part.split.train])
        np.testing.assert_array_equal(part.pair[1], covariates[part.split.test])
        np.testing.assert_array_equal(truth[:, 0], target[part.split.test])
        assert set(part.split.train) | set(part.split.test) == set(split.train)
        seen += part.split.test.tolist()
    assert sorted(seen) == sorted(split.train.tolist()), "everybody who trains is tested once"


def test_weights_of_selected_features_are_0_elsewhere(space):
    weights = np.array([[2.0], [-1.0]])
    fit = Fit(np.zeros((1, 1)), np.zeros((N, 1)), np.nan, np.array([4, 9]), weights)
    found = fit.weights_in(space, np.arange(N))
    assert found[[4, 9]].tolist() == [2, -1]
    assert np.count_nonzero(found) == 2


def test_features_that_do_not_differ_among_those_who_train_are_refused():
    require_variation(1e-9, Split(np.arange(3), np.arange(3, 5), "fold 1"))
    with pytest.raises(InputError, match="no feature varies in the training subjects of fold 1"):
        require_variation(0.0, Split(np.arange(3), np.arange(3, 5), "fold 1"))
