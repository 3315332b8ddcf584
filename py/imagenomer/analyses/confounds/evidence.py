"""The verdict of a confound report without its tables and figures: the few numbers that decide, for each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.confounds.associations import (
    ConditionalAssociations,
    TargetConnectivity,
    associate,
    conditional_associations,
    corrected_p,
    target_connectivity,
)
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.subjects import Pair, Subjects, choose_subjects, known_of, pair_of
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.verdict import Category, Evidence, decide, decide_about_all


@dataclass(frozen=True, slots=True, eq=False)
class CandidateVerdict:
    """What the numbers about one candidate are consistent with, by the rules of `imagenomer.statistics.verdict`."""

    evidence: Evidence
    category: Category


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the numbers about a target are consistent with.

    Attributes
    ----------
    candidates : mapping of str to CandidateVerdict
        By name.
    p_target : float
        Of no association of the target with connectivity as a whole, in all subjects who have the target.
    category : str
        All candidates together.
    """

    candidates: Mapping[str, CandidateVerdict]
    p_target: float
    category: Category

    def names_of(self, category: Category) -> list[str]:
        """Return the candidates of a category."""
        return [name for name, one in self.candidates.items() if one.category == category]


def verdict_of(evidence: Mapping[str, Evidence], p_target: float, alpha: float) -> Verdict:
    """Return the verdict, given what is known of each candidate by name."""
    candidates = {name: CandidateVerdict(one, decide(one, alpha)) for name, one in evidence.items()}
    category = decide_about_all([one.category for one in candidates.values()], p_target, alpha)
    return Verdict(candidates, p_target, category)


def evidence_of(pair: Pair, p_target: float, p_candidate: float, given: ConditionalAssociations) -> Evidence:
    """Return the numbers that decide about a candidate."""
    return Evidence(
        pair.n_subjects,
        p_target,
        p_candidate,
        given.rest.p_value,
        given.remaining,
        given.retained,
        given.p_predictions,
    )


def no_evidence(people: Subjects, candidate: Phenotype, p_target: float, p_candidate: float) -> Evidence:
    """Return the evidence on a candidate for which nothing could be computed."""
    return Evidence(int(known_of(people, (candidate,)).sum()), p_target, p_candidate, *[np.nan] * 4)


def judge(cohort: Cohort, params: Params) -> Steps[Verdict]:
    """Return the verdict only; the same numbers as those of the whole report.

    Raises
    ------
    InputError
        If a name is not known, or there are too few subjects.
    """
    people = yield from choose_subjects(cohort, params)
    permutations, repetitions, seed = params.permutations, params.repetitions, params.seed
    pairs = yield from associate(people)
    all_known = known_of(people, ())
    everybody = yield from pair_of(people, all_known, repetitions, seed)
    whole = yield from target_connectivity(everybody, permutations, seed)
    shared: dict[bytes, tuple[Pair, TargetConnectivity]] = {all_known.tobytes(): (everybody, whole)}
    evidence = {}
    for candidate, p_candidate in zip(people.candidates.phenotypes, corrected_p(pairs).tolist(), strict=True):
        known = known_of(people, (candidate,))
        key = known.tobytes()
        try:
            if key not in shared:
                pair = yield from pair_of(people, known, repetitions, seed)
                shared[key] = (pair, (yield from target_connectivity(pair, permutations, seed)))
            pair, alone = shared[key]
            associated = p_candidate <= params.alpha
            given = yield from conditional_associations(pair, candidate, alone, associated, permutations, seed)
        except InputError:
            evidence[candidate.name] = no_evidence(people, candidate, whole.p_value, p_candidate)
            continue
        evidence[candidate.name] = evidence_of(pair, whole.p_value, p_candidate, given)
    return verdict_of(evidence, whole.p_value, params.alpha)
