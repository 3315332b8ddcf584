"""Score test by sign flips: is a target associated with connectivity, seen in three ways at once?

With Q an orthonormal basis of the constant and the covariates, M = I - QQ', r what they leave of the target (unit
length; of a category a column for each level), E what they leave of the edges, K the Gram matrix of the edges and
KM = M K M, signs s give a flipped target f = s r, of which the covariates are taken out anew: g = M f. The looks are

* **whole**: all edges at once, f' KM f / g'g;
* **prediction**: the covariance of the target with its leave-one-out prediction by ridge regression, studentised:
  with t the mean eigenvalue of KM, H = KM (KM + a t I)^-1 and h = diag(H + QQ'), it is sum c / sqrt(sum c^2) with
  c_i = g_i (L g)_i and L_ij = H_ij / sqrt((1 - h_i)(1 - h_j)) off the diagonal, for two penalties a, the smaller
  p-value of the two;
* **strongest**: the largest over edges of |f'E_j| / sqrt(sum_i r_i^2 (M s E_j)_i^2).

Where subjects are related a sign is that of a cluster, L has the clusters' own blocks left out, and squares are those
of sums over clusters. The p-values of the looks are combined by the smallest (`imagenomer.statistics.sign_flips`).

What costs the level if it is done otherwise: the diagonal of H, since leverage grows with a subject's spread; flips
that are not residualised again, since r sums to zero and s r does not; and a denominator of the strongest edge that is
not renewed where few subjects carry the target: the largest sums are then those whose own subjects the mean has taken
most from. It is renewed for the leading edges of every block only, in the identity as in every flip.

References
----------
Hemerik, Goeman and Finos (2020), J. R. Stat. Soc. B 82:841 (sign-flip score tests). Westfall and Young (1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.feature_products import FeatureProducts
from imagenomer.statistics.flipped_predictions import PairMatrices, PairSpectrum, pair_matrices, pair_spectrum
from imagenomer.statistics.orthonormal import leave, orthonormal, orthonormal_rest
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sign_flips import (
    cluster_codes,
    flips_are_exhaustive,
    monte_carlo_error,
    p_values,
    signs_in_steps,
    smallest_p,
    sums_by_cluster,
)
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Penalties of the prediction, in mean eigenvalues; a smaller one keeps the level and loses power.
PENALTIES = (0.1, 1.0)
_STEP = Progress("Testing the association")
#: Rounds of flips, at most, where the p-value is within so many Monte Carlo errors of a level that decides.
_MOST_ROUNDS, _ERRORS = 5, 3
#: Numbers of flipped targets held at once, and products of a step: some 20 ms in the page.
_FLIPPED, _PRODUCTS = 1e6, 5e8
#: Numbers of edges that the null model is taken out of in a step.
_NUMBERS = 1e6
#: Edges worked on at a time, and how many of them, the leading ones, have their denominators renewed.
_EDGES, _LEADING = 2048, 4
#: Residual degrees of freedom below which nothing is tested.
_FEWEST_DOF = 10


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """Association of a target with connectivity given covariates.

    Attributes
    ----------
    p_value : float
        Of no association, by the three looks together; 1 where the covariates leave nothing to test.
    whole, prediction, strongest : float
        P-value of each look.
    n_flips : int
        The identity among them.
    exact : bool
        Whether these are all flips there are.
    critical_t : float
        What the largest t of all edges exceeds in one of twenty flips; NaN where nothing was tested.
    """

    p_value: float
    whole: float
    prediction: float
    strongest: float
    n_flips: int
    exact: bool
    critical_t: float


def score_test(
    gram: FloatArray | FeatureProducts,
    values: Float32Array,
    rows: IntArray,
    target: FloatArray,
    covariates: FloatArray,
    *,
    n_flips: int,
    rng: np.random.Generator,
    clusters: IntArray | None = None,
    levels: tuple[float, ...] = (),
) -> Steps[ScoreTest]:
    """Test a target for an association with connectivity given covariates.

    Parameters
    ----------
    gram : ndarray, shape (n_subjects, n_subjects), or FeatureProducts
        Products of the edges of each pair of subjects, about any origin.
    values : ndarray, shape (n_rows, n_edges), float32
        Edges; those that somebody lacks are left out.
    rows : ndarray of int, shape (n_subjects,)
        Row of each subject.
    target : ndarray, shape (n_subjects, n_columns)
        A number, or an indicator of each level but one.
    covariates : ndarray, shape (n_subjects, n_covariates)
        Without the constant; may have no columns.
    n_flips : int
        Random flips; fewer where all there are are fewer, and up to five times as many near one of ``levels``.
    rng : numpy.random.Generator
    clusters : ndarray of int, shape (n_subjects,), optional
        Subjects of one cluster (a family) are flipped together.
    levels : tuple of float
        Levels of significance that decide.
    """
    n = len(gram)
    codes = cluster_codes(clusters, n)
    basis = orthonormal(np.column_stack([np.ones(n), covariates]))
    residual = orthonormal_rest(target, basis)
    if residual.shape[1] == 0 or n - basis.shape[1] < _FEWEST_DOF:
        return ScoreTest(1.0, 1.0, 1.0, 1.0, 1, False, np.nan)
    n_clusters = int(codes.max()) + 1
    exact = flips_are_exhaustive(n_clusters, n_flips)
    looks = yield from _looks(gram, basis, residual, codes)
    signs = yield from signs_in_steps(rng, n_flips, n_clusters, _STEP, identity=True)
    statistics = yield from looks.of(signs, values, rows)
    found = _test(statistics, exact)
    for _ in range(0 if exact else _MOST_ROUNDS - 1):
        near = _ERRORS * monte_carlo_error(found.p_value, found.n_flips)
        if not any(abs(found.p_value - level) < near for level in levels):
            break
        signs = yield from signs_in_steps(rng, n_flips, n_clusters, _STEP, identity=False)
        more = yield from looks.of(signs, values, rows)
        statistics = np.vstack([statistics, more])
        found = _test(statistics, exact)
    return found


def _test(statistics: FloatArray, exact: bool) -> ScoreTest:
    p = p_values(statistics)
    prediction = p_values(-p[:, 1:-1].min(axis=1))
    looks = np.column_stack([p[:, 0], prediction, p[:, -1]])
    whole, predicted, strongest = (float(value) for value in looks[0])
    critical = float(np.quantile(statistics[:, -1], 0.95))
    return ScoreTest(smallest_p(looks), whole, predicted, strongest, len(statistics), exact, critical)


# --- the looks -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """What null model and constant leave of some edges.

    Attributes
    ----------
    values : ndarray, shape (n, n_edges), float32
    by_edge : ndarray, shape (n_edges, n), float32
        The same, a row an edge.
    spread : ndarray, shape (n_columns, n_edges), float32
        Denominator of t for each column of the residual, which does not change under flips; infinite where it is 0.
    """

    values: Float32Array
    by_edge: Float32Array
    spread: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class _Looks:
    """What is the same for all flips.

    Attributes
    ----------
    pairs : PairMatrices or PairSpectrum
        KM, and L of each penalty.
    basis, residual : ndarray
        Q and r.
    codes : ndarray of int, shape (n,)
        Clusters.
    """

    pairs: PairMatrices | PairSpectrum
    basis: FloatArray
    residual: FloatArray
    codes: IntArray

    def of(self, signs: FloatArray, values: Float32Array, rows: IntArray) -> Steps[FloatArray]:
        """Return the statistics of some flips: whole, prediction by each penalty, strongest.

        Parameters
        ----------
        signs : ndarray, shape (n_flips, n_clusters)

        Returns
        -------
        ndarray, shape (n_flips, 2 + len(PENALTIES))
        """
        at_once = max(1, int(_FLIPPED // self.codes.size))
        looks = []
        for start in range(0, len(signs), at_once):
            looks.append((yield from self._of_all_edges(signs[start : start + at_once, self.codes])))
        strongest = np.zeros(len(signs))
        for start in range(0, values.shape[1], _EDGES):
            edges = yield from self._left_of(values[:, start : start + _EDGES], rows)
            if edges.values.shape[1]:
                largest = yield from self._largest(signs, edges)
                np.maximum(strongest, largest, out=strongest)
            yield Progress("Testing the association", min(start + _EDGES, values.shape[1]), values.shape[1])
        return np.column_stack([np.concatenate(looks), strongest])

    def _of_all_edges(self, each: FloatArray) -> Steps[FloatArray]:
        """Return the looks at all edges and at predictions of some flips, signs by subject."""
        explained, again = [], []
        for column in self.residual.T:
            yield _STEP
            own, left = yield from self.pairs.looks(each * column, self.basis)
            explained.append(own)
            again.append(left)
        looks = [sum(explained) / sum((one * one).sum(axis=1) for one in again)]
        for place in range(len(PENALTIES)):
            yield _STEP
            products: FloatArray = np.zeros(each.shape)
            for one in again:
                products += one * (yield from self.pairs.predicted(one, place))
            products = sums_by_cluster(products.T, self.codes)
            looks.append(products.sum(axis=0) / np.sqrt((products**2).sum(axis=0)))
        return np.column_stack(looks)

    def _left_of(self, block: Float32Array, rows: IntArray) -> Steps[_Edges]:
        """Return what is left of those of some edges that everybody has, a part of them at a time."""
        basis, residual = self.basis.astype(np.float32), self.residual.astype(np.float32)
        at_once = max(32, int(_NUMBERS // rows.size))
        parts, spreads = [], []
        for start in range(0, block.shape[1], at_once):
            part = block[:, start : start + at_once][rows]
            part = part[:, np.isfinite(part).all(axis=0)]
            part = leave(part - part.mean(axis=0, dtype=np.float64).astype(np.float32), basis)
            parts.append(part)
            squares = [(sums_by_cluster(one[:, None] * part, self.codes) ** 2).sum(axis=0) for one in residual.T]
            spreads.append(np.sqrt(squares))
            yield _STEP
        by_edge = np.concatenate([part.T for part in parts])
        yield _STEP
        spread = np.concatenate(spreads, axis=1)
        spread[~(spread > 0)] = np.inf
        return _Edges(np.concatenate(parts, axis=1), by_edge, spread)

    def _largest(self, signs: FloatArray, edges: _Edges) -> Steps[FloatArray]:
        """Return of each flip the largest t of some edges, denominators of the leading ones renewed."""
        basis = self.basis.astype(np.float32)
        at_once = max(1, int(_PRODUCTS // edges.values.size))
        found = []
        for start in range(0, len(signs), at_once):
            yield _STEP
            own = signs[start : start + at_once, self.codes].astype(np.float32)
            found.append(self._largest_of(own, edges, basis))
        return np.concatenate(found)

    def _largest_of(self, signs: Float32Array, edges: _Edges, basis: Float32Array) -> FloatArray:
        """Return the same of so many flips as take a step."""
        residual = self.residual.astype(np.float32)
        sums = [multiply(signs * column, edges.values) for column in residual.T]
        height = np.zeros(sums[0].shape, dtype=np.float32)
        for spread, total in zip(edges.spread, sums, strict=True):
            own = np.abs(total)
            own /= spread
            np.maximum(height, own, out=height)
        n_leading = min(_LEADING, edges.values.shape[1])
        np.negative(height, out=height)
        leading = np.argpartition(height, n_leading - 1, axis=1)[:, :n_leading]
        found = np.zeros(len(signs))
        for place in leading.T:
            own = signs * edges.by_edge[place]
            own = leave(own.T, basis).T
            for column, total in zip(residual.T, sums, strict=True):
                parts = sums_by_cluster((own * column).T, self.codes)
                spread = np.sqrt((parts**2).sum(axis=0, dtype=np.float64))
                spread[~(spread > 0)] = np.inf
                np.maximum(found, np.abs(total[np.arange(len(signs)), place]) / spread, out=found)
        return found


def _looks(
    gram: FloatArray | FeatureProducts, basis: FloatArray, residual: FloatArray, codes: IntArray
) -> Steps[_Looks]:
    pairs: PairMatrices | PairSpectrum
    if isinstance(gram, FeatureProducts):
        pairs = yield from pair_spectrum(gram, basis, codes, PENALTIES, _STEP)
    else:
        pairs = yield from pair_matrices(gram, basis, codes, PENALTIES, _STEP)
    return _Looks(pairs, basis, residual, codes)
