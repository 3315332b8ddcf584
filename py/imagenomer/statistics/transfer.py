"""Transfer: a model of one cohort tested in another, and in which of its subjects it works.

The model is fitted once, without the cohort it is tested in, so that to test it needs no further fit: given the model,
the targets of the test subjects are exchangeable if they are independent of the features there. Permuting them leaves
the difference between the means of both cohorts as it is; the test is of whether predictions follow the target among
the test subjects, R² or accuracy say whether they are right.

References
----------
Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39. Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.permutation import Permutations, check_exchangeable, kinds_of
from imagenomer.statistics.prediction import CrossValidation, null_scores
from imagenomer.statistics.prediction_checks import PermutationTest, PermutedTarget, score_of
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Permutations between two reports of progress.
_AT_A_TIME = 50


def scored_among(validation: CrossValidation, number: int, subjects: BoolArray | None = None) -> CrossValidation:
    """Return one split of a cross-validation, with its scores among some of its test subjects.

    Parameters
    ----------
    validation : CrossValidation
    number : int
        Of the split.
    subjects : ndarray of bool, shape (n_subjects,), optional
        Those whose predictions count; otherwise all that the split tests.
    """
    split = validation.splits[number]
    if subjects is not None:
        split = replace(split, test=split.test[subjects[split.test]])
    own = slice(number, number + 1)
    part = replace(
        validation,
        splits=(split,),
        predicted=_only(validation.predicted[own], split.test),
        decision=_only(validation.decision[own], split.test),
        null=_only(validation.null[own], split.test),
        penalties=validation.penalties[own],
        coefficients=validation.coefficients[own],
        n_features=validation.n_features[own],
        selections=validation.selections[own],
    )
    return replace(
        part,
        scores={name: np.asarray(value)[None] for name, value in part.together().items()},
        null_scores={name: np.array([value]) for name, value in null_scores(part).items()},
    )


def _only(values: FloatArray, tested: IntArray) -> FloatArray:
    kept = np.full_like(values, np.nan)
    kept[:, tested] = values[:, tested]
    return kept


def permute_tested(
    validation: CrossValidation,
    n_permutations: int,
    rng: np.random.Generator,
    *,
    blocks: IntArray | None = None,
    covariates: FloatArray | None = None,
) -> Steps[PermutationTest]:
    """Permute the targets of test subjects, with the model as it is.

    Parameters
    ----------
    validation : CrossValidation
        Of one split.
    n_permutations : int
        Drawn at random; where no more than these differ, all of them are used (`Permutations`).
    rng : numpy.random.Generator
    blocks : ndarray of int, shape (n_tested,), optional
        Subjects are permuted only within a block.
    covariates : ndarray, shape (n_tested, n_covariates), optional
        The residuals of a number, given these, are permuted and added to the fitted values (Freedman and Lane).

    Raises
    ------
    InputError
        If the test subjects cannot be permuted.
    """
    test = validation.splits[0].test
    target = validation.truth[test]
    beside = () if covariates is None else (covariates,)
    check_exchangeable("the target", target, blocks, *beside)
    drawn = Permutations(kinds_of(target, *beside), blocks, n_permutations, rng)
    permuted = PermutedTarget(target, validation.n_classes, covariates)
    statistic = score_of(validation)
    null = np.empty(drawn.n)
    for start in range(0, drawn.n, _AT_A_TIME):
        yield Progress("Permuting test subjects", start, drawn.n)
        targets = permuted.targets(drawn.draw(min(_AT_A_TIME, drawn.n - start)))
        for number, own in enumerate(targets.T, start):
            truth = validation.truth.copy()
            truth[test] = own
            null[number] = score_of(replace(validation, truth=truth))
    # Equal but for rounding counts as equal.
    n_reached = int(np.count_nonzero(~(null < statistic - 1e-9 * max(1.0, abs(statistic)))))
    return PermutationTest(validation.main_score, statistic, null, (1 + n_reached) / (1 + drawn.n))
