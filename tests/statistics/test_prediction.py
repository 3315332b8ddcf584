"""Predictions in sample space against scikit-learn on the features themselves, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeCV
from sklearn.linear_model import Ridge as RidgeOfSklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import folds
from imagenomer.statistics.features import GenotypeIndicators, ImputedDosage, Kernels, Standardised
from imagenomer.statistics.folds import Split
from imagenomer.statistics.kernel_models import RELATIVE_PENALTIES, classify, factorise
from imagenomer.statistics.models import (
    ConnectomeModel,
    ElasticNet,
    InnerFolds,
    LinearSvm,
    Logistic,
    Ridge,
    TopFeatures,
)
from imagenomer.statistics.prediction import cross_validate, fit_everybody, intervals, null_scores
from imagenomer.statistics.sample_space import (
    project,
    sample_space,
    space_of_features,
    space_of_genotypes,
    space_of_numbers,
)
from regressed import residual

N, P = 90, 400


@pytest.fixture(scope="module")
def edges():
    rng = np.random.default_rng(5)
    return (rng.standard_normal((N, P)) * 0.2 + rng.uniform(-0.3, 0.8, P)).astype(np.float32)


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
    return folds.repeated(N, 4, 0.2, np.random.default_rng(8))


# --- the sample space ----------------------------------------------------------------------------


@pytest.mark.parametrize("in_webassembly", [True, False])
def test_products_are_those_of_deviations_from_the_mean(edges, monkeypatch, in_webassembly):
    monkeypatch.setattr("imagenomer.statistics.features.IN_WEBASSEMBLY", in_webassembly)
    monkeypatch.setattr("imagenomer.statistics.features._TILE", 40)
    monkeypatch.setattr("imagenomer.statistics.sample_space._COLUMNS", 150)
    space = finish(sample_space(edges, np.arange(N)))
    deviations = edges - edges.mean(axis=0, dtype=float)
    expected = deviations @ deviations.T
    np.testing.assert_allclose(space.gram, expected, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_array_equal(space.gram, space.gram.T)


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


def test_an_edge_that_somebody_lacks_takes_no_part(edges):
    gappy = edges.copy()
    gappy[3, 7] = np.nan
    space = finish(sample_space(gappy, np.arange(N)))
    kept = np.delete(edges, 7, axis=1)
    np.testing.assert_allclose(space.gram, finish(sample_space(kept, np.arange(N))).gram, atol=1e-4)
    assert space.n_features == P - 1
    assert np.flatnonzero(np.isnan(space.weights(np.arange(N), np.ones(N)))).tolist() == [7]


def test_some_subjects_need_no_new_products(edges, space):
    rows = np.array([4, 80, 11, 30, 7])
    deviations = edges[rows] - edges.mean(axis=0, dtype=float)
    np.testing.assert_allclose(space.of(rows).gram, deviations @ deviations.T, atol=1e-4)


def test_features_that_do_not_vary_are_refused():
    with pytest.raises(InputError, match="no feature is known of all 5 subjects"):
        finish(sample_space(np.ones((5, 10), dtype=np.float32), np.arange(5)))


def test_covariates_are_taken_out_as_on_the_features(edges, space, covariates, splits):
    for split in splits:
        own = residual(edges, covariates, split)
        own -= own[split.train].mean(axis=0)
        projection = project(split.train.size, split.test.size, (covariates[split.train], covariates[split.test]))
        kernels = projection.of(finish(space.kernels(split)))
        scale = np.abs(kernels.train).max()
        np.testing.assert_allclose(kernels.train, own[split.train] @ own[split.train].T, atol=1e-5 * scale)
        np.testing.assert_allclose(kernels.test, own[split.test] @ own[split.train].T, atol=1e-5 * scale)


def test_covariates_that_say_the_same_twice_are_taken_out_once(space, covariates, splits):
    split = splits[0]
    twice = np.column_stack([covariates, covariates[:, 0] * 2 - 5, np.ones(N)])
    once, again = (
        project(split.train.size, split.test.size, (given[split.train], given[split.test]))
        for given in (covariates, twice)
    )
    kernels = finish(space.kernels(split))
    np.testing.assert_allclose(again.of(kernels).test, once.of(kernels).test, atol=1e-6)


# --- regression ----------------------------------------------------------------------------------


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


def test_covariates_alone_are_least_squares(space, target, covariates, splits):
    result = finish(cross_validate(space, target, splits, Ridge(), covariates=covariates, use="covariates"))
    for row, split in enumerate(splits):
        model = LinearRegression().fit(covariates[split.train], target[split.train])
        np.testing.assert_allclose(result.predicted[row, split.test], model.predict(covariates[split.test]))


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


def test_the_generalised_cross_validation_error_counts_what_covariates_use_up(space, target, covariates):
    projection = project(N, N, (covariates, covariates))
    kernels = projection.of(Kernels(space.gram, space.gram))
    factor = factorise(kernels, 3)
    columns = np.column_stack([np.ones(N), covariates])
    of_covariates = columns @ np.linalg.pinv(columns)
    for penalty in (0.5, 20.0):
        hat = of_covariates + kernels.train @ np.linalg.inv(kernels.train + penalty * np.eye(N))
        expected = N * np.sum((target - hat @ target) ** 2) / (N - np.trace(hat)) ** 2
        rotated = factor.rotated(projection.left(target[:, None]))
        assert factor.cross_validation_error(rotated, penalty) == pytest.approx(expected, rel=1e-8)


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


# --- classes -------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("loss", ["logistic", "squared hinge"])
def test_leaving_one_out_is_known_without_doing_it(space, target, loss):
    signs = np.where(target > np.median(target), 1.0, -1.0)
    *_, whole = classify(space.gram, signs, 3.0, loss)
    for one in range(0, N, 15):
        others = np.delete(np.arange(N), one)
        *_, model = classify(space.gram[np.ix_(others, others)], signs[others], 3.0, loss)
        left_out = space.gram[one, others] @ model.coefficients + model.intercept
        assert whole.left_out[one] == pytest.approx(left_out, abs=0.02)


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


# --- selection -----------------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["features", "residual", "both"])
def test_the_connectome_model_is_the_long_way(edges, space, target, covariates, splits, use):
    result = finish(cross_validate(space, target, splits, ConnectomeModel(0.05), covariates=covariates, use=use))
    for row, split in enumerate(splits):
        train, test = split.train, split.test
        own, n_taken = edges.astype(float), 0
        known, goal = np.full(test.size, target[train].mean()), target[train] - target[train].mean()
        if use != "features":
            own, n_taken = residual(edges, covariates, split), 2
            of_covariates = LinearRegression().fit(covariates[train], target[train])
            goal = target[train] - of_covariates.predict(covariates[train])
            known = of_covariates.predict(covariates[test]) if use == "both" else known
        r = np.array([np.corrcoef(column, goal)[0, 1] for column in own[train].T])
        dof = train.size - 2 - n_taken
        selected = 2 * stats.t.sf(np.abs(r) * np.sqrt(dof / (1 - r**2)), dof) < 0.05
        assert result.selections[row].tolist() == np.flatnonzero(selected).tolist()
        strength = own[:, selected & (r > 0)].sum(axis=1) - own[:, selected & (r < 0)].sum(axis=1)
        line = LinearRegression().fit(strength[train, None], goal)
        expected = known + line.predict(strength[test, None])
        np.testing.assert_allclose(result.predicted[row, test], expected, rtol=1e-9)


def test_with_nothing_selected_the_null_model_predicts(space, target, splits):
    result = finish(cross_validate(space, target, splits, ConnectomeModel(1e-12)))
    np.testing.assert_allclose(result.predicted, result.null, rtol=1e-12)
    assert result.n_features.tolist() == [0] * len(splits)


def test_the_best_features_are_chosen_in_the_training_part(edges, space, target, splits):
    result = finish(cross_validate(space, target, splits, TopFeatures(10, Ridge((0.5,)))))
    for row, split in enumerate(splits):
        own = edges.astype(float)
        r = np.array([np.corrcoef(column, target[split.train])[0, 1] for column in own[split.train].T])
        best = np.sort(np.argsort(-np.abs(r))[:10])
        assert result.selections[row].tolist() == best.tolist()
        model = RidgeOfSklearn(0.5).fit(own[split.train][:, best], target[split.train])
        np.testing.assert_allclose(result.predicted[row, split.test], model.predict(own[split.test][:, best]))


# --- other features ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dosage():
    rng = np.random.default_rng(9)
    dosage = rng.integers(0, 3, (N, 150)).astype(np.int8)
    dosage[rng.random(dosage.shape) < 0.3] = -1
    return dosage


def test_genotypes_are_three_columns_and_none_where_missing(dosage, target, splits):
    columns = np.concatenate([dosage == copies for copies in range(3)], axis=1).astype(float)
    ours = finish(cross_validate(finish(space_of_genotypes(GenotypeIndicators(dosage))), target, splits, Ridge((9.0,))))
    theirs = finish(cross_validate(space_of_numbers(columns), target, splits, Ridge((9.0,))))
    np.testing.assert_allclose(ours.predicted, theirs.predicted, equal_nan=True, atol=1e-4)
    fit = finish(fit_everybody(finish(space_of_genotypes(GenotypeIndicators(dosage))), target, Ridge((9.0,))))
    weights = fit.weights_in(finish(space_of_genotypes(GenotypeIndicators(dosage))), np.arange(N))
    expected = RidgeOfSklearn(9.0).fit(columns, target).coef_
    np.testing.assert_allclose(weights, expected, atol=1e-4 * np.abs(expected).max())


def test_missing_dosages_are_imputed_by_the_mean_of_those_who_train(dosage, target, splits):
    space = finish(space_of_features(ImputedDosage(dosage), np.arange(N)))
    result = finish(cross_validate(space, target, splits, Ridge((9.0,))))
    for row, split in enumerate(splits):
        known = np.where(dosage < 0, np.nan, dosage.astype(float))
        mean = np.nanmean(known[split.train], axis=0)
        whole = np.where(np.isnan(known), mean, known)
        model = RidgeOfSklearn(9.0).fit(whole[split.train], target[split.train])
        np.testing.assert_allclose(
            result.predicted[row, split.test], model.predict(whole[split.test]), atol=1e-5 * np.ptp(target)
        )


def test_numbers_of_different_units_are_standardised_by_those_who_train(covariates, target, splits):
    space = finish(space_of_features(Standardised(covariates), np.arange(N)))
    result = finish(cross_validate(space, target, splits, Ridge((2.0,))))
    for row, split in enumerate(splits):
        model = make_pipeline(StandardScaler(), RidgeOfSklearn(2.0)).fit(covariates[split.train], target[split.train])
        np.testing.assert_allclose(result.predicted[row, split.test], model.predict(covariates[split.test]))


def test_selection_works_on_every_kind_of_features(dosage, covariates, target, splits):
    columns = np.concatenate([dosage == copies for copies in range(3)], axis=1).astype(float)
    indicators = finish(space_of_genotypes(GenotypeIndicators(dosage)))
    for use in ("features", "residual"):
        ours, theirs = (
            finish(cross_validate(own, target, splits, ConnectomeModel(0.1), covariates=covariates, use=use))
            for own in (indicators, space_of_numbers(columns))
        )
        np.testing.assert_allclose(ours.predicted, theirs.predicted, equal_nan=True, rtol=1e-9)
    for own in (ImputedDosage(dosage), Standardised(np.column_stack([covariates, target + 1.0]))):
        space = finish(space_of_features(own, np.arange(N)))
        result = finish(cross_validate(space, target, splits, TopFeatures(1, Ridge((1e-3,)))))
        assert {chosen.size for chosen in result.selections} == {1}
    assert {int(chosen[0]) for chosen in result.selections} == {2}  # the target itself


# --- leaks ---------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("model", [*MODELS, Logistic(), LinearSvm()], ids=lambda model: type(model).__name__)
def test_a_shuffled_target_is_not_predicted(edges, model):
    """By selection outside the folds, a hundred edges of noise would reach R2 = 0.5 here."""
    rng = np.random.default_rng(12)
    space = finish(sample_space(edges, np.arange(N)))
    found = []
    for _ in range(4):
        target = rng.standard_normal(N)
        if isinstance(model, (Logistic, LinearSvm)):
            target = (target > 0).astype(int)
        result = finish(cross_validate(space, target, folds.k_fold(N, 5, rng), model))
        found.append(intervals(result, rng)[result.main_score].estimate - null_scores(result)[result.main_score])
    assert np.mean(found) < 0.1


def test_what_only_a_confound_predicts_is_gone_when_it_is_taken_out(rng):
    confound = rng.standard_normal(200)
    edges = (0.2 * rng.standard_normal((200, 300)) + 0.1 * confound[:, None]).astype(np.float32)
    target = confound + 0.3 * rng.standard_normal(200)
    space = finish(sample_space(edges, np.arange(200)))
    splits = folds.k_fold(200, 5, rng)
    by_use = {
        use: finish(cross_validate(space, target, splits, Ridge(), covariates=confound[:, None], use=use))
        for use in ("features", "covariates", "both", "residual")
    }
    r2 = {use: float(result.together()["r2"]) for use, result in by_use.items()}
    assert r2["features"] > 0.8
    assert r2["residual"] < 0.02
    assert abs(r2["both"] - r2["covariates"]) < 0.02


# --- words for who asks for too much -------------------------------------------------------------


def test_what_cannot_be_fitted_is_refused(space, target, splits):
    with pytest.raises(InputError, match="has the same target"):
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


def test_a_class_that_nobody_who_trains_has_is_never_predicted(space, target):
    classes = np.digitize(target, np.quantile(target, [0.3, 0.6]))
    split = Split(np.flatnonzero(classes != 2), np.flatnonzero(classes == 2), "")
    result = finish(cross_validate(space, classes, [split], Ridge()))
    assert set(result.predicted[0, split.test]) <= {0, 1}
    assert result.scores["accuracy"].tolist() == [0]


def test_intervals_hold_the_estimate_and_the_null_model_scores_zero(space, target, splits, rng):
    for drawn in (splits, folds.k_fold(N, 5, rng)):
        result = finish(cross_validate(space, target, drawn, Ridge()))
        for one in intervals(result, rng).values():
            assert one.low <= one.estimate <= one.high
        assert null_scores(result)["r2"] == pytest.approx(0)
        assert null_scores(result)["rmse"] == pytest.approx(target.std(), rel=0.2)
