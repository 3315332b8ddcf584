"""Differences: one task, session or run of a subject minus another, as what is observed.

A difference is chosen by its name, wherever a task, a session or a run is: "nback minus rest", "2 minus 1", and of two
sessions at known ages or dates "2 minus 1 per year". Scans of each side are averaged first. A difference of sessions or
runs is taken within each task, so that a task which only one of the sessions has is no part of it; the differences of
several tasks are averaged with equal weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from imagenomer.cohort.parts import Phenotype
from imagenomer.types import Float32Array, FloatArray, IntArray

_MINUS, _PER_YEAR = " minus ", " per year"
_IN_A_YEAR = {"month": 12, "week": 52.1775, "day": 365.2425}
#: Fewer years than this between two sessions, about a day, are no time.
_LEAST_YEARS = 1 / 366


def difference_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of all differences of two, in the order of the names."""
    return tuple(f"{first}{_MINUS}{second}" for first, second in permutations(names, 2))


def sides_of(name: str | None, names: Sequence[str]) -> tuple[str, str] | None:
    """Return both sides of a difference by its name; None where it is not one of these names' differences.

    What is itself one of the names is no difference, whatever it is called.
    """
    if name is None or name in names or _MINUS not in name:
        return None
    parts = name.split(_MINUS)
    for place in range(1, len(parts)):
        first, second = _MINUS.join(parts[:place]), _MINUS.join(parts[place:])
        if first != second and first in names and second in names:
            return first, second
    return None


def difference_of_rate(name: str, names: Sequence[str]) -> str | None:
    """Return "2 minus 1" of "2 minus 1 per year"; None where it is no difference of these names a year."""
    difference = name.removesuffix(_PER_YEAR)
    return difference if difference != name and sides_of(name, names) is None and sides_of(difference, names) else None


@dataclass(frozen=True, slots=True, eq=False)
class SessionTimes:
    """When two sessions of each subject were.

    Attributes
    ----------
    name : str
        Of the column about scans that tells: "age", or a date.
    years : ndarray, shape (n_subjects,)
        From the second session to the first; NaN where one of the two is not known.
    """

    name: str
    years: FloatArray


def times_of(phenotypes: Mapping[str, Phenotype], first: str, second: str) -> SessionTimes | None:
    """Return the time between two sessions where a column tells it of both; None where none does.

    Ages are asked first: "age (session 2)", in years or what their units say. Then dates, columns whose role that is,
    which are years: "scanned (session 2)".
    """
    ending, other = f" (session {first})", f" (session {second})"
    dates = [name.removesuffix(ending) for name, one in phenotypes.items() if one.role == "date"]
    for name in ("age", *dates):
        here, there = phenotypes.get(f"{name}{ending}"), phenotypes.get(f"{name}{other}")
        if here is None or there is None or here.kind != "number" or there.kind != "number":
            continue
        if name == "age":
            return SessionTimes(name, _in_years(here) - _in_years(there))
        if there.role == "date":
            return SessionTimes(name, here.values.astype(np.float64) - there.values.astype(np.float64))
    return None


def _in_years(age: Phenotype) -> FloatArray:
    """Return ages in years, by the units that the phenotype tells; it tells none of years."""
    unit = age.units.strip().lower()
    in_a_year = next((n for name, n in _IN_A_YEAR.items() if name in unit), 1)
    return age.values.astype(np.float64) / in_a_year


def session_differences(sessions: Sequence[str], phenotypes: Mapping[str, Phenotype]) -> tuple[str, ...]:
    """Return the names of the differences of two sessions, and of those a year of sessions at known times."""
    timed = [pair for pair in permutations(sessions, 2) if times_of(phenotypes, *pair) is not None]
    rates = (f"{first}{_MINUS}{second}{_PER_YEAR}" for first, second in timed)
    return (*difference_names(sessions), *rates)


def sides_at_times(
    name: str | None, sessions: Sequence[str], phenotypes: Mapping[str, Phenotype]
) -> tuple[str, str] | None:
    """Return both sides of a difference a year; None where it is none, or not of two sessions at known times."""
    rate = None if name is None else difference_of_rate(name, sessions)
    sides = sides_of(rate, sessions)
    return sides if sides is not None and times_of(phenotypes, *sides) is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class ScanDifference:
    """Whose scans make a difference.

    Attributes
    ----------
    pairs : tuple of pairs of ndarrays of int
        Rows of scans of both sides, of subjects who have both; one pair for each difference that is averaged.
    owners : ndarray of int, shape (n_scans,)
        The subject of each scan.
    subjects : ndarray of int, shape (n_rows,)
        Who has a difference, ascending.
    n_scans, n_pairs : ndarrays of int, shape (n_rows,)
        Scans behind each, and differences that are averaged.
    years : ndarray, shape (n_rows,), or None
        What each is divided by; None: nothing.
    """

    pairs: tuple[tuple[IntArray, IntArray], ...]
    owners: IntArray
    subjects: IntArray
    n_scans: IntArray
    n_pairs: IntArray
    years: FloatArray | None = None

    def values(self, scans: Float32Array, columns: IntArray | slice, *, fisher_z: bool) -> FloatArray:
        """Return the difference in some columns.

        Parameters
        ----------
        scans : ndarray, shape (n_scans, n_edges), float32
        columns : ndarray of int, or slice
        fisher_z : bool
            Transform each scan by ``arctanh`` first.

        Returns
        -------
        ndarray, shape (n_rows, n_columns)
        """
        n_columns = scans[:0, columns].shape[1]
        total = np.zeros((self.subjects.size, n_columns))
        for pair in self.pairs:
            for sign, rows in zip((1, -1), pair, strict=True):
                block = scans[:, columns][rows].astype(np.float64)
                if fisher_z:
                    block = np.arctanh(block)
                place = np.searchsorted(self.subjects, self.owners[rows])
                counts = np.bincount(place, minlength=self.subjects.size)
                np.add.at(total, place, sign * block / counts[place, None])
        divisor = self.n_pairs if self.years is None else self.n_pairs * self.years
        return np.asarray(total / divisor[:, None])


def scan_difference(pairs: Iterable[tuple[IntArray, IntArray]], owners: IntArray) -> ScanDifference:
    """Return the difference of pairs of scans' rows, of the subjects who have both sides of a pair."""
    kept, n_scans, n_pairs = (
        [],
        np.zeros(owners.max(initial=-1) + 1, np.intp),
        np.zeros(owners.max(initial=-1) + 1, np.intp),
    )
    for first, second in pairs:
        both = np.intersect1d(owners[first], owners[second])
        sides = tuple(rows[np.isin(owners[rows], both)] for rows in (first, second))
        if not both.size:
            continue
        kept.append((sides[0], sides[1]))
        n_pairs[both] += 1
        for rows in sides:
            n_scans += np.bincount(owners[rows], minlength=n_scans.size)
    subjects = np.flatnonzero(n_pairs)
    return ScanDifference(tuple(kept), owners, subjects, n_scans[subjects], n_pairs[subjects])


def per_year(difference: ScanDifference, years: FloatArray) -> ScanDifference:
    """Return a difference a year, of the subjects for whom the time between both sides is known and not nothing.

    Parameters
    ----------
    difference : ScanDifference
    years : ndarray, shape (n_subjects,)
        Of the cohort's subjects from the second side to the first; NaN where not known.
    """
    owners = difference.owners
    known = np.abs(years) >= _LEAST_YEARS  # NaN is not
    kept = scan_difference(
        [tuple(rows[known[owners[rows]]] for rows in pair) for pair in difference.pairs],  # type: ignore[misc]
        owners,
    )
    return replace(kept, years=years[kept.subjects])
