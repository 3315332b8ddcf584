"""Scans compared with each other, by the products of all their pairs.

The products are made once; from them follow the mean connectivity of a scan, its correlation with others and with the
mean of others, and its place among the principal components of its task.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.products import add_product, mirror
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Edges and scans of a tile of products, which the cache holds.
_EDGES, _SCANS = 512, 512


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
        Edges to compare by, ascending; None: all. Those missing in a scan are excluded.

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
            add_product(products[scans, scans.start :], block[scans], block[scans.start :].T)
            yield Progress("Comparing scans", start + (stop - start) * (tile + 1) // n_tiles, n_edges)
    if n_used == 0:
        raise InputError(
            f"these {n} scans have no edge in common, because every edge is missing in one of them; choose fewer scans"
        )
    return ScanProducts(mirror(products), totals, n_used)


def similarity_to_others(scans: ScanProducts, members: IntArray, subjects: IntArray) -> FloatArray:
    """Return the correlation, over edges, of each scan with the mean of other subjects' scans.

    Parameters
    ----------
    scans : ScanProducts
    members : ndarray, shape (n_members,)
        The scans that are compared, such as those of one task.
    subjects : ndarray, shape (n_scans,)
        Whose scan each is; all scans of a subject are left out of the mean that theirs is compared with.

    Returns
    -------
    ndarray, shape (n_members,)
        NaN where there is nobody else or nothing varies.
    """
    products, totals = scans.products[np.ix_(members, members)], scans.totals[members]
    _, owner = np.unique(subjects[members], return_inverse=True)
    with_all, everything = products.sum(axis=1), float(products.sum())
    r = np.full(members.size, np.nan)
    for subject in range(owner.max(initial=-1) + 1):
        own = np.flatnonzero(owner == subject)
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


def distance_from_others(
    scans: ScanProducts, members: IntArray, n_components: int
) -> Steps[tuple[FloatArray, FloatArray]]:
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
    eigenvalues, vectors = yield from eigenvectors(gram, Progress("Looking for outlying scans"), k)
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
