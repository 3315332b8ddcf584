"""The manifest, bundle.json: values by name and type, each refused in words where it is none of these."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Scan
from imagenomer.errors import InputError
from imagenomer.names import clean_name

Value = TypeVar("Value")

#: Of a value quoted in a message.
_LONGEST = 40


class Manifest:
    """A JSON object from which values are taken by name and type; ``where`` it stands is said in messages."""

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, dict):
            raise InputError(f"{where} should be a JSON object")
        self.content = content
        self.where = where

    def get(self, key: str, kind: type[Value], default: Value | None = None) -> Value:
        """Return a value of one type, which true and false are of their own."""
        value = self.content.get(key, default)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise InputError(f"{self.where}: {key!r} is missing or not of the right kind")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; numbers in it are written out."""
        return tuple(str(value) for value in self.get(key, list, []))

    def objects(self, key: str) -> list[Manifest]:
        """Return a list of objects."""
        return [Manifest(entry, f"{self.where}, {key}") for entry in self.get(key, list, [])]

    def named(self, key: str) -> list[Manifest]:
        """Return a list of objects, each with a name of its own."""
        entries = self.objects(key)
        names = Counter(entry.get("name", str) for entry in entries)
        twice = [name for name, n in names.items() if n > 1]
        if twice:
            raise InputError(f"{self.where} names several {key} {', '.join(twice)}; give each its own name")
        if "" in names:
            raise InputError(f"{self.where}: one of the {key} has no name; give it one")
        return entries

    def version(self) -> int:
        """Return the version of the format, 1 or more."""
        version = self.get("version", int)
        if version < 1:
            raise InputError(f"{self.where} gives {_shown(version)} as the version of its format; the first is 1")
        return version

    def scale(self, path: str, dtype: np.dtype[Any]) -> np.float32 | None:
        """Return what integers in the file ``path`` are multiplied by; None where it holds the numbers themselves."""
        scale = self.content.get("scale")
        if scale is None:
            return None
        if type(scale) not in (int, float) or not _fits(scale):
            raise InputError(
                f"{self.where}: the scale of {path} is {_shown(scale)}; it should be a number above 0 that single "
                "precision holds, or null for values as they are"
            )
        if dtype.kind != "i":
            raise InputError(f"{self.where} gives {path} a scale, which is for integers; it holds {dtype.name}")
        return np.float32(scale)

    def rows(self, key: str, n_rows: int) -> NDArray[np.intp]:
        """Return a list of rows of scans.tsv, counted from 0."""
        rows = self.get(key, list, [])
        odd = [row for row in rows if type(row) is not int or not 0 <= row < n_rows]
        if odd:
            raise InputError(f"{self.where}: {key!r} lists {_shown(odd[0])}; scans.tsv has the rows 0 to {n_rows - 1}")
        return np.array(rows, dtype=np.intp)

    def scan(self) -> Scan:
        """Return the scan that this object describes."""
        return Scan(*(self.get(part, str, "") for part in ("task", "subject", "session", "run")))


def _fits(scale: float) -> bool:
    # In Python's numbers: an integer of any length compares with a float.
    return 0 < scale <= float(np.finfo(np.float32).max) and bool(np.float32(scale) > 0)


def _shown(value: Any) -> str:
    # No repr of a long integer, which may take for ever and is refused by Python.
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return "a number beyond measure"
    text = clean_name(repr(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
