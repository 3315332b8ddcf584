"""Models from Gram matrices, against the same models of features and SciPy's optimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from sklearn.metrics import log_loss

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.kernel_models import classify, factorise, loss_of, require_solution
from imagenomer.statistics.sample_space import project
from predicted import N


def test_the_generalised_cross_validation_error_counts_what_covariates_use_up(space, target, covariates):
    projection = project(N, N, (covariates, covariates))
    kernels = projection.of(Kernels(space.gram, space.gram))
    factor = finish(factorise(kernels, 3))
    columns = np.column_stack([np.ones(N), covariates])
    of_covariates = columns @ np.linalg.pinv(columns)
    for penalty in (0.5, 20.0):
        hat = of_covariates + kernels.train @ np.linalg.inv(kernels.train + penalty * np.eye(N))
        expected = N * np.sum((target - hat @ target) ** 2) / (N - np.trace(hat)) ** 2
        rotated = factor.rotated(projection.left(target[:, None]))
        assert factor.cross_validation_error(rotated, penalty) == pytest.approx(expected, rel=1e-8)


def test_a_factor_solves_ridge_regression_at_any_penalty(space, target):
    projection = project(N, N)
    kernels = projection.of(Kernels(space.gram, space.gram))
    factor = finish(factorise(kernels, 1))
    left = projection.left(np.column_stack([target, target**2]))
    rotated = factor.rotated(left)
    np.testing.assert_allclose(factor.rotated(rotated, back=True), left, atol=1e-8)
    assert factor.scale == pytest.approx(np.trace(kernels.train) / N)
    for penalty in (0.3, 30.0):
        expected = np.linalg.solve(kernels.train + penalty * np.eye(N), left)
        np.testing.assert_allclose(factor.rotated(factor.solved(rotated, penalty), back=True), expected, rtol=1e-6)


def test_a_penalty_below_rounding_is_refused():
    require_solution(0, 1e-300)
    with pytest.raises(InputError, match="the penalty 1e-300 is too small"):
        require_solution(3, 1e-300)


@pytest.mark.parametrize("loss", ["logistic", "squared hinge"])
def test_a_classifier_is_where_the_objective_of_scipy_is_least(loss):
    rng = np.random.default_rng(31)
    features = rng.standard_normal((25, 40))
    signs = np.where(features[:, 0] + rng.standard_normal(25) > 0, 1.0, -1.0)
    gram = features @ features.T

    def objective(both):
        decision = features @ both[:-1] + both[-1]
        return loss_of(decision, signs, loss) + 5.0 / 2 * both[:-1] @ both[:-1]

    oracle = optimize.minimize(objective, np.zeros(41), method="BFGS", options={"gtol": 1e-9}).x
    *steps, model = classify(gram, signs, 5.0, loss)
    assert model.converged
    assert not any(step.converged for step in steps)
    assert model.coefficients.sum() == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(features.T @ model.coefficients, oracle[:-1], atol=2e-5)
    assert model.intercept == pytest.approx(oracle[-1], abs=2e-5)


def test_losses_are_those_of_scikit_learn():
    decision, signs = np.array([2.0, -0.5, 0.3]), np.array([1.0, 1.0, -1.0])
    probability = 1 / (1 + np.exp(-decision))
    assert loss_of(decision, signs, "logistic") == pytest.approx(3 * log_loss(signs > 0, probability))
    assert loss_of(decision, signs, "squared hinge") == pytest.approx(0 + 1.5**2 + 1.3**2)


@pytest.mark.parametrize("loss", ["logistic", "squared hinge"])
def test_leaving_one_out_is_known_without_doing_it(loss):
    """To first order: the fewer subjects change sides of the margin, the nearer."""
    rng = np.random.default_rng(5)
    features = rng.standard_normal((N, 400)) * 0.2
    gram = features @ features.T
    signs = np.where(features[:, :20].sum(axis=1) + rng.normal(0, 0.5, N) > 0, 1.0, -1.0)
    *_, whole = classify(gram, signs, 3.0, loss)
    for one in range(0, N, 15):
        others = np.delete(np.arange(N), one)
        *_, model = classify(gram[np.ix_(others, others)], signs[others], 3.0, loss)
        left_out = gram[one, others] @ model.coefficients + model.intercept
        assert whole.left_out[one] == pytest.approx(left_out, abs=0.02)
