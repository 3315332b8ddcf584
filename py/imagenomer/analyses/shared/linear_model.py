"""Linear models that analyses share: what is tested, and what it is adjusted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated

import numpy as np

from imagenomer.analyses.contract import (
    LevelChoice,
    PhenotypeChoice,
    PhenotypesChoice,
)
from imagenomer.analyses.shared.ancestry import ancestry, as_phenotypes, components
from imagenomer.analyses.shared.families import family_codes, related_by
from imagenomer.analyses.shared.form_fields import AncestryComponents, SampleFields, ancestry_field
from imagenomer.analyses.shared.sample import listed
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.design import Design, Term, build_design, code
from imagenomer.statistics.flipped_scores import robust_dof
from imagenomer.statistics.ranks import average_ranks
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Levels that mean "yes", in any case; the others are compared with it.
_AFFIRMATIVE = ("yes", "y", "true", "1", "case", "patient", "positive")


@dataclass(frozen=True)
class ModelFields:
    """What is tested, and what it is adjusted for."""

    phenotype: Annotated[str, PhenotypeChoice()]
    level: Annotated[str | None, LevelChoice(of="phenotype", whole="All levels (F test)")] = field(
        default=None, metadata={"help": "Compared with all other levels."}
    )
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"help": "Adjusted for."}
    )
    interaction: Annotated[str | None, PhenotypeChoice()] = field(
        default=None,
        metadata={"label": "Differs by", "help": "Tests whether the association differs by this: an interaction."},
    )
    ancestry_components: AncestryComponents = ancestry_field(help="Adjusted for too; needs genotypes.")


@dataclass(frozen=True)
class QuestionFields(SampleFields, ModelFields):
    """The fields of a form that make a question, and say whose connectivity it is put to."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked of connectivity, before it is known whose.

    Attributes
    ----------
    phenotype : Phenotype
    level : str or None
        The level of a category that is compared with all others.
    moderator : Phenotype or None
        By what the association may differ; then the product is tested, with both in the model.
    covariates : tuple of Phenotype
        Without the moderator, which is in the model anyway.
    ranked : bool
        Numbers are replaced by their ranks.
    unequal : bool
        Subjects may differ in variance: tests are by HC3 (`imagenomer.statistics.unequal_variance`) and flipped signs
        (`imagenomer.statistics.flipped_scores`).
    related : Phenotype or None
        Who has the same value is related: clusters of those tests, which are then made in any case.
    """

    phenotype: Phenotype
    level: str | None
    moderator: Phenotype | None
    covariates: tuple[Phenotype, ...]
    ranked: bool = False
    unequal: bool = False
    related: Phenotype | None = None

    @property
    def robust(self) -> bool:
        """Whether tests allow unequal variances: where that is asked for, and among relatives."""
        return self.unequal or self.related is not None

    @property
    def missing(self) -> dict[str, BoolArray]:
        """Where each phenotype in use is missing, by name; what is tested first."""
        used = (self.phenotype, *filter(None, [self.moderator]), *self.covariates)
        return {one.name: one.missing for one in used}


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A question put to some subjects.

    Attributes
    ----------
    question : Question
    subjects : ndarray, shape (n_subjects,)
        Indices into the cohort, in the order of the rows of everything below.
    name : str
        What is tested: "age", "sex = M", "age × sex".
    level : str or None
        The level that is coded 1; None for a number, and for a category that is tested as a whole.
    levels : tuple of str
        Of a category: level 0, level 1 and so on, as ``target`` counts them; empty for a number.
    target : ndarray, shape (n_subjects,)
        The phenotype: the number, not ranked, or the index into ``levels``.
    tested : Term
    design : Design
        What is adjusted for.
    plain : Design or None
        The same without the covariates; None if none is used.
    """

    question: Question
    subjects: IntArray
    name: str
    level: str | None
    levels: tuple[str, ...]
    target: FloatArray
    tested: Term
    design: Design
    plain: Design | None

    @property
    def n_tested(self) -> int:
        return len(self.tested.columns)

    @property
    def dof(self) -> int:
        """Degrees of freedom of an edge that everybody has: of its residuals, or by families where those are fewer."""
        return robust_dof(self.design, self.n_tested, self.n_clusters)

    @property
    def families(self) -> IntArray | None:
        """The family of each subject, from 0 on; None where nothing says who is related."""
        related = self.question.related
        return None if related is None else family_codes(related, self.subjects)

    @property
    def n_clusters(self) -> int:
        """Families, or subjects where nothing says who is related."""
        families = self.families
        return int(self.subjects.size if families is None else families.max() + 1)

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the covariates that are in the model: those that vary, and do not follow from others."""
        return self.design.used_of(one.name for one in self.question.covariates)

    @property
    def adjusted_for(self) -> str:
        """The covariates in the model as a list for titles and sentences; "" where there are none."""
        return listed(self.used)

    @property
    def without_covariates(self) -> Model:
        """The same question to the same subjects, unadjusted."""
        if self.plain is None:
            return self
        return replace(self, question=replace(self.question, covariates=()), design=self.plain, plain=None)


def ancestry_covariates(cohort: Cohort, n_components: int) -> Steps[tuple[tuple[Phenotype, ...], tuple[str, ...]]]:
    """Return the first components of ancestry as covariates, and how they were computed; none for 0.

    Raises
    ------
    InputError
        If the cohort has no genotypes fit for it.
    """
    if not n_components:
        return (), ()
    scores = yield from components(cohort, None, n_components)
    found = yield from ancestry(cohort, None)
    return as_phenotypes(scores), found.sentences


def ask(
    cohort: Cohort,
    asked: QuestionFields,
    more: tuple[Phenotype, ...] = (),
    *,
    ranked: bool = False,
    unequal: bool = False,
    families: str | None = None,
) -> Question:
    """Return the question that a form asks.

    Parameters
    ----------
    cohort : Cohort
    asked : QuestionFields
    more : tuple of Phenotype
        Covariates beside those of the form.
    ranked, unequal : bool
    families : str or None
        The phenotype that says who is related.

    Raises
    ------
    InputError
        If a name is not known, or the same phenotype is used in two ways.
    """
    phenotype = cohort.phenotype(asked.phenotype)
    if asked.level is not None and phenotype.kind == "number":
        raise InputError(f"{phenotype.name} is a number and has no level {asked.level!r}; leave the level out")
    if asked.level is not None:
        phenotype.indicator(asked.level)  # refuses a level that is not there
    if phenotype.name in asked.covariates:
        raise InputError(f"{phenotype.name} is what is tested and cannot be adjusted for too; leave it out")
    if phenotype.name == asked.interaction:
        raise InputError(
            f"whether the association with {phenotype.name} differs by {phenotype.name} itself cannot be asked; "
            "choose another phenotype, or none"
        )
    moderator = None if asked.interaction is None else cohort.phenotype(asked.interaction)
    covariates = tuple(cohort.phenotype(name) for name in asked.covariates if name != asked.interaction)
    used = (phenotype.name, *(one.name for one in (*filter(None, [moderator]), *covariates)))
    related = related_by(cohort, families, used)
    return Question(phenotype, asked.level, moderator, (*covariates, *more), ranked, unequal, related)


def build_model(question: Question, subjects: IntArray) -> Model:
    """Return the linear model of a question for some subjects, who have all values.

    Raises
    ------
    InputError
        If nothing varies, or there are too few subjects for the model.
    """
    phenotype, level = _levelled(question.phenotype, question.level, subjects)
    target = phenotype.values[subjects].astype(np.float64)
    require_variation(question.phenotype, level, target)
    as_used = partial(as_ranks, subjects=subjects) if question.ranked else lambda phenotype: phenotype
    covariates = [as_used(one) for one in question.covariates]
    mains: list[Phenotype] = []
    tested = code(as_used(phenotype), subjects)
    name = question.phenotype.name if level is None else f"{question.phenotype.name} = {level}"
    if question.moderator is not None:
        mains = [as_used(phenotype), as_used(question.moderator)]
        tested = code(mains, subjects)
        name = f"{name} × {question.moderator.name}"
        if not tested.columns:
            raise InputError(
                f"all {subjects.size} subjects have the same {question.moderator.name}, so no association can differ "
                "by it; choose another phenotype or a larger group"
            )
    design = build_design([*mains, *covariates], subjects)
    used = design.used_of(one.name for one in covariates)
    return Model(
        question=question,
        subjects=subjects,
        name=name,
        level=level,
        levels=phenotype.levels,
        target=target,
        tested=tested,
        design=design,
        plain=build_design(mains, subjects) if used else None,
    )


def reorder(model: Model, order: IntArray) -> tuple[Term, Design]:
    """Return what is tested and what is adjusted for with the subjects in another order."""
    tested, design = model.tested, model.design
    return (
        replace(tested, values=tested.values[order]),
        replace(design, matrix=design.matrix[order], basis=np.asfortranarray(design.basis[order])),
    )


# --- coding --------------------------------------------------------------------------------------


def _levelled(phenotype: Phenotype, level: str | None, subjects: IntArray) -> tuple[Phenotype, str | None]:
    """Return the phenotype as it is tested, and the level coded 1: the one asked for, or the one of two to ask about.

    A category with more levels among these subjects, none of which is asked for, is tested as a whole.
    """
    if not phenotype.levels:
        return phenotype, None
    if level is None:
        counts = np.bincount(phenotype.values[subjects].astype(np.intp), minlength=len(phenotype.levels))
        present = [name for name, n in zip(phenotype.levels, counts.tolist(), strict=True) if n]
        if len(present) > 2:
            return phenotype, None
        level = affirmative(present if len(phenotype.levels) > 2 else phenotype.levels)
    others = [name for name in phenotype.levels if name != level]
    indicator = np.where(phenotype.missing, -1, phenotype.values == phenotype.levels.index(level)).astype(np.intp)
    rest = others[0] if len(others) == 1 else f"not {level}"
    return replace(phenotype, values=indicator, levels=(rest, level)), level


def affirmative(levels: Sequence[str]) -> str:
    """Return the level that is coded 1: one that says yes, else the last."""
    yes = [name for name in levels if name.lower() in _AFFIRMATIVE]
    return yes[0] if yes else levels[-1]


def as_ranks(phenotype: Phenotype, subjects: IntArray) -> Phenotype:
    """Return a number as its ranks among these subjects, missing elsewhere; a category as it is."""
    if phenotype.levels:
        return phenotype
    ranks = np.full(phenotype.values.shape, np.nan)
    ranks[subjects] = average_ranks(phenotype.values[subjects].astype(np.float64)[:, None])[:, 0]
    return replace(phenotype, values=ranks)


def require_variation(phenotype: Phenotype, level: str | None, target: FloatArray) -> None:
    """Refuse a phenotype that is the same in all these subjects."""
    if np.ptp(target) > 0:
        return
    value = (level if target[0] else f"other than {level}") if phenotype.levels else f"{target[0]:g}"
    raise InputError(
        f"{phenotype.name} is {value} in all {target.size} subjects, so nothing can vary with it; "
        "choose another phenotype or a larger group"
    )


def missing_with(question: Question, *others: Phenotype | None) -> Mapping[str, BoolArray]:
    """Return where phenotypes in use are missing, those of the question and some others."""
    return question.missing | {one.name: one.missing for one in others if one is not None}
