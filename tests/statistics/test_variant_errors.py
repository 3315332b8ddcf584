"""Variants with unequal variances, or of families: HC3 and what leaving one out changes, by statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.api import OLS

from genotypes_drawn import draw_rare
from imagenomer.progress import finish
from imagenomer.statistics.genotype_codes import code_genotypes
from imagenomer.statistics.variant_results import Problem
from imagenomer.statistics.variants import associate_number
from robust import effective_dof, left_out


def columns_of(dosage, covariates, model):
    """Return who has a genotype, and what the model has of them, the terms first."""
    known = dosage >= 0
    codes = code_genotypes(dosage[known][:, None], model)
    return known, np.column_stack([*[code[:, 0] for code in codes], np.ones(known.sum()), covariates[known]])


def fewest_dof(columns, k, codes):
    """Degrees of freedom of each of the first k columns, given all others; the fewest."""
    return min(effective_dof(columns[:, one], np.delete(columns, one, axis=1), codes) for one in range(k))


@pytest.mark.parametrize("model", ["additive", "dominant", "genotypic"])
def test_the_errors_of_subjects_are_hc3(model):
    dosage, covariates, number, _ = draw_rare(1)
    ours = finish(associate_number(dosage, number, covariates, model, np.arange(number.size)))
    plain = finish(associate_number(dosage, number, covariates, model))
    tested = np.flatnonzero(ours.problem == 0)
    assert tested.size >= 5
    for variant in tested[:20]:
        known, columns = columns_of(dosage[:, variant], covariates, model)
        fit = OLS(number[known], columns).fit().get_robustcov_results("HC3", use_t=True)
        nu = fewest_dof(columns, len(ours.terms), np.arange(len(columns)))
        assert ours.dof[variant] == pytest.approx(nu, rel=1e-8)
        for row, term in enumerate(ours.terms):
            assert term.se[variant] == pytest.approx(fit.bse[row], rel=1e-8)
            assert term.p_value[variant] == pytest.approx(2 * stats.t.sf(abs(fit.tvalues[row]), nu), rel=1e-7)
            assert term.beta[variant] == plain.terms[row].beta[variant]
        if ours.joint is not None:
            f = fit.f_test(np.eye(columns.shape[1])[:2])
            assert ours.joint.statistic[variant] == pytest.approx(float(f.fvalue), rel=1e-7)
            p = stats.f.sf(float(f.fvalue) * (nu - 1) / nu, 2, nu - 1)
            assert ours.joint.p_value[variant] == pytest.approx(p, rel=1e-7)


@pytest.mark.parametrize("model", ["additive", "genotypic"])
def test_the_errors_of_families_are_what_leaving_one_out_changes(model):
    dosage, covariates, number, _ = draw_rare(2)
    families = np.random.default_rng(1).permutation(np.minimum(np.arange(number.size), 3 * number.size // 4) // 3)
    ours = finish(associate_number(dosage, number, covariates, model, families))
    tested = np.flatnonzero(ours.problem == 0)
    assert tested.size >= 5
    for variant in tested[:12]:
        known, columns = columns_of(dosage[:, variant], covariates, model)
        k, codes = len(ours.terms), families[known]
        beta, covariance, *_ = left_out(number[known], columns[:, :k], columns[:, k:], codes)
        nu = fewest_dof(columns, k, codes)
        assert ours.dof[variant] == pytest.approx(nu, rel=1e-7)
        for row, term in enumerate(ours.terms):
            se = np.sqrt(covariance[row, row])
            assert term.se[variant] == pytest.approx(se, rel=1e-7)
            assert term.p_value[variant] == pytest.approx(2 * stats.t.sf(abs(beta[row]) / se, nu), rel=1e-6)


def test_a_genotype_of_one_subject_or_family_is_not_tested():
    rng = np.random.default_rng(1)
    dosage = np.zeros((30, 2), dtype=np.int8)
    dosage[4, 0], dosage[6:9, 1] = 1, 1
    by_subject = finish(associate_number(dosage, rng.standard_normal(30), None, "additive", np.arange(30)))
    assert by_subject.problem.tolist() == [Problem.ONE_CLUSTER, Problem.NONE]
    families = np.where(np.isin(np.arange(30), (6, 7, 8)), 6, np.arange(30))
    by_family = finish(associate_number(dosage, rng.standard_normal(30), None, "additive", families))
    assert by_family.problem.tolist() == [Problem.ONE_CLUSTER, Problem.ONE_CLUSTER]
    assert np.isnan(by_family.terms[0].p_value).all()
