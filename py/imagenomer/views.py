"""Views: what of a result the page shows, each with what it takes to paint it, list it or draw it to keep.

A view or column with ``of_subjects`` holds values of single subjects: they are named, have a mark of their own, or it
is the map of one. Who shares a file of results must know that (`holds_subjects`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from imagenomer.types import Json


@dataclass(frozen=True, slots=True)
class MatrixView:
    """A map over edges, painted by lookup table.

    ``array`` names an entry of `Report.arrays` of shape (n_edges,); ``scale`` "diverging" is symmetric
    about zero, "sequential" starts at zero. ``limit`` is the upper end of the colour scale (None: the largest
    magnitude). ``marked`` names a boolean array of significant edges, "" if there is none.
    ``detail``: clicking an edge asks the engine for `Analysis.detail`. ``note`` is printed on the figure to keep:
    subjects, number of tests, correction. ``p_values`` says of a map of −log10 p which p
    that is, "uncorrected" for one, so that whoever reads out another map of the result can say p too; else "".
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
    of_subjects: bool = False
    p_values: str = ""
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
    of_subjects: bool = False


@dataclass(frozen=True, slots=True)
class TableView:
    """A sortable, downloadable table. ``rows`` are dicts by column key; one with an "edge" key links to the matrix.

    Of a long table the page gets the first ``on_page`` rows only (the title should say so), the file has all. Of one
    that lists only the strongest the file has ``n_whole`` rows, which the engine learns from `Analysis.whole`.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Json], ...]
    on_page: int | None = None
    of_subjects: bool = False
    n_whole: int | None = None
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class WholeTable:
    """All rows of a table of which a report lists the first.

    Attributes
    ----------
    n_rows : int
    blocks : iterable of sequences of rows
        A few hundred rows at a time, made when they are taken, and not kept.
    """

    n_rows: int
    blocks: Iterable[Sequence[Mapping[str, Json]]]


@dataclass(frozen=True, slots=True)
class FigureView:
    """A chart drawn by Matplotlib; ``name`` is a key of what `Analysis.draw` returns, ``alt`` says it in words."""

    name: str
    title: str
    alt: str
    of_subjects: bool = False
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True)
class PointSeries:
    """Points of one colour, and what each of them is called.

    Attributes
    ----------
    name : str
        As the key of colours has it.
    colour : str
        As CSS has it, "#rrggbb".
    x, y : sequence of float
    subjects : sequence of str
        What each point is.
    """

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    subjects: Sequence[str]


@dataclass(frozen=True, slots=True)
class PointsView:
    """A scatter whose points name the subject when pointed at: sent as numbers and painted by the page.

    ``line`` is ``[x0, y0, x1, y1]`` or None. ``name`` is also the key of the figure to download.
    ``x_ticks`` names places on the horizontal axis where that is a category, as (place, name); ``levels`` are
    horizontal lines to compare with, as (height, name). ``what`` is one point:
    "Subject", "Variant", "Edge". ``note`` is printed on the figure to keep, before the caption.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    series: tuple[PointSeries, ...]
    line: tuple[float, float, float, float] | None = None
    caption: str = ""
    x_ticks: tuple[tuple[float, str], ...] = ()
    levels: tuple[tuple[float, str], ...] = ()
    what: str = "Subject"
    note: str = ""
    of_subjects: bool = True
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
    note : str
        Printed on the figure to keep.
    marked : tuple of tuple of bool
        Cells that are significant, which have a dot on the figure to keep; empty: none.
    written : bool
        A square grid of few rows, such as networks: the figure to keep has every value written in it.
    in_full : tuple of str
        Names of the rows and columns of a square grid in full, for the figure to keep; empty: as they are.

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
    note: str = ""
    marked: tuple[tuple[bool, ...], ...] = ()
    written: bool = False
    in_full: tuple[str, ...] = ()
    of_subjects: bool = False
    kind: Literal["grid"] = "grid"


View = MatrixView | TableView | FigureView | PointsView | GridView


def holds_subjects(view: View) -> bool:
    """Whether a view, or a column of a table, holds values of single subjects."""
    return view.of_subjects or (isinstance(view, TableView) and any(column.of_subjects for column in view.columns))
