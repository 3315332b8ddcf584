"""Prediction in a subsample in which the target is not associated with a candidate, by choice of subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from imagenomer.analyses.confounds.predictions import (
    LEAST_WITHIN,
    Basis,
    PredictionScore,
    halves_or_levels,
    predict,
    score_of,
)
from imagenomer.analyses.confounds.subjects import Pair, folds_of, recoded, stream
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.prediction import CrossValidation
from imagenomer.statistics.strata import match_cells, match_levels
from imagenomer.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class MatchedPrediction:
    """Prediction in a matched subsample.

    Attributes
    ----------
    n_subjects : int
        Of the subsample.
    matched, random : PredictionScore or None
        In the subsample, and in as many subjects drawn at random, which shows the cost of the smaller sample alone;
        None where too few can be matched.
    """

    n_subjects: int
    matched: PredictionScore | None
    random: PredictionScore | None


def predict_matched(pair: Pair, candidate: Phenotype, seed: int, repetitions: int) -> Steps[MatchedPrediction]:
    """Predict the target in subjects chosen so that it is not associated with the candidate.

    Raises
    ------
    InputError
        If there is nothing to match by: one level, or a number that does not vary.
    """
    rng = stream(seed, "matching", candidate.name)
    chosen = _match(pair, candidate, rng)
    if chosen.size < LEAST_WITHIN:
        return MatchedPrediction(chosen.size, None, None)
    at_random = np.sort(rng.permutation(pair.n_subjects)[: chosen.size])
    try:
        matched = yield from _predict_some(pair, chosen, seed, repetitions)
        random = yield from _predict_some(pair, at_random, seed, repetitions)
    except InputError:
        return MatchedPrediction(chosen.size, None, None)
    return MatchedPrediction(
        chosen.size,
        score_of(Basis.MATCHED, matched),
        score_of(Basis.RANDOM, random),
    )


def _predict_some(pair: Pair, some: IntArray, seed: int, repetitions: int) -> Steps[CrossValidation]:
    goal = recoded(pair.goal[some])
    families = None if pair.families is None else pair.families[some]
    return (yield from predict(pair.space.of(some), goal, folds_of(goal, repetitions, seed, families)))


def _match(pair: Pair, candidate: Phenotype, rng: np.random.Generator) -> IntArray:
    """Return positions of subjects among whom target and candidate are not associated.

    Of a target that is a category: of every class as many with each level of the candidate, or subjects of each class
    with about the same number. Of a number: subjects of each level, or side of the median, with about the same target.
    """
    goal, strata = pair.goal, halves_or_levels(candidate, pair.subjects)
    if pair.target.levels:
        classes = cast("IntArray", goal)
        if candidate.levels:
            return match_cells(classes, strata.codes, rng=rng)
        return match_levels(classes, candidate.values[pair.subjects].astype(np.float64), rng=rng).chosen
    own = np.flatnonzero(np.isin(strata.codes, np.flatnonzero(strata.sizes >= LEAST_WITHIN)))
    if np.unique(strata.codes[own]).size < 2:
        return own[:0]
    return own[match_levels(strata.codes[own], cast("FloatArray", goal)[own], rng=rng).chosen]
