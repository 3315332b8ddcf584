"""Tables beside PLINK's files that name people as PLINK does: a header with IID, or FID and IID.

They are text, or files of other programs (`imagenomer.readers.table_files`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.genotypes import lines_of
from imagenomer.readers.columns import ColumnNotes, read_column
from imagenomer.readers.fam_phenotypes import without_fraction
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.people_sheets import ID_COLUMNS, read_people
from imagenomer.readers.table_files import is_table_file
from imagenomer.readers.tables import ColumnFacts, column_names, read_text

_TABLES = (".tsv", ".csv", ".txt", ".pheno", ".phen", ".cov", ".covar")
_LARGEST_TABLE = 50_000_000
#: Bytes in which the first line of a table, which names its columns, must end.
_LONGEST_HEADER = 1_000_000


def read_tables_of_people(
    listing: Listing, position: Mapping[str, int], known: Mapping[str, str], used: set[str], notes: Notes
) -> dict[str, Phenotype]:
    """Return the columns of all tables that have a header with IID (or participant_id), joined to the people.

    Parameters
    ----------
    listing : Listing
    position : mapping
        Each subject's place in the cohort.
    known : mapping
        The subject that a name in a table means: an IID, or FID_IID.
    used : set of str
        Paths that are read already; those of the tables are added.
    notes : Notes
    """
    phenotypes: dict[str, Phenotype] = {}
    remarks = ColumnNotes()
    two_levels: list[str] = []
    for path, entry in listing.entries.items():
        stored = is_table_file(path)
        if not (stored or path.lower().endswith(_TABLES)) or path in used or entry.size > _LARGEST_TABLE:
            continue
        found = read_people(path, entry.read(), notes) if stored else _cells(entry, notes)
        if found is None:
            continue
        columns, facts = found
        used.add(path)
        rows = _rows_of_people(columns, known, path, notes)
        if not rows:
            continue
        for name, values in columns.items():
            if name in phenotypes:
                notes.ignored(f"{path}: its column {name} is in another table already")
                continue
            texts = (values[rows[subject]] if subject in rows else None for subject in position)
            own_values = [None if text is None or without_fraction(text) == "-9" else text for text in texts]
            known_facts = facts.get(name, ColumnFacts())
            column = read_column(
                name,
                own_values,
                remarks,
                is_table=True,
                levels=known_facts.levels,
                description=known_facts.description,
            )
            if column is not None:
                phenotypes[name] = _of_two_levels(column)
                if phenotypes[name] is not column:
                    two_levels.append(f"{name} ({', '.join(phenotypes[name].levels)})")
        notes.recognised(f"{path}: {count(len(columns), 'phenotype')} of {count(len(rows), 'individual')}", columns)
    remarks.say(notes)
    if two_levels:
        notes.recognised(
            "Columns of 1 and 2 beside PLINK files were read as two levels, as PLINK has it (1 control, 2 case; of sex "
            "1 male, 2 female)",
            two_levels,
        )
    return phenotypes


def _of_two_levels(column: Phenotype) -> Phenotype:
    """Return a column of 1 and 2 as the two levels that it codes for PLINK; any other as it is."""
    known = ~column.missing
    if column.levels or not np.array_equal(np.unique(column.values[known]), [1, 2]):
        return column
    levels = ("M", "F") if column.name.lower() in ("sex", "gender") else ("1", "2")
    codes = np.where(known, np.nan_to_num(column.values) - 1, -1).astype(np.intp)
    return replace(column, values=codes, levels=levels)


def _rows_of_people(columns: dict[str, list[str]], known: Mapping[str, str], path: str, notes: Notes) -> dict[str, int]:
    """Take the columns that name people out of a table, and return the row of each; of several rows the first."""
    individuals = columns.pop("IID") if "IID" in columns else columns.pop("participant_id")
    families = columns.pop("FID", individuals)
    rows: dict[str, int] = {}
    strangers: list[str] = []
    for row, (family, individual) in enumerate(zip(families, individuals, strict=True)):
        person = known.get(individual) or known.get(f"{family}_{individual}")
        if person is None:
            strangers.append(individual)
        else:
            rows.setdefault(person, row)
    if not individuals:
        notes.ignored(f"{path} has a header and no rows")
    elif not rows:
        notes.warning(f"{path} was left out: none of its individuals is in a .fam file")
    elif strangers:
        notes.ignored(f"Individuals of {path} who are in no .fam file", strangers)
    return rows


def names_people(entry: Entry) -> bool:
    """Whether a text has a header that names people as PLINK does."""
    return bool({*ID_COLUMNS} & {*_header(entry, Notes())[0]})


def _header(entry: Entry, notes: Notes) -> tuple[list[str], str | None]:
    """Return the cells of the first line, and what separates them (None: blanks)."""
    first = re.split(b"[\r\n]", entry.read(0, _LONGEST_HEADER), maxsplit=1)[0]
    text = first.decode("utf-8", "replace").lstrip("\ufeff")
    separator = "\t" if "\t" in text else "," if "," in text else None
    return _split(text.lstrip("#"), separator, notes), separator


def _cells(entry: Entry, notes: Notes) -> tuple[dict[str, list[str]], dict[str, ColumnFacts]] | None:
    """Return the columns of a text with a header that names people as PLINK does; None for any other file."""
    names, separator = _header(entry, notes)
    if not {*ID_COLUMNS} & {*names}:
        return None
    lines = [line for line in lines_of(read_text(entry.read(), entry.path)) if line.strip()]
    header, *cells = [_split(line, separator, notes) for line in lines]
    header[0] = header[0].lstrip("#")
    for number, line in enumerate(cells, start=2):
        if len(line) != len(header):
            raise InputError(f"{entry.path}, line {number}: {len(line)} cells where the header names {len(header)}")
    names = column_names(header, entry.path, notes)
    return {name: list(column) for name, *column in zip(names, *cells, strict=True)}, {}


def _split(line: str, separator: str | None, notes: Notes) -> list[str]:
    return [notes.clean(cell.strip().strip('"')) for cell in line.split(separator)]
