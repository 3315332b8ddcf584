"""Whether features predict a target at all: permutation test, learning curve, and features that are noise.

`permutation_test` cross-validates permuted targets, choice of penalty and all. `learning_curve` trains on fewer and
fewer subjects. `shuffled_features` asks how well a model with covariates does with uninformative features.

References
----------
Ojala and Garriga (2010), J. Mach. Learn. Res. 11:1833. Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292. Phipson and
Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39. Hamdan et al. (2023), GigaScience 12:giad071 (confound removal can
leak). Marek et al. (2022), Nature 603:654.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps, reported_as
from imagenomer.statistics.folds import Split
from imagenomer.statistics.kernel_models import RELATIVE_PENALTIES
from imagenomer.statistics.models import Model, Ridge
from imagenomer.statistics.permutation import Permutations, check_exchangeable, kinds_of
from imagenomer.statistics.prediction import (
    CrossValidation,
    checked_target,
    cross_validate,
    estimates,
    main_score,
)
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.ridge_models import ridge_errors, ridge_factor
from imagenomer.statistics.sample_space import SampleSpace, project
from imagenomer.statistics.split_tasks import Task, Use, task_of
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Permutations worked on at a time.
_AT_A_TIME = 100
#: Subjects that a model of the learning curve is trained on at least, beside one for each covariate.
_FEWEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest:
    """Does the model predict better than it would if the target belonged to others?

    Attributes
    ----------
    score : str
        "r2", "auc" or "balanced_accuracy".
    statistic : float
        Of the actual target, put together over splits as `imagenomer.statistics.prediction.estimates` does.
    null : ndarray, shape (n_permutations,)
        Of each permutation.
    p_value : float
        One-sided; the identity counts as one.
    """

    score: str
    statistic: float
    null: FloatArray
    p_value: float


def permutation_test(
    space: SampleSpace,
    target: FloatArray | IntArray,
    splits: Sequence[Split],
    model: Model,
    n_permutations: int,
    rng: np.random.Generator,
    *,
    blocks: IntArray | None = None,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[PermutationTest]:
    """Cross-validate permuted targets.

    With covariates in use, the residuals of a number are permuted and added to the fitted values (Freedman and Lane),
    so that the features alone are tested; classes are permuted as they are.

    Parameters
    ----------
    space, target, splits, model, covariates, use
        As for `imagenomer.statistics.prediction.cross_validate`.
    n_permutations : int
        Drawn at random; where no more than these differ, all of them are used (`Permutations`).
    rng : numpy.random.Generator
    blocks : ndarray of int, shape (n_subjects,), optional
        Subjects are permuted only within a block.

    Raises
    ------
    InputError
        If covariates alone are to be tested, or subjects cannot be permuted.
    """
    n_classes = checked_target(space, target, covariates, use)
    if use == "covariates":
        raise InputError("without features there is nothing to test by permuting; use features as well")
    given = permuted_with(covariates, use, n_classes)
    beside = () if given is None else (given,)
    check_exchangeable("the target", target, blocks, *beside)
    drawn = Permutations(kinds_of(target, *beside), blocks, n_permutations, rng)
    n_permutations = drawn.n
    orders = drawn.draw(n_permutations)
    whole = np.arange(space.n_subjects)[None]
    permuted = PermutedTarget(target, n_classes, given)
    name = main_score(n_classes)
    # Inner folds have classes in proportion, so other targets have others.
    if isinstance(model, Ridge) and (not n_classes or (n_classes == 2 and model.inner is None)):
        ridge = _RidgeOfManyTargets(space, tuple(splits), model, covariates, use, n_classes)
        values = []
        for start in range(0, n_permutations + 1, _AT_A_TIME):
            some = np.concatenate([whole, orders])[start : start + _AT_A_TIME]
            values.append((yield from ridge.scores(permuted.targets(some), start, n_permutations)))
        found = np.concatenate(values)
    else:
        found = np.empty(n_permutations + 1)
        for number, order in enumerate(np.concatenate([whole, orders])):
            steps = cross_validate(
                space, permuted.targets(order[None])[:, 0], splits, model, covariates=covariates, use=use
            )
            result = yield from reported_as(steps, "Permuting", number, n_permutations + 1)
            found[number] = score_of(result)
    statistic, null = float(found[0]), found[1:]
    # Equal but for rounding counts as equal.
    n_reached = int(np.count_nonzero(~(null < statistic - 1e-9 * max(1.0, abs(statistic)))))
    return PermutationTest(name, statistic, null, (1 + n_reached) / (1 + n_permutations))


def permuted_with(covariates: FloatArray | None, use: Use, n_classes: int) -> FloatArray | None:
    """Return the covariates that the residuals of a number are taken of before they are permuted; None for none."""
    return covariates if use in ("both", "residual") and not n_classes else None


def score_of(result: CrossValidation) -> float:
    """Return the main score of a cross-validation, put together over splits."""
    return estimates(result)[result.main_score]


class PermutedTarget:
    """A target in permuted orders: residuals of a number given the covariates, or classes themselves."""

    def __init__(self, target: FloatArray | IntArray, n_classes: int, covariates: FloatArray | None) -> None:
        self._target, self._explained = target, np.zeros(target.size)
        self._left: FloatArray | IntArray = target
        if covariates is not None and not n_classes:
            whole = project(target.size, 1, (covariates, covariates[:1]))
            self._left = whole.left(target.astype(np.float64))
            self._explained = target - self._left

    def targets(self, orders: IntArray) -> FloatArray | IntArray:
        """Return the targets of some permutations, shape (n_subjects, n_orders)."""
        moved = self._left[orders].T
        if np.issubdtype(self._target.dtype, np.integer):
            return cast("IntArray", moved)
        return np.asarray(moved + self._explained[:, None], dtype=np.float64)


class _RidgeOfManyTargets:
    """Ridge regression of many targets at once."""

    def __init__(
        self,
        space: SampleSpace,
        splits: tuple[Split, ...],
        model: Ridge,
        covariates: FloatArray | None,
        use: Use,
        n_classes: int,
    ) -> None:
        self._space, self._splits, self._model = space, splits, model
        self._covariates, self._use, self._n_classes = covariates, use, n_classes
        tested = np.bincount(np.concatenate([split.test for split in splits]), minlength=space.n_subjects)
        self._repeated = bool((tested > 1).any())

    def scores(self, targets: FloatArray | IntArray, done: int, total: int) -> Steps[FloatArray]:
        """Return the main score of each target, shape (n_targets,)."""
        parts = []
        for split in self._splits:
            yield Progress("Permuting", done, total)
            columns = np.asarray(targets[split.train], dtype=np.float64)
            if self._n_classes:
                columns = np.where(columns == 1, 1.0, -1.0)
            task = task_of(self._space, split, columns, self._covariates, self._use)
            decision = yield from self._predict(task)
            yield Progress("Permuting", done, total)
            truth = targets[split.test]
            if self._n_classes:
                parts.append(_ordered_pairs(truth == 1, decision))
            else:
                null = targets[split.train].mean(axis=0)
                parts.append(np.stack([((truth - decision) ** 2).sum(axis=0), ((truth - null) ** 2).sum(axis=0)]))
        stacked = np.stack(parts)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self._repeated:
                defined = stacked[:, 1] > 0
                share = np.where(defined, stacked[:, 0] / stacked[:, 1], 0).sum(axis=0) / defined.sum(axis=0)
            else:
                share = stacked[:, 0].sum(axis=0) / stacked[:, 1].sum(axis=0)
        return np.asarray(share if self._n_classes else 1 - share)

    def _predict(self, task: Task) -> Steps[FloatArray]:
        factor = yield from ridge_factor(task.space, task.split, task.projection)
        turned = yield from factor.turned(task.left)
        tried = self._model.penalties or tuple(factor.scale * share for share in RELATIVE_PENALTIES)
        chosen = np.zeros(turned.shape[1], dtype=np.intp)
        if len(tried) > 1:
            errors = yield from ridge_errors(task, factor, turned, tried, self._model.inner)
            chosen = errors.argmin(axis=0)
        solved = np.empty_like(turned)
        for one in np.unique(chosen).tolist():
            solved[:, chosen == one] = factor.solved(turned[:, chosen == one], tried[one])
        return task.known + (yield from factor.decision((yield from factor.coefficients(solved))))


def _ordered_pairs(positive: BoolArray, decision: FloatArray) -> FloatArray:
    """Return for each column how many pairs of a positive and a negative are in order, and how many there are."""
    ranks = average_ranks(decision)
    n_positive = positive.sum(axis=0)
    n_pairs = n_positive * (len(positive) - n_positive)
    above = np.where(positive, ranks, 0).sum(axis=0) - n_positive * (n_positive + 1) / 2
    return np.stack([above, n_pairs.astype(np.float64)])


# --- fewer subjects ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class LearningCurve:
    """How well a model predicts that is trained on fewer subjects.

    Attributes
    ----------
    score : str
    n_train : ndarray of int, shape (n_sizes,)
    values : ndarray, shape (n_sizes, n_splits)
        Of each split's test part, which is the same at every size; NaN where not defined, or too few would train.
    """

    score: str
    n_train: IntArray
    values: FloatArray


def learning_curve(
    space: SampleSpace,
    target: FloatArray | IntArray,
    splits: Sequence[Split],
    model: Model,
    shares: Sequence[float],
    rng: np.random.Generator,
    *,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[LearningCurve]:
    """Train on a share of each training part, drawn without replacement, and predict the whole test part.

    The test subjects are the same at every size, and never in the training set, so that a small share is no easier to
    predict than a large one. Sizes close to the whole share most of their subjects, and their spread over splits says
    little of the variation between samples: that needs draws of at most about a tenth of the subjects (see
    the article "reliability of resampling" cited in the manual).

    Parameters
    ----------
    space, target, splits, model, covariates, use
        As for `imagenomer.statistics.prediction.cross_validate`.
    shares : sequence of float
        Of the training part, in (0, 1].
    rng : numpy.random.Generator
    """
    n_classes = checked_target(space, target, covariates, use)
    name = main_score(n_classes)
    values = np.full((len(shares), len(splits)), np.nan)
    n_train = np.zeros(len(shares), dtype=np.intp)
    orders = [rng.permutation(split.train) for split in splits]
    fewest = _FEWEST + (0 if covariates is None or use == "features" else covariates.shape[1])
    for row, share in enumerate(shares):
        some = [
            replace(split, train=np.sort(order[: max(round(share * order.size), 2)]))
            for split, order in zip(splits, orders, strict=True)
        ]
        n_train[row] = round(float(np.mean([split.train.size for split in some])))
        usable = [
            split
            for split in some
            if split.train.size >= fewest
            and not (target[split.train] == target[split.train[0]]).all()
            and not space.refusal(split)
        ]
        if not usable:
            continue
        steps = cross_validate(space, target, usable, model, covariates=covariates, use=use)
        result = yield from reported_as(steps, "Training on fewer", row, len(shares))
        values[row, [some.index(split) for split in usable]] = result.scores[name]
    return LearningCurve(name, n_train, values)


# --- uninformative features ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class ShuffledFeatures:
    """Performance of a model with covariates on features that carry no information about the target.

    Attributes
    ----------
    score : str
    statistic : float
        With the features as they are.
    shuffled : ndarray, shape (n_shuffles,)
        With whole rows of features permuted over subjects.
    covariates : float
        Of the covariates alone.
    """

    score: str
    statistic: float
    shuffled: FloatArray
    covariates: float


def shuffled_features(
    space: SampleSpace,
    target: FloatArray | IntArray,
    splits: Sequence[Split],
    model: Model,
    n_shuffles: int,
    rng: np.random.Generator,
    *,
    covariates: FloatArray,
    use: Use = "residual",
) -> Steps[ShuffledFeatures]:
    """Give features to other subjects, and take the covariates out as before: any success is then a leak.

    Parameters
    ----------
    space, target, splits, model, covariates, use
        As for `imagenomer.statistics.prediction.cross_validate`; ``use`` is "residual" or "both".
    n_shuffles : int
    rng : numpy.random.Generator
    """
    n_classes = checked_target(space, target, covariates, use)
    actual = yield from cross_validate(space, target, splits, model, covariates=covariates, use=use)
    alone = yield from cross_validate(space, target, splits, model, covariates=covariates, use="covariates")
    shuffled = np.empty(n_shuffles)
    for number in range(n_shuffles):
        moved = space.of(rng.permutation(space.n_subjects))
        steps = cross_validate(moved, target, splits, model, covariates=covariates, use=use)
        shuffled[number] = score_of((yield from reported_as(steps, "Shuffling features", number, n_shuffles)))
    name = main_score(n_classes)
    return ShuffledFeatures(name, score_of(actual), shuffled, score_of(alone))
