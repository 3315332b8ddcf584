"""PLINK's binary files, from and to variant sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.cohort import VariantSet
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.types import BoolArray, IntArray
from imagenomer.wording import plural

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


@dataclass(frozen=True, slots=True)
class FamTable:
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


def read_plink(files: PlinkFiles, name: str) -> Steps[tuple[VariantSet, FamTable]]:
    """Read PLINK's binary files.

    Returns
    -------
    variants : VariantSet
        Its rows are in the order of the .fam file. A variant called "." is named by its place ("7:55249071").
    people : FamTable

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
            "create it again with plink --make-bed"
        )
    n_bytes = -(-len(people) // 4)
    expected, found = 3 + n_bytes * len(variants), len(files.bed)
    if found != expected:
        raise InputError(
            f"{name}.bed has {plural(found, 'byte')}; {plural(len(variants), 'variant')} of "
            f"{plural(len(people), 'individual')} need "
            f"{expected:,}: the three files do not belong together, or one is cut off"
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
        FamTable(
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
