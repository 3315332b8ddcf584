"""Tables as a program stored them: cells that are texts, numbers or nothing, and what the file says of columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from imagenomer.errors import InputError
from imagenomer.types import Cell
from imagenomer.wording import plural

#: Cells in a table, and bytes of what a file expands to, beyond which it is no table of phenotypes.
MOST_CELLS = 20_000_000
MOST_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table of a file.

    Attributes
    ----------
    name : str
        Of the sheet or the object; empty where the file has one table without a name.
    columns : tuple of str or None
        Names of the columns; None where the file does not tell them from values, so that the header is among the rows.
    rows : list of list of Cell
        A missing value is None: never NaN, and never an empty text. Dates are texts in ISO 8601. All rows are of one
        length.
    descriptions : mapping of str to str
        What the file says of a column.
    labels : mapping of str to mapping
        Labels of the values of a column: the value as in ``rows`` to its label.
    """

    name: str
    columns: tuple[str, ...] | None
    rows: list[list[Cell]]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[Cell, str]] = field(default_factory=dict)


def cell(value: Any) -> Cell:
    """Return a value of another library as a cell; `ValueError` where it is none."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, str):
        return value or None
    if isinstance(value, datetime):
        if value != value:  # pandas: not a time
            return None
        midnight = value.time() == time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise ValueError(f"a value of type {type(value).__name__}")


@contextmanager
def damage_told(name: str, what: str) -> Iterator[None]:
    """Turn whatever a library raises over a file that is not as it should be into an `InputError`.

    Such libraries trust their files: an index, a key, an assertion may be what fails. A lack of memory is none of it.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        said = f" ({error})" if str(error) else ""
        raise InputError(f"{name} is damaged, or is not {what}{said}; save it again, or as .csv") from None


def refuse_beyond(name: str, n_rows: int, n_columns: int) -> None:
    """Raise `InputError` where a table would have more cells than fit."""
    if n_rows * n_columns > MOST_CELLS:
        raise InputError(
            f"{name} says that it has {plural(n_rows, 'row')} and {plural(n_columns, 'column')}, more than the "
            f"{MOST_CELLS:,} cells that are read; save the part with values as .csv"
        )
