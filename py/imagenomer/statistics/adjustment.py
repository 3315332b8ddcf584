"""Association of every edge with a phenotype, adjusted for covariates.

For each feature y the linear model  y = target * beta + covariates * gamma + noise  is fitted by least squares.
`associate` (a number, or a category of two levels) and `associate_category` (any category) work in float64 and are
what is printed and decided. `correlate_adjusted` gives the map of partial correlations from float32 connectivity,
to within `FAST_R_ERROR`, and is to be mended like that of `correlate_fast`.

Nothing of the size of the connectivity is made: with Q an orthonormal basis of the covariates and u the part of the
target they leave, of length 1, the partial correlation is  u'y / sqrt(|y|^2 - |Q'y|^2)  (Frisch and Waugh 1933,
Econometrica 1:387), which is one product with the connectivity for the target, and one, made once, for each covariate.

A value that is NaN or infinite is missing. A feature with missing values is fitted to its own complete cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps, finish
from imagenomer.statistics.column_moments import ColumnMoments, column_blocks, weighted_sum
from imagenomer.statistics.correlation import Correlation, uniform_neg_log10_p
from imagenomer.statistics.design import ALIASED, Design, Term, directions_in_steps, directions_of
from imagenomer.statistics.orthonormal import residuals
from imagenomer.statistics.products import add_product, multiply
from imagenomer.statistics.tails import (
    fits_exactly,
    neg_log10_p_of_r,
    neg_log10_p_of_shares,
    p_of_r,
    with_spread_left,
)
from imagenomer.types import Float32Array, FloatArray, IntArray

#: Of a feature's sum of squares, what the covariates must leave for the fast map to be as exact as it says.
_ENOUGH_LEFT = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Linear model of each feature on a target and covariates; the coefficient is that of the target.

    Attributes
    ----------
    beta : ndarray, shape (n_features,)
        Units of the feature for each unit of the target; NaN where the model cannot be fitted or nothing varies.
    se : ndarray, shape (n_features,)
        Standard error of beta; NaN, as t and the p-values, where the model fits exactly and no spread is left.
    t : ndarray, shape (n_features,)
    r : ndarray, shape (n_features,)
        Partial correlation, in [-1, 1].
    p_value : ndarray, shape (n_features,)
        Two-sided and uncorrected, as a probability.
    neg_log10_p : ndarray, shape (n_features,)
        -log10 of the same; finite where the probability is too small for a double.
    n_subjects, dof : ndarray, shape (n_features,)
        Complete cases, and residual degrees of freedom.
    """

    beta: FloatArray
    se: FloatArray
    t: FloatArray
    r: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray
    n_subjects: IntArray
    dof: IntArray

    @property
    def correlation(self) -> Correlation:
        """The part that `Correlation.replace` puts into the fast map."""
        return Correlation(self.r, self.p_value, self.neg_log10_p, self.n_subjects, self.dof)

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the confidence limits of beta, lower and upper."""
        margin = scipy.special.stdtrit(np.maximum(self.dof, 1), (1 + confidence) / 2) * self.se
        return self.beta - margin, self.beta + margin


@dataclass(frozen=True, slots=True, eq=False)
class CategoryAssociation:
    """Partial F test of each feature for a category and covariates.

    Attributes
    ----------
    f : ndarray, shape (n_features,)
        NaN, as the p-values, where the model cannot be fitted, nothing varies, or no spread is left within levels.
    partial_eta_squared : ndarray, shape (n_features,)
        Share, in [0, 1], that the category explains of what the covariates leave.
    p_value, neg_log10_p : ndarray, shape (n_features,)
        Uncorrected.
    n_subjects, dof_tested, dof : ndarray, shape (n_features,)
        Complete cases, and degrees of freedom of the numerator and the denominator of F.
    """

    f: FloatArray
    partial_eta_squared: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray
    n_subjects: IntArray
    dof_tested: IntArray
    dof: IntArray


def associate(features: NDArray[np.floating[Any]], tested: Term, design: Design) -> Association:
    """Fit the linear model of each feature on a target and covariates, in float64.

    Parameters
    ----------
    features : ndarray, shape (n_subjects, n_features)
    tested : Term
        Of one column: a number, or a category of two levels.
    design : Design
        Of the same subjects.

    Raises
    ------
    InputError
        If the target does not vary or follows from the covariates, or there are too few subjects.
    """
    if len(tested.columns) > 1:
        raise ValueError(f"{tested.name} has {len(tested.columns)} columns; that is for associate_category")
    fits = _fit(features, tested, design, directions_of(tested, design))
    # directions_of keeps the direction, so this length is what one unit of the target is worth.
    scale = fits.target_norm
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.clip(fits.weights[:, 0] / fits.norm, -1, 1)
        spread = with_spread_left(r)
        unexplained = (1 - spread) * (1 + spread)
        dof = np.where(fits.dof > 0, fits.dof, np.nan)
        beta = np.where(np.isnan(r), np.nan, fits.weights[:, 0] / scale)
        se = fits.norm * np.sqrt(unexplained / dof) / scale
        t = r * np.sqrt(dof / unexplained)
    p_value, neg_log10_p = p_of_r(spread, fits.dof), neg_log10_p_of_r(spread, fits.dof)
    return Association(beta, se, t, r, p_value, neg_log10_p, fits.n_subjects, fits.dof)


def associate_category(features: NDArray[np.floating[Any]], tested: Term, design: Design) -> CategoryAssociation:
    """Test each feature for a category given covariates, in float64; parameters as for `associate`.

    A feature whose complete cases have no subject of a level is tested for the levels that are left.
    """
    return finish(associate_category_in_steps(features, tested, design))


def associate_category_in_steps(
    features: NDArray[np.floating[Any]], tested: Term, design: Design
) -> Steps[CategoryAssociation]:
    """Test as `associate_category` does in steps, for a category that may have thousands of levels."""
    fits = _fit(features, tested, design, (yield from directions_in_steps(tested, design)))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.minimum(np.einsum("ij,ij->i", fits.weights, fits.weights) / fits.norm**2, 1)
        beside = np.where(fits_exactly(np.sqrt(share)), np.nan, share)
        f = beside / fits.dof_tested / ((1 - beside) / np.where(fits.dof > 0, fits.dof, np.nan))
    neg_log10_p = neg_log10_p_of_shares(beside, fits.dof_tested, fits.dof)
    return CategoryAssociation(f, share, 10**-neg_log10_p, neg_log10_p, fits.n_subjects, fits.dof_tested, fits.dof)


# --- the fast map --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class AdjustedMoments:
    """What `correlate_adjusted` needs of the connectivity and the covariates, whatever the target.

    Attributes
    ----------
    moments : ColumnMoments
    design : Design
    norm : ndarray, shape (n_edges,)
        Length of each column once the covariates are taken out; NaN where nothing is left.
    apart : ndarray, shape (n_apart,)
        Columns that are fitted exactly: with missing values, a mean far larger than their spread, or largely
        explained by the covariates.
    """

    moments: ColumnMoments
    design: Design
    norm: FloatArray
    apart: IntArray


def adjusted_moments(values: Float32Array, moments: ColumnMoments, design: Design) -> AdjustedMoments:
    """Return what `adjust_moments` does, in one piece."""
    return finish(adjust_moments(values, moments, design))


def adjust_moments(values: Float32Array, moments: ColumnMoments, design: Design) -> Steps[AdjustedMoments]:
    """Take the covariates out of the moments; the caller keeps the result for the next target.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
    moments : ColumnMoments
        Of the same ``values``.
    design : Design
        Of ``moments.rows``.
    """
    if design.n_subjects != moments.rows.size:
        raise ValueError(f"covariates of {design.n_subjects} subjects for {moments.rows.size} rows")
    squares = moments.norm**2
    left = squares.copy()
    for done, column in enumerate(design.basis.T[1:]):
        yield Progress("Summarising connections", done, design.rank - 1)
        with np.errstate(invalid="ignore", over="ignore"):
            left -= weighted_sum(values, moments.rows, column.astype(np.float32)) ** 2
    with np.errstate(invalid="ignore", over="ignore"):
        apart = ~(left > _ENOUGH_LEFT * squares)
        norm = np.sqrt(np.where(apart, np.nan, left))
    apart[moments.apart] = True
    return AdjustedMoments(moments, design, norm, np.flatnonzero(apart))


def correlate_adjusted(values: Float32Array, tested: Term, adjusted: AdjustedMoments) -> Correlation:
    """Return the partial correlation of each edge with a target, to within `FAST_R_ERROR` of `associate`.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_edges), float32, C-ordered
    tested : Term
        Of one column.
    adjusted : AdjustedMoments
        Of the same ``values``.

    Raises
    ------
    InputError
        As for `associate`.
    """
    rows, design = adjusted.moments.rows, adjusted.design
    if len(tested.columns) > 1:
        raise ValueError(f"{tested.name} has {len(tested.columns)} columns; that is for associate_category")
    direction = directions_of(tested, design)[:, 0].astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        r = np.clip(weighted_sum(values, rows, direction) / adjusted.norm, -1, 1)
    n_subjects = adjusted.moments.n_subjects
    dof = n_subjects - design.rank - 1
    r[adjusted.apart] = np.nan
    neg_log10_p = uniform_neg_log10_p(r, dof)
    fast = Correlation(r, 10**-neg_log10_p, neg_log10_p, n_subjects, dof)
    if not adjusted.apart.size:
        return fast
    return fast.replace(adjusted.apart, associate(values[np.ix_(rows, adjusted.apart)], tested, design).correlation)


# --- shared --------------------------------------------------------------------------------------


def take_out(block: FloatArray, basis: FloatArray, rounding: float) -> FloatArray:
    """Take the covariates out of columns, in place, and return the length of what is left.

    Parameters
    ----------
    block : ndarray, shape (n_subjects, n_columns), float64, C-ordered
    basis : ndarray, shape (n_subjects, rank), Fortran-ordered
        Orthonormal; the first column is constant.
    rounding : float
        Relative rounding error of ``block`` as it was stored.

    Returns
    -------
    ndarray, shape (n_columns,)
        NaN where only rounding is left, or a value is missing.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        length = np.sqrt(np.einsum("ij,ij->j", block, block))
        block -= block.mean(axis=0)
        for _ in range(2 if basis.shape[1] > 1 else 0):
            add_product(block, -basis, multiply(basis.T, block))
        norm = np.sqrt(np.einsum("ij,ij->j", block, block))
        return np.where(norm > 10 * rounding * length, norm, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class _Fits:
    """Of each feature: its products with the tested columns, and the length of what the covariates leave."""

    weights: FloatArray
    norm: FloatArray
    target_norm: FloatArray
    n_subjects: IntArray
    dof_tested: IntArray
    dof: IntArray


def _fit(features: NDArray[np.floating[Any]], tested: Term, design: Design, directions: FloatArray) -> _Fits:
    if features.shape[0] != design.n_subjects:
        raise ValueError(f"features of {features.shape[0]} subjects for covariates of {design.n_subjects}")
    n_features, n_tested = features.shape[1], directions.shape[1]
    weights, norm = np.zeros((n_features, n_tested)), np.empty(n_features)
    target_norm = np.full(n_features, _length_left(tested, design))
    n_subjects = np.full(n_features, design.n_subjects)
    dof_tested = np.full(n_features, n_tested)
    rank = np.full(n_features, design.rank)
    rounding = float(np.finfo(features.dtype).eps)
    for columns in column_blocks(n_features):
        block = features[:, columns].astype(np.float64, order="C")
        present = np.isfinite(block)
        incomplete = np.flatnonzero(~present.all(axis=0)) + columns.start
        norm[columns] = take_out(block, design.basis, rounding)
        weights[columns] = multiply(block.T, directions)
        for members, cases in by_pattern(present[:, incomplete - columns.start]):
            chosen = incomplete[members]
            n_subjects[chosen] = np.count_nonzero(cases)
            weights[chosen], norm[chosen], dof_tested[chosen] = 0, np.nan, 0
            left = fewer(tested, design, cases)
            if left is None:
                rank[chosen] = n_subjects[chosen]
                continue
            some_tested, some = left
            part = features[np.ix_(cases, chosen)].astype(np.float64, order="C")
            norm[chosen] = take_out(part, some.basis, rounding)
            some_directions = directions_of(some_tested, some)
            weights[chosen, : some_directions.shape[1]] = multiply(part.T, some_directions)
            target_norm[chosen] = _length_left(some_tested, some)
            dof_tested[chosen], rank[chosen] = some_directions.shape[1], some.rank
    dof = np.maximum(n_subjects - rank - dof_tested, 0)
    return _Fits(weights, norm, target_norm, n_subjects, dof_tested, dof)


def _length_left(tested: Term, design: Design) -> float:
    return float(np.linalg.norm(residuals(tested.values[:, 0], design.basis)))


def by_pattern(present: NDArray[np.bool_]) -> list[tuple[IntArray, NDArray[np.bool_]]]:
    """Return the columns that share each pattern of missing values, and the pattern."""
    members: dict[bytes, list[int]] = {}
    for column, pattern in enumerate(np.packbits(present, axis=0).T):
        members.setdefault(pattern.tobytes(), []).append(column)
    return [(np.array(columns), present[:, columns[0]]) for columns in members.values()]


def fewer(tested: Term, design: Design, cases: NDArray[np.bool_]) -> tuple[Term, Design] | None:
    """Return the model of some of its subjects, without columns that follow from others there; None if none is left."""
    n = int(np.count_nonzero(cases))
    if n < 3:
        return None
    matrix, basis = _independent(design.matrix[cases], np.zeros((n, 0)))
    targets, _ = _independent(tested.values[cases], basis)
    if targets.shape[1] == 0 or n - matrix.shape[1] - targets.shape[1] < 1:
        return None
    some = Design(matrix, ("",) * matrix.shape[1], np.asfortranarray(basis))
    return Term(tested.name, tested.columns[: targets.shape[1]], targets), some


def _independent(matrix: FloatArray, basis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the columns that do not follow from ``basis`` or those before, and ``basis`` with them added."""
    kept = []
    for column, values in enumerate(matrix.T):
        residual = residuals(values, basis)
        length = float(np.linalg.norm(residual))
        if length > ALIASED * float(np.linalg.norm(values)):
            kept.append(column)
            basis = np.column_stack([basis, residual / length])
    return matrix[:, kept], basis
