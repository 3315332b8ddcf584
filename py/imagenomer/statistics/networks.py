"""Inference on networks of edges: components, threshold-free enhancement, and network by network.

Edges are taken together because effects seldom stop at one: as components of edges above a threshold (the
network-based statistic), as support from connected edges at every threshold at once (TFCE), or by the networks that
their parcels belong to. Two edges are neighbours if they share a parcel. All p-values come from the rearrangements of
`permutation`, and those of components, TFCE and network pairs are corrected for all of them.

The mean of each pair of networks is tested like an edge: `pair_means`, then `associate` and `max_statistic`.

References
----------
Zalesky, Fornito and Bullmore (2010), NeuroImage 53:1197 (network-based statistic). Smith and Nichols (2009), NeuroImage
44:83 (TFCE). Vinokur et al. (2015), OHBM; Baggio et al. (2018), Hum. Brain Mapp. 39:2289 (TFCE on networks).
Westfall and Young (1993), Resampling-based multiple testing (smallest p-value).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.edges import edge_parcels, n_parcels_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.permutation import Alternative, Exceedances, FreedmanLane, exceedances, heights_of
from imagenomer.types import FloatArray, IntArray

#: Rearrangements whose statistics of all edges are held at a time.
_AT_A_TIME = 128
#: Of these, how many are enhanced between two looks for a cancel.
_ENHANCED_AT_A_TIME = 32
#: Numbers in one table of parcels by height.
_TABLE = 4_000_000
#: Heights in all, at most: a very strong effect makes the steps larger, not more.
_MOST_STEPS = 500
#: Sums of heights are carried in float32; equal ones must count as equal.
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class NetworkBasedStatistic:
    """Components of edges above a threshold, the largest by number of edges first.

    Attributes
    ----------
    statistic : ndarray, shape (n_edges,)
        t, or F where several columns are tested; NaN where an edge cannot be tested, which is never above.
    component : ndarray, shape (n_edges,)
        Component of each edge, -1 where it is not above the threshold.
    extent : ndarray, shape (n_components,)
        Edges in each component.
    n_parcels : ndarray, shape (n_components,)
        Parcels that they connect.
    intensity : ndarray, shape (n_components,)
        Sum over edges of how far they are above the threshold.
    p_extent, p_intensity : ndarray, shape (n_components,)
        Corrected for all components; a component is significant as a whole, not each edge of it.
    null_extent, null_intensity : ndarray, shape (n_permutations,)
        Largest of each rearrangement.
    threshold : float
    """

    statistic: FloatArray
    component: IntArray
    extent: IntArray
    n_parcels: IntArray
    intensity: FloatArray
    p_extent: FloatArray
    p_intensity: FloatArray
    null_extent: IntArray
    null_intensity: FloatArray
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class EnhancedEdges:
    """Edges enhanced by the support of their neighbours at every threshold (TFCE).

    Attributes
    ----------
    statistic : ndarray, shape (n_edges,)
        t, or F where several columns are tested; NaN where an edge cannot be tested.
    score : ndarray, shape (n_edges,)
        Enhanced statistic, at least 0.
    adjusted_p : ndarray, shape (n_edges,)
        Corrected for all edges by the largest score; NaN where ``statistic`` is.
    null : ndarray, shape (n_permutations,)
        Largest score of each rearrangement.
    """

    statistic: FloatArray
    score: FloatArray
    adjusted_p: FloatArray
    null: FloatArray


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
        Mean over rearrangements.
    p_value : ndarray, shape (n_pairs,)
        Share of rearrangements, the actual one included, with as many or more.
    adjusted_p : ndarray, shape (n_pairs,)
        Corrected for all pairs by the smallest p-value.
    """

    statistic: FloatArray
    count: IntArray
    expected: FloatArray
    p_value: FloatArray
    adjusted_p: FloatArray


# --- the network-based statistic -----------------------------------------------------------------


def network_based_statistic(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    threshold: float,
    alternative: Alternative = "two-sided",
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
) -> Steps[NetworkBasedStatistic]:
    """Find the components of edges above a threshold, and how likely such large ones are by chance.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), C-ordered
        In edge order.
    rows : ndarray, shape (n_subjects,)
        Rows in use.
    tested : Term
        A number or a category.
    design : Design
        Covariates of the same subjects.
    threshold : float
        Of t, or of F where several columns are tested; edges above it count. see `threshold_of_p`.
    alternative : {"two-sided", "greater", "less"}
        Whether ``|t|``, t or -t must be above it. Two-sided, a component may hold effects of both signs.
    n_permutations, rng, blocks
        As for `max_statistic`.

    Raises
    ------
    InputError
        If the target cannot be tested, there is too little to rearrange, or the threshold is not positive.
    """
    n_parcels = n_parcels_of(values.shape[1])
    _check_threshold(threshold)
    above = yield from exceedances(
        values,
        rows,
        tested,
        design,
        threshold=threshold,
        alternative=alternative,
        n_permutations=n_permutations,
        rng=rng,
        blocks=blocks,
    )
    yield Progress("Finding components")
    height = heights_of(above.statistic, alternative, len(tested.columns))
    edge = np.flatnonzero(height > threshold)
    label, extent, intensity = components(np.zeros_like(edge), edge, height[edge] - threshold, 1, n_parcels)
    order = np.lexsort((-intensity, -extent))[: np.count_nonzero(extent)]
    rank = np.full(extent.size, -1)
    rank[order] = np.arange(order.size)
    component = np.full(values.shape[1], -1)
    component[edge] = rank[label]
    ends = np.concatenate(edge_parcels(edge, n_parcels))
    members = np.unique(np.column_stack([np.tile(component[edge], 2), ends]), axis=0)[:, 0]

    _, extents, intensities = components(
        above.permutation, above.edge, above.height.astype(np.float64) - threshold, n_permutations, n_parcels
    )
    null_extent = extents.reshape(n_permutations, n_parcels).max(axis=1)
    null_intensity = intensities.reshape(n_permutations, n_parcels).max(axis=1)
    return NetworkBasedStatistic(
        statistic=above.statistic,
        component=component,
        extent=extent[order],
        n_parcels=np.bincount(members, minlength=order.size),
        intensity=intensity[order],
        p_extent=_adjusted(extent[order], null_extent),
        p_intensity=_adjusted(intensity[order] * (1 - _ROUNDING), null_intensity),
        null_extent=null_extent,
        null_intensity=null_intensity,
        threshold=threshold,
    )


def threshold_of_p(p_value: float, dof: int, alternative: Alternative = "two-sided", n_tested: int = 1) -> float:
    """Return the t, or the F of several columns, that has this p-value, uncorrected: a threshold for components."""
    if n_tested > 1:
        return float(scipy.special.fdtri(n_tested, dof, 1 - p_value))
    return -float(scipy.special.stdtrit(dof, p_value / 2 if alternative == "two-sided" else p_value))


def components(
    graph: IntArray, edge: IntArray, excess: FloatArray, n_graphs: int, n_parcels: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Find the connected components of many graphs of the same parcels at once.

    Parameters
    ----------
    graph, edge : ndarray, shape (n_present,)
        Each present edge, and the graph that it is in.
    excess : ndarray, shape (n_present,)
        What to sum over the edges of a component.
    n_graphs, n_parcels : int

    Returns
    -------
    label : ndarray, shape (n_present,)
        Component of each edge: ``graph * n_parcels`` plus the first of its parcels.
    extent : ndarray, shape (n_graphs * n_parcels,)
        Edges of each component; 0 where no component has that label.
    intensity : ndarray, shape (n_graphs * n_parcels,)
        Sum of ``excess`` over its edges.
    """
    first, second = (graph * n_parcels + parcel for parcel in edge_parcels(edge, n_parcels))
    label = np.arange(n_graphs * n_parcels)
    left, right = first, second
    while left.size:
        # Every root takes the smallest label beside it, then everyone follows the roots to their root.
        lower = np.minimum(label[left], label[right])
        np.minimum.at(label, label[left], lower)
        np.minimum.at(label, label[right], lower)
        while True:
            further = label[label]
            if (further == label).all():
                break
            label = further
        apart = label[left] != label[right]
        left, right = left[apart], right[apart]
    own = label[first]
    intensity = np.bincount(own, excess, minlength=label.size).astype(np.float64)
    return own, np.bincount(own, minlength=label.size), intensity


# --- threshold-free enhancement ------------------------------------------------------------------


def enhance(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    alternative: Alternative = "two-sided",
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
    step: float = 0.1,
    extent_power: float = 0.4,
    height_power: float = 3.0,
) -> Steps[EnhancedEdges]:
    """Test every edge by its height and the extent of the components that it is in at every threshold below.

    Parameters
    ----------
    values, rows, tested, design, alternative, n_permutations, rng, blocks
        As for `network_based_statistic`.
    step : float
        Between thresholds; larger where a statistic is so large that there would be more than 500.
    extent_power, height_power : float
        E and H; the defaults are those recommended for networks (Baggio et al. 2018).

    Notes
    -----
    The score of an edge is the sum over thresholds h, up to its t (the root of F where several columns are tested),
    of  extent(h)^E h^H step,  with the extent in edges.
    """
    n_parcels = n_parcels_of(values.shape[1])
    model = FreedmanLane(values, rows, tested, design, blocks)
    largest = np.zeros(n_permutations)
    score = np.zeros(values.shape[1])
    height = np.zeros((0, 0), dtype=np.float32)
    for chunk, permutations, unit, columns in model.blocks(n_permutations, rng, _AT_A_TIME):
        if columns.start == 0:
            height = np.empty((chunk.stop - chunk.start, values.shape[1]), dtype=np.float32)
        share, sign = model.all_shares(unit, permutations)
        height[:, columns] = _root(model, model.statistic_of(share.astype(np.float64)) * sign, alternative)
        yield model.progress(chunk, columns, n_permutations)
        if columns.stop < values.shape[1]:
            continue
        if chunk.start == 0:
            actual = _root(model, model.statistic, alternative)
            step = max(step, float(actual.max()) / _MOST_STEPS)
            score = enhanced(actual[None], n_parcels, step, extent_power, height_power)[0]
        for start in range(0, len(height), _ENHANCED_AT_A_TIME):
            some = slice(start, start + _ENHANCED_AT_A_TIME)
            largest[chunk][some] = enhanced(height[some], n_parcels, step, extent_power, height_power).max(axis=1)
            yield model.progress(chunk, columns, n_permutations)
    adjusted_p = np.where(np.isnan(model.share), np.nan, _adjusted(score * (1 - _ROUNDING), largest))
    return EnhancedEdges(model.statistic, score, adjusted_p, largest)


def enhanced(
    height: NDArray[np.floating[Any]], n_parcels: int, step: float, extent_power: float, height_power: float
) -> FloatArray:
    """Return the TFCE scores of many graphs of the same parcels.

    Parameters
    ----------
    height : ndarray, shape (n_graphs, n_edges)
        At least 0.
    n_parcels : int
    step, extent_power, height_power : float

    Returns
    -------
    ndarray, shape (n_graphs, n_edges)
    """
    # float32 heights just below a multiple of the step count as that multiple.
    level = np.floor(np.minimum(height / step * (1 + 1e-6), 2 * _MOST_STEPS)).astype(np.int16)
    scores = np.empty(level.shape)
    at_a_time = max(1, _TABLE // (n_parcels * (int(level.max(initial=0)) + 1)))
    for start in range(0, len(level), at_a_time):
        some = slice(start, start + at_a_time)
        scores[some] = _enhanced(level[some], n_parcels, step, extent_power, height_power)
    return scores


def _enhanced(
    level: NDArray[np.int16], n_parcels: int, step: float, extent_power: float, height_power: float
) -> FloatArray:
    """Return the scores, given how many thresholds each edge is above.

    Components at every threshold follow from one walk over the parcels that always takes the strongest edge to a new
    one (Prim's): at a threshold, the walk enters a new component just where the edge it takes is below.
    """
    n_graphs, n_levels = len(level), int(level.max(initial=0))
    if n_levels == 0:
        return np.zeros(level.shape)
    order, entry = _walk(level, n_parcels)
    graphs = np.arange(n_graphs)[:, None]
    first, second = edge_parcels(np.arange(level.shape[1]), n_parcels)

    # Edges at each parcel above each threshold, by place in the walk, shape (n_graphs, n_levels, n_parcels).
    place = np.empty_like(order)
    place[graphs, order] = np.arange(n_parcels)
    degree = np.zeros(n_graphs * n_parcels * (n_levels + 1), dtype=np.intp)
    for ends in (first, second):
        cell = (graphs * n_parcels + place[:, ends]) * (n_levels + 1) + level
        degree += np.bincount(cell.ravel(), minlength=degree.size)
    table = degree.reshape(n_graphs, n_parcels, n_levels + 1)[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    table = table[:, :, 1:].transpose(0, 2, 1)

    thresholds = np.arange(1, n_levels + 1)
    label = (entry[:, None, :] < thresholds[:, None]).cumsum(axis=2) - 1
    label += (np.arange(n_graphs * n_levels) * n_parcels).reshape(n_graphs, n_levels, 1)
    twice_extent = np.bincount(label.ravel(), table.ravel(), minlength=n_graphs * n_levels * n_parcels)
    support = (twice_extent / 2) ** extent_power
    gain = support[label] * ((thresholds * step) ** height_power * step)[:, None]
    total = np.zeros((n_graphs, n_levels + 1, n_parcels))
    np.cumsum(gain, axis=1, out=total[:, 1:])
    return np.asarray(total[graphs, level, place[:, first]])


def _walk(level: NDArray[np.int16], n_parcels: int) -> tuple[IntArray, NDArray[np.int16]]:
    """Return the parcels in the order of Prim's walk, and the level of the edge taken to each (-1 to the first)."""
    n_graphs = len(level)
    graphs = np.arange(n_graphs)
    matrix = np.full((n_graphs, n_parcels, n_parcels), -1, dtype=np.int16)
    first, second = edge_parcels(np.arange(level.shape[1]), n_parcels)
    matrix[:, first, second] = level
    matrix[:, second, first] = level
    order = np.zeros((n_graphs, n_parcels), dtype=np.intp)
    entry = np.full((n_graphs, n_parcels), -1, dtype=np.int16)
    best = matrix[:, 0].copy()
    visited = np.zeros((n_graphs, n_parcels), dtype=bool)
    visited[:, 0] = True
    for position in range(1, n_parcels):
        best[visited] = -2
        parcel = best.argmax(axis=1)
        order[:, position], entry[:, position] = parcel, best[graphs, parcel]
        visited[graphs, parcel] = True
        np.maximum(best, matrix[graphs, parcel], out=best)
    return order, entry


def _root(model: FreedmanLane, statistic: FloatArray, alternative: Alternative) -> FloatArray:
    height = heights_of(statistic, alternative, model.n_tested)
    return np.asarray(height if model.n_tested == 1 else np.sqrt(height))


# --- network by network --------------------------------------------------------------------------


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
    for row, index in zip(means, rows.tolist(), strict=True):
        there = np.isfinite(values[index]) & (pair >= 0)
        with np.errstate(invalid="ignore"):
            row[:] = np.bincount(pair[there], values[index][there], minlength=n_pairs)
            row /= np.bincount(pair[there], minlength=n_pairs)
    return means


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
    blocks: IntArray | None = None,
) -> Steps[Enrichment]:
    """Count the edges above a threshold in each pair of networks, and test whether there are more than by chance.

    Rearranging subjects, not edges, keeps what edges have in common; tests that shuffle edges are far too ready.

    Parameters
    ----------
    pair, n_pairs
        From `network_pairs`.
    values, rows, tested, design, threshold, alternative, n_permutations, rng, blocks
        As for `network_based_statistic`.
    """
    _check_threshold(threshold)
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
    )
    height = heights_of(above.statistic, alternative, len(tested.columns))
    actual = pair[(height > threshold) & (pair >= 0)]
    there = pair[above.edge] >= 0
    cell = above.permutation[there] * n_pairs + pair[above.edge[there]]
    counts = np.empty((1 + n_permutations, n_pairs), dtype=np.intp)
    counts[0] = np.bincount(actual, minlength=n_pairs)
    counts[1:] = np.bincount(cell, minlength=n_permutations * n_pairs).reshape(n_permutations, n_pairs)
    p_values = np.empty(counts.shape)
    for column, count in zip(p_values.T, counts.T, strict=True):
        column[:] = (count.size - np.searchsorted(np.sort(count), count)) / count.size
    smallest = np.sort(p_values.min(axis=1))
    adjusted_p = np.searchsorted(smallest, p_values[0], side="right") / smallest.size
    return Enrichment(above.statistic, counts[0], counts[1:].mean(axis=0), p_values[0], adjusted_p)


# --- shared --------------------------------------------------------------------------------------


def _adjusted(actual: NDArray[Any], null: NDArray[Any]) -> FloatArray:
    """Return the share of arrangements, the actual one included, whose largest is at least as large."""
    n_larger = null.size - np.searchsorted(np.sort(null), actual)
    return np.asarray((1 + n_larger) / (1 + null.size))


def _check_threshold(threshold: float) -> None:
    if not threshold > 0:
        raise InputError(f"a threshold of {threshold:g} is not above 0; choose one between 2 and 5")
