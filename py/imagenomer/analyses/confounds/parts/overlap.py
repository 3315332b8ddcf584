"""Part of a confound report: are the edges and variants of the target those of a candidate?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.confounds.edge_maps import compared
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import CandidateConnectivity, ConnectivityPart
from imagenomer.analyses.confounds.parts.phenotypes import PhenotypePart
from imagenomer.analyses.confounds.parts.variants import VariantMap, VariantPart, indicators
from imagenomer.analyses.confounds.subjects import Subjects, mean_only, stream
from imagenomer.cohort import Cohort, Phenotype, VariantSet
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.overlap import Overlap, edge_overlap, variant_overlap
from imagenomer.statistics.strata import strata_of
from imagenomer.types import IntArray

#: Variants that are compared, the strongest of each; the number that the original study compared.
N_TOP = 20
#: Permutations, at most: each takes long.
MOST_FOR_EDGES, MOST_FOR_VARIANTS = 99, 99
#: Candidates within whose strata the target is permuted, those most strongly associated with it.
_MOST_WITHIN = 3


@dataclass(frozen=True, slots=True, eq=False)
class CandidateOverlap:
    """Edges, or variants, of the target and of one candidate.

    Attributes
    ----------
    n_candidate : int
        Features of the candidate that are compared.
    free : Overlap
        The target permuted over all subjects; arrays of one number.
    within : Overlap or None
        Permuted within strata of the candidate; None but for those most strongly associated with the target.
    """

    n_candidate: int
    free: Overlap
    within: Overlap | None


@dataclass(frozen=True, slots=True, eq=False)
class OverlapPart:
    """Of each candidate by name, without those of which nothing could be compared."""

    edges: Mapping[str, CandidateOverlap]
    variants: Mapping[str, CandidateOverlap]


def compute_overlap(
    cohort: Cohort,
    params: Params,
    phenotypes: PhenotypePart,
    connectivity: ConnectivityPart,
    variants: VariantPart | None,
) -> Steps[OverlapPart]:
    n, seed = min(params.permutations, MOST_FOR_EDGES), params.seed
    closest = phenotypes.closest[:_MOST_WITHIN]
    edges = yield from _edges(phenotypes.people, connectivity.candidates, closest, n, seed)
    if variants is None:
        return OverlapPart(edges, {})
    n = min(params.permutations, MOST_FOR_VARIANTS)
    shared = yield from _variants(cohort.variant_set(None), phenotypes.people, variants.maps, closest, n, seed)
    return OverlapPart(edges, shared)


# --- edges -------------------------------------------------------------------------------------------


def _edges(
    people: Subjects,
    candidates: Mapping[str, CandidateConnectivity],
    closest: tuple[str, ...],
    n_permutations: int,
    seed: int,
) -> Steps[dict[str, CandidateOverlap]]:
    free: dict[str, Overlap] = {}
    # Candidates of the same subjects share their permutations.
    for members in _by_subjects({name: own.here.pair.positions for name, own in candidates.items()}):
        chosen = [candidates[name] for name in members]
        found = yield from _edge_overlap(people, chosen, n_permutations, stream(seed, "overlap"))
        free |= {name: found.only(place) for place, name in enumerate(members)}
    overlaps = {}
    for name, own in candidates.items():
        within = None
        if name in closest:
            codes = strata_of(own.candidate, own.here.pair.subjects).codes
            try:
                within = yield from _edge_overlap(people, [own], n_permutations, stream(seed, "overlap", name), codes)
            except InputError:
                within = None
        overlaps[name] = CandidateOverlap(int(np.count_nonzero(compared(own.edge_map))), free[name], within)
    return overlaps


def _edge_overlap(
    people: Subjects,
    candidates: list[CandidateConnectivity],
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
) -> Steps[Overlap]:
    """Compare the target's edges with those of candidates that the same subjects have."""
    here = candidates[0].here
    return (
        yield from edge_overlap(
            people.sample.observations.values,
            here.pair.rows,
            here.pair.target.tested,
            mean_only(here.pair.n_subjects),
            compared(here.target_map),
            np.stack([own.edge_map.effect for own in candidates]),
            np.array([own.edge_map.signed for own in candidates]),
            np.stack([compared(own.edge_map) for own in candidates]),
            n_permutations=n_permutations,
            rng=rng,
            blocks=blocks,
        )
    )


def _by_subjects(subjects: Mapping[str, IntArray]) -> list[list[str]]:
    """Return names grouped by the same subjects."""
    groups: dict[bytes, list[str]] = {}
    for name, own in subjects.items():
        groups.setdefault(own.tobytes(), []).append(name)
    return list(groups.values())


# --- variants ----------------------------------------------------------------------------------------


def _variants(
    variants: VariantSet,
    people: Subjects,
    maps: Mapping[str, VariantMap],
    closest: tuple[str, ...],
    n_permutations: int,
    seed: int,
) -> Steps[dict[str, CandidateOverlap]]:
    target, level = people.target.question.phenotype, people.target.level
    if target.levels and level is None:
        yield Progress("No single number to permute")
        return {}
    candidates = {one.name: one for one in people.candidates.phenotypes}
    overlaps: dict[str, CandidateOverlap] = {}
    for members in _by_subjects({name: own.subjects for name, own in maps.items() if own.n_tested}):
        subjects = maps[members[0]].subjects
        numbers = indicators(target, level, subjects)[:, 0]
        if not np.ptp(numbers) > 0:
            continue  # the target does not vary among subjects with genotypes and the candidate
        found = yield from variant_overlap(
            variants.dosage[subjects],
            numbers,
            np.stack([maps[name].strength for name in members]),
            N_TOP,
            n_permutations=n_permutations,
            rng=stream(seed, "variants"),
        )
        for place, name in enumerate(members):
            free, within = found.only(place), None
            if name in closest:
                within = yield from _variants_within(
                    variants, numbers, maps[name], candidates[name], n_permutations, seed
                )
            overlaps[name] = CandidateOverlap(free.n_chosen, free, within)
    return {name: overlaps[name] for name in candidates if name in overlaps}


def _variants_within(
    variants: VariantSet,
    target: np.ndarray,
    own: VariantMap,
    candidate: Phenotype,
    n_permutations: int,
    seed: int,
) -> Steps[Overlap | None]:
    """Compare the strongest variants, the target permuted within strata of the candidate; None where it cannot be."""
    try:
        return (
            yield from variant_overlap(
                variants.dosage[own.subjects],
                target,
                own.strength[None],
                N_TOP,
                n_permutations=n_permutations,
                rng=stream(seed, "variants", candidate.name),
                blocks=strata_of(candidate, own.subjects).codes,
            )
        )
    except InputError:
        return None
