"""Share of all features that a target explains, and one test of all of them at once.

For each feature a linear model is fitted, and the sums of squares of all features are added up: the share that the
target explains of what the covariates leave, a pseudo R squared (McArdle and Anderson 2001, Ecology 82:290; of
connectomes Shehzad et al. 2014, NeuroImage 93:74). With K the products of subjects over features (Gram matrix), U an
orthonormal basis of what the covariates leave of the target, and Q one of the covariates, it is

    trace(U' K U) / trace((I - Q Q') K (I - Q Q')),

so that the features themselves are not needed again, however many there are. A target of k columns that has nothing to
do with the features explains k / (subjects - columns of Q) by chance.

It is tested by sign flips (`imagenomer.statistics.sign_flips`), which keep their level where subjects differ in noise
and, with clusters, where they are related. Permutations of subjects do not: a phenotype of noisier subjects would be
"associated" with everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design, Term, directions_of
from imagenomer.statistics.feature_products import FeatureProducts
from imagenomer.statistics.orthonormal import leave, residuals
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sign_flips import cluster_codes, flipped_look, identity_and_flips, p_values
from imagenomer.types import FloatArray, IntArray

_STEP = Progress("Testing all edges")
#: Numbers of flipped targets held at once.
_FLIPPED = 4e6


@dataclass(frozen=True, slots=True)
class ShareExplained:
    """Share of all features that a target explains given covariates.

    Attributes
    ----------
    share : float
        Of the variance that the covariates leave, summed over features, what the target explains; in [0, 1].
    expected : float
        What the target would explain by chance.
    """

    share: float
    expected: float

    @property
    def beyond_chance(self) -> float:
        """Share explained beyond chance, scaled so that everything is 1; negative where it is less than chance."""
        return (self.share - self.expected) / (1 - self.expected)


def share_explained(gram: FloatArray | FeatureProducts, tested: Term, design: Design) -> Steps[ShareExplained]:
    """Return the share of all features that a target explains given covariates.

    Parameters
    ----------
    gram : ndarray, shape (n_subjects, n_subjects), or FeatureProducts
        Sums over features of the products of subjects' values (or deviations from any mean).
    tested : Term
        A number or a category.
    design : Design
        Covariates of the same subjects, at least the mean.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`), or the covariates explain the features altogether.

    References
    ----------
    McArdle and Anderson (2001), Ecology 82:290.
    """
    left = yield from _left(gram, tested, design)
    explained, total = yield from left.explained()
    share = explained / total
    directions = left.directions
    return ShareExplained(share, directions.shape[1] / (design.n_subjects - design.rank))


def whole_p(
    gram: FloatArray | FeatureProducts,
    tested: Term,
    design: Design,
    *,
    n_flips: int,
    rng: np.random.Generator,
    clusters: IntArray | None = None,
) -> Steps[float]:
    """Return the p-value of no association of any feature with a target given covariates.

    Parameters
    ----------
    gram, tested, design
        As for `share_explained`.
    n_flips : int
        Random sign flips; fewer where all there are are fewer.
    rng : numpy.random.Generator
    clusters : ndarray of int, shape (n_subjects,), optional
        Subjects of one cluster (a family) are flipped together.

    Raises
    ------
    InputError
        As `share_explained`.

    References
    ----------
    Hemerik, Goeman and Finos (2020), J. R. Stat. Soc. B 82:841.
    """
    left = yield from _left(gram, tested, design)
    codes = cluster_codes(clusters, design.n_subjects)
    signs = identity_and_flips(rng, n_flips, int(codes.max()) + 1)
    yield _STEP
    explained, size = np.zeros(len(signs)), np.zeros(len(signs))
    at_once = max(1, int(_FLIPPED // codes.size))
    for column in left.directions.T:
        for start in range(0, len(signs), at_once):
            some = slice(start, start + at_once)
            own, again = yield from left.flipped(signs[some][:, codes] * column)
            explained[some] += own
            size[some] += (again * again).sum(axis=1)
            yield _STEP
    return float(p_values(explained / size)[0])


@dataclass(frozen=True, slots=True, eq=False)
class _LeftMatrix:
    """What the covariates leave: of the target an orthonormal basis, and of the products of subjects the matrix."""

    directions: FloatArray
    basis: FloatArray
    gram: FloatArray

    def explained(self) -> Steps[tuple[float, float]]:
        """Return the sums of squares that the target explains, and all there are."""
        yield _STEP
        explained = np.einsum("ij,ij->", self.directions, multiply(self.gram, self.directions))
        return float(explained), float(np.trace(self.gram))

    def flipped(self, flipped: FloatArray) -> Steps[tuple[FloatArray, FloatArray]]:
        """Return what flipped targets explain, and what the covariates leave of them, see `flipped_look`."""
        yield _STEP
        return flipped_look(flipped, self.gram, self.basis)


@dataclass(frozen=True, slots=True, eq=False)
class _LeftFeatures:
    """The same by way of features: f' K f of what the covariates leave of a flipped target is the length of X'f."""

    directions: FloatArray
    basis: FloatArray
    products: FeatureProducts
    total: float

    def explained(self) -> Steps[tuple[float, float]]:
        along = yield from self.products.summed(self.directions, _STEP)
        return float((along**2).sum()), self.total

    def flipped(self, flipped: FloatArray) -> Steps[tuple[FloatArray, FloatArray]]:
        left = leave(flipped.T, self.basis)
        along = yield from self.products.summed(left, _STEP)
        return (along**2).sum(axis=0), left.T


def _left(gram: FloatArray | FeatureProducts, tested: Term, design: Design) -> Steps[_LeftMatrix | _LeftFeatures]:
    """Return an orthonormal basis of the target, and products of features, both of what the covariates leave."""
    if len(gram) != design.n_subjects:
        raise ValueError(f"products of {len(gram)} subjects for covariates of {design.n_subjects}")
    directions, basis = directions_of(tested, design), design.basis
    if isinstance(gram, FeatureProducts):
        whole = yield from gram.squares(_STEP)
        total = whole - float(((yield from gram.summed(basis, _STEP)) ** 2).sum())
        _require_rest(total, whole / len(gram))
        return _LeftFeatures(directions, basis, gram, total)
    left = residuals(residuals(np.asarray(gram, dtype=np.float64), basis).T, basis)
    _require_rest(float(np.trace(left)), float(np.abs(np.diag(gram)).max()))
    return _LeftMatrix(directions, basis, left)


def _require_rest(total: float, largest: float) -> None:
    if not total > 1e-9 * max(largest, 1e-300):
        raise InputError("the covariates leave nothing of the connectivity; choose fewer covariates")
