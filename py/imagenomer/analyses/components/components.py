"""Components of connectivity: maps, the variance that each explains, and subjects' scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np

from imagenomer import groups
from imagenomer.analyses.components.components_result import ComponentScores, GroupRows
from imagenomer.analyses.components.components_views import component_views, percent, score_summaries
from imagenomer.analyses.contract import (
    Analysis,
    GroupsChoice,
    Integer,
    Report,
)
from imagenomer.analyses.shared.decompositions import (
    METHODS,
    Source,
    decompose,
    imported_from,
    likely_task,
    observed,
)
from imagenomer.analyses.shared.sample import average_scans, counted, listed, sample_of
from imagenomer.cohort import Cohort
from imagenomer.progress import Steps
from imagenomer.statistics.distribution import box
from imagenomer.statistics.explained_variance import share_explained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Params(Source):
    component: Annotated[int, Integer(minimum=0, maximum=9999, step=1)] = field(
        default=0,
        metadata={"label": "Component to show", "help": "Counted from 0, as in the files of a decomposition."},
    )
    groups: Annotated[tuple[str, ...], GroupsChoice()] = field(
        default=(), metadata={"label": "Groups to compare", "help": "Whose scores are shown side by side."}
    )


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[ComponentScores]:
    components = yield from decompose(cohort, params)
    shown = components.position(params.component)
    members = []
    for expression in dict.fromkeys(params.groups) or (None,):
        included = groups.select(cohort, expression).included
        members.append(GroupRows(expression, np.flatnonzero(included[components.subjects])))
    if components.factors is not None and components.sample is not None:
        sample, explained = components.sample, components.factors.explained
        return ComponentScores(components, shown, sample, explained, components.factors.cumulative, tuple(members))
    name = cast("str", params.decomposition)
    scores = imported_from(cohort, name).scores
    unscored = np.asarray(~np.isfinite(scores).all(axis=1))
    of_task = params if params.task is not None else replace(params, task=likely_task(cohort, name))
    yield from average_scans(cohort, of_task)
    sample = sample_of(cohort, of_task, missing={f"scores of {name}": unscored}, at_least=3)
    explained, cumulative = yield from share_explained(
        sample.observations.values,
        sample.rows,
        components.maps,
        scores[np.ix_(sample.subjects, components.numbers)],
    )
    return ComponentScores(components, shown, sample, explained, cumulative, tuple(members))


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: ComponentScores) -> Report:
    components = result.components
    edges = components.maps[result.shown].astype(np.float64)
    return Report(
        numbers={
            "name": components.name,
            "method": components.method,
            "group": params.group,
            **result.sample.numbers,
            "n_components": components.n_components,
            "n_scored": int(components.subjects.size),
            "components": components.numbers.tolist(),
            "explained": result.explained.tolist(),
            "cumulative": result.cumulative.tolist(),
            "component": int(components.numbers[result.shown]),
            "minimum": float(np.nanmin(edges)),
            "maximum": float(np.nanmax(edges)),
            "scores": score_summaries(result),
        },
        sentences=tuple(_sentences(cohort, params, result)),
        warnings=(*components.warnings, *_warnings(cohort, params, result)),
        views=component_views(cohort, result),
        arrays={
            "component": edges,
            "components": components.maps,
            "explained": result.explained,
            "cumulative": result.cumulative,
        },
    )


def _sentences(cohort: Cohort, params: Params, result: ComponentScores) -> list[str]:
    components, sample = result.components, result.sample
    said = list(components.sentences)
    if components.method is None:
        of_task = ""
        if params.task is None and len(cohort.tasks) > 1:
            of_task = (
                f" The task was read off the name {components.name}; choose another if that is wrong."
                if sample.task
                else " If it was computed from one task, choose that."
            )
        said.append(
            f"Explained variance is measured on {observed(cohort, sample)} of "
            f"{counted(sample.n_subjects, 'subject')} of this cohort.{of_task}"
        )
    said.append(
        "Explained variance is the share of the squared deviations from the mean, over subjects and edges, that scores "
        f"times components make up: {percent(result.explained[result.shown])} by component "
        f"{components.numbers[result.shown]}, {percent(result.cumulative[-1])} by all {components.n_components}."
    )
    if abs(result.explained.sum() - result.cumulative[-1]) > 0.005:
        said.append(
            "The components overlap, so that what each explains alone does not add up to what they do together."
        )
    if components.method == "dictionary":
        said.append(
            "Scores are refitted to each component, and to the first ones, to measure what these explain: "
            "components of a dictionary can be so alike that the scores of all of them cancel."
        )
    said.append(
        "Component association and Components and variants test whether scores are associated with phenotypes or "
        "genotypes."
    )
    return said


def _warnings(cohort: Cohort, params: Params, result: ComponentScores) -> list[str]:
    said = []
    if result.components.method is None and (result.cumulative[-1] < 0 or (result.explained < -0.01).any()):
        said.append(
            f"Scores times components are further from {observed(cohort, result.sample)} than the mean is: they were "
            "made from other data. Choose the measure and the task that they came from."
        )
    empty = [one.name for one in result.members if not one.rows.size]
    if empty:
        said.append(f"Nobody in {listed(empty)} has scores, so it is not drawn.")
    return said


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: ComponentScores, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import BoxStatistics, box_figure, with_n
    from imagenomer.figures.component import shares_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.theme import group_style

    components = result.components
    boxes = []
    for position, one in enumerate(result.members):
        if one.rows.size:
            name, colour = group_style(one.expression, position)
            own = box(result.scores[one.rows])
            boxes.append(
                BoxStatistics(
                    with_n(name, one.rows.size),
                    colour,
                    (own.lower_quartile, own.median, own.upper_quartile),
                    (own.lower_whisker, own.upper_whisker),
                    own.outliers,
                )
            )
    return Drawings(
        {
            "explained": lambda: shares_figure(
                components.numbers,
                100 * result.explained,
                100 * result.cumulative,
                marked=result.shown,
                title=components.name,
                x_label="Component",
                y_label="% of the variance between subjects",
                note=f"{counted(result.sample.n_subjects, 'subject')}; "
                f"{METHODS[components.method] if components.method else 'imported components'}",
                theme=theme,
            ),
            "scores": lambda: box_figure(
                boxes,
                title=result.name,
                x_label="Score",
                note=f"{counted(components.subjects.size, 'subject')}, one observation each",
                theme=theme,
            ),
        }
    )


ANALYSIS = Analysis(
    title="Components of connectivity",
    summary="Maps of which subjects have more or less: imported, or by PCA, ICA, NMF or a sparse dictionary.",
    tab="Components",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("connectivity",),
    opens_tab=True,
)
