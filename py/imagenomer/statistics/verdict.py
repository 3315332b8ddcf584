"""Verdict: what an interval of the share of an association that remains is called.

An interval [low, high] is of the share of the slope that remains given a candidate (1: all of it). With the bounds
``explained`` and ``kept`` (1/2 each) and the margin m (0.1), in this order:

1. high < -m: "cannot tell"; the slope is turned round, as by a common consequence or a suppressor.
2. high < explained - m/2: "confounding".
3. low > 1 - m: "real effect".
4. low > m and high < 1 - m: "both".
5. high < 1 - m: "confounding" if high < explained, else "cannot tell".
6. low > m: "real effect" if low > kept, else "cannot tell".
7. Otherwise "cannot tell": the interval reaches from nothing to everything.

So what is not significant is never taken for what is not there. One tie is broken by a test: "both" becomes
"confounding" where high < explained + m/2 and no association is found given all candidates: about half can remain at
most, and a rest could not be shown.

The interval along the predictive pattern decides;
that along the map only where the first cannot tell; and a "real effect" becomes "both" where less than all remains of
the map, which is the case of a confound with a pattern of its own, which prediction has learned to ignore.

A mediator looks like "confounding", too: where connectivity changes the candidate and that changes the target, the
numbers are the same, and no test of them separates the two (MacKinnon, Krull and Lockwood 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from imagenomer.statistics.remaining_slope import RemainingShare

Category: TypeAlias = Literal["no association", "unrelated", "real effect", "confounding", "both", "cannot tell"]

#: Fewer subjects than this who have target and candidate cannot separate a confounder from an effect.
LEAST = 30
#: Of the level of significance, what the test of any association has; the rest is left for an association that appears
#: only when candidates are adjusted for.
GATE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which shares that remain are called what.

    Attributes
    ----------
    explained : float
        A candidate explains an association of which less than this can remain.
    kept : float
        A candidate does not explain an association of which at least this remains.
    margin : float
        Shares up to this are nothing, and shares from 1 less this on are everything.
    """

    explained: float = 0.5
    kept: float = 0.5
    margin: float = 0.1


def category_of(share: RemainingShare, bounds: Bounds) -> Category:
    """Return what an interval is called; the module says by which rules."""
    low, high, margin = share.low, share.high, bounds.margin
    if not share.known or high < -margin:
        return "cannot tell"
    if high < bounds.explained - margin / 2:
        return "confounding"
    if low > 1 - margin:
        return "real effect"
    some, not_all = low > margin, high < 1 - margin
    if some and not_all:
        return "both"
    if not_all:
        return "confounding" if high < bounds.explained else "cannot tell"
    return "real effect" if some and low > bounds.kept else "cannot tell"


def decide(pattern: RemainingShare, of_map: RemainingShare, bounds: Bounds) -> Category:
    """Return what the intervals along the predictive pattern and along the map are called together."""
    by_pattern = category_of(pattern, bounds)
    category = by_pattern if by_pattern != "cannot tell" else category_of(of_map, bounds)
    if category == "real effect" and of_map.high < 1 - bounds.margin:
        return "both"
    return category


def settle(category: Category, share: RemainingShare, p_given: float, alpha: float, bounds: Bounds) -> Category:
    """Return a category with the tie of "both" and "confounding" broken by the test given all candidates.

    Parameters
    ----------
    category : str
        By the intervals.
    share : RemainingShare
        Along the predictive pattern.
    p_given : float
        Of no association given all candidates that matter.
    alpha : float
        Level of significance.
    bounds : Bounds
    """
    if category == "both" and share.high < bounds.explained + bounds.margin / 2 and p_given > alpha:
        return "confounding"
    return category


def decide_overall(joint: Category, alone: Sequence[Category]) -> Category:
    """Return what all candidates together do, given what is said of the joint model and of each candidate alone.

    The joint model decides. Where it cannot tell, having more columns, a candidate that explains the association by
    itself does.
    """
    return "confounding" if joint == "cannot tell" and "confounding" in alone else joint
