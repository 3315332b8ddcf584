"""Cohort: who was scanned, what was measured, and what is known of them.

A person is one observation, however many scans they have: `Cohort.observations`
is the only way from scans to statistics, and it returns one row a subject.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: How a line of the import log is shown.
Severity = Literal["recognised", "ignored", "warning"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the import log: what was recognised, ignored or is doubtful, in plain words.

    ``items`` lists what the line is about (subjects, files, columns), in full.
    """

    severity: Severity
    message: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phenotype:
    """One column about subjects.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n_subjects,)
        A number: float64, NaN where missing. A category: intp codes into
        ``levels``, -1 where missing.
    levels : tuple of str
        The categories in display order; empty for a number.
    description, units : str
        From the data dictionary, else "".
    """

    name: str
    values: FloatArray | IntArray
    levels: tuple[str, ...] = ()
    description: str = ""
    units: str = ""

    @property
    def kind(self) -> Literal["number", "category"]:
        return "category" if self.levels else "number"

    @property
    def missing(self) -> BoolArray:
        """True where the subject has no value, shape (n_subjects,)."""
        if self.levels:
            return np.asarray(self.values < 0)
        return np.isnan(self.values)

    def indicator(self, level: str) -> FloatArray:
        """Return 1.0 for subjects of ``level``, 0.0 for the others and NaN where missing, shape (n_subjects,).

        Raises
        ------
        InputError
            If this is not a category, or has no such level.
        """
        if level not in self.levels:
            raise InputError(f"{self.name} has no level {level!r}; it has: {', '.join(self.levels) or 'numbers'}")
        indicator: FloatArray = (self.values == self.levels.index(level)).astype(np.float64)
        indicator[self.missing] = np.nan
        return indicator


@dataclass(frozen=True, slots=True, order=True)
class Scan:
    """One subject x session x task x run. Empty strings where a part does not apply."""

    task: str
    subject: str
    session: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """Connectivity of one kind (``fc``, ``partial``) for the scans of a cohort.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n_scans, n_edges), float32
        In the cohort's scan order and edge order; a row of NaN where the scan lacks this measure.
    present : ndarray, shape (n_scans,)
        True where the scan has this measure.
    """

    name: str
    values: Float32Array
    present: BoolArray


@dataclass(frozen=True, slots=True)
class VariantSet:
    """Genotypes of the cohort's subjects.

    Attributes
    ----------
    name : str
    dosage : ndarray, shape (n_subjects, n_variants), int8
        Copies of ``effect_allele`` (0, 1, 2), -1 where missing.
    variant_ids : tuple of str, length n_variants
    chromosomes : tuple of str, length n_variants
        "0" where unknown.
    positions : ndarray, shape (n_variants,)
        Base pairs; 0 where unknown.
    effect_alleles, other_alleles : tuple of str, length n_variants
        "0" where unknown (the predecessor's files name no alleles; there the counted allele is the major one).
    """

    name: str
    dosage: NDArray[np.int8]
    variant_ids: tuple[str, ...]
    chromosomes: tuple[str, ...]
    positions: IntArray
    effect_alleles: tuple[str, ...]
    other_alleles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Components of connectivity, and how much of each a subject has.

    Attributes
    ----------
    name : str
    components : ndarray, shape (n_components, n_edges), float32
    scores : ndarray, shape (n_subjects, n_components)
        NaN for subjects without scores.
    """

    name: str
    components: Float32Array
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class ModelWeights:
    """Weights of a model trained elsewhere or here.

    Attributes
    ----------
    name : str
        Path below ``weights/`` without the extension ("Fibromyalgia_Impact_Score/Ridge0").
    values : ndarray, shape (n_edges,) or (3 * n_variants,)
        In edge order (a reader converts what was stored in display order).
    description : str
    train_subjects, test_subjects : tuple of str
        One entry a training or test row; repeats mean several scans of a person.
    """

    name: str
    values: FloatArray
    description: str = ""
    train_subjects: tuple[str, ...] = ()
    test_subjects: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Observations:
    """One row of connectivity a subject.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_edges), float32
        A view of the cohort's own array where no averaging was needed: do not write to it.
    subjects : ndarray, shape (n_rows,)
        Index of each row's subject in ``Cohort.subjects``, ascending.
    n_scans : ndarray, shape (n_rows,)
        Scans averaged into each row.
    n_tasks : ndarray, shape (n_rows,)
        Tasks averaged into each row.
    cache : dict
        For what depends on these rows alone (column moments, ranks); dies with them.
    """

    values: Float32Array
    subjects: IntArray
    n_scans: IntArray
    n_tasks: IntArray
    cache: OrderedDict[object, object] = field(default_factory=OrderedDict)


@dataclass(slots=True, eq=False)
class Cohort:
    """A cohort as a reader made it. Treat as read-only.

    Attributes
    ----------
    name : str
    subjects : tuple of str
        In natural order ("2" before "10").
    phenotypes : dict of str to Phenotype
        In file order.
    scans : tuple of Scan
        Sorted by task, then by subject in cohort order, session, run; every scan's subject is in ``subjects``.
    measures : dict of str to Measure
    parcellation : Parcellation or None
        None where there is no connectivity.
    set_aside : tuple of Scan
        Scans that were found but cannot be used, because their subject is unknown or none of their files can be
        read; the log says which.
    log : tuple of LogEntry
    """

    name: str
    subjects: tuple[str, ...]
    phenotypes: dict[str, Phenotype]
    scans: tuple[Scan, ...] = ()
    measures: dict[str, Measure] = field(default_factory=dict)
    parcellation: Parcellation | None = None
    variant_sets: dict[str, VariantSet] = field(default_factory=dict)
    decompositions: dict[str, Decomposition] = field(default_factory=dict)
    weights: dict[str, ModelWeights] = field(default_factory=dict)
    set_aside: tuple[Scan, ...] = ()
    log: tuple[LogEntry, ...] = ()
    description: str = ""
    licence: str = ""
    provenance: str = ""
    synthetic: bool = False
    _observations: OrderedDict[tuple[str, str | None, bool], Observations] = field(
        default_factory=OrderedDict, repr=False
    )

    @property
    def n_subjects(self) -> int:
        return len(self.subjects)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The distinct tasks, sorted."""
        return tuple(sorted({scan.task for scan in self.scans}))

    @property
    def scan_subjects(self) -> IntArray:
        """Index of each scan's subject, shape (n_scans,)."""
        index = {subject: position for position, subject in enumerate(self.subjects)}
        return np.array([index[scan.subject] for scan in self.scans], dtype=np.intp)

    def phenotype(self, name: str) -> Phenotype:
        """Return a phenotype by name; raise `InputError` naming those there are."""
        if name not in self.phenotypes:
            raise InputError(_no_such("phenotype", name, self.phenotypes))
        return self.phenotypes[name]

    def measure(self, name: str) -> Measure:
        """Return a measure by name; raise `InputError` naming those there are."""
        if name not in self.measures:
            raise InputError(_no_such("measure", name, self.measures))
        return self.measures[name]

    def observations(self, measure: str, task: str | None = None, *, fisher_z: bool = False) -> Observations:
        """Return one row of connectivity for each subject who has any.

        Scans of one task (sessions, runs) are averaged; with ``task`` None the
        task means are then averaged with equal weight, over the tasks a subject has.

        Parameters
        ----------
        measure : str
        task : str or None
            None: mean over tasks.
        fisher_z : bool
            Transform each scan by ``arctanh`` before averaging.

        Raises
        ------
        InputError
            If the measure or task is unknown, or ``fisher_z`` is asked of values outside (-1, 1).
        """
        key = (measure, task, fisher_z)
        if key not in self._observations:
            self._observations[key] = self._observe(measure, task, fisher_z)
            # Each may be as large as the cohort itself, and the WebAssembly heap never shrinks.
            while len(self._observations) > 3:
                self._observations.popitem(last=False)
        self._observations.move_to_end(key)
        return self._observations[key]

    def _observe(self, measure: str, task: str | None, fisher_z: bool) -> Observations:
        source = self.measure(measure)
        if task is not None and task not in self.tasks:
            raise InputError(_no_such("task", task, self.tasks))
        tasks = self.tasks if task is None else (task,)
        scan_tasks = np.array([scan.task for scan in self.scans])
        rows = np.flatnonzero(source.present & np.isin(scan_tasks, tasks))
        subjects = self.scan_subjects[rows]
        if fisher_z:
            _require_correlations(source)
        contiguous = rows.size > 0 and rows[-1] - rows[0] + 1 == rows.size
        if contiguous and not fisher_z and np.all(subjects[1:] > subjects[:-1]):
            ones = np.ones(rows.size, dtype=np.intp)
            return Observations(source.values[rows[0] : rows[-1] + 1], subjects, ones, ones)
        kept = np.unique(subjects)
        values = np.empty((kept.size, source.values.shape[1]), dtype=np.float32)
        n_scans = np.zeros(kept.size, dtype=np.intp)
        n_tasks = np.zeros(kept.size, dtype=np.intp)
        for position, subject in enumerate(kept):
            own = rows[subjects == subject]
            values[position] = _mean_of_task_means(source, own, scan_tasks[own], fisher_z)
            n_scans[position] = own.size
            n_tasks[position] = np.unique(scan_tasks[own]).size
        return Observations(values, kept, n_scans, n_tasks)

    def observed_edges(self, measure: str, task: str | None, edges: IntArray, *, fisher_z: bool = False) -> FloatArray:
        """Return chosen columns of `observations`, averaged in float64, shape (n_rows, len(edges))."""
        source = self.measure(measure)
        observations = self.observations(measure, task, fisher_z=fisher_z)
        tasks = self.tasks if task is None else (task,)
        scan_tasks = np.array([scan.task for scan in self.scans])
        values = np.zeros((observations.subjects.size, len(edges)))
        row_of = np.full(self.n_subjects, -1, dtype=np.intp)
        row_of[observations.subjects] = np.arange(observations.subjects.size)
        for one_task in tasks:
            rows = np.flatnonzero(source.present & (scan_tasks == one_task))
            owners = row_of[self.scan_subjects[rows]]
            if rows.size == 0:
                continue
            # A task's scans lie together. Columns are gathered from a slice, several times faster than by np.ix_.
            block = source.values[rows[0] : rows[-1] + 1, edges][rows - rows[0]].astype(np.float64)
            if fisher_z:
                block = np.arctanh(block)
            counts = np.bincount(owners, minlength=len(values))
            if counts.max() == 1:
                values[owners] += block
            else:
                np.add.at(values, owners, block / counts[owners, None])
        return np.asarray(values / observations.n_tasks[:, None])


def _mean_of_task_means(source: Measure, rows: IntArray, tasks: NDArray[np.str_], fisher_z: bool) -> FloatArray:
    """Mean over tasks of the mean over a task's scans, shape (n_edges,)."""
    total = np.zeros(source.values.shape[1])
    distinct = np.unique(tasks)
    for task in distinct:
        own = rows[tasks == task]
        for row in own:
            values = np.arctanh(source.values[row].astype(np.float64)) if fisher_z else source.values[row]
            total += values if own.size == 1 else np.divide(values, own.size, dtype=np.float64)
    return total / distinct.size


def _require_correlations(source: Measure) -> None:
    for row in source.values[source.present]:
        if (np.abs(row) >= 1).any():
            raise InputError(
                f"{source.name} has values outside (-1, 1), so Fisher z is not defined for it; use the raw values"
            )


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts "2" before "10" and "sub-9" before "sub-10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return tuple((0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts)


def _no_such(what: str, name: str, there_are: Iterable[str]) -> str:
    return f"no {what} {name!r} in this cohort; it has: {', '.join(there_are) or 'none'}"


def n_parcels_of_cohort(cohort: Cohort) -> int:
    """Return the number of parcels of a cohort with connectivity; raise `InputError` where it has none."""
    for measure in cohort.measures.values():
        return n_parcels_of(measure.values.shape[1])
    raise InputError(f"{cohort.name} has no connectivity; add a folder fc/ with one .npy file a scan")
