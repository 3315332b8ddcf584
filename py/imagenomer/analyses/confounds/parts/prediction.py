"""Part of a confound report: prediction of the target, with and without each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from imagenomer.analyses.confounds.matched_prediction import MatchedPrediction, predict_matched
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import CandidateConnectivity, ConnectivityPart
from imagenomer.analyses.confounds.parts.phenotypes import PhenotypePart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.predictions import (
    Basis,
    PredictionScore,
    predict_by_strata,
    predict_with,
    score_of,
)
from imagenomer.analyses.confounds.subjects import N_FOLDS, Pair, candidate_columns, pair_of, stream
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.joint_model import JointModel
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.prediction_checks import LearningCurve, learning_curve

#: Shares of the training parts that the learning curve trains on.
_TRAINED_ON = (0.1, 0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class CandidatePrediction:
    """How well the target is predicted with one candidate in view.

    Attributes
    ----------
    alone : PredictionScore
        From connectivity, in the subjects who have the candidate.
    with_candidate : tuple of PredictionScore
        From the candidate alone; for one examined closely also from both, and from connectivity with it regressed out.
    by_strata : tuple of PredictionScore
        Within its strata, and from some to others; empty where it is not examined closely.
    matched : MatchedPrediction or None
        None where it is not examined closely, or there is nothing to match by.
    """

    alone: PredictionScore
    with_candidate: tuple[PredictionScore, ...] = ()
    by_strata: tuple[PredictionScore, ...] = ()
    matched: MatchedPrediction | None = None

    @property
    def scores(self) -> tuple[PredictionScore, ...]:
        """All of them, in the order in which they are shown."""
        found = (self.alone, *self.with_candidate, *self.by_strata)
        if self.matched is None:
            return found
        return (*found, *(one for one in (self.matched.matched, self.matched.random) if one is not None))


@dataclass(frozen=True, slots=True, eq=False)
class PredictionPart:
    """How well the target is predicted.

    Attributes
    ----------
    candidates : mapping of str to CandidatePrediction
        By name.
    together : tuple of PredictionScore
        With all candidates that are adjusted for together; empty where these are fewer than two.
    learning : LearningCurve or None
        Of all subjects, from connectivity; None where there are too few.
    """

    candidates: Mapping[str, CandidatePrediction]
    together: tuple[PredictionScore, ...]
    learning: LearningCurve | None


def compute_prediction(
    params: Params, verdict: VerdictPart, phenotypes: PhenotypePart, connectivity: ConnectivityPart
) -> Steps[PredictionPart]:
    seed = params.seed
    candidates = {}
    for name, own in connectivity.candidates.items():
        alone = connectivity.prediction
        if own.here is not connectivity.everybody:
            alone = score_of(Basis.CONNECTIVITY, own.here.target.predicted)
        closely = name in phenotypes.closest
        candidates[name] = yield from _predict_candidate_in_view(params, own, alone, closely=closely)
    together = yield from _predict_together(params, phenotypes, verdict.explanation.model)
    everybody = with_own_space(connectivity.everybody.pair)
    try:
        learning = yield from learning_curve(
            everybody.space,
            everybody.goal,
            everybody.splits[:N_FOLDS],
            Ridge(),
            _TRAINED_ON,
            stream(seed, "learning"),
        )
    except InputError:
        learning = None
    return PredictionPart(candidates, together, learning)


def with_own_space(pair: Pair) -> Pair:
    """Return a pair with a space of its own, whose factors are dropped with it: they are large."""
    return replace(pair, space=pair.space.of(np.arange(pair.n_subjects)))


def _predict_candidate_in_view(
    params: Params, own: CandidateConnectivity, alone: PredictionScore, *, closely: bool
) -> Steps[CandidatePrediction]:
    seed, repetitions = params.seed, params.repetitions
    pair = with_own_space(own.here.pair)
    columns = candidate_columns((own.candidate,), pair.subjects)
    try:
        with_candidate = yield from predict_with(pair, columns, alone=not closely)
    except InputError:
        return CandidatePrediction(alone)
    if not closely:
        return CandidatePrediction(alone, with_candidate)
    by_strata = yield from predict_by_strata(pair, own.candidate, seed, repetitions)
    try:
        matched = yield from predict_matched(pair, own.candidate, seed, repetitions)
    except InputError:
        matched = None
    return CandidatePrediction(alone, with_candidate, by_strata, matched)


def _predict_together(
    params: Params, phenotypes: PhenotypePart, model: JointModel
) -> Steps[tuple[PredictionScore, ...]]:
    if len(model.names) < 2:
        return ()
    try:
        pair = yield from pair_of(phenotypes.people, model.known, params.repetitions, params.seed)
        return (yield from predict_with(pair, model.columns))
    except InputError:
        return ()
