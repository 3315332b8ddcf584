"""One test of all features at once: is connectivity as a whole associated with a target, given covariates?

For each feature a linear model is fitted, and the sums of squares of all features are added up: the share that the
target explains of what the covariates leave, a pseudo R squared (McArdle and Anderson 2001, Ecology 82:290; of
connectomes Shehzad et al. 2014, NeuroImage 93:74). With K the products of subjects over features (Gram matrix), U an
orthonormal basis of what the covariates leave of the target, and Q one of the covariates, it is

    trace(U' K U) / trace((I - Q Q') K (I - Q Q')),

so that the features themselves are not needed again, however many there are. Its null distribution is Freedman and
Lane's (1983, J. Bus. Econ. Stat. 1:292): residuals of the features given the covariates are permuted, whole subjects at
a time, and the model is refitted. Under the null hypothesis the share is not 0 but near 1 / (subjects - columns),
and it is compared with the mean of the permutations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design, Term, directions_of, residuals
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.statistics.products import multiply
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Permutations between two reports of progress.
_AT_ONCE = 50
#: What rounding to float32 can make of equal shares.
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class ShareExplained:
    """Test of all features for a target given covariates.

    Attributes
    ----------
    share : float
        Of the variance that the covariates leave, summed over features, what the target explains; in [0, 1].
    null : ndarray, shape (n_permutations,)
        The same after each permutation.
    p_value : float
        Share of permutations, the identity included, that explain at least as much.
    """

    share: float
    null: FloatArray
    p_value: float

    @property
    def expected(self) -> float:
        """What the target would explain by chance."""
        return float(self.null.mean())

    @property
    def beyond_chance(self) -> float:
        """Share explained beyond chance, scaled so that everything is 1; negative where it is less than chance."""
        return (self.share - self.expected) / (1 - self.expected)


def share_explained(
    gram: FloatArray,
    tested: Term,
    design: Design,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
) -> Steps[ShareExplained]:
    """Test all features for a target given covariates.

    Parameters
    ----------
    gram : ndarray, shape (n_subjects, n_subjects)
        Sums over features of the products of subjects' values (or deviations from any mean).
    tested : Term
        A number or a category.
    design : Design
        Covariates of the same subjects, at least the mean.
    n_permutations : int
    rng : numpy.random.Generator
    blocks : ndarray of int, shape (n_subjects,), optional
        Subjects are permuted only within a block.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`), or the covariates explain the features altogether.

    References
    ----------
    McArdle and Anderson (2001), Ecology 82:290. Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292.
    """
    if gram.shape != (design.n_subjects, design.n_subjects):
        raise ValueError(f"products of {gram.shape} subjects for covariates of {design.n_subjects}")
    directions, basis = directions_of(tested, design), design.basis
    # The first column of the basis is constant: permuting it changes nothing.
    left = residuals(residuals(np.asarray(gram, dtype=np.float64), basis).T, basis)
    total = float(np.trace(left))
    if not total > 1e-9 * max(float(np.abs(np.diag(gram)).max()), 1e-300):
        raise InputError("the covariates leave nothing of the connectivity; choose fewer covariates")
    share = float(np.einsum("ij,ij->", directions, multiply(left, directions))) / total
    columns = np.concatenate([directions, basis[:, 1:]], axis=1)
    n_tested = directions.shape[1]
    single, columns = left.astype(np.float32), columns.astype(np.float32)
    null = np.empty(n_permutations)
    for start in range(0, n_permutations, _AT_ONCE):
        chunk = slice(start, min(start + _AT_ONCE, n_permutations))
        permutations = draw_permutations(rng, chunk.stop - chunk.start, len(gram), blocks)
        squares = np.stack([_squares(single, column[permutations]) for column in columns.T])
        null[chunk] = squares[:n_tested].sum(axis=0) / (total - squares[n_tested:].sum(axis=0))
        yield Progress("Permuting", chunk.stop, n_permutations)
    p_value = (1 + np.count_nonzero(null >= share * (1 - _ROUNDING))) / (1 + n_permutations)
    return ShareExplained(share, null, float(p_value))


def _squares(gram: Float32Array, weights: Float32Array) -> FloatArray:
    """Return w'Kw of each row of weights, shape (n_rows,)."""
    return np.asarray(np.einsum("ij,ij->i", multiply(weights, gram), weights), dtype=np.float64)
