"""Subject table: every subject of a cohort with scans and phenotypes, filtered, sorted, a page at a time or whole.

A subject is called by its place in the cohort here. Whoever ticks subjects says which by runs of places, as
``[[first, behind the last], ...]``, since all of 12,000 subjects are one run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, Phenotype, condition_parts
from imagenomer.downloads import CsvFile
from imagenomer.errors import InputError
from imagenomer.groups import (
    SUBJECT,
    Combination,
    Constant,
    Expression,
    Field,
    Membership,
    expression_from_clauses,
    format_expression,
    parse,
    select,
)
from imagenomer.parsing import MAX_LENGTH
from imagenomer.progress import Progress, Steps
from imagenomer.types import BoolArray, FloatArray, IntArray, Json
from imagenomer.wording import NOTHING, cell, decimals_of, number, plural, without_formula

#: What the table is sorted by; "phenotype" needs its name.
SortKey: TypeAlias = Literal["subject", "scans", "left_out", "phenotype"]
Runs: TypeAlias = Sequence[Sequence[int]]

#: Rows of the file written between two looks at whether it is still wanted.
_ROWS_PER_STEP = 50


@dataclass(frozen=True, slots=True)
class SubjectQuery:
    """Which subjects are listed, and in which order.

    Attributes
    ----------
    expression : str or None
        The group that a subject must be in; None: everybody.
    find : str
        Part of a subject's name, in any case; "" finds all.
    by : "subject", "scans", "left_out" or "phenotype"
    phenotype : str or None
        The phenotype that the table is sorted by.
    descending : bool
        What is missing comes last in either direction.
    """

    expression: str | None = None
    find: str = ""
    by: SortKey = "subject"
    phenotype: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ListedSubjects:
    """What a query finds.

    Attributes
    ----------
    order : ndarray, shape (n_listed,)
        Places of subjects in the cohort, as they are listed.
    n_unknown : int
        Subjects of whom a missing value leaves it open whether they are in the group; they are not listed.
    """

    order: IntArray
    n_unknown: int


_LISTED: Kind[SubjectQuery, ListedSubjects] = Kind("listed subjects", 4)
_COUNTS: Kind[str, IntArray] = Kind("scans of subjects", 2)
_DECIMALS: Kind[str, int | None] = Kind("decimals of phenotypes", 4096)


def query_of(
    cohort: Cohort,
    *,
    clauses: Sequence[Mapping[str, Json]] = (),
    group: str | None = None,
    find: str = "",
    by: SortKey = "subject",
    phenotype: str | None = None,
    descending: bool = False,
) -> SubjectQuery:
    """Return the query that a form of clauses, all of which must hold, and a group mean.

    Raises
    ------
    InputError
        If a clause or the group does not fit the cohort, or there is no such phenotype.
    """
    parts: list[Expression] = [] if group is None else [parse(group)]
    parts += [parse(expression_from_clauses(cohort, [clause])) for clause in clauses]
    expression = parts[0] if len(parts) == 1 else Combination("and", tuple(parts)) if parts else None
    if by == "phenotype":
        cohort.phenotype(str(phenotype))
    text = None if expression is None else format_expression(expression)
    return SubjectQuery(text, find.strip().lower(), by, phenotype if by == "phenotype" else None, descending)


def listed_subjects(cohort: Cohort, query: SubjectQuery) -> ListedSubjects:
    """Return who is listed, in order; ties keep the order of the cohort."""
    kept = cohort.caches[_LISTED].get(query)
    if kept is not None:
        return kept
    selection = select(cohort, query.expression)
    included = selection.included
    if query.find:
        included = included & np.array([query.find in name.lower() for name in cohort.subjects], dtype=bool)
    rows = np.flatnonzero(included)
    values, missing = _sort_values(cohort, query)
    known = rows[~missing[rows]]
    keys = values[known]
    known = known[np.argsort(-keys if query.descending else keys, kind="stable")]
    order = np.concatenate([known, rows[missing[rows]]])
    return cohort.caches[_LISTED].put(query, ListedSubjects(order, selection.n_unknown))


def subject_page(
    cohort: Cohort,
    query: SubjectQuery,
    *,
    start: int,
    stop: int,
    columns: Sequence[str],
    within: str | None = None,
) -> dict[str, Json]:
    """Return some rows and columns of the table as texts.

    Parameters
    ----------
    start, stop : int
        Rows, counted from 0 in the order of the query.
    columns : sequence of str
        Names of phenotypes.
    within : str or None
        A group: the answer says of each row whether the subject is in it.

    Returns
    -------
    dict
        As ``site/docs/developing.md`` says of the call ``subjects``.
    """
    listed = listed_subjects(cohort, query)
    rows = listed.order[max(0, start) : max(0, stop)]
    inside = select(cohort, within).included if within is not None else None
    return {
        "n": int(listed.order.size),
        "n_unknown": listed.n_unknown,
        "expression": query.expression,
        "start": max(0, start),
        "places": rows.tolist(),
        "names": [cohort.subjects[row] for row in rows],
        "scans": _scan_counts(cohort)[rows].tolist(),
        "left_out": _left_out_counts(cohort)[rows].tolist(),
        "inside": None if inside is None else inside[rows].tolist(),
        "cells": {name: _texts(cohort, cohort.phenotype(name), rows) for name in columns},
    }


def runs_of(places: IntArray) -> list[list[int]]:
    """Return places as runs: [0, 1, 2, 7] is [[0, 3], [7, 8]]."""
    ordered = np.unique(places)
    if not ordered.size:
        return []
    breaks = np.flatnonzero(np.diff(ordered) > 1) + 1
    return [[int(run[0]), int(run[-1]) + 1] for run in np.split(ordered, breaks)]


def members(cohort: Cohort, runs: Runs) -> BoolArray:
    """Return who is in the runs, shape (n_subjects,); places that the cohort does not have are nobody's."""
    chosen = np.zeros(cohort.n_subjects, dtype=bool)
    for first, behind in runs:
        chosen[max(0, first) : max(0, behind)] = True
    return chosen


def group_of_subjects(cohort: Cohort, wanted: BoolArray, given: Iterable[str | None] = ()) -> str:
    """Return the shortest expression that means these subjects and no others.

    One of the ``given`` groups, whole or without some; else their names, or the names of all others.

    Parameters
    ----------
    cohort : Cohort
    wanted : ndarray of bool, shape (n_subjects,)
    given : iterable of str or None
        Groups that may be close to it.

    Raises
    ------
    InputError
        If nobody is wanted, or there are too many names for an expression.
    """
    if not wanted.any():
        raise InputError("no subject is chosen; tick some, or filter the table")
    candidates: list[Expression] = [_named(cohort, wanted, negated=False)]
    if not wanted.all():
        candidates.append(_named(cohort, ~wanted, negated=True))
    for one in given:
        if one is None:
            continue
        selected = select(cohort, one).included
        if (selected == wanted).all():
            candidates.append(parse(one))
        elif (selected | ~wanted).all():
            but = _named(cohort, selected & ~wanted, negated=True)
            candidates.append(Combination("and", (parse(one), but)))
    text = min((format_expression(one) for one in candidates), key=len)
    if len(text) > MAX_LENGTH:
        raise InputError(
            f"the names of {int(wanted.sum()):,} of {cohort.n_subjects:,} subjects have "
            f"{plural(len(text), 'character')}, and a group has at most {MAX_LENGTH:,}; describe the group by a "
            "filter, or by a column of your table"
        )
    return text


def subjects_csv(cohort: Cohort, query: SubjectQuery) -> Steps[bytes]:
    """Write the whole table, as it is sorted and filtered, with all phenotypes: UTF-8 with its mark, every digit."""
    rows = listed_subjects(cohort, query).order
    phenotypes = list(cohort.phenotypes.values())
    file = CsvFile()
    file.write(["subject", "scans", "scans_left_out", *(without_formula(one.name) for one in phenotypes)])
    scans, left_out = _scan_counts(cohort), _left_out_counts(cohort)
    for start in range(0, rows.size, _ROWS_PER_STEP):
        yield Progress("Writing the table", start, int(rows.size))
        some = rows[start : start + _ROWS_PER_STEP]
        columns = [_exact(one, some) for one in phenotypes]
        for place, row in enumerate(some):
            name = without_formula(cohort.subjects[row])
            file.write([name, scans[row], left_out[row], *(column[place] for column in columns)])
    return file.content()


def subject_record(cohort: Cohort, place: int) -> dict[str, Json]:
    """Return one subject: its scans, and every phenotype as a text, in the order of the cohort.

    Raises
    ------
    InputError
        If the cohort has no subject at this place.
    """
    if not 0 <= place < cohort.n_subjects:
        raise InputError(f"no subject {place}; {cohort.name} has subjects 0 to {cohort.n_subjects - 1}")
    name = cohort.subjects[place]
    scans: list[Json] = [
        {
            "scan": index,
            "title": scan.title,
            "condition": " · ".join(condition_parts(scan.task, scan.session, scan.run)),
            "measures": [measure.name for measure in cohort.measures.values() if measure.present[index]],
        }
        for index, scan in enumerate(cohort.scans)
        if scan.subject == name
    ]
    # Names, units and descriptions are in the overview; of thousands of phenotypes they would be most of the answer.
    values = [_value(one, place) for one in cohort.phenotypes.values()]
    left_out = [scan.title for scan in cohort.set_aside if scan.subject == name]
    return {"subject": name, "scans": scans, "left_out": left_out, "values": values}


# --- values ---------------------------------------------------------------------------------------


def _sort_values(cohort: Cohort, query: SubjectQuery) -> tuple[FloatArray, BoolArray]:
    """Return what subjects are sorted by, and who has no such value; levels are in their order."""
    nobody = np.zeros(cohort.n_subjects, dtype=bool)
    if query.by == "phenotype":
        phenotype = cohort.phenotype(str(query.phenotype))
        return phenotype.values.astype(np.float64), phenotype.missing
    if query.by == "scans":
        return _scan_counts(cohort).astype(np.float64), nobody
    if query.by == "left_out":
        return _left_out_counts(cohort).astype(np.float64), nobody
    return np.arange(cohort.n_subjects, dtype=np.float64), nobody


def _scan_counts(cohort: Cohort) -> IntArray:
    """Return the scans of each subject, shape (n_subjects,)."""
    cache = cohort.caches[_COUNTS]
    kept = cache.get("used")
    return cache.put("used", np.bincount(cohort.scan_subjects, minlength=cohort.n_subjects)) if kept is None else kept


def _left_out_counts(cohort: Cohort) -> IntArray:
    """Return the scans of each subject that were found but cannot be used, shape (n_subjects,)."""
    cache = cohort.caches[_COUNTS]
    kept = cache.get("left out")
    if kept is not None:
        return kept
    place = {name: index for index, name in enumerate(cohort.subjects)}
    counts = np.zeros(cohort.n_subjects, dtype=np.intp)
    for scan in cohort.set_aside:
        if scan.subject in place:
            counts[place[scan.subject]] += 1
    return cache.put("left out", counts)


def _texts(cohort: Cohort, phenotype: Phenotype, rows: IntArray) -> list[str]:
    """Return values as people read them, those of a number with as many decimals as its column needs."""
    if phenotype.levels:
        return [phenotype.levels[int(code)] if code >= 0 else NOTHING for code in phenotype.values[rows]]
    decimals = _decimals(cohort, phenotype)
    return [cell(value, "number", decimals) for value in phenotype.values[rows].astype(np.float64).tolist()]


def _value(phenotype: Phenotype, place: int) -> str:
    """Return one value as people read it, with six significant digits."""
    value = phenotype.values[place]
    if phenotype.levels:
        return phenotype.levels[int(value)] if value >= 0 else NOTHING
    return number(float(value), 6)


def _decimals(cohort: Cohort, phenotype: Phenotype) -> int | None:
    """Return `decimals_of` the whole column, which depends on three of its values only."""
    cache = cohort.caches[_DECIMALS]
    if phenotype.name in cache:
        return cache.get(phenotype.name)
    sizes = np.abs(phenotype.values.astype(np.float64))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    fractional = sizes[sizes != np.floor(sizes)][:1]
    telling = [float(sizes.min()), float(sizes.max()), *fractional.tolist()] if sizes.size else []
    return cache.put(phenotype.name, decimals_of(telling))


def _exact(phenotype: Phenotype, rows: IntArray) -> list[str]:
    """Return values for a file: every digit, nothing where missing."""
    if phenotype.levels:
        return [without_formula(phenotype.levels[int(code)]) if code >= 0 else "" for code in phenotype.values[rows]]
    return list(_digits(phenotype.values[rows].tolist()))


def _digits(values: Iterable[float]) -> Iterator[str]:
    for value in values:
        whole = math.isfinite(value) and float(value).is_integer() and abs(value) < 1e15
        yield "" if math.isnan(value) else str(int(value)) if whole else repr(float(value))


def _named(cohort: Cohort, chosen: BoolArray, *, negated: bool) -> Membership:
    names = tuple(Constant(cohort.subjects[place]) for place in np.flatnonzero(chosen))
    return Membership(Field(SUBJECT), names, negated)
