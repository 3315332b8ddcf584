"""The scans of a cohort, each compared with all others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from imagenomer import groups
from imagenomer.analyses.shared.sample import counted, listed, what
from imagenomer.cohort import Cohort, condition_name, natural_key
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.scan_products import ScanFeatures, ScanProducts, scan_products
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Edges by which scans are compared where there are too many for all, and how many products are too many.
_SAMPLED_EDGES, _TOO_MANY = 10_000, 60_000_000_000
#: A scan missing more than this share of its edges is excluded, so that the others can be compared by all their edges.
_MOST_MISSING = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Scans:
    """The scans that are compared.

    Attributes
    ----------
    measure : str
    rows : ndarray, shape (n_scans,)
        Indices into the cohort's scans.
    subjects : ndarray, shape (n_scans,)
        Indices into the cohort's subjects.
    tasks, conditions : ndarray of int, shape (n_scans,)
        Task of each, and task, session and run together, as indices into the names.
    task_names, condition_names : tuple of str
    products : ScanProducts or ScanFeatures
    n_edges : int
        Edges there are.
    sentences : tuple of str
        What is compared, and what was excluded.
    """

    measure: str
    rows: IntArray
    subjects: IntArray
    tasks: IntArray
    conditions: IntArray
    task_names: tuple[str, ...]
    condition_names: tuple[str, ...]
    products: ScanProducts | ScanFeatures
    n_edges: int
    sentences: tuple[str, ...]

    @property
    def n_subjects(self) -> int:
        return int(np.unique(self.subjects).size)


def compare_scans(
    cohort: Cohort,
    *,
    measure: str,
    task: str | None,
    session: str | None,
    run: str | None,
    group: str | None,
    all_edges: bool,
    seed: int,
) -> Steps[Scans]:
    """Choose scans and compare all pairs.

    Raises
    ------
    InputError
        If there are fewer than two, or they have no edge in common.
    """
    source, owners = cohort.measure(measure), cohort.scan_subjects
    chosen = source.present & cohort.chosen_scans(task, session, run)
    rows = np.flatnonzero(chosen & groups.select(cohort, group).included[owners])
    n_edges = source.values.shape[1]
    missing = yield from _share_missing(source.values, rows)
    excluded, rows = rows[missing > _MOST_MISSING], rows[missing <= _MOST_MISSING]
    if rows.size < 2:
        raise InputError(
            f"{counted(rows.size, 'scan')} of {what(cohort, measure, task, session, run, mean=False)} cannot be "
            "compared with others; choose a larger group or other data"
        )
    edges = None
    if not all_edges and n_edges > _SAMPLED_EDGES and rows.size**2 * n_edges > _TOO_MANY:
        rng = np.random.default_rng(seed)
        edges = np.sort(rng.choice(n_edges, _SAMPLED_EDGES, replace=False))
    products = yield from scan_products(source.values, rows, edges)
    names = [_condition(cohort, row) for row in rows.tolist()]
    condition_names = tuple(sorted(set(names), key=natural_key))
    task_names = tuple(sorted({cohort.scans[row].task for row in rows.tolist()}))
    return Scans(
        measure=measure,
        rows=rows,
        subjects=owners[rows],
        tasks=np.array([task_names.index(cohort.scans[row].task) for row in rows.tolist()], dtype=np.intp),
        conditions=np.array([condition_names.index(name) for name in names], dtype=np.intp),
        task_names=task_names,
        condition_names=condition_names,
        products=products,
        n_edges=n_edges,
        sentences=tuple(_about_scans(cohort, rows, excluded, edges, products, n_edges, seed)),
    )


def _share_missing(values: Float32Array, rows: IntArray) -> Steps[FloatArray]:
    """Return the share of edges missing in each scan, shape (n_rows,)."""
    missing = np.empty(rows.size)
    for done, row in enumerate(rows.tolist()):
        missing[done] = np.count_nonzero(~np.isfinite(values[row])) / values.shape[1]
        if done % 20 == 0:
            yield Progress("Looking for missing values", done, rows.size)
    return missing


def _condition(cohort: Cohort, row: int) -> str:
    scan = cohort.scans[row]
    return condition_name(scan.task, scan.session, scan.run) or "scan"


def scan_name(cohort: Cohort, scans: Scans, scan: int) -> str:
    """Return "T012, rest" for sentences, tables and points."""
    return f"{cohort.subjects[scans.subjects[scan]]}, {scans.condition_names[scans.conditions[scan]]}"


def in_order(cohort: Cohort, scans: Scans, chosen: Iterable[int]) -> list[int]:
    """Return scans by the names of subjects and conditions, whatever the order of the file."""
    return sorted(chosen, key=lambda scan: natural_key(scan_name(cohort, scans, scan)))


def _about_scans(
    cohort: Cohort,
    rows: IntArray,
    excluded: IntArray,
    edges: IntArray | None,
    products: ScanProducts | ScanFeatures,
    n_edges: int,
    seed: int,
) -> list[str]:
    n_subjects = np.unique(cohort.scan_subjects[rows]).size
    by = f"{counted(products.n_edges, 'edge')} that all of them have"
    if edges is not None:
        by = f"{counted(products.n_edges, 'edge')} of {n_edges:,}, chosen at random (seed {seed})"
    said = [f"{counted(rows.size, 'scan')} of {counted(n_subjects, 'subject')} are compared with each other by {by}."]
    if excluded.size:
        names = sorted((cohort.scans[row].title for row in excluded.tolist()), key=natural_key)
        said.append(
            f"{counted(excluded.size, 'scan')} missing more than {_MOST_MISSING:.0%} of the edges "
            f"{'was' if excluded.size == 1 else 'were'} excluded: {listed(names)}."
        )
    return said
