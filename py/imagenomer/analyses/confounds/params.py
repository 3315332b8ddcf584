"""The form of a confound report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import (
    CohortChoice,
    GroupChoice,
    Integer,
    LevelChoice,
    Number,
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
from imagenomer.statistics.verdict import Bounds

#: Whose association is examined.
EXAMINED = {"open": "This cohort only", "second": "This cohort, and again in the second"}
#: Candidates of one role.
_Names = Annotated[tuple[str, ...], PhenotypesChoice(without=("target",))]
#: A share of an association.
_Share = Annotated[float, Number(minimum=0.05, maximum=0.95, step=0.05)]


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
    families: Annotated[str | None, PhenotypeChoice()] = field(
        default=None,
        metadata={
            "help": "Subjects with the same value are related and kept together. None chosen: a column named family."
        },
    )


@dataclass(frozen=True)
class RoleFields:
    """What is known of candidates beforehand, which no numbers tell."""

    confounders: _Names = field(
        default=(),
        metadata={
            "section": "Roles",
            "label": "Confounders",
            "help": "Candidates that you know to be causes of target and connectivity. They are adjusted for.",
        },
    )
    mediators: _Names = field(
        default=(),
        metadata={
            "section": "Roles",
            "label": "Links (mediators)",
            "help": "Candidates through which target and connectivity affect each other. They are not adjusted for.",
        },
    )
    consequences: _Names = field(
        default=(),
        metadata={
            "section": "Roles",
            "label": "Consequences of both",
            "help": "Candidates that target and connectivity both change: adjusting for them makes associations.",
        },
    )
    negative_controls: _Names = field(
        default=(),
        metadata={
            "section": "Roles",
            "label": "Negative controls",
            "help": "No candidates: outcomes or exposures that have no part in it, and that unmeasured confounding "
            "would show in.",
        },
    )


@dataclass(frozen=True)
class Params(SampleFields, RoleFields, TargetFields):
    examine: Annotated[str, CohortChoice(tuple(EXAMINED.items()))] = field(
        default="open",
        metadata={
            "help": "In the second cohort the same candidates are adjusted for together, without choosing them again."
        },
    )
    second_group: Annotated[str | None, GroupChoice(of_second=True)] = field(
        default=None, metadata={"label": "Group of the second cohort", "when": {"examine": ("second",)}}
    )
    permutations: Annotated[int, Integer(minimum=99, maximum=10_000, step=1)] = permutations_field(
        999, section="Protocol", help="Permutations of subjects, or sign flips, in every test."
    )
    repetitions: Annotated[int, Integer(minimum=1, maximum=20, step=1)] = field(
        default=1, metadata={"section": "Protocol", "help": "How often the five-fold assignment is repeated."}
    )
    seed: Seed = seed_field(section="Protocol")
    alpha: Alpha = alpha_field(section="Protocol")
    explained: _Share = field(
        default=0.5,
        metadata={"section": "Verdict", "help": "A candidate explains an association of which less than this remains."},
    )
    kept: _Share = field(
        default=0.5,
        metadata={
            "section": "Verdict",
            "help": "A candidate does not explain an association of which more than this remains.",
        },
    )
    margin: Annotated[float, Number(minimum=0, maximum=0.4, step=0.05)] = field(
        default=0.1,
        metadata={"section": "Verdict", "help": "A share up to this counts as nothing; from 1 less this on, as all."},
    )

    @property
    def named_candidates(self) -> frozenset[str]:
        """Phenotypes that are named as candidates, as having a role among them, or as negative controls."""
        roles = (self.confounders, self.mediators, self.consequences, self.negative_controls)
        return frozenset({*self.candidates, *(name for names in roles for name in names)})

    @property
    def examines_second(self) -> bool:
        """Whether the verdict is repeated in the second cohort."""
        return self.examine != "open"

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.explained, self.kept, self.margin)
