"""Linear models whose noise need not be the same for all subjects: HC3 standard errors, and max-T by flipped signs.

Where patients are noisier than controls, or connectivity varies more with motion, the usual t and permutations of
subjects find effects that are not there. HC3 estimates the variance of a coefficient from each subject's own residual,
e_i^2 / (1 - h_i)^2 with the leverage h_i. For max-T the signs of the subjects' contributions to the score are flipped
at random, all edges together: a contribution is the part of the target that the covariates leave, times the residual of
the covariates' model, and its sign is as likely as the other if the target has no effect, however large it is.

References
----------
MacKinnon and White (1985), J. Econom. 29:305 (HC3). Long and Ervin (2000), Am. Stat. 54:217. Hemerik, Goeman and Finos
(2020), J. R. Stat. Soc. B 82:841 (sign-flipped scores).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import CategoryAssociation, by_pattern, fewer, take_out
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.correlation import Correlation
from imagenomer.statistics.design import Design, Term, directions_of
from imagenomer.statistics.max_statistic import MaxStatistic
from imagenomer.statistics.permutation import Exchange
from imagenomer.statistics.products import combine_rows, multiply
from imagenomer.statistics.sign_flips import all_signs
from imagenomer.statistics.tails import fits_exactly, neg_log10_p_of_shares
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: A subject whose leverage is 1 but for this is fitted exactly, and has no residual to learn from.
_FITTED = 1e-8
#: Flips whose signs fit this many numbers are worked on at a time.
_SIGNS_AT_A_TIME = 8_000_000
#: Error of a sum of float32 contributions of length 1; equal ones must count as equal.
_ERROR = 1e-5
#: Edges that tell how the spread differs between subjects: some of all, evenly over them, do.
_EDGES_OF_SPREAD = 2000


@dataclass(frozen=True, slots=True)
class RobustCorrelation(Correlation):
    """Partial correlations, whose p-values allow unequal variances.

    Attributes
    ----------
    spread : ndarray, shape (n_features,)
        Standard error by HC3 over the usual one; intervals are wider by it.
    """

    spread: FloatArray


def associate_unequal(
    features: NDArray[np.floating[Any]], tested: Term, design: Design
) -> RobustCorrelation | CategoryAssociation:
    """Fit the linear model of each feature, and test the target by HC3, in float64.

    Parameters
    ----------
    features : ndarray, shape (n_subjects, n_features)
        A feature with missing values is fitted to its own complete cases.
    tested : Term
        Of one column it is tested by t, of several by the Wald test, as F.
    design : Design
        Covariates of the same subjects.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`), or rests on a subject who is fitted exactly.
    """
    if features.shape[0] != design.n_subjects:
        raise ValueError(f"features of {features.shape[0]} subjects for covariates of {design.n_subjects}")
    n_features, n_tested = features.shape[1], len(tested.columns)
    share, wald, signs = (np.full(n_features, np.nan) for _ in range(3))
    n_subjects, dof = np.full(n_features, design.n_subjects), np.zeros(n_features, dtype=np.intp)
    dof_tested = np.full(n_features, n_tested)
    for columns in column_blocks(n_features):
        block = features[:, columns].astype(np.float64, order="C")
        for members, cases in by_pattern(np.isfinite(block)):
            where = members + columns.start
            n_subjects[where] = np.count_nonzero(cases)
            some = (tested, design) if cases.all() else fewer(tested, design, cases)
            if some is None:
                dof_tested[where] = 0
                continue
            dof_tested[where] = len(some[0].columns)
            dof[where] = n_subjects[where] - some[1].rank - len(some[0].columns)
            rounding = float(np.finfo(features.dtype).eps)
            share[where], wald[where], signs[where] = _tested(block[np.ix_(cases, members)], *some, rounding)
    f = np.where(fits_exactly(np.sqrt(share)), np.nan, wald / np.maximum(dof_tested, 1))
    neg_log10_p = neg_log10_p_of_shares(dof_tested * f / (dof_tested * f + dof), dof_tested, dof)
    if n_tested > 1:
        return CategoryAssociation(f, share, 10**-neg_log10_p, neg_log10_p, n_subjects, dof_tested, dof)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(share * dof / ((1 - share) * f))
    r = signs * np.sqrt(share)
    return RobustCorrelation(r, 10**-neg_log10_p, neg_log10_p, n_subjects, dof, spread)


def _tested(
    block: FloatArray, tested: Term, design: Design, rounding: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the share that is explained of what the covariates leave, Wald's statistic, and the first sign."""
    directions = directions_of(tested, design)
    left = np.einsum("ij,ij->i", design.basis, design.basis) + np.einsum("ij,ij->i", directions, directions)
    exact = 1 - left <= _FITTED
    if (np.abs(directions[exact]) > _FITTED).any():
        raise InputError(
            f"{tested.name} has a level or a value of one subject only, whose own variance cannot be estimated; "
            "choose a larger group, or equal variances"
        )
    block = np.ascontiguousarray(block)
    norm = take_out(block, design.basis, rounding)
    weights = multiply(block.T, directions)
    residual = block - multiply(directions, weights.T)
    squares = (residual / np.where(exact, 1, 1 - left)[:, None]) ** 2
    share = np.minimum(np.einsum("ij,ij->i", weights, weights) / norm**2, 1)
    return share, _quadratic(weights, squares, directions), np.sign(weights[:, 0])


def _quadratic(weights: FloatArray, squares: FloatArray, directions: FloatArray) -> FloatArray:
    """Return w'V^-1 w of each column, V being the sum over subjects of u u' times the square."""
    if directions.shape[1] == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(weights[:, 0] ** 2 / combine_rows(squares, directions[:, 0] ** 2))
    whole = _information(squares, directions)
    solvable = np.linalg.matrix_rank(whole) == directions.shape[1]
    result = np.full(len(weights), np.nan)
    solved = np.linalg.solve(whole[solvable], weights[solvable][:, :, None])[:, :, 0]
    result[solvable] = np.einsum("ij,ij->i", weights[solvable], solved)
    return result


def _information(squares: FloatArray, directions: FloatArray) -> FloatArray:
    """Return V of each column, shape (n_columns, n_tested, n_tested)."""
    n, n_tested = directions.shape
    pairs = (directions[:, :, None] * directions[:, None, :]).reshape(n, n_tested**2)
    return multiply(squares.T, pairs).reshape(-1, n_tested, n_tested)


# --- max-T ---------------------------------------------------------------------------------------


def exchange_of_signs(n_subjects: int, n_flips: int) -> Exchange:
    """Return how many flips of the subjects' signs there are; all signs turned round give the same statistic."""
    n_distinct = 2.0**n_subjects if n_subjects < 1000 else float("inf")
    listed = n_distinct <= 1 + n_flips
    return Exchange(n_distinct, 2, int(n_distinct) - 1 if listed else n_flips, listed)


def max_score(
    values: NDArray[np.floating[Any]],
    rows: IntArray,
    tested: Term,
    design: Design,
    *,
    n_flips: int,
    rng: np.random.Generator,
) -> Steps[MaxStatistic]:
    """Test every edge by its score, corrected for all of them by flipped signs (max-T).

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), C-ordered
        An edge with missing values is excluded.
    rows : ndarray, shape (n_subjects,)
    tested : Term
    design : Design
    n_flips : int
        Drawn at random; where there are no more, all are used.
    rng : numpy.random.Generator

    Returns
    -------
    MaxStatistic
        Its statistic is the score over its standard error, which the contributions give, or of several columns the
        quadratic form over their number.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`).
    """
    directions = directions_of(tested, design)
    n, n_tested, n_edges = rows.size, directions.shape[1], values.shape[1]
    exchange = exchange_of_signs(n, n_flips)
    statistic, largest = np.full(n_edges, np.nan), np.zeros(exchange.n_used)
    at_a_time = max(1, _SIGNS_AT_A_TIME // n)
    for start, signs in _signs(n, exchange, at_a_time, rng):
        best = largest[start : start + len(signs)]
        for columns in column_blocks(n_edges):
            contributions, lost = _contributions(values[rows, columns], directions, design)
            if not start:
                score = contributions.sum(axis=1, dtype=np.float64)
                own = score[0] if n_tested == 1 else (score**2).sum(axis=0) / n_tested
                statistic[columns] = np.where(lost, np.nan, own)
            flipped = np.stack([multiply(signs, one) for one in contributions])
            height = np.abs(flipped[0]) if n_tested == 1 else (flipped**2).sum(axis=0) / n_tested
            np.maximum(best, height.max(axis=1), out=best)
            done = start + len(signs) * columns.stop // n_edges
            yield Progress("Flipping signs", done, exchange.n_used)
    reach = np.sort(largest * (1 + _ERROR))
    n_larger = largest.size - np.searchsorted(reach, np.abs(statistic))
    adjusted_p = np.where(np.isnan(statistic), np.nan, (1 + n_larger) / (1 + largest.size))
    return MaxStatistic(statistic, adjusted_p, largest, n_tested, n - design.rank - n_tested)


def _signs(n: int, exchange: Exchange, at_a_time: int, rng: np.random.Generator) -> Iterator[tuple[int, Float32Array]]:
    """Yield chunks of flips, each with the place of its first: 1 and -1 for each subject."""
    every = None
    if exchange.listed:
        half = all_signs(n).astype(np.float32)
        every = np.concatenate([half[1:], -half])
    for start in range(0, exchange.n_used, at_a_time):
        stop = min(start + at_a_time, exchange.n_used)
        if every is not None:
            yield start, every[start:stop]
        else:
            yield start, np.where(rng.random((stop - start, n)) < 0.5, np.float32(-1), np.float32(1))


def _contributions(
    block: NDArray[np.floating[Any]], directions: FloatArray, design: Design
) -> tuple[Float32Array, BoolArray]:
    """Return each subject's part of the score, standardised, shape (n_tested, n_subjects, n_columns), and what is lost.

    Their sums over subjects have a sum of squares over columns tested that is Wald's statistic of the score.
    """
    rounding = float(np.finfo(block.dtype).eps)
    left = block.astype(np.float64, order="C")
    norm = take_out(left, design.basis, rounding)
    weights = multiply(left.T, directions)
    lost = np.isnan(norm) | fits_exactly(np.sqrt(np.minimum((weights**2).sum(axis=1) / norm**2, 1)))
    left[:, lost] = 0
    whole = _information(left**2, directions)
    if directions.shape[1] > 1:
        lost |= np.linalg.matrix_rank(whole) < directions.shape[1]
    whole[lost] = np.eye(directions.shape[1])
    left[:, lost] = 0
    root = np.linalg.inv(np.linalg.cholesky(whole))  # whose product with the directions has V of 1
    standardised = np.einsum("jkl,il->kij", root, directions) * left
    return np.ascontiguousarray(standardised, dtype=np.float32), lost


# --- does the spread vary? -----------------------------------------------------------------------


def spread_of_subjects(
    values: NDArray[np.floating[Any]], rows: IntArray, tested: Term, design: Design
) -> Steps[FloatArray]:
    """Return the logarithm of each subject's spread about the model, over edges; shape (n_subjects,).

    The root mean square of the residuals of the whole model in standard deviations of their edge, with what leverage
    takes of them put back. NaN where the model fits a subject exactly, or no edge can be used.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges)
        Edges with missing values are not used, and of many some, evenly over them.
    rows, tested, design
        As for `max_score`.
    """
    directions = directions_of(tested, design)
    basis = np.concatenate([design.basis, directions], axis=1)
    edges = np.arange(0, values.shape[1], max(1, values.shape[1] // _EDGES_OF_SPREAD))
    squares, used = np.empty((rows.size, edges.size)), np.empty(edges.size, dtype=bool)
    for columns in column_blocks(edges.size):
        yield Progress("Comparing the spread of subjects", columns.start, edges.size)
        block = values[:, edges[columns]][rows].astype(np.float64, order="C")
        norm = take_out(block, np.asfortranarray(basis), float(np.finfo(values.dtype).eps))
        used[columns] = np.isfinite(norm)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares[:, columns] = (block / norm) ** 2
    left = 1 - np.einsum("ij,ij->i", basis, basis)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = squares[:, used].mean(axis=1) if used.any() else np.full(rows.size, np.nan)
        return np.asarray(np.where(left > _FITTED, 0.5 * np.log(mean * rows.size / left), np.nan))
