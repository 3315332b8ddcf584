"""Features: what each kind computes of its rows, against the rows themselves and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge as RidgeOfSklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from imagenomer.progress import finish
from imagenomer.statistics.features import (
    Edges,
    FittedFeatures,
    GenotypeIndicators,
    ImputedDosage,
    Numbers,
    StandardisedNumbers,
)
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.prediction import cross_validate, fit_everybody
from imagenomer.statistics.sample_space import space_of_features, space_of_genotypes, space_of_numbers
from predicted import N, P


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
    space = finish(space_of_features(StandardisedNumbers(covariates), np.arange(N)))
    result = finish(cross_validate(space, target, splits, Ridge((2.0,))))
    for row, split in enumerate(splits):
        model = make_pipeline(StandardScaler(), RidgeOfSklearn(2.0)).fit(covariates[split.train], target[split.train])
        np.testing.assert_allclose(result.predicted[row, split.test], model.predict(covariates[split.test]))


# --- what a model asks of them --------------------------------------------------------------------


KINDS = {
    "edges": lambda edges, covariates, dosage: Edges(edges, np.ones(P, dtype=bool)),
    "numbers": lambda edges, covariates, dosage: Numbers(covariates),
    "standardised": lambda edges, covariates, dosage: StandardisedNumbers(covariates),
    "indicators": lambda edges, covariates, dosage: GenotypeIndicators(dosage),
    "imputed": lambda edges, covariates, dosage: ImputedDosage(dosage),
}


@pytest.mark.parametrize("kind", KINDS)
def test_sums_and_lengths_are_those_of_the_chosen_features(edges, covariates, dosage, splits, kind):
    """Whatever a kind computes without its columns, the columns themselves give as well."""
    features, train = KINDS[kind](edges, covariates, dosage), splits[0].train
    whole = features.chosen(train, np.arange(features.n_columns), train)
    assert whole.shape == (train.size, features.n_columns)
    assert features.n_features == features.n_columns
    weights = np.random.default_rng(41).standard_normal(train.size)
    weights -= weights.mean()  # as those of every model: features may be about any origin
    scale = np.abs(whole).max() * np.abs(weights).sum()
    np.testing.assert_allclose(features.combined(train, weights), weights @ whole, atol=1e-6 * scale)
    constant = np.full((train.size, 1), 1 / np.sqrt(train.size))
    basis = np.linalg.qr(np.column_stack([constant, covariates[train, :1]]))[0]
    basis *= np.sign(basis[0, 0])
    if kind in ("numbers", "standardised"):
        basis = basis[:, :1]  # the covariates themselves are the features
    left = whole - basis @ (basis.T @ whole)
    np.testing.assert_allclose(finish(features.lengths(train, basis)), np.linalg.norm(left, axis=0), rtol=2e-4)


@pytest.mark.parametrize("kind", ["standardised", "imputed"])
def test_products_of_fitted_features_are_those_of_the_chosen_ones(edges, covariates, dosage, splits, kind):
    features, split = KINDS[kind](edges, covariates, dosage), splits[0]
    assert isinstance(features, FittedFeatures)
    assert features.refusal(split.train, split.test) == ""
    columns = np.arange(features.n_columns)
    train, test = (features.chosen(rows, columns, split.train) for rows in (split.train, split.test))
    kernels = finish(features.kernels(split.train, split.test))
    np.testing.assert_allclose(kernels.train, train @ train.T, atol=1e-4)
    np.testing.assert_allclose(kernels.test, test @ train.T, atol=1e-4)


def test_a_feature_that_the_basis_explains_has_no_length(covariates):
    train = np.arange(N)
    basis = np.linalg.qr(np.column_stack([np.ones(N), covariates]))[0]
    assert np.isnan(finish(Numbers(covariates).lengths(train, basis))).all()
    edges = (covariates * [0.1, 0.01]).astype(np.float32)
    constant = np.full((N, 1), 1 / np.sqrt(N))
    assert np.isfinite(finish(Edges(edges, np.ones(2, dtype=bool)).lengths(train, constant))).all()
    assert np.isnan(
        finish(Edges(np.ones((N, 2), dtype=np.float32), np.ones(2, dtype=bool)).lengths(train, constant))
    ).all()
