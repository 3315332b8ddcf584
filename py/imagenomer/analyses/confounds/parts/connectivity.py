"""Part of a confound report: what is associated with connectivity, edge by edge and as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imagenomer.analyses.confounds.associations import TargetConnectivity, target_connectivity
from imagenomer.analyses.confounds.edge_maps import EdgeMap, candidate_edge_map, target_edge_map
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.predictions import Basis, PredictionScore, predict_candidate, score_of
from imagenomer.analyses.confounds.subjects import (
    Pair,
    Subjects,
    candidate_columns,
    candidate_model,
    known_of,
    pair_of,
    stream,
)
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.multivariate import ShareExplained, share_explained, whole_p
from imagenomer.types import BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class PairConnectivity:
    """How the target is associated with connectivity in the subjects who have some candidates.

    Attributes
    ----------
    pair : Pair
    target : TargetConnectivity
    target_map : EdgeMap
    """

    pair: Pair
    target: TargetConnectivity
    target_map: EdgeMap


@dataclass(frozen=True, slots=True, eq=False)
class CandidateConnectivity:
    """How one candidate, and the target in the same subjects, are associated with connectivity.

    Attributes
    ----------
    candidate : Phenotype
    here : PairConnectivity
        The subjects who have both, and the target among them.
    edge_map : EdgeMap
        Of the candidate.
    share : ShareExplained
        Of connectivity, by the candidate.
    p_value : float
        Of no association of the candidate with connectivity as a whole.
    prediction : PredictionScore or None
        Of the candidate; None where a level is too rare for the folds.
    """

    candidate: Phenotype
    here: PairConnectivity
    edge_map: EdgeMap
    share: ShareExplained
    p_value: float
    prediction: PredictionScore | None


@dataclass(frozen=True, slots=True, eq=False)
class ConnectivityPart:
    """What is associated with connectivity.

    Attributes
    ----------
    everybody : PairConnectivity
        The subjects who have the target.
    prediction : PredictionScore
        Of the target, in everybody.
    candidates : mapping of str to CandidateConnectivity
        By name; without those with too little variation.
    """

    everybody: PairConnectivity
    prediction: PredictionScore
    candidates: Mapping[str, CandidateConnectivity]


def compute_connectivity(cohort: Cohort, params: Params, people: Subjects) -> Steps[ConnectivityPart]:
    all_known = known_of(people, ())
    everybody = yield from _pair_connectivity(cohort, params, people, all_known)
    shared = {all_known.tobytes(): everybody}
    candidates = {}
    for candidate in people.candidates.phenotypes:
        known = known_of(people, (candidate,))
        key = known.tobytes()
        try:
            if key not in shared:
                shared[key] = yield from _pair_connectivity(cohort, params, people, known)
            own = yield from _candidate_connectivity(cohort, params, people, candidate, shared[key])
        except InputError:
            continue
        candidates[candidate.name] = own
    return ConnectivityPart(everybody, score_of(Basis.CONNECTIVITY, everybody.target.predicted), candidates)


def _pair_connectivity(cohort: Cohort, params: Params, people: Subjects, known: BoolArray) -> Steps[PairConnectivity]:
    pair = yield from pair_of(people, known, params.repetitions, params.seed)
    target = yield from target_connectivity(pair)
    nothing = candidate_columns((), pair.subjects)
    return PairConnectivity(pair, target, (yield from target_edge_map(cohort, people, pair, nothing, params.alpha)))


def _candidate_connectivity(
    cohort: Cohort, params: Params, people: Subjects, candidate: Phenotype, here: PairConnectivity
) -> Steps[CandidateConnectivity]:
    pair, seed = here.pair, params.seed
    own_map = yield from candidate_edge_map(cohort, people, pair, candidate, params.alpha)
    model = candidate_model(candidate, pair.subjects)
    share = yield from share_explained(pair.space.gram, model.tested, model.design)
    p_value = yield from whole_p(
        pair.space.gram,
        model.tested,
        model.design,
        n_flips=params.permutations,
        rng=stream(seed, "candidate", candidate.name),
        clusters=pair.families,
    )
    prediction = yield from predict_candidate(pair, candidate)
    return CandidateConnectivity(candidate, here, own_map, share, p_value, prediction)
