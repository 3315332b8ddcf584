"""Table of what remains of the association in both cohorts, and how much that differs."""

from __future__ import annotations

from imagenomer.analyses.confounds.parts.replication import ReplicationPart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.tables.cells import Row, percent
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.contract import Column, TableView
from imagenomer.statistics.remainders import Remainder
from imagenomer.statistics.share_differences import ShareDifference
from imagenomer.statistics.verdict import Category


def replication_table(verdict: VerdictPart, part: ReplicationPart) -> TableView:
    """Return a row for each candidate that both cohorts have, and one for all together."""
    here, there = verdict.explanation, part.verdict.explanation
    rows = [
        _row(name, (one.category, one.remainder), (again.category, again.remainder), part.differences[name])
        for name, one in here.candidates.items()
        if (again := there.candidates.get(name)) is not None
    ]
    if here.model.names:
        name = f"together: {', '.join(here.model.names)}"
        rows.append(_row(name, (here.category, here.joint), (there.category, there.joint), part.together))
    return TableView(
        "replication", f"What remains in {part.names[0]} and in {part.names[1]}", _columns(part), tuple(rows)
    )


def _columns(part: ReplicationPart) -> tuple[Column, ...]:
    first, second = part.names
    return (
        Column("candidate", "Adjusted for"),
        Column("remaining", f"Remains in {first}, %", "number"),
        Column("low", "From", "number", where="file"),
        Column("high", "To", "number", where="file"),
        Column("remaining_second", f"Remains in {second}, %", "number"),
        Column("low_second", "From", "number", where="file"),
        Column("high_second", "To", "number", where="file"),
        Column("difference", "Difference, points", "number"),
        Column("difference_low", "From, all at once", "number"),
        Column("difference_high", "To", "number"),
        Column("verdict", f"Verdict, {first}"),
        Column("verdict_second", f"Verdict, {second}"),
        Column("n_subjects", f"Subjects, {first}", "integer", where="file"),
        Column("n_subjects_second", f"Subjects, {second}", "integer", where="file"),
    )


def _row(
    name: str, here: tuple[Category, Remainder], there: tuple[Category, Remainder], difference: ShareDifference
) -> Row:
    row: Row = {"candidate": name}
    for suffix, (category, remainder) in (("", here), ("_second", there)):
        row |= {
            f"verdict{suffix}": TITLES[category],
            f"remaining{suffix}": percent(remainder.pattern.estimate),
            f"low{suffix}": percent(remainder.pattern.low),
            f"high{suffix}": percent(remainder.pattern.high),
            f"n_subjects{suffix}": remainder.n_subjects,
        }
    return row | {
        "difference": percent(difference.estimate),
        "difference_low": percent(difference.low),
        "difference_high": percent(difference.high),
    }
