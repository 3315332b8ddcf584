"""Tables that BIDS writes for each subject: sessions.tsv, scans.tsv, one row about a scan; together they are one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from imagenomer.cohort import Scan
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import POSSIBLE, Claim, Piece, ScanQuality, Unread
from imagenomer.readers.evidence.tables import TextTable, read_text_table
from imagenomer.readers.families import Family, Member, entities_of
from imagenomer.readers.formats.text_tables import dictionary_of, is_table, piece_of
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.people import is_visit
from imagenomer.readers.recipe import Recipe

ACCEPTS = ""

_PERSON, _FILE = "participant_id", "filename"
_LARGEST = 1_000_000
#: A file of scans.tsv that is one of the brain's activity.
_FUNCTIONAL = re.compile(r"(^|/)func/.*_(bold|cbv)\.")
_SEVERAL = "tables of several rows a subject without a column of sessions; drop one table with a row a subject"


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim tables that are named by subject, with a header of names."""
    first = family.members[0]
    alike = family.extension in ("csv", "tsv") and first.subject.startswith("sub-") and first.entry.size <= _LARGEST
    if not alike or not is_table(first.entry):
        return None
    return Claim(family, "a table for each subject", POSSIBLE)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Put the tables of all subjects under each other; one that cannot be read is left out, and said."""
    family = claim.family
    tables: list[tuple[Member, TextTable]] = []
    excluded = []
    for place, member in enumerate(family.members):
        if place % 32 == 0:
            yield Progress(f"Reading {family.pattern}", place, len(family.members))
        try:
            tables.append((member, read_text_table(member.entry.read(), member.path)))
        except InputError as error:
            excluded.append(str(error))
    if excluded:
        notes.warning("Tables of subjects that cannot be read were excluded", excluded)
    header = list(dict.fromkeys(name for _, table in tables for name in table.header if name != _PERSON))
    rows = [(member, _cells(table, row, header)) for member, table in tables for row in table.rows]
    if not rows:
        return [Unread(family.pattern, "no table that can be read" if excluded else "no row")]
    if _FILE in header:
        return _of_scans(family.pattern, header, rows)
    one_each = len(rows) == len(tables)
    if one_each and any(member.task or member.session or member.run for member, _ in rows):
        scans = [Scan(member.task, member.subject, member.session, member.run) for member, _ in rows]
        return [_quality(family.pattern, scans, header, [cells for _, cells in rows])]
    if not one_each and not any(is_visit(name) for name in header):
        return [Unread(family.pattern, _SEVERAL)]
    whole = TextTable([_PERSON, *header], [[member.subject, *cells] for member, cells in rows], "\t", "utf-8")
    facts = dictionary_of(family.members[0].path, listing, notes)
    return [piece_of(whole, family.pattern, facts, notes, person=_PERSON)]


def _cells(table: TextTable, row: list[str], header: Iterable[str]) -> list[str]:
    named = dict(zip(table.header, row, strict=True))
    return [named.get(name, "n/a") for name in header]


def _of_scans(pattern: str, header: list[str], rows: list[tuple[Member, list[str]]]) -> list[Piece]:
    """Return what scans.tsv says of the scans that it names, each by its file."""
    place = header.index(_FILE)
    scans, kept = [], []
    for member, cells in rows:
        if _FUNCTIONAL.search(cells[place]):
            found = entities_of(cells[place])
            scans.append(Scan(found["task"], member.subject, found["session"] or member.session, found["run"]))
            kept.append(cells)
    if not scans:
        return [Unread(pattern, "of no functional scan")]
    return [_quality(pattern, scans, header, kept, leave_out=_FILE)]


def _quality(
    pattern: str, scans: list[Scan], header: list[str], rows: list[list[str]], leave_out: str = ""
) -> ScanQuality:
    columns = {name: [cells[place] for cells in rows] for place, name in enumerate(header) if name != leave_out}
    return ScanQuality(pattern, tuple(scans), columns)
