"""Checks: what is doubtful about a cohort, whatever door it came in by; said once in the log."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from imagenomer.cohort import Cohort, LogEntry, Measure, Phenotype, Scan, natural_key
from imagenomer.edges import edge_index, edges_to_matrix
from imagenomer.parcellation import Parcellation
from imagenomer.readers.notes import Notes, count
from imagenomer.types import BoolArray, Float32Array

#: Parcels by which subjects (by name) they are not measured in, and in how many scans.
_Gaps: TypeAlias = dict[int, list[str]]

#: How far beyond 1 a correlation may be by rounding.
_ROUNDING = 1e-6
#: Millimetres from the midline within which a parcel belongs to neither side.
_MIDLINE = 5.0
_LEFT = re.compile(r"(^|[_\-. ])(lh?|left)([_\-. ]|$)", re.IGNORECASE)
_RIGHT = re.compile(r"(^|[_\-. ])(rh?|right)([_\-. ]|$)", re.IGNORECASE)
#: Subjects that are named in a line.
_SHOWN = 5


def checked(cohort: Cohort, *, files_were_checked: bool) -> Cohort:
    """Return a cohort of a format of its own, with what is doubtful about it in the log.

    Parameters
    ----------
    cohort : Cohort
        Parcels that were not measured become missing in its connectivity.
    files_were_checked : bool
        Its reader looked at each file for constant and repeated values, and values beyond 1.
    """
    notes = Notes()
    check_measures(
        cohort.scans, cohort.measures, cohort.parcellation, notes, every_scan=not files_were_checked, ranges=True
    )
    _check_phenotypes(cohort.phenotypes.values(), notes)
    # A bundle holds what was found when it was made.
    new = tuple(entry for entry in notes.log() if not any(_says(one, entry) for one in cohort.log))
    return replace(cohort, log=(*cohort.log, *new)) if new else cohort


def _says(one: LogEntry, other: LogEntry) -> bool:
    """Whether one line of the log says what another does."""
    return one.message == other.message and {*other.items} <= {*one.items}


def check_measures(
    scans: Sequence[Scan],
    measures: Mapping[str, Measure],
    parcellation: Parcellation | None,
    notes: Notes,
    *,
    every_scan: bool = True,
    ranges: bool = False,
) -> None:
    """Note what is doubtful about connectivity; parcels that were not measured in a scan become missing there.

    Parameters
    ----------
    scans : sequence of Scan
    measures : mapping of str to Measure
        Changed where all edges of a parcel of a scan have one value, as of a series that was 0 or constant.
    parcellation : Parcellation or None
    notes : Notes
    every_scan : bool
        Look for scans with missing edges, of one value, and alike.
    ranges : bool
        Look for values beyond -1 and 1, where nobody said that these are no correlations.
    """
    labels = parcellation.labels if parcellation is not None else ()
    for name, measure in measures.items():
        gaps: _Gaps = {}
        seen: dict[int, int] = {}
        constant, alike, partly, beyond = [], [], [], []
        may_be_flat = _may_be_flat(measure.values)
        for row in np.flatnonzero(measure.present).tolist():
            values = measure.values[row]
            low, high = float(values.min()), float(values.max())
            if low == high:
                constant.append(scans[row].title)
            elif low != low or may_be_flat[row]:
                partly += _missing_in(values, scans[row], gaps)
                low, high = float(np.nanmin(values)), float(np.nanmax(values))
            if max(-low, high) > 1 + _ROUNDING:
                beyond.append(f"{scans[row].title}: {low:.4g} to {high:.4g}")
            other = seen.setdefault(zlib.crc32(values.tobytes()), row) if every_scan else row
            if other != row and np.array_equal(measure.values[other], values, equal_nan=True):
                alike.append(f"{scans[other].title} = {scans[row].title}")
        if gaps:
            notes.warning(_of_gaps(name, gaps), _by_parcel(gaps, labels))
        for items, message in (
            (partly, f"{name}: scans with missing edges"),
            (constant, f"{name}: scans with the same value in every edge"),
            (alike, f"{name}: scans with identical data; is one a copy of the other?"),
        ):
            if items and every_scan:
                notes.warning(message, items)
        if beyond and ranges and every_scan:
            everywhere = len(beyond) == int(measure.present.sum())
            where = "in every scan, so these are not correlations" if everywhere else f"in {count(len(beyond), 'scan')}"
            notes.warning(f"{name} has values beyond -1 and 1 {where}", () if everywhere else beyond)
    if parcellation is not None and measures:
        _check_sides(parcellation, notes)


def _may_be_flat(values: Float32Array) -> BoolArray:
    """Return which scans may have a parcel of one value only: two edges of it are alike, shape (n_scans,)."""
    n = len(edges_to_matrix(values[:1])[0]) if len(values) else 0
    if n < 3:
        return np.zeros(len(values), dtype=bool)
    first = [edge_index(parcel, 0 if parcel else 1, n) for parcel in range(n)]
    second = [edge_index(parcel, 1 if parcel > 1 else 2, n) for parcel in range(n)]
    return np.asarray((values[:, first] == values[:, second]).any(axis=1))


def _missing_in(values: Float32Array, scan: Scan, gaps: _Gaps) -> list[str]:
    """Blank the parcels of a scan that were not measured and note them; return what else is missing, in words."""
    matrix = edges_to_matrix(values, diagonal=np.nan)
    known = ~np.isnan(matrix)
    low = np.where(known, matrix, np.inf).min(axis=0)
    high = np.where(known, matrix, -np.inf).max(axis=0)
    flat = (low == high) & (known.sum(axis=0) > max(1, len(matrix) // 2 - 1))
    if np.unique(values[~np.isnan(values)]).size <= 2:
        flat &= low == 0  # of ones and zeros a parcel that is joined with all others is none
    first, second = np.triu_indices(len(matrix), k=1)
    values[flat[first] | flat[second]] = np.nan
    without = flat | ~known.any(axis=0)
    for parcel in np.flatnonzero(without).tolist():
        gaps.setdefault(parcel, []).append(scan.subject)
    n_other = int((np.isnan(values) & ~without[first] & ~without[second]).sum())
    return [f"{scan.title}: {count(n_other, 'edge')}"] if n_other else []


def _of_gaps(name: str, gaps: _Gaps) -> str:
    subjects = {subject for one in gaps.values() for subject in one}
    return (
        f"{name}: {count(len(gaps), 'parcel')} without a value in some scans of {count(len(subjects), 'subject')} "
        "(missing, or the same value in every edge, as 0 where nothing was measured); missing there"
    )


def _by_parcel(gaps: _Gaps, labels: Sequence[str]) -> list[str]:
    """Return a line a parcel: in how many scans of whom it is missing."""
    lines = []
    for parcel in sorted(gaps):
        subjects = sorted(set(gaps[parcel]), key=natural_key)
        more = f" and {len(subjects) - _SHOWN:,} more" if len(subjects) > _SHOWN else ""
        label = labels[parcel] if labels else f"Parcel {parcel + 1}"
        lines.append(f"{label}: {count(len(gaps[parcel]), 'scan')} ({', '.join(subjects[:_SHOWN])}{more})")
    return lines


def _check_sides(parcellation: Parcellation, notes: Notes) -> None:
    """Note parcels whose name has another hemisphere than their coordinates: x grows to the right in MNI space."""
    named = [
        (label, -1 if _LEFT.search(label) else 1, x)
        for label, x in zip(parcellation.labels, parcellation.coordinates[:, 0].tolist(), strict=True)
        if bool(_LEFT.search(label)) != bool(_RIGHT.search(label)) and abs(x) > _MIDLINE
    ]
    wrong = [f"{label} (x = {x:g})" for label, side, x in named if side * x < 0]
    if wrong:
        notes.warning(
            f"{count(len(wrong), 'parcel')} of {len(named)} whose names tell a hemisphere have coordinates on the "
            "other side; are labels or coordinates of another order, or is x turned round?",
            wrong,
        )


def _check_phenotypes(phenotypes: Iterable[Phenotype], notes: Notes) -> None:
    """Note columns of one value."""
    constant = []
    for one in phenotypes:
        known = one.values[~one.missing]
        if known.size > 1 and (known == known[0]).all():
            constant.append(f"{one.name} ({one.levels[int(known[0])] if one.levels else f'{known[0]:g}'})")
    if constant:
        notes.warning("Phenotypes with the same value for everybody cannot be associated with anything", constant)
