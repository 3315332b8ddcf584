"""Table of the edges of the target when candidates are adjusted for."""

from __future__ import annotations

from imagenomer.analyses.confounds.parts.adjustment import AdjustedTarget, AdjustmentPart
from imagenomer.analyses.confounds.tables.cells import Row
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite

_COLUMNS = (
    Column("given", "Adjusted for"),
    Column("n_subjects", "Subjects", "integer"),
    Column("n_before", "Edges before", "integer"),
    Column("n_after", "Edges after", "integer"),
    Column("strongest_before", "Strongest before", "number", where="file"),
    Column("strongest_after", "Strongest after", "number", where="file"),
    Column("share_before", "Variance before, %", "number"),
    Column("share_after", "Variance after, %", "number"),
)


def adjustment_table(target_name: str, part: AdjustmentPart) -> TableView:
    rows = [_row(name, own) for name, own in part.candidates.items()]
    if part.together is not None:
        rows.append(_row(f"all together: {', '.join(part.together.names)}", part.together))
    return TableView("adjustment", f"Edges of {target_name} when a candidate is adjusted for", _COLUMNS, tuple(rows))


def _row(given: str, own: AdjustedTarget) -> Row:
    return {
        "given": given,
        "n_subjects": own.n_subjects,
        "n_before": own.before.n_significant,
        "n_after": own.after.n_significant,
        "strongest_before": finite(own.before.strongest_effect),
        "strongest_after": finite(own.after.strongest_effect),
        "share_before": round(100 * own.share_before.beyond_chance, 4),
        "share_after": round(100 * own.share_after.beyond_chance, 4),
    }
