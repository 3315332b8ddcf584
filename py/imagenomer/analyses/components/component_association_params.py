"""The form of component association."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import Choice, Integer, PhenotypesChoice
from imagenomer.analyses.shared.decompositions import Source
from imagenomer.analyses.shared.form_fields import (
    Alpha,
    Families,
    Seed,
    Variance,
    alpha_field,
    families_field,
    permutations_field,
    seed_field,
    variance_field,
)
from imagenomer.analyses.shared.inference import BY_P

MAX_T = "max-t"
CORRECTIONS = {**BY_P, MAX_T: "permutation max-T"}


@dataclass(frozen=True, slots=True)
class Params(Source):
    phenotypes: Annotated[tuple[str, ...], PhenotypesChoice()] = field(
        default=(), metadata={"help": "One for details, several for a grid; none stands for all."}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice()] = field(
        default=(), metadata={"help": "Adjusted for by a linear model."}
    )
    correction: Annotated[str, Choice(tuple(CORRECTIONS.items()))] = field(
        default="bonferroni", metadata={"help": "Over all components, and over all phenotypes that are tested."}
    )
    variance: Variance = variance_field()
    families: Families = families_field()
    permutations: Annotated[int, Integer(minimum=99, maximum=20_000, step=100)] = permutations_field(
        when={"correction": (MAX_T,)}
    )
    permutation_seed: Seed = seed_field(when={"correction": (MAX_T,)})
    alpha: Alpha = alpha_field()
