"""Transfers: what a prediction across cohorts adds to one within a cohort, direction by direction."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.models.both_cohorts import BothCohorts
from imagenomer.analyses.models.permutation_plan import plan_for
from imagenomer.analyses.models.prediction_result import Performance, Transfer
from imagenomer.analyses.shared.plan import Plan
from imagenomer.cohort import Phenotype
from imagenomer.progress import Steps
from imagenomer.statistics.prediction import CrossValidation
from imagenomer.statistics.prediction_checks import permuted_with
from imagenomer.statistics.split_tasks import Use
from imagenomer.statistics.transfer import permute_tested, scored_among
from imagenomer.types import FloatArray, IntArray


def transfers_of(
    performance: Performance,
    covariates_alone: Performance | None,
    both: BothCohorts,
    scores_by: str | None,
    subjects: IntArray,
    covariates: FloatArray | None,
    use: Use,
    plan: Plan,
    rng: np.random.Generator,
) -> Steps[tuple[Transfer, ...]]:
    """Return each direction with its own scores, those of each level, and its permutation test.

    Parameters
    ----------
    performance, covariates_alone : Performance
        Of all splits together.
    both : BothCohorts
    scores_by : str or None
        A category of both.
    subjects : ndarray, shape (n_subjects,)
        Indices into both cohorts together.
    covariates : ndarray, shape (n_subjects, n_covariates), or None
    use : Use
    plan : Plan
    rng : numpy.random.Generator
    """
    validation, found = performance.validation, []
    by = None if scores_by is None else both.together.phenotype(scores_by)
    names = (both.first.name, both.second.name)
    for number, split in enumerate(validation.splits):
        forwards = subjects[split.train[0]] < both.first.n_subjects
        trained_on, tested_on = names if forwards else names[::-1]
        test, own_plan = None, plan
        one_way = scored_among(validation, number)
        if plan.n_permutations:
            given = permuted_with(covariates, use, validation.n_classes)
            given = None if given is None else given[split.test]
            own_plan = plan_for(plan, subjects[split.test], validation.truth[split.test], given)
            blocks = plan.codes(subjects[split.test])
            test = yield from permute_tested(one_way, plan.n_permutations, rng, blocks=blocks, covariates=given)
        found.append(
            Transfer(
                trained_on=trained_on,
                tested_on=tested_on,
                performance=_of_split(performance, number, rng),
                covariates_alone=None if covariates_alone is None else _of_split(covariates_alone, number, rng),
                by_level={} if by is None else _by_level(validation, number, by, subjects, rng),
                by=scores_by,
                plan=own_plan,
                permutation_test=test,
            )
        )
    return tuple(found)


def _of_split(performance: Performance, number: int, rng: np.random.Generator) -> Performance:
    """Return the scores of a split; of a single one those that there are already."""
    if len(performance.validation.splits) == 1:
        return performance
    return Performance.of_models(scored_among(performance.validation, number), rng)


def _by_level(
    validation: CrossValidation, number: int, by: Phenotype, subjects: IntArray, rng: np.random.Generator
) -> dict[str, Performance]:
    """Return the scores among test subjects of each level that has some."""
    codes, test = by.values[subjects], validation.splits[number].test
    return {
        level: Performance.of_models(scored_among(validation, number, codes == code), rng)
        for code, level in enumerate(by.levels)
        if (codes[test] == code).any()
    }
