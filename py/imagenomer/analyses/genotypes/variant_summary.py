"""Variant summary: genotype counts, allele frequencies and missing rates, by variant and by subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.contract import Analysis, FigureView, Report, ThemeName
from imagenomer.analyses.genotypes.variant_summary_figures import (
    draw_variant_summary,
    genotypes_alt,
    hardy_weinberg_view,
    shown_name,
)
from imagenomer.analyses.genotypes.variant_summary_params import Params
from imagenomer.analyses.genotypes.variant_summary_result import KINDS, VariantSummary, known_median
from imagenomer.analyses.genotypes.variant_summary_tables import filter_table, subject_table, variant_table
from imagenomer.analyses.genotypes.variant_summary_words import summary_sentences, summary_warnings
from imagenomer.analyses.shared.genotyped import draw_genotyped
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.genotypes import (
    MITOCHONDRIAL,
    X,
    Y,
    check_hardy_weinberg_in_steps,
    check_variants,
    chromosome_numbers,
    count_by_sex_in_steps,
    count_genotypes_in_steps,
)
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compute(cohort: Cohort, params: Params) -> Steps[VariantSummary]:
    yield Progress("Choosing subjects")
    sample = draw_genotyped(cohort, variants=params.variants, group=params.group)
    subjects = [cohort.subjects[index] for index in sample.subjects.tolist()]
    name = params.subject.strip()
    if name and name not in subjects:
        raise InputError(f"{name!r} is no subject with genotypes here; leave it empty for the first")
    yield Progress("Counting genotypes")
    dosage = sample.dosage
    numbers = chromosome_numbers(sample.variants.chromosomes)
    counts = yield from count_by_sex_in_steps(dosage, numbers, cohort.sexes[sample.subjects])
    hardy_weinberg = yield from check_hardy_weinberg_in_steps(counts)
    quality = check_variants(
        counts, most_missing=params.most_missing, least_maf=params.least_maf, least_hardy_p=params.least_hardy_p
    )
    yield Progress("Counting genotypes by subject")
    everywhere = ~np.isin(numbers, (X, Y, MITOCHONDRIAL))
    own = dosage if everywhere.all() else dosage[:, everywhere]
    by_subject = yield from count_genotypes_in_steps(own, by="subject")
    return VariantSummary(
        sample,
        numbers,
        counts,
        hardy_weinberg,
        quality,
        by_subject,
        everywhere,
        subjects.index(name) if name else 0,
    )


def report(cohort: Cohort, params: Params, result: VariantSummary) -> Report:
    counts, quality = result.counts, result.quality
    return Report(
        numbers={
            "group": params.group,
            **result.sample.numbers,
            "n_variants": counts.minor_frequency.size,
            "n_kept": int(quality.kept.sum()),
            "n_too_missing": int(quality.too_missing.sum()),
            "n_too_rare": int(quality.too_rare.sum()),
            "n_off_hardy_weinberg": int(quality.off_hardy_weinberg.sum()),
            "n_constant": result.n_constant,
            "median_maf": finite(known_median(counts.minor_frequency)),
            "missing": finite(result.share_missing),
        },
        sentences=tuple(summary_sentences(result)),
        warnings=tuple(summary_warnings(cohort, result)),
        views=(
            *_figure_views(cohort, result),
            hardy_weinberg_view(result),
            filter_table(params, quality),
            variant_table(result),
            subject_table(cohort, result),
        ),
        arrays={
            "minor_frequency": counts.minor_frequency,
            "missing_rate": counts.missing_rate,
            "hardy_weinberg_neg_log10_p": result.hardy_weinberg.neg_log10_p,
            "kept": quality.kept,
        },
    )


def _figure_views(cohort: Cohort, result: VariantSummary) -> tuple[FigureView, ...]:
    counts = result.counts
    own = ", ".join(
        f"{kind.lower()} {values[result.shown]:,}" for kind, values in zip(KINDS, result.by_kind, strict=True)
    )
    return (
        FigureView(
            "maf",
            "Minor allele frequency",
            f"Histogram of the minor allele frequency of {counted(counts.minor_frequency.size, 'variant')}; median "
            f"{known_median(counts.minor_frequency):.3f}.",
        ),
        FigureView(
            "variant_missing",
            "Missing genotypes by variant",
            "Histogram of the share of subjects without a call by variant; median "
            f"{known_median(counts.missing_rate):.3f}.",
        ),
        FigureView(
            "subject_missing",
            "Missing genotypes by subject",
            "Histogram of the share of variants without a call by subject; median "
            f"{known_median(result.by_subject.missing_rate):.3f}.",
        ),
        FigureView("genotypes", "Genotypes of subjects", genotypes_alt(result)),
        FigureView("one_subject", f"Genotypes of {shown_name(cohort, result)}", f"Bars: {own}.", of_subjects=True),
    )


def draw(
    cohort: Cohort, params: Params, result: VariantSummary, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    return draw_variant_summary(cohort, params, result, theme)


ANALYSIS = Analysis(
    title="Variant summary",
    summary="Missing rates and allele frequencies of variants, and the genotypes of each subject.",
    tab="Genotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    opens_tab=True,
    needs=("variants",),
)
