"""Networks of parcels: the mean of each pair of networks, and where significant edges are more than by chance.

The mean of each pair of networks is tested like an edge: `pair_means`, then `associate` and `max_statistic`.

References
----------
Westfall and Young (1993), Resampling-based multiple testing (smallest p-value).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps, finish
from imagenomer.statistics.block_exchange import Blocks
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.max_statistic import Exceedances, exceedances, require_threshold
from imagenomer.statistics.permutation import Alternative, heights_of
from imagenomer.types import FloatArray, IntArray

#: Subjects averaged between two reports of progress: some 10 ms in the page.
_AVERAGED = 16
#: Edges above the threshold, of all permutations, counted between two such reports: some 20 ms.
_COUNTED = 100_000


def network_pairs(
    networks: Sequence[str], network_names: Sequence[str]
) -> tuple[IntArray, tuple[tuple[str, str], ...]]:
    """Return which pair of networks each edge connects, and the pairs that have edges.

    Parameters
    ----------
    networks : sequence of str, length n_parcels
        Network of each parcel; those of parcels in none ("") make no pair.
    network_names : sequence of str
        In display order.

    Returns
    -------
    pair : ndarray, shape (n_edges,)
        Index into ``pairs``; -1 where a parcel is in no network.
    pairs : tuple of pairs of str
        In display order, a network with itself first.
    """
    names = [name for name in network_names if name]
    code = np.array([names.index(network) if network else -1 for network in networks])
    first, second = (code[ends] for ends in np.triu_indices(code.size, k=1))
    low, high = np.minimum(first, second), np.maximum(first, second)
    key = np.where(low < 0, -1, low * len(names) + high)
    present = np.unique(key[key >= 0])
    pair = np.where(key < 0, -1, np.searchsorted(present, key))
    return pair, tuple((names[one // len(names)], names[one % len(names)]) for one in present.tolist())


def pair_means(values: NDArray[np.floating[Any]], rows: IntArray, pair: IntArray, n_pairs: int) -> FloatArray:
    """Return what `average_pairs` does, in one piece."""
    return finish(average_pairs(values, rows, pair, n_pairs))


def average_pairs(values: NDArray[np.floating[Any]], rows: IntArray, pair: IntArray, n_pairs: int) -> Steps[FloatArray]:
    """Return the mean over the edges of each pair of networks, in the chosen rows, in float64.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges)
        Missing values are left out of the mean.
    rows : ndarray, shape (n_subjects,)
    pair : ndarray, shape (n_edges,)
        From `network_pairs`.
    n_pairs : int

    Returns
    -------
    ndarray, shape (n_subjects, n_pairs)
        NaN where a pair has no value.
    """
    means = np.empty((rows.size, n_pairs))
    edges = np.flatnonzero(pair >= 0)
    pairs = pair[edges]
    sizes = np.bincount(pairs, minlength=n_pairs)
    for done, (row, index) in enumerate(zip(means, rows.tolist(), strict=True)):
        if done % _AVERAGED == 0:
            yield Progress("Averaging over pairs of networks", done, rows.size)
        own = values[index][edges]
        there = np.isfinite(own)
        with np.errstate(invalid="ignore"):
            if there.all():
                row[:] = np.bincount(pairs, own, minlength=n_pairs) / sizes
            else:
                row[:] = np.bincount(pairs[there], own[there], minlength=n_pairs)
                row /= np.bincount(pairs[there], minlength=n_pairs)
    return means


@dataclass(frozen=True, slots=True, eq=False)
class Enrichment:
    """Edges above a threshold in each pair of networks, against how many there are by chance.

    Attributes
    ----------
    statistic : ndarray, shape (n_edges,)
        t or F.
    count : ndarray, shape (n_pairs,)
        Edges above the threshold.
    expected : ndarray, shape (n_pairs,)
        Mean over permutations.
    p_value : ndarray, shape (n_pairs,)
        Share of permutations, the identity included, with as many or more.
    adjusted_p : ndarray, shape (n_pairs,)
        Corrected for all pairs by the smallest p-value.
    """

    statistic: FloatArray
    count: IntArray
    expected: FloatArray
    p_value: FloatArray
    adjusted_p: FloatArray


def enrichment(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    pair: IntArray,
    n_pairs: int,
    *,
    threshold: float,
    alternative: Alternative = "two-sided",
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | Blocks | None = None,
    flip_by: IntArray | None = None,
) -> Steps[Enrichment]:
    """Count the edges above a threshold in each pair of networks, and test whether there are more than by chance.

    Permuting subjects, not edges, keeps the correlation of edges; tests that permute edges are anti-conservative.

    Parameters
    ----------
    pair, n_pairs
        From `network_pairs`.
    values, rows, tested, design, threshold, alternative, n_permutations, rng, blocks, flip_by
        As for `network_based_statistic`.
    """
    require_threshold(threshold)
    above: Exceedances = yield from exceedances(
        values,
        rows,
        tested,
        design,
        threshold=threshold,
        alternative=alternative,
        n_permutations=n_permutations,
        rng=rng,
        blocks=blocks,
        flip_by=flip_by,
    )
    height = heights_of(above.statistic, alternative, len(tested.columns))
    actual = pair[(height > threshold) & (pair >= 0)]
    n = above.n_permutations
    counts = np.zeros((1 + n, n_pairs), dtype=np.intp)
    counts[0] = np.bincount(actual, minlength=n_pairs)
    for start in range(0, above.edge.size, _COUNTED):
        yield Progress("Counting edges", start, above.edge.size)
        permutation, own = above.permutation[start : start + _COUNTED], pair[above.edge[start : start + _COUNTED]]
        cell = permutation[own >= 0] * n_pairs + own[own >= 0]
        counts[1:] += np.bincount(cell, minlength=n * n_pairs).reshape(n, n_pairs)
    yield Progress("Counting edges", above.edge.size, above.edge.size)
    p_values = np.empty(counts.shape)
    for column, count in zip(p_values.T, counts.T, strict=True):
        column[:] = (count.size - np.searchsorted(np.sort(count), count)) / count.size
    smallest = np.sort(p_values.min(axis=1))
    adjusted_p = np.searchsorted(smallest, p_values[0], side="right") / smallest.size
    return Enrichment(above.statistic, counts[0], counts[1:].mean(axis=0), p_values[0], adjusted_p)
