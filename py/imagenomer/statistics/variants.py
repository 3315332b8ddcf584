"""Association of each variant with a phenotype, one variant at a time, adjusted for covariates.

For a number a linear model, for two levels a logistic one, and Firth's where that fails, with the estimates, tests
and exclusions of PLINK 2 ``--glm``. A subject whose genotype is missing takes no part for that variant: it is
neither imputed nor counted with the others.

All variants of a block are fitted at once. The normal equations of a variant need only sums over the subjects who
have it; with W the weights (1 where the genotype is known) of a block of variants, one column each, all those of
covariates are the product of W' with the products of pairs of covariates.

References
----------
Chang et al. (2015), GigaScience 4:7 (PLINK 2). Firth (1993), Biometrika 80:27. Heinze and Schemper (2002),
Statist. Med. 21:2409.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas
from scipy.special import expit, log_ndtr, ndtri

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.tails import neg_log10_p_of_r, p_of_t
from imagenomer.types import BoolArray, FloatArray, IntArray

#: What a genotype counts as, for 0, 1, 2 copies of the effect allele: "additive" 0 1 2, "dominant" 0 1 1, "recessive"
#: 0 0 1, "heterozygous" 0 1 0; "genotypic" is additive and heterozygous together, tested with 2 degrees of freedom;
#: "none" is 1 0 0, with which any one genotype can be told from the other two.
Model: TypeAlias = Literal["additive", "dominant", "recessive", "heterozygous", "genotypic", "none"]

_CODES: dict[str, tuple[tuple[str, tuple[int, int, int]], ...]] = {
    "additive": (("additive", (0, 1, 2)),),
    "dominant": (("dominant", (0, 1, 1)),),
    "recessive": (("recessive", (0, 0, 1)),),
    "heterozygous": (("heterozygous", (0, 1, 0)),),
    "genotypic": (("additive", (0, 1, 2)), ("heterozygous", (0, 1, 0))),
    "none": (("none", (1, 0, 0)),),
}

#: Why a variant was not tested, by number; 0 is that it was.
PROBLEMS = (
    "",
    "nobody, or everybody, has the genotype in question",
    "too few subjects have a genotype",
    "the genotype follows from the covariates",
    "the covariates follow from each other in those who have a genotype",
    "all those who have a genotype are of the same level",
    "the fit did not converge",
)
_CONSTANT, _TOO_FEW, _COLLINEAR, _DESIGN, _ONE_LEVEL, _NOT_CONVERGED = range(1, 7)

#: PLINK's limit of the variance inflation factor of a genotype, 1 / (1 - R^2) given the covariates.
MAX_INFLATION = 50.0
#: Share of a covariate's sum of squares below which it follows from the others but for rounding.
_DEPENDENT = 1e-9
#: Numbers in one array of a block: enough to be worth a call, few enough for the cache.
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Term:
    """One coefficient of the model, for each variant; NaN where it was not tested.

    Attributes
    ----------
    name : str
    beta : ndarray, shape (n_variants,)
        Change of the phenotype, or of the logarithm of its odds, by one unit of the code.
    se : ndarray, shape (n_variants,)
        Standard error of it.
    statistic : ndarray, shape (n_variants,)
        ``beta / se``: Student's t of a linear model, Wald's z of a logistic one.
    p_value, neg_log10_p : ndarray, shape (n_variants,)
        Two-sided; the logarithm is finite where the probability is too small for a double.
    """

    name: str
    beta: FloatArray
    se: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray


@dataclass(frozen=True, slots=True)
class JointTest:
    """Test of both terms of the genotypic model, shape (n_variants,).

    ``statistic`` is F with 2 and ``dof`` degrees of freedom of a linear model, and Wald's chi-squared with 2 of a
    logistic one (PLINK 2 prints half of it as F).
    """

    statistic: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray


@dataclass(frozen=True, slots=True)
class VariantAssociation:
    """Association of each variant with a phenotype.

    Attributes
    ----------
    terms : tuple of Term
        One, or two of the genotypic model.
    joint : JointTest or None
        Of the genotypic model.
    n_subjects, dof : ndarray of int, shape (n_variants,)
        Subjects with a genotype, and degrees of freedom left by the model.
    firth : ndarray of bool, shape (n_variants,)
        Where the logistic model failed and Firth's was fitted.
    problem : ndarray of int8, shape (n_variants,)
        Index into `PROBLEMS`; 0 where the variant was tested.
    """

    terms: tuple[Term, ...]
    joint: JointTest | None
    n_subjects: IntArray
    dof: IntArray
    firth: BoolArray
    problem: NDArray[np.int8]

    @property
    def test(self) -> Term | JointTest:
        """What decides about the variant: the joint test, or the only term's."""
        return self.joint or self.terms[0]


def associate_number(
    dosage: NDArray[np.int8], phenotype: FloatArray, covariates: FloatArray | None = None, model: Model = "additive"
) -> Steps[VariantAssociation]:
    """Fit a linear model to each variant, with an intercept and the covariates.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2, or -1 where missing.
    phenotype : ndarray, shape (n_subjects,)
        Without missing values: the caller says which subjects are left out, and why.
    covariates : ndarray, shape (n_subjects, n_covariates), optional
        Numbers, and indicators of all levels but one of a category; without missing values.
    model : str
        See `Model`.

    Raises
    ------
    InputError
        If the covariates follow from each other or explain the phenotype, or there are too few subjects.
    """
    design = _Design(phenotype, covariates, len(_CODES[model]))
    target, scale = _residual(design, np.asarray(phenotype, dtype=np.float64))
    fits = _Fits.empty(dosage.shape[1], model)
    # Without missing values the sums over covariates are those of everybody, so such variants go first and together.
    complete = dosage.min(axis=0, initial=0) >= 0
    done = 0
    for group in (np.flatnonzero(complete), np.flatnonzero(~complete)):
        for block in design.blocks(group):
            _fit_linear(fits, block, dosage[:, block], design, target, known=bool(complete[block[0]]))
            done += block.size
            yield Progress("Testing variants", done, dosage.shape[1])
    return fits.result(logistic=False, scale=scale)


def associate_levels(
    dosage: NDArray[np.int8], case: BoolArray, covariates: FloatArray | None = None, model: Model = "additive"
) -> Steps[VariantAssociation]:
    """Fit a logistic model to each variant, with an intercept and the covariates; Firth's where it fails.

    As PLINK 2 decides with ``firth-fallback``, it fails where an allele is absent from one level, and where Newton's
    method has not converged after 14 steps (some of the latter PLINK 2 reports as they are, and marks "UNFINISHED").

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2, or -1 where missing.
    case : ndarray of bool, shape (n_subjects,)
        Who is of the level whose odds are modelled. Without missing values, as the covariates.
    covariates : ndarray, shape (n_subjects, n_covariates), optional
    model : str
        See `Model`.

    Returns
    -------
    VariantAssociation
        ``exp(beta)`` is the odds ratio. The test of a term is Wald's; PLINK 2 gives the joint test of the genotypic
        model by F with n_subjects degrees of freedom, this by chi-squared.

    Raises
    ------
    InputError
        If the covariates follow from each other, or there are too few subjects or one level only.
    """
    target = np.asarray(case, dtype=np.float64)
    design = _Design(target, covariates, len(_CODES[model]))
    if target.min() == target.max():
        raise InputError(f"all {target.size} subjects are of the same level; choose a larger group")
    fits = _Fits.empty(dosage.shape[1], model)
    done = 0
    for block in design.blocks(np.arange(dosage.shape[1])):
        _fit_logistic(fits, block, dosage[:, block], design, target)
        done += block.size
        yield Progress("Testing variants", done, dosage.shape[1])
    return fits.result(logistic=True, scale=1.0)


def genomic_inflation(p_value: FloatArray) -> float:
    """Return lambda: the median chi-squared of the tests over the median expected if no variant had an effect.

    About 1 if all is well; more where relatedness or ancestry move the phenotype with many variants.

    Parameters
    ----------
    p_value : ndarray
        NaN where no test was made; NaN is returned if none was.

    References
    ----------
    Devlin and Roeder (1999), Biometrics 55:997.
    """
    tested = p_value[~np.isnan(p_value)]
    if tested.size == 0:
        return float("nan")
    # The chi-squared with one degree of freedom is the square of the normal deviate.
    return float((ndtri(np.median(tested) / 2) / ndtri(0.25)) ** 2)


# --- design and results --------------------------------------------------------------------------


class _Design:
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


def _residual(design: _Design, phenotype: FloatArray) -> tuple[FloatArray, float]:
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


@dataclass(slots=True)
class _Fits:
    """Where blocks put their results."""

    model: Model
    beta: FloatArray  # (n_terms, n_variants)
    covariance: FloatArray  # (n_terms, n_terms, n_variants)
    n_subjects: IntArray
    n_parameters: int
    firth: BoolArray
    problem: NDArray[np.int8]

    @classmethod
    def empty(cls, n_variants: int, model: Model) -> _Fits:
        n_terms = len(_CODES[model])
        return cls(
            model,
            np.full((n_terms, n_variants), np.nan),
            np.full((n_terms, n_terms, n_variants), np.nan),
            np.zeros(n_variants, dtype=np.intp),
            0,
            np.zeros(n_variants, dtype=bool),
            np.zeros(n_variants, dtype=np.int8),
        )

    def result(self, *, logistic: bool, scale: float) -> VariantAssociation:
        tested = self.problem == 0
        self.beta[:, ~tested] = np.nan
        dof = self.n_subjects - self.n_parameters
        terms = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for row, (name, _) in enumerate(_CODES[self.model]):
                beta, se = self.beta[row], np.sqrt(self.covariance[row, row])
                statistic = beta / se
                if logistic:
                    log_p = np.log(2) + log_ndtr(-np.abs(statistic))
                    p_value, neg_log10_p = np.exp(log_p), -log_p / np.log(10)
                else:
                    freedom = np.where(tested, dof, np.nan)
                    p_value = p_of_t(statistic, freedom)
                    r = np.where(np.isinf(statistic), 1.0, statistic / np.sqrt(freedom + statistic**2))
                    neg_log10_p = neg_log10_p_of_r(r, freedom)
                terms.append(Term(name, beta * scale, se * scale, statistic, p_value, neg_log10_p))
            joint = self._joint(dof, logistic=logistic) if len(terms) == 2 else None
        return VariantAssociation(tuple(terms), joint, self.n_subjects, dof, self.firth, self.problem)

    def _joint(self, dof: IntArray, *, logistic: bool) -> JointTest:
        (a, b), (_, d) = self.covariance
        x, y = self.beta
        chi_squared = (d * x**2 - 2 * b * x * y + a * y**2) / (a * d - b**2)
        if logistic:
            statistic, log_p = chi_squared, -chi_squared / 2
        else:
            # The tail of F with 2 degrees of freedom in the numerator is (1 + 2 F / dof)^(-dof / 2).
            statistic, log_p = chi_squared / 2, -dof / 2 * np.log1p(chi_squared / dof)
        return JointTest(statistic, np.exp(log_p), -log_p / np.log(10))


# --- one block of variants -----------------------------------------------------------------------
# Arrays over subjects and variants are (n_subjects, n_variants), C-ordered: transposed, they are what `dgemv` of the
# plain kind is fast with, the only one that is in WebAssembly. Matrices of the models are (rows, columns, n_variants).


def _coded(dosage: NDArray[np.int8], model: Model) -> list[FloatArray]:
    """Return each term's code of each genotype, 0 where it is missing."""
    # A lookup by one byte; -1 takes the last entry.
    return [np.array([*codes, 0], dtype=np.float64)[dosage] for _, codes in _CODES[model]]


def _times(matrix: FloatArray, vectors: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """Return the sums over subjects of each column times each vector, shape (n_vectors, n_variants)."""
    return np.array([blas.dgemv(1, matrix.T, vector) for vector in vectors])


def _information(
    weights: FloatArray | None, codes: list[FloatArray], weighted: list[FloatArray], design: _Design
) -> FloatArray:
    """Return X'WX of each variant, covariates first, shape (n_parameters, n_parameters, n_variants).

    ``weights`` None is 1 for all; ``weighted`` are the codes times the weights.
    """
    n_columns = design.columns.shape[1]
    n_parameters, n_variants = n_columns + len(codes), codes[0].shape[1]
    matrix = np.empty((n_parameters, n_parameters, n_variants))
    if weights is None:
        matrix[:n_columns, :n_columns] = design.columns.shape[0] * np.eye(n_columns)[:, :, None]
    else:
        sums = _times(weights, design.pairs)
        matrix[design.first, design.second] = sums
        matrix[design.second, design.first] = sums
    for row, term in enumerate(weighted, start=n_columns):
        matrix[row, :n_columns] = matrix[:n_columns, row] = _times(term, design.columns.T)
        for column, other in enumerate(codes[: row - n_columns + 1], start=n_columns):
            matrix[row, column] = matrix[column, row] = np.einsum("ij,ij->j", term, other)
    return matrix


def _inverse(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
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


def _apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Multiply matrices (p, p, n) with vectors (p, n)."""
    return np.asarray(np.einsum("ijk,jk->ik", matrix, vector))


def _problems(matrix: FloatArray, inverse: FloatArray, pivots: FloatArray, design: _Design) -> NDArray[np.int8]:
    """Say which variants cannot be tested, from their unweighted X'X; the reason named first in `PROBLEMS` wins."""
    n_parameters, n_columns = len(matrix), design.columns.shape[1]
    n_subjects = matrix[0, 0]
    problem = np.zeros(n_subjects.size, dtype=np.int8)
    with np.errstate(divide="ignore", invalid="ignore"):
        problem[~(pivots[:n_columns] > _DEPENDENT * design.columns.shape[0]).all(axis=0)] = _DESIGN
        for row in range(n_columns, n_parameters):
            squares = matrix[row, row] - matrix[0, row] ** 2 / n_subjects
            inflated = ~((squares * inverse[row, row] <= MAX_INFLATION) & (pivots[row] > 0))
            problem[inflated & (problem == 0)] = _COLLINEAR
            # Codes are whole numbers: if they vary at all, it is by more than this.
            problem[~(squares > 0.25)] = _CONSTANT
    problem[n_subjects <= n_parameters] = _TOO_FEW
    return problem


def _fit_linear(
    fits: _Fits, block: IntArray, dosage: NDArray[np.int8], design: _Design, target: FloatArray, *, known: bool
) -> None:
    """Fit one block; ``known`` says that it has no missing genotypes."""
    codes = _coded(dosage, fits.model)
    weights = None if known else (dosage >= 0).astype(np.float64)
    matrix = _information(weights, codes, codes, design)
    inverse, pivots = _inverse(matrix)
    n_columns, n_parameters = design.columns.shape[1], len(matrix)
    product = np.zeros((n_parameters, block.size))
    squares = np.full(block.size, target @ target)
    if weights is not None:  # else the target, a residual, has no product with them
        sums = _times(weights, [*(design.columns.T * target), target**2])
        product[:n_columns], squares = sums[:-1], sums[-1]
    for row, code in enumerate(codes, start=n_columns):
        product[row] = _times(code, [target])[0]
    fits.n_parameters = n_parameters
    fits.problem[block] = _problems(matrix, inverse, pivots, design)
    fits.n_subjects[block] = np.rint(matrix[0, 0])
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        beta = _apply(inverse, product)
        left = np.maximum(squares - np.einsum("ij,ij->j", beta, product), 0)
        variance = left / (fits.n_subjects[block] - n_parameters)
        fits.beta[:, block] = beta[n_columns:]
        fits.covariance[:, :, block] = inverse[n_columns:, n_columns:] * variance


# --- logistic ------------------------------------------------------------------------------------

#: Steps of Newton's method after which it has failed, and the step (sum over coefficients) it must then be below.
_MOST_STEPS, _SMALL_STEP = 14, 1e-4
#: Step at which we stop: the next, by quadratic convergence, is below rounding.
_LAST_STEP = 1e-8
_MOST_FIRTH_STEPS, _LARGEST_FIRTH_STEP = 200, 5.0


def _fit_logistic(fits: _Fits, block: IntArray, dosage: NDArray[np.int8], design: _Design, target: FloatArray) -> None:
    codes = _coded(dosage, fits.model)
    weights = (dosage >= 0).astype(np.float64)
    matrix = _information(weights, codes, codes, design)
    problem = _problems(matrix, *_inverse(matrix), design)
    n_subjects = matrix[0, 0]
    additive = _coded(dosage, "additive")[0]
    n_cases, copies_in_cases = _times(weights, [target])[0], _times(additive, [target])[0]
    copies = additive.sum(axis=0)
    problem[(problem == 0) & ((n_cases == 0) | (n_cases == n_subjects))] = _ONE_LEVEL
    others, others_in_cases = 2 * n_subjects - copies, 2 * n_cases - copies_in_cases
    # Then the coefficient is infinite, and there is no need to go and see.
    absent = (copies_in_cases == 0) | (copies_in_cases == copies)
    absent |= (others_in_cases == 0) | (others_in_cases == others)
    fits.n_parameters = len(matrix)
    fits.n_subjects[block] = np.rint(n_subjects)
    fits.problem[block] = problem
    converged = _iterate(fits, block, np.flatnonzero((problem == 0) & ~absent), weights, codes, design, target)
    rest = np.flatnonzero((problem == 0) & ~converged)
    fits.firth[block[rest]] = True
    converged |= _iterate_firth(fits, block, rest, weights, codes, design, target)
    fits.problem[block[(problem == 0) & ~converged]] = _NOT_CONVERGED


def _linear_predictor(beta: FloatArray, codes: list[FloatArray], design: _Design) -> FloatArray:
    n_columns = design.columns.shape[1]
    # Written so that what BLAS returns is C-ordered once transposed.
    predictor: FloatArray = blas.dgemm(1, np.ascontiguousarray(beta[:n_columns]).T, design.columns.T).T
    for row, code in enumerate(codes, start=n_columns):
        predictor += code * beta[row]
    return predictor


def _score(difference: FloatArray, codes: list[FloatArray], design: _Design) -> FloatArray:
    terms = [np.einsum("ij,ij->j", difference, code) for code in codes]
    return np.concatenate([_times(difference, design.columns.T), terms])


def _iterate(
    fits: _Fits,
    block: IntArray,
    active: IntArray,
    known: FloatArray,
    codes: list[FloatArray],
    design: _Design,
    target: FloatArray,
) -> BoolArray:
    """Fit the ``active`` variants of a block by Newton's method from 0, and return which of the block converged."""
    converged = np.zeros(block.size, dtype=bool)
    n_columns = design.columns.shape[1]
    beta = np.zeros((fits.n_parameters, active.size))
    known, codes = known[:, active], [code[:, active] for code in codes]
    # Two steps more than PLINK takes, which is content with a larger last step.
    for step in range(1, _MOST_STEPS + 3):
        if active.size == 0:
            break
        fitted = expit(_linear_predictor(beta, codes, design))
        weights = fitted * (1 - fitted) * known
        matrix = _information(weights, codes, [weights * code for code in codes], design)
        inverse, pivots = _inverse(matrix)
        change = _apply(inverse, _score((target[:, None] - fitted) * known, codes, design))
        beta += change
        size = np.abs(change).sum(axis=0)
        failed = ~np.isfinite(size) | ~(pivots > 0).all(axis=0)
        if step >= _MOST_STEPS:
            failed |= size >= _SMALL_STEP
        done = ~failed & (size < (_LAST_STEP if step < _MOST_STEPS + 2 else _SMALL_STEP))
        if done.any():
            found = active[done]
            converged[found] = True
            fits.beta[:, block[found]] = beta[n_columns:, done]
            fits.covariance[:, :, block[found]] = inverse[n_columns:, n_columns:, done]
        if done.any() or failed.any():
            left = np.flatnonzero(~done & ~failed)
            active, beta = active[left], beta[:, left]
            known, codes = known[:, left], [code[:, left] for code in codes]
    return converged


def _iterate_firth(
    fits: _Fits,
    block: IntArray,
    active: IntArray,
    known: FloatArray,
    codes: list[FloatArray],
    design: _Design,
    target: FloatArray,
) -> BoolArray:
    """Fit the ``active`` variants by Firth's penalised likelihood, and return which of the block converged.

    The score of the likelihood times the root of the determinant of the information is X'(y - p + h (1/2 - p)), with
    h the leverage of each subject.
    """
    converged = np.zeros(block.size, dtype=bool)
    n_columns = design.columns.shape[1]
    beta = np.zeros((fits.n_parameters, active.size))
    known, codes = known[:, active], [code[:, active] for code in codes]
    for _ in range(_MOST_FIRTH_STEPS):
        if active.size == 0:
            break
        fitted = expit(_linear_predictor(beta, codes, design))
        weights = fitted * (1 - fitted) * known
        matrix = _information(weights, codes, [weights * code for code in codes], design)
        inverse, pivots = _inverse(matrix)
        leverage = weights * _quadratic(inverse, codes, design)
        score = _score((target[:, None] - fitted + leverage * (0.5 - fitted)) * known, codes, design)
        augmented = weights * (1 + leverage)
        step = _inverse(_information(augmented, codes, [augmented * code for code in codes], design))[0]
        change = _apply(step, score)
        largest = np.abs(change).max(axis=0)
        beta += change * np.minimum(1, _LARGEST_FIRTH_STEP / np.maximum(largest, 1e-300))
        failed = ~np.isfinite(largest) | ~(pivots > 0).all(axis=0)
        done = ~failed & (largest < _LAST_STEP)
        if done.any():
            found = active[done]
            converged[found] = True
            fits.beta[:, block[found]] = beta[n_columns:, done]
            fits.covariance[:, :, block[found]] = inverse[n_columns:, n_columns:, done]
        if done.any() or failed.any():
            left = np.flatnonzero(~done & ~failed)
            active, beta = active[left], beta[:, left]
            known, codes = known[:, left], [code[:, left] for code in codes]
    return converged


def _quadratic(inverse: FloatArray, codes: list[FloatArray], design: _Design) -> FloatArray:
    """Return x' H^-1 x of each subject and variant, shape (n_subjects, n_variants)."""
    n_columns = design.columns.shape[1]
    twice = np.where(design.first == design.second, 1.0, 2.0)[:, None]
    of_pairs = np.ascontiguousarray(inverse[design.first, design.second] * twice)
    total: FloatArray = blas.dgemm(1, of_pairs.T, design.pairs.T, trans_b=1).T
    for row, code in enumerate(codes, start=n_columns):
        across = 2 * np.ascontiguousarray(inverse[row, :n_columns])
        total += code * blas.dgemm(1, across.T, design.columns.T).T
        for column, other in enumerate(codes, start=n_columns):
            total += code * other * inverse[row, column]
    return total
