"""Who is in the cohort, and what is known of them: demographics.pkl, participants.tsv, or a file of another program."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from imagenomer.cohort import Phenotype, natural_key
from imagenomer.errors import InputError
from imagenomer.names import spelled_out
from imagenomer.progress import Progress, Steps
from imagenomer.readers.columns import read_column
from imagenomer.readers.evidence.tables import plain_numbers, read_text_table
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.people_sheets import ID_COLUMNS, read_people
from imagenomer.readers.phenotypes import TableNotes
from imagenomer.readers.pickles import read_pickle
from imagenomer.readers.predecessor.folder import Folder, subject_name
from imagenomer.readers.table_files import ENDINGS
from imagenomer.readers.tables import (
    ColumnFacts,
    Participants,
    column_names,
    participants_of,
    read_dictionary,
    with_labels,
)


@dataclass(frozen=True, slots=True)
class Demographics:
    """Values by field and subject, and what a data dictionary says of the fields."""

    subjects: set[str]
    columns: dict[str, dict[str, Any]]
    facts: dict[str, ColumnFacts] = field(default_factory=dict)
    is_table: bool = False


def read_demographics(folder: Folder) -> Steps[Demographics | None]:
    """Return what the folder says of its subjects; None where it says nothing."""
    yield Progress("Reading demographics")
    listing, notes = folder.listing, folder.notes
    if "demographics.pkl" in listing:
        folder.used.add("demographics.pkl")
        columns = yield from _pickled(listing["demographics.pkl"], notes)
        return Demographics({subject for cells in columns.values() for subject in cells}, columns)
    if "participants.tsv" in listing:
        folder.used |= {"participants.tsv", "participants.json"}
        table = _read_participants(listing, notes)
        if table is not None:
            cells, facts = with_labels(table.columns, table.facts)
            return _of_table(replace(table, columns=cells, facts=facts), "participants.tsv", notes)
        notes.ignored("participants.tsv has a header and no rows")
    path = sheet_of_people(listing)
    if path is not None:
        folder.used.add(path)
        return _of_table(_read_sheet(path, listing[path], notes), path, notes)
    notes.warning(
        "No demographics.pkl, participants.tsv or participants.xlsx: the subjects are those of the file names, without "
        "phenotypes"
    )
    return None


def _read_participants(listing: Listing, notes: Notes) -> Participants | None:
    """Return participants.tsv, whatever separates its cells; None if it has a header alone."""
    name = "participants.tsv"
    table = read_text_table(listing[name].read(), name)
    header = column_names(table.header, name, notes)
    columns = {column: [row[place] for row in table.rows] for place, column in enumerate(header)}
    if "participant_id" not in columns:
        raise InputError(f"{name} needs a column participant_id; it has: {', '.join(table.header)}")
    if not table.rows:
        return None
    described = {name: ColumnFacts(description=notes.clean(text)) for name, text in table.descriptions.items()}
    beside = "participants.json"
    facts = read_dictionary(listing[beside].read(), beside, notes) if beside in listing else {}
    clean = {name: [notes.clean(cell) for cell in cells] for name, cells in columns.items()}
    return participants_of(clean, "participant_id", name, described | facts)


def sheet_of_people(listing: Listing) -> str | None:
    """Return the file of another program that says who takes part: participants.xlsx, demographics.dta, ..."""
    names = {path.lower(): path for path in listing}
    wanted = (f"{stem}{ending}" for stem in ("participants", "demographics") for ending in ENDINGS)
    return next((names[name] for name in wanted if name in names), None)


def _read_sheet(path: str, entry: Entry, notes: Notes) -> Participants:
    found = read_people(path, entry.read(), notes)
    if found is None:
        raise InputError(
            f"{path} needs a column {' or '.join(reversed(ID_COLUMNS))}, with the names of the scans' files"
        )
    columns, facts = found
    key = next(name for name in columns if name in ID_COLUMNS)
    notes.recognised(f"{path}: {count(len(columns[key]), 'row')}")
    return participants_of(columns, key, path, facts)


def _of_table(table: Participants, name: str, notes: Notes) -> Demographics:
    if table.repeated:
        notes.warning(f"Subjects with several rows in {name}; the first row is used", table.repeated)
    columns = {name: dict(zip(table.subjects, cells, strict=True)) for name, cells in table.columns.items()}
    return Demographics(set(table.subjects), columns, table.facts, is_table=True)


def _pickled(entry: Entry, notes: Notes) -> Steps[dict[str, dict[str, Any]]]:
    """Return the values in demographics.pkl by field and subject, all names and texts clean."""
    content = yield from read_pickle(entry.read(), entry.path)
    if not isinstance(content, dict) or not any(isinstance(values, dict) for values in content.values()):
        raise InputError(f"{entry.path} holds no subject; it should be a dict {{field: {{subject: value}}}}")
    columns: dict[str, dict[str, Any]] = {}
    spellings: dict[str, set[str]] = defaultdict(set)
    not_subjects: set[str] = set()
    for name, values in content.items():
        own = notes.clean(str(name)).strip()
        if not isinstance(values, dict):
            notes.ignored(f"{entry.path}: the field {own[:80]!r} is no dict of values by subject")
            continue
        if own in columns:
            raise InputError(
                f"{entry.path} has two fields called {own!r}, one of them spelled {spelled_out(str(name))!r}; give "
                "each its own name"
            )
        column = columns[own] = {}
        for key, value in values.items():
            subject = subject_name(key, notes)
            if subject is None:
                not_subjects.add(notes.clean(repr(key))[:80])
            else:
                spellings[subject].add(repr(key))
                column.setdefault(subject, notes.clean(value) if isinstance(value, str) else value)
    twice = [f"{subject}: {', '.join(sorted(keys))}" for subject, keys in spellings.items() if len(keys) > 1]
    if twice:
        notes.warning("Subjects that demographics.pkl spells in two ways; the first value is used", twice)
    if not_subjects:
        notes.ignored("Keys in demographics.pkl that are no subject", not_subjects)
    return columns


def phenotypes_of(demographics: Demographics, folder: Folder) -> dict[str, Phenotype]:
    """Return the fields as phenotypes; the log says what had to be decided."""
    remarks = TableNotes()
    phenotypes = {}
    for name, cells in demographics.columns.items():
        values: Sequence[Any] = [cells.get(subject) for subject in folder.position]
        done = ""
        if demographics.is_table:
            values, done = plain_numbers(["" if value is None else value for value in values])
            remarks.say_plain(name, done)
        known = demographics.facts.get(name, ColumnFacts())
        phenotype = read_column(
            name,
            values,
            remarks.columns,
            is_table=demographics.is_table,
            levels=known.levels,
            description=known.description,
            units=known.units or ("%" if done == "percent" else ""),
        )
        if phenotype is not None:
            phenotypes[name] = phenotype
    folder.notes.recognised(
        f"{count(len(folder.position), 'subject')} with demographics, {count(len(phenotypes), 'phenotype')}",
        phenotypes,
    )
    remarks.say(folder.notes)
    return phenotypes


def say_look_alikes(names: Iterable[str], notes: Notes) -> None:
    """Report names that may mean one person: "7", "07" and "sub-07"."""
    alike: dict[str, set[str]] = defaultdict(set)
    for subject in names:
        alike[re.sub(r"^sub-", "", subject.lower()).lstrip("0")].add(subject)
    pairs = [", ".join(sorted(names, key=natural_key)) for names in alike.values() if len(names) > 1]
    if pairs:
        notes.warning("Names that may mean the same subject; they are kept apart, rename them to join them", pairs)
