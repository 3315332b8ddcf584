"""Scale: the colour bar of a map, and the colours of single values, the same as in its matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from imagenomer.figures.pixels import COLORMAPS, UNDEFINED, paint
from imagenomer.types import FloatArray


def add_colour_bar(figure: Figure, axes: Axes | list[Axes], *, colormap: str, limit: float, label: str) -> None:
    """Add the colour bar of a map, with its label."""
    colours = COLORMAPS[colormap]
    scale = ScalarMappable(
        Normalize(-limit if colours.scale == "diverging" else 0.0, limit),
        ListedColormap(colours.colours / 255, name=colormap).with_extremes(bad="#" + bytes(UNDEFINED).hex()),
    )
    bar = figure.colorbar(scale, ax=axes, shrink=0.7, aspect=28, pad=0.02, label=label)
    bar.ax.spines["outline"].set_visible(False)


def colours_of(values: NDArray[np.floating[Any]], *, colormap: str, limit: float) -> FloatArray:
    """Return red, green and blue of each value, 0 to 1, shape (..., 3)."""
    pixels = paint(np.asarray(values, dtype=np.float32), colormap=colormap, limit=limit)
    return np.asarray(pixels[..., :3] / 255)
