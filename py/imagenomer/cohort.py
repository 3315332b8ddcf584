"""Cohort: who was scanned, what was measured, and what is known of them.

A person is one observation, however many scans they have: `Cohort.observations`
is the only way from scans to statistics, and it returns one row a subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imagenomer.cache import Cache, Caches
from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation, choose_parcellation
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Observations kept, few: each may be as large as the cohort itself, and the WebAssembly heap never shrinks.
_KEPT_OBSERVATIONS = 3

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


def condition_parts(task: str | None, session: str | None, run: str | None) -> list[str]:
    """Return "rest", "session 2" and "run 1", without what does not apply."""
    parts = (task, session and f"session {session}", run and f"run {run}")
    return [part for part in parts if part]


def condition_name(task: str | None, session: str | None, run: str | None) -> str:
    """Return "rest, session 2, run 1", without what does not apply."""
    return ", ".join(condition_parts(task, session, run))


@dataclass(frozen=True, slots=True, order=True)
class Scan:
    """One subject x session x task x run. Empty strings where a part does not apply."""

    task: str
    subject: str
    session: str = ""
    run: str = ""

    @property
    def title(self) -> str:
        """Such as "Subject 10 · rest", with session and run where there are any."""
        return " · ".join([f"Subject {self.subject}", *condition_parts(self.task, self.session, self.run)])


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
    made : str
        How it was made here of another measure, of everybody at once, in a sentence; "" for one that was measured.
    """

    name: str
    values: Float32Array
    present: BoolArray
    made: str = ""


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
    caches : Caches
        For what depends on these genotypes alone (ancestry); dies with them.
    """

    name: str
    dosage: NDArray[np.int8]
    variant_ids: tuple[str, ...]
    chromosomes: tuple[str, ...]
    positions: IntArray
    effect_alleles: tuple[str, ...]
    other_alleles: tuple[str, ...]
    # Not of init: a copy with other genotypes (dataclasses.replace) has none of these answers.
    caches: Caches = field(default_factory=Caches, init=False, repr=False, compare=False)


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
    caches : Caches
        For what depends on these rows alone (column moments, ranks); dies with them.
    """

    values: Float32Array
    subjects: IntArray
    n_scans: IntArray
    n_tasks: IntArray
    caches: Caches = field(default_factory=Caches)


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
    companion : Cohort or None
        A second cohort to test on, where one is open beside this one (`imagenomer.companion`).
    caches : Caches
        For what is computed from it and asked for again: results, saved maps.
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
    companion: Cohort | None = field(default=None, repr=False)
    # Neither is of init: a copy with other connectivity (dataclasses.replace) has none of these answers.
    _observations: Cache[tuple[str, str | None, str | None, str | None, bool], Observations] = field(
        default_factory=lambda: Cache(_KEPT_OBSERVATIONS), init=False, repr=False
    )
    caches: Caches = field(default_factory=Caches, init=False, repr=False)

    @property
    def n_subjects(self) -> int:
        return len(self.subjects)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The distinct tasks, sorted."""
        return tuple(sorted({scan.task for scan in self.scans}))

    @property
    def sessions(self) -> tuple[str, ...]:
        """The distinct sessions that have a name, in natural order."""
        return tuple(sorted({scan.session for scan in self.scans} - {""}, key=natural_key))

    @property
    def runs(self) -> tuple[str, ...]:
        """The distinct runs that have a name, in natural order."""
        return tuple(sorted({scan.run for scan in self.scans} - {""}, key=natural_key))

    def about_other_scans(self, task: str | None, session: str | None, run: str | None) -> dict[str, str]:
        """Return the phenotypes about other scans than those of a choice, each with its sibling that is about these.

        Siblings are made of one column about scans: ``mean_fd`` of all, ``mean_fd (rest)`` of those of one task.
        """
        everything = product((None, *self.tasks), (None, *self.sessions), (None, *self.runs))
        conditions = {condition_name(*parts) for parts in everything} - {""}
        # From all that is chosen to less of it: where there is one session only, nothing is called after it.
        closest = [condition_name(*parts) for parts in product((task, None), (session, None), (run, None))]
        found: dict[str, str] = {}
        for name in self.phenotypes:
            siblings = [sibling for one in conditions if (sibling := f"{name} ({one})") in self.phenotypes]
            if siblings:
                best = next((f"{name} ({one})" for one in closest if f"{name} ({one})" in siblings), name)
                found |= {other: best for other in (name, *siblings) if other != best}
        return found

    def chosen_scans(self, task: str | None = None, session: str | None = None, run: str | None = None) -> BoolArray:
        """Return which scans are of a task, a session and a run (None: of any), shape (n_scans,).

        Raises
        ------
        InputError
            If there is no such task, session or run; the message lists those there are.
        """
        for what, name, there_are in (
            ("task", task, self.tasks),
            ("session", session, self.sessions),
            ("run", run, self.runs),
        ):
            if name is not None and name not in there_are:
                raise InputError(_no_such(what, name, there_are))
        return np.array(
            [
                task in (None, scan.task) and session in (None, scan.session) and run in (None, scan.run)
                for scan in self.scans
            ],
            dtype=bool,
        )

    @property
    def scan_subjects(self) -> IntArray:
        """Index of each scan's subject, shape (n_scans,)."""
        index = {subject: position for position, subject in enumerate(self.subjects)}
        return np.array([index[scan.subject] for scan in self.scans], dtype=np.intp)

    @property
    def sexes(self) -> IntArray:
        """1 for men, 2 for women, 0 where unknown, from a category called sex or gender; shape (n_subjects,)."""
        codes = {"m": 1, "male": 1, "f": 2, "female": 2}
        for phenotype in self.phenotypes.values():
            if phenotype.name.lower() in ("sex", "gender") and phenotype.levels:
                by_level = np.array([codes.get(level.lower(), 0) for level in phenotype.levels] + [0])
                return by_level[phenotype.values.astype(np.intp)]  # -1 (missing) takes the last
        return np.zeros(self.n_subjects, dtype=np.intp)

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

    def variant_set(self, name: str | None = None) -> VariantSet:
        """Return a set of variants by name, None: the first; raise `InputError` naming those there are."""
        if not self.variant_sets:
            raise InputError(
                f"{self.name} has no genotypes; add the three files of PLINK (.bed, .bim, .fam), or a folder snps/"
            )
        if name is None:
            return next(iter(self.variant_sets.values()))
        if name not in self.variant_sets:
            raise InputError(_no_such("variant set", name, self.variant_sets))
        return self.variant_sets[name]

    def observations(
        self,
        measure: str,
        task: str | None = None,
        *,
        session: str | None = None,
        run: str | None = None,
        fisher_z: bool = False,
    ) -> Observations:
        """Return one row of connectivity for each subject who has any.

        Scans of one task (sessions, runs) are averaged; with ``task`` None the
        task means are then averaged with equal weight, over the tasks a subject has.

        Parameters
        ----------
        measure : str
        task : str or None
            None: mean over tasks.
        session, run : str or None
            Only scans of this session or run; None: all there are, averaged.
        fisher_z : bool
            Transform each scan by ``arctanh`` before averaging.

        Raises
        ------
        InputError
            If the measure, task, session or run is unknown, or ``fisher_z`` is asked of values outside (-1, 1).
        """
        key = (measure, task, session, run, fisher_z)
        return self._observations.get(key) or self._observations.put(
            key, self._observe(measure, task, session, run, fisher_z)
        )

    def _observe(
        self, measure: str, task: str | None, session: str | None, run: str | None, fisher_z: bool
    ) -> Observations:
        source = self.measure(measure)
        scan_tasks = np.array([scan.task for scan in self.scans])
        rows = np.flatnonzero(source.present & self.chosen_scans(task, session, run))
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

    def observed_edges(
        self,
        measure: str,
        task: str | None,
        edges: IntArray,
        *,
        session: str | None = None,
        run: str | None = None,
        fisher_z: bool = False,
    ) -> FloatArray:
        """Return chosen columns of `observations`, averaged in float64, shape (n_rows, len(edges))."""
        source = self.measure(measure)
        observations = self.observations(measure, task, session=session, run=run, fisher_z=fisher_z)
        chosen = source.present & self.chosen_scans(task, session, run)
        tasks = self.tasks if task is None else (task,)
        scan_tasks = np.array([scan.task for scan in self.scans])
        values = np.zeros((observations.subjects.size, len(edges)))
        row_of = np.full(self.n_subjects, -1, dtype=np.intp)
        row_of[observations.subjects] = np.arange(observations.subjects.size)
        for one_task in tasks:
            rows = np.flatnonzero(chosen & (scan_tasks == one_task))
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


def with_parcellation(cohort: Cohort, atlas: str) -> Cohort:
    """Return the same cohort with other parcels: the name of an atlas, or "none" for plain numbers.

    Raises
    ------
    InputError
        If the cohort has no connectivity, or the atlas does not fit it.
    """
    return replace(cohort, parcellation=choose_parcellation(n_parcels_of_cohort(cohort), atlas))


def with_measure(cohort: Cohort, measure: Measure) -> Cohort:
    """Return the same cohort with one more measure; a line of its log says how that was made.

    Raises
    ------
    InputError
        If there is a measure of this name.
    """
    if measure.name in cohort.measures:
        raise InputError(f"{cohort.name} has a measure {measure.name!r} already")
    entry = LogEntry("recognised", f"A measure was made here. {measure.made}")
    more = replace(cohort, measures={**cohort.measures, measure.name: measure}, log=(*cohort.log, entry))
    # Those of the other measures are still right.
    more._observations = cohort._observations.copy()
    more.caches = cohort.caches.copy()
    return more


def n_parcels_of_cohort(cohort: Cohort) -> int:
    """Return the number of parcels of a cohort with connectivity; raise `InputError` where it has none."""
    for measure in cohort.measures.values():
        return n_parcels_of(measure.values.shape[1])
    raise InputError(f"{cohort.name} has no connectivity; add a folder fc/ with one .npy file a scan")


def parcellation_of(cohort: Cohort) -> Parcellation:
    """Return the parcels of a cohort that has connectivity; raise `InputError` where it has none."""
    if cohort.parcellation is None:
        raise InputError(f"{cohort.name} has no parcels; open a cohort with scans")
    return cohort.parcellation
