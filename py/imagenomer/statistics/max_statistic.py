"""Max-T: how large is the largest statistic of all edges when nothing is going on?

An adjusted p-value is the share of permutations, the identity included, whose largest statistic is at least
as large (Westfall and Young 1993), so that it is never zero (Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol.
9:39).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.block_exchange import Blocks
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.flipped_scores import FlippedScores
from imagenomer.statistics.freedman_lane import FreedmanLane
from imagenomer.statistics.permutation import Alternative, heights_of
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Sums of heights are carried in float32; equal ones must count as equal.
ROUNDING = 1e-5
#: Error of a correlation of unit vectors in float32, twice what was seen; equal ones must count as equal.
_R_ERROR = 2e-6


@dataclass(frozen=True, slots=True, eq=False)
class MaxStatistic:
    """Test of every edge, corrected for all of them by the largest statistic of each permutation.

    Attributes
    ----------
    statistic : ndarray, shape (n_edges,)
        t of the target given the covariates, or F where several columns are tested; NaN where an edge has missing
        values, nothing is left to explain, or the target leaves nothing but rounding.
    adjusted_p : ndarray, shape (n_edges,)
        Chance of one or more false positives among all edges; two-sided; NaN where ``statistic`` is.
    null : ndarray, shape (n_permutations,)
        Largest ``|t|`` or F of each permutation, as drawn: all that differ where those are no more than asked for.
    dof_tested, dof : int
        Columns tested, and residual degrees of freedom.
    """

    statistic: FloatArray
    adjusted_p: FloatArray
    null: FloatArray
    dof_tested: int
    dof: int

    def threshold(self, alpha: float) -> float:
        """Return the ``|t|`` or F above which an edge is significant; infinite if there are too few permutations."""
        allowed = int(np.floor(alpha * (self.null.size + 1) * (1 + 1e-12))) - 1
        return float(np.sort(self.null)[::-1][allowed]) if allowed >= 0 else float("inf")


def max_statistic(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | Blocks | None = None,
    flip_by: IntArray | None = None,
) -> Steps[MaxStatistic]:
    """Test every edge for a target given covariates, corrected for all of them (max-T).

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), C-ordered
    rows : ndarray, shape (n_subjects,)
        Rows in use.
    tested : Term
        A number or a category.
    design : Design
        Covariates of the same subjects.
    n_permutations : int
        Drawn at random; where no more than these differ, all of them are used (`Permutations`).
    rng : numpy.random.Generator
    blocks : ndarray of int, shape (n_subjects,), optional
        Exchangeability block of each subject.
    flip_by : ndarray of int, shape (n_subjects,), optional
        Instead of permuting subjects flip the signs of their scores, together where this is the same: statistics are
        those of `FlippedScores`, which allow unequal variances, and ``blocks`` must be None.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`) or there is too little to permute.
    """
    if flip_by is not None:
        flipped = FlippedScores(values, rows, tested, design, flip_by)
        return (yield from _largest_of_flips(flipped, n_permutations, rng))
    model = FreedmanLane(values, rows, tested, design, blocks)
    yield Progress("Permuting", 0, n_permutations)
    drawn = model.permutations(n_permutations, rng)
    largest = np.zeros(drawn.n, dtype=np.float32)
    keep = 1 - model.slack
    for block in model.blocks(drawn):
        if isinstance(block, Progress):
            yield block
            continue
        chunk, permutations, unit, columns = block
        best = largest[chunk]
        if model.slack:
            large = model.large(unit, permutations, best * np.float32(keep), keep)
            np.maximum(best, large.largest, out=best)  # a share only grows by the covariates
            np.maximum.at(best, large.permutation, model.lifted(unit, permutations, large))
        else:
            np.maximum(best, model.largest(unit, permutations), out=best)
        yield model.progress(chunk, columns, drawn.n)
    # What rounding could make of an equal one must not count as smaller.
    reach = np.sort((np.sqrt(largest.astype(np.float64)) + _R_ERROR) ** 2)
    n_larger = drawn.n - np.searchsorted(reach, model.share)
    adjusted_p = np.where(np.isnan(model.share), np.nan, (1 + n_larger) / (1 + drawn.n))
    null = model.statistic_of(largest.astype(np.float64))
    return MaxStatistic(model.statistic, adjusted_p, null, model.n_tested, model.dof)


def _largest_of_flips(model: FlippedScores, n_flips: int, rng: np.random.Generator) -> Steps[MaxStatistic]:
    drawn = model.draws(n_flips, rng)
    largest = np.zeros(drawn.n)
    for block in model.statistics(drawn):
        if isinstance(block, Progress):
            yield block
            continue
        chunk, columns, statistic = block
        np.maximum(largest[chunk], np.abs(statistic).max(axis=1), out=largest[chunk])
        yield model.progress(chunk, columns, drawn.n)
    adjusted_p = adjusted_p_values(np.abs(model.statistic) * (1 - ROUNDING), largest)
    adjusted_p[np.isnan(model.statistic)] = np.nan
    return MaxStatistic(model.statistic, adjusted_p, largest, model.n_tested, model.dof)


@dataclass(frozen=True, slots=True, eq=False)
class Exceedances:
    """Every edge above a threshold in each permutation.

    Attributes
    ----------
    permutation, edge : ndarray, shape (n_exceedances,)
        Which permutation and which edge.
    height : ndarray, shape (n_exceedances,), float32
        How high: t, ``|t|``, -t or F.
    statistic : ndarray, shape (n_edges,)
        t or F of the actual data; NaN as in `MaxStatistic`.
    n_permutations : int
    """

    permutation: IntArray
    edge: IntArray
    height: Float32Array
    statistic: FloatArray
    n_permutations: int


def exceedances(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    threshold: float,
    alternative: Alternative,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | Blocks | None = None,
    flip_by: IntArray | None = None,
) -> Steps[Exceedances]:
    """Find the edges above a threshold in each permutation; parameters as for `max_statistic`.

    Parameters
    ----------
    threshold : float
        Of t, or of F where several columns are tested; positive.
    alternative : {"two-sided", "greater", "less"}
        Whether ``|t|``, t or -t must be above it.
    """
    if flip_by is not None:
        flipped = FlippedScores(values, rows, tested, design, flip_by)
        return (yield from _exceedances_of_flips(flipped, threshold, alternative, n_permutations, rng))
    model = FreedmanLane(values, rows, tested, design, blocks)
    limit = model.share_of(threshold)
    floor = (1 - model.slack) * limit
    found: list[tuple[NDArray[Any], ...]] = []
    yield Progress("Permuting", 0, n_permutations)
    drawn = model.permutations(n_permutations, rng)
    for block in model.blocks(drawn):
        if isinstance(block, Progress):
            yield block
            continue
        chunk, permutations, unit, columns = block
        large = model.large(unit, permutations, np.full(len(permutations), floor, dtype=np.float32))
        if model.n_tested == 1 and alternative != "two-sided":
            large = large.where(large.sign > 0 if alternative == "greater" else large.sign < 0)
        lifted = model.lifted(unit, permutations, large) if model.slack else large.share
        above = lifted > limit
        height = model.statistic_of(lifted[above].astype(np.float64)).astype(np.float32)
        found.append((large.permutation[above] + chunk.start, large.column[above] + columns.start, height))
        yield model.progress(chunk, columns, drawn.n)
    permutation, edge, height = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Exceedances(permutation, edge, height, model.statistic, drawn.n)


def _exceedances_of_flips(
    model: FlippedScores, threshold: float, alternative: Alternative, n_flips: int, rng: np.random.Generator
) -> Steps[Exceedances]:
    drawn = model.draws(n_flips, rng, alternative)
    found: list[tuple[NDArray[Any], ...]] = []
    for block in model.statistics(drawn):
        if isinstance(block, Progress):
            yield block
            continue
        chunk, columns, statistic = block
        height = heights_of(statistic, alternative, model.n_tested)
        flip, edge = np.nonzero(height > threshold)
        found.append((flip + chunk.start, edge + columns.start, height[flip, edge]))
        yield model.progress(chunk, columns, drawn.n)
    flip, edge, height = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Exceedances(flip, edge, height.astype(np.float32), model.statistic, drawn.n)


def adjusted_p_values(actual: NDArray[Any], null: NDArray[Any]) -> FloatArray:
    """Return the share of permutations, the identity included, whose largest is at least as large."""
    n_larger = null.size - np.searchsorted(np.sort(null), actual)
    return np.asarray((1 + n_larger) / (1 + null.size))


def require_threshold(threshold: float) -> None:
    """Refuse a threshold of t or F that is not above 0."""
    if not threshold > 0:
        raise InputError(f"a threshold of {threshold:g} is not above 0; choose one between 2 and 5")
