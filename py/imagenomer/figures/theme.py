"""Theme: how every chart looks, light and dark, and how a figure becomes a file.

A figure is built inside `look` and turned into bytes by `render`; the bytes depend on the numbers alone, so that two
downloads of the same result are the same file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
from matplotlib.figure import Figure

from imagenomer.figures import page_size
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.groups import describe

ThemeName: TypeAlias = Literal["light", "dark"]
Format: TypeAlias = Literal["svg", "pdf", "png"]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of everything that is not data.

    Attributes
    ----------
    ink, quiet : str
        Text and axes; grid lines, references and what is secondary.
    paper : str
        Background, where the file is not transparent.
    """

    ink: str
    quiet: str
    paper: str


THEMES: dict[str, Theme] = {
    "light": Theme(ink="#1d2430", quiet="#8a919c", paper="#ffffff"),
    "dark": Theme(ink="#e8ebf0", quiet="#7d8694", paper="#14181f"),
}

#: Marks that distinguish groups where colour does not.
GROUP_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_styles: ContextVar[Mapping[str | None, tuple[str, str]]] = ContextVar("group styles", default={})  # noqa: B039


@contextmanager
def group_styles(styles: Mapping[str | None, tuple[str, str]]) -> Iterator[None]:
    """Name and colour groups as the page does while figures are drawn.

    Parameters
    ----------
    styles : mapping of str or None to (str, str)
        Expression (None: everybody) to name and colour (``#rrggbb``).
    """
    token = _styles.set(styles)
    try:
        yield
    finally:
        _styles.reset(token)


def group_style(expression: str | None, position: int) -> tuple[str, str]:
    """Return the name and colour of a group: those in force, else its expression and a colour by position."""
    if expression in _styles.get():
        return _styles.get()[expression]
    name = "Everybody" if expression is None else describe(expression)
    return name, GROUP_COLOURS[position % len(GROUP_COLOURS)]


@contextmanager
def look(theme: ThemeName) -> Iterator[Theme]:
    """Apply the look of a theme to the figures built inside; nothing outside changes."""
    colours = THEMES[theme]
    settings: dict[str, Any] = {
        "figure.facecolor": colours.paper,
        "figure.constrained_layout.h_pad": 0.06,
        "figure.constrained_layout.w_pad": 0.06,
        "axes.facecolor": "none",
        "axes.edgecolor": colours.quiet,
        "axes.labelcolor": colours.ink,
        "axes.titlecolor": colours.ink,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlepad": 10,
        "axes.labelsize": 10,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": colours.quiet,
        "grid.alpha": 0.25,
        "grid.linewidth": 0.6,
        "xtick.color": colours.quiet,
        "ytick.color": colours.quiet,
        "xtick.labelcolor": colours.ink,
        "ytick.labelcolor": colours.ink,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "text.color": colours.ink,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "legend.labelcolor": colours.ink,
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10,
        # A dollar sign in a phenotype's name is a dollar sign.
        "text.parse_math": False,
        "text.usetex": False,
    }
    with mpl.rc_context(settings):
        yield colours


def render(
    figure: Figure, format: Format, *, transparent: bool = False, dpi: int = 200, width: float | None = None
) -> bytes:
    """Return a figure as a file: the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
    format : "svg", "pdf" or "png"
        Text stays text in SVG, and embedded TrueType in PDF.
    transparent : bool
        Leave out the background, for a page that has its own.
    dpi : int
        Resolution of PNG, and of matrices inside SVG and PDF.
    width : float, optional
        Millimetres, as `page_size.COLUMNS` of journals: the figure is enlarged or reduced as a whole, text and lines
        with it, and the resolution is 300 dots an inch of the final size. None: as large as it is drawn.
    """
    metadata: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    more: dict[str, Any] = {}
    if width is not None:
        dpi_drawn = page_size.DPI * page_size.factor_of(figure, width)
        more = {"pil_kwargs": {"dpi": (page_size.DPI, page_size.DPI)}} if format == "png" else {}
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "imagenomer", "svg.fonttype": "none", "pdf.fonttype": 42}):
        if width is not None and format == "pdf":
            from imagenomer.figures.pdf_page_size import pdf_of_width  # late: of a writer that few figures need

            return pdf_of_width(figure, width, metadata["pdf"])
        figure.savefig(
            buffer,
            format=format,
            dpi=dpi if width is None else dpi_drawn,
            transparent=transparent,
            metadata=metadata[format],
            **more,
        )
    made = buffer.getvalue()
    return page_size.svg_of_width(made, figure, width) if width is not None and format == "svg" else made
