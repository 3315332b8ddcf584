"""How target, candidates and connectivity as a whole are associated, in pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imagenomer.analyses.confounds.predictions import predict
from imagenomer.analyses.confounds.subjects import Pair, Subjects
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.confounding import ConfounderTest, partial_confounder_test
from imagenomer.statistics.correction import adjust_neg_log10
from imagenomer.statistics.multivariate import ShareExplained, share_explained
from imagenomer.statistics.pairwise import Pairs, associate_pairs
from imagenomer.statistics.prediction import CrossValidation
from imagenomer.types import FloatArray

# --- phenotypes --------------------------------------------------------------------------------------


def associate(people: Subjects) -> Steps[Pairs]:
    """Associate the target, which comes first, and all candidates with each other."""
    target = people.target.question.phenotype
    if people.target.level is not None:
        codes = np.where(target.missing, -1, target.values == target.levels.index(people.target.level)).astype(np.intp)
        target = replace(target, values=codes, levels=(f"not {people.target.level}", people.target.level))
    return (yield from associate_pairs([target, *people.candidates.phenotypes], people.subjects))


def corrected_p(pairs: Pairs) -> FloatArray:
    """Return the p-values of the candidates' association with the target, corrected for their number (Holm)."""
    return np.asarray(10 ** -adjust_neg_log10(pairs.neg_log10_p[0, 1:], "holm"))


# --- connectivity as a whole -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class TargetConnectivity:
    """Association of the target with connectivity, without adjustment.

    Attributes
    ----------
    share : ShareExplained
        All edges at once.
    predicted : CrossValidation
    """

    share: ShareExplained
    predicted: CrossValidation


def target_connectivity(pair: Pair) -> Steps[TargetConnectivity]:
    """Compute the association of the target with connectivity, without adjustment."""
    share = yield from share_explained(pair.space.gram, pair.target.tested, pair.target.design)
    predicted = yield from predict(pair.space, pair.goal, pair.splits)
    return TargetConnectivity(share, predicted)


# --- predictions and a candidate ---------------------------------------------------------------------


def confounder_test(
    pair: Pair, candidate: Phenotype, predicted: FloatArray, n_permutations: int, rng: np.random.Generator
) -> Steps[ConfounderTest | None]:
    """Test whether predictions are associated with a candidate beyond the target; None for three classes or more.

    Parameters
    ----------
    predicted : ndarray, shape (n_subjects, n_columns)
        NaN for subjects in no test set.
    """
    if predicted.shape[1] > 1:
        return None
    known = np.isfinite(predicted[:, 0])
    values = candidate.values[pair.subjects]
    try:
        return (
            yield from partial_confounder_test(
                predicted[known, 0],
                pair.goal[known],
                values[known],
                target_is_category=bool(pair.target.levels),
                confounder_is_category=bool(candidate.levels),
                n_permutations=n_permutations,
                rng=rng,
            )
        )
    except InputError:
        return None
