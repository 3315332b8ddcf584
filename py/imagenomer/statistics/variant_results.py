"""What testing variants one at a time gives: estimates, tests, and why a variant was not tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.statistics.genotype_codes import Model, term_names
from imagenomer.statistics.tails import neg_log10_p_of_r, p_of_t
from imagenomer.types import BoolArray, FloatArray, IntArray


class Problem(IntEnum):
    """Why a variant was not tested."""

    #: It was tested.
    NONE = 0
    #: Nobody, or everybody, has the genotype in question.
    CONSTANT = 1
    #: Too few subjects have a genotype.
    TOO_FEW = 2
    #: The genotype follows from the covariates.
    COLLINEAR = 3
    #: The covariates follow from each other in those who have a genotype.
    COVARIATES = 4
    #: All those who have a genotype are of the same level.
    ONE_LEVEL = 5
    #: The fit did not converge.
    NOT_CONVERGED = 6
    #: The phenotype follows from genotype and covariates, so that no spread is left to compare with.
    EXACT = 7
    #: The genotype rests on one subject or family, whose own variance cannot be estimated.
    ONE_CLUSTER = 8


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
    n_subjects : ndarray of int, shape (n_variants,)
        Subjects with a genotype.
    dof : ndarray, shape (n_variants,)
        Degrees of freedom left by the model, or of robust errors.
    firth : ndarray of bool, shape (n_variants,)
        Where the logistic model failed and Firth's was fitted.
    problem : ndarray of int8, shape (n_variants,)
        A `Problem`; 0 where the variant was tested.
    """

    terms: tuple[Term, ...]
    joint: JointTest | None
    n_subjects: IntArray
    dof: FloatArray | IntArray
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
            placed(np.zeros(n_variants, dtype=fits[0].dof.dtype), [fit.dof for fit in fits]),
            placed(np.zeros(n_variants, dtype=bool), [fit.firth for fit in fits]),
            placed(np.zeros(n_variants, dtype=np.int8), [fit.problem for fit in fits]),
        )


@dataclass(slots=True)
class VariantFits:
    """Where blocks put their results."""

    model: Model
    beta: FloatArray  # (n_terms, n_variants)
    covariance: FloatArray  # (n_terms, n_terms, n_variants)
    n_subjects: IntArray
    n_parameters: int
    firth: BoolArray
    problem: NDArray[np.int8]
    effective_dof: FloatArray  # of robust errors; NaN where errors are the usual ones
    done: int = 0  # variants

    @classmethod
    def empty(cls, n_variants: int, model: Model) -> VariantFits:
        n_terms = len(term_names(model))
        return cls(
            model,
            np.full((n_terms, n_variants), np.nan),
            np.full((n_terms, n_terms, n_variants), np.nan),
            np.zeros(n_variants, dtype=np.intp),
            0,
            np.zeros(n_variants, dtype=bool),
            np.zeros(n_variants, dtype=np.int8),
            np.full(n_variants, np.nan),
        )

    def result(self, *, logistic: bool, scale: float) -> VariantAssociation:
        tested = self.problem == 0
        self.beta[:, ~tested] = np.nan
        dof: FloatArray | IntArray = self.n_subjects - self.n_parameters
        if not np.isnan(self.effective_dof).all():
            dof = np.where(tested, self.effective_dof, np.nan)
        terms = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for row, name in enumerate(term_names(self.model)):
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

    def _joint(self, dof: FloatArray | IntArray, *, logistic: bool) -> JointTest:
        (a, b), (_, d) = self.covariance
        x, y = self.beta
        chi_squared = (d * x**2 - 2 * b * x * y + a * y**2) / (a * d - b**2)
        if logistic:
            statistic, log_p = chi_squared, -chi_squared / 2
        else:
            # The tail of F with 2 degrees of freedom in the numerator is (1 + 2 F / dof)^(-dof / 2). Of robust errors
            # it is Hotelling's, (dof - 1) / dof F with one degree of freedom less.
            less = 0 if np.isnan(self.effective_dof).all() else 1
            statistic, log_p = chi_squared / 2, -np.maximum(dof - less, 0) / 2 * np.log1p(chi_squared / dof)
        return JointTest(statistic, np.exp(log_p), -log_p / np.log(10))
