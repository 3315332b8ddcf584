"""Ridge factors: for any penalty the coefficients and predictions of scikit-learn, by subjects as by features."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from imagenomer.progress import Progress, finish
from imagenomer.statistics.feature_products import FeatureProducts, ResidualSplit, take_out
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.ridge_factors import FeatureFactor, SubjectFactor, ridge_factor_of

N, N_TEST, P = 40, 11, 9
STEP = Progress("Training")


@pytest.fixture(params=["subjects", "features"])
def split(request, rng):
    """Features without their mean in training, the target without its own, and what ridge needs of them."""
    train, test = rng.normal(size=(N, P)), rng.normal(size=(N_TEST, P))
    test -= train.mean(axis=0)
    train -= train.mean(axis=0)
    target = rng.normal(size=(N, 2)) + train[:, :2]
    target -= target.mean(axis=0)
    if request.param == "subjects":
        factor = finish(ridge_factor_of(Kernels(train @ train.T, test @ train.T), 1))
        assert isinstance(factor, SubjectFactor)
        return train, test, target, factor

    def products(values):
        return FeatureProducts(values, np.arange(len(values)), np.ones(P, dtype=bool), np.zeros(P))

    left = finish(take_out(products(train), np.full((N, 1), N**-0.5), STEP))
    factor = finish(ridge_factor_of(ResidualSplit(left, products(test), np.zeros((N_TEST, 1))), 1))
    assert isinstance(factor, FeatureFactor)
    return train, test, target, factor


@pytest.mark.parametrize("penalty", [0.01, 1.0, 300.0])
def test_weights_and_predictions_are_those_of_scikit_learn(split, penalty):
    train, test, target, factor = split
    turned = finish(factor.turned(target))
    coefficients = finish(factor.coefficients(factor.solved(turned, penalty)))
    theirs = Ridge(alpha=penalty, fit_intercept=False).fit(train, target)
    np.testing.assert_allclose(coefficients.T @ train, theirs.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(finish(factor.decision(coefficients)), theirs.predict(test), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 300.0])
def test_the_error_is_that_of_generalised_cross_validation(split, penalty):
    """Golub, Heath and Wahba (1979): n |y - Hy|^2 / trace(I - H)^2, the mean among the columns of H."""
    train, _, target, factor = split
    hat = train @ np.linalg.solve(train.T @ train + penalty * np.eye(P), train.T) + 1 / N
    left = target - hat @ target
    expected = N * (left**2).sum(axis=0) / np.trace(np.eye(N) - hat) ** 2
    found = factor.cross_validation_error(finish(factor.turned(target)), penalty)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_the_scale_is_the_mean_squared_length_of_a_subjects_features(split):
    train, *_, factor = split
    assert factor.scale == pytest.approx((train**2).sum(axis=1).mean(), rel=1e-10)
    assert factor.nbytes > 0
