"""Tables of components and variants: the strongest associations, and every component."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.components.component_variants_result import ComponentVariantTests
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.correlation import fisher_interval
from imagenomer.statistics.variants import genomic_inflation
from imagenomer.types import FloatArray, Json
from imagenomer.wording import minus

_STRONGEST = (
    Column("component", "Component", "integer"),
    Column("variant", "Variant"),
    Column("chromosome", "Chromosome"),
    Column("position", "Position", "integer"),
    Column("effect_allele", "Effect allele"),
    Column("other_allele", "Other allele", where="file"),
    Column("frequency", "Frequency", "number"),
    Column("r", "r", "number"),
    Column("ci", "95 % CI", where="page", sort="ci_lower"),
    Column("ci_lower", "95 % CI from", "number", where="file"),
    Column("ci_upper", "to", "number", where="file"),
    Column("p_value", "p", "p"),
    Column("p_adjusted", "p adjusted", "p"),
    Column("neg_log10_p", "−log10 p", "number", where="file"),
    Column("n_subjects", "Subjects", "integer"),
)
_COMPONENTS = (
    Column("component", "Component", "integer"),
    Column("n_tests", "Variants", "integer"),
    Column("inflation", "Lambda", "number"),
    Column("strongest", "Strongest variant"),
    Column("p_value", "its p", "p"),
    Column("n_significant", "Significant", "integer"),
)


def strongest_table(rows: list[dict[str, Json]]) -> TableView:
    return TableView("top", "Strongest associations", _STRONGEST, tuple(rows))


def component_table(rows: list[dict[str, Json]]) -> TableView:
    return TableView("by_component", "Every component", _COMPONENTS, tuple(rows))


def strongest_rows(result: ComponentVariantTests) -> list[dict[str, Json]]:
    # Each taken out of all tests once.
    adjusted, frequency = result.decision.p_value[result.strongest], result.counts.effect_frequency
    return [
        _row(result, index, p_adjusted, frequency)
        for index, p_adjusted in zip(result.strongest.tolist(), adjusted.tolist(), strict=True)
    ]


def _row(result: ComponentVariantTests, index: int, p_adjusted: float, frequency: FloatArray) -> dict[str, Json]:
    row, column = result.test(index)
    variant, variants = int(result.which[column]), result.variants
    r, dof = result.r(index), int(result.screen.dof[column])
    lower, upper = (float(limit) for limit in fisher_interval(r, dof + 2))
    return {
        "component": int(result.components.numbers[row]),
        "variant": variants.variant_ids[variant],
        "chromosome": variants.chromosomes[variant],
        "position": int(variants.positions[variant]),
        "effect_allele": variants.effect_alleles[variant],
        "other_allele": variants.other_alleles[variant],
        "frequency": finite(float(frequency[variant])),
        "r": r,
        "ci": minus(f"{lower:.3g} to {upper:.3g}") if np.isfinite(lower) else None,
        "ci_lower": finite(lower),
        "ci_upper": finite(upper),
        "p_value": float(10 ** -result.screen.neg_log10_p[row, column]),
        "p_adjusted": p_adjusted,
        "neg_log10_p": finite(float(result.screen.neg_log10_p[row, column])),
        "n_subjects": int(result.screen.n_subjects[column]),
        "significant": bool(result.decision.significant[index]),
    }


def component_rows(result: ComponentVariantTests) -> list[dict[str, Json]]:
    rows = []
    for row, number in enumerate(result.components.numbers.tolist()):
        strength = result.screen.neg_log10_p[row]
        tested = n_tests(strength)
        best = int(np.nanargmax(strength)) if tested else 0
        p_value = 10**-strength
        rows.append(
            {
                "component": number,
                "n_tests": tested,
                "inflation": finite(genomic_inflation(p_value)),
                "strongest": result.variants.variant_ids[result.which[best]] if tested else None,
                "p_value": finite(p_value[best]),
                "n_significant": int(np.count_nonzero(result.significant[row])),
            }
        )
    return rows
