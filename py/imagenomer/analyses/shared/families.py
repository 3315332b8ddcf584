"""Who is related: columns that say so by their role or their name, and what to say where none is used."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.types import IntArray

#: Names of a column that says who is related, in lower case and without what is no letter.
_FAMILY_NAMES = ("family", "familyid", "familynumber", "fid", "famid", "fam", "relfamilyid", "pedigree", "pedigreeid")
#: Fewer families than this are rather sites, or levels of something else.
_FEWEST_FAMILIES = 5


def is_named_after_families(name: str) -> bool:
    """Return whether a column says who is related, by its name: family, fam_id, FID, rel_family_id, pedigree."""
    return "".join(letter for letter in name.lower() if letter.isalpha()) in _FAMILY_NAMES


def says_who_is_related(phenotype: Phenotype) -> bool:
    """Return whether a column says who is related: by the role that the user gave it, else by its name."""
    if phenotype.role:
        return phenotype.role == "family"
    return is_named_after_families(phenotype.name)


def family_codes(phenotype: Phenotype, subjects: IntArray) -> IntArray:
    """Return the family of each of some subjects, from 0 on; whoever has no value is of a family of their own."""
    values, missing = phenotype.values[subjects].astype(np.float64), phenotype.missing[subjects]
    values[missing] = np.max(values[~missing], initial=0) + 1 + np.arange(np.count_nonzero(missing))
    return np.unique(values, return_inverse=True)[1].astype(np.intp)


def named_families(cohort: Cohort, subjects: IntArray) -> list[str]:
    """Return the phenotypes that say who is related and have relatives in enough families; those with the role first.

    By their name columns count from five families on: fewer are rather sites. Whose role is family counts from two on.
    """
    found: dict[str, list[str]] = {"family": [], "": []}
    for name, phenotype in cohort.phenotypes.items():
        if says_who_is_related(phenotype):
            n_families = int(family_codes(phenotype, subjects).max(initial=-1)) + 1
            if (2 if phenotype.role else _FEWEST_FAMILIES) <= n_families < subjects.size:
                found[phenotype.role].append(name)
    return [*found["family"], *found[""]]


def related_by(cohort: Cohort, name: str | None, used: Iterable[str] = ()) -> Phenotype | None:
    """Return the phenotype that says who is related; None where none is chosen.

    Parameters
    ----------
    cohort : Cohort
    name : str or None
    used : iterable of str
        Phenotypes that are tested or adjusted for.

    Raises
    ------
    InputError
        If the phenotype is not known, or one of those.
    """
    if name is None:
        return None
    if name in used:
        raise InputError(f"{name} says who is related and cannot be tested or adjusted for too; leave it out")
    return cohort.phenotype(name)


def family_warnings(cohort: Cohort, subjects: IntArray, used: Iterable[str | None], way_out: str) -> list[str]:
    """Warn of columns that may say who is related, where an analysis takes subjects for independent.

    Parameters
    ----------
    cohort : Cohort
    subjects : ndarray of int, shape (n_subjects,)
    used : iterable of str or None
        Phenotypes that the analysis uses for who is related, or in any other way.
    way_out : str
        How it can use them: "choose it under Families".
    """
    known = set(used)
    return [
        f"{name} may say who is related, and is not used for that: relatives are alike, so that p-values are too "
        f"small; {way_out}."
        for name in named_families(cohort, subjects)
        if name not in known
    ]
