"""Parcels: what the rows of the matrices are, of all that the files and the program's atlases say; and what else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from imagenomer.cohort import Alternative, Measure
from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.parcellation import (
    PLAIN,
    Parcellation,
    atlas_of_labels,
    atlases_of_size,
    guess_atlas,
    load_atlas,
    plain_parcellation,
)
from imagenomer.readers.assembly import Assembly, ParcelChoice
from imagenomer.readers.atlas import TABLE, find_parcellation
from imagenomer.readers.claims import Connectivity, Parcels
from imagenomer.readers.notes import Notes
from imagenomer.readers.parcel_tables import ParcelTable, parcellation_of_table, together

#: ``parcels`` of a recipe: as the files of the scans name them.
FILES = "files"


def chosen_parcels(own: Assembly, measures: Mapping[str, Measure]) -> ParcelChoice | None:
    """Return the parcels: as answered; of ``atlas.tsv``; of a table of parcels; of names in the files; of an atlas.

    Raises
    ------
    InputError
        If the answer names no table or atlas of as many parcels.
    """
    measure = next(iter(measures.values()), None)
    if measure is None:
        return None
    n_parcels = n_parcels_of(measure.values.shape[1])
    named = next((piece for piece in own.used if piece.labels), None)
    tables = _fitting(own, n_parcels)
    answer = own.recipe.parcels
    if answer:
        found = _answered(answer, own, named, tables, n_parcels, measures)
        return ParcelChoice(found, True, _ways(answer, own, named, tables, n_parcels))
    if TABLE in own.listing:
        return ParcelChoice(_guessed(own, measures), True, _ways(TABLE, own, named, tables, n_parcels))
    if tables:
        labels = () if named is None else own.notes.clean_all(named.labels)
        source, table = tables[0]
        same_names = {*table.labels} == {*labels}
        if not labels or same_names or not table.labels:
            found = _of_table(source, table, labels, own.notes)
            return ParcelChoice(found, True, _ways(source, own, named, tables, n_parcels))
        own.notes.warning(f"{source} names other parcels than {named.source if named else ''}, and was not used")
    if named is not None:
        found = _as_named(named, own.notes)
        return ParcelChoice(found, not tables, _ways(FILES, own, named, tables, n_parcels))
    found = _guessed(own, measures)
    certain = bool(found.atlas) and guess_atlas(n_parcels) == found.atlas
    return ParcelChoice(found, certain, _ways(found.atlas or PLAIN, own, named, tables, n_parcels))


def table_beside(tables: Sequence[tuple[str, ParcelTable]], n_parcels: int, notes: Notes) -> Parcellation | None:
    """Return the parcels of the tables beside a folder's scans that have as many; None where there are none."""
    fitting = [(source, table) for source, table in tables if table.n_parcels == n_parcels]
    if not fitting:
        return None
    return _of_table(fitting[0][0], together([table for _, table in fitting]), (), notes)


def _fitting(own: Assembly, n_parcels: int) -> list[tuple[str, ParcelTable]]:
    """Return the tables of as many parcels, what has most parts first, completed by others; the rest is said."""
    pieces = [piece for piece in own.pieces.parcels if piece.table.n_parcels == n_parcels]
    others = [piece for piece in own.pieces.parcels if piece.table.n_parcels != n_parcels]
    if others:
        own.notes.ignored(
            f"Tables of other parcels than the {n_parcels} of the scans",
            [f"{piece.source}: {piece.table.words}" for piece in others],
        )
    pieces.sort(key=_n_parts, reverse=True)
    return [
        (piece.source, together([piece.table, *(one.table for one in pieces if one is not piece)])) for piece in pieces
    ]


def _n_parts(piece: Parcels) -> int:
    table = piece.table
    return sum((bool(table.labels), table.coordinates is not None, bool(table.networks)))


def _answered(
    answer: str,
    own: Assembly,
    named: Connectivity | None,
    tables: Sequence[tuple[str, ParcelTable]],
    n_parcels: int,
    measures: Mapping[str, Measure],
) -> Parcellation:
    if answer == PLAIN:
        return plain_parcellation(n_parcels)
    if answer == FILES and named is not None:
        return _as_named(named, own.notes)
    if answer == TABLE and TABLE in own.listing:
        return _guessed(own, measures)
    for source, table in tables:
        if source == answer:
            labels = () if named is None else own.notes.clean_all(named.labels)
            return _of_table(source, table, labels if {*table.labels} == {*labels} else (), own.notes)
    if answer in atlases_of_size(n_parcels):
        return load_atlas(answer)
    there_are = [one.recipe["parcels"] for one in _ways(answer, own, named, tables, n_parcels)]
    raise InputError(
        f"the recipe takes the {n_parcels} parcels for {answer!r}; there are: {', '.join(map(str, there_are))}"
    )


def _guessed(own: Assembly, measures: Mapping[str, Measure]) -> Parcellation:
    found = find_parcellation(own.listing, measures, own.notes)
    assert found is not None  # there are measures
    return found


def _ways(
    chosen: str, own: Assembly, named: Connectivity | None, tables: Sequence[tuple[str, ParcelTable]], n_parcels: int
) -> tuple[Alternative, ...]:
    """Return what the parcels may be, by what a recipe calls it."""
    ways = {TABLE: f"As {TABLE} names them"} if TABLE in own.listing else {}
    ways |= {source: f"As {source} has them ({table.words})" for source, table in tables}
    if named is not None:
        ways[FILES] = f"As {named.source} names them"
    ways |= {name: load_atlas(name).name for name in atlases_of_size(n_parcels)}
    ways[PLAIN] = "Plain numbers"
    return tuple(Alternative(meaning, {"parcels": name}, name == chosen) for name, meaning in ways.items())


def _of_table(source: str, table: ParcelTable, order: Sequence[str], notes: Notes) -> Parcellation:
    if order and not table.labels:
        table = replace(table, labels=tuple(order))
    found = parcellation_of_table(table, source, order if order and {*order} == {*table.labels} else ())
    what = f"{found.name}, with its coordinates and networks" if found.atlas else table.words
    notes.recognised(f"Parcels as {source} has them: {what}", [table.doubt] if table.doubt else ())
    return found


def _as_named(named: Connectivity, notes: Notes) -> Parcellation:
    labels = notes.clean_all(named.labels)
    known = atlas_of_labels(labels)
    if known is not None:
        notes.recognised(f"Parcels as {named.source} names them: {known.name}, with its coordinates and networks")
        return known
    notes.recognised(f"Parcels as {named.source} names them")
    plain = plain_parcellation(len(labels))
    return replace(
        plain, labels=labels, coordinates=plain.coordinates if named.coordinates is None else named.coordinates
    )
