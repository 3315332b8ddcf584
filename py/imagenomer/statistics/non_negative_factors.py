"""Non-negative factors of connectivity, by hierarchical alternating least squares.

References
----------
Cichocki and Phan (2009), IEICE Trans. Fundamentals E92-A:708 (HALS).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.decomposition import Factors, Negative, with_gaps
from imagenomer.statistics.explained_variance import share_explained
from imagenomer.statistics.products import add_product, combine_rows, gram, multiply
from imagenomer.types import BoolArray, Float32Array, IntArray

#: Relative decrease of the misfit in one round below which it has settled.
_SETTLED = 1e-5
_MOST_ROUNDS = 200
#: Times that coefficients are refined before the other side is fitted again.
_SWEEPS = 3


def non_negative_factors(
    values: Float32Array,
    rows: IntArray,
    n_components: int,
    rng: np.random.Generator,
    negative: Negative = "refuse",
) -> Steps[Factors]:
    """Approximate connectivity, mean and all, by components and scores that are nowhere negative.

    By hierarchical alternating least squares: every round goes through the edges once.

    Parameters
    ----------
    values, rows
        As for `axes_of`.
    n_components : int
    rng : numpy.random.Generator
        Draws the scores to start from.
    negative : {"refuse", "zero", "absolute"}

    Raises
    ------
    InputError
        If there are negative values and they are refused, or nothing else than 0.
    """
    n, n_edges = rows.size, values.shape[1]
    usable, mean, squares = yield from _survey(values, rows, negative)
    if not mean > 0:
        raise InputError("connectivity is nowhere above 0, so there are no non-negative factors; choose PCA")
    k = min(n_components, n, int(np.count_nonzero(usable)))
    scores = rng.uniform(0.5, 1.5, (n, k)).astype(np.float32)
    components = np.full((k, n_edges), np.float32(mean / k))
    before, step = np.inf, 0
    for step in range(1, _MOST_ROUNDS + 1):
        across, among = np.zeros((n, k)), np.zeros((k, k))
        of_scores = gram(scores.T)
        for columns in column_blocks(n_edges):
            block = _non_negative(values, rows, columns, usable, negative)
            own = np.ascontiguousarray(components[:, columns])
            _descend(own, multiply(scores.T, block), of_scores)
            components[:, columns] = own
            add_product(across, block, own.T)
            add_product(among, own, own.T)
            yield Progress("Fitting non-negative factors", step, _MOST_ROUNDS)
        improved = np.ascontiguousarray(scores.T, dtype=np.float64)
        _descend(improved, across.T, among)
        scores = np.ascontiguousarray(improved.T, dtype=np.float32)
        misfit = squares - 2 * float(np.sum(across * improved.T)) + float(np.sum(among * gram(improved)))
        if before - misfit <= _SETTLED * misfit:
            break
        before = misfit
    lengths = np.linalg.norm(components.astype(np.float64), axis=1)
    kept = (lengths > 0) & scores.any(axis=0)
    maps = components[kept] / lengths[kept, None]
    own_scores = scores[:, kept] * lengths[kept]
    explained, _ = yield from share_explained(values, rows, maps, own_scores, negative)
    order = np.argsort(-explained, kind="stable")
    maps, own_scores = maps[order], own_scores[:, order]
    explained, cumulative = yield from share_explained(values, rows, maps, own_scores, negative)
    n_empty = int(np.count_nonzero(~kept))
    return Factors(with_gaps(maps, usable), own_scores, explained, cumulative, step, step < _MOST_ROUNDS, n_empty)


def _survey(values: Float32Array, rows: IntArray, negative: Negative) -> Steps[tuple[BoolArray, float, float]]:
    """Return which edges everybody has, and the mean and sum of squares over these of what is to be approximated."""
    n_edges = values.shape[1]
    usable = np.zeros(n_edges, dtype=bool)
    total = squares = 0.0
    n_negative = 0
    for columns in column_blocks(n_edges):
        block = values[:, columns][rows]
        usable[columns] = np.isfinite(block).all(axis=0)
        n_negative += int(np.count_nonzero(block[:, usable[columns]] < 0))
        block = _non_negative(values, rows, columns, usable, negative)
        total += float(block.sum(dtype=np.float64))
        squares += float(np.einsum("ij,ij->", block, block, dtype=np.float64))
        yield Progress("Looking for negative values", columns.stop, n_edges)
    n_values = rows.size * int(np.count_nonzero(usable))
    if negative == "refuse" and n_negative:
        raise InputError(
            f"{n_negative:,} of {n_values:,} values of connectivity ({n_negative / n_values:.1%}) are negative, and "
            "non-negative factors cannot make them; choose to take them for 0 or to drop their sign, or choose PCA"
        )
    return usable, total / max(n_values, 1), squares


def _non_negative(
    values: Float32Array, rows: IntArray, columns: slice, usable: BoolArray, negative: Negative
) -> Float32Array:
    block = values[:, columns][rows]
    block[:, ~usable[columns]] = 0
    if negative == "zero":
        np.maximum(block, 0, out=block)
    elif negative == "absolute":
        np.abs(block, out=block)
    return block


def _descend(factors: NDArray[Any], products: NDArray[Any], among: NDArray[Any]) -> None:
    """Improve rows in place, one after another, none of their values below 0."""
    for _ in range(_SWEEPS):
        for one, row in enumerate(factors):
            if among[one, one] > 0:
                row += (products[one] - combine_rows(factors, among[one])) / among[one, one]
                np.maximum(row, 0, out=row)
