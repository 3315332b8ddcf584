"""Recipe: the answers to what files cannot say, as JSON without a value of any subject; and the questions they answer.

::

    {"files": {"vectors.npy": {"order": "columns", "people": "numbered"}},
     "people": {"table": "pheno.csv", "id": "code", "join": "last number"},
     "columns": {"FIQ": {"missing": []}, "DX": {"labels": {"0": "control", "1": "patient"}}},
     "use": {"fc": "results/*_relmat.tsv"},
     "parcels": "schaefer-100-7",
     "edges": "complete"}

``files`` are families of files, as the import log and the questions name them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagenomer.cohort import Alternative, Correction, read_correction
from imagenomer.errors import InputError
from imagenomer.names import clean_message
from imagenomer.readers.evidence.ids import RULES
from imagenomer.readers.gaps import EdgeAnswer
from imagenomer.readers.listing import Entry, Listing, without
from imagenomer.types import JsonObject

_PARTS = ("files", "people", "columns", "use", "parcels", "edges")
#: Bytes of a file that may be a recipe.
_LARGEST = 5_000_000
#: Of a family: what may be answered, and with what; None where any text will do.
_FILE: dict[str, tuple[object, ...] | None] = {
    "order": ("rows", "columns"),
    "diagonal": (True, False),
    "measure": None,
    "people": None,
    "subjects": ("first", "last"),
    "session": None,
    "task": None,
    "ignore": (True, False),
}
_PEOPLE: dict[str, tuple[object, ...] | None] = {"table": None, "id": None, "visit": None, "join": tuple(RULES)}
#: What a comma in numbers may be.
_DECIMALS = (",", ".", "none")
#: ``people`` of a family whose subjects have no names: call them by their place.
NUMBERED = "numbered"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Answers; an empty recipe answers nothing.

    Attributes
    ----------
    files : mapping of str to mapping
        By pattern of the family: ``order`` of the edges ("rows" or "columns"), ``diagonal`` (it is stored too),
        ``measure`` (a name), ``people`` ("numbered", or the table whose rows are in the same order), ``subjects``
        (the "first" or "last" axis), ``session``, ``task``, ``ignore``.
    people : mapping
        ``table`` with one row a subject, its column ``id``, the rule by which names are joined (``join``), and the
        column ``visit`` that tells several rows of a person apart ("": none, the first row is used).
    columns : mapping of str to mapping
        A correction (`imagenomer.cohort.corrections`: ``kind``, ``role``, ``labels``, ``order``, ``missing``,
        ``unit``, ``description``), and ``decimal``, what a comma in the numbers of a table is: ",", a decimal comma,
        ".", one that parts thousands, or "none", no part of a number.
    use : mapping of str to str
        The pattern of the version of a measure that is used.
    parcels : str
        What the parcels are: a table of parcels among the files, an atlas of the program, "files" (as the files of the
        scans name them) or "none" (plain numbers); "" where nothing is said.
    edges : str
        Edges that some scans lack: "all" keeps them, "complete" leaves them out of all; "" where nothing is said.
    """

    files: Mapping[str, JsonObject] = field(default_factory=dict)
    people: JsonObject = field(default_factory=dict)
    columns: Mapping[str, JsonObject] = field(default_factory=dict)
    use: Mapping[str, str] = field(default_factory=dict)
    parcels: str = ""
    edges: EdgeAnswer = ""

    @property
    def json(self) -> dict[str, Any]:
        """The answers as `read_recipe` takes them, without what is not answered."""
        return {part: getattr(self, part) for part in _PARTS if getattr(self, part)}

    def file(self, pattern: str) -> JsonObject:
        """Return what is answered about a family."""
        return self.files.get(pattern, {})

    def check_files(self, patterns: Iterable[str]) -> None:
        """Raise `InputError` where a family is named that is not there."""
        there_are = set(patterns)
        parts = [*self.use.values(), *filter(None, [self.people.get("table")])]
        for name in (*self.files, *parts):
            if name not in there_are and not (name in parts and any(is_of(name, one) for one in there_are)):
                raise InputError(f"the recipe names {name!r}; the files are: {', '.join(sorted(there_are))}")

    @property
    def corrections(self) -> dict[str, Correction]:
        """What is said of columns, but for their decimals, by name."""
        return {name: _correction(name, answer) for name, answer in self.columns.items()}

    def check_columns(self, names: Iterable[str]) -> None:
        """Raise `InputError` where a column is named that no table has."""
        there_are = set(names)
        for name in self.columns:
            if name not in there_are:
                raise InputError(f"the recipe names the column {name!r}; there are: {', '.join(sorted(there_are))}")


class Question(InputError):
    """What the files cannot say, the alternatives, and the answer that a recipe takes.

    Parameters
    ----------
    found : str
        What was found, with the file.
    answers : sequence of Alternative, or mapping of str to str
        Alternatives; or what each means, by the JSON that answers so.

    Attributes
    ----------
    found : str
    alternatives : tuple of Alternative
    """

    def __init__(self, found: str, answers: Sequence[Alternative] | Mapping[str, str]) -> None:
        if isinstance(answers, Mapping):
            answers = [Alternative(meaning, json.loads(text)) for text, meaning in answers.items()]
        ways = "; ".join(f"{json.dumps(one.recipe)}: {one.meaning}" for one in answers)
        super().__init__(f"{found}. Answer in a recipe (--recipe R.json): {ways}")
        self.found = clean_message(found)
        self.alternatives = tuple(answers)
        self.questions = (self,)


class Questions(InputError):
    """Several questions, to be answered at once."""

    def __init__(self, questions: Sequence[Question]) -> None:
        super().__init__("\n".join(str(question) for question in questions))
        self.questions = tuple(questions)


def is_of(source: str, pattern: str) -> bool:
    """Whether something is of a family: the family itself, or an array or a sheet of its file."""
    return source == pattern or source.startswith((f"{pattern}, ", f"{pattern}: "))


def merged(recipe: JsonObject, addition: JsonObject) -> dict[str, Any]:
    """Return a recipe with answers added; an answer that is there already is replaced."""
    result = dict(recipe)
    for key, value in addition.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return result


def read_recipe(content: Any) -> Recipe:
    """Return a recipe from JSON values.

    Raises
    ------
    InputError
        If something in it is not known, or has another type; the message says what would be.
    """
    given = _object(content, "a recipe", _PARTS)
    files = {pattern: _known(answer, f"files, {pattern}", _FILE) for pattern, answer in _map(given, "files").items()}
    people = _known(given.get("people", {}), "people", _PEOPLE)
    columns = {name: _column(name, answer) for name, answer in _map(given, "columns").items()}
    use = _map(given, "use")
    if any(not isinstance(pattern, str) for pattern in use.values()):
        raise InputError('recipe, use: each measure has the name of its files, such as {"fc": "fc_*.csv"}')
    parcels = given.get("parcels", "")
    if not isinstance(parcels, str):
        raise InputError('recipe, parcels: a table of parcels, an atlas, "files" or "none", as a text')
    edges = given.get("edges", "")
    if edges not in ("", "all", "complete"):
        raise InputError(f"recipe, edges: 'all' or 'complete', not {edges!r}"[:400])
    return Recipe(files, people, columns, use, parcels, edges)


def with_own_recipe(listing: Listing, recipe: JsonObject | None) -> tuple[Listing, JsonObject | None]:
    """Take a recipe out of a listing: a ``.recipe.json``, or JSON at its top that reads as one.

    Parameters
    ----------
    listing : Listing
    recipe : mapping or None
        Answers that are given beside it, and come before its own.

    Returns
    -------
    Listing
        Without it.
    mapping or None
        All answers.

    Raises
    ------
    InputError
        If there are several, it is no JSON object, or there is nothing else.
    """
    found = {path: content for path in listing if (content := _recipe_in(listing[path])) is not None}
    if not found:
        return listing, recipe
    if len(found) > 1:
        raise InputError(f"{listing.name} holds several recipes: {', '.join(found)}; leave one of them")
    path, content = found.popitem()
    rest = without(listing, path)
    if not rest.entries:
        raise InputError(f"{path} is a recipe and holds no data: open it together with the files that it is about")
    if not isinstance(content, dict):
        raise InputError(f"{path} is no recipe: a recipe is a JSON object, with any of: {', '.join(_PARTS)}")
    return rest, content if recipe is None else merged(content, recipe)


def _recipe_in(entry: Entry) -> Any:
    """Return the JSON in a file that is a recipe; None where it is none."""
    called_so = entry.path.lower().endswith(".recipe.json")
    may_be = entry.path.lower().endswith(".json") and "/" not in entry.path
    if not (called_so or may_be) or entry.size > _LARGEST:
        return None
    try:
        content = json.loads(entry.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if called_so:
            raise InputError(f"{entry.path} is not JSON: {error}") from None
        return None
    if called_so:
        return content
    if not isinstance(content, dict) or not content:
        return None
    try:
        read_recipe(content)
    except InputError:
        return None
    return content


def answers_of_whole(recipe: JsonObject | None, where: str, *, has_edges: bool = True) -> Recipe:
    """Return what a recipe says of columns and edges, where there is nothing else to answer.

    Raises
    ------
    InputError
        If it says more; the message begins with ``where``, a cohort.
    """
    answers = read_recipe({} if recipe is None else recipe)
    if (
        answers.files
        or answers.people
        or answers.use
        or answers.parcels
        or (answers.edges and not has_edges)
        or any("decimal" in one for one in answers.columns.values())
    ):
        raise InputError(
            f"{where}, where a recipe answers columns{' and edges' if has_edges else ''} only (without decimals); "
            "leave the rest of the recipe out"
        )
    return answers


def _column(name: str, answer: Any) -> JsonObject:
    """Return what is said of a column, once it has been understood."""
    if isinstance(answer, Mapping) and answer.get("decimal", ",") not in _DECIMALS:
        raise InputError(f"recipe, columns, {name}: 'decimal' is ',', '.' or 'none', not {answer['decimal']!r}"[:400])
    _correction(name, answer)
    return dict(answer)


def _correction(name: str, answer: Any) -> Correction:
    if isinstance(answer, Mapping):
        answer = {key: value for key, value in answer.items() if key != "decimal"}
    return read_correction(answer, f"recipe, columns, {name}")


def _object(content: Any, where: str, known: Iterable[str]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise InputError(f"{where} is a JSON object, with any of: {', '.join(known)}")
    for key in content:
        if key not in known:
            raise InputError(f"{where} has {str(key)[:80]!r}, which is not known; it takes: {', '.join(known)}")
    return content


def _map(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"recipe: {key!r} is a JSON object")
    return value


def _known(content: Any, where: str, known: Mapping[str, tuple[object, ...] | None]) -> dict[str, Any]:
    """Return an object of answers, each one of those that are known."""
    for key, value in _object(content, f"recipe, {where}", known).items():
        allowed = known[key]
        if allowed is not None and not any(
            value is one or (value == one and type(value) is type(one)) for one in allowed
        ):
            shown = ", ".join("true" if one is True else "false" if one is False else str(one) for one in allowed)
            raise InputError(f"recipe, {where}: {key!r} is one of {shown}, not {value!r}"[:400])
        if allowed is None and not isinstance(value, str):
            raise InputError(f"recipe, {where}: {key!r} is a text")
    return dict(content)
