"""Part of a confound report: does the verdict replicate in the second cohort?

The same question is put to its subjects: the target, the candidates that both cohorts have, and the joint model of the
open cohort, which is not chosen anew. Nothing of one cohort enters the numbers of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.verdict import VerdictPart, compute_verdict
from imagenomer.analyses.confounds.subjects import Subjects, choose_subjects
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.sample import default_measure, listed
from imagenomer.analyses.shared.second_cohort import (
    naming,
    require_same_phenotypes,
    require_same_scans,
    require_same_units,
    same_names,
)
from imagenomer.cohort import Cohort
from imagenomer.companion import companion_of, require_same_parcels
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.remainders import Remainder
from imagenomer.statistics.share_differences import ShareDifference, difference_of


@dataclass(frozen=True, slots=True, eq=False)
class ReplicationPart:
    """The verdict in the second cohort.

    Attributes
    ----------
    names : (str, str)
        Of the open cohort and of the second.
    people : Subjects
        Of the second.
    verdict : VerdictPart
        Of the second, given the joint model of the first as far as it has it.
    differences : mapping of str to ShareDifference
        What remains in the second less what remains in the first, by candidate; they hold at once.
    together : ShareDifference
        The same given all candidates together.
    left_out : tuple of str
        Candidates of the first that the second lacks, or has as another kind.
    not_adjusted : tuple of str
        Candidates of the first's joint model that are not in that of the second.
    warnings : tuple of str
    """

    names: tuple[str, str]
    people: Subjects
    verdict: VerdictPart
    differences: Mapping[str, ShareDifference]
    together: ShareDifference
    left_out: tuple[str, ...]
    not_adjusted: tuple[str, ...]
    warnings: tuple[str, ...]


def refuse_other_questions(cohort: Cohort, params: Params) -> None:
    """Refuse, before anything is computed, what cannot be the same question in both cohorts.

    Raises
    ------
    InputError
        If edges, target, measure or tasks differ, or no second cohort is open.
    """
    if not params.examines_second:
        return
    second = companion_of(cohort)
    require_same_parcels(cohort, second)
    require_same_phenotypes(cohort, second, {params.target: "is the target"})
    require_same_units(cohort, second, [params.target])
    require_same_scans(cohort, second, params.measure or default_measure(cohort), params.task)
    if params.level is not None:
        with naming(second):
            second.phenotype(params.target).indicator(params.level)


def compute_replication(
    cohort: Cohort, params: Params, people: Subjects, verdict: VerdictPart
) -> Steps[ReplicationPart | None]:
    """Repeat the verdict in the second cohort; None where that is not asked for.

    Raises
    ------
    InputError
        If no candidate is the same in both cohorts, levels of the target differ, or the second has too few subjects.
    """
    yield Progress("Choosing subjects of the second cohort")
    if not params.examines_second:
        return None
    second = companion_of(cohort)
    shared, left_out = _shared_candidates(people, second)
    warnings = [*require_same_parcels(cohort, second)]
    warnings += require_same_units(cohort, second, [params.target, *shared])
    with naming(second):
        own = _own_params(params, people, shared, second)
        there = yield from choose_subjects(second, own)
        _require_same_levels(people.target, there.target)
        found = yield from compute_verdict(second, there, own, verdict.explanation.model)
    warnings += same_names(cohort, second, people.subjects, there.subjects)
    here, again = verdict.explanation, found.explanation
    each = max(verdict.each, found.each)
    differences = {
        name: _difference(one.remainder, again.candidates[name].remainder, each)
        for name, one in here.candidates.items()
        if name in again.candidates
    }
    together = _difference(here.joint, again.joint, each)
    not_adjusted = tuple(name for name in here.model.names if name not in again.model.names)
    names = (cohort.name, second.name)
    return ReplicationPart(names, there, found, differences, together, left_out, not_adjusted, tuple(warnings))


def _difference(here: Remainder, there: Remainder, each: float) -> ShareDifference:
    return difference_of(here.pattern, there.pattern, each)


def _shared_candidates(people: Subjects, second: Cohort) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the candidates that the second cohort has as the same kind, and the others.

    Components that were computed from genotypes are others: each cohort has axes of its own.
    """
    candidates = people.candidates
    shared = tuple(
        one.name
        for one in candidates.phenotypes
        if one.name not in candidates.made_of_variants
        and one.name in second.phenotypes
        and second.phenotypes[one.name].kind == one.kind
    )
    if not shared:
        raise InputError(
            f"{second.name} has none of the candidates ({listed(one.name for one in candidates.phenotypes)}) as the "
            "same kind; choose candidates that both cohorts have, or examine this cohort only"
        )
    return shared, tuple(one.name for one in candidates.phenotypes if one.name not in shared)


def _own_params(params: Params, people: Subjects, shared: tuple[str, ...], second: Cohort) -> Params:
    """Return the form with which the second cohort is asked the same."""
    families = None if people.families is None else people.families.name
    return replace(
        params,
        candidates=shared,
        confounders=tuple(name for name in params.confounders if name in shared),
        mediators=tuple(name for name in params.mediators if name in shared),
        consequences=tuple(name for name in params.consequences if name in shared),
        negative_controls=(),
        ancestry_components=0,
        families=families if families in second.phenotypes else None,
        measure=people.sample.measure,
        group=params.second_group,
    )


def _require_same_levels(here: Model, there: Model) -> None:
    if set(here.levels) != set(there.levels):
        raise InputError(
            f"{here.question.phenotype.name} has the levels {listed(there.levels)} here, and {listed(here.levels)} in "
            "the first cohort; choose one level, or groups with the same levels"
        )
