"""Downloads: what a file is called, and tables as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from imagenomer.analyses.contract import Analysis, GridView, TableView, WholeTable, parameters_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.types import Json
from imagenomer.wording import without_formula

MIME = {
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
    "csv": "text/csv",
    "zip": "application/zip",
    "html": "text/html",
    "py": "text/x-python",
    "txt": "text/plain",
    "ris": "application/x-research-info-systems",
    "bib": "application/x-bibtex",
    "npy": "application/octet-stream",
    "recipe.json": "application/json",
    "session.json": "application/json",
}

FIGURE_FORMATS = ("svg", "pdf", "png")
#: Millimetres between which the width of a figure may be chosen.
_NARROWEST, _WIDEST = 30, 600


def check_width(width: float | None) -> None:
    """Refuse a width of figures, in millimetres, that no page has; None is as large as they are drawn.

    Raises
    ------
    InputError
        If it is none between 30 and 600.
    """
    if width is not None and not _NARROWEST <= width <= _WIDEST:
        raise InputError(f"a figure is {_NARROWEST} to {_WIDEST} mm wide, not {width:g}; 89 is one column of a journal")


def caption_of(*parts: str) -> str:
    """Join what is to be said below a figure to sentences; lines are joined, and what is empty is left out."""
    said = ("; ".join(part.strip(" .") for part in text.splitlines() if part.strip(" .")) for text in parts)
    return " ".join(text if text.endswith(("?", "!")) else f"{text}." for text in dict.fromkeys(said) if text)


def result_stem(name: str, analysis: Analysis, params: Any, numbers: Mapping[str, Json]) -> str:
    """Return a file name without extension that says what was computed: "edge-association_Age_fc_rest".

    What was left open in the parameters is called as the result's numbers say it was settled.
    """
    chosen = (
        one.field.in_file_name(getattr(params, one.name), numbers.get(one.name))
        for one in parameters_of(analysis.params)
    )
    return stem(name, *chosen)


def stem(*parts: str) -> str:
    """Join parts to a file name that every system takes: letters, digits, dots and dashes, at most 120 characters."""
    slugs = (re.sub(r"[^\w.]+", "-", part).strip("-.") for part in parts)
    return "_".join(filter(None, slugs))[:120] or "imagenomer"


class CsvFile:
    """CSV (RFC 4180) as it is written.

    It is UTF-8 and says so by its mark (BOM), without which Excel reads "Ä" as two other letters. Texts that came from
    data pass through `without_formula` before.
    """

    def __init__(self) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text)

    def write(self, *rows: Iterable[object]) -> None:
        """Add rows of cells."""
        self._writer.writerows(rows)

    def content(self) -> bytes:
        """Return what was written."""
        return self._text.getvalue().encode("utf-8-sig")


def csv_of(table: TableView | GridView) -> bytes:
    """Return a table as CSV: keys as the header, every digit, nothing where undefined.

    A grid has the names of its columns as the header, and those of its rows in front. A text that a spreadsheet would
    take for a formula has an apostrophe before it, see `without_formula`.
    """
    file = CsvFile()
    if isinstance(table, GridView):
        file.write(["", *map(without_formula, table.columns)])
        for name, row in zip(table.rows, table.values, strict=True):
            file.write([without_formula(name), *map(_cell, row)])
        return file.content()
    keys = _keys(table)
    file.write(map(without_formula, keys))
    file.write(*([_cell(row.get(key)) for key in keys] for row in table.rows))
    return file.content()


def csv_of_whole(table: TableView, whole: WholeTable) -> Steps[bytes]:
    """Return all rows of a table that lists only some as CSV, as `csv_of` writes them."""
    file, keys, written = CsvFile(), _keys(table), 0
    file.write(map(without_formula, keys))
    for rows in whole.blocks:
        file.write(*([_cell(row.get(key)) for key in keys] for row in rows))
        written += len(rows)
        yield Progress("Writing all rows", written, whole.n_rows)
    return file.content()


def _keys(table: TableView) -> list[str]:
    return [column.key for column in table.columns if column.where != "page"]


def _cell(value: Json) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return repr(float(value))
    return without_formula(value) if isinstance(value, str) else str(value)
