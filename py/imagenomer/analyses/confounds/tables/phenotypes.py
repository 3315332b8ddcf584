"""Tables on candidates: how they are associated with the target, and for whom they are missing."""

from __future__ import annotations

from imagenomer.analyses.confounds.parts.phenotypes import PhenotypePart
from imagenomer.analyses.confounds.tables.cells import Row
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite

_CANDIDATES = (
    Column("candidate", "Candidate"),
    Column("kind", "Kind"),
    Column("measure", "Measure"),
    Column("association", "Association", "number"),
    Column("p_value", "p", "p"),
    Column("p_corrected", "p (Holm)", "p"),
    Column("p_any_shape", "p, any shape", "p"),
    Column("n_subjects", "Subjects", "integer"),
    Column("neg_log10_p", "−log10 p", "number", where="file"),
)
_MISSING = (
    Column("candidate", "Candidate"),
    Column("level", "Level"),
    Column("n", "In the group", "integer"),
    Column("n_used", "Used", "integer"),
    Column("left_out", "Excluded, %", "number"),
    Column("target", "Mean of target", "mixed"),
    Column("p_value", "p, excluded", "p"),
)
#: By how many of target and candidate are categories.
_MEASURES = ("Pearson's r", "Epsilon", "Cramer's V")


def candidate_table(part: PhenotypePart) -> TableView:
    target = part.people.target
    rows: list[Row] = []
    for name, one in part.associations.items():
        levels = one.candidate.levels
        rows.append(
            {
                "candidate": name,
                "kind": f"{len(levels)} levels" if levels else "number",
                "measure": _MEASURES[bool(levels) + bool(target.levels)],
                "association": finite(one.association),
                "p_value": finite(10**-one.neg_log10_p),
                "p_corrected": finite(one.p_corrected),
                "p_any_shape": finite(one.p_any_shape),
                "n_subjects": one.n_subjects,
                "neg_log10_p": finite(one.neg_log10_p),
            }
        )
    return TableView("candidates", f"Which candidates are associated with {target.name}?", _CANDIDATES, tuple(rows))


def missing_table(part: PhenotypePart) -> TableView:
    rows: list[Row] = [
        {
            "candidate": one.candidate,
            "level": one.level or "missing",
            "n": one.n,
            "n_used": one.n_used,
            "left_out": round(100 * (1 - one.n_used / one.n), 2),
            "target": finite(one.target),
            "p_value": finite(one.p_value),
        }
        for one in part.missing
    ]
    return TableView("missing", "Excluded subjects, and missing values of candidates", _MISSING, tuple(rows))
