"""Left-out scores: how connectivity scores a subject for a target, learned without the subject, in closed form.

The target R has a part that a candidate explains, PR (P projects on the candidate's columns Z, the constant among
them), and a part that it leaves, R - PR. Each is predicted by kernel ridge regression with a penalty of its own, the
one of least leave-one-out error, and the predictions are added. A single ridge regression of the whole target would
learn a strong confound at a penalty that suits it, and so miss what is left: the share that remains would vary three
times as much.

Leaving subject i out is exact in both steps. With x_i = (R - PR)_i / (1 - P_ii) the parts that the others have are
t = part -+ P_.i x_i, and with H the hat matrix of the ridge regression on centred edges and H1 = H + 1/n, which is the
same with an intercept,

    S_i = ((H1 t)_i - H1_ii t_i) / (1 - H1_ii) - mean of t over the others.

Clusters of related subjects are left out as a whole: x_g = (I - P_gg)^-1 (R - PR)_g, and solving with I - H1_gg takes
the place of the division. No folds are drawn, so nothing depends on a seed. With a penalty towards infinity the scores
are those along the map of marginal slopes, the sums over others of K_ij R_j.

References
----------
Robinson (1988), Econometrica 56:931. Chernozhukov et al. (2018), Econometrics Journal 21:C1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.feature_products import FeatureProducts, thin_spectrum
from imagenomer.statistics.orthonormal import leave, orthonormal
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sign_flips import cluster_codes, members_of
from imagenomer.types import FloatArray, IntArray

_SCORING = Progress("Scoring subjects without themselves")
#: Numbers that are squared, and of a matrix that is multiplied, in a step.
_NUMBERS, _PRODUCTS = 1_000_000, 20_000_000
#: Penalties, in mean eigenvalues of the Gram matrix.
PENALTIES = np.geomspace(1e-4, 100, 13)
#: No leverage counts as nearer to 1.
_MOST_LEVERAGE = 1 - 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Eigenvectors of the Gram matrix of some subjects, and their target.

    Attributes
    ----------
    vectors : ndarray, shape (n_subjects, rank)
        All of them, or those of eigenvalues that are not 0: the others take no part in scores.
    values : ndarray, shape (rank,)
        Eigenvalues, none negative.
    target : ndarray, shape (n_subjects, n_columns)
        Centred and whitened: orthogonal columns of length ``sqrt(n_subjects)``.
    codes : ndarray of int, shape (n_subjects,)
        The cluster of each subject, from 0 on.
    hats : ndarray, shape (n_subjects, n_penalties), or None
        Leverages at each penalty but for the intercept's, of thousands of subjects; None: they are computed when used.
    """

    vectors: FloatArray
    values: FloatArray
    target: FloatArray
    codes: IntArray
    hats: FloatArray | None = None

    @property
    def n_subjects(self) -> int:
        return int(self.codes.size)

    @property
    def scale(self) -> float:
        """Mean eigenvalue, those of 0 among them."""
        return max(float(self.values.sum() / self.n_subjects), 1e-300)

    @property
    def n_clusters(self) -> int:
        return int(self.codes.max()) + 1


def spectrum_of(
    gram: FloatArray | FeatureProducts, target: FloatArray, clusters: IntArray | None = None
) -> Steps[Spectrum]:
    """Return the spectrum of some subjects.

    Parameters
    ----------
    gram : ndarray, shape (n_subjects, n_subjects), or FeatureProducts
        About any origin.
    target : ndarray, shape (n_subjects, n_columns)
    clusters : ndarray of int, shape (n_subjects,), optional
        Who is left out together.
    """
    n = len(gram)
    progress = Progress("Finding components of subjects")
    if isinstance(gram, FeatureProducts):
        values, vectors = yield from thin_spectrum(gram, np.full((n, 1), 1 / np.sqrt(n)), progress)
    else:
        centred = gram - gram.mean(axis=0)
        centred -= centred.mean(axis=1)[:, None]
        values, vectors = yield from eigenvectors((centred + centred.T) / 2, progress)
    whitened = orthonormal(target - target.mean(axis=0)) * np.sqrt(n)
    found = Spectrum(vectors, np.maximum(values, 0), whitened, cluster_codes(clusters, n))
    if not isinstance(gram, FeatureProducts) or found.n_clusters < n:
        return found
    weights = np.column_stack([found.values / (found.values + one) for one in PENALTIES * found.scale])
    hats, at_once = np.empty((n, PENALTIES.size)), max(64, _NUMBERS // max(1, values.size))
    for start in range(0, n, at_once):
        hats[start : start + at_once] = multiply(vectors[start : start + at_once] ** 2, weights)
        yield progress
    return replace(found, hats=hats)


def left_out_scores(spectrum: Spectrum, basis: FloatArray) -> Steps[FloatArray]:
    """Return the score of each subject, learned without the subject's cluster.

    Parameters
    ----------
    spectrum : Spectrum
    basis : ndarray, shape (n_subjects, n_columns)
        Orthonormal; spans the constant and the candidate's columns.

    Returns
    -------
    ndarray, shape of ``spectrum.target``
        Deviations from the mean of the others.
    """
    fitted = spectrum.target - leave(spectrum.target, basis)
    rest = spectrum.target - fitted
    parts = (_Part(rest, 1.0),) if basis.shape[1] < 2 else (_Part(fitted, -1.0), _Part(rest, 1.0))
    left_out: _Singles | _Clusters
    if spectrum.n_clusters == spectrum.n_subjects:
        shift = rest / (1 - np.minimum((basis**2).sum(axis=1), _MOST_LEVERAGE))[:, None]
        left_out = _Singles(spectrum, basis, shift)
    else:
        clusters = tuple(members_of(spectrum.codes))
        shift = np.empty_like(rest)
        for members in clusters:
            own = basis[members]
            shift[members] = np.linalg.pinv(np.eye(members.size) - own @ own.T) @ rest[members]
        left_out = _Clusters(spectrum, basis, shift, clusters)
    least, best = [np.inf] * len(parts), [np.zeros(rest.shape)] * len(parts)
    smoother = yield from _smoother_of(spectrum, basis, parts)
    for number, penalty in enumerate(PENALTIES * spectrum.scale):
        weights = (spectrum.values / (spectrum.values + penalty))[:, None]
        smoothed = yield from smoother.by(weights)
        found = yield from left_out.scores(parts, smoothed, weights, number)
        for place, (scores, own) in enumerate(found):
            error = float(((own - scores) ** 2).sum())
            if error < least[place]:
                least[place], best[place] = error, scores
        yield _SCORING
    return np.asarray(sum(best))


def map_scores(spectrum: Spectrum) -> FloatArray:
    """Return the score of each subject along the map of marginal slopes of all others but the subject's cluster.

    Returns
    -------
    ndarray, shape of ``spectrum.target``
    """
    vectors, values, target = spectrum.vectors, spectrum.values, spectrum.target
    scores = multiply(vectors, values[:, None] * multiply(vectors.T, target))
    if spectrum.n_clusters == spectrum.n_subjects:
        return np.asarray(scores - (vectors**2 @ values)[:, None] * target)
    for members in members_of(spectrum.codes):
        own = vectors[members]
        scores[members] -= (own * values) @ (own.T @ target[members])
    return np.asarray(scores)


# --- one penalty ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A part of the target, and the sign with which leaving a subject out moves it."""

    values: FloatArray
    sign: float


@dataclass(frozen=True, slots=True, eq=False)
class _Singles:
    """Scores where each subject is left out alone."""

    spectrum: Spectrum
    basis: FloatArray
    shift: FloatArray

    def scores(
        self, parts: tuple[_Part, ...], smoothed: list[FloatArray], weights: FloatArray, number: int
    ) -> Steps[list[tuple[FloatArray, FloatArray]]]:
        """Return of each part the scores and each subject's own value, both without the subject's influence on it."""
        yield _SCORING
        basis, shift, n, hats = self.basis, self.shift, self.spectrum.n_subjects, self.spectrum.hats
        of_basis = smoothed[0]
        hat = self.spectrum.vectors**2 @ weights if hats is None else hats[:, number : number + 1]
        hat = hat + 1 / n
        leverage = np.minimum((basis**2).sum(axis=1), _MOST_LEVERAGE)[:, None]
        moved, of_all = (of_basis * basis).sum(axis=1)[:, None] * shift, (basis @ basis.sum(axis=0))[:, None] * shift
        found = []
        for part, of_part in zip(parts, smoothed[1:], strict=True):
            own = part.values + part.sign * leverage * shift
            total = of_part + part.sign * moved
            mean = (part.values.sum(axis=0) + part.sign * of_all - own) / (n - 1)
            found.append(((total - hat * own) / (1 - hat) - mean, own))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Clusters:
    """Scores where related subjects are left out together; ``clusters`` are the members of each."""

    spectrum: Spectrum
    basis: FloatArray
    shift: FloatArray
    clusters: tuple[IntArray, ...]

    def scores(
        self, parts: tuple[_Part, ...], of_all: list[FloatArray], weights: FloatArray, number: int
    ) -> Steps[list[tuple[FloatArray, FloatArray]]]:
        """Return of each part the scores and each subject's own value, both without the cluster's influence on it."""
        vectors, basis, n = self.spectrum.vectors, self.basis, self.spectrum.n_subjects
        width = self.shift.shape[1]
        values = np.concatenate([part.values for part in parts], axis=1)
        signs = np.repeat([part.sign for part in parts], width)
        of_basis, smoothed = of_all[0], np.concatenate(of_all[1:], axis=1)
        sums, basis_sums = values.sum(axis=0), basis.sum(axis=0)
        scores, own = np.empty_like(values), np.empty_like(values)
        for cluster, members in enumerate(self.clusters):
            if cluster % 256 == 0:
                yield _SCORING
            moved = signs * np.tile(basis[members].T @ self.shift[members], len(parts))
            value = values[members] + basis[members] @ moved
            others = sums + basis_sums @ moved - value.sum(axis=0)
            hat = (vectors[members] * weights[:, 0]) @ vectors[members].T + 1 / n
            error = value - smoothed[members] - of_basis[members] @ moved
            scores[members] = value - np.linalg.solve(np.eye(members.size) - hat, error) - others / (n - members.size)
            own[members] = value
        each = [slice(start, start + width) for start in range(0, values.shape[1], width)]
        return [(scores[:, part], own[:, part]) for part in each]


@dataclass(frozen=True, slots=True, eq=False)
class _Smoother:
    """Smooths columns by the ridge regression with an intercept, at one penalty after another.

    Attributes
    ----------
    vectors : ndarray, shape (n_subjects, rank)
    columns : tuple of (ndarray, ndarray)
        Of each set of columns what they are along the vectors, shape (rank, n_columns), and their means.
    """

    vectors: FloatArray
    columns: tuple[tuple[FloatArray, FloatArray], ...]

    def by(self, weights: FloatArray) -> Steps[list[FloatArray]]:
        """Return the sets of columns, each along vector weighted."""
        n, rank = self.vectors.shape
        found, at_once = [np.empty((n, along.shape[1])) for along, _ in self.columns], max(64, _PRODUCTS // rank)
        for start in range(0, n, at_once):
            rows = slice(start, start + at_once)
            for smoothed, (along, mean) in zip(found, self.columns, strict=True):
                smoothed[rows] = multiply(self.vectors[rows], weights * along) + mean
            yield _SCORING
        return found


def _smoother_of(spectrum: Spectrum, basis: FloatArray, parts: tuple[_Part, ...]) -> Steps[_Smoother]:
    columns = []
    for values in (basis, *(part.values for part in parts)):
        yield _SCORING
        columns.append((multiply(spectrum.vectors.T, values), values.sum(axis=0) / len(values)))
    return _Smoother(spectrum.vectors, tuple(columns))
