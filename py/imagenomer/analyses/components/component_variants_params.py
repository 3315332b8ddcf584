"""The form of components and variants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import Choice, Integer, Number, PhenotypesChoice, VariantSetChoice
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS
from imagenomer.analyses.shared.decompositions import Source
from imagenomer.analyses.shared.genotyped import CODINGS
from imagenomer.analyses.shared.inference import BY_P


@dataclass(frozen=True, slots=True)
class Params(Source):
    variants: Annotated[str | None, VariantSetChoice()] = None
    coding: Annotated[str, Choice(tuple(CODINGS.items()))] = field(
        default="additive", metadata={"help": "What a genotype counts as. Copies are of the effect allele."}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice()] = field(
        default=(), metadata={"help": "Adjusted for by a linear model."}
    )
    ancestry_components: Annotated[int, Integer(minimum=0, maximum=MOST_COMPONENTS, step=1)] = field(
        default=0, metadata={"help": "How many principal components of the genotypes to adjust for."}
    )
    least_maf: Annotated[float, Number(minimum=0, maximum=0.5, step=0.01)] = field(
        default=0.01, metadata={"label": "Least minor allele frequency"}
    )
    most_missing: Annotated[float, Number(minimum=0, maximum=1, step=0.05)] = field(
        default=1.0, metadata={"label": "Largest share missing", "help": "Of the subjects, for each variant."}
    )
    correction: Annotated[str, Choice(tuple(BY_P.items()))] = field(
        default="bonferroni", metadata={"help": "Over all variants times all components."}
    )
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = 0.05
    bars: Annotated[int, Integer(minimum=1, maximum=30, step=1)] = field(
        default=10, metadata={"label": "Bars at either end"}
    )
