"""What a handful of numbers is consistent with: a real effect, a confounder, both, or undecided.

The rules look at three things, the target (y), the candidate (z) and connectivity (X):

1. fewer than `LEAST` subjects: "cannot tell".
2. X is not associated with y (p > alpha): "no association"; there is nothing to explain.
3. z is not associated with y (p > alpha, corrected for the number of candidates): "unrelated"; it cannot explain the
   association of X with y.
4. Otherwise two questions decide. Is X associated with y given z: is the rest significant at alpha / 5 and
   at least `RETAINED` of what it was? Do predictions follow z beyond what y explains (partial confounder test, alpha)?

       rest    predictions follow z
       yes     no                       "real effect"
       yes     yes                      "both"
       no      yes                      "confounding"
       no      no                       "cannot tell"

The rest must pass a stricter level, because adjusting for a candidate measured with error, or with a non-linear effect,
leaves residual confounding. And where more than `UNTOUCHED` of the association is left, predictions associated with z
do not count against it: that is a "real effect".

A mediator looks like "confounding", too: where connectivity changes the candidate and that changes the target, the
numbers are the same, and no test of them separates the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Category: TypeAlias = Literal["no association", "unrelated", "real effect", "confounding", "both", "cannot tell"]

#: Fewer subjects than this cannot separate a confounder from an effect.
LEAST = 40
#: Share of an association that must be left to be more than what imperfect adjustment leaves.
RETAINED = 1 / 3
#: Where more than this share of an association is left, adjusting has changed nothing.
UNTOUCHED = 0.95
#: What is left over must be significant at alpha divided by this.
STRICTER = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers that decide about one candidate; NaN where one could not be had.

    Attributes
    ----------
    n_subjects : int
    p_target : float
        Of no association of the target with connectivity as a whole.
    p_candidate : float
        Of no association of the candidate with the target, corrected for the number of candidates.
    p_rest : float
        Of no association of the target with connectivity given the candidate.
    remaining : float
        Share of connectivity that the target explains given the candidate, over the share without it; beyond chance.
    retained : float
        The same relative to an effect independent of the candidate: more by what the candidate
        explains of the target, which is lost in any case.
    p_predictions : float
        Of the partial confounder test: predictions follow the candidate no more than the target does.
    """

    n_subjects: int
    p_target: float
    p_candidate: float
    p_rest: float
    remaining: float
    retained: float
    p_predictions: float


def rest_is_clear(evidence: Evidence, alpha: float = 0.05) -> bool:
    """Return whether the association given the candidate exceeds chance and residual confounding."""
    return evidence.p_rest <= alpha / STRICTER and evidence.retained >= RETAINED


def predictions_follow(evidence: Evidence, alpha: float = 0.05) -> bool:
    """Return whether predictions follow the candidate beyond what the target explains."""
    return evidence.p_predictions <= alpha


def decide(evidence: Evidence, alpha: float = 0.05) -> Category:
    """Return what the numbers about one candidate are consistent with; the module says by which rules."""
    if evidence.n_subjects < LEAST or math.isnan(evidence.p_target):
        return "cannot tell"
    if evidence.p_target > alpha:
        return "no association"
    if math.isnan(evidence.p_candidate):
        return "cannot tell"
    if evidence.p_candidate > alpha:
        return "unrelated"
    if math.isnan(evidence.p_rest) or math.isnan(evidence.p_predictions):
        return "cannot tell"
    follow = predictions_follow(evidence, alpha) and not evidence.remaining >= UNTOUCHED
    if rest_is_clear(evidence, alpha):
        return "both" if follow else "real effect"
    return "confounding" if follow else "cannot tell"


def decide_about_all(categories: Sequence[Category], p_target: float, alpha: float = 0.05) -> Category:
    """Return what all candidates together leave of the target's association with connectivity.

    Confounding by any one candidate outweighs all others, since an effect that is gone when one of them is adjusted
    for is gone; then doubts; then what stays beside a confounder.
    """
    if math.isnan(p_target):
        return "cannot tell"
    if p_target > alpha:
        return "no association"
    for category in ("confounding", "both"):
        if category in categories:
            return category
    decided = [one for one in categories if one != "cannot tell"]
    return "real effect" if decided or not categories else "cannot tell"
