"""Tables in files of other programs: one module a format, each with `WHAT` and `read`.

A module and the library it needs are imported when a file is read: in the page both come only then (see
site/docs/developing.md).
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from imagenomer.errors import InputError
from imagenomer.readers.table_files.raw import RawTable

__all__ = ["ENDINGS", "RawTable", "is_table_file", "read_table_file"]


class TableFormat(Protocol):
    """What the module of a format defines."""

    @property
    def WHAT(self) -> str:  # noqa: N802 - a constant of the module
        """What such a file is, in words that follow "is not"."""

    def read(self, name: str, data: bytes) -> list[RawTable]:
        """Return the tables in a file."""


#: How the names of files end, in lower case, and the module that reads them.
_FORMATS = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), "spreadsheets"),
    ".dta": "stata",
    **dict.fromkeys((".sas7bdat", ".xpt"), "sas"),
    **dict.fromkeys((".rds", ".rda", ".rdata"), "r_objects"),
}

#: How the names of files end that are read here.
ENDINGS = tuple(_FORMATS)

#: Larger files are not tables of people.
MOST_FILE_BYTES = 200_000_000


def is_table_file(path: str) -> bool:
    """Tell whether a file is such a table, by its name."""
    return path.lower().endswith(ENDINGS)


def read_table_file(name: str, data: bytes) -> list[RawTable]:
    """Return the tables in a file, in the order of the file.

    Parameters
    ----------
    name : str
        Of the file: its ending says what it is.
    data : bytes

    Raises
    ------
    InputError
        If it is damaged, is something else than its name says, or holds no table.
    """
    if len(data) > MOST_FILE_BYTES:
        raise InputError(
            f"{name} has {len(data) / 1e6:,.0f} MB; tables of up to {MOST_FILE_BYTES / 1e6:.0f} MB are read"
        )
    ending = next(ending for ending in sorted(ENDINGS, key=len, reverse=True) if name.lower().endswith(ending))
    reader = cast(TableFormat, importlib.import_module(f"{__name__}.{_FORMATS[ending]}"))
    tables = reader.read(name, data)
    if not any(table.rows for table in tables):
        raise InputError(f"{name} holds no table with values in it")
    return tables
