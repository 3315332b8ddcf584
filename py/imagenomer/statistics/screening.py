"""Screening: every variant against many numbers at once, such as scores of components.

For a number y, the linear model  y = code * beta + covariates * gamma + noise  is fitted in those who have the
genotype, as `imagenomer.statistics.variants.associate_number` does for one number; here only the partial correlation
is wanted, for all numbers together. A missing genotype is neither imputed nor counted: with W the diagonal of 1 where
the genotype is known, g the code (0 where it is not), Q the covariates and y the numbers, what Q leaves of g and y
among those who have the genotype is known from the products Q'WQ, Q'Wg, Q'Wy, g'g, g'y and y'Wy alone (Frisch and Waugh
1933, Econometrica 1:387). Where nobody's is missing and y is a residual already, two of them suffice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design
from imagenomer.statistics.orthonormal import residuals
from imagenomer.statistics.products import multiply
from imagenomer.statistics.tails import neg_log10_p_of_r, with_spread_left
from imagenomer.statistics.variant_blocks import MAX_INFLATION
from imagenomer.types import FloatArray, IntArray

#: What 0, 1, 2 copies of the effect allele count as.
Coding: TypeAlias = Literal["additive", "dominant", "recessive", "heterozygous"]

_CODES: dict[Coding, tuple[int, int, int]] = {
    "additive": (0, 1, 2),
    "dominant": (0, 1, 1),
    "recessive": (0, 0, 1),
    "heterozygous": (0, 1, 0),
}
_VARIANTS_AT_ONCE = 256
#: Smallest eigenvalue of the covariates' products among those who have a genotype, of 1 among all, that is no rounding.
_SINGULAR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """Association of every variant with every number.

    Attributes
    ----------
    r : ndarray, shape (n_numbers, n_variants)
        Partial correlation; NaN where it was not tested: the code does not vary or follows from the covariates (a
        variance inflation factor above `MAX_INFLATION`, as in PLINK), or too few have the genotype.
    neg_log10_p : ndarray, shape (n_numbers, n_variants)
        Two-sided, uncorrected; finite where the probability is too small for a double; NaN where a number follows from
        the genotype exactly.
    n_subjects, dof : ndarray, shape (n_variants,)
        Those who have the genotype, and residual degrees of freedom.
    """

    r: FloatArray
    neg_log10_p: FloatArray
    n_subjects: IntArray
    dof: IntArray


def screen(dosage: NDArray[np.int8], numbers: FloatArray, design: Design, coding: Coding = "additive") -> Steps[Screen]:
    """Fit every variant to every number.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2, or -1 where missing.
    numbers : ndarray, shape (n_subjects, n_numbers)
        Without missing values.
    design : Design
        Covariates of the same subjects.
    coding : str
    """
    n_variants, n_numbers = dosage.shape[1], numbers.shape[1]
    if not dosage.shape[0] == numbers.shape[0] == design.n_subjects:
        raise ValueError(f"{dosage.shape[0]} genotypes and {numbers.shape[0]} scores for {design.n_subjects} subjects")
    left = residuals(numbers - numbers.mean(axis=0), design.basis)
    lengths = np.linalg.norm(left, axis=0)
    varying = lengths > 1e-12 * np.linalg.norm(numbers, axis=0)
    left = left / np.where(varying, lengths, 1)
    r = np.empty((n_numbers, n_variants))
    neg_log10_p = np.empty((n_numbers, n_variants))
    n_subjects = np.empty(n_variants, dtype=np.intp)
    codes = np.array([*_CODES[coding], 0], dtype=np.float64)  # -1 takes the last
    for start in range(0, n_variants, _VARIANTS_AT_ONCE):
        columns = slice(start, min(start + _VARIANTS_AT_ONCE, n_variants))
        block = dosage[:, columns]
        known = block >= 0
        n_subjects[columns] = np.count_nonzero(known, axis=0)
        r[:, columns] = _partial_r(codes[block], known, left, design.basis)
        dof = n_subjects[columns] - design.rank - 1
        r[:, columns][:, dof < 1] = np.nan
        r[~varying, columns] = np.nan
        neg_log10_p[:, columns] = neg_log10_p_of_r(with_spread_left(r[:, columns]), dof)
        yield Progress("Testing variants", columns.stop, n_variants)
    return Screen(r, neg_log10_p, n_subjects, n_subjects - design.rank - 1)


def _partial_r(code: FloatArray, known: NDArray[np.bool_], left: FloatArray, basis: FloatArray) -> FloatArray:
    """Return the partial correlation of variants with residuals of length 1, shape (n_numbers, n_variants)."""
    squares = np.einsum("ij,ij->j", code, code)
    sums = code.sum(axis=0)
    n_known = known.sum(axis=0)
    across = multiply(code.T, basis)  # (n_variants, rank)
    products = multiply(code.T, left)  # (n_variants, n_numbers)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = squares - sums**2 / n_known
    lengths = np.ones(products.shape)
    explained = np.einsum("ij,ij->i", across, across)
    holed = np.flatnonzero(n_known < known.shape[0])
    if holed.size:
        own = _among_known(known[:, holed], left, basis, across[holed])
        explained[holed] = own[0]
        products[holed] -= own[1]
        lengths[holed] = own[2]
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = squares - explained
        testable = (centred > 0.25) & (squares * MAX_INFLATION >= centred)
        r = products / np.sqrt(
            np.where(testable, squares, np.nan)[:, None] * np.where(lengths > 1e-12, lengths, np.nan)
        )
    return np.asarray(np.clip(r, -1, 1).T)


def _among_known(
    known: NDArray[np.bool_], left: FloatArray, basis: FloatArray, across: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what covariates explain among those who have each genotype.

    Returns
    -------
    ndarray, shape (n_variants,)
        Of the code's square; NaN where the covariates follow from each other there.
    ndarray, shape (n_variants, n_numbers)
        Of its products with the numbers.
    ndarray, shape (n_variants, n_numbers)
        What they leave of the squares of the numbers.
    """
    weights = known.astype(np.float64)
    rank, n_numbers = basis.shape[1], left.shape[1]
    pairs = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)
    among = multiply(weights.T, pairs).reshape(-1, rank, rank)
    singular = ~(np.linalg.eigvalsh(among)[:, 0] > _SINGULAR)
    among[singular] = np.eye(rank)
    mixed = (basis[:, :, None] * left[:, None, :]).reshape(len(basis), -1)
    of_numbers = multiply(weights.T, mixed).reshape(-1, rank, n_numbers)
    solved = np.linalg.solve(among, np.concatenate([of_numbers, across[:, :, None]], axis=2))
    explained = np.einsum("ij,ij->i", across, solved[:, :, -1])
    explained[singular] = np.nan
    shared = np.einsum("ij,ijk->ik", across, solved[:, :, :-1])
    lengths = multiply(weights.T, left**2) - np.einsum("ijk,ijk->ik", of_numbers, solved[:, :, :-1])
    return explained, shared, lengths
