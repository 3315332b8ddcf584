"""Replication: does a map of associations replicate in a second cohort, and do the edges discovered in the first?

The map of the first cohort is given and stays as it is. Subjects of the second are permuted (residuals of what is
tested given the covariates, Freedman and Lane), which leaves the edges of each subject together: edges are far from
independent, so that a correlation over thousands of them, or a share of equal signs, cannot be tested by their number.

References
----------
Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292. Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.
Alexander-Bloch et al. (2018), NeuroImage 178:540 (why edges or regions are no sample).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.permutation import Permutations, check_exchangeable, kinds_of
from imagenomer.statistics.products import multiply
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Edges, and permutations, worked on at a time: what covariates explain of edges is taken off anew for each batch.
_EDGES, _AT_A_TIME = 1024, 1000
#: Two numbers that are equal but for rounding count as equal.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ReplicationTest:
    """Agreement of a map with that of a second cohort, and with maps of its permuted subjects.

    Attributes
    ----------
    second : ndarray, shape (n_edges,)
        Correlations in the second cohort; NaN where an edge is not compared: not all of its subjects have it, they do
        not differ in it, or the first map has no value.
    same_sign, replicated : ndarray of bool, shape (n_edges,)
        Edges discovered in the first with the same sign in the second, and those of them that reach the threshold.
    correlation : float
        Of both maps over the edges compared; NaN where one does not vary.
    null : ndarray, shape (3, n_permutations)
        Correlation, edges of the same sign, and edges replicated, of each permutation.
    p_correlation, p_same_sign, p_replicated : float
        One-sided: for more agreement; the identity counts as one. NaN where undefined, or nothing was discovered.
    """

    second: FloatArray
    same_sign: BoolArray
    replicated: BoolArray
    correlation: float
    null: FloatArray
    p_correlation: float
    p_same_sign: float
    p_replicated: float

    @property
    def compared(self) -> BoolArray:
        """Edges with a correlation in both, shape (n_edges,)."""
        return np.isfinite(self.second)


def replication_test(
    first: FloatArray,
    discovered: BoolArray,
    values: Float32Array,
    rows: IntArray,
    tested: FloatArray,
    basis: FloatArray,
    threshold: float,
    n_permutations: int,
    rng: np.random.Generator,
) -> Steps[ReplicationTest]:
    """Compare a map of correlations with that of a second cohort.

    Parameters
    ----------
    first : ndarray, shape (n_edges,)
        Correlations in the first cohort; NaN where there is none.
    discovered : ndarray of bool, shape (n_edges,)
        Edges significant there.
    values : ndarray, shape (n_rows, n_edges), float32
        Of the second cohort.
    rows : ndarray of int, shape (n_subjects,)
        The rows of its subjects.
    tested : ndarray, shape (n_subjects,)
        What is correlated with the edges.
    basis : ndarray, shape (n_subjects, n_columns)
        Orthonormal; spans the intercept and the covariates.
    threshold : float
        Magnitude of a correlation in the second cohort that an edge has to reach.
    n_permutations : int
        Of its subjects, drawn at random; all where no more than these differ. 0: none.
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        If no edge can be compared, or the subjects cannot be permuted.
    """
    basis = np.ascontiguousarray(basis)
    left = _without(tested[:, None].astype(np.float64), basis)[:, 0]
    drawn = None
    if n_permutations:
        given = (basis,) if basis.shape[1] > 1 else ()
        check_exchangeable("the phenotype", tested, None, *given)
        drawn = Permutations(kinds_of(tested, *given), None, n_permutations, rng)
    own = np.full(first.size, np.nan)
    found: list[FloatArray] = []
    n_batches = 1 if drawn is None else 1 + -(-drawn.n // _AT_A_TIME)
    for orders in _orders(rows.size, drawn):
        targets = _unit(_without(np.ascontiguousarray(left[orders].T), basis))
        sums = _Sums(targets.shape[1])
        for start in range(0, first.size, _EDGES):
            yield Progress("Comparing the maps", len(found) * first.size + start, n_batches * first.size)
            columns = slice(start, start + _EDGES)
            block, usable = _residuals(values[:, columns][rows], basis)
            usable &= np.isfinite(first[columns])
            second = multiply(np.ascontiguousarray(block[:, usable].T), targets)
            sums.add(first[columns][usable], discovered[columns][usable], second, threshold)
            if not found:
                own[np.flatnonzero(usable) + start] = second[:, 0]
        if not np.isfinite(own).any():
            raise InputError(
                "no edge is known of everybody in both cohorts and differs between subjects; choose other connectivity"
            )
        found.append(sums.agreement())
    signed = np.where(discovered, np.sign(first) * own, np.nan)
    with np.errstate(invalid="ignore"):
        same_sign, replicated = signed > 0, signed >= threshold - _ROUNDING
    return _test(own, same_sign, replicated, np.concatenate(found, axis=1), any_found=bool(np.isfinite(signed).any()))


def _orders(n_subjects: int, drawn: Permutations | None) -> Iterator[IntArray]:
    """Yield the actual order, and then the others in blocks, shape (n_orders, n_subjects)."""
    yield np.arange(n_subjects)[None]
    n_left = 0 if drawn is None else drawn.n
    while drawn is not None and n_left:
        orders = drawn.draw(min(_AT_A_TIME, n_left))
        n_left -= len(orders)
        yield orders


def _without(columns: FloatArray, basis: FloatArray) -> FloatArray:
    """Return columns without what covariates explain of them."""
    return columns - multiply(basis, multiply(np.ascontiguousarray(basis.T), columns))


def _residuals(block: Float32Array, basis: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return edges without what covariates explain, of unit length, and which of them are of use."""
    wide = block.astype(np.float64)
    known = np.isfinite(wide).all(axis=0)
    wide[:, ~known] = 0
    before = np.sqrt(np.sum((wide - wide.mean(axis=0)) ** 2, axis=0))
    wide = _without(wide, basis)
    lengths = np.sqrt(np.sum(wide**2, axis=0))
    usable = known & (lengths > 1e-6 * before) & (before > 0)
    wide[:, usable] /= lengths[usable]
    return wide, usable


def _unit(columns: FloatArray) -> FloatArray:
    return np.ascontiguousarray(columns / np.sqrt(np.sum(columns**2, axis=0)))


class _Sums:
    """Sums over edges that the agreement with each of some maps is made of."""

    def __init__(self, n_maps: int) -> None:
        self._n, self._first, self._squares = 0, 0.0, 0.0
        self._second, self._second_squares, self._products = (np.zeros(n_maps) for _ in range(3))
        self._same, self._replicated = np.zeros(n_maps), np.zeros(n_maps)

    def add(self, first: FloatArray, discovered: BoolArray, second: FloatArray, threshold: float) -> None:
        """Add some edges: of the first map, shape (n,), and of each other, shape (n, n_maps)."""
        self._n += first.size
        self._first += float(first.sum())
        self._squares += float(np.sum(first**2))
        self._second += second.sum(axis=0)
        self._second_squares += np.sum(second**2, axis=0)
        self._products += multiply(np.ascontiguousarray(first[None]), second)[0]
        signed = np.sign(first[discovered])[:, None] * second[discovered]
        self._same += np.count_nonzero(signed > 0, axis=0)
        self._replicated += np.count_nonzero(signed >= threshold - _ROUNDING, axis=0)

    def agreement(self) -> FloatArray:
        """Return correlation, edges of the same sign and edges replicated, shape (3, n_maps)."""
        n = max(self._n, 1)
        covariance = self._products - self._first * self._second / n
        spread = (self._squares - self._first**2 / n) * (self._second_squares - self._second**2 / n)
        with np.errstate(invalid="ignore", divide="ignore"):
            r = np.where(spread > 0, covariance / np.sqrt(np.maximum(spread, 0)), np.nan)
        return np.stack([r, self._same, self._replicated])


def _test(
    second: FloatArray, same_sign: BoolArray, replicated: BoolArray, found: FloatArray, *, any_found: bool
) -> ReplicationTest:
    actual, null = found[:, 0], found[:, 1:]
    p = np.full(3, np.nan)
    if null.shape[1]:
        reached = np.count_nonzero(~(null < actual[:, None] - _ROUNDING), axis=1)
        p = (1 + reached) / (1 + null.shape[1])
    p[0] = p[0] if np.isfinite(actual[0]) else np.nan
    p[1:] = p[1:] if any_found else np.nan
    return ReplicationTest(second, same_sign, replicated, float(actual[0]), null, *map(float, p))
