"""Reliability: how alike an edge is in the same subject in another session, run or task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Analysis,
    Answer,
    Choice,
    Column,
    GroupChoice,
    MatrixView,
    MeasureChoice,
    Methods,
    Report,
    RunChoice,
    SessionChoice,
    TableView,
    TaskChoice,
)
from imagenomer.analyses.shared.form_fields import FisherZ, fisher_z_field
from imagenomer.analyses.shared.sample import (
    Exclusion,
    counted,
    default_measure,
    dropped_numbers,
    left_after,
    left_out,
    listed,
    refuse,
)
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError
from imagenomer.groups.sentence import Sentence, whose
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.reliability import Reliability, reliability
from imagenomer.types import BoolArray, FloatArray, IntArray, Row

#: Fewer subjects than this, and an intraclass correlation may be almost anything.
_FEW, _FEWEST = 20, 3
#: Intraclass correlations from which on reliability is called fair, good and excellent (Cicchetti 1994).
_FAIR, _GOOD, _EXCELLENT = 0.4, 0.6, 0.75
_OCCASIONS = {"sessions": "session", "runs": "run", "tasks": "task"}


_BETWEEN = (("repeated", "What is repeated"), ("sessions", "Sessions"), ("runs", "Runs"), ("tasks", "Tasks"))


@dataclass(frozen=True)
class Params:
    between: Annotated[str, Choice(_BETWEEN)] = field(
        default="repeated", metadata={"help": "Sessions where there are several, else runs, else tasks."}
    )
    measure: Annotated[str | None, MeasureChoice()] = None
    task: Annotated[str | None, TaskChoice()] = field(
        default=None, metadata={"when": {"between": ("sessions", "runs")}}
    )
    session: Annotated[str | None, SessionChoice(differences=False)] = field(
        default=None, metadata={"when": {"between": ("runs", "tasks")}}
    )
    run: Annotated[str | None, RunChoice(differences=False)] = field(
        default=None, metadata={"when": {"between": ("sessions", "tasks")}}
    )
    group: Annotated[str | None, GroupChoice()] = None
    fisher_z: FisherZ = fisher_z_field(help="Of arctanh of the correlations instead of the correlations.")


@dataclass(frozen=True, slots=True)
class _Scans:
    """Which scans are of an occasion; None stands for the mean over those there are."""

    task: str | None
    session: str | None
    run: str | None


@dataclass(frozen=True, slots=True, eq=False)
class RepeatedMeasurements:
    """The subjects who were measured on every occasion.

    Attributes
    ----------
    measure : str
    between : str
        "sessions", "runs" or "tasks".
    occasions : tuple of str
    subjects : ndarray of int, shape (n_subjects,)
        Indices into the cohort, ascending.
    dropped : tuple of Exclusion
    reliability : Reliability
        Of each edge.
    """

    measure: str
    between: str
    occasions: tuple[str, ...]
    subjects: IntArray
    dropped: tuple[Exclusion, ...]
    reliability: Reliability


def compute(cohort: Cohort, params: Params) -> Steps[RepeatedMeasurements]:
    yield Progress("Choosing subjects")
    measure = params.measure or default_measure(cohort)
    between, names, scans = _occasions(cohort, params)
    observed = []
    for one in scans:
        observed.append(
            (yield from cohort.observe(measure, one.task, session=one.session, run=one.run, fisher_z=params.fisher_z))
        )
    reasons = {}
    for name, own in zip(names, observed, strict=True):
        absent = np.ones(cohort.n_subjects, dtype=bool)
        absent[own.subjects] = False
        reasons[f"without {_OCCASIONS[between]} {name}"] = absent
    reasons[f"with other tasks in one {_OCCASIONS[between]} than in another"] = _unlike(cohort, measure, scans)
    remaining, dropped = left_after(cohort, groups.select(cohort, params.group), reasons, {})
    subjects = np.flatnonzero(remaining)
    if subjects.size < _FEWEST:
        refuse(cohort, int(subjects.size), _FEWEST, params.group, dropped)
    rows = [np.searchsorted(own.subjects, subjects) for own in observed]
    found = yield from reliability([own.values for own in observed], rows)
    return RepeatedMeasurements(measure, between, names, subjects, tuple(dropped), found)


def _occasions(cohort: Cohort, params: Params) -> tuple[str, tuple[str, ...], list[_Scans]]:
    """Return what is repeated, what each occasion is called, and its scans."""
    there_are = {"sessions": cohort.sessions, "runs": cohort.runs, "tasks": cohort.tasks}
    between = params.between
    if between == "repeated":
        between = next((one for one, names in there_are.items() if len(names) > 1), "sessions")
    names = there_are[between]
    if len(names) < 2:
        raise InputError(
            f"{cohort.name} has {counted(len(names), _OCCASIONS[between])}, and reliability is of what was measured "
            "more than once; open a cohort with several sessions, runs or tasks"
        )
    # Fields that the form hides do not count.
    hidden = params.between == "repeated"
    task, session, run = (None, None, None) if hidden else (params.task, params.session, params.run)
    return {
        "sessions": (between, names, [_Scans(task, name, run) for name in names]),
        "runs": (between, names, [_Scans(task, session, name) for name in names]),
        "tasks": (between, names, [_Scans(name, session, run) for name in names]),
    }[between]


def _unlike(cohort: Cohort, measure: str, scans: list[_Scans]) -> BoolArray:
    """Return who has other tasks on one occasion than on another, where tasks are averaged; shape (n_subjects,)."""
    unlike = np.zeros(cohort.n_subjects, dtype=bool)
    if scans[0].task is not None:
        return unlike
    present, owners = cohort.measure(measure).present, cohort.scan_subjects
    for task in cohort.tasks:
        has = np.zeros((len(scans), cohort.n_subjects), dtype=bool)
        for own, one in zip(has, scans, strict=True):
            own[owners[present & cohort.chosen_scans(task, one.session, one.run)]] = True
        unlike |= has.any(axis=0) & ~has.all(axis=0)
    return unlike


# --- reporting -----------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: RepeatedMeasurements) -> Report:
    found, n = result.reliability, result.subjects.size
    whom = "" if params.group is None else f" ({groups.describe(params.group)})"
    note = f"{counted(n, 'subject')}{whom}, {len(result.occasions)} {result.between}"
    label = "ICC of Fisher z" if params.fisher_z else "ICC"
    title = f"of {result.measure} between {result.between}"
    return Report(
        numbers={
            "measure": result.measure,
            "between": result.between,
            "occasions": list(result.occasions),
            "group": params.group,
            "fisher_z": params.fisher_z,
            "n_subjects": int(n),
            "consistency": _quartiles(found.consistency),
            "agreement": _quartiles(found.agreement),
            **dropped_numbers(result.dropped),
        },
        sentences=tuple(_sentences(params, result)),
        warnings=tuple(_warnings(result)),
        views=(
            MatrixView("consistency", f"ICC(3,1), consistency {title}", label, "consistency", "diverging", note=note),
            MatrixView("agreement", f"ICC(2,1), agreement {title}", label, "agreement", "diverging", note=note),
            TableView("networks", "Reliability within and between networks", _COLUMNS, tuple(_networks(cohort, found))),
        ),
        arrays={"consistency": found.consistency, "agreement": found.agreement},
    )


_COLUMNS = (
    Column("network_a", "Network"),
    Column("network_b", "Network"),
    Column("n_edges", "Edges", "integer"),
    Column("consistency", "ICC(3,1), mean over edges", "number"),
    Column("agreement", "ICC(2,1), mean over edges", "number"),
)


def _quartiles(values: FloatArray) -> dict[str, float | None]:
    known = values[np.isfinite(values)]
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75]) if known.size else (np.nan,) * 3
    mean = float(known.mean()) if known.size else np.nan
    return {"mean": finite(mean), "median": finite(float(median)), "q1": finite(float(low)), "q3": finite(float(high))}


def _sentences(params: Params, result: RepeatedMeasurements) -> list[str]:
    found = result.reliability
    said: list[str] = [
        Sentence(
            f"{counted(result.subjects.size, 'subject')} (",
            *whose(params.group),
            f"), each measured in {len(result.occasions)} {result.between}: {listed(result.occasions)}.",
        )
    ]
    known = found.consistency[np.isfinite(found.consistency)]
    if known.size:
        said += [Answer(_summary("ICC(3,1), of consistency,", found.consistency))]
        said += [_summary("ICC(2,1), of absolute agreement,", found.agreement)]
        shares = [float((known >= bound).mean()) for bound in (_FAIR, _GOOD, _EXCELLENT)]
        said.append(
            f"By ICC(3,1) {shares[0]:.0%} of the edges are at least fair ({_FAIR:g}), {shares[1]:.0%} good ({_GOOD:g}) "
            f"and {shares[2]:.0%} excellent ({_EXCELLENT:g}; Cicchetti 1994)."
        )
    undefined = found.consistency.size - known.size
    if undefined:
        said.append(
            f"{counted(undefined, 'edge')} {'has' if undefined == 1 else 'have'} no intraclass correlation: fewer than "
            "three subjects have a value on all occasions, or all values are equal."
        )
    said.append(
        "An intraclass correlation is the share of the variance that is between subjects, of a single measurement: "
        "ICC(3,1) ignores a shift of everybody between occasions, ICC(2,1) does not."
    )
    if params.fisher_z:
        said.append("Every scan was transformed by Fisher's z (arctanh) first.")
    return [*said, *left_out(result.dropped)]


def _summary(name: str, values: FloatArray) -> str:
    of = _quartiles(values)
    median, low, high = (number_text(float(of[key] or 0), ".2f") for key in ("median", "q1", "q3"))
    return f"{name} has a median over edges of {median} (quartiles {low} and {high})."


def _warnings(result: RepeatedMeasurements) -> list[str]:
    said = []
    if result.subjects.size < _FEW:
        said.append(
            f"Only {counted(result.subjects.size, 'subject')}: the intraclass correlation of a single edge is "
            "imprecise; look at the median over edges."
        )
    if result.between == "tasks":
        said.append(
            "Tasks differ in more than time: this is how alike connectivity is over tasks, and a lower bound of how "
            "reliable it is."
        )
    return said


def _networks(cohort: Cohort, found: Reliability) -> list[Row]:
    parcellation = parcellation_of(cohort)
    rank = {name: place for place, name in enumerate(parcellation.network_names)}
    codes = np.array([rank[name] for name in parcellation.networks], dtype=np.intp)
    ends = codes[np.stack(edge_parcels(np.arange(found.consistency.size), parcellation.n_parcels))]
    pair = ends.min(axis=0) * len(rank) + ends.max(axis=0)
    rows: list[Row] = []
    for one in np.unique(pair).tolist():
        own = pair == one
        first, second = divmod(one, len(rank))
        rows.append(
            {
                "network_a": parcellation.network_names[first],
                "network_b": parcellation.network_names[second],
                "n_edges": int(np.count_nonzero(own)),
                "consistency": _quartiles(found.consistency[own])["mean"],
                "agreement": _quartiles(found.agreement[own])["mean"],
            }
        )
    return rows


def methods(cohort: Cohort, params: Params, result: RepeatedMeasurements) -> Methods:
    """Say what was done, as a methods section does."""
    return Methods(
        (
            f"Reliability of every edge between {len(result.occasions)} {result.between} was measured in "
            f"{counted(result.subjects.size, 'subject')} by the intraclass correlations ICC(3,1), of consistency, and "
            "ICC(2,1), of absolute agreement, from the mean squares of a two-way analysis of variance.",
        ),
        (
            "Shrout and Fleiss (1979), Psychol. Bull. 86:420. https://doi.org/10.1037/0033-2909.86.2.420",
            "Cicchetti (1994), Psychol. Assess. 6:284. https://doi.org/10.1037/1040-3590.6.4.284",
        ),
    )


ANALYSIS = Analysis(
    title="Reliability",
    summary="How alike an edge is in the same subject in another session, run or task.",
    tab="Connectivity",
    params=Params,
    compute=compute,
    report=report,
    methods=methods,
    needs=("connectivity",),
)
