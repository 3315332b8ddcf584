"""Tables of the variant summary: filters, variants and subjects."""

from __future__ import annotations

from typing import cast

import numpy as np

from imagenomer.analyses.contract import Column, TableView
from imagenomer.analyses.genotypes.variant_summary_params import Params
from imagenomer.analyses.genotypes.variant_summary_result import VariantSummary
from imagenomer.cohort import Cohort
from imagenomer.genotypes import VariantQuality
from imagenomer.types import FloatArray, Json

#: Rows of the long tables that the page gets.
_ON_PAGE = 1000

_FILTERS = (
    Column("filter", "Filter"),
    Column("fail", "Variants that fail", "integer"),
    Column("only", "Fail this one only", "integer"),
    Column("left", "Remaining after this and those above", "integer"),
)
_VARIANTS = (
    Column("variant", "Variant"),
    Column("chromosome", "Chr", sort="index"),
    Column("position", "Position", "integer"),
    Column("effect_allele", "Effect allele"),
    Column("other_allele", "Other"),
    Column("two", "Two copies", "integer"),
    Column("one", "One", "integer"),
    Column("none", "None", "integer"),
    Column("missing", "Missing", "integer"),
    Column("missing_rate", "Missing rate", "number"),
    Column("effect_frequency", "Effect allele frequency", "number", where="file"),
    Column("maf", "MAF", "number"),
    Column("observed", "Heterozygous", "number", where="file"),
    Column("expected", "Heterozygous expected", "number", where="file"),
    Column("hardy_p", "Hardy-Weinberg p", "p"),
    Column("kept", "Passes"),
    Column("index", "Index in the file", "integer", where="file"),
)
_SUBJECTS = (
    Column("subject", "Subject", of_subjects=True),
    Column("two", "Two copies", "integer"),
    Column("one", "One", "integer"),
    Column("none", "None", "integer"),
    Column("missing", "Missing", "integer"),
    Column("missing_rate", "Missing rate", "number"),
    Column("heterozygosity", "Heterozygosity", "number"),
)


def filter_table(params: Params, quality: VariantQuality) -> TableView:
    return TableView("filters", "What the filters remove", _FILTERS, tuple(_filter_rows(params, quality)))


def _filter_rows(params: Params, quality: VariantQuality) -> list[dict[str, Json]]:
    """Describe each filter: variants that fail it, that fail it alone, and that remain."""
    filters = (
        (f"missing in at most {100 * params.most_missing:g} % of the subjects", quality.too_missing),
        (f"minor allele frequency of at least {100 * params.least_maf:g} %", quality.too_rare),
        (f"Hardy-Weinberg p of at least {params.least_hardy_p:g}", quality.off_hardy_weinberg),
    )
    left = np.ones(quality.kept.size, dtype=bool)
    rows: list[dict[str, Json]] = []
    for name, fails in filters:
        others = np.any([other for _, other in filters if other is not fails], axis=0)
        left &= ~fails
        rows.append(
            {
                "filter": name,
                "fail": int(fails.sum()),
                "only": int((fails & ~others).sum()),
                "left": int(left.sum()),
            }
        )
    return rows


def variant_table(result: VariantSummary) -> TableView:
    variants, counts, test, quality = (
        result.sample.variants,
        result.counts,
        result.hardy_weinberg,
        result.quality,
    )
    n_variants = result.numbers.size
    # Those that fail come first: the page shows the first thousand.
    order = np.argsort(quality.kept, kind="stable").tolist()
    columns = {
        "index": range(n_variants),
        "variant": variants.variant_ids,
        "chromosome": variants.chromosomes,
        "position": variants.positions.tolist(),
        "effect_allele": variants.effect_alleles,
        "other_allele": variants.other_alleles,
        "two": counts.two.tolist(),
        "one": counts.one.tolist(),
        "none": counts.none.tolist(),
        "missing": counts.missing.tolist(),
        "missing_rate": _known(counts.missing_rate),
        "effect_frequency": _known(counts.effect_frequency),
        "maf": _known(counts.minor_frequency),
        "observed": _known(test.observed),
        "expected": _known(test.expected),
        "hardy_p": _known(test.p_value),
        "kept": ["yes" if kept else "no" for kept in quality.kept.tolist()],
    }
    rows = list(zip(*columns.values(), strict=True))
    shown = f"the first {_ON_PAGE:,} of {n_variants:,}, " if n_variants > _ON_PAGE else ""
    return TableView(
        "variants",
        f"Variants ({shown}those that fail a filter first" + ("; the file has all)" if shown else ")"),
        _VARIANTS,
        tuple(dict(zip(columns, rows[index], strict=True)) for index in order),
        on_page=_ON_PAGE,
    )


def subject_table(cohort: Cohort, result: VariantSummary) -> TableView:
    counts = result.by_subject
    with np.errstate(invalid="ignore"):
        heterozygosity = np.asarray(counts.one / counts.called)
    columns = {
        "subject": [cohort.subjects[index] for index in result.sample.subjects.tolist()],
        "two": counts.two.tolist(),
        "one": counts.one.tolist(),
        "none": counts.none.tolist(),
        "missing": counts.missing.tolist(),
        "missing_rate": _known(counts.missing_rate),
        "heterozygosity": _known(heterozygosity),
    }
    n = result.sample.n_subjects
    return TableView(
        "subjects",
        "Subjects" + (f" (the first {_ON_PAGE:,} of {n:,}; the file has all)" if n > _ON_PAGE else ""),
        _SUBJECTS,
        tuple(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)),
        on_page=_ON_PAGE,
    )


def _known(values: FloatArray) -> list[float | None]:
    known = values.astype(object)
    known[~np.isfinite(values)] = None
    return cast("list[float | None]", known.tolist())
