"""Variant association: which variants are associated with a phenotype, given covariates and ancestry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from imagenomer.analyses.contract import Analysis, FigureView, Report, ThemeName
from imagenomer.analyses.genotypes.variant_association_figures import (
    draw_variant_tests,
    effect_label,
    manhattan_view,
    qq_view,
    strongest_alt,
)
from imagenomer.analyses.genotypes.variant_association_params import Params
from imagenomer.analyses.genotypes.variant_association_result import VariantSelection, VariantTests
from imagenomer.analyses.genotypes.variant_association_tables import (
    all_variants,
    by_genotype_alt,
    genotype_table,
    strongest_table,
    variant_rows,
)
from imagenomer.analyses.genotypes.variant_association_words import (
    PROBLEMS,
    association_sentences,
    association_warnings,
    shown_label,
)
from imagenomer.analyses.genotypes.variant_fits import (
    VariantFits,
    fit_variants,
    half_width,
    permute,
    plan_for,
    select_variants,
)
from imagenomer.analyses.shared.ancestry import ancestry, as_phenotypes, components
from imagenomer.analyses.shared.families import family_codes, related_by
from imagenomer.analyses.shared.genotyped import GenotypeSample, draw_genotyped
from imagenomer.analyses.shared.linear_model import affirmative, require_variation
from imagenomer.analyses.shared.plan import Plan, plan_of
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.whole_tables import strongest_first
from imagenomer.cohort import Cohort, Phenotype, VariantSet
from imagenomer.errors import InputError
from imagenomer.genotypes import X, chromosome_numbers, count_by_sex_in_steps
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import Method, adjust_neg_log10, n_tests, rejected
from imagenomer.statistics.design import Design, Term, build_design, directions_of
from imagenomer.statistics.variant_results import Problem, VariantAssociation
from imagenomer.statistics.variants import genomic_inflation
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The table holds this many of the strongest variants, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 500


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[VariantTests]:
    phenotype = cohort.phenotype(params.phenotype)
    if phenotype.name in params.covariates:
        raise InputError(f"{phenotype.name} is the phenotype and cannot be its own covariate; leave it out")
    level = _level(phenotype, params.level)
    plan = _plan(cohort, params, phenotype, level)
    related = _related(cohort, params, phenotype, level)
    covariates, missing, about_ancestry = yield from _covariates(cohort, params)
    missing = {phenotype.name: phenotype.missing, **missing}
    if plan is not None and plan.blocks is not None:
        missing[plan.blocks.name] = plan.blocks.missing
    yield Progress("Choosing subjects")
    sample = draw_genotyped(cohort, variants=params.variants, group=params.group, missing=missing, at_least=3)
    target = _values(phenotype, level)[sample.subjects]
    require_variation(phenotype, level, target)
    design = build_design(covariates, sample.subjects)
    name = phenotype.name if level is None else f"{phenotype.name} = {level}"
    directions = directions_of(Term(name, (name,), (target - target.mean())[:, None]), design)

    sexes = cohort.sexes[sample.subjects]
    numbers = chromosome_numbers(sample.variants.chromosomes)
    counts = yield from count_by_sex_in_steps(sample.dosage, numbers, sexes)
    selection = select_variants(params, sample.variants, counts, sexes)
    clusters = None
    if related is not None:
        clusters = family_codes(related, sample.subjects)
    elif params.variance == "unequal":
        clusters = np.arange(sample.n_subjects)
    fits, why_not_x = yield from fit_variants(
        cohort, params, sample, selection, counts, target, covariates, design, level, clusters
    )
    fit = fits.result
    if plan is not None:
        plan = plan_for(plan, sample, target, design, directions)
    inference = yield from _infer(cohort, params, fits, sample, target, design, plan)
    order = strongest_first(fit.test.neg_log10_p)
    n_listed = max(int(inference.significant.sum()), _FEWEST_LISTED)
    half = half_width(fit, logistic=level is not None)
    beta, se = (np.array([getattr(term, name) for term in fit.terms]) for name in ("beta", "se"))
    return VariantTests(
        sample,
        level,
        target,
        design,
        about_ancestry,
        counts,
        selection,
        _untested(selection, fit, why_not_x),
        fit,
        beta - half * se,
        beta + half * se,
        fit.test.neg_log10_p,
        inference.neg_log10_p_adjusted,
        inference.significant,
        plan,
        inference.limit,
        genomic_inflation(fit.test.p_value),
        order[: min(n_listed, _MOST_LISTED, n_tests(fit.test.neg_log10_p))],
        _shown(sample.variants, params.shown, order),
    )


def _values(phenotype: Phenotype, level: str | None) -> FloatArray:
    """Return the phenotype as it is modelled: a number, or an indicator of a level; shape (n_subjects,)."""
    return phenotype.values.astype(np.float64) if level is None else phenotype.indicator(level)


def _level(phenotype: Phenotype, level: str | None) -> str | None:
    """Return the level whose odds are modelled: the one chosen, else the affirmative or last of two."""
    if phenotype.kind == "number":
        if level is not None:
            raise InputError(f"{phenotype.name} is a number and has no level {level!r}; leave the level out")
        return None
    if level is not None:
        phenotype.indicator(level)  # refuses an unknown level
        return level
    if len(phenotype.levels) > 2:
        raise InputError(f"{phenotype.name} has more than two levels; choose one of {', '.join(phenotype.levels)}")
    return affirmative(phenotype.levels)


def _plan(cohort: Cohort, params: Params, phenotype: Phenotype, level: str | None) -> Plan | None:
    """Return how subjects are permuted; None where p-values suffice."""
    if params.correction != "max-t":
        return None
    if level is not None:
        raise InputError(
            f"permutation max-T is for numbers, and {phenotype.name} has levels; choose another correction, such as "
            "Holm"
        )
    if params.coding == "genotypic":
        raise InputError("permutation max-T needs one coefficient, and genotypic coding has two; choose another coding")
    return plan_of(cohort, params.permutations, params.seed, params.blocks)


def _related(cohort: Cohort, params: Params, phenotype: Phenotype, level: str | None) -> Phenotype | None:
    """Return who is related; None where nothing is chosen.

    Raises
    ------
    InputError
        If errors that allow unequal variances, or relatives, are asked for where there are none.
    """
    if params.variance == "equal" and params.families is None:
        return None
    if level is not None:
        raise InputError(
            f"{phenotype.name} has levels, and a logistic model has no variance that could be unequal or that of "
            "families; choose equal variances and no families, and a group of one subject of each family"
        )
    if params.correction == "max-t":
        raise InputError(
            "permutation max-T of variants takes subjects for alike in variance and unrelated; choose another "
            "correction, such as Holm, or equal variances and no families"
        )
    return related_by(cohort, params.families, (phenotype.name, *params.covariates))


def _covariates(cohort: Cohort, params: Params) -> Steps[tuple[list[Phenotype], dict[str, BoolArray], tuple[str, ...]]]:
    """Return the covariates with ancestry components, the subjects without them, and how ancestry was computed."""
    covariates = [cohort.phenotype(name) for name in params.covariates]
    missing = {one.name: one.missing for one in covariates}
    n_components = params.ancestry_components
    if not n_components:
        return covariates, missing, ()
    scores = yield from components(cohort, params.variants, n_components)
    said = (yield from ancestry(cohort, params.variants)).sentences
    missing["ancestry components"] = np.asarray(np.isnan(scores).any(axis=1))
    return [*covariates, *as_phenotypes(scores)], missing, said


@dataclass(frozen=True, slots=True, eq=False)
class _Inference:
    """What is significant after correction for all variants; fields as those of `VariantTests`."""

    neg_log10_p_adjusted: FloatArray
    significant: BoolArray
    limit: float | None


def _infer(
    cohort: Cohort,
    params: Params,
    fits: VariantFits,
    sample: GenotypeSample,
    target: FloatArray,
    design: Design,
    plan: Plan | None,
) -> Steps[_Inference]:
    if plan is None:
        correction, neg_log10_p = cast("Method", params.correction), fits.result.test.neg_log10_p
        significant = rejected(neg_log10_p, correction, params.alpha)
        return _Inference(adjust_neg_log10(neg_log10_p, correction), significant, None)
    largest = yield from permute(cohort, fits, sample, target, design, plan)
    limit = largest.threshold(params.alpha)
    return _Inference(
        -np.log10(largest.adjusted_p) + 0.0,
        largest.adjusted_p <= params.alpha,
        limit if limit is not None and np.isfinite(limit) else None,
    )


def _untested(selection: VariantSelection, fit: VariantAssociation, why_not_x: str) -> tuple[tuple[int, str], ...]:
    """Return how many variants could not be tested, by reason."""
    untested = [(int(which.sum()), why) for which, why in selection.untestable]
    if why_not_x:
        untested.append((int((selection.kept & (selection.chromosomes == X)).sum()), why_not_x))
    for problem, words in PROBLEMS.items():
        untested.append((int(np.count_nonzero(fit.problem == problem)), f"since {words}"))
    return tuple(untested)


def _shown(variants: VariantSet, name: str, order: IntArray) -> int:
    if not name.strip():
        return int(order[0])
    if name.strip() not in variants.variant_ids:
        raise InputError(f"no variant {name.strip()!r} in {variants.name}; leave it empty for the most significant")
    return variants.variant_ids.index(name.strip())


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: VariantTests) -> Report:
    fit, rows = result.fit, variant_rows(result, result.strongest)
    return Report(
        numbers={**_numbers(params, result), "top": rows},
        sentences=tuple(association_sentences(params, result)),
        warnings=tuple(association_warnings(cohort, params, result)),
        views=(
            manhattan_view(params, result),
            qq_view(result),
            strongest_table(result, rows),
            FigureView(
                "sorted",
                "All variants, sorted",
                f"{effect_label(result)} of {counted(result.n_tests, 'variant')} from the lowest to the highest, and "
                "log10 p of each.",
            ),
            FigureView("strongest", "Lowest and highest variants", strongest_alt(result)),
            FigureView(
                "genotypes",
                f"{params.phenotype} by genotype of {shown_label(result)}",
                by_genotype_alt(params, result),
                of_subjects=not result.logistic,  # a box shows the subjects beyond its whiskers
            ),
            genotype_table(params, result),
        ),
        arrays={
            "beta": fit.terms[0].beta,
            "se": fit.terms[0].se,
            "statistic": fit.terms[0].statistic,
            "neg_log10_p": result.neg_log10_p,
            "minor_frequency": result.counts.minor_frequency,
            "significant": result.significant,
        },
    )


def _numbers(params: Params, result: VariantTests) -> dict[str, Json]:
    fit = result.fit
    n_too_missing, n_too_rare, n_off_hardy_weinberg = result.selection.n_failing
    return {
        "phenotype": params.phenotype,
        "level": result.level,
        "group": params.group,
        **result.sample.numbers,
        "model": "logistic" if result.logistic else "linear",
        "variance": "equal" if params.variance == "equal" and params.families is None else "unequal",
        "families": params.families,
        "coding": params.coding,
        "covariates": list(params.covariates),
        "adjusted_for": list(result.design.used_of(params.covariates)),
        "ancestry_components": params.ancestry_components,
        "n_variants": len(result.sample.variants.variant_ids),
        "n_too_missing": n_too_missing,
        "n_too_rare": n_too_rare,
        "n_off_hardy_weinberg": n_off_hardy_weinberg,
        "n_tests": result.n_tests,
        "n_firth": int(fit.firth[fit.problem == Problem.NONE].sum()),
        "correction": params.correction,
        "alpha": params.alpha,
        **({} if result.plan is None else {**result.plan.numbers, "statistic_threshold": result.limit}),
        "p_threshold": result.p_threshold(params.correction, params.alpha),
        "n_significant": result.n_significant,
        "inflation": finite(result.inflation),
    }


def draw(
    cohort: Cohort, params: Params, result: VariantTests, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    return draw_variant_tests(cohort, params, result, theme)


ANALYSIS = Analysis(
    title="Variant association",
    summary="Which variants are associated with a phenotype, given covariates and ancestry.",
    tab="Genotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("variants", "phenotypes"),
    whole={"top": all_variants},
)
