"""How many permutations of a predicted target there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imagenomer.analyses.shared.plan import Plan
from imagenomer.statistics.permutation import exchange_of_kinds, kinds_of
from imagenomer.types import FloatArray, IntArray


def plan_for(plan: Plan, subjects: IntArray, target: FloatArray | IntArray, given: FloatArray | None) -> Plan:
    """Return the plan with how many permutations of the target, or of its residuals, there are.

    Parameters
    ----------
    plan : Plan
    subjects : ndarray, shape (n_subjects,)
        Who are permuted, as indices into their cohort.
    target : ndarray, shape (n_subjects,)
        Floating: a number. Whole: codes of classes.
    given : ndarray, shape (n_subjects, n_covariates), or None
        Covariates that residuals are taken of before these are permuted.
    """
    if not plan.n_permutations:
        return plan
    n_classes = int(target.max()) + 1 if np.issubdtype(target.dtype, np.integer) else 0
    directions = None
    if given is None:  # else the fitted values stay as they are, and no two orders are alike
        columns = target[:, None] == np.arange(1, n_classes) if n_classes else target[:, None]
        directions = np.linalg.qr(columns - columns.mean(axis=0))[0]
    kinds = kinds_of(target, *(() if given is None else (given,)))
    return replace(plan, exchange=exchange_of_kinds(kinds, plan.codes(subjects), plan.n_permutations, directions))
