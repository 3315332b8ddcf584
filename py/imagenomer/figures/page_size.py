"""Page size: a figure as wide as a journal wants it, enlarged or reduced as a whole, text and lines with it."""

from __future__ import annotations

import re

from matplotlib.figure import Figure

#: Millimetres of one and of two columns of a page, as most journals have them.
COLUMNS = (89, 183)
#: Dots an inch of a picture, and of matrices in SVG and PDF, at the final size.
DPI = 300
#: An inch in millimetres.
INCH = 25.4


def factor_of(figure: Figure, width: float) -> float:
    """Return by how much a figure is enlarged to be so many millimetres wide."""
    return float(width / INCH / figure.get_figwidth())


def svg_of_width(svg: bytes, figure: Figure, width: float) -> bytes:
    """Return an SVG of a figure with another size on its root; what is in it stays, in the units of its view box."""
    height = width * figure.get_figheight() / figure.get_figwidth()
    size = f'width="{width:g}mm" height="{height:.4g}mm"'.encode()
    made, n_roots = re.subn(rb'width="[\d.]+pt" height="[\d.]+pt"', size, svg, count=1)
    if n_roots != 1:
        raise ValueError("Matplotlib wrote an SVG without a size")
    return made
