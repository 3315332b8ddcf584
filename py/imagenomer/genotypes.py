"""Genotypes: variant sets from and to files, counts, and what makes a variant doubtful.

Dosage counts copies of the effect allele, PLINK's A1; -1 is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from imagenomer.cohort import VariantSet
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.types import BoolArray, FloatArray, IntArray

_BED_MAGIC = b"\x6c\x1b\x01"

# PLINK's two bits: 00 two copies of A1, 01 missing, 10 one copy, 11 none. A byte holds four people, lowest bits first.
_DOSAGE_OF_BITS = np.array([2, -1, 1, 0], dtype=np.int8)
_BITS_OF_DOSAGE = np.array([3, 2, 0, 1], dtype=np.uint8)  # of 0, 1, 2 and, by negative index, of -1
# Four dosages are looked up as one number, several times faster than as a row.
_DOSAGES_OF_BYTE = _DOSAGE_OF_BITS[(np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3].view(np.uint32)[:, 0]


@dataclass(frozen=True, slots=True)
class PlinkFiles:
    """The bytes of a .bed, .bim and .fam file."""

    bed: bytes
    bim: bytes
    fam: bytes


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


@dataclass(frozen=True, slots=True)
class People:
    """The table of a .fam file, one entry a person.

    Attributes
    ----------
    families, subjects, fathers, mothers : tuple of str
        Identifiers: of the family (FID), the person (IID) and their parents, "0" where unknown.
    sexes : ndarray of int
        1 male, 2 female, 0 unknown.
    phenotypes : tuple of str
        As written: -9 (or 0, of cases and controls) where missing.
    """

    families: tuple[str, ...]
    subjects: tuple[str, ...]
    fathers: tuple[str, ...]
    mothers: tuple[str, ...]
    sexes: IntArray
    phenotypes: tuple[str, ...]

    @property
    def founders(self) -> BoolArray:
        """True for those who name neither father nor mother."""
        return np.array([{*parents} == {"0"} for parents in zip(self.fathers, self.mothers, strict=True)], dtype=bool)


def read_plink(files: PlinkFiles, name: str) -> Steps[tuple[VariantSet, People]]:
    """Read PLINK's binary files.

    Returns
    -------
    variants : VariantSet
        Its rows are in the order of the .fam file. A variant called "." is named by its place ("7:55249071").
    people : People

    Raises
    ------
    InputError
        If the .bed file is not variant-major, its size does not fit the tables, or a table has a line of another form.
    """
    people = _rows(files.fam, f"{name}.fam", 6)
    variants = _rows(files.bim, f"{name}.bim", 6)
    if files.bed[:2] != _BED_MAGIC[:2]:
        raise InputError(
            f"{name}.bed is not a binary file of PLINK 1.9: it begins with {files.bed[:3]!r} where {_BED_MAGIC!r} is "
            "needed; make it with plink --make-bed"
        )
    if files.bed[2:3] != _BED_MAGIC[2:]:
        raise InputError(
            f"{name}.bed is stored by subject (sample-major), as very old versions of PLINK did; "
            "make it anew with plink --make-bed"
        )
    n_bytes = -(-len(people) // 4)
    expected, found = 3 + n_bytes * len(variants), len(files.bed)
    if found != expected:
        raise InputError(
            f"{name}.bed has {found:,} bytes; {len(variants):,} variants of {len(people):,} people need {expected:,}: "
            "the three files do not belong together, or one is cut off"
        )
    try:
        positions = np.array([int(row[3]) for row in variants], dtype=np.int32).astype(np.intp)
    except ValueError as error:
        raise InputError(f"{name}.bim: a position is not a whole number ({error})") from None
    except OverflowError:
        raise InputError(f"{name}.bim: a position is beyond 2,147,483,647, the largest that PLINK takes") from None
    packed = np.frombuffer(files.bed, np.uint8, offset=3).reshape(len(variants), n_bytes)
    dosage = np.empty((len(people), len(variants)), dtype=np.int8)
    for start in range(0, len(variants), 1024):
        block = _DOSAGES_OF_BYTE[packed[start : start + 1024]].view(np.int8)
        dosage[:, start : start + 1024] = block[:, : len(people)].T
        yield Progress(f"Reading genotypes {name}", min(start + 1024, len(variants)), len(variants))
    families, subjects, fathers, mothers, sexes, phenotypes = zip(*people, strict=True) if people else ((),) * 6
    return (
        VariantSet(
            name=name,
            dosage=dosage,
            variant_ids=tuple(f"{row[0]}:{row[3]}" if row[1] == "." else row[1] for row in variants),
            chromosomes=tuple(row[0] for row in variants),
            positions=positions,
            effect_alleles=tuple(row[4] for row in variants),
            other_alleles=tuple(row[5] for row in variants),
        ),
        People(
            families,
            subjects,
            fathers,
            mothers,
            np.array([int(sex) if sex in ("1", "2") else 0 for sex in sexes], dtype=np.intp),
            phenotypes,
        ),
    )


def write_plink(variants: VariantSet, subjects: tuple[str, ...], sexes: Sequence[int] | None = None) -> PlinkFiles:
    """Write PLINK's binary files; blanks in names, which PLINK does not know, become underscores.

    Parameters
    ----------
    variants : VariantSet
    subjects : tuple of str
    sexes : sequence of int, optional
        1 male, 2 female, 0 unknown, one a subject: PLINK counts alleles on X by it.
    """
    n_subjects, n_variants = variants.dosage.shape
    n_bytes = -(-n_subjects // 4)
    packed = np.empty((n_variants, n_bytes), dtype=np.uint8)
    for start in range(0, n_variants, 1024):
        bits = _BITS_OF_DOSAGE[variants.dosage[:, start : start + 1024].T]
        padded = np.zeros((len(bits), 4 * n_bytes), dtype=np.uint8)
        padded[:, :n_subjects] = bits
        four = padded.reshape(len(bits), n_bytes, 4)
        packed[start : start + 1024] = four[..., 0] | four[..., 1] << 2 | four[..., 2] << 4 | four[..., 3] << 6
    bim = zip(
        variants.chromosomes,
        variants.variant_ids,
        variants.positions,
        variants.effect_alleles,
        variants.other_alleles,
        strict=True,
    )
    return PlinkFiles(
        bed=_BED_MAGIC + packed.tobytes(),
        bim=_lines((chromosome, name, 0, position, a1, a2) for chromosome, name, position, a1, a2 in bim),
        fam=_lines(
            (0, subject, 0, 0, sex, -9) for subject, sex in zip(subjects, sexes or [0] * len(subjects), strict=True)
        ),
    )


# --- chromosomes ----------------------------------------------------------------------------------

#: Chromosomes that are not numbers, as PLINK counts them.
_CHROMOSOMES = {"X": 23, "Y": 24, "XY": 25, "PAR1": 25, "PAR2": 25, "M": 26, "MT": 26}
X, Y, PSEUDOAUTOSOMAL, MITOCHONDRIAL = 23, 24, 25, 26


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


# --- counts and quality --------------------------------------------------------------------------


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
    """Count genotypes by variant or by subject.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2 copies of the effect allele, or -1. Nothing here knows of sexes: see `count_by_sex`.
    by : {"variant", "subject"}
    """
    n_subjects, n_variants = dosage.shape
    n_found = n_variants if by == "variant" else n_subjects
    counts = np.zeros((4, n_found), dtype=np.intp)
    # Blocks of rows that a byte can count: no temporary larger than the block, and bytes are quick to add.
    for start in range(0, n_subjects, 255):
        block = dosage[start : start + 255]
        for row, code in enumerate((2, 1, 0, -1)):
            equal = block == code
            if by == "variant":
                counts[row] += equal.view(np.uint8).sum(axis=0, dtype=np.uint8)
            else:
                counts[row, start : start + 255] = [np.count_nonzero(one) for one in equal]
    return GenotypeCounts(*counts)


def count_by_sex(dosage: NDArray[np.int8], chromosomes: IntArray, sexes: IntArray) -> GenotypeCounts:
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
    counts = count_genotypes(dosage)
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
        one, two = count_genotypes(dosage[np.ix_(single, own)]), count_genotypes(dosage[np.ix_(paired, own)])
        found[:, own] = (
            one.two + two.two,
            two.one,
            one.none + two.none,
            one.missing + one.one + two.missing,
            one.two,
            one.none,
        )
    return GenotypeCounts(*found)


@dataclass(frozen=True, slots=True)
class HardyWeinberg:
    """Test of Hardy-Weinberg proportions of each variant.

    Attributes
    ----------
    observed, expected : ndarray, shape (n_variants,)
        Share of heterozygotes; NaN where no genotype is known.
    p_value, neg_log10_p : ndarray, shape (n_variants,)
        1 and 0 for a variant of one allele, NaN where no genotype is known; the logarithm is finite
        where the probability is too small for a double.
    """

    observed: FloatArray
    expected: FloatArray
    p_value: FloatArray
    neg_log10_p: FloatArray


def check_hardy_weinberg(counts: GenotypeCounts, *, mid_p: bool = False) -> HardyWeinberg:
    """Test Hardy-Weinberg proportions exactly, as PLINK's ``--hardy`` does.

    Given the number of alleles, the number h of heterozygotes among n people has probability proportional to
    2^h / (h! n_AA! n_aa!). The p-value sums what is no more likely than what was found.

    Parameters
    ----------
    counts : GenotypeCounts
        By variant. Of unrelated people of one ancestry. Those with a single copy of the chromosome are left out.
    mid_p : bool
        Count half of what is exactly as likely as what was found: less conservative for rare alleles.

    References
    ----------
    Wigginton, Cutler and Abecasis (2005), Am. J. Hum. Genet. 76:887. Graffelman and Moreno (2013),
    Stat. Appl. Genet. Mol. Biol. 12:433 (mid-p).
    """
    counts = counts.pairs
    n = counts.called
    rare = 2 * np.minimum(counts.two, counts.none) + counts.one  # copies of the rarer allele
    log_p = np.full(n.size, np.nan)
    log_factorial = scipy.special.gammaln(np.arange(n.max(initial=0) + 1) + 1.0)
    # Variants of similar allele counts together: each takes rare // 2 + 1 terms, the others of its block are padding.
    order = np.argsort(rare, kind="stable")
    order = order[n[order] > 0]
    start = 0
    while start < order.size:
        width = int(rare[order[start]]) // 2 + 1
        block = order[start : start + max(1, _TERMS_AT_ONCE // (width + 64))]
        block = block[rare[block] // 2 + 1 <= width + 64]
        start += block.size
        log_p[block] = _log_hardy_weinberg(rare[block], counts.one[block], n[block], log_factorial, mid_p)
    frequency = counts.effect_frequency
    with np.errstate(invalid="ignore"):
        observed = np.asarray(counts.one / n)
    neg_log10_p = -log_p / np.log(10) + 0.0
    return HardyWeinberg(observed, 2 * frequency * (1 - frequency), np.exp(log_p), neg_log10_p)


#: Terms of the exact test computed at a time (8 bytes each, several times over).
_TERMS_AT_ONCE = 1 << 19
#: Two probabilities nearer than this, relatively, are the same but for rounding.
_SAME = 1e-9


def _log_hardy_weinberg(
    rare: IntArray, heterozygous: IntArray, n: IntArray, log_factorial: FloatArray, mid_p: bool
) -> FloatArray:
    """Return the natural logarithm of the p-value, shape (n_variants,)."""
    # Rare homozygotes go from 0 to rare // 2; heterozygotes are the rest of the rare alleles.
    homozygous = np.arange(int(rare.max()) // 2 + 1)[:, None]
    inside = homozygous <= rare // 2
    one = np.where(inside, rare - 2 * homozygous, 0)
    common = np.where(inside, n - one - homozygous, 0)
    terms = one * np.log(2) - log_factorial[one] - log_factorial[common]
    terms -= log_factorial[np.where(inside, homozygous, 0)]
    terms[~inside] = -np.inf
    largest = terms.max(axis=0)
    columns = np.arange(rare.size)
    found = terms[(rare - heterozygous) // 2, columns]
    log_total = largest + np.log(np.exp(terms - largest).sum(axis=0))
    # Relative to what was found: so a sum of terms that are all too small for a double is not lost.
    difference = terms - found
    weights = np.where(difference <= _SAME, np.exp(np.minimum(difference, 0)), 0.0)
    if mid_p:
        weights[np.abs(difference) <= _SAME] *= 0.5
    return np.asarray(np.minimum(found + np.log(weights.sum(axis=0)) - log_total, 0.0))


@dataclass(frozen=True, slots=True)
class VariantQuality:
    """Which variants pass the filters, and which do not, by reason; a variant can fail several.

    Attributes
    ----------
    kept, too_missing, too_rare, off_hardy_weinberg : ndarray of bool, shape (n_variants,)
    """

    kept: BoolArray
    too_missing: BoolArray
    too_rare: BoolArray
    off_hardy_weinberg: BoolArray


def check_variants(
    counts: GenotypeCounts, *, most_missing: float = 1.0, least_maf: float = 0.0, least_hardy_p: float = 0.0
) -> VariantQuality:
    """Judge variants by missingness, frequency and Hardy-Weinberg, as PLINK's ``--geno``, ``--maf``, ``--hwe``.

    Parameters
    ----------
    counts : GenotypeCounts
        By variant.
    most_missing : float
        Largest share of missing genotypes that passes.
    least_maf : float
        Smallest minor allele frequency that passes.
    least_hardy_p : float
        Smallest Hardy-Weinberg p-value that passes; 0 leaves that test out.
    """
    n_all = counts.called + counts.missing
    # Shares as counts, with a little room: 3 of 30 passes 0.1 whatever its last digit.
    too_missing = (counts.missing > most_missing * n_all * (1 + _SAME)) | (counts.called == 0)
    minor = np.minimum(counts.copies, counts.alleles - counts.copies)
    too_rare = minor < least_maf * counts.alleles * (1 - _SAME)
    off = np.zeros(n_all.shape, dtype=bool)
    if least_hardy_p > 0:
        off = check_hardy_weinberg(counts).p_value < least_hardy_p * (1 - _SAME)
    return VariantQuality(~(too_missing | too_rare | off), too_missing, too_rare, off)


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


# --- tables ----------------------------------------------------------------------------------------


def lines_of(text: str) -> list[str]:
    """Return the lines of a table. Not str.splitlines, for which a name may hold what ends a line."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _rows(table: bytes, name: str, n_cells: int) -> list[list[str]]:
    try:
        rows = [line.split() for line in lines_of(table.decode("utf-8")) if line.strip()]
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start:,})") from None
    for number, row in enumerate(rows, start=1):
        if len(row) != n_cells:
            raise InputError(f"{name}, line {number}: {len(row)} cells where {n_cells} are needed")
    return rows


def _lines(rows: Iterable[tuple[object, ...]]) -> bytes:
    lines = ("\t".join("_".join(str(cell).split()) for cell in row) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode("utf-8")
