"""Similarity of maps: do two maps over the same parcels agree more than by chance?

Edges that share a parcel depend on each other, so their number says little about how sure a correlation over edges is.
The quadratic assignment procedure permutes the parcels of one map, rows and columns alike, and leaves everything
within each map as it is. It does not keep neighbouring parcels together; permuting within networks keeps at least
networks apart.

References
----------
Mantel (1967), Cancer Res. 27:209. Hubert and Schultz (1976), Br. J. Math. Stat. Psychol. 29:190.
Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39, for p-values that are never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.edges import edges_to_matrix, n_parcels_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.permutation import count_distinct, list_distinct
from imagenomer.statistics.products import gram, multiply
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Permutations between two reports of progress.
_AT_ONCE = 25
#: What rounding can make of equal correlations.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Pairwise agreement of maps; every array has the shape (n_maps, n_maps) and is symmetric.

    Attributes
    ----------
    r : ndarray
        Pearson correlation over the edges that both maps have; NaN where one does not vary. Spearman's if what was
        given are ranks.
    r_p : ndarray
        Two-sided and uncorrected; NaN where ``r`` is, and on the diagonal.
    n_edges : ndarray of int
        Edges that both maps have.
    overlap : ndarray of int
        Chosen edges that two maps share.
    overlap_expected : ndarray
        Their mean number after a permutation.
    overlap_p : ndarray
        Chance of so many or more; NaN on the diagonal.
    n_permutations : int
    """

    r: FloatArray
    r_p: FloatArray
    n_edges: IntArray
    overlap: IntArray
    overlap_expected: FloatArray
    overlap_p: FloatArray
    n_permutations: int


def compare_maps(
    maps: FloatArray,
    chosen: BoolArray,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: Sequence[object] | None = None,
) -> Steps[Similarity]:
    """Compare every pair of maps.

    Parameters
    ----------
    maps : ndarray, shape (n_maps, n_edges)
        NaN where undefined.
    chosen : ndarray of bool, shape (n_maps, n_edges)
        Edges whose overlap is asked for, such as the significant ones.
    n_permutations : int
        Permutations of the parcels; where no more than these are possible, each is used once.
    rng : numpy.random.Generator
    blocks : sequence, length n_parcels, optional
        Parcels are permuted only within a block (network).
    """
    n_maps, n_parcels = len(maps), n_parcels_of(maps.shape[1])
    centred = _standardised(maps, np.isfinite(maps))
    present = np.isfinite(maps).astype(np.float64)
    sets = chosen.astype(np.float64)
    r = _correlations(centred, present, centred, present)
    overlap = gram(sets)
    rows, columns = np.triu_indices(n_parcels, k=1)
    place = edges_to_matrix(np.arange(rows.size))
    # A row an edge, so that a permutation moves whole rows.
    whole = bool(present.all())
    table = np.ascontiguousarray(np.concatenate([centred, sets] if whole else [centred, sets, present]).T)
    as_far, as_many, total = (np.zeros((n_maps, n_maps)) for _ in range(3))
    orders, n_permutations = _orders(rng, n_parcels, blocks, n_permutations)
    for done, order in enumerate(orders):
        if done % _AT_ONCE == 0:
            yield Progress("Permuting parcels", done, n_permutations)
        edges = place.take(order[rows] * n_parcels + order[columns])  # the edge that comes to each one's place
        moved = table.take(edges, axis=0).T
        shared = multiply(sets, moved[n_maps : 2 * n_maps].T)
        # Of whole maps the permuted one has the same mean and length.
        null = (
            multiply(centred, moved[:n_maps].T)
            if whole
            else _correlations(centred, present, moved[:n_maps], moved[2 * n_maps :])
        )
        as_far += np.abs(null) >= np.abs(r) - _ROUNDING
        as_many += shared >= overlap
        total += shared
    outside = ~np.eye(n_maps, dtype=bool)
    return Similarity(
        r=r,
        r_p=_mirrored(np.where(outside & np.isfinite(r), (1 + as_far) / (1 + n_permutations), np.nan)),
        n_edges=np.rint(gram(present)).astype(np.intp),
        overlap=np.rint(overlap).astype(np.intp),
        overlap_expected=_mirrored(total / n_permutations),
        overlap_p=_mirrored(np.where(outside, (1 + as_many) / (1 + n_permutations), np.nan)),
        n_permutations=n_permutations,
    )


def _standardised(maps: FloatArray, present: BoolArray) -> FloatArray:
    """Return maps of mean 0 and length 1, with 0 where they are undefined, and everywhere if they do not vary."""
    n = np.maximum(np.count_nonzero(present, axis=1, keepdims=True), 1)
    values = np.where(present, maps, 0.0)
    deviations = np.where(present, values - values.sum(axis=1, keepdims=True) / n, 0.0)
    length = np.sqrt((deviations**2).sum(axis=1, keepdims=True))
    varies = length > _ROUNDING * np.abs(values).max(axis=1, keepdims=True) * np.sqrt(n)
    return np.where(varies, deviations / np.where(varies, length, 1.0), 0.0)


def _correlations(a: FloatArray, in_a: FloatArray, b: FloatArray, in_b: FloatArray) -> FloatArray:
    """Correlate each row of ``a`` with each of ``b``, standardised, over the edges that both have (1, else 0)."""
    n = np.maximum(multiply(in_a, in_b.T), 1)
    sum_a, sum_b = multiply(a, in_b.T), multiply(in_a, b.T)
    squares_a = multiply(a * a, in_b.T) - sum_a**2 / n
    squares_b = multiply(in_a, (b * b).T) - sum_b**2 / n
    varies = np.minimum(squares_a, squares_b) > _ROUNDING
    r = (multiply(a, b.T) - sum_a * sum_b / n) / np.sqrt(np.where(varies, squares_a * squares_b, 1.0))
    return np.where(varies, np.clip(r, -1, 1), np.nan)


def _orders(
    rng: np.random.Generator, n_parcels: int, blocks: Sequence[object] | None, n_permutations: int
) -> tuple[Iterable[IntArray], int]:
    """Return orders of the parcels and their number: at random, or all but the actual one where those are fewer."""
    kinds = np.arange(n_parcels)
    codes = None if blocks is None else np.unique([str(block) for block in blocks], return_inverse=True)[1]
    n_distinct = count_distinct(kinds, codes, 1 + n_permutations)
    if n_distinct < 2:
        raise InputError(
            "every network has one parcel only, so permuting within networks changes nothing; permute all parcels"
        )
    if n_distinct <= 1 + n_permutations:
        return list_distinct(kinds, codes)[1:].astype(np.intp), int(n_distinct) - 1
    return (_permutation_of(rng, n_parcels, blocks) for _ in range(n_permutations)), n_permutations


def _permutation_of(rng: np.random.Generator, n_parcels: int, blocks: Sequence[object] | None) -> IntArray:
    """Return the parcel that comes to each one's place."""
    if blocks is None:
        return rng.permutation(n_parcels)
    order = np.arange(n_parcels)
    names = np.array([str(block) for block in blocks])
    for name in np.unique(names):
        own = np.flatnonzero(names == name)
        order[own] = rng.permutation(own)
    return order


def _mirrored(values: FloatArray) -> FloatArray:
    """Return the upper triangle on both sides: below it each pair was permuted the other way round."""
    return np.triu(values) + np.triu(values, k=1).T
