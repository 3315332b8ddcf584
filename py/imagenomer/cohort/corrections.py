"""Corrections: what a user says of a column that its file does not, as a value and as JSON.

Such as ``{"kind": "category", "role": "site", "labels": {"0": "control", "1": "patient"}, "order": ["control",
"patient"], "missing": [-9999], "unit": "years", "description": "..."}``. It holds names of levels and codes, and no
subject's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from imagenomer.cohort.values import is_missing
from imagenomer.errors import InputError
from imagenomer.names import clean_name
from imagenomer.types import Json

#: What a column is: "ignore" leaves it out of all analyses.
Kind = Literal["number", "category", "ignore"]
#: What a column is for: "none" says that its name misleads.
Role = Literal["id", "family", "site", "date", "none"]
#: What stands for a missing value.
Code: TypeAlias = "int | float | str"

KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)
#: Numbers beyond it are no codes; Python reads whole numbers of thousands of digits.
_LARGEST = 1e300
KEYS = ("kind", "role", "labels", "order", "missing", "unit", "description")


@dataclass(frozen=True, slots=True)
class Correction:
    """What a user says of a column; None and empty leave it as the file has it.

    Attributes
    ----------
    kind : "number", "category", "ignore" or None
    role : "id", "family", "site", "date", "none" or None
        An id is left out, a date becomes years, a site is a category.
    labels : tuple of pairs of str
        A level as the file has it, and its name; levels of the same name become one.
    order : tuple of str
        Names of levels in their order; those not in it follow.
    missing : tuple of codes, or None
        What stands for a missing value; () for nothing, None for what was found.
    unit, description : str or None
    """

    kind: Kind | None = None
    role: Role | None = None
    labels: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ()
    missing: tuple[Code, ...] | None = None
    unit: str | None = None
    description: str | None = None

    def json(self) -> dict[str, Json]:
        """Return it as `read_correction` takes it, without what is not said."""
        said: dict[str, Json] = {
            "kind": self.kind,
            "role": self.role,
            "labels": dict(self.labels) or None,
            "order": list(self.order) or None,
            "missing": None if self.missing is None else list(self.missing),
            "unit": self.unit,
            "description": self.description,
        }
        return {key: value for key, value in said.items() if value is not None}


def read_correction(content: Any, where: str) -> Correction:
    """Return a correction from JSON values.

    Parameters
    ----------
    content : object
    where : str
        How messages begin: "recipe, columns, DX".

    Raises
    ------
    InputError
        If something in it is not known, or has another type; the message says what would be.
    """
    if not isinstance(content, Mapping):
        raise InputError(f"{where} is a JSON object, with any of: {', '.join(KEYS)}")
    for key in content:
        if key not in KEYS:
            raise InputError(f"{where} has {str(key)[:80]!r}, which is not known; it takes: {', '.join(KEYS)}")
    labels = content.get("labels") or {}
    if not isinstance(labels, Mapping) or not _are_texts(labels.values()):
        raise InputError(f'{where}: \'labels\' names levels, such as {{"0": "control", "1": "patient"}}')
    order = content.get("order") or ()
    if not isinstance(order, list | tuple) or not _are_texts(order):
        raise InputError(f'{where}: \'order\' is a list of names of levels, such as ["control", "patient"]')
    named = tuple((str(level), _label(label, where)) for level, label in labels.items())
    return Correction(
        kind=_one_of(content, "kind", KINDS, where),
        role=_one_of(content, "role", ROLES, where),
        labels=named,
        order=tuple(dict.fromkeys(_label(label, where) for label in order)),
        missing=_codes(content.get("missing"), where),
        unit=_text(content, "unit", where),
        description=_text(content, "description", where),
    )


def read_corrections(content: Any, where: str = "columns") -> dict[str, Correction]:
    """Return corrections by column from JSON values; raise `InputError` where they are none."""
    if not isinstance(content, Mapping):
        raise InputError(f'{where} is a JSON object of columns, such as {{"DX": {{"kind": "category"}}}}')
    return {str(name): read_correction(one, f"{where}, {name}") for name, one in content.items()}


def _one_of(content: Mapping[str, Any], key: str, allowed: tuple[str, ...], where: str) -> Any:
    value = content.get(key)
    if value is not None and value not in allowed:
        raise InputError(f"{where}: {key!r} is one of {', '.join(allowed)}, not {value!r}"[:400])
    return value


def _codes(codes: Any, where: str) -> tuple[Code, ...] | None:
    if codes is None:
        return None
    if not isinstance(codes, list | tuple) or not all(is_code_value(code) for code in codes):
        raise InputError(f"{where}: 'missing' is a list of numbers and texts, such as [-9999, \"unknown\"]")
    return tuple(codes)


def is_code_value(code: Any) -> bool:
    """Whether a JSON value can stand for a missing one: a text, or a number that a computer can hold."""
    return type(code) is str or (type(code) in (int, float) and -_LARGEST < code < _LARGEST)


def _text(content: Mapping[str, Any], key: str, where: str) -> str | None:
    value = content.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{where}: {key!r} is a text")
    return None if value is None else clean_name(value).strip()


def _label(text: str, where: str) -> str:
    """Return the name of a level, as a table can hold it."""
    label = clean_name(text).strip()
    if is_missing(label):
        raise InputError(f"{where}: a level cannot be called {text!r}, which in a table reads as a missing value")
    return label


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
