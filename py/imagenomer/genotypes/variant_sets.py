"""Variant sets of what files without names hold, and parts of variant sets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import VariantSet
from imagenomer.types import FloatArray, IntArray


def dosage_of_codes(codes: FloatArray) -> tuple[NDArray[np.int8], int]:
    """Read the codes of the first ImageNomer: copies of the major allele, NaN where missing.

    Parameters
    ----------
    codes : ndarray
        0 (two minor alleles), 1 (heterozygous), 2 (two major alleles) or NaN.

    Returns
    -------
    dosage : ndarray of int8
        Copies of the major allele, -1 where missing; anything that is no code is missing too.
    n_odd : int
        Values that were neither a code nor NaN.
    """
    known = np.isin(codes, (0, 1, 2))
    dosage = np.where(known, np.where(known, codes, 0), -1).astype(np.int8)
    return dosage, int(np.count_nonzero(~known & ~np.isnan(codes)))


def unnamed_variants(name: str, dosage: NDArray[np.int8], variant_ids: tuple[str, ...] | None = None) -> VariantSet:
    """Return a variant set of which no more than (perhaps) the variants' names is known.

    Parameters
    ----------
    name : str
    dosage : ndarray, shape (n_subjects, n_variants), int8
    variant_ids : tuple of str, optional
        By default "variant 1", "variant 2" and so on.
    """
    n_variants = dosage.shape[1]
    return VariantSet(
        name=name,
        dosage=dosage,
        variant_ids=variant_ids or tuple(f"variant {number}" for number in range(1, n_variants + 1)),
        chromosomes=("0",) * n_variants,
        positions=np.zeros(n_variants, dtype=np.intp),
        effect_alleles=("0",) * n_variants,
        other_alleles=("0",) * n_variants,
    )


def select_variants(
    variants: VariantSet, *, subjects: IntArray | None = None, which: IntArray | None = None
) -> VariantSet:
    """Return a copy with some subjects and variants only, in the order given; by default all.

    Parameters
    ----------
    variants : VariantSet
    subjects, which : ndarray of int, optional
        Rows and columns.
    """
    rows = np.arange(variants.dosage.shape[0]) if subjects is None else subjects
    columns = np.arange(variants.dosage.shape[1]) if which is None else which

    def some(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names[column] for column in columns.tolist())

    return VariantSet(
        name=variants.name,
        dosage=variants.dosage[np.ix_(rows, columns)],
        variant_ids=some(variants.variant_ids),
        chromosomes=some(variants.chromosomes),
        positions=variants.positions[columns],
        effect_alleles=some(variants.effect_alleles),
        other_alleles=some(variants.other_alleles),
    )
