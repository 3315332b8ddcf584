"""Prediction of a phenotype, cross-validated: whatever is fitted is fitted in the training part of each split.

Numbers are predicted by regression; of a category each level is classified against the others, and the one with the
highest decision value is predicted. Every prediction comes with that of the null model, which uses the target of the
training part and no features: its mean, or its most frequent class.

Covariates can be used in four ways: not at all ("features"), alone ("covariates"), beside the features and without a
penalty ("both"), or taken out of the features, as fitted in the training part ("residual").

References
----------
Poldrack et al. (2020), JAMA Psychiatry 77:534. Varoquaux et al. (2017), NeuroImage 145:166. Chyzhyk et al. (2022),
GigaScience 11:giac014. Efron and Tibshirani (1993), An Introduction to the Bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics import scores
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import Model
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.scores import Interval
from imagenomer.statistics.split_models import fit_split
from imagenomer.statistics.split_tasks import Fit, Use
from imagenomer.types import FloatArray, IntArray

#: Samples of a bootstrap.
_N_BOOTSTRAP = 1000


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """Predictions of test subjects.

    Attributes
    ----------
    splits : tuple of Split
    truth : ndarray, shape (n_subjects,)
        The target: numbers, or codes of classes.
    n_classes : int
        0 where the target is a number.
    predicted : ndarray, shape (n_splits, n_subjects)
        Numbers, or codes of classes; NaN where not tested.
    decision : ndarray, shape (n_splits, n_subjects, n_columns)
        Decision values: of a number the prediction, of two classes those of class 1, else one a class.
    null : ndarray, shape (n_splits, n_subjects)
        What the null model predicts, as ``predicted``.
    scores, null_scores : dict of str to ndarray, shape (n_splits,)
        "r2", "rmse", "mae", "r" of a number; "accuracy", "balanced_accuracy", "auc" of classes. NaN where not defined.
    penalties : ndarray, shape (n_splits,)
        As chosen; NaN where there is none.
    coefficients : ndarray, shape (n_splits, n_subjects, n_columns)
        In sample space: what `SampleSpace.weights` makes weights of; 0 where not trained on.
    n_features : ndarray of int, shape (n_splits,)
        Features in use.
    selections : tuple of ndarray of int
        Features selected in each split; empty where all are used.
    strongest : int
        Splits in which the strongest of several penalties was chosen.
    """

    splits: tuple[Split, ...]
    truth: FloatArray | IntArray
    n_classes: int
    predicted: FloatArray
    decision: FloatArray
    null: FloatArray
    scores: dict[str, FloatArray]
    null_scores: dict[str, FloatArray]
    penalties: FloatArray
    coefficients: FloatArray
    n_features: IntArray
    selections: tuple[IntArray, ...] = ()
    strongest: int = 0

    @property
    def repeated(self) -> bool:
        """Whether somebody is tested more than once."""
        return bool((np.isfinite(self.predicted).sum(axis=0) > 1).any())

    @property
    def main_score(self) -> str:
        """The score to judge by: R2, AUC of two classes, or balanced accuracy of more."""
        return main_score(self.n_classes)

    def together(self, weights: FloatArray | None = None) -> dict[str, FloatArray]:
        """Return the scores of all test subjects together; for splits that test every subject once at most.

        Parameters
        ----------
        weights : ndarray, shape (n_samples, n_subjects), optional
            How often each subject counts.
        """
        tests = _alone(self.splits)
        return _scores(self.truth, self.predicted, self.decision, self.null, self.n_classes, tests, weights)

    def averaged(self) -> FloatArray:
        """Return each subject's prediction, averaged over the splits that tested them; of classes the decision values.

        Returns
        -------
        ndarray, shape (n_subjects, n_columns)
            NaN where never tested.
        """
        tested = np.isfinite(self.decision)
        total = np.where(tested, self.decision, 0).sum(axis=0)
        with np.errstate(invalid="ignore"):
            return np.asarray(total / np.where(tested.any(axis=0), tested.sum(axis=0), np.nan))


def main_score(n_classes: int) -> str:
    """Return the score to judge by: of a number, of two classes, of more."""
    if not n_classes:
        return "r2"
    return "auc" if n_classes == 2 else "balanced_accuracy"


def cross_validate(
    space: SampleSpace,
    target: FloatArray | IntArray,
    splits: Sequence[Split],
    model: Model,
    *,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[CrossValidation]:
    """Fit a model to the training part of each split and predict the test part.

    Parameters
    ----------
    space : SampleSpace
        Of the subjects.
    target : ndarray, shape (n_subjects,)
        Floating: a number. Whole: codes of classes, from 0.
    splits : sequence of Split
    model : Model
    covariates : ndarray, shape (n_subjects, n_covariates), optional
        Without an intercept.
    use : {"features", "covariates", "both", "residual"}

    Raises
    ------
    InputError
        If the target does not vary in a training part, or there are too few subjects for the covariates.
    """
    n_classes = checked_target(space, target, covariates, use)
    fits = []
    for number, split in enumerate(splits):
        yield Progress("Training", number, len(splits))
        fits.append((yield from fit_split(space, target, n_classes, split, model, covariates, use)))
    return assemble(space, target, n_classes, tuple(splits), fits)


def fit_everybody(
    space: SampleSpace,
    target: FloatArray | IntArray,
    model: Model,
    *,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[Fit]:
    """Fit a model to all subjects, for its weights; what it then predicts of them is no test of it.

    Parameters and errors as for `cross_validate`.
    """
    n_classes = checked_target(space, target, covariates, use)
    everybody = np.arange(space.n_subjects)
    whole = Split(everybody, everybody, "the whole")
    return (yield from fit_split(space, target, n_classes, whole, model, covariates, use))


def assemble(
    space: SampleSpace,
    target: FloatArray | IntArray,
    n_classes: int,
    splits: tuple[Split, ...],
    fits: Sequence[Fit],
) -> CrossValidation:
    """Put the models of all splits together, and judge them."""
    n_columns = n_classes if n_classes > 2 else 1
    shape = (len(splits), space.n_subjects)
    decision = np.full((*shape, n_columns), np.nan)
    coefficients = np.zeros((*shape, n_columns))
    null = np.full(shape, np.nan)
    for number, (split, fit) in enumerate(zip(splits, fits, strict=True)):
        decision[number, split.test] = fit.decision
        coefficients[number, split.train] = fit.coefficients
        null[number, split.test] = _null(target[split.train], n_classes)
    predicted = _predicted(decision, n_classes)
    alone = _alone(splits)
    per_split = [_scores(target, predicted, decision, null, n_classes, [one]) for one in alone]
    plain = [_scores(target, null, _flat(null, decision), null, n_classes, [one]) for one in alone]
    return CrossValidation(
        splits,
        target,
        n_classes,
        predicted,
        decision,
        null,
        {name: np.array([float(one[name]) for one in per_split]) for name in per_split[0]},
        {name: np.array([float(one[name]) for one in plain]) for name in plain[0]},
        np.array([fit.penalty for fit in fits]),
        coefficients,
        np.array([space.n_features if fit.selected is None else fit.selected.size for fit in fits]),
        tuple(fit.selected for fit in fits if fit.selected is not None),
        sum(fit.strongest for fit in fits),
    )


def _flat(null: FloatArray, decision: FloatArray) -> FloatArray:
    """Return the decision values of the null model: the same for all test subjects."""
    return np.asarray(np.where(np.isnan(null), np.nan, 0.0)[:, :, None] * np.ones(decision.shape[2]))


def _alone(splits: Sequence[Split]) -> list[tuple[int, IntArray]]:
    return [(number, split.test) for number, split in enumerate(splits)]


def _scores(
    target: FloatArray | IntArray,
    predicted: FloatArray,
    decision: FloatArray,
    null: FloatArray,
    n_classes: int,
    tests: Sequence[tuple[int, IntArray]],
    weights: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Return the scores of some splits together, of which each subject is tested in one at most."""
    number = np.concatenate([np.full(test.size, one) for one, test in tests])
    who = np.concatenate([test for _, test in tests])
    own = None if weights is None else weights[..., who]
    truth, guess = target[who], predicted[number, who]
    if not n_classes:
        truth = truth.astype(np.float64)
        return {
            "r2": scores.r2(truth, guess, null[number, who], own),
            "rmse": scores.rmse(truth, guess, own),
            "mae": scores.mae(truth, guess, own),
            "r": scores.within_r(truth, guess, number, own),
        }
    codes = truth.astype(np.intp)
    values = decision[number, who]
    if values.shape[1] == 1:
        area = scores.auc(codes, values[:, 0], number, own)
    else:
        each = [scores.auc((codes == one).astype(np.intp), values[:, one], number, own) for one in range(n_classes)]
        with np.errstate(invalid="ignore"):
            known = np.isfinite(each).sum(axis=0)
            area = np.where(known > 0, np.nansum(each, axis=0) / np.maximum(known, 1), np.nan)
    return {
        "accuracy": scores.accuracy(codes, guess.astype(np.intp), own),
        "balanced_accuracy": scores.balanced_accuracy(codes, guess.astype(np.intp), own),
        "auc": area,
    }


def estimates(result: CrossValidation) -> dict[str, float]:
    """Return each score: of repeated splits the mean, else that of all test subjects together.

    `imagenomer.statistics.half_samples` says how far they may be off.
    """
    if result.repeated:
        return {name: _mean_of_known(values) for name, values in result.scores.items()}
    return {name: float(value) for name, value in result.together().items()}


def intervals_of_models(
    result: CrossValidation, rng: np.random.Generator, confidence: float = 0.95
) -> dict[str, Interval]:
    """Return each score of models as they are, with its interval over other test subjects.

    For models that are tested in subjects of another cohort or group: the percentile interval of a bootstrap of those.
    What models trained on other subjects would score is not in it.

    Parameters
    ----------
    result : CrossValidation
        Everybody is tested once at most.
    rng : numpy.random.Generator
    confidence : float
    """
    whole = result.together()
    who = np.concatenate([split.test for split in result.splits])
    weights = np.zeros((_N_BOOTSTRAP, result.truth.size))
    weights[:, who] = scores.bootstrap_weights(who.size, _N_BOOTSTRAP, rng)
    drawn = result.together(weights)
    return {name: scores.percentile_interval(float(whole[name]), drawn[name], confidence) for name in whole}


def null_scores(result: CrossValidation) -> dict[str, float]:
    """Return the scores of the null model, put together as `estimates` does those of the model."""
    if result.repeated:
        return {name: _mean_of_known(values) for name, values in result.null_scores.items()}
    flat = _flat(result.null, result.decision)
    whole = _scores(result.truth, result.null, flat, result.null, result.n_classes, _alone(result.splits))
    return {name: float(value) for name, value in whole.items()}


def _mean_of_known(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


# --- shared --------------------------------------------------------------------------------------


def checked_target(space: SampleSpace, target: FloatArray | IntArray, covariates: FloatArray | None, use: Use) -> int:
    """Return the number of classes, 0 of a number; refuse what does not go together."""
    if target.shape != (space.n_subjects,):
        raise ValueError(f"a target of shape {target.shape} for {space.n_subjects} subjects")
    if use != "features" and covariates is None:
        raise InputError(f"covariates are to be used ({use}) and none is chosen; choose some")
    if covariates is not None and covariates.shape[0] != space.n_subjects:
        raise ValueError(f"covariates of {covariates.shape[0]} subjects for {space.n_subjects}")
    if not np.isfinite(target).all() or (covariates is not None and not np.isfinite(covariates).all()):
        raise ValueError("the target or a covariate has missing values; leave those subjects out first")
    if not np.issubdtype(target.dtype, np.integer):
        return 0
    if target.min() < 0:
        raise ValueError("classes are coded from 0")
    return max(int(target.max()) + 1, 2)


def _predicted(decision: FloatArray, n_classes: int) -> FloatArray:
    if not n_classes:
        return decision[:, :, 0].copy()
    tested = np.isfinite(decision[:, :, 0])
    if decision.shape[2] == 1:
        return np.where(tested, decision[:, :, 0] > 0, np.nan)
    return np.where(tested, np.where(np.isnan(decision), -np.inf, decision).argmax(axis=2), np.nan)


def _null(target: FloatArray | IntArray, n_classes: int) -> float:
    return float(np.bincount(target.astype(np.intp), minlength=n_classes).argmax() if n_classes else target.mean())
