"""Charts of components along the horizontal axis: the shares that they explain, and effects with their intervals."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imagenomer.figures.chart import add_legend, start_chart
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.figures.theme import Theme, ThemeName, look
from imagenomer.types import BoolArray, FloatArray, IntArray


def shares_figure(
    numbers: IntArray,
    shares: FloatArray,
    cumulative: FloatArray,
    *,
    marked: int,
    title: str,
    x_label: str,
    y_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw shares as bars in a row, and what the first make up together as a line; the one ``marked`` stands out."""
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, y_label, note)
        axes.bar(numbers, shares, color=GROUP_COLOURS[0], width=0.8, label="each alone")
        axes.bar(numbers[marked], shares[marked], color=style.ink, width=0.8, label="the one shown")
        axes.plot(
            numbers, cumulative, color=GROUP_COLOURS[1], linewidth=1.6, marker="o", markersize=3, label="together"
        )
        axes.axhline(0, color=style.ink, linewidth=0.8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        add_legend(figure, True)
    return figure


def intervals_figure(
    numbers: IntArray,
    values: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    *,
    marked: BoolArray,
    title: str,
    x_label: str,
    y_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw values in a row with their intervals (none where NaN); those ``marked`` are significant and filled."""
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, y_label, note)
        axes.axhline(0, color=style.ink, linewidth=0.8)
        axes.vlines(numbers, lower, upper, color=GROUP_COLOURS[0], linewidth=1.2)
        scatter_marked(axes, numbers, values, marked, ("significant", "not significant"), style)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        add_legend(figure, True)
    return figure


def scatter_marked(
    axes: Axes,
    x: FloatArray | IntArray,
    y: FloatArray,
    marked: BoolArray,
    names: tuple[str, str],
    style: Theme,
) -> None:
    """Draw points, filled where ``marked`` and hollow elsewhere; ``names`` says what the two are, the marked first."""
    for own, face, name in zip((marked, ~marked), (GROUP_COLOURS[0], style.paper), names, strict=True):
        if own.any():
            axes.scatter(x[own], y[own], s=30, facecolors=face, edgecolors=GROUP_COLOURS[0], label=name, zorder=3)
