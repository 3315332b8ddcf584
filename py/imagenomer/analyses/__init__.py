"""Analyses: one file per menu entry, found by being there.

A module here defines ``ANALYSIS = Analysis(...)``. Its name in the catalog, on
the command line and in the URL is the module's name with dashes
(``edge_association.py`` is ``edge-association``). The form, the menu entry, the
page, the command and the exported script follow from `Analysis` alone.

The form is read off ``params``, a frozen dataclass whose fields are
``Annotated[type, marker]`` with a default wherever one makes sense; the markers
say where the choices come from.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.types import Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.cohort import Cohort


# --- what a field of a form offers ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhenotypeChoice:
    """One phenotype by name; ``kind`` restricts to numbers or categories."""

    kind: Literal["number", "category"] | None = None


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """One level of the category chosen in the field ``of``; shown only when that is a category."""

    of: str


@dataclass(frozen=True, slots=True)
class MeasureChoice:
    """One measure by name; None stands for "fc", or the first measure there is."""


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """One task, or None for the mean over tasks."""


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """One group expression, or None for everybody."""


@dataclass(frozen=True, slots=True)
class GroupsChoice:
    """Any number of group expressions to compare, as a tuple of str; empty for everybody."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a fixed list of ``(value, label)``."""

    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number within limits."""

    minimum: float
    maximum: float
    step: float


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""


Marker = (
    PhenotypeChoice | LevelChoice | MeasureChoice | TaskChoice | GroupChoice | GroupsChoice | Choice | Number | Flag
)


# --- what an analysis shows ----------------------------------------------------------------------


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
    """A table column; ``kind`` decides alignment and formatting ("p" keeps tiny probabilities readable).

    ``where`` keeps a column to the page, where room is short and a text may have two lines, or to the file, where each
    value needs a column of its own. ``sort`` is the key of the values that a column of texts is sorted by ("": its
    own).
    """

    key: str
    label: str
    kind: Literal["text", "integer", "number", "p"] = "text"
    where: Literal["everywhere", "page", "file"] = "everywhere"
    sort: str = ""


@dataclass(frozen=True, slots=True)
class TableView:
    """A sortable, downloadable table. ``rows`` are dicts by column key; one with an "edge" key links to the matrix."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Json], ...]
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
    ``x_ticks`` names places on the horizontal axis where that is a category, as (place, name).
    """

    name: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Mapping[str, Json], ...]
    line: tuple[float, float, float, float] | None = None
    caption: str = ""
    x_ticks: tuple[tuple[float, str], ...] = ()
    kind: Literal["points"] = "points"


View = MatrixView | TableView | FigureView | PointsView


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
    """

    numbers: dict[str, Json]
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One menu entry.

    Attributes
    ----------
    title, summary : str
        The menu entry, and what it answers in one sentence.
    tab : str
        The tab of the page it belongs to.
    params : type
        Frozen dataclass of parameters, see the module's docstring.
    compute : callable
        ``(cohort, params) -> Steps[result]``, a generator that yields progress and returns a frozen dataclass.
    report : callable
        ``(cohort, params, result) -> Report``.
    draw : callable
        ``(cohort, params, result, theme) -> {name of view: Figure}``. Imports Matplotlib inside: the menu opens
        without it. Where there are several, `imagenomer.figures.drawings.Drawings` draws only those that are taken.
    detail : callable, optional
        ``(cohort, params, result, edge, groups) -> PointsView``: one clicked edge; ``groups`` are
        ``(name, expression, colour)`` to colour by.
    draw_detail : callable, optional
        The same edge as a figure to download: ``(cohort, params, result, edge, groups, theme) -> Figure``.
    """

    title: str
    summary: str
    tab: Literal["Connectivity", "Phenotypes", "Associations"]
    params: type[Any]
    compute: Callable[[Cohort, Any], Steps[Any]]
    report: Callable[[Cohort, Any, Any], Report]
    draw: Callable[[Cohort, Any, Any, Literal["light", "dark"]], Mapping[str, Figure]]
    detail: Callable[[Cohort, Any, Any, int, tuple[tuple[str, str, str], ...]], PointsView] | None = None
    draw_detail: (
        Callable[[Cohort, Any, Any, int, tuple[tuple[str, str, str], ...], Literal["light", "dark"]], Figure] | None
    ) = None


# --- finding them, and reading their forms -------------------------------------------------------


def load_analyses() -> dict[str, Analysis]:
    """Return every analysis by its name, sorted."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if not module.name.startswith("_"):
            found[module.name.replace("_", "-")] = importlib.import_module(f"{__name__}.{module.name}").ANALYSIS
    return found


def form_of(analysis: Analysis) -> list[dict[str, Json]]:
    """Return the fields of an analysis's form as JSON: name, label, help, marker, default, required."""
    hints = typing.get_type_hints(analysis.params, include_extras=True)
    fields = []
    for entry in dataclasses.fields(analysis.params):
        marker = hints[entry.name].__metadata__[0]
        required = entry.default is dataclasses.MISSING
        fields.append(
            {
                "name": entry.name,
                "label": entry.metadata.get("label", entry.name.replace("_", " ").capitalize()),
                "help": entry.metadata.get("help", ""),
                "marker": type(marker).__name__,
                **{
                    key: list(value) if isinstance(value, tuple) else value
                    for key, value in dataclasses.asdict(marker).items()
                },
                "required": required,
                "default": None if required else entry.default,
            }
        )
    return fields


def read_params(analysis: Analysis, given: Mapping[str, Json]) -> Any:
    """Build an analysis's ``Params`` from JSON values.

    Raises
    ------
    InputError
        If a name is unknown, a required one is missing, or a value is of the wrong type or outside its choices.
    """
    hints = typing.get_type_hints(analysis.params, include_extras=True)
    unknown = [name for name in given if name not in hints]
    if unknown:
        raise InputError(f"{analysis.title} has no parameter {unknown[0]!r}; it has: {', '.join(hints)}")
    values = {}
    for entry in dataclasses.fields(analysis.params):
        if entry.name in given:
            values[entry.name] = _checked(entry.name, given[entry.name], hints[entry.name])
        elif entry.default is dataclasses.MISSING:
            raise InputError(f"{analysis.title} needs the parameter {entry.name!r}")
    return analysis.params(**values)


def _checked(name: str, value: Json, hint: Any) -> Any:
    marker = hint.__metadata__[0]
    declared = hint.__origin__
    optional = isinstance(declared, types.UnionType) and type(None) in typing.get_args(declared)
    if value is None:
        if optional:
            return None
        raise InputError(f"{name} needs a value")
    if isinstance(marker, GroupsChoice):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise InputError(f"{name} is a list of group expressions, not {value!r}")
        return tuple(value)
    if isinstance(marker, Flag):
        if not isinstance(value, bool):
            raise InputError(f"{name} is true or false, not {value!r}")
        return value
    if isinstance(marker, Number):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            raise InputError(f"{name} is a number, not {value!r}")
        if not marker.minimum <= value <= marker.maximum:
            raise InputError(f"{name} lies between {marker.minimum} and {marker.maximum}, not {value!r}")
        return value
    if not isinstance(value, str):
        raise InputError(f"{name} is a text, not {value!r}")
    if isinstance(marker, Choice) and value not in {option for option, _ in marker.options}:
        raise InputError(f"{name} is one of {', '.join(option for option, _ in marker.options)}, not {value!r}")
    return value
