"""Feature classifiers: the minimum of the same loss that SciPy finds, and scikit-learn's weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from imagenomer.progress import finish
from imagenomer.statistics.feature_classifiers import classify_by_features

N, P = 90, 6


@pytest.fixture
def drawn(rng):
    features = rng.normal(size=(N, P)) + 3
    signs = np.where(features @ [1, -1, 0.5, 0, 0, 0] + rng.normal(size=N) > 1.5, 1.0, -1.0)
    return features, signs


def loss_of(name, margins):
    return np.logaddexp(0, -margins).sum() if name == "logistic" else (np.maximum(1 - margins, 0) ** 2).sum()


@pytest.mark.parametrize("penalty", [0.1, 2.0, 50.0])
@pytest.mark.parametrize("loss", ["logistic", "squared hinge"])
def test_no_other_weights_have_a_smaller_loss(drawn, loss, penalty):
    features, signs = drawn

    def objective(at):
        margins = signs * (features @ at[:P] + at[P])
        return loss_of(loss, margins) + penalty / 2 * (at[:P] @ at[:P])

    ours = finish(classify_by_features(features, signs, penalty, loss))
    assert ours.margin.converged
    theirs = minimize(objective, np.zeros(P + 1), method="BFGS", options={"gtol": 1e-8})
    assert objective(np.append(ours.weights, ours.margin.intercept)) <= theirs.fun * (1 + 1e-9)
    np.testing.assert_allclose(ours.weights, theirs.x[:P], atol=2e-5)
    # Weights of features are sums of the coefficients of subjects.
    np.testing.assert_allclose(ours.margin.coefficients @ features, ours.weights, atol=1e-7)


def test_logistic_weights_are_those_of_scikit_learn(drawn):
    features, signs = drawn
    ours = finish(classify_by_features(features, signs, 2.0, "logistic"))
    theirs = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(features, signs)
    np.testing.assert_allclose(ours.weights, theirs.coef_[0], atol=1e-5)
    assert ours.margin.intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


@pytest.mark.parametrize("loss", ["logistic", "squared hinge"])
def test_a_start_nearby_leads_to_the_same_weights(drawn, loss):
    features, signs = drawn
    nearby = finish(classify_by_features(features, signs, 5.0, loss))
    ours = finish(classify_by_features(features, signs, 2.0, loss, start=nearby))
    np.testing.assert_allclose(
        ours.weights, finish(classify_by_features(features, signs, 2.0, loss)).weights, atol=1e-7
    )


def test_what_is_predicted_of_a_subject_left_out_is_nearly_what_training_without_it_gives(drawn):
    features, signs = drawn
    ours = finish(classify_by_features(features, signs, 20.0, "logistic")).margin.left_out
    for one in (0, 17, 60):
        others = np.arange(N) != one
        alone = finish(classify_by_features(features[others], signs[others], 20.0, "logistic"))
        assert ours[one] == pytest.approx(features[one] @ alone.weights + alone.margin.intercept, abs=0.02)
