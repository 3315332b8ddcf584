"""What the variant summary computes, and the numbers that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.genotyped import GenotypeSample
from imagenomer.genotypes import GenotypeCounts, HardyWeinberg, VariantQuality
from imagenomer.types import BoolArray, FloatArray, IntArray

#: What a subject can have of a variant, in the order of `VariantSummary.by_kind`.
KINDS = ("Missing", "No copy", "One copy", "Two copies")


@dataclass(frozen=True, slots=True, eq=False)
class VariantSummary:
    """Genotype counts and quality of a set of variants in some subjects.

    Attributes
    ----------
    sample : GenotypeSample
    numbers : ndarray of int, shape (n_variants,)
        Chromosome of each.
    counts : GenotypeCounts
        By variant.
    hardy_weinberg : HardyWeinberg
    quality : VariantQuality
    by_subject : GenotypeCounts
        By subject, over the variants ``everywhere``.
    everywhere : ndarray of bool, shape (n_variants,)
        Not on X, Y or mitochondria, so that males and females can be compared.
    shown : int
        Row of the subject that is looked at.
    """

    sample: GenotypeSample
    numbers: IntArray
    counts: GenotypeCounts
    hardy_weinberg: HardyWeinberg
    quality: VariantQuality
    by_subject: GenotypeCounts
    everywhere: BoolArray
    shown: int

    @property
    def n_constant(self) -> int:
        """Variants of one allele."""
        return int(np.count_nonzero(self.counts.minor_frequency == 0))

    @property
    def share_missing(self) -> float:
        """Share of all genotypes of subjects that are missing; NaN where there are none."""
        counts = self.by_subject
        total = int((counts.called + counts.missing).sum())
        return int(counts.missing.sum()) / total if total else float("nan")

    @property
    def by_kind(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """How many variants each subject has of each of `KINDS`; each of shape (n_subjects,)."""
        one = self.by_subject
        return one.missing, one.none, one.one, one.two


def known_median(values: FloatArray) -> float:
    """Return the median of the values that are not missing; 0 where there are none."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0
