"""Normal equations of many variants at once, each over the subjects whose genotype is known.

The normal equations of a variant need only sums over the subjects who have it; with W the weights (1 where the genotype
is known) of a block of variants, one column each, all those of covariates are the product of W' with the products of
pairs of covariates.

Arrays over subjects and variants are (n_subjects, n_variants), C-ordered. Matrices of the models are (rows, columns,
n_variants).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.statistics.genotype_codes import Model, code_genotypes
from imagenomer.statistics.products import multiply
from imagenomer.statistics.variant_results import Problem
from imagenomer.types import FloatArray, IntArray

#: PLINK's limit of the variance inflation factor of a genotype, 1 / (1 - R^2) given the covariates.
MAX_INFLATION = 50.0
#: Share of a covariate's sum of squares below which it follows from the others but for rounding.
_DEPENDENT = 1e-9
#: Numbers in one array of a block: enough to be worth a call, few enough for the cache.
_BLOCK = 1 << 18


# --- covariates -----------------------------------------------------------------------------------


class VariantDesign:
    """Intercept and covariates of all subjects, made orthogonal, so that nothing depends on their scales.

    Attributes
    ----------
    columns : ndarray, shape (n_subjects, n_columns)
        The first is 1; the sum of squares of each is n_subjects.
    pairs : ndarray, shape (n_pairs, n_subjects)
        Products of columns ``first`` and ``second``.
    """

    def __init__(self, phenotype: FloatArray, covariates: FloatArray | None, n_terms: int) -> None:
        n = phenotype.shape[0]
        if covariates is None:
            covariates = np.empty((n, 0))
        given = np.column_stack([np.ones(n), covariates]).astype(np.float64)
        if given.shape[0] != n or not np.isfinite(given).all() or not np.isfinite(phenotype).all():
            raise ValueError("phenotype and covariates must have one finite value for each subject")
        n_columns = given.shape[1]
        if n <= n_columns + n_terms:
            raise InputError(
                f"{n} subjects cannot fit {n_columns - 1} covariates and the genotype; "
                "choose fewer covariates or a larger group"
            )
        orthogonal, triangle = np.linalg.qr(given)
        diagonal = np.diag(triangle)
        dependent = np.flatnonzero(diagonal**2 <= _DEPENDENT * (given**2).sum(axis=0))
        if dependent.size:
            raise InputError(f"covariate {dependent[0]} does not vary or follows from those before it; leave it out")
        signs = np.sign(diagonal) * np.sqrt(n)
        self.columns = np.ascontiguousarray(orthogonal * signs)
        self.columns[:, 0] = 1
        self.first, self.second = np.triu_indices(n_columns)
        self.pairs = np.ascontiguousarray((self.columns[:, self.first] * self.columns[:, self.second]).T)

    def blocks(self, variants: IntArray) -> list[IntArray]:
        """Cut variants into blocks of a size good for the cache."""
        size = int(np.clip(_BLOCK // self.columns.shape[0], 16, 512))
        return [variants[start : start + size] for start in range(0, variants.size, size)]


def residual(design: VariantDesign, phenotype: FloatArray) -> tuple[FloatArray, float]:
    """Take covariates out of the phenotype, scale what is left to mean square 1, and return that and the scale.

    The coefficient of a genotype stays, but for the scale, and no digits are lost to a large mean or to what the
    covariates explain.
    """
    n = phenotype.size
    left = phenotype - phenotype.mean()
    before = np.sqrt(left @ left)
    for _ in range(2):  # the second time for what rounding left
        left = left - design.columns @ (design.columns.T @ left / n)
    after = np.sqrt(left @ left)
    if not before > 1e-12 * np.sqrt(phenotype @ phenotype):
        raise InputError(f"all {n} subjects have the same value; choose another phenotype or a larger group")
    if not after > 1e-7 * before:
        raise InputError("the phenotype follows from the covariates; choose fewer covariates")
    scale = float(after / np.sqrt(n))
    return left / scale, scale


# --- genotypes ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Genotypes:
    """A block of variants: each term's code of each genotype, 0 where it is missing.

    ``known`` is 1 where a genotype is known and 0 where it is missing, or None where all are known.
    """

    dosage: NDArray[np.int8]
    codes: list[FloatArray]
    known: FloatArray | None

    def copies(self, model: Model) -> FloatArray:
        """Return the copies of the effect allele, 0 where they are missing."""
        return self.codes[0] if model in ("additive", "genotypic") else code_genotypes(self.dosage, "additive")[0]

    def of(self, variants: IntArray) -> Genotypes:
        """Return some variants of the block."""
        if variants.size == self.codes[0].shape[1]:
            return self
        known = None if self.known is None else _columns(self.known, variants)
        return Genotypes(_columns(self.dosage, variants), [_columns(code, variants) for code in self.codes], known)


def _columns(matrix: NDArray[Any], columns: IntArray) -> NDArray[Any]:
    """Return some columns, C-ordered: NumPy returns them the other way round, which products read slowly."""
    return np.ascontiguousarray(matrix[:, columns])


def genotype_blocks(
    dosage: NDArray[np.int8], design: VariantDesign, model: Model
) -> Iterator[tuple[IntArray, Genotypes]]:
    """Yield blocks of variants, those without missing genotypes first: sums over covariates are then everybody's."""
    complete = dosage.min(axis=0, initial=0) >= 0
    for group in (np.flatnonzero(complete), np.flatnonzero(~complete)):
        for block in design.blocks(group):
            own = _columns(dosage, block)
            known = None if complete[block[0]] else (own >= 0).astype(np.float64)
            yield block, Genotypes(own, code_genotypes(own, model), known)


# --- normal equations -----------------------------------------------------------------------------


def times(matrix: FloatArray, vectors: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """Return the sums over subjects of each column times each vector, shape (n_vectors, n_variants)."""
    return multiply(np.asarray(vectors), matrix)


def products(genotypes: Genotypes, design: VariantDesign, values: FloatArray) -> FloatArray:
    """Return X'v of each variant for one value v of each subject, shape (n_parameters, n_variants)."""
    columns = design.columns.T * values
    if genotypes.known is None:
        over = np.repeat(columns.sum(axis=1)[:, None], genotypes.codes[0].shape[1], axis=1)
    else:
        over = times(genotypes.known, columns)
    return np.concatenate([over, *(times(code, [values]) for code in genotypes.codes)])


def shared_information(genotypes: Genotypes, design: VariantDesign, weight: FloatArray) -> FloatArray:
    """Return X'WX of each variant for one weight of each subject, as `information`."""
    n_columns, codes = design.columns.shape[1], genotypes.codes
    matrix = np.empty((n_columns + len(codes), n_columns + len(codes), codes[0].shape[1]))
    pairs = design.pairs * weight
    sums = pairs.sum(axis=1)[:, None] if genotypes.known is None else times(genotypes.known, pairs)
    matrix[design.first, design.second] = matrix[design.second, design.first] = sums
    for row, code in enumerate(codes, start=n_columns):
        matrix[row, :n_columns] = matrix[:n_columns, row] = times(code, design.columns.T * weight)
        for column, other in enumerate(codes[: row - n_columns + 1], start=n_columns):
            matrix[row, column] = matrix[column, row] = times(code * other, [weight])[0]
    return matrix


def information(weights: FloatArray, genotypes: Genotypes, design: VariantDesign) -> FloatArray:
    """Return X'WX of each variant, covariates first, shape (n_parameters, n_parameters, n_variants).

    Weighted Gram matrices of many variants are one product: of the products of pairs of covariates, which are the same
    for all, with the weights. Half of each matrix is made, and nothing is weighted but the genotypes.
    """
    n_columns, codes = design.columns.shape[1], genotypes.codes
    matrix = np.empty((n_columns + len(codes), n_columns + len(codes), codes[0].shape[1]))
    sums = times(weights, design.pairs)
    matrix[design.first, design.second] = matrix[design.second, design.first] = sums
    for row, code in enumerate(codes, start=n_columns):
        weighted = weights * code
        matrix[row, :n_columns] = matrix[:n_columns, row] = times(weighted, design.columns.T)
        for column, other in enumerate(codes[: row - n_columns + 1], start=n_columns):
            matrix[row, column] = matrix[column, row] = np.einsum("ij,ij->j", weighted, other)
    return matrix


def invert(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Invert symmetric matrices, shape (p, p, n), by Gauss and Jordan, all at once.

    Returns
    -------
    inverse : ndarray, shape (p, p, n)
    pivots : ndarray, shape (p, n)
        What was left of the diagonal element, all before it taken out: 0 or less where singular.
    """
    inverse = matrix.copy()
    pivots = np.empty(matrix.shape[1:])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for index in range(len(matrix)):
            pivot = pivots[index] = inverse[index, index]
            row, column = inverse[index] / pivot, inverse[:, index].copy()
            pivot = pivot.copy()
            inverse -= column[:, None] * row
            inverse[index] = row
            inverse[:, index] = -column / pivot
            inverse[index, index] = 1 / pivot
    return inverse, pivots


def apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Multiply matrices (p, p, n) with vectors (p, n)."""
    return np.asarray(np.einsum("ijk,jk->ik", matrix, vector))


def problems(matrix: FloatArray, inverse: FloatArray, pivots: FloatArray, design: VariantDesign) -> NDArray[np.int8]:
    """Say which variants cannot be tested, from their unweighted X'X; the one named first in `Problem` wins."""
    n_parameters, n_columns = len(matrix), design.columns.shape[1]
    n_subjects = matrix[0, 0]
    problem = np.zeros(n_subjects.size, dtype=np.int8)
    with np.errstate(divide="ignore", invalid="ignore"):
        problem[~(pivots[:n_columns] > _DEPENDENT * design.columns.shape[0]).all(axis=0)] = Problem.COVARIATES
        for row in range(n_columns, n_parameters):
            squares = matrix[row, row] - matrix[0, row] ** 2 / n_subjects
            inflated = ~((squares * inverse[row, row] <= MAX_INFLATION) & (pivots[row] > 0))
            problem[inflated & (problem == 0)] = Problem.COLLINEAR
            # Codes are whole numbers: if they vary at all, it is by more than this.
            problem[~(squares > 0.25)] = Problem.CONSTANT
    problem[n_subjects <= n_parameters] = Problem.TOO_FEW
    return problem


def linear_predictor(beta: FloatArray, genotypes: Genotypes, design: VariantDesign) -> FloatArray:
    n_columns = design.columns.shape[1]
    predictor = multiply(design.columns, beta[:n_columns])
    for row, code in enumerate(genotypes.codes, start=n_columns):
        predictor += code * beta[row]
    return predictor
