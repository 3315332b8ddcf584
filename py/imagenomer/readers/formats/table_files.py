"""Tables of people in spreadsheets and files of Stata, SAS and R: each sheet or object is a table of its own."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Piece, Table, Unread
from imagenomer.readers.evidence.tables import read_text_table
from imagenomer.readers.families import Family
from imagenomer.readers.formats.text_tables import piece_of
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.people_sheets import cell_text, levels_of
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.table_files import RawTable, is_table_file, read_table_file
from imagenomer.readers.tables import ColumnFacts
from imagenomer.types import Cell

#: The labels of each column whose every value has one, in the order of its codes; None of the others.
Levels: TypeAlias = list[tuple[str, ...] | None]

ACCEPTS = "such a table as a spreadsheet (.xlsx, .xls, .ods) or a file of Stata, SAS or R"


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the ending."""
    if len(family.members) > 1 or not is_table_file(family.members[0].entry.path):
        return None
    return Claim(family, "a table", CERTAIN)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Read the tables of a file, sheets and objects that are none left out and named.

    Raises
    ------
    InputError
        If the file is damaged or holds no table.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    entry = claim.family.members[0].entry
    return [_piece(table, entry.path, notes) for table in read_table_file(entry.path, entry.read())]


def _piece(table: RawTable, path: str, notes: Notes) -> Piece:
    """Return a table as that of a text is: titles above the header, and descriptions below it, are told alike."""
    source = f"{path}: {table.name}" if table.name else path
    levels = _levels(table)
    labelled = _labelled(table, levels)
    header: list[list[Cell]] = [] if table.columns is None else [[*table.columns]]
    rows = [*header, *labelled]
    # A title above the header fills one cell of its row.
    begin = next((number for number, row in enumerate(rows) if sum(cell is not None for cell in row) > 1), len(rows))
    rows = rows[begin:]
    if len(rows) < 2 or len(rows[0]) < 2:
        return Unread(source, "a sheet without a header and rows")
    lines = ("\t".join(" ".join(cell_text(cell).split()) for cell in row) for row in rows)
    text = read_text_table("\n".join(lines).encode(), source)
    if not text.rows:
        return Unread(source, "a sheet without a header and rows")
    piece = piece_of(text, source, {}, notes)
    return dataclasses.replace(piece, facts={**piece.facts, **_facts(table, levels, piece, notes)})


def _labelled(table: RawTable, levels: Levels) -> list[list[Cell]]:
    """Return the rows with labels in place of the codes of columns whose every value has one."""
    if not any(levels):
        return table.rows
    names = table.columns or ()
    return [
        [table.labels[name].get(cell) if own else cell for name, own, cell in zip(names, levels, row, strict=True)]
        for row in table.rows
    ]


def _levels(table: RawTable) -> Levels:
    """Return the labels of each column whose every value has one, in the order of its codes; None of the others."""
    return [
        levels_of([row[place] for row in table.rows], table.labels.get(name, {}))
        for place, name in enumerate(table.columns or ())
    ]


def _facts(table: RawTable, levels: Levels, piece: Table, notes: Notes) -> dict[str, ColumnFacts]:
    """Return what the file says of its columns."""
    facts = {}
    for name, own in zip(table.columns or (), levels, strict=True):
        clean = notes.clean(name)
        description = notes.clean(table.descriptions.get(name, ""))
        if clean in piece.columns and (own or description):
            facts[clean] = ColumnFacts(description, levels=own)
    return facts
