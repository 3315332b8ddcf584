"""Figures of variants: along the chromosomes, against chance, and sorted."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR
from imagenomer.figures.theme import ThemeName, look
from imagenomer.types import FloatArray, IntArray

#: More points than this are one picture within an SVG or PDF, or the file grows without bounds.
_MOST_VECTORS = 3000


def manhattan_figure(
    x: FloatArray,
    neg_log10_p: FloatArray,
    stripe: IntArray,
    *,
    title: str,
    x_label: str,
    x_ticks: Sequence[tuple[float, str]] = (),
    levels: Sequence[tuple[float, str]] = (),
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw the significance of variants along the genome.

    Parameters
    ----------
    x, neg_log10_p : ndarray, shape (n_variants,)
    stripe : ndarray of int, shape (n_variants,)
        0 or 1, the colour of each: neighbouring chromosomes differ.
    title, x_label, note : str
    x_ticks : sequence of (float, str)
        Middle and name of each chromosome.
    levels : sequence of (float, str)
        Heights to compare with.
    theme : {"light", "dark"}
    """
    with look(theme) as style:
        figure, axes = _start(title, x_label, "−log10 p", note, (9.6, 4.2))
        colours = np.array([GROUP_COLOURS[0], OTHERS_COLOUR])[stripe % 2]
        axes.scatter(x, neg_log10_p, s=7, c=colours, linewidths=0, rasterized=x.size > _MOST_VECTORS)
        for height, name in levels:
            axes.axhline(height, color=style.ink, linewidth=1, linestyle="--")
            axes.annotate(
                name, (1, height), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8,
                color=style.ink, xytext=(0, 2), textcoords="offset points",
            )  # fmt: skip
        if x_ticks:
            axes.set_xticks([place for place, _ in x_ticks], [name for _, name in x_ticks], fontsize=7)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
        axes.grid(axis="y")
    return figure


def qq_figure(
    expected: FloatArray,
    observed: FloatArray,
    *,
    title: str,
    x_label: str = "Expected −log10 p",
    y_label: str = "Observed −log10 p",
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw quantiles of p-values against those of chance, with the line on which they would lie."""
    with look(theme) as style:
        figure, axes = _start(title, x_label, y_label, note, (5.6, 4.8))
        end = float(expected.max(initial=1.0))
        axes.plot([0, end], [0, end], color=style.ink, linewidth=1)
        axes.scatter(
            expected, observed, s=9, color=GROUP_COLOURS[0], linewidths=0, rasterized=expected.size > _MOST_VECTORS
        )
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid()
    return figure


def sorted_figure(
    statistic: FloatArray,
    neg_log10_p: FloatArray,
    *,
    title: str,
    label: str,
    x_label: str = "Variants, sorted",
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw a statistic of all variants, sorted, and log10 p of the same on a second axis."""
    order = np.argsort(statistic, kind="stable")
    with look(theme):
        figure, axes = _start(title, x_label, label, note, (7.2, 4.2))
        (first,) = axes.plot(statistic[order], color=GROUP_COLOURS[0], linewidth=1.8, label=label)
        axes.grid(axis="y")
        other = axes.twinx()
        (second,) = other.plot(
            -neg_log10_p[order], color=GROUP_COLOURS[1], linewidth=1, linestyle="--", label="log10 p, right axis"
        )
        other.set_ylabel("log10 p")
        figure.legend(handles=[first, second], loc="outside upper right", ncols=2)
    return figure


def _start(title: str, x_label: str, y_label: str, note: str, size: tuple[float, float]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    # Letters that fit into an inch.
    axes.set_title(textwrap.fill(title, round(10 * size[0])))
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if note:
        lines = "\n".join(textwrap.fill(line, round(14 * size[0])) for line in note.splitlines())
        figure.supxlabel(lines, x=0.02, ha="left", fontsize=9)
    return figure, axes
