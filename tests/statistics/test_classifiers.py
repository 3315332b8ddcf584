"""Classifiers against scikit-learn on the features themselves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from imagenomer.progress import finish
from imagenomer.statistics.models import InnerFolds, LinearSvm, Logistic, Ridge, TopFeatures
from imagenomer.statistics.prediction import cross_validate
from predicted import inner_of


@pytest.mark.parametrize("penalty", [10.0, 1.0, 0.1])
def test_logistic_regression_is_that_of_scikit_learn(edges, space, target, splits, penalty):
    classes = (target > np.median(target)).astype(int)
    result = finish(cross_validate(space, classes, splits[:2], Logistic((penalty,))))
    for row, split in enumerate(splits[:2]):
        mean = edges[split.train].mean(axis=0, dtype=float)
        model = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=100_000)
        model.fit(edges[split.train] - mean, classes[split.train])
        expected = model.decision_function(edges[split.test] - mean)
        np.testing.assert_allclose(result.decision[row, split.test, 0], expected, atol=1e-3)


@pytest.mark.parametrize("penalty", [10.0, 1.0, 0.1])
def test_the_support_vector_machine_is_that_of_scikit_learn(edges, space, target, splits, penalty):
    classes = (target > np.median(target)).astype(int)
    result = finish(cross_validate(space, classes, splits[:2], LinearSvm((penalty,))))
    for row, split in enumerate(splits[:2]):
        mean = edges[split.train].mean(axis=0, dtype=float)
        # A large constant feature has next to no penalty on its weight, which makes the intercept.
        model = LinearSVC(C=1 / penalty, tol=1e-10, max_iter=1_000_000, intercept_scaling=1000, dual=False)
        model.fit(edges[split.train] - mean, classes[split.train])
        expected = model.decision_function(edges[split.test] - mean)
        np.testing.assert_allclose(result.decision[row, split.test, 0], expected, atol=1e-3)


def test_classes_beside_covariates_are_a_model_with_standardised_covariates(edges, space, target, covariates, splits):
    classes, split = (target > np.median(target)).astype(int), splits[0]
    result = finish(cross_validate(space, classes, [split], Logistic((4.0,)), covariates=covariates, use="both"))
    scaler = StandardScaler().fit(covariates[split.train])
    mean = edges[split.train].mean(axis=0, dtype=float)
    # With a penalty of 4 on the features and of 1 on the covariates.
    whole = np.column_stack([edges - mean, 2 * scaler.transform(covariates)])
    model = LogisticRegression(C=1 / 4, tol=1e-10, max_iter=100_000).fit(whole[split.train], classes[split.train])
    expected = model.decision_function(whole[split.test])
    np.testing.assert_allclose(result.decision[0, split.test, 0], expected, atol=1e-3)


def test_each_of_several_classes_is_told_from_all_others(edges, space, target, splits):
    classes, split = np.digitize(target, np.quantile(target, [0.3, 0.6])), splits[0]
    result = finish(cross_validate(space, classes, [split], Logistic((1.0,))))
    mean = edges[split.train].mean(axis=0, dtype=float)
    for one in range(3):
        model = LogisticRegression(C=1.0, tol=1e-10, max_iter=100_000)
        model.fit(edges[split.train] - mean, classes[split.train] == one)
        expected = model.decision_function(edges[split.test] - mean)
        np.testing.assert_allclose(result.decision[0, split.test, one], expected, atol=1e-3)
    assert (result.predicted[0, split.test] == result.decision[0, split.test].argmax(axis=1)).all()


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


# --- covariates alone -----------------------------------------------------------------------------


def test_covariates_alone_are_least_squares(space, target, covariates, splits):
    result = finish(cross_validate(space, target, splits, Ridge(), covariates=covariates, use="covariates"))
    for row, split in enumerate(splits):
        model = LinearRegression().fit(covariates[split.train], target[split.train])
        np.testing.assert_allclose(result.predicted[row, split.test], model.predict(covariates[split.test]))


def test_classes_by_covariates_alone_are_logistic_regression_on_standardised_ones(space, target, covariates, splits):
    classes, split = (target > np.median(target)).astype(int), splits[0]
    for model in (Logistic(), LinearSvm(), TopFeatures(5, Logistic())):
        result = finish(cross_validate(space, classes, [split], model, covariates=covariates, use="covariates"))
        theirs = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000))
        theirs.fit(covariates[split.train], classes[split.train])
        expected = theirs.decision_function(covariates[split.test])
        np.testing.assert_allclose(result.decision[0, split.test, 0], expected, atol=1e-4)
