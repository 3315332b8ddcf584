"""The cohort itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import numpy as np

from imagenomer.cache import Cache, Caches
from imagenomer.cohort.averages import averaged, subtracted
from imagenomer.cohort.corrections import Correction
from imagenomer.cohort.differences import (
    ScanDifference,
    difference_names,
    difference_of_rate,
    per_year,
    scan_difference,
    session_differences,
    sides_at_times,
    sides_of,
    times_of,
)
from imagenomer.cohort.parts import (
    Decomposition,
    LogEntry,
    Measure,
    ModelWeights,
    Observations,
    Phenotype,
    ReadColumn,
    Scan,
    Understanding,
    VariantSet,
    condition_name,
    natural_key,
    sexes_in,
)
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation
from imagenomer.progress import Steps, finish
from imagenomer.types import BoolArray, FloatArray, IntArray, JsonObject

#: Observations kept, few: each may be as large as the cohort itself, and the WebAssembly heap never shrinks.
_KEPT_OBSERVATIONS = 3


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
    understood : tuple of Understanding
        What its files were taken for; empty where the format left no doubt.
    columns : dict of str to ReadColumn
        Columns as they were read, where their phenotypes are not the same (`imagenomer.cohort.columns`).
    recipe : mapping
        The answers with which its files were read (`imagenomer.readers.recipe`), kept in a bundle of it.
    corrections : dict of str to Correction
        What the user said of columns.
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
    understood: tuple[Understanding, ...] = ()
    description: str = ""
    licence: str = ""
    provenance: str = ""
    synthetic: bool = False
    columns: dict[str, ReadColumn] = field(default_factory=dict, repr=False)
    recipe: JsonObject = field(default_factory=dict)
    corrections: dict[str, Correction] = field(default_factory=dict)
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

        Of a difference ("nback minus rest") those of both sides are.

        Raises
        ------
        InputError
            If there is no such task, session or run; the message lists those there are.
        """
        allowed = []
        for what, name, there_are, sides in zip(
            ("task", "session", "run"),
            (task, session, run),
            (self.tasks, self.sessions, self.runs),
            self.sides(task, session, run),
            strict=True,
        ):
            if name is not None and sides is None and name not in there_are:
                raise InputError(no_such(what, name, there_are))
            allowed.append(None if name is None else sides or (name,))
        return np.array(
            [
                all(
                    names is None or part in names
                    for names, part in zip(allowed, (scan.task, scan.session, scan.run), strict=True)
                )
                for scan in self.scans
            ],
            dtype=bool,
        )

    def difference(
        self, measure: str, task: str | None = None, session: str | None = None, run: str | None = None
    ) -> ScanDifference | None:
        """Return whose scans make the difference that is chosen; None where none is.

        Raises
        ------
        InputError
            If two differences are chosen at once, or a name is unknown.
        """
        chosen, sides = (task, session, run), self.sides(task, session, run)
        which = [place for place, one in enumerate(sides) if one is not None]
        if not which:
            return None
        if len(which) > 1:
            names = " and ".join(str(chosen[place]) for place in which)
            raise InputError(f"{names} are two differences, and one can be observed at a time; choose one of them")
        place, present = which[0], self.measure(measure).present
        of_sides = ((*chosen[:place], name, *chosen[place + 1 :]) for name in sides[place] or ())
        rows = [np.flatnonzero(present & self.chosen_scans(*one)) for one in of_sides]
        tasks = np.array([scan.task for scan in self.scans])
        each = self.tasks if place and task is None else (None,)
        pairs = [tuple(own if one is None else own[tasks[own] == one] for own in rows) for one in each]
        found = scan_difference([(first, second) for first, second in pairs], self.scan_subjects)
        if session is None or difference_of_rate(session, self.sessions) is None:
            return found
        times = None if sides[1] is None else times_of(self.phenotypes, *sides[1])
        return found if times is None else per_year(found, times.years)

    def sides(
        self, task: str | None = None, session: str | None = None, run: str | None = None
    ) -> tuple[tuple[str, str] | None, ...]:
        """Return both sides of what of a task, a session and a run is a difference, None of what is not."""
        sessions = sides_at_times(session, self.sessions, self.phenotypes) or sides_of(session, self.sessions)
        return (sides_of(task, self.tasks), sessions, sides_of(run, self.runs))

    def differences(self, kind: Literal["tasks", "sessions", "runs"]) -> tuple[str, ...]:
        """Return the names of the differences of two tasks, sessions or runs; of sessions at known times a year too."""
        if kind != "sessions":
            return difference_names(self.tasks if kind == "tasks" else self.runs)
        return session_differences(self.sessions, self.phenotypes)

    @property
    def scan_subjects(self) -> IntArray:
        """Index of each scan's subject, shape (n_scans,)."""
        index = {subject: position for position, subject in enumerate(self.subjects)}
        return np.array([index[scan.subject] for scan in self.scans], dtype=np.intp)

    @property
    def sexes(self) -> IntArray:
        """1 for men, 2 for women, 0 where unknown (`sexes_in`); shape (n_subjects,)."""
        return sexes_in(self.phenotypes.values(), self.n_subjects)

    def phenotype(self, name: str) -> Phenotype:
        """Return a phenotype by name; raise `InputError` naming those there are."""
        if name not in self.phenotypes:
            raise InputError(no_such("phenotype", name, self.phenotypes))
        return self.phenotypes[name]

    def measure(self, name: str) -> Measure:
        """Return a measure by name; raise `InputError` naming those there are."""
        if name not in self.measures:
            raise InputError(no_such("measure", name, self.measures))
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
            raise InputError(no_such("variant set", name, self.variant_sets))
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
        A difference of two ("nback minus rest") is of the subjects who have both, see `cohort.differences`.

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
            If the measure, task, session or run is unknown, two differences are chosen at once, or ``fisher_z`` is
            asked of values outside (-1, 1).
        """
        return finish(self.observe(measure, task, session=session, run=run, fisher_z=fisher_z))

    def observe(
        self,
        measure: str,
        task: str | None = None,
        *,
        session: str | None = None,
        run: str | None = None,
        fisher_z: bool = False,
    ) -> Steps[Observations]:
        """Return what `observations` does, in steps; it is kept for `observations` to find."""
        key = (measure, task, session, run, fisher_z)
        kept = self._observations.get(key)
        if kept is not None:
            return kept
        source, difference = self.measure(measure), self.difference(measure, task, session, run)
        if difference is not None:
            found = yield from subtracted(source, difference, fisher_z=fisher_z)
        else:
            rows = np.flatnonzero(source.present & self.chosen_scans(task, session, run))
            tasks = np.array([scan.task for scan in self.scans])
            found = yield from averaged(source, rows, self.scan_subjects[rows], tasks, fisher_z=fisher_z)
        return self._observations.put(key, found)

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
        difference = self.difference(measure, task, session, run)
        if difference is not None:
            return difference.values(source.values, edges, fisher_z=fisher_z)
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


def no_such(what: str, name: str, there_are: Iterable[str]) -> str:
    """Say that a cohort has nothing of a name, and what it has instead."""
    return f"no {what} {name!r} in this cohort; it has: {', '.join(there_are) or 'none'}"
