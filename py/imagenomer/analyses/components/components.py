"""Components of connectivity: what maps subjects differ by, how much each explains, and who has how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Analysis,
    Column,
    FigureView,
    GroupsChoice,
    Integer,
    MatrixView,
    Report,
    TableView,
)
from imagenomer.analyses.shared.decompositions import (
    METHODS,
    Components,
    Source,
    component_names,
    decompose,
    imported_from,
    likely_task,
    observed,
)
from imagenomer.analyses.shared.sample import Sample, counted, listed, sample_of
from imagenomer.analyses.shared.strongest_edges import EDGE_COLUMNS, named_edges, strongest
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.progress import Steps
from imagenomer.statistics.difference import NumberSummary, summarise
from imagenomer.statistics.distribution import box
from imagenomer.statistics.explained_variance import share_explained
from imagenomer.types import FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EDGES_LISTED = 50


@dataclass(frozen=True, slots=True)
class Params(Source):
    component: Annotated[int, Integer(minimum=0, maximum=9999, step=1)] = field(
        default=0,
        metadata={"label": "Component to show", "help": "Counted from 0, as in the files of a decomposition."},
    )
    groups: Annotated[tuple[str, ...], GroupsChoice()] = field(
        default=(), metadata={"label": "Groups to compare", "help": "Whose scores are shown side by side."}
    )


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """A group that is shown, and which rows of the scores are its subjects'."""

    expression: str | None
    rows: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Components, and the one to look at.

    Attributes
    ----------
    components : Components
    shown : int
        Row of the component to look at.
    sample : Sample
        Whose connectivity the explained variance is of.
    explained, cumulative : ndarray, shape (n_components,)
        Share of the variance between these subjects, of each and of the first together.
    members : tuple of Members
    """

    components: Components
    shown: int
    sample: Sample
    explained: FloatArray
    cumulative: FloatArray
    members: tuple[Members, ...]

    @property
    def name(self) -> str:
        """The component to look at, for titles: "Component 0 of restpca"."""
        return f"Component {self.components.numbers[self.shown]} of {self.components.name}"

    @property
    def scores(self) -> FloatArray:
        """Scores of the component to look at, shape (n_subjects,)."""
        return self.components.scores[:, self.shown]


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Shown]:
    components = yield from decompose(cohort, params)
    shown = components.position(params.component)
    members = []
    for expression in dict.fromkeys(params.groups) or (None,):
        included = groups.select(cohort, expression).included
        members.append(Members(expression, np.flatnonzero(included[components.subjects])))
    if components.factors is not None and components.sample is not None:
        sample, explained = components.sample, components.factors.explained
        return Shown(components, shown, sample, explained, components.factors.cumulative, tuple(members))
    name = cast("str", params.decomposition)
    scores = imported_from(cohort, name).scores
    unscored = np.asarray(~np.isfinite(scores).all(axis=1))
    of_task = params if params.task is not None else replace(params, task=likely_task(cohort, name))
    sample = sample_of(cohort, of_task, missing={f"scores of {name}": unscored}, at_least=3)
    explained, cumulative = yield from share_explained(
        sample.observations.values,
        sample.rows,
        components.maps,
        scores[np.ix_(sample.subjects, components.numbers)],
    )
    return Shown(components, shown, sample, explained, cumulative, tuple(members))


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Shown) -> Report:
    components = result.components
    edges = components.maps[result.shown].astype(np.float64)
    top = strongest(edges, _EDGES_LISTED)
    summaries = [summarise(result.scores[one.rows]) for one in result.members]
    number = int(components.numbers[result.shown])
    note = _note(result)
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
            "component": number,
            "minimum": float(np.nanmin(edges)),
            "maximum": float(np.nanmax(edges)),
            "scores": [_summary(one, summary) for one, summary in zip(result.members, summaries, strict=True)],
        },
        sentences=tuple(_sentences(cohort, params, result)),
        warnings=(*components.warnings, *_warnings(cohort, params, result)),
        views=(
            MatrixView(
                "component",
                result.name,
                "Weight",
                "component",
                "sequential" if components.method == "nmf" else "diverging",
                note=note,
            ),
            FigureView("explained", "How much each component explains", _explained_in_words(result)),
            FigureView("scores", f"Scores of component {number}", _scores_in_words(result, summaries)),
            TableView(
                "edges",
                f"Strongest edges of component {number}",
                (*EDGE_COLUMNS, Column("weight", "Weight", "number")),
                tuple(
                    {**row, "weight": weight}
                    for row, weight in zip(named_edges(parcellation_of(cohort), top), edges[top].tolist(), strict=True)
                ),
            ),
            TableView(
                "components",
                "Components",
                (
                    Column("component", "Component", "integer"),
                    Column("explained", "Explained variance (%)", "number"),
                    Column("cumulative", "With those before (%)", "number"),
                    Column("sd", "SD of scores", "number"),
                ),
                tuple(_component_rows(result)),
            ),
            TableView(
                "groups",
                f"Scores of component {number} by group",
                (
                    Column("group", "Group"),
                    Column("n", "Subjects", "integer"),
                    Column("mean", "Mean", "number"),
                    Column("sd", "SD", "number"),
                    Column("median", "Median", "number"),
                ),
                tuple(_summary(one, summary) for one, summary in zip(result.members, summaries, strict=True)),
            ),
            TableView(
                "subjects",
                "Scores of every subject",
                (
                    Column("subject", "Subject"),
                    *(
                        Column(f"score_{one}", name, "number", where="everywhere" if one == number else "file")
                        for one, name in zip(
                            components.numbers.tolist(), component_names(components.numbers), strict=True
                        )
                    ),
                ),
                tuple(_subject_rows(cohort, components)),
            ),
        ),
        arrays={
            "component": edges,
            "components": components.maps,
            "explained": result.explained,
            "cumulative": result.cumulative,
        },
    )


def _sentences(cohort: Cohort, params: Params, result: Shown) -> list[str]:
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
        f"times components make up: {_percent(result.explained[result.shown])} by component "
        f"{components.numbers[result.shown]}, {_percent(result.cumulative[-1])} by all {components.n_components}."
    )
    if abs(result.explained.sum() - result.cumulative[-1]) > 0.005:
        said.append(
            "The components overlap, so that what each explains alone does not add up to what they do together."
        )
    if components.method == "dictionary":
        said.append(
            "Scores are fitted anew to each component, and to the first ones, to measure what these explain: "
            "components of a dictionary can be so alike that the scores of all of them cancel."
        )
    said.append(
        "Component association and Components and variants test whether scores go with phenotypes or genotypes."
    )
    return said


def _warnings(cohort: Cohort, params: Params, result: Shown) -> list[str]:
    said = []
    if result.components.method is None and (result.cumulative[-1] < 0 or (result.explained < -0.01).any()):
        said.append(
            f"Scores times components are further from {observed(cohort, result.sample)} than the mean is: they were "
            "made from other data. Choose the measure and the task that they came from."
        )
    empty = [_group_name(one) for one in result.members if not one.rows.size]
    if empty:
        said.append(f"Nobody in {listed(empty)} has scores, so it is not drawn.")
    return said


def _note(result: Shown) -> str:
    return (
        f"{counted(result.components.subjects.size, 'subject')}, one observation each\n"
        f"explains {_percent(result.explained[result.shown])} of the variance between subjects; its sign is arbitrary"
        if result.components.method != "nmf"
        else f"{counted(result.components.subjects.size, 'subject')}, one observation each\n"
        f"explains {_percent(result.explained[result.shown])} of the variance between subjects"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %".replace("-", "−")


def _explained_in_words(result: Shown) -> str:
    first = ", ".join(_percent(share) for share in result.explained[:3])
    return (
        f"Bars of the variance that each of {counted(result.components.n_components, 'component')} explains: {first}"
        f"{' and so on' if result.components.n_components > 3 else ''}; a line of what the first explain together, "
        f"{_percent(result.cumulative[-1])} in the end."
    )


def _scores_in_words(result: Shown, summaries: list[NumberSummary]) -> str:
    spread = "; ".join(
        f"{_group_name(one)}: median {number_text(summary.median)}, n = {summary.n}"
        for one, summary in zip(result.members, summaries, strict=True)
        if summary.n
    )
    return f"Boxes of the scores of component {result.components.numbers[result.shown]}. {spread}."


def _group_name(members: Members) -> str:
    return "Everybody" if members.expression is None else groups.describe(members.expression)


def _summary(members: Members, summary: NumberSummary) -> dict[str, Json]:
    numbers = {name: getattr(summary, name) for name in ("mean", "sd", "median")}
    return {
        "group": _group_name(members),
        "expression": members.expression,
        "n": summary.n,
        **{name: value if np.isfinite(value) else None for name, value in numbers.items()},
    }


def _component_rows(result: Shown) -> list[dict[str, Json]]:
    columns = (
        result.components.numbers.tolist(),
        (100 * result.explained).tolist(),
        (100 * result.cumulative).tolist(),
        result.components.scores.std(axis=0, ddof=1).tolist(),
    )
    keys = ("component", "explained", "cumulative", "sd")
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _subject_rows(cohort: Cohort, components: Components) -> list[dict[str, Any]]:
    keys = [f"score_{number}" for number in components.numbers.tolist()]
    return [
        {"subject": cohort.subjects[index], **dict(zip(keys, own, strict=True))}
        for index, own in zip(components.subjects.tolist(), components.scores.tolist(), strict=True)
    ]


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Shown, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import BoxStatistics, box_figure, shares_figure, with_n
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
    summary="The maps that subjects have more or less of: imported, or by PCA, ICA, NMF or a sparse dictionary.",
    tab="Components",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    needs=("connectivity",),
    opens_tab=True,
)
