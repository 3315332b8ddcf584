"""Predictions of a confound report: of the target or a candidate, from connectivity and candidates, in whom.

Confidence intervals come from a bootstrap whose random numbers are drawn from a stream of their own for each
prediction. The keys of these streams are texts that decide numbers and are never shown: they must stay as they are.
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
from imagenomer.statistics.prediction import CrossValidation, cross_validate, intervals, null_scores
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


def score_of(
    basis: Basis,
    result: CrossValidation,
    rng: np.random.Generator,
    score: str | None = None,
    *,
    stratum: str = "",
    others: str = "",
) -> PredictionScore:
    """Return a score of a cross-validation, the main one by default, with its interval."""
    score = score or result.main_score
    n_subjects = np.unique(np.concatenate([split.test for split in result.splits])).size
    return PredictionScore(
        basis, int(n_subjects), score, intervals(result, rng)[score], null_scores(result)[score], stratum, others
    )


def score_of_connectivity(result: CrossValidation, seed: int, *keys: str) -> PredictionScore:
    """Return the main score of a cross-validation from connectivity, with its interval."""
    return score_of(Basis.CONNECTIVITY, result, stream(seed, "intervals", *keys))


def predict_candidate(pair: Pair, candidate: Phenotype, seed: int) -> Steps[PredictionScore | None]:
    """Predict a candidate from connectivity, in the folds of the target; None where a level is too rare for it."""
    goal = goal_of(candidate_model(candidate, pair.subjects))
    try:
        result = yield from predict(pair.space, goal, pair.splits)
    except InputError:
        return None
    return score_of_connectivity(result, seed, candidate.name)


def predict_with(
    pair: Pair, columns: FloatArray, seed: int, what: str, *, alone: bool = False
) -> Steps[tuple[PredictionScore, ...]]:
    """Predict the target from candidates alone, from both, and from connectivity with candidates regressed out.

    Parameters
    ----------
    columns : ndarray, shape (n, n_columns)
        Of the candidates.
    what : str
        "candidate" or "candidates": of the streams of random numbers.
    alone : bool
        The first only, which costs next to nothing.
    """
    ways: tuple[tuple[Use, Basis, str], ...] = (
        ("covariates", Basis.CANDIDATES, f"{what} alone"),
        ("both", Basis.CANDIDATES_AND_CONNECTIVITY, f"{what} and connectivity"),
        ("residual", Basis.CONNECTIVITY_WITHOUT_CANDIDATES, f"connectivity without the {what}"),
    )
    found = []
    for use, basis, key in ways[:1] if alone else ways:
        result = yield from predict(pair.space, pair.goal, pair.splits, covariates=columns, use=use)
        found.append(score_of(basis, result, stream(seed, "intervals", key)))
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
        found.append((yield from _predict_within(pair, candidate, strata, code, seed, repetitions)))
    for code in large if len(strata.names) > 1 else []:
        found.append((yield from _predict_from_others(pair, candidate, strata, code, seed)))
    return tuple(one for one in found if one is not None)


def _predict_within(
    pair: Pair, candidate: Phenotype, strata: Strata, code: int, seed: int, repetitions: int
) -> Steps[PredictionScore | None]:
    """Predict the target within a stratum; None where a class of it is too rare."""
    own = np.flatnonzero(strata.codes == code)
    goal = recoded(pair.goal[own])
    try:
        families = None if pair.families is None else pair.families[own]
        result = yield from predict(pair.space.of(own), goal, folds_of(goal, repetitions, seed, families))
    except InputError:
        return None
    stratum = strata.names[code]
    rng = stream(seed, "intervals", f"within {candidate.name} {stratum}")
    return score_of(Basis.STRATUM, result, rng, stratum=stratum)


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
    score = None if result.n_classes else "r"
    return score_of(Basis.OTHER_STRATA, result, rng, score, stratum=stratum, others=others)
