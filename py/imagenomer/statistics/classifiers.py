"""Classifiers of a training part, at a penalty that is given or chosen, and models of covariates alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.feature_classifiers import WeightedMargin, classify_by_features
from imagenomer.statistics.feature_products import ResidualSplit, use_features
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.kernel_models import RELATIVE_CLASS_PENALTIES, Loss, Margin, classify, loss_of
from imagenomer.statistics.models import LinearSvm, Logistic, Model
from imagenomer.statistics.products import gram, multiply
from imagenomer.statistics.sample_space import project
from imagenomer.statistics.split_tasks import Fit, Task, require_variation
from imagenomer.types import FloatArray

_STEP = Progress("Training")
#: Penalty of standardised covariates in a classifier: that of scikit-learn, which keeps separable classes finite.
_COVARIATE_PENALTY = 1.0
#: Penalties in a row that are worse than the best so far, after which weaker ones are not tried: the error of
#: predictions has one minimum, as a rule.
_WORSE = 2


def fit_classifier(task: Task, model: Logistic | LinearSvm) -> Steps[Fit]:
    whole = yield from _classifier_of(task, model.loss, keep=True)
    require_variation(whole.scale, task.split)
    tried = sorted(model.penalties or (whole.scale * share for share in RELATIVE_CLASS_PENALTIES), reverse=True)
    parts = []
    if model.inner is not None and len(tried) > 1:
        for part, truth in task.within(model.inner):
            parts.append(((yield from _classifier_of(part, model.loss)), truth))
    best = (np.inf, tried[0], whole.margins)
    worse = 0
    for penalty in tried:
        error = 0.0
        for own, truth in parts:
            yield from own.fit(penalty)
            error += yield from _loss_of_tested(own, penalty, truth, model.loss)
        if not parts:
            yield from whole.fit(penalty)
            error = whole.loss_left_out()
        if error < best[0]:
            best, worse = (error, penalty, whole.margins), 0
        else:
            worse += 1
        if worse == _WORSE:
            break
    _, penalty, whole.margins = best
    if parts:
        yield from whole.fit(penalty)
    strongest = len(tried) > 1 and penalty == tried[0]
    return Fit((yield from whole.decision(penalty)), whole.coefficients, penalty, strongest=strongest)


class Classifier(Protocol):
    """A classifier of one training part, at one penalty after another.

    Attributes
    ----------
    margins : sequence
        One a column, at the last penalty; empty before the first.
    scale : float
        Mean squared length of a training subject's features.
    """

    margins: Sequence[Any]
    scale: float

    def fit(self, penalty: float) -> Steps[None]: ...

    @property
    def coefficients(self) -> FloatArray:
        """Of the training subjects' features, shape (n_train, n_columns)."""

    def decision(self, penalty: float) -> Steps[FloatArray]:
        """Return the decision values of the test part, shape (n_test, n_columns)."""

    def loss_left_out(self) -> float:
        """Return the loss of the training subjects, each left out, to a first-order approximation."""


def _loss_of_tested(own: Classifier, penalty: float, truth: FloatArray, loss: Loss) -> Steps[float]:
    """Return the mean loss of the test part, summed over columns."""
    pairs = zip((yield from own.decision(penalty)).T, truth.T, strict=True)
    return sum(loss_of(decision, signs, loss) for decision, signs in pairs) / len(truth)


class SubjectClassifier:
    """A classifier of one training part, at one penalty after another.

    Attributes
    ----------
    margins : sequence of Margin
        One a column, at the last penalty; empty before the first.
    scale : float
        Mean squared length of a training subject's features.
    """

    def __init__(self, columns: FloatArray, loss: Loss, kernels: Kernels, extra: Kernels | None) -> None:
        self._columns, self._loss, self._kernels, self._extra = columns, loss, kernels, extra
        self.margins: Sequence[Margin] = ()
        self.scale = float(np.trace(kernels.train)) / len(kernels.train)

    def fit(self, penalty: float) -> Steps[None]:
        train = self._with_covariates(penalty).train
        margins: dict[int, Margin] = {}
        for column, signs in enumerate(self._columns.T):
            start = self.margins[column] if self.margins else None
            for margin in classify(train, signs, penalty, self._loss, start):
                margins[column] = margin
                yield Progress("Training")
        self.margins = tuple(margins.values())

    def _with_covariates(self, penalty: float) -> Kernels:
        """Count covariates as features of such a size that their penalty is always the same."""
        if self._extra is None:
            return self._kernels
        share = penalty / _COVARIATE_PENALTY
        return Kernels(self._kernels.train + share * self._extra.train, self._kernels.test + share * self._extra.test)

    @property
    def coefficients(self) -> FloatArray:
        return np.column_stack([margin.coefficients for margin in self.margins])

    def decision(self, penalty: float) -> Steps[FloatArray]:
        """Return the decision values of the test part, shape (n_test, n_columns)."""
        yield _STEP
        intercepts = np.array([margin.intercept for margin in self.margins])
        return np.asarray(multiply(self._with_covariates(penalty).test, self.coefficients) + intercepts)

    def loss_left_out(self) -> float:
        """Return the loss of the training subjects, each left out, to a first-order approximation."""
        pairs = zip(self.margins, self._columns.T, strict=True)
        return sum(loss_of(margin.left_out, signs, self._loss) for margin, signs in pairs)


class FeatureClassifier:
    """The same where features are fewer than subjects.

    Attributes
    ----------
    margins : sequence of WeightedMargin
    scale : float
    """

    def __init__(
        self,
        columns: FloatArray,
        loss: Loss,
        split: ResidualSplit,
        features: FloatArray,
        extra: tuple[FloatArray, FloatArray] | None,
    ) -> None:
        self._columns, self._loss, self._split, self._features, self._extra = columns, loss, split, features, extra
        self.margins: Sequence[WeightedMargin] = ()
        self.scale = float(np.trace(split.train.among)) / len(features)

    def fit(self, penalty: float) -> Steps[None]:
        features = self._features
        if self._extra is not None:
            features = np.column_stack([features, np.sqrt(penalty / _COVARIATE_PENALTY) * self._extra[0]])
        margins = []
        for column, signs in enumerate(self._columns.T):
            start = self.margins[column] if self.margins else None
            margins.append((yield from classify_by_features(features, signs, penalty, self._loss, start)))
        self.margins = tuple(margins)

    @property
    def coefficients(self) -> FloatArray:
        return np.column_stack([one.margin.coefficients for one in self.margins])

    def decision(self, penalty: float) -> Steps[FloatArray]:
        weights = np.column_stack([one.weights for one in self.margins])
        n_features = self._features.shape[1]
        found = yield from self._split.tested(np.ascontiguousarray(weights[:n_features]), _STEP)
        if self._extra is not None:
            found += np.sqrt(penalty / _COVARIATE_PENALTY) * multiply(self._extra[1], weights[n_features:])
        return np.asarray(found + np.array([one.margin.intercept for one in self.margins]))

    def loss_left_out(self) -> float:
        pairs = zip(self.margins, self._columns.T, strict=True)
        return sum(loss_of(one.margin.left_out, signs, self._loss) for one, signs in pairs)


def _classifier_of(task: Task, loss: Loss, *, keep: bool = False) -> Steps[Classifier]:
    # Of features about their training mean, so that the scale is theirs.
    centred = project(task.split.train.size, task.split.test.size) if task.use == "both" else task.projection
    kernels = yield from centred.taken_out((yield from task.space.kernels(task.split, keep=keep)))
    pair = task.pair if task.use == "both" else None
    if isinstance(kernels, Kernels):
        return SubjectClassifier(task.columns, loss, kernels, None if pair is None else _covariate_kernels(pair))
    features = yield from kernels.train.whole(_STEP)
    return FeatureClassifier(task.columns, loss, kernels, features, None if pair is None else _standardised(pair))


def _covariate_kernels(pair: tuple[FloatArray, FloatArray]) -> Kernels:
    """Return the products of covariates, standardised by the training part."""
    train, test = _standardised(pair)
    return Kernels(gram(train), multiply(test, train.T))


def _standardised(pair: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return covariates of the training and the test part, standardised by the training part."""
    mean, scale = pair[0].mean(axis=0), pair[0].std(axis=0)
    varies = scale > 1e-12 * np.maximum(np.abs(mean), np.finfo(float).tiny)
    train, test = ((part - mean)[:, varies] / scale[varies] for part in pair)
    return train, test


# --- covariates alone -----------------------------------------------------------------------------


def fit_covariates(task: Task, model: Model) -> Steps[Fit]:
    """Least squares or, where the model is a classifier, logistic regression on the covariates alone."""
    yield Progress("Training")
    nothing = np.zeros_like(task.left)
    if model.least_squares:
        return Fit(task.known, nothing, np.nan)
    assert task.pair is not None
    decision = np.empty((task.split.test.size, task.columns.shape[1]))
    if use_features(task.split.train.size, task.pair[0].shape[1]):
        train, test = _standardised(task.pair)
        for column, signs in enumerate(task.columns.T):
            own = yield from classify_by_features(train, signs, _COVARIATE_PENALTY, "logistic")
            decision[:, column] = multiply(test, own.weights[:, None])[:, 0] + own.margin.intercept
        return Fit(decision, nothing, np.nan)
    kernels = _covariate_kernels(task.pair)
    for column, signs in enumerate(task.columns.T):
        *_, margin = classify(kernels.train, signs, _COVARIATE_PENALTY, "logistic")
        decision[:, column] = kernels.test @ margin.coefficients + margin.intercept
    return Fit(decision, nothing, np.nan)
