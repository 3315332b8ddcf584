"""Part of a confound report: the target's map when a candidate is adjusted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.confounds.edge_maps import EdgeMap, target_edge_map
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.subjects import Pair, Subjects, adjusted_model, candidate_columns, pair_of
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.multivariate import ShareExplained, share_explained
from imagenomer.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class AdjustedTarget:
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
    candidates : mapping of str to AdjustedTarget
        Each candidate by name, without those for which nothing could be computed.
    together : AdjustedTarget or None
        All candidates that are adjusted for together; None where these are fewer than two.
    """

    candidates: Mapping[str, AdjustedTarget]
    together: AdjustedTarget | None


def compute_adjustment(
    cohort: Cohort, params: Params, verdict: VerdictPart, people: Subjects, connectivity: ConnectivityPart
) -> Steps[AdjustmentPart]:
    candidates = {}
    yield Progress("Adjusting for candidates")
    for name, own in connectivity.candidates.items():
        pair, target_map = own.here.pair, own.here.target_map
        columns = candidate_columns((own.candidate,), pair.subjects)
        try:
            before = target_map, own.here.target.share
            candidates[name] = yield from _adjustment(cohort, params, people, (name,), pair, before, columns)
        except InputError:
            continue
    return AdjustmentPart(candidates, (yield from _together(cohort, params, people, verdict)))


def _adjustment(
    cohort: Cohort,
    params: Params,
    people: Subjects,
    names: tuple[str, ...],
    pair: Pair,
    before: tuple[EdgeMap, ShareExplained],
    columns: FloatArray,
) -> Steps[AdjustedTarget]:
    model = adjusted_model(pair, columns)
    after = yield from target_edge_map(cohort, people, pair, columns, params.alpha)
    share_after = yield from share_explained(pair.space.gram, model.tested, model.design)
    return AdjustedTarget(names, before[0], after, before[1], share_after, pair.n_subjects)


def _together(cohort: Cohort, params: Params, people: Subjects, verdict: VerdictPart) -> Steps[AdjustedTarget | None]:
    model = verdict.explanation.model
    if len(model.names) < 2:
        return None
    try:
        pair = yield from pair_of(people, model.known, params.repetitions, params.seed)
        nothing = np.zeros((pair.n_subjects, 0))
        plain = yield from target_edge_map(cohort, people, pair, nothing, params.alpha)
        before = plain, (yield from share_explained(pair.space.gram, pair.target.tested, pair.target.design))
        return (yield from _adjustment(cohort, params, people, model.names, pair, before, model.columns))
    except InputError:
        return None
