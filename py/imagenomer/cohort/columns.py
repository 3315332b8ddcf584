"""Columns: what was read, and the phenotypes that it is once the user has corrected it.

What was read stays (`imagenomer.cohort.parts.ReadColumn`), so that a correction can be changed and undone. A
correction never depends on the one before: `with_columns` begins with what was read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from imagenomer.cohort.cohort import Cohort
from imagenomer.cohort.corrections import Code, Correction
from imagenomer.cohort.parts import LogEntry, Phenotype, ReadColumn
from imagenomer.cohort.values import is_number, level_of
from imagenomer.errors import InputError
from imagenomer.types import BoolArray, FloatArray, IntArray

NOTHING = Correction()
#: The line of the log that says what was corrected.
CORRECTED = "Columns were corrected; the overview has what was read"
#: Words in the name of a column whose numbers are rather codes.
_CODED = frozenset(
    (
        "site",
        "scanner",
        "center",
        "centre",
        "clinic",
        "hospital",
        "country",
        "batch",
        "vendor",
        "manufacturer",
        "protocol",
        "sex",
        "gender",
        "race",
        "ethnicity",
        "handedness",
        "marital",
        "group",
        "grp",
        "arm",
        "condition",
        "category",
        "dx",
        "diagnosis",
        "status",
    )
)
#: Words of one meaning, where a column holds no others: "M" alone may be a marital status.
_MEANINGS = tuple(
    {word: meaning for meaning, words in kinds.items() for word in words.split()}
    for kinds in (
        {"male": "m male man men boy boys", "female": "f female woman women girl girls"},
        {"yes": "y yes true", "no": "n no false"},
    )
)
#: Whole numbers that are codes are no more than these.
_MOST_CODES = 30
#: Levels that are listed in a message.
_LISTED = 12


def columns_of(cohort: Cohort) -> dict[str, ReadColumn]:
    """Return the columns of a cohort as they were read, those that are left out too, in file order."""
    unchanged = {name: ReadColumn(one) for name, one in cohort.phenotypes.items() if name not in cohort.columns}
    if len(unchanged) == len(cohort.phenotypes) or not unchanged:
        return {**cohort.columns, **unchanged}
    ordered = {name: cohort.columns.get(name) or unchanged[name] for name in cohort.phenotypes}
    return {**ordered, **cohort.columns}


def with_columns(cohort: Cohort, corrections: Mapping[str, Correction]) -> Cohort:
    """Return the same cohort with corrected columns, in place of all corrections before.

    Parameters
    ----------
    cohort : Cohort
    corrections : mapping of str to Correction
        By column; {} undoes all.

    Raises
    ------
    InputError
        If there is no such column, or it is not what a correction says; the message names the value.
    """
    columns = columns_of(cohort)
    for name in corrections:
        if name not in columns:
            raise InputError(f"there is no column {name!r} to correct; there are: {', '.join(columns) or 'none'}")
    said = {name: corrections[name] for name in columns if corrections.get(name, NOTHING) != NOTHING}
    phenotypes = {}
    for name, column in columns.items():
        found = corrected(column, said.get(name, NOTHING))
        if found is not None:
            phenotypes[name] = found
    log = tuple(entry for entry in cohort.log if entry.message != CORRECTED)
    if said:
        log += (LogEntry("recognised", CORRECTED, tuple(f"{name} ({_words(one)})" for name, one in said.items())),)
    return replace(cohort, phenotypes=phenotypes, columns=columns, corrections=said, log=log)


def corrected(column: ReadColumn, correction: Correction) -> Phenotype | None:
    """Return the phenotype that a column is; None where it is left out.

    Raises
    ------
    InputError
        If the column is not what the correction says, or nothing is left that differs between subjects.
    """
    read, name = column.phenotype, column.phenotype.name
    kind = _kind_of(name, read, correction)
    if kind == "ignore":
        return None
    codes = column.codes if correction.missing is None else correction.missing
    values = without_codes(read, codes)
    levels: tuple[str, ...] = ()
    units = read.units if correction.unit is None else correction.unit
    if correction.role == "date":
        values, units = _as_years(name, read, values), units or "years"
    elif kind == "number":
        values = _as_numbers(name, read, values)
    else:
        values, levels = _as_levels(name, read, values, correction)
    description = read.description if correction.description is None else correction.description
    role = correction.role or read.role
    found = Phenotype(name, values, levels, description, units, "" if role == "id" else role)
    if correction != NOTHING:
        _refuse_constant(found, column)
    return found


def without_codes(read: Phenotype, codes: Sequence[Code]) -> FloatArray | IntArray:
    """Return the values of a column without those that stand for a missing one, shape (n_subjects,)."""
    if not codes:
        return read.values
    values = read.values.copy()
    values[is_code(read, codes)] = -1 if read.levels else np.nan
    return values


def is_code(read: Phenotype, codes: Sequence[Code]) -> BoolArray:
    """Return which values of a column are among codes, shape (n_subjects,): as texts, and as numbers where they are."""
    texts = {level_of(code) for code in codes}
    numbers = [float(code) for code in codes if is_number(code)]
    if not read.levels:
        return np.asarray(np.isin(read.values, numbers))
    meant = [level in texts or (is_number(level) and float(level) in numbers) for level in read.levels]
    return np.array([*meant, False])[read.values.astype(np.intp)]  # -1 (missing) takes the last


def alike_levels(levels: Sequence[str]) -> list[list[str]]:
    """Return the levels that are spellings of one word, in lists of two or more.

    They differ in capitals and blanks only, or all levels are words of sex, or of yes and no ("M", "male").
    """
    bare = {level: "".join(level.casefold().split()) for level in levels}
    meanings = next((one for one in _MEANINGS if all(word in one for word in bare.values())), {})
    alike: dict[str, list[str]] = {}
    for level, word in bare.items():
        alike.setdefault(meanings.get(word, word), []).append(level)
    return [spelled for spelled in alike.values() if len(spelled) > 1]


def looks_like_codes(phenotype: Phenotype) -> bool:
    """Return whether a number is rather codes of levels: two whole numbers, or few of a column that is called site."""
    if phenotype.levels or phenotype.role:
        return False
    distinct = np.unique(phenotype.values[~phenotype.missing])
    if not 2 <= distinct.size <= _MOST_CODES or (distinct != np.floor(distinct)).any():
        return False
    words = re.findall("[a-z]+", re.sub("([a-z])([A-Z])", r"\1 \2", phenotype.name).lower())
    return distinct.size == 2 or not _CODED.isdisjoint(words)


# --- kinds ----------------------------------------------------------------------------------------


def _kind_of(name: str, read: Phenotype, correction: Correction) -> str:
    """Return the kind that a correction makes of a column, in so many words or by what else it says."""
    kind, role = correction.kind, correction.role
    if kind == "ignore" or role == "id":
        return "ignore"
    if role == "date":
        if kind == "category" or correction.labels or correction.order:
            raise InputError(f"{name}: a date becomes a number, of years; leave out the category, or the role")
        return "number"
    levels_said = bool(correction.labels or correction.order)
    if kind == "number" and levels_said:
        raise InputError(f"{name}: a number has no levels to be named or ordered; make it a category")
    if kind == "number" and role == "site":
        raise InputError(f"{name}: sites are a category; as a number their codes would enter linearly")
    if kind is None and (levels_said or role == "site"):
        return "category"
    return kind or read.kind


def _as_numbers(name: str, read: Phenotype, values: FloatArray | IntArray) -> FloatArray:
    if not read.levels:
        return values.astype(np.float64)
    codes = values.astype(np.intp)
    numbers = np.full(len(read.levels) + 1, np.nan)
    for code in np.unique(codes[codes >= 0]).tolist():
        if not is_number(read.levels[code]):
            n = int(np.count_nonzero(codes == code))
            raise InputError(
                f"{name} cannot be a number: it holds {read.levels[code][:40]!r} ({n}); make it a code for a missing "
                "value, or leave the column a category"
            )
        numbers[code] = float(read.levels[code])
    found: FloatArray = numbers[codes]  # -1 (missing) takes the last
    found[np.isinf(found)] = np.nan
    return found


def _as_years(name: str, read: Phenotype, values: FloatArray | IntArray) -> FloatArray:
    from imagenomer.cohort.dates import years_of  # late: few columns are dates

    if read.levels:
        codes = values.astype(np.intp)
        used = np.unique(codes[codes >= 0])
        years = np.full(len(read.levels) + 1, np.nan)
        years[used] = years_of(name, [read.levels[code] for code in used.tolist()])
        return np.asarray(years[codes])
    found = values.astype(np.float64)
    present = ~np.isnan(found)
    found[present] = years_of(name, [level_of(value) for value in found[present].tolist()])
    return found


def _as_levels(
    name: str, read: Phenotype, values: FloatArray | IntArray, correction: Correction
) -> tuple[IntArray, tuple[str, ...]]:
    """Return codes and names of levels: named, merged and ordered as the correction says."""
    codes, levels = _coded(read, values)
    if not levels:
        raise InputError(f"no value of {name} is left; take a code for a missing value back")
    labels = dict(correction.labels)
    for level in labels:
        if level not in levels:
            raise InputError(f"{name} has no level {level!r} to be named; it has: {_listed(levels)}")
    names = [labels.get(level, level) for level in levels]
    for label in correction.order:
        if label not in names:
            raise InputError(f"{name} has no level {label!r} to be ordered; it has: {_listed(dict.fromkeys(names))}")
    order = tuple(dict.fromkeys([*correction.order, *names]))
    place = np.array([*(order.index(one) for one in names), -1], dtype=np.intp)
    return place[codes], order  # -1 (missing) takes the last


def _coded(read: Phenotype, values: FloatArray | IntArray) -> tuple[IntArray, tuple[str, ...]]:
    """Return values as codes into the levels of the file, without those that stand for a missing value."""
    if not read.levels:
        present = ~np.isnan(values)
        distinct, places = np.unique(values[present], return_inverse=True)
        codes = np.full(values.size, -1, dtype=np.intp)
        codes[present] = places
        return codes, tuple(level_of(value) for value in distinct.tolist())
    codes = values.astype(np.intp)
    # A level of which nobody is left is a code; one that nobody had to begin with is one of the dictionary's.
    gone = np.setdiff1d(read.values, codes)
    kept = [code for code in range(len(read.levels)) if code not in gone]
    place = np.full(len(read.levels) + 1, -1, dtype=np.intp)
    place[kept] = np.arange(len(kept))
    return place[codes], tuple(read.levels[code] for code in kept)


def _refuse_constant(found: Phenotype, column: ReadColumn) -> None:
    """Refuse a correction after which nothing differs that did before."""
    present = np.unique(found.values[~found.missing])
    if present.size > 1:
        return
    before = corrected(column, NOTHING)
    if before is None or np.unique(before.values[~before.missing]).size <= 1:
        return
    if not present.size:
        raise InputError(f"no value of {found.name} is left; take a code for a missing value back")
    value = found.levels[int(present[0])] if found.levels else level_of(float(present[0]))
    raise InputError(
        f"{found.name} would have the same value for everybody, {value}; a constant cannot be associated with anything"
    )


# --- words ----------------------------------------------------------------------------------------


def _listed(levels: Sequence[str] | Mapping[str, None]) -> str:
    shown = [level[:40] for level in levels]
    more = f" and {len(shown) - _LISTED} more" if len(shown) > _LISTED else ""
    return ", ".join(shown[:_LISTED]) + more


def _words(correction: Correction) -> str:
    """Return what a correction says, in a few words."""
    said = []
    if correction.kind is not None:
        said.append({"number": "a number", "category": "a category", "ignore": "left out"}[correction.kind])
    if correction.role is not None:
        said.append(
            {"none": "no role", "id": "an id, left out", "date": "a date, in years"}.get(
                correction.role, f"its role is {correction.role}"
            )
        )
    said += [f"{level} = {label}" for level, label in correction.labels if level != label]
    if correction.order:
        said.append(f"in the order {', '.join(correction.order)}")
    if correction.missing is not None:
        codes = ", ".join(level_of(code) for code in correction.missing)
        said.append(f"missing: {codes or 'no code'}")
    said += [
        what for what, one in (("unit", correction.unit), ("description", correction.description)) if one is not None
    ]
    return "; ".join(said)
