"""Part of a confound report: what is associated with variants, and what they predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.predictions import (
    Basis,
    PredictionScore,
    predict,
    score_of,
)
from imagenomer.analyses.confounds.subjects import (
    Pair,
    Subjects,
    candidate_model,
    goal_of,
    mean_only,
    recoded,
)
from imagenomer.analyses.shared.feature_spaces import space_of_variants
from imagenomer.cohort import Cohort, Phenotype, VariantSet
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import p_threshold
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.screening import screen
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Subjects with genotypes, at least.
_FEWEST = 20


@dataclass(frozen=True, slots=True, eq=False)
class VariantMap:
    """How something is associated with every variant.

    Attributes
    ----------
    subjects : ndarray
        Indices into the cohort of the subjects who have it, the target and genotypes.
    strength : ndarray, shape (n_variants,)
        ``|r|``; of a category of several levels, of the level most strongly associated with the variant.
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
class VariantPrediction:
    """How well something is predicted from variants, and from connectivity, of the same subjects in the same folds.

    Attributes
    ----------
    variants, connectivity : PredictionScore or None
        None where it is not predicted.
    why : str
        Why it is not; empty if it is.
    """

    variants: PredictionScore | None
    connectivity: PredictionScore | None
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class VariantPart:
    """What is associated with variants, and what they predict.

    Attributes
    ----------
    target_map : VariantMap
    target_prediction : VariantPrediction
    maps : mapping of str to VariantMap
        Of the candidates, by name; without those computed from the variants, or that too few subjects with genotypes
        have.
    predictions : mapping of str to VariantPrediction
        Of every candidate, by name.
    share_missing : float
        Of the genotypes of the subjects in whom the target is predicted.
    """

    target_map: VariantMap
    target_prediction: VariantPrediction
    maps: Mapping[str, VariantMap]
    predictions: Mapping[str, VariantPrediction]
    share_missing: float


def compute_variants(
    cohort: Cohort, params: Params, people: Subjects, connectivity: ConnectivityPart
) -> Steps[VariantPart | None]:
    """Return what is associated with variants; None where too few subjects have genotypes."""
    if not cohort.variant_sets:
        yield Progress("No genotypes")
        return None
    variants = cohort.variant_set(None)
    here = people.subjects[_genotyped(variants)[people.subjects]]
    if here.size < _FEWEST:
        return None
    numbers = indicators(people.target.question.phenotype, people.target.level, here)
    target_map = yield from _map_of(variants, numbers, here, params.alpha)
    maps = {}
    for candidate in people.candidates.phenotypes:
        own = here[~candidate.missing[here]]
        if candidate.name not in people.candidates.made_of_variants and own.size >= _FEWEST:
            numbers = indicators(candidate, None, own)
            maps[candidate.name] = yield from _map_of(variants, numbers, own, params.alpha)
    target, predictions = yield from _predictions(variants, people, connectivity)
    return VariantPart(target_map, target, maps, predictions, float((variants.dosage[here] < 0).mean()))


# --- maps --------------------------------------------------------------------------------------------


def indicators(phenotype: Phenotype, level: str | None, subjects: IntArray) -> FloatArray:
    """Return a phenotype as numbers to screen for: itself, or an indicator of each level (one of two).

    Returns
    -------
    ndarray, shape (n_subjects, n_numbers)
    """
    if level is not None:
        return phenotype.indicator(level)[subjects][:, None]
    values = phenotype.values[subjects]
    if not phenotype.levels:
        return values.astype(np.float64)[:, None]
    present = np.unique(values)
    return np.asarray(values[:, None] == (present[1:] if present.size == 2 else present), dtype=np.float64)


def _map_of(variants: VariantSet, numbers: FloatArray, subjects: IntArray, alpha: float) -> Steps[VariantMap]:
    found = yield from screen(variants.dosage[subjects], numbers, mean_only(subjects.size))
    p, strength = found.neg_log10_p, np.abs(found.r)
    n_tested = int(np.count_nonzero(np.isfinite(p).any(axis=0)))
    if not n_tested:
        return VariantMap(subjects, np.full(strength.shape[1], np.nan), 0, 0, -1)
    limit = -np.log10(p_threshold(p.ravel(), "bonferroni", alpha))
    best = np.nan_to_num(p, nan=-1.0)
    best_level = best.argmax(axis=0)
    return VariantMap(
        subjects,
        strength[best_level, np.arange(strength.shape[1])],
        int(np.count_nonzero((best >= limit).any(axis=0))),
        n_tested,
        int(best.max(axis=0).argmax()),
    )


def _genotyped(variants: VariantSet) -> BoolArray:
    return np.array([bool((row >= 0).any()) for row in variants.dosage], dtype=bool)


# --- predictions -------------------------------------------------------------------------------------


def _predictions(
    variants: VariantSet, people: Subjects, connectivity: ConnectivityPart
) -> Steps[tuple[VariantPrediction, dict[str, VariantPrediction]]]:
    """Predict the target and every candidate from variants, all in the folds of the target."""
    spaces: dict[bytes, SampleSpace] = {}
    pair = connectivity.everybody.pair
    target = yield from _predict(variants, pair, pair.goal, connectivity.prediction, spaces)
    predictions = {}
    for candidate in people.candidates.phenotypes:
        name, own = candidate.name, connectivity.candidates.get(candidate.name)
        if own is None:
            predictions[name] = VariantPrediction(None, None, "too little variation among its subjects")
        elif name in people.candidates.made_of_variants:
            why = "computed from these variants: predicting it from them would be circular"
            predictions[name] = VariantPrediction(None, None, why)
        else:
            pair = own.here.pair
            goal = goal_of(candidate_model(candidate, pair.subjects))
            predictions[name] = yield from _predict(variants, pair, goal, own.prediction, spaces)
    return target, predictions


def _predict(
    variants: VariantSet,
    pair: Pair,
    goal: FloatArray | IntArray,
    connectivity: PredictionScore | None,
    spaces: dict[bytes, SampleSpace],
) -> Steps[VariantPrediction]:
    """Predict something from variants.

    Parameters
    ----------
    goal : ndarray, shape (n,)
        Of all subjects in the pair.
    connectivity : PredictionScore or None
        From connectivity, in all subjects of the pair.
    spaces : dict
        By subjects, of earlier calls; what is made is added.
    """
    kept = np.flatnonzero(_genotyped(variants)[pair.subjects])
    splits = tuple(split.among(kept) for split in pair.splits)
    if kept.size < _FEWEST or not all(split.test.size for split in splits):
        return VariantPrediction(None, None, f"{kept.size} subjects with genotypes are too few")
    subjects, own = pair.subjects[kept], recoded(goal[kept])
    if subjects.tobytes() not in spaces:
        spaces[subjects.tobytes()] = (yield from space_of_variants(variants)).of(subjects)
    try:
        result = yield from predict(spaces[subjects.tobytes()], own, splits)
        found = score_of(Basis.VARIANTS, result)
        if kept.size < pair.n_subjects:
            same = yield from predict(pair.space.of(kept), own, splits)
            connectivity = score_of(Basis.CONNECTIVITY, same)
    except InputError:
        return VariantPrediction(None, None, "a level is too rare for the folds")
    return VariantPrediction(found, connectivity)
