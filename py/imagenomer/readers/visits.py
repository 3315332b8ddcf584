"""Visits: columns of a table with several rows a person, corrected before anything is averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from imagenomer.cohort import Correction, Phenotype, Scan, corrected
from imagenomer.cohort.parts import PhenotypeRole
from imagenomer.readers.joins import PersonTable
from imagenomer.readers.phenotypes import TableNotes, table_column
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.tables import ColumnFacts


@dataclass(frozen=True, slots=True)
class VisitCells:
    """Cells of columns, one a visit, with what is known of each column and what it is for."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, ColumnFacts] = field(default_factory=dict)
    roles: dict[str, PhenotypeRole] = field(default_factory=dict)

    def role_of(self, phenotype: str) -> PhenotypeRole:
        """Return the role of what a column comes to, over all visits or at one: "scanned", "scanned (session 2)"."""
        roles = (role for name, role in self.roles.items() if phenotype == name or phenotype.startswith(f"{name} ("))
        return next(roles, "")


def varies(one: PersonTable, cells: Sequence[str]) -> bool:
    """Whether a column has different values in the rows of one person."""
    return len(set(zip(one.people, cells, strict=True))) > len(set(one.people))


def cells_of_visits(
    one: PersonTable, people: Mapping[str, str], varying: Sequence[str], recipe: Recipe, remarks: TableNotes
) -> tuple[list[Scan], VisitCells]:
    """Return the visits, as scans of no task, and what was noted at each, as a recipe corrects it.

    What the columns come to over visits are columns of their own, which can be corrected in their turn.

    Parameters
    ----------
    one : PersonTable
        With a column of visits.
    people : mapping of str to str
        From its names of people to subjects.
    varying : sequence of str
        Columns that differ between the visits of a person.
    recipe : Recipe
    remarks : TableNotes
    """
    assert one.visit is not None
    table, found = one.table, VisitCells()
    rows = [row for row, name in enumerate(one.people) if name in people]
    # BIDS writes ses-01 in tables, and 01 is the session in names of files.
    visits = [table.columns[one.visit][row].strip().removeprefix("ses-") for row in rows]
    scans = [Scan("", people[one.people[row]], visit) for row, visit in zip(rows, visits, strict=True)]
    for name in varying:
        cells, facts = [table.columns[name][row] for row in rows], table.facts.get(name, ColumnFacts())
        column = table_column(name, cells, facts, recipe, remarks, decimal_comma=table.decimal_comma)
        phenotype = None if column is None else corrected(column, recipe.corrections.get(name, Correction()))
        if phenotype is not None:
            found.columns[name] = _cells_of(phenotype)
            found.facts[name] = ColumnFacts(phenotype.description, phenotype.units, phenotype.levels or None)
            found.roles[name] = phenotype.role
    return scans, found


def _cells_of(column: Phenotype) -> list[str]:
    """Return a phenotype's values as cells."""
    if column.levels:
        return ["" if code < 0 else column.levels[code] for code in column.values.astype(np.intp)]
    return ["" if value != value else repr(value) for value in column.values.tolist()]
