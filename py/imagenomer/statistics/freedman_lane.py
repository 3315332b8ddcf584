"""Permuted residuals of covariates: the partial correlation of every edge in every permutation, without fitting any.

With covariates the residuals of the covariates' model are permuted and the whole model is refitted (Freedman and
Lane 1983, J. Bus. Econ. Stat. 1:292; Winkler et al. 2014, NeuroImage 92:381).

Why it is fast: let z be an edge's residuals, of length 1, u the part of the target that the covariates leave, and q
the covariates, orthonormal. After a permutation P the share of variance that the target explains of what the
covariates leave is  (u'Pz)^2 / (1 - |q'Pz|^2),  so that nothing is fitted: u and q are permuted instead of z, and
one product with a block of edges in the cache serves each. The products with q lift the share by little. They are
made for those edges only that they could lift above what matters (the largest so far, or a threshold); `_slack` says
how.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.progress import Progress
from imagenomer.statistics.adjustment import take_out
from imagenomer.statistics.block_exchange import Blocks
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.design import Design, Term, directions_of
from imagenomer.statistics.permutation import Permutations, check_exchangeable, kinds_of
from imagenomer.statistics.products import few_pairs, multiply, multiply_above, multiply_max, multiply_pairs
from imagenomer.statistics.tails import fits_exactly
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Permutations worked on at a time are those whose weights fit this many numbers.
_WEIGHTS_AT_A_TIME = 8_000_000
#: Chance that one edge in one permutation is wrongly passed over.
_OVERLOOKED = 1e-10
#: What rounding can make of the root of a share, so that no share is missed that is compared again.
_JUST_BELOW = 1 - 1e-6


class LargeShares(NamedTuple):
    """Shares of variance, without regard to the covariates, that are large, by permutation.

    Attributes
    ----------
    largest : ndarray, shape (n_permutations,)
        Of all, large or not.
    permutation, column : ndarray, shape (n_large,)
    share : ndarray, shape (n_large,)
    sign : ndarray, shape (n_large,)
        Of t; 1 for F.
    """

    largest: Float32Array
    permutation: IntArray
    column: IntArray
    share: Float32Array
    sign: Float32Array

    def where(self, wanted: BoolArray) -> LargeShares:
        """Return some of them."""
        return LargeShares(
            self.largest, self.permutation[wanted], self.column[wanted], self.share[wanted], self.sign[wanted]
        )


class FreedmanLane:
    """A linear model whose residuals are permuted.

    Attributes
    ----------
    n_tested, dof : int
        Columns tested, and residual degrees of freedom.
    share : ndarray, shape (n_edges,)
        Partial r squared of the actual data, known once every block has been through; NaN where an edge has
        missing values, nothing is left to explain, or the target leaves nothing but rounding of it.
    slack : float
        See `_slack`.
    """

    def __init__(
        self,
        values: NDArray[np.floating[Any]],
        rows: IntArray,
        tested: Term,
        design: Design,
        blocks: IntArray | Blocks | None = None,
    ) -> None:
        self._values, self._rows, self._design, self._exchangeable = values, rows, design, blocks
        self._directions = directions_of(tested, design)
        if design.n_subjects != rows.size:
            raise ValueError(f"covariates of {design.n_subjects} subjects for {rows.size} rows")
        check_exchangeable(tested.name, tested.values, blocks, design.matrix)
        self._kinds = kinds_of(tested.values, design.matrix)
        self._direction_rows = self._directions.astype(np.float32)
        self._covariates = design.basis[:, 1:].astype(np.float32)
        self.n_edges, self.n_tested = values.shape[1], self._directions.shape[1]
        self.dof = rows.size - design.rank - self.n_tested
        self.slack = _slack(design)
        self.share = np.full(self.n_edges, np.nan)
        self._sign = np.ones(self.n_edges)
        self._seen = 0
        self._permuted: tuple[IntArray, Float32Array] | None = None

    @property
    def statistic(self) -> FloatArray:
        """T or F of the actual data, shape (n_edges,)."""
        return self._sign * self.statistic_of(self.share)

    def statistic_of(self, share: FloatArray) -> FloatArray:
        """Return ``|t|``, or F where several columns are tested, of a partial r squared."""
        with np.errstate(divide="ignore"):
            f = np.clip(share, 0, 1) / self.n_tested * self.dof / np.maximum(1 - share, 0)
        return np.asarray(np.sqrt(f) if self.n_tested == 1 else f)

    def share_of(self, statistic: float) -> float:
        """Return the partial r squared of ``|t|`` or F."""
        f = statistic**2 if self.n_tested == 1 else statistic * self.n_tested
        return float(f / (f + self.dof))

    def permutations(self, n_permutations: int, rng: np.random.Generator) -> Permutations:
        """Return the permutations of subjects: a sample of so many, or all that differ where those are fewer."""
        return Permutations(self._kinds, self._exchangeable, n_permutations, rng)

    def blocks(
        self, drawn: Permutations, at_a_time: int | None = None
    ) -> Iterator[tuple[slice, IntArray, Float32Array, slice] | Progress]:
        """Yield each chunk of permutations with each block of edges, and progress while permutations are drawn.

        Yields
        ------
        chunk : slice
            Which permutations.
        permutations : ndarray, shape (n_chunk, n_subjects)
        unit : ndarray, shape (n_subjects, n_columns), float32
            Residuals of length 1, of length 0 where the edge cannot be tested.
        columns : slice
            Which edges.
        """
        if at_a_time is None:
            at_a_time = max(1, _WEIGHTS_AT_A_TIME // (self._rows.size * (self._covariates.shape[1] + self.n_tested)))
        for start in range(0, drawn.n, at_a_time):
            chunk = slice(start, min(start + at_a_time, drawn.n))
            size = chunk.stop - chunk.start
            permutations = yield from drawn.draw_in_steps(size, Progress("Permuting", start, drawn.n))
            for columns in column_blocks(self.n_edges):
                yield chunk, permutations, self._unit(columns), columns

    def progress(self, chunk: slice, columns: slice, n_permutations: int) -> Progress:
        """Return how far it is after a block."""
        done = chunk.start + (chunk.stop - chunk.start) * columns.stop // self.n_edges
        return Progress("Permuting", done, n_permutations)

    def products(self, unit: Float32Array, permutations: IntArray) -> Float32Array:
        """Return the permuted residuals times the tested columns, shape (n_tested, n_permutations, n_columns)."""
        return np.stack([multiply(weights, unit) for weights in self._weights(permutations)[: self.n_tested]])

    def largest(self, unit: Float32Array, permutations: IntArray) -> Float32Array:
        """Return the largest share of each permutation, without regard to the covariates, shape (n_permutations,)."""
        if self.n_tested == 1:
            return multiply_max(self._weights(permutations)[0], unit) ** 2
        return np.asarray(self._shares(unit, permutations).max(axis=1))

    def large(
        self, unit: Float32Array, permutations: IntArray, limit: Float32Array, of_largest: float = 0.0
    ) -> LargeShares:
        """Return the shares, without regard to the covariates, that are large.

        Parameters
        ----------
        limit : ndarray, shape (n_permutations,), float32
            Least share of each permutation.
        of_largest : float
            If it is not 0, also at least so much of the largest share of the permutation.
        """
        if self.n_tested == 1:
            roots = np.sqrt(limit) * np.float32(_JUST_BELOW), float(np.sqrt(of_largest)) * _JUST_BELOW
            found = multiply_above(self._weights(permutations)[0], unit, *roots)
            largest, share, sign = found.largest**2, found.value**2, np.sign(found.value)
            every = LargeShares(largest, found.row, found.column, share, sign)
            return every.where(share >= _limits(limit, largest, of_largest)[found.row])
        shares = self._shares(unit, permutations)
        largest = shares.max(axis=1)
        row, column = np.nonzero(shares >= _limits(limit, largest, of_largest)[:, None])
        return LargeShares(largest, row, column, shares[row, column], np.ones(row.size, dtype=np.float32))

    def lifted(self, unit: Float32Array, permutations: IntArray, large: LargeShares) -> Float32Array:
        """Return shares divided by what the covariates leave of the permuted residuals."""
        permutation, column = large.permutation, large.column
        if column.size > few_pairs() * len(permutations) * unit.shape[1]:
            # Then products with all are faster.
            explained = self._explained(unit, permutations)[permutation, column]
        else:
            explained = np.zeros(column.size, dtype=np.float32)
            columns = np.ascontiguousarray(unit.T)
            for covariate in self._weights(permutations)[self.n_tested :]:
                explained += multiply_pairs(covariate, columns, permutation, column) ** 2
        return _lifted(large.share, explained)

    def all_shares(self, unit: Float32Array, permutations: IntArray) -> tuple[Float32Array, Float32Array]:
        """Return the partial r squared of each edge in each permutation, and the sign of t (F: 1)."""
        product = self.products(unit, permutations)
        share = np.einsum("kij,kij->ij", product, product)
        if self._covariates.shape[1]:
            share = _lifted(share, self._explained(unit, permutations))
        return share, np.sign(product[0]) if self.n_tested == 1 else np.ones_like(share)

    def _shares(self, unit: Float32Array, permutations: IntArray) -> Float32Array:
        """Return all shares without regard to the covariates, shape (n_permutations, n_columns)."""
        product = self.products(unit, permutations)
        return np.asarray(np.einsum("kij,kij->ij", product, product))

    def statistics(self, drawn: Permutations, at_a_time: int) -> Iterator[tuple[slice, slice, FloatArray] | Progress]:
        """Yield each chunk of permutations with each block of edges, and t or F of these; progress as in `blocks`."""
        for block in self.blocks(drawn, at_a_time):
            if isinstance(block, Progress):
                yield block
                continue
            chunk, permutations, unit, columns = block
            share, sign = self.all_shares(unit, permutations)
            yield chunk, columns, self.statistic_of(share.astype(np.float64)) * sign

    def _explained(self, unit: Float32Array, permutations: IntArray) -> Float32Array:
        """Return the share of the permuted residuals that the covariates explain, shape (n_permutations, n_columns)."""
        explained = np.zeros((len(permutations), unit.shape[1]), dtype=np.float32)
        for covariate in self._weights(permutations)[self.n_tested :]:
            product = multiply(covariate, unit)
            product *= product
            explained += product
        return explained

    def _unit(self, columns: slice) -> Float32Array:
        block = self._values[self._rows, columns].astype(np.float64, order="C")
        norm = take_out(block, self._design.basis, float(np.finfo(self._values.dtype).eps))
        with np.errstate(invalid="ignore"):
            block /= norm
        block[:, np.isnan(norm)] = 0
        if columns.start >= self._seen:
            weights = multiply(block.T, self._directions)
            share = np.einsum("ij,ij->i", weights, weights)
            lost = np.isnan(norm) | fits_exactly(np.sqrt(share))
            self.share[columns] = np.where(lost, np.nan, share)
            if self.n_tested == 1:
                self._sign[columns] = np.sign(weights[:, 0])
            self._seen = columns.stop
        block[:, np.isnan(self.share[columns])] = 0
        return block.astype(np.float32)

    def _weights(self, permutations: IntArray) -> Float32Array:
        """Return tested columns, then covariates, permuted, shape (n, n_permutations, n_subjects)."""
        if self._permuted is None or self._permuted[0] is not permutations:
            columns = np.concatenate([self._direction_rows, self._covariates], axis=1).T
            self._permuted = (permutations, np.stack([column[permutations] for column in columns]))
        return self._permuted[1]


def _limits(limit: Float32Array, largest: Float32Array, of_largest: float) -> Float32Array:
    return np.maximum(limit, np.float32(of_largest) * largest) if of_largest else limit


def _lifted(share: Float32Array, explained: Float32Array) -> Float32Array:
    """Return shares of what covariates leave, for shares of all there is."""
    # An edge that the permuted covariates explain but for rounding has nothing left to test.
    left = 1 - explained
    return np.asarray(np.where(left > 1e-5, np.minimum(share / np.maximum(left, 1e-5), 1), 0))


def _slack(design: Design) -> float:
    """Return a share that the covariates practically never explain of permuted residuals.

    For residuals spread over many subjects the share follows a beta distribution, whose far tail is taken; for
    residuals that are all in one subject it is at most the largest leverage. In between their lengths add at most.
    An edge whose share without covariates is below 1 - slack of what matters is passed over.
    """
    n, n_covariates = design.n_subjects, design.rank - 1
    if n_covariates == 0:
        return 0.0
    spread = float(scipy.special.betainccinv(n_covariates / 2, (n - 1 - n_covariates) / 2, _OVERLOOKED))
    leverage = float((design.basis[:, 1:] ** 2).sum(axis=1).max())
    return min(1.0, float(np.sqrt(spread) + np.sqrt(leverage)) ** 2)
