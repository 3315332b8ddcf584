"""REDCap: an export of records (raw codes, as CSV) and the data dictionary that says what its columns are."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Piece, Table
from imagenomer.readers.evidence.tables import read_text_table
from imagenomer.readers.families import Family
from imagenomer.readers.formats.text_tables import piece_of
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.tables import ColumnFacts, labels_of

ACCEPTS = "a REDCap export with its data dictionary (.csv)"

#: Columns of a data dictionary.
_FIELD, _TYPE, _LABEL = "Variable / Field Name", "Field Type", "Field Label"
_CHOICES, _FORM = "Choices, Calculations, OR Slider Labels", "Form Name"
#: Columns that REDCap adds to records.
_ADDED = {
    "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group",
    "redcap_survey_identifier",
}  # fmt: skip
_EVENT = "redcap_event_name"
_REPEATED = ("redcap_repeat_instrument", "redcap_repeat_instance")
_COMPLETE = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_YES_NO = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_CHECKED = {"0": "Unchecked", "1": "Checked"}
_HEAD = 65_536


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim a dictionary by its header, and records by the columns that REDCap adds, or the fields of a dictionary."""
    if len(family.members) > 1 or family.extension != "csv":
        return None
    header = _header(family.members[0].entry)
    if {_FIELD, _TYPE} <= header:
        return Claim(family, "a data dictionary of REDCap", CERTAIN, "dictionary")
    added = header & _ADDED
    # A check box has a column for each of its choices.
    boxes = any(re.fullmatch(r".+___\w+", name) for name in header)
    if len(added) > 1 or ((added or boxes) and _dictionary(look.listing, None, Notes()) is not None):
        return Claim(family, "records of REDCap", CERTAIN, "records")
    return None


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a table of records: codes become labels, and rows of repeated instruments are left out.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    if claim.details == "dictionary":
        return []
    entry = claim.family.members[0].entry
    text = read_text_table(entry.read(), entry.path)
    facts = _dictionary(listing, text.header, notes) or {}
    table = piece_of(text, entry.path, facts, notes)
    return [_without_repeats(dataclasses.replace(table, person=next(iter(table.columns), None)), notes)]


def _without_repeats(table: Table, notes: Notes) -> Table:
    """Leave out rows of instruments that repeat within a visit: they hold nothing else of it."""
    repeats = table.columns.get(_REPEATED[0], [""] * table.n_rows)
    kept = [row for row, cell in enumerate(repeats) if not cell.strip()]
    if len(kept) < table.n_rows:
        notes.ignored(
            f"{table.source}: {count(table.n_rows - len(kept), 'row')} of repeated instruments were left out",
            sorted({cell for cell in repeats if cell.strip()}),
        )
    columns = {name: [cells[row] for row in kept] for name, cells in table.columns.items() if name not in _REPEATED}
    return _once(dataclasses.replace(table, columns=columns))


def _once(table: Table) -> Table:
    """Return a table in which a column that is asked at one event only has its value at the others, too."""
    people = table.columns.get(table.person or "", [])
    events = table.columns.get(_EVENT)
    if events is None or len(set(people)) == len(people):
        return table
    columns, facts = dict(table.columns), dict(table.facts)
    for name, cells in table.columns.items():
        asked = {event for event, cell in zip(events, cells, strict=True) if cell.strip()}
        if name in (_EVENT, table.person) or len(asked) != 1 or len(set(events)) == 1:
            continue
        answer = {person: cell for person, cell in zip(people, cells, strict=True) if cell.strip()}
        columns[name] = [answer.get(person, "") for person in people]
        known = facts.get(name, ColumnFacts())
        description = f"{known.description} (at {asked.pop()})".strip()
        facts[name] = dataclasses.replace(known, description=description)
    return dataclasses.replace(table, columns=columns, facts=facts)


def _header(entry: Entry) -> set[str]:
    try:
        first = entry.read(0, _HEAD).splitlines()[:1]
        return set(read_text_table(first[0], entry.path).header) if first else set()
    except InputError:
        return set()


def _dictionary(listing: Listing, header: Iterable[str] | None, notes: Notes) -> dict[str, ColumnFacts] | None:
    """Return what the first dictionary among the files says of columns; None where there is none."""
    for path, entry in listing.entries.items():
        if path.lower().endswith(".csv") and {_FIELD, _TYPE} <= _header(entry):
            if header is None:
                return {}
            table = read_text_table(entry.read(), path)
            rows = [dict(zip(table.header, map(notes.clean, row), strict=True)) for row in table.rows]
            return _facts(rows, list(header))
    return None


def _facts(rows: Iterable[Mapping[str, str]], header: list[str]) -> dict[str, ColumnFacts]:
    facts: dict[str, ColumnFacts] = {}
    for row in rows:
        name, kind, text = (row.get(column, "").strip() for column in (_FIELD, _TYPE, _LABEL))
        text = re.sub(r"<[^>]*>", "", text)
        choices = _choices(row.get(_CHOICES, ""))
        if kind == "checkbox":
            # Of a code "-1" the column is x____1.
            for code, label in choices.items():
                facts[f"{name}___{code.lower().replace('-', '_')}"] = _labelled(f"{text}: {label}", _CHECKED)
        else:
            known = _YES_NO.get(kind, choices if kind in ("radio", "dropdown") else {})
            facts[name] = _labelled(text, known)
        facts.setdefault(f"{row.get(_FORM, '').strip()}_complete", _labelled("", _COMPLETE))
    return {name: one for name, one in facts.items() if name in header}


def _labelled(description: str, labels: Mapping[str, str]) -> ColumnFacts:
    return ColumnFacts(description, levels=tuple(labels) or None, labels=labels_of(labels))


def _choices(text: str) -> dict[str, str]:
    """Return the choices of a field: "1, Male | 2, Female"."""
    pairs = (choice.partition(",") for choice in text.split("|"))
    return {code.strip(): label.strip() for code, comma, label in pairs if comma and code.strip()}
