"""Whose scan is whose: subjects identified by their connectivity, copies of one scan, and scans of somebody else.

References
----------
Finn et al. (2015), Nat. Neurosci. 18:1664 (identification). Amico and Goni (2018), Sci. Rep. 8:8254 (differential
identifiability).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Scans alike to this correlation are compared number by number.
_SUSPICIOUS = 1 - 1e-4
#: Correlation of two copies of one scan that differ by rounding alone.
_COPIED = 1 - 1e-6
#: Rows of correlations looked at between two reports of progress.
_ROWS = 256

_IDENTIFYING = Progress("Identifying subjects by their scans")
_SWAPPED = Progress("Looking for swapped scans")


@dataclass(frozen=True, slots=True)
class Identification:
    """How well scans of one condition identify their subject among scans of another.

    Attributes
    ----------
    source, database : int
        Conditions: whose scans are looked for, and where.
    n : int
        People with a scan in both.
    n_database : int
        Scans that each is compared with.
    rate : float
        Share of those subjects whose scan is most similar to their own (Finn et al. 2015).
    own, others : float
        Mean correlation with one's own scan and with others'; NaN where there are none.
    """

    source: int
    database: int
    n: int
    n_database: int
    rate: float
    own: float
    others: float

    @property
    def differential(self) -> float:
        """Differential identifiability (Amico and Goni 2018), in percentage points of correlation."""
        return 100 * (self.own - self.others)


def identify(r: FloatArray, subjects: IntArray, conditions: IntArray) -> Steps[list[Identification]]:
    """Look for everybody's scan of one condition among the scans of another, for every ordered pair of conditions.

    Parameters
    ----------
    r : ndarray, shape (n_scans, n_scans)
        Correlations of scans.
    subjects, conditions : ndarray of int, shape (n_scans,)
        Whose scan each is, and of which task, session and run; a subject has one per condition.
    """
    found = []
    kinds = np.unique(conditions).tolist()
    for source in kinds:
        for database in kinds:
            if source == database:
                continue
            yield _IDENTIFYING
            looked_for, among = np.flatnonzero(conditions == source), np.flatnonzero(conditions == database)
            part = r[np.ix_(looked_for, among)]
            same = subjects[looked_for][:, None] == subjects[among]
            both = same.any(axis=1)
            if not both.any():
                continue
            best = _best(part[both])
            found.append(
                Identification(
                    source=source,
                    database=database,
                    n=int(np.count_nonzero(both)),
                    n_database=among.size,
                    rate=float(np.mean(subjects[among[best]] == subjects[looked_for[both]])),
                    own=mean_defined(part[same]),
                    others=mean_defined(part[~same]),
                )
            )
    return found


def mean_defined(r: FloatArray | list[float]) -> float:
    """Return the mean of correlations, without those that are not defined (NaN); NaN if there is no other."""
    given = np.asarray(r)
    defined = given[~np.isnan(given)]
    return float(defined.mean()) if defined.size else float("nan")


@dataclass(frozen=True, slots=True)
class Copy:
    """Two scans that hold the same numbers.

    ``first`` and ``second`` index the scans; ``r`` is exact, ``difference`` the largest between two of their numbers.
    """

    first: int
    second: int
    r: float
    difference: float


def copies(r: FloatArray, values: Float32Array, rows: IntArray) -> Steps[list[Copy]]:
    """Return the pairs of scans that are the same but for rounding.

    Parameters
    ----------
    r : ndarray, shape (n_scans, n_scans)
        Correlations of scans, of all edges or of some.
    values : ndarray, shape (n_rows, n_edges), float32
    rows : ndarray, shape (n_scans,)
    """
    found = []
    for first in range(len(r)):
        if first % _ROWS == 0:
            yield _IDENTIFYING
        for second in (np.flatnonzero(r[first, first + 1 :] >= _SUSPICIOUS) + first + 1).tolist():
            pair = values[rows[[first, second]]].astype(np.float64)
            pair = pair[:, np.isfinite(pair).all(axis=0)]
            exact = float(np.corrcoef(pair[0], pair[1])[0, 1])
            if exact >= _COPIED:
                found.append(Copy(first, int(second), exact, float(np.abs(pair[0] - pair[1]).max())))
    return found


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A scan that is most similar to another subject's scan, and vice versa.

    Attributes
    ----------
    scan, match : int
        The scan, and the other subject's scan most similar to it.
    r, r_own : float
        Correlation with that and with the subject's own scan of the same condition.
    n_agreeing, n_conditions : int
        Other conditions in which the same other subject is the best match, of those with a scan of the scan's subject.
    crossed : bool
        The other subject's scan of this condition is most similar to this subject's in all those conditions as well, as
        if the two were swapped.
    """

    scan: int
    match: int
    r: float
    r_own: float
    n_agreeing: int
    n_conditions: int
    crossed: bool


def mismatches(r: FloatArray, subjects: IntArray, conditions: IntArray) -> Steps[list[Mismatch]]:
    """Return the scans whose best match is, in both directions, another subject's, the likeliest swaps first.

    Only scans whose subject has a scan in the other condition are examined; parameters as for `identify`.
    """
    if not len(r):
        return []
    kinds = np.unique(conditions).tolist()
    scans_of = {kind: np.flatnonzero(conditions == kind) for kind in kinds}
    best = np.empty((len(r), len(kinds)), dtype=np.intp)
    for start in range(0, len(r), _ROWS):
        yield _SWAPPED
        some = r[start : start + _ROWS]
        for place, among in enumerate(scans_of.values()):
            best[start : start + _ROWS, place] = among[_best(some[:, among])]
    here = np.searchsorted(kinds, conditions)
    everybody, owner = np.unique(subjects, return_inverse=True)
    scan_of = np.full((everybody.size, len(kinds)), -1, dtype=np.intp)
    scan_of[owner, here] = np.arange(len(r))
    own = scan_of[owner]
    own[np.arange(len(r)), here] = -1
    back = best[best, here[:, None]] == np.arange(len(r))[:, None]
    both_ways = (own >= 0) & (subjects[best] != subjects[:, None]) & back
    found = []
    for scan in np.flatnonzero(both_ways.any(axis=1)).tolist():
        others, mutual = np.flatnonzero(own[scan] >= 0), np.flatnonzero(both_ways[scan]).tolist()
        matched = subjects[best[scan, mutual]]
        # The subject who is the best match most often; of several the most similar one.
        who = max(
            np.unique(matched).tolist(),
            key=lambda subject: (
                int(np.count_nonzero(matched == subject)),
                float(r[scan, best[scan, mutual]][matched == subject].max()),
            ),
        )
        agreeing = [position for position in mutual if subjects[best[scan, position]] == who]
        strongest = max(agreeing, key=lambda position: r[scan, best[scan, position]])
        counterpart = int(scan_of[np.searchsorted(everybody, who), here[scan]])
        asked = [position for position in others.tolist() if counterpart >= 0 and own[counterpart, position] >= 0]
        crossed = bool(asked) and all(subjects[best[counterpart, position]] == subjects[scan] for position in asked)
        found.append(
            Mismatch(
                scan=scan,
                match=int(best[scan, strongest]),
                r=float(r[scan, best[scan, strongest]]),
                r_own=float(r[scan, own[scan, strongest]]),
                n_agreeing=len(agreeing),
                n_conditions=int(others.size),
                crossed=crossed,
            )
        )
    return sorted(
        found, key=lambda one: (-(one.crossed and one.n_agreeing == one.n_conditions), -(one.r - one.r_own), one.scan)
    )


def compared_pairs(r: FloatArray, subjects: IntArray, conditions: IntArray) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return the correlations of pairs of scans within subjects, and between subjects.

    Two scans of one condition are of two subjects, so only pairs of different conditions are compared.
    """
    own, others = [np.zeros(0)], [np.zeros(0)]
    scans_of = [np.flatnonzero(conditions == kind) for kind in np.unique(conditions)]
    for place, one in enumerate(scans_of):
        for other in scans_of[place + 1 :]:
            yield Progress("Comparing pairs of scans")
            # Rounding differs left and right of the diagonal; what is right of it counts.
            pairs = np.where(one[:, None] < other, r[np.ix_(one, other)], r[np.ix_(other, one)].T)
            finite, same_subject = np.isfinite(pairs), subjects[one][:, None] == subjects[other]
            own.append(pairs[finite & same_subject])
            others.append(pairs[finite & ~same_subject])
    return np.concatenate(own), np.concatenate(others)


def _best(r: FloatArray) -> IntArray:
    """Return the column of the largest correlation of each row; scans that do not vary are like none."""
    return np.asarray(np.where(np.isnan(r), -np.inf, r).argmax(axis=1))
