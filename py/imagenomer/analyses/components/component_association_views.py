"""Views of component association: the grid of phenotypes and components, the table of tests, the strongest."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import cast

import numpy as np

from imagenomer.analyses.components.component_association_params import Params
from imagenomer.analyses.components.component_association_result import ComponentTests
from imagenomer.analyses.components.component_association_words import note_of, tip_of, title_of
from imagenomer.analyses.contract import Column, FigureView, GridView, Link, PointsView, TableView, View, WholeTable
from imagenomer.analyses.shared.decompositions import component_names
from imagenomer.analyses.shared.edge_points import edge_points, points_view
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.whole_tables import RowsOf, strongest_first, whole_table
from imagenomer.cohort import Cohort
from imagenomer.figures.pixels import scale_limit
from imagenomer.jsonable import finite
from imagenomer.types import IntArray, Json
from imagenomer.wording import minus

#: Of several phenotypes the table lists this many associations, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 500
#: Numbers of a test that the table has as they are.
_NUMBERS = ("effect", "lower", "upper", "slope", "slope_lower", "slope_upper", "p_value", "neg_log10_p")


def association_views(
    cohort: Cohort, params: Params, result: ComponentTests, rows: list[dict[str, Json]]
) -> list[View]:
    best, component = result.strongest
    alt = (
        f"Effect of {counted(result.components.n_components, 'component')}; the strongest is component "
        f"{result.components.numbers[component]}, {result.tested[best].effect[component]:.3f}."
    )
    title = title_of(result)
    listed_rows = sorted(rows, key=lambda row: -cast("float", row["neg_log10_p"] or 0.0))
    if len(result.tested) == 1:
        return [
            FigureView("effects", title, alt),
            strongest_points(cohort, result),
            TableView("tests", "Every component", _columns(result), tuple(rows)),
        ]
    n_listed = min(max(int(np.count_nonzero(result.significant)), _FEWEST_LISTED), _MOST_LISTED)
    return [
        effect_grid(params, result),
        TableView("tests", "Strongest associations", _columns(result), tuple(listed_rows[:n_listed])),
    ]


def effect_grid(params: Params, result: ComponentTests) -> GridView:
    numbers = result.components.numbers.tolist()
    choices = {entry.name: getattr(params, entry.name) for entry in dataclasses.fields(params)}
    tips, links = [], []
    for column, name in enumerate(component_names(numbers)):
        tips.append(tuple(tip_of(result, row, column, name) for row in range(len(result.tested))))
        links.append(
            tuple(Link("component-association", {**choices, "phenotypes": [one.name]}) for one in result.tested)
        )
    return GridView(
        "grid",
        title_of(result),
        "r (eta of a category of several levels)",
        tuple(component_names(numbers)),
        tuple(one.model.name for one in result.tested),
        tuple(tuple(finite(value) for value in column) for column in result.effects.T.tolist()),
        limit=scale_limit(result.effects),
        tips=tuple(tips),
        links=tuple(links),
        note=note_of(params, result),
        marked=tuple(tuple(row) for row in result.significant.T.tolist()),
    )


def strongest_points(cohort: Cohort, result: ComponentTests) -> PointsView:
    row, column = result.strongest
    one, number = result.tested[row], result.components.numbers[column]
    points = edge_points(one.model, result.components.scores[one.rows, column], f"Score of component {number}")
    caption = (
        tip_of(result, row, column, f"Component {number}") + ". The strongest is shown, so its effect is overestimated."
    )
    view = points_view(cohort, points, f"{one.model.name} and component {number}", caption, ())
    return dataclasses.replace(view, name="strongest")


# --- the table of tests -----------------------------------------------------------------------------


def association_rows(result: ComponentTests) -> list[dict[str, Json]]:
    """Describe all tests, phenotype by phenotype."""
    return _rows(result, np.arange(result.p_adjusted.size))


def all_tests(cohort: Cohort, params: Params, result: ComponentTests) -> WholeTable:
    """Return all tests for the file: of several phenotypes the smallest p first, of one by component."""

    def prepare() -> tuple[IntArray, RowsOf]:
        strength = np.concatenate([one.neg_log10_p for one in result.tested])
        order = strongest_first(strength) if len(result.tested) > 1 else np.arange(strength.size)
        return order, partial(_rows, result)

    return whole_table(result.p_adjusted.size, prepare)


def _rows(result: ComponentTests, which: IntArray) -> list[dict[str, Json]]:
    rows = []
    for index in which.tolist():
        place, column = divmod(index, result.components.n_components)
        one = result.tested[place]
        values = {name: finite(float(getattr(one, name)[column])) for name in _NUMBERS}
        rows.append(
            {
                "component": int(result.components.numbers[column]),
                "phenotype": one.model.name,
                **values,
                "ci": _span(values["lower"], values["upper"]),
                "slope_ci": _span(values["slope_lower"], values["slope_upper"]),
                "p_adjusted": finite(float(result.p_adjusted[place, column])),
                "significant": bool(result.significant[place, column]),
                "n_subjects": int(one.rows.size),
                "dof": one.dof,
            }
        )
    return rows


def _columns(result: ComponentTests) -> tuple[Column, ...]:
    several = len(result.tested) > 1
    category = not several and result.tested[0].model.n_tested > 1
    two_levels = not several and result.tested[0].model.level is not None
    slope = "Difference of scores" if two_levels else "Score for each unit"
    effect = "Eta" if category else "r or eta" if several else "r"
    return (
        Column("component", "Component", "integer"),
        *([Column("phenotype", "Phenotype")] if several else []),
        Column("effect", effect, "number"),
        *(
            []
            if category
            else [
                Column("ci", "95 % CI", where="page", sort="lower"),
                Column("lower", "95 % CI from", "number", where="file"),
                Column("upper", "to", "number", where="file"),
                Column("slope", slope, "number", where="file" if several else "everywhere"),
                *([] if several else [Column("slope_ci", "95 % CI", where="page", sort="slope_lower")]),
                Column("slope_lower", f"{slope}: 95 % CI from", "number", where="file"),
                Column("slope_upper", "to", "number", where="file"),
            ]
        ),
        Column("p_value", "p", "p"),
        Column("p_adjusted", "p adjusted", "p"),
        Column("neg_log10_p", "−log10 p", "number", where="file"),
        Column("n_subjects", "Subjects", "integer"),
        Column("dof", "Degrees of freedom", "integer", where="file"),
    )


def _span(lower: float | None, upper: float | None) -> str | None:
    return None if lower is None or upper is None else minus(f"{lower:.3g} to {upper:.3g}")
