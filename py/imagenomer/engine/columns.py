"""Columns: what the page asks of a column that the user corrects, and the corrected cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from imagenomer.cohort import (
    Cohort,
    Correction,
    LogEntry,
    Phenotype,
    ReadColumn,
    alike_levels,
    columns_of,
    is_code,
    no_such,
    read_correction,
    read_corrections,
    with_columns,
    without_codes,
)
from imagenomer.cohort.corrections import Code
from imagenomer.cohort.values import level_of
from imagenomer.engine.requests import Answer, Job
from imagenomer.engine.workspace import Addition, OpenCohort, Place, Second, Workspace, opened_with
from imagenomer.errors import InputError
from imagenomer.load import add_measure
from imagenomer.types import JsonObject

#: Values that are listed: more are no levels that anybody names.
_MOST_VALUES = 200

_LOST = "Measures that could not be made again of the corrected columns were dropped"


async def column(
    workspace: Workspace, job: Job, *, name: str, missing: Sequence[Any] | None = None, place: Place = "first"
) -> Answer:
    """Return what was read of a column, for the dialog that corrects it.

    ``missing`` are codes that count as missing; None: those of the correction in force, else those that were found.
    """
    from imagenomer.readers.evidence.missing import missing_codes  # late: few correct a column

    cohort = workspace.at(place)
    columns = columns_of(cohort)
    if name not in columns:
        raise InputError(no_such("column", name, columns))
    read, correction = columns[name].phenotype, cohort.corrections.get(name, Correction())
    codes = _codes_of(columns[name], correction if missing is None else read_correction({"missing": missing}, name))
    left = without_codes(read, codes)
    values = _values_of(read, left)
    found = None if read.levels else missing_codes(read.values.astype(np.float64), read.description)
    proposed = {} if found is None else {**found.codes, **found.doubtful}
    listed = dict.fromkeys([*codes, *(code for code in map(_plain, proposed) if code not in codes)])
    return {
        "name": name,
        "kind": read.kind,
        "n": int(np.count_nonzero(~_missing(read, left))),
        "n_values": len(values),
        "values": values[:_MOST_VALUES],
        "alike": alike_levels([value for value, _ in values]) if read.levels else [],
        "codes": [
            {"code": code, "n": int(np.count_nonzero(is_code(read, [code]))), "chosen": code in codes}
            for code in listed
        ],
        "found": [_plain(code) for code in columns[name].codes],
        "units": read.units,
        "description": read.description,
        "correction": correction.json(),
    }, {}


async def correct_columns(workspace: Workspace, job: Job, *, columns: JsonObject, place: Place = "first") -> Answer:
    """Take columns for what the user says, instead of all that was said before; {}: for what the files say.

    Measures that were made here are made again, of the corrected columns; the log names those that cannot be.
    """
    opened = workspace.now
    if place == "second":
        second = with_columns(workspace.at(place), read_corrections(columns))
        assert opened.second is not None
        workspace.opened = _again(opened, opened.cohort, replace(opened.second, cohort=second), opened.added)
        return workspace.opened.overview, {}
    cohort = with_columns(_as_opened(opened), read_corrections(columns))
    added: list[Addition] = []
    lost: list[str] = []
    for one in opened.added:
        try:
            cohort = await job.finish(add_measure(cohort, one["analysis"], one["params"]))
            added.append(one)
        except InputError as error:
            lost.append(f"{one['measure']}: {error}")
    log = tuple(entry for entry in cohort.log if entry.message != _LOST)
    if lost:
        log += (LogEntry("warning", _LOST, tuple(lost)),)
    cohort = replace(cohort, log=log)
    workspace.opened = _again(opened, cohort, opened.second, tuple(added))
    return workspace.opened.overview, {}


def _again(opened: OpenCohort, cohort: Cohort, second: Second | None, added: tuple[Addition, ...]) -> OpenCohort:
    return opened_with(cohort, opened.where, opened.found, opened.atlas, second, added, opened.recipe)


def _as_opened(opened: OpenCohort) -> Cohort:
    """Return the open cohort without the measures that were made here, and what the log says of them."""
    cohort, made = opened.cohort, {one["measure"] for one in opened.added}
    said = {f"A measure was made here. {cohort.measures[name].made}" for name in made}
    return replace(
        cohort,
        measures={name: measure for name, measure in cohort.measures.items() if name not in made},
        log=tuple(entry for entry in cohort.log if entry.message not in said),
    )


def _codes_of(read: ReadColumn, correction: Correction) -> tuple[Code, ...]:
    """Return what counts as missing now."""
    return tuple(map(_plain, read.codes)) if correction.missing is None else correction.missing


def _values_of(read: Phenotype, left: Any) -> list[tuple[str, int]]:
    """Return the distinct values as levels, in their order, and how many subjects have each."""
    present = left[~_missing(read, left)]
    if read.levels:
        counts = np.bincount(present.astype(np.intp), minlength=len(read.levels)).tolist()
        before = np.bincount(read.values[~read.missing].astype(np.intp), minlength=len(read.levels)).tolist()
        return [(level, n) for level, n, all_ in zip(read.levels, counts, before, strict=True) if n or not all_]
    distinct, counts = np.unique(present, return_counts=True)
    return [(level_of(value), int(n)) for value, n in zip(distinct.tolist(), counts.tolist(), strict=True)]


def _missing(read: Phenotype, left: Any) -> Any:
    return left < 0 if read.levels else np.isnan(left)


def _plain(code: float) -> int | float:
    """Return a whole number as one: JSON has -9999, not -9999.0."""
    return int(code) if float(code).is_integer() else code
