"""Brain: the strongest edges of a map as lines between parcels in a glass brain, from three sides."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError
from imagenomer.figures.palette import network_colours
from imagenomer.figures.scale import add_colour_bar, colours_of
from imagenomer.figures.theme import ThemeName, look
from imagenomer.outline import PROJECTIONS, outlines
from imagenomer.parcellation import Parcellation
from imagenomer.types import IntArray

#: What is at the lower end and the upper end of each axis.
_ENDS = (("left", "right"), ("back", "front"), ("below", "above"))


def brain_figure(
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
    """Draw edges in a glass brain.

    Parameters
    ----------
    edges, values, parcellation, title, label, colormap, limit, note, theme
        As for `imagenomer.figures.ring.ring_figure`.

    Raises
    ------
    InputError
        If the parcellation has no coordinates.
    """
    where = parcellation.coordinates
    if not np.isfinite(where).all(axis=1).any():
        raise InputError(f"{parcellation.name} has no coordinates; choose a parcellation that has")
    first, second = edge_parcels(edges, parcellation.n_parcels)
    ends = np.stack([where[first], where[second]], axis=1)
    colours = colours_of(values, colormap=colormap, limit=limit)
    touched = np.unique(np.concatenate([first, second]))
    names = list(parcellation.network_names)
    own = np.array(network_colours(len(names)))[[names.index(parcellation.networks[parcel]) for parcel in touched]]
    with look(theme) as style:
        figure = Figure(figsize=(10.5, 4.2), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        extents = [np.ptp(outlines()[name], axis=0) for name, _across, _up in PROJECTIONS]
        grid = figure.add_gridspec(1, len(PROJECTIONS), width_ratios=[width for width, _height in extents])
        tallest = max(height for _width, height in extents)
        panels = []
        for position, (name, across, up) in enumerate(PROJECTIONS):
            axes = figure.add_subplot(grid[position])
            axes.plot(*outlines()[name].T, color=style.quiet, linewidth=1.2)
            axes.scatter(where[:, across], where[:, up], s=1.5, color=style.quiet, alpha=0.5, linewidths=0)
            lines = ends[::-1][:, :, [across, up]]
            axes.add_collection(LineCollection(list(lines), colors=colours[::-1], linewidths=1.1, alpha=0.85))
            axes.scatter(where[touched, across], where[touched, up], s=9, color=own, linewidths=0, zorder=3)
            middle = outlines()[name][:, 1].min() + extents[position][1] / 2
            axes.set(aspect="equal", xticks=[], yticks=[], ylim=(middle - 0.52 * tallest, middle + 0.52 * tallest))
            axes.set_xlabel(f"{_ENDS[across][0]} – {_ENDS[across][1]}", fontsize=8, labelpad=2)
            axes.set_title(name.capitalize(), fontsize=9, fontweight="normal", loc="center")
            axes.spines[:].set_visible(False)
            panels.append(axes)
        figure.supxlabel(note, fontsize=9)
        add_colour_bar(figure, panels, colormap=colormap, limit=limit, label=label)
    return figure
