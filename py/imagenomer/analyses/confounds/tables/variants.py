"""Tables on variants: what is associated with them, and what they predict."""

from __future__ import annotations

from imagenomer.analyses.confounds.parts.variants import VariantPart
from imagenomer.analyses.confounds.tables.cells import Row, score_cells
from imagenomer.analyses.contract import Column, TableView
from imagenomer.analyses.shared.genotyped import variant_label
from imagenomer.cohort import VariantSet
from imagenomer.jsonable import finite

_MAPS = (
    Column("what", "With variants"),
    Column("n_subjects", "Subjects with genotypes", "integer"),
    Column("n_significant", "Significant variants", "integer"),
    Column("n_tested", "Variants tested", "integer"),
    Column("strongest", "Strongest |r|", "number"),
    Column("variant", "Of variant"),
)
_PREDICTIONS = (
    Column("what", "Predicted"),
    Column("n_subjects", "Test subjects", "integer"),
    Column("score", "Score"),
    Column("predicted", "From variants", "number"),
    Column("connectivity", "From connectivity", "number"),
    Column("null", "Null", "number"),
    Column("note", "Note"),
)


def variant_table(variants: VariantSet, target_name: str, part: VariantPart) -> TableView:
    rows: list[Row] = [
        {
            "what": name,
            "n_subjects": int(own.subjects.size),
            "n_significant": own.n_significant,
            "n_tested": own.n_tested,
            "strongest": finite(float(own.strength[own.strongest])) if own.n_tested else None,
            "variant": variant_label(variants, own.strongest) if own.n_tested else "",
        }
        for name, own in [(f"{target_name} (target)", part.target_map), *part.maps.items()]
    ]
    return TableView("variants", "What is associated with variants?", _MAPS, tuple(rows))


def variant_prediction_table(target_name: str, part: VariantPart) -> TableView:
    rows: list[Row] = []
    for name, own in [(f"{target_name} (target)", part.target_prediction), *part.predictions.items()]:
        beside = own.connectivity
        rows.append(
            {
                "what": name,
                "n_subjects": None if own.variants is None else own.variants.n_subjects,
                **score_cells(own.variants),
                **({"score": "not predicted"} if own.why else {}),
                "connectivity": None if beside is None else finite(beside.interval.estimate),
                "note": own.why,
            }
        )
    title = "What do variants predict, beside connectivity?"
    return TableView("from_variants", title, _PREDICTIONS, tuple(rows))
