"""Scans compared with each other, by the products of all their pairs.

The products are made once; from them follow the mean connectivity of a scan, its correlation with others and with the
mean of others, and its place among the principal components of its task. Of more scans than edges the same is had by
way of the edges (`use_features`), without a matrix of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.feature_products import (
    FeatureProducts,
    require_room,
    thin_spectrum,
    usable_columns,
    use_features,
)
from imagenomer.statistics.products import add_product, gram, mirror
from imagenomer.statistics.sign_flips import members_of
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Edges and scans of a tile of products, which the cache holds.
_EDGES, _SCANS = 512, 512
#: Matrices of all pairs of scans, or of scans by edges, that are held at once: the products, correlations, and what
#: eigenvectors are found of.
_N_MATRICES = 3
_OUTLYING = Progress("Looking for outlying scans")


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

    def sums(self, members: IntArray) -> Steps[FloatArray]:
        """Return the sum of each member's products with all members, shape (n_members,)."""
        yield _OUTLYING
        return np.asarray(self.products[np.ix_(members, members)].sum(axis=1))

    def among(self, scans: IntArray) -> FloatArray:
        """Return the products of a few scans, shape (n_scans, n_scans)."""
        return self.products[np.ix_(scans, scans)]

    def components(self, members: IntArray, n_components: int) -> Steps[tuple[FloatArray, FloatArray, float]]:
        """Return eigenvalues, ascending, and eigenvectors of members about their mean, and the sum of all."""
        centred = self.products[np.ix_(members, members)]
        centred -= centred.mean(axis=0)
        centred -= centred.mean(axis=1, keepdims=True)
        total = float(np.trace(centred))
        return *(yield from eigenvectors(centred, _OUTLYING, n_components)), total

    def correlations(self) -> Steps[FloatArray]:
        """Return the correlation, over edges, of every pair of scans, shape (n_scans, n_scans).

        NaN where a scan is the same at every edge.
        """
        raw = np.diag(self.products)
        squares = raw + self.totals * (-self.totals / self.n_edges)
        # What is left of a scan without variation is rounding.
        length = np.sqrt(np.where(squares > 1e-6 * raw, squares, np.nan))
        r = np.empty_like(self.products)
        for start in range(0, len(r), _SCANS):
            rows = slice(start, start + _SCANS)
            own = np.outer(self.totals[rows], -self.totals / self.n_edges)
            own += self.products[rows]
            own /= length[rows, None]
            own /= length
            np.clip(own, -1, 1, out=r[rows])
            yield Progress("Comparing scans")
        return r


@dataclass(frozen=True, slots=True, eq=False)
class ScanFeatures:
    """Scans whose products are not multiplied out; attributes and methods are those of `ScanProducts`.

    Attributes
    ----------
    features : FeatureProducts
        About nothing.
    totals : ndarray, shape (n_scans,)
    """

    features: FeatureProducts
    totals: FloatArray

    @property
    def n_edges(self) -> int:
        return self.features.n_features

    @property
    def mean(self) -> FloatArray:
        return self.totals / self.n_edges

    def sums(self, members: IntArray) -> Steps[FloatArray]:
        own = self.features.of(members)
        everything = yield from own.summed(np.ones((members.size, 1)), _OUTLYING)
        return (yield from own.weighted(everything, _OUTLYING))[:, 0]

    def among(self, scans: IntArray) -> FloatArray:
        return gram(self.features.of(scans).block(0, scans.size))

    def components(self, members: IntArray, n_components: int) -> Steps[tuple[FloatArray, FloatArray, float]]:
        n = members.size
        constant = np.full((n, 1), 1 / np.sqrt(n))
        eigenvalues, vectors = yield from thin_spectrum(self.features.of(members), constant, _OUTLYING)
        first = max(0, eigenvalues.size - n_components)
        return eigenvalues[first:], vectors[:, first:], float(eigenvalues.sum())


def scan_products(
    values: Float32Array, rows: IntArray, edges: IntArray | None = None
) -> Steps[ScanProducts | ScanFeatures]:
    """Return the products of all pairs of scans, or the scans by way of their edges where those are fewer.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32
    rows : ndarray, shape (n_scans,)
    edges : ndarray, optional
        Edges to compare by, ascending; None: all. Those missing in a scan are excluded.

    Raises
    ------
    InputError
        If the scans have no edge in common, or there are more than memory has room for.
    """
    n, n_edges = rows.size, values.shape[1] if edges is None else edges.size
    require_room(n, n_edges, _N_MATRICES)
    if use_features(n, n_edges):
        return (yield from _by_features(values, rows, edges))
    products, totals, n_used = np.zeros((n, n)), np.zeros(n), 0
    n_tiles = -(-n // _SCANS)
    for start in range(0, n_edges, _EDGES):
        stop = min(start + _EDGES, n_edges)
        block = values[:, start:stop][rows] if edges is None else values[np.ix_(rows, edges[start:stop])]
        shared = np.isfinite(block).all(axis=0)
        block = np.ascontiguousarray(block if shared.all() else block[:, shared])
        yield Progress("Comparing scans", start, n_edges)
        if not shared.any():
            continue
        n_used += block.shape[1]
        totals += block.sum(axis=1, dtype=np.float64)
        for tile in range(n_tiles):
            scans = slice(tile * _SCANS, min((tile + 1) * _SCANS, n))
            # Only scans from this tile on: the rest is symmetric.
            add_product(products[scans, scans.start :], block[scans], block[scans.start :].T)
            yield Progress("Comparing scans", start + (stop - start) * (tile + 1) // n_tiles, n_edges)
    _require_edges(n_used, n)
    return ScanProducts(mirror(products), totals, n_used)


def _by_features(values: Float32Array, rows: IntArray, edges: IntArray | None) -> Steps[ScanFeatures]:
    usable = yield from usable_columns(values, rows)
    if edges is not None:
        chosen = np.zeros_like(usable)
        chosen[edges] = True
        usable &= chosen
    n_used = int(np.count_nonzero(usable))
    _require_edges(n_used, rows.size)
    features = FeatureProducts(values, rows, usable, np.zeros(n_used))
    totals = yield from features.weighted(np.ones((n_used, 1)), Progress("Comparing scans"))
    return ScanFeatures(features, totals[:, 0])


def _require_edges(n_used: int, n_scans: int) -> None:
    if n_used == 0:
        raise InputError(
            f"these {n_scans} scans have no edge in common, because every edge is missing in one of them; choose fewer "
            "scans"
        )


def similarity_to_others(
    scans: ScanProducts | ScanFeatures, members: IntArray, subjects: IntArray
) -> Steps[FloatArray]:
    """Return the correlation, over edges, of each scan with the mean of other subjects' scans.

    Parameters
    ----------
    scans : ScanProducts or ScanFeatures
    members : ndarray, shape (n_members,)
        The scans that are compared, such as those of one task.
    subjects : ndarray, shape (n_scans,)
        Whose scan each is; all scans of a subject are left out of the mean that theirs is compared with.

    Returns
    -------
    ndarray, shape (n_members,)
        NaN where there is nobody else or nothing varies.
    """
    totals = scans.totals[members]
    with_all = yield from scans.sums(members)
    everything = float(with_all.sum())
    r = np.full(members.size, np.nan)
    for subject, own in enumerate(members_of(np.unique(subjects[members], return_inverse=True)[1])):
        if subject % 256 == 0:
            yield _OUTLYING
        if own.size == members.size:
            continue
        among = scans.among(members[own])
        total_of_others = float(totals.sum() - totals[own].sum())
        square = everything - 2 * float(with_all[own].sum()) + float(among.sum()) - total_of_others**2 / scans.n_edges
        product = with_all[own] - among.sum(axis=1) - totals[own] * total_of_others / scans.n_edges
        own_square = np.diag(among) - totals[own] ** 2 / scans.n_edges
        with np.errstate(divide="ignore", invalid="ignore"):
            r[own] = product / np.sqrt(own_square * square)
    return np.where(np.isfinite(r), np.clip(r, -1, 1), np.nan)


def distance_from_others(
    scans: ScanProducts | ScanFeatures, members: IntArray, n_components: int
) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return how far each scan lies from the others in the space of the first principal components.

    The Mahalanobis distance by mean and covariance of all scans but this one, so that a scan cannot hide itself by
    widening the spread that it is measured by. The components are those of all scans.

    Parameters
    ----------
    scans : ScanProducts or ScanFeatures
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
    n = members.size
    k = min(n_components, n - 3)
    if k < 1:
        return np.full(n, np.nan), np.zeros(0)
    eigenvalues, vectors, total = yield from scans.components(members, k)
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
