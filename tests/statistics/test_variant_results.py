"""Results of variants: tests from estimates, against SciPy, and results of some variants put together."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from genotypes_drawn import draw
from imagenomer.progress import finish
from imagenomer.statistics.variant_results import Problem, VariantAssociation, VariantFits
from imagenomer.statistics.variants import associate_levels, associate_number


def fitted(model="genotypic"):
    """Estimates of three variants, the last of which could not be tested."""
    fits = VariantFits.empty(3, model)
    n_terms = len(fits.beta)
    fits.beta[:] = np.array([[0.3, -0.2, 9.0], [0.1, 0.4, 9.0]])[:n_terms]
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])[:n_terms, :n_terms]
    fits.covariance[:] = covariance[:, :, None]
    fits.n_subjects[:] = [50, 40, 3]
    fits.n_parameters = 2 + n_terms
    fits.problem[2] = Problem.TOO_FEW
    return fits, covariance


def test_students_and_walds_tests_are_those_of_scipy():
    fits, covariance = fitted()
    se = np.sqrt(np.diag(covariance))
    linear, logistic = fits.result(logistic=False, scale=2.0), fits.result(logistic=True, scale=1.0)
    for row, (t, z) in enumerate(zip(linear.terms, logistic.terms, strict=True)):
        expected = fits.beta[row, :2] / se[row]
        np.testing.assert_allclose(t.beta[:2], 2 * fits.beta[row, :2])
        np.testing.assert_allclose(t.se[:2], 2 * se[row])
        np.testing.assert_allclose(t.statistic[:2], expected)
        np.testing.assert_allclose(t.p_value[:2], 2 * stats.t.sf(np.abs(expected), [46, 36]), rtol=1e-9)
        np.testing.assert_allclose(z.p_value[:2], 2 * stats.norm.sf(np.abs(expected)), rtol=1e-9)
        for term in (t, z):
            np.testing.assert_allclose(term.neg_log10_p[:2], -np.log10(term.p_value[:2]), rtol=1e-9)


def test_joint_tests_are_those_of_scipy():
    fits, covariance = fitted()
    wald = [beta @ np.linalg.solve(covariance, beta) for beta in fits.beta.T[:2]]
    linear, logistic = fits.result(logistic=False, scale=1.0), fits.result(logistic=True, scale=1.0)
    np.testing.assert_allclose(linear.joint.statistic[:2], np.array(wald) / 2)
    np.testing.assert_allclose(linear.joint.p_value[:2], stats.f.sf(np.array(wald) / 2, 2, [46, 36]), rtol=1e-9)
    np.testing.assert_allclose(logistic.joint.p_value[:2], stats.chi2.sf(wald, 2), rtol=1e-9)
    assert logistic.test is logistic.joint


def test_what_was_not_tested_has_no_numbers():
    fits, _ = fitted("additive")
    result = fits.result(logistic=False, scale=1.0)
    (term,) = result.terms
    assert result.joint is None
    assert result.test is term
    assert result.problem.tolist() == [Problem.NONE, Problem.NONE, Problem.TOO_FEW]
    assert np.isnan([term.beta[2], term.statistic[2], term.p_value[2], term.neg_log10_p[2]]).all()
    assert not np.isnan(term.p_value[:2]).any()


@pytest.mark.parametrize("model", ["additive", "genotypic"])
def test_parts_put_together_are_the_whole(model):
    dosage, covariates, number, case = draw(23)
    odd, even = np.arange(1, 12, 2), np.arange(0, 12, 2)
    for associate, target in ((associate_number, number), (associate_levels, case)):
        whole = finish(associate(dosage, target, covariates, model))
        parts = [(which, finish(associate(dosage[:, which], target, covariates, model))) for which in (odd, even)]
        joined = VariantAssociation.joined(parts, 12)
        for name in ("n_subjects", "dof", "firth", "problem"):
            np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
        for ours, theirs in zip([joined.test, *joined.terms], [whole.test, *whole.terms], strict=True):
            for field in dataclasses.fields(ours):
                if field.name != "name":
                    np.testing.assert_allclose(getattr(ours, field.name), getattr(theirs, field.name), rtol=1e-9)


def test_variants_of_no_part_have_no_numbers_and_no_problem():
    dosage, covariates, number, _ = draw(24)
    which = np.array([2, 5])
    joined = VariantAssociation.joined([(which, finish(associate_number(dosage[:, which], number, covariates)))], 7)
    assert np.flatnonzero(~np.isnan(joined.test.p_value)).tolist() == [2, 5]
    assert np.flatnonzero(joined.n_subjects).tolist() == [2, 5]
    assert not joined.problem.any()
