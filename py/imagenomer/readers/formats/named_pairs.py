"""A table whose columns are named pairs of parcels or networks, one row a scan: NDA and ABCD, and many by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.cohort import Scan, natural_key
from imagenomer.edges import edge_index, n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Connectivity, Piece, Table, of_vectors
from imagenomer.readers.columns import MISSING
from imagenomer.readers.evidence.order import kind_of
from imagenomer.readers.evidence.tables import read_text_table
from imagenomer.readers.families import Family
from imagenomer.readers.formats.text_tables import piece_of
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.measures import KINDS, measure_name
from imagenomer.readers.notes import Notes
from imagenomer.readers.people import person_column, visit_column
from imagenomer.readers.recipe import Recipe
from imagenomer.types import Float32Array
from imagenomer.wording import plural

ACCEPTS = "a table with a column for each pair of parcels"

#: What parts the two names, tried in this order.
_SEPARATORS = ("~", "_ngd_", "_to_", "__", ":", ";", " - ", "-", ".", "_")
_FEWEST_NODES = 4
_HEAD = 4_000_000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Columns that are pairs: ``edges`` by their two nodes' places, ``within`` a node with itself."""

    nodes: tuple[str, ...]
    edges: dict[str, tuple[int, int]]
    within: tuple[str, ...]


def pairs_in(names: Iterable[str]) -> Pairs | None:
    """Return the columns that name all pairs of at least four nodes, whatever stands before each; else None."""
    names = list(names)
    best: Pairs | None = None
    for separator in _SEPARATORS:
        split = {name: name.split(separator) for name in names if name.count(separator) in (1, 2)}
        pairs = {name: (parts[-2], parts[-1]) for name, parts in split.items() if parts[-1] and parts[-2]}
        if len(pairs) < n_edges_of(_FEWEST_NODES):
            continue
        seconds = frozenset(second for _, second in pairs.values())
        found = _complete({name: (_bare(first, seconds), second) for name, (first, second) in pairs.items()})
        if found is not None and (best is None or len(found.nodes) > len(best.nodes)):
            best = found
    return best


def _bare(first: str, seconds: frozenset[str]) -> str:
    """Return the first node without what all columns begin with, where the rest is a second node elsewhere."""
    if first in seconds:
        return first
    return next((second for second in seconds if first.endswith(f"_{second}")), first)


def _complete(pairs: dict[str, tuple[str, str]]) -> Pairs | None:
    counts = Counter(node for pair in pairs.values() for node in set(pair))
    usual = max(counts.values(), default=0)
    nodes = tuple(node for node in sorted(counts, key=natural_key) if 2 * counts[node] > usual)
    place = {node: row for row, node in enumerate(nodes)}
    kept = {name: pair for name, pair in pairs.items() if pair[0] in place and pair[1] in place}
    edges = {name: (place[a], place[b]) for name, (a, b) in kept.items() if a != b}
    if len(nodes) < _FEWEST_NODES or len({frozenset(pair) for pair in edges.values()}) < n_edges_of(len(nodes)):
        return None
    return Pairs(nodes, edges, tuple(name for name, (a, b) in kept.items() if a == b))


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim a table whose header names every pair."""
    if len(family.members) > 1 or family.extension not in ("csv", "tsv", "txt"):
        return None
    entry = family.members[0].entry
    lines = entry.read(0, _HEAD).splitlines()[:4]
    try:
        header = read_text_table(b"\n".join(lines[:1]), entry.path).header if lines else []
    except InputError:
        return None
    found = pairs_in(header)
    if found is None:
        return None
    return Claim(family, f"a table with {plural(len(found.edges), 'pair')} of {len(found.nodes)} nodes", CERTAIN, found)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of the pairs, and a table of the other columns; the names decide, never their order.

    Raises
    ------
    InputError
        If the table cannot be read, or no column names the people.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    entry = claim.family.members[0].entry
    text = read_text_table(entry.read(), entry.path)
    table = piece_of(text, entry.path, {}, notes)
    pairs = pairs_in(table.columns)
    if pairs is None:
        raise InputError(f"{entry.path}: its columns do not name every pair")
    others = {name: cells for name, cells in table.columns.items() if name not in pairs.edges}
    person = person_column({name: cells for name, cells in others.items() if name not in pairs.within}, None, recipe)
    if person is None:
        raise InputError(f"{entry.path} has no column that names the people; it has: {', '.join(list(others)[:20])}")
    visit = visit_column(others, person, recipe)
    block, unequal = _block(table, pairs, entry.path)
    visits = others[visit] if visit else [""] * table.n_rows
    answers = recipe.file(claim.family.pattern)
    scans = tuple(
        Scan(answers.get("task", ""), one.strip(), session.strip())
        for one, session in zip(others[person], visits, strict=True)
    )
    sentences = [f"the columns name the pairs of {len(pairs.nodes)} nodes"]
    if unequal is not None:
        sentences.append(f"each pair is there in both directions ({'equal' if not unequal else 'the mean was taken'})")
    if pairs.within:
        sentences.append(f"{len(pairs.within)} values within a node are no edges; they are phenotypes")
    whole = np.zeros((min(len(block), 5), len(pairs.nodes), len(pairs.nodes)))
    first, second = np.triu_indices(len(pairs.nodes), k=1)
    whole[:, first, second] = whole[:, second, first] = block[:5]
    kind = kind_of(whole)
    if any("_ngd_" in name for name in pairs.edges) or re.search(r"fisher_?z", claim.family.pattern.lower()):
        kind = "z"  # of ABCD as its documentation has it: means over pairs of vertices of two networks
    elif pairs.within:
        kind = None  # means over networks may have any eigenvalues
    sentences.append(f"the values are {KINDS[kind]}")

    def load() -> Steps[Float32Array]:
        yield Progress(f"Reading {claim.family.pattern}")
        return block

    measure = measure_name(kind, claim.family.name, answers.get("measure"))
    piece = Connectivity(
        claim.family.pattern, measure, kind, len(pairs.nodes), scans, load, pairs.nodes, sentences=tuple(sentences)
    )
    return [piece, Table(table.source, others, table.facts, person, table.decimal_comma, table.sentences)]


def _block(table: Table, pairs: Pairs, name: str) -> tuple[Float32Array, bool | None]:
    """Return the edges, and whether the two directions of a pair differ (None: there is one only)."""
    n = len(pairs.nodes)
    totals = np.zeros((table.n_rows, n_edges_of(n)))
    counts = np.zeros(n_edges_of(n), dtype=np.intp)
    differ = False
    for column, (a, b) in pairs.edges.items():
        edge = edge_index(a, b, n)
        values = _numbers(table.columns[column], column, name)
        if counts[edge]:
            before = totals[:, edge] / counts[edge]
            differ |= not np.allclose(before, values, atol=1e-6, equal_nan=True)
        totals[:, edge] += values
        counts[edge] += 1
    edges = of_vectors(totals / counts, np.arange(totals.shape[1]))
    return edges, differ if counts.max() > 1 else None


def _numbers(cells: Sequence[str], column: str, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    try:
        return np.array([np.nan if cell.strip().lower() in MISSING else float(cell) for cell in cells])
    except ValueError as error:
        raise InputError(f"{name}, column {column}: {error}") from None
