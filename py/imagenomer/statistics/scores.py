"""Scores of predictions, and how far they may be off.

`r2` compares with the null model, which predicts every subject by the mean of the training part: 0 is no better than
that, and it is negative where the model is worse. `auc` and `within_r` compare subjects of the same split only, because
predictions of models that were trained on different subjects need not share one scale.

Subjects may be weighted: a bootstrap over subjects is nothing but whole weights.

References
----------
Efron and Tibshirani (1993), An Introduction to the Bootstrap. Poldrack et al. (2020), JAMA Psychiatry 77:534 (R2 by
sums of squares, not r squared).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A score with its confidence interval; NaN where not defined."""

    estimate: float
    low: float
    high: float


def r2(
    truth: FloatArray, predicted: FloatArray, baseline: FloatArray | float, weights: FloatArray | None = None
) -> FloatArray:
    """Return the share of the null model's squared error that the model saves.

    Parameters
    ----------
    truth, predicted : ndarray, shape (n_subjects,)
    baseline : ndarray, shape (n_subjects,), or float
        What the null model predicts: the mean of the training part.
    weights : ndarray, shape (n_subjects,) or (n_samples, n_subjects), optional

    Returns
    -------
    ndarray, shape () or (n_samples,)
    """
    error, null = _sum((truth - predicted) ** 2, weights), _sum((truth - baseline) ** 2, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(null > 0, 1 - error / null, np.nan)


def rmse(truth: FloatArray, predicted: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the root of the mean squared error, in units of the target."""
    return np.sqrt(_mean((truth - predicted) ** 2, weights))


def mae(truth: FloatArray, predicted: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the mean absolute error, in units of the target."""
    return _mean(np.abs(truth - predicted), weights)


def within_r(
    truth: FloatArray, predicted: FloatArray, split: IntArray, weights: FloatArray | None = None
) -> FloatArray:
    """Return Pearson's r of truth and prediction, both about the mean of the split a subject was tested in.

    Parameters
    ----------
    truth, predicted : ndarray, shape (n_subjects,)
    split : ndarray of int, shape (n_subjects,)
    weights : as for `r2`

    Returns
    -------
    ndarray
        NaN where predictions or truth do not vary within splits.
    """
    w = np.ones((1, truth.size)) if weights is None else np.atleast_2d(weights)
    products = np.zeros((3, len(w)))
    scale = np.array([1e-24 * float(truth @ truth), 1e-24 * float(predicted @ predicted)])
    for one in np.unique(split).tolist():
        own = split == one
        total = w[:, own].sum(axis=1)
        y, f = truth[own] - truth[own].mean(), predicted[own] - predicted[own].mean()
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_y, mean_f = w[:, own] @ y / total, w[:, own] @ f / total
        there = total > 0
        for row, (product, means) in enumerate(((y * f, mean_y * mean_f), (y * y, mean_y**2), (f * f, mean_f**2))):
            products[row, there] += (w[:, own] @ product)[there] - (total * means)[there]
    with np.errstate(divide="ignore", invalid="ignore"):
        r = products[0] / np.sqrt(np.maximum(products[1], 0) * np.maximum(products[2], 0))
    r[(products[1] <= scale[0]) | (products[2] <= scale[1])] = np.nan
    r = np.clip(r, -1, 1)
    return np.asarray(r[0]) if weights is None or weights.ndim == 1 else r


def accuracy(truth: IntArray, predicted: IntArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the share of subjects whose class is predicted."""
    return _mean((truth == predicted).astype(np.float64), weights)


def balanced_accuracy(truth: IntArray, predicted: IntArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the mean over classes of the share of a class's subjects that is predicted; classes that occur count."""
    right = (truth == predicted).astype(np.float64)
    shares = []
    for level in np.unique(truth).tolist():
        own = truth == level
        shares.append(_mean(right[own], None if weights is None else weights[..., own]))
    return np.asarray(np.nanmean(np.stack(shares), axis=0))


def auc(truth: IntArray, decision: FloatArray, split: IntArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the share of pairs, one of class 1 and one of class 0 of the same split, that the decision values order.

    Equal values count half.

    Parameters
    ----------
    truth : ndarray of int, shape (n_subjects,)
        0 or 1.
    decision : ndarray, shape (n_subjects,)
        Higher where class 1 is more likely.
    split : ndarray of int, shape (n_subjects,)
    weights : as for `r2`

    Returns
    -------
    ndarray
        NaN where no split has both classes.
    """
    w = np.ones((1, truth.size)) if weights is None else np.atleast_2d(weights)
    above, pairs = np.zeros(len(w)), np.zeros(len(w))
    for one in np.unique(split).tolist():
        own = np.flatnonzero(split == one)
        own = own[np.argsort(decision[own], kind="stable")]
        positive = w[:, own] * (truth[own] == 1)
        negative = w[:, own] * (truth[own] == 0)
        # Equal values: those below the first of a run, and half of the run itself.
        values = decision[own]
        first = np.searchsorted(values, values, side="left")
        behind = np.searchsorted(values, values, side="right")
        below = np.concatenate([np.zeros((len(w), 1)), np.cumsum(negative, axis=1)], axis=1)
        above += np.einsum("ij,ij->i", positive, (below[:, first] + below[:, behind]) / 2)
        pairs += positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(pairs > 0, above / pairs, np.nan)
    return np.asarray(share[0]) if weights is None or weights.ndim == 1 else share


# --- intervals -----------------------------------------------------------------------------------


def bootstrap_weights(n: int, n_samples: int, rng: np.random.Generator) -> FloatArray:
    """Return how often each subject is drawn in each bootstrap sample, shape (n_samples, n)."""
    drawn = rng.integers(0, n, (n_samples, n))
    counts = np.zeros((n_samples, n))
    for row, own in zip(counts, drawn, strict=True):
        row += np.bincount(own, minlength=n)
    return counts


def percentile_interval(estimate: float, resampled: FloatArray, confidence: float = 0.95) -> Interval:
    """Return the percentile interval of a bootstrap; NaN limits where a tenth of the samples or more have no value."""
    known = resampled[np.isfinite(resampled)]
    if not np.isfinite(estimate) or known.size <= 0.9 * resampled.size:
        return Interval(estimate, np.nan, np.nan)
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate, float(low), float(high))


def _sum(values: FloatArray, weights: FloatArray | None) -> FloatArray:
    return np.asarray(values.sum() if weights is None else weights @ values)


def _mean(values: FloatArray, weights: FloatArray | None) -> FloatArray:
    if weights is None:
        return np.asarray(values.mean() if values.size else np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(weights @ values / weights.sum(axis=-1))
