"""Which candidates are associated with the target, and who is excluded: of a confound report, with the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer import groups
from imagenomer.analyses.confounds.associations import associate, corrected_p
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.subjects import Subjects
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.progress import Steps
from imagenomer.statistics.explanation import Explanation
from imagenomer.statistics.pairwise import Pairs, associate_pairs
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Candidates that are examined closely, the most strongly associated with the target first.
_MOST_CLOSELY = 4


@dataclass(frozen=True, slots=True, eq=False)
class CandidateAssociation:
    """How a candidate is associated with the target.

    Attributes
    ----------
    candidate : Phenotype
    association : float
        Pearson's r, epsilon or Cramer's V, see `imagenomer.statistics.pairwise`.
    neg_log10_p : float
    p_corrected : float
        Corrected for the number of candidates (Holm).
    p_any_shape : float
        Of no association of whatever shape (`imagenomer.statistics.flexible_columns`), corrected for the number of
        candidates (Bonferroni); 1 where it was not tested.
    n_subjects : int
        Subjects who have both.
    """

    candidate: Phenotype
    association: float
    neg_log10_p: float
    p_corrected: float
    p_any_shape: float
    n_subjects: int


@dataclass(frozen=True, slots=True)
class MissingRow:
    """How many subjects are excluded, of one level of a candidate or of those for whom it is missing.

    Attributes
    ----------
    candidate, level : str
        ``level`` is "" for those without a value.
    n, n_used : int
        In the group, and of these with connectivity and the target.
    target : float
        Mean of the target in the subjects used (share of the chosen level); NaN where there is none.
    p_value : float
        Of the association of level and exclusion, for the whole candidate; NaN where all or no subjects are excluded.
    """

    candidate: str
    level: str
    n: int
    n_used: int
    target: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class PhenotypePart:
    """Which candidates are associated with the target.

    Attributes
    ----------
    people : Subjects
    associations : mapping of str to CandidateAssociation
        Of every candidate, by name.
    closest : tuple of str
        Candidates that are examined closely: those most clearly associated with the target, in whatever shape, the
        clearest first.
    missing : tuple of MissingRow
        Who is excluded, by candidate and level.
    """

    people: Subjects
    associations: Mapping[str, CandidateAssociation]
    closest: tuple[str, ...]
    missing: tuple[MissingRow, ...]


def compute_phenotypes(
    cohort: Cohort, params: Params, people: Subjects, explanation: Explanation
) -> Steps[PhenotypePart]:
    pairs = yield from associate(people)
    associations = _associations(people.candidates.phenotypes, pairs, explanation)
    clear = [name for name, one in associations.items() if one.p_any_shape <= params.alpha]
    strength = {name: -np.nan_to_num(associations[name].neg_log10_p) for name in clear}
    closest = sorted(clear, key=lambda name: (associations[name].p_any_shape, strength[name]))[:_MOST_CLOSELY]
    missing = yield from _missing(cohort, people, params.group)
    return PhenotypePart(people, associations, tuple(closest), missing)


def _associations(
    candidates: tuple[Phenotype, ...], pairs: Pairs, explanation: Explanation
) -> dict[str, CandidateAssociation]:
    p_corrected, explained = corrected_p(pairs), explanation.candidates
    return {
        candidate.name: CandidateAssociation(
            candidate,
            float(pairs.association[0, index + 1]),
            float(pairs.neg_log10_p[0, index + 1]),
            float(p_corrected[index]),
            min(1.0, explained[candidate.name].p_target * len(explained)) if candidate.name in explained else 1.0,
            int(pairs.n_subjects[0, index + 1]),
        )
        for index, candidate in enumerate(candidates)
    }


def _missing(cohort: Cohort, people: Subjects, group: str | None) -> Steps[tuple[MissingRow, ...]]:
    """Return who is excluded because connectivity or the target is missing, by candidate."""
    members = np.flatnonzero(groups.select(cohort, group).included)
    used = np.isin(members, people.subjects)
    in_use = np.zeros(cohort.n_subjects, dtype=np.intp)
    in_use[people.subjects] = 1
    being_used = Phenotype("used", in_use, ("no", "yes"))
    target = _target_of(cohort, people)
    rows = []
    for candidate in people.candidates.phenotypes:
        pairs = yield from associate_pairs([candidate, being_used], members)
        p_value = float(10 ** -pairs.neg_log10_p[0, 1])
        for level, own in _levels(candidate, members, people.subjects):
            here = members[own & used]
            mean = float(target[here].mean()) if here.size else np.nan
            if own.any():
                rows.append(MissingRow(candidate.name, level, int(own.sum()), here.size, mean, p_value))
    return tuple(rows)


def _target_of(cohort: Cohort, people: Subjects) -> FloatArray:
    """Return the target of all subjects, NaN where not used, or of several levels: these have no mean."""
    values = np.full(cohort.n_subjects, np.nan)
    if not people.target.levels or people.target.level is not None:
        values[people.subjects] = people.target.target
    return values


def _levels(candidate: Phenotype, members: IntArray, subjects: IntArray) -> Iterator[tuple[str, BoolArray]]:
    """Yield the levels of a candidate, or both sides of its median, and who of the members is of each; "": missing."""
    if candidate.levels:
        for code, level in enumerate(candidate.levels):
            yield level, candidate.values[members] == code
    else:
        middle = float(np.nanmedian(candidate.values[subjects]))
        with np.errstate(invalid="ignore"):
            low = candidate.values[members] <= middle
        known = ~candidate.missing[members]
        yield f"up to {middle:.4g}", low & known
        yield f"above {middle:.4g}", ~low & known
    yield "", candidate.missing[members]
