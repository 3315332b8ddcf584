"""Flipped signs in the place of permutations: statistics of every edge that allow unequal variances, and relatives.

With u what the covariates leave of the target (length 1), e what they leave of an edge, and s a sign for each subject
or each cluster of them (a family), the score sum u e becomes sum s u e: a contribution is as likely to have the other
sign if the target has no effect, however large it is (Hemerik, Goeman and Finos 2020). Permutations would give the
spread of one group of subjects to another.

The score is divided by its standard error, the root of the sum over clusters of squared contributions. Two things
would make those of flips too small and the test liberal: flipped residuals no longer fit the covariates, so that these
take a part of the flipped score (a share 1 - g^2 of its variance, where g is the length of what they leave of s u; De
Santis et al. 2022), and of its contributions. The smaller of both, g times the standard error of the actual data and
the standard error anew, is what a flipped score is divided by. In the actual data both are the same.

The statistic is put on the scale of t: z sqrt(dof / (m - z^2)) of m clusters, which of equal variances is nearly t.
Of a category of several levels the scores are made uncorrelated first, and their squares summed: F.

References
----------
Hemerik, Goeman and Finos (2020), J. R. Stat. Soc. B 82:841. De Santis, Goeman, Hemerik, Davenport and Finos (2022),
arXiv:2209.13918. Winkler et al. (2014), NeuroImage 92:381.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import take_out
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.design import Design, Term, directions_of
from imagenomer.statistics.permutation import FEWEST_POSSIBLE, Alternative, Exchange
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sign_flips import SignFlips, cluster_codes, count_flips, sums_by_cluster
from imagenomer.statistics.tails import fits_exactly
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: Flips worked on at a time are those whose signs fit the first number, but no more than the second.
_SIGNS_AT_A_TIME, _MOST_AT_A_TIME = 8_000_000, 2000
#: Statistics of flips that are computed between two reports of progress: some 20 ms in the page.
_FLIPPED_AT_ONCE = 100_000
#: A squared standard error anew is no smaller share of that of the actual data.
_LEAST_LEFT = 1e-3
#: No squared score is nearer to its largest, the number of clusters.
_LARGEST = 1 - 1e-6


def robust_dof(design: Design, n_tested: int, n_clusters: int) -> int:
    """Return the degrees of freedom of tests by clusters: one less than there are, or those of the residuals."""
    return min(design.n_subjects - design.rank - n_tested, n_clusters - 1)


def exchange_of_flips(n_clusters: int, n_flips: int, alternative: Alternative = "two-sided") -> Exchange:
    """Return how many flips of the signs of so many clusters there are, as `FlippedScores` uses them."""
    n_distinct = count_flips(n_clusters, signed=alternative != "two-sided")
    listed = n_distinct <= 1 + n_flips
    return Exchange(n_distinct, 1, int(n_distinct) - 1 if listed else n_flips, listed)


class FlippedScores:
    """A linear model whose subjects' or clusters' scores are flipped in sign.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), C-ordered
    rows : ndarray, shape (n_subjects,)
    tested : Term
    design : Design
    clusters : ndarray of int, shape (n_subjects,)
        Subjects of one cluster are flipped together; if each has its own, subjects are.

    Attributes
    ----------
    n_edges, n_tested, dof : int
        Edges, columns tested, and degrees of freedom.
    statistic : ndarray, shape (n_edges,)
        t or F of the actual data, known once every block has been through; NaN where an edge has missing values,
        nothing is left to explain, or the target leaves nothing but rounding of it.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`), or so few clusters cannot show anything.
    """

    def __init__(
        self, values: NDArray[np.floating[Any]], rows: IntArray, tested: Term, design: Design, clusters: IntArray
    ) -> None:
        if not design.n_subjects == rows.size == clusters.size:
            raise ValueError(f"covariates of {design.n_subjects}, clusters of {clusters.size}, {rows.size} rows")
        self._values, self._rows, self._design = values, rows, design
        self._codes = cluster_codes(clusters, rows.size)
        self._n_clusters = int(self._codes.max()) + 1
        if count_flips(self._n_clusters, signed=False) < FEWEST_POSSIBLE:
            raise InputError(
                f"the signs of {self._n_clusters} {'subjects' if self._n_clusters == rows.size else 'clusters'} can be "
                f"flipped in {count_flips(self._n_clusters, signed=False):.0f} ways only, which cannot show p < 0.05; "
                "choose a larger group"
            )
        self._directions = directions_of(tested, design)
        self.n_edges, self.n_tested = values.shape[1], self._directions.shape[1]
        self.dof = robust_dof(design, self.n_tested, self._n_clusters)
        self.statistic = np.full(self.n_edges, np.nan)

    def draws(self, n_flips: int, rng: np.random.Generator, alternative: Alternative = "two-sided") -> SignFlips:
        """Return the flips: a sample of so many, or all that differ where those are fewer."""
        return SignFlips(self._n_clusters, n_flips, rng, signed=alternative != "two-sided" and self.n_tested == 1)

    def statistics(
        self, drawn: SignFlips, at_a_time: int | None = None
    ) -> Iterator[tuple[slice, slice, FloatArray] | Progress]:
        """Yield each chunk of flips with each block of edges, and the statistics of these; progress meanwhile.

        Yields
        ------
        chunk, columns : slice
            Which flips and which edges.
        statistic : ndarray, shape (n_chunk, n_columns)
            t or F; 0 where an edge cannot be tested.
        """
        if at_a_time is None:
            at_a_time = int(np.clip(_SIGNS_AT_A_TIME // self._n_clusters, 1, _MOST_AT_A_TIME))
        for start in range(0, drawn.n, at_a_time):
            chunk = slice(start, min(start + at_a_time, drawn.n))
            signs = drawn.draw(chunk.stop - chunk.start).astype(np.float32)
            left = self._left(signs)
            for columns in column_blocks(self.n_edges):
                progress = self.progress(chunk, slice(0, columns.start), drawn.n)
                yield chunk, columns, (yield from self._flipped(signs, left, columns, progress))

    def progress(self, chunk: slice, columns: slice, n_flips: int) -> Progress:
        """Return how far it is after a block."""
        done = chunk.start + (chunk.stop - chunk.start) * columns.stop // self.n_edges
        return Progress("Flipping signs", done, n_flips)

    def _left(self, signs: Float32Array) -> FloatArray:
        """Return g squared of each flip: the mean over tested columns of what the covariates leave of it."""
        taken = np.zeros(len(signs))
        for direction in self._directions.T:
            parts = sums_by_cluster(direction[:, None] * self._design.basis, self._codes)
            taken += (multiply(signs.astype(np.float64), parts) ** 2).sum(axis=1)
        return np.asarray(np.maximum(1 - taken / self.n_tested, _LEAST_LEFT))

    def _flipped(self, signs: Float32Array, left: FloatArray, columns: slice, progress: Progress) -> Steps[FloatArray]:
        """Return the statistics of a block for all flips, and yield ``progress`` between some of these."""
        residual, weights = self._standardised(columns)
        basis = [column[:, None] for column in self._design.basis.T]
        beside = [self._summed(residual * column) for column in basis]
        scored = [
            (self._summed(residual * weight), [self._summed(weight * column) for column in basis]) for weight in weights
        ]
        height = np.empty((len(signs), residual.shape[1]))
        at_once = max(1, _FLIPPED_AT_ONCE // max(1, residual.shape[1]))
        for start in range(0, len(signs), at_once):
            some = slice(start, start + at_once)
            yield progress
            height[some] = self._heights(signs[some], left[some], beside, scored)
        return height

    def _heights(
        self,
        signs: Float32Array,
        left: FloatArray,
        beside: list[Float32Array],
        scored: list[tuple[Float32Array, list[Float32Array]]],
    ) -> FloatArray:
        # What the covariates take of the flipped residuals, shape (n_flips, n_columns) each.
        taken = [multiply(signs, one) for one in beside]
        squares = np.zeros((len(signs), beside[0].shape[1]))
        score = np.zeros(0, dtype=np.float32)
        for own, shared in scored:
            anew = np.ones(squares.shape, dtype=np.float32)
            for one, q in zip(taken, shared, strict=True):
                anew -= 2 * one * multiply(signs, own * q)
                for two, r in zip(taken, shared, strict=True):
                    anew += one * two * (q * r).sum(axis=0)
            score = multiply(signs, own)
            squares += score.astype(np.float64) ** 2 / np.clip(anew, _LEAST_LEFT, left[:, None])
        height = self._on_the_scale_of_t(squares)
        return height * np.sign(score) if self.n_tested == 1 else height

    def _summed(self, parts: FloatArray) -> Float32Array:
        return sums_by_cluster(parts, self._codes).astype(np.float32)

    def _on_the_scale_of_t(self, squares: FloatArray) -> FloatArray:
        """Return ``|t|`` or F of the sum of squared scores in standard errors."""
        n = self._n_clusters
        f = squares / self.n_tested * self.dof / (n - np.minimum(squares, n * _LARGEST))
        return np.asarray(np.sqrt(f) if self.n_tested == 1 else f)

    def _standardised(self, columns: slice) -> tuple[FloatArray, list[FloatArray]]:
        """Return the residuals of a block, and weights whose products with them have scores of variance 1.

        Returns
        -------
        residual : ndarray, shape (n_subjects, n_columns)
            0 where an edge cannot be tested.
        weights : list of ndarray, shape (n_subjects, n_columns)
            Of each tested column.
        """
        residual = self._values[self._rows, columns].astype(np.float64, order="C")
        norm = take_out(residual, self._design.basis, float(np.finfo(self._values.dtype).eps))
        products = multiply(residual.T, self._directions)
        lost = np.isnan(norm) | fits_exactly(np.sqrt(np.minimum((products**2).sum(axis=1) / norm**2, 1)))
        residual[:, lost] = 0
        own = np.stack([sums_by_cluster(one[:, None] * residual, self._codes) for one in self._directions.T])
        root, singular = _inverse_root(np.einsum("kgj,lgj->jkl", own, own))
        lost |= singular
        residual[:, lost] = 0
        if np.isnan(self.statistic[columns]).all():
            scores = np.einsum("jkl,lj->kj", root, own.sum(axis=1))
            height = self._on_the_scale_of_t((scores**2).sum(axis=0))
            signed = height * np.sign(scores[0]) if self.n_tested == 1 else height
            self.statistic[columns] = np.where(lost, np.nan, signed)
        return residual, list(np.einsum("jkl,il->kij", root, self._directions))


def _inverse_root(whole: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return R of each matrix V with R V R' = 1, shape (n, k, k), and where there is none."""
    k = whole.shape[1]
    # Scores of each edge in units of their own, so that small edges are no reason.
    trace = np.einsum("jkk->j", whole)
    singular = ~(trace > 0)
    scaled = whole / np.where(singular, 1, trace)[:, None, None]
    if k > 1:
        singular |= np.linalg.matrix_rank(scaled, hermitian=True) < k
    scaled[singular] = np.eye(k)
    root = np.linalg.inv(np.linalg.cholesky(scaled))
    return root / np.sqrt(np.where(singular, 1, trace))[:, None, None], singular
