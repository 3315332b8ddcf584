"""Genotypes: variant sets from and to files.

Dosage counts copies of the effect allele, PLINK's A1; -1 is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import VariantSet
from imagenomer.errors import InputError
from imagenomer.types import FloatArray

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


def read_plink(files: PlinkFiles, name: str) -> tuple[VariantSet, tuple[str, ...]]:
    """Read PLINK's binary files.

    Returns
    -------
    variants : VariantSet
        Its rows are in the order of the .fam file.
    subjects : tuple of str
        Individual identifiers (IID) of the rows.

    Raises
    ------
    InputError
        If the .bed file is not variant-major, its size does not fit the tables, or a table has a line of another form.
    """
    people = _rows(files.fam, f"{name}.fam", 6)
    variants = _rows(files.bim, f"{name}.bim", 6)
    if files.bed[:3] != _BED_MAGIC:
        raise InputError(f"{name}.bed is not a variant-major PLINK file: it begins with {files.bed[:3]!r}")
    n_bytes = -(-len(people) // 4)
    expected, found = 3 + n_bytes * len(variants), len(files.bed)
    if found != expected:
        raise InputError(
            f"{name}.bed has {found:,} bytes; {len(variants):,} variants of {len(people):,} people need {expected:,}"
        )
    packed = np.frombuffer(files.bed, np.uint8, offset=3).reshape(len(variants), n_bytes)
    dosage = np.empty((len(people), len(variants)), dtype=np.int8)
    for start in range(0, len(variants), 1024):
        block = _DOSAGES_OF_BYTE[packed[start : start + 1024]].view(np.int8)
        dosage[:, start : start + 1024] = block[:, : len(people)].T
    try:
        positions = np.array([int(row[3]) for row in variants], dtype=np.intp)
    except ValueError as error:
        raise InputError(f"{name}.bim: a position is not a whole number ({error})") from None
    return (
        VariantSet(
            name=name,
            dosage=dosage,
            variant_ids=tuple(row[1] for row in variants),
            chromosomes=tuple(row[0] for row in variants),
            positions=positions,
            effect_alleles=tuple(row[4] for row in variants),
            other_alleles=tuple(row[5] for row in variants),
        ),
        tuple(row[1] for row in people),
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


def _rows(table: bytes, name: str, n_cells: int) -> list[list[str]]:
    try:
        rows = [line.split() for line in table.decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start:,})") from None
    for number, row in enumerate(rows, start=1):
        if len(row) != n_cells:
            raise InputError(f"{name}, line {number}: {len(row)} cells where {n_cells} are needed")
    return rows


def _lines(rows: Iterable[tuple[object, ...]]) -> bytes:
    lines = ("\t".join("_".join(str(cell).split()) for cell in row) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode("utf-8")
