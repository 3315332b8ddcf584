"""Quality of connectivity: what moves with motion, which scans stand out, and whose scan is whose.

QC-FC is the correlation, over subjects, of each edge with a measure of a scan's quality, such as motion. Edges depend
on each other, so that how many of them go with motion by chance cannot be told from their number: subjects are
rearranged, all edges together (with covariates as by Freedman and Lane, see `imagenomer.statistics.permutation`).

Scans are compared by the products of all their pairs, made once, from which follow the mean connectivity of a scan, its
correlation with others and with the mean of others, and its place among the principal components of its task.

References
----------
Power et al. (2012), NeuroImage 59:2142. Ciric et al. (2017), NeuroImage 154:174 (QC-FC). Parkes et al. (2018),
NeuroImage 171:415. Morfini et al. (2023), Front. Neurosci. 17:1092125 (match with the null, as CONN computes it).
Finn et al. (2015), Nat. Neurosci. 18:1664 (identification). Amico and Goni (2018), Sci. Rep. 8:8254 (differential
identifiability).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.permutation import FreedmanLane, row_products
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.tails import r_of_p
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Centres of the bins in which CONN compares two distributions of r; the outermost hold what lies beyond.
MATCH_BINS = np.linspace(-1, 1, 101)
#: CONN calls a match below the first low, and above the second high.
MATCH_CUTS = (0.80, 0.95)

#: Rearrangements whose r of all edges are held at once: 34,716 edges take 28 MB.
_PERMUTATIONS = 200
#: Rearrangements summarised between two reports of progress.
_SUMMARISED = 20
#: What rounding of float32 can make of equal statistics.
_ROUNDING = 1e-6
#: Edges and scans of a tile of products, which the cache holds.
_EDGES, _SCANS = 512, 512
#: Scans alike to this correlation are compared number by number.
_SUSPICIOUS = 1 - 1e-4
#: Correlation of two copies of one scan that differ by rounding alone.
_COPIED = 1 - 1e-6


# --- QC-FC ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class QcFc:
    """Correlation of every edge with motion, and what the whole of it says.

    Attributes
    ----------
    r : ndarray, shape (n_edges,)
        Pearson (partial) correlation; NaN where an edge has missing values or does not vary: it takes no part.
    dof : int
    alpha : float
        Of ``share_nominal`` and ``share_fdr``.
    share_nominal : float
        Share of the edges whose uncorrected p is below alpha.
    share_fdr : float
        Share of the edges that are significant after Benjamini and Hochberg's correction.
    median_abs_r : float
    distance_r, distance_rho : float
        Pearson and Spearman correlation, over edges, of r with the distance of the parcels; NaN without distances.
    match : float
        Overlap of the distribution of r with that of the rearrangements, in [0, 1] (`overlap`).
    counts, null_counts : ndarray, shape (101,)
        Edges in each of `MATCH_BINS`, as they are and in all rearrangements together.
    null_band : ndarray, shape (2, 101)
        Between which the middle 95 % of the rearrangements have each count.
    null_nominal, null_fdr, null_median, null_distance, null_match : ndarray, shape (n_permutations,)
        The same of each rearrangement.
    """

    r: FloatArray
    dof: int
    alpha: float
    share_nominal: float
    share_fdr: float
    median_abs_r: float
    distance_r: float
    distance_rho: float
    match: float
    counts: IntArray
    null_counts: IntArray
    null_band: FloatArray
    null_nominal: FloatArray
    null_fdr: FloatArray
    null_median: FloatArray
    null_distance: FloatArray
    null_match: FloatArray

    @property
    def n_edges(self) -> int:
        """Edges that take part."""
        return int(np.count_nonzero(~np.isnan(self.r)))

    @property
    def p_nominal(self) -> float:
        """Chance of so large a share of edges with a small p."""
        return _p_of(self.null_nominal >= self.share_nominal - _ROUNDING)

    @property
    def p_fdr(self) -> float:
        """Chance of so large a share of significant edges."""
        return _p_of(self.null_fdr >= self.share_fdr - _ROUNDING)

    @property
    def p_median(self) -> float:
        """Chance of so large a median of ``|r|``."""
        return _p_of(self.null_median >= self.median_abs_r - _ROUNDING)

    @property
    def p_distance(self) -> float:
        """Chance of so close a relation with distance, of either sign; NaN without distances."""
        if np.isnan(self.distance_r):
            return float("nan")
        return _p_of(np.abs(self.null_distance) >= abs(self.distance_r) - _ROUNDING)

    @property
    def p_match(self) -> float:
        """Chance of so low a match, each arrangement compared with all of them, the actual one included."""
        own = overlap(self.counts, self.null_counts + self.counts)
        return _p_of(self.null_match <= own + _ROUNDING)


def qc_fc(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    distance: FloatArray,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    alpha: float = 0.05,
    blocks: IntArray | None = None,
) -> Steps[QcFc]:
    """Correlate every edge with motion, and compare with what rearranged subjects give.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), C-ordered
    rows : ndarray, shape (n_subjects,)
        Rows in use.
    tested : Term
        Motion, or whatever measures quality: one column.
    design : Design
        Covariates of the same subjects. They are taken out of motion and of connectivity; CONN takes them out of
        motion alone.
    distance : ndarray, shape (n_edges,)
        Millimetres between the parcels; NaN where unknown.
    n_permutations : int
    rng : numpy.random.Generator
    alpha : float
    blocks : ndarray of int, shape (n_subjects,), optional
        Exchangeability block of each subject.

    Raises
    ------
    InputError
        If motion cannot be tested, there is too little to rearrange, or no edge can be tested.
    """
    if len(tested.columns) > 1:
        raise ValueError(f"{tested.name} has {len(tested.columns)} columns; QC-FC is of one")
    model = FreedmanLane(values, rows, tested, design, blocks)
    n_edges = values.shape[1]
    at_once = min(_PERMUTATIONS, n_permutations)
    r = np.empty((at_once, n_edges), dtype=np.float32)
    null = np.empty((4, n_permutations))
    counts = np.empty((n_permutations, MATCH_BINS.size), dtype=np.intp)
    summary: _Summary | None = None
    for chunk, permutations, unit, columns in model.blocks(n_permutations, rng, at_once):
        share, sign = model.all_shares(unit, permutations)
        np.multiply(sign, np.sqrt(share), out=r[: len(permutations), columns])
        yield model.progress(chunk, columns, n_permutations)
        if columns.stop < n_edges:
            continue
        if summary is None:  # which edges can be tested is known once all have been through
            summary = _Summary(~np.isnan(model.share), model.dof, alpha, distance)
        for number, position in enumerate(range(chunk.start, chunk.stop)):
            null[:, position], counts[position] = summary.of(r[number])
            if number % _SUMMARISED == 0:
                yield Progress("Comparing with rearranged subjects", position, n_permutations)
    assert summary is not None
    actual = np.sign(model.statistic) * np.sqrt(model.share)
    measured, own_counts = summary.of(actual)
    pooled = counts.sum(axis=0)
    everything = pooled + own_counts
    return QcFc(
        r=actual,
        dof=model.dof,
        alpha=alpha,
        share_nominal=measured[0],
        share_fdr=measured[1],
        median_abs_r=measured[2],
        distance_r=measured[3],
        distance_rho=summary.rank_correlation(actual),
        match=overlap(own_counts, pooled),
        counts=own_counts,
        null_counts=pooled,
        null_band=np.quantile(counts, [0.025, 0.975], axis=0),
        null_nominal=null[0],
        null_fdr=null[1],
        null_median=null[2],
        null_distance=null[3],
        null_match=np.array([overlap(own, everything) for own in counts]),
    )


def overlap(counts: IntArray, others: IntArray) -> float:
    """Return the share that two histograms have in common: the sum over bins of the lesser of their shares.

    CONN's "% match" is that of the r of all edges with the r of edges whose subjects were shuffled, in 101 bins. Its
    shuffles every edge on its own, once; ours pools rearrangements of all edges together, which has the same
    expectation and less noise.
    """
    return float(np.minimum(counts / counts.sum(), others / others.sum()).sum())


def match_counts(r: NDArray[np.floating[Any]]) -> IntArray:
    """Return how many values lie in each of `MATCH_BINS`."""
    width = MATCH_BINS[1] - MATCH_BINS[0]
    bins = np.floor((r - MATCH_BINS[0]) / width + 0.5).astype(np.intp)
    return np.bincount(np.clip(bins, 0, MATCH_BINS.size - 1), minlength=MATCH_BINS.size)


class _Summary:
    """What the correlations of all edges come to, the same for the actual and for every other arrangement."""

    def __init__(self, tested: BoolArray, dof: int, alpha: float, distance: FloatArray) -> None:
        self._tested = np.flatnonzero(tested)
        m = self._tested.size
        if m == 0:
            raise InputError("no edge varies among these subjects, so none can go with motion; choose other data")
        # Benjamini and Hochberg's limit of the k-th smallest p as one of the k-th largest |r|.
        self._limits = r_of_p(alpha * np.arange(1, m + 1) / m, dof)
        self._placed = np.flatnonzero(np.isfinite(distance[self._tested]))
        away = distance[self._tested[self._placed]]
        self._distance = away - away.mean() if away.size else away
        self._spread = float(np.linalg.norm(self._distance))
        self._varies = away.size > 2 and self._spread > 1e-12 * float(np.linalg.norm(away))

    def of(self, r: NDArray[np.floating[Any]]) -> tuple[FloatArray, IntArray]:
        """Return share below alpha, share after correction, median and relation with distance; and the histogram."""
        own: FloatArray = r[self._tested].astype(np.float64)
        magnitude = np.abs(own)
        small = np.sort(magnitude[magnitude >= self._limits[-1]])[::-1]
        passes = np.flatnonzero(small >= self._limits[: small.size])
        n_significant = passes[-1] + 1 if passes.size else 0
        measured = np.array(
            [small.size / own.size, n_significant / own.size, float(np.median(magnitude)), self._correlation(own)]
        )
        return measured, match_counts(own)

    def rank_correlation(self, r: FloatArray) -> float:
        """Return Spearman's correlation with distance."""
        if not self._varies:
            return float("nan")
        both = np.stack([r[self._tested][self._placed], self._distance], axis=1)
        ranks = average_ranks(both)
        ranks -= ranks.mean(axis=0)
        return float(ranks[:, 0] @ ranks[:, 1] / np.sqrt((ranks**2).sum(axis=0).prod()))

    def _correlation(self, r: FloatArray) -> float:
        if not self._varies:
            return float("nan")
        placed = r[self._placed]
        length = float(np.sqrt(max(placed @ placed - placed.sum() ** 2 / placed.size, 0)))
        return float(placed @ self._distance) / (length * self._spread) if length > 0 else 0.0


def _p_of(as_extreme: BoolArray) -> float:
    return (1 + int(np.count_nonzero(as_extreme))) / (1 + as_extreme.size)


# --- scans compared with each other --------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class ScanProducts:
    """Products of all pairs of scans, summed over edges.

    Attributes
    ----------
    products : ndarray, shape (n_scans, n_scans)
        Exact to about 1e-6.
    totals : ndarray, shape (n_scans,)
        Sum over edges of each scan.
    n_edges : int
        Edges that every scan has, of those asked for.
    """

    products: FloatArray
    totals: FloatArray
    n_edges: int

    @property
    def mean(self) -> FloatArray:
        """Mean over edges of each scan, shape (n_scans,)."""
        return self.totals / self.n_edges

    def correlations(self) -> FloatArray:
        """Return the correlation, over edges, of every pair of scans, shape (n_scans, n_scans).

        NaN where a scan is the same at every edge.
        """
        r = np.outer(self.totals, -self.totals / self.n_edges)
        r += self.products
        squares = np.diag(r).copy()
        # What is left of a scan without variation is rounding.
        length = np.sqrt(np.where(squares > 1e-6 * np.diag(self.products), squares, np.nan))
        r /= length[:, None]
        r /= length
        return np.clip(r, -1, 1, out=r)


def scan_products(values: Float32Array, rows: IntArray, edges: IntArray | None = None) -> Steps[ScanProducts]:
    """Return the products of all pairs of scans.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32
    rows : ndarray, shape (n_scans,)
    edges : ndarray, optional
        Edges to compare by, ascending; None: all. Those that a scan lacks take no part.

    Raises
    ------
    InputError
        If the scans have no edge in common.
    """
    n, n_edges = rows.size, values.shape[1] if edges is None else edges.size
    products, totals, n_used = np.zeros((n, n)), np.zeros(n), 0
    n_tiles = -(-n // _SCANS)
    for start in range(0, n_edges, _EDGES):
        stop = min(start + _EDGES, n_edges)
        block = values[:, start:stop][rows] if edges is None else values[np.ix_(rows, edges[start:stop])]
        shared = np.isfinite(block).all(axis=0)
        block = np.ascontiguousarray(block if shared.all() else block[:, shared])
        if not shared.any():
            continue
        n_used += block.shape[1]
        totals += block.sum(axis=1, dtype=np.float64)
        for tile in range(n_tiles):
            scans = slice(tile * _SCANS, min((tile + 1) * _SCANS, n))
            # Only scans from this tile on: the rest is symmetric.
            part = row_products(np.ascontiguousarray(block[scans].T), block[scans.start :])
            products[scans.start :, scans] += part
            yield Progress("Comparing scans", start + (stop - start) * (tile + 1) // n_tiles, n_edges)
    if n_used == 0:
        raise InputError(
            f"these {n} scans have no edge in common, because every edge is missing in one of them; choose fewer scans"
        )
    upper = np.triu_indices(n, 1)
    products[upper] = products.T[upper]
    return ScanProducts(products, totals, n_used)


def similarity_to_others(scans: ScanProducts, members: IntArray, people: IntArray) -> FloatArray:
    """Return the correlation, over edges, of each scan with the mean of other people's scans.

    Parameters
    ----------
    scans : ScanProducts
    members : ndarray, shape (n_members,)
        The scans that are compared, such as those of one task.
    people : ndarray, shape (n_scans,)
        Whose scan each is; all scans of a person are left out of the mean that theirs is compared with.

    Returns
    -------
    ndarray, shape (n_members,)
        NaN where there is nobody else or nothing varies.
    """
    products, totals = scans.products[np.ix_(members, members)], scans.totals[members]
    _, owner = np.unique(people[members], return_inverse=True)
    with_all, everything = products.sum(axis=1), float(products.sum())
    r = np.full(members.size, np.nan)
    for person in range(owner.max(initial=-1) + 1):
        own = np.flatnonzero(owner == person)
        if own.size == members.size:
            continue
        among = products[np.ix_(own, own)]
        total_of_others = float(totals.sum() - totals[own].sum())
        square = everything - 2 * float(with_all[own].sum()) + float(among.sum()) - total_of_others**2 / scans.n_edges
        product = with_all[own] - among.sum(axis=1) - totals[own] * total_of_others / scans.n_edges
        own_square = products[own, own] - totals[own] ** 2 / scans.n_edges
        with np.errstate(divide="ignore", invalid="ignore"):
            r[own] = product / np.sqrt(own_square * square)
    return np.where(np.isfinite(r), np.clip(r, -1, 1), np.nan)


def distance_from_others(scans: ScanProducts, members: IntArray, n_components: int) -> tuple[FloatArray, FloatArray]:
    """Return how far each scan lies from the others in the space of the first principal components.

    The Mahalanobis distance by mean and covariance of all scans but this one, so that a scan cannot hide itself by
    widening the spread that it is measured by. The components are those of all scans.

    Parameters
    ----------
    scans : ScanProducts
    members : ndarray, shape (n_members,)
    n_components : int
        At most two fewer than there are members; fewer are used where there are fewer.

    Returns
    -------
    distance : ndarray, shape (n_members,)
        Infinite where a scan has a component for itself.
    share : ndarray, shape (n_components,)
        Of the variance between scans, of each component.
    """
    gram = scans.products[np.ix_(members, members)]
    gram -= gram.mean(axis=0)
    gram -= gram.mean(axis=1, keepdims=True)
    n = members.size
    k = min(n_components, n - 3)
    if k < 1:
        return np.full(n, np.nan), np.zeros(0)
    total = float(np.trace(gram))
    eigenvalues, vectors = scipy.linalg.eigh(gram, subset_by_index=[n - k, n - 1], check_finite=False)
    kept = eigenvalues > 1e-6 * max(total, 0)
    # With u the scan's deviation and S the scatter, u' S^-1 u is the sum of squares of its entries of the eigenvectors;
    # what leaving one out does to both follows from the formula of Sherman and Morrison.
    weight = (vectors[:, kept] ** 2).sum(axis=1)
    left = 1 - weight * n / (n - 1)
    with np.errstate(divide="ignore"):
        squares = (n - 2) * (n / (n - 1)) ** 2 * weight / np.maximum(left, 0)
    squares[left < 1e-9] = np.inf
    return np.sqrt(squares), eigenvalues[kept][::-1] / total


def limits(values: FloatArray, factor: float) -> tuple[float, float]:
    """Return the values beyond which a value is an outlier: quartiles less and plus ``factor`` times their distance.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Of finite values; others are ignored. NaN limits where there are fewer than four or the quartiles are equal.
    factor : float
        3 marks extreme outliers, 1.5 mild ones (Tukey 1977).
    """
    values = values[np.isfinite(values)]
    if values.size < 4:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [0.25, 0.75])
    if not high > low:
        return float("nan"), float("nan")
    return float(low - factor * (high - low)), float(high + factor * (high - low))


# --- whose scan is whose -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identification:
    """How well scans of one condition find their person among scans of another.

    Attributes
    ----------
    source, database : int
        Conditions: whose scans are looked for, and where.
    n : int
        People with a scan in both.
    n_database : int
        Scans that each is compared with.
    rate : float
        Share of those people whose scan is most like their own (Finn et al. 2015).
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


@dataclass(frozen=True, slots=True)
class Copy:
    """Two scans that hold the same numbers.

    ``first`` and ``second`` index the scans; ``r`` is exact, ``difference`` the largest between two of their numbers.
    """

    first: int
    second: int
    r: float
    difference: float


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A scan that is most like another person's, which in turn is most like it.

    Attributes
    ----------
    scan, match : int
        The scan, and the other person's scan it is most like.
    r, r_own : float
        Correlation with that and with the person's own scan of the same condition.
    n_agreeing, n_conditions : int
        Other conditions in which this same person is the best match, of those in which the scan's person has a scan.
    crossed : bool
        The other person's scan of this condition is most like this person's in all those conditions as well: as if
        the two were swapped.
    """

    scan: int
    match: int
    r: float
    r_own: float
    n_agreeing: int
    n_conditions: int
    crossed: bool


def identify(r: FloatArray, people: IntArray, conditions: IntArray) -> list[Identification]:
    """Look for everybody's scan of one condition among the scans of another, for every ordered pair of conditions.

    Parameters
    ----------
    r : ndarray, shape (n_scans, n_scans)
        Correlations of scans.
    people, conditions : ndarray of int, shape (n_scans,)
        Whose scan each is, and of which task, session and run; a person has one a condition.
    """
    found = []
    kinds = np.unique(conditions).tolist()
    for source in kinds:
        for database in kinds:
            if source == database:
                continue
            looked_for, among = np.flatnonzero(conditions == source), np.flatnonzero(conditions == database)
            part = r[np.ix_(looked_for, among)]
            same = people[looked_for][:, None] == people[among]
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
                    rate=float(np.mean(people[among[best]] == people[looked_for[both]])),
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


def copies(r: FloatArray, values: Float32Array, rows: IntArray) -> list[Copy]:
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
        for second in (np.flatnonzero(r[first, first + 1 :] >= _SUSPICIOUS) + first + 1).tolist():
            pair = values[rows[[first, second]]].astype(np.float64)
            pair = pair[:, np.isfinite(pair).all(axis=0)]
            exact = float(np.corrcoef(pair[0], pair[1])[0, 1])
            if exact >= _COPIED:
                found.append(Copy(first, int(second), exact, float(np.abs(pair[0] - pair[1]).max())))
    return found


def mismatches(r: FloatArray, people: IntArray, conditions: IntArray) -> list[Mismatch]:
    """Return the scans whose best match is, in both directions, another person's, the likeliest swaps first.

    Only scans whose person has a scan in the other condition are asked about; parameters as for `identify`.
    """
    kinds = np.unique(conditions).tolist()
    scans_of = {kind: np.flatnonzero(conditions == kind) for kind in kinds}
    best = np.full((len(r), len(kinds)), -1, dtype=np.intp)
    own = np.full((len(r), len(kinds)), -1, dtype=np.intp)
    scan_of = {(int(person), int(kind)): row for row, (person, kind) in enumerate(zip(people, conditions, strict=True))}
    for position, kind in enumerate(kinds):
        among = scans_of[kind]
        best[:, position] = among[_best(r[:, among])]
        for row, (person, condition) in enumerate(zip(people.tolist(), conditions.tolist(), strict=True)):
            if condition != kind:
                own[row, position] = scan_of.get((person, kind), -1)
    place = {kind: position for position, kind in enumerate(kinds)}
    found = []
    for scan in range(len(r)):
        others = np.flatnonzero(own[scan] >= 0)
        here = place[int(conditions[scan])]
        mutual = [
            position
            for position in others.tolist()
            if people[best[scan, position]] != people[scan] and best[best[scan, position], here] == scan
        ]
        if not mutual:
            continue
        strangers = people[best[scan, mutual]]
        # The person who is the best match most often; of several the one who is most alike.
        who = max(
            np.unique(strangers).tolist(),
            key=lambda person: (
                int(np.count_nonzero(strangers == person)),
                float(r[scan, best[scan, mutual]][strangers == person].max()),
            ),
        )
        agreeing = [position for position in mutual if people[best[scan, position]] == who]
        strongest = max(agreeing, key=lambda position: r[scan, best[scan, position]])
        counterpart = scan_of.get((who, int(conditions[scan])), -1)
        asked = [position for position in others.tolist() if counterpart >= 0 and own[counterpart, position] >= 0]
        crossed = bool(asked) and all(people[best[counterpart, position]] == people[scan] for position in asked)
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


def _best(r: FloatArray) -> IntArray:
    """Return the column of the largest correlation of each row; scans that do not vary are like none."""
    return np.asarray(np.where(np.isnan(r), -np.inf, r).argmax(axis=1))
