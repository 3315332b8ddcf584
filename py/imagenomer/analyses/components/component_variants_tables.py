"""Tables of components and variants: the strongest associations, and every component."""

from __future__ import annotations

from functools import partial

import numpy as np

from imagenomer.analyses.components.component_variants_params import Params
from imagenomer.analyses.components.component_variants_result import ComponentVariantTests
from imagenomer.analyses.contract import Column, TableView, WholeTable
from imagenomer.analyses.shared.edge_table import finite_or_none
from imagenomer.analyses.shared.whole_tables import RowsOf, strongest_first, whole_table
from imagenomer.cohort import Cohort
from imagenomer.jsonable import finite
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.correlation import fisher_interval
from imagenomer.statistics.variants import genomic_inflation
from imagenomer.types import FloatArray, IntArray, Json
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


def all_tests(cohort: Cohort, params: Params, result: ComponentVariantTests) -> WholeTable:
    """Return all tests, the smallest p first, for the file; what could not be tested has no numbers."""

    def prepare() -> tuple[IntArray, RowsOf]:
        # Made for all once: a block would make it for all again.
        adjusted = result.decision.p_value
        return strongest_first(result.screen.neg_log10_p.ravel()), partial(_test_rows, result, adjusted)

    return whole_table(result.screen.r.size, prepare)


def test_rows(result: ComponentVariantTests, which: IntArray) -> list[dict[str, Json]]:
    """Describe some tests, as `ComponentVariantTests.test` numbers them."""
    return _test_rows(result, result.decision.p_value, which)


def _test_rows(result: ComponentVariantTests, adjusted: FloatArray, which: IntArray) -> list[dict[str, Json]]:
    variants, screen = result.variants, result.screen
    of_components, columns = np.divmod(which, result.which.size)
    r, dof = screen.r[of_components, columns], screen.dof[columns]
    strength = screen.neg_log10_p[of_components, columns]
    lower, upper = fisher_interval(r, dof + 2)
    variant = result.which[columns]
    numbers: dict[str, list[float | None]] = {
        name: finite_or_none(values)
        for name, values in (
            ("frequency", result.counts.effect_frequency[variant]),
            ("r", r),
            ("ci_lower", lower),
            ("ci_upper", upper),
            ("p_value", 10**-strength),
            ("p_adjusted", adjusted[which]),
            ("neg_log10_p", strength),
        )
    }
    rows = []
    for place, (component, index) in enumerate(zip(of_components.tolist(), variant.tolist(), strict=True)):
        own = {name: values[place] for name, values in numbers.items()}
        low, high = own["ci_lower"], own["ci_upper"]
        rows.append(
            {
                "component": int(result.components.numbers[component]),
                "variant": variants.variant_ids[index],
                "chromosome": variants.chromosomes[index],
                "position": int(variants.positions[index]),
                "effect_allele": variants.effect_alleles[index],
                "other_allele": variants.other_alleles[index],
                **own,
                "ci": None if low is None or high is None else minus(f"{low:.3g} to {high:.3g}"),
                "n_subjects": int(screen.n_subjects[columns[place]]),
                "significant": bool(result.decision.significant[which[place]]),
            }
        )
    return rows


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
