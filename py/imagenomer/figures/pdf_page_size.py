"""Page size of PDF: apart from that of other formats, since few figures need Matplotlib's writer of PDF."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_pdf import Op, PdfFile, PdfPages
from matplotlib.figure import Figure

from imagenomer.figures.page_size import DPI, factor_of


class _Scaled(PdfFile):
    """A PDF whose pages are larger or smaller than they are drawn."""

    def __init__(self, file: io.BytesIO, metadata: dict[str, Any], factor: float) -> None:
        super().__init__(file, metadata=metadata)  # type: ignore[no-untyped-call]
        self._factor = factor

    def newPage(self, width: float, height: float) -> None:  # noqa: N802 - Matplotlib calls it so
        super().newPage(self._factor * width, self._factor * height)  # type: ignore[no-untyped-call]
        self.output(self._factor, 0, 0, self._factor, 0, 0, Op.concat_matrix)  # type: ignore[no-untyped-call]


def pdf_of_width(figure: Figure, width: float, metadata: dict[str, Any]) -> bytes:
    """Return a figure as PDF, so many millimetres wide."""
    factor, buffer = factor_of(figure, width), io.BytesIO()
    pages = PdfPages(buffer)
    pages._file = file = _Scaled(buffer, metadata, factor)
    figure.savefig(pages, format="pdf", dpi=DPI * factor)  # type: ignore[arg-type]  # it takes one, its types do not
    file.finalize()  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]
    return buffer.getvalue()
