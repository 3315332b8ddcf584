"""Doubts about columns: codes for missing values, spellings of one level, dates, commas; as the log tells them.

What the screen "What I understood" makes of them is in `imagenomer.readers.column_lines`. They are the same at every
door: tables tell theirs while they are read, whole formats once there is a cohort (`with_codes`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from imagenomer.cohort import (
    Cohort,
    Phenotype,
    ReadColumn,
    alike_levels,
    columns_of,
    looks_like_codes,
    with_columns,
)
from imagenomer.cohort.columns import without_codes
from imagenomer.cohort.dates import look_like_dates, years_of
from imagenomer.cohort.values import is_number
from imagenomer.errors import InputError
from imagenomer.readers.evidence.missing import MissingCodes, missing_codes
from imagenomer.readers.notes import Notes

#: Texts among numbers, at most, that make one ask whether the column is one of numbers.
_MOST_TEXTS = 5
_UNDO = 'keep them in the overview or by a recipe: {"columns": {"NAME": {"missing": []}}}'


@dataclass(frozen=True, slots=True)
class CodeUse:
    """What was found in a column that stands for a missing value or may do so, and what was read as missing.

    ``certain`` where the user, or the file, says so.
    """

    found: MissingCodes
    used: tuple[float, ...]
    certain: bool = False


@dataclass(frozen=True, slots=True)
class OddTexts:
    """Texts in a column that is otherwise of numbers, and how often each stands there.

    ``codes`` are those of its numbers that stand for a missing value.
    """

    texts: dict[str, int]
    codes: tuple[float, ...] = ()


@dataclass(slots=True)
class ColumnDoubts:
    """What somebody should look at, by column.

    Attributes
    ----------
    codes : dict of str to CodeUse
    alike : dict of str to dict
        Levels that are spelled in another way than the one most subjects have, and that one.
    dates : dict of str to str
        Levels that are days; why they cannot be told, or "" where they can.
    commas : dict of str to str
        Numbers whose commas may be decimal or part thousands, and what they were read as: ",", "." or "none".
    coded : dict of str to tuple of float
        Numbers that look like codes of levels, such as a site from 1 to 5, and which these are.
    odd : dict of str to OddTexts
        Categories for no other reason than a few texts among numbers, such as an age of "89+".
    """

    codes: dict[str, CodeUse] = field(default_factory=dict)
    alike: dict[str, dict[str, str]] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    commas: dict[str, str] = field(default_factory=dict)
    coded: dict[str, tuple[float, ...]] = field(default_factory=dict)
    odd: dict[str, OddTexts] = field(default_factory=dict)

    def look_at_numbers(self, one: Phenotype) -> None:
        """Note whether a column of numbers, without codes for missing ones, is rather one of codes of levels."""
        if looks_like_codes(one):
            self.coded[one.name] = tuple(np.unique(one.values[~one.missing]).tolist())

    def look_at_levels(self, one: Phenotype) -> None:
        """Note whether levels of a category are spellings of each other, or days."""
        if not one.levels:
            return
        counts = np.bincount(one.values[~one.missing].astype(np.intp), minlength=len(one.levels))
        place = {level: number for number, level in enumerate(one.levels)}
        usual = {}
        for levels in alike_levels(one.levels):
            most = max(levels, key=lambda level: counts[place[level]])
            usual.update(dict.fromkeys(levels, most))
        if usual:
            self.alike[one.name] = usual
        if len(one.levels) > 1 and look_like_dates(one.levels):
            self.dates[one.name] = _why_no_years(one)
            return
        texts = {level: int(counts[place[level]]) for level in one.levels if not is_number(level)}
        n_numbers = len(one.levels) - len(texts)
        if 0 < len(texts) <= _MOST_TEXTS and n_numbers > len(texts) + 1 and 2 * sum(texts.values()) < counts.sum():
            numbers = [float(level) if level not in texts else np.nan for level in one.levels]
            values = np.repeat(np.array(numbers), counts)
            self.odd[one.name] = OddTexts(texts, tuple(missing_codes(values, one.description).codes))

    def say(self, notes: Notes, answered: Collection[str] = ()) -> None:
        """Write them into the log; levels of columns that are answered are no news."""
        news = [use for use in self.codes.items() if not use[1].certain]
        read = [one for one in news if one[1].used]
        for items, remark, message in (
            (
                [f"{name}: {_counts(use.found.codes)}" for name, use in read if use.found.documented],
                notes.recognised,
                f"Codes that a description names were read as missing; {_UNDO}",
            ),
            (
                [f"{name}: {_counts(use.found.codes)}" for name, use in read if not use.found.documented],
                notes.warning,
                f"Codes far outside the range of all other values were read as missing; {_UNDO}",
            ),
            (
                [f"{name}: {_counts(use.found.doubtful)}" for name, use in news if use.found.doubtful],
                notes.warning,
                "Values that may be codes for a missing value are far from all others and were kept; make them missing "
                'in the overview or by a recipe: {"columns": {"NAME": {"missing": [999]}}}',
            ),
            (
                [name for name, use in self.commas.items() if use == "none"],
                notes.warning,
                "Columns whose commas may be decimal or part thousands were left as texts; answer in "
                '"What I understood" or in a recipe: {"columns": {"NAME": {"decimal": ","}}}, or "." for thousands',
            ),
            (
                [f"{name}: {_spellings(usual)}" for name, usual in self.alike.items() if name not in answered],
                notes.warning,
                "Levels that are spellings of one word are counted as different; make them one in the overview "
                'or by a recipe: {"columns": {"NAME": {"labels": {"m": "M"}}}}',
            ),
            (
                [
                    f"{name}: {', '.join(f'{value:g}' for value in values)}"
                    for name, values in self.coded.items()
                    if name not in answered and len(values) > 2
                ],
                notes.warning,
                "Whole numbers that look like codes of levels are numbers, and enter models linearly; make them "
                'categories in the overview or by a recipe: {"columns": {"NAME": {"kind": "category"}}}',
            ),
            (
                [name for name in self.dates if name not in answered],
                notes.warning,
                "Columns of dates were read as categories; make them years in the overview or by a recipe: "
                '{"columns": {"NAME": {"role": "date"}}}',
            ),
        ):
            if items:
                remark(message, items)


def with_codes(cohort: Cohort, decided: Collection[str], notes: Notes) -> tuple[Cohort, ColumnDoubts]:
    """Return a cohort of a whole format without codes for missing values, and the doubts about its columns.

    Parameters
    ----------
    cohort : Cohort
    decided : collection of str
        Columns whose codes the file itself tells.
    notes : Notes
        Told of what was found.
    """
    doubts = ColumnDoubts()
    columns = columns_of(cohort)
    found: dict[str, ReadColumn] = {}
    for name, column in columns.items():
        one, read = column.phenotype, column
        if not one.levels and name not in decided:
            codes = missing_codes(one.values.astype(np.float64), one.description)
            if codes.codes or codes.doubtful:
                doubts.codes[name] = CodeUse(codes, column.codes or tuple(codes.codes))
            if codes.codes and not column.codes:
                read = found[name] = ReadColumn(one, tuple(codes.codes))
        if one.levels:
            doubts.look_at_levels(one)
        else:
            doubts.look_at_numbers(replace(one, values=without_codes(one, read.codes)))
    doubts.say(notes, cohort.corrections)
    if not found:
        return cohort, doubts
    return with_columns(replace(cohort, columns={**columns, **found}), cohort.corrections), doubts


def answered_by(doubts: ColumnDoubts, cohort: Cohort) -> ColumnDoubts:
    """Return doubts with what the corrections of a cohort say of its codes."""
    codes = {}
    for name, use in doubts.codes.items():
        said = cohort.corrections[name].missing if name in cohort.corrections else None
        codes[name] = use if said is None else CodeUse(use.found, tuple(_numbers(said)), certain=True)
    return replace(doubts, codes=codes)


def _numbers(codes: Iterable[object]) -> list[float]:
    return [float(code) for code in codes if isinstance(code, int | float)]


def _why_no_years(one: Phenotype) -> str:
    """Say why levels that look like dates do not tell days; "" where they do."""
    try:
        n_days = len(set(years_of(one.name, one.levels)))
    except InputError as error:
        return str(error)
    return "" if n_days > 1 else f"{one.name}: all are the same day"


def _counts(codes: dict[float, int]) -> str:
    return ", ".join(f"{code:g} ({n})" for code, n in codes.items())


def _spellings(usual: dict[str, str]) -> str:
    """Return levels as groups: "F = f, M = m = Male"."""
    groups: dict[str, list[str]] = {}
    for level, most in usual.items():
        groups.setdefault(most, []).append(level)
    return ", ".join(" = ".join(levels) for levels in groups.values())
