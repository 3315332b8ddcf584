"""Phenotype association: whether two phenotypes are associated, and whether others explain it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    GroupChoice,
    PhenotypeChoice,
    PhenotypesChoice,
    Report,
    View,
)
from imagenomer.analyses.phenotypes import level_pair, number_pair, table_pair
from imagenomer.analyses.phenotypes.errors import Errors
from imagenomer.analyses.phenotypes.level_pair import LevelPair
from imagenomer.analyses.phenotypes.number_pair import NumberPair
from imagenomer.analyses.phenotypes.table_pair import TablePair
from imagenomer.analyses.shared.coded import coded_warnings
from imagenomer.analyses.shared.families import family_warnings, related_by
from imagenomer.analyses.shared.form_fields import (
    Families,
    Seed,
    Variance,
    families_field,
    seed_field,
    variance_field,
)
from imagenomer.analyses.shared.sample import PhenotypeSample, draw_phenotype_sample
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Params:
    x: Annotated[str, PhenotypeChoice()] = field(metadata={"label": "Phenotype"})
    y: Annotated[str, PhenotypeChoice()] = field(metadata={"label": "With"})
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("x", "y"))] = field(
        default=(), metadata={"help": "Adjusted for; the unadjusted result is shown as well."}
    )
    variance: Variance = variance_field(
        help="Of the noise of subjects: equal, or by HC3, which allows unequal variances. Not of two categories."
    )
    families: Families = families_field(
        help="Subjects with the same value are related: errors are by family, and allow unequal variances too."
    )
    group: Annotated[str | None, GroupChoice()] = None
    chart: Annotated[str, Choice((("violin", "Violin"), ("box", "Box")))] = field(
        default="violin", metadata={"help": "Of a number by the levels of a category."}
    )
    seed: Seed = seed_field(help="Of random tables, where there are too many for Fisher's exact test.")


@dataclass(frozen=True, slots=True, eq=False)
class PhenotypeAssociation:
    """Two phenotypes against each other; what ``pair`` is depends on their kinds."""

    people: PhenotypeSample
    pair: NumberPair | LevelPair | TablePair


def compute(cohort: Cohort, params: Params) -> Steps[PhenotypeAssociation]:
    yield Progress("Choosing subjects")
    x, y = cohort.phenotype(params.x), cohort.phenotype(params.y)
    if x.name == y.name:
        raise InputError(
            f"{x.name} is chosen twice, and is always associated with itself; choose two different phenotypes"
        )
    for name in (x.name, y.name):
        if name in params.covariates:
            raise InputError(
                f"{name} is one of the two phenotypes of interest and cannot be a covariate too; leave it out"
            )
    covariates = [cohort.phenotype(name) for name in params.covariates]
    related = related_by(cohort, params.families, (x.name, y.name, *params.covariates))
    unequal = params.variance == "unequal"
    if x.levels and y.levels and (unequal or related is not None):
        raise InputError(
            f"{x.name} and {y.name} are categories, whose table is compared with chance in independent subjects: no "
            "variance is estimated that could be unequal or that of families; choose equal variances and no families"
        )
    # Two categories are adjusted by strata, which numbers do not make.
    used = [one for one in covariates if one.levels or not (x.levels and y.levels)]
    missing = {one.name: one.missing for one in (x, y, *used)}
    people = draw_phenotype_sample(cohort, group=params.group, missing=missing, at_least=3)
    errors = Errors(unequal, related, people.subjects)
    pair: NumberPair | LevelPair | TablePair
    if x.levels and y.levels:
        pair = yield from table_pair.compare(x, y, covariates, people.subjects, params.seed)
    elif x.levels or y.levels:
        number, category = (y, x) if x.levels else (x, y)
        pair = yield from level_pair.compare(number, category, covariates, people.subjects, errors)
    else:
        pair = number_pair.compare(x, y, covariates, people.subjects, errors)
    return PhenotypeAssociation(people, pair)


def report(cohort: Cohort, params: Params, result: PhenotypeAssociation) -> Report:
    pair, title = result.pair, _title(params)
    views: list[View]
    if isinstance(pair, NumberPair):
        numbers, sentences = number_pair.numbers(pair), number_pair.sentences(pair)
        views = number_pair.views(cohort, pair, title)
    elif isinstance(pair, LevelPair):
        numbers, sentences = level_pair.numbers(pair), level_pair.sentences(pair)
        views = level_pair.views(cohort, pair, title, params.chart)
    else:
        numbers, sentences = table_pair.numbers(pair), table_pair.sentences(pair)
        views = table_pair.views(pair, title)
    used = (params.families, params.x, params.y, *params.covariates)
    way_out = "choose a group of one subject of each" if isinstance(pair, TablePair) else "choose it under Families"
    return Report(
        numbers={
            "x": params.x,
            "y": params.y,
            "covariates": list(params.covariates),
            "variance": "equal" if params.variance == "equal" and params.families is None else "unequal",
            "families": params.families,
            "group": params.group,
            **result.people.numbers,
            **numbers,
        },
        sentences=(*result.people.sentences, *sentences),
        warnings=(
            *pair.warnings,
            *coded_warnings(cohort, (params.x, params.y, *params.covariates)),
            *family_warnings(cohort, result.people.subjects, used, way_out),
        ),
        views=tuple(views),
    )


def draw(
    cohort: Cohort, params: Params, result: PhenotypeAssociation, report: Report, theme: Literal["light", "dark"]
) -> dict[str, Figure]:
    pair, title = result.pair, _title(params)
    if isinstance(pair, NumberPair):
        return number_pair.draw(pair, title, theme)
    if isinstance(pair, LevelPair):
        return level_pair.draw(pair, title, params.chart, theme)
    return table_pair.draw(pair, title, theme)


def _title(params: Params) -> str:
    return f"{params.x} and {params.y}"


ANALYSIS = Analysis(
    title="Association of two phenotypes",
    summary="Whether two phenotypes are associated, and whether others explain it.",
    tab="Phenotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("phenotypes",),
)
