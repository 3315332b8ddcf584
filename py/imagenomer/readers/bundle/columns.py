"""Columns of a bundle: as they were read and as the user corrected them, so that a correction can be changed later.

participants.tsv has the corrected columns, as_read.tsv those that were corrected as they were before, and bundle.json
what was said of them. Whoever writes a bundle by hand can correct columns of participants.tsv in bundle.json alone::

    "columns": {"corrections": {"DX": {"labels": {"0": "control", "1": "patient"}}, "FID": {"role": "family"}}}
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from imagenomer.cohort import (
    Cohort,
    Correction,
    Phenotype,
    ReadColumn,
    columns_of,
    read_corrections,
    with_columns,
)
from imagenomer.cohort.corrections import is_code_value
from imagenomer.errors import InputError
from imagenomer.readers.bundle.manifest import Manifest
from imagenomer.readers.columns import ColumnNotes, read_column
from imagenomer.readers.evidence.missing import missing_codes
from imagenomer.readers.listing import Listing
from imagenomer.readers.notes import Notes
from imagenomer.readers.tables import ColumnFacts, Participants, read_json, read_participants

#: The name of the table of columns before they were corrected.
AS_READ = "as_read"


def columns_as_read(cohort: Cohort) -> list[Phenotype]:
    """Return the columns that are not what was read, as they were read."""
    return [
        column.phenotype
        for name, column in columns_of(cohort).items()
        if name in cohort.corrections or column.codes or name not in cohort.phenotypes
    ]


def columns_entry(cohort: Cohort) -> dict[str, Any]:
    """Return what bundle.json says of columns; {} where there is nothing to say."""
    columns = columns_of(cohort)
    roles = {name: Correction(role=one.role) for name, one in cohort.phenotypes.items() if one.role}
    said = {name: one.json() for name, one in {**roles, **cohort.corrections}.items()}
    # Where whoever opens it would find codes, it says that there are none.
    codes = {name: list(column.codes) for name, column in columns.items() if column.codes or _seems_coded(column)}
    return {"columns": {"order": list(columns), "corrections": said, "codes": codes}} if said or codes else {}


def decided_columns(listing: Listing, notes: Notes) -> set[str]:
    """Return the columns whose codes for missing values the bundle itself tells."""
    content = read_json(listing["bundle.json"].read(), "bundle.json", notes).get("columns") or {}
    said = {name for name, one in content.get("corrections", {}).items() if {"missing", "labels", "order"} & one.keys()}
    return {*content.get("codes", {}), *said}


def _seems_coded(column: ReadColumn) -> bool:
    one = column.phenotype
    return not one.levels and bool(missing_codes(one.values.astype(np.float64), one.description).codes)


def read_phenotypes(table: Participants, remarks: ColumnNotes) -> dict[str, Phenotype]:
    """Return the columns of a table of a bundle; one without any value too."""
    phenotypes = {}
    for name, cells in table.columns.items():
        known = table.facts.get(name, ColumnFacts())
        phenotypes[name] = read_column(
            name,
            cells,
            remarks,
            is_table=True,
            levels=known.levels,
            description=known.description,
            units=known.units,
        ) or Phenotype(name, np.full(len(cells), np.nan), (), known.description, known.units)
    return phenotypes


def with_stored_columns(cohort: Cohort, facts: Manifest, listing: Listing, notes: Notes) -> Cohort:
    """Return the cohort with its columns corrected as bundle.json says, and all that was noted in its log.

    Where participants.tsv has something else than the corrections come to, somebody has changed it since: it counts,
    and the correction is left out.

    Raises
    ------
    InputError
        If bundle.json corrects what is no column, or as it is not.
    """
    if not facts.content.get("columns"):
        return replace(cohort, log=(*cohort.log, *notes.log()))
    entry = Manifest(facts.content.get("columns") or {}, "bundle.json, columns")
    corrections = read_corrections(entry.get("corrections", dict, {}), "bundle.json, columns")
    codes = {name: _codes(name, found) for name, found in entry.get("codes", dict, {}).items()}
    before = _as_read(cohort, listing, notes)
    read = {name: ReadColumn(one, codes.get(name, ())) for name, one in before.items()}
    order = [name for name in entry.texts("order") if name in read or name in cohort.phenotypes]
    whole: dict[str, Phenotype | ReadColumn] = {**cohort.phenotypes, **read}
    columns = {name: _column(whole[name]) for name in dict.fromkeys([*order, *whole])}
    try:
        found = with_columns(replace(cohort, columns=columns), corrections)
    except InputError as error:
        raise InputError(f"bundle.json, columns: {error}") from None
    changed = [name for name in before if name in cohort.phenotypes and not _same(found, cohort, name)]
    if changed:
        notes.warning("Columns of participants.tsv that were changed since they were corrected: they count", changed)
        columns = {name: _column(cohort.phenotypes[name]) if name in changed else one for name, one in columns.items()}
        kept = {name: one for name, one in corrections.items() if name not in changed}
        found = with_columns(replace(cohort, columns=columns), kept)
    return replace(found, log=(*found.log, *notes.log()))


def _column(one: Phenotype | ReadColumn) -> ReadColumn:
    return one if isinstance(one, ReadColumn) else ReadColumn(one)


def _as_read(cohort: Cohort, listing: Listing, notes: Notes) -> dict[str, Phenotype]:
    """Return the columns of as_read.tsv, in the cohort's order of subjects."""
    if f"{AS_READ}.tsv" not in listing:
        return {}
    dictionary = listing[f"{AS_READ}.json"].read() if f"{AS_READ}.json" in listing else None
    table = read_participants(listing[f"{AS_READ}.tsv"].read(), dictionary, notes, f"{AS_READ}.tsv")
    if table.subjects != cohort.subjects:
        raise InputError(f"{AS_READ}.tsv does not have the subjects of participants.tsv; leave it out")
    return read_phenotypes(table, ColumnNotes())


def _codes(name: str, found: Any) -> tuple[float, ...]:
    if not isinstance(found, list) or any(isinstance(code, str) or not is_code_value(code) for code in found):
        raise InputError(f"bundle.json, columns, codes: {name} has a list of numbers, such as [-9999]")
    return tuple(map(float, found))


def _same(found: Cohort, cohort: Cohort, name: str) -> bool:
    """Whether a corrected column is what participants.tsv has."""
    one, other = found.phenotypes.get(name), cohort.phenotypes[name]
    return one is not None and one.levels == other.levels and np.array_equal(one.values, other.values, equal_nan=True)
