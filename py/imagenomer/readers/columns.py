"""Columns: what kind of phenotype a column of values is, and which of its values are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imagenomer.cohort import Phenotype, natural_key
from imagenomer.cohort.values import MISSING, is_missing, is_number, is_padded, level_of
from imagenomer.readers.notes import Notes

__all__ = ["MISSING", "ColumnNotes", "clean_header", "is_missing", "is_number", "read_column"]


#: What the log says of numbers such as "007".
PADDED = (
    "Whole numbers with leading zeros were taken for codes, and read as categories; make them numbers in the overview"
)


@dataclass(slots=True)
class ColumnNotes:
    """What `read_column` had to decide, to be said once for all columns."""

    texts_as_numbers: list[str] = field(default_factory=list)
    texts_as_missing: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    infinite: list[str] = field(default_factory=list)
    padded: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    constant: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    def say(self, notes: Notes) -> None:
        """Write the decisions into the log."""
        for items, remark, message in (
            (self.empty, notes.ignored, "Phenotypes without any value were left out"),
            (self.unreadable, notes.ignored, "Phenotypes whose values are neither numbers nor texts were left out"),
            (self.mixed, notes.warning, "Phenotypes that mix numbers and texts were read as categories; odd values"),
            (self.unlisted, notes.warning, "Levels that the data dictionary does not list were added"),
            (self.infinite, notes.warning, "Infinite values in phenotypes were read as missing"),
            (self.padded, notes.warning, PADDED),
            (self.texts_as_numbers, notes.recognised, "Phenotypes stored as texts were read as numbers"),
            (self.texts_as_missing, notes.recognised, "Texts in phenotypes were read as missing values"),
            (self.incomplete, notes.recognised, "Phenotypes with missing values"),
            (
                self.constant,
                notes.warning,
                "Phenotypes with the same value for everybody cannot be associated with anything",
            ),
        ):
            if items:
                remark(message, items)


def read_column(
    name: str,
    values: Sequence[Any],
    notes: ColumnNotes,
    *,
    is_table: bool = False,
    levels: Sequence[str] | None = None,
    description: str = "",
    units: str = "",
) -> Phenotype | None:
    """Decide whether a column is a number or a category, and return it.

    A column is a number if every value is one, or is a text that reads as one, none of them with leading zeros ("007").
    Booleans and other texts are categories, with levels in natural order.

    Parameters
    ----------
    name : str
    values : sequence
        One a subject: None, bool, int, float or str; anything else leaves the column out.
    notes : ColumnNotes
        Told of every decision.
    is_table : bool
        The values come from a text table, where it is no news that a number is stored as text.
    levels : sequence of str, optional
        From a data dictionary: the column is a category with these levels in this order.
    description, units : str

    Returns
    -------
    Phenotype or None
        None where there is nothing to use.
    """
    if not all(isinstance(value, (str, int, float, type(None))) for value in values):
        notes.unreadable.append(name)
        return None
    cells = [None if is_missing(value) else value for value in values]
    texts = Counter(value.strip() for value in values if isinstance(value, str) and is_missing(value))
    if texts and not is_table:
        notes.texts_as_missing.append(f"{name}: {', '.join(f'{text!r} ({n})' for text, n in texts.items())}")
    present = [value for value in cells if value is not None]
    if not present and levels is None:
        notes.empty.append(name)
        return None
    if len(present) < len(cells):
        notes.incomplete.append(f"{name} ({len(cells) - len(present)} of {len(cells)})")
    all_booleans = all(isinstance(value, bool) for value in present) and present != []
    numeric = levels is None and not all_booleans and all(is_number(value) for value in present)
    if numeric and any(map(is_padded, present)):
        notes.padded.append(f"{name} ({next(value.strip() for value in present if is_padded(value))} …)")
    elif numeric:
        if not is_table and any(isinstance(value, str) for value in present):
            notes.texts_as_numbers.append(name)
        numbers = np.array([np.nan if value is None else float(value) for value in cells])
        if np.isinf(numbers).any():
            notes.infinite.append(f"{name} ({np.isinf(numbers).sum()})")
            numbers[np.isinf(numbers)] = np.nan
        if np.unique(numbers[~np.isnan(numbers)]).size == 1:
            notes.constant.append(f"{name} ({level_of(present[0])})")
        return Phenotype(name, numbers, description=description, units=units)
    if levels is None and not numeric:
        _note_odd_values(name, present, notes)
    return _category(name, cells, notes, levels, description, units)


def _category(
    name: str,
    cells: Sequence[Any],
    notes: ColumnNotes,
    levels: Sequence[str] | None,
    description: str,
    units: str,
) -> Phenotype:
    texts = [None if cell is None else level_of(cell) for cell in cells]
    if levels is not None:
        # Statistics programs write the codes of levels as 1.0 and 2.0.
        listed = frozenset(levels)
        texts = [text if text is None or text in listed else _without_fraction(text, listed) for text in texts]
    found = sorted({text for text in texts if text is not None}, key=natural_key)
    known = dict.fromkeys(levels or ())
    others = [text for text in found if text not in known]
    if levels is not None and others:
        notes.unlisted.append(f"{name}: {', '.join(others)}")
    order = (*known, *others)
    code = {text: position for position, text in enumerate(order)}
    if len(found) == 1:
        notes.constant.append(f"{name} ({found[0]})")
    codes = np.array([-1 if text is None else code[text] for text in texts], dtype=np.intp)
    return Phenotype(name, codes, order, description, units)


def _without_fraction(text: str, levels: Collection[str]) -> str:
    """Return a whole number as the level that it is, if there is one."""
    head, point, tail = text.partition(".")
    return head if point and not tail.strip("0") and head in levels else text


def _note_odd_values(name: str, present: Sequence[Any], notes: ColumnNotes) -> None:
    numbers = [value for value in present if is_number(value)]
    others = [value for value in present if not is_number(value)]
    if numbers and others:
        rarer = sorted({level_of(value) for value in min(numbers, others, key=len)}, key=natural_key)
        more = f" and {len(rarer) - 10} more" if len(rarer) > 10 else ""
        notes.mixed.append(f"{name}: {', '.join(rarer[:10])}{more}")


def clean_header(header: Sequence[str], notes: Notes) -> list[str]:
    """Return names of columns, each once: by their place where they have none, numbered where two are the same."""
    names = [notes.clean(cell).strip() or f"column {place}" for place, cell in enumerate(header, start=1)]
    twice = sorted(name for name, n in Counter(names).items() if n > 1)
    if twice:
        notes.warning("Columns that have the name of another were numbered", twice)
    return distinct(names)


def distinct(names: Sequence[str]) -> list[str]:
    """Return names, each once: the second "A" is "A (2)", or has the next number if another name is that already."""
    taken, counted = set(names), Counter[str]()
    found = []
    for name in names:
        counted[name] += 1
        own = name
        if counted[name] > 1:
            while (own := f"{name} ({counted[name]})") in taken:
                counted[name] += 1
            taken.add(own)
        found.append(own)
    return found
