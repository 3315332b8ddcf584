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
from imagenomer.statistics.scan_correlations import ScanCorrelations
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Scans alike to this correlation are compared number by number.
_SUSPICIOUS = 1 - 1e-4
#: Correlation of two copies of one scan that differ by rounding alone.
_COPIED = 1 - 1e-6


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


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Of each scan the most similar one of each condition, and its own subject's.

    Attributes
    ----------
    kinds : ndarray of int, shape (n_kinds,)
        The conditions, ascending.
    subjects : ndarray of int, shape (n_scans,)
        Whose scan each is.
    here : ndarray of int, shape (n_scans,)
        Condition of each scan, as a place among the kinds; -1 of scans that take no part.
    best : ndarray of int, shape (n_scans, n_kinds)
        The scan that is most similar; -1 where there is none, or the scan takes no part.
    r_best : ndarray, shape (n_scans, n_kinds)
    own : ndarray of int, shape (n_scans, n_kinds)
        The scan of the same subject; -1 where there is none, of the scan's own condition, or the scan takes no part.
    r_own : ndarray, shape (n_scans, n_kinds)
    sums, counts : ndarrays, shape (n_kinds, n_kinds)
        Of correlations with scans of others, those that are defined: sum and number, by condition.
    """

    kinds: IntArray
    subjects: IntArray
    here: IntArray
    best: IntArray
    r_best: FloatArray
    own: IntArray
    r_own: FloatArray
    sums: FloatArray
    counts: IntArray


def match_scans(
    r: ScanCorrelations, subjects: IntArray, conditions: IntArray, kept: BoolArray | None = None
) -> Steps[Matches]:
    """Look for the most similar scan of every condition to each scan.

    Parameters
    ----------
    r : ScanCorrelations
    subjects, conditions : ndarray of int, shape (n_scans,)
        Whose scan each is, and of which task, session and run; a subject has one per condition.
    kept : ndarray of bool, shape (n_scans,), optional
        Scans that take part; by default all.
    """
    n = len(r)
    kept = np.ones(n, dtype=bool) if kept is None else kept
    kinds, places = np.unique(conditions, return_inverse=True)
    here = np.where(kept, places, -1)
    scans_of = [np.flatnonzero(here == place) for place in range(kinds.size)]
    own = _own_scans(subjects, here, kinds.size)
    shape = (n, kinds.size)
    best, r_best, r_own = np.full(shape, -1), np.full(shape, np.nan), np.full(shape, np.nan)
    sums, counts = np.zeros((kinds.size, kinds.size)), np.zeros((kinds.size, kinds.size), dtype=np.intp)
    for start in r.starts():
        block = yield from r.block(start, Progress("Looking for swapped scans", start, n))
        inside = np.flatnonzero(kept[start : start + len(block)])
        rows = start + inside
        for place, among in enumerate(scans_of):
            if not (rows.size and among.size):
                continue
            found = block[np.ix_(inside, among)]
            at = np.where(np.isnan(found), -np.inf, found).argmax(axis=1)  # who does not vary is like none
            best[rows, place], r_best[rows, place] = among[at], found[np.arange(rows.size), at]
            has = own[rows, place] >= 0
            r_own[rows[has], place] = block[inside[has], own[rows[has], place]]
            others = np.isfinite(found) & (subjects[rows][:, None] != subjects[among])
            found[~others] = 0
            np.add.at(sums[:, place], here[rows], found.sum(axis=1))
            np.add.at(counts[:, place], here[rows], np.count_nonzero(others, axis=1))
    return Matches(kinds, subjects, here, best, r_best, own, r_own, sums, counts)


def _own_scans(subjects: IntArray, here: IntArray, n_kinds: int) -> IntArray:
    """Return the scan of each scan's subject in every other condition, shape (n_scans, n_kinds); -1: none."""
    everybody, owner = np.unique(subjects, return_inverse=True)
    scan_of = np.full((everybody.size, n_kinds), -1, dtype=np.intp)
    taking_part = np.flatnonzero(here >= 0)
    scan_of[owner[taking_part], here[taking_part]] = taking_part
    own = scan_of[owner]
    own[taking_part, here[taking_part]] = -1
    own[here < 0] = -1
    return own


def identify(matches: Matches) -> list[Identification]:
    """Look for everybody's scan of one condition among the scans of another, for every ordered pair of conditions."""
    found = []
    for source, kind in enumerate(matches.kinds.tolist()):
        looked_for = np.flatnonzero(matches.here == source)
        for database, other in enumerate(matches.kinds.tolist()):
            both = looked_for[matches.own[looked_for, database] >= 0]
            if source == database or not both.size:
                continue
            n_pairs = int(matches.counts[source, database])
            right = matches.subjects[matches.best[both, database]] == matches.subjects[both]
            found.append(
                Identification(
                    source=kind,
                    database=other,
                    n=int(both.size),
                    n_database=int(np.count_nonzero(matches.here == database)),
                    rate=float(np.mean(right)),
                    own=mean_defined(matches.r_own[both, database]),
                    others=float(matches.sums[source, database]) / n_pairs if n_pairs else float("nan"),
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


def copies(r: ScanCorrelations, values: Float32Array, rows_of_scans: IntArray) -> Steps[list[Copy]]:
    """Return the pairs of scans that are the same but for rounding.

    Parameters
    ----------
    r : ScanCorrelations
        Of all edges or of some.
    values : ndarray, shape (n_rows, n_edges), float32
    rows_of_scans : ndarray, shape (n_scans,)
    """
    found = []
    for start in r.starts():
        block = yield from r.block(start, Progress("Looking for copied scans", start, len(r)))
        rows, others = np.nonzero(block >= _SUSPICIOUS)
        rows += start
        later = rows < others
        for first, second in zip(rows[later].tolist(), others[later].tolist(), strict=True):
            pair = values[rows_of_scans[[first, second]]].astype(np.float64)
            pair = pair[:, np.isfinite(pair).all(axis=0)]
            exact = float(np.corrcoef(pair[0], pair[1])[0, 1])
            if exact >= _COPIED:
                found.append(Copy(first, second, exact, float(np.abs(pair[0] - pair[1]).max())))
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


def mismatches(matches: Matches) -> list[Mismatch]:
    """Return the scans whose best match is, in both directions, another subject's, the likeliest swaps first.

    Only scans whose subject has a scan in the other condition are examined.
    """
    best, here, own, subjects = matches.best, matches.here, matches.own, matches.subjects
    back = best[best, here[:, None]] == np.arange(here.size)[:, None]
    both_ways = (own >= 0) & (subjects[best] != subjects[:, None]) & back
    found = []
    for scan in np.flatnonzero(both_ways.any(axis=1)).tolist():
        others, mutual = np.flatnonzero(own[scan] >= 0), np.flatnonzero(both_ways[scan]).tolist()
        matched, r = subjects[best[scan, mutual]], matches.r_best[scan, mutual]
        # The subject who is the best match most often; of several the most similar one.
        who = max(
            np.unique(matched).tolist(),
            key=lambda subject: (int(np.count_nonzero(matched == subject)), float(r[matched == subject].max())),
        )
        agreeing = [position for position in mutual if subjects[best[scan, position]] == who]
        strongest = max(agreeing, key=lambda position: matches.r_best[scan, position])
        found.append(
            Mismatch(
                scan=scan,
                match=int(best[scan, strongest]),
                r=float(matches.r_best[scan, strongest]),
                r_own=float(matches.r_own[scan, strongest]),
                n_agreeing=len(agreeing),
                n_conditions=int(others.size),
                crossed=_crossed(matches, scan, who, others),
            )
        )
    return sorted(
        found, key=lambda one: (-(one.crossed and one.n_agreeing == one.n_conditions), -(one.r - one.r_own), one.scan)
    )


def _crossed(matches: Matches, scan: int, who: int, others: IntArray) -> bool:
    """Whether the other subject's scan of this condition is most like this subject's in the other conditions too."""
    best, own, subjects = matches.best, matches.own, matches.subjects
    theirs = np.flatnonzero((subjects == who) & (matches.here == matches.here[scan]))
    if not theirs.size:
        return False
    counterpart = int(theirs[-1])
    asked = [position for position in others.tolist() if own[counterpart, position] >= 0]
    return bool(asked) and all(subjects[best[counterpart, position]] == subjects[scan] for position in asked)


@dataclass(frozen=True, slots=True, eq=False)
class PairHistograms:
    """How similar pairs of scans of different conditions are, within subjects and between them.

    Attributes
    ----------
    bins : ndarray, shape (n_bins + 1,)
        Ends of bins of correlation; empty where there are no pairs of one kind.
    own, others : ndarray, shape (n_bins,)
        Percent of the pairs in each, within and between subjects.
    n_own, n_others : int
    """

    bins: FloatArray
    own: FloatArray
    others: FloatArray
    n_own: int
    n_others: int


def pair_histograms(r: ScanCorrelations, matches: Matches, fewest_bins: int, most_bins: int) -> Steps[PairHistograms]:
    """Return how similar pairs of scans of different conditions are; bins are as many as the pairs allow.

    Two scans of one condition are of two subjects, so only pairs of different conditions are compared.
    """
    low, high, sizes = np.inf, -np.inf, [0, 0]
    for start in r.starts():
        block = yield from r.block(start, Progress("Comparing pairs of scans", start, 2 * len(r)))
        for which, side in enumerate(_sides(block, start, matches)):
            sizes[which] += side.size
            low, high = min(low, float(side.min(initial=np.inf))), max(high, float(side.max(initial=-np.inf)))
    if not all(sizes):
        return PairHistograms(np.zeros(0), np.zeros(0), np.zeros(0), sizes[0], sizes[1])
    n_bins = int(np.clip(2 * np.sqrt(min(sizes)), fewest_bins, most_bins))
    bins = np.linspace(low, high + 1e-9, n_bins + 1)
    # Bins that NumPy knows to be of one width need no sorting of millions of pairs.
    ends, counts = (float(bins[0]), float(bins[-1])), np.zeros((2, n_bins))
    for start in r.starts():
        block = yield from r.block(start, Progress("Comparing pairs of scans", len(r) + start, 2 * len(r)))
        for which, side in enumerate(_sides(block, start, matches)):
            counts[which] += np.histogram(side, n_bins, ends)[0]
    own, others = 100 * counts / np.array(sizes)[:, None]
    return PairHistograms(bins, own, others, sizes[0], sizes[1])


def _sides(block: FloatArray, start: int, matches: Matches) -> tuple[FloatArray, FloatArray]:
    """Return the correlations of a block with later scans of other conditions: of the same subject, and of others."""
    rows = np.arange(start, start + len(block))[:, None]
    here, subjects = matches.here, matches.subjects
    pairs = (np.arange(here.size) > rows) & (here[rows] != here) & (here[rows] >= 0) & (here >= 0) & np.isfinite(block)
    same = subjects[rows] == subjects
    return block[pairs & same], block[pairs & ~same]
