"""Variant association in words: titles and notes, sentences and warnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import Answer
from imagenomer.analyses.genotypes.variant_association_params import GENOTYPES, Params
from imagenomer.analyses.genotypes.variant_association_result import VariantTests
from imagenomer.analyses.shared.coded import coded_warnings
from imagenomer.analyses.shared.design_words import adjusted_in_words, design_warnings
from imagenomer.analyses.shared.families import family_warnings
from imagenomer.analyses.shared.genotyped import CODED, about_relatives, shares, variant_label
from imagenomer.analyses.shared.inference import CORRECTIONS, controls, permutation_warnings, plan_in_words
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort
from imagenomer.genotypes import X
from imagenomer.statistics.variant_results import Problem

#: Fewer subjects than this of a level, and the approximations behind the p-values are poor.
_FEW = 20
#: Lambda above which p-values are called inflated, and tests below which it says nothing.
_INFLATED, _FEWEST_TESTS = 1.1, 100

_SAID = CODED | {
    "genotypic": "fitted by two terms, the copies of the effect allele and one copy against the rest, and tested for "
    "both together",
}

#: Why a variant was not tested, in words.
PROBLEMS = {
    Problem.CONSTANT: "no or every subject has the genotype in question",
    Problem.TOO_FEW: "too few subjects have a genotype",
    Problem.COLLINEAR: "the genotype follows from the covariates",
    Problem.COVARIATES: "the covariates are collinear in the subjects with a genotype",
    Problem.ONE_LEVEL: "all subjects with a genotype have the same level",
    Problem.NOT_CONVERGED: "the fit did not converge",
    Problem.EXACT: "the phenotype follows exactly from the genotype and the covariates, so no spread is left to test",
    Problem.ONE_CLUSTER: "the genotype rests on one subject or family, whose own variance cannot be estimated",
}


# --- titles and notes ------------------------------------------------------------------------------


def variable_name(params: Params, result: VariantTests) -> str:
    return params.phenotype if result.level is None else f"{params.phenotype} = {result.level}"


def title_of(params: Params, result: VariantTests) -> str:
    return f"{variable_name(params, result)} and variants of {result.sample.variants.name}"


def _adjusted_for(params: Params, result: VariantTests) -> str:
    return adjusted_in_words(params.covariates, params.ancestry_components, result.design, "not adjusted for anything")


def note_of(params: Params, result: VariantTests) -> str:
    """What every figure of this result says below it."""
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    model = "Logistic" if result.logistic else "Linear"
    return (
        f"{counted(result.sample.n_subjects, 'subject')}{whose}; {model.lower()} model, {params.coding} coding, "
        f"{_adjusted_for(params, result)}\n{result.n_significant:,} of "
        f"{counted(result.n_tests, 'variant')} significant ({CORRECTIONS[params.correction]}, "
        f"alpha {params.alpha:g})"
    )


def shown_label(result: VariantTests) -> str:
    return variant_label(result.sample.variants, result.shown)


# --- sentences -------------------------------------------------------------------------------------


def association_sentences(params: Params, result: VariantTests) -> Iterator[str]:
    """Yield what was tested, in whom, and what came out."""
    yield from result.sample.sentences
    yield _about_model(params, result)
    yield _about_coding(params)
    yield "Subjects with a missing genotype are excluded for that variant."
    yield _about_variants(params, result)
    yield from _about_fits(params, result)
    yield from _about_significance(params, result)
    if np.isfinite(result.inflation):
        yield (
            f"Lambda, the median chi-squared over that expected by chance, is {result.inflation:.3f}; values near 1 "
            "are expected."
        )
    yield from result.ancestry_sentences
    yield "Effects of the strongest variants are overestimated, because they were selected for their strength."


def _about_model(params: Params, result: VariantTests) -> str:
    if result.level is None:
        return f"A linear model of {params.phenotype} for each variant, {_adjusted_for(params, result)}."
    n, adjusted = int(result.target.sum()), _adjusted_for(params, result)
    return (
        f"A logistic model of the odds of {variable_name(params, result)} ({counted(n, 'subject')}, against "
        f"{counted(result.target.size - n, 'subject')} of other levels) for each variant, {adjusted}."
    )


def _about_coding(params: Params) -> str:
    if params.coding == "haplotype":
        return (
            f"A genotype is counted as 1 where it is “{GENOTYPES[params.genotype].lower()}” and 0 otherwise; minor is "
            "the rarer allele in these subjects, or the one that a file of the first ImageNomer calls so."
        )
    return f"A genotype is {_SAID[params.coding]}."


def _about_variants(params: Params, result: VariantTests) -> str:
    n_too_missing, n_too_rare, n_off = result.selection.n_failing
    left_out = shares(
        [
            (n_too_missing, f"missing in more than {100 * params.most_missing:g} % or in everybody"),
            (n_too_rare, f"with a minor allele frequency below {100 * params.least_maf:g} %"),
            (n_off, f"out of Hardy-Weinberg proportions (p below {params.least_hardy_p:g})"),
            *result.untested,
        ]
    )
    n_variants = counted(len(result.sample.variants.variant_ids), "variant")
    return f"{result.n_tests:,} of {n_variants} tested" + (f"; not tested: {left_out}." if left_out else ".")


def _about_fits(params: Params, result: VariantTests) -> Iterator[str]:
    fit = result.fit
    fitted, tested = fit.problem == Problem.NONE, ~np.isnan(result.neg_log10_p)
    n_each = fit.n_subjects[fitted & tested]
    if n_each.size and n_each.min() < result.sample.n_subjects:
        yield (
            f"Each variant was tested in the subjects with its genotype, {int(n_each.min()):,} to "
            f"{int(n_each.max()):,} (median {int(np.median(n_each)):,})."
        )
    n_firth = int(fit.firth[fitted].sum())
    if n_firth:
        yield (
            f"For {counted(n_firth, 'variant')} the logistic model has no finite or stable estimate, and Firth's "
            "penalised model was fitted instead; the table marks them."
        )
    if params.families is not None:
        yield (
            f"Subjects of the same {params.families} are related: standard errors are cluster-robust (CR3, Bell and "
            "McCaffrey 2002, with their degrees of freedom), and allow unequal variances too."
        )
    elif params.variance == "unequal":
        yield "Variances may differ between subjects: standard errors are HC3 (MacKinnon and White 1985)."
    if (result.selection.chromosomes[tested] == X).any():
        yield "On X a male's copy counts as two, and sex is adjusted for."


def _about_significance(params: Params, result: VariantTests) -> Iterator[str]:
    if result.plan is None:
        threshold = result.p_threshold(params.correction, params.alpha)
        decided = f"alpha {params.alpha:g}" + ("." if threshold is None else f", p at or below {threshold:.3g}.")
    else:
        limit = "" if result.limit is None else f", |t| above {result.limit:.4g}"
        decided = f"{controls(params.correction)} {params.alpha:g}{limit}."
    yield Answer(
        f"{result.n_significant:,} of {counted(result.n_tests, 'variant')} significant: "
        f"{CORRECTIONS[params.correction]}, {decided}"
    )
    if result.plan is not None:
        left = "the residuals of the phenotype given the covariates (Freedman and Lane)"
        what = params.phenotype if result.design.rank == 1 else left
        yield from plan_in_words(what, result.sample.subjects, result.plan, params.alpha)
        yield (
            "In each permutation every variant was refitted in the subjects with its genotype, and the largest |t| was "
            "recorded; variants with few subjects reach large values more easily, so a limit on missingness adds power."
        )


# --- warnings --------------------------------------------------------------------------------------


def association_warnings(cohort: Cohort, params: Params, result: VariantTests) -> Iterator[str]:
    """Yield what could mislead."""
    yield from design_warnings(result.design.findings)
    if result.plan is not None:
        yield from permutation_warnings(result.plan, params.alpha)
    if not result.n_tests:
        yield "No variant could be tested; loosen the filters or choose a larger group."
    yield from _about_values(params, result)
    if result.n_tests >= _FEWEST_TESTS and result.inflation > _INFLATED:
        way_out = (
            "more ancestry components, covariates or a group of one ancestry may help"
            if params.ancestry_components
            else "adjust for ancestry components"
        )
        yield (
            f"The p-values are inflated (lambda {result.inflation:.2f}): {params.phenotype} may be associated with "
            f"ancestry or kinship, so small p-values need not mean an effect of the variant; {way_out}."
        )
    used = (params.families, params.blocks, params.phenotype, *params.covariates)
    way_out = "choose it under Families" if result.level is None else "choose a group of one subject of each"
    yield from coded_warnings(cohort, (params.phenotype, *params.covariates))
    yield from family_warnings(cohort, result.sample.subjects, used, way_out)
    yield from about_relatives(cohort, result.sample.subjects)


def _about_values(params: Params, result: VariantTests) -> Iterator[str]:
    if result.level is not None:
        n = int(result.target.sum())
        fewer = min(n, result.target.size - n)
        if fewer < _FEW:
            side = result.level if n == fewer else f"not {result.level}"
            yield (
                f"Only {counted(fewer, 'subject is', 'subjects are')} {side}: logistic models are then poor "
                "approximations."
            )
    elif np.unique(result.target).size == 2:
        low, high = np.unique(result.target)
        yield (
            f"{params.phenotype} is a number with the two values {low:g} and {high:g} and is fitted by a linear model; "
            "as a category it would be fitted by a logistic one."
        )
