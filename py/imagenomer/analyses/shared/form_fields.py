"""Fields that several forms ask alike, each declared once.

A form takes one of them by its type and its function, and says what is its own::

    seed: Seed = seed_field(section="Permutations", when={"correction": ("max-t",)})

A form about scans derives from `SampleFields`. A dataclass has the fields of its bases first, those of the last base
before those of the first: in ``class Params(SampleFields, Tests)`` the page shows ``Tests``, the sample, and what
``Params`` declares itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from imagenomer.analyses.contract import (
    Choice,
    Flag,
    GroupChoice,
    Integer,
    MeasureChoice,
    Number,
    PhenotypeChoice,
    RunChoice,
    SessionChoice,
    TaskChoice,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS

Seed: TypeAlias = Annotated[int, Integer(minimum=0, maximum=2**31 - 1)]
Permutations: TypeAlias = Annotated[int, Integer(minimum=100, maximum=100_000, step=100)]
Blocks: TypeAlias = Annotated[str | None, PhenotypeChoice("category")]
Variance: TypeAlias = Annotated[str, Choice((("equal", "Equal"), ("unequal", "May be unequal")))]
Families: TypeAlias = Annotated[str | None, PhenotypeChoice()]
Exchanged: TypeAlias = Annotated[
    str, Choice((("within", "Within blocks"), ("whole", "Whole blocks"), ("both", "Whole blocks and within")))
]
Alpha: TypeAlias = Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)]
AncestryComponents: TypeAlias = Annotated[int, Integer(minimum=0, maximum=MOST_COMPONENTS)]
FisherZ: TypeAlias = Annotated[bool, Flag()]
LeastMaf: TypeAlias = Annotated[float, Number(minimum=0, maximum=0.5, step=0.01)]
MostMissing: TypeAlias = Annotated[float, Number(minimum=0, maximum=1, step=0.05)]
LeastHardyP: TypeAlias = Annotated[float, Number(minimum=0, maximum=1, step=1e-6)]


@dataclass(frozen=True)
class SampleFields:
    """Whose connectivity an analysis is about; see `imagenomer.analyses.shared.sample.sample_of`."""

    measure: Annotated[str | None, MeasureChoice()] = None
    task: Annotated[str | None, TaskChoice()] = None
    session: Annotated[str | None, SessionChoice()] = None
    run: Annotated[str | None, RunChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None


@dataclass(frozen=True)
class ScanFields(SampleFields):
    """Whose scans an analysis looks at one by one, which a difference of two has none of."""

    task: Annotated[str | None, TaskChoice(differences=False)] = None
    session: Annotated[str | None, SessionChoice(differences=False)] = None
    run: Annotated[str | None, RunChoice(differences=False)] = None


def seed_field(**metadata: Any) -> Any:
    """Return the declaration of a seed; ``metadata`` is its own, as of `imagenomer.analyses.contract.Parameter`."""
    return field(default=1, metadata={"help": "The same seed gives the same result.", **metadata})


def permutations_field(default: int = 1000, **metadata: Any) -> Any:
    """Return the declaration of a number of permutations."""
    return field(default=default, metadata={"help": "1,000 to explore; 5,000 or more to report.", **metadata})


def blocks_field(**metadata: Any) -> Any:
    """Return the declaration of a category within whose levels subjects are permuted."""
    return field(default=None, metadata={"help": "Permute within its levels only: families, sites.", **metadata})


def exchange_field(**metadata: Any) -> Any:
    """Return the declaration of what of blocks is permuted."""
    words = (
        "Within: sites, whose means may differ. Whole blocks of as many subjects: families, whose members are alike; "
        "within them as well, if members are related in the same way."
    )
    return field(default="within", metadata={"label": "Permute", "help": words, **metadata})


def variance_field(**metadata: Any) -> Any:
    """Return the declaration of whether subjects may differ in variance."""
    words = (
        "Of the noise of subjects. Equal is exact in small samples, and more sensitive, if it is true; where patients "
        "are noisier, or connectivity varies more with motion, it finds what is not there. May be unequal: HC3, and "
        "flipped signs in the place of permutations."
    )
    return field(default="equal", metadata={"help": words, **metadata})


def families_field(**metadata: Any) -> Any:
    """Return the declaration of a phenotype whose values say who is related."""
    words = (
        "Subjects with the same value are related: errors are by family and allow unequal variances, and signs of "
        "families are flipped in the place of permutations."
    )
    return field(default=None, metadata={"help": words, **metadata})


def alpha_field(**metadata: Any) -> Any:
    """Return the declaration of a significance level."""
    return field(default=0.05, metadata=metadata)


def ancestry_field(default: int = 0, **metadata: Any) -> Any:
    """Return the declaration of a number of ancestry components to adjust for."""
    words = "How many principal components of the genotypes to adjust for."
    return field(default=default, metadata={"help": words, **metadata})


def fisher_z_field(**metadata: Any) -> Any:
    """Return the declaration of Fisher's transformation of connectivity."""
    words = "Use arctanh of the connectivity instead of connectivity."
    return field(default=False, metadata={"label": "Fisher z", "help": words, **metadata})


def least_maf_field(default: float = 0.01, **metadata: Any) -> Any:
    """Return the declaration of the minimum minor allele frequency of a variant that is used."""
    return field(default=default, metadata={"label": "Minimum minor allele frequency", **metadata})


def most_missing_field(default: float = 1.0, **metadata: Any) -> Any:
    """Return the declaration of the maximum missing rate of a variant that is used."""
    return field(
        default=default,
        metadata={"label": "Maximum missing rate", "help": "Share of subjects without a genotype.", **metadata},
    )


def least_hardy_p_field(default: float = 0.0, **metadata: Any) -> Any:
    """Return the declaration of the minimum Hardy-Weinberg p-value of a variant that is used."""
    return field(default=default, metadata={"label": "Minimum Hardy-Weinberg p", **metadata})
