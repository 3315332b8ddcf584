"""Phenotypes from tables that somebody typed: decimals, percentages, and codes for missing values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from imagenomer.cohort import Phenotype, ReadColumn, alike_levels
from imagenomer.readers.columns import ColumnNotes, is_missing, is_number, read_column
from imagenomer.readers.evidence.missing import MissingCodes, missing_codes
from imagenomer.readers.evidence.tables import plain_numbers
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.tables import ColumnFacts
from imagenomer.types import JsonObject


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What was found in a column that stands for a missing value or may do so, and what was read as missing."""

    found: MissingCodes
    used: tuple[float, ...]


@dataclass(slots=True)
class TableNotes:
    """What was decided about the columns of tables, to be said once for all."""

    columns: ColumnNotes = field(default_factory=ColumnNotes)
    decimal: list[str] = field(default_factory=list)
    percent: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    documented: list[str] = field(default_factory=list)
    far: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    spellings: list[str] = field(default_factory=list)
    codes: dict[str, CodeUse] = field(default_factory=dict)

    def say(self, notes: Notes) -> None:
        """Write the decisions into the log."""
        undo = 'keep them in the overview or by a recipe: {"columns": {"NAME": {"missing": []}}}'
        for items, remark, message in (
            (self.decimal, notes.recognised, "Numbers with a decimal comma"),
            (self.percent, notes.recognised, "Percentages were read as numbers"),
            (
                self.ambiguous,
                notes.warning,
                "Columns whose commas may be decimal or part thousands were left as texts; for decimal ones answer in "
                'a recipe: {"columns": {"NAME": {"decimal": ","}}}',
            ),
            (self.documented, notes.recognised, f"Codes that a description names were read as missing; {undo}"),
            (
                self.far,
                notes.warning,
                f"Codes far outside the range of all other values were read as missing; {undo}",
            ),
            (
                self.doubtful,
                notes.warning,
                "Values that may be codes for a missing value are far from all others and were kept; make them missing "
                'in the overview or by a recipe: {"columns": {"NAME": {"missing": [999]}}}',
            ),
            (
                self.spellings,
                notes.warning,
                "Levels that differ only in capitals or blanks are counted as different; make them one in the overview "
                'or by a recipe: {"columns": {"NAME": {"labels": {"m": "M"}}}}',
            ),
        ):
            if items:
                remark(message, items)
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
    cells, done = plain_numbers(cells, decimal_comma=decimal_comma or "decimal" in answers)
    for what, items in (
        ("decimal comma", remarks.decimal), ("percent", remarks.percent), ("ambiguous comma", remarks.ambiguous)
    ):  # fmt: skip
        if done == what:
            items.append(name)
    present = [cell for cell in cells if not is_missing(cell)]
    codes: dict[float, int] = {}
    if present and facts.levels is None and all(is_number(cell) for cell in present):
        codes = _found_codes(name, cells, facts, answers, remarks)
    kept = [_without_codes(cell, codes) for cell in cells] if codes else cells
    # What is corrected anyway is no news.
    columns = ColumnNotes() if answers.keys() - {"decimal", "unit", "description"} else remarks.columns
    units = facts.units or ("%" if done == "percent" else "")
    phenotype = _read(name, kept, facts, columns, units)
    if phenotype is None:
        return None
    if facts.levels is None and not answers.keys() & {"kind", "role", "labels"}:
        remarks.spellings.extend(f"{name}: {' = '.join(alike)}" for alike in alike_levels(phenotype.levels))
    if codes:
        phenotype = _read(name, cells, facts, ColumnNotes(), units) or phenotype
    return ReadColumn(phenotype, tuple(codes))


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
    if "missing" in answers:
        # A correction, which is applied to the cohort.
        used = tuple(float(code) for code in answers["missing"] or () if not isinstance(code, str))
    else:
        used = tuple(found.codes)
        if found.codes:
            (remarks.documented if found.documented else remarks.far).append(f"{name}: {_counts(found.codes)}")
        if found.doubtful:
            remarks.doubtful.append(f"{name}: {_counts(found.doubtful)}")
    if found.codes or found.doubtful:
        remarks.codes[name] = CodeUse(found, used)
    return {} if "missing" in answers else found.codes


def _without_codes(cell: str, codes: Collection[float]) -> str:
    return "" if not is_missing(cell) and float(cell) in codes else cell


def _counts(codes: dict[float, int]) -> str:
    return ", ".join(f"{code:g} ({n})" for code, n in codes.items())
