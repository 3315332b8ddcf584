"""Ancestry of a cohort's subjects, as principal components of their genotypes: computed once, kept with the variants.

Whatever adjusts for ancestry asks here, so that all analyses adjust for the same components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagenomer.analyses.shared.sample import counted
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, Phenotype, VariantSet
from imagenomer.errors import InputError
from imagenomer.genotypes import check_variants, chromosome_numbers, count_genotypes_in_steps
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.relatedness import Components, principal_components, relationship_matrix, thin
from imagenomer.types import FloatArray, IntArray

#: Components that are kept; more say little about ancestry.
MOST_COMPONENTS = 20
#: Share of the variants that a subject must have to be placed.
LEAST_CALLED = 0.1
#: Variants that share a window are thinned; then it moves on.
WINDOW, STEP = 50, 5


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which variants ancestry is computed from.

    Attributes
    ----------
    least_maf : float
        Smallest minor allele frequency.
    most_missing : float
        Largest share of subjects without a call.
    most_r_squared : float
        Above it, the rarer of two variants in a window goes.
    """

    least_maf: float = 0.05
    most_missing: float = 0.5
    most_r_squared: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Ancestry:
    """Principal components of a set of variants.

    Attributes
    ----------
    variants : VariantSet
    recipe : Recipe
    scores : ndarray, shape (n_subjects of the cohort, n_components)
        NaN for subjects who could not be placed.
    subjects : ndarray, shape (n_placed,)
        Those who could, ascending.
    components : Components
        Of those.
    n_elsewhere, n_too_missing, n_too_rare, n_linked, n_used : int
        Variants that are not on chromosomes 1 to 22, fail a filter (each counted under the first), or were thinned
        out; and those that were used.
    located : bool
        False where no chromosome is known, so that all variants were taken.
    """

    variants: VariantSet
    recipe: Recipe
    scores: FloatArray
    subjects: IntArray
    components: Components
    n_elsewhere: int
    n_too_missing: int
    n_too_rare: int
    n_linked: int
    n_used: int
    located: bool

    @property
    def sentences(self) -> tuple[str, ...]:
        """How the components were computed, in plain words."""
        recipe, n_placed = self.recipe, self.subjects.size
        where = "on chromosomes 1 to 22" if self.located else "of which no chromosome is known"
        gone = [
            (self.n_elsewhere, "on other chromosomes or none"),
            (self.n_too_missing, f"missing in more than {100 * recipe.most_missing:g} % of the subjects"),
            (self.n_too_rare, f"with a minor allele frequency below {100 * recipe.least_maf:g} %"),
            (self.n_linked, f"in linkage disequilibrium (r² above {recipe.most_r_squared:g} within {WINDOW} variants)"),
        ]
        left_out = ", ".join(f"{n:,} {why}" for n, why in gone if n)
        said = [
            "Ancestry components are the principal components of the relationship matrix of "
            f"{counted(n_placed, 'subject')} over {counted(self.n_used, 'variant')} of {self.variants.name} {where}"
            + (f"; left out: {left_out}." if left_out else ".")
        ]
        n_unplaced = len(self.scores) - n_placed
        if n_unplaced:
            said.append(
                f"{counted(n_unplaced, 'subject')} of the cohort with fewer than {100 * LEAST_CALLED:g} % of these "
                f"genotypes {'has' if n_unplaced == 1 else 'have'} no ancestry components."
            )
        return tuple(said)


_ANCESTRY: Kind[Recipe, Ancestry] = Kind("ancestry", 2)


def components(cohort: Cohort, variants: str | None, n: int) -> Steps[FloatArray]:
    """Return the first components of ancestry of everybody.

    Parameters
    ----------
    cohort : Cohort
    variants : str or None
        Name of a set of variants; None: the first there is.
    n : int

    Returns
    -------
    ndarray, shape (n_subjects, n)
        Each of length 1 over those who have one; a row of NaN for subjects without (enough) genotypes.

    Raises
    ------
    InputError
        If there are no genotypes, no suitable variants, or fewer components.
    """
    found = yield from ancestry(cohort, variants)
    if n > found.scores.shape[1]:
        raise InputError(
            f"{found.variants.name} gives {counted(found.scores.shape[1], 'ancestry component')} and {n} are asked "
            "for; choose fewer"
        )
    return found.scores[:, :n]


def as_phenotypes(scores: FloatArray) -> tuple[Phenotype, ...]:
    """Return components as covariates are given: "ancestry 1", "ancestry 2" and so on."""
    return tuple(Phenotype(f"ancestry {number}", values) for number, values in enumerate(scores.T, start=1))


def ancestry(cohort: Cohort, variants: str | None, recipe: Recipe | None = None) -> Steps[Ancestry]:
    """Return the ancestry of everybody in a cohort, from the cache the second time.

    Raises
    ------
    InputError
        If there are no genotypes, or no suitable variants.
    """
    chosen, recipe = cohort.variant_set(variants), recipe or Recipe()
    cache = chosen.caches[_ANCESTRY]
    found = cache.get(recipe)
    if found is None:
        found = cache.put(recipe, (yield from _compute(chosen, recipe)))
    return found


def _compute(variants: VariantSet, recipe: Recipe) -> Steps[Ancestry]:
    yield Progress("Choosing variants")
    genotyped = np.flatnonzero(_any_known(variants.dosage))
    if genotyped.size < 3:
        raise InputError(
            f"{counted(genotyped.size, 'subject')} with genotypes in {variants.name} are too few for ancestry"
        )
    dosage = variants.dosage if genotyped.size == len(variants.dosage) else variants.dosage[genotyped]
    numbers = chromosome_numbers(variants.chromosomes)
    located = bool(numbers.any())
    here = (numbers >= 1) & (numbers <= 22) if located else np.ones(numbers.size, dtype=bool)
    counts = yield from count_genotypes_in_steps(dosage)
    quality = check_variants(counts, most_missing=recipe.most_missing, least_maf=recipe.least_maf or 1e-9)
    order = np.lexsort((variants.positions, numbers))
    order = order[here[order] & quality.kept[order]]
    kept = yield from thin(
        dosage[:, order],
        [str(number) for number in numbers[order].tolist()],
        window=WINDOW,
        step=STEP,
        most_r_squared=recipe.most_r_squared,
    )
    used = order[kept]
    if not used.size:
        raise InputError(
            f"no variant of {variants.name} is fit for ancestry: they must lie on chromosomes 1 to 22, be known in at "
            f"least {100 * (1 - recipe.most_missing):g} % of the subjects and have a minor allele frequency of at "
            f"least {100 * recipe.least_maf:g} %"
        )
    chosen = dosage[:, used]
    placed = np.flatnonzero((chosen >= 0).mean(axis=1) >= LEAST_CALLED)
    if placed.size < 3:
        raise InputError(f"{counted(placed.size, 'subject')} with genotypes at these variants are too few for ancestry")
    relationship = yield from relationship_matrix(chosen[placed])
    yield Progress("Finding ancestry components")
    found = yield from principal_components(relationship, min(MOST_COMPONENTS, placed.size - 1))
    subjects = genotyped[placed]
    scores = np.full((len(variants.dosage), found.scores.shape[1]), np.nan)
    scores[subjects] = found.scores
    return Ancestry(
        variants,
        recipe,
        scores,
        subjects,
        found,
        n_elsewhere=int(np.count_nonzero(~here)),
        n_too_missing=int(np.count_nonzero(here & quality.too_missing)),
        n_too_rare=int(np.count_nonzero(here & quality.too_rare & ~quality.too_missing)),
        n_linked=int(order.size - used.size),
        n_used=int(used.size),
        located=located,
    )


def _any_known(dosage: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which subjects have any genotype; by rows, since a set may fill the memory."""
    return np.array([bool((row >= 0).any()) for row in dosage], dtype=bool)
