"""What a .fam file says of people beside their names: sex, phenotype, and whether they have parents in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np

from imagenomer.cohort import FAM_SEX, Phenotype, VariantSet, sexes_in
from imagenomer.genotypes import FamTable
from imagenomer.readers.columns import ColumnNotes, read_column
from imagenomer.types import IntArray

#: Variants, people and what these are called, of each fileset.
ReadSets: TypeAlias = list[tuple[VariantSet, FamTable, tuple[str, ...]]]

_WHOLE = re.compile(r"([+-]?[0-9]+)\.0*")


def without_fraction(text: str) -> str:
    """Return a number that is whole without the fraction that some programs write: -9 for -9.0, 2 for 2.00."""
    found = _WHOLE.fullmatch(text.strip())
    return text if found is None else found[1]


def sex_beside(others: Iterable[Phenotype], sexes: IntArray) -> Phenotype | None:
    """Return the sex of .fam files as a phenotype; None where nobody's is known, or others say it already.

    Parameters
    ----------
    others : iterable of Phenotype
        What is known of the subjects otherwise. If one is called sex but does not tell men from women (1 and 0, say),
        the name is another (`imagenomer.cohort.FAM_SEX`).
    sexes : ndarray of int, shape (n_subjects,)
        1 male, 2 female, 0 unknown.
    """
    others = list(others)
    if not sexes.any() or sexes_in(others, sexes.size).any():
        return None
    name = FAM_SEX if any(one.name.lower() == "sex" for one in others) else "sex"
    # Codes: 0 F, 1 M, -1 missing.
    return Phenotype(name, np.array([-1, 1, 0])[sexes], ("F", "M"), "Sex, from the .fam file")


def fam_phenotypes(
    position: Mapping[str, int], read_sets: ReadSets, others: Iterable[Phenotype]
) -> dict[str, Phenotype]:
    """Return sex, phenotype and founder of the .fam files; of several files the first that knows.

    Parameters
    ----------
    position : mapping
        Each subject's place in the cohort.
    read_sets : list
        Variants, people and their names, of each fileset.
    others : iterable of Phenotype
        What is known of the subjects otherwise.
    """
    sexes = np.zeros(len(position), dtype=np.intp)
    texts = [""] * len(position)
    founder = np.full(len(position), -1, dtype=np.intp)
    for _, people, own in reversed(read_sets):
        rows = np.array([position[name] for name in own], dtype=np.intp)
        sexes[rows] = np.where(people.sexes > 0, people.sexes, sexes[rows])
        founder[rows] = people.founders
        for row, text in zip(rows.tolist(), people.phenotypes, strict=True):
            text = without_fraction(text)
            texts[row] = text if text not in ("-9", "NA", "nan") else texts[row]
    phenotypes = {}
    sex = sex_beside(others, sexes)
    if sex is not None:
        phenotypes[sex.name] = sex
    if {*texts} <= {"", "0", "1", "2"}:
        status = np.array([{"1": 0, "2": 1}.get(text, -1) for text in texts], dtype=np.intp)
        if (status >= 0).any():
            phenotypes["phenotype"] = Phenotype(
                "phenotype", status, ("control", "case"), "Phenotype, from the .fam file (1 control, 2 case)"
            )
    else:
        column = read_column(
            "phenotype", texts, ColumnNotes(), is_table=True, description="Phenotype, from the .fam file"
        )
        if column is not None:
            phenotypes["phenotype"] = column
    if (founder == 0).any():
        phenotypes["founder"] = Phenotype(
            "founder", founder, ("no", "yes"), "Whether the .fam file names no parent of this person"
        )
    return phenotypes
