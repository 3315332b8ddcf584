"""What analyses of connectivity share: whose rows are used, and the words for who is left out and what is averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer import groups
from imagenomer.cohort import Cohort, Observations
from imagenomer.errors import InputError
from imagenomer.parcellation import Parcellation
from imagenomer.types import BoolArray, IntArray, Json

#: Names listed in a sentence before "and n others".
_NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Dropped:
    """Subjects left out for one reason ("without Age")."""

    reason: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The subjects of an analysis, one row of connectivity each.

    Attributes
    ----------
    measure : str
    task : str or None
        None: mean over tasks.
    fisher_z : bool
    observations : Observations
    rows : ndarray, shape (n_subjects,)
        The rows of ``observations`` that are used, ascending.
    dropped : tuple of Dropped
        Subjects of the group who are not used, each under the first reason that applies.
    sentences : tuple of str
        What was averaged, and who was left out, in plain words.
    """

    measure: str
    task: str | None
    fisher_z: bool
    observations: Observations
    rows: IntArray
    dropped: tuple[Dropped, ...]
    sentences: tuple[str, ...]

    @property
    def n_subjects(self) -> int:
        return int(self.rows.size)

    @property
    def subjects(self) -> IntArray:
        """Index of each used row's subject in the cohort, shape (n_subjects,)."""
        return self.observations.subjects[self.rows]

    @property
    def n_scans(self) -> int:
        """Scans behind the used rows."""
        return int(self.observations.n_scans[self.rows].sum())

    @property
    def numbers(self) -> dict[str, Json]:
        """The sample as `Report.numbers` has it."""
        return {
            "measure": self.measure,
            "task": self.task,
            "fisher_z": self.fisher_z,
            "n_subjects": self.n_subjects,
            "n_scans": self.n_scans,
            "n_dropped": sum(len(one.subjects) for one in self.dropped),
            "dropped": [
                {"reason": one.reason, "n": len(one.subjects), "subjects": list(one.subjects)} for one in self.dropped
            ],
        }


def draw_sample(
    cohort: Cohort,
    *,
    measure: str | None,
    task: str | None,
    group: str | None,
    fisher_z: bool,
    missing: Mapping[str, BoolArray] | None = None,
    at_least: int = 1,
) -> Sample:
    """Choose the subjects of an analysis, and say who is not among them.

    Parameters
    ----------
    cohort : Cohort
    measure : str or None
        None: `default_measure`.
    task : str or None
        None: mean over tasks.
    group : str or None
        Group expression; None: everybody.
    fisher_z : bool
    missing : mapping of str to ndarray of bool, shape (n_subjects,), optional
        Phenotypes in use: name to where it is missing.
    at_least : int
        Subjects that the analysis needs.

    Raises
    ------
    InputError
        If a name or the group is not understood, or fewer than ``at_least`` subjects remain.
    """
    measure = measure or default_measure(cohort)
    selection = groups.select(cohort, group)
    observations = cohort.observations(measure, task, fisher_z=fisher_z)
    scanned = np.zeros(cohort.n_subjects, dtype=bool)
    scanned[observations.subjects] = True

    remaining = selection.included.copy()
    reasons = {"whose group is unknown because a value is missing": selection.unknown}
    reasons[f"without {what(cohort, measure, task, mean=False)}"] = selection.included & ~scanned
    for name, absent in (missing or {}).items():
        reasons[f"without {name}"] = selection.included & absent
    dropped = []
    for reason, concerned in reasons.items():
        leaves = concerned & (remaining | selection.unknown)
        remaining &= ~concerned
        if leaves.any():
            dropped.append(Dropped(reason, tuple(cohort.subjects[index] for index in np.flatnonzero(leaves))))
    used = remaining[observations.subjects]
    if np.count_nonzero(used) < at_least:
        _refuse(cohort, int(np.count_nonzero(used)), at_least, group, dropped)
    rows = np.flatnonzero(used)
    sentences = _sentences(cohort, measure, task, group, fisher_z, observations, rows, dropped)
    return Sample(measure, task, fisher_z, observations, rows, tuple(dropped), tuple(sentences))


def default_measure(cohort: Cohort) -> str:
    """Return "fc" where there is one, else the first measure; raise `InputError` where there is none."""
    if not cohort.measures:
        raise InputError(f"{cohort.name} has no connectivity; open a cohort with scans")
    return "fc" if "fc" in cohort.measures else next(iter(cohort.measures))


def parcellation_of(cohort: Cohort) -> Parcellation:
    """Return the parcels of a cohort that has connectivity."""
    if cohort.parcellation is None:
        raise InputError(f"{cohort.name} has no parcels; open a cohort with scans")
    return cohort.parcellation


def what(cohort: Cohort, measure: str, task: str | None, *, mean: bool = True) -> str:
    """Return what is observed, for titles and sentences: "fc of rest", "fc, mean over tasks"."""
    if task is not None:
        return f"{measure} of {task}" if task else measure
    return f"{measure}, mean over tasks" if mean and len(cohort.tasks) > 1 else measure


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: "1 subject", "1,200 subjects"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence, the first dozen and how many more there are."""
    names = list(names)
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_NAMES_SHOWN])} and {more} others"


def _sentences(
    cohort: Cohort,
    measure: str,
    task: str | None,
    group: str | None,
    fisher_z: bool,
    observations: Observations,
    rows: IntArray,
    dropped: list[Dropped],
) -> list[str]:
    whose = "everybody" if group is None else f"group {groups.describe(group)}"
    said = [f"{counted(rows.size, 'subject')} ({whose}), one observation each: {what(cohort, measure, task)}."]
    tasks = cohort.tasks
    if task is None and len(tasks) > 1:
        said.append(f"The tasks {listed(tasks)} of a subject were averaged with equal weight.")
        said += _incomplete(cohort, measure, observations, rows)
    n_repeated = int(np.count_nonzero(observations.n_scans[rows] > observations.n_tasks[rows]))
    if n_repeated:
        said.append(
            f"{counted(n_repeated, 'subject')} had several scans of a task (sessions, runs); these were averaged first."
        )
    if fisher_z:
        said.append("Every scan was transformed by Fisher's z (arctanh) before averaging.")
    for one in dropped:
        n = len(one.subjects)
        said.append(
            f"{counted(n, 'subject')} {one.reason} {'was' if n == 1 else 'were'} left out: {listed(one.subjects)}."
        )
    if cohort.set_aside:
        unknown = list(dict.fromkeys(scan.subject for scan in cohort.set_aside))
        said.append(f"Scans of subjects without demographics are not used: {listed(unknown)}.")
    return said


def _incomplete(cohort: Cohort, measure: str, observations: Observations, rows: IntArray) -> list[str]:
    """Say which subjects lack some of the tasks that are averaged."""
    partial = observations.subjects[rows[observations.n_tasks[rows] < len(cohort.tasks)]]
    if not partial.size:
        return []
    present = cohort.measure(measure).present
    owners = cohort.scan_subjects
    by_tasks: dict[tuple[str, ...], list[str]] = {}
    has = {
        task: set(owners[present & np.array([scan.task == task for scan in cohort.scans])].tolist())
        for task in cohort.tasks
    }
    for subject in partial.tolist():
        own = tuple(task for task in cohort.tasks if subject in has[task])
        by_tasks.setdefault(own, []).append(cohort.subjects[subject])
    return [
        f"{counted(len(subjects), 'subject')} {'has' if len(subjects) == 1 else 'have'} only {listed(own)}: "
        f"{listed(subjects)}."
        for own, subjects in sorted(by_tasks.items())
    ]


def _refuse(cohort: Cohort, n: int, at_least: int, group: str | None, dropped: list[Dropped]) -> None:
    whose = "the cohort" if group is None else f"group {groups.describe(group)}"
    reasons = "; ".join(f"{len(one.subjects)} {one.reason}" for one in dropped)
    left_out = f" (left out: {reasons})" if reasons else ""
    raise InputError(
        f"{whose} has {counted(n, 'usable subject')}{left_out}, and at least {at_least} are needed; "
        f"choose a larger group or other data"
    )
