"""Candidates: the phenotypes that might explain the association of a target with connectivity instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.roles import Role, roles_of
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS, ancestry, as_phenotypes
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.pairwise import associate_pairs
from imagenomer.types import FloatArray, IntArray

#: Candidates that are chosen by default, at most.
MOST_CANDIDATES = 8
#: Words in the name of a phenotype that is always a candidate: known to affect connectivity or sampling.
_USUAL = (
    "site",
    "scanner",
    "motion",
    "fd",
    "movement",
    "displacement",
    "rms",
    "sex",
    "gender",
    "age",
    "ancestry",
    "race",
    "ethnicity",
)
#: A candidate needs this share of the subjects, so many subjects, and so many of its second level.
_LEAST_SHARE, _LEAST_KNOWN, _LEAST_IN_LEVEL = 0.5, 20, 5
#: Levels, at most, as a share of the subjects: more say little but who is who.
_MOST_LEVELS = 1 / 4


@dataclass(frozen=True, slots=True)
class Candidates:
    """What might explain an association instead.

    Attributes
    ----------
    phenotypes : tuple of Phenotype
    made_of_variants : frozenset of str
        Names of those that were computed from the cohort's genotypes, and are associated with them by construction.
    about : tuple of str
        Which were chosen or excluded, and why.
    roles : mapping of str to "confounder", "mediator" or "consequence"
        Of those whose role the user knows.
    """

    phenotypes: tuple[Phenotype, ...]
    made_of_variants: frozenset[str]
    about: tuple[str, ...]
    roles: Mapping[str, Role]


def choose_candidates(cohort: Cohort, params: Params, subjects: IntArray, families: str | None) -> Steps[Candidates]:
    """Choose the candidates: those requested, or by default the usual ones and all with a role; and ancestry.

    Parameters
    ----------
    cohort : Cohort
    params : Params
    subjects : ndarray of int
    families : str or None
        The phenotype that says who is related, which is no candidate unless it is chosen.

    Raises
    ------
    InputError
        If a name is not known or has two roles, or none is left.
    """
    roles = roles_of(params)
    of_other_scans = cohort.about_other_scans(params.task, params.session, params.run)
    if params.candidates:
        requested = tuple(dict.fromkeys([*params.candidates, *roles]))
        chosen, about = _requested(cohort, requested, subjects, of_other_scans)
    else:
        with_role, about_them = _requested(cohort, tuple(roles), subjects, of_other_scans)
        no_candidates = {params.target, *filter(None, [families]), *of_other_scans, *roles, *params.negative_controls}
        target = cohort.phenotype(params.target)
        chosen, about = yield from _by_default(cohort, target, subjects, no_candidates, of_other_scans)
        chosen, about = [*with_role, *chosen], [*about_them, *about]
    components, said = yield from _of_ancestry(cohort, params.ancestry_components, subjects)
    names = {one.name for one in chosen}
    components = tuple(one for one in components if one.name not in names)
    if not chosen and not components:
        raise InputError(
            f"no phenotype of {cohort.name} can be a candidate beside {params.target}: each needs a value for at least "
            f"{_LEAST_KNOWN} of the {subjects.size} subjects, and to vary in them"
        )
    used = MappingProxyType({name: role for name, role in roles.items() if name in names})
    return Candidates((*chosen, *components), frozenset(one.name for one in components), (*about, *said), used)


def _requested(
    cohort: Cohort, names: tuple[str, ...], subjects: IntArray, of_other_scans: Mapping[str, str]
) -> tuple[list[Phenotype], list[str]]:
    """Return the candidates that were requested, without those that cannot be one, and what there is to say of them."""
    about = [
        f"{name} is not about the scans that are used here, or not about these alone; {of_other_scans[name]} is."
        for name in names
        if name in of_other_scans
    ]
    chosen = []
    for name in names:
        phenotype = cohort.phenotype(name)
        reason = _unfit(phenotype, subjects)
        if reason:
            about.append(f"{name} is not a candidate: {reason}.")
        else:
            chosen.append(phenotype)
    return chosen, about


def _by_default(
    cohort: Cohort,
    target: Phenotype,
    subjects: IntArray,
    no_candidates: set[str],
    of_other_scans: Mapping[str, str],
) -> Steps[tuple[list[Phenotype], list[str]]]:
    """Return the candidates of a report that names none, and what there is to say of them."""
    about = []
    # Motion of every task beside each other would be one candidate many times, and leave no room for others.
    others = [one for one in cohort.phenotypes.values() if one.name not in no_candidates]
    if of_other_scans:
        about.append(f"Not candidates, since they are about other scans than those used: {listed(of_other_scans)}.")
    unfit = {one.name: reason for one in others if (reason := _unfit(one, subjects))}
    fit = [one for one in others if one.name not in unfit]
    if unfit:
        said = "; ".join(f"{name} ({reason})" for name, reason in list(unfit.items())[:8])
        more = f"; and {len(unfit) - 8} others" if len(unfit) > 8 else ""
        about.append(f"Not candidates: {said}{more}.")
    if len(fit) <= MOST_CANDIDATES:
        return fit, about
    pairs = yield from associate_pairs([target, *fit], subjects)
    usual = [_is_usual(one) for one in fit]
    strength = np.nan_to_num(pairs.neg_log10_p[0, 1:], nan=-1.0, posinf=1e9)
    ranked = sorted(range(len(fit)), key=lambda index: (not usual[index], -strength[index], index))
    about.append(
        f"{len(fit)} phenotypes could be candidates; the report takes {MOST_CANDIDATES}: those named after sex, age, "
        "ancestry, site or motion, and of the others those most strongly associated with the target. Choose candidates "
        f"to see others, such as {listed(fit[index].name for index in ranked[MOST_CANDIDATES:][:5])}."
    )
    return [fit[index] for index in sorted(ranked[:MOST_CANDIDATES])], about


def _of_ancestry(
    cohort: Cohort, n_components: int, subjects: IntArray
) -> Steps[tuple[tuple[Phenotype, ...], tuple[str, ...]]]:
    if not n_components or not cohort.variant_sets:
        return (), ()
    try:
        found = yield from ancestry(cohort, None)
    except InputError as error:
        return (), (f"No components of ancestry are candidates: {error}.",)
    scores = found.scores[:, : min(n_components, MOST_COMPONENTS)]
    return tuple(one for one in as_phenotypes(scores) if not _unfit(one, subjects)), found.sentences


def _is_usual(phenotype: Phenotype) -> bool:
    """Return whether a phenotype is among the usual candidates, by its role or its name."""
    if phenotype.role:
        return phenotype.role == "site"
    return any(word in _USUAL for word in re.split(r"[^a-z]+", phenotype.name.lower()))


def _unfit(phenotype: Phenotype, subjects: IntArray) -> str:
    """Return why a phenotype cannot be a candidate, "" if it can."""
    known = ~phenotype.missing[subjects]
    n = int(np.count_nonzero(known))
    if n < max(_LEAST_KNOWN, _LEAST_SHARE * subjects.size):
        return f"known for {n} of {subjects.size} subjects"
    values = phenotype.values[subjects][known]
    if np.ptp(values) == 0:
        return "the same for all subjects"
    if phenotype.levels:
        sizes = np.sort(np.bincount(values.astype(np.intp)))[::-1]
        present = int(np.count_nonzero(sizes))
        if present > _MOST_LEVELS * n:
            return f"{present} levels in {counted(n, 'subject')}"
        if sizes[1] < _LEAST_IN_LEVEL:
            return f"{counted(int(sizes[1:].sum()), 'subject is', 'subjects are')} not {_commonest(phenotype, values)}"
    return ""


def _commonest(phenotype: Phenotype, values: FloatArray | IntArray) -> str:
    return phenotype.levels[int(np.bincount(values.astype(np.intp)).argmax())]
