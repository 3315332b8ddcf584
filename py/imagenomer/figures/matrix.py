"""Matrix: a map over edges as a figure to keep, in network order, with the same colours as on the page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imagenomer.figures.pixels import paint_edges
from imagenomer.figures.scale import add_colour_bar
from imagenomer.figures.theme import Theme, ThemeName, look
from imagenomer.parcellation import Parcellation
from imagenomer.types import BoolArray, Float32Array, FloatArray

#: Side of the matrix, and the room one name needs along it, in inches.
_SIDE = 5.6
_NAME_GAP = 0.125


def matrix_figure(
    edges: Float32Array | FloatArray,
    parcellation: Parcellation,
    *,
    title: str,
    label: str,
    colormap: str,
    limit: float,
    threshold: float = 0.0,
    marked: BoolArray | None = None,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw a map over edges as a matrix in network order.

    Parameters
    ----------
    edges : ndarray, shape (n_edges,)
        In edge order; NaN is drawn grey.
    parcellation : Parcellation
    title : str
    label : str
        Of the colour bar: the statistic and its unit.
    colormap, limit, threshold, marked
        As for `imagenomer.figures.pixels.paint`.
    note : str
        Below the matrix: number of subjects, correction and whatever else the reader must know.
    theme : "light" or "dark"

    Returns
    -------
    Figure
    """
    pixels = paint_edges(
        np.asarray(edges, dtype=np.float32),
        order=parcellation.display_order,
        colormap=colormap,
        limit=limit,
        threshold=threshold,
        marked=marked,
    )
    with look(theme) as style:
        figure = Figure(figsize=(_SIDE + 1.9, _SIDE + 1.2), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(pixels, interpolation="none", aspect="equal")
        axes.set_title(title)
        for spine in axes.spines.values():
            spine.set_visible(True)
        _name_networks(axes, parcellation, style)
        if note:
            axes.set_xlabel(note, fontsize=9, labelpad=8)
        add_colour_bar(figure, axes, colormap=colormap, limit=limit, label=label)
    return figure


def _name_networks(axes: Axes, parcellation: Parcellation, style: Theme) -> None:
    """Name the networks along both sides and draw lines between them; parcel numbers where there are no networks."""
    ordered = [parcellation.networks[parcel] for parcel in parcellation.display_order]
    blocks = [(name, len(list(run))) for name, run in groupby(ordered)]
    room = int(_SIDE / _NAME_GAP)
    if len(blocks) < 2 or len(blocks) > room:
        axes.set_ylabel("Parcel")
        return
    ends = np.cumsum([size for _, size in blocks])
    centres = ends - np.array([size for _, size in blocks]) / 2 - 0.5
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color=style.ink, linewidth=0.5, alpha=0.55)
        axes.axvline(end - 0.5, color=style.ink, linewidth=0.5, alpha=0.55)
    n_parcels = parcellation.n_parcels
    places = spread(centres, _NAME_GAP / _SIDE * n_parcels, -0.5, n_parcels - 0.5)
    size = 8 if len(blocks) <= 20 else 7
    names = [name or "none" for name, _ in blocks]
    axes.set_xticks(places, names, rotation=90, fontsize=size)
    axes.set_yticks(places, names, fontsize=size)
    axes.tick_params(length=0, pad=4)


def spread(places: Sequence[float] | FloatArray, gap: float, lower: float, upper: float) -> FloatArray:
    """Move sorted places apart until neighbours are at least ``gap`` apart, as little as may be, within limits.

    Parameters
    ----------
    places : array_like, shape (n,)
        Ascending.
    gap : float
    lower, upper : float
        Where places may lie; they must have room for ``(n - 1) * gap``.

    Returns
    -------
    ndarray, shape (n,)
    """
    # Least squares under "ascending by at least gap" is isotonic regression of the places less their share of gaps.
    offsets = gap * np.arange(len(places))
    pools: list[tuple[float, int]] = []
    for value in np.asarray(places, dtype=np.float64) - offsets:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            other, n_other = pools.pop()
            mean, count = (mean * count + other * n_other) / (count + n_other), count + n_other
        pools.append((mean, count))
    settled = np.concatenate([np.full(count, mean) for mean, count in pools])
    return np.asarray(np.clip(settled, lower, upper - offsets[-1]) + offsets)
