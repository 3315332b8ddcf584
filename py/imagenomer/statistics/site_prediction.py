"""Predictability of the site: how well connectivity predicts the site of rows that the model has not seen.

The classifier is diagonal linear discriminant analysis (Dudoit, Fridlyand and Speed 2002, JASA 97:77): a row goes to
the site whose mean it is nearest to, every feature in units of its variance within sites, all sites alike likely. It
needs one pass over blocks of features, and sees differences of means; differences of covariances it does not see.

Whatever is fitted, harmonisation included, is fitted outside the fold under test. Harmonisation learned from the rows
that the classifier is trained on makes their means alike, so that the classifier finds nothing, or a remaining signal
that reverses in the test fold: accuracy shows how much a model can learn of the site, and is below chance where nothing
is left. A classifier trained on rows that harmonisation has not seen finds what is left in such rows: ``apart``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.combat import Combat
from imagenomer.statistics.covbat import Covbat
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sites import Sites
from imagenomer.types import FloatArray, IntArray

#: Learns harmonisation from rows at some positions.
Learn = Callable[[IntArray], Steps[Combat | Covbat]]


@dataclass(frozen=True, slots=True, eq=False)
class SitePrediction:
    """Sites of rows as predicted by models that had not seen them.

    Attributes
    ----------
    names : tuple of str
        The sites that occur.
    n : ndarray, shape (n_sites,)
        Rows of each.
    n_right : ndarray, shape (n_sites,)
        Those of them whose site was predicted correctly.
    """

    names: tuple[str, ...]
    n: IntArray
    n_right: IntArray

    @property
    def balanced_accuracy(self) -> float:
        """Mean over sites of the share of their rows classified correctly."""
        return float((self.n_right / self.n).mean())

    @property
    def chance(self) -> float:
        """Balanced accuracy of guessing."""
        return 1 / len(self.names)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return limits of the balanced accuracy, as if rows were classified independently (Agresti and Coull 1998)."""
        z = float(scipy.special.ndtri((1 + confidence) / 2))
        share = (self.n_right + z**2 / 2) / (self.n + z**2)
        error = float(np.sqrt((share * (1 - share) / (self.n + z**2)).sum())) / len(self.names)
        middle, found = float(share.mean()), self.balanced_accuracy
        return min(max(middle - z * error, 0.0), found), max(min(middle + z * error, 1.0), found)


def folds_within(strata: IntArray, n_folds: int, rng: np.random.Generator) -> IntArray:
    """Return the fold of each row, so that the rows of each stratum are spread over all of them, shape (n_rows,)."""
    folds, n_assigned = np.empty(strata.size, dtype=np.intp), 0
    for stratum in np.unique(strata).tolist():
        members = rng.permutation(np.flatnonzero(strata == stratum))
        folds[members] = (n_assigned + np.arange(members.size)) % n_folds
        n_assigned += members.size
    return folds


def parts_of(folds: IntArray, fold: int, *, apart: bool = False) -> tuple[IntArray, IntArray, IntArray]:
    """Return the positions to harmonise from, to train the classifier on, and to test: ``apart`` without overlap."""
    test = folds == fold
    train = folds == (fold + 1) % (int(folds.max()) + 1) if apart else ~test
    learn = ~(test | train) if apart else train
    return np.flatnonzero(learn), np.flatnonzero(train), np.flatnonzero(test)


def predict_sites(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    sites: Sites,
    folds: IntArray,
    learn: Learn | None = None,
    *,
    apart: bool = False,
) -> Steps[SitePrediction]:
    """Predict the site of the rows of each fold from a model of the others.

    Parameters
    ----------
    values : ndarray, shape (n_all, n_features)
    rows : ndarray, shape (n_rows,)
    sites : Sites
        Of these rows.
    folds : ndarray, shape (n_rows,)
        Each site must have rows in each fold, and some at least two.
    learn : callable, optional
        Learns from rows by their positions what is then applied to the others: to those under test with their own
        site, as in use. None: connectivity as it is.
    apart : bool
        Learn from other rows than the classifier is trained on, which are then one fold.
    """
    there = np.flatnonzero(sites.counts)
    scores = np.zeros((rows.size, there.size))
    n_features, n_folds = values.shape[1], int(folds.max()) + 1
    for fold in range(n_folds):
        teaching, train, test = parts_of(folds, fold, apart=apart)
        # Site by site, so that each is a slice.
        train = train[np.argsort(sites.codes[train], kind="stable")]
        ends = np.cumsum(sites.of(train).counts[there])
        bounds = list(zip(np.concatenate([[0], ends[:-1]]).tolist(), ends.tolist(), strict=True))
        both = np.concatenate([train, test])
        own = sites.of(both)
        effects = None if learn is None else (yield from learn(teaching))
        weights = None
        if isinstance(effects, Covbat):
            weights = yield from effects.weights(values, rows[both], own)
        for columns in column_blocks(n_features):
            yield Progress("Predicting the site", fold * n_features + columns.start, n_folds * n_features)
            block = values[rows[both], columns].astype(np.float64)
            if effects is not None:
                block = adjusted(effects, block, columns, own, weights)
            scores[test] += _scores(block[: train.size], block[train.size :], bounds)
    right = there[scores.argmax(axis=1)] == sites.codes
    return SitePrediction(
        tuple(sites.names[site] for site in there),
        sites.counts[there],
        np.bincount(sites.codes[right], minlength=len(sites.names))[there],
    )


def adjusted(
    effects: Combat | Covbat, block: FloatArray, columns: slice, sites: Sites, weights: FloatArray | None
) -> FloatArray:
    """Return a block of features without site effects; ``weights`` are those of `Covbat.weights`."""
    if isinstance(effects, Combat):
        return effects.adjust(block, columns, sites)
    assert weights is not None
    return effects.adjust(block, columns, sites, weights)


def _scores(train: FloatArray, test: FloatArray, bounds: list[tuple[int, int]]) -> FloatArray:
    """Return how near each row under test is to each site by these features; missing values count as the mean."""
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = train.mean(axis=0)
        means = np.array([train[a:b].mean(axis=0) for a, b in bounds]) - middle
        within = sum(
            np.square(train[a:b] - middle - mean).sum(axis=0) for (a, b), mean in zip(bounds, means, strict=True)
        )
        size = np.abs(middle) + np.abs(means).max(axis=0)
    used = np.isfinite(within) & (np.sqrt(within / len(train)) > 1e-10 * size)
    weights = means[:, used] / (within[used] / (len(train) - len(bounds)))
    apart = test[:, used] - middle[used]
    apart[~np.isfinite(apart)] = 0
    products = multiply(apart, weights.T)
    return np.asarray(products - np.einsum("ij,ij->i", means[:, used], weights) / 2)
