"""The form of variant association."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import (
    Choice,
    GroupChoice,
    Integer,
    LevelChoice,
    Number,
    PhenotypeChoice,
    PhenotypesChoice,
    Text,
    VariantSetChoice,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS
from imagenomer.analyses.shared.genotyped import CODINGS
from imagenomer.analyses.shared.inference import BY_P

_CODING = CODINGS | {
    "genotypic": "Genotypic: two terms",
    "haplotype": "One genotype or others",
}
#: The genotypes that can be compared with the other two.
GENOTYPES = {"minor": "Two minor alleles", "het": "Heterozygous", "major": "Two major alleles"}
#: Shown only where subjects are rearranged.
_WHEN_PERMUTED = {"section": "Permutations", "when": {"correction": ("max-t",)}}


@dataclass(frozen=True, slots=True)
class Params:
    phenotype: Annotated[str, PhenotypeChoice()]
    level: Annotated[str | None, LevelChoice(of="phenotype")] = field(
        default=None, metadata={"help": "Compared with all other levels."}
    )
    variants: Annotated[str | None, VariantSetChoice()] = None
    coding: Annotated[str, Choice(tuple(_CODING.items()))] = field(
        default="additive", metadata={"help": "What a genotype counts as. Copies are of the effect allele."}
    )
    genotype: Annotated[str, Choice(tuple(GENOTYPES.items()))] = field(
        default="het",
        metadata={
            "help": "Compared with the other two, as in the first ImageNomer.",
            "when": {"coding": ("haplotype",)},
        },
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"help": "Adjusted for: numbers as they are, categories by level."}
    )
    ancestry_components: Annotated[int, Integer(minimum=0, maximum=MOST_COMPONENTS, step=1)] = field(
        default=0, metadata={"help": "How many principal components of the genotypes to adjust for."}
    )
    group: Annotated[str | None, GroupChoice()] = None
    least_maf: Annotated[float, Number(minimum=0, maximum=0.5, step=0.01)] = field(
        default=0.01, metadata={"label": "Least minor allele frequency"}
    )
    most_missing: Annotated[float, Number(minimum=0, maximum=1, step=0.05)] = field(
        default=1.0, metadata={"label": "Largest share missing", "help": "Of the subjects, for each variant."}
    )
    least_hardy_p: Annotated[float, Number(minimum=0, maximum=1, step=1e-6)] = field(
        default=0.0,
        metadata={"label": "Least Hardy-Weinberg p", "help": "0 leaves the test out; 1e-6 is usual in one ancestry."},
    )
    correction: Annotated[str, Choice((*BY_P.items(), ("max-t", "Permutation max-T")))] = field(
        default="bonferroni", metadata={"help": "Max-T is for numbers, and knows that neighbours tell much the same."}
    )
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = 0.05
    permutations: Annotated[int, Integer(minimum=100, maximum=100_000, step=100)] = field(
        default=1000, metadata=_WHEN_PERMUTED | {"help": "1,000 to look, 5,000 or more to publish."}
    )
    seed: Annotated[int, Integer(minimum=0, maximum=2**31 - 1, step=1)] = field(
        default=1, metadata=_WHEN_PERMUTED | {"help": "The same seed gives the same result."}
    )
    blocks: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None,
        metadata=_WHEN_PERMUTED | {"help": "Subjects change places only within its levels: families, sites."},
    )
    axis: Annotated[str, Choice((("position", "Position"), ("index", "Index in the file")))] = field(
        default="position", metadata={"label": "Manhattan plot by"}
    )
    shown: Annotated[str, Text("rs429358")] = field(
        default="", metadata={"label": "Variant to look at", "help": "Its name; without one, the strongest."}
    )
