"""Tables of people as text: csv, tsv, semicolons or blanks between the cells, with a header line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import POSSIBLE, Claim, Piece, Table
from imagenomer.readers.columns import clean_header
from imagenomer.readers.evidence.tables import TextTable, read_text_table
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.tables import ColumnFacts, read_dictionary, with_labels

ACCEPTS = "a table of people (.csv, .tsv, .txt) with a header line and a column of names"

_SURE = ("csv", "tsv", "tab")
_PERHAPS = ("txt", "dat", "pheno", "phen", "cov", "covar")
_LARGEST = 200_000_000
#: Bytes looked at of a text that may be anything.
_HEAD = 65_536
_NUMBER = re.compile(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]+)?")


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim a text with a line of names above lines with as many cells."""
    entry = family.members[0].entry
    if len(family.members) > 1 or family.extension not in (*_SURE, *_PERHAPS) or entry.size > _LARGEST:
        return None
    head = entry.read(0, _HEAD)
    if entry.size > _HEAD:
        head = head[: head.rfind(b"\n") + 1] or head
    try:
        table = read_text_table(head, entry.path)
    except InputError:
        # A .csv that cannot be read is a table all the same, and reading it says what is wrong.
        return Claim(family, "a table", POSSIBLE) if family.extension in _SURE else None
    words = [cell for cell in table.header if cell and not _NUMBER.fullmatch(cell)]
    if 2 * len(words) < len(table.header) or (
        family.extension in _PERHAPS and (len(table.header) < 2 or not table.rows)
    ):
        return None
    return Claim(family, "a table", POSSIBLE)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Read a table and the data dictionary beside it.

    Raises
    ------
    InputError
        If it cannot be read; the message names the line.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    entry = claim.family.members[0].entry
    table = read_text_table(entry.read(), entry.path)
    if not table.rows:
        raise InputError(f"{entry.path} has a header and no rows")
    return [piece_of(table, entry.path, _dictionary(entry.path, listing, notes), notes)]


def piece_of(table: TextTable, source: str, facts: dict[str, ColumnFacts], notes: Notes) -> Table:
    """Return cells as a piece, their names and texts clean."""
    names = clean_header(table.header, notes)
    described = {
        clean: ColumnFacts(description=notes.clean(table.descriptions[name]))
        for name, clean in zip(table.header, names, strict=True)
        if name in table.descriptions
    }
    columns = {
        name: [cell if cell.isprintable() else notes.clean(cell) for cell in cells]
        for name, *cells in zip(names, *table.rows, strict=True)
        if not _counts(name, cells)
    }
    columns, facts = with_labels(columns, facts)
    return Table(source, columns, described | facts, decimal_comma=table.delimiter == ";", sentences=table.sentences)


def _counts(name: str, cells: Sequence[str]) -> bool:
    """Whether this is the index that pandas and R write in front: no name of its own, and it counts rows."""
    if not re.fullmatch(r"column 1|column 2|Unnamed: ?[0-9]+|X", name):
        return False
    return any(list(cells) == [str(n) for n in range(start, start + len(cells))] for start in (0, 1))


def _dictionary(path: str, listing: Listing, notes: Notes) -> dict[str, ColumnFacts]:
    beside = f"{path.rpartition('.')[0]}.json"
    return read_dictionary(listing[beside].read(), beside, notes) if beside in listing else {}
