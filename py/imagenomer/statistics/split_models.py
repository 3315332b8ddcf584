"""Models of one split: what is fitted to the training part, and what it says of the test part.

A number is regressed on. Of two classes one decision value says how much rather class 1; of more, each class is told
from all others. Selection of features (`ConnectomeModel`, `TopFeatures`) sees the training part only.

Penalties are chosen within the training part: by what is known without fitting again (generalised cross-validation,
leaving one out to first order), or by inner folds of it, in which everything is fitted anew.

References
----------
Shen et al. (2017), Nat. Protoc. 12:506 (connectome-based predictive modelling). Zou and Hastie (2005), J. R. Stat. Soc.
B 67:301 (elastic net). Varma and Simon (2006), BMC Bioinformatics 7:91 (inner folds within each training part).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import scipy

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics import elastic_net
from imagenomer.statistics.features import Kernels
from imagenomer.statistics.folds import Split, crossed, k_fold
from imagenomer.statistics.kernel_models import (
    RELATIVE_CLASS_PENALTIES,
    RELATIVE_PENALTIES,
    Loss,
    Margin,
    RidgeFactor,
    classify,
    factorise,
    loss_of,
    require_solution,
)
from imagenomer.statistics.sample_space import Projection, SampleSpace, project, space_of_numbers
from imagenomer.types import FloatArray, IntArray

#: How covariates are used: not at all, alone, beside the features, or taken out of the features.
Use: TypeAlias = Literal["features", "covariates", "both", "residual"]

#: Error of a correlation from float32 features; nearer decisions are made anew from exact ones.
_R_ERROR = 1e-5
#: Penalty of standardised covariates in a classifier: that of scikit-learn, which keeps separable classes finite.
_COVARIATE_PENALTY = 1.0
#: Penalties in a row that are worse than the best so far, after which weaker ones are not tried: the error of
#: predictions has one minimum, as a rule. That of an elastic net is more rugged.
_WORSE, _WORSE_OF_NET = 2, 5


@dataclass(frozen=True, slots=True, eq=False)
class InnerFolds:
    """Folds of a training part, in which a penalty is chosen; the same whenever as many train.

    Attributes
    ----------
    n_folds : int
        At most: no more than there are subjects, or labels.
    seed : int
    labels : ndarray of int, optional
        Of each row of the features (see `SampleSpace.rows`): families or sites, never torn apart but where all who
        train are of one.
    strata : ndarray of int, optional
        Of each row of the features: what each fold has in the same proportion, where labels do not decide.
    """

    n_folds: int = 5
    seed: int = 1
    labels: IntArray | None = None
    strata: IntArray | None = None

    def of(self, rows: IntArray, classes: IntArray | None = None) -> tuple[Split, ...]:
        """Return the folds of a training part, in positions among its rows.

        Parameters
        ----------
        rows : ndarray of int, shape (n_train,)
        classes : ndarray of int, shape (n_train,), optional
            As ``strata``.
        """
        labels = None if self.labels is None else self.labels[rows]
        n_labels = rows.size if labels is None else np.unique(labels).size
        if n_labels == 1:
            labels, n_labels = None, rows.size
        strata = crossed(classes, None if self.strata is None else self.strata[rows])
        rng = np.random.default_rng(self.seed)
        return k_fold(rows.size, min(self.n_folds, n_labels), rng, stratify=strata, together=labels)

    def moved(self, rows: IntArray) -> InnerFolds:
        """Return the same for a table of features that has these rows."""
        labels, strata = (None if one is None else one[rows] for one in (self.labels, self.strata))
        return replace(self, labels=labels, strata=strata)


@dataclass(frozen=True, slots=True)
class Ridge:
    """Ridge regression; of classes the ridge classifier (1 for a class, -1 for the others).

    Attributes
    ----------
    penalties : tuple of float
        Of the sum of squared weights. One: it is used. Several, or none (a grid relative to the features' size): chosen
        in each training part by generalised cross-validation.
    inner : InnerFolds, optional
        The least mean squared error of these decides instead.
    """

    penalties: tuple[float, ...] = ()
    inner: InnerFolds | None = None


@dataclass(frozen=True, slots=True)
class Logistic:
    """Logistic regression with an L2 penalty, of classes.

    Attributes
    ----------
    penalties : tuple of float
        Of half the sum of squared weights: 1 / C of scikit-learn. One: it is used. Several, or none (a grid): chosen
        in each training part by the loss of leaving one out.
    inner : InnerFolds, optional
        The least mean loss in these decides instead.
    """

    penalties: tuple[float, ...] = ()
    inner: InnerFolds | None = None


@dataclass(frozen=True, slots=True)
class LinearSvm:
    """Linear support vector machine with the squared hinge loss, of classes; penalties as of `Logistic`."""

    penalties: tuple[float, ...] = ()
    inner: InnerFolds | None = None


@dataclass(frozen=True, slots=True)
class ElasticNet:
    """Elastic net, or lasso, see `imagenomer.statistics.elastic_net`; of classes on 1 for a class and -1 for others.

    Attributes
    ----------
    mix : float
        Share of the absolute weights in the penalty, in (0, 1]: 1 is the lasso. ``l1_ratio`` of scikit-learn.
    penalties : tuple of float
        ``alpha`` of scikit-learn. One: it is used. Several, or none (a grid below the penalty from which on nothing
        weighs anything): that with the least mean squared error in inner folds.
    inner : InnerFolds
    """

    mix: float = 0.5
    penalties: tuple[float, ...] = ()
    inner: InnerFolds = InnerFolds()


@dataclass(frozen=True, slots=True)
class ConnectomeModel:
    """Connectome-based predictive modelling: a line through the sum of the selected features.

    Features whose correlation with the target (given the covariates in use) has a p-value below the threshold are
    selected; their sum, negative ones subtracted, is the one predictor.

    Attributes
    ----------
    p_threshold : float
        Two-sided, uncorrected.
    sign : {"both", "positive", "negative"}
        Which selected features are summed.
    """

    p_threshold: float = 0.01
    sign: Literal["both", "positive", "negative"] = "both"


@dataclass(frozen=True, slots=True)
class TopFeatures:
    """The features that correlate most with the target in the training part, and a model of these alone.

    Attributes
    ----------
    n : int
    then : Ridge, Logistic or LinearSvm
    """

    n: int = 10
    then: Ridge | Logistic | LinearSvm = Ridge()


Model: TypeAlias = Ridge | Logistic | LinearSvm | ElasticNet | ConnectomeModel | TopFeatures


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A model of one training part.

    Attributes
    ----------
    decision : ndarray, shape (n_test, n_columns)
        Predictions of a number (one column), decision values of class 1 (of two: one column) or of each class.
    coefficients : ndarray, shape (n_train, n_columns)
        Of each training subject's features, summing to zero; zeros where features were selected.
    penalty : float
        NaN where there is none.
    selected : ndarray of int or None
        Features in use; None: all.
    weights : ndarray, shape (n_selected, n_columns), or None
        Theirs.
    strongest : bool
        Whether the strongest of several penalties was chosen: features hardly tell anything.
    """

    decision: FloatArray
    coefficients: FloatArray
    penalty: float
    selected: IntArray | None = None
    weights: FloatArray | None = None
    strongest: bool = False

    def weights_in(self, space: SampleSpace, train: IntArray, column: int = 0) -> FloatArray:
        """Return the weight of each feature, shape (n_all_features,); 0 where not selected."""
        if self.selected is None or self.weights is None:
            return space.weights(train, self.coefficients[:, column])
        weights = np.zeros(space.features.n_columns)
        weights[self.selected] = self.weights[:, column]
        return weights


def fit_split(
    space: SampleSpace,
    target: FloatArray | IntArray,
    n_classes: int,
    split: Split,
    model: Model,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[Fit]:
    """Fit a model to the training part of a split, and predict the test part.

    Parameters
    ----------
    space, target, covariates, use
        As for `imagenomer.statistics.prediction.cross_validate`.
    n_classes : int
        0 where the target is a number.
    split : Split
    model : Model

    Raises
    ------
    InputError
        If the target does not vary in the training part, or a model does not go with the target.
    """
    own = target[split.train]
    if (own == own[0]).all():
        raise InputError(
            f"everybody who trains in {split.name or 'a split'} has the same target, so nothing can be learned; "
            "choose other folds or a larger group"
        )
    classes = own.astype(np.intp) if n_classes else None
    task = task_of(space, split, columns_of(own, n_classes), covariates, use, classes)
    if use == "covariates":
        return (yield from _fit_covariates(task, model))
    if isinstance(model, Ridge):
        return (yield from _fit_ridge(task, model))
    if isinstance(model, ElasticNet):
        return (yield from _fit_elastic_net(task, model))
    if isinstance(model, ConnectomeModel):
        return (yield from _fit_connectome(task, model))
    if isinstance(model, TopFeatures):
        return (yield from _fit_top(target, n_classes, covariates, task, model))
    if not n_classes:
        raise InputError("a classifier needs a category to predict; choose one, or another model")
    return (yield from _fit_classifier(task, model))


def columns_of(target: FloatArray | IntArray, n_classes: int) -> FloatArray:
    """Return a target as numbers to regress on: itself, or 1 and -1 for each class (of two, for class 1 only)."""
    if not n_classes:
        return target.astype(np.float64)[:, None]
    classes = np.arange(n_classes) if n_classes > 2 else np.array([1])
    return np.where(target[:, None] == classes, 1.0, -1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A split with what of it every model needs.

    Attributes
    ----------
    space : SampleSpace
    split : Split
    columns : ndarray, shape (n_train, n_columns)
        The target of those who train, see `columns_of`.
    projection : Projection
        On the mean and on the covariates in use.
    pair : pair of ndarrays, or None
        Covariates in use, of those who train and of those who are tested.
    use : Use
    classes : ndarray of int, shape (n_train,), or None
        Codes, where the target is a category.
    """

    space: SampleSpace
    split: Split
    columns: FloatArray
    projection: Projection
    pair: tuple[FloatArray, FloatArray] | None
    use: Use
    classes: IntArray | None = None

    @property
    def known(self) -> FloatArray:
        """What is predicted of the test part without features, shape (n_test, n_columns)."""
        return known_of(self.projection, self.columns, self.use)

    @property
    def left(self) -> FloatArray:
        return self.projection.left(self.columns)

    def within(self, inner: InnerFolds) -> Iterator[tuple[Task, FloatArray]]:
        """Yield the same task of each inner fold, and the target of who is tested in it.

        Folds to which features cannot be fitted are left out: with too few people of a site to harmonise.

        Raises
        ------
        InputError
            If no fold is left.
        """
        train, n_left, refused = self.split.train, 0, ""
        for part in inner.of(self.space.rows[train], self.classes):
            split = Split(train[part.train], train[part.test], self.split.name)
            refused = self.space.refusal(split)
            if refused:
                continue
            n_left += 1
            pair = None if self.pair is None else (self.pair[0][part.train], self.pair[0][part.test])
            projection = project(part.train.size, part.test.size, pair)
            task = Task(self.space, split, self.columns[part.train], projection, pair, self.use)
            yield task, self.columns[part.test]
        if not n_left:
            raise InputError(
                f"no inner fold of {self.split.name or 'a split'} is left to choose a penalty in: {refused}"
            )


def task_of(
    space: SampleSpace,
    split: Split,
    columns: FloatArray,
    covariates: FloatArray | None,
    use: Use,
    classes: IntArray | None = None,
) -> Task:
    """Return a split with what of it every model needs; ``covariates`` are those of all subjects of the space."""
    pair = None
    if covariates is not None and use != "features":
        pair = (covariates[split.train], covariates[split.test])
    return Task(space, split, columns, project(split.train.size, split.test.size, pair), pair, use, classes)


def known_of(projection: Projection, columns: FloatArray, use: Use) -> FloatArray:
    """Return what is predicted of the test part without features: by covariates where they are in the model."""
    predicted = projection.predicted(columns)
    if use == "residual":
        return np.broadcast_to(columns.mean(axis=0), predicted.shape)
    return predicted


# --- all features --------------------------------------------------------------------------------


def _fit_ridge(task: Task, model: Ridge) -> Steps[Fit]:
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
    return Fit(task.known + test @ coefficients, coefficients, penalty, strongest=strongest)


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
        own = factorise(kernels, part.projection.basis.shape[1])
        yield Progress("Training")
        solved = own.rotated(part.left)
        each = np.concatenate([own.solved(solved, one) for one in penalties], axis=1)
        added = scipy.linalg.blas.dgemm(1, kernels.test, own.rotated(each, back=True))
        wrong = (truth - part.known)[:, None] - added.reshape(len(truth), len(penalties), -1)
        errors.append((wrong**2).mean(axis=0))
        yield Progress("Training")
    return np.asarray(np.mean(errors, axis=0))


def _fit_given(task: Task, penalty: float) -> Steps[Fit]:
    """Ridge regression with one penalty: a Cholesky factor is a fifth of the work of a tridiagonal one."""
    own = task.projection.of((yield from task.space.kernels(task.split)))
    _require_variation(float(np.trace(own.train)), task.split)
    matrix = np.asfortranarray(own.train)
    matrix[np.diag_indices(len(matrix))] += penalty
    _, coefficients, info = scipy.linalg.lapack.dposv(matrix, task.left, lower=1, overwrite_a=1)
    require_solution(info, penalty)
    return Fit(task.known + own.test @ coefficients, coefficients, penalty)


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
        factor = factorise(own, projection.basis.shape[1])
        _require_variation(factor.scale, split)
        found = space.factors.put(key, (factor, own.test))
    return found


def _require_variation(scale: float, split: Split) -> None:
    if not scale > 0:
        raise InputError(
            f"no feature differs between those who train in {split.name or 'a split'}; choose other features"
        )


def _fit_classifier(task: Task, model: Logistic | LinearSvm) -> Steps[Fit]:
    loss: Loss = "logistic" if isinstance(model, Logistic) else "squared hinge"
    whole = yield from _classifier(task, loss, keep=True)
    _require_variation(whole.scale, task.split)
    tried = sorted(model.penalties or (whole.scale * share for share in RELATIVE_CLASS_PENALTIES), reverse=True)
    parts = []
    if model.inner is not None and len(tried) > 1:
        for part, truth in task.within(model.inner):
            parts.append(((yield from _classifier(part, loss)), truth))
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


class _Classifier:
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
        return np.asarray(self._with_covariates(penalty).test @ self.coefficients + intercepts)

    def loss_left_out(self) -> float:
        """Return the loss of all who train, each left out, to first order."""
        pairs = zip(self.margins, self._columns.T, strict=True)
        return sum(loss_of(margin.left_out, signs, self._loss) for margin, signs in pairs)

    def loss_of_tested(self, penalty: float, truth: FloatArray) -> float:
        """Return the mean loss of the test part, summed over columns."""
        pairs = zip(self.decision(penalty).T, truth.T, strict=True)
        return sum(loss_of(decision, signs, self._loss) for decision, signs in pairs) / len(truth)


def _classifier(task: Task, loss: Loss, *, keep: bool = False) -> Steps[_Classifier]:
    # Of features about their training mean, so that the scale is theirs.
    centred = project(task.split.train.size, task.split.test.size) if task.use == "both" else task.projection
    kernels = centred.of((yield from task.space.kernels(task.split, keep=keep)))
    extra = None
    if task.use == "both" and task.pair is not None:
        extra = _covariate_kernels(task.pair)
    return _Classifier(task.columns, loss, kernels, extra)


def _covariate_kernels(pair: tuple[FloatArray, FloatArray]) -> Kernels:
    """Return the products of covariates, standardised by the training part."""
    mean, scale = pair[0].mean(axis=0), pair[0].std(axis=0)
    varies = scale > 1e-12 * np.maximum(np.abs(mean), np.finfo(float).tiny)
    train, test = ((part - mean)[:, varies] / scale[varies] for part in pair)
    return Kernels(np.asfortranarray(train @ train.T), np.asfortranarray(test @ train.T))


def _fit_covariates(task: Task, model: Model) -> Steps[Fit]:
    """Least squares or, where the model is a classifier, logistic regression on the covariates alone."""
    yield Progress("Training")
    nothing = np.zeros_like(task.left)
    inner = model.then if isinstance(model, TopFeatures) else model
    if not isinstance(inner, (Logistic, LinearSvm)):
        return Fit(task.known, nothing, np.nan)
    assert task.pair is not None
    kernels = _covariate_kernels(task.pair)
    decision = np.empty((task.split.test.size, task.columns.shape[1]))
    for column, signs in enumerate(task.columns.T):
        *_, margin = classify(kernels.train, signs, _COVARIATE_PENALTY, "logistic")
        decision[:, column] = kernels.test @ margin.coefficients + margin.intercept
    return Fit(decision, nothing, np.nan)


# --- few features, by an elastic net ------------------------------------------------------------


def _fit_elastic_net(task: Task, model: ElasticNet) -> Steps[Fit]:
    yield from elastic_net.prepare()
    paths = yield from _paths(task, model.mix)
    largest = max(path.largest for path in paths)
    _require_variation(largest, task.split)
    tried = sorted(model.penalties or (largest * share for share in elastic_net.RELATIVE_PENALTIES), reverse=True)
    penalty = tried[0]
    if len(tried) > 1:
        penalty = yield from _penalty_of_net(task, model, tried)
    try:
        for path in paths:
            yield from path.go_to(penalty)
    except elastic_net.UnsettledError:
        raise InputError(
            f"coordinate descent does not settle at the penalty {penalty:g}, which is too small beside how alike "
            f"features are (from {largest:.3g} on none weighs anything); choose a larger one, or ridge regression"
        ) from None
    selected = np.unique(np.concatenate([path.active for path in paths]))
    weights = np.column_stack([path.weights_of(selected) for path in paths])
    strongest = len(tried) > 1 and penalty == tried[0]
    return Fit(_decision(task, paths), np.zeros_like(task.left), penalty, selected, weights, strongest)


def _paths(task: Task, mix: float) -> Steps[list[elastic_net.Path]]:
    """Return the elastic net of each column, at the largest penalty."""
    yield Progress("Training")
    features, rows = task.space.features, task.space.rows[task.split.train]
    lengths = features.lengths(rows, task.projection.basis)
    return [elastic_net.Path(features, rows, task.projection, column, mix, lengths) for column in task.left.T]


def _decision(task: Task, paths: Sequence[elastic_net.Path]) -> FloatArray:
    rows = task.space.rows[task.split.test]
    return task.known + np.column_stack([path.predicted(rows) for path in paths])


def _penalty_of_net(task: Task, model: ElasticNet, tried: Sequence[float]) -> Steps[float]:
    """Return the penalty with the least mean squared error in inner folds, of penalties that fall."""
    parts = []
    for part, truth in task.within(model.inner):
        parts.append((part, truth, (yield from _paths(part, model.mix))))
    best, worse = (np.inf, tried[0]), 0
    for penalty in tried:
        error = 0.0
        try:
            for part, truth, paths in parts:
                for path in paths:
                    yield from path.go_to(penalty, exactly=False)
                error += float(((truth - _decision(part, paths)) ** 2).mean(axis=0).sum())
        except elastic_net.UnsettledError:  # nor will it at any smaller one
            break
        if error < best[0]:
            best, worse = (error, penalty), 0
        else:
            worse += 1
        if worse == _WORSE_OF_NET:
            break
    return best[1]


# --- selected features ---------------------------------------------------------------------------


def _correlations(task: Task) -> tuple[FloatArray, FloatArray]:
    """Return the (partial) correlation of every feature with each column in the training part, and the unit columns.

    Returns
    -------
    r : ndarray, shape (n_all_features, n_columns)
        To within `_R_ERROR`; NaN where a feature does not vary.
    unit : ndarray, shape (n_train, n_columns)
    """
    space, rows = task.space, task.space.rows[task.split.train]
    left = task.left
    with np.errstate(invalid="ignore"):
        unit = left / np.linalg.norm(left, axis=0)
    lengths = space.features.lengths(rows, task.projection.basis)
    r = np.column_stack([space.features.combined(rows, column) / lengths for column in unit.T])
    return r, unit


def _exactly(task: Task, columns: IntArray, unit: FloatArray) -> FloatArray:
    """Return correlations of some features in float64, shape (n_columns, n_units)."""
    rows = task.space.rows[task.split.train]
    own = task.projection.left(task.space.features.chosen(rows, columns, rows))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((own.T @ unit) / np.linalg.norm(own, axis=0)[:, None])


def _fit_connectome(task: Task, model: ConnectomeModel) -> Steps[Fit]:
    if task.columns.shape[1] > 1:
        raise InputError(
            "connectome-based modelling predicts a number or a category of two levels; choose another model"
        )
    yield Progress("Selecting features")
    split, projection = task.split, task.projection
    rows_train, rows_test = task.space.rows[split.train], task.space.rows[split.test]
    r, unit = _correlations(task)
    r = r[:, 0]
    dof = split.train.size - projection.basis.shape[1] - 1
    t = float(-scipy.special.stdtrit(dof, model.p_threshold / 2))
    limit = t / np.sqrt(dof + t**2)
    close = np.flatnonzero(np.abs(np.abs(r) - limit) < _R_ERROR)
    if close.size:
        r[close] = _exactly(task, close, unit)[:, 0]
    with np.errstate(invalid="ignore"):
        wanted = np.abs(r) > limit
        if model.sign != "both":
            wanted &= r > 0 if model.sign == "positive" else r < 0
    selected = np.flatnonzero(wanted)
    nothing = np.zeros_like(task.left)
    if not selected.size:
        return Fit(task.known, nothing, np.nan, selected, np.zeros((0, 1)))
    signs = np.sign(r[selected])
    train = task.space.features.chosen(rows_train, selected, rows_train) @ signs
    test = task.space.features.chosen(rows_test, selected, rows_train) @ signs
    own = projection.left(train)
    squares = float(own @ own)
    slope = float(own @ task.left[:, 0]) / squares if squares > 1e-12 * float(train @ train) else 0.0
    decision = task.known + slope * (test - projection.predicted(train))[:, None]
    return Fit(decision, nothing, np.nan, selected, slope * signs[:, None])


def _fit_top(
    target: FloatArray | IntArray,
    n_classes: int,
    covariates: FloatArray | None,
    task: Task,
    model: TopFeatures,
) -> Steps[Fit]:
    yield Progress("Selecting features")
    r, unit = _correlations(task)
    strength = np.abs(r).max(axis=1)
    known = np.flatnonzero(np.isfinite(strength))
    _require_variation(float(known.size), task.split)
    n = min(model.n, known.size)
    # All that could be among the first n are measured exactly, and ranked by that.
    threshold = np.partition(strength[known], known.size - n)[known.size - n] - 2 * _R_ERROR
    candidates = known[strength[known] >= threshold]
    exact = np.abs(_exactly(task, candidates, unit)).max(axis=1)
    selected = np.sort(candidates[np.argsort(-exact, kind="stable")[:n]])
    split = task.split
    both = np.concatenate([split.train, split.test])
    rows = task.space.rows
    small = space_of_numbers(task.space.features.chosen(rows[both], selected, rows[split.train]))
    place = Split(np.arange(split.train.size), np.arange(split.train.size, both.size), split.name)
    some = None if covariates is None else covariates[both]
    then = model.then
    if then.inner is not None:
        then = replace(then, inner=then.inner.moved(rows[both]))
    fit = yield from fit_split(small, target[both], n_classes, place, then, some, task.use)
    weights = np.column_stack(
        [fit.weights_in(small, place.train, column) for column in range(fit.coefficients.shape[1])]
    )
    return replace(fit, coefficients=np.zeros_like(task.left), selected=selected, weights=weights)
