"""Fifth part of a confound report: what is left of the target when a candidate is adjusted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imagenomer.analyses.confounds.associations import (
    ConditionalAssociations,
    conditional_associations,
    whole_association,
)
from imagenomer.analyses.confounds.edge_maps import EdgeMap, target_edge_map
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import CandidateConnectivity, ConnectivityPart
from imagenomer.analyses.confounds.parts.phenotypes import PhenotypePart
from imagenomer.analyses.confounds.subjects import Subjects, adjusted_model, known_of, pair_of, stream
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.multivariate import ShareExplained

#: Of the candidates adjusted for together each is known for at least this share of the subjects.
_KNOWN_ENOUGH = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Adjustment:
    """The target without and with candidates adjusted for, in the same subjects.

    Attributes
    ----------
    names : tuple of str
        Candidates.
    before, after : EdgeMap
    share_before, share_after : ShareExplained
        Of connectivity as a whole.
    n_subjects : int
    """

    names: tuple[str, ...]
    before: EdgeMap
    after: EdgeMap
    share_before: ShareExplained
    share_after: ShareExplained
    n_subjects: int


@dataclass(frozen=True, slots=True, eq=False)
class AdjustmentPart:
    """What is left of the target.

    Attributes
    ----------
    candidates : mapping of str to Adjustment
        Each candidate by name, without those for which nothing could be computed.
    conditional : mapping of str to ConditionalAssociations
        Of the same candidates.
    together : Adjustment or None
        All candidates that are adjusted for together; None where these are fewer than two.
    """

    candidates: Mapping[str, Adjustment]
    conditional: Mapping[str, ConditionalAssociations]
    together: Adjustment | None


def compute_adjustment(
    cohort: Cohort, params: Params, phenotypes: PhenotypePart, connectivity: ConnectivityPart
) -> Steps[AdjustmentPart]:
    people = phenotypes.people
    candidates, conditional = {}, {}
    for name, own in connectivity.candidates.items():
        associated = phenotypes.associations[name].p_corrected <= params.alpha
        try:
            after, given = yield from _given(cohort, params, people, own, associated)
        except InputError:
            continue
        here = own.here
        candidates[name] = Adjustment(
            (name,), here.target_map, after, here.target.share, given.rest, here.pair.n_subjects
        )
        conditional[name] = given
    together = yield from _together(cohort, params, people, candidates_together(phenotypes))
    return AdjustmentPart(candidates, conditional, together)


def _given(
    cohort: Cohort, params: Params, people: Subjects, own: CandidateConnectivity, associated: bool
) -> Steps[tuple[EdgeMap, ConditionalAssociations]]:
    pair = own.here.pair
    after = yield from target_edge_map(cohort, people, pair, (own.candidate,), params.alpha)
    given = yield from conditional_associations(
        pair, own.candidate, own.here.target, associated, params.permutations, params.seed
    )
    return after, given


def candidates_together(phenotypes: PhenotypePart) -> tuple[Phenotype, ...]:
    """Return the candidates adjusted for together: those examined closely and missing for few subjects."""
    people = phenotypes.people
    return tuple(
        one
        for one in people.candidates.phenotypes
        if one.name in phenotypes.closest and known_of(people, (one,)).mean() >= _KNOWN_ENOUGH
    )


def _together(
    cohort: Cohort, params: Params, people: Subjects, chosen: tuple[Phenotype, ...]
) -> Steps[Adjustment | None]:
    n, seed = params.permutations, params.seed
    if len(chosen) < 2:
        return None
    try:
        pair = yield from pair_of(people, known_of(people, chosen), params.repetitions, seed)
        before = yield from target_edge_map(cohort, people, pair, (), params.alpha)
        after = yield from target_edge_map(cohort, people, pair, chosen, params.alpha)
        share = yield from whole_association(pair, pair.target, n, stream(seed, "target"))
        rest = yield from whole_association(pair, adjusted_model(pair, chosen), n, stream(seed, "rest of all"))
    except InputError:
        return None
    return Adjustment(tuple(one.name for one in chosen), before, after, share, rest, pair.n_subjects)
