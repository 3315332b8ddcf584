"""Max-T of variants: the largest statistic of all of them in each permutation of a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.genotype_codes import Model, term_names
from imagenomer.statistics.permutation import Permutations, kinds_of
from imagenomer.statistics.products import multiply, multiply_max
from imagenomer.statistics.variant_blocks import (
    Genotypes,
    VariantDesign,
    apply,
    genotype_blocks,
    invert,
    linear_predictor,
    residual,
    shared_information,
    times,
)
from imagenomer.types import FloatArray, IntArray

#: Permutations held at a time, and worked on between two reports of progress.
_MOST_AT_ONCE, _PERMUTATIONS_AT_ONCE = 2000, 50


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
    """Return the largest ``|t|`` of all variants in each permutation of a number, for max-T.

    Where no more than ``n_permutations`` differ, all of them are used (`Permutations`).

    What the covariates leave of the phenotype, over everybody, is permuted among everybody; genotypes and covariates
    stay together (Freedman and Lane). Each variant is then fitted to those who have it, as `associate_number` does, so
    that it is missing in the same subjects whatever the permutation.

    Parameters
    ----------
    parts : sequence of (ndarray, ndarray)
        Genotypes, shape (n_subjects, n_variants), of the variants that were tested, and their covariates, shape
        (n_subjects, n_covariates): those on X have another.
    phenotype : ndarray, shape (n_subjects,)
    covariates : ndarray, shape (n_subjects, n_covariates)
        Those whose model is taken out before permuting.
    model : str
        With one term.
    n_permutations : int
    rng : numpy.random.Generator
    exchangeable : ndarray of int, shape (n_subjects,), optional
        Subjects are permuted within these blocks only.

    References
    ----------
    Freedman and Lane (1983), J. Bus. Econ. Stat. 1:292. Westfall and Young (1993), Resampling-based multiple testing.
    """
    if len(term_names(model)) > 1:
        raise ValueError("max-T needs one statistic a variant")
    left, _ = residual(VariantDesign(phenotype, covariates, 1), np.asarray(phenotype, dtype=np.float64))
    designs = [VariantDesign(phenotype, own, 1) for _, own in parts]
    n_variants = sum(dosage.shape[1] for dosage, _ in parts)
    drawn = Permutations(kinds_of(phenotype, covariates), exchangeable, n_permutations, rng)
    n_permutations = drawn.n
    largest = np.zeros(n_permutations)
    for start in range(0, n_permutations, _MOST_AT_ONCE):
        chunk = slice(start, min(start + _MOST_AT_ONCE, n_permutations))
        permuted = left[drawn.draw(chunk.stop - start)]
        n_done = 0
        for (dosage, _), design in zip(parts, designs, strict=True):
            for block, genotypes in genotype_blocks(dosage, design, model):
                rest = CodeResiduals.of(genotypes, design)
                for first in range(0, len(permuted), _PERMUTATIONS_AT_ONCE):
                    some = slice(first, first + _PERMUTATIONS_AT_ONCE)
                    np.maximum(largest[chunk][some], rest.largest(permuted[some]), out=largest[chunk][some])
                    share = (n_done + block.size * min(some.stop, len(permuted)) / len(permuted)) / n_variants
                    yield Progress("Permuting", int(start + (chunk.stop - start) * share), n_permutations)
                n_done += block.size
    return largest


@dataclass(slots=True)
class CodeResiduals:
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
    design: VariantDesign

    @classmethod
    def of(cls, genotypes: Genotypes, design: VariantDesign) -> CodeResiduals:
        n_columns = design.columns.shape[1]
        matrix = shared_information(genotypes, design, np.ones(design.columns.shape[0]))
        inverse = invert(matrix[:n_columns, :n_columns])[0]
        slopes = apply(inverse, matrix[:n_columns, n_columns])
        codes = linear_predictor(np.concatenate([-slopes, np.ones((1, slopes.shape[1]))]), genotypes, design)
        if genotypes.known is not None:
            codes *= genotypes.known
        codes /= np.sqrt(np.einsum("ij,ij->j", codes, codes))
        return cls(codes, genotypes.known, inverse, np.rint(matrix[0, 0]) - n_columns - 1, design)

    def largest(self, permuted: FloatArray) -> FloatArray:
        """Return the largest ``|t|`` of these variants for each row, shape (n_permutations,)."""
        columns = self.design.columns.T
        if self.known is None:
            explained = multiply(permuted, columns.T) ** 2 / columns.shape[1]  # the columns are orthogonal here
            left = (permuted**2).sum(axis=1) - explained.sum(axis=1)
            # Whoever has all genotypes has the same residual degrees of freedom, so the largest product decides.
            share, dof = (multiply_max(permuted, self.codes) ** 2 / left)[:, None], self.dof[:1]
        else:
            # One product, so that what is known is packed for all of them at once.
            weights = np.concatenate([permuted**2, *(permuted * column for column in columns)])
            left, *products = times(self.known, weights).reshape(1 + len(columns), len(permuted), -1)
            for row, one in enumerate(products):
                for column, other in enumerate(products[: row + 1]):
                    left -= (1 if row == column else 2) * self.inverse[row, column] * one * other
            share, dof = times(self.codes, permuted) ** 2 / left, self.dof
        return np.asarray(np.sqrt((dof * share / np.maximum(1 - share, 1e-300)).max(axis=1)))
