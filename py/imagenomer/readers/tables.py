"""Tables: tab-separated text as BIDS writes it, with its data dictionary."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from imagenomer.errors import InputError
from imagenomer.readers.evidence.tables import records_of
from imagenomer.readers.notes import Notes

#: Codes of levels that have a label instead; and the longest label that is one.
_CODE, _LONGEST_LABEL = re.compile(r"-?[0-9]{1,6}"), 60


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a data dictionary says of a column; ``levels`` is None where it lists none.

    ``labels`` are what the codes of its levels mean; empty where the levels are no numbers, or their meanings not told.
    """

    description: str = ""
    units: str = ""
    levels: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Participants:
    """``participants.tsv``: one row a subject.

    Attributes
    ----------
    subjects : tuple of str
        In file order, each once.
    columns : dict of str to list of str
        The other columns' cells, parallel to ``subjects``.
    facts : dict of str to ColumnFacts
        From ``participants.json``, for the columns it describes.
    repeated : tuple of str
        Subjects with several rows, of which the first is kept.
    """

    subjects: tuple[str, ...]
    columns: dict[str, list[str]]
    facts: dict[str, ColumnFacts] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()


def read_table(data: bytes, name: str, notes: Notes) -> dict[str, list[str]]:
    """Return the cells of a tab-separated table by column.

    Parameters
    ----------
    data : bytes
        UTF-8, with a header line. A column without a name is called by its place.
    name : str
        Of the file, for messages.
    notes : Notes
        Cleans the cells.

    Raises
    ------
    InputError
        If it is not UTF-8 text, has no header, names a column twice, a quote is not closed, or a line has another
        number of cells.
    """
    records = records_of(read_text(data, name), "\t", name)
    if not records:
        raise InputError(f"{name} is empty; it needs a header line")
    (_, first), *lines = records
    header = column_names(first, name, notes)
    for number, line in lines:
        if len(line) != len(header):
            raise InputError(
                f"{name}, line {number}: {len(line)} cells where the header names {len(header)}; "
                "cells are separated by tabs, and a missing value is n/a"
            )
    return {
        column: [cell if cell.isprintable() else notes.clean(cell) for cell in cells]
        for column, *cells in zip(header, *(line for _, line in lines), strict=True)
    }


def column_names(header: Sequence[str], name: str, notes: Notes) -> list[str]:
    """Return the names of columns, by their place where they have none; `InputError` where two are the same."""
    names = [notes.clean(cell).strip() or f"column {place}" for place, cell in enumerate(header, start=1)]
    twice = sorted(column for column, n in Counter(names).items() if n > 1)
    if twice:
        raise InputError(f"{name} has several columns called {', '.join(twice)}; give each its own name")
    return names


def read_text(data: bytes, name: str) -> str:
    """Return UTF-8 text, with or without a byte order mark; raise `InputError` where it is something else."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start:,}); save it as UTF-8") from None


def write_table(columns: Mapping[str, Sequence[str]]) -> bytes:
    """Return columns of equal length as a tab-separated table."""
    lines = ["\t".join(map(_quoted, line)) for line in (columns, *zip(*columns.values(), strict=True))]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def _quoted(cell: str) -> str:
    # Not csv.writer: until Python 3.13 it wrote a carriage return without quotes.
    return '"{}"'.format(cell.replace('"', '""')) if re.search('["\t\r\n]', cell) else cell


def read_participants(
    table: bytes, dictionary: bytes | None, notes: Notes, name: str = "participants.tsv"
) -> Participants:
    """Read ``participants.tsv`` and, where there is one, ``participants.json``; ``notes`` cleans what they say.

    Raises
    ------
    InputError
        If the table cannot be read, has no column ``participant_id`` or no row, or the dictionary is not JSON.
    """
    columns = read_table(table, name, notes)
    if "participant_id" not in columns:
        raise InputError(f"{name} needs a column participant_id; it has: {', '.join(columns)}")
    facts = {} if dictionary is None else read_dictionary(dictionary, name.replace(".tsv", ".json"), notes)
    return participants_of(columns, "participant_id", name, facts)


def participants_of(
    columns: Mapping[str, list[str]], key: str, name: str, facts: dict[str, ColumnFacts]
) -> Participants:
    """Return the columns of a table, one of which names the subjects, with one row a subject.

    Parameters
    ----------
    columns : mapping of str to list of str
    key : str
        The column that names them.
    name : str
        Of the file, for messages.
    facts : dict of str to ColumnFacts
        What is said of the columns.

    Raises
    ------
    InputError
        If there is no row, or a row without a name.
    """
    subjects = [subject.strip() for subject in columns[key]]
    if not subjects:
        raise InputError(f"{name} has a header and no participants")
    if "" in subjects:
        raise InputError(f"{name}, line {subjects.index('') + 2}: the {key} is empty")
    first = {subject: row for row, subject in reversed(list(enumerate(subjects)))}
    rows = sorted(first.values())
    return Participants(
        tuple(subjects[row] for row in rows),
        {column: [cells[row] for row in rows] for column, cells in columns.items() if column != key},
        facts,
        tuple(sorted({subject for row, subject in enumerate(subjects) if first[subject] != row})),
    )


def read_json(data: bytes, name: str, notes: Notes) -> Any:
    """Return a JSON value, its texts cleaned by ``notes``; raise `InputError` where it is none."""
    try:
        return notes.clean_json(json.loads(data.decode("utf-8-sig")), name)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not JSON ({error})") from None


def read_dictionary(data: bytes, name: str, notes: Notes) -> dict[str, ColumnFacts]:
    """Return what a BIDS data dictionary says of columns; what it says otherwise is passed over."""
    content = read_json(data, name, notes)
    if not isinstance(content, dict):
        raise InputError(f"{name} should be a JSON object with one entry a column")
    facts = {}
    for column, entry in content.items():
        if isinstance(entry, dict):
            levels = entry.get("Levels")
            facts[column] = ColumnFacts(
                description=_text(entry.get("Description")),
                units=_text(entry.get("Units")),
                levels=tuple(map(str, levels)) if isinstance(levels, (dict, list)) else None,
                labels=labels_of(levels) if isinstance(levels, dict) else {},
            )
    return facts


def labels_of(levels: Mapping[str, Any]) -> dict[str, str]:
    """Return what numbers mean that stand for levels; empty where they are words, or a meaning is missing or long.

    Parameters
    ----------
    levels : mapping of str to str or mapping
        By code, as BIDS has them: a description, or an object with a ``Description``.
    """
    texts = {code: _text(one.get("Description") if isinstance(one, dict) else one) for code, one in levels.items()}
    labels = {code: " ".join(text.split()) for code, text in texts.items()}
    fit = all(_CODE.fullmatch(code) and 0 < len(label) <= _LONGEST_LABEL for code, label in labels.items())
    return labels if fit and len(set(labels.values())) == len(labels) else {}


def with_labels(
    columns: Mapping[str, list[str]], facts: Mapping[str, ColumnFacts]
) -> tuple[dict[str, list[str]], dict[str, ColumnFacts]]:
    """Return columns and facts with labels in place of codes, which may be written as 1 or 1.0."""
    cells, known = dict(columns), dict(facts)
    for name, one in facts.items():
        if not one.labels or name not in columns:
            continue
        cells[name] = [one.labels.get(_code_of(cell), cell) for cell in columns[name]]
        known[name] = replace(one, levels=tuple(one.labels.values()), labels={})
    return cells, known


def _code_of(cell: str) -> str:
    """Return a code without the fraction of zeros that statistics programs add."""
    head, point, tail = cell.strip().partition(".")
    return head if point and not tail.strip("0") else cell.strip()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
