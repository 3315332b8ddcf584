"""Threshold-free enhancement (TFCE): the support of each edge by those connected to it, at every threshold at once.

Two edges are neighbours if they share a parcel. p-values are corrected for all edges.

References
----------
Smith and Nichols (2009), NeuroImage 44:83 (TFCE). Vinokur et al. (2015), OHBM; Baggio et al. (2018), Hum. Brain Mapp.
39:2289 (TFCE on networks).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagenomer.edges import edge_parcels, n_parcels_of
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.block_exchange import Blocks
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.flipped_scores import FlippedScores
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.kernels import support
from imagenomer.statistics.max_statistic import ROUNDING, adjusted_p_values
from imagenomer.statistics.permutation import Alternative, Permutations, heights_of
from imagenomer.statistics.sign_flips import SignFlips
from imagenomer.types import FloatArray, IntArray

#: Permutations whose statistics of all edges are held at a time.
_AT_A_TIME = 128
#: Of these, how many are enhanced between two looks for a cancel.
_ENHANCED_AT_A_TIME = 32
#: Heights in all, at most: a very strong effect makes the steps larger, not more.
_MOST_STEPS = 500

#: Which permutations, which edges, and their statistics.
_Block: TypeAlias = tuple[slice, slice, FloatArray]


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
        Largest score of each permutation.
    """

    statistic: FloatArray
    score: FloatArray
    adjusted_p: FloatArray
    null: FloatArray


def enhance(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    alternative: Alternative = "two-sided",
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | Blocks | None = None,
    flip_by: IntArray | None = None,
    step: float = 0.1,
    extent_power: float = 0.4,
    height_power: float = 3.0,
) -> Steps[EnhancedEdges]:
    """Test every edge by its height and the extent of the components that it is in at every threshold below.

    Parameters
    ----------
    values, rows, tested, design, alternative, n_permutations, rng, blocks, flip_by
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
    model, drawn, statistics = _drawn(
        values, rows, tested, design, alternative, n_permutations, rng, blocks=blocks, flip_by=flip_by
    )
    largest = np.zeros(drawn.n)
    score = np.zeros(values.shape[1])
    height = np.zeros((0, 0), dtype=np.float32)
    for block in statistics:
        if isinstance(block, Progress):
            yield block
            continue
        chunk, columns, statistic = block
        if columns.start == 0:
            height = np.empty((chunk.stop - chunk.start, values.shape[1]), dtype=np.float32)
        height[:, columns] = _root(model, statistic, alternative)
        yield model.progress(chunk, columns, drawn.n)
        if columns.stop < values.shape[1]:
            continue
        if chunk.start == 0:
            actual = _root(model, model.statistic, alternative)
            step = max(step, float(actual.max()) / _MOST_STEPS)
            score = enhanced(actual[None], n_parcels, step, extent_power, height_power)[0]
        for start in range(0, len(height), _ENHANCED_AT_A_TIME):
            some = slice(start, start + _ENHANCED_AT_A_TIME)
            largest[chunk][some] = enhanced(height[some], n_parcels, step, extent_power, height_power).max(axis=1)
            yield model.progress(chunk, columns, drawn.n)
    adjusted_p = np.where(np.isnan(model.statistic), np.nan, adjusted_p_values(score * (1 - ROUNDING), largest))
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
    n_edges = level.shape[1]
    power = np.arange(n_edges + 1, dtype=np.float64) ** extent_power
    heights = np.arange(int(level.max(initial=0)) + 1, dtype=np.float64) * step
    weight = heights**height_power * step
    return support(level, edge_parcels(np.arange(n_edges), n_parcels), power, weight)


def _drawn(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    alternative: Alternative,
    n_permutations: int,
    rng: np.random.Generator,
    *,
    blocks: IntArray | Blocks | None,
    flip_by: IntArray | None,
) -> tuple[FreedmanLane | FlippedScores, Permutations | SignFlips, Iterator[_Block | Progress]]:
    """Return the model, what is drawn, and the statistics of each chunk of that with each block of edges."""
    if flip_by is None:
        model = FreedmanLane(values, rows, tested, design, blocks)
        permutations = model.permutations(n_permutations, rng)
        return model, permutations, model.statistics(permutations, _AT_A_TIME)
    scores = FlippedScores(values, rows, tested, design, flip_by)
    flips = scores.draws(n_permutations, rng, alternative)
    return scores, flips, scores.statistics(flips, _AT_A_TIME)


def _root(model: FreedmanLane | FlippedScores, statistic: FloatArray, alternative: Alternative) -> FloatArray:
    height = heights_of(statistic, alternative, model.n_tested)
    return np.asarray(height if model.n_tested == 1 else np.sqrt(height))
