"""Pairwise: every phenotype against every other, on one scale.

All three measures are on the scale of a correlation, so that a map can show them side by side:

* number x number: Pearson's r, the only one with a sign;
* category x number: epsilon, the correlation ratio eta with its bias taken off (the root of adjusted R squared; Kelley
  1935, PNAS 21:554). Eta squared is the share of the number's variance that lies between levels, as r squared is
  the share that lies along a line; with two levels eta is |r|;
* category x category: Cramer's V with its bias taken off (Bergsma 2013); of two 2-level categories V is |phi|, the r
  of their codes.

Bias is taken off where there is a category, because eta and V grow with the number of levels by chance alone: 20 sites
among 66 subjects have an expected eta of 0.54 with noise. What is below 0 after that is 0. The p-values are of the F
test and of chi-squared, as of r, and need no such correction.

Each pair is over the subjects who have both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.contingency import corrected_v
from imagenomer.statistics.products import gram, multiply
from imagenomer.statistics.tails import (
    fits_exactly,
    neg_log10_p_of_chi2,
    neg_log10_p_of_r,
    neg_log10_p_of_share,
    with_spread_left,
)
from imagenomer.types import BoolArray, FloatArray, IntArray, Variable

#: Of a number's sum of squares among the subjects of a pair, what must be spread about their own mean for it to vary.
_CONSTANT = 1e-12
#: Numbers whose p-values are computed, and cells of tables that are counted, at a time.
_ROWS_AT_ONCE, _CELLS_AT_ONCE = 128, 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Association of every phenotype with every other; all of shape (n_phenotypes, n_phenotypes) and symmetric.

    Attributes
    ----------
    association : ndarray
        In [-1, 1], see the module; NaN where it is not defined: nothing varies, or too few have both. 1 on the diagonal
        where a phenotype varies.
    neg_log10_p : ndarray
        NaN on the diagonal and where no test was made: also where ``exact``.
    n_subjects : ndarray
        Who have both.
    smallest_expected : ndarray
        Of two categories, the smallest expected count; NaN elsewhere.
    exact : ndarray of bool
        Where a number follows from the other phenotype but for rounding: a line through all subjects, or no spread
        within levels, so that t or F has nothing to compare with.
    """

    association: FloatArray
    neg_log10_p: FloatArray
    n_subjects: IntArray
    smallest_expected: FloatArray
    exact: BoolArray


def associate_pairs(phenotypes: Sequence[Variable], subjects: IntArray) -> Steps[Pairs]:
    """Associate all pairs of phenotypes over some subjects.

    Parameters
    ----------
    phenotypes : sequence of Variable
    subjects : ndarray, shape (n_subjects,)
        Indices into the cohort.
    """
    size = len(phenotypes)
    present = np.array([~one.missing[subjects] for one in phenotypes], dtype=np.float64).reshape(size, subjects.size)
    pairs = Pairs(
        np.full((size, size), np.nan),
        np.full((size, size), np.nan),
        np.rint(gram(present)).astype(np.intp),
        np.full((size, size), np.nan),
        np.zeros((size, size), dtype=bool),
    )
    numbers = np.array([index for index, one in enumerate(phenotypes) if not one.levels], dtype=np.intp)
    values = np.array([_standardised(phenotypes[index].values[subjects]) for index in numbers.tolist()])
    values = values.reshape(numbers.size, subjects.size)
    yield from _between_numbers(pairs, numbers, values, present[numbers])
    categories = np.array([index for index, one in enumerate(phenotypes) if one.levels], dtype=np.intp)
    own = [phenotypes[index] for index in categories]
    yield from _of_categories(pairs, own, categories, subjects, numbers, values, present[numbers])
    np.fill_diagonal(pairs.neg_log10_p, np.nan)
    for index, one in enumerate(phenotypes):
        known = one.values[subjects][present[index] > 0]
        pairs.association[index, index] = 1.0 if known.size and np.ptp(known) > 0 else np.nan
    return pairs


def _standardised(values: FloatArray | IntArray) -> FloatArray:
    """Return deviations from the mean in standard deviations, 0 where missing or where nothing varies."""
    deviations = np.zeros(values.shape)
    known = ~np.isnan(values)
    if known.any() and np.ptp(values[known]) > 0:
        deviations[known] = values[known] - values[known].mean()
        deviations /= np.sqrt(np.mean(deviations[known] ** 2))
    return deviations


def _members(phenotype: Variable, subjects: IntArray) -> FloatArray:
    """Return 1 where a subject has a level, shape (n_levels, n_subjects)."""
    return np.asarray(phenotype.values[subjects] == np.arange(len(phenotype.levels))[:, None], dtype=np.float64)


def _varying(squares: FloatArray, sums: FloatArray, n: FloatArray) -> FloatArray:
    """Return sums of squares about the mean of each pair's own subjects; NaN where nothing varies."""
    about = squares - sums**2 / n
    return np.asarray(np.where(about > _CONSTANT * squares, about, np.nan))


def _between_numbers(pairs: Pairs, numbers: IntArray, values: FloatArray, present: FloatArray) -> Steps[None]:
    yield Progress("Associating phenotypes")
    with np.errstate(divide="ignore", invalid="ignore"):
        n = gram(present)
        sums = multiply(values, present.T)
        about = _varying(multiply(values**2, present.T), sums, n)
        r = np.clip((gram(values) - sums * sums.T / n) / np.sqrt(about * about.T), -1, 1)
    r[n < 3] = np.nan
    r = (r + r.T) / 2  # rounding differs between a product and its transpose
    pairs.association[np.ix_(numbers, numbers)] = r
    pairs.exact[np.ix_(numbers, numbers)] = fits_exactly(r) & ~np.eye(numbers.size, dtype=bool)
    for start in range(0, numbers.size, _ROWS_AT_ONCE):
        yield Progress("Associating phenotypes", start, numbers.size)
        block = slice(start, start + _ROWS_AT_ONCE)
        pairs.neg_log10_p[np.ix_(numbers[block], numbers)] = neg_log10_p_of_r(with_spread_left(r[block]), n[block] - 2)


def _of_categories(
    pairs: Pairs,
    categories: Sequence[Variable],
    places: IntArray,
    subjects: IntArray,
    numbers: IntArray,
    values: FloatArray,
    present: FloatArray,
) -> Steps[None]:
    """Associate categories with numbers and with each other; ``places`` are theirs among all phenotypes."""
    n_levels = np.array([len(one.levels) for one in categories], dtype=np.intp)
    ends = np.cumsum(n_levels)
    starts = ends - n_levels
    stacked = np.zeros((int(n_levels.sum()), subjects.size))
    for one, start, end in zip(categories, starts, ends, strict=True):
        stacked[start:end] = _members(one, subjects)
    for done, index in enumerate(places.tolist()):
        yield Progress("Associating phenotypes", done, places.size)
        members = stacked[starts[done] : ends[done]]
        _with_numbers(pairs, index, numbers, members, values, present)
        for block in _blocks(n_levels[:done], max(1, _CELLS_AT_ONCE // members.shape[0])):
            own = slice(starts[block.start], ends[block.stop - 1])
            _between_categories(pairs, index, places[block], members, stacked[own], starts[block] - own.start)


def _blocks(sizes: IntArray, most: int) -> Iterator[slice]:
    """Yield runs of entries whose sizes come to at most ``most``, or single ones that are larger."""
    start = total = 0
    for place, size in enumerate(sizes.tolist()):
        if total + size > most and place > start:
            yield slice(start, place)
            start, total = place, 0
        total += size
    if sizes.size > start:
        yield slice(start, sizes.size)


def _with_numbers(
    pairs: Pairs, index: int, numbers: IntArray, members: FloatArray, values: FloatArray, present: FloatArray
) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes, sums = multiply(present, members.T), multiply(values, members.T)
        n, n_levels = sizes.sum(axis=1), np.count_nonzero(sizes, axis=1)
        total = _varying(multiply(values**2, members.sum(axis=0)[:, None])[:, 0], sums.sum(axis=1), n)
        between = (sums**2 / np.where(sizes > 0, sizes, 1)).sum(axis=1) - sums.sum(axis=1) ** 2 / n
        dof = np.where((n_levels > 1) & (n > n_levels), n - n_levels, np.nan)
        share = np.clip(np.where(np.isnan(dof), np.nan, between / total), 0, 1)
        epsilon = np.sqrt(np.maximum(1 - (1 - share) * (n - 1) / dof, 0))
    pairs.association[index, numbers] = pairs.association[numbers, index] = epsilon
    exact = fits_exactly(np.sqrt(share))
    pairs.exact[index, numbers] = pairs.exact[numbers, index] = exact
    share[exact] = np.nan
    neg_log10_p = np.full(share.shape, np.nan)
    for tested in np.unique(n_levels[~np.isnan(share)] - 1).tolist():
        own = n_levels - 1 == tested
        neg_log10_p[own] = neg_log10_p_of_share(share[own], tested, dof[own])
    pairs.neg_log10_p[index, numbers] = pairs.neg_log10_p[numbers, index] = neg_log10_p


def _between_categories(
    pairs: Pairs, index: int, others: IntArray, members: FloatArray, stacked: FloatArray, starts: IntArray
) -> None:
    """Associate one category with others, whose levels are stacked; those of each begin at ``starts``.

    As `pearson_chi2` and `expected_counts` do for one table: what nobody has is no row or column of a pair.
    """
    counts = np.rint(multiply(members, stacked.T))
    rows = np.add.reduceat(counts, starts, axis=1)  # of each table, shape (n_levels, n_others)
    columns = counts.sum(axis=0)
    n = rows.sum(axis=0)
    of_table = np.repeat(np.arange(starts.size), np.diff(np.append(starts, stacked.shape[0])))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = rows[:, of_table] * columns / n[of_table]
        distances = np.where(expected > 0, (counts - expected) ** 2 / expected, 0.0)
    chi2 = np.add.reduceat(distances.sum(axis=0), starts)
    n_rows = np.count_nonzero(rows, axis=0)
    n_columns = np.add.reduceat((columns > 0).astype(np.intp), starts)
    smallest = np.minimum.reduceat(np.where(expected > 0, expected, np.inf).min(axis=0), starts)
    tested = np.flatnonzero(np.minimum(n_rows, n_columns) > 1)
    shape = (n_rows[tested], n_columns[tested])
    dof = (shape[0] - 1.0) * (shape[1] - 1.0)
    association = corrected_v(chi2[tested], n[tested], *shape)
    neg_log10_p = neg_log10_p_of_chi2(chi2[tested], dof)
    for cell in ((index, others[tested]), (others[tested], index)):
        pairs.association[cell] = association
        pairs.neg_log10_p[cell] = neg_log10_p
        pairs.smallest_expected[cell] = smallest[tested]
