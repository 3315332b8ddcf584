"""Linear models whose noise need not be the same for all subjects, nor independent among relatives: HC3 and clusters.

Where patients are noisier than controls, or connectivity varies more with motion, the usual t finds effects that are
not there. HC3 estimates the variance of a coefficient from each subject's own residual, e_i / (1 - h_i) with the
leverage h_i. Where subjects are related the residuals of a cluster (a family) are taken together, (1 - H_gg)^-1 e_g
with its block of the hat matrix, and their products with the target summed (CR3): what leaving out one cluster after
the other changes, squared and summed. If every subject is a cluster that is HC3.

Such a variance is that of few where few carry the target. So it has the degrees of freedom of Satterthwaite (Bell and
McCaffrey 2002; of several columns Hotelling's, Pustejovsky and Tipton 2018), for two groups about Welch's. Tests by
flipped signs, for all edges together, are in `imagenomer.statistics.flipped_scores`.

References
----------
MacKinnon and White (1985), J. Econom. 29:305 (HC3). Long and Ervin (2000), Am. Stat. 54:217. Bell and McCaffrey (2002),
Surv. Methodol. 28:169; MacKinnon, Nielsen and Webb (2023), J. Econom. 232:272 (clusters). Pustejovsky and Tipton
(2018), J. Bus. Econ. Stat. 36:672 (degrees of freedom).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import CategoryAssociation, by_pattern, fewer, take_out
from imagenomer.statistics.column_moments import column_blocks
from imagenomer.statistics.correlation import Correlation
from imagenomer.statistics.design import Design, Term, directions_of
from imagenomer.statistics.flipped_scores import robust_dof
from imagenomer.statistics.products import multiply
from imagenomer.statistics.sign_flips import cluster_codes, members_of, sums_by_cluster
from imagenomer.statistics.tails import fits_exactly, neg_log10_p_of_shares
from imagenomer.types import FloatArray, IntArray

#: A subject whose leverage is 1 but for this is fitted exactly, and has no residual to learn from.
_FITTED = 1e-8
#: Edges that tell how the spread differs between subjects: some of all, evenly over them, do.
_EDGES_OF_SPREAD = 2000


@dataclass(frozen=True, slots=True)
class RobustCorrelation(Correlation):
    """Partial correlations, whose p-values allow unequal variances.

    Attributes
    ----------
    spread : ndarray, shape (n_features,)
        Robust standard error over the usual one.
    residual_dof : ndarray, shape (n_features,)
        Degrees of freedom of the usual one; more than ``dof`` where there are clusters.
    effective_dof : ndarray, shape (n_features,)
        Those of the robust one, by which p-values and intervals are made.
    """

    spread: FloatArray
    residual_dof: IntArray
    effective_dof: FloatArray

    def widening(self, which: int | slice | IntArray = slice(None)) -> FloatArray:
        """Return how many times as wide the intervals of some features are."""
        usual, own = (
            scipy.special.stdtrit(np.where(dof > 0, dof, np.nan), 0.975)
            for dof in (self.residual_dof[which], self.effective_dof[which])
        )
        return np.asarray(self.spread[which] * own / usual)


def associate_unequal(
    features: NDArray[np.floating[Any]], tested: Term, design: Design, clusters: IntArray | None = None
) -> RobustCorrelation | CategoryAssociation:
    """Fit the linear model of each feature, and test the target by HC3 or, of clusters, CR3; in float64.

    Parameters
    ----------
    features : ndarray, shape (n_subjects, n_features)
        A feature with missing values is fitted to its own complete cases.
    tested : Term
        Of one column it is tested by t, of several by the Wald test, as F.
    design : Design
        Covariates of the same subjects.
    clusters : ndarray of int, shape (n_subjects,), optional
        Subjects of one cluster (a family) may depend on each other. There are then as many degrees of freedom as
        clusters less one, where those are fewer.

    Raises
    ------
    InputError
        If the target cannot be tested (`directions_of`), or rests on a subject or cluster that is fitted exactly.
    """
    if features.shape[0] != design.n_subjects:
        raise ValueError(f"features of {features.shape[0]} subjects for covariates of {design.n_subjects}")
    n_features, n_tested = features.shape[1], len(tested.columns)
    share, wald, signs = (np.full(n_features, np.nan) for _ in range(3))
    n_subjects = np.full(n_features, design.n_subjects)
    usual_dof, dof = np.zeros(n_features, dtype=np.intp), np.zeros(n_features, dtype=np.intp)
    dof_tested, effective = np.full(n_features, n_tested), np.full(n_features, np.nan)
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
            codes = cluster_codes(None if clusters is None else clusters[cases], int(n_subjects[where[0]]))
            usual_dof[where] = n_subjects[where] - some[1].rank - len(some[0].columns)
            dof[where] = robust_dof(some[1], len(some[0].columns), int(codes.max()) + 1)
            effective[where] = effective_dof(*some, codes)
            rounding = float(np.finfo(features.dtype).eps)
            share[where], wald[where], signs[where] = _tested(block[np.ix_(cases, members)], *some, codes, rounding)
    f = np.where(fits_exactly(np.sqrt(share)), np.nan, wald / np.maximum(dof_tested, 1))
    # Hotelling's: (nu - k + 1) / nu of F has k and nu - k + 1 degrees of freedom.
    neg_log10_p = neg_log10_p_of_shares(
        dof_tested * f / (dof_tested * f + effective), dof_tested, np.maximum(effective - dof_tested + 1, 0)
    )
    if n_tested > 1:
        return CategoryAssociation(f, share, 10**-neg_log10_p, neg_log10_p, n_subjects, dof_tested, dof)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(share * usual_dof / ((1 - share) * f))
    r = signs * np.sqrt(share)
    return RobustCorrelation(r, 10**-neg_log10_p, neg_log10_p, n_subjects, dof, spread, usual_dof, effective)


def effective_dof(tested: Term, design: Design, clusters: IntArray | None = None) -> float:
    """Return the degrees of freedom of the robust variance, if in truth subjects were alike and independent.

    By Satterthwaite: those of the chi-squared with the mean and the variance of the estimate, which is a sum over
    clusters of squares of m_g'e, whose covariance is G_gh = m_g'(I - H) m_h.

    Parameters
    ----------
    tested, design, clusters
        As for `associate_unequal`.
    """
    directions = directions_of(tested, design)
    codes = cluster_codes(clusters, design.n_subjects)
    multipliers = _multipliers(tested, design, directions, codes)
    basis = np.concatenate([design.basis, directions], axis=1)
    k = directions.shape[1]
    own = sums_by_cluster(multipliers[:, :, None] * multipliers[:, None, :], codes)
    shared = sums_by_cluster(multipliers[:, :, None] * basis[:, None, :], codes)
    root = np.linalg.inv(np.linalg.cholesky(own.sum(axis=0) - np.einsum("gap,gbp->ab", shared, shared)))
    own, shared = np.einsum("ac,gcd,bd->gab", root, own, root), np.einsum("ac,gcp->gap", root, shared)
    inner = np.einsum("gap,gbp->gab", shared, shared)
    products = np.einsum("gap,gbq->apbq", shared, shared)
    crossed = np.einsum("gab,gba->", own, own) - 2 * np.einsum("gab,gba->", own, inner)
    crossed += np.einsum("apbq,bpaq->", products, products)
    straight = (np.einsum("gaa->g", own) * (np.einsum("gaa->g", own) - 2 * np.einsum("gaa->g", inner))).sum()
    straight += (products**2).sum()
    return float(k * (k + 1) / (crossed + straight))


def _tested(
    block: FloatArray, tested: Term, design: Design, codes: IntArray, rounding: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the share that is explained of what the covariates leave, Wald's statistic, and the first sign."""
    directions = directions_of(tested, design)
    multipliers = _multipliers(tested, design, directions, codes)
    block = np.ascontiguousarray(block)
    norm = take_out(block, design.basis, rounding)
    weights = multiply(block.T, directions)
    residual = block - multiply(directions, weights.T)
    share = np.minimum(np.einsum("ij,ij->i", weights, weights) / norm**2, 1)
    return share, _quadratic(weights, residual, multipliers, codes), np.sign(weights[:, 0])


def _multipliers(tested: Term, design: Design, directions: FloatArray, codes: IntArray) -> FloatArray:
    """Return (1 - H_gg)^-1 of each cluster times its part of the directions, shape (n_subjects, n_tested)."""
    basis = np.concatenate([design.basis, directions], axis=1)
    found = np.empty(directions.shape)
    families = members_of(codes)
    for size in sorted({members.size for members in families}):
        members = np.array([one for one in families if one.size == size])
        own = basis[members]
        left, vectors = np.linalg.eigh(np.eye(size) - np.einsum("gik,gjk->gij", own, own))
        exact = left <= _FITTED
        parts = np.einsum("gij,gik->gjk", vectors, directions[members])
        if (np.abs(parts[exact]) > _FITTED).any():
            who = "of one subject" if codes.size == int(codes.max()) + 1 else "that rests on one cluster of relatives"
            raise InputError(
                f"{tested.name} has a level or a value {who} only, whose own variance cannot be estimated; "
                "choose a larger group, or equal variances"
            )
        found[members] = np.einsum("gij,gjk->gik", vectors / np.where(exact, 1, left)[:, None, :], parts)
    return found


def _quadratic(weights: FloatArray, residual: FloatArray, multipliers: FloatArray, codes: IntArray) -> FloatArray:
    """Return w'V^-1 w of each column, V being the sum over clusters of u u', u the cluster's part of the score."""
    parts = np.stack([sums_by_cluster(one[:, None] * residual, codes) for one in multipliers.T])
    if len(parts) == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(weights[:, 0] ** 2 / (parts[0] ** 2).sum(axis=0))
    whole = np.einsum("kgj,lgj->jkl", parts, parts)
    solvable = np.linalg.matrix_rank(whole) == len(parts)
    result = np.full(len(weights), np.nan)
    solved = np.linalg.solve(whole[solvable], weights[solvable][:, :, None])[:, :, 0]
    result[solvable] = np.einsum("ij,ij->i", weights[solvable], solved)
    return result


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
        As for `imagenomer.statistics.max_statistic.max_statistic`.
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
