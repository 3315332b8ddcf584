"""Page size: a figure as wide as a journal wants it, enlarged or reduced as a whole, text and lines with it."""

from __future__ import annotations

import io
import re
from typing import Any

from matplotlib.backends.backend_pdf import Op, PdfFile, PdfPages
from matplotlib.figure import Figure

#: Millimetres of one and of two columns of a page, as most journals have them.
COLUMNS = (89, 183)
#: Dots an inch of a picture, and of matrices in SVG and PDF, at the final size.
DPI = 300
_INCH = 25.4


class _Scaled(PdfFile):
    """A PDF whose pages are larger or smaller than they are drawn."""

    def __init__(self, file: io.BytesIO, metadata: dict[str, Any], factor: float) -> None:
        super().__init__(file, metadata=metadata)  # type: ignore[no-untyped-call]
        self._factor = factor

    def newPage(self, width: float, height: float) -> None:  # noqa: N802 - Matplotlib calls it so
        super().newPage(self._factor * width, self._factor * height)  # type: ignore[no-untyped-call]
        self.output(self._factor, 0, 0, self._factor, 0, 0, Op.concat_matrix)  # type: ignore[no-untyped-call]


def factor_of(figure: Figure, width: float) -> float:
    """Return by how much a figure is enlarged to be so many millimetres wide."""
    return float(width / _INCH / figure.get_figwidth())


def pdf_of_width(figure: Figure, width: float, metadata: dict[str, Any]) -> bytes:
    """Return a figure as PDF, so many millimetres wide."""
    factor, buffer = factor_of(figure, width), io.BytesIO()
    pages = PdfPages(buffer)
    pages._file = file = _Scaled(buffer, metadata, factor)
    figure.savefig(pages, format="pdf", dpi=DPI * factor)  # type: ignore[arg-type]  # it takes one, its types do not
    file.finalize()  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def svg_of_width(svg: bytes, figure: Figure, width: float) -> bytes:
    """Return an SVG of a figure with another size on its root; what is in it stays, in the units of its view box."""
    height = width * figure.get_figheight() / figure.get_figwidth()
    size = f'width="{width:g}mm" height="{height:.4g}mm"'.encode()
    made, n_roots = re.subn(rb'width="[\d.]+pt" height="[\d.]+pt"', size, svg, count=1)
    if n_roots != 1:
        raise ValueError("Matplotlib wrote an SVG without a size")
    return made
