"""A grid view as a figure to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np

from imagenomer.analyses.contract import GridView
from imagenomer.figures.pixels import default_colormap, scale_limit
from imagenomer.types import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class GridLook(TypedDict):
    """What every figure of a grid takes from its view."""

    title: str
    label: str
    colormap: str
    limit: float


def values_and_look(view: GridView) -> tuple[FloatArray, GridLook]:
    """Return the numbers of a grid, NaN where it has none, shape (n_rows, n_columns), and how the page shows them."""
    values = np.array([[np.nan if value is None else value for value in row] for row in view.values], dtype=np.float64)
    limit = scale_limit(values) if view.limit is None else view.limit
    return values, {"title": view.title, "label": view.label, "colormap": default_colormap(view.scale), "limit": limit}


def draw_grid(view: GridView, theme: Literal["light", "dark"], note: str = "") -> Figure:
    """Draw what the page shows of a grid, in the same colours."""
    from imagenomer.figures.grid import grid_figure

    values, look = values_and_look(view)
    return grid_figure(values, view.rows, view.columns, **look, note=note, theme=theme)
