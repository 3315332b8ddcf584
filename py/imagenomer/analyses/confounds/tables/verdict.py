"""Table of what remains of the association given each candidate, and all together."""

from __future__ import annotations

from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.roles import ROLE_TITLES
from imagenomer.analyses.confounds.tables.cells import Row, percent
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite
from imagenomer.statistics.commonality import ExplainedParts
from imagenomer.statistics.remainders import Remainder
from imagenomer.statistics.verdict import Category

_COLUMNS = (
    Column("candidate", "Adjusted for"),
    Column("verdict", "Verdict"),
    Column("role", "Role"),
    Column("remaining", "Remains, %", "number"),
    Column("low", "From", "number"),
    Column("high", "To", "number"),
    Column("at_once_low", "All at once, from", "number", where="file"),
    Column("at_once_high", "To", "number", where="file"),
    Column("map_remaining", "Of the map, %", "number"),
    Column("map_low", "From", "number", where="file"),
    Column("map_high", "To", "number", where="file"),
    Column("unique", "Explains uniquely, %", "number"),
    Column("unique_low", "From", "number", where="file"),
    Column("unique_high", "To", "number", where="file"),
    Column("shared", "Shared, %", "number"),
    Column("partner", "Mostly with", where="file"),
    Column("explained", "Explains of the target, %", "number"),
    Column("unique_explained", "Explains of the target uniquely, %", "number", where="file"),
    Column("p_candidate", "p, with target", "p"),
    Column("p_score", "p, with connectivity given target", "p", where="file"),
    Column("reliability", "Reliability", "number", where="file"),
    Column("n_subjects", "Subjects", "integer"),
)


def verdict_table(part: VerdictPart) -> TableView:
    explanation = part.explanation
    rows: list[Row] = [
        {
            **_cells(name, one.category, one.remainder, part.each),
            "role": ROLE_TITLES[part.roles[name]] if name in part.roles else None,
            **_parts(explanation.parts.get(name)),
            "p_candidate": finite(one.p_target),
            "p_score": finite(one.p_score),
        }
        for name, one in explanation.candidates.items()
    ]
    rows += [
        _cells(f"{first} × {second}", one.category, one, part.each)
        for (first, second), one in explanation.model.products.items()
    ]
    if explanation.model.names:
        name = f"together: {', '.join(explanation.model.names)}"
        rows.append(_cells(name, explanation.category, explanation.joint, part.each))
    without: tuple[str, ...] = () if part.roles else ("role",)
    if not explanation.parts:
        without += tuple(_parts(None))
    columns = tuple(column for column in _COLUMNS if column.key not in without)
    shown = tuple({column.key: row[column.key] for column in columns} for row in rows)
    return TableView("verdict", "What remains of the association", columns, shown)


_CONTROL_COLUMNS = (
    Column("control", "Negative control"),
    Column("sign", "Sign of unmeasured confounding"),
    Column("p_target", "p, with target", "p"),
    Column("p_connectivity", "p, with connectivity given target", "p"),
    Column("n_subjects", "Subjects", "integer"),
)


def control_table(part: VerdictPart) -> TableView:
    """Return what negative controls are associated with; empty without any."""
    rows = []
    for name, one in part.controls.items():
        sign = "too few subjects" if one.connectivity is None else "yes" if one.hints(part.alpha) else "no"
        rows.append(
            {
                "control": name,
                "sign": sign,
                "p_target": finite(one.p_target),
                "p_connectivity": None if one.connectivity is None else one.connectivity.p_value,
                "n_subjects": one.n_subjects,
            }
        )
    return TableView("controls", "Negative controls, given what is adjusted for", _CONTROL_COLUMNS, tuple(rows))


def _cells(name: str, category: Category, remainder: Remainder, each: float) -> Row:
    pattern, of_map = remainder.pattern, remainder.of_map
    at_once = pattern.at(each)
    return {
        "candidate": name,
        "verdict": TITLES[category],
        "role": None,
        "remaining": percent(pattern.estimate),
        "low": percent(pattern.low),
        "high": percent(pattern.high),
        "at_once_low": percent(at_once[0]),
        "at_once_high": percent(at_once[1]),
        "map_remaining": percent(of_map.estimate),
        "map_low": percent(of_map.low),
        "map_high": percent(of_map.high),
        "explained": percent(pattern.explained),
        **_parts(None),
        "p_candidate": None,
        "p_score": None,
        "reliability": finite(round(pattern.reliability, 3)) if 0 < pattern.estimate < 1 else None,
        "n_subjects": remainder.n_subjects,
    }


def _parts(parts: ExplainedParts | None) -> Row:
    """Return what a candidate explains uniquely and shares with others; None where it is not in the joint model."""
    return {
        "unique": None if parts is None else percent(parts.unique),
        "unique_low": None if parts is None else percent(parts.low),
        "unique_high": None if parts is None else percent(parts.high),
        "shared": None if parts is None else percent(parts.shared),
        "partner": None if parts is None else parts.partner,
        "unique_explained": None if parts is None else percent(parts.unique_of_target),
    }
