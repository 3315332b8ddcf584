"""What analyses of variants share: whose genotypes are used, where variants stand, and the words for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagenomer import groups
from imagenomer.analyses.shared.sample import Exclusion, counted, dropped_numbers, left_after, left_out, refuse
from imagenomer.cohort import Cohort, VariantSet
from imagenomer.genotypes import X, chromosome_numbers
from imagenomer.groups.sentence import Sentence, whose
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

#: How genotypes become one number, and how a sentence says it.
CODINGS = {
    "additive": "Additive (0, 1, 2 copies)",
    "dominant": "Dominant (any copy)",
    "recessive": "Recessive (two copies)",
    "heterozygous": "Heterozygous (one copy)",
}
CODED = {
    "additive": "counted as 0, 1 or 2 copies of the effect allele",
    "dominant": "counted as 1 with any copy of the effect allele and 0 without",
    "recessive": "counted as 1 with two copies of the effect allele and 0 otherwise",
    "heterozygous": "counted as 1 with one copy of the effect allele and 0 otherwise",
}


@dataclass(frozen=True, slots=True, eq=False)
class GenotypeSample:
    """The subjects of an analysis of variants.

    Attributes
    ----------
    variants : VariantSet
    subjects : ndarray, shape (n_subjects,)
        Index of each in the cohort, ascending.
    dropped : tuple of Exclusion
        Subjects of the group who are not used, each under the first reason that applies.
    sentences : tuple of str
        Who is used and who was left out, in plain words.
    """

    variants: VariantSet
    subjects: IntArray
    dropped: tuple[Exclusion, ...]
    sentences: tuple[str, ...]

    @property
    def n_subjects(self) -> int:
        return int(self.subjects.size)

    @property
    def dosage(self) -> NDArray[np.int8]:
        """Genotypes of these subjects, shape (n_subjects, n_variants); do not write to it."""
        whole = self.variants.dosage
        return whole if self.n_subjects == len(whole) else whole[self.subjects]

    @property
    def numbers(self) -> dict[str, Json]:
        """The sample as `Report.numbers` has it."""
        return {
            "variants": self.variants.name,
            "n_subjects": self.n_subjects,
            **dropped_numbers(self.dropped),
        }


def draw_genotyped(
    cohort: Cohort,
    *,
    variants: str | None,
    group: str | None,
    missing: Mapping[str, BoolArray] | None = None,
    at_least: int = 1,
) -> GenotypeSample:
    """Choose the subjects of an analysis of variants, and say who is not among them.

    Parameters
    ----------
    cohort : Cohort
    variants : str or None
        Name of a set of variants; None: the first there is.
    group : str or None
        Group expression; None: everybody.
    missing : mapping of str to ndarray of bool, shape (n_subjects,), optional
        Phenotypes in use: name to where it is missing.
    at_least : int
        Subjects that the analysis needs.

    Raises
    ------
    InputError
        If a name or the group is not understood, or fewer than ``at_least`` subjects remain.
    """
    chosen = cohort.variant_set(variants)
    selection = groups.select(cohort, group)
    genotyped = np.array([bool((row >= 0).any()) for row in chosen.dosage], dtype=bool)
    reasons = {f"without genotypes in {chosen.name}": ~genotyped}
    remaining, dropped = left_after(cohort, selection, reasons, missing or {})
    subjects = np.flatnonzero(remaining)
    if subjects.size < at_least:
        refuse(cohort, int(subjects.size), at_least, group, dropped)
    start, end = f"{counted(subjects.size, 'subject')} (", f") with genotypes in {chosen.name}."
    said = [Sentence(start, *whose(group), end), *left_out(dropped)]
    return GenotypeSample(chosen, subjects, tuple(dropped), tuple(said))


def about_relatives(cohort: Cohort, subjects: IntArray) -> list[str]:
    """Warn of children whose parents the .fam file names: they are not independent observations."""
    founder = cohort.phenotypes.get("founder")
    if founder is None or founder.levels != ("no", "yes"):
        return []
    n = int(np.count_nonzero(founder.values[subjects] == 0))
    if not n:
        return []
    return [
        f"{counted(n, 'subject')} here {'has' if n == 1 else 'have'} parents in the .fam file but "
        f"{'is' if n == 1 else 'are'} treated as independent; "
        'choose the group founder == "yes" to exclude them, as PLINK does for frequencies.'
    ]


def variant_label(variants: VariantSet, index: int) -> str:
    """Return a variant for titles: "rs429358 (19:45411941, C/T)"."""
    chromosome, position = variants.chromosomes[index], int(variants.positions[index])
    alleles = (variants.effect_alleles[index], variants.other_alleles[index])
    known = [f"{chromosome}:{position}"] if chromosome != "0" and position else []
    if alleles != ("0", "0"):
        known.append("/".join(alleles))
    return variants.variant_ids[index] + (f" ({', '.join(known)})" if known else "")


def places(variants: VariantSet, which: IntArray) -> tuple[FloatArray, tuple[tuple[float, str], ...], IntArray]:
    """Lay variants out along the chromosomes.

    Parameters
    ----------
    variants : VariantSet
    which : ndarray of int

    Returns
    -------
    x : ndarray, shape (len(which),)
        Megabases from the start of the first chromosome that occurs, all in a row; those without a place come last.
    ticks : tuple of (float, str)
        Middle and name of each chromosome.
    numbers : ndarray of int, shape (len(which),)
        Of the chromosome; 0 where unknown.
    """
    numbers = chromosome_numbers([variants.chromosomes[index] for index in which.tolist()])
    positions = variants.positions[which] / 1e6
    x = np.zeros(which.size)
    ticks, start = [], 0.0
    order = [*np.unique(numbers[numbers > 0]).tolist(), *([0] if (numbers == 0).any() else [])]
    for number in order:
        own = np.flatnonzero(numbers == number)
        here = positions[own] if number else np.linspace(0, max(start, 1.0) / 20, own.size)
        x[own] = start + here - here.min()
        ticks.append((start + float(np.ptp(here)) / 2, _NAMES.get(number, str(number))))
        start = float(x[own].max()) + max(start, float(np.ptp(here)), 1.0) / 100
    return x, tuple(ticks), numbers


_NAMES = {0: "?", X: "X", 24: "Y", 25: "XY", 26: "MT"}


def thin_points(neg_log10_p: FloatArray, most: int) -> IntArray:
    """Choose which points of a QQ plot to draw, of values sorted from the largest: the eye cannot tell the difference.

    All of the strongest half of ``most``, and evenly many of the others.
    """
    n = neg_log10_p.size
    if n <= most:
        return np.arange(n)
    strongest = most // 2
    return np.concatenate([np.arange(strongest), np.linspace(strongest, n - 1, most - strongest).astype(np.intp)])


def genotype_names(variants: VariantSet, index: int) -> tuple[str, str, str]:
    """Return what no, one and two copies of the effect allele are called: "T/T", "C/T", "C/C"."""
    effect, other = variants.effect_alleles[index], variants.other_alleles[index]
    if (effect, other) == ("0", "0"):
        return "no copy", "one copy", "two copies"
    return f"{other}/{other}", f"{effect}/{other}", f"{effect}/{effect}"


def shares(numbers: Sequence[tuple[int, str]]) -> str:
    """Join what was left out, and why, for a sentence; empty where nothing was."""
    return ", ".join(f"{n:,} {why}" for n, why in numbers if n)
