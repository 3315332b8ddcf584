"""Reading: the bytes of a session file to what is in it, once all of it has been checked.

What needs the cohort, such as whether a column is there, is said where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import read_params
from imagenomer.cohort import read_corrections
from imagenomer.errors import InputError
from imagenomer.groups import describe
from imagenomer.jsonable import dumps
from imagenomer.names import clean_message, clean_name
from imagenomer.readers.recipe import read_recipe
from imagenomer.types import Json, JsonObject
from imagenomer.wording import plural

#: What the file says it is.
FORMAT = "imagenomer-session"
#: The one version so far.
VERSION = 1
#: How the name of the file ends.
ENDING = ".session.json"
#: Bytes of a file that may be a session, objects and lists within each other, and letters of a name and of notes.
LARGEST, DEEPEST, LONGEST_NAME, LONGEST_NOTE = 5_000_000, 40, 200, 20_000
#: Edges are numbered; more parcels than 20,000 nobody has.
_MOST_EDGES = 200_000_000
_MOST_COLOURS = 10_000

_PARTS = (
    "format",
    "version",
    "program",
    "cohort",
    "second",
    "recipe",
    "second_recipe",
    "columns",
    "atlas",
    "measures",
    "groups",
    "tray",
    "tab",
    "views",
    "results",
    "notes",
)  # fmt: skip


def read_session(data: bytes, name: str) -> dict[str, Json]:
    """Return what a session file holds, each part there, in the order of the documentation.

    Parameters
    ----------
    data : bytes
    name : str
        Of the file, for messages.

    Returns
    -------
    dict
        ``program`` (str), ``cohort`` ``{name, where, demo, n_subjects, n_scans}``, ``second`` (the same, or None),
        ``recipe`` (dict or None), ``second_recipe`` (the same of the second cohort, with its columns), ``columns``
        (dict or None), ``atlas`` (str or None), ``measures`` ``[{analysis, params}]``, ``groups``
        ``[{name, expression, colour}]``, ``tray`` ``[{name, title, source}]``, ``tab`` (str or None), ``views``
        ``{tab: {analysis, params, ...}}``, ``results`` ``[{name, note, analysis, params, edge, shapes}]``, ``notes``
        (str); and ``format`` and ``version``.

    Raises
    ------
    InputError
        If something in it is not what this program writes; the message names the file, the place and the way out.
    """
    with _of(name):
        content = _json(data)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise InputError(f'it is no session: one begins with "format": "{FORMAT}"')
        _check_version(content)
        _known(content, "the session", _PARTS)
        return {
            "format": FORMAT,
            "version": VERSION,
            "program": _text(content, "program", "the session", 40) or "",
            "cohort": _cohort(_object(content, "cohort"), "cohort"),
            "second": None if content.get("second") is None else _cohort(_object(content, "second"), "second"),
            "recipe": _recipe(content.get("recipe")),
            "second_recipe": _recipe(content.get("second_recipe")),
            "columns": _columns(content.get("columns")),
            "atlas": _text(content, "atlas", "the session", LONGEST_NAME),
            "measures": [_result(one, where) for one, where in _items(content, "measures")],
            "groups": _groups(content),
            "tray": _tray(content),
            "tab": _text(content, "tab", "the session", LONGEST_NAME),
            "views": {
                _name(tab, "views"): _view(view, f"views, {_shown(tab)}")
                for tab, view in _object(content, "views").items()
            },
            "results": _results(content),
            "notes": _note(content, "notes", "the session"),
        }


@contextmanager
def _of(name: str) -> Iterator[None]:
    """Begin what is refused with the name of the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{clean_name(name)}: {error}") from None


def _json(data: bytes) -> Any:
    if len(data) > LARGEST:
        raise InputError(
            f"it has {plural(len(data), 'byte')}, a session at most {LARGEST:,}; choose the file that was saved"
        )
    try:
        content = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise InputError("it is not UTF-8 text; choose the file as it was saved") from None
    except RecursionError:
        raise InputError("its objects stand too deep within each other; choose the file as it was saved") from None
    except ValueError as error:
        raise InputError(f"it is not JSON: {error}; choose the file as it was saved") from None
    if _depth(content) > DEEPEST:
        raise InputError("its objects stand too deep within each other; choose the file as it was saved")
    return content


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _depth(content: Any) -> int:
    """Return how deep objects and lists stand within each other, one more than `DEEPEST` for anything beyond."""
    level, depth = [content], 0
    while level and depth <= DEEPEST:
        inside = [one for one in level if isinstance(one, dict | list)]
        level = [item for one in inside for item in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth


def _check_version(content: Mapping[str, Any]) -> None:
    version = content.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(f"'version' is a whole number such as {VERSION}, not {_shown(version)}")
    if version > VERSION:
        raise InputError(
            f"it was saved in version {_shown(version)} of the format by a later ImageNomer"
            f" ({_shown(content.get('program'))}); this one reads version {VERSION}: open it with that ImageNomer"
        )


# --- parts ----------------------------------------------------------------------------------------


def _cohort(content: Mapping[str, Any], where: str) -> dict[str, Json]:
    _known(content, where, ("name", "where", "demo", "n_subjects", "n_scans"))
    return {
        "name": _text(content, "name", where, 1000) or "",
        "where": _text(content, "where", where, 1000),
        "demo": _text(content, "demo", where, LONGEST_NAME),
        "n_subjects": _integer(content, "n_subjects", where, 10**9),
        "n_scans": _integer(content, "n_scans", where, 10**9),
    }


def _recipe(content: Any) -> JsonObject | None:
    if content is None:
        return None
    read_recipe(content)
    return dict(content)


def _columns(content: Any) -> dict[str, Json] | None:
    """Return corrections of columns as `Correction.json` has them; None where nothing is said of any."""
    if content is None:
        return None
    return {name: one.json() for name, one in read_corrections(content).items()}


def _groups(content: Mapping[str, Any]) -> list[JsonObject]:
    groups: list[JsonObject] = []
    for one, where in _items(content, "groups"):
        _known(one, where, ("name", "expression", "colour"))
        expression = _text(one, "expression", where, 100_000)
        if not expression:
            raise InputError(f'{where} has no expression, such as "age > 180"')
        with _at(where):
            describe(expression)
        colour = _integer(one, "colour", where, _MOST_COLOURS) or 0
        groups.append({"name": _name(one.get("name"), where), "expression": expression, "colour": colour})
    _refuse_twice(groups, "name", "groups")
    _refuse_twice(groups, "expression", "groups")
    return groups


def _tray(content: Mapping[str, Any]) -> list[JsonObject]:
    tray: list[JsonObject] = []
    for one, where in _items(content, "tray"):
        _known(one, where, ("name", "title", "source"))
        source, title = _object(one, "source", where), _text(one, "title", where, 2000) or ""
        tray.append({"name": _name(one.get("name"), where), "title": title, "source": _source(source, where)})
    _refuse_twice(tray, "name", "tray")
    return tray


def _source(source: Mapping[str, Any], where: str) -> JsonObject:
    """Return where a map comes from: a result, or a single scan."""
    if "scan" in source:
        _known(source, f"{where}, source", ("scan", "measure"))
        scan = _integer(source, "scan", f"{where}, source", 10**9)
        return {"scan": scan or 0, "measure": _name(source.get("measure"), f"{where}, source")}
    _known(source, f"{where}, source", ("analysis", "params", "array"))
    made = _result({"analysis": source.get("analysis"), "params": source.get("params")}, f"{where}, source")
    return {**made, "array": _name(source.get("array"), f"{where}, source")}


def _results(content: Mapping[str, Any]) -> list[JsonObject]:
    results: list[JsonObject] = []
    for one, where in _items(content, "results"):
        _known(one, where, ("name", "note", "analysis", "params", "edge", "shapes"))
        made = _result({"analysis": one.get("analysis"), "params": one.get("params")}, where)
        named = {"name": _name(one.get("name"), where), "note": _note(one, "note", where)}
        results.append({**named, **made, **_looks(one, where)})
    _refuse_twice(results, "name", "results")
    return results


def _view(view: Any, where: str) -> JsonObject:
    """Return what a tab shows."""
    if not isinstance(view, dict):
        raise InputError(f"{where} is a JSON object, not {_shown(view)}")
    _known(view, where, ("analysis", "params", "edge", "shapes", "gallery"))
    gallery = {} if "gallery" not in view else {"gallery": _object(view, "gallery", where)}
    if view.get("analysis") is None:
        return gallery
    analysis = _analysis(view["analysis"], where)
    # A form may be half filled in.
    chosen = {} if view.get("params") is None else {"params": _result(view, where, whole=False)["params"]}
    return {"analysis": analysis, **chosen, **_looks(view, where), **gallery}


def _looks(view: Mapping[str, Any], where: str) -> dict[str, Json]:
    """Return the edge that is selected and the shapes of maps, where something is said of them."""
    found: dict[str, Json] = {}
    if view.get("edge") is not None:
        found["edge"] = _integer(view, "edge", where, _MOST_EDGES)
    if view.get("shapes"):
        shapes = _object(view, "shapes", where)
        found["shapes"] = {name: _name(shape, f"{where}, shapes") for name, shape in shapes.items()}
    return found


def _result(one: Mapping[str, Any], where: str, whole: bool = True) -> dict[str, Json]:
    """Return an analysis and its parameters, which its form has accepted."""
    if whole:
        _known(one, where, ("analysis", "params"))
    name = _analysis(one.get("analysis"), where)
    given = _object(one, "params", where)
    with _at(where):
        settled = read_params(load_analyses()[name], given)
    params = json.loads(dumps(settled))
    return {"analysis": name, "params": {key: params[key] for key in params if key in given}}


def _analysis(name: Any, where: str) -> str:
    analyses = load_analyses()
    if not isinstance(name, str) or name not in analyses:
        raise InputError(
            f"{where}: no analysis {_shown(name)}; take that part out, or name one of: {', '.join(analyses)}"
        )
    return name


# --- values ---------------------------------------------------------------------------------------


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Begin what is refused with its place in the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _known(content: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
    for key in content:
        if key not in known:
            raise InputError(f"{where} has {_shown(key)}, which is not known; it takes: {', '.join(known)}")


def _object(content: Mapping[str, Any], key: str, where: str = "the session") -> dict[str, Any]:
    value = content.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{where}: '{key}' is a JSON object, not {_shown(value)}")
    return value


def _items(content: Mapping[str, Any], key: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects of a list, each with what to call its place."""
    values = content.get(key)
    if values is not None and not isinstance(values, list):
        raise InputError(f"'{key}' is a list, not {_shown(values)}")
    for number, value in enumerate(values or [], 1):
        if not isinstance(value, dict):
            raise InputError(f"{key}, {number} is a JSON object, not {_shown(value)}")
        yield value, f"{key}, {number}"


def _text(content: Mapping[str, Any], key: str, where: str, longest: int) -> str | None:
    return _optional(content, key, where, longest, clean_name)


def _note(content: Mapping[str, Any], key: str, where: str) -> str:
    """Return what the user wrote, line by line."""
    return (_optional(content, key, where, LONGEST_NOTE, clean_message) or "").strip()


def _optional(
    content: Mapping[str, Any], key: str, where: str, longest: int, clean: Callable[[str], str]
) -> str | None:
    value = content.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise InputError(f"{where}: '{key}' is a text of at most {plural(longest, 'character')}, not {_shown(value)}")
    return clean(value)


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not clean_name(value).strip() or len(value) > LONGEST_NAME:
        raise InputError(f"{where}: a name is a text of at most {LONGEST_NAME} characters, not {_shown(value)}")
    return clean_name(value).strip()


def _integer(content: Mapping[str, Any], key: str, where: str, largest: int) -> int | None:
    value = content.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
        raise InputError(f"{where}: '{key}' is a whole number from 0 to {largest:,}, not {_shown(value)}")
    return value


def _refuse_twice(items: list[JsonObject], key: str, where: str) -> None:
    seen = set()
    for item in items:
        if item[key] in seen:
            raise InputError(f"{where}: two have the same {key}, {_shown(item[key])}; change one of them")
        seen.add(item[key])


def _shown(value: Any) -> str:
    """Return a value as a message quotes it."""
    try:
        text = dumps(value)
    except (TypeError, ValueError):
        text = repr(type(value).__name__)
    return text if len(text) <= 80 else f"{text[:79]}…"
