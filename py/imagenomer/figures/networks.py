"""Networks: a map folded into network by network, as a figure to keep with every value written in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from imagenomer.figures.scale import add_colour_bar, colours_of
from imagenomer.figures.theme import ThemeName, look
from imagenomer.types import FloatArray
from imagenomer.wording import minus

#: Inches of a cell, so that "-0.12" fits.
_CELL = 0.36


def networks_figure(
    values: FloatArray,
    names: Sequence[str],
    *,
    title: str,
    label: str,
    colormap: str,
    limit: float,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw network by network.

    Parameters
    ----------
    values : ndarray, shape (n_networks, n_networks)
        NaN is drawn grey and without a number.
    names : sequence of str
        In full.
    title, label, note : str
        As for `imagenomer.figures.matrix.matrix_figure`.
    colormap, limit
    theme : "light" or "dark"
    """
    colours = colours_of(values, colormap=colormap, limit=limit)
    bright = colours @ [0.299, 0.587, 0.114] > 0.55
    side = max(_CELL * len(names), 2.4)
    with look(theme):
        figure = Figure(figsize=(side + 3.6, side + 2.8), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(colours, interpolation="none", aspect="equal")
        axes.set_title(title)
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                ink = "#000000" if bright[row, column] else "#ffffff"
                axes.text(column, row, _short(value), ha="center", va="center", fontsize=6.5, color=ink)
        places = np.arange(len(names))
        axes.set_xticks(places, names, rotation=90, fontsize=8)
        axes.set_yticks(places, names, fontsize=8)
        axes.tick_params(length=0, pad=4)
        axes.spines[:].set_visible(True)
        if note:
            axes.set_xlabel(note, fontsize=9, labelpad=8)
        add_colour_bar(figure, axes, colormap=colormap, limit=limit, label=label)
    return figure


def _short(value: float) -> str:
    """A number of five characters at most."""
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}" if abs(value) < 1e4 else f"{value:.0e}"
    return minus(text)
