"""Independent components of connectivity (spatial ICA), by FastICA.

References
----------
Hyvarinen and Oja (2000), Neural Networks 13:411 (FastICA). Amico et al. (2017), NeuroImage 148:201 (ICA of
connectomes).
"""

from __future__ import annotations

import numpy as np
import scipy

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.decomposition import Axes, Factors, principal_maps, with_gaps
from imagenomer.statistics.explained_variance import fit_scores, in_order, share_explained
from imagenomer.statistics.products import gram, multiply
from imagenomer.types import Float32Array, FloatArray, IntArray

_MOST_ICA_STEPS, _ICA_TOLERANCE = 500, 1e-6
#: Full steps can go round in circles for ever; after so many, half steps are taken, which end where full ones would.
_FULL_STEPS = 30


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
    maps = yield from principal_maps(values, rows, axes, n_components)
    unmixing, n_iterations, converged = yield from unmix(maps[:, axes.usable], rng)
    components = multiply(unmixing, maps)
    components, scores, products = yield from fit_scores(values, rows, components)
    alone = 2 * np.einsum("ij,ij->j", scores, products) - np.einsum("ij,ij->j", scores, scores)
    components, scores = in_order(alone, components, scores)
    explained, cumulative = yield from share_explained(values, rows, components, scores)
    return Factors(with_gaps(components, axes.usable), scores, explained, cumulative, n_iterations, converged)


def unmix(maps: FloatArray, rng: np.random.Generator) -> Steps[tuple[FloatArray, int, bool]]:
    """Return the matrix that makes independent maps of orthonormal ones, the steps it took, and whether it settled.

    The fixed point of all components at once, with the logarithm of the hyperbolic cosine as contrast.
    """
    k, n_edges = maps.shape
    centred = maps - maps.mean(axis=1, keepdims=True)
    spread, directions = scipy.linalg.eigh(gram(centred) / n_edges)
    if not spread[0] > 1e-12 * spread[-1]:
        raise InputError("a principal component is the same at every edge, so there is nothing to unmix; choose PCA")
    whitening = (directions / np.sqrt(spread)).T
    white = multiply(whitening, centred)
    rotation = _orthogonal(rng.standard_normal((k, k)))
    change = 1.0
    for step in range(1, _MOST_ICA_STEPS + 1):
        squashed = np.tanh(multiply(rotation, white))
        slope = 1 - np.einsum("ij,ij->i", squashed, squashed) / n_edges
        moved = _orthogonal(multiply(squashed, white.T) / n_edges - slope[:, None] * rotation)
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
