"""Tables of variant association: the strongest variants, and the phenotype by genotype of one."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from imagenomer.analyses.contract import Column, TableView, WholeTable
from imagenomer.analyses.genotypes.variant_association_params import Params
from imagenomer.analyses.genotypes.variant_association_result import VariantTests
from imagenomer.analyses.shared.genotyped import genotype_names
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.whole_tables import strongest_first, whole_table
from imagenomer.cohort import Cohort
from imagenomer.jsonable import finite
from imagenomer.types import FloatArray, IntArray, Json
from imagenomer.wording import minus

#: The logarithm of the largest odds ratio that is written.
_LARGEST_LOG = 700


def strongest_table(result: VariantTests, rows: list[dict[str, Json]]) -> TableView:
    title = f"Strongest variants ({len(rows):,} of {result.n_tests:,})"
    return TableView("top", title, _columns(result), tuple(rows))


def _columns(result: VariantTests) -> tuple[Column, ...]:
    effect = "OR" if result.logistic else "Beta"
    suffixes = _suffixes(result)
    columns = [
        Column("variant", "Variant"),
        Column("chromosome", "Chr", sort="index"),
        Column("position", "Position", "integer"),
        Column("effect_allele", "Effect allele"),
        Column("other_allele", "Other"),
        Column("maf", "MAF", "number"),
        Column("n_subjects", "Subjects", "integer"),
    ]
    for suffix in suffixes:
        of = " (one copy)" if suffix else (" (copies)" if len(suffixes) == 2 else "")
        if result.logistic:
            columns.append(Column(f"odds_ratio{suffix}", f"{effect}{of}", "number"))
            columns.append(Column(f"beta{suffix}", f"log OR{of}", "number", where="file"))
        else:
            columns.append(Column(f"beta{suffix}", f"{effect}{of}", "number"))
        columns += [
            Column(f"se{suffix}", f"SE{of}", "number"),
            Column(f"ci{suffix}", f"95 % CI{of}", where="page", sort=f"ci_lower{suffix}"),
            Column(f"ci_lower{suffix}", "95 % CI from", "number", where="file"),
            Column(f"ci_upper{suffix}", "to", "number", where="file"),
        ]
    return (
        *columns,
        Column("p_value", "p", "p"),
        Column("p_adjusted", "p adjusted", "p"),
        Column("neg_log10_p", "−log10 p", "number", where="file"),
        Column("statistic", "Statistic", "number", where="file"),
        Column("model", "Model"),
        Column("index", "Index in the file", "integer", where="file"),
    )


def all_variants(cohort: Cohort, params: Params, result: VariantTests) -> WholeTable:
    """Return all variants, the smallest p first, for the file; what was not tested has no numbers."""
    strength = result.fit.test.neg_log10_p
    return whole_table(strength.size, lambda: (strongest_first(strength), partial(variant_rows, result)))


def variant_rows(result: VariantTests, which: IntArray) -> list[dict[str, Json]]:
    """Describe some variants, with 0-based indices of the file."""
    variants, fit = result.sample.variants, result.fit
    frequency, p_value = result.counts.minor_frequency, fit.test.p_value
    rows = []
    for index in which.tolist():
        row: dict[str, Json] = {
            "index": index,
            "variant": variants.variant_ids[index],
            "chromosome": variants.chromosomes[index],
            "position": int(variants.positions[index]),
            "effect_allele": variants.effect_alleles[index],
            "other_allele": variants.other_alleles[index],
            "maf": finite(frequency[index]),
            "n_subjects": int(fit.n_subjects[index]),
            "p_value": finite(p_value[index]),
            "p_adjusted": finite(10 ** -result.neg_log10_p_adjusted[index]),
            "neg_log10_p": finite(result.neg_log10_p[index]),
            "statistic": finite(fit.test.statistic[index]),
            "model": "Firth" if fit.firth[index] else ("logistic" if result.logistic else "linear"),
        }
        for number, suffix in enumerate(_suffixes(result)):
            row |= _estimate(result, number, index, suffix)
        rows.append(row)
    return rows


def _suffixes(result: VariantTests) -> tuple[str, ...]:
    """Return what the keys of each term's estimates end in."""
    return ("", "_het")[: len(result.fit.terms)]


def _estimate(result: VariantTests, number: int, index: int, suffix: str) -> dict[str, Json]:
    """Return the cells of the estimate of a term for a variant."""
    term = result.fit.terms[number]
    ends = result.lower[number, index], result.upper[number, index]
    shown = [math.exp(min(end, _LARGEST_LOG)) for end in ends] if result.logistic else [float(end) for end in ends]
    interval = minus(f"{shown[0]:.3g} to\n{shown[1]:.3g}") if np.isfinite(shown).all() else None
    cells: dict[str, Json] = {
        f"beta{suffix}": finite(term.beta[index]),
        f"se{suffix}": finite(term.se[index]),
        f"ci_lower{suffix}": finite(shown[0]),
        f"ci_upper{suffix}": finite(shown[1]),
        f"ci{suffix}": interval,
    }
    if result.logistic:
        cells[f"odds_ratio{suffix}"] = finite(math.exp(min(term.beta[index], _LARGEST_LOG)))
    return cells


# --- one variant by genotype ------------------------------------------------------------------------


def by_genotype(result: VariantTests) -> list[tuple[str, FloatArray]]:
    """The phenotype of the subjects with each genotype of the variant that is shown, those that occur."""
    variants = result.sample.variants
    dosage = variants.dosage[result.sample.subjects, result.shown]
    named = genotype_names(variants, result.shown)
    return [(name, result.target[dosage == copies]) for copies, name in enumerate(named) if (dosage == copies).any()]


def by_genotype_alt(params: Params, result: VariantTests) -> str:
    parts = []
    for name, values in by_genotype(result):
        middle = f"{100 * values.mean():.1f} % {result.level}" if result.logistic else f"median {np.median(values):.4g}"
        parts.append(f"{name}: {counted(values.size, 'subject')}, {middle}")
    return f"{params.phenotype} by genotype, not adjusted. {'; '.join(parts)}."


def genotype_table(params: Params, result: VariantTests) -> TableView:
    rows = []
    for name, values in by_genotype(result):
        row: dict[str, Json] = {"genotype": name, "n": int(values.size)}
        if result.logistic:
            row |= {"n_level": int(values.sum()), "percent": 100 * float(values.mean())}
        else:
            row |= {
                "mean": float(values.mean()),
                "sd": float(values.std(ddof=1)) if values.size > 1 else None,
                "median": float(np.median(values)),
            }
        rows.append(row)
    columns = (
        (Column("n_level", f"{result.level}", "integer"), Column("percent", f"% {result.level}", "number"))
        if result.logistic
        else (Column("mean", "Mean", "number"), Column("sd", "SD", "number"), Column("median", "Median", "number"))
    )
    return TableView(
        "genotype_groups",
        f"{params.phenotype} by genotype",
        (Column("genotype", "Genotype"), Column("n", "Subjects", "integer"), *columns),
        tuple(rows),
    )
