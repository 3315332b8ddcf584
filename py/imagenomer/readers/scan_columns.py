"""Columns about scans, such as motion: what a person has of them, of all scans and of each task, session and run.

An analysis asks about people. What stands for a person is averaged as their connectivity is: over the scans of a task,
and then over tasks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from imagenomer.cohort import Phenotype, Scan, condition_name, natural_key
from imagenomer.readers.columns import ColumnNotes, read_column
from imagenomer.readers.notes import Notes
from imagenomer.readers.tables import ColumnFacts
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Of BIDS: they identify a scan, and do not describe it.
_OF_NO_USE = ("filename", "acq_time")


def phenotypes_of_scans(
    columns: Mapping[str, Sequence[str]],
    facts: Mapping[str, ColumnFacts],
    scans: Sequence[Scan],
    subjects: Sequence[str],
    taken: Collection[str],
    notes: Notes,
    source: str = "scans.tsv",
) -> dict[str, Phenotype]:
    """Return the phenotypes that columns about scans come to.

    A number is averaged; of a category a person has the level that all their scans have, and none where these differ.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        Cells, one a scan.
    facts : mapping of str to ColumnFacts
        What a data dictionary says of them.
    scans : sequence of Scan
        Of known subjects.
    subjects : sequence of str
    taken : collection of str
        Names that phenotypes have already; these stay.
    notes : Notes
        Told of what was made.
    source : str
        Where the columns stand.

    Returns
    -------
    dict of str to Phenotype
        ``mean_fd``, and where there are several tasks ``mean_fd (rest)`` of each; of sessions and runs likewise, and
        of what they have in common: ``mean_fd (rest, session 2)``.
    """
    position = {subject: row for row, subject in enumerate(subjects)}
    owner = np.array([position[scan.subject] for scan in scans], dtype=np.intp)
    code = {task: place for place, task in enumerate(sorted({scan.task for scan in scans}))}
    of_task = np.array([code[scan.task] for scan in scans], dtype=np.intp)
    conditions = _conditions(scans)
    made: dict[str, Phenotype] = {}
    for name, cells in columns.items():
        known = facts.get(name, ColumnFacts())
        column = read_column(name, cells, ColumnNotes(), is_table=True, levels=known.levels, units=known.units)
        # Times as text are of no use; as years, if the user wants them so, they are.
        if column is None or (name in _OF_NO_USE and column.levels):
            continue
        about = f"{known.description or name}; of {source}, "
        average = _level_of_all if column.levels else _mean_of_tasks
        for own, which, words in (
            (name, np.ones(len(scans), dtype=bool), "over all scans of a person"),
            *((f"{name} ({one})", which, f"over scans of {one}") for one, which in conditions.items()),
        ):
            if own in taken:
                continue
            values = average(column, owner, of_task, which, len(subjects))
            made[own] = replace(column, name=own, values=values, description=about + words)
    if made:
        notes.recognised(f"Columns of {source} were made phenotypes, averaged as connectivity is", tuple(made))
    return made


def _conditions(scans: Sequence[Scan]) -> dict[str, BoolArray]:
    """Return which scans are of each task, session and run, and of several of these, where they differ in them."""
    parts = [np.array([(scan.task, scan.session, scan.run)[place] for scan in scans]) for place in range(3)]
    there_are = [sorted(set(part.tolist()) - {""}, key=natural_key) for part in parts]
    several = [
        [None, *names] if np.unique(part).size > 1 else [None] for part, names in zip(parts, there_are, strict=True)
    ]
    found: dict[str, BoolArray] = {}
    for chosen in product(*several):
        which = np.ones(len(scans), dtype=bool)
        for part, name in zip(parts, chosen, strict=True):
            if name is not None:
                which &= part == name
        if any(chosen) and which.any():
            found[condition_name(*chosen)] = which
    return found


def _mean_of_tasks(
    column: Phenotype, owner: IntArray, of_task: IntArray, which: BoolArray, n_subjects: int
) -> FloatArray:
    """Return the mean over tasks of the means over scans, of those ``which`` have a value; NaN where there is none."""
    which = which & ~column.missing
    shape = (n_subjects, int(of_task.max(initial=0)) + 1)
    totals, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(totals, (owner[which], of_task[which]), column.values[which])
    np.add.at(counts, (owner[which], of_task[which]), 1)
    with np.errstate(invalid="ignore"):
        return np.asarray((totals / np.maximum(counts, 1)).sum(axis=1) / (counts > 0).sum(axis=1))


def _level_of_all(column: Phenotype, owner: IntArray, _: IntArray, which: BoolArray, n_subjects: int) -> IntArray:
    """Return the level that all scans of a person have; -1 where they differ or none has one."""
    which = which & ~column.missing
    lowest, highest = np.full(n_subjects, len(column.levels)), np.full(n_subjects, -1)
    np.minimum.at(lowest, owner[which], column.values[which])
    np.maximum.at(highest, owner[which], column.values[which])
    return np.where(lowest == highest, highest, -1).astype(np.intp)
