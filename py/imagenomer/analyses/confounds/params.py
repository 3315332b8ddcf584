"""The form of a confound report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import (
    GroupChoice,
    Integer,
    LevelChoice,
    MeasureChoice,
    Number,
    PhenotypeChoice,
    PhenotypesChoice,
    RunChoice,
    SessionChoice,
    TaskChoice,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS


@dataclass(frozen=True, slots=True)
class Params:
    target: Annotated[str, PhenotypeChoice()] = field(metadata={"help": "What is to be explained or predicted."})
    level: Annotated[str | None, LevelChoice(of="target", whole="All levels")] = field(
        default=None, metadata={"help": "Compared with all other levels."}
    )
    candidates: Annotated[tuple[str, ...], PhenotypesChoice(without=("target",))] = field(
        default=(),
        metadata={"help": "What might explain it instead. None chosen: all that are known of enough people."},
    )
    ancestry_components: Annotated[int, Integer(minimum=0, maximum=MOST_COMPONENTS, step=1)] = field(
        default=2, metadata={"help": "Candidates too, where there are genotypes."}
    )
    measure: Annotated[str | None, MeasureChoice()] = None
    task: Annotated[str | None, TaskChoice()] = None
    session: Annotated[str | None, SessionChoice()] = None
    run: Annotated[str | None, RunChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None
    permutations: Annotated[int, Integer(minimum=99, maximum=10_000, step=1)] = field(
        default=499, metadata={"section": "Protocol", "help": "Rearrangements of people in every test."}
    )
    repetitions: Annotated[int, Integer(minimum=1, maximum=20, step=1)] = field(
        default=1, metadata={"section": "Protocol", "help": "How often people are dealt to five folds anew."}
    )
    seed: Annotated[int, Integer(minimum=0, maximum=2**31 - 1, step=1)] = field(
        default=1, metadata={"section": "Protocol", "help": "The same seed gives the same result."}
    )
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = field(
        default=0.05, metadata={"section": "Protocol"}
    )
