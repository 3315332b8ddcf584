"""The form of a confound report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import (
    Integer,
    LevelChoice,
    PhenotypeChoice,
    PhenotypesChoice,
)
from imagenomer.analyses.shared.form_fields import (
    Alpha,
    AncestryComponents,
    SampleFields,
    Seed,
    alpha_field,
    ancestry_field,
    permutations_field,
    seed_field,
)


@dataclass(frozen=True)
class TargetFields:
    """What is to be explained, and what might explain it instead."""

    target: Annotated[str, PhenotypeChoice()] = field(metadata={"help": "What is to be explained or predicted."})
    level: Annotated[str | None, LevelChoice(of="target", whole="All levels")] = field(
        default=None, metadata={"help": "Compared with all other levels."}
    )
    candidates: Annotated[tuple[str, ...], PhenotypesChoice(without=("target",))] = field(
        default=(),
        metadata={"help": "What might explain it instead. None chosen: all that enough subjects have."},
    )
    ancestry_components: AncestryComponents = ancestry_field(2, help="Candidates too, where there are genotypes.")


@dataclass(frozen=True)
class Params(SampleFields, TargetFields):
    permutations: Annotated[int, Integer(minimum=99, maximum=10_000, step=1)] = permutations_field(
        499, section="Protocol", help="Permutations of subjects in every test."
    )
    repetitions: Annotated[int, Integer(minimum=1, maximum=20, step=1)] = field(
        default=1, metadata={"section": "Protocol", "help": "How often the five-fold assignment is repeated."}
    )
    seed: Seed = seed_field(section="Protocol")
    alpha: Alpha = alpha_field(section="Protocol")
