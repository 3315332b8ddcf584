"""Reports: what an analysis shows, in the form that the page, the command and the script share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.types import Json


@dataclass(frozen=True, slots=True)
class MatrixView:
    """A map over edges, painted by lookup table.

    ``array`` names an entry of `Report.arrays` of shape (n_edges,); ``scale`` "diverging" is symmetric
    about zero, "sequential" starts at zero. ``limit`` is the upper end of the colour scale (None: the largest
    magnitude). ``marked`` names a boolean array of significant edges, "" if there is none.
    ``detail``: clicking an edge asks the engine for `Analysis.detail`. ``note`` is printed on the figure to keep:
    subjects, number of tests, correction.
    """

    name: str
    title: str
    label: str
    array: str
    scale: Literal["diverging", "sequential"] = "diverging"
    limit: float | None = None
    marked: str = ""
    detail: bool = False
    note: str = ""
    kind: Literal["matrix"] = "matrix"


@dataclass(frozen=True, slots=True)
class Column:
    """A table column; ``kind`` decides alignment and formatting ("p" keeps tiny probabilities readable; "mixed" are
    numbers of several quantities, each with the digits it needs).

    ``where`` keeps a column to the page, where room is short and a text may have two lines, or to the file, where each
    value needs a column of its own. ``sort`` is the key of the values that a column of texts is sorted by ("": its
    own).
    """

    key: str
    label: str
    kind: Literal["text", "integer", "number", "mixed", "p"] = "text"
    where: Literal["everywhere", "page", "file"] = "everywhere"
    sort: str = ""


@dataclass(frozen=True, slots=True)
class TableView:
    """A sortable, downloadable table. ``rows`` are dicts by column key; one with an "edge" key links to the matrix.

    Of a long table the page gets the first ``on_page`` rows only (the title should say so), the file has all.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Json], ...]
    on_page: int | None = None
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class FigureView:
    """A chart drawn by Matplotlib; ``name`` is a key of what `Analysis.draw` returns, ``alt`` says it in words."""

    name: str
    title: str
    alt: str
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True)
class PointsView:
    """A scatter whose points name the subject when pointed at: sent as numbers and painted by the page.

    ``series`` is a list of ``{"name": str, "colour": "#rrggbb", "x": [...], "y": [...], "subjects": [...]}``;
    ``line`` is ``[x0, y0, x1, y1]`` or None. ``name`` is also the key of the figure to download.
    ``x_ticks`` names places on the horizontal axis where that is a category, as (place, name); ``levels`` are
    horizontal lines to compare with, as (height, name). ``what`` is one point, of which ``subjects`` holds the names:
    "Subject", "Variant", "Edge".
    """

    name: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Mapping[str, Json], ...]
    line: tuple[float, float, float, float] | None = None
    caption: str = ""
    x_ticks: tuple[tuple[float, str], ...] = ()
    levels: tuple[tuple[float, str], ...] = ()
    what: str = "Subject"
    kind: Literal["points"] = "points"


@dataclass(frozen=True, slots=True)
class Link:
    """Another analysis to open where something is clicked: its name, and what to fill into its form."""

    analysis: str
    params: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class GridView:
    """A small matrix of named rows and columns (networks, phenotypes), sent as numbers and painted by the page.

    Attributes
    ----------
    label : str
        What the colour scale measures.
    rows, columns : tuple of str
    values : tuple of tuple of float or None
        One tuple a row; None is drawn empty.
    scale : "diverging" or "sequential"
    limit : float or None
        Upper end of the colour scale; None: the largest magnitude.
    tips : tuple of tuple of str
        What each cell says when pointed at; empty: its names and value.
    links : tuple of tuple of Link or None
        What a click on each cell opens; empty: nothing.

    ``name`` is also the key of the figure to download.
    """

    name: str
    title: str
    label: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    scale: Literal["diverging", "sequential"] = "diverging"
    limit: float | None = None
    tips: tuple[tuple[str, ...], ...] = ()
    links: tuple[tuple[Link | None, ...], ...] = ()
    kind: Literal["grid"] = "grid"


View = MatrixView | TableView | FigureView | PointsView | GridView


@dataclass(frozen=True, slots=True)
class Finding:
    """A careful sentence of a verdict, and the name of the view its number is in."""

    text: str
    of: str


@dataclass(frozen=True, slots=True)
class Report:
    """A result in the form that the page, the command and the script share.

    Attributes
    ----------
    numbers : dict
        What ``imagenomer run`` prints; JSON values only, None for what is not defined.
    sentences : tuple of str
        What was used, dropped, averaged or assumed, in plain words; shown beside the result.
    warnings : tuple of str
        What could mislead, in plain words; shown before the result.
    views : tuple of View
    arrays : dict of str to ndarray
        What ``--arrays`` saves and matrix views show.
    verdict : tuple of Finding
        What the views together are consistent with; shown first, each sentence with a link to its view.
    """

    numbers: dict[str, Json]
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    verdict: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Methods:
    """How a result was computed, as a paper tells it: paragraphs of ``text``, and the ``citations`` they call for."""

    text: tuple[str, ...]
    citations: tuple[str, ...] = ()


def matrix_view(report: Report, array: str) -> MatrixView:
    """Return the view of a result that shows an array as a map; raise `InputError` where none does."""
    views = {view.array: view for view in report.views if isinstance(view, MatrixView)}
    if array not in views:
        raise InputError(f"this result has no map {array!r}; it has: {', '.join(views) or 'none'}")
    return views[array]
