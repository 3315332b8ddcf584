"""Commonality: what each of several candidates explains by itself, and what it shares with the others.

With E(C) what candidates C explain of an association (1 less the share of the slope that remains given them, of the
same scores for every C), of all candidates A a candidate c explains

    alone E({c}),    uniquely U(c) = E(A) - E(A without c),    shared E({c}) - U(c),

and with another d it shares, given all others, U({c, d}) - U(c) - U(d). A cause and a proxy of it, which is associated
with the target only because the cause is, both explain the association alone; unique is the cause's part only. The
same is told of the target's variance, where E is R squared and U its increase (nested models). A shared part below 0
is suppression: two candidates explain more together than each alone.

The interval of U is that of the influence of both slopes (`imagenomer.statistics.remaining_slope`).

References
----------
Seibold and McPhee (1979), Human Communication Research 5:355. Nimon and Reio (2011), Human Resource Development Review
10:329 (commonality analysis). MacKinnon and White (1985), J. Econometrics 29:305.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.orthonormal import orthonormal
from imagenomer.statistics.remaining_slope import Slope, Spread, slope_given, whole_slope
from imagenomer.types import FloatArray, IntArray

#: The interval of a unique share allows for the learned pattern as that of a remaining one does; both slopes of a
#: difference are of the same subjects and scores, so it needs no floor.
UNIQUE = Spread(1.5, 0.0)
#: Candidates up to which every pair of them is looked at.
_MOST_PAIRED = 20


@dataclass(frozen=True, slots=True)
class ExplainedParts:
    """What one candidate explains of an association, beside the others of a joint model.

    Attributes
    ----------
    alone : float
        Share of the association that it explains by itself.
    unique, low, high : float
        Share that is explained by it and no other, with an interval.
    of_target, unique_of_target : float
        Share of the target's variance that it explains by itself, and in addition to the others.
    partner : str or None
        The candidate with which it shares most given all others; None where it shares nothing.
    with_partner : float
        What the two share.
    """

    alone: float
    unique: float
    low: float
    high: float
    of_target: float
    unique_of_target: float
    partner: str | None
    with_partner: float

    @property
    def shared(self) -> float:
        """Share of the association that it explains by itself and others explain too; below 0: suppression."""
        return self.alone - self.unique


def explained_parts(
    target: FloatArray,
    scores: FloatArray,
    own: Mapping[str, FloatArray],
    products: Mapping[tuple[str, str], FloatArray],
    codes: IntArray,
) -> Steps[Mapping[str, ExplainedParts]]:
    """Return what each candidate of a joint model explains, alone and uniquely.

    Parameters
    ----------
    target, scores : ndarray, shape (n_subjects, n_columns)
        The target centred, and scores given the joint model.
    own : mapping of str to ndarray, shape (n_subjects, n_own)
        Columns of each candidate.
    products : mapping of (str, str) to ndarray, shape (n_subjects, n_products)
        Of two candidates; they count as those of either.
    codes : ndarray of int, shape (n_subjects,)
        The cluster of each subject, from 0 on.

    Returns
    -------
    mapping of str to ExplainedParts
        Empty where the slope is not above 0, or candidates leave no target.
    """
    without = whole_slope(target, scores)
    models = _Models(target, scores, own, products)
    whole = models.without(())
    if whole is None or without.slope <= 0 or len(own) < 2:
        return {}
    left = {}
    for name in own:
        yield Progress("Separating candidates")
        left[name] = models.without((name,)), models.without([other for other in own if other != name])
    pairs = {}
    if len(own) <= _MOST_PAIRED:
        for pair in itertools.combinations(own, 2):
            yield Progress("Separating candidates")
            pairs[pair] = models.without(pair)
    unique = {name: (rest.slope - whole.slope) / without.slope for name, (rest, _) in left.items() if rest is not None}
    found = {}
    for name, (rest, alone) in left.items():
        if rest is None or alone is None:
            continue
        influence = rest.influence - whole.influence - unique[name] * without.influence
        n_columns = models.n_columns + target.shape[1]
        half = UNIQUE.half_width(influence, without.slope, codes, n_columns)
        shares = {
            one if other == name else other: (both.slope - whole.slope) / without.slope - unique[one] - unique[other]
            for (one, other), both in pairs.items()
            if name in (one, other) and both is not None and {one, other} <= {*unique}
        }
        partner = max(shares, key=lambda other: shares[other], default=None)
        if partner is not None and shares[partner] <= 0:
            partner = None
        found[name] = ExplainedParts(
            1 - alone.slope / without.slope,
            unique[name],
            unique[name] - half,
            unique[name] + half,
            alone.explained,
            whole.explained - rest.explained,
            partner,
            0.0 if partner is None else shares[partner],
        )
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Models:
    """Slopes given some of the candidates."""

    target: FloatArray
    scores: FloatArray
    own: Mapping[str, FloatArray]
    products: Mapping[tuple[str, str], FloatArray]

    @property
    def n_columns(self) -> int:
        return 1 + sum(int(one.shape[1]) for one in (*self.own.values(), *self.products.values()))

    def without(self, names: Collection[str]) -> Slope | None:
        """Return the slope given all candidates but some; products of those that are left are left."""
        columns = [one for name, one in self.own.items() if name not in names]
        columns += [one for pair, one in self.products.items() if not {*pair} & {*names}]
        basis = orthonormal(np.column_stack([np.ones((len(self.target), 1)), *columns]))
        return slope_given(self.target, self.scores, basis)


def inseparable(parts: Mapping[str, ExplainedParts], margin: float) -> list[tuple[str, str, float]]:
    """Return pairs that share more than a margin, each mostly with the other, neither with a unique part for certain.

    Returns
    -------
    list of (str, str, float)
        Two candidates, and the share that both explain.
    """
    found = []
    for first, second in itertools.combinations(parts, 2):
        one, other = parts[first], parts[second]
        mutual = one.partner == second and other.partner == first
        if mutual and one.with_partner > margin and max(one.low, other.low) <= 0:
            found.append((first, second, one.with_partner))
    return found


def proxies(parts: Mapping[str, ExplainedParts], margin: float) -> Mapping[str, str]:
    """Return the candidates that are proxies of another, and of which.

    A proxy explains more than a margin by itself and at most the margin uniquely (by its interval); most of what it
    explains it shares with a candidate that explains more than it alone and more uniquely than its own interval allows.

    Parameters
    ----------
    parts : mapping of str to ExplainedParts
    margin : float
        A share that counts as nothing.
    """
    found = {}
    for name, one in parts.items():
        cause = None if one.partner is None else parts.get(one.partner)
        if one.partner is None or cause is None:
            continue
        nothing_of_its_own = one.alone > margin and one.high <= margin
        if nothing_of_its_own and 2 * one.with_partner > one.alone and cause.low > max(one.unique, 0):
            found[name] = one.partner
    return found
