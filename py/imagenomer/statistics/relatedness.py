"""Relatedness and ancestry from genotypes: thinning of linked variants, the relationship matrix, its components.

References
----------
Yang et al. (2011), Am. J. Hum. Genet. 88:76 (GCTA). Price et al. (2006), Nat. Genet. 38:904. Chang et al. (2015),
GigaScience 4:7 (PLINK 2, whose ``--indep-pairwise``, ``--make-rel`` and ``--pca`` these are).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.eigenvectors import eigenvectors
from imagenomer.statistics.products import add_gram_in_parts, mirror, multiply
from imagenomer.types import BoolArray, Float32Array, FloatArray

#: Variants worked on at a time: sums of so few products lose nothing in float32.
_VARIANTS = 512
#: Frequencies nearer than this are the same but for rounding.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Components:
    """Principal components of a relationship matrix.

    Attributes
    ----------
    scores : ndarray, shape (n_subjects, n_components)
        Eigenvectors, of length 1, strongest first. The largest entry of each, by size, is positive.
    eigenvalues : ndarray, shape (n_components,)
    share : ndarray, shape (n_components,)
        Of the trace, which is the sum of all eigenvalues.
    """

    scores: FloatArray
    eigenvalues: FloatArray
    share: FloatArray


def relationship_matrix(dosage: NDArray[np.int8]) -> Steps[FloatArray]:
    """Return the genomic relationship matrix, as PLINK 2 ``--make-rel`` and GCTA do.

    Its entry for two subjects is the mean of (g - 2p)(h - 2p) / 2p(1 - p) over the variants that both have, with p the
    frequency of the allele in ``dosage``. Variants of one allele say nothing and are not counted (by PLINK they are).

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2, or -1 where missing. Autosomal, thinned (`thin`) and without rare variants, which would weigh too much.

    Returns
    -------
    ndarray, shape (n_subjects, n_subjects)
        Symmetric; exact to about 1e-6.

    Raises
    ------
    InputError
        If there is no variant of two alleles, or two subjects have none in common.
    """
    n_subjects, n_variants = dosage.shape
    products = np.zeros((n_subjects, n_subjects))
    shared = np.zeros((n_subjects, n_subjects))
    for start in range(0, n_variants, _VARIANTS):
        genotypes = np.ascontiguousarray(dosage[:, start : start + _VARIANTS].T)
        known = genotypes >= 0
        n_known = known.sum(axis=1)
        frequency = np.where(known, genotypes, 0).sum(axis=1) / np.maximum(2 * n_known, 1)
        varies = (frequency > 0) & (frequency < 1)
        genotypes, known, frequency = genotypes[varies], known[varies], frequency[varies, None]
        if frequency.size:
            standard = (genotypes - 2 * frequency) / np.sqrt(2 * frequency * (1 - frequency))
            parts = [(products, np.where(known, standard, 0).astype(np.float32))]
            if known.all():
                shared += len(known)
            else:
                parts.append((shared, known.astype(np.float32)))
            for total, rows in parts:
                for _ in add_gram_in_parts(total, rows.T):
                    yield Progress("Comparing subjects", start, n_variants)
        yield Progress("Comparing subjects", min(start + _VARIANTS, n_variants), n_variants)
    mirror(products), mirror(shared)
    if not shared.any():
        raise InputError("no variant has two alleles in these subjects; choose another set of variants")
    if (shared == 0).any():
        first, second = np.argwhere(shared == 0)[0] + 1
        problem = f"subjects {first} and {second} have no variant in common"
        if (np.diag(shared) == 0).any():
            problem = f"subject {np.argmin(np.diag(shared)) + 1} has no genotype"
        raise InputError(f"{problem}; exclude subjects with many missing genotypes")
    return products / shared


def principal_components(relationship: FloatArray, n_components: int) -> Steps[Components]:
    """Return the first principal components of a relationship matrix.

    Parameters
    ----------
    relationship : ndarray, shape (n_subjects, n_subjects)
    n_components : int
        Fewer where there are fewer subjects.
    """
    n = len(relationship)
    n_components = min(n_components, n)
    progress = Progress("Finding ancestry components")
    eigenvalues, vectors = yield from eigenvectors(relationship, progress, n_components)
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(n_components)]
    scores = vectors * np.where(largest < 0, -1.0, 1.0)
    return Components(scores, eigenvalues.copy(), eigenvalues / np.trace(relationship))


def thin(
    dosage: NDArray[np.int8],
    chromosomes: Sequence[str],
    *,
    window: int = 50,
    step: int = 5,
    most_r_squared: float = 0.2,
) -> Steps[BoolArray]:
    """Choose variants of which no two within a window are much correlated, as PLINK ``--indep-pairwise`` does.

    While any two left in the window have an r^2 above the limit, over the subjects who have both, the one with the
    rarer minor allele goes (the later, of equals). Then the window moves on by ``step`` variants.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        In the order of positions.
    chromosomes : sequence of str, length n_variants
        A window never spans two. (PLINK weighs men half on X; here they count as others do.)
    window, step : int
        In variants.
    most_r_squared : float

    Returns
    -------
    ndarray of bool, shape (n_variants,)
        True for variants to keep; those of one allele are not.
    """
    n_variants = dosage.shape[1]
    kept = np.zeros(n_variants, dtype=bool)
    names = np.asarray(chromosomes)
    ends = np.append(np.flatnonzero(names[1:] != names[:-1]) + 1, n_variants)
    start = 0
    for end in ends.tolist():
        linked: list[list[int]] = []
        major = np.empty(end - start)
        for begin in range(start, end, _VARIANTS):
            # The variants of this block, and those after it that share a window with the last of them.
            until = min(begin + _VARIANTS + window - 1, end)
            block = np.ascontiguousarray(dosage[:, begin:until].T)
            n_first = min(_VARIANTS, end - begin)
            kept[begin : begin + n_first], major[begin - start : begin - start + n_first] = _variation(block[:n_first])
            linked += _linked(block, n_first, window, most_r_squared)
            yield Progress("Thinning variants", begin + n_first, n_variants)
        kept[start:end] = _pruned(kept[start:end], major, linked, window, step)
        start = end
    return kept


def _variation(genotypes: NDArray[np.int8]) -> tuple[BoolArray, FloatArray]:
    """Return which variants (rows) have more than one genotype, and the frequency of their commoner allele."""
    known = genotypes >= 0
    n_known = known.sum(axis=1)
    copies = np.where(known, genotypes, 0).sum(axis=1)
    frequency = copies / np.maximum(2 * n_known, 1)
    same = (genotypes == genotypes.max(axis=1, keepdims=True)) | ~known
    return ~same.all(axis=1), np.maximum(frequency, 1 - frequency)


def _linked(genotypes: NDArray[np.int8], n_first: int, window: int, most_r_squared: float) -> list[list[int]]:
    """Return, for each of the first variants, how far after it are those whose r^2 with it is above the limit."""
    # -1, 0, 1 and 0 where missing: sums are whole numbers that float32 holds exactly.
    known = (genotypes >= 0).astype(np.float32)
    codes = (genotypes - np.int8(1)).astype(np.float32) * known
    complete = bool(known.all())
    linked: list[list[int]] = []
    # Tiles of one window's variants by the two windows they can meet.
    for start in range(0, n_first, window):
        rows, columns = slice(start, min(start + window, n_first)), slice(start, start + 2 * window - 1)
        n, x, xx, y, yy, xy = _sums(codes[rows], known[rows], codes[columns], known[columns], complete)
        covariance = n * xy - x * y
        limit = most_r_squared * (n * xx - x * x) * (n * yy - y * y)
        for row, above in enumerate(covariance * covariance > limit):
            after = np.flatnonzero(above[row + 1 : row + window]) + 1
            linked.append(after.tolist())
    return linked


def _sums(
    codes: Float32Array, known: Float32Array, others: Float32Array, others_known: Float32Array, complete: bool
) -> tuple[FloatArray, ...]:
    """Return n and the sums of x, x^2, y, y^2 and xy over the subjects who have both, for all pairs of rows."""

    def product(first: Float32Array, second: Float32Array) -> FloatArray:
        return multiply(first, second.T).astype(np.float64)

    xy = product(codes, others)
    if complete:
        n = np.asarray(float(codes.shape[1]))
        sums = [rows.sum(axis=1, dtype=np.float64) for rows in (codes, codes**2, others, others**2)]
        return n, sums[0][:, None], sums[1][:, None], sums[2], sums[3], xy
    return (
        product(known, others_known),
        product(codes, others_known),
        product(codes**2, others_known),
        product(known, others),
        product(known, others**2),
        xy,
    )


def _pruned(kept: BoolArray, major: FloatArray, linked: list[list[int]], window: int, step: int) -> BoolArray:
    """Return the variants of a chromosome that are left; ``linked`` as from `_linked`."""
    left = kept.tolist()
    common = major.tolist()
    n_variants = len(left)
    having = [index for index, others in enumerate(linked) if others]
    start = 0
    while True:
        end = min(start + window, n_variants)
        having = [index for index in having if index >= start and left[index]]
        changed = True
        while changed:
            changed = False
            for first in having:
                if first >= end:
                    break
                if not left[first]:
                    continue
                second = next((first + far for far in linked[first] if first + far < end and left[first + far]), None)
                if second is not None:
                    # One at a time, then the next variant: the order decides who is left.
                    left[first if common[first] > common[second] * (1 + _SAME) else second] = False
                    changed = True
        if end == n_variants:
            return np.array(left, dtype=bool)
        start += step
