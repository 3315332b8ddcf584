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
from imagenomer.readers.listing import Entry, Listing
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
    return Claim(family, "a table", POSSIBLE) if is_table(entry) else None


def is_table(entry: Entry) -> bool:
    """Whether a text begins with a line of names above lines with as many cells.

    A .csv or .tsv that cannot be read is a table all the same, and reading it says what is wrong.
    """
    extension = entry.path.rpartition(".")[2].lower()
    head = entry.read(0, _HEAD)
    if entry.size > _HEAD:
        head = head[: head.rfind(b"\n") + 1] or head
    try:
        table = read_text_table(head, entry.path)
    except InputError:
        return extension in _SURE
    words = [cell for cell in table.header if cell and not _NUMBER.fullmatch(cell)]
    if extension in _PERHAPS and (len(table.header) < 2 or not table.rows):
        return False
    return 2 * len(words) >= len(table.header)


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
    return [piece_of(table, entry.path, dictionary_of(entry.path, listing, notes), notes)]


def piece_of(
    table: TextTable, source: str, facts: dict[str, ColumnFacts], notes: Notes, person: str | None = None
) -> Table:
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
    comma = table.delimiter == ";"
    return Table(source, columns, described | facts, person, decimal_comma=comma, sentences=table.sentences)


def _counts(name: str, cells: Sequence[str]) -> bool:
    """Whether this is the index that pandas and R write in front: no name of its own, and it counts rows."""
    if not re.fullmatch(r"column 1|column 2|Unnamed: ?[0-9]+|X", name):
        return False
    return any(list(cells) == [str(n) for n in range(start, start + len(cells))] for start in (0, 1))


def dictionary_of(path: str, listing: Listing, notes: Notes) -> dict[str, ColumnFacts]:
    """Return what the data dictionaries of a table say: the one beside it, and as BIDS has it that of all such tables.

    Of ``sub-01/sub-01_sessions.tsv`` that is ``sessions.json`` in any folder around it.
    """
    stem = path.rpartition(".")[0]
    folder, _, name = stem.rpartition("/")
    shared = f"{name.rpartition('_')[2]}.json"
    facts: dict[str, ColumnFacts] = {}
    around = ["/".join(folder.split("/")[:depth]) for depth in range(len(folder.split("/")) + 1)] if folder else [""]
    for one in (*(f"{top}/{shared}".lstrip("/") for top in around), f"{stem}.json"):
        if one in listing:
            facts |= read_dictionary(listing[one].read(), one, notes)
    return facts
