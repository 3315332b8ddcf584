"""Grid: a small matrix of named rows and columns as a figure to keep, with a dot in what is significant."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from imagenomer.figures.scale import add_colour_bar, colours_of
from imagenomer.figures.theme import ThemeName, look
from imagenomer.types import BoolArray, FloatArray

#: Inches of a cell, at most and at least, and of the longest side.
_LARGEST, _SMALLEST, _LONGEST = 0.34, 0.13, 14.0


def grid_figure(
    values: FloatArray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str,
    label: str,
    colormap: str,
    limit: float,
    marked: BoolArray | None = None,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw a matrix with the names of its rows and columns.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
        NaN is drawn grey.
    rows, columns : sequence of str
    title, label, note : str
        As for `imagenomer.figures.matrix.matrix_figure`.
    colormap, limit
    marked : ndarray of bool, shape (n_rows, n_columns), optional
        Cells with a dot in them.
    theme : "light" or "dark"
    """
    cell = float(np.clip(_LONGEST / max(len(rows), len(columns)), _SMALLEST, _LARGEST))
    size = 8 if cell > 0.2 else 6
    with look(theme) as style:
        figure = Figure(
            figsize=(max(cell * len(columns), 2.4) + 3.4, max(cell * len(rows), 2.4) + 2.4), layout="constrained"
        )
        axes = figure.add_subplot()
        axes.imshow(colours_of(values, colormap=colormap, limit=limit), interpolation="none", aspect="equal")
        axes.set_title(textwrap.fill(title, max(28, int(9 * cell * len(columns)))))
        axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=size)
        axes.set_yticks(range(len(rows)), rows, fontsize=size)
        axes.tick_params(length=0, pad=4)
        axes.spines[:].set_visible(True)
        if marked is not None and marked.any():
            down, across = np.nonzero(marked)
            axes.scatter(across, down, s=14, color=style.ink, edgecolors=style.paper, linewidths=0.6)
            note = f"{note}\nDots: significant" if note else "Dots: significant"
        if note:
            figure.supxlabel(textwrap.fill(note, 72, replace_whitespace=False), x=0.02, ha="left", fontsize=9)
        add_colour_bar(figure, axes, colormap=colormap, limit=limit, label=label)
    return figure
