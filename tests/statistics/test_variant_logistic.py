"""Logistic models of variants: SciPy's optimum of the same likelihoods, and where Newton's method begins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from genotypes_drawn import draw, draw_rare
from imagenomer.progress import finish
from imagenomer.statistics import variant_logistic
from imagenomer.statistics.variant_blocks import VariantDesign
from imagenomer.statistics.variant_logistic import fit_covariates
from imagenomer.statistics.variants import associate_levels


@pytest.mark.parametrize("model", ["additive", "genotypic"])
def test_where_newtons_method_begins_does_not_matter(model, monkeypatch):
    dosage, covariates, _, case = draw_rare(12)
    quick = finish(associate_levels(dosage, case, covariates, model))
    monkeypatch.setattr(variant_logistic, "_first_step", lambda null, observed, *_: np.full_like(observed, np.nan))
    slow = finish(associate_levels(dosage, case, covariates, model))  # from 0, as PLINK
    np.testing.assert_array_equal(quick.problem, slow.problem)
    np.testing.assert_array_equal(quick.firth, slow.firth)
    assert np.count_nonzero((quick.problem == 0) & ~quick.firth) > 40
    for ours, again in zip(quick.terms, slow.terms, strict=True):
        np.testing.assert_allclose(ours.beta, again.beta, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(ours.se, again.se, rtol=1e-7)


def test_covariates_that_tell_the_levels_apart_leave_no_model_to_begin_at():
    dosage, covariates, _, _ = draw(13, n_variants=20)
    ours = finish(associate_levels(dosage, covariates[:, 0] > 0.3, covariates))
    assert ours.firth[ours.problem == 0].all()
    assert np.isfinite(ours.test.beta[ours.problem == 0]).all()
    assert np.count_nonzero(ours.problem == 0) > 10


def test_the_model_of_the_covariates_is_the_optimum_of_scipy():
    _, covariates, _, case = draw(21)
    design = VariantDesign(case.astype(float), covariates, 1)

    def minus_log_likelihood(beta):
        predictor = design.columns @ beta
        return np.logaddexp(0, predictor).sum() - predictor @ case

    oracle = optimize.minimize(minus_log_likelihood, np.zeros(4), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(fit_covariates(design, case.astype(float)), oracle.x, atol=1e-5)


def test_without_such_a_model_newtons_method_begins_at_0():
    covariate = np.arange(30.0)
    design = VariantDesign((covariate > 14).astype(float), covariate[:, None], 1)
    np.testing.assert_array_equal(fit_covariates(design, (covariate > 14).astype(float)), 0)


def test_firths_estimate_is_the_optimum_of_the_penalised_likelihood():
    """An allele that no case has: the likelihood alone has no maximum."""
    rng = np.random.default_rng(22)
    dosage = rng.binomial(2, 0.4, (60, 1)).astype(np.int8)
    case = (dosage[:, 0] == 0) & (rng.random(60) < 0.6)
    ours = finish(associate_levels(dosage, case))
    assert ours.firth.tolist() == [True]
    matrix = np.column_stack([np.ones(60), dosage[:, 0].astype(float)])

    def minus_penalised(beta):
        predictor = matrix @ beta
        fitted = 1 / (1 + np.exp(-predictor))
        determinant = np.linalg.slogdet(matrix.T @ (matrix * (fitted * (1 - fitted))[:, None]))[1]
        return np.logaddexp(0, predictor).sum() - predictor @ case - determinant / 2

    oracle = optimize.minimize(
        minus_penalised, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    assert ours.test.beta[0] == pytest.approx(oracle.x[1], rel=1e-6)
