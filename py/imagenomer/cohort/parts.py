"""Parts of a cohort: scans, measures, phenotypes, genotypes, components, weights, and the lines of its log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imagenomer.cache import Caches
from imagenomer.errors import InputError
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray, JsonObject

#: How a line of the import log is shown.
Severity = Literal["recognised", "ignored", "warning"]
#: What a phenotype is for, where the user says it.
PhenotypeRole = Literal["", "family", "site", "date", "none"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the import log: what was recognised, ignored or is doubtful, in plain words.

    ``items`` lists what the line is about (subjects, files, columns), in full.
    """

    severity: Severity
    message: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """One way to read files, and the part of a recipe (`imagenomer.readers.recipe`) that asks for it.

    Attributes
    ----------
    meaning : str
        In words.
    recipe : mapping
        What it adds to a recipe.
    chosen : bool
        The files were read so.
    sketch : ndarray, shape (n, n), or None
        The first matrix as it looks then, coarsened; NaN on the diagonal.
    """

    meaning: str
    recipe: JsonObject
    chosen: bool = False
    sketch: Float32Array | None = None


@dataclass(frozen=True, slots=True)
class Understanding:
    """One line of what the files were taken for, as the page shows it before anything is computed.

    ``items`` are its evidence or its parts; ``certain`` is False where somebody should look; ``alternatives`` are the
    ways to read it, among them the one that was taken.
    """

    topic: Literal["people", "scans", "connectivity", "parcels", "phenotypes", "genotypes", "not used"]
    text: str
    items: tuple[str, ...] = ()
    certain: bool = True
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Phenotype:
    """One column about subjects.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n_subjects,)
        A number: float64, NaN where missing. A category: intp codes into
        ``levels``, -1 where missing.
    levels : tuple of str
        The categories in display order; empty for a number.
    description, units : str
        From the data dictionary, else "".
    role : "family", "site", "date", "none" or ""
        What the user says that it is for; "none": nothing, whatever its name; "": nothing was said.
    """

    name: str
    values: FloatArray | IntArray
    levels: tuple[str, ...] = ()
    description: str = ""
    units: str = ""
    role: PhenotypeRole = ""

    @property
    def kind(self) -> Literal["number", "category"]:
        return "category" if self.levels else "number"

    @property
    def missing(self) -> BoolArray:
        """True where the subject has no value, shape (n_subjects,)."""
        if self.levels:
            return np.asarray(self.values < 0)
        return np.isnan(self.values)

    def indicator(self, level: str) -> FloatArray:
        """Return 1.0 for subjects of ``level``, 0.0 for the others and NaN where missing, shape (n_subjects,).

        Raises
        ------
        InputError
            If this is not a category, or has no such level.
        """
        if level not in self.levels:
            raise InputError(f"{self.name} has no level {level!r}; it has: {', '.join(self.levels) or 'numbers'}")
        indicator: FloatArray = (self.values == self.levels.index(level)).astype(np.float64)
        indicator[self.missing] = np.nan
        return indicator


@dataclass(frozen=True, slots=True, eq=False)
class ReadColumn:
    """A column as it was read.

    Attributes
    ----------
    phenotype : Phenotype
        With every value, those that stand for a missing one too.
    codes : tuple of float
        Numbers that the reader took for missing values.
    """

    phenotype: Phenotype
    codes: tuple[float, ...] = ()


def condition_parts(task: str | None, session: str | None, run: str | None) -> list[str]:
    """Return "rest", "session 2" and "run 1", without what does not apply."""
    parts = (task, session and f"session {session}", run and f"run {run}")
    return [part for part in parts if part]


def condition_name(task: str | None, session: str | None, run: str | None) -> str:
    """Return "rest, session 2, run 1", without what does not apply."""
    return ", ".join(condition_parts(task, session, run))


@dataclass(frozen=True, slots=True, order=True)
class Scan:
    """One subject x session x task x run. Empty strings where a part does not apply."""

    task: str
    subject: str
    session: str = ""
    run: str = ""

    @property
    def title(self) -> str:
        """Such as "Subject 10 · rest", with session and run where there are any."""
        return " · ".join([f"Subject {self.subject}", *condition_parts(self.task, self.session, self.run)])


@dataclass(frozen=True, slots=True)
class Measure:
    """Connectivity of one kind (``fc``, ``partial``) for the scans of a cohort.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n_scans, n_edges), float32
        In the cohort's scan order and edge order; a row of NaN where the scan has no such measure.
    present : ndarray, shape (n_scans,)
        True where the scan has this measure.
    made : str
        How it was made here of another measure, of everybody at once, in a sentence; "" for one that was measured.
    """

    name: str
    values: Float32Array
    present: BoolArray
    made: str = ""


@dataclass(frozen=True, slots=True)
class VariantSet:
    """Genotypes of the cohort's subjects.

    Attributes
    ----------
    name : str
    dosage : ndarray, shape (n_subjects, n_variants), int8
        Copies of ``effect_allele`` (0, 1, 2), -1 where missing.
    variant_ids : tuple of str, length n_variants
    chromosomes : tuple of str, length n_variants
        "0" where unknown.
    positions : ndarray, shape (n_variants,)
        Base pairs; 0 where unknown.
    effect_alleles, other_alleles : tuple of str, length n_variants
        "0" where unknown (the predecessor's files name no alleles; there the counted allele is the major one).
    caches : Caches
        For what depends on these genotypes alone (ancestry); dies with them.
    """

    name: str
    dosage: NDArray[np.int8]
    variant_ids: tuple[str, ...]
    chromosomes: tuple[str, ...]
    positions: IntArray
    effect_alleles: tuple[str, ...]
    other_alleles: tuple[str, ...]
    # Not of init: a copy with other genotypes (dataclasses.replace) has none of these answers.
    caches: Caches = field(default_factory=Caches, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Components of connectivity, and how much of each a subject has.

    Attributes
    ----------
    name : str
    components : ndarray, shape (n_components, n_edges), float32
    scores : ndarray, shape (n_subjects, n_components)
        NaN for subjects without scores.
    """

    name: str
    components: Float32Array
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class ModelWeights:
    """Weights of a model trained elsewhere or here.

    Attributes
    ----------
    name : str
        Path below ``weights/`` without the extension ("Fibromyalgia_Impact_Score/Ridge0").
    values : ndarray, shape (n_edges,) or (3 * n_variants,)
        In edge order (a reader converts what was stored in display order).
    description : str
    train_subjects, test_subjects : tuple of str
        One entry a training or test row; repeats mean several scans of a person.
    """

    name: str
    values: FloatArray
    description: str = ""
    train_subjects: tuple[str, ...] = ()
    test_subjects: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Observations:
    """One row of connectivity a subject.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_edges), float32
        A view of the cohort's own array where no averaging was needed: do not write to it.
    subjects : ndarray, shape (n_rows,)
        Index of each row's subject in ``Cohort.subjects``, ascending.
    n_scans : ndarray, shape (n_rows,)
        Scans averaged into each row.
    n_tasks : ndarray, shape (n_rows,)
        Tasks averaged into each row.
    caches : Caches
        For what depends on these rows alone (column moments, ranks); dies with them.
    """

    values: Float32Array
    subjects: IntArray
    n_scans: IntArray
    n_tasks: IntArray
    caches: Caches = field(default_factory=Caches)


def natural_key(text: str) -> tuple[tuple[int, int, str, str], ...]:
    """Sort key that puts "2" before "10" and "sub-9" before "sub-10"."""
    return tuple(_part_key(part) for part in re.findall(r"[0-9]+|[^0-9]+", text))


def _part_key(part: str) -> tuple[int, int, str, str]:
    if part[0] not in "0123456789":
        return (1, 0, part, "")
    # Digits in order of their number: not int(), which refuses to read thousands of them.
    number = part.lstrip("0")
    return (0, len(number), number, part)


#: What the sex of a .fam file is called where a phenotype that does not tell men from women is called sex.
FAM_SEX = "sex (.fam)"


def sexes_in(phenotypes: Iterable[Phenotype], n_subjects: int) -> IntArray:
    """Return 1 for men, 2 for women, 0 where unknown, from a category called sex or gender, or that of a .fam file.

    Of several the first whose levels are M and F, or male and female, in any case; shape (n_subjects,).
    """
    codes = {"m": 1, "male": 1, "f": 2, "female": 2}
    for phenotype in phenotypes:
        if phenotype.name.lower() in ("sex", "gender", FAM_SEX) and phenotype.levels:
            by_level = np.array([codes.get(level.lower(), 0) for level in phenotype.levels] + [0])
            if by_level.any():
                return np.asarray(by_level[phenotype.values.astype(np.intp)])  # -1 (missing) takes the last
    return np.zeros(n_subjects, dtype=np.intp)
