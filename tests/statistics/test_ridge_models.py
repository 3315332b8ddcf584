"""Ridge regression against scikit-learn on the features themselves, and its penalties against the long way."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.linear_model import Ridge as RidgeOfSklearn
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from imagenomer.progress import finish
from imagenomer.statistics import folds
from imagenomer.statistics.kernel_models import RELATIVE_PENALTIES
from imagenomer.statistics.models import InnerFolds, Ridge
from imagenomer.statistics.prediction import cross_validate, fit_everybody
from imagenomer.statistics.sample_space import sample_space
from predicted import N, inner_of
from regressed import residual


def test_ridge_is_that_of_scikit_learn(edges, space, target, splits):
    result = finish(cross_validate(space, target, splits, Ridge((3.0,))))
    for row, split in enumerate(splits):
        pipeline = make_pipeline(StandardScaler(with_std=False), RidgeOfSklearn(3.0))
        pipeline.fit(edges[split.train].astype(float), target[split.train])
        expected = pipeline.predict(edges[split.test].astype(float))
        np.testing.assert_allclose(result.predicted[row, split.test], expected, atol=1e-5 * np.ptp(target))
        assert np.isnan(result.predicted[row, split.train]).all()
        weights = space.weights(split.train, result.coefficients[row, split.train, 0])
        np.testing.assert_allclose(weights, pipeline[-1].coef_, atol=1e-5 * np.abs(weights).max())


def test_ridge_on_residual_features_is_the_long_way(edges, space, target, covariates, splits):
    result = finish(cross_validate(space, target, splits, Ridge((3.0,)), covariates=covariates, use="residual"))
    for row, split in enumerate(splits):
        own = residual(edges, covariates, split)
        expected = RidgeOfSklearn(3.0).fit(own[split.train], target[split.train]).predict(own[split.test])
        np.testing.assert_allclose(result.predicted[row, split.test], expected, atol=1e-5 * np.ptp(target))


def test_ridge_beside_covariates_penalises_features_alone(edges, space, target, covariates, splits):
    result = finish(cross_validate(space, target, splits, Ridge((3.0,)), covariates=covariates, use="both"))
    huge = np.column_stack([edges, (covariates - covariates.mean(axis=0)) * [1e4, 500]])  # a penalty of about nothing
    for row, split in enumerate(splits):
        model = RidgeOfSklearn(3.0, solver="svd").fit(huge[split.train], target[split.train])
        np.testing.assert_allclose(
            result.predicted[row, split.test], model.predict(huge[split.test]), atol=1e-4 * np.ptp(target)
        )


# --- penalties ------------------------------------------------------------------------------------


def test_the_penalty_has_the_least_generalised_cross_validation_error(edges, space, target, splits):
    split = splits[0]
    result = finish(cross_validate(space, target, [split], Ridge()))
    own = edges[split.train].astype(float)
    own -= own.mean(axis=0)
    kernel, left = own @ own.T, target[split.train] - target[split.train].mean()
    n = left.size
    tried = np.array(RELATIVE_PENALTIES) * np.trace(kernel) / n
    errors = []
    for penalty in tried:
        hat = kernel @ np.linalg.inv(kernel + penalty * np.eye(n)) + 1 / n
        errors.append(n * np.sum((left - hat @ left) ** 2) / (n - np.trace(hat)) ** 2)
    assert result.penalties[0] == pytest.approx(tried[np.argmin(errors)], rel=1e-5)


def test_the_chosen_penalty_predicts_as_well_as_that_of_leaving_one_out(edges, space, target, splits):
    ours = finish(cross_validate(space, target, splits, Ridge()))
    for row, split in enumerate(splits):
        model = RidgeCV(alphas=np.logspace(-3, 4, 29)).fit(edges[split.train].astype(float), target[split.train])
        theirs = model.predict(edges[split.test].astype(float))
        assert np.corrcoef(ours.predicted[row, split.test], theirs)[0, 1] > 0.98


def test_a_given_penalty_and_the_only_one_of_a_choice_are_the_same(space, target, splits):
    given = finish(cross_validate(space.of(np.arange(N)), target, splits, Ridge((2.0,))))
    chosen = finish(cross_validate(space, target, splits, Ridge((2.0, 2.0))))
    np.testing.assert_allclose(given.predicted, chosen.predicted, atol=1e-8)


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


# --- factors --------------------------------------------------------------------------------------


def test_factors_are_kept_as_long_as_there_is_room_for_the_newest(edges, target, splits):
    """That of everybody is larger than those of training parts, and is counted as what it takes itself."""
    own = finish(sample_space(edges, np.arange(N)))
    sizes = [8 * split.train.size**2 for split in splits]
    own.factors.capacity = sum(sizes) + 8 * N**2
    finish(cross_validate(own, target, splits, Ridge()))
    finish(fit_everybody(own, target, Ridge()))
    first = {key: own.factors.get(key) for key in own.factors}
    assert len(first) == len(splits) + 1
    finish(cross_validate(own, -target, splits, Ridge()))
    assert all(own.factors.get(key) is first[key] for key in first), "another target needs no others"

    own.factors.capacity = 2 * sizes[0]
    finish(cross_validate(own, target, folds.repeated(N, 3, 0.2, np.random.default_rng(9)), Ridge()))
    assert len(own.factors) == 2
    assert not set(own.factors) & set(first)
