"""Charts: distributions by group, bars of categories, and one value against another.

Names of groups and levels stand on the vertical axis or in a legend beside the axes, and are wrapped, so that they
never overlap however many or long they are.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imagenomer.figures.palette import sign_colour
from imagenomer.figures.theme import GROUP_MARKERS, Theme, ThemeName, look
from imagenomer.statistics.distribution import box
from imagenomer.types import FloatArray, IntArray

_WIDTH = 7.2
_HEIGHT = 4.4
#: Inches between two rows of a ranking, more than a line of its names.
_RANK_HEIGHT = 0.22
_LINES = ("-", "--", "-.", ":")


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How many members of a group fall into each bin, or have each level."""

    name: str
    colour: str
    counts: IntArray | FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Density of a group at given places."""

    name: str
    colour: str
    x: FloatArray
    density: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class BoxStatistics:
    """What a box shows: quartiles, the furthest values within the whiskers, and those beyond."""

    name: str
    colour: str
    quartiles: tuple[float, float, float]
    whiskers: tuple[float, float]
    outliers: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of a group."""

    name: str
    colour: str
    x: FloatArray
    y: FloatArray


def histogram_figure(
    groups: Sequence[Counts],
    bin_edges: FloatArray,
    *,
    title: str,
    x_label: str,
    y_label: str,
    expected: float | None = None,
    expected_label: str = "",
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw the histograms of one or more groups over the same bins, one outline a group.

    ``y_label`` is what is counted: "Subjects", "Edges". ``expected`` is a count to compare every bin with, such as
    that of uniform p-values.
    """
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, y_label, note)
        for position, group in enumerate(groups):
            axes.stairs(
                group.counts, bin_edges, fill=True, color=group.colour, alpha=0.55 if len(groups) == 1 else 0.16
            )
            axes.stairs(
                group.counts,
                bin_edges,
                color=group.colour,
                linewidth=1.6,
                linestyle=_LINES[position % len(_LINES)],
                label=wrapped(group.name),
            )
        if expected is not None:
            axes.axhline(expected, color=style.ink, linewidth=1, linestyle="--", label=wrapped(expected_label))
        axes.set_xlim(bin_edges[0], bin_edges[-1])
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        add_legend(figure, len(groups) > 1 or expected is not None)
    return figure


def density_figure(
    groups: Sequence[Curve], *, title: str, x_label: str, note: str = "", theme: ThemeName = "light"
) -> Figure:
    """Draw the density of each group."""
    with look(theme):
        figure, axes = start_chart(title, x_label, "Density", note)
        for position, group in enumerate(groups):
            axes.fill_between(group.x, group.density, color=group.colour, alpha=0.16, linewidth=0)
            axes.plot(
                group.x,
                group.density,
                color=group.colour,
                linewidth=1.8,
                linestyle=_LINES[position % len(_LINES)],
                label=wrapped(group.name),
            )
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
        axes.grid(axis="y")
        add_legend(figure, len(groups) > 1)
    return figure


def box_figure(
    groups: Sequence[BoxStatistics], *, title: str, x_label: str, note: str = "", theme: ThemeName = "light"
) -> Figure:
    """Draw one box a group, the first on top: quartiles, whiskers, and every value beyond them."""
    with look(theme) as style:
        figure, axes = _start_rows([group.name for group in groups], title, x_label, note)
        for row, group in enumerate(groups):
            _box(axes, row, group, style, height=0.56)
            axes.scatter(
                group.outliers, np.full(group.outliers.shape, row), s=14, facecolors="none", edgecolors=group.colour
            )
        axes.grid(axis="x")
    return figure


def violin_figure(
    groups: Sequence[tuple[Curve, BoxStatistics]],
    *,
    title: str,
    x_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw one violin a group, the first on top: its density on both sides of a thin box, all equally wide."""
    with look(theme) as style:
        figure, axes = _start_rows([curve.name for curve, _ in groups], title, x_label, note)
        for row, (curve, box) in enumerate(groups):
            half = 0.42 * curve.density / (float(curve.density.max(initial=0)) or 1.0)
            axes.fill_between(curve.x, row - half, row + half, color=curve.colour, alpha=0.35, linewidth=0)
            axes.plot(curve.x, row - half, color=curve.colour, linewidth=1.2)
            axes.plot(curve.x, row + half, color=curve.colour, linewidth=1.2)
            _box(axes, row, box, style, height=0.14)
        axes.grid(axis="x")
    return figure


def bars_figure(
    groups: Sequence[Counts],
    levels: Sequence[str],
    *,
    title: str,
    counted: str,
    share_of: str = "the group",
    note: str = "",
    most: int = 20,
    theme: ThemeName = "light",
) -> Figure:
    """Draw how often each level of a category occurs in each group.

    ``counted`` is what is counted: "Subjects", "Variants". Several groups are compared by share of what ``share_of``
    says, since they differ in size; the count stands at every bar. Of more than ``most`` levels the most frequent are
    drawn and the rest are summed as "k other levels".
    """
    counts = np.array([group.counts for group in groups], dtype=np.float64).reshape(len(groups), len(levels))
    names = list(levels)
    if len(names) > most:
        kept = np.sort(np.argsort(-counts.sum(axis=0), kind="stable")[: most - 1])
        rest = np.setdiff1d(np.arange(len(names)), kept)
        counts = np.concatenate([counts[:, kept], counts[:, rest].sum(axis=1, keepdims=True)], axis=1)
        names = [names[index] for index in kept] + [f"{rest.size} other levels"]
    compared = len(groups) > 1
    totals = counts.sum(axis=1, keepdims=True)
    shown = 100 * counts / np.where(totals > 0, totals, 1) if compared else counts
    thickness = 0.8 / max(len(groups), 1)  # of a variant that nobody has a genotype of there is none
    with look(theme) as style:
        x_label = f"Share of {share_of} (%)" if compared else counted
        figure, axes = _start_rows(names, title, x_label, note, tallest=len(groups))
        for position, group in enumerate(groups):
            rows = np.arange(len(names)) + (position - (len(groups) - 1) / 2) * thickness
            axes.barh(rows, shown[position], height=thickness * 0.92, color=group.colour, label=wrapped(group.name))
            for row, length, count in zip(rows, shown[position], counts[position], strict=True):
                axes.annotate(
                    f"{count:.0f}",
                    (length, row),
                    xytext=(3, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                    color=style.ink,
                )
        axes.set_xlim(0, max(float(shown.max(initial=0)) * 1.1, 1e-9))
        axes.grid(axis="x")
        add_legend(figure, compared)
    return figure


def ranking_figure(
    names: Sequence[str],
    values: FloatArray,
    *,
    title: str,
    x_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw signed values in their order, the first on top: one value a row as a bar, several as a box with its points.

    Signs have the colours that they have in matrices.

    Parameters
    ----------
    names : sequence of str
        One a row; what is too long is cut in the middle.
    values : ndarray, shape (n_rows, n_values)
    title, x_label, note, theme
        As for the other charts.
    """
    several = values.shape[1] > 1
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, "", note, height=1.5 + _RANK_HEIGHT * len(names))
        axes.set_title(textwrap.fill(title, 54))  # the names take room from the axes that it stands above
        axes.axvline(0, color=style.quiet, linewidth=1)
        for row, own in enumerate(values):
            colour = sign_colour(float(own.mean()))
            if several:
                _box(axes, row, box_statistics(names[row], colour, own), style, height=0.6)
                axes.scatter(own, np.full(own.shape, row), s=9, color=style.ink, linewidths=0, zorder=4)
            else:
                axes.barh(row, own[0], height=0.7, color=colour)
        axes.set_yticks(range(len(names)), [cut(name) for name in names], fontsize=8)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
    return figure


def box_statistics(name: str, colour: str, values: FloatArray) -> BoxStatistics:
    """Return the box of a group's values, shape (n,)."""
    own = box(values)
    return BoxStatistics(
        name,
        colour,
        (own.lower_quartile, own.median, own.upper_quartile),
        (own.lower_whisker, own.upper_whisker),
        own.outliers,
    )


def points_figure(
    groups: Sequence[Points],
    *,
    title: str,
    x_label: str,
    y_label: str,
    line: tuple[float, float, float, float] | None = None,
    x_ticks: Sequence[tuple[float, str]] = (),
    levels: Sequence[tuple[float, str]] = (),
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw one value against another, a mark for each group, and a fitted line from (x0, y0) to (x1, y1).

    ``x_ticks`` names places on the horizontal axis, where that is a category; ``levels`` are named heights to compare
    with.
    """
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, y_label, note)
        for position, group in enumerate(groups):
            axes.scatter(
                group.x,
                group.y,
                s=26,
                color=group.colour,
                marker=GROUP_MARKERS[position % len(GROUP_MARKERS)],
                alpha=0.8,
                linewidths=0.4,
                edgecolors=style.paper,
                label=wrapped(group.name),
            )
        if line is not None:
            axes.plot([line[0], line[2]], [line[1], line[3]], color=style.ink, linewidth=1.6)
        for height, name in levels:
            axes.axhline(height, color=style.ink, linewidth=0.8, linestyle="--")
            axes.annotate(name, (1.0, height), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
        if x_ticks:
            axes.set_xticks([place for place, _ in x_ticks], [wrapped(name, 16) for _, name in x_ticks])
        axes.grid()
        add_legend(figure, len(groups) > 1)
    return figure


def with_n(name: str, n: int) -> str:
    """Return a group's name with its size, which a line break does not separate."""
    return f"{name} (n\u00a0=\u00a0{n:,})"


def start_chart(title: str, x_label: str, y_label: str, note: str, height: float = _HEIGHT) -> tuple[Figure, Axes]:
    """Return an empty chart with its title, labels and note; to be called inside `look`."""
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(textwrap.fill(title, 72))
    axes.set_xlabel(wrapped(x_label, 46))
    axes.set_ylabel(wrapped(y_label, 32))
    if note:
        lines = "\n".join(textwrap.fill(line, 100) for line in note.splitlines())
        figure.supxlabel(lines, x=0.02, ha="left", fontsize=9)
    return figure, axes


def _start_rows(names: Sequence[str], title: str, x_label: str, note: str, tallest: int = 1) -> tuple[Figure, Axes]:
    """Start a chart whose rows are groups or levels, tall enough for their names and for ``tallest`` bars a row."""
    lines = max((wrapped(name).count("\n") + 1 for name in names), default=1)
    row = max(0.3 + 0.16 * lines, 0.1 + 0.2 * tallest)
    figure, axes = start_chart(title, x_label, "", note, height=1.6 + len(names) * row)
    axes.set_yticks(range(len(names)), [wrapped(name) for name in names])
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return figure, axes


def _box(axes: Axes, row: int, box: BoxStatistics, style: Theme, height: float) -> None:
    low, middle, high = box.quartiles
    axes.hlines(row, box.whiskers[0], low, color=style.ink, linewidth=1)
    axes.hlines(row, high, box.whiskers[1], color=style.ink, linewidth=1)
    axes.barh(
        row,
        high - low,
        left=low,
        height=height,
        color=box.colour,
        alpha=0.75,
        edgecolor=style.ink,
        linewidth=1,
        zorder=2,
    )
    axes.vlines(middle, row - height / 2, row + height / 2, color=style.ink, linewidth=2, zorder=3)


def add_legend(figure: Figure, wanted: bool) -> None:
    if wanted:
        figure.legend(loc="outside right upper")


def cut(name: str, longest: int = 48) -> str:
    """Shorten a name in the middle: names of parcels begin alike and end apart."""
    half = (longest - 1) // 2
    return name if len(name) <= longest else f"{name[:half]}…{name[-half:]}"


def wrapped(name: str, width: int = 26) -> str:
    """Break a name into at most three lines; what is longer ends in an ellipsis."""
    return "\n".join(textwrap.wrap(name, width, max_lines=3, placeholder=" …") or [name])
