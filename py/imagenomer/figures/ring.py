"""Ring: the strongest edges of a map as curves between parcels on a circle, network by network."""

from __future__ import annotations

from itertools import groupby, pairwise
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from matplotlib.path import Path
from numpy.typing import NDArray

from imagenomer.edges import edge_parcels
from imagenomer.figures.matrix import spread
from imagenomer.figures.palette import network_colours
from imagenomer.figures.scale import add_colour_bar, colours_of
from imagenomer.figures.theme import ThemeName, look
from imagenomer.parcellation import Parcellation
from imagenomer.types import FloatArray, IntArray

#: Degrees between two networks.
_GAP = 1.5
#: Degrees that a name of two lines needs, and the letters of a line.
_NAME = 7.0
_LETTERS = 20


def ring_figure(
    edges: IntArray,
    values: NDArray[np.floating[Any]],
    parcellation: Parcellation,
    *,
    title: str,
    label: str,
    colormap: str,
    limit: float,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw edges as a ring.

    Parameters
    ----------
    edges : ndarray, shape (n_drawn,)
        The strongest first; they are drawn last.
    values : ndarray, shape (n_drawn,)
    parcellation : Parcellation
    title, label, colormap, limit, note, theme
        As for `imagenomer.figures.matrix.matrix_figure`.
    """
    angles = ring_angles(parcellation)
    with look(theme) as style:
        figure = Figure(figsize=(9.4, 7.8), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title)
        axes.set(xlim=(-1.65, 1.65), ylim=(-1.65, 1.65), aspect="equal", xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        first, second = edge_parcels(edges, parcellation.n_parcels)
        ends = [np.stack([np.cos(angles[parcel]), np.sin(angles[parcel])], axis=1) for parcel in (first, second)]
        paths = [
            Path(np.array([start, (0, 0), stop]), [Path.MOVETO, Path.CURVE3, Path.CURVE3])
            for start, stop in zip(*ends, strict=True)
        ]
        colours = colours_of(values, colormap=colormap, limit=limit)
        axes.add_collection(
            PathCollection(paths[::-1], facecolors="none", edgecolors=colours[::-1], linewidths=1.0, alpha=0.85)
        )
        _draw_parcels(axes, parcellation, angles, style.ink)
        if note:
            axes.set_xlabel(note, fontsize=9, labelpad=8)
        add_colour_bar(figure, axes, colormap=colormap, limit=limit, label=label)
    return figure


def ring_angles(parcellation: Parcellation) -> FloatArray:
    """Return where each parcel lies on the ring, in radians, shape (n_parcels,): from the top clockwise."""
    order = parcellation.display_order
    ordered = [parcellation.networks[parcel] for parcel in order]
    n_gaps = len(list(groupby(ordered)))
    degrees = (360 - _GAP * n_gaps) / parcellation.n_parcels
    block = np.concatenate([[0], np.cumsum([a != b for a, b in pairwise(ordered)])])
    angles = np.empty(parcellation.n_parcels)
    angles[order] = np.deg2rad(90 - (np.arange(len(order)) + 0.5) * degrees - (block + 0.5) * _GAP)
    return angles


def _draw_parcels(axes: Any, parcellation: Parcellation, angles: FloatArray, ink: str) -> None:
    """Draw the arcs of the networks and their names, or a plain circle where there are none."""
    order = parcellation.display_order
    blocks = [(name, list(run)) for name, run in groupby(order, key=lambda parcel: parcellation.networks[parcel])]
    full = dict(zip(parcellation.network_names, parcellation.network_titles or parcellation.network_names, strict=True))
    half = np.rad2deg(abs(angles[order[0]] - angles[order[1]])) / 2 if len(order) > 1 else 180.0
    middles = []
    for (_name, parcels), colour in zip(blocks, network_colours(len(blocks)), strict=True):
        start, stop = np.rad2deg(angles[parcels[-1]]) - half, np.rad2deg(angles[parcels[0]]) + half
        axes.add_patch(Wedge((0, 0), 1.055, start, stop, width=0.045, facecolor=colour, edgecolor="none"))
        middles.append((start + stop) / 2)
    if len(blocks) < 2:
        return
    # Angles fall along the ring; `spread` wants them to rise.
    places = spread(np.array(middles[::-1]), _NAME, -270.0, 90.0)[::-1]
    for (name, _parcels), middle, place in zip(blocks, middles, places, strict=True):
        (x0, y0), (x1, y1) = _at(middle, 1.06), _at(place, 1.1)
        axes.plot([x0, x1], [y0, y1], color=ink, linewidth=0.5, alpha=0.6)
        right = np.cos(np.deg2rad(place)) >= 0
        x, y = _at(place, 1.115)
        axes.text(
            x,
            y,
            fill(full[name] or "No network", _LETTERS, break_long_words=False),
            fontsize=7.5,
            rotation=place if right else place + 180,
            rotation_mode="anchor",
            in_layout=False,
            ha="left" if right else "right",
            va="center",
        )


def _at(degrees: float, radius: float) -> tuple[float, float]:
    return radius * float(np.cos(np.deg2rad(degrees))), radius * float(np.sin(np.deg2rad(degrees)))
