"""Phenotypes from tables that somebody typed: decimals, percentages, codes for missing values, kinds as answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from imagenomer.cohort import Phenotype, natural_key
from imagenomer.errors import InputError
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
    answered: list[str] = field(default_factory=list)
    spellings: list[str] = field(default_factory=list)
    codes: dict[str, CodeUse] = field(default_factory=dict)

    def say(self, notes: Notes) -> None:
        """Write the decisions into the log."""
        undo = 'keep them by a recipe: {"columns": {"NAME": {"missing": []}}}'
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
                'by a recipe: {"columns": {"NAME": {"missing": [999]}}}',
            ),
            (self.answered, notes.recognised, "Columns were read as the recipe says"),
            (
                self.spellings,
                notes.warning,
                "Levels that differ only in capitals or blanks are counted as different; make them one in the table",
            ),
        ):
            if items:
                remark(message, items)
        self.columns.say(notes)


def table_phenotype(
    name: str, cells: Sequence[str], facts: ColumnFacts, recipe: Recipe, remarks: TableNotes, *, decimal_comma: bool
) -> Phenotype | None:
    """Return a column of a table as a phenotype; None where there is nothing to use, or the recipe leaves it out.

    Parameters
    ----------
    name : str
    cells : sequence of str
        One a subject; "" where there is no row.
    facts : ColumnFacts
        What describes it.
    recipe : Recipe
    remarks : TableNotes
        Told of every decision.
    decimal_comma : bool
        The table is of a kind whose numbers have a decimal comma.

    Raises
    ------
    InputError
        If the recipe calls a number what is none.
    """
    answers = recipe.columns.get(name, {})
    if answers.get("kind") == "ignore":
        remarks.answered.append(f"{name} (left out)")
        return None
    cells, done = plain_numbers(cells, decimal_comma=decimal_comma or "decimal" in answers)
    for what, items in (
        ("decimal comma", remarks.decimal), ("percent", remarks.percent), ("ambiguous comma", remarks.ambiguous)
    ):  # fmt: skip
        if done == what:
            items.append(name)
    present = [cell for cell in cells if not is_missing(cell)]
    all_numbers = bool(present) and all(is_number(cell) for cell in present)
    if all_numbers and (facts.levels is None or "missing" in answers):
        cells = _without_codes(name, cells, facts, answers, remarks)
    levels = facts.levels
    if answers.get("kind") == "category" and levels is None:
        remarks.answered.append(f"{name} (a category)")
        levels = _levels(cells)
    elif answers.get("kind") == "number":
        if not all_numbers:
            wrong = next((cell for cell in present if not is_number(cell)), "nothing")
            raise InputError(f"the recipe calls the column {name} a number; it holds {wrong[:40]!r}")
        remarks.answered.append(f"{name} (a number)")
        levels = None
    phenotype = read_column(
        name, cells, remarks.columns, is_table=True, levels=levels, description=facts.description, units=facts.units
    )
    if phenotype is not None and phenotype.levels and facts.levels is None:
        alike: dict[str, list[str]] = {}
        for level in phenotype.levels:
            alike.setdefault(" ".join(level.casefold().split()), []).append(level)
        twice = [" = ".join(spelled) for spelled in alike.values() if len(spelled) > 1]
        remarks.spellings.extend(f"{name}: {one}" for one in twice)
    return (
        replace(phenotype, units=phenotype.units or "%") if phenotype is not None and done == "percent" else phenotype
    )


def _without_codes(
    name: str, cells: Sequence[str], facts: ColumnFacts, answers: JsonObject, remarks: TableNotes
) -> list[str]:
    """Return the cells with "" instead of codes for a missing value."""
    values = np.array([np.nan if is_missing(cell) else float(cell) for cell in cells])
    found = missing_codes(values, facts.description)
    if "missing" in answers:
        codes = {float(code): int(np.count_nonzero(values == code)) for code in answers["missing"]}
        remarks.answered.append(f"{name} (missing: {_counts(codes) or 'no code'})")
    else:
        codes = found.codes
        if codes:
            (remarks.documented if found.documented else remarks.far).append(f"{name}: {_counts(codes)}")
        if found.doubtful:
            remarks.doubtful.append(f"{name}: {_counts(found.doubtful)}")
    if found.codes or found.doubtful:
        remarks.codes[name] = CodeUse(found, tuple(codes))
    return ["" if value in codes else cell for value, cell in zip(values.tolist(), cells, strict=True)]


def _counts(codes: dict[float, int]) -> str:
    return ", ".join(f"{code:g} ({n})" for code, n in codes.items())


def _levels(cells: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct cells in natural order, whole numbers without a fraction."""
    texts = {cell.strip() for cell in cells if not is_missing(cell)}
    return tuple(sorted({text.partition(".")[0] if _whole(text) else text for text in texts}, key=natural_key))


def _whole(text: str) -> bool:
    head, point, tail = text.partition(".")
    return bool(point) and head.lstrip("+-").isdigit() and set(tail) <= {"0"}
