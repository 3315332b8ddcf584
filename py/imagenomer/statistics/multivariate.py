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
from imagenomer.statistics.orthonormal import residuals
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sign_flips import cluster_codes, flipped_look, identity_and_flips, p_values
from imagenomer.types import FloatArray, IntArray


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


def share_explained(gram: FloatArray, tested: Term, design: Design) -> ShareExplained:
    """Return the share of all features that a target explains given covariates.

    Parameters
    ----------
    gram : ndarray, shape (n_subjects, n_subjects)
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
    directions, left = _left(gram, tested, design)
    share = float(np.einsum("ij,ij->", directions, multiply(left, directions))) / float(np.trace(left))
    return ShareExplained(share, directions.shape[1] / (design.n_subjects - design.rank))


def whole_p(
    gram: FloatArray,
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
    directions, left = _left(gram, tested, design)
    basis, codes = design.basis, cluster_codes(clusters, design.n_subjects)
    signs = identity_and_flips(rng, n_flips, int(codes.max()) + 1)
    yield Progress("Testing all edges")
    explained, size = np.zeros(len(signs)), np.zeros(len(signs))
    for column in directions.T:
        flipped = signs[:, codes] * column
        own, again = flipped_look(flipped, left, basis)
        explained += own
        size += (again * again).sum(axis=1)
        yield Progress("Testing all edges")
    return float(p_values(explained / size)[0])


def _left(gram: FloatArray, tested: Term, design: Design) -> tuple[FloatArray, FloatArray]:
    """Return an orthonormal basis of the target, and products of features, both of what the covariates leave."""
    if gram.shape != (design.n_subjects, design.n_subjects):
        raise ValueError(f"products of {gram.shape} subjects for covariates of {design.n_subjects}")
    directions, basis = directions_of(tested, design), design.basis
    left = residuals(residuals(np.asarray(gram, dtype=np.float64), basis).T, basis)
    if not float(np.trace(left)) > 1e-9 * max(float(np.abs(np.diag(gram)).max()), 1e-300):
        raise InputError("the covariates leave nothing of the connectivity; choose fewer covariates")
    return directions, left
