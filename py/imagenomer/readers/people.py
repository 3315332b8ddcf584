"""People: which column of a table names them, and which tells the visit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from imagenomer.readers.columns import MISSING
from imagenomer.readers.evidence.ids import match_ids
from imagenomer.readers.recipe import Recipe

#: What columns that name people are called, the surest first; without case, blanks and punctuation.
_NAMES = (
    "participantid", "subjectkey", "srcsubjectid", "recordid", "subjectid", "subid", "subject", "subj", "participant",
    "eid", "feid", "iid", "fileid", "id", "sub", "code", "patientid", "patient", "name", "subjid",
)  # fmt: skip
_VISITS = (
    "eventname", "sessionid", "session", "ses", "visit", "redcapeventname", "timepoint", "wave", "visitid", "event",
    "viscode", "visitcode", "visitname",
)  # fmt: skip
#: Visits that a column may tell.
_MOST_VISITS = 12


def person_column(columns: Mapping[str, Sequence[str]], names: Sequence[str] | None, recipe: Recipe) -> str | None:
    """Return the column that names the people; None where none does.

    Parameters
    ----------
    columns : mapping of str to sequence of str
    names : sequence of str or None
        Of the people of scans, where there are some: the column that joins most of them is taken.
    recipe : Recipe
        May name it.
    """
    answered = recipe.people.get("id")
    if answered in columns:
        return str(answered)
    ranked = sorted((rank, place, name) for place, name in enumerate(columns) if (rank := _rank(name)) is not None)
    candidates = [name for _, _, name in ranked if _mostly_filled(columns[name])]
    if names:
        others = [name for name in columns if name not in candidates and _names_people(columns[name])]
        # Any column of whole numbers may join some by accident: one that is called so is asked first.
        for group, least in ((candidates, len(set(names)) / 2), (others, len(set(names)) / 2), (candidates, 1)):
            joined = [(len(match_ids(names, columns[name]).pairs), name) for name in group]
            best = max((n for n, _ in joined), default=0)
            if best >= least:
                return next(name for n, name in joined if n == best)
    if candidates:
        return candidates[0]
    return next((name for name in list(columns)[:1] if _names_people(columns[name])), None)


def columns_with_names(columns: Mapping[str, Sequence[str]], most: int = 6) -> list[str]:
    """Return the columns that may name people, those that are called so first."""
    ranked = sorted((rank, place, name) for place, name in enumerate(columns) if (rank := _rank(name)) is not None)
    called_so = [name for _, _, name in ranked if _mostly_filled(columns[name])]
    others = [name for name in columns if name not in called_so and _names_people(columns[name])]
    return [*called_so, *others][:most]


def is_called_so(name: str) -> bool:
    """Whether a column has one of the names that columns of people have."""
    return _rank(name) is not None


def is_visit(name: str) -> bool:
    """Whether a column has one of the names that columns of visits have."""
    return _plain(name) in _VISITS


def visit_column(columns: Mapping[str, Sequence[str]], person: str, recipe: Recipe) -> str | None:
    """Return the column that tells visits, where people have several rows: as answered ("" is none), or by its name."""
    people = columns[person]
    if len(set(people)) == len(people):
        return None
    answered = recipe.people.get("visit")
    if answered == "" or answered in columns:
        return answered or None
    for name in columns:
        if is_visit(name) and len(set(zip(people, columns[name], strict=True))) > len(set(people)):
            return name
    return None


def columns_with_visits(columns: Mapping[str, Sequence[str]], person: str, most: int = 4) -> list[str]:
    """Return the columns that may tell visits: few values, none missing, no two alike among the rows of a person."""
    people = columns[person]
    found = []
    for name, cells in columns.items():
        few = len(set(cells)) <= _MOST_VISITS and not any(cell.strip().lower() in MISSING for cell in cells)
        if name != person and few and len(set(zip(people, cells, strict=True))) == len(people):
            found.append(name)
    return found[:most]


def _mostly_filled(cells: Sequence[str]) -> bool:
    missing = sum(cell.strip().lower() in MISSING for cell in cells)
    return 2 * missing < len(cells)


def _rank(name: str) -> int | None:
    plain = _plain(name)
    return _NAMES.index(plain) if plain in _NAMES else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _names_people(cells: Sequence[str]) -> bool:
    """Whether each cell is another name, none is missing, and they are no measurements."""
    own = [cell.strip() for cell in cells]
    fractions = any(re.fullmatch(r"[+-]?[0-9]*[.,][0-9]+", cell) for cell in own)
    return len(set(own)) == len(own) and not fractions and not any(cell.lower() in MISSING for cell in own)
