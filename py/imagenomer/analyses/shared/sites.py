"""What analyses that harmonise share: whom, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from imagenomer.analyses.shared.sample import Sample, counted, listed
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.types import BoolArray

COMBAT_CITATIONS = (
    "Johnson, Li and Rabinovic (2007), Biostatistics 8:118.",
    "Fortin et al. (2018), NeuroImage 167:104.",
)


def site_of(cohort: Cohort, name: str, preserved: Sequence[str]) -> Phenotype:
    """Return the category whose levels are sites; refuse a number, or one that is to be preserved too."""
    site = cohort.phenotype(name)
    if not site.levels:
        raise InputError(f"{site.name} is a number, and sites are a category; choose another phenotype")
    if site.name in preserved:
        raise InputError(f"{site.name} cannot be both removed and preserved; leave it out of what is preserved")
    return site


def draw_of_sites(
    draw: Callable[[Mapping[str, BoolArray]], Sample], site: Phenotype, smallest: int, missing: Mapping[str, BoolArray]
) -> Sample:
    """Draw a sample without the subjects of sites that are too small.

    Parameters
    ----------
    draw : callable
        Makes the sample, given what is missing.
    site : Phenotype
    smallest : int
        Subjects that a site needs.
    missing : mapping of str to ndarray of bool
        The site's own missing values among them.
    """
    sample = draw(missing)
    counts = np.bincount(site.values[sample.subjects].astype(np.intp), minlength=len(site.levels))
    small = (counts > 0) & (counts < smallest)
    if not small.any():
        return sample
    of_small = np.append(small, False)[site.values.astype(np.intp)]  # -1 (missing) takes the last
    return draw({**missing, f"a {site.name} of at least {counted(smallest, 'subject')}": of_small})


def preserved_in_words(covariates: Sequence[str]) -> str:
    if not covariates:
        return "nothing is preserved"
    return f"the variance explained by {listed(covariates)} is preserved"
