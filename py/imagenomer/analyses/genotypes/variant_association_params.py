"""The form of variant association."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from imagenomer.analyses.contract import (
    Choice,
    GroupChoice,
    LevelChoice,
    PhenotypeChoice,
    PhenotypesChoice,
    Text,
    VariantSetChoice,
)
from imagenomer.analyses.shared.form_fields import (
    Alpha,
    AncestryComponents,
    Blocks,
    Families,
    LeastHardyP,
    LeastMaf,
    MostMissing,
    Permutations,
    Seed,
    Variance,
    alpha_field,
    ancestry_field,
    blocks_field,
    families_field,
    least_hardy_p_field,
    least_maf_field,
    most_missing_field,
    permutations_field,
    seed_field,
    variance_field,
)
from imagenomer.analyses.shared.genotyped import CODINGS
from imagenomer.analyses.shared.inference import BY_P

_CODING = CODINGS | {
    "genotypic": "Genotypic: two terms",
    "haplotype": "One genotype or others",
}
#: The genotypes that can be compared with the other two.
GENOTYPES = {"minor": "Two minor alleles", "het": "Heterozygous", "major": "Two major alleles"}
#: Shown only where subjects are permuted.
_WHEN_PERMUTED: dict[str, Any] = {"section": "Permutations", "when": {"correction": ("max-t",)}}


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
    ancestry_components: AncestryComponents = ancestry_field()
    group: Annotated[str | None, GroupChoice()] = None
    least_maf: LeastMaf = least_maf_field()
    most_missing: MostMissing = most_missing_field()
    least_hardy_p: LeastHardyP = least_hardy_p_field(help="0 applies no filter; 1e-6 is usual within one ancestry.")
    correction: Annotated[str, Choice((*BY_P.items(), ("max-t", "Permutation max-T")))] = field(
        default="bonferroni", metadata={"help": "Max-T is for numbers, and accounts for linkage disequilibrium."}
    )
    variance: Variance = variance_field(
        help="Of the noise of subjects: equal, or by HC3, which allows unequal variances. Of numbers, without max-T."
    )
    families: Families = families_field(
        help="Subjects with the same value are related: errors are by family. Of numbers, without max-T."
    )
    alpha: Alpha = alpha_field()
    permutations: Permutations = permutations_field(**_WHEN_PERMUTED)
    seed: Seed = seed_field(**_WHEN_PERMUTED)
    blocks: Blocks = blocks_field(**_WHEN_PERMUTED)
    axis: Annotated[str, Choice((("position", "Position"), ("index", "Index in the file")))] = field(
        default="position", metadata={"label": "Manhattan plot by"}
    )
    shown: Annotated[str, Text("rs429358")] = field(
        default="", metadata={"label": "Variant to look at", "help": "Its name; by default the most significant."}
    )
