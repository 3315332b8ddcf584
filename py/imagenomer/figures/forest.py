"""Forest: estimates with their intervals, one a row, in groups with a heading."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from imagenomer.figures.chart import cut, start_chart
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.figures.theme import GROUP_MARKERS, ThemeName, look

#: Letters of a label; what is longer is shortened in its middle.
LONGEST = 44
_ROW_HEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Row:
    """One estimate.

    Attributes
    ----------
    name : str
    estimate, low, high : float
        NaN limits where there is no interval.
    reference : float
        What it is compared with: a null model; NaN for nothing.
    kind : int
        Rows of a kind share a colour and a mark.
    outer : (float, float), optional
        A wider interval, drawn thin.
    """

    name: str
    estimate: float
    low: float
    high: float
    reference: float = float("nan")
    kind: int = 0
    outer: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A range of estimates that means something.

    Attributes
    ----------
    low, high : float
    name : str
        Written above it.
    kind : int
        Its colour is that of rows of this kind.
    """

    low: float
    high: float
    name: str
    kind: int


def forest_figure(
    groups: Sequence[tuple[str, Sequence[Row]]],
    *,
    title: str,
    x_label: str,
    note: str = "",
    bands: Sequence[Band] = (),
    limits: tuple[float, float] | None = None,
    theme: ThemeName = "light",
) -> Figure:
    """Draw the estimates of each group below its heading.

    Parameters
    ----------
    groups : sequence of (heading, rows)
    bands : sequence of Band
        Drawn behind all rows.
    limits : (float, float), optional
        What is shown at most: intervals that reach further are cut there.
    title, x_label, note, theme
        As for the other charts. The references are drawn as a short stroke in each row.
    """
    n_rows = sum(1 + len(rows) for _, rows in groups)
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, "", note, height=1.4 + _ROW_HEIGHT * n_rows)
        axes.set_title(textwrap.fill(title, 54), pad=18 if bands else None)
        ticks, labels, place = [], [], 0
        for band in bands:
            colour = GROUP_COLOURS[band.kind % len(GROUP_COLOURS)]
            axes.axvspan(band.low, band.high, color=colour, alpha=0.12, linewidth=0)
            middle = (band.low + band.high) / 2
            axes.text(middle, -0.65, band.name, color=colour, fontsize=8, ha="center", va="bottom")
        for heading, rows in groups:
            ticks.append(place)
            labels.append(cut(heading, LONGEST))
            axes.axhspan(place - 0.5, place + 0.5, color=style.quiet, alpha=0.13, linewidth=0)
            for row in rows:
                place += 1
                colour = GROUP_COLOURS[row.kind % len(GROUP_COLOURS)]
                if np.isfinite(row.low):
                    axes.hlines(place, row.low, row.high, color=colour, linewidth=2.0)
                if row.outer is not None:
                    axes.hlines(place, *row.outer, color=colour, linewidth=0.8)
                if np.isfinite(row.reference):
                    axes.vlines(row.reference, place - 0.38, place + 0.38, color=style.quiet, linewidth=1.4)
                mark = GROUP_MARKERS[row.kind % len(GROUP_MARKERS)]
                axes.scatter(row.estimate, place, s=26, color=colour, marker=mark, zorder=3, linewidths=0)
                ticks.append(place)
                labels.append(f"{cut(row.name, LONGEST)}  ")
            place += 1
        axes.set_yticks(ticks, labels, fontsize=8)
        heads = np.cumsum([0, *(1 + len(rows) for _, rows in groups)])[:-1]
        for tick, label in zip(ticks, axes.get_yticklabels(), strict=True):
            label.set_fontweight("bold" if tick in heads else "normal")
        axes.set_ylim(place - 0.4, -0.6)
        if limits is not None:
            low, high = axes.get_xlim()
            axes.set_xlim(max(low, limits[0]), min(high, limits[1]))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
    return figure
