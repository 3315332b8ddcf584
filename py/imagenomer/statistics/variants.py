"""Association of each variant with a phenotype, one variant at a time, adjusted for covariates.

For a number a linear model, for two levels a logistic one (`imagenomer.statistics.variant_logistic`), and Firth's where
that fails, with the models, tests and exclusions of PLINK 2 ``--glm``. Logistic estimates and standard errors are those
of statsmodels to 1e-8; standard errors of PLINK 2 differ from both by up to 1e-2 where genotypes are missing. Subjects
with a missing genotype are excluded for that variant: it is neither imputed nor counted with the others.

References
----------
Chang et al. (2015), GigaScience 4:7 (PLINK 2). Firth (1993), Biometrika 80:27. Heinze and Schemper (2002),
Statist. Med. 21:2409.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.genotype_codes import Model, term_names
from imagenomer.statistics.sign_flips import cluster_codes
from imagenomer.statistics.tails import fits_exactly
from imagenomer.statistics.variant_blocks import (
    Genotypes,
    VariantDesign,
    apply,
    genotype_blocks,
    invert,
    problems,
    products,
    residual,
    shared_information,
    times,
)
from imagenomer.statistics.variant_errors import robust_covariance
from imagenomer.statistics.variant_logistic import fit_covariates, fit_logistic
from imagenomer.statistics.variant_results import Problem, VariantAssociation, VariantFits
from imagenomer.types import BoolArray, FloatArray, IntArray


def associate_number(
    dosage: NDArray[np.int8],
    phenotype: FloatArray,
    covariates: FloatArray | None = None,
    model: Model = "additive",
    clusters: IntArray | None = None,
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
    clusters : ndarray of int, shape (n_subjects,), optional
        Errors are then CR3, by clusters (families), or HC3 where each subject is one: variances may be unequal.

    Raises
    ------
    InputError
        If the covariates follow from each other or explain the phenotype, or there are too few subjects.
    """
    design = VariantDesign(phenotype, covariates, len(term_names(model)))
    target, scale = residual(design, np.asarray(phenotype, dtype=np.float64))
    fits = VariantFits.empty(dosage.shape[1], model)
    codes = None if clusters is None else cluster_codes(clusters, target.size)
    for block, genotypes in genotype_blocks(dosage, design, model):
        _fit_linear(fits, block, genotypes, design, target, codes)
        fits.done += block.size
        yield Progress("Testing variants", fits.done, dosage.shape[1])
    return fits.result(logistic=False, scale=scale)


def _fit_linear(
    fits: VariantFits,
    block: IntArray,
    genotypes: Genotypes,
    design: VariantDesign,
    target: FloatArray,
    clusters: IntArray | None,
) -> None:
    everybody = np.ones(target.size)
    matrix = shared_information(genotypes, design, everybody)
    inverse, pivots = invert(matrix)
    n_columns, n_parameters = design.columns.shape[1], len(matrix)
    product = products(genotypes, design, target)
    if genotypes.known is None:
        product[:n_columns] = 0  # the target is a residual: all else is rounding
        squares = np.full(block.size, target @ target)
    else:
        squares = times(genotypes.known, [target**2])[0]
    fits.n_parameters = n_parameters
    fits.problem[block] = problems(matrix, inverse, pivots, design)
    fits.n_subjects[block] = np.rint(matrix[0, 0])
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        beta = apply(inverse, product)
        explained = np.einsum("ij,ij->j", beta, product)
        exact = fits_exactly(np.sqrt(np.clip(explained / squares, 0, 1)))
        fits.problem[block[exact & (fits.problem[block] == 0)]] = Problem.EXACT
        left = np.where(exact, np.nan, np.maximum(squares - explained, 0))
        variance = left / (fits.n_subjects[block] - n_parameters)
        fits.beta[:, block] = beta[n_columns:]
        if clusters is None:
            fits.covariance[:, :, block] = inverse[n_columns:, n_columns:] * variance
            return
        fitted = np.flatnonzero(fits.problem[block] == 0)
        own, some = block[fitted], genotypes.of(fitted)
        covariance, effective_dof = robust_covariance(
            inverse[:, :, fitted], beta[:, fitted], some, design, target, clusters
        )
        fits.covariance[:, :, own] = covariance
        fits.effective_dof[own] = effective_dof
        fits.problem[own[np.isnan(covariance).any(axis=(0, 1))]] = Problem.ONE_CLUSTER


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
    design = VariantDesign(target, covariates, len(term_names(model)))
    if target.min() == target.max():
        raise InputError(f"all {target.size} subjects are of the same level; choose a larger group")
    fits = VariantFits.empty(dosage.shape[1], model)
    null = fit_covariates(design, target)
    for block, genotypes in genotype_blocks(dosage, design, model):
        fit_logistic(fits, block, genotypes, design, target, null)
        fits.done += block.size
        yield Progress("Testing variants", fits.done, dosage.shape[1])
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
    return float((scipy.special.ndtri(np.median(tested) / 2) / scipy.special.ndtri(0.25)) ** 2)
