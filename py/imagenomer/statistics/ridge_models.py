"""Ridge regression of a training part, at a penalty that is given or chosen by cross-validation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import scipy

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.cholesky import cholesky
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.folds import Split
from imagenomer.statistics.kernel_models import RELATIVE_PENALTIES, require_solution
from imagenomer.statistics.models import InnerFolds, Ridge
from imagenomer.statistics.products import multiply
from imagenomer.statistics.ridge_factors import SplitRidge, ridge_factor_of
from imagenomer.statistics.sample_space import Projection, SampleSpace
from imagenomer.statistics.split_tasks import Fit, Task, require_variation
from imagenomer.types import FloatArray


def fit_ridge(task: Task, model: Ridge) -> Steps[Fit]:
    if len(model.penalties) == 1 and _key(task.split, task.projection) not in task.space.factors:
        kernels = yield from task.space.kernels(task.split)
        if isinstance(kernels, Kernels):
            return _fit_given(task, task.projection.of(kernels), model.penalties[0])
    factor = yield from ridge_factor(task.space, task.split, task.projection)
    turned = yield from factor.turned(task.left)
    tried = model.penalties or tuple(factor.scale * share for share in RELATIVE_PENALTIES)
    penalty = tried[0]
    if len(tried) > 1:
        errors = yield from ridge_errors(task, factor, turned, tried, model.inner)
        penalty = tried[int(errors.sum(axis=1).argmin())]
    coefficients = yield from factor.coefficients(factor.solved(turned, penalty))
    strongest = len(tried) > 1 and penalty == max(tried)
    added = yield from factor.decision(coefficients)
    return Fit(task.known + added, coefficients, penalty, strongest=strongest)


def ridge_errors(
    task: Task, factor: SplitRidge, turned: FloatArray, penalties: Sequence[float], inner: InnerFolds | None
) -> Steps[FloatArray]:
    """Return the error that each penalty is judged by, shape (n_penalties, n_columns).

    Parameters
    ----------
    task : Task
    factor : SplitRidge
        Of its split.
    turned : ndarray
        What is left of the target, turned by the factor.
    penalties : sequence of float
    inner : InnerFolds or None
        Mean over these of the mean squared error; None: generalised cross-validation.
    """
    if inner is None:
        return np.stack([factor.cross_validation_error(turned, one) for one in penalties])
    errors = []
    for part, truth in task.within(inner):
        kernels = yield from part.projection.taken_out((yield from part.space.kernels(part.split)))
        own = yield from ridge_factor_of(kernels, part.projection.basis.shape[1])
        solved = yield from own.turned(part.left)
        each = np.concatenate([own.solved(solved, one) for one in penalties], axis=1)
        added = yield from own.decision((yield from own.coefficients(each)))
        wrong = (truth - part.known)[:, None] - added.reshape(len(truth), len(penalties), -1)
        errors.append((wrong**2).mean(axis=0))
        yield Progress("Training")
    return np.asarray(np.mean(errors, axis=0))


def _fit_given(task: Task, own: Kernels, penalty: float) -> Fit:
    """Ridge regression with one penalty: a Cholesky factor is a fifth of the work of a tridiagonal one."""
    require_variation(float(np.trace(own.train)), task.split)
    matrix = np.ascontiguousarray(own.train)
    matrix[np.diag_indices(len(matrix))] += penalty
    factor = cholesky(matrix)
    require_solution(int(factor is None), penalty)
    coefficients, _ = scipy.linalg.lapack.dpotrs(factor, task.left, lower=1)
    return Fit(task.known + multiply(own.test, coefficients), coefficients, penalty)


def _key(split: Split, projection: Projection) -> bytes:
    """Return what the factor of a training part is kept under."""
    digest = hashlib.blake2b(split.digest())
    digest.update(np.ascontiguousarray(projection.basis).tobytes())
    return digest.digest()


def ridge_factor(space: SampleSpace, split: Split, projection: Projection) -> Steps[SplitRidge]:
    """Return what ridge regression needs of a split, from the cache the second time."""
    key = _key(split, projection)
    found = space.factors.get(key)
    if found is None:
        own = yield from projection.taken_out((yield from space.kernels(split)))
        factor = yield from ridge_factor_of(own, projection.basis.shape[1])
        require_variation(factor.scale, split)
        found = space.factors.put(key, factor)
    return found
