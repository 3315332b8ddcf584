"""The form of components and variants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import Choice, Integer, PhenotypesChoice, VariantSetChoice
from imagenomer.analyses.shared.decompositions import Source
from imagenomer.analyses.shared.form_fields import (
    Alpha,
    AncestryComponents,
    LeastMaf,
    MostMissing,
    alpha_field,
    ancestry_field,
    least_maf_field,
    most_missing_field,
)
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
    ancestry_components: AncestryComponents = ancestry_field()
    least_maf: LeastMaf = least_maf_field()
    most_missing: MostMissing = most_missing_field()
    correction: Annotated[str, Choice(tuple(BY_P.items()))] = field(
        default="bonferroni", metadata={"help": "Over all variants times all components."}
    )
    alpha: Alpha = alpha_field()
    bars: Annotated[int, Integer(minimum=1, maximum=30, step=1)] = field(
        default=10, metadata={"label": "Bars at either end"}
    )
