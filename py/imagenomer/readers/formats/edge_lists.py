"""Edges in rows: two columns that name the parcels of an edge and one with its value, of one scan or many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.cohort import Scan, natural_key
from imagenomer.edges import edge_index, n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Connectivity, Piece
from imagenomer.readers.columns import MISSING
from imagenomer.readers.evidence.order import kind_of
from imagenomer.readers.evidence.tables import TextTable, read_text_table
from imagenomer.readers.families import Family, Member
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.measures import KINDS, measure_name
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.people import person_column, visit_column
from imagenomer.readers.recipe import Recipe
from imagenomer.types import Float32Array

ACCEPTS = "a list of edges (.csv, .tsv: two columns of parcels, one value, and the subject where there are several)"

#: Names of the two columns that say which parcels an edge is between.
_ENDS = [
    ("source", "target"),
    ("from", "to"),
    *((f"{what}{mark}1", f"{what}{mark}2") for what in ("node", "roi", "region", "parcel") for mark in ("", "_")),
]
#: More columns than these are no list of edges, and fewer parcels than these make no matrix.
_MOST_COLUMNS, _FEWEST_PARCELS = 8, 4
#: Parcels of a scan; more make more edges than fit in memory.
_MOST_PARCELS = 2000
#: Share of the edges that a list names at least: of fewer nobody knows whether the others are 0 or not known.
_LEAST_KNOWN = 0.9
#: How far the values of the two directions of an edge may differ.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the columns: the two ends and the value."""

    first: int
    second: int
    value: int
    name: str


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim tables with two columns of ends and one column of numbers that can be told."""
    if family.extension not in ("csv", "tsv", "txt"):
        return None
    members = family.members
    looked_at = [members[place].entry for place in sorted({0, len(members) // 2, len(members) - 1})]
    found = [_columns_of(entry) for entry in looked_at]
    if found[0] is None or any(one != found[0] for one in found):
        return None
    return Claim(family, "a list of edges, one a row", CERTAIN, found[0])


def _columns_of(entry: Entry) -> Columns | None:
    head = entry.read(0, 65_536)
    if len(head) < entry.size:
        head = head[: head.rfind(b"\n") + 1]
    try:
        table = read_text_table(head, entry.path)
    except InputError:
        return None
    names = [name.casefold().strip() for name in table.header]
    ends = next((pair for pair in _ENDS if set(pair) <= set(names)), None)
    if ends is None or len(names) > _MOST_COLUMNS or not table.rows:
        return None
    places = [place for place, name in enumerate(names) if name not in ends]
    values = [place for place in places if _holds_values([row[place] for row in table.rows])]
    if len(values) > 1:  # a number of the subject, of a visit
        values = [place for place in values if re.search(r"weight|value|corr|^[rz]$|fc|strength|conn", names[place])]
    if len(values) != 1:
        return None
    return Columns(names.index(ends[0]), names.index(ends[1]), values[0], table.header[values[0]])


def _holds_values(cells: Sequence[str]) -> bool:
    try:
        numbers = [float(cell) for cell in cells if cell.strip().lower() not in MISSING]
    except ValueError:
        return False
    return bool(numbers)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of the edges; the names of the parcels decide which edge a row is, in either direction.

    Raises
    ------
    InputError
        If an edge has two values that differ, or a parcel is joined with itself only.
    """
    family, columns = claim.family, claim.details
    rows: list[tuple[Scan, TextTable, list[int]]] = []
    for place, member in enumerate(family.members):
        yield Progress(f"Reading {family.pattern}", place, len(family.members))
        table = read_text_table(member.entry.read(), member.path)
        rows += [(scan, table, own) for scan, own in _scans(member, table, columns, family, recipe).items()]
    parcels: dict[str, None] = {}
    for _, table, own in rows:
        for row in own:
            parcels.setdefault(table.rows[row][columns.first].strip())
            parcels.setdefault(table.rows[row][columns.second].strip())
    labels = tuple(sorted(parcels, key=natural_key))
    if not _FEWEST_PARCELS <= len(labels) <= _MOST_PARCELS:
        n_parcels = count(len(labels), "parcel")
        raise InputError(f"{family.pattern} is a list of edges among {n_parcels}, which is no connectivity of a brain")
    place_of = {label: place for place, label in enumerate(labels)}
    block = np.stack([_edges(table, own, columns, place_of, family.pattern) for _, table, own in rows])
    known = np.isfinite(block).mean()
    if known < _LEAST_KNOWN:
        raise InputError(
            f"{family.pattern} names {known:.0%} of the edges among {count(len(labels), 'parcel')}; whether the others "
            "are 0 or not known is not said: write them all"
        )
    whole = np.zeros((min(len(block), 5), len(labels), len(labels)))
    first, second = np.triu_indices(len(labels), k=1)
    whole[:, first, second] = whole[:, second, first] = block[:5]
    kind = kind_of(whole) if np.isfinite(block[:5]).all() else None
    answers = recipe.file(family.pattern)

    def load() -> Steps[Float32Array]:
        yield Progress(f"Reading {family.pattern}")
        return block

    value = notes.clean(columns.name)
    named = f"each row names the two parcels of an edge; {value} is its value"
    return [
        Connectivity(
            family.pattern,
            measure_name(kind, value, answers.get("measure")),
            kind,
            len(labels),
            tuple(scan for scan, _, _ in rows),
            load,
            labels,
            sentences=(f"the values are {KINDS[kind]}", named),
        )
    ]


def _scans(member: Member, table: TextTable, columns: Columns, family: Family, recipe: Recipe) -> dict[Scan, list[int]]:
    """Return the rows of each scan in a table: of the file's, or of those that its other columns name."""
    answers = recipe.file(family.pattern)
    task = answers.get("task", member.task)
    used = (columns.first, columns.second, columns.value)
    others = {name: [row[at] for row in table.rows] for at, name in enumerate(table.header) if at not in used}
    person = person_column(others, None, recipe) if others else None
    if person is None:
        scan = Scan(task, member.subject or family.name, answers.get("session", member.session), member.run)
        return {scan: list(range(len(table.rows)))}
    visit = visit_column(others, person, recipe)
    scans: dict[Scan, list[int]] = {}
    for row, name in enumerate(others[person]):
        session = others[visit][row].strip() if visit else answers.get("session", member.session)
        scans.setdefault(Scan(task, name.strip(), session, member.run), []).append(row)
    return scans


def _edges(table: TextTable, rows: Sequence[int], columns: Columns, place: dict[str, int], name: str) -> Float32Array:
    """Return the edges of a scan, NaN where no row names them."""
    n = len(place)
    values = np.full(n_edges_of(n), np.nan)
    for row in rows:
        cells = table.rows[row]
        a, b = place[cells[columns.first].strip()], place[cells[columns.second].strip()]
        cell = cells[columns.value].strip()
        if a == b or cell.lower() in MISSING:
            continue
        try:
            value = float(cell)
        except ValueError:
            raise InputError(f"{name}: {columns.name} holds {cell[:40]!r}, which is no number") from None
        edge = edge_index(a, b, n)
        if np.isfinite(values[edge]) and abs(values[edge] - value) > _TOLERANCE * max(abs(value), abs(values[edge])):
            raise InputError(
                f"{name}: the edge {cells[columns.first]} - {cells[columns.second]} has the values {values[edge]:g} "
                f"and {value:g}; connectivity has one value an edge: keep one of them"
            )
        values[edge] = value
    with np.errstate(over="ignore", invalid="ignore"):
        found = values.astype(np.float32)
    found[np.isinf(found)] = np.nan
    return found
