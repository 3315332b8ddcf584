"""Targets that a prediction refuses: those that follow from the covariates, or from what harmonisation uses."""

from __future__ import annotations

from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.predictors import Source
from imagenomer.analyses.shared.sample import listed
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.statistics.design import build_design, directions_of, follows_from
from imagenomer.statistics.split_tasks import Use


def refuse_determined(cohort: Cohort, source: Source, linear_model: Model, use: Use) -> Use:
    """Refuse a target that follows from what it is adjusted for, or from what harmonisation removes or preserves.

    Returns
    -------
    str
        How covariates are used: not at all where none of them varies.
    """
    if use != "features":
        directions_of(linear_model.tested, linear_model.design)
        if not linear_model.used and use == "covariates":
            raise InputError("no covariate varies among these subjects, so they predict nothing; choose others")
        use = use if linear_model.used else "features"
    name, subjects, tested = linear_model.name, linear_model.subjects, linear_model.tested
    if source.harmonise is None or source.features != "connectivity":
        return use
    if follows_from(tested, build_design([cohort.phenotype(source.harmonise)], subjects)):
        raise InputError(
            f"{name} follows from {source.harmonise} for these subjects, and harmonisation removes what differs "
            "between its levels; harmonise by another category or by none"
        )
    preserved = [cohort.phenotype(one) for one in source.preserve]
    if preserved and follows_from(tested, build_design(preserved, subjects)):
        raise InputError(
            f"{name} follows from {listed(source.preserve)} for these subjects: preserving that would write the target "
            "into the features of the test subjects; do not preserve it"
        )
    return use
