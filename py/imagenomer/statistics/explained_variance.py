"""Explained variance: the share of the variance between subjects that components get right."""

from __future__ import annotations

import numpy as np
import scipy

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.decomposition import Negative, deviations, signs_of
from imagenomer.statistics.design import ALIASED
from imagenomer.statistics.orthonormal import residuals
from imagenomer.statistics.products import add_gram, add_product, mirror, multiply
from imagenomer.types import Float32Array, FloatArray, IntArray


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
    products, among, total = yield from _products(values, rows, components, negative)
    if not total > 0:
        raise InputError(f"connectivity is the same in all {rows.size} subjects, so nothing is to be explained")
    centred = scores - scores.mean(axis=0)
    gains = 2 * np.einsum("ij,ij->j", centred, products)
    costs = multiply(centred.T, centred) * among
    alone = (gains - np.diag(costs)) / total
    # The cost of the first k is the sum of the leading square of size k: each adds its row and column.
    added = 2 * np.tril(costs, -1).sum(axis=1) + np.diag(costs)
    return alone, np.cumsum(gains - added) / total


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
        Of length 1, 0 at excluded edges.

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


def _products(
    values: Float32Array, rows: IntArray, components: Float32Array | FloatArray, negative: Negative = "refuse"
) -> Steps[tuple[FloatArray, FloatArray, float]]:
    """Return deviations times components, components times components, and the sum of squared deviations."""
    n_edges = values.shape[1]
    products = np.zeros((rows.size, len(components)))
    among = np.zeros((len(components), len(components)))
    total = 0.0
    for columns in column_blocks(n_edges):
        block, _ = deviations(values, rows, columns, negative)
        own = np.nan_to_num(components[:, columns].astype(np.float64))
        add_product(products, block, own.T)
        add_gram(among, own)
        total += float(np.einsum("ij,ij->", block, block))
        yield Progress("Finding what the components explain", columns.stop, n_edges)
    return products, mirror(among), total


# --- scores ---------------------------------------------------------------------------------------


def fit_scores(
    values: Float32Array, rows: IntArray, components: FloatArray
) -> Steps[tuple[FloatArray, FloatArray, FloatArray]]:
    """Bring components to length 1 and fit scores to them by least squares; return both, and the components' products.

    The products of deviations with components, shape (n_subjects, n_components), are the scores of each on its own.
    """
    components = components / np.linalg.norm(components, axis=1, keepdims=True)
    components *= signs_of(components)[:, None]
    products, among, _ = yield from _products(values, rows, components)
    # Components may follow from each other, those of few edges above all.
    return components, multiply(products, scipy.linalg.pinvh(among)), products


def in_order(by: FloatArray, components: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return components and scores, those with the largest of some numbers first."""
    order = np.argsort(-by, kind="stable")
    return components[order], np.ascontiguousarray(scores[:, order])
