"""Logistic models of a block of variants by Newton's method, and Firth's penalised likelihood where that fails.

References
----------
Chang et al. (2015), GigaScience 4:7 (PLINK 2). Firth (1993), Biometrika 80:27. Heinze and Schemper (2002),
Statist. Med. 21:2409.
"""

from __future__ import annotations

import numpy as np
import scipy

from imagenomer.statistics.kernels import logistic
from imagenomer.statistics.products import multiply
from imagenomer.statistics.variant_blocks import (
    Genotypes,
    VariantDesign,
    apply,
    information,
    invert,
    linear_predictor,
    problems,
    products,
    shared_information,
    times,
)
from imagenomer.statistics.variant_results import Problem, VariantFits
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Steps of Newton's method from 0 after which it has failed, and below which the step must then be, summed over
#: coefficients.
_MOST_STEPS, _SMALL_STEP = 14, 1e-4
#: Steps from the model of the covariates alone: where it takes more, we go by what happens from 0.
_MOST_QUICK_STEPS = 6
#: A step by which nobody's predictor moves more than this is the last. The log-likelihood is self-concordant: what is
#: then missing of coefficients and, once that step is allowed for, of their covariance is of the order of its square.
_LAST_SHIFT = 3e-4
_MOST_FIRTH_STEPS, _LARGEST_FIRTH_STEP, _LAST_FIRTH_STEP = 200, 5.0, 1e-8


def fit_covariates(design: VariantDesign, target: FloatArray) -> FloatArray:
    """Fit the covariates alone to everybody; zeros where they separate the levels, so that there is no such fit."""
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


def fit_logistic(
    fits: VariantFits,
    block: IntArray,
    genotypes: Genotypes,
    design: VariantDesign,
    target: FloatArray,
    null: FloatArray,
) -> None:
    """Fit a block of variants and put the results in their place.

    Parameters
    ----------
    fits : VariantFits
    block : ndarray of int
        Which variants these are.
    genotypes : Genotypes
    design : VariantDesign
    target : ndarray, shape (n_subjects,)
        1 for subjects of the level whose odds are modelled, else 0.
    null : ndarray, shape (n_columns,)
        Coefficients of the covariates alone (`fit_covariates`).
    """
    everybody = np.ones(target.size)
    matrix = shared_information(genotypes, design, everybody)
    inverse, pivots = invert(matrix)
    problem = problems(matrix, inverse, pivots, design)
    n_subjects = matrix[0, 0]
    observed = products(genotypes, design, target)
    n_cases = observed[0]
    copies, copies_in_cases = times(genotypes.copies(fits.model), [everybody, target])
    problem[(problem == 0) & ((n_cases == 0) | (n_cases == n_subjects))] = Problem.ONE_LEVEL
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
        converged = _newton(fits, block, np.flatnonzero(wanted), start, _MOST_QUICK_STEPS, genotypes, design, observed)
        # Newton's first step from 0, where all weights are 1/4, needs no other matrix than this.
        start = apply(4 * inverse, observed - matrix[0] / 2)
        again = np.flatnonzero(wanted & ~converged)
        converged |= _newton(fits, block, again, start, _MOST_STEPS, genotypes, design, observed)
    rest = np.flatnonzero((problem == 0) & ~converged)
    fits.firth[block[rest]] = True
    converged |= _firth(fits, block, rest, genotypes, design, target)
    fits.problem[block[(problem == 0) & ~converged]] = Problem.NOT_CONVERGED


# --- Newton's method ------------------------------------------------------------------------------


def _first_step(null: FloatArray, observed: FloatArray, genotypes: Genotypes, design: VariantDesign) -> FloatArray:
    """Return where one step from the model of the covariates leads, shape (n_parameters, n_variants).

    There the weight of a subject is the same for all variants. It is Chebyshev's step: Newton's, and what the curvature
    of the score makes of that, which costs less than the second step of Newton's that it saves.
    """
    fitted = scipy.special.expit(design.columns @ null)
    weight = fitted * (1 - fitted)
    inverse = invert(shared_information(genotypes, design, weight))[0]
    step = apply(inverse, observed - products(genotypes, design, fitted))
    squares = linear_predictor(step, genotypes, design)
    squares *= squares
    if genotypes.known is not None:
        squares *= genotypes.known
    weight *= 1 - 2 * fitted
    bent = [
        *times(squares, design.columns.T * weight),
        *(times(squares * code, [weight])[0] for code in genotypes.codes),
    ]
    step -= apply(inverse, np.array(bent)) / 2
    step[: null.size] += null[:, None]
    return step


def _probability(beta: FloatArray, genotypes: Genotypes, design: VariantDesign) -> FloatArray:
    """Return 1 / (1 + exp(-x)) of the linear predictor x, 0 where a genotype is missing."""
    fitted = logistic(linear_predictor(beta, genotypes, design))
    if genotypes.known is not None:
        fitted *= genotypes.known
    return fitted


def _score(residual: FloatArray, genotypes: Genotypes, design: VariantDesign) -> FloatArray:
    """Return X'v of each variant for values v of each subject and variant, shape (n_parameters, n_variants)."""
    terms = [np.einsum("ij,ij->j", residual, code) for code in genotypes.codes]
    return np.concatenate([times(residual, design.columns.T), terms])


def _newton(
    fits: VariantFits,
    block: IntArray,
    active: IntArray,
    start: FloatArray,
    most_steps: int,
    genotypes: Genotypes,
    design: VariantDesign,
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
        inverse, pivots = invert(information(weights, genotypes, design))
        change = apply(inverse, observed - _score(fitted, genotypes, design))
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
    genotypes: Genotypes,
    design: VariantDesign,
) -> FloatArray:
    """Return by how much a last, small step changes the covariance of the terms, to first order."""
    n_columns = design.columns.shape[1]
    bent = linear_predictor(change, genotypes, design)
    bent *= fitted - fitted * fitted  # 0 where a genotype is missing
    bent *= 1 - 2 * fitted
    spread = [linear_predictor(inverse[:, row], genotypes, design) for row in range(n_columns, len(inverse))]
    return -np.array([[np.einsum("ij,ij,ij->j", bent, one, other) for other in spread] for one in spread])


# --- Firth's penalised likelihood -----------------------------------------------------------------


def _firth(
    fits: VariantFits,
    block: IntArray,
    active: IntArray,
    genotypes: Genotypes,
    design: VariantDesign,
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
        inverse, pivots = invert(information(weights, genotypes, design))
        leverage = weights * _quadratic(inverse, genotypes.codes, design)  # 0 where a genotype is missing
        cases = target[:, None] if genotypes.known is None else target[:, None] * genotypes.known
        score = _score(cases - fitted + leverage * (0.5 - fitted), genotypes, design)
        step = invert(information(weights * (1 + leverage), genotypes, design))[0]
        change = apply(step, score)
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


def _quadratic(inverse: FloatArray, codes: list[FloatArray], design: VariantDesign) -> FloatArray:
    """Return x' H^-1 x of each subject and variant, shape (n_subjects, n_variants)."""
    n_columns = design.columns.shape[1]
    twice = np.where(design.first == design.second, 1.0, 2.0)[:, None]
    of_pairs = inverse[design.first, design.second] * twice
    total = multiply(design.pairs.T, of_pairs)
    for row, code in enumerate(codes, start=n_columns):
        across = 2 * inverse[row, :n_columns]
        total += code * multiply(design.columns, across)
        for column, other in enumerate(codes, start=n_columns):
            total += code * other * inverse[row, column]
    return total
