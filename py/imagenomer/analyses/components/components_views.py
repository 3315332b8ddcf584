"""Views of components: the map of one, what each explains, and the scores by group and by subject."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from imagenomer.analyses.components.components_result import ComponentScores, GroupRows
from imagenomer.analyses.contract import Column, FigureView, MatrixView, TableView, View
from imagenomer.analyses.shared.decompositions import Components, component_names
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.strongest_edges import EDGE_COLUMNS, named_edges, strongest
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.statistics.difference import NumberSummary, summarise
from imagenomer.types import Json
from imagenomer.wording import minus

_EDGES_LISTED = 50


def component_views(cohort: Cohort, result: ComponentScores) -> tuple[View, ...]:
    """Return the map first, then figures, then tables."""
    components, number = result.components, int(result.components.numbers[result.shown])
    scale: Literal["diverging", "sequential"] = "sequential" if components.method == "nmf" else "diverging"
    return (
        MatrixView("component", result.name, "Weight", "component", scale, note=_note(result)),
        FigureView("explained", "How much each component explains", _explained_in_words(result)),
        # A box shows the subjects beyond its whiskers.
        FigureView("scores", f"Scores of component {number}", _scores_in_words(result), of_subjects=True),
        _edge_table(cohort, result),
        _component_table(result),
        _group_table(result),
        _subject_table(cohort, result),
    )


def score_summaries(result: ComponentScores) -> list[dict[str, Json]]:
    """Describe the scores of each group."""
    return [_summary(one, summarise(result.scores[one.rows])) for one in result.members]


def _edge_table(cohort: Cohort, result: ComponentScores) -> TableView:
    edges = result.components.maps[result.shown].astype(np.float64)
    top = strongest(edges, _EDGES_LISTED)
    rows = zip(named_edges(parcellation_of(cohort), top), edges[top].tolist(), strict=True)
    return TableView(
        "edges",
        f"Strongest edges of component {result.components.numbers[result.shown]}",
        (*EDGE_COLUMNS, Column("weight", "Weight", "number")),
        tuple({**row, "weight": weight} for row, weight in rows),
    )


def _component_table(result: ComponentScores) -> TableView:
    columns = (
        Column("component", "Component", "integer"),
        Column("explained", "Explained variance (%)", "number"),
        Column("cumulative", "Cumulative (%)", "number"),
        Column("sd", "SD of scores", "number"),
    )
    return TableView("components", "Components", columns, tuple(_component_rows(result)))


def _group_table(result: ComponentScores) -> TableView:
    columns = (
        Column("group", "Group"),
        Column("n", "Subjects", "integer"),
        Column("mean", "Mean", "number"),
        Column("sd", "SD", "number"),
        Column("median", "Median", "number"),
    )
    title = f"Scores of component {result.components.numbers[result.shown]} by group"
    return TableView("groups", title, columns, tuple(score_summaries(result)))


def _subject_table(cohort: Cohort, result: ComponentScores) -> TableView:
    components = result.components
    number = int(components.numbers[result.shown])
    names = zip(components.numbers.tolist(), component_names(components.numbers), strict=True)
    columns = (
        Column("subject", "Subject", of_subjects=True),
        *(
            Column(f"score_{one}", name, "number", where="everywhere" if one == number else "file")
            for one, name in names
        ),
    )
    return TableView("subjects", "Scores of every subject", columns, tuple(_subject_rows(cohort, components)))


def _note(result: ComponentScores) -> str:
    return (
        f"{counted(result.components.subjects.size, 'subject')}, one observation each\n"
        f"explains {percent(result.explained[result.shown])} of the variance between subjects; its sign is arbitrary"
        if result.components.method != "nmf"
        else f"{counted(result.components.subjects.size, 'subject')}, one observation each\n"
        f"explains {percent(result.explained[result.shown])} of the variance between subjects"
    )


def percent(share: float) -> str:
    return minus(f"{100 * share:.2f} %")


def _explained_in_words(result: ComponentScores) -> str:
    first = ", ".join(percent(share) for share in result.explained[:3])
    return (
        f"Bars of the variance that each of {counted(result.components.n_components, 'component')} explains: {first}"
        f"{' and so on' if result.components.n_components > 3 else ''}; a line of what the first explain together, "
        f"{percent(result.cumulative[-1])} in the end."
    )


def _scores_in_words(result: ComponentScores) -> str:
    summaries = [summarise(result.scores[one.rows]) for one in result.members]
    spread = "; ".join(
        f"{one.name}: median {number_text(summary.median)}, n = {summary.n}"
        for one, summary in zip(result.members, summaries, strict=True)
        if summary.n
    )
    return f"Boxes of the scores of component {result.components.numbers[result.shown]}. {spread}."


def _summary(members: GroupRows, summary: NumberSummary) -> dict[str, Json]:
    numbers = {name: getattr(summary, name) for name in ("mean", "sd", "median")}
    return {
        "group": members.name,
        "expression": members.expression,
        "n": summary.n,
        **{name: value if np.isfinite(value) else None for name, value in numbers.items()},
    }


def _component_rows(result: ComponentScores) -> list[dict[str, Json]]:
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
