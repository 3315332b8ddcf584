"""Models of one split: what is tested changes nothing of what is learned, and what cannot be fitted is refused."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.models import ConnectomeModel, ElasticNet, InnerFolds, Logistic, Ridge, TopFeatures
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.sample_space import sample_space
from imagenomer.statistics.split_models import fit_split
from predicted import N

MODELS = [Ridge(), Ridge((), InnerFolds()), ElasticNet(), ConnectomeModel(0.05), TopFeatures(10)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("use", ["features", "both", "residual"])
def test_the_tested_change_nothing_of_the_model(edges, target, covariates, splits, model, use):
    split = splits[0]
    changed_edges, changed_target, changed_covariates = edges.copy(), target.copy(), covariates.copy()
    changed_edges[split.test] *= 3
    changed_target[split.test] -= 50
    changed_covariates[split.test] += 4
    results = [
        finish(cross_validate(finish(sample_space(one, np.arange(N))), goal, [split], model, covariates=given, use=use))
        for one, goal, given in (
            (edges, target, covariates),
            (changed_edges, changed_target, changed_covariates),
        )
    ]
    np.testing.assert_allclose(results[1].coefficients, results[0].coefficients, atol=2e-5)
    np.testing.assert_allclose(results[1].penalties, results[0].penalties, rtol=1e-4)
    for one, other in zip(results[0].selections, results[1].selections, strict=True):
        np.testing.assert_array_equal(other, one)


def test_what_cannot_be_fitted_is_refused(space, target, splits):
    with pytest.raises(InputError, match="have the same target"):
        finish(cross_validate(space, np.ones(N), splits, Ridge()))
    with pytest.raises(InputError, match="a classifier needs a category"):
        finish(cross_validate(space, target, splits, Logistic()))
    with pytest.raises(InputError, match="predicts a number or a category of two levels"):
        finish(cross_validate(space, np.arange(N) % 3, splits, ConnectomeModel()))
    with pytest.raises(InputError, match="none is chosen"):
        finish(cross_validate(space, target, splits, Ridge(), use="residual"))
    with pytest.raises(InputError, match="cannot fit 80 columns"):
        finish(cross_validate(space, target, splits, Ridge(), covariates=np.eye(N)[:, :80], use="both"))
    with pytest.raises(ValueError, match="missing values"):
        finish(cross_validate(space, np.where(np.arange(N) == 3, np.nan, target), splits, Ridge()))


def test_a_model_of_a_split_is_that_of_the_cross_validation(space, target, splits):
    split = splits[0]
    for model in MODELS:
        fit = finish(fit_split(space, target, 0, split, model))
        result = finish(cross_validate(space, target, [split], model))
        np.testing.assert_array_equal(fit.decision[:, 0], result.predicted[0, split.test])
        np.testing.assert_array_equal(fit.penalty, result.penalties[0])
