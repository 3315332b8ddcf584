"""One edge as a scatter: against the phenotype, or what covariates leave of both against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import PointSeries, PointsView
from imagenomer.analyses.shared.linear_model import Model, build_model
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.statistics.design import directions_of
from imagenomer.statistics.orthonormal import residuals
from imagenomer.statistics.ranks import average_ranks
from imagenomer.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    pass

#: Name, expression and colour of each group to colour by.
Groups = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class EdgePoints:
    """One edge: a point a subject who has it.

    Attributes
    ----------
    x, y : ndarray, shape (n_points,)
    subjects : ndarray, shape (n_points,)
        Indices into the cohort.
    x_label, y_label : str
    line : (x0, y0, x1, y1) or None
    x_ticks : tuple of (place, name)
    """

    x: FloatArray
    y: FloatArray
    subjects: IntArray
    x_label: str
    y_label: str
    line: tuple[float, float, float, float] | None
    x_ticks: tuple[tuple[float, str], ...] = ()


def edge_points(model: Model, edge: FloatArray, y_label: str) -> EdgePoints:
    """Return the points of one edge.

    Without covariates that is the edge against the phenotype. With covariates and one tested column it is the
    added-variable plot: residuals of both, whose slope is that of the model. A category that is tested as a whole
    stands in strips, with the edge less what the covariates explain; an interaction of several columns is shown by
    what it explains of the edge (the leverage plot of Sall 1990, Am. Stat. 44:308).

    Parameters
    ----------
    model : Model
    edge : ndarray, shape (n_subjects,)
        As observed; NaN where missing.
    y_label : str
        What is observed.
    """
    complete = np.isfinite(edge)
    y, subjects = edge[complete], model.subjects[complete]
    if model.design.rank == 1:
        return _plain(model, complete, y, subjects, y_label)
    try:
        some = model if complete.all() else build_model(model.question, subjects)
    except InputError:  # too few have the edge
        nobody = np.zeros(0, dtype=np.intp)
        return EdgePoints(np.zeros(0), np.zeros(0), nobody, model.name, y_label, None)
    whose = "ranks of " if model.question.ranked else ""
    if model.question.ranked:
        y = average_ranks(y[:, None])[:, 0]
    left = residuals(y, some.design.basis)
    given = "given the rest of the model" if not model.adjusted_for else f"given {model.adjusted_for}"
    label = f"{whose}{y_label}, residuals {given}"
    if model.n_tested > 1 and model.question.moderator is None:
        x = some.target + jitter(some.target, left)
        return EdgePoints(x, left, subjects, model.name, label, None, _ticks(some))
    if model.n_tested > 1:
        directions = directions_of(some.tested, some.design)
        x, x_label = directions @ (directions.T @ left), f"What {model.name} explains of it"
    else:
        x, x_label = residuals(some.tested.values[:, 0], some.design.basis), f"{whose}{model.name}, residuals {given}"
    return EdgePoints(x, left, subjects, x_label, label, _fitted_line(x, left))


def _plain(model: Model, complete: BoolArray, y: FloatArray, subjects: IntArray, y_label: str) -> EdgePoints:
    phenotype, target = model.question.phenotype, model.target[complete]
    x_label = phenotype.name + (f" ({phenotype.units})" if phenotype.units else "")
    line = None if model.question.ranked or model.n_tested > 1 else _fitted_line(target, y)
    if not model.levels:
        return EdgePoints(target, y, subjects, x_label, y_label, line)
    return EdgePoints(target + jitter(target, y), y, subjects, x_label, y_label, line, _ticks(model))


def _ticks(model: Model) -> tuple[tuple[float, str], ...]:
    return tuple((float(place), name) for place, name in enumerate(model.levels))


def _fitted_line(x: FloatArray, y: FloatArray) -> tuple[float, float, float, float] | None:
    """Return the ends of the least-squares line, None where nothing varies."""
    if x.size < 3:
        return None
    dx, dy = x - x.mean(), y - y.mean()
    # What varies by rounding only has no line.
    if not (np.linalg.norm(dx) > 1e-12 * np.linalg.norm(x) and np.linalg.norm(dy) > 1e-12 * np.linalg.norm(y)):
        return None
    slope = float(dx @ dy / (dx @ dx))
    ends = float(x.min()), float(x.max())
    heights = [float(y.mean()) + slope * (end - float(x.mean())) for end in ends]
    return ends[0], heights[0], ends[1], heights[1]


def points_view(cohort: Cohort, points: EdgePoints, title: str, caption: str, colour_by: Groups) -> PointsView:
    """Return the scatter as the page shows it."""
    series, shared = group_series(cohort, points.subjects, colour_by)
    return PointsView(
        name="edge",
        title=title,
        x_label=points.x_label,
        y_label=points.y_label,
        series=tuple(
            PointSeries(
                name,
                colour,
                points.x[own].tolist(),
                points.y[own].tolist(),
                [cohort.subjects[index] for index in points.subjects[own]],
            )
            for name, colour, own in series
        ),
        line=points.line,
        caption=" ".join([caption, *shared]),
        x_ticks=points.x_ticks,
    )


def group_series(
    cohort: Cohort, subjects: IntArray, colour_by: Groups
) -> tuple[list[tuple[str, str, BoolArray]], list[str]]:
    """Return name, colour and members of each series, and what to say of subjects who are in several groups.

    Everybody is drawn once, in the colour of their first group.
    """
    from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR

    left = np.ones(subjects.size, dtype=bool)
    series, shared = [], []
    for name, expression, colour in colour_by:
        members = groups.select(cohort, expression).included[subjects]
        own = members & left
        left &= ~own
        if own.any():
            series.append((name, colour, own))
        n, n_elsewhere = int(members.sum()), int((members & ~own).sum())
        if n_elsewhere:
            shared.append(f"{n_elsewhere:,} of {n:,} in {name} are drawn in the colour of an earlier group.")
    if not colour_by:
        return [("Subjects", GROUP_COLOURS[0], left)], shared
    if left.any():
        series.append(("Others", OTHERS_COLOUR, left))
    return series, shared


def jitter(level: FloatArray, y: FloatArray) -> FloatArray:
    """Spread the points of each level sideways, the same way every time, neighbours in ``y`` far apart."""
    golden = (np.sqrt(5) - 1) / 2
    offset = np.empty_like(y)
    for value in np.unique(level):
        own = np.flatnonzero(level == value)
        offset[own[np.argsort(y[own], kind="stable")]] = 0.3 * ((np.arange(own.size) * golden) % 1 - 0.5)
    return offset
