"""Spatial null: correlations of maps compared with those of surrogate maps that are as smooth in space.

Parcels near each other have alike connectivity, so two maps that have nothing to do with each other are correlated far
more than maps of independent edges. A surrogate of a map has its values at random, and its variogram (Burt et al.
2020). An edge map M is taken apart into parcels' effects and a rest, M_ij = m + a_i + a_j + E_ij. Of both, values are
permuted and smoothed by a kernel K over the distances of parcels, K a and K E K; the rest of white noise that fits the
variogram best is added, and of all kernels the one that fits best is taken. The variogram of the rest is that of edges
of which one end is the same and the other moves,

    gamma(h) = mean over i, j at distance h, and over k, of (E_ik - E_jk)^2 / 2.

What smoothness in space does not explain, networks above all, is not in the surrogates.

References
----------
Burt, Helmer, Shinn, Anticevic and Murray (2020), NeuroImage 220:117038. Viladomat et al. (2014), Biometrics 70:409.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imagenomer.edges import edges_to_matrix, n_parcels_of
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.products import multiply
from imagenomer.types import FloatArray, IntArray

_STEP = Progress("Drawing maps as smooth in space")
#: Widths of kernels, as shares of the median distance of parcels, and bins of the variogram, which ends at a share.
_WIDTHS = np.geomspace(0.05, 1.5, 12)
_BINS, _END = 15, 0.5
#: Smoothed maps whose mean variogram is compared with that of the map.
_TRIED = 12
#: Fewer parcels have no variogram.
FEWEST = 20
_ROUNDING = 1e-12


def spatial_p(
    maps: FloatArray, coordinates: FloatArray, n_surrogates: int, rng: np.random.Generator
) -> Steps[FloatArray]:
    """Return p-values of no correlation of maps but that of maps as smooth in space.

    Parameters
    ----------
    maps : ndarray, shape (n_maps, n_edges)
        NaN where undefined.
    coordinates : ndarray, shape (n_parcels, 3)
        In millimetres.
    n_surrogates : int
        Of each map.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_maps, n_maps)
        Two-sided, of each pair the larger of those by surrogates of either map; NaN on the diagonal and where a map
        does not vary.

    Raises
    ------
    ValueError
        If parcels are fewer than `FEWEST`.
    """
    n_maps, n = len(maps), n_parcels_of(maps.shape[1])
    if n < FEWEST:
        raise ValueError(f"{n} parcels, and a variogram needs {FEWEST}")
    edges = np.triu_indices(n, k=1)
    distances = np.linalg.norm(coordinates[:, None] - coordinates, axis=2)
    kernels = _kernels(distances)
    present = np.isfinite(maps)
    r = np.array([[_correlation(one, other) for other in maps] for one in maps])
    reached = np.zeros((n_maps, n_maps))
    for number, one in enumerate(maps):
        model = yield from _model_of(np.where(present[number], one, np.nan), distances, kernels, rng)
        for done in range(n_surrogates):
            if done % 10 == 0:
                yield Progress(_STEP.step, number * n_surrogates + done, n_maps * n_surrogates)
            surrogate = np.where(present[number], model.draw(rng)[edges], np.nan)
            drawn = np.array([_correlation(surrogate, other) for other in maps])
            reached[number] += np.abs(drawn) >= np.abs(r[number]) - _ROUNDING
    p = (1 + np.maximum(reached, reached.T)) / (1 + n_surrogates)
    p[np.eye(n_maps, dtype=bool) | ~np.isfinite(r)] = np.nan
    return np.asarray(p)


def _correlation(one: FloatArray, other: FloatArray) -> float:
    """Return Pearson's r over what both have; NaN where one does not vary."""
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any():
        return float("nan")
    a, b = one[both] - one[both].mean(), other[both] - other[both].mean()
    lengths = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / lengths) if lengths > _ROUNDING else float("nan")


# --- the model of a map ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Values of a part of a map, how they are smoothed, and how much of it is smooth and how much white noise."""

    values: FloatArray
    arrange: Callable[[FloatArray], FloatArray]
    smooth: float
    white: float
    kernel: FloatArray

    def draw(self, rng: np.random.Generator, apply: Callable[[FloatArray, FloatArray], FloatArray]) -> FloatArray:
        smoothed = apply(self.kernel, self.arrange(rng.permutation(self.values)))
        noise = self.arrange(rng.standard_normal(self.values.size))
        return np.asarray(np.sqrt(self.smooth) * smoothed + np.sqrt(self.white) * noise)


@dataclass(frozen=True, slots=True, eq=False)
class _MapModel:
    """Effects of parcels, and the rest of a map."""

    parcels: _Part
    rest: _Part

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Return a surrogate, shape (n_parcels, n_parcels)."""
        own = self.parcels.draw(rng, _smooth_parcels)
        return np.asarray(own[:, None] + own + self.rest.draw(rng, _smooth_edges))


def _model_of(
    edges: FloatArray, distances: FloatArray, kernels: list[FloatArray], rng: np.random.Generator
) -> Steps[_MapModel]:
    """Fit the model of a map; edges that are missing are as their parcels' effects say."""
    matrix = edges_to_matrix(np.nan_to_num(edges - np.nanmean(edges)))
    np.fill_diagonal(matrix, 0)
    effects, rest = _apart(matrix)
    bins = _bins(distances)
    above = np.triu_indices(len(matrix), k=1)

    def of_parcels(values: FloatArray) -> FloatArray:
        return np.asarray((values[:, None] - values) ** 2 / 2)

    def of_rest(values: FloatArray) -> FloatArray:
        products = multiply(values, np.ascontiguousarray(values.T))
        squares = np.diag(products)
        # Of rows i and j the edges to i and j themselves are not of one end only.
        whole = squares[:, None] + squares - 2 * products - 2 * values**2
        return np.asarray(whole / (2 * (len(values) - 2)))

    def square(values: FloatArray) -> FloatArray:
        found = np.zeros((len(matrix), len(matrix)))
        found[above] = values
        return found + found.T

    parcels = yield from _fit(effects, np.asarray, kernels, _smooth_parcels, of_parcels, bins, rng)
    edge = yield from _fit(rest[above], square, kernels, _smooth_edges, of_rest, bins, rng)
    return _MapModel(parcels, edge)


def _fit(
    values: FloatArray,
    arrange: Callable[[FloatArray], FloatArray],
    kernels: list[FloatArray],
    apply: Callable[[FloatArray, FloatArray], FloatArray],
    differences: Callable[[FloatArray], FloatArray],
    bins: IntArray,
    rng: np.random.Generator,
) -> Steps[_Part]:
    """Return the kernel and the shares whose variogram is nearest to that of the values."""
    goal = _binned(differences(arrange(values)), bins)
    orders = [rng.permutation(values) for _ in range(_TRIED)]
    flat = np.mean(
        [_binned(differences(arrange(rng.standard_normal(values.size))), bins) for _ in range(_TRIED)], axis=0
    )
    best = (float(((goal - goal.mean()) ** 2).sum()), 0.0, float(goal.mean() / flat.mean()), kernels[0])
    for kernel in kernels:
        yield _STEP
        smooth = np.mean([_binned(differences(apply(kernel, arrange(one))), bins) for one in orders], axis=0)
        for columns in (np.column_stack([smooth, flat]), smooth[:, None]):
            shares, *_ = np.linalg.lstsq(columns, goal, rcond=None)
            error = float(((goal - (columns * shares).sum(axis=1)) ** 2).sum())
            if (shares >= 0).all() and error < best[0]:
                best = (error, float(shares[0]), float(shares[1]) if shares.size > 1 else 0.0, kernel)
    _, smooth_share, white, kernel = best
    return _Part(values, arrange, smooth_share, white, kernel)


def _smooth_parcels(kernel: FloatArray, values: FloatArray) -> FloatArray:
    smoothed = multiply(kernel, values[:, None])[:, 0]
    return np.asarray(smoothed - smoothed.mean())


def _smooth_edges(kernel: FloatArray, values: FloatArray) -> FloatArray:
    smoothed = multiply(multiply(kernel, values), np.ascontiguousarray(kernel.T))
    np.fill_diagonal(smoothed, 0)
    return _apart(smoothed)[1]


def _apart(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the effects of parcels, and what they and the mean leave of a symmetric matrix with a diagonal of 0."""
    n = len(matrix)
    rows = matrix.sum(axis=1) / (n - 1)
    effects = (rows - rows.mean()) * (n - 1) / (n - 2)
    rest = matrix - rows.mean() - effects[:, None] - effects
    np.fill_diagonal(rest, 0)
    return effects, rest


def _kernels(distances: FloatArray) -> list[FloatArray]:
    """Return kernels over distances, exponential and Gaussian, of several widths; rows add up to 1."""
    middle = float(np.median(distances[np.triu_indices(len(distances), k=1)]))
    found = []
    for width in _WIDTHS * max(middle, 1e-300):
        for kernel in (np.exp(-distances / width), np.exp(-((distances / width) ** 2) / 2)):
            found.append(kernel / kernel.sum(axis=1, keepdims=True))
    return found


def _bins(distances: FloatArray) -> IntArray:
    """Return the bin of the distance of each pair of parcels, -1 for the far ones and below the diagonal."""
    above = np.triu(np.ones(distances.shape, dtype=bool), k=1)
    ends = np.quantile(distances[above], np.linspace(0, _END, _BINS + 1)[1:])
    bins = np.searchsorted(ends, distances)
    bins[(bins >= _BINS) | ~above] = -1
    return bins


def _binned(values: FloatArray, bins: IntArray) -> FloatArray:
    """Return the mean of values in each bin."""
    own = bins >= 0
    counts = np.bincount(bins[own], minlength=_BINS)
    return np.asarray(np.bincount(bins[own], values[own], minlength=_BINS) / np.maximum(counts, 1))
