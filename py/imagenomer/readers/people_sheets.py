"""Spreadsheets and files of Stata, SAS and R that name people: the table with a column IID or participant_id."""

from __future__ import annotations

from collections.abc import Mapping

from imagenomer.readers.notes import Notes, count
from imagenomer.readers.table_files import RawTable, read_table_file
from imagenomer.readers.tables import ColumnFacts, column_names
from imagenomer.types import Cell

#: What the column that names people may be called.
ID_COLUMNS = ("IID", "participant_id")

#: Rows of titles above a header.
_MOST_TITLES = 50


def read_people(path: str, data: bytes, notes: Notes) -> tuple[dict[str, list[str]], dict[str, ColumnFacts]] | None:
    """Return the columns of the first table in a file that names people, and what the file says of them.

    Parameters
    ----------
    path : str
        Of the file; its ending says what it is.
    data : bytes
    notes : Notes
        Cleans the cells, and is told of tables and rows that are not used.

    Returns
    -------
    columns : dict of str to list of str
        A missing value is empty. A column whose every value has a label has the labels.
    facts : dict of str to ColumnFacts
        Or None instead of both where no table names people.

    Raises
    ------
    InputError
        If the file is damaged or holds no table, or two columns have one name.
    """
    tables = read_table_file(path, data)
    for place, table in enumerate(tables):
        header = _header(table)
        if header is not None:
            others = [one.name for other, one in enumerate(tables) if other != place]
            if others:
                notes.ignored(f"{path}: read from {table.name!r}; not read", others)
            return _columns(table, header, path, notes)
    return None


def _header(table: RawTable) -> int | None:
    """Return the row that names the columns, -1 where the file does; None where nothing names people."""
    if table.columns is not None:
        return -1 if {*ID_COLUMNS} & {*table.columns} else None
    for number, row in enumerate(table.rows[:_MOST_TITLES]):
        if {*ID_COLUMNS} & {cell.strip() for cell in row if isinstance(cell, str)}:
            return number
    return None


def _columns(
    table: RawTable, header: int, path: str, notes: Notes
) -> tuple[dict[str, list[str]], dict[str, ColumnFacts]]:
    written = list(table.columns) if table.columns is not None else [cell_text(cell) for cell in table.rows[header]]
    rows = [row for row in table.rows[header + 1 :] if any(cell is not None for cell in row)]
    # Columns without a name and without a value are what a spreadsheet was once used for.
    used = [place for place, name in enumerate(written) if name or any(row[place] is not None for row in rows)]
    names = column_names([written[place] for place in used], path, notes)
    key = next(place for place, name in zip(used, names, strict=True) if name in ID_COLUMNS)
    nameless = sum(row[key] is None for row in rows)
    if nameless:
        notes.ignored(f"{path}: {count(nameless, 'row')} without {written[key]}")
        rows = [row for row in rows if row[key] is not None]
    columns, facts, partly = {}, {}, []
    for place, name in zip(used, names, strict=True):
        cells, labels = [row[place] for row in rows], table.labels.get(written[place], {})
        levels = levels_of(cells, labels)
        if labels and levels is None:
            partly.append(name)
        columns[name] = [notes.clean(cell_text(cell if levels is None else labels.get(cell))) for cell in cells]
        facts[name] = ColumnFacts(notes.clean(table.descriptions.get(written[place], "")), levels=levels)
    if partly:
        notes.warning(f"{path}: columns that label only some of their values are read without the labels", partly)
    return columns, facts


def levels_of(cells: list[Cell], labels: Mapping[Cell, str]) -> tuple[str, ...] | None:
    """Return the labels of a column in the order of its codes; None unless every value has one of its own."""
    present = {cell for cell in cells if cell is not None}
    if not present or not present <= labels.keys() or len({*labels.values()}) < len(labels):
        return None
    return tuple(labels[code].strip() for code in sorted(labels, key=_order))


def _order(code: Cell) -> tuple[float, str]:
    return (float(code), "") if isinstance(code, int | float) else (float("inf"), str(code))


def cell_text(cell: Cell) -> str:
    """Return a cell as a table of text has it: a whole number without fraction."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return repr(cell) if isinstance(cell, float) else str(cell).strip()
