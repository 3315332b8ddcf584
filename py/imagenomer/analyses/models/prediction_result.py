"""The result of a prediction: its scores, what it was compared with, and what could be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.plan import Plan
from imagenomer.analyses.shared.predictors import FeatureSet
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.statistics.half_samples import HalfSamples, intervals
from imagenomer.statistics.models import Model as SplitModel
from imagenomer.statistics.prediction import CrossValidation, estimates, intervals_of_models, null_scores
from imagenomer.statistics.prediction_checks import LearningCurve, PermutationTest, ShuffledFeatures
from imagenomer.statistics.scores import Interval
from imagenomer.statistics.split_tasks import Use
from imagenomer.types import FloatArray, IntArray

#: What scores are called.
SCORES = {
    "r2": "R²",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "r": "Pearson's r within splits",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "auc": "AUC",
}
#: Draws of at most this share of the subjects have few in common.
_APART = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """The scores of a cross-validation, with their intervals.

    Attributes
    ----------
    validation : CrossValidation
    scores : dict of str to Interval
    null : dict of str to float
        Of the null model.
    halves : HalfSamples or None
        What the intervals are by; None where they are of the models as they are, over other test subjects. Where there
        are no intervals, it says why.
    """

    validation: CrossValidation
    scores: dict[str, Interval]
    null: dict[str, float]
    halves: HalfSamples | None = None

    @classmethod
    def of(cls, validation: CrossValidation, halves: HalfSamples) -> Performance:
        """Return the scores of models of samples of this size."""
        return cls(validation, intervals(validation, halves), null_scores(validation), halves)

    @classmethod
    def of_models(cls, validation: CrossValidation, rng: np.random.Generator) -> Performance:
        """Return the scores of the models as they are, each tested in another cohort."""
        return cls(validation, intervals_of_models(validation, rng), null_scores(validation))

    @classmethod
    def without_intervals(cls, validation: CrossValidation) -> Performance:
        """Return the scores alone."""
        scores = {name: Interval(value, np.nan, np.nan) for name, value in estimates(validation).items()}
        return cls(validation, scores, null_scores(validation), HalfSamples({}, 0, 0, "none were requested"))

    @property
    def main(self) -> Interval:
        """The score to judge by."""
        return self.scores[self.validation.main_score]


def score_text(performance: Performance, name: str) -> str:
    """Return a score with its interval: "R² = 0.213 (95 % interval 0.102 to 0.324)"."""
    one = performance.scores[name]
    digits = ".3f" if name not in ("rmse", "mae") else ".4g"
    text = (
        f"{SCORES[name]} = {number_text(one.estimate, digits)}"
        if np.isfinite(one.estimate)
        else f"{SCORES[name]} is not defined"
    )
    if np.isfinite(one.low):
        text += f" (95 % interval {number_text(one.low, digits)} to {number_text(one.high, digits)})"
    return text


@dataclass(frozen=True, slots=True, eq=False)
class FinalModel:
    """A model of all training subjects.

    Attributes
    ----------
    weights, patterns : ndarray, shape (n_columns, n_features)
        What the model multiplies features by, and how features covary with the prediction (Haufe 2014).
    selected : ndarray of int or None
        Features in use; None: all.
    n_subjects : int
    penalty : float
    """

    weights: FloatArray
    patterns: FloatArray
    selected: IntArray | None
    n_subjects: int
    penalty: float


@dataclass(frozen=True, slots=True, eq=False)
class PredictionErrors:
    """The prediction error of each subject, and its associations with phenotypes.

    Attributes
    ----------
    signed, absolute : ndarray, shape (n_subjects,)
        Truth less prediction, averaged over splits (NaN of classes), and its size (of classes the share of splits that
        predicted another); NaN where not tested.
    phenotypes : tuple of Phenotype
    association, neg_log10_p, n_subjects : ndarray, shape (2, n_phenotypes)
        Of signed and of absolute errors, as of `imagenomer.statistics.pairwise`.
    """

    signed: FloatArray
    absolute: FloatArray
    phenotypes: tuple[Phenotype, ...]
    association: FloatArray
    neg_log10_p: FloatArray
    n_subjects: IntArray

    def ranking(self, target: str) -> IntArray:
        """Return the phenotypes that absolute errors were tested for, the most strongly associated first.

        Parameters
        ----------
        target : str
            The phenotype that was predicted, which is not among them.
        """
        p = self.neg_log10_p[1]
        others = np.array([one.name != target for one in self.phenotypes], dtype=bool)
        known = np.flatnonzero(~np.isnan(p) & others)
        return known[np.argsort(-p[known], kind="stable")]


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """A model of one cohort, tested in the other.

    Attributes
    ----------
    trained_on, tested_on : str
        Names of the cohorts.
    performance : Performance
        Among all test subjects.
    covariates_alone : Performance or None
    by_level : dict of str to Performance
        Among test subjects of each level of ``by``.
    by : str or None
        A category.
    plan : Plan
        Of permutations of the test subjects.
    permutation_test : PermutationTest or None
    """

    trained_on: str
    tested_on: str
    performance: Performance
    covariates_alone: Performance | None
    by_level: dict[str, Performance]
    by: str | None
    plan: Plan
    permutation_test: PermutationTest | None

    @property
    def n_train(self) -> int:
        return int(self.performance.validation.splits[0].train.size)

    @property
    def name(self) -> str:
        return f"{self.trained_on} → {self.tested_on}"


@dataclass(frozen=True, slots=True)
class TrainingSize:
    """One size of a learning curve.

    Attributes
    ----------
    n_train : int
    mean, sd : float
        Of the scores of the splits; NaN where fewer than one, or two, are defined.
    apart : bool
        Whether the draws of this size have few subjects in common, so that their spread says how certain the score is.
    """

    n_train: int
    mean: float
    sd: float
    apart: bool


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A phenotype predicted, and how well.

    Attributes
    ----------
    feature_set : FeatureSet
        From what is predicted, and of whom.
    linear_model : Model
        What is predicted, and the covariates.
    levels : tuple of str
        Classes, as the codes of the target count them; empty for a number.
    use : Use
        How covariates are used.
    model : Ridge, Logistic, LinearSvm, ElasticNet, ConnectomeModel or TopFeatures
    performance : Performance
    covariates_alone : Performance or None
        Of predictions from the covariates alone, in the same splits.
    final_model : FinalModel or None
        None where no features are used.
    errors : PredictionErrors
    plan : Plan
        Of permutations.
    permutation_test : PermutationTest or None
    learning_curve : LearningCurve or None
    shuffled_features : ShuffledFeatures or None
    ancestry_sentences : tuple of str
        How components of ancestry were computed, where they are covariates.
    cohort : Cohort
        Of the subjects: the open one, or the subjects of both cohorts together.
    transfers : tuple of Transfer
        Where one cohort is trained on and the other tested; then ``permutation_test`` is None.
    """

    feature_set: FeatureSet
    linear_model: Model
    levels: tuple[str, ...]
    use: Use
    model: SplitModel
    performance: Performance
    covariates_alone: Performance | None
    final_model: FinalModel | None
    errors: PredictionErrors
    plan: Plan
    permutation_test: PermutationTest | None
    learning_curve: LearningCurve | None
    shuffled_features: ShuffledFeatures | None
    ancestry_sentences: tuple[str, ...]
    cohort: Cohort
    transfers: tuple[Transfer, ...] = ()

    @property
    def validation(self) -> CrossValidation:
        return self.performance.validation

    @property
    def n_classes(self) -> int:
        return len(self.levels)

    @property
    def phenotype(self) -> Phenotype:
        """The phenotype that is predicted, or one level of it."""
        return self.linear_model.question.phenotype

    @property
    def target_name(self) -> str:
        """What is predicted: "age", "sex = M"."""
        return self.linear_model.name

    @property
    def note(self) -> str:
        """What figures say below: how many subjects, and from what is predicted."""
        return f"{counted(self.feature_set.n_subjects, 'subject')}; {self.feature_set.name}"

    @property
    def training_sizes(self) -> list[TrainingSize]:
        """The sizes of the learning curve; empty where none was asked for."""
        if self.learning_curve is None:
            return []
        sizes = []
        for n, values in zip(self.learning_curve.n_train.tolist(), self.learning_curve.values, strict=True):
            known = values[np.isfinite(values)]
            mean = float(known.mean()) if known.size else float("nan")
            sd = float(known.std(ddof=1)) if known.size > 1 else float("nan")
            sizes.append(TrainingSize(n, mean, sd, n <= _APART * self.feature_set.n_subjects))
        return sizes

    @property
    def frequency(self) -> FloatArray | None:
        """Share of splits in which each feature was selected; None where all are used."""
        selections = self.validation.selections
        if not selections:
            return None
        counts = np.bincount(np.concatenate(selections), minlength=self.feature_set.space.features.n_columns)
        return np.asarray(counts / len(selections))
