"""Strata: subjects who are alike in something, within which others are compared, permuted or matched.

A category's strata are its levels. A number is cut at its quantiles into bins of about the same size, and equal values
are kept together, so that a number of few values gives fewer strata than were asked for. Within a bin subjects still
differ a little: permuting within bins keeps most of the association with the number, not all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.types import FloatArray, IntArray, Variable

#: Bins of a number, at most, and the fewest subjects that are worth a bin.
MOST_BINS, LEAST_IN_BIN = 10, 10


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Which stratum each subject is in.

    Attributes
    ----------
    codes : ndarray of int, shape (n_subjects,)
        Every stratum from 0 on has somebody.
    names : tuple of str, length n_strata
        "EA"; "12 to 13".
    binned : bool
        Whether a number was cut into bins.
    """

    codes: IntArray
    names: tuple[str, ...]
    binned: bool

    @property
    def sizes(self) -> IntArray:
        """Subjects of each stratum, shape (n_strata,)."""
        return np.bincount(self.codes, minlength=len(self.names))


def strata_of(phenotype: Variable, subjects: IntArray, *, most: int = MOST_BINS, least: int = LEAST_IN_BIN) -> Strata:
    """Return the strata of a phenotype among some subjects, who all have it.

    Parameters
    ----------
    phenotype : Variable
    subjects : ndarray, shape (n_subjects,)
    most : int
        Bins of a number at most.
    least : int
        Bins are so few that each would have this many subjects if they were of one size.
    """
    values = phenotype.values[subjects]
    if phenotype.missing[subjects].any():
        raise ValueError(f"{phenotype.name} has missing values; leave those subjects out first")
    if phenotype.levels:
        present, codes = np.unique(values.astype(np.intp), return_inverse=True)
        return Strata(codes.astype(np.intp), tuple(phenotype.levels[level] for level in present.tolist()), binned=False)
    codes = bin_number(values.astype(np.float64), max(1, min(most, subjects.size // least)))
    names = tuple(_range(values[codes == code]) for code in range(int(codes.max(initial=0)) + 1))
    return Strata(codes, names, binned=True)


def bin_number(values: FloatArray, n_bins: int) -> IntArray:
    """Cut a number at its quantiles, equal values together; return the bin of each, from 0 on, none of them empty."""
    cuts = np.quantile(values, np.arange(1, n_bins) / n_bins, method="inverted_cdf")
    # A value is in the bin of the first cut that is not below it; without repeats of cuts no bin is empty.
    bins = np.searchsorted(np.unique(cuts), values, side="left")
    return np.unique(bins, return_inverse=True)[1].astype(np.intp)


# --- matching ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """A subsample in which a number is spread alike over levels.

    Attributes
    ----------
    chosen : ndarray, shape (n_chosen,)
        Positions of those kept, ascending; as many of one level as of another.
    together : ndarray, shape (n_chosen,)
        Which set each belongs to: one subject of each level, whose numbers lie within the caliper.
    caliper : float
        In units of the number.
    before, after : float
        Largest standardised difference between the means of two levels (in standard deviations of the whole
        sample), in everybody and in those kept; NaN after where nobody is.
    """

    chosen: IntArray
    together: IntArray
    caliper: float
    before: float
    after: float


def match_levels(codes: IntArray, number: FloatArray, *, caliper: float = 0.2, rng: np.random.Generator) -> Matching:
    """Choose subjects of every level whose numbers are alike: matching without replacement within a caliper.

    The subjects of the smallest level take, in random order, the nearest unused subject of every other level; a set
    that cannot be completed within the caliper is not used (Rosenbaum and Rubin 1985, Am. Stat. 39:33).

    Parameters
    ----------
    codes : ndarray of int, shape (n_subjects,)
        Level of each, from 0 on.
    number : ndarray, shape (n_subjects,)
    caliper : float
        Standard deviations of the number that two matched subjects may differ by.
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        If there is only one level, or the number does not vary.
    """
    levels, codes = np.unique(codes, return_inverse=True)
    if levels.size < 2:
        raise InputError(
            "all subjects are of the same level, so there is no subject to match them with; choose another category"
        )
    sd = float(number.std())
    if not sd > 0:
        raise InputError("the number to match by is the same for all subjects; choose another one")
    reach = caliper * sd
    members = [np.flatnonzero(codes == level) for level in range(levels.size)]
    anchor = int(np.argmin([own.size for own in members]))
    # Of each other level the subjects sorted by the number, from which those in use are taken out.
    pools = {level: own[np.argsort(number[own], kind="stable")].tolist() for level, own in enumerate(members)}
    sorted_values = {level: number[pool].tolist() for level, pool in pools.items()}
    chosen: list[int] = []
    for subject in rng.permutation(members[anchor]).tolist():
        partners = []
        for level in range(levels.size):
            if level != anchor:
                place = _nearest(sorted_values[level], float(number[subject]), reach)
                if place is None:
                    break
                partners.append((level, place))
        else:
            chosen.append(subject)
            for level, place in partners:
                chosen.append(pools[level].pop(place))
                sorted_values[level].pop(place)
    kept = np.array(chosen, dtype=np.intp)
    together = np.repeat(np.arange(kept.size // levels.size), levels.size)
    order = np.argsort(kept)
    after = _imbalance(codes[kept], number[kept], sd) if kept.size else float("nan")
    return Matching(kept[order], together[order], reach, _imbalance(codes, number, sd), after)


def match_cells(first: IntArray, second: IntArray, *, rng: np.random.Generator) -> IntArray:
    """Choose subjects so that two categories are independent: of each level of the first, the same mix of the second.

    Parameters
    ----------
    first, second : ndarray of int, shape (n_subjects,)
        Levels, from 0 on.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_chosen,)
        Positions of those kept, ascending: as many in every cell of a level of ``second`` as its rarest has.
    """
    kept = []
    for level in np.unique(second):
        cells = [np.flatnonzero((first == other) & (second == level)) for other in np.unique(first)]
        fewest = min(cell.size for cell in cells)
        kept += [rng.permutation(cell)[:fewest] for cell in cells]
    return np.sort(np.concatenate(kept)).astype(np.intp)


def _nearest(values: list[float], value: float, reach: float) -> int | None:
    """Return the place of the nearest of sorted values, None where none lies within reach."""
    from bisect import bisect_left

    right = bisect_left(values, value)
    near = [place for place in (right - 1, right) if 0 <= place < len(values)]
    best = min(near, key=lambda place: abs(values[place] - value), default=None)
    return best if best is not None and abs(values[best] - value) <= reach else None


def _imbalance(codes: IntArray, number: FloatArray, sd: float) -> float:
    means = [float(number[codes == level].mean()) for level in np.unique(codes)]
    return (max(means) - min(means)) / sd


def _range(values: FloatArray | IntArray) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
