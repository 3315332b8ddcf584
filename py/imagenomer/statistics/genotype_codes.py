"""Codes of genotypes: what 0, 1 and 2 copies of the effect allele count as in a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imagenomer.types import FloatArray

#: What a genotype counts as, for 0, 1, 2 copies of the effect allele: "additive" 0 1 2, "dominant" 0 1 1, "recessive"
#: 0 0 1, "heterozygous" 0 1 0; "genotypic" is additive and heterozygous together, tested with 2 degrees of freedom;
#: "none" is 1 0 0, which separates any one genotype from the other two.
Model: TypeAlias = Literal["additive", "dominant", "recessive", "heterozygous", "genotypic", "none"]

_CODES: dict[str, tuple[tuple[str, Callable[[NDArray[np.int8]], NDArray[Any]]], ...]] = {
    "additive": (("additive", lambda dosage: np.maximum(dosage, 0)),),
    "dominant": (("dominant", lambda dosage: dosage > 0),),
    "recessive": (("recessive", lambda dosage: dosage == 2),),
    "heterozygous": (("heterozygous", lambda dosage: dosage == 1),),
    "genotypic": (
        ("additive", lambda dosage: np.maximum(dosage, 0)),
        ("heterozygous", lambda dosage: dosage == 1),
    ),
    "none": (("none", lambda dosage: dosage == 0),),
}


def term_names(model: Model) -> tuple[str, ...]:
    """Return what the terms of a model are called, of which most have one."""
    return tuple(name for name, _ in _CODES[model])


def code_genotypes(dosage: NDArray[np.int8], model: Model) -> list[FloatArray]:
    """Return the code of each genotype for each term, 0 where the genotype is missing.

    Parameters
    ----------
    dosage : ndarray, shape (n_subjects, n_variants), int8
        0, 1, 2, or -1 where missing.
    model : str
        See `Model`.
    """
    return [code(dosage).astype(np.float64) for _, code in _CODES[model]]
