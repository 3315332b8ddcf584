"""Views that the page paints, as figures to keep: one way for maps, grids and scatters of all analyses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from imagenomer.figures.chart import Points, points_figure, with_n
from imagenomer.figures.grid import grid_figure
from imagenomer.figures.matrix import matrix_figure
from imagenomer.figures.networks import networks_figure
from imagenomer.figures.pixels import default_colormap, scale_limit
from imagenomer.figures.theme import ThemeName
from imagenomer.parcellation import Parcellation
from imagenomer.views import GridView, MatrixView, PointsView

#: What the page paints from numbers, without Matplotlib.
PaintedView: TypeAlias = MatrixView | GridView | PointsView


def view_figure(
    view: PaintedView,
    arrays: Mapping[str, NDArray[Any]],
    parcellation: Parcellation | None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw a view as the page shows it, with its note.

    Parameters
    ----------
    view : MatrixView, GridView or PointsView
    arrays : mapping of str to ndarray
        `imagenomer.analyses.contract.Report.arrays`, which a map is taken from.
    parcellation : Parcellation or None
        Of the edges of a map; None will do for other views.
    theme : "light" or "dark"

    Raises
    ------
    ValueError
        If a map is to be drawn without a parcellation.
    """
    if isinstance(view, PointsView):
        return points_view_figure(view, theme)
    if isinstance(view, GridView):
        return grid_view_figure(view, theme)
    if parcellation is None:
        raise ValueError(f"the map {view.name!r} needs a parcellation")
    return matrix_view_figure(view, arrays[view.array], parcellation, theme)


def matrix_view_figure(
    view: MatrixView, values: NDArray[Any], parcellation: Parcellation, theme: ThemeName = "light"
) -> Figure:
    """Draw a map over edges as a matrix in network order; ``values`` has the shape (n_edges,)."""
    return matrix_figure(
        np.asarray(values, dtype=np.float64),
        parcellation,
        title=view.title,
        label=view.label,
        colormap=default_colormap(view.scale),
        limit=scale_limit(values) if view.limit is None else view.limit,
        note=view.note,
        theme=theme,
    )


def grid_view_figure(view: GridView, theme: ThemeName = "light") -> Figure:
    """Draw a small matrix of named rows and columns in the colours of the page."""
    values = np.array([[np.nan if value is None else value for value in row] for row in view.values], dtype=np.float64)
    colormap = default_colormap(view.scale)
    limit = scale_limit(values) if view.limit is None else view.limit
    if view.written:
        return networks_figure(
            values,
            view.in_full or view.rows,
            title=view.title,
            label=view.label,
            colormap=colormap,
            limit=limit,
            note=view.note,
            theme=theme,
        )
    return grid_figure(
        values,
        view.rows,
        view.columns,
        title=view.title,
        label=view.label,
        colormap=colormap,
        limit=limit,
        marked=np.array(view.marked, dtype=bool) if view.marked else None,
        note=view.note,
        theme=theme,
    )


def points_view_figure(view: PointsView, theme: ThemeName = "light") -> Figure:
    """Draw a scatter; the name of each series says how many points it has."""
    series = [
        Points(
            with_n(one.name, len(one.x)),
            one.colour,
            np.asarray(one.x, dtype=np.float64),
            np.asarray(one.y, dtype=np.float64),
        )
        for one in view.series
    ]
    return points_figure(
        series,
        title=view.title,
        x_label=view.x_label,
        y_label=view.y_label,
        line=view.line,
        x_ticks=view.x_ticks,
        levels=view.levels,
        note="\n".join(filter(None, (view.note, view.caption))),
        theme=theme,
    )
