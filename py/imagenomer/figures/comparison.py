"""Comparison: two phenotypes drawn against each other, as points with a line, by level, or as a mosaic."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from imagenomer.figures.chart import (
    Curve,
    box_figure,
    box_statistics,
    cut,
    start_chart,
    violin_figure,
    with_n,
    wrapped,
)
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.figures.theme import ThemeName, look
from imagenomer.statistics.comparison import Line
from imagenomer.statistics.distribution import kernel_density
from imagenomer.types import FloatArray, IntArray

#: Points that a density is drawn from.
_N_POINTS = 256
#: Shares of a side, in percent, that a number needs, and a name that does not stand on its head.
_READABLE, _ROOMY = 6.0, 25.0


def line_figure(
    x: FloatArray,
    y: FloatArray,
    line: Line,
    *,
    title: str,
    x_label: str,
    y_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw one number against another, with a fitted line in its confidence band."""
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, y_label, note)
        axes.fill_between(line.x, line.lower, line.upper, color=style.quiet, alpha=0.3, linewidth=0)
        axes.plot(line.x, line.y, color=style.ink, linewidth=1.6)
        axes.scatter(x, y, s=26, color=GROUP_COLOURS[0], alpha=0.8, linewidths=0.4, edgecolors=style.paper)
        axes.grid()
    return figure


def levels_figure(
    samples: Sequence[tuple[str, str, FloatArray]],
    *,
    kind: str,
    title: str,
    x_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw a number by level, as one box or violin a level, the first on top.

    Parameters
    ----------
    samples : sequence of (name, colour, values)
        Values of shape (n,). A level without spread has no density, so its violin is only its box.
    kind : "violin" or "box"
    title, x_label, note, theme
        As for the other charts.
    """
    boxes = [box_statistics(*sample) for sample in samples]
    if kind == "box":
        return box_figure(boxes, title=title, x_label=x_label, note=note, theme=theme)
    curves = []
    for name, colour, values in samples:
        places = np.linspace(float(values.min()), float(values.max()), _N_POINTS)
        density = kernel_density(values, places) if np.ptp(values) > 0 else np.zeros(_N_POINTS)
        curves.append(Curve(name, colour, places, density))
    violins = list(zip(curves, boxes, strict=True))
    return violin_figure(violins, title=title, x_label=x_label, note=note, theme=theme)


def mosaic_figure(
    table: IntArray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    colours: Sequence[str],
    title: str,
    x_label: str,
    y_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw a table of counts as a mosaic: a bar a row as wide as it has subjects, divided by column.

    Without association all bars are divided at the same heights.

    Parameters
    ----------
    table : ndarray, shape (n_rows, n_columns)
        Every row has subjects.
    rows, columns, colours
        Names of the levels; a colour for each column.
    """
    widths = 100 * table.sum(axis=1) / table.sum()
    lefts = np.cumsum(widths) - widths
    heights = 100 * table / table.sum(axis=1, keepdims=True)
    bottoms = np.cumsum(heights, axis=1) - heights
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, y_label, note)
        axes.set_title(textwrap.fill(title, 48))  # the legend takes room from the axes that it stands above
        for column, (name, colour) in enumerate(zip(columns, colours, strict=True)):
            axes.bar(
                lefts,
                heights[:, column],
                widths,
                bottoms[:, column],
                align="edge",
                color=colour,
                edgecolor=style.paper,
                linewidth=1.5,
                label=wrapped(name),
            )
            for row in range(len(rows)):
                if heights[row, column] > _READABLE and widths[row] > _READABLE:
                    centre = lefts[row] + widths[row] / 2, bottoms[row, column] + heights[row, column] / 2
                    axes.text(*centre, str(table[row, column]), ha="center", va="center", color="#000000", fontsize=9)
        upright = bool((widths > _ROOMY).all())
        shown = [row for row in range(len(rows)) if upright or widths[row] > _READABLE / 2]
        names = [with_n(wrapped(rows[row], 16) if upright else cut(rows[row], 22), table[row].sum()) for row in shown]
        axes.set_xticks((lefts + widths / 2)[shown], names, rotation=0 if upright else 90)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.tick_params(length=0)
        figure.legend(loc="outside right upper", reverse=True)
    return figure
