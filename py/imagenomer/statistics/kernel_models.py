"""Models in sample space: ridge regression, logistic regression and the support vector machine from Gram matrices.

Ridge minimises |y - Xw - C g|^2 + penalty |w|^2, with C the mean and, where they are in the model, covariates, which
are not penalised. With the products K of features of which C has been taken out, w = X'a with (K + penalty I) a = y.
K is made tridiagonal once (Q'KQ = T, orthogonal Q), after which any penalty and any target cost next to nothing.

The penalty is the one with the minimum generalised cross-validation error of the training part: the squared error of
leaving one out, with everybody's leverage replaced by the mean leverage.

Classifiers minimise a loss plus penalty / 2 |w|^2 by Newton's method, each step of which is a weighted ridge regression
(Rasmussen and Williams 2006, section 3.4). Their penalty is the one with the minimum loss when each training subject is
left out, by a first-order approximation from the last step (Cawley and Talbot 2008). The loss of the support vector
machine is the squared hinge, as that of scikit-learn's ``LinearSVC``; intercepts are not penalised.

References
----------
Hoerl and Kennard (1970), Technometrics 12:55. Golub, Heath and Wahba (1979), Technometrics 21:215. Chapelle (2007),
Neural Comput. 19:1155. Cawley and Talbot (2008), Mach. Learn. 71:243. Rasmussen and Williams (2006), Gaussian
Processes for Machine Learning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import scipy

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.cholesky import cholesky, inverse_lengths
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.kernels import tridiagonalise
from imagenomer.statistics.products import combine_rows
from imagenomer.types import FloatArray, IntArray

#: Penalties tried where none is given, as multiples of the mean squared length of a training subject's features.
RELATIVE_PENALTIES = tuple(float(value) for value in 10.0 ** np.arange(-4, 3.01, 0.25))
#: The same for classifiers, strongest first: each costs several matrix factorisations.
RELATIVE_CLASS_PENALTIES = (10.0, 1.0, 0.1, 0.01, 0.001)

Loss: TypeAlias = Literal["logistic", "squared hinge"]

#: Newton's steps at most.
MOST_STEPS = 60
#: Change of the decision values, relative to the largest, below which the next change is rounding.
SETTLED = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class RidgeFactor:
    """What ridge regression needs of a training part, whatever the target and the penalty.

    Attributes
    ----------
    reflectors, tau : ndarrays
        Householder vectors of Q, as LAPACK keeps them.
    diagonal, beside : ndarrays, shapes (n_train,) and (n_train - 1,)
        T.
    eigenvalues : ndarray, shape (n_train,)
    n_fixed : int
        Directions taken out of K: the mean and the covariates.
    """

    reflectors: FloatArray
    tau: FloatArray
    diagonal: FloatArray
    beside: FloatArray
    eigenvalues: FloatArray
    n_fixed: int

    @property
    def scale(self) -> float:
        """Mean squared length of a subject's features."""
        return float(self.diagonal.sum()) / self.diagonal.size

    def rotated(self, values: FloatArray, *, back: bool = False) -> FloatArray:
        """Return Q' (or Q) times columns, shape (n_train, n_columns)."""
        result = np.asfortranarray(values, dtype=np.float64).copy(order="F")
        lower = result[1:]
        if len(lower):
            turned, _, info = scipy.linalg.lapack.dormqr(
                "L", "N" if back else "T", self.reflectors[1:, :-1], self.tau, lower, max(1, 64 * result.shape[1])
            )
            assert info == 0
            result[1:] = turned
        return result

    def solved(self, rotated: FloatArray, penalty: float) -> FloatArray:
        """Return (T + penalty)^-1 times rotated columns."""
        if self.diagonal.size == 1:
            return np.asarray(rotated / (self.diagonal[0] + penalty))
        *_, solution, info = scipy.linalg.lapack.dptsv(self.diagonal + penalty, self.beside, rotated)
        require_solution(info, penalty)
        return np.asarray(solution)

    def cross_validation_error(self, rotated: FloatArray, penalty: float) -> FloatArray:
        """Return the generalised cross-validation error of each column, with C taken out, shape (n_columns,)."""
        n = self.diagonal.size
        residual = penalty * self.solved(rotated, penalty)
        # Directions that were taken out have eigenvalue 0 and count as used up.
        freedom = float((penalty / (np.maximum(self.eigenvalues, 0) + penalty)).sum()) - self.n_fixed
        return np.asarray(n * np.einsum("ij,ij->j", residual, residual) / max(freedom, 1e-12) ** 2)


def require_solution(info: int, penalty: float) -> None:
    """Refuse a penalty that is so small that rounding leaves no positive definite matrix."""
    if info != 0:
        raise InputError(
            f"the penalty {penalty:g} is too small beside the features' size, so weights are not determined; choose a "
            "larger one"
        )


def factorise(kernels: Kernels, n_fixed: int) -> Steps[RidgeFactor]:
    """Return the factor of a training part.

    Parameters
    ----------
    kernels : Kernels
        With C taken out.
    n_fixed : int
        Its columns.
    """
    n = len(kernels.train)
    matrix = np.array(kernels.train.T, order="C")
    diagonal, beside, tau = np.empty(n), np.empty(n - 1), np.empty(n - 1)
    for _ in tridiagonalise(matrix, diagonal, beside, tau):
        yield Progress("Training")
    eigenvalues = scipy.linalg.eigh_tridiagonal(diagonal, beside, eigvals_only=True) if n > 1 else diagonal
    return RidgeFactor(matrix.T, tau, diagonal, beside, eigenvalues, n_fixed)


# --- classes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
    """A classifier of two classes in sample space.

    Attributes
    ----------
    coefficients : ndarray, shape (n_train,)
        Summing to zero.
    intercept : float
    left_out : ndarray, shape (n_train,)
        The decision value that each training subject would have without being trained on, to first order.
    converged : bool
    """

    coefficients: FloatArray
    intercept: float
    left_out: FloatArray
    converged: bool


def classify(
    kernel: FloatArray, signs: FloatArray, penalty: float, loss: Loss, start: Margin | None = None
) -> Iterator[Margin]:
    """Minimise the loss of all training subjects plus penalty / 2 times the sum of squared weights, by Newton's method.

    Yields each step's model; the last is the solution.

    Parameters
    ----------
    kernel : ndarray, shape (n_train, n_train)
    signs : ndarray, shape (n_train,)
        1 for class 1, -1 for class 0.
    penalty : float
        The inverse of what scikit-learn calls C.
    loss : {"logistic", "squared hinge"}
    start : Margin, optional
        Of a penalty nearby.
    """
    n = signs.size
    a, b = (np.zeros(n), 0.0) if start is None else (start.coefficients, start.intercept)
    f = _product(kernel, a) + b
    value = objective_of(f, f - b, a, signs, penalty, loss)
    for step in range(1, MOST_STEPS + 1):
        slope, bend = derivatives_of(f, signs, loss)
        own = np.flatnonzero(bend > 0)
        if not own.size:  # nobody within the margin: only the penalty pulls, and all are held where they are
            own, bend = np.arange(n), np.full(n, 2.0)
        target = f[own] - slope[own] / bend[own]
        solved = _weighted_ridge(kernel, own, target, bend[own], penalty)
        new_a, new_b = np.zeros(n), solved.intercept
        new_a[own] = solved.coefficients
        new_f = _product(kernel, new_a) + new_b
        share = 1.0
        while True:  # a full step nearly always lowers the objective
            tried_a, tried_b, tried_f = a + share * (new_a - a), b + share * (new_b - b), f + share * (new_f - f)
            tried = objective_of(tried_f, tried_f - tried_b, tried_a, signs, penalty, loss)
            if tried <= value + 1e-12 * abs(value) or share < 1e-6:
                break
            share /= 2
        moved = float(np.abs(tried_f - f).max())
        a, b, f, value = tried_a, float(tried_b), tried_f, tried
        done = moved <= SETTLED * (1 + float(np.abs(f).max()))
        left_out = f.copy()
        if done or step == MOST_STEPS:
            left_out[own] = target - solved.coefficients / solved.inverse_diagonal()
        yield Margin(a, b, left_out, done)
        if done:
            return


def loss_of(decision: FloatArray, signs: FloatArray, loss: Loss) -> float:
    """Return the loss of all subjects together."""
    if loss == "logistic":
        return float(np.logaddexp(0, -signs * decision).sum())
    return float((np.maximum(1 - signs * decision, 0) ** 2).sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    """Weighted least squares with penalty; ``root`` is that of the weights over the penalty."""

    coefficients: FloatArray
    intercept: float
    factor: FloatArray
    root: FloatArray
    ones: FloatArray

    def inverse_diagonal(self) -> FloatArray:
        """Return the diagonal of (K + penalty / weights)^-1 less the part of the intercept."""
        diagonal = self.root**2 * inverse_lengths(self.factor)
        return np.asarray(diagonal - self.ones**2 / self.ones.sum())


def _weighted_ridge(
    kernel: FloatArray, own: IntArray, target: FloatArray, weights: FloatArray, penalty: float
) -> _Solution:
    """Solve (K + penalty / weights) a + b = target with a summing to zero, of some of the subjects."""
    root = np.sqrt(weights / penalty)
    matrix = kernel if own.size == len(kernel) else kernel[np.ix_(own, own)]
    # As in Gaussian processes: I + R K R is well conditioned however small a weight.
    balanced = np.ascontiguousarray(matrix * root[:, None] * root)
    balanced[np.diag_indices(own.size)] += 1
    factor = cholesky(balanced)
    assert factor is not None
    both = np.asfortranarray(np.column_stack([root, root * target]))
    solved, info = scipy.linalg.lapack.dpotrs(factor, both, lower=1)
    assert info == 0
    ones, values = root * solved[:, 0], root * solved[:, 1]
    intercept = float(values.sum() / ones.sum())
    return _Solution(values - intercept * ones, intercept, factor, root, ones)


def derivatives_of(f: FloatArray, signs: FloatArray, loss: Loss) -> tuple[FloatArray, FloatArray]:
    """Return slope and curvature of the loss of each subject, shape (n,)."""
    if loss == "logistic":
        wrong = scipy.special.expit(-signs * f)
        # Far from the border the curvature underflows, and with it would go the subject.
        return -signs * wrong, np.maximum(wrong * (1 - wrong), 1e-12)
    short = np.maximum(1 - signs * f, 0)
    return -2 * signs * short, np.where(short > 0, 2.0, 0.0)


def objective_of(
    f: FloatArray, without: FloatArray, a: FloatArray, signs: FloatArray, penalty: float, loss: Loss
) -> float:
    """Return the loss and penalty of a model: `a` and the decision values ``without`` intercept have its length."""
    return loss_of(f, signs, loss) + penalty / 2 * float(a @ without)


def _product(kernel: FloatArray, vector: FloatArray) -> FloatArray:
    # Symmetric, so that either order of memory is the other's transpose.
    return combine_rows(kernel if kernel.flags.c_contiguous else kernel.T, vector)
