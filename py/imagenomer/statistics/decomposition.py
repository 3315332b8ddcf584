"""Decomposition of connectivity: a few components that subjects have more or less of.

Each subject's connectivity, less the mean over subjects, is approximated by a sum of components, maps over edges,
times the subject's scores. *Principal components* (here) explain most variance with mutually orthogonal maps and
uncorrelated scores; they are found from the products of all pairs of subjects (the Gram matrix), which is small, or
of all pairs of edges where those are fewer (`use_features`).
*Independent components* are rotations of these whose maps are as independent over edges as can be (spatial ICA: a
subject is a mixture, an edge a sample). A *sparse dictionary* has maps of few edges each. *Non-negative factors*
approximate connectivity itself, without taking off the mean, by sums in which nothing is subtracted.

A component has length 1 (root of the sum of squares over edges), so scores are in units of connectivity times the root
of the number of edges. Its sign is arbitrary: the component's largest value in magnitude is made positive. An edge
that is missing in any subject is excluded, and is NaN in every component.

Every iteration is written here, on the small matrices that the data reduce to, so that progress is shown and the work
can be given up at any moment; the tests compare with scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.feature_products import (
    feature_products,
    require_room,
    thin_spectrum,
    usable_columns,
    use_features,
)
from imagenomer.statistics.products import add_gram_in_parts, multiply
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: What non-negative factors make of negative connectivity: "refuse" it, take it for 0, or drop its sign.
Negative: TypeAlias = Literal["refuse", "zero", "absolute"]
#: A component that explains less than this share of the variance is rounding: connectivity has single precision.
NULL_SHARE = 1e-10
#: Matrices of all pairs of subjects, or of subjects by edges, that are held at once: products, eigenvectors, both again
#: while these are found and put in order.
_N_MATRICES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Directions in which subjects differ, from the Gram matrix of their deviations from the mean.

    Attributes
    ----------
    vectors : ndarray, shape (n_subjects, rank)
        Orthonormal, strongest first.
    singular_values : ndarray, shape (rank,)
        Lengths: square roots of the Gram matrix's eigenvalues.
    total : float
        Sum over subjects and edges of the squared deviations from the mean.
    usable : ndarray of bool, shape (n_edges,)
        Edges that every subject has.
    """

    vectors: FloatArray
    singular_values: FloatArray
    total: float
    usable: BoolArray

    @property
    def rank(self) -> int:
        """Components there are: the others lie in the null space and are not kept."""
        return int(self.singular_values.size)


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Components and scores.

    Attributes
    ----------
    components : ndarray, shape (n_components, n_edges), float32
        Of length 1; NaN at excluded edges.
    scores : ndarray, shape (n_subjects, n_components)
    explained, cumulative : ndarray, shape (n_components,)
        Share of the variance between subjects that each component explains, and the first ones together: 1 less the
        squared misfit over the squared deviations from the mean (`share_explained`). Below 0 if the fit is worse than
        the mean is; of a sparse dictionary, scores are fitted to each selection of components (`share_projected`).
    n_iterations : int
        0 where nothing is iterated.
    converged : bool
    n_empty : int
        Components that were left without edges, and dropped.
    """

    components: Float32Array
    scores: FloatArray
    explained: FloatArray
    cumulative: FloatArray
    n_iterations: int = 0
    converged: bool = True
    n_empty: int = 0


# --- principal components -------------------------------------------------------------------------


def axes_of(values: Float32Array, rows: IntArray) -> Steps[Axes]:
    """Return the directions in which subjects differ.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32
    rows : ndarray, shape (n_subjects,)
        Rows in use.

    Raises
    ------
    InputError
        If there are fewer than two subjects, more than memory has room for, or nothing varies.
    """
    n, n_edges = rows.size, values.shape[1]
    if n < 2:
        raise InputError(f"a decomposition needs at least 2 subjects, and there is {n}; choose a larger group")
    require_room(n, n_edges, _N_MATRICES)
    if use_features(n, n_edges):
        usable = yield from usable_columns(values, rows)
        by_features = yield from feature_products(values, rows, usable)
        progress = Progress("Finding components")
        total = yield from by_features.squares(progress)
        _require_variation(total, n)
        eigenvalues, vectors = yield from thin_spectrum(by_features, np.full((n, 1), 1 / np.sqrt(n)), progress)
        return _axes(eigenvalues, vectors, total, usable)
    products = np.zeros((n, n))
    usable = np.zeros(n_edges, dtype=bool)
    for columns in column_blocks(n_edges):
        block, usable[columns] = deviations(values, rows, columns)
        # Exact sums: products in float32 would blur the weaker components.
        for _ in add_gram_in_parts(products, block):
            yield Progress("Comparing subjects", columns.stop, n_edges)
    total = float(np.trace(products))
    _require_variation(total, n)
    eigenvalues, vectors = yield from eigenvectors(products, Progress("Finding components"))
    return _axes(eigenvalues, vectors, total, usable)


def _require_variation(total: float, n_subjects: int) -> None:
    if not total > 0:
        raise InputError(
            f"connectivity is the same in all {n_subjects} subjects, so there are no components; choose others"
        )


def _axes(eigenvalues: FloatArray, vectors: FloatArray, total: float, usable: BoolArray) -> Axes:
    """Return the axes of eigenvalues in ascending order."""
    rank = int(np.count_nonzero(eigenvalues > NULL_SHARE * total))
    strongest = slice(None, -rank - 1, -1)
    return Axes(np.ascontiguousarray(vectors[:, strongest]), np.sqrt(eigenvalues[strongest]), total, usable)


def principal_components(values: Float32Array, rows: IntArray, axes: Axes, n_components: int) -> Steps[Factors]:
    """Return the first principal components.

    Parameters
    ----------
    values, rows
        As for `axes_of`.
    axes : Axes
        Of the same.
    n_components : int
        At most ``axes.rank`` are returned.
    """
    maps = yield from principal_maps(values, rows, axes, n_components)
    k = len(maps)
    signs = signs_of(maps)
    maps *= signs[:, None]
    explained = axes.singular_values[:k] ** 2 / axes.total
    scores = axes.vectors[:, :k] * (axes.singular_values[:k] * signs)
    return Factors(with_gaps(maps, axes.usable), scores, explained, np.cumsum(explained))


def principal_maps(values: Float32Array, rows: IntArray, axes: Axes, n_components: int) -> Steps[FloatArray]:
    """Return the first principal components, orthonormal, 0 at excluded edges."""
    k = min(n_components, axes.rank)
    weights = axes.vectors[:, :k] / axes.singular_values[:k]
    maps = np.empty((k, values.shape[1]))
    for columns in column_blocks(values.shape[1]):
        block, _ = deviations(values, rows, columns)
        maps[:, columns] = multiply(weights.T, block)
        yield Progress("Making the components", columns.stop, values.shape[1])
    return maps


# --- shared ---------------------------------------------------------------------------------------


def deviations(
    values: Float32Array, rows: IntArray, columns: slice, negative: Negative = "refuse"
) -> tuple[FloatArray, BoolArray]:
    """Return deviations from the mean over subjects, 0 at edges missing in a subject, and which edges are complete."""
    block = values[:, columns][rows].astype(np.float64)
    if negative == "zero":
        np.maximum(block, 0, out=block)
    elif negative == "absolute":
        np.abs(block, out=block)
    with np.errstate(invalid="ignore"):
        block -= block.mean(axis=0)
    usable = np.asarray(np.isfinite(block).all(axis=0))
    block[:, ~usable] = 0
    return block, usable


def signs_of(components: FloatArray) -> FloatArray:
    """Return what makes each component's largest value in magnitude positive, shape (n_components,)."""
    largest = components[np.arange(len(components)), np.abs(components).argmax(axis=1)]
    return np.where(largest < 0, -1.0, 1.0)


def with_gaps(components: FloatArray | Float32Array, usable: BoolArray) -> Float32Array:
    with_gaps = components.astype(np.float32)
    with_gaps[:, ~usable] = np.nan
    return with_gaps
