"""Predictions of a confound report: of the target or a candidate, from connectivity and candidates, in whom.

An interval that covers refits the model in many half-samples (`imagenomer.statistics.half_samples`); the dozens of
predictions here have none, but for those from some strata to another, which are of the model as it is: a bootstrap
whose random numbers are drawn from a stream of their own. The keys of these streams are texts that decide numbers and
are never shown: they must stay as they are.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np

from imagenomer.analyses.confounds.subjects import Pair, candidate_model, folds_of, goal_of, recoded, stream
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.folds import Split, train_on
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.prediction import (
    CrossValidation,
    cross_validate,
    estimates,
    intervals_of_models,
    null_scores,
)
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.scores import Interval
from imagenomer.statistics.split_tasks import Use
from imagenomer.statistics.strata import Strata, strata_of
from imagenomer.types import FloatArray, IntArray

#: A group needs so many subjects to be predicted within, and a matched subsample so many in all.
LEAST_WITHIN = 30
#: Levels of a candidate that are examined one by one.
_MOST_WITHIN = 4


class Basis(enum.Enum):
    """What something is predicted from, and in whom."""

    CONNECTIVITY = enum.auto()
    CANDIDATES = enum.auto()
    CANDIDATES_AND_CONNECTIVITY = enum.auto()
    CONNECTIVITY_WITHOUT_CANDIDATES = enum.auto()
    #: Connectivity, within a stratum of a candidate.
    STRATUM = enum.auto()
    #: Connectivity of some strata of a candidate, from which another is predicted.
    OTHER_STRATA = enum.auto()
    #: Connectivity, in subjects among whom target and candidate are not associated.
    MATCHED = enum.auto()
    #: Connectivity, in as many subjects as could be matched, at random.
    RANDOM = enum.auto()
    VARIANTS = enum.auto()


@dataclass(frozen=True, slots=True, eq=False)
class PredictionScore:
    """How well something is predicted.

    Attributes
    ----------
    basis : Basis
    n_subjects : int
        In the test sets.
    score : str
        "r2", "auc" or "balanced_accuracy"; "r" from one group to another.
    interval : Interval
        NaN limits where there is none.
    null : float
        The null model's score.
    stratum, others : str
        Of a prediction within a stratum its name; from others to it theirs, too.
    """

    basis: Basis
    n_subjects: int
    score: str
    interval: Interval
    null: float
    stratum: str = ""
    others: str = ""


def predict(
    space: SampleSpace,
    goal: FloatArray | IntArray,
    splits: tuple[Split, ...],
    *,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[CrossValidation]:
    """Cross-validate ridge regression (of classes the ridge classifier)."""
    return (yield from cross_validate(space, goal, splits, Ridge(), covariates=covariates, use=use))


def score_of(basis: Basis, result: CrossValidation, *, stratum: str = "") -> PredictionScore:
    """Return the main score of a cross-validation, without an interval."""
    score = result.main_score
    interval = Interval(estimates(result)[score], np.nan, np.nan)
    return PredictionScore(basis, _n_tested(result), score, interval, null_scores(result)[score], stratum)


def _n_tested(result: CrossValidation) -> int:
    return int(np.unique(np.concatenate([split.test for split in result.splits])).size)


def predict_candidate(pair: Pair, candidate: Phenotype) -> Steps[PredictionScore | None]:
    """Predict a candidate from connectivity, in the folds of the target; None where a level is too rare for it."""
    goal = goal_of(candidate_model(candidate, pair.subjects))
    try:
        result = yield from predict(pair.space, goal, pair.splits)
    except InputError:
        return None
    return score_of(Basis.CONNECTIVITY, result)


def predict_with(pair: Pair, columns: FloatArray, *, alone: bool = False) -> Steps[tuple[PredictionScore, ...]]:
    """Predict the target from candidates alone, from both, and from connectivity with candidates regressed out.

    Parameters
    ----------
    columns : ndarray, shape (n, n_columns)
        Of the candidates.
    alone : bool
        The first only, which costs next to nothing.
    """
    ways: tuple[tuple[Use, Basis], ...] = (
        ("covariates", Basis.CANDIDATES),
        ("both", Basis.CANDIDATES_AND_CONNECTIVITY),
        ("residual", Basis.CONNECTIVITY_WITHOUT_CANDIDATES),
    )
    found = []
    for use, basis in ways[:1] if alone else ways:
        result = yield from predict(pair.space, pair.goal, pair.splits, covariates=columns, use=use)
        found.append(score_of(basis, result))
    return tuple(found)


def halves_or_levels(candidate: Phenotype, subjects: IntArray) -> Strata:
    """Return the groups of a candidate within which a target is predicted: levels, or both sides of the median."""
    if candidate.levels:
        return strata_of(candidate, subjects)
    halves = strata_of(candidate, subjects, most=2, least=1)
    if len(halves.names) < 2:
        return halves
    middle = float(candidate.values[subjects][halves.codes == 0].max())
    return replace(halves, names=(f"up to {middle:.4g}", f"above {middle:.4g}"))


def predict_by_strata(
    pair: Pair, candidate: Phenotype, seed: int, repetitions: int
) -> Steps[tuple[PredictionScore, ...]]:
    """Predict the target within strata of a candidate, and from some strata to the others."""
    strata = halves_or_levels(candidate, pair.subjects)
    order = np.argsort(-strata.sizes, kind="stable").tolist()
    large = [code for code in order if strata.sizes[code] >= LEAST_WITHIN][:_MOST_WITHIN]
    found = []
    for code in large:
        found.append((yield from _predict_within(pair, strata, code, seed, repetitions)))
    for code in large if len(strata.names) > 1 else []:
        found.append((yield from _predict_from_others(pair, candidate, strata, code, seed)))
    return tuple(one for one in found if one is not None)


def _predict_within(
    pair: Pair, strata: Strata, code: int, seed: int, repetitions: int
) -> Steps[PredictionScore | None]:
    """Predict the target within a stratum; None where a class of it is too rare."""
    own = np.flatnonzero(strata.codes == code)
    goal = recoded(pair.goal[own])
    try:
        families = None if pair.families is None else pair.families[own]
        result = yield from predict(pair.space.of(own), goal, folds_of(goal, repetitions, seed, families))
    except InputError:
        return None
    return score_of(Basis.STRATUM, result, stratum=strata.names[code])


def _predict_from_others(
    pair: Pair, candidate: Phenotype, strata: Strata, code: int, seed: int
) -> Steps[PredictionScore | None]:
    """Predict the target in a stratum from all others; None where they or it are all of one class or value."""
    test, stratum = strata.codes == code, strata.names[code]
    others = strata.names[1 - code] if len(strata.names) == 2 else "all others"
    try:
        result = yield from predict(pair.space, pair.goal, train_on(~test, test))
    except InputError:
        return None
    if (pair.goal[test] == pair.goal[test][0]).all():
        return None
    rng = stream(seed, "intervals", f"{candidate.name}: from {others} to {stratum}")
    # By r: the means of the groups differ, and a model of one says little about the other's.
    score = result.main_score if result.n_classes else "r"
    interval, null = intervals_of_models(result, rng)[score], null_scores(result)[score]
    return PredictionScore(Basis.OTHER_STRATA, _n_tested(result), score, interval, null, stratum, others)
