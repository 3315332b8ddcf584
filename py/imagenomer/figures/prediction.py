"""Figures of predictions: against chance, against the number of subjects, and the trade-off between two errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imagenomer.figures.chart import start_chart
from imagenomer.figures.component import scatter_marked
from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR
from imagenomer.figures.theme import ThemeName, look
from imagenomer.types import BoolArray, FloatArray, IntArray


def null_figure(
    null: FloatArray, observed: float, *, title: str, x_label: str, note: str = "", theme: ThemeName = "light"
) -> Figure:
    """Draw the scores of permuted targets as a histogram, and the actual one as a line."""
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, "Permutations", note)
        known = null[np.isfinite(null)]
        axes.hist(known, bins=min(40, max(10, known.size // 10)), color=OTHERS_COLOUR, alpha=0.7)
        axes.axvline(observed, color=GROUP_COLOURS[1], linewidth=2)
        axes.annotate(
            "actual", (observed, 1), xycoords=("data", "axes fraction"), xytext=(-4, -4), textcoords="offset points",
            ha="right", va="top", color=style.ink, fontsize=9,
        )  # fmt: skip
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.08)
        axes.grid(axis="y")
    return figure


def curve_figure(
    sizes: IntArray,
    mean: FloatArray,
    low: FloatArray,
    high: FloatArray,
    apart: BoolArray,
    *,
    null: float,
    title: str,
    x_label: str,
    y_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw a score against the number of training subjects; those ``apart`` have bars from ``low`` to ``high``."""
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, y_label, note)
        axes.axhline(null, color=style.ink, linewidth=1, linestyle="--", label="null model")
        axes.plot(sizes, mean, color=GROUP_COLOURS[0], linewidth=1.6, zorder=2)
        axes.vlines(sizes[apart], low[apart], high[apart], color=GROUP_COLOURS[0], linewidth=1.6)
        scatter_marked(axes, sizes, mean, apart, ("draws nearly apart", "draws overlap"), style)
        axes.set_xlim(left=0)
        axes.grid()
        figure.legend(loc="outside right upper")
    return figure


def roc_figure(
    truth: IntArray,
    decision: Sequence[tuple[IntArray, FloatArray]],
    *,
    title: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw the receiver operating characteristic of each split, and their mean.

    Parameters
    ----------
    truth : ndarray of int, shape (n_subjects,)
        0 or 1.
    decision : sequence of (ndarray of int, ndarray)
        Who was tested in a split, and their decision values.
    """
    places = np.linspace(0, 1, 101)
    curves = []
    with look(theme) as style:
        figure, axes = start_chart(title, "False positive rate", "True positive rate", note, height=5.0)
        for who, values in decision:
            false, true = roc(truth[who], values)
            if false is None or true is None:
                continue
            axes.plot(false, true, color=OTHERS_COLOUR, linewidth=0.8, alpha=0.6)
            curves.append(np.interp(places, false, true))
        if curves:
            mean = np.concatenate([[0.0], np.mean(curves, axis=0)])
            axes.plot(np.concatenate([[0.0], places]), mean, color=GROUP_COLOURS[0], linewidth=2.2)
        axes.plot([0, 1], [0, 1], color=style.ink, linewidth=1, linestyle="--")
        axes.set_aspect("equal")
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.01)
        axes.grid()
    return figure


def roc(truth: IntArray, decision: FloatArray) -> tuple[FloatArray, FloatArray] | tuple[None, None]:
    """Return false and true positive rates at every threshold, from 0 to 1; None where a class is missing."""
    order = np.argsort(-decision, kind="stable")
    values, positive = decision[order], truth[order] == 1
    if positive.all() or not positive.any():
        return None, None
    last = np.append(np.flatnonzero(np.diff(values)), values.size - 1)  # of each run of equal values
    true = np.concatenate([[0], np.cumsum(positive)[last]]) / positive.sum()
    false = np.concatenate([[0], np.cumsum(~positive)[last]]) / (~positive).sum()
    return false, true
