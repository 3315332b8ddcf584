"""Errors of variants that allow unequal variances (HC3) and relatives (CR3), in linear models of a block of variants.

As in `imagenomer.statistics.unequal_variance`, with the hat matrix of each variant's own model.
"""

from __future__ import annotations

import numpy as np

from imagenomer.statistics.sign_flips import members_of, sums_by_cluster
from imagenomer.statistics.variant_blocks import Genotypes, VariantDesign
from imagenomer.types import FloatArray, IntArray

#: What leverage leaves of a subject or a family is more than this, or nothing can be learned from it.
_FITTED = 1e-8
#: Numbers in the hat matrices of families that are held at a time.
_AT_ONCE = 4_000_000


def robust_covariance(
    inverse: FloatArray,
    beta: FloatArray,
    genotypes: Genotypes,
    design: VariantDesign,
    target: FloatArray,
    clusters: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the covariance of the terms of each variant, and its degrees of freedom by Satterthwaite.

    Parameters
    ----------
    inverse : ndarray, shape (n_parameters, n_parameters, n_variants)
        Of X'X; covariates first.
    beta : ndarray, shape (n_parameters, n_variants)
    genotypes : Genotypes
    design : VariantDesign
    target : ndarray, shape (n_subjects,)
    clusters : ndarray of int, shape (n_subjects,)
        Numbered from 0 without gaps; each subject its own where nobody is related.

    Returns
    -------
    covariance : ndarray, shape (n_terms, n_terms, n_variants)
        NaN where a subject or family is fitted exactly that the terms rest on.
    effective_dof : ndarray, shape (n_variants,)
        Of two terms the fewer.
    """
    n_columns, known = design.columns.shape[1], genotypes.known
    there = np.ones(genotypes.codes[0].shape) if known is None else known
    rows = [there * column[:, None] for column in design.columns.T] + list(genotypes.codes)
    residual = target[:, None] * there - sum(row * one for row, one in zip(rows, beta, strict=True))
    # What each subject adds to each parameter, shape (n_parameters, n_subjects, n_variants).
    solved = [sum(row * inverse[k, j] for j, row in enumerate(rows)) for k in range(len(rows))]
    terms = solved[n_columns:]
    weights = np.empty((len(terms), *residual.shape))
    families = members_of(clusters)
    for size in sorted({members.size for members in families}):
        members = np.array([one for one in families if one.size == size])
        step = max(1, _AT_ONCE // (members.size * size))
        for start in range(0, residual.shape[1], step):
            some = slice(start, start + step)
            _weigh(weights, members, some, rows, solved, terms)
    scores = [sums_by_cluster(one * residual, clusters) for one in weights]
    covariance = np.array([[(one * other).sum(axis=0) for other in scores] for one in scores])
    return covariance, np.min([_effective_dof(one, rows, inverse, clusters) for one in weights], axis=0)


def _effective_dof(weight: FloatArray, rows: list[FloatArray], inverse: FloatArray, clusters: IntArray) -> FloatArray:
    """Return (tr G)^2 / tr G^2 of each variant, with G_gh = m_g'(I - H) m_h of the weights m of clusters."""
    own = sums_by_cluster(weight * weight, clusters)
    shared = [sums_by_cluster(weight * row, clusters) for row in rows]
    solved = [sum(one * inverse[k, j] for j, one in enumerate(shared)) for k in range(len(shared))]
    explained = np.sum([one * other for one, other in zip(shared, solved, strict=True)], axis=0)
    # S P of each variant, P being the sum over clusters of the products of shared.
    product = np.array([[(one * other).sum(axis=0) for other in shared] for one in solved])
    trace = (own - explained).sum(axis=0)
    squares = (own * (own - 2 * explained)).sum(axis=0) + np.einsum("klj,lkj->j", product, product)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(trace**2 / squares)


def _weigh(
    weights: FloatArray,
    members: IntArray,
    some: slice,
    rows: list[FloatArray],
    solved: list[FloatArray],
    terms: list[FloatArray],
) -> None:
    """Put (1 - H_gg)^-1 times the terms of families of one size in place; ``members`` has shape (n_families, size)."""
    size = members.shape[1]
    if size == 1:
        alone = members[:, 0]
        pairs = [(row[alone, some], one[alone, some]) for row, one in zip(rows, solved, strict=True)]
        left = 1 - sum(row * one for row, one in pairs)
        for weight, term in zip(weights, terms, strict=True):
            own = term[alone, some]
            with np.errstate(divide="ignore", invalid="ignore"):
                divided = np.where(left > _FITTED, own / left, np.where(np.abs(own) > _FITTED, np.nan, 0))
            weight[alone, some] = divided
        return
    hat = np.zeros((members.shape[0], len(range(*some.indices(rows[0].shape[1]))), size, size))
    for row, one in zip(rows, solved, strict=True):
        hat += np.einsum("gsv,gtv->gvst", row[members][:, :, some], one[members][:, :, some])
    left, vectors = np.linalg.eigh(np.eye(size) - (hat + hat.swapaxes(2, 3)) / 2)
    for weight, term in zip(weights, terms, strict=True):
        parts = np.einsum("gvst,gsv->gvt", vectors, term[members][:, :, some])
        with np.errstate(divide="ignore", invalid="ignore"):
            divided = np.where(left > _FITTED, parts / left, np.where(np.abs(parts) > _FITTED, np.nan, 0))
        weight[members[:, :, None], np.arange(weight.shape[1])[None, None, some]] = np.einsum(
            "gvst,gvt->gsv", vectors, divided
        )
