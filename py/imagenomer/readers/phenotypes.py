"""Phenotypes from tables that somebody typed: decimals, percentages, and codes for missing values."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from imagenomer.cohort import Phenotype, ReadColumn
from imagenomer.cohort.values import is_padded
from imagenomer.readers.columns import ColumnNotes, is_missing, is_number, read_column
from imagenomer.readers.doubts import CodeUse, ColumnDoubts
from imagenomer.readers.evidence.missing import missing_codes
from imagenomer.readers.evidence.tables import plain_numbers
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.tables import ColumnFacts
from imagenomer.types import JsonObject

_LIKE_NUMBER = re.compile(r"[+-]?[0-9.,]*[0-9] ?%?")
#: Texts among numbers, at most, that leave the rest numbers.
_MOST_TEXTS = 5


@dataclass(slots=True)
class TableNotes:
    """What was decided about the columns of tables, to be said once for all."""

    columns: ColumnNotes = field(default_factory=ColumnNotes)
    decimal: list[str] = field(default_factory=list)
    percent: list[str] = field(default_factory=list)
    thousands: list[str] = field(default_factory=list)
    doubts: ColumnDoubts = field(default_factory=ColumnDoubts)
    answered: set[str] = field(default_factory=set)

    def say_plain(self, name: str, done: str) -> None:
        """Note what was done to the cells of a column to make them numbers (`plain_numbers`)."""
        for what, items in (("decimal comma", self.decimal), ("percent", self.percent), ("thousands", self.thousands)):
            if done == what:
                items.append(name)

    def say(self, notes: Notes) -> None:
        """Write the decisions into the log."""
        for items, message in (
            (self.decimal, "Numbers with a decimal comma"),
            (self.percent, "Percentages were read as numbers"),
            (self.thousands, "Numbers whose commas part thousands"),
        ):
            if items:
                notes.recognised(message, items)
        self.doubts.say(notes, self.answered)
        self.columns.say(notes)


def table_column(
    name: str, cells: Sequence[str], facts: ColumnFacts, recipe: Recipe, remarks: TableNotes, *, decimal_comma: bool
) -> ReadColumn | None:
    """Return a column of a table as it was read, and which of its numbers stand for a missing value.

    What a recipe says of it is not applied here, but for its decimals (`imagenomer.cohort.columns.with_columns`).

    Parameters
    ----------
    name : str
    cells : sequence of str
        One a subject; "" where there is no row.
    facts : ColumnFacts
        What describes it.
    recipe : Recipe
    remarks : TableNotes
        Told of every decision that the recipe does not take.
    decimal_comma : bool
        The table is of a kind whose numbers have a decimal comma.

    Returns
    -------
    ReadColumn or None
        None where there is nothing to use.
    """
    answers = recipe.columns.get(name, {})
    comma = answers.get("decimal", "," if decimal_comma else "")
    cells, done = _plain(cells, comma)
    remarks.say_plain(name, done)
    if done == "ambiguous comma" or "decimal" in answers:
        remarks.doubts.commas[name] = answers.get("decimal", "none")
    present = [cell for cell in cells if not is_missing(cell)]
    codes: dict[float, int] = {}
    if present and facts.levels is None and all(is_number(cell) and not is_padded(cell) for cell in present):
        codes = _found_codes(name, cells, facts, answers, remarks)
    kept = [_without_codes(cell, codes) for cell in cells] if codes else cells
    # What is corrected anyway is no news.
    columns = ColumnNotes() if answers.keys() - {"decimal", "unit", "description"} else remarks.columns
    units = facts.units or ("%" if done == "percent" else "")
    phenotype = _read(name, kept, facts, columns, units)
    if phenotype is None:
        return None
    if facts.levels is None:
        remarks.doubts.look_at_levels(phenotype)
        remarks.doubts.look_at_numbers(phenotype)
    if answers.keys() & {"kind", "role", "labels"}:
        remarks.answered.add(name)
    if codes:
        phenotype = _read(name, cells, facts, ColumnNotes(), units) or phenotype
    return ReadColumn(phenotype, tuple(codes))


def _plain(cells: Sequence[str], comma: str) -> tuple[Sequence[str], str]:
    """Return cells as `plain_numbers` does, though a few of them may be texts among numbers."""
    plain, done = plain_numbers(cells, comma=comma)
    odd = {cell.strip() for cell in cells if not is_missing(cell) and not _LIKE_NUMBER.fullmatch(cell.strip())}
    if done or not 0 < len(odd) <= _MOST_TEXTS:
        return plain, done
    numbers, done = plain_numbers(["" if cell.strip() in odd else cell for cell in cells], comma=comma)
    return [cell if cell.strip() in odd else one for cell, one in zip(cells, numbers, strict=True)], done


def _read(name: str, cells: Sequence[str], facts: ColumnFacts, columns: ColumnNotes, units: str) -> Phenotype | None:
    return read_column(
        name, cells, columns, is_table=True, levels=facts.levels, description=facts.description, units=units
    )


def _found_codes(
    name: str, cells: Sequence[str], facts: ColumnFacts, answers: JsonObject, remarks: TableNotes
) -> dict[float, int]:
    """Return the codes for a missing value among numbers, and how often each stands there; none if answered."""
    values = np.array([np.nan if is_missing(cell) else float(cell) for cell in cells])
    found = missing_codes(values, facts.description)
    answered = "missing" in answers
    # A correction, which is applied to the cohort.
    own = tuple(float(code) for code in answers.get("missing") or () if not isinstance(code, str))
    if found.codes or found.doubtful:
        remarks.doubts.codes[name] = CodeUse(found, own if answered else tuple(found.codes), answered)
    return {} if answered else found.codes


def _without_codes(cell: str, codes: Collection[float]) -> str:
    return "" if not is_missing(cell) and float(cell) in codes else cell
