"""Components and variants: which genotypes are associated with component scores, each variant with each component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from imagenomer.analyses.components.component_variants_figures import draw_component_variants
from imagenomer.analyses.components.component_variants_params import Params
from imagenomer.analyses.components.component_variants_result import ComponentVariantTests
from imagenomer.analyses.components.component_variants_tables import (
    all_tests,
    component_rows,
    component_table,
    strongest_table,
    test_rows,
)
from imagenomer.analyses.components.component_variants_words import component_sentences, component_warnings
from imagenomer.analyses.contract import Analysis, FigureView, Report, ThemeName
from imagenomer.analyses.shared.ancestry import ancestry, as_phenotypes
from imagenomer.analyses.shared.ancestry import components as ancestry_components
from imagenomer.analyses.shared.decompositions import Components, decompose
from imagenomer.analyses.shared.inference import Decision, judge_by_p
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort, Phenotype, VariantSet
from imagenomer.errors import InputError
from imagenomer.genotypes import VariantQuality, check_variants, chromosome_numbers, count_genotypes_in_steps
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.design import build_design
from imagenomer.statistics.screening import Coding, Screen, screen
from imagenomer.types import BoolArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The table lists this many of the strongest associations, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 500
#: Variants on chromosomes above this need the sexes.
_AUTOSOMES = 22


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[ComponentVariantTests]:
    variants = cohort.variant_set(params.variants)
    components = yield from decompose(cohort, params)
    covariates, missing, about_ancestry = yield from _covariates(cohort, params, variants)
    rows, dropped = _complete(components, variants, missing)
    subjects = components.subjects[rows]
    design = build_design(covariates, subjects)
    yield Progress("Counting genotypes")
    dosage = variants.dosage if rows.size == len(variants.dosage) else variants.dosage[subjects]
    counts = yield from count_genotypes_in_steps(dosage)
    quality = check_variants(counts, most_missing=params.most_missing, least_maf=params.least_maf)
    on_autosomes = chromosome_numbers(variants.chromosomes) <= _AUTOSOMES
    which = np.flatnonzero(quality.kept & on_autosomes)
    if not which.size:
        raise InputError(f"no variant of {variants.name} passes the filters; allow rarer variants or more missing")
    found = yield from screen(dosage[:, which], components.scores[rows], design, cast("Coding", params.coding))
    yield Progress("Correcting for the number of tests")
    decision = judge_by_p(found.neg_log10_p.ravel(), params.correction, params.alpha)
    yield Progress("Correcting for the number of tests")
    strongest = _strongest(found, decision)
    return ComponentVariantTests(
        components,
        variants,
        which,
        rows,
        counts,
        dropped,
        _left_out(params, quality, on_autosomes, found),
        design,
        about_ancestry,
        found,
        decision,
        strongest,
    )


def _covariates(
    cohort: Cohort, params: Params, variants: VariantSet
) -> Steps[tuple[list[Phenotype], dict[str, BoolArray], tuple[str, ...]]]:
    """Return the covariates with components of ancestry, who has missing values, and how ancestry was computed."""
    covariates = [cohort.phenotype(name) for name in params.covariates]
    missing = {f"genotypes in {variants.name}": np.array([not (row >= 0).any() for row in variants.dosage], dtype=bool)}
    missing |= {one.name: one.missing for one in covariates}
    if not params.ancestry_components:
        return covariates, missing, ()
    scores = yield from ancestry_components(cohort, variants.name, params.ancestry_components)
    said = (yield from ancestry(cohort, variants.name)).sentences
    missing["ancestry components"] = np.asarray(np.isnan(scores).any(axis=1))
    return [*covariates, *as_phenotypes(scores)], missing, said


def _complete(
    components: Components, variants: VariantSet, missing: Mapping[str, BoolArray]
) -> tuple[IntArray, tuple[tuple[str, IntArray], ...]]:
    """Return the rows of the scores of subjects with complete data, and who is dropped, under the first reason."""
    remaining, dropped = np.ones(components.subjects.size, dtype=bool), []
    for name, absent in missing.items():
        leaves = remaining & absent[components.subjects]
        remaining &= ~leaves
        if leaves.any():
            dropped.append((f"without {name}", components.subjects[leaves]))
    rows = np.flatnonzero(remaining)
    if rows.size < 3:
        raise InputError(
            f"{counted(rows.size, 'subject')} with scores, genotypes in {variants.name} and all covariates, and at "
            "least 3 are needed; choose a larger group or fewer covariates"
        )
    return rows, tuple(dropped)


def _left_out(
    params: Params, quality: VariantQuality, on_autosomes: BoolArray, found: Screen
) -> tuple[tuple[int, str], ...]:
    """Return how many variants are not tested, and why, each under the first reason."""
    too_missing = quality.too_missing & on_autosomes
    too_rare = quality.too_rare & ~quality.too_missing & on_autosomes
    untested = int(np.count_nonzero(np.isnan(found.r).all(axis=0)))
    return (
        (int(np.count_nonzero(~on_autosomes)), "on X, Y or of mitochondria, where copies depend on sex"),
        (int(too_missing.sum()), f"missing in more than {100 * params.most_missing:g} % of the subjects"),
        (int(too_rare.sum()), f"with a minor allele frequency below {100 * params.least_maf:g} %"),
        (untested, "that do not vary, follow from the covariates or are called in too few subjects"),
    )


def _strongest(found: Screen, decision: Decision) -> IntArray:
    """Return the tests to list, the smallest p-value first."""
    n_listed = min(max(int(decision.significant.sum()), _FEWEST_LISTED), _MOST_LISTED, n_tests(decision.neg_log10_p))
    strength = np.nan_to_num(found.neg_log10_p.ravel(), nan=-1.0)
    candidates = np.argpartition(-strength, n_listed - 1)[:n_listed] if n_listed else np.zeros(0, dtype=np.intp)
    candidates = np.sort(candidates)
    return candidates[np.argsort(-strength[candidates], kind="stable")]


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: ComponentVariantTests) -> Report:
    components, by_component, top = result.components, component_rows(result), test_rows(result, result.strongest)
    return Report(
        numbers={**_numbers(params, result), "by_component": by_component, "top": top},
        sentences=(*components.sentences, *component_sentences(cohort, params, result)),
        warnings=(*components.warnings, *component_warnings(cohort, params, result, by_component)),
        views=(*_figure_views(params, result), strongest_table(top), component_table(by_component)),
        arrays={"r": result.screen.r, "neg_log10_p": result.screen.neg_log10_p},
    )


def _numbers(params: Params, result: ComponentVariantTests) -> dict[str, Json]:
    return {
        "components": result.components.name,
        "variants": result.variants.name,
        "group": params.group,
        "coding": params.coding,
        "covariates": list(params.covariates),
        "adjusted_for": list(result.design.used_of(params.covariates)),
        "ancestry_components": params.ancestry_components,
        "n_subjects": int(result.rows.size),
        "n_components": result.components.n_components,
        "n_variants": int(result.which.size),
        "left_out": [{"n": n, "reason": reason} for n, reason in result.left_out if n],
        "correction": params.correction,
        "alpha": params.alpha,
        "n_tests": result.n_tests,
        "n_significant": result.n_significant,
        "p_threshold": result.decision.p_threshold,
    }


def _figure_views(params: Params, result: ComponentVariantTests) -> tuple[FigureView, ...]:
    lowest, highest = result.ends(params.bars)
    tests = counted(result.n_tests, "test")
    ends = ", ".join(f"{result.name(index)} {result.r(index):.3f}" for index in (*lowest[:1], *highest[-1:]))
    return (
        FigureView(
            "strongest",
            f"{result.title}: the strongest on either side",
            f"Bars of the strongest negative and positive partial correlations: {ends}.",
        ),
        FigureView(
            "sorted",
            f"{result.title}: all tests, sorted",
            f"Partial correlations of {tests} from the lowest to the highest, with log10 p.",
        ),
        FigureView(
            "qq",
            "Are there more small p-values than expected by chance?",
            f"Quantiles of the p-values of {tests} against those expected without association.",
        ),
    )


def draw(
    cohort: Cohort, params: Params, result: ComponentVariantTests, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    return draw_component_variants(params, result, theme)


ANALYSIS = Analysis(
    title="Components and variants",
    summary="Which genotypes are associated with component scores: every variant with every component.",
    tab="Components",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("variants",),
    whole={"top": all_tests},
)
