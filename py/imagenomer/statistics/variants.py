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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.statistics.tails import neg_log10_p_of_r, p_of_t
from imagenomer.types import BoolArray, FloatArray, IntArray

#: What a genotype counts as, for 0, 1, 2 copies of the effect allele: "additive" 0 1 2, "dominant" 0 1 1, "recessive"
#: 0 0 1, "heterozygous" 0 1 0; "genotypic" is additive and heterozygous together, tested with 2 degrees of freedom;
#: "none" is 1 0 0, with which any one genotype can be told from the other two.
Model: TypeAlias = Literal["additive", "dominant", "recessive", "heterozygous", "genotypic", "none"]

_CODES: dict[str, tuple[tuple[str, Callable[[NDArray[np.int8]], NDArray[Any]]], ...]] = {
    "additive": (("additive", lambda dosage: np.maximum(dosage, 0)),),
    "dominant": (("dominant", lambda dosage: dosage > 0),),
    "recessive": (("recessive", lambda dosage: dosage == 2),),
    "heterozygous": (("heterozygous", lambda dosage: dosage == 1),),
    "genotypic": (
        ("additive", lambda dosage: np.maximum(dosage, 0)),
        ("heterozygous", lambda dosage: dosage == 1),
    ),
    "none": (("none", lambda dosage: dosage == 0),),
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


_NUMBERS = ("beta", "se", "statistic", "p_value", "neg_log10_p")


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

    @classmethod
    def joined(cls, parts: Sequence[tuple[IntArray, VariantAssociation]], n_variants: int) -> VariantAssociation:
        """Put together fits of different variants by the same model.

        Parameters
        ----------
        parts : sequence of (ndarray of int, VariantAssociation)
            Which variants each is of; at least one.
        n_variants : int
            In all. Those of no part have NaN, and 0 subjects and no problem.
        """

        def placed(empty: NDArray[Any], values: list[Any]) -> NDArray[Any]:
            for (which, _), own in zip(parts, values, strict=True):
                empty[which] = own
            return empty

        def of(tests: list[Any], names: tuple[str, ...]) -> list[FloatArray]:
            return [placed(np.full(n_variants, np.nan), [getattr(test, name) for test in tests]) for name in names]

        fits = [part for _, part in parts]
        joint = None
        if fits[0].joint is not None:
            joint = JointTest(*of([fit.joint for fit in fits], ("statistic", "p_value", "neg_log10_p")))
        return cls(
            tuple(
                Term(term.name, *of([fit.terms[row] for fit in fits], _NUMBERS))
                for row, term in enumerate(fits[0].terms)
            ),
            joint,
            placed(np.zeros(n_variants, dtype=np.intp), [fit.n_subjects for fit in fits]),
            placed(np.zeros(n_variants, dtype=np.intp), [fit.dof for fit in fits]),
            placed(np.zeros(n_variants, dtype=bool), [fit.firth for fit in fits]),
            placed(np.zeros(n_variants, dtype=np.int8), [fit.problem for fit in fits]),
        )


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
    for block, genotypes in _blocks(dosage, design, model):
        _fit_linear(fits, block, genotypes, design, target)
        fits.done += block.size
        yield Progress("Testing variants", fits.done, dosage.shape[1])
    return fits.result(logistic=False, scale=scale)


def associate_levels(
    dosage: NDArray[np.int8], case: BoolArray, covariates: FloatArray | None = None, model: Model = "additive"
) -> Steps[VariantAssociation]:
    """Fit a logistic model to each variant, with an intercept and the covariates; Firth's where it fails.

    As PLINK 2 decides with ``firth-fallback``, it fails where an allele is absent from one level, and where Newton's
    method has not converged after 14 steps from 0 (some of the latter PLINK 2 reports as they are, and marks
    "UNFINISHED"). We begin at the model of the covariates alone, from where it soon converges, and at 0 if it
    does not.

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
    null = _null_model(design, target)
    for block, genotypes in _blocks(dosage, design, model):
        _fit_logistic(fits, block, genotypes, design, target, null)
        fits.done += block.size
        yield Progress("Testing variants", fits.done, dosage.shape[1])
    return fits.result(logistic=True, scale=1.0)


def largest_statistics(
    parts: Sequence[tuple[NDArray[np.int8], FloatArray]],
    phenotype: FloatArray,
    covariates: FloatArray,
    model: Model = "additive",
    *,
    n_permutations: int,
    rng: np.random.Generator,
    exchangeable: IntArray | None = None,
) -> Steps[FloatArray]:
    """Return the largest ``|t|`` of all variants in each rearrangement of a number, for max-T.

    What the covariates leave of the phenotype, over everybody, is rearranged among everybody; genotypes and covariates
    stay together (Freedman and Lane). Each variant is then fitted to those who have it, as `associate_number` does, so
    that it is missing in the same people whatever the rearrangement.

    Parameters
    ----------
    parts : sequence of (ndarray, ndarray)
        Genotypes, shape (n_subjects, n_variants), of the variants that were tested, and their covariates, shape
        (n_subjects, n_covariates): those on X have another.
    phenotype : ndarray, shape (n_subjects,)
    covariates : ndarray, shape (n_subjects, n_covariates)
        Those whose model is taken out before rearranging.
    model : str
        With one term.
    n_permutations : int
    rng : numpy.random.Generator
    exchangeable : ndarray of int, shape (n_subjects,), optional
        Subjects change places only within these blocks.

    References
    ----------
    Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292. Westfall and Young (1993), Resampling-based multiple testing.
    """
    if len(_CODES[model]) > 1:
        raise ValueError("max-T needs one statistic a variant")
    left, _ = _residual(_Design(phenotype, covariates, 1), np.asarray(phenotype, dtype=np.float64))
    designs = [_Design(phenotype, own, 1) for _, own in parts]
    n_variants = sum(dosage.shape[1] for dosage, _ in parts)
    largest = np.zeros(n_permutations)
    for start in range(0, n_permutations, _MOST_REARRANGED):
        chunk = slice(start, min(start + _MOST_REARRANGED, n_permutations))
        rearranged = left[draw_permutations(rng, chunk.stop - start, left.size, exchangeable)]
        n_done = 0
        for (dosage, _), design in zip(parts, designs, strict=True):
            for block, genotypes in _blocks(dosage, design, model):
                rest = _Rest.of(genotypes, design)
                for first in range(0, len(rearranged), _REARRANGED_AT_ONCE):
                    some = slice(first, first + _REARRANGED_AT_ONCE)
                    np.maximum(largest[chunk][some], rest.largest(rearranged[some]), out=largest[chunk][some])
                    share = (n_done + block.size * min(some.stop, len(rearranged)) / len(rearranged)) / n_variants
                    yield Progress("Permuting", int(start + (chunk.stop - start) * share), n_permutations)
                n_done += block.size
    return largest


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
    return float((scipy.special.ndtri(np.median(tested) / 2) / scipy.special.ndtri(0.25)) ** 2)


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
    done: int = 0  # variants

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
                    log_p = np.log(2) + scipy.special.log_ndtr(-np.abs(statistic))
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


@dataclass(slots=True)
class _Genotypes:
    """A block of variants: each term's code of each genotype, 0 where it is missing.

    ``known`` is 1 where a genotype is known and 0 where it is missing, or None where all are known.
    """

    dosage: NDArray[np.int8]
    codes: list[FloatArray]
    known: FloatArray | None

    def copies(self, model: Model) -> FloatArray:
        """Return the copies of the effect allele, 0 where they are missing."""
        return self.codes[0] if model in ("additive", "genotypic") else _coded(self.dosage, "additive")[0]

    def of(self, variants: IntArray) -> _Genotypes:
        """Return some variants of the block."""
        if variants.size == self.codes[0].shape[1]:
            return self
        known = None if self.known is None else _columns(self.known, variants)
        return _Genotypes(_columns(self.dosage, variants), [_columns(code, variants) for code in self.codes], known)


def _columns(matrix: NDArray[Any], columns: IntArray) -> NDArray[Any]:
    """Return some columns, C-ordered: NumPy returns them the other way round, and BLAS would copy them each time."""
    return np.ascontiguousarray(matrix[:, columns])


def _blocks(dosage: NDArray[np.int8], design: _Design, model: Model) -> Iterator[tuple[IntArray, _Genotypes]]:
    """Yield blocks of variants, those without missing genotypes first: sums over covariates are then everybody's."""
    complete = dosage.min(axis=0, initial=0) >= 0
    for group in (np.flatnonzero(complete), np.flatnonzero(~complete)):
        for block in design.blocks(group):
            own = _columns(dosage, block)
            known = None if complete[block[0]] else (own >= 0).astype(np.float64)
            yield block, _Genotypes(own, _coded(own, model), known)


def _coded(dosage: NDArray[np.int8], model: Model) -> list[FloatArray]:
    return [code(dosage).astype(np.float64) for _, code in _CODES[model]]


def _times(matrix: FloatArray, vectors: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """Return the sums over subjects of each column times each vector, shape (n_vectors, n_variants)."""
    return np.array([scipy.linalg.blas.dgemv(1, matrix.T, vector) for vector in vectors])


def _sums(genotypes: _Genotypes, design: _Design, values: FloatArray) -> FloatArray:
    """Return X'v of each variant for one value v of each subject, shape (n_parameters, n_variants)."""
    columns = design.columns.T * values
    if genotypes.known is None:
        over = np.repeat(columns.sum(axis=1)[:, None], genotypes.codes[0].shape[1], axis=1)
    else:
        over = _times(genotypes.known, columns)
    return np.concatenate([over, *(_times(code, [values]) for code in genotypes.codes)])


def _shared_information(genotypes: _Genotypes, design: _Design, weight: FloatArray) -> FloatArray:
    """Return X'WX of each variant for one weight of each subject, as `_information`."""
    n_columns, codes = design.columns.shape[1], genotypes.codes
    matrix = np.empty((n_columns + len(codes), n_columns + len(codes), codes[0].shape[1]))
    pairs = design.pairs * weight
    sums = pairs.sum(axis=1)[:, None] if genotypes.known is None else _times(genotypes.known, pairs)
    matrix[design.first, design.second] = matrix[design.second, design.first] = sums
    for row, code in enumerate(codes, start=n_columns):
        matrix[row, :n_columns] = matrix[:n_columns, row] = _times(code, design.columns.T * weight)
        for column, other in enumerate(codes[: row - n_columns + 1], start=n_columns):
            matrix[row, column] = matrix[column, row] = _times(code * other, [weight])[0]
    return matrix


def _information(weights: FloatArray, genotypes: _Genotypes, design: _Design) -> FloatArray:
    """Return X'WX of each variant, covariates first, shape (n_parameters, n_parameters, n_variants)."""
    n_columns, codes = design.columns.shape[1], genotypes.codes
    matrix = np.empty((n_columns + len(codes), n_columns + len(codes), codes[0].shape[1]))
    sums = _times(weights, design.pairs)
    matrix[design.first, design.second] = matrix[design.second, design.first] = sums
    for row, code in enumerate(codes, start=n_columns):
        weighted = weights * code
        matrix[row, :n_columns] = matrix[:n_columns, row] = _times(weighted, design.columns.T)
        for column, other in enumerate(codes[: row - n_columns + 1], start=n_columns):
            matrix[row, column] = matrix[column, row] = np.einsum("ij,ij->j", weighted, other)
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


def _fit_linear(fits: _Fits, block: IntArray, genotypes: _Genotypes, design: _Design, target: FloatArray) -> None:
    everybody = np.ones(target.size)
    matrix = _shared_information(genotypes, design, everybody)
    inverse, pivots = _inverse(matrix)
    n_columns, n_parameters = design.columns.shape[1], len(matrix)
    product = _sums(genotypes, design, target)
    if genotypes.known is None:
        product[:n_columns] = 0  # the target is a residual: all else is rounding
        squares = np.full(block.size, target @ target)
    else:
        squares = _times(genotypes.known, [target**2])[0]
    fits.n_parameters = n_parameters
    fits.problem[block] = _problems(matrix, inverse, pivots, design)
    fits.n_subjects[block] = np.rint(matrix[0, 0])
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        beta = _apply(inverse, product)
        left = np.maximum(squares - np.einsum("ij,ij->j", beta, product), 0)
        variance = left / (fits.n_subjects[block] - n_parameters)
        fits.beta[:, block] = beta[n_columns:]
        fits.covariance[:, :, block] = inverse[n_columns:, n_columns:] * variance


# --- rearranged ----------------------------------------------------------------------------------

#: Rearrangements held at a time, and worked on between two reports of progress.
_MOST_REARRANGED, _REARRANGED_AT_ONCE = 2000, 25


@dataclass(slots=True)
class _Rest:
    """What the covariates leave of the codes of a block of variants, in those who have each.

    Attributes
    ----------
    codes : ndarray, shape (n_subjects, n_variants)
        Of length 1, 0 where a genotype is missing.
    inverse : ndarray, shape (n_columns, n_columns, n_variants)
        Inverse of the covariates' X'X of each variant.
    """

    codes: FloatArray
    known: FloatArray | None
    inverse: FloatArray
    dof: FloatArray
    design: _Design

    @classmethod
    def of(cls, genotypes: _Genotypes, design: _Design) -> _Rest:
        n_columns = design.columns.shape[1]
        matrix = _shared_information(genotypes, design, np.ones(design.columns.shape[0]))
        inverse = _inverse(matrix[:n_columns, :n_columns])[0]
        slopes = _apply(inverse, matrix[:n_columns, n_columns])
        codes = _linear_predictor(np.concatenate([-slopes, np.ones((1, slopes.shape[1]))]), genotypes, design)
        if genotypes.known is not None:
            codes *= genotypes.known
        codes /= np.sqrt(np.einsum("ij,ij->j", codes, codes))
        return cls(codes, genotypes.known, inverse, np.rint(matrix[0, 0]) - n_columns - 1, design)

    def largest(self, rearranged: FloatArray) -> FloatArray:
        """Return the largest ``|t|`` of these variants for each row, shape (n_permutations,)."""
        columns = self.design.columns.T
        if self.known is None:
            explained = (rearranged @ columns.T) ** 2 / columns.shape[1]  # the columns are orthogonal here
            left = ((rearranged**2).sum(axis=1) - explained.sum(axis=1))[:, None]
        else:
            left = _times(self.known, rearranged**2)
            products = [_times(self.known, rearranged * column) for column in columns]
            for row, one in enumerate(products):
                for column, other in enumerate(products[: row + 1]):
                    left -= (1 if row == column else 2) * self.inverse[row, column] * one * other
        share = _times(self.codes, rearranged) ** 2 / left
        return np.asarray(np.sqrt((self.dof * share / np.maximum(1 - share, 1e-300)).max(axis=1)))


# --- logistic ------------------------------------------------------------------------------------

#: Steps of Newton's method from 0 after which it has failed, and below which the step must then be, summed over
#: coefficients.
_MOST_STEPS, _SMALL_STEP = 14, 1e-4
#: Steps from the model of the covariates alone: where it takes more, we go by what happens from 0.
_MOST_QUICK_STEPS = 6
#: A step by which nobody's predictor moves more than this is the last. The log-likelihood is self-concordant: what is
#: then missing of coefficients and, once that step is allowed for, of their covariance is of the order of its square.
_LAST_SHIFT = 3e-4
_MOST_FIRTH_STEPS, _LARGEST_FIRTH_STEP, _LAST_FIRTH_STEP = 200, 5.0, 1e-8


def _null_model(design: _Design, target: FloatArray) -> FloatArray:
    """Fit the covariates alone to everybody; zeros where they tell the levels apart, so that there is no such fit."""
    beta = np.zeros(design.columns.shape[1])
    for _ in range(_MOST_STEPS):
        fitted = scipy.special.expit(design.columns @ beta)
        information = (design.columns.T * (fitted * (1 - fitted))) @ design.columns
        try:
            step = np.linalg.solve(information, design.columns.T @ (target - fitted))
        except np.linalg.LinAlgError:
            break
        beta += step
        if np.abs(step).sum() < _SMALL_STEP:
            return beta
    return np.zeros(beta.size)


def _fit_logistic(
    fits: _Fits, block: IntArray, genotypes: _Genotypes, design: _Design, target: FloatArray, null: FloatArray
) -> None:
    everybody = np.ones(target.size)
    matrix = _shared_information(genotypes, design, everybody)
    inverse, pivots = _inverse(matrix)
    problem = _problems(matrix, inverse, pivots, design)
    n_subjects = matrix[0, 0]
    observed = _sums(genotypes, design, target)
    n_cases = observed[0]
    copies, copies_in_cases = _times(genotypes.copies(fits.model), [everybody, target])
    problem[(problem == 0) & ((n_cases == 0) | (n_cases == n_subjects))] = _ONE_LEVEL
    others, others_in_cases = 2 * n_subjects - copies, 2 * n_cases - copies_in_cases
    # Then the coefficient is infinite, and there is no need to go and see.
    absent = (copies_in_cases == 0) | (copies_in_cases == copies)
    absent |= (others_in_cases == 0) | (others_in_cases == others)
    fits.n_parameters = len(matrix)
    fits.n_subjects[block] = np.rint(n_subjects)
    fits.problem[block] = problem
    wanted = (problem == 0) & ~absent
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        start = _first_step(null, observed, genotypes, design)
        converged = _iterate(fits, block, np.flatnonzero(wanted), start, _MOST_QUICK_STEPS, genotypes, design, observed)
        # Newton's first step from 0, where all weights are 1/4, needs no other matrix than this.
        start = _apply(4 * inverse, observed - matrix[0] / 2)
        again = np.flatnonzero(wanted & ~converged)
        converged |= _iterate(fits, block, again, start, _MOST_STEPS, genotypes, design, observed)
    rest = np.flatnonzero((problem == 0) & ~converged)
    fits.firth[block[rest]] = True
    converged |= _iterate_firth(fits, block, rest, genotypes, design, target)
    fits.problem[block[(problem == 0) & ~converged]] = _NOT_CONVERGED


def _first_step(null: FloatArray, observed: FloatArray, genotypes: _Genotypes, design: _Design) -> FloatArray:
    """Return where one step from the model of the covariates leads, shape (n_parameters, n_variants).

    There the weight of a subject is the same for all variants. It is Chebyshev's step: Newton's, and what the curvature
    of the score makes of that, which costs less than the second step of Newton's that it saves.
    """
    fitted = scipy.special.expit(design.columns @ null)
    weight = fitted * (1 - fitted)
    inverse = _inverse(_shared_information(genotypes, design, weight))[0]
    step = _apply(inverse, observed - _sums(genotypes, design, fitted))
    squares = _linear_predictor(step, genotypes, design)
    squares *= squares
    if genotypes.known is not None:
        squares *= genotypes.known
    weight *= 1 - 2 * fitted
    bent = [
        *_times(squares, design.columns.T * weight),
        *(_times(squares * code, [weight])[0] for code in genotypes.codes),
    ]
    step -= _apply(inverse, np.array(bent)) / 2
    step[: null.size] += null[:, None]
    return step


def _linear_predictor(beta: FloatArray, genotypes: _Genotypes, design: _Design) -> FloatArray:
    n_columns = design.columns.shape[1]
    # Written so that what BLAS returns is C-ordered once transposed.
    predictor: FloatArray = scipy.linalg.blas.dgemm(1, np.ascontiguousarray(beta[:n_columns]).T, design.columns.T).T
    for row, code in enumerate(genotypes.codes, start=n_columns):
        predictor += code * beta[row]
    return predictor


def _probability(beta: FloatArray, genotypes: _Genotypes, design: _Design) -> FloatArray:
    """Return 1 / (1 + exp(-x)) of the linear predictor x, 0 where a genotype is missing."""
    # In place, and so in three quarters of the time that `scipy.special.expit` takes in WebAssembly.
    fitted = _linear_predictor(-beta, genotypes, design)
    with np.errstate(over="ignore"):
        np.exp(fitted, out=fitted)
    fitted += 1
    np.reciprocal(fitted, out=fitted)
    if genotypes.known is not None:
        fitted *= genotypes.known
    return fitted


def _score(residual: FloatArray, genotypes: _Genotypes, design: _Design) -> FloatArray:
    """Return X'v of each variant for values v of each subject and variant, shape (n_parameters, n_variants)."""
    terms = [np.einsum("ij,ij->j", residual, code) for code in genotypes.codes]
    return np.concatenate([_times(residual, design.columns.T), terms])


def _iterate(
    fits: _Fits,
    block: IntArray,
    active: IntArray,
    start: FloatArray,
    most_steps: int,
    genotypes: _Genotypes,
    design: _Design,
    observed: FloatArray,
) -> BoolArray:
    """Fit the ``active`` variants of a block by Newton's method, and return which of the block converged.

    Parameters
    ----------
    start : ndarray, shape (n_parameters, n_variants of the block)
        What the first of ``most_steps`` steps came to.
    observed : ndarray, shape (n_parameters, n_variants of the block)
        X't of the target t.
    """
    converged = np.zeros(block.size, dtype=bool)
    n_columns = design.columns.shape[1]
    beta, observed, genotypes = start[:, active], observed[:, active], genotypes.of(active)
    reach = np.concatenate([np.abs(design.columns).max(axis=0), np.full(len(genotypes.codes), 2.0)])
    waiting = np.ones(active.size, dtype=bool)
    # Two steps more than PLINK takes, which is content with a larger last step.
    for step in range(2, most_steps + 3):
        if not waiting.any():
            break
        fitted = _probability(beta, genotypes, design)
        weights = fitted - fitted * fitted
        inverse, pivots = _inverse(_information(weights, genotypes, design))
        change = _apply(inverse, observed - _score(fitted, genotypes, design))
        beta += change
        size = np.abs(change).sum(axis=0)
        failed = ~np.isfinite(size) | ~(pivots > 0).all(axis=0)
        if step >= most_steps:
            failed |= size >= _SMALL_STEP
        done = waiting & ~failed & ((reach @ np.abs(change) < _LAST_SHIFT) | (step == most_steps + 2))
        if done.any():
            # To gather a few columns costs less than to work on all of them, and to gather most of them more.
            which = np.flatnonzero(done) if 2 * np.count_nonzero(done) < done.size else np.arange(done.size)
            covariance = inverse[n_columns:, n_columns:].copy()
            covariance[:, :, which] += _change_of_covariance(
                inverse[:, :, which], change[:, which], fitted[:, which], genotypes.of(which), design
            )
            found = active[done]
            converged[found] = True
            fits.beta[:, block[found]] = beta[n_columns:, done]
            fits.covariance[:, :, block[found]] = covariance[:, :, done]
        waiting &= ~done & ~failed
        if 4 * np.count_nonzero(waiting) < 3 * waiting.size:
            left = np.flatnonzero(waiting)
            active, beta, observed, genotypes = active[left], beta[:, left], observed[:, left], genotypes.of(left)
            waiting = waiting[left]
    return converged


def _change_of_covariance(
    inverse: FloatArray,
    change: FloatArray,
    fitted: FloatArray,
    genotypes: _Genotypes,
    design: _Design,
) -> FloatArray:
    """Return by how much a last, small step changes the covariance of the terms, to first order."""
    n_columns = design.columns.shape[1]
    bent = _linear_predictor(change, genotypes, design)
    bent *= fitted - fitted * fitted  # 0 where a genotype is missing
    bent *= 1 - 2 * fitted
    spread = [_linear_predictor(inverse[:, row], genotypes, design) for row in range(n_columns, len(inverse))]
    return -np.array([[np.einsum("ij,ij,ij->j", bent, one, other) for other in spread] for one in spread])


def _iterate_firth(
    fits: _Fits,
    block: IntArray,
    active: IntArray,
    genotypes: _Genotypes,
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
    genotypes = genotypes.of(active)
    for _ in range(_MOST_FIRTH_STEPS):
        if active.size == 0:
            break
        fitted = _probability(beta, genotypes, design)
        weights = fitted - fitted * fitted
        inverse, pivots = _inverse(_information(weights, genotypes, design))
        leverage = weights * _quadratic(inverse, genotypes.codes, design)  # 0 where a genotype is missing
        cases = target[:, None] if genotypes.known is None else target[:, None] * genotypes.known
        score = _score(cases - fitted + leverage * (0.5 - fitted), genotypes, design)
        step = _inverse(_information(weights * (1 + leverage), genotypes, design))[0]
        change = _apply(step, score)
        largest = np.abs(change).max(axis=0)
        beta += change * np.minimum(1, _LARGEST_FIRTH_STEP / np.maximum(largest, 1e-300))
        failed = ~np.isfinite(largest) | ~(pivots > 0).all(axis=0)
        done = ~failed & (largest < _LAST_FIRTH_STEP)
        if done.any():
            found = active[done]
            converged[found] = True
            fits.beta[:, block[found]] = beta[n_columns:, done]
            fits.covariance[:, :, block[found]] = inverse[n_columns:, n_columns:, done]
        if done.any() or failed.any():
            left = np.flatnonzero(~done & ~failed)
            active, beta, genotypes = active[left], beta[:, left], genotypes.of(left)
    return converged


def _quadratic(inverse: FloatArray, codes: list[FloatArray], design: _Design) -> FloatArray:
    """Return x' H^-1 x of each subject and variant, shape (n_subjects, n_variants)."""
    n_columns = design.columns.shape[1]
    twice = np.where(design.first == design.second, 1.0, 2.0)[:, None]
    of_pairs = np.ascontiguousarray(inverse[design.first, design.second] * twice)
    total: FloatArray = scipy.linalg.blas.dgemm(1, of_pairs.T, design.pairs.T, trans_b=1).T
    for row, code in enumerate(codes, start=n_columns):
        across = 2 * np.ascontiguousarray(inverse[row, :n_columns])
        total += code * scipy.linalg.blas.dgemm(1, across.T, design.columns.T).T
        for column, other in enumerate(codes, start=n_columns):
            total += code * other * inverse[row, column]
    return total
