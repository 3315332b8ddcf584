"""Permutation tests of every edge at once: how large is the largest statistic when nothing is going on?

With covariates the residuals of the covariates' model are rearranged and the whole model is fitted anew (Freedman and
Lane 1983, J. Bus. Econ. Stat. 1:292; Winkler et al. 2014, NeuroImage 92:381). Subjects may be said to be exchangeable
within blocks only (families, sites). An adjusted p-value is the share of rearrangements, the actual arrangement
included, whose largest statistic is at least as large (Westfall and Young 1993), so that it is never zero (Phipson and
Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).

How it is quick: let z be an edge's residuals, of length 1, u the part of the target that the covariates leave, and q
the covariates, orthonormal. After a rearrangement P the share of variance that the target explains of what the
covariates leave is  (u'Pz)^2 / (1 - |q'Pz|^2),  so that nothing is fitted: u and q are rearranged instead of z, and
one product with a block of edges in the cache serves each. The products with q lift the share by little. They are
made for those edges only that they could lift above what matters (the largest so far, or a threshold); `_slack` says
how.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjusted import take_out
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.design import Design, Term, directions_of
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Which effects count: of either sign, positive, negative. A category of several levels has no sign.
Alternative: TypeAlias = Literal["two-sided", "greater", "less"]

#: Fewer rearrangements than this cannot make p < 0.05.
_FEWEST_POSSIBLE = 20
#: Rearrangements worked on at a time are those whose weights fit this many numbers.
_WEIGHTS_AT_A_TIME = 8_000_000
#: Error of a correlation of unit vectors in float32, twice what was seen; equal ones must count as equal.
_R_ERROR = 2e-6
#: Chance that one edge in one rearrangement is wrongly passed over.
_OVERLOOKED = 1e-10
#: If more than this share of edges needs the products with the covariates, all have them: that is quicker.
_MANY = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class MaxStatistic:
    """Test of every edge, corrected for all of them by the largest statistic of each rearrangement.

    Attributes
    ----------
    statistic : ndarray, shape (n_edges,)
        t of the target given the covariates, or F where several columns are tested; NaN where an edge has missing
        values or nothing is left to explain.
    adjusted_p : ndarray, shape (n_edges,)
        Chance of one or more false positives among all edges; two-sided; NaN where ``statistic`` is.
    null : ndarray, shape (n_permutations,)
        Largest ``|t|`` or F of each rearrangement, as drawn.
    dof_tested, dof : int
        Columns tested, and residual degrees of freedom.
    """

    statistic: FloatArray
    adjusted_p: FloatArray
    null: FloatArray
    dof_tested: int
    dof: int

    def threshold(self, alpha: float) -> float:
        """Return the ``|t|`` or F above which an edge is significant; infinite if there are too few permutations."""
        allowed = int(np.floor(alpha * (self.null.size + 1) * (1 + 1e-12))) - 1
        return float(np.sort(self.null)[::-1][allowed]) if allowed >= 0 else float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Exceedances:
    """Every edge above a threshold in each rearrangement.

    Attributes
    ----------
    permutation, edge : ndarray, shape (n_exceedances,)
        Which rearrangement and which edge.
    height : ndarray, shape (n_exceedances,), float32
        How high: t, ``|t|``, -t or F.
    statistic : ndarray, shape (n_edges,)
        t or F of the actual arrangement; NaN as in `MaxStatistic`.
    n_permutations : int
    """

    permutation: IntArray
    edge: IntArray
    height: Float32Array
    statistic: FloatArray
    n_permutations: int


def draw_permutations(
    rng: np.random.Generator, n_permutations: int, n_subjects: int, blocks: IntArray | None = None
) -> IntArray:
    """Return rearrangements of subjects, each as likely as any other.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_permutations, n_subjects : int
    blocks : ndarray of int, shape (n_subjects,), optional
        Subjects change places only within a block.

    Returns
    -------
    ndarray, shape (n_permutations, n_subjects)
        In each row, who takes the place of each subject. Ten and ten more are the same as twenty at once.
    """
    keys = rng.random((n_permutations, n_subjects))
    if blocks is None:
        return np.argsort(keys, axis=1)
    ranks = np.unique(blocks, return_inverse=True)[1]
    permutations = np.empty(keys.shape, dtype=np.intp)
    permutations[:, np.argsort(ranks, kind="stable")] = np.argsort(keys + ranks, axis=1)
    return permutations


def max_statistic(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
) -> Steps[MaxStatistic]:
    """Test every edge for a target given covariates, corrected for all of them (max-T).

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), C-ordered
    rows : ndarray, shape (n_subjects,)
        Rows in use.
    tested : Term
        A number or a category.
    design : Design
        Covariates of the same subjects.
    n_permutations : int
    rng : numpy.random.Generator
    blocks : ndarray of int, shape (n_subjects,), optional
        Exchangeability block of each subject.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`) or there is too little to rearrange.
    """
    model = FreedmanLane(values, rows, tested, design, blocks)
    largest = np.zeros(n_permutations, dtype=np.float32)
    keep = 1 - model.slack
    for chunk, permutations, unit, columns in model.blocks(n_permutations, rng):
        best = largest[chunk]
        product = model.products(unit, permutations)
        share = product[0] ** 2 if len(product) == 1 else np.einsum("kij,kij->ij", product, product)
        np.maximum(best, share.max(axis=1), out=best)  # a share only grows by the covariates
        if model.slack:
            which = np.nonzero(share >= (best * np.float32(keep))[:, None])
            np.maximum.at(best, which[0], model.lifted(share, unit, permutations, which))
        yield model.progress(chunk, columns, n_permutations)
    # What rounding could make of an equal one must not count as smaller.
    reach = np.sort((np.sqrt(largest.astype(np.float64)) + _R_ERROR) ** 2)
    n_larger = n_permutations - np.searchsorted(reach, model.share)
    adjusted_p = np.where(np.isnan(model.share), np.nan, (1 + n_larger) / (1 + n_permutations))
    null = model.statistic_of(largest.astype(np.float64))
    return MaxStatistic(model.statistic, adjusted_p, null, model.n_tested, model.dof)


def exceedances(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    threshold: float,
    alternative: Alternative,
    n_permutations: int,
    rng: np.random.Generator,
    blocks: IntArray | None = None,
) -> Steps[Exceedances]:
    """Find the edges above a threshold in each rearrangement; parameters as for `max_statistic`.

    Parameters
    ----------
    threshold : float
        Of t, or of F where several columns are tested; positive.
    alternative : {"two-sided", "greater", "less"}
        Whether ``|t|``, t or -t must be above it.
    """
    model = FreedmanLane(values, rows, tested, design, blocks)
    limit = model.share_of(threshold)
    floor = (1 - model.slack) * limit
    found: list[tuple[NDArray[Any], ...]] = []
    for chunk, permutations, unit, columns in model.blocks(n_permutations, rng):
        product = model.products(unit, permutations)
        share = np.einsum("kij,kij->ij", product, product)
        candidate = share > floor
        if model.n_tested == 1 and alternative != "two-sided":
            candidate &= product[0] > 0 if alternative == "greater" else product[0] < 0
        which = np.nonzero(candidate)
        lifted = model.lifted(share, unit, permutations, which) if model.slack else share[which]
        above = lifted > limit
        found.append((which[0][above] + chunk.start, which[1][above] + columns.start, lifted[above]))
        yield model.progress(chunk, columns, n_permutations)
    permutation, edge, share = (np.concatenate(parts) for parts in zip(*found, strict=True))
    height = model.statistic_of(share.astype(np.float64)).astype(np.float32)
    return Exceedances(permutation, edge, height, model.statistic, n_permutations)


def heights_of(statistic: NDArray[Any], alternative: Alternative, n_tested: int) -> NDArray[Any]:
    """Return how high t or F is above zero in the direction that counts, 0 where it is not or there is none."""
    if n_tested > 1 or alternative == "greater":
        height = statistic
    else:
        height = np.abs(statistic) if alternative == "two-sided" else -statistic
    return np.asarray(np.where(height > 0, height, 0))


class FreedmanLane:
    """A linear model whose residuals are rearranged.

    Attributes
    ----------
    n_tested, dof : int
        Columns tested, and residual degrees of freedom.
    share : ndarray, shape (n_edges,)
        Partial r squared of the actual arrangement, known once every block has been through; NaN where an edge has
        missing values or nothing is left to explain.
    slack : float
        See `_slack`.
    """

    def __init__(
        self,
        values: NDArray[np.floating[Any]],
        rows: IntArray,
        tested: Term,
        design: Design,
        blocks: IntArray | None = None,
    ) -> None:
        self._values, self._rows, self._design, self._exchangeable = values, rows, design, blocks
        self._directions = directions_of(tested, design)
        if design.n_subjects != rows.size:
            raise ValueError(f"covariates of {design.n_subjects} subjects for {rows.size} rows")
        check_exchangeable(tested.name, tested.values, blocks)
        self._direction_rows = self._directions.astype(np.float32)
        self._covariates = design.basis[:, 1:].astype(np.float32)
        self.n_edges, self.n_tested = values.shape[1], self._directions.shape[1]
        self.dof = rows.size - design.rank - self.n_tested
        self.slack = _slack(design)
        self.share = np.full(self.n_edges, np.nan)
        self._sign = np.ones(self.n_edges)
        self._seen = 0
        self._rearranged: tuple[IntArray, Float32Array] | None = None

    @property
    def statistic(self) -> FloatArray:
        """T or F of the actual arrangement, shape (n_edges,)."""
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

    def blocks(
        self, n_permutations: int, rng: np.random.Generator, at_a_time: int | None = None
    ) -> Iterator[tuple[slice, IntArray, Float32Array, slice]]:
        """Yield each chunk of rearrangements with each block of edges.

        Yields
        ------
        chunk : slice
            Which rearrangements.
        permutations : ndarray, shape (n_chunk, n_subjects)
        unit : ndarray, shape (n_subjects, n_columns), float32
            Residuals of length 1, of length 0 where the edge cannot be tested.
        columns : slice
            Which edges.
        """
        if at_a_time is None:
            at_a_time = max(1, _WEIGHTS_AT_A_TIME // (self._rows.size * (self._covariates.shape[1] + self.n_tested)))
        for start in range(0, n_permutations, at_a_time):
            chunk = slice(start, min(start + at_a_time, n_permutations))
            permutations = draw_permutations(rng, chunk.stop - chunk.start, self._rows.size, self._exchangeable)
            for columns in column_blocks(self.n_edges):
                yield chunk, permutations, self._unit(columns), columns

    def progress(self, chunk: slice, columns: slice, n_permutations: int) -> Progress:
        """Return how far it is after a block."""
        done = chunk.start + (chunk.stop - chunk.start) * columns.stop // self.n_edges
        return Progress("Permuting", done, n_permutations)

    def products(self, unit: Float32Array, permutations: IntArray) -> Float32Array:
        """Return the rearranged residuals times the tested columns, shape (n_tested, n_permutations, n_columns)."""
        return np.stack([row_products(unit, weights) for weights in self._weights(permutations)[: self.n_tested]])

    def lifted(
        self, share: Float32Array, unit: Float32Array, permutations: IntArray, which: tuple[NDArray[Any], ...]
    ) -> Float32Array:
        """Return some shares divided by what the covariates leave of the rearranged residuals.

        Parameters
        ----------
        share : ndarray, shape (n_permutations, n_columns)
            Squared products with the tested columns.
        which : tuple of two ndarrays
            Rearrangement and column of each share wanted.
        """
        explained = np.zeros(which[0].size, dtype=np.float32)
        weights = self._weights(permutations)[self.n_tested :]
        if which[0].size > _MANY * share.size:
            for covariate in weights:
                explained += row_products(unit, covariate)[which] ** 2
        else:
            columns = np.ascontiguousarray(unit.T)
            for start in range(0, which[0].size, 2048):
                some = slice(start, start + 2048)
                residuals, permutation = columns[which[1][some]], which[0][some]
                for covariate in weights:
                    explained[some] += np.einsum("ij,ij->i", residuals, covariate[permutation]) ** 2
        # An edge that the rearranged covariates explain but for rounding has nothing left to test.
        left = 1 - explained
        return np.asarray(np.where(left > 1e-5, np.minimum(share[which] / np.maximum(left, 1e-5), 1), 0))

    def all_shares(self, unit: Float32Array, permutations: IntArray) -> tuple[Float32Array, Float32Array]:
        """Return the partial r squared of each edge in each rearrangement, and the sign of t (F: 1)."""
        product = self.products(unit, permutations)
        share = np.einsum("kij,kij->ij", product, product)
        if self._covariates.shape[1]:
            everything = np.nonzero(np.ones(share.shape, dtype=bool))
            share = self.lifted(share, unit, permutations, everything).reshape(share.shape)
        return share, np.sign(product[0]) if self.n_tested == 1 else np.ones_like(share)

    def _unit(self, columns: slice) -> Float32Array:
        block = self._values[self._rows, columns].astype(np.float64, order="C")
        norm = take_out(block, self._design.basis, float(np.finfo(self._values.dtype).eps))
        with np.errstate(invalid="ignore"):
            block /= norm
        lost = np.isnan(norm)
        block[:, lost] = 0
        if columns.start >= self._seen:
            weights = scipy.linalg.blas.dgemm(1, block.T, self._directions)
            self.share[columns] = np.where(lost, np.nan, np.einsum("ij,ij->i", weights, weights))
            if self.n_tested == 1:
                self._sign[columns] = np.sign(weights[:, 0])
            self._seen = columns.stop
        return block.astype(np.float32)

    def _weights(self, permutations: IntArray) -> Float32Array:
        """Return tested columns, then covariates, rearranged, shape (n, n_permutations, n_subjects)."""
        if self._rearranged is None or self._rearranged[0] is not permutations:
            columns = np.concatenate([self._direction_rows, self._covariates], axis=1).T
            self._rearranged = (permutations, np.stack([column[permutations] for column in columns]))
        return self._rearranged[1]


def row_products(unit: Float32Array, weights: Float32Array) -> Float32Array:
    """Return weights times residuals, shape (n_permutations, n_columns), by the product that is quick everywhere."""
    product = np.empty((weights.shape[0], unit.shape[1]), dtype=np.float32)
    for row, weight in zip(product, weights, strict=True):
        scipy.linalg.blas.sgemv(1, unit.T, weight, y=row, overwrite_y=1)
    return product


def _slack(design: Design) -> float:
    """Return a share that the covariates practically never explain of rearranged residuals.

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


def check_exchangeable(name: str, values: NDArray[Any], blocks: IntArray | None) -> None:
    """Raise `InputError` if rearranging the values of what is called ``name`` could show nothing."""
    n = values.shape[0]
    if blocks is not None and blocks.shape != (n,):
        raise ValueError(f"blocks of shape {blocks.shape} for {n} subjects")
    ranks = np.zeros(n, dtype=np.intp) if blocks is None else np.unique(blocks, return_inverse=True)[1]
    sizes = np.bincount(ranks)
    log_possible = float(scipy.special.gammaln(sizes + 1.0).sum())
    if log_possible < np.log(_FEWEST_POSSIBLE):
        whose = f"{n} subjects" if blocks is None else f"{sizes.size} blocks of {n} subjects"
        raise InputError(
            f"{whose} can be rearranged in {round(np.exp(log_possible))} ways only, which cannot show p < 0.05; "
            f"choose {'a larger group' if blocks is None else 'larger blocks, or none'}"
        )
    first = np.unique(ranks, return_index=True)[1]
    if blocks is not None and (values == values[first][ranks]).all():
        raise InputError(
            f"{name} does not vary within any block, so rearranging subjects within blocks changes nothing; "
            "choose other blocks, or none"
        )
