"""Feature classifiers: logistic regression and the support vector machine where features are fewer than subjects.

The same models by the same steps of Newton's method as `imagenomer.statistics.kernel_models.classify`: each is a
weighted ridge regression, solved here among features. With weights v of the subjects, E about its weighted mean and
t the target of the step, w = (E'VE + penalty I)^-1 E'V t and the leverage of a subject is
v_i (E_i (E'VE + penalty I)^-1 E_i' + 1 / sum v).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.cholesky import cholesky
from imagenomer.statistics.kernel_models import (
    MOST_STEPS,
    SETTLED,
    Loss,
    Margin,
    derivatives_of,
    objective_of,
    require_solution,
)
from imagenomer.statistics.products import add_gram_in_parts, combine_rows, mirror, multiply
from imagenomer.types import FloatArray, IntArray

_STEP = Progress("Training")
#: Numbers in a block of subjects.
_BLOCK = 400_000


@dataclass(frozen=True, slots=True, eq=False)
class WeightedMargin:
    """A classifier of two classes by weights of features.

    Attributes
    ----------
    margin : Margin
        As among subjects.
    weights : ndarray, shape (n_features,)
    """

    margin: Margin
    weights: FloatArray


def classify_by_features(
    features: FloatArray, signs: FloatArray, penalty: float, loss: Loss, start: WeightedMargin | None = None
) -> Steps[WeightedMargin]:
    """Minimise the loss of all training subjects plus penalty / 2 times the sum of squared weights.

    Parameters
    ----------
    features : ndarray, shape (n_train, n_features)
    signs : ndarray, shape (n_train,)
        1 for class 1, -1 for class 0.
    penalty : float
    loss : {"logistic", "squared hinge"}
    start : WeightedMargin, optional
        Of a penalty nearby.
    """
    n, n_features = features.shape
    a, b, w = np.zeros(n), 0.0, np.zeros(n_features)
    if start is not None:
        a, b, w = start.margin.coefficients, start.margin.intercept, start.weights
    f = _decision(features, w) + b
    value = objective_of(f, f - b, a, signs, penalty, loss)
    for _ in range(MOST_STEPS):
        slope, bend = derivatives_of(f, signs, loss)
        own = np.flatnonzero(bend > 0)
        if not own.size:
            own, bend = np.arange(n), np.full(n, 2.0)
        target = f[own] - slope[own] / bend[own]
        solved = yield from _weighted_ridge(features, own, target, bend[own], penalty)
        new_f = _decision(features, solved.weights) + solved.intercept
        residual = target - new_f[own]
        new_a = np.zeros(n)
        new_a[own] = bend[own] * residual / penalty
        share = 1.0
        while True:
            tried_f, tried_b = f + share * (new_f - f), b + share * (solved.intercept - b)
            tried_a, tried_w = a + share * (new_a - a), w + share * (solved.weights - w)
            tried = objective_of(tried_f, tried_f - tried_b, tried_a, signs, penalty, loss)
            if tried <= value + 1e-12 * abs(value) or share < 1e-6:
                break
            share /= 2
        moved = float(np.abs(tried_f - f).max())
        a, b, w, f, value = tried_a, float(tried_b), tried_w, tried_f, tried
        done = moved <= SETTLED * (1 + float(np.abs(f).max()))
        if done:
            break
    left_out = f.copy()
    left_out[own] = target - residual / (1 - (yield from solved.leverage(features, own, bend[own])))
    return WeightedMargin(Margin(a, b, left_out, done), w)


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    """Weighted least squares with penalty.

    Attributes
    ----------
    weights : ndarray, shape (n_features,)
    intercept : float
    mean : ndarray, shape (n_features,)
        Of the weighted features.
    factor : ndarray, shape (n_features, n_features)
        Cholesky factor of E'VE + penalty I.
    """

    weights: FloatArray
    intercept: float
    mean: FloatArray
    factor: FloatArray

    def leverage(self, features: FloatArray, own: IntArray, weights: FloatArray) -> Steps[FloatArray]:
        """Return the leverage of some subjects, shape (n_own,)."""
        inverse, info = scipy.linalg.lapack.dpotri(self.factor, lower=1)
        assert info == 0
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        yield _STEP
        found, size = np.empty(own.size), max(32, _BLOCK // max(1, self.mean.size))
        for start in range(0, own.size, size):
            block = features[own[start : start + size]] - self.mean
            found[start : start + size] = (multiply(block, inverse) * block).sum(axis=1)
            yield _STEP
        return np.asarray(weights * (found + 1 / weights.sum()))


def _weighted_ridge(
    features: FloatArray, own: IntArray, target: FloatArray, weights: FloatArray, penalty: float
) -> Steps[_Solution]:
    n_features, total = features.shape[1], float(weights.sum())
    among, sums, size = np.zeros((n_features, n_features)), np.zeros(n_features), max(32, _BLOCK // max(1, n_features))
    centre = float(weights @ target) / total
    along = np.zeros(n_features)
    for start in range(0, own.size, size):
        some = own[start : start + size]
        block, own_weights = features[some], weights[start : start + size]
        sums += combine_rows(block, own_weights)
        along += combine_rows(block, own_weights * (target[start : start + size] - centre))
        for _ in add_gram_in_parts(among, (block * np.sqrt(own_weights)[:, None]).T):
            yield _STEP
    mirror(among)
    mean = sums / total
    among -= total * np.outer(mean, mean)
    among[np.diag_indices(n_features)] += penalty
    factor = cholesky(among)
    require_solution(int(factor is None), penalty)
    assert factor is not None
    yield _STEP
    found, info = scipy.linalg.lapack.dpotrs(factor, along, lower=1)
    assert info == 0
    return _Solution(found, centre - float(mean @ found), mean, factor)


def _decision(features: FloatArray, weights: FloatArray) -> FloatArray:
    return multiply(features, weights[:, None])[:, 0]
