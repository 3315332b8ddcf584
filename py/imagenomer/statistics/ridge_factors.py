"""Ridge factors: what ridge regression needs of a split, whatever the target and the penalty, by subjects or features.

With C, the mean and covariates, taken out of features E and target y, ridge regression has coefficients
a = (E E' + penalty I)^-1 y of subjects and weights E'a of features. `SubjectFactor` solves among subjects;
`FeatureFactor`, where features are fewer, solves (E'E + penalty I) w = E'y among features, and a = (y - E w) / penalty.
Both make their matrix tridiagonal once (`imagenomer.statistics.kernel_models`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.feature_products import ResidualSplit
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.kernel_models import RidgeFactor, factorise
from imagenomer.statistics.products import multiply
from imagenomer.types import FloatArray

_STEP = Progress("Training")


class SplitRidge(Protocol):
    """What ridge regression needs of a split.

    A target is first `turned`, then solved for any penalties, of which `coefficients` are those of the training
    subjects, and `decision` what these make of the test subjects.
    """

    @property
    def scale(self) -> float:
        """Mean squared length of a training subject's features."""

    @property
    def nbytes(self) -> int: ...

    def turned(self, left: FloatArray) -> Steps[FloatArray]:
        """Return targets with C taken out, shape (n_train, n_columns), as `solved` takes them."""

    def solved(self, turned: FloatArray, penalty: float) -> FloatArray:
        """Return what `coefficients` are made of; columns of several penalties may stand side by side."""

    def cross_validation_error(self, turned: FloatArray, penalty: float) -> FloatArray:
        """Return the generalised cross-validation error of each column, shape (n_columns,)."""

    def coefficients(self, solved: FloatArray) -> Steps[FloatArray]:
        """Return the coefficients of the training subjects, shape (n_train, n_columns)."""

    def decision(self, coefficients: FloatArray) -> Steps[FloatArray]:
        """Return what features add to predictions of the test part, shape (n_test, n_columns)."""


def ridge_factor_of(kernels: Kernels | ResidualSplit, n_fixed: int) -> Steps[SplitRidge]:
    """Return what ridge regression needs of a split.

    Parameters
    ----------
    kernels : Kernels or ResidualSplit
        With C taken out.
    n_fixed : int
        Its columns.
    """
    if isinstance(kernels, Kernels):
        return SubjectFactor((yield from factorise(kernels, n_fixed)), kernels.test)
    among = kernels.train.among
    return FeatureFactor((yield from factorise(Kernels(among, among[:0]), 0)), kernels, n_fixed)


@dataclass(frozen=True, slots=True, eq=False)
class SubjectFactor:
    """Solves among subjects.

    Attributes
    ----------
    factor : RidgeFactor
        Of the products of training subjects.
    test : ndarray, shape (n_test, n_train)
    """

    factor: RidgeFactor
    test: FloatArray

    @property
    def scale(self) -> float:
        return self.factor.scale

    @property
    def nbytes(self) -> int:
        return self.factor.reflectors.nbytes

    def turned(self, left: FloatArray) -> Steps[FloatArray]:
        yield _STEP
        return self.factor.rotated(left)

    def solved(self, turned: FloatArray, penalty: float) -> FloatArray:
        return self.factor.solved(turned, penalty)

    def cross_validation_error(self, turned: FloatArray, penalty: float) -> FloatArray:
        return self.factor.cross_validation_error(turned, penalty)

    def coefficients(self, solved: FloatArray) -> Steps[FloatArray]:
        yield _STEP
        return self.factor.rotated(solved, back=True)

    def decision(self, coefficients: FloatArray) -> Steps[FloatArray]:
        yield _STEP
        return multiply(self.test, coefficients)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureFactor:
    """Solves among features.

    A turned target is E'y turned by the factor, above y itself; solved it is w / penalty, turned, above y / penalty.

    Attributes
    ----------
    factor : RidgeFactor
        Of E'E.
    split : ResidualSplit
    n_fixed : int
        Columns of C.
    """

    factor: RidgeFactor
    split: ResidualSplit
    n_fixed: int

    @property
    def scale(self) -> float:
        return float(np.trace(self.split.train.among)) / self.split.train.products.n_subjects

    @property
    def nbytes(self) -> int:
        return self.factor.reflectors.nbytes + self.split.train.among.nbytes

    def turned(self, left: FloatArray) -> Steps[FloatArray]:
        sums = yield from self.split.train.summed(left, _STEP)
        return np.concatenate([self.factor.rotated(sums), left])

    def solved(self, turned: FloatArray, penalty: float) -> FloatArray:
        n_features = self.split.train.products.n_features
        weights = self.factor.solved(np.asfortranarray(turned[:n_features]), penalty)
        return np.concatenate([weights, turned[n_features:]]) / penalty

    def cross_validation_error(self, turned: FloatArray, penalty: float) -> FloatArray:
        n_features, n = self.split.train.products.n_features, self.split.train.products.n_subjects
        sums, left = turned[:n_features], turned[n_features:]
        weights = self.factor.solved(np.asfortranarray(sums), penalty)
        # |y - E w|^2, of which w'E'E w = w'(E'y - penalty w).
        residual = np.einsum("ij,ij->j", left, left) - np.einsum("ij,ij->j", weights, sums + penalty * weights)
        shares = penalty / (np.maximum(self.factor.eigenvalues, 0) + penalty)
        freedom = float(shares.sum()) + n - n_features - self.n_fixed
        return np.asarray(n * residual / max(freedom, 1e-12) ** 2)

    def coefficients(self, solved: FloatArray) -> Steps[FloatArray]:
        n_features = self.split.train.products.n_features
        weights = self.factor.rotated(solved[:n_features], back=True)
        return solved[n_features:] - (yield from self.split.train.weighted(weights, _STEP))

    def decision(self, coefficients: FloatArray) -> Steps[FloatArray]:
        weights = yield from self.split.train.summed(coefficients, _STEP)
        return (yield from self.split.tested(weights, _STEP))
