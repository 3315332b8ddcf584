"""What analyses of connectivity share: whose rows are used, and the words for who is left out and what is averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, NoReturn, Protocol

import numpy as np

from imagenomer import groups
from imagenomer.analyses.shared.difference_words import about_difference
from imagenomer.cohort import Cohort, Observations, condition_parts
from imagenomer.errors import InputError
from imagenomer.groups.sentence import Sentence, whose
from imagenomer.progress import Steps
from imagenomer.types import BoolArray, IntArray, Json

#: Names listed in a sentence before "and n others".
_NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Exclusion:
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
    session, run : str or None
        None: mean over those there are.
    group : str or None
        Group expression; None: everybody.
    fisher_z : bool
    observations : Observations
    rows : ndarray, shape (n_subjects,)
        The rows of ``observations`` that are used, ascending.
    dropped : tuple of Exclusion
        Subjects of the group who are not used, each under the first reason that applies.
    sentences : tuple of str
        What was averaged, and who was left out, in plain words.
    """

    measure: str
    task: str | None
    fisher_z: bool
    observations: Observations
    rows: IntArray
    dropped: tuple[Exclusion, ...]
    sentences: tuple[str, ...]
    session: str | None = None
    run: str | None = None
    group: str | None = None

    @property
    def n_subjects(self) -> int:
        return int(self.rows.size)

    @property
    def note(self) -> str:
        """What figures say below of whom they are: "40 subjects (sex = M), one observation each"."""
        whose = "" if self.group is None else f" ({groups.describe(self.group)})"
        return f"{counted(self.n_subjects, 'subject')}{whose}, one observation each"

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
            "session": self.session,
            "run": self.run,
            "fisher_z": self.fisher_z,
            "n_subjects": self.n_subjects,
            "n_scans": self.n_scans,
            **dropped_numbers(self.dropped),
        }


def draw_sample(
    cohort: Cohort,
    *,
    measure: str | None,
    task: str | None,
    group: str | None,
    fisher_z: bool,
    session: str | None = None,
    run: str | None = None,
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
    session, run : str or None
        None: mean over those there are.
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
    observations = cohort.observations(measure, task, session=session, run=run, fisher_z=fisher_z)
    scanned = np.zeros(cohort.n_subjects, dtype=bool)
    scanned[observations.subjects] = True

    sides = "" if cohort.difference(measure, task, session, run) is None else "both sides of "
    reasons = {f"without {sides}{what(cohort, measure, task, session, run, mean=False)}": ~scanned}
    remaining, dropped = left_after(cohort, selection, reasons, missing or {})
    used = remaining[observations.subjects]
    if np.count_nonzero(used) < at_least:
        refuse(cohort, int(np.count_nonzero(used)), at_least, group, dropped)
    rows = np.flatnonzero(used)
    scans = _Scans(measure, task, session, run)
    sentences = _sentences(cohort, scans, group, fisher_z, observations, rows, dropped)
    return Sample(measure, task, fisher_z, observations, rows, tuple(dropped), tuple(sentences), session, run, group)


class ScansOfForm(Protocol):
    """The fields of a form that say whose connectivity is asked about; see `draw_sample`."""

    @property
    def measure(self) -> str | None: ...
    @property
    def task(self) -> str | None: ...
    @property
    def session(self) -> str | None: ...
    @property
    def run(self) -> str | None: ...
    @property
    def group(self) -> str | None: ...


def average_scans(cohort: Cohort, form: ScansOfForm, *, fisher_z: bool = False) -> Steps[None]:
    """Average the scans that a form asks about, or subtract them, in steps: `sample_of` then finds what is kept."""
    measure = form.measure or default_measure(cohort)
    yield from cohort.observe(measure, form.task, session=form.session, run=form.run, fisher_z=fisher_z)


def sample_of(
    cohort: Cohort,
    form: ScansOfForm,
    *,
    fisher_z: bool = False,
    missing: Mapping[str, BoolArray] | None = None,
    at_least: int = 1,
) -> Sample:
    """Choose the subjects that a form asks about; everything else as for `draw_sample`."""
    return draw_sample(
        cohort,
        measure=form.measure,
        task=form.task,
        session=form.session,
        run=form.run,
        group=form.group,
        fisher_z=fisher_z,
        missing=missing,
        at_least=at_least,
    )


@dataclass(frozen=True, slots=True, eq=False)
class PhenotypeSample:
    """The subjects of an analysis of phenotypes alone.

    Attributes
    ----------
    subjects : ndarray, shape (n_subjects,)
        Indices into the cohort, ascending.
    dropped : tuple of Exclusion
        As of `Sample`.
    sentences : tuple of str
        Who is used and who was left out, in plain words.
    """

    subjects: IntArray
    dropped: tuple[Exclusion, ...]
    sentences: tuple[str, ...]

    @property
    def numbers(self) -> dict[str, Json]:
        """The subjects as `Report.numbers` has them."""
        return {"n_subjects": int(self.subjects.size), **dropped_numbers(self.dropped)}


def draw_phenotype_sample(
    cohort: Cohort, *, group: str | None, missing: Mapping[str, BoolArray], at_least: int = 1
) -> PhenotypeSample:
    """Choose the subjects of an analysis of phenotypes alone; parameters and errors as for `draw_sample`."""
    remaining, dropped = left_after(cohort, groups.select(cohort, group), {}, missing)
    subjects = np.flatnonzero(remaining)
    if subjects.size < at_least:
        refuse(cohort, int(subjects.size), at_least, group, dropped)
    said = [Sentence(f"{counted(subjects.size, 'subject')} (", *whose(group), ")."), *left_out(dropped)]
    return PhenotypeSample(subjects, tuple(dropped), tuple(said))


def default_measure(cohort: Cohort) -> str:
    """Return "fc" where there is one, else the first measure; raise `InputError` where there is none."""
    if not cohort.measures:
        raise InputError(f"{cohort.name} has no connectivity; open a cohort with scans")
    return "fc" if "fc" in cohort.measures else next(iter(cohort.measures))


def leak_warnings(cohort: Cohort, measure: str) -> list[str]:
    """Warn where a model is trained and tested on a measure that was made from all subjects at once."""
    if not cohort.measure(measure).made:
        return []
    return [
        f"{measure} was made from all subjects at once, test subjects included. Test data have thus leaked into "
        "training, and performance may be overestimated; choose the original measure. On the page "
        "Prediction, “Harmonise by” estimates from the training set of each split only."
    ]


def what(
    cohort: Cohort,
    measure: str,
    task: str | None,
    session: str | None = None,
    run: str | None = None,
    *,
    mean: bool = True,
) -> str:
    """Return what is observed, for titles and sentences: "fc of rest, session 1", "fc, mean over tasks"."""
    parts = [f"{measure} of {task}" if task else measure, *condition_parts(None, session, run)]
    if task is None and mean and len(cohort.tasks) > 1:
        parts.append("mean over tasks")
    return ", ".join(parts)


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: "1 subject", "1,200 subjects"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence, the first dozen and how many more there are."""
    names = list(names)
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_NAMES_SHOWN])} and {more} others"


class _Scans(NamedTuple):
    """Which scans are observed; None stands for all there are."""

    measure: str
    task: str | None
    session: str | None
    run: str | None


def left_after(
    cohort: Cohort, selection: groups.Selection, reasons: Mapping[str, BoolArray], missing: Mapping[str, BoolArray]
) -> tuple[BoolArray, list[Exclusion]]:
    """Return who of a group remains, and the others, each under the first reason that applies."""
    remaining = selection.included.copy()
    concerned = {"whose group is unknown because a value is missing": selection.unknown}
    concerned |= {reason: selection.included & own for reason, own in reasons.items()}
    concerned |= {f"without {name}": selection.included & absent for name, absent in missing.items()}
    dropped = []
    for reason, own in concerned.items():
        leaves = own & (remaining | selection.unknown)
        remaining &= ~own
        if leaves.any():
            dropped.append(Exclusion(reason, tuple(cohort.subjects[index] for index in np.flatnonzero(leaves))))
    return remaining, dropped


def dropped_numbers(dropped: Iterable[Exclusion]) -> dict[str, Json]:
    """Return who was left out, as `Report.numbers` has it."""
    every = tuple(dropped)
    return {
        "n_dropped": sum(len(one.subjects) for one in every),
        "dropped": [{"reason": one.reason, "n": len(one.subjects), "subjects": one.subjects} for one in every],
    }


def left_out(dropped: Iterable[Exclusion]) -> list[str]:
    """Say who was left out, and why."""
    return [
        f"{counted(len(one.subjects), 'subject')} {one.reason} {'was' if len(one.subjects) == 1 else 'were'} left out: "
        f"{listed(one.subjects)}."
        for one in dropped
    ]


def _sentences(
    cohort: Cohort,
    scans: _Scans,
    group: str | None,
    fisher_z: bool,
    observations: Observations,
    rows: IntArray,
    dropped: list[Exclusion],
) -> list[str]:
    observed = what(cohort, *scans)
    said: list[str] = [
        Sentence(f"{counted(rows.size, 'subject')} (", *whose(group), f"), one observation each: {observed}.")
    ]
    said += [made] if (made := cohort.measure(scans.measure).made) else []
    difference = cohort.difference(*scans)
    if difference is not None:
        said.append(about_difference(cohort, *scans))
    tasks = cohort.tasks
    if scans.task is None and len(tasks) > 1:
        said.append(f"The tasks {listed(tasks)} of a subject were averaged with equal weight.")
        said += _incomplete(cohort, scans, observations, rows)
    n_sides = 1 if difference is None else 2
    n_repeated = int(np.count_nonzero(observations.n_scans[rows] > n_sides * observations.n_tasks[rows]))
    if n_repeated:
        parts = ["sessions"] * (scans.session is None) + ["runs"] * (scans.run is None)
        said.append(
            f"{counted(n_repeated, 'subject')} had several scans of a task ({', '.join(parts)}); "
            f"these were averaged first."
        )
    if fisher_z:
        said.append("Every scan was transformed by Fisher's z (arctanh) before averaging.")
    said += left_out(dropped)
    if cohort.set_aside:
        unknown = list(dict.fromkeys(scan.subject for scan in cohort.set_aside))
        said.append(f"Scans of subjects without demographics are not used: {listed(unknown)}.")
    return said


def _incomplete(cohort: Cohort, scans: _Scans, observations: Observations, rows: IntArray) -> list[str]:
    """Say which subjects have only some of the tasks that are averaged."""
    partial = observations.subjects[rows[observations.n_tasks[rows] < len(cohort.tasks)]]
    if not partial.size:
        return []
    by_tasks: dict[tuple[str, ...], list[str]] = {}
    has = {task: _scanned(cohort, scans._replace(task=task)) for task in cohort.tasks}
    for subject in partial.tolist():
        own = tuple(task for task in cohort.tasks if subject in has[task])
        by_tasks.setdefault(own, []).append(cohort.subjects[subject])
    return [
        f"{counted(len(subjects), 'subject')} {'has' if len(subjects) == 1 else 'have'} only {listed(own)}: "
        f"{listed(subjects)}."
        for own, subjects in sorted(by_tasks.items())
    ]


def _scanned(cohort: Cohort, scans: _Scans) -> set[int]:
    """Return who has some scans, or both sides of a difference."""
    difference = cohort.difference(*scans)
    if difference is not None:
        return set(difference.subjects.tolist())
    measure, *condition = scans
    present = cohort.measure(measure).present & cohort.chosen_scans(*condition)
    return set(cohort.scan_subjects[present].tolist())


def refuse(cohort: Cohort, n: int, at_least: int, group: str | None, dropped: list[Exclusion]) -> NoReturn:
    """Say that too few subjects remain, and why, as an `InputError`."""
    whose = "the cohort" if group is None else f"group {groups.describe(group)}"
    reasons = "; ".join(f"{len(one.subjects)} {one.reason}" for one in dropped)
    without = f" (left out: {reasons})" if reasons else ""
    raise InputError(
        f"{whose} has {counted(n, 'usable subject')}{without}, and at least {at_least} are needed; "
        f"choose a larger group or other data"
    )
