"""Assemble: pieces of many formats to one cohort. Nothing else of the door knows what a cohort is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from imagenomer.cohort import (
    Cohort,
    Correction,
    Measure,
    Phenotype,
    Scan,
    corrected,
    natural_key,
    with_columns,
)
from imagenomer.edges import n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.readers import plink
from imagenomer.readers.assembly import Assembly
from imagenomer.readers.checks import check_measures
from imagenomer.readers.claims import ScanQuality
from imagenomer.readers.evidence.ids import match_ids
from imagenomer.readers.fam_phenotypes import sex_beside
from imagenomer.readers.gaps import settled_gaps
from imagenomer.readers.joins import (
    PersonTable,
    first_rows,
    join_scans,
    join_tables,
    people_alternatives,
    person_tables,
    with_names,
)
from imagenomer.readers.listing import Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.parcels import chosen_parcels
from imagenomer.readers.phenotypes import TableNotes, table_column
from imagenomer.readers.recipe import Question, Recipe
from imagenomer.readers.scan_columns import phenotypes_of_scans
from imagenomer.readers.scans import scan_key
from imagenomer.readers.tables import ColumnFacts
from imagenomer.readers.understanding import Pieces, raise_problems
from imagenomer.readers.understood import understood
from imagenomer.readers.versions import chosen_versions
from imagenomer.readers.visits import cells_of_visits, varies


def assemble(listing: Listing, pieces: Pieces, recipe: Recipe, notes: Notes) -> Steps[Cohort]:
    """Make a cohort of pieces.

    Raises
    ------
    InputError
        If nobody is in it.
    Question
        If what is asked must be known before there is any cohort.
    """
    own = Assembly(listing, pieces, recipe, notes)
    _choose(own)
    _join_people(own)
    phenotypes = _phenotypes(own)
    measures = yield from _measures(own)
    own.parcels = chosen_parcels(own, measures)
    parcellation = None if own.parcels is None else own.parcels.parcellation
    variant_sets, sexes, _ = yield from plink.join(listing, tuple(own.position), notes)
    sex = sex_beside(phenotypes.values(), sexes)
    if sex is not None:
        phenotypes = {**phenotypes, sex.name: sex}
    check_measures(own.scans, measures, parcellation, notes)
    own.gaps = settled_gaps(measures, recipe.edges, notes)
    _say_rest(own)
    cohort = Cohort(
        name=listing.name,
        subjects=tuple(own.position),
        phenotypes=phenotypes,
        columns=own.columns,
        scans=tuple(own.scans),
        measures=measures,
        parcellation=parcellation,
        variant_sets=variant_sets,
        set_aside=tuple(sorted(own.set_aside, key=lambda scan: scan_key(scan, own.position))),
        log=notes.log(),
        recipe=recipe.json,
        understood=understood(own, tuple(variant_sets)),
    )
    return with_columns(
        cohort,
        {name: one for name, one in recipe.corrections.items() if name not in own.averaged and name in phenotypes},
    )


# --- what is used, and whose it is ----------------------------------------------------------------


def _choose(own: Assembly) -> None:
    """Find the tables of people and the versions of connectivity that are used."""
    found = own.pieces.connectivity
    names = [scan.subject for piece in found if piece.named and not piece.by_place for scan in piece.scans]
    own.tables = person_tables(own.pieces.tables, names, own.recipe, own.notes)
    named = []
    for piece in found:
        try:
            names = list(with_names(piece, own.tables, own.recipe))
        except Question as question:
            own.pieces.problems.append(question)
            continue
        scans = tuple(replace(scan, subject=name) for scan, name in zip(piece.scans, names, strict=True))
        named.append(replace(piece, scans=scans, by_place=piece.by_place and scans == piece.scans))
        own.versions.setdefault(piece.measure, []).append(named[-1])
    own.chosen = chosen_versions(named, own.recipe, own.notes)
    problems = own.pieces.problems
    asked = any(isinstance(problem, Question) for problem in problems)
    if (asked and not own.chosen) or (problems and not own.tables and not own.chosen):
        raise_problems(problems)
    unreadable = [problem for problem in problems if not isinstance(problem, Question)]
    if unreadable and not own.tables:
        raise_problems(unreadable)
    if problems:
        own.notes.warning("Files that could not be used were left out", [str(problem) for problem in problems])


def _join_people(own: Assembly) -> None:
    """Decide who is in the cohort, and which scans are theirs."""
    found = dict.fromkeys(scan for piece in own.used for scan in piece.scans)
    names = list(dict.fromkeys(scan.subject for scan in found))
    if own.tables and names:
        placed = next((piece for piece in own.used if piece.by_place), None)
        in_order = () if placed is None else people_alternatives(placed, own.tables, None)
        own.match = join_scans(
            names, own.tables[0], own.recipe, own.notes, by_place=placed is not None, in_order=in_order
        )
        own.persons = own.match.pairs
    else:
        own.persons = {name: name for name in (names or (own.tables[0].distinct if own.tables else []))}
    subjects = own.tables[0].distinct if own.tables else names
    if not subjects:
        raise InputError(f"{own.listing.name} holds no subject")
    if not own.tables:
        own.notes.warning("No table of people: the subjects are those of the scans, without phenotypes")
    own.position = {name: row for row, name in enumerate(sorted(subjects, key=natural_key))}
    known = [replace(scan, subject=own.persons[scan.subject]) for scan in found if scan.subject in own.persons]
    own.scans = sorted(set(known), key=lambda scan: scan_key(scan, own.position))
    own.set_aside = [scan for scan in found if scan.subject not in own.persons]
    if own.set_aside:
        who = {scan.subject for scan in own.set_aside}
        own.notes.ignored(
            f"{count(len(own.set_aside), 'scan')} excluded, because the subject is not in {own.tables[0].table.source}",
            who,
        )
    if own.scans:
        with_scans = {scan.subject for scan in own.scans}
        lacking = [name for name in own.position if name not in with_scans]
        if lacking:
            own.notes.warning(f"{count(len(lacking), 'subject')} without a scan", lacking)


# --- what is known of them ------------------------------------------------------------------------


def _phenotypes(own: Assembly) -> dict[str, Phenotype]:
    """Return the columns of all tables, and of what is known of scans, as phenotypes."""
    remarks = TableNotes()
    phenotypes: dict[str, Phenotype] = {}
    columns = {name for table in own.pieces.tables for name in table.columns}
    for place, one in enumerate(own.tables):
        if place == 0:
            people = {name: name for name in one.distinct}
        else:
            match = join_tables(own.tables[0], one, own.recipe)
            people = match.pairs
            if not people:
                why = match.shift or f"nobody in it is in {own.tables[0].table.source}"
                own.notes.warning(f"{one.table.source} was left out: {why}")
                own.left_out[one.table.source] = why
                continue
            strangers = [name for name in one.distinct if name not in people]
            if strangers:
                own.notes.ignored(
                    f"People of {one.table.source} who are not in {own.tables[0].table.source}", strangers
                )
            if match.rule != "as written":
                own.notes.recognised(f"{one.table.source} and {own.tables[0].table.source}: {match.words}")
        found = _of_table(one, people, own, phenotypes, remarks)
        own.columns_of[one.table.source] = tuple(found)
        phenotypes |= found
    for quality in sorted(own.pieces.quality, key=lambda piece: (len(piece.columns) < 3, natural_key(piece.source))):
        found = _of_quality(quality, own, phenotypes)
        own.columns_of[quality.source] = tuple(found)
        phenotypes |= found
    columns |= set(phenotypes)
    if own.pieces.ignored:
        # An answer about a column stays, and is of use again when the files that have it are.
        idle = [name for name in own.recipe.columns if name not in columns]
        if idle:
            own.notes.ignored("Answers of the recipe are about columns of no table that is used", idle)
    else:
        own.recipe.check_columns(columns)
    remarks.say(own.notes)
    own.doubts = remarks.doubts
    return phenotypes


def _of_table(
    one: PersonTable, people: Mapping[str, str], own: Assembly, taken: Collection[str], remarks: TableNotes
) -> dict[str, Phenotype]:
    """Return the columns of a table: what varies between the visits of a person is averaged, and told of each visit."""
    table, found = one.table, {}
    rows = first_rows(one.people, people)
    repeated = [name for name, n in Counter(one.people).items() if n > 1 and name in people]
    repeated.sort(key=natural_key)
    if repeated and (one.visit is None or "visit" in own.recipe.people):
        own.repeated[table.source] = repeated
    varying = [name for name in table.columns if one.visit and name != one.visit and varies(one, table.columns[name])]
    if repeated and one.visit is None:
        own.notes.warning(f"Subjects with several rows in {table.source}; the first row is used", repeated)
    twice = []
    for name, cells in table.columns.items():
        if name in (one.person, one.visit) or name in varying:
            continue
        if name in taken:
            twice.append(name)
            continue
        values = [cells[rows[person]] if person in rows else "" for person in own.position]
        facts = table.facts.get(name, ColumnFacts())
        column = table_column(name, values, facts, own.recipe, remarks, decimal_comma=table.decimal_comma)
        phenotype = None if column is None else corrected(column, Correction())
        if column is not None and phenotype is not None:
            found[name] = phenotype
            if column.codes:
                own.columns[name] = column
    if twice:
        own.notes.ignored(f"Columns of {table.source} that another table has already", twice)
    if varying and one.visit is not None:
        own.averaged |= set(varying)
        scans, noted = cells_of_visits(one, people, varying, own.recipe, remarks)
        made = phenotypes_of_scans(
            noted.columns, noted.facts, scans, tuple(own.position), {*taken, *found}, own.notes, table.source
        )
        found |= {name: replace(each, role=noted.role_of(name)) for name, each in made.items()}
    described = f"{count(table.n_rows, 'row')}, its column {one.person} names the people"
    own.notes.recognised(
        f"{table.source}: {described}; {count(len(found), 'phenotype')}"
        + "".join(f"; {text}" for text in table.sentences),
        found,
    )
    return found


def _of_quality(quality: ScanQuality, own: Assembly, taken: Collection[str]) -> dict[str, Phenotype]:
    """Return columns about scans as phenotypes of their people; of scans that are not used none."""
    subjects = [scan.subject for scan in quality.scans]
    people = {**match_ids(subjects, list(own.position)).pairs, **own.persons}
    scans = [replace(scan, subject=people.get(scan.subject, "")) for scan in quality.scans]
    used = set(own.scans)
    rows = [row for row, scan in enumerate(scans) if scan.subject in own.position and (not used or scan in used)]
    if not rows:
        own.notes.ignored(f"{quality.source}: of no scan that is used")
        return {}
    columns = {name: [cells[row] for row in rows] for name, cells in quality.columns.items()}
    chosen = [scans[row] for row in rows]
    return phenotypes_of_scans(columns, {}, chosen, tuple(own.position), taken, own.notes, quality.source)


# --- connectivity ---------------------------------------------------------------------------------


def _measures(own: Assembly) -> Steps[dict[str, Measure]]:
    """Read the measures; scans without any finite value are set aside."""
    row_of = {scan: row for row, scan in enumerate(own.scans)}
    measures = {}
    for name, pieces in own.chosen.items():
        values = np.full((len(own.scans), n_edges_of(pieces[0].n_parcels)), np.nan, dtype=np.float32)
        filled: set[Scan] = set()
        for piece in pieces:
            block = yield from piece.load()
            repeated = []
            for source, scan in enumerate(piece.scans):
                person = own.persons.get(scan.subject)
                if person is None:
                    continue
                scan = replace(scan, subject=person)
                if scan in filled:
                    repeated.append(scan.title)
                    continue
                filled.add(scan)
                values[row_of[scan]] = block[source]
            if repeated:
                own.notes.warning(f"{piece.source} has several rows of these scans; the first is used", repeated)
            own.notes.recognised(
                f"{name}: {count(len(piece.scans), 'scan')} of {piece.n_parcels} parcels from {piece.source}",
                piece.sentences,
            )
        measures[name] = Measure(name, values, np.asarray(np.isfinite(values).any(axis=1)))
    if not measures:
        return {}
    usable = np.asarray(np.stack([measure.present for measure in measures.values()]).any(axis=0))
    if not usable.all():
        empty = [scan for scan, use in zip(own.scans, usable, strict=True) if not use]
        own.notes.warning("Scans without any value were excluded", [scan.title for scan in empty])
        own.set_aside += empty
        own.scans = [scan for scan, use in zip(own.scans, usable, strict=True) if use]
        measures = {
            name: Measure(name, one.values[usable], one.present[usable])
            for name, one in measures.items()
            if one.present.any()
        }
    if not own.scans:
        raise InputError(f"none of the scans in {own.used[0].source} holds a number")
    return measures


# --- what is said ---------------------------------------------------------------------------------


def _say_rest(own: Assembly) -> None:
    answers = own.recipe.json
    if answers:
        said = [json.dumps({part: answer}, ensure_ascii=False) for part, answer in answers.items()]
        own.notes.recognised("The files were read with a recipe", said)
    if own.pieces.ignored:
        own.notes.ignored("Files were left out, as the recipe says", own.pieces.ignored)
    if own.pieces.unread:
        own.notes.ignored(
            "Files that are known and not used", [f"{one.source}: {one.why}" for one in own.pieces.unread]
        )
    if own.pieces.unknown:
        own.notes.ignored(f"{count(len(own.pieces.unknown), 'file')} not recognised and not read", own.pieces.unknown)
