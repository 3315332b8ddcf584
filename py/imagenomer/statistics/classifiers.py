"""Classifiers of a training part, at a penalty that is given or chosen, and models of covariates alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.kernel_models import RELATIVE_CLASS_PENALTIES, Loss, Margin, classify, loss_of
from imagenomer.statistics.models import LinearSvm, Logistic, Model
from imagenomer.statistics.products import gram, multiply
from imagenomer.statistics.sample_space import project
from imagenomer.statistics.split_tasks import Fit, Task, require_variation
from imagenomer.types import FloatArray

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
            error += own.loss_of_tested(penalty, truth)
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
    return Fit(whole.decision(penalty), whole.coefficients, penalty, strongest=strongest)


class Classifier:
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

    def decision(self, penalty: float) -> FloatArray:
        """Return the decision values of the test part, shape (n_test, n_columns)."""
        intercepts = np.array([margin.intercept for margin in self.margins])
        return np.asarray(multiply(self._with_covariates(penalty).test, self.coefficients) + intercepts)

    def loss_left_out(self) -> float:
        """Return the loss of all who train, each left out, to first order."""
        pairs = zip(self.margins, self._columns.T, strict=True)
        return sum(loss_of(margin.left_out, signs, self._loss) for margin, signs in pairs)

    def loss_of_tested(self, penalty: float, truth: FloatArray) -> float:
        """Return the mean loss of the test part, summed over columns."""
        pairs = zip(self.decision(penalty).T, truth.T, strict=True)
        return sum(loss_of(decision, signs, self._loss) for decision, signs in pairs) / len(truth)


def _classifier_of(task: Task, loss: Loss, *, keep: bool = False) -> Steps[Classifier]:
    # Of features about their training mean, so that the scale is theirs.
    centred = project(task.split.train.size, task.split.test.size) if task.use == "both" else task.projection
    kernels = centred.of((yield from task.space.kernels(task.split, keep=keep)))
    extra = None
    if task.use == "both" and task.pair is not None:
        extra = _covariate_kernels(task.pair)
    return Classifier(task.columns, loss, kernels, extra)


def _covariate_kernels(pair: tuple[FloatArray, FloatArray]) -> Kernels:
    """Return the products of covariates, standardised by the training part."""
    mean, scale = pair[0].mean(axis=0), pair[0].std(axis=0)
    varies = scale > 1e-12 * np.maximum(np.abs(mean), np.finfo(float).tiny)
    train, test = ((part - mean)[:, varies] / scale[varies] for part in pair)
    return Kernels(gram(train), multiply(test, train.T))


# --- covariates alone -----------------------------------------------------------------------------


def fit_covariates(task: Task, model: Model) -> Steps[Fit]:
    """Least squares or, where the model is a classifier, logistic regression on the covariates alone."""
    yield Progress("Training")
    nothing = np.zeros_like(task.left)
    if model.least_squares:
        return Fit(task.known, nothing, np.nan)
    assert task.pair is not None
    kernels = _covariate_kernels(task.pair)
    decision = np.empty((task.split.test.size, task.columns.shape[1]))
    for column, signs in enumerate(task.columns.T):
        *_, margin = classify(kernels.train, signs, _COVARIATE_PENALTY, "logistic")
        decision[:, column] = kernels.test @ margin.coefficients + margin.intercept
    return Fit(decision, nothing, np.nan)
