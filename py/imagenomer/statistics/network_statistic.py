"""The network-based statistic: components of edges above a threshold, larger than chance makes them.

Edges are taken together because effects seldom stop at one. Two edges are neighbours if they share a parcel. p-values
are corrected for all components.

References
----------
Zalesky, Fornito and Bullmore (2010), NeuroImage 53:1197 (network-based statistic).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.edges import edge_parcels, n_parcels_of
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.block_exchange import Blocks
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.max_statistic import (
    ROUNDING,
    Exceedances,
    adjusted_p_values,
    exceedances,
    require_threshold,
)
from imagenomer.statistics.permutation import Alternative, heights_of
from imagenomer.types import FloatArray, IntArray

#: Permutations whose components are found between two reports of progress.
_GRAPHS_AT_A_TIME = 250


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
        Largest of each permutation.
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
    blocks: IntArray | Blocks | None = None,
    flip_by: IntArray | None = None,
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
    n_permutations, rng, blocks, flip_by
        As for `max_statistic`.

    Raises
    ------
    InputError
        If the target cannot be tested, there is too little to permute, or the threshold is not positive.
    """
    n_parcels = n_parcels_of(values.shape[1])
    require_threshold(threshold)
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
        flip_by=flip_by,
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

    null_extent, null_intensity = yield from _largest_components(above, threshold, n_parcels)
    return NetworkBasedStatistic(
        statistic=above.statistic,
        component=component,
        extent=extent[order],
        n_parcels=np.bincount(members, minlength=order.size),
        intensity=intensity[order],
        p_extent=adjusted_p_values(extent[order], null_extent),
        p_intensity=adjusted_p_values(intensity[order] * (1 - ROUNDING), null_intensity),
        null_extent=null_extent,
        null_intensity=null_intensity,
        threshold=threshold,
    )


def _largest_components(above: Exceedances, threshold: float, n_parcels: int) -> Steps[tuple[IntArray, FloatArray]]:
    """Return the largest extent and intensity of a component of each permutation, shape (n_permutations,) each."""
    n = above.n_permutations
    extent, intensity = np.zeros(n, dtype=np.intp), np.zeros(n)
    for start in range(0, n, _GRAPHS_AT_A_TIME):
        yield Progress("Finding components", start, n)
        size = min(_GRAPHS_AT_A_TIME, n - start)
        own = (above.permutation >= start) & (above.permutation < start + size)
        excess = above.height[own].astype(np.float64) - threshold
        _, extents, intensities = components(above.permutation[own] - start, above.edge[own], excess, size, n_parcels)
        extent[start : start + size] = extents.reshape(size, n_parcels).max(axis=1)
        intensity[start : start + size] = intensities.reshape(size, n_parcels).max(axis=1)
    return extent, intensity


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
