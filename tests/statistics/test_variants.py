"""Association of variants: as PLINK 2 and statsmodels find it, and what must hold whatever the data."""

from __future__ import annotations

from typing import get_args

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.api import OLS, Logit

from genotypes_drawn import draw, draw_rare
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import variant_blocks
from imagenomer.statistics.genotype_codes import Model
from imagenomer.statistics.variant_results import Problem
from imagenomer.statistics.variants import associate_levels, associate_number, genomic_inflation
from oracles.plink import numbers, run_plink, write_columns

MODELS = get_args(Model)
#: What PLINK 2 calls the models that it has.
PLINK = {
    "additive": [],
    "dominant": ["dominant"],
    "recessive": ["recessive"],
    "heterozygous": ["hetonly"],
    "genotypic": ["genotypic"],
}
seeds = st.integers(0, 2**32 - 1)


def ask_plink(folder, dosage, covariates, target, model, *, case_control):
    """Run PLINK 2 --glm, and return its rows by test."""
    write_columns(folder / "target", target=target + 1 if case_control else target)
    write_columns(folder / "covariates", **{f"c{column}": values for column, values in enumerate(covariates.T)})
    tables = run_plink(
        *("plink2", folder, dosage, "--pheno", "target", "--covar", "covariates"),
        *("--glm", "omit-ref", "hide-covar", *PLINK[model], "cols=+nobs,+beta,-orbeta,+err,+firth"),
    )
    (rows,) = (rows for name, rows in tables.items() if ".glm." in name)
    return {name: [row for row in rows if row["TEST"] == name] for name in {row["TEST"]: 0 for row in rows}}


# --- other people's answers ----------------------------------------------------------------------


@pytest.mark.parametrize("model", PLINK)
def test_a_number_gives_what_plink_gives(model, tmp_path):
    dosage, covariates, number, _ = draw_rare(1)
    by_test = ask_plink(tmp_path, dosage, covariates, number, model, case_control=False)
    ours = finish(associate_number(dosage, number, covariates, model))
    for term, rows in zip(ours.terms, by_test.values(), strict=False):
        assert [int(row["OBS_CT"]) for row in rows] == ours.n_subjects.tolist()
        statistic = next(name for name in rows[0] if name.startswith("T_"))
        for name, found in (("BETA", term.beta), ("SE", term.se), (statistic, term.statistic), ("P", term.p_value)):
            np.testing.assert_allclose(found, numbers(rows, name), rtol=1e-5)
    assert 4 < np.count_nonzero(ours.problem) < 100
    assert np.nanmin(ours.test.p_value) < 0.01
    if model == "genotypic":
        rows = by_test["GENO_2DF"]
        np.testing.assert_allclose(ours.joint.statistic, numbers(rows, "T_OR_F_STAT"), rtol=1e-5)
        # This PLINK takes n, not n less the parameters, for the degrees of freedom; with that its p-value is ours.
        np.testing.assert_allclose(stats.f.sf(ours.joint.statistic, 2, ours.n_subjects), numbers(rows, "P"), rtol=1e-4)
        np.testing.assert_allclose(stats.f.sf(ours.joint.statistic, 2, ours.dof), ours.joint.p_value, rtol=1e-10)


def test_a_genotype_nearly_given_by_the_covariates_is_left_out_where_plink_does(tmp_path):
    dosage, covariates, number, case = draw(10, n_subjects=200)
    rng = np.random.default_rng(10)
    near = dosage[:, :3] + rng.normal(0, [0.08, 0.09, 0.12], (200, 3))  # inflated by about 80, 50 and 30
    covariates = np.column_stack([covariates, near])
    for ours, target in zip(fits(dosage, covariates, number, case, "additive"), (number, case), strict=True):
        by_test = ask_plink(tmp_path, dosage, covariates, target, "additive", case_control=target is case)
        left_out = np.isnan(numbers(by_test["ADD"], "BETA"))
        np.testing.assert_array_equal(ours.problem > 0, left_out)
        assert 0 < left_out[:3].sum() < 3 > left_out[3:].sum()


@pytest.mark.parametrize("model", PLINK)
def test_two_levels_give_what_plink_gives_and_turn_to_firth_where_it_does(model, tmp_path):
    dosage, covariates, _, case = draw_rare(2)
    if model in ("dominant", "recessive", "heterozygous"):
        # There this PLINK's standard errors are too small after a variant with missing genotypes; statsmodels, below,
        # has no such trouble.
        dosage = np.maximum(dosage, 0)
    by_test = ask_plink(tmp_path, dosage, covariates, case, model, case_control=True)
    ours = finish(associate_levels(dosage, case, covariates, model))
    first = next(iter(by_test.values()))
    # This PLINK computes in single precision. Where that was not enough, it says so.
    errors = np.array([row["ERRCODE"] for row in first])
    agree = errors == "."
    np.testing.assert_array_equal(ours.problem > 0, ~agree & ~np.isin(errors, ["UNFINISHED", "INVALID_RESULT"]))
    assert np.isfinite(ours.test.statistic[ours.problem == 0]).all()
    assert np.count_nonzero(~agree & (ours.problem == 0)) < 16
    turned = np.array([row["FIRTH?"] == "Y" for row in first])
    np.testing.assert_array_equal(ours.firth[agree], turned[agree])
    assert min(np.count_nonzero(turned & agree), np.count_nonzero(~turned & agree)) > 5
    for term, rows in zip(ours.terms, by_test.values(), strict=False):
        assert [int(row["OBS_CT"]) for row in rows] == ours.n_subjects.tolist()
        for name, found in (("BETA", term.beta), ("SE", term.se)):
            np.testing.assert_allclose(found[agree], numbers(rows, name)[agree], rtol=2e-3, atol=1e-3)
    if model == "genotypic":
        half = numbers(by_test["GENO_2DF"], "Z_OR_F_STAT")[agree]
        np.testing.assert_allclose(ours.joint.statistic[agree] / 2, half, rtol=2e-3, atol=1e-3)


def codes_of(genotypes, model):
    """Columns of a model, the long way."""
    codes = {
        "additive": [genotypes],
        "dominant": [genotypes > 0],
        "recessive": [genotypes == 2],
        "heterozygous": [genotypes == 1],
        "genotypic": [genotypes, genotypes == 1],
        "none": [genotypes == 0],
    }
    return np.column_stack(codes[model]).astype(float)


@pytest.mark.parametrize("model", MODELS)
def test_models_are_those_of_statsmodels_over_the_subjects_with_a_genotype(model):
    dosage, covariates, number, case = draw(3)
    linear = finish(associate_number(dosage, number, covariates, model))
    logistic = finish(associate_levels(dosage, case, covariates, model))
    for column in range(dosage.shape[1]):
        known = dosage[:, column] >= 0
        codes = codes_of(dosage[known, column], model)
        given = np.column_stack([codes, np.ones(known.sum()), covariates[known]])
        oracles = (OLS(number[known], given).fit(), Logit(case[known], given).fit(disp=0, tol=1e-12, maxiter=50))
        joint = np.eye(given.shape[1])[: codes.shape[1]]
        for ours, oracle in zip((linear, logistic), oracles, strict=True):
            assert (ours.n_subjects[column], ours.dof[column]) == (known.sum(), oracle.df_resid)
            for index, term in enumerate(ours.terms):
                expected = (oracle.params[index], oracle.bse[index], oracle.tvalues[index], oracle.pvalues[index])
                found = (term.beta[column], term.se[column], term.statistic[column], term.p_value[column])
                np.testing.assert_allclose(found, expected, rtol=1e-8)
                np.testing.assert_allclose(term.neg_log10_p[column], -np.log10(oracle.pvalues[index]), rtol=1e-8)
            if ours.joint is not None:
                test = oracle.wald_test(joint, use_f=ours is linear, scalar=True)
                np.testing.assert_allclose(ours.joint.statistic[column], test.statistic, rtol=1e-8)
                np.testing.assert_allclose(ours.joint.p_value[column], test.pvalue, rtol=1e-8)
                np.testing.assert_allclose(ours.joint.neg_log10_p[column], -np.log10(test.pvalue), rtol=1e-8)
    assert not logistic.firth.any()


@pytest.mark.parametrize("model", ["additive", "genotypic"])
def test_firth_maximises_the_penalised_likelihood(model):
    dosage, covariates, _, case = draw_rare(4, n_subjects=80, n_variants=60)
    ours = finish(associate_levels(dosage, case, covariates, model))
    columns = np.flatnonzero(ours.firth)[:6]
    assert columns.size > 3
    for column in columns:
        known = dosage[:, column] >= 0
        codes = codes_of(dosage[known, column], model)
        given = np.column_stack([codes, np.ones(known.sum()), covariates[known]])

        def information(beta, given=given):
            fitted = 1 / (1 + np.exp(-given @ beta))
            return given.T @ (given * (fitted * (1 - fitted))[:, None])

        def penalised(beta, given=given, target=case[known], information=information):
            signed = np.where(target, 1, -1) * (given @ beta)
            return np.logaddexp(0, -signed).sum() - np.linalg.slogdet(information(beta))[1] / 2

        best = optimize.minimize(penalised, np.zeros(given.shape[1]), method="BFGS", options={"gtol": 1e-7}).x
        se = np.sqrt(np.diag(np.linalg.inv(information(best))))
        for index, term in enumerate(ours.terms):
            np.testing.assert_allclose((term.beta[column], term.se[column]), (best[index], se[index]), rtol=1e-4)


def test_inflation_is_that_of_plink(tmp_path):
    dosage, _, number, _ = draw(11, n_subjects=150, n_variants=401)  # an odd number: the median is one of them
    number = number + 0.3 * np.maximum(dosage, 0)[:, 5:25].sum(axis=1)  # linked to many by chance
    write_columns(tmp_path / "target", target=number)
    arguments = ["--pheno", "target", "--glm", "allow-no-covars", "--adjust"]
    run_plink("plink2", tmp_path, dosage, *arguments)
    log = (tmp_path / "out.log").read_text()
    theirs = float(log.split("lambda (based on median chisq) =")[1].split()[0].rstrip("."))
    ours = genomic_inflation(finish(associate_number(dosage, number)).test.p_value)
    assert theirs > 1.02
    # PLINK divides by 0.456, which is the median of chi-squared but for the last digit.
    np.testing.assert_allclose(ours * stats.chi2.median(1) / 0.456, theirs, rtol=1e-5)


@given(st.lists(st.floats(1e-300, 1), min_size=1))
def test_inflation_is_the_ratio_of_medians(p_values):
    chi_squared = stats.chi2.isf(p_values, 1)
    if len(p_values) % 2:  # else the median is between two, and not the same on both scales
        expected = np.median(chi_squared) / stats.chi2.median(1)
        np.testing.assert_allclose(genomic_inflation(np.array([*p_values, np.nan])), expected, rtol=1e-7, atol=1e-12)
    assert np.isnan(genomic_inflation(np.array([np.nan])))


# --- properties ----------------------------------------------------------------------------------


def fits(dosage, covariates, number, case, model):
    return [
        finish(associate_number(dosage, number, covariates, model)),
        finish(associate_levels(dosage, case, covariates, model)),
    ]


@settings(max_examples=12)
@given(seeds, st.sampled_from(MODELS))
def test_permuting_subjects_together_changes_nothing(seed, model):
    data = draw(seed)
    order = np.random.default_rng(seed).permutation(data[0].shape[0])
    for ours, again in zip(fits(*data, model), fits(*(each[order] for each in data), model), strict=True):
        np.testing.assert_allclose(ours.test.statistic, again.test.statistic, rtol=1e-7, atol=1e-9)


@settings(max_examples=12)
@given(seeds)
def test_counting_the_other_allele_turns_the_sign_and_nothing_else(seed):
    dosage, *others = draw(seed)
    recoded = np.where(dosage < 0, -1, 2 - dosage).astype(np.int8)
    same = [("additive", -1, recoded, "additive"), ("heterozygous", 1, recoded, "heterozygous")]
    same += [("recessive", 1, recoded, "none"), ("dominant", -1, dosage, "none")]
    for model, sign, coded, other in same:
        for ours, again in zip(fits(dosage, *others, model), fits(coded, *others, other), strict=True):
            np.testing.assert_array_equal(ours.problem, again.problem)
            np.testing.assert_allclose(ours.test.beta, sign * again.test.beta, rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(ours.test.p_value, again.test.p_value, rtol=1e-6)


@settings(max_examples=12)
@given(seeds)
def test_a_missing_genotype_is_a_subject_less(seed):
    dosage, covariates, number, case = draw(seed)
    column = dosage.shape[1] - 1
    known = dosage[:, column] >= 0
    whole = fits(dosage, covariates, number, case, "additive")
    part = fits(dosage[known][:, [column]], covariates[known], number[known], case[known], "additive")
    for ours, again in zip(whole, part, strict=True):
        assert ours.n_subjects[column] == again.n_subjects[0] == known.sum() < known.size
        np.testing.assert_allclose(ours.test.statistic[column], again.test.statistic[0], rtol=1e-7, atol=1e-9)


def test_scales_and_offsets_of_covariates_and_phenotype_change_nothing_but_beta():
    dosage, covariates, number, case = draw(5)
    unlike = covariates * [1e-6, 1, 1e6] + [0, 0, 1e7]
    ours, again = (
        finish(associate_number(dosage, y, x)) for y, x in ((number, covariates), (1e6 + number / 1e3, unlike))
    )
    np.testing.assert_allclose(again.test.beta * 1e3, ours.test.beta, rtol=1e-5)
    np.testing.assert_allclose(again.test.p_value, ours.test.p_value, rtol=1e-5)
    ours, again = (finish(associate_levels(dosage, case, x)) for x in (covariates, unlike))
    np.testing.assert_allclose(again.test.beta, ours.test.beta, rtol=1e-5)


def test_blocks_do_not_matter(monkeypatch):
    data = draw_rare(6)
    whole = fits(*data, "additive")
    monkeypatch.setattr(variant_blocks, "_BLOCK", 1)  # the smallest blocks
    for ours, again in zip(whole, fits(*data, "additive"), strict=True):
        np.testing.assert_array_equal(ours.problem, again.problem)
        np.testing.assert_allclose(ours.test.p_value, again.test.p_value, rtol=1e-9)


def test_progress_counts_to_the_end():
    dosage, covariates, number, case = draw_rare(7)
    for steps in (associate_number(dosage, number, covariates), associate_levels(dosage, case, covariates)):
        told = []
        finish(steps, told.append)
        assert [step.done for step in told] == sorted({step.done for step in told})
        assert {step.total for step in told} == {told[-1].done} == {dosage.shape[1]}


# --- edges ---------------------------------------------------------------------------------------


def test_p_is_exact_far_below_the_smallest_double():
    rng = np.random.default_rng(8)
    dosage = rng.binomial(2, 0.5, (3000, 2)).astype(np.int8)
    ours = finish(associate_number(dosage, dosage[:, 0] + rng.normal(0, 0.1, 3000)))
    t, dof = float(ours.test.statistic[0]), int(ours.dof[0])
    with mpmath.workdps(30):
        tail = mpmath.betainc(mpmath.mpf(dof) / 2, 0.5, 0, dof / (dof + mpmath.mpf(t) ** 2), regularized=True)
        expected = float(-mpmath.log10(tail))
    assert expected > 1000
    assert ours.test.p_value[0] == 0
    np.testing.assert_allclose(ours.test.neg_log10_p[0], expected, rtol=1e-10)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_perfect_fit_leaves_nothing_to_test(missing):
    dosage = np.tile(np.array([0, 1, 2], dtype=np.int8), 10)[:, None]
    phenotype = 3.0 * dosage[:, 0]
    dosage[:missing] = -1
    ours = finish(associate_number(dosage, phenotype))
    assert ours.problem.tolist() == [Problem.EXACT]
    assert np.isnan(ours.test.p_value[0])


@pytest.mark.parametrize(
    ("genotypes", "model", "reason"),
    [
        ([0] * 30, "additive", Problem.CONSTANT),
        ([2] * 29 + [-1], "additive", Problem.CONSTANT),
        ([0, 1] * 15, "recessive", Problem.CONSTANT),
        ([0, 1, 2] + [-1] * 27, "additive", Problem.TOO_FEW),
        ([-1] * 30, "additive", Problem.TOO_FEW),
        ([0, 1] * 15, "genotypic", Problem.COLLINEAR),
        ([0] * 10 + [1] * 20, "additive", Problem.COLLINEAR),
        ([-1] * 10 + [0, 1] * 10, "additive", Problem.COVARIATES),
    ],
)
def test_a_variant_that_cannot_be_tested_says_why(genotypes, model, reason):
    rng = np.random.default_rng(9)
    covariate = np.repeat([0.0, 1.0], [10, 20])
    dosage = np.array([genotypes], dtype=np.int8).T
    for ours in fits(dosage, covariate[:, None], rng.normal(size=30), rng.random(30) < 0.5, model):
        assert ours.problem[0] == reason
        assert np.isnan([ours.test.p_value[0], ours.test.neg_log10_p[0], ours.terms[0].beta[0]]).all()


def test_a_variant_known_in_one_level_only_says_so():
    case = np.repeat([True, False], 20)
    dosage = np.array([[0, 1, 2, 1] * 5 + [-1] * 20], dtype=np.int8).T
    ours = finish(associate_levels(dosage, case))
    assert ours.problem[0] == Problem.ONE_LEVEL


@pytest.mark.parametrize(
    ("covariates", "number", "words"),
    [
        (np.tile(np.arange(30.0), (2, 1)).T, np.arange(30.0) ** 2, "covariate 2 does not vary or follows"),
        (np.ones((30, 1)), np.arange(30.0), "covariate 1 does not vary"),
        (np.arange(30.0)[:, None], 2 * np.arange(30.0), "follows from the covariates"),
        (None, np.full(30, 7.1), "all 30 subjects have the same value"),
        (np.random.default_rng(0).normal(size=(30, 28)), np.arange(30.0), "30 subjects cannot fit 28 covariates"),
    ],
)
def test_what_no_variant_can_be_tested_with_is_refused(covariates, number, words):
    with pytest.raises(InputError, match=words):
        finish(associate_number(np.zeros((30, 2), dtype=np.int8), number, covariates))


def test_one_level_is_refused():
    with pytest.raises(InputError, match="all 9 subjects are of the same level"):
        finish(associate_levels(np.zeros((9, 2), dtype=np.int8), np.ones(9, dtype=bool)))


def test_missing_phenotypes_are_the_callers_business():
    with pytest.raises(ValueError, match="one finite value"):
        finish(associate_number(np.zeros((9, 2), dtype=np.int8), np.full(9, np.nan)))
