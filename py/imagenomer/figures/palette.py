"""Palette: the colours of groups and networks, without Matplotlib, for the page and the figures alike."""

from __future__ import annotations

import numpy as np

from imagenomer.figures.pixels import default_colormap, hex_colours, oklab_to_rgb

#: Colours of groups, distinguishable under every kind of colour blindness and readable on light and dark
#: (after Okabe and Ito, without their yellow and black).
GROUP_COLOURS = ("#2b83c6", "#e08a00", "#009e73", "#cc79a7", "#8fb8de", "#c2410c")

#: Colour of whoever is in none of the groups.
OTHERS_COLOUR = "#8a919c"

#: How far on a matrix's scale the colour is that stands for a sign: strong, and readable on light and dark.
_SIGN = 0.5


def sign_colour(value: float) -> str:
    """Return the colour of a value that is drawn for its sign alone: that of its sign in matrices.

    Whatever else a page shows of the same values has to mean the same by a colour as its matrices do.
    """
    sign = np.array([_SIGN if value >= 0 else -_SIGN])
    (colour,) = hex_colours(sign, colormap=default_colormap("diverging"), limit=1.0)
    return str(colour)


def network_colours(n_networks: int) -> tuple[str, ...]:
    """Return a colour for each network, around the circle of hues in two lightnesses, so that neighbours differ."""
    hues = np.arange(n_networks) * (2 * np.pi / max(n_networks, 1)) + 0.5
    lightness = np.where(np.arange(n_networks) % 2, 0.76, 0.60)
    chroma = 0.12
    lab = np.stack([lightness, chroma * np.cos(hues), chroma * np.sin(hues)], axis=1)
    rgb = np.rint(255 * np.clip(oklab_to_rgb(lab), 0, 1)).astype(np.uint8)
    return tuple("#" + bytes(colour).hex() for colour in rgb)
