"""The part of a confound report that is about variants: what goes with the target, with candidates, and with both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.confounds.links import Scored, predict, recoded, scored
from imagenomer.analyses.confounds.subjects import Pair, Subjects, candidate_model, goal_of, mean_only, stream
from imagenomer.analyses.shared.predictors import space_of_variants
from imagenomer.cohort import Cohort, Phenotype, VariantSet
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import p_threshold
from imagenomer.statistics.overlap import Overlap, variant_overlap
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.screening import Screen, screen
from imagenomer.statistics.strata import strata_of
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Variants that are compared, the strongest of each; the number that the study of the case compared.
N_TOP = 20
_FEWEST = 20


@dataclass(frozen=True, slots=True, eq=False)
class VariantLink:
    """How something goes with every variant.

    Attributes
    ----------
    subjects : ndarray
        Indices into the cohort of those who have it, the target and genotypes.
    strength : ndarray, shape (n_variants,)
        ``|r|``; of a category of several levels, of the level that goes most clearly with the variant.
    n_significant : int
        Bonferroni over variants (and levels).
    n_tested : int
    strongest : int
        Variant of the smallest p-value; -1 where none was tested.
    """

    subjects: IntArray
    strength: FloatArray
    n_significant: int
    n_tested: int
    strongest: int


@dataclass(frozen=True, slots=True, eq=False)
class VariantLinks:
    """Of the target, and of each candidate (None where it is made of the variants, or too few have both)."""

    name: str
    n_variants: int
    target: VariantLink
    candidates: tuple[VariantLink | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class VariantOverlaps:
    """Strongest variants of the target and each candidate; None where not compared."""

    free: tuple[Overlap | None, ...]
    within: tuple[Overlap | None, ...]


def made_of_variants(candidate: Phenotype) -> bool:
    """Return whether a candidate is a component of ancestry, which goes with variants by construction."""
    return candidate.name.startswith("ancestry ") and candidate.name[9:].isdigit()


def link_variants(cohort: Cohort, people: Subjects, alpha: float) -> Steps[VariantLinks | None]:
    """Associate the target and every candidate with every variant, one at a time; None where too few have genotypes."""
    variants = cohort.variant_set(None)
    genotyped = _genotyped(variants)
    here = people.subjects[genotyped[people.subjects]]
    if here.size < _FEWEST:
        return None
    numbers = _numbers(people, people.target.question.phenotype, here, people.target.level)
    target = yield from _linked(variants.dosage[here], numbers, here, alpha)
    links: list[VariantLink | None] = []
    for candidate in people.candidates:
        own = here[~candidate.missing[here]]
        if made_of_variants(candidate) or own.size < _FEWEST:
            links.append(None)
            continue
        numbers = _numbers(people, candidate, own, None)
        links.append((yield from _linked(variants.dosage[own], numbers, own, alpha)))
    return VariantLinks(variants.name, len(variants.variant_ids), target, tuple(links))


def _numbers(people: Subjects, phenotype: Phenotype, subjects: IntArray, level: str | None) -> FloatArray:
    """Return a phenotype as numbers to screen for: itself, or an indicator of each level (one of two)."""
    if level is not None:
        return phenotype.indicator(level)[subjects][:, None]
    values = phenotype.values[subjects]
    if not phenotype.levels:
        return values.astype(np.float64)[:, None]
    present = np.unique(values)
    return np.asarray(values[:, None] == (present[1:] if present.size == 2 else present), dtype=np.float64)


def _linked(dosage: np.ndarray, numbers: FloatArray, subjects: IntArray, alpha: float) -> Steps[VariantLink]:
    found: Screen = yield from screen(dosage, numbers, mean_only(subjects.size))
    p, strength = found.neg_log10_p, np.abs(found.r)
    n_tested = int(np.count_nonzero(np.isfinite(p).any(axis=0)))
    if not n_tested:
        return VariantLink(subjects, np.full(dosage.shape[1], np.nan), 0, 0, -1)
    limit = -np.log10(p_threshold(p.ravel(), "bonferroni", alpha))
    best = np.nan_to_num(p, nan=-1.0)
    clearest = best.argmax(axis=0)
    columns = np.arange(dosage.shape[1])
    return VariantLink(
        subjects,
        strength[clearest, columns],
        int(np.count_nonzero((best >= limit).any(axis=0))),
        n_tested,
        int(best.max(axis=0).argmax()),
    )


def _genotyped(variants: VariantSet) -> BoolArray:
    return np.array([bool((row >= 0).any()) for row in variants.dosage], dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class FromVariants:
    """How well something is predicted from variants, and from connectivity, of the same people in the same folds.

    Attributes
    ----------
    variants, connectivity : Scored or None
        None where it is not predicted.
    why : str
        Why it is not; empty if it is.
    """

    variants: Scored | None
    connectivity: Scored | None
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class VariantPredictions:
    """Of the target, and of each candidate.

    Attributes
    ----------
    share_missing : float
        Of the genotypes of those in whom the target is predicted.
    """

    target: FromVariants
    candidates: tuple[FromVariants, ...]
    share_missing: float


def predict_target_from_variants(
    cohort: Cohort, pair: Pair, connectivity: Scored | None, spaces: dict[bytes, SampleSpace], seed: int
) -> Steps[FromVariants]:
    """Predict the target of a pair from variants.

    Parameters
    ----------
    connectivity : Scored or None
        From connectivity, of the whole pair.
    spaces : dict
        Of people who were there before; what is made is added.
    """
    return (yield from _predicted(cohort, pair, pair.goal, "variants", connectivity, spaces, seed))


def predict_candidate_from_variants(
    cohort: Cohort,
    pair: Pair,
    candidate: Phenotype,
    connectivity: Scored | None,
    spaces: dict[bytes, SampleSpace],
    seed: int,
) -> Steps[FromVariants]:
    """Predict a candidate from variants, in the folds of the target; parameters as for the target."""
    if made_of_variants(candidate):
        return FromVariants(None, None, "made of these variants: to predict it from them would be circular")
    goal = goal_of(candidate_model(candidate, pair.subjects))
    return (yield from _predicted(cohort, pair, goal, candidate.name, connectivity, spaces, seed))


def _predicted(
    cohort: Cohort,
    pair: Pair,
    goal: FloatArray | IntArray,
    name: str,
    connectivity: Scored | None,
    spaces: dict[bytes, SampleSpace],
    seed: int,
) -> Steps[FromVariants]:
    variants = cohort.variant_set(None)
    kept = np.flatnonzero(_genotyped(variants)[pair.subjects])
    splits = tuple(split.among(kept) for split in pair.splits)
    if kept.size < _FEWEST or not all(split.test.size for split in splits):
        return FromVariants(None, None, f"{kept.size} people with genotypes are too few")
    subjects, own = pair.subjects[kept], recoded(goal[kept])
    key = subjects.tobytes()
    if key not in spaces:
        spaces[key] = (yield from space_of_variants(variants)).of(subjects)
    rng = stream(seed, "intervals", "variants", name)
    try:
        found = scored(name, (yield from predict(spaces[key], own, splits)), rng)
        if kept.size < pair.n_subjects:
            same = yield from predict(pair.space.of(kept), own, splits)
            connectivity = scored("connectivity", same, stream(seed, "intervals", name))
    except InputError:
        return FromVariants(None, None, "a level is too rare for the folds")
    return FromVariants(found, connectivity)


def overlap_variants(
    cohort: Cohort,
    people: Subjects,
    links: VariantLinks,
    closely: BoolArray,
    n_permutations: int,
    seed: int,
) -> Steps[VariantOverlaps]:
    """Compare the strongest variants; within strata of the candidates that are looked at closely."""
    dosage = cohort.variant_set(None).dosage
    n = len(people.candidates)
    free: list[Overlap | None] = [None] * n
    within: list[Overlap | None] = [None] * n
    target = people.target.question.phenotype
    if target.levels and people.target.level is None:
        yield Progress("No one number to rearrange")
        return VariantOverlaps(tuple(free), tuple(within))
    by_subjects: dict[bytes, list[int]] = {}
    for index, own in enumerate(links.candidates):
        if own is not None and own.n_tested:
            by_subjects.setdefault(own.subjects.tobytes(), []).append(index)
    for members in by_subjects.values():
        chosen = [own for index in members if (own := links.candidates[index]) is not None]
        subjects = chosen[0].subjects
        numbers = _numbers(people, target, subjects, people.target.level)[:, 0]
        if not np.ptp(numbers) > 0:
            continue  # who has genotypes and the candidate has the same of the target
        some = dosage[subjects]
        found = yield from variant_overlap(
            some,
            numbers,
            np.stack([own.strength for own in chosen]),
            N_TOP,
            n_permutations=n_permutations,
            rng=stream(seed, "variants"),
        )
        for place, index in enumerate(members):
            free[index] = found.only(place)
        for own, index in zip(chosen, members, strict=True):
            if closely[index]:
                candidate = people.candidates[index]
                try:
                    one = yield from variant_overlap(
                        some,
                        numbers,
                        own.strength[None],
                        N_TOP,
                        n_permutations=n_permutations,
                        rng=stream(seed, "variants", candidate.name),
                        blocks=strata_of(candidate, subjects).codes,
                    )
                except InputError:
                    continue
                within[index] = one
    return VariantOverlaps(tuple(free), tuple(within))
