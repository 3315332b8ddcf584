"""The form of the variant summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from imagenomer.analyses.contract import GroupChoice, Text, VariantSetChoice
from imagenomer.analyses.shared.form_fields import (
    LeastHardyP,
    LeastMaf,
    MostMissing,
    least_hardy_p_field,
    least_maf_field,
    most_missing_field,
)


@dataclass(frozen=True, slots=True)
class Params:
    variants: Annotated[str | None, VariantSetChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None
    least_maf: LeastMaf = least_maf_field()
    most_missing: MostMissing = most_missing_field(0.1, help="Of the subjects, by variant.")
    least_hardy_p: LeastHardyP = least_hardy_p_field(1e-6)
    subject: Annotated[str, Text("7")] = field(
        default="", metadata={"label": "Subject to look at", "help": "By default the first."}
    )
