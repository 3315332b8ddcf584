"""Subject level: what of a session would name, list or single out subjects, which is not written without being asked.

A session holds choices. A threshold ("age > 180") is one; these are not:

* an identifier of a subject, wherever it stands as a word of its own: in a name, a note, a rule, or a name of a file;
* a group that asks for the field `subject`, that lists values which one subject alone has, or that has one member;
* the map of a single scan, which the place of the scan in the cohort names;
* whatever is made of one of these: a result in such a group, a map of it in the tray.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.groups import (
    SUBJECT,
    Combination,
    Comparison,
    Constant,
    Expression,
    Field,
    Membership,
    Not,
    parse,
    select,
)
from imagenomer.types import Json, JsonObject

#: An identifier that is a number is found as a word from so many digits on: "12" is a threshold more often than a name.
_FEWEST_DIGITS = 4
#: Parts that are recipes.
_RECIPES = ("recipe", "second_recipe")
#: A subject as a person tells of one.
_TOLD = re.compile(r"\b(?:subjects?|participants?|person|id)[\s:#]+([\w.-]*\w)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:[._-]+[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Naming:
    """A part of a session that names or singles out subjects.

    Attributes
    ----------
    part : str
        Of the session: "groups", "tray", "results", "views", "measures", "recipe", "second_recipe", "columns",
        "cohort", "second" or "notes".
    place : str or int
        Which of the part: a place in a list, a tab, a column, a key; "" for all of it.
    what : str
        What it is, as the user knows it: "the group Two of them".
    why : str
        "lists subjects".
    """

    part: str
    place: str | int
    what: str
    why: str


def subject_level(session: JsonObject, cohort: Cohort, second: Cohort | None = None) -> list[Naming]:
    """Return what of a session (as `read_session` returns it) is about single subjects of a cohort, or of a second."""
    people = _People(cohort, second)
    found: list[Naming] = []

    def look(part: str, place: str | int, what: str, content: Any) -> None:
        why = people.why(content)
        if why:
            found.append(Naming(part, place, what, why))

    for part, word in (("groups", "the group"), ("tray", "the map"), ("results", "the result")):
        for place, one in enumerate(session[part]):
            look(part, place, f"{word} {one['name']}", one)
    for number, one in enumerate(session["measures"]):
        look("measures", number, f"the added measure {number + 1}", one)
    for tab, view in session["views"].items():
        look("views", tab, f"the view of the tab {tab}", view)
    for part, what in (
        ("recipe", "the answer about"),
        ("second_recipe", "the answer of the second cohort about"),
        ("columns", "the correction of"),
    ):
        for path, one in _answers(session[part] or {}, part):
            look(part, path, f"{what} {path.split('/')[-1]}", one)
    for part in ("cohort", "second"):
        for key in ("name", "where"):
            look(part, key, "the name of the folder", (session[part] or {}).get(key))
    look("notes", "", "the notes", session["notes"])
    return found


def _answers(content: JsonObject, part: str) -> Iterator[tuple[str, Any]]:
    """Yield what is answered, each with the path to it; of corrections that is the column."""
    for name, one in content.items():
        if part in _RECIPES and isinstance(one, Mapping):
            yield from ((f"{name}/{key}", {key: value}) for key, value in one.items())
        else:
            yield name, {name: one}


def without_subjects(session: JsonObject, found: Iterable[Naming]) -> dict[str, Json]:
    """Return a session without the parts that were found."""
    out = {**session}
    places: dict[str, set[str | int]] = {}
    for naming in found:
        places.setdefault(naming.part, set()).add(naming.place)
    for part, taken in places.items():
        content = session[part]
        if part == "notes":
            out[part] = ""
        elif isinstance(content, Mapping):
            out[part] = _without(content, part, taken)
        else:
            out[part] = [one for place, one in enumerate(content) if place not in taken]
    return out


def _without(content: JsonObject, part: str, taken: set[str | int]) -> dict[str, Json]:
    if part in ("cohort", "second"):
        return {key: ("" if key == "name" else None) if key in taken else value for key, value in content.items()}
    if part not in _RECIPES:
        return {key: value for key, value in content.items() if key not in taken}
    left = {
        name: {key: value for key, value in one.items() if f"{name}/{key}" not in taken}
        if isinstance(one, Mapping)
        else one
        for name, one in content.items()
        if name not in taken
    }
    return {name: one for name, one in left.items() if one != {}}


class _People:
    """The subjects that a session must not name."""

    def __init__(self, cohort: Cohort, second: Cohort | None) -> None:
        self._cohorts = [cohort] if second is None else [cohort, second]

    @cached_property
    def _every(self) -> set[str]:
        """All identifiers, also of subjects who were set aside."""
        names = {name for cohort in self._cohorts for name in cohort.subjects}
        return names | {scan.subject for cohort in self._cohorts for scan in cohort.set_aside}

    @cached_property
    def _words(self) -> set[str]:
        """Identifiers that are words which nothing else is, and those of files of single subjects."""
        telling = {name for name in self._every if not name.isdigit() or len(name) >= _FEWEST_DIGITS}
        return telling | {f"sub-{name}" for name in self._every}

    @cached_property
    def _phrases(self) -> list[str]:
        """Identifiers that are no single word."""
        return [name for name in self._every if name and not _WORD.fullmatch(name)]

    def _is_named(self, text: str) -> bool:
        told = any(found.group(1) in self._every for found in _TOLD.finditer(text))
        return told or any(word in self._words for word in _words(text)) or any(one in text for one in self._phrases)

    def why(self, content: Any) -> str:
        """Return what is wrong with a value of a session, "" where nothing is."""
        if isinstance(content, str):
            return self._why_text(content)
        if isinstance(content, Mapping):
            if isinstance(content.get("scan"), int):
                return "is of a single scan"
            return next(filter(None, map(self.why, (*content, *content.values()))), "")
        if isinstance(content, Sequence):
            return next(filter(None, map(self.why, content)), "")
        return ""

    def _why_text(self, text: str) -> str:
        if self._is_named(text):
            return "names a subject"
        try:
            expression = parse(text)
        except InputError:
            return ""
        return self._why_group(text, expression)

    def _why_group(self, text: str, expression: Expression) -> str:
        tests = list(_tests(expression))
        if any(field == SUBJECT for field, _ in tests):
            return "lists subjects"
        if any(self._is_of_one(field, value) for field, values in tests for value in values):
            return "asks for a value that a single subject has"
        for cohort in self._cohorts:
            try:
                selection = select(cohort, text)
            except InputError:
                continue
            if tests and selection.n == 1:
                return "is a single subject"
        return ""

    def _is_of_one(self, name: str, value: float | str | bool) -> bool:
        """Return whether a value of a column is that of one subject alone."""
        for cohort in self._cohorts:
            phenotype = cohort.phenotypes.get(name)
            if phenotype is None:
                continue
            wanted: Any = value
            if phenotype.levels:
                wanted = phenotype.levels.index(str(value)) if str(value) in phenotype.levels else -2
            if not isinstance(wanted, str) and np.count_nonzero(phenotype.values == wanted) == 1:
                return True
        return False


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text, also those that are parts of longer ones: "sub-01" of "fc/sub-01_task-rest.npy"."""
    for found in _WORD.finditer(text):
        word = found.group()
        pieces = re.split(r"([._-]+)", word)
        for start in range(0, len(pieces), 2):
            for stop in range(start + 1, min(start + 12, len(pieces)) + 1, 2):
                yield "".join(pieces[start:stop])


def _tests(expression: Expression) -> Iterator[tuple[str, tuple[float | str | bool, ...]]]:
    """Yield the fields that an expression asks for, each with the values that it asks to be exactly so."""
    if isinstance(expression, Combination):
        for operand in expression.operands:
            yield from _tests(operand)
    elif isinstance(expression, Not):
        yield from _tests(expression.operand)
    elif isinstance(expression, Membership):
        yield expression.field.name, tuple(one.value for one in expression.values)
    elif isinstance(expression, Comparison):
        exact = all(one in ("==", "!=") for one in expression.operators)
        values = tuple(one.value for one in expression.operands if isinstance(one, Constant)) if exact else ()
        yield from ((one.name, values) for one in expression.operands if isinstance(one, Field))
    else:
        yield expression.field.name, ()
