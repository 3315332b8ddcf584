"""Decomposition of connectivity: a few components that subjects have more or less of, and how much that explains.

Each subject's connectivity, less the mean over subjects, is approximated by a sum of components, maps over edges,
times the subject's scores. *Principal components* explain most variance with mutually orthogonal maps and uncorrelated
scores; they are found from the products of all pairs of subjects (the Gram matrix), which is small. *Independent
components* are rotations of these whose maps are as independent over edges as can be (spatial ICA: a subject is a
mixture, an edge a sample). A *sparse dictionary* has maps of few edges each. *Non-negative factors* approximate
connectivity itself, without taking off the mean, by sums in which nothing is subtracted.

A component has length 1 (root of the sum of squares over edges), so scores are in units of connectivity times the root
of the number of edges. Its sign is arbitrary: the component's largest value in magnitude is made positive. An edge
that is missing in any subject takes no part, and is NaN in every component.

Every iteration is written here, on the small matrices that the data reduce to, so that progress is told and the work
can be given up at any moment; the tests compare with scikit-learn.

References
----------
Hyvarinen and Oja (2000), Neural Networks 13:411 (FastICA). Cichocki and Phan (2009), IEICE Trans. Fundamentals
E92-A:708 (HALS). Mairal et al. (2009), ICML (dictionary learning). Amico et al. (2017), NeuroImage 148:201 (ICA of
connectomes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correlation import column_blocks
from imagenomer.statistics.design import ALIASED, residuals
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: What non-negative factors make of negative connectivity: "refuse" it, take it for 0, or drop its sign.
Negative: TypeAlias = Literal["refuse", "zero", "absolute"]

#: A component that explains less than this share of the variance is rounding: connectivity has single precision.
NULL_SHARE = 1e-10

_MOST_ICA_STEPS, _ICA_TOLERANCE = 500, 1e-6
#: Full steps can go round in circles for ever; after so many, half steps are taken, which end where full ones would.
_FULL_STEPS = 30
#: Relative decrease of the misfit in one round below which it has settled.
_SETTLED = 1e-5
_MOST_ROUNDS = 200
#: Times that coefficients are refined before the other side is fitted again.
_SWEEPS = 3


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
        Of length 1; NaN at edges that take no part.
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


# --- principal components ------------------------------------------------------------------------


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
        If there are fewer than two subjects or nothing varies.
    """
    n, n_edges = rows.size, values.shape[1]
    if n < 2:
        raise InputError(f"a decomposition needs at least 2 subjects, and there is {n}; choose a larger group")
    gram = np.zeros((n, n), order="F")
    usable = np.zeros(n_edges, dtype=bool)
    for columns in column_blocks(n_edges):
        block, usable[columns] = _deviations(values, rows, columns)
        # Exact sums: products in float32 would blur the weaker components.
        gram = scipy.linalg.blas.dsyrk(1, block.T, 1, gram, trans=1, overwrite_c=1)
        yield Progress("Comparing subjects", columns.stop, n_edges)
    total = float(np.trace(gram))
    if not total > 0:
        raise InputError(f"connectivity is the same in all {n} subjects, so there are no components; choose others")
    yield Progress("Finding components")
    eigenvalues, vectors = scipy.linalg.eigh(gram, lower=False, overwrite_a=True, check_finite=False)
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
    maps = yield from _principal_maps(values, rows, axes, n_components)
    k = len(maps)
    signs = _signs(maps)
    maps *= signs[:, None]
    explained = axes.singular_values[:k] ** 2 / axes.total
    scores = axes.vectors[:, :k] * (axes.singular_values[:k] * signs)
    return Factors(_with_gaps(maps, axes.usable), scores, explained, np.cumsum(explained))


def _principal_maps(values: Float32Array, rows: IntArray, axes: Axes, n_components: int) -> Steps[FloatArray]:
    """Return the first principal components, orthonormal, 0 at edges that take no part."""
    k = min(n_components, axes.rank)
    weights = np.asfortranarray(axes.vectors[:, :k] / axes.singular_values[:k])
    maps = np.empty((k, values.shape[1]))
    for columns in column_blocks(values.shape[1]):
        block, _ = _deviations(values, rows, columns)
        maps[:, columns] = scipy.linalg.blas.dgemm(1, block.T, weights).T
        yield Progress("Making the components", columns.stop, values.shape[1])
    return maps


# --- independent components ----------------------------------------------------------------------


def independent_components(
    values: Float32Array, rows: IntArray, axes: Axes, n_components: int, rng: np.random.Generator
) -> Steps[Factors]:
    """Rotate the first principal components until their maps are as independent over edges as can be (FastICA).

    Parameters
    ----------
    values, rows, axes, n_components
        As for `principal_components`.
    rng : numpy.random.Generator
        Draws where to start.

    Returns
    -------
    Factors
        What explains most comes first. Together they explain what as many principal components do.

    Raises
    ------
    InputError
        If a principal component is the same at every edge.
    """
    maps = yield from _principal_maps(values, rows, axes, n_components)
    unmixing, n_iterations, converged = yield from _unmix(maps[:, axes.usable], rng)
    components = scipy.linalg.blas.dgemm(1, maps.T, unmixing.T).T
    components, scores, products = yield from _fitted(values, rows, components)
    alone = 2 * np.einsum("ij,ij->j", scores, products) - np.einsum("ij,ij->j", scores, scores)
    components, scores = _ordered(alone, components, scores)
    explained, cumulative = yield from share_explained(values, rows, components, scores)
    return Factors(_with_gaps(components, axes.usable), scores, explained, cumulative, n_iterations, converged)


def _unmix(maps: FloatArray, rng: np.random.Generator) -> Steps[tuple[FloatArray, int, bool]]:
    """Return the matrix that makes independent maps of orthonormal ones, the steps it took, and whether it settled.

    The fixed point of all components at once, with the logarithm of the hyperbolic cosine as contrast.
    """
    k, n_edges = maps.shape
    centred = maps - maps.mean(axis=1, keepdims=True)
    spread, directions = scipy.linalg.eigh(scipy.linalg.blas.dgemm(1, centred.T, centred.T, trans_a=1) / n_edges)
    if not spread[0] > 1e-12 * spread[-1]:
        raise InputError("a principal component is the same at every edge, so there is nothing to unmix; choose PCA")
    whitening = (directions / np.sqrt(spread)).T
    white = scipy.linalg.blas.dgemm(1, centred.T, whitening.T).T
    rotation = _orthogonal(rng.standard_normal((k, k)))
    change = 1.0
    for step in range(1, _MOST_ICA_STEPS + 1):
        squashed = np.tanh(scipy.linalg.blas.dgemm(1, white.T, rotation.T).T)
        slope = 1 - np.einsum("ij,ij->i", squashed, squashed) / n_edges
        moved = _orthogonal(
            scipy.linalg.blas.dgemm(1, squashed.T, white.T, trans_a=1) / n_edges - slope[:, None] * rotation
        )
        same_way = np.einsum("ij,ij->i", moved, rotation)
        change = float(np.abs(np.abs(same_way) - 1).max())
        if step > _FULL_STEPS:
            moved = _orthogonal(rotation + np.where(same_way < 0, -1.0, 1.0)[:, None] * moved)
        rotation = moved
        yield Progress("Making components independent", step, _MOST_ICA_STEPS)
        if change < _ICA_TOLERANCE:
            break
    return rotation @ whitening, step, change < _ICA_TOLERANCE


def _orthogonal(matrix: FloatArray) -> FloatArray:
    """Return the nearest orthogonal matrix, (A A')^(-1/2) A, or one of them where A is singular."""
    # The mean of a rotation and its opposite, between which steps can go, is singular: no root of A A' is safe then.
    left, _, right = scipy.linalg.svd(matrix)
    return np.asarray(left @ right)


# --- sparse dictionary ---------------------------------------------------------------------------


def sparse_components(
    values: Float32Array, rows: IntArray, axes: Axes, n_components: int, sparsity: float, rng: np.random.Generator
) -> Steps[Factors]:
    """Learn components of few edges each.

    With R the first principal components times their lengths, codes C and atoms D of length at most 1 minimise
    |R - D'C|^2 / 2 + a |C|_1, by turns; the codes are the components. The start is ICA's.

    Parameters
    ----------
    values, rows, axes, n_components, rng
        As for `independent_components`.
    sparsity : float
        The penalty a as a share of the length that the median edge has in R: the more, the fewer edges a component has.
        Scores are fitted without a penalty.

    Returns
    -------
    Factors
        What explains most comes first, of `share_projected`.
    """
    maps = yield from _principal_maps(values, rows, axes, n_components)
    k = len(maps)
    maps *= axes.singular_values[:k, None]
    usable = maps[:, axes.usable]
    unmixing, _, _ = yield from _unmix(usable / axes.singular_values[:k, None], rng)
    # R = L V and S = U V, so R = L U^-1 S: the columns of L U^-1 are how much of each source a direction has.
    atoms = (axes.singular_values[:k, None] * np.linalg.inv(unmixing)).T
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    penalty = sparsity * float(np.median(np.sqrt(np.einsum("ij,ij->j", usable, usable))))
    squares = float(np.einsum("ij,ij->", usable, usable))
    codes = np.zeros_like(usable)
    before = np.inf
    for step in range(1, _MOST_ROUNDS + 1):
        products = scipy.linalg.blas.dgemm(1, usable.T, atoms.T).T
        for _ in _encode(codes, products, atoms @ atoms.T, penalty):
            yield Progress("Learning sparse components", step, _MOST_ROUNDS)
        among = scipy.linalg.blas.dgemm(1, codes.T, codes.T, trans_a=1)
        across = scipy.linalg.blas.dgemm(1, codes.T, usable.T, trans_a=1)
        for _ in range(_SWEEPS):
            _turn_atoms(atoms, among, across)
        misfit = squares - 2 * float(np.sum(across * atoms)) + float(np.sum(among * (atoms @ atoms.T)))
        loss = misfit / 2 + penalty * float(np.abs(codes).sum())
        if before - loss <= _SETTLED * loss:
            break
        before = loss
    components = np.zeros((k, values.shape[1]))
    components[:, axes.usable] = codes
    kept = codes.any(axis=1)
    if not kept.any():
        raise InputError(f"with sparsity {sparsity:g} no component keeps an edge; choose a smaller one")
    components, scores, products = yield from _fitted(values, rows, components[kept])
    components, scores = _ordered(np.einsum("ij,ij->j", products, products), components, scores)
    explained, cumulative = yield from share_projected(values, rows, components)
    return Factors(
        _with_gaps(components, axes.usable),
        scores,
        explained,
        cumulative,
        step,
        step < _MOST_ROUNDS,
        int(np.count_nonzero(~kept)),
    )


def _encode(codes: FloatArray, products: FloatArray, gram: FloatArray, penalty: float) -> Iterator[None]:
    """Improve the codes of all edges, in place, one component after another (coordinate descent of the lasso)."""
    for _ in range(_SWEEPS):
        for one, row in enumerate(codes):
            if gram[one, one] == 0:
                continue
            target = products[one] - scipy.linalg.blas.dgemv(1, codes.T, gram[one]) + gram[one, one] * row
            row[:] = np.sign(target) * np.maximum(np.abs(target) - penalty, 0) / gram[one, one]
            yield


def _turn_atoms(atoms: FloatArray, among: FloatArray, across: FloatArray) -> None:
    """Fit the atoms to the codes, in place, one after another, none longer than 1."""
    for one, atom in enumerate(atoms):
        if among[one, one] > 0:
            atom += (across[one] - among[one] @ atoms) / among[one, one]
            atom /= max(1.0, float(np.linalg.norm(atom)))


# --- non-negative factors ------------------------------------------------------------------------


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
        gram = (scores.T @ scores).astype(np.float32)
        for columns in column_blocks(n_edges):
            block = _non_negative(values, rows, columns, usable, negative)
            own = np.ascontiguousarray(components[:, columns])
            _descend(own, scipy.linalg.blas.sgemm(1, block.T, scores).T, gram)
            components[:, columns] = own
            across += scipy.linalg.blas.sgemm(1, own.T, block.T, trans_a=1).T
            among += scipy.linalg.blas.sgemm(1, own.T, own.T, trans_a=1)
            yield Progress("Fitting non-negative factors", step, _MOST_ROUNDS)
        improved = np.ascontiguousarray(scores.T, dtype=np.float64)
        _descend(improved, across.T, among)
        scores = np.ascontiguousarray(improved.T, dtype=np.float32)
        misfit = squares - 2 * float(np.sum(across * improved.T)) + float(np.sum(among * (improved @ improved.T)))
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
    return Factors(_with_gaps(maps, usable), own_scores, explained, cumulative, step, step < _MOST_ROUNDS, n_empty)


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


def _descend(factors: NDArray[Any], products: NDArray[Any], gram: NDArray[Any]) -> None:
    """Improve rows in place, one after another, none of their values below 0."""
    for _ in range(_SWEEPS):
        for one, row in enumerate(factors):
            if gram[one, one] > 0:
                row += (products[one] - gram[one] @ factors) / gram[one, one]
                np.maximum(row, 0, out=row)


# --- what components explain ---------------------------------------------------------------------


def share_explained(
    values: Float32Array,
    rows: IntArray,
    components: Float32Array | FloatArray,
    scores: FloatArray,
    negative: Negative = "refuse",
) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return the share of the variance between subjects that components explain, each alone and the first together.

    It is 1 less the sum of squares of (deviations from the mean - centred scores times components), over that of the
    deviations. For principal components in their order it is the ratio of eigenvalues; for components that overlap,
    the shares of each alone do not add up.

    Parameters
    ----------
    values, rows
        As for `axes_of`.
    components : ndarray, shape (n_components, n_edges)
        NaN counts as 0.
    scores : ndarray, shape (n_subjects, n_components)
    negative : {"refuse", "zero", "absolute"}
        What has been made of negative connectivity; "refuse" leaves it.

    Returns
    -------
    explained, cumulative : ndarray, shape (n_components,)

    Raises
    ------
    InputError
        If subjects do not differ.
    """
    products, gram, total = yield from _products(values, rows, components, negative)
    if not total > 0:
        raise InputError(f"connectivity is the same in all {rows.size} subjects, so nothing is to be explained")
    centred = scores - scores.mean(axis=0)
    gains = 2 * np.einsum("ij,ij->j", centred, products)
    costs = (centred.T @ centred) * gram
    alone = (gains - np.diag(costs)) / total
    # The cost of the first k is the sum of the leading square of size k: each adds its row and column.
    added = 2 * np.tril(costs, -1).sum(axis=1) + np.diag(costs)
    return alone, np.cumsum(gains - added) / total


def _products(
    values: Float32Array, rows: IntArray, components: Float32Array | FloatArray, negative: Negative = "refuse"
) -> Steps[tuple[FloatArray, FloatArray, float]]:
    """Return deviations times components, components times components, and the sum of squared deviations."""
    n_edges = values.shape[1]
    products = np.zeros((rows.size, len(components)))
    gram = np.zeros((len(components), len(components)))
    total = 0.0
    for columns in column_blocks(n_edges):
        block, _ = _deviations(values, rows, columns, negative)
        own = np.nan_to_num(components[:, columns].astype(np.float64))
        products += scipy.linalg.blas.dgemm(1, own.T, block.T, trans_a=1).T
        gram += scipy.linalg.blas.dgemm(1, own.T, own.T, trans_a=1)
        total += float(np.einsum("ij,ij->", block, block))
        yield Progress("Finding what the components explain", columns.stop, n_edges)
    return products, gram, total


def share_projected(
    values: Float32Array, rows: IntArray, components: FloatArray
) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return the share of the variance between subjects that lies along components, each alone and the first together.

    It is that of `share_explained` with scores that are fitted by least squares to one component, or to the first
    ones, only. Scores fitted to all of them at once are no measure of some: of two components that are nearly the same,
    each has large scores that the other's cancel.

    Parameters
    ----------
    values, rows
        As for `axes_of`.
    components : ndarray, shape (n_components, n_edges)
        Of length 1, 0 at edges that take no part.

    Returns
    -------
    explained, cumulative : ndarray, shape (n_components,)
        Between 0 and 1; the second does not decrease.
    """
    # A component that follows from those before it adds no direction; a row of 0 stands for it.
    basis = np.zeros(components.shape)
    for one, component in enumerate(components):
        left = residuals(component, basis[:one].T)
        length = float(np.linalg.norm(left))
        if length > ALIASED:
            basis[one] = left / length
    along, _, total = yield from _products(values, rows, components)
    onto, _, _ = yield from _products(values, rows, basis)
    explained = np.einsum("ij,ij->j", along, along) / total
    cumulative = np.cumsum(np.einsum("ij,ij->j", onto, onto)) / total
    return np.minimum(explained, 1), np.minimum(cumulative, 1)


def _fitted(
    values: Float32Array, rows: IntArray, components: FloatArray
) -> Steps[tuple[FloatArray, FloatArray, FloatArray]]:
    """Bring components to length 1 and fit scores to them by least squares; return both, and the components' products.

    The products of deviations with components, shape (n_subjects, n_components), are the scores of each on its own.
    """
    components = components / np.linalg.norm(components, axis=1, keepdims=True)
    components *= _signs(components)[:, None]
    products, gram, _ = yield from _products(values, rows, components)
    # Components may follow from each other, those of few edges above all.
    return components, products @ scipy.linalg.pinvh(gram), products


def _ordered(by: FloatArray, components: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return components and scores, those with the largest of some numbers first."""
    order = np.argsort(-by, kind="stable")
    return components[order], np.ascontiguousarray(scores[:, order])


# --- shared --------------------------------------------------------------------------------------


def _deviations(
    values: Float32Array, rows: IntArray, columns: slice, negative: Negative = "refuse"
) -> tuple[FloatArray, BoolArray]:
    """Return deviations from the mean over subjects, 0 at edges that somebody lacks, and which edges everybody has."""
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


def _signs(components: FloatArray) -> FloatArray:
    """Return what makes each component's largest value in magnitude positive, shape (n_components,)."""
    largest = components[np.arange(len(components)), np.abs(components).argmax(axis=1)]
    return np.where(largest < 0, -1.0, 1.0)


def _with_gaps(components: FloatArray | Float32Array, usable: BoolArray) -> Float32Array:
    with_gaps = components.astype(np.float32)
    with_gaps[:, ~usable] = np.nan
    return with_gaps
