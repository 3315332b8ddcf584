"""Table of what is associated with connectivity."""

from __future__ import annotations

from imagenomer.analyses.confounds.edge_maps import EdgeMap
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.predictions import PredictionScore
from imagenomer.analyses.confounds.tables.cells import Row, score_cells
from imagenomer.analyses.contract import Column, TableView
from imagenomer.analyses.shared.edge_table import edge_title
from imagenomer.jsonable import finite
from imagenomer.parcellation import Parcellation
from imagenomer.statistics.multivariate import ShareExplained

_COLUMNS = (
    Column("what", "With connectivity"),
    Column("n_subjects", "Subjects", "integer"),
    Column("n_significant", "Significant edges", "integer"),
    Column("share_significant", "% of edges", "number"),
    Column("strongest", "Strongest", "number"),
    Column("effect", "Effect"),
    Column("edge", "Strongest edge", where="file"),
    Column("share", "Variance, %", "number"),
    Column("p_value", "p, all edges", "p"),
    Column("score", "Score"),
    Column("predicted", "Predicted", "number"),
    Column("null", "Null", "number"),
)


def connectivity_table(
    parcellation: Parcellation, target_name: str, part: ConnectivityPart, p_target: float
) -> TableView:
    """Return the table; ``p_target`` is of no association of the target with all edges at once."""

    def row(
        name: str,
        n_subjects: int,
        found: EdgeMap,
        share: ShareExplained,
        p_value: float,
        prediction: PredictionScore | None,
    ) -> Row:
        return {
            "what": name,
            "n_subjects": n_subjects,
            "n_significant": found.n_significant,
            "share_significant": round(100 * found.n_significant / max(found.n_tested, 1), 3),
            "strongest": finite(found.strongest_effect),
            "effect": "r" if found.signed else "η",
            "edge": edge_title(found.strongest, parcellation),
            "share": round(100 * share.beyond_chance, 4),
            "p_value": p_value,
            **score_cells(prediction),
        }

    whole = part.everybody
    rows = [
        row(
            f"{target_name} (target)",
            whole.pair.n_subjects,
            whole.target_map,
            whole.target.share,
            p_target,
            part.prediction,
        ),
        *(
            row(name, own.here.pair.n_subjects, own.edge_map, own.share, own.p_value, own.prediction)
            for name, own in part.candidates.items()
        ),
    ]
    return TableView("connectivity", "What is associated with connectivity?", _COLUMNS, tuple(rows))
