"""QC-FC: the correlation, over subjects, of each edge with a measure of a scan's quality, such as motion.

Edges are correlated, so the number of them associated with motion by chance does not follow from their
number: subjects are permuted, all edges together (with covariates as by Freedman and Lane, see
`imagenomer.statistics.freedman_lane`).

References
----------
Power et al. (2012), NeuroImage 59:2142. Ciric et al. (2017), NeuroImage 154:174 (QC-FC). Parkes et al. (2018),
NeuroImage 171:415. Morfini et al. (2023), Front. Neurosci. 17:1092125 (match with the null, as CONN computes it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.tails import r_of_p
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Centres of the bins in which CONN compares two distributions of r; the outermost hold what lies beyond.
MATCH_BINS = np.linspace(-1, 1, 101)
#: CONN calls a match below the first low, and above the second high.
MATCH_CUTS = (0.80, 0.95)
#: Permutations whose r of all edges are held at once: 34,716 edges take 28 MB.
_PERMUTATIONS = 200
#: Permutations summarised between two reports of progress.
_SUMMARISED = 8
#: What rounding of float32 can make of equal statistics.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class QcFc:
    """Correlation of every edge with motion, and what the whole of it says.

    Attributes
    ----------
    r : ndarray, shape (n_edges,)
        Pearson (partial) correlation; NaN where an edge has missing values or does not vary: it is excluded.
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
        Overlap of the distribution of r with that of the permutations, in [0, 1] (`overlap`).
    counts, null_counts : ndarray, shape (101,)
        Edges in each of `MATCH_BINS`, as they are and in all permutations together.
    null_band : ndarray, shape (2, 101)
        Between which the middle 95 % of the permutations have each count.
    null_nominal, null_fdr, null_median, null_distance, null_match : ndarray, shape (n_permutations,)
        The same of each permutation.
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
        """Chance of so low a match, each permutation compared with all of them, the actual one included."""
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
    """Correlate every edge with motion, and compare with what permuted subjects give.

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
        If motion cannot be tested, there is too little to permute, or no edge can be tested.
    """
    _require_one_column(tested)
    model = FreedmanLane(values, rows, tested, design, blocks)
    n_edges = values.shape[1]
    drawn = model.permutations(n_permutations, rng)
    at_once = min(_PERMUTATIONS, drawn.n)
    r = np.empty((at_once, n_edges), dtype=np.float32)
    null = np.empty((4, drawn.n))
    counts = np.empty((drawn.n, MATCH_BINS.size), dtype=np.intp)
    summary: _Summary | None = None
    for block in model.blocks(drawn, at_once):
        if isinstance(block, Progress):
            yield block
            continue
        chunk, permutations, unit, columns = block
        share, sign = model.all_shares(unit, permutations)
        np.multiply(sign, np.sqrt(share), out=r[: len(permutations), columns])
        yield model.progress(chunk, columns, drawn.n)
        if columns.stop < n_edges:
            continue
        if summary is None:  # which edges can be tested is known once all have been through
            summary = _Summary(~np.isnan(model.share), model.dof, alpha, distance)
        for number, position in enumerate(range(chunk.start, chunk.stop)):
            null[:, position], counts[position] = summary.of(r[number])
            if number % _SUMMARISED == 0:
                yield Progress("Comparing with permuted subjects", position, drawn.n)
    assert summary is not None
    actual = np.sign(model.statistic) * np.sqrt(model.share)
    measured, own_counts = summary.of(actual)
    pooled = counts.sum(axis=0)
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
        null_match=np.array([overlap(own, pooled + own_counts) for own in counts]),
    )


def _require_one_column(tested: Term) -> None:
    if len(tested.columns) > 1:
        raise ValueError(f"{tested.name} has {len(tested.columns)} columns; QC-FC is of one")


def overlap(counts: IntArray, others: IntArray) -> float:
    """Return the share that two histograms have in common: the sum over bins of the lesser of their shares.

    CONN's "% match" is that of the r of all edges with the r of edges whose subjects were shuffled, in 101 bins. Its
    shuffles every edge on its own, once; ours pools permutations of all edges together, which has the same
    expectation and less noise.
    """
    return float(np.minimum(counts / counts.sum(), others / others.sum()).sum())


def match_counts(r: NDArray[np.floating[Any]]) -> IntArray:
    """Return how many values lie in each of `MATCH_BINS`."""
    width = MATCH_BINS[1] - MATCH_BINS[0]
    bins = np.floor((r - MATCH_BINS[0]) / width + 0.5).astype(np.intp)
    return np.bincount(np.clip(bins, 0, MATCH_BINS.size - 1), minlength=MATCH_BINS.size)


class _Summary:
    """What the correlations of all edges come to, the same for the actual and for every other permutation."""

    def __init__(self, tested: BoolArray, dof: int, alpha: float, distance: FloatArray) -> None:
        self._tested = np.flatnonzero(tested)
        m = self._tested.size
        if m == 0:
            raise InputError(
                "no edge varies among these subjects, so none can be associated with motion; choose other data"
            )
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
