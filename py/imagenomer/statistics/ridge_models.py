"""Ridge regression of a training part, at a penalty that is given or chosen by cross-validation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import scipy

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.cholesky import cholesky
from imagenomer.statistics.folds import Split
from imagenomer.statistics.kernel_models import RELATIVE_PENALTIES, RidgeFactor, factorise, require_solution
from imagenomer.statistics.models import InnerFolds, Ridge
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sample_space import Projection, SampleSpace
from imagenomer.statistics.split_tasks import Fit, Task, require_variation
from imagenomer.types import FloatArray


def fit_ridge(task: Task, model: Ridge) -> Steps[Fit]:
    if len(model.penalties) == 1 and _key(task.split, task.projection) not in task.space.factors:
        return (yield from _fit_given(task, model.penalties[0]))
    factor, test = yield from ridge_factor(task.space, task.split, task.projection)
    rotated = factor.rotated(task.left)
    tried = model.penalties or tuple(factor.scale * share for share in RELATIVE_PENALTIES)
    penalty = tried[0]
    if len(tried) > 1:
        errors = yield from ridge_errors(task, factor, rotated, tried, model.inner)
        penalty = tried[int(errors.sum(axis=1).argmin())]
    coefficients = factor.rotated(factor.solved(rotated, penalty), back=True)
    strongest = len(tried) > 1 and penalty == max(tried)
    return Fit(task.known + multiply(test, coefficients), coefficients, penalty, strongest=strongest)


def ridge_errors(
    task: Task, factor: RidgeFactor, rotated: FloatArray, penalties: Sequence[float], inner: InnerFolds | None
) -> Steps[FloatArray]:
    """Return the error that each penalty is judged by, shape (n_penalties, n_columns).

    Parameters
    ----------
    task : Task
    factor : RidgeFactor
        Of its training part.
    rotated : ndarray, shape (n_train, n_columns)
        What is left of the target, by the factor.
    penalties : sequence of float
    inner : InnerFolds or None
        Mean over these of the mean squared error; None: generalised cross-validation.
    """
    if inner is None:
        return np.stack([factor.cross_validation_error(rotated, one) for one in penalties])
    errors = []
    for part, truth in task.within(inner):
        kernels = part.projection.of((yield from part.space.kernels(part.split)))
        own = yield from factorise(kernels, part.projection.basis.shape[1])
        solved = own.rotated(part.left)
        each = np.concatenate([own.solved(solved, one) for one in penalties], axis=1)
        added = multiply(kernels.test, own.rotated(each, back=True))
        wrong = (truth - part.known)[:, None] - added.reshape(len(truth), len(penalties), -1)
        errors.append((wrong**2).mean(axis=0))
        yield Progress("Training")
    return np.asarray(np.mean(errors, axis=0))


def _fit_given(task: Task, penalty: float) -> Steps[Fit]:
    """Ridge regression with one penalty: a Cholesky factor is a fifth of the work of a tridiagonal one."""
    own = task.projection.of((yield from task.space.kernels(task.split)))
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


def ridge_factor(space: SampleSpace, split: Split, projection: Projection) -> Steps[tuple[RidgeFactor, FloatArray]]:
    """Return the factor of a training part, from the cache the second time, and the products with the test part."""
    key = _key(split, projection)
    found = space.factors.get(key)
    if found is None:
        own = projection.of((yield from space.kernels(split)))
        factor = yield from factorise(own, projection.basis.shape[1])
        require_variation(factor.scale, split)
        found = space.factors.put(key, (factor, own.test))
    return found
