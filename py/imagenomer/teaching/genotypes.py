"""Genotypes of the teaching cohort: allele frequencies that differ between ancestral populations, and nothing else.

Variants are unlinked and none has an effect. Frequencies follow the Balding-Nichols model; ancestry group
AA is admixed, and O is a mixture. People were typed on eight platforms that share only some variants.

References
----------
.. [1] Balding DJ, Nichols RA. A method for quantifying differentiation between populations at multi-allelic
   loci and its implications for investigating identity and paternity. Genetica 96, 3-12, 1995.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import VariantSet
from imagenomer.progress import Progress, Steps
from imagenomer.teaching.people import People
from imagenomer.types import BoolArray

N_VARIANTS = 10_433
_SHARE_ON_X = 250 / N_VARIANTS
# Differentiation of the European, African and third ancestral population from their common ancestors.
_F = np.array([0.105, 0.175, 0.11])
_PLATFORM_SHARE = np.array([0.26, 0.20, 0.16, 0.12, 0.10, 0.07, 0.05, 0.04])
_ON_PLATFORM = 0.45
_MINIMUM_CALLED = 100 / 830
_MISSED = 0.012
# Megabases of chromosomes 1 to 22 and X; positions are spread evenly, and invented.
_LENGTHS = (
    *(249, 243, 198, 191, 181, 171, 159, 146, 141, 136, 135, 134),
    *(115, 107, 103, 90, 81, 78, 59, 63, 48, 51, 155),
)
_ALLELES = np.array([("A", "G"), ("G", "A"), ("C", "T"), ("T", "C"), ("A", "C"), ("G", "T")])
#: Between two reports of progress.
_PEOPLE_A_BLOCK = 8


def draw_genotypes(people: People, n_variants: int, rng: np.random.Generator) -> Steps[VariantSet]:
    """Draw the genotypes of everybody; the counted allele is the rarer one among those called."""
    n_subjects = len(people.subjects)
    yield Progress("Drawing genotypes", 0, n_subjects)
    n_on_x = round(_SHARE_ON_X * n_variants)
    ancestral = _draw_frequencies(n_variants, rng)
    proportions = _draw_proportions(people, rng)
    typed, platform = _draw_platforms(n_subjects, n_variants, rng)
    on_x = np.arange(n_variants) >= n_variants - n_on_x
    dosage = np.empty((n_subjects, n_variants), dtype=np.int8)
    copies, called = np.zeros(n_variants, dtype=np.int32), np.zeros(n_variants, dtype=np.int32)
    for person in range(n_subjects):
        if person % _PEOPLE_A_BLOCK == 0:
            yield Progress("Drawing genotypes", person, n_subjects)
        frequency = _mix(proportions[person], ancestral)
        chance = rng.random(n_variants, dtype=np.float32)
        either = frequency * frequency
        row = dosage[person]
        np.add(chance < either, chance < 2 * frequency - either, out=row, dtype=np.int8)
        if people.male[person]:
            row[on_x] = 2 * (chance[on_x] < frequency[on_x])
        missing = ~typed[platform[person]] | (rng.random(n_variants, dtype=np.float32) < _MISSED)
        row[missing] = 0
        copies += row
        called += ~missing
        row[missing] = -1
    # 2 - dosage, but -1 (missing) stays: written so that one pass over rows suffices.
    turned = copies > called
    for person, row in enumerate(dosage):
        if person % (8 * _PEOPLE_A_BLOCK) == 0:
            yield Progress("Drawing genotypes", n_subjects, n_subjects)
        np.copyto(row, 2 - row, where=turned & (row >= 0))
    alleles = _ALLELES[rng.integers(len(_ALLELES), size=n_variants)]
    chromosomes, positions = _place(n_variants, n_on_x, rng)
    return VariantSet(
        name="synthetic",
        dosage=dosage,
        variant_ids=tuple(f"syn{number}" for number in range(1, n_variants + 1)),
        chromosomes=chromosomes,
        positions=positions,
        effect_alleles=tuple(alleles[:, 0].tolist()),
        other_alleles=tuple(alleles[:, 1].tolist()),
    )


def _draw_frequencies(n_variants: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Allele frequency in each ancestral population, shape (3, n_variants)."""
    common = rng.uniform(0.05, 0.95, n_variants)
    spread = ((1 - _F) / _F)[:, None]
    return np.asarray(rng.beta(common * spread, (1 - common) * spread), dtype=np.float32)


def _draw_proportions(people: People, rng: np.random.Generator) -> NDArray[np.float32]:
    """Share of each ancestral population in each person, shape (n_subjects, 3)."""
    n_subjects = len(people.subjects)
    european = rng.beta(3.0, 12.0, n_subjects)  # mean 0.20, SD 0.10
    by_group = np.stack(
        [
            np.tile([1.0, 0.0, 0.0], (n_subjects, 1)),
            np.column_stack([european, 1 - european, np.zeros(n_subjects)]),
            rng.dirichlet((1.2, 0.5, 1.3), n_subjects),
        ]
    )
    return by_group[people.group, np.arange(n_subjects)].astype(np.float32)


def _draw_platforms(n_subjects: int, n_variants: int, rng: np.random.Generator) -> tuple[BoolArray, NDArray[np.intp]]:
    """Which variants each platform types, shape (n_platforms, n_variants), and each person's platform."""
    platform = rng.choice(_PLATFORM_SHARE.size, n_subjects, p=_PLATFORM_SHARE)
    people_on = np.bincount(platform, minlength=_PLATFORM_SHARE.size)
    typed = rng.random((_PLATFORM_SHARE.size, n_variants)) < _ON_PLATFORM
    for index in range(_PLATFORM_SHARE.size):  # the largest first
        too_few = people_on @ typed < _MINIMUM_CALLED * n_subjects
        typed[index] |= too_few
    return typed, platform


def _mix(proportions: NDArray[np.float32], ancestral: NDArray[np.float32]) -> NDArray[np.float32]:
    """A person's expected allele frequencies, shape (n_variants,)."""
    first, second, third = ancestral
    return np.asarray(proportions[0] * first + proportions[1] * second + proportions[2] * third)


def _place(n_variants: int, n_on_x: int, rng: np.random.Generator) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Chromosome and position of each variant, sorted; the last ones lie on X."""
    lengths = np.array(_LENGTHS)
    bounds = np.round((n_variants - n_on_x) * np.cumsum(lengths[:-1]) / lengths[:-1].sum()).astype(np.intp)
    counts = np.diff(np.concatenate([[0], bounds, [n_variants]]))
    names = [*map(str, range(1, 23)), "X"]
    chromosomes = tuple(name for name, count in zip(names, counts, strict=True) for _ in range(count))
    positions = np.concatenate(
        [np.sort(rng.integers(1, length * 1_000_000, count)) for length, count in zip(lengths, counts, strict=True)]
    )
    return chromosomes, positions.astype(np.intp)
