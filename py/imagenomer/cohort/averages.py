"""Averages of a subject's scans: within tasks first, then over tasks; and of differences of scans."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort.differences import ScanDifference
from imagenomer.cohort.parts import Measure, Observations
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.types import FloatArray, IntArray

#: Edges of a difference, and subjects, that are computed between two reports of progress: some 10 ms in the page.
_COLUMNS, _SUBJECTS = 512, 5


def averaged(
    source: Measure, rows: IntArray, subjects: IntArray, tasks: NDArray[np.str_], *, fisher_z: bool
) -> Steps[Observations]:
    """Return one row for each subject who has scans, as `Cohort.observations` says.

    Parameters
    ----------
    source : Measure
    rows : ndarray, shape (n_rows,)
        Scans in use.
    subjects : ndarray, shape (n_rows,)
        Whose they are.
    tasks : ndarray of str, shape (n_scans,)
        Of all scans of the cohort.
    fisher_z : bool

    Raises
    ------
    InputError
        If Fisher z is asked of values outside (-1, 1).
    """
    if fisher_z:
        yield from _require_correlations(source)
    contiguous = rows.size > 0 and rows[-1] - rows[0] + 1 == rows.size
    if contiguous and not fisher_z and np.all(subjects[1:] > subjects[:-1]):
        ones = np.ones(rows.size, dtype=np.intp)
        return Observations(source.values[rows[0] : rows[-1] + 1], subjects, ones, ones)
    kept = np.unique(subjects)
    values = np.empty((kept.size, source.values.shape[1]), dtype=np.float32)
    n_scans = np.zeros(kept.size, dtype=np.intp)
    n_tasks = np.zeros(kept.size, dtype=np.intp)
    for position, subject in enumerate(kept):
        if position % _SUBJECTS == 0:
            yield Progress("Averaging scans", position, kept.size)
        own = rows[subjects == subject]
        values[position] = mean_of_task_means(source, own, tasks[own], fisher_z)
        n_scans[position] = own.size
        n_tasks[position] = np.unique(tasks[own]).size
    return Observations(values, kept, n_scans, n_tasks)


def subtracted(source: Measure, difference: ScanDifference, *, fisher_z: bool) -> Steps[Observations]:
    """Return one row for each subject who has both sides of a difference; errors as for `averaged`."""
    if fisher_z:
        yield from _require_correlations(source)
    n_edges = source.values.shape[1]
    values = np.empty((difference.subjects.size, n_edges), dtype=np.float32)
    for start in range(0, n_edges, _COLUMNS):
        yield Progress("Subtracting scans", start, n_edges)
        columns = slice(start, start + _COLUMNS)
        values[:, columns] = difference.values(source.values, columns, fisher_z=fisher_z)
    return Observations(values, difference.subjects, difference.n_scans, difference.n_pairs)


def mean_of_task_means(source: Measure, rows: IntArray, tasks: NDArray[np.str_], fisher_z: bool) -> FloatArray:
    """Mean over tasks of the mean over a task's scans, shape (n_edges,)."""
    total = np.zeros(source.values.shape[1])
    distinct = np.unique(tasks)
    for task in distinct:
        own = rows[tasks == task]
        for row in own:
            values = np.arctanh(source.values[row].astype(np.float64)) if fisher_z else source.values[row]
            total += values if own.size == 1 else np.divide(values, own.size, dtype=np.float64)
    return total / distinct.size


def _require_correlations(source: Measure) -> Steps[None]:
    """Raise `InputError` where a measure has values of which Fisher z is not defined."""
    n = len(source.values)
    for done, row in enumerate(np.flatnonzero(source.present).tolist()):
        if done % _SUBJECTS == 0:
            yield Progress("Averaging scans", done, n)
        if (np.abs(source.values[row]) >= 1).any():
            raise InputError(
                f"{source.name} has values outside (-1, 1), so Fisher z is not defined for it; use the raw values"
            )
