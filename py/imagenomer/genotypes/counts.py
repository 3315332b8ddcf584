"""Genotypes counted by variant or by subject, each chromosome as its carriers have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imagenomer.progress import Progress, Steps, finish
from imagenomer.types import FloatArray, IntArray

#: Chromosomes that are not numbers, as PLINK counts them.
_CHROMOSOMES = {"X": 23, "Y": 24, "XY": 25, "PAR1": 25, "PAR2": 25, "M": 26, "MT": 26}
X, Y, PSEUDOAUTOSOMAL, MITOCHONDRIAL = 23, 24, 25, 26

#: Rows counted between two reports of progress: some 15 ms in the page, and few enough to be counted in a byte.
_ROWS_AT_ONCE = 64


def chromosome_numbers(chromosomes: Sequence[str]) -> IntArray:
    """Return the number of each chromosome: 1 to 22, and 23 X, 24 Y, 25 both (pseudo-autosomal), 26 mitochondrial.

    Parameters
    ----------
    chromosomes : sequence of str
        "7", "chr7", "X", "23".

    Returns
    -------
    ndarray of int, shape (n_variants,)
        0 where it is unknown or something else, such as a contig.
    """

    def number(name: str) -> int:
        name = name.upper().removeprefix("CHR")
        found = int(name) if name.isascii() and name.isdecimal() else _CHROMOSOMES.get(name, 0)
        return found if found <= MITOCHONDRIAL else 0

    known = {name: number(name) for name in set(chromosomes)}
    return np.array([known[name] for name in chromosomes], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class GenotypeCounts:
    """Genotypes counted by variant, or by subject.

    Attributes
    ----------
    two, one, none : ndarray of int
        Subjects (or variants) with two copies of the effect allele, with one, and with none of it.
    missing : ndarray of int
        Those without a call.
    single_two, single_none : ndarray of int, or 0
        Those among ``two`` and ``none`` who have a single copy of the chromosome (men on X), so that each is one
        allele.
    """

    two: IntArray
    one: IntArray
    none: IntArray
    missing: IntArray
    single_two: IntArray | int = 0
    single_none: IntArray | int = 0

    @property
    def called(self) -> IntArray:
        """Genotypes that are known."""
        return self.two + self.one + self.none

    @property
    def alleles(self) -> IntArray:
        """Alleles that are known."""
        return np.asarray(2 * self.called - self.single_two - self.single_none)

    @property
    def copies(self) -> IntArray:
        """Those among them that are the effect allele."""
        return np.asarray(2 * self.two + self.one - self.single_two)

    @property
    def pairs(self) -> GenotypeCounts:
        """The same of those with two copies of the chromosome."""
        return GenotypeCounts(
            np.asarray(self.two - self.single_two), self.one, np.asarray(self.none - self.single_none), self.missing
        )

    @property
    def missing_rate(self) -> FloatArray:
        """Share of genotypes that are missing; NaN where there are none at all."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.missing / (self.called + self.missing))

    @property
    def effect_frequency(self) -> FloatArray:
        """Frequency of the effect allele among the alleles known; NaN where none is."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.copies / self.alleles)

    @property
    def minor_frequency(self) -> FloatArray:
        """Frequency of the rarer allele (MAF); NaN where no genotype is known."""
        frequency = self.effect_frequency
        return np.minimum(frequency, 1 - frequency)


def count_genotypes(dosage: NDArray[np.int8], by: Literal["variant", "subject"] = "variant") -> GenotypeCounts:
    """Return what `count_genotypes_in_steps` does, in one piece."""
    return finish(count_genotypes_in_steps(dosage, by))


def count_genotypes_in_steps(
    dosage: NDArray[np.int8], by: Literal["variant", "subject"] = "variant"
) -> Steps[GenotypeCounts]:
    """Count genotypes by variant or by subject.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2 copies of the effect allele, or -1. Sexes are not distinguished here: see `count_by_sex`.
    by : {"variant", "subject"}
    """
    n_subjects, n_variants = dosage.shape
    n_found = n_variants if by == "variant" else n_subjects
    counts = np.zeros((4, n_found), dtype=np.intp)
    # In blocks of rows: no temporary is larger, and bytes are fast to add.
    for start in range(0, n_subjects, _ROWS_AT_ONCE):
        yield Progress("Counting genotypes", start, n_subjects)
        block = dosage[start : start + _ROWS_AT_ONCE]
        for row, code in enumerate((2, 1, 0, -1)):
            equal = block == code
            if by == "variant":
                counts[row] += equal.view(np.uint8).sum(axis=0, dtype=np.uint8)
            else:
                counts[row, start : start + _ROWS_AT_ONCE] = [np.count_nonzero(one) for one in equal]
    return GenotypeCounts(*counts)


def count_by_sex(dosage: NDArray[np.int8], chromosomes: IntArray, sexes: IntArray) -> GenotypeCounts:
    """Return what `count_by_sex_in_steps` does, in one piece."""
    return finish(count_by_sex_in_steps(dosage, chromosomes, sexes))


def count_by_sex_in_steps(dosage: NDArray[np.int8], chromosomes: IntArray, sexes: IntArray) -> Steps[GenotypeCounts]:
    """Count genotypes by variant, a man's on X and Y and everybody's of mitochondria as one allele.

    Where there is one allele only, a heterozygous call cannot be and counts as missing. On X and Y those whose sex is
    unknown are not counted, and on Y women are not.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
    chromosomes : ndarray of int, shape (n_variants,)
        As `chromosome_numbers` returns them.
    sexes : ndarray of int, shape (n_subjects,)
        1 male, 2 female, 0 unknown.
    """
    counts = yield from count_genotypes_in_steps(dosage)
    columns = np.flatnonzero(np.isin(chromosomes, (X, Y, MITOCHONDRIAL)))
    if not columns.size:
        return counts
    found = np.array([counts.two, counts.one, counts.none, counts.missing, *np.zeros((2, len(counts.two)), np.intp)])
    for chromosome, single, paired in (
        (X, sexes == 1, sexes == 2),
        (Y, sexes == 1, sexes < 0),
        (MITOCHONDRIAL, sexes >= 0, sexes < 0),
    ):
        own = np.flatnonzero(chromosomes == chromosome)
        one = yield from count_genotypes_in_steps(dosage[np.ix_(single, own)])
        two = yield from count_genotypes_in_steps(dosage[np.ix_(paired, own)])
        found[:, own] = (
            one.two + two.two,
            two.one,
            one.none + two.none,
            one.missing + one.one + two.missing,
            one.two,
            one.none,
        )
    return GenotypeCounts(*found)
