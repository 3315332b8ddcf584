"""Screening: statsmodels variant by variant, and the kernel of single phenotypes."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.design import build_design
from imagenomer.statistics.screening import screen
from imagenomer.statistics.variants import associate_number

SEEDS = st.integers(0, 2**32 - 1)


def draw(seed, n_subjects=60, n_variants=25, n_numbers=4, n_covariates=2, missing=0.1):
    rng = np.random.default_rng(seed)
    dosage = rng.binomial(2, rng.uniform(0.1, 0.9, n_variants), (n_subjects, n_variants)).astype(np.int8)
    dosage[:, 5:][rng.random((n_subjects, n_variants - 5)) < missing] = -1
    covariates = rng.normal(size=(n_subjects, n_covariates))
    numbers = rng.normal(5, 3, (n_subjects, n_numbers)) + dosage[:, [0, 7, 9, 3]] + covariates[:, :1]
    phenotypes = [Phenotype(f"c{k}", covariates[:, k]) for k in range(n_covariates)]
    return dosage, numbers, covariates, build_design(phenotypes, np.arange(n_subjects))


@settings(max_examples=15)
@given(SEEDS)
@pytest.mark.parametrize("coding", ["additive", "dominant", "recessive", "heterozygous"])
def test_every_number_is_that_of_statsmodels_in_those_who_have_the_genotype(coding, seed):
    dosage, numbers, covariates, design = draw(seed)
    ours = finish(screen(dosage, numbers, design, coding))
    codes = {"additive": (0, 1, 2), "dominant": (0, 1, 1), "recessive": (0, 0, 1), "heterozygous": (0, 1, 0)}[coding]
    for variant in range(dosage.shape[1]):
        known = dosage[:, variant] >= 0
        code = np.array(codes, dtype=float)[dosage[known, variant]]
        assert ours.n_subjects[variant] == known.sum()
        if np.ptp(code) == 0:
            assert np.isnan(ours.r[:, variant]).all()
            continue
        design_matrix = sm.add_constant(np.column_stack([code, covariates[known]]))
        for number in range(numbers.shape[1]):
            fit = sm.OLS(numbers[known, number], design_matrix).fit()
            t = fit.tvalues[1]
            assert ours.r[number, variant] == pytest.approx(t / np.sqrt(t**2 + fit.df_resid), abs=1e-9)
            assert ours.neg_log10_p[number, variant] == pytest.approx(-np.log10(fit.pvalues[1]), rel=1e-6)
            assert ours.dof[variant] == fit.df_resid


@pytest.mark.parametrize("n_covariates", [0, 3])
def test_it_agrees_with_the_kernel_of_single_phenotypes(n_covariates):
    dosage, numbers, covariates, design = draw(3, 300, 700, n_covariates=n_covariates or 1)
    if not n_covariates:
        design = build_design([], np.arange(300))
    ours = finish(screen(dosage, numbers, design))
    for number in range(numbers.shape[1]):
        alone = finish(associate_number(dosage, numbers[:, number], covariates if n_covariates else None))
        np.testing.assert_allclose(ours.neg_log10_p[number], alone.test.neg_log10_p, rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal(np.isnan(ours.r[number]), alone.problem > 0)


def test_what_cannot_be_tested_is_nan():
    dosage, numbers, covariates, _ = draw(1)
    dosage[:, 0] = 1
    dosage[:, 1] = -1
    dosage[:, 2] = 0
    dosage[4:, 3] = -1
    followed = Phenotype("followed", dosage[:, 4].astype(float) + 1e-6 * covariates[:, 0])
    design = build_design([followed], np.arange(60))
    numbers[:, 2] = 7.0
    ours = finish(screen(dosage, numbers, design))
    assert np.isnan(ours.r[:, :3]).all()
    assert np.isnan(ours.r[:, 4]).all()
    assert np.isnan(ours.r[2]).all()
    assert np.isfinite(ours.r[[0, 1, 3], 5:]).all()
    np.testing.assert_array_equal(np.isnan(ours.r), np.isnan(ours.neg_log10_p))


def test_covariates_that_follow_from_each_other_where_a_genotype_is_known_are_noticed():
    dosage, numbers, _, _ = draw(2)
    rare = np.zeros(60)
    rare[:3] = 1
    dosage[:3, 6] = -1
    design = build_design([Phenotype("rare", rare)], np.arange(60))
    ours = finish(screen(dosage, numbers, design))
    assert np.isnan(ours.r[:, 6]).all()
    assert np.isfinite(ours.r[:, :6]).all()


def test_an_empty_set_of_variants_is_no_error():
    _, numbers, _, design = draw(1)
    assert finish(screen(np.zeros((60, 0), dtype=np.int8), numbers, design)).r.shape == (4, 0)
