"""Averages of a subject's scans: within tasks first, then over tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort.parts import Measure
from imagenomer.errors import InputError
from imagenomer.types import FloatArray, IntArray


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


def require_correlations(source: Measure) -> None:
    """Raise `InputError` where a measure has values of which Fisher z is not defined."""
    for row in source.values[source.present]:
        if (np.abs(row) >= 1).any():
            raise InputError(
                f"{source.name} has values outside (-1, 1), so Fisher z is not defined for it; use the raw values"
            )
