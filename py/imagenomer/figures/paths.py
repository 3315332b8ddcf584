"""Paths: two ends of an association, and what causes, links or follows from both, as boxes and arrows."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imagenomer.figures.chart import cut, start_chart
from imagenomer.figures.theme import Theme, ThemeName, look

Place: TypeAlias = Literal["cause", "link", "consequence"]

#: Boxes in a row, at most, and letters of a name.
MOST_IN_ROW, _LETTERS = 4, 18
#: Where the rows stand: causes above the ends, links below the line between them, and consequences below those.
_HEIGHTS = {"cause": 0.86, "link": 0.28, "consequence": 0.04}
#: Where it is said how many are not drawn.
_MORE = {"cause": 0.98, "link": 0.19, "consequence": -0.05}
#: Between two boxes of a row, and the lowest place that is drawn: that of all rows, and without those below the ends.
_APART, _LOWEST, _LOWEST_OF_CAUSES = 0.25, -0.08, 0.38
_ENDS, _END_HEIGHT = (0.11, 0.89), 0.52
#: From the middle of an end to where arrows meet it: from above or below, and along the line.
_ABOVE, _BESIDE = 0.07, 0.12
#: Inches for all there is from the lowest place to the highest, and for title and note.
_HEIGHT, _AROUND = 3.4, 1.0


@dataclass(frozen=True, slots=True)
class PathNode:
    """A variable beside the two ends.

    Attributes
    ----------
    name : str
    place : "cause", "link" or "consequence"
    known : bool
        Whether its place is known; drawn with a question mark where not.
    adjusted : bool
        Whether it is adjusted for; drawn with a frame.
    """

    name: str
    place: Place
    known: bool
    adjusted: bool


def paths_figure(
    ends: tuple[str, str],
    nodes: Sequence[PathNode],
    *,
    between: str,
    title: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw two ends with what is above, between and below them.

    Parameters
    ----------
    ends : (str, str)
    nodes : sequence of PathNode
        Of each place the first four are drawn, and the others counted.
    between : str
        Written on the line between the ends.
    title, note, theme
        As for charts.
    """
    with look(theme) as style:
        lowest = _LOWEST if any(node.place != "cause" for node in nodes) else _LOWEST_OF_CAUSES
        figure, axes = start_chart(title, "", "", note, height=_AROUND + _HEIGHT * (1 - lowest))
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(lowest, 1)
        left, right = _ENDS
        _arrow(axes, (left + _BESIDE, _END_HEIGHT), (right - _BESIDE, _END_HEIGHT), style.ink, "<->")
        axes.text(0.5, _END_HEIGHT - 0.03, between, ha="center", va="top", fontsize=9)
        for place in _HEIGHTS:
            row = [node for node in nodes if node.place == place]
            for node, x in zip(row, _across(len(row[:MOST_IN_ROW])), strict=False):
                _draw_node(axes, node, (x, _HEIGHTS[place]), style)
            if len(row) > MOST_IN_ROW:
                more = f"and {len(row) - MOST_IN_ROW} more"
                axes.text(0.5, _MORE[place], more, ha="center", va="center", fontsize=8, color=style.quiet)
        for name, x in zip(ends, _ENDS, strict=True):
            _box(axes, cut(name, 2 * _LETTERS), x, _END_HEIGHT, style, "bold", framed=True)
    return figure


def _across(n: int) -> list[float]:
    return [0.5 + (index - (n - 1) / 2) * _APART for index in range(n)]


def _draw_node(axes: Axes, node: PathNode, at: tuple[float, float], style: Theme) -> None:
    colour = style.ink if node.known else style.quiet
    above = node.place == "cause"
    edge = at[1] - _ABOVE if above else at[1] + 0.5 * _ABOVE
    for x in _ENDS:
        end = (x, _END_HEIGHT + _ABOVE if above else _END_HEIGHT - _ABOVE)
        if node.place == "consequence":
            _arrow(axes, end, (at[0], edge), colour, "->")
        else:
            _arrow(axes, (at[0], edge), end, colour, "->" if above else "<->")
    name = cut(node.name, 2 * _LETTERS) + ("" if node.known else " ?")
    _box(axes, name, *at, style, "normal", framed=node.adjusted)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, kind: str) -> None:
    shape = {"arrowstyle": kind, "color": colour, "linewidth": 1.2, "shrinkA": 1, "shrinkB": 1}
    axes.annotate("", xy=end, xytext=start, arrowprops=shape)


def _box(axes: Axes, name: str, x: float, y: float, style: Theme, weight: str, *, framed: bool) -> None:
    axes.text(
        x,
        y,
        textwrap.fill(name, _LETTERS),
        ha="center",
        va="center",
        fontsize=9,
        fontweight=weight,
        bbox={
            "boxstyle": "round,pad=0.4",
            "facecolor": style.paper,
            "edgecolor": style.ink if framed else style.paper,
            "linewidth": 1.2,
        },
    )
