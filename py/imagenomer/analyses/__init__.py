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
from imagenomer.progress import Progress, Steps
from imagenomer.types import Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.cohort import Cohort, Measure


# --- what a field of a form offers ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhenotypeChoice:
    """One phenotype by name; ``kind`` restricts to numbers or categories.

    Where one must be chosen the page begins with the first whose name holds one of ``prefer``, in lower case.
    """

    kind: Literal["number", "category"] | None = None
    prefer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """One level of the category chosen in the field ``of``; shown only when that is a category.

    ``whole`` names the choice of none, of a category with more than two levels; "" where one must be chosen.
    ``optional``: of a category with two levels none can be chosen too.
    """

    of: str
    whole: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MeasureChoice:
    """One measure by name; None stands for "fc", or the first measure there is."""


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """One task, or None for the mean over tasks."""


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """One session, or None for the mean over sessions; shown only where there are several."""


@dataclass(frozen=True, slots=True)
class RunChoice:
    """One run, or None for the mean over runs; shown only where there are several."""


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """One group expression, or None for everybody."""


@dataclass(frozen=True, slots=True)
class GroupsChoice:
    """Any number of group expressions to compare, as a tuple of str; empty for everybody."""


@dataclass(frozen=True, slots=True)
class PhenotypesChoice:
    """Any number of phenotypes by name, as a tuple of str; ``kind`` restricts to numbers or categories.

    The form does not offer what is chosen in the fields named ``without``: nothing explains itself.
    """

    kind: Literal["number", "category"] | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariantSetChoice:
    """One set of variants by name; None stands for the first there is."""


@dataclass(frozen=True, slots=True)
class DecompositionChoice:
    """One decomposition that came with the cohort, by name; None stands for none."""


@dataclass(frozen=True, slots=True)
class WeightsChoice:
    """Any number of sets of model weights that came with the cohort, by name, as a tuple of str.

    Names are paths: one that is a folder of others stands for all of them.
    """


@dataclass(frozen=True, slots=True)
class MapsChoice:
    """Maps from the tray, as a tuple of ``(name, source)``; a source is what the engine's call ``matrix`` takes."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``placeholder`` is an example."""

    placeholder: str = ""


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
    PhenotypeChoice
    | PhenotypesChoice
    | LevelChoice
    | MeasureChoice
    | TaskChoice
    | SessionChoice
    | RunChoice
    | GroupChoice
    | GroupsChoice
    | VariantSetChoice
    | DecompositionChoice
    | WeightsChoice
    | MapsChoice
    | Text
    | Choice
    | Number
    | Flag
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


#: The tabs of the page, as they stand in a row.
Tab = Literal["Connectivity", "Phenotypes", "Genotypes", "Associations", "Confounds", "Components", "Models", "Maps"]
#: What a cohort may lack that an analysis cannot do without.
Need = Literal["connectivity", "variants", "decompositions", "weights", "phenotypes"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the parts that a long analysis is computed in, each shown as soon as it is done.

    Attributes
    ----------
    name : str
    title : str
        What this part answers, for the list of parts: "Association with connectivity".
    compute : callable
        ``(cohort, params, result so far) -> Steps[result]``. The first part is given None. It returns a new result and
        leaves the one it was given as it is, which is what is kept and shown if this part is cancelled.
    """

    name: str
    title: str
    compute: Callable[[Cohort, Any, Any], Steps[Any]]


def in_parts(parts: tuple[Part, ...]) -> Callable[[Cohort, Any], Steps[Any]]:
    """Return the `Analysis.compute` that does all parts one after another; its progress names the part."""

    def compute(cohort: Cohort, params: Any) -> Steps[Any]:
        result = None
        for number, part in enumerate(parts, start=1):
            place = f"{number} of {len(parts)}: {part.title}"
            yield Progress(place)
            steps = part.compute(cohort, params, result)
            try:
                while True:
                    try:
                        progress = next(steps)
                    except StopIteration as stop:
                        result = stop.value
                        break
                    yield Progress(f"{place} ({progress.step})", progress.done, progress.total)
            finally:
                steps.close()
        return result

    return compute


@dataclass(frozen=True, slots=True)
class Analysis:
    """One menu entry.

    Attributes
    ----------
    title, summary : str
        The menu entry, and what it answers in one sentence.
    tab : Tab
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
    measure : callable, optional
        ``(cohort, params, result) -> Steps[Measure]``: a measure that the result makes, which the user can add to the
        cohort for other analyses (`imagenomer.load.add_measure`).
    needs : tuple of Need
        What the cohort must have; where it lacks some, the page says what to bring instead of showing the form.
    opens_tab : bool
        Its tab opens with it; otherwise with the first by name.
    parts : tuple of Part
        Where a long analysis is shown part by part; ``compute`` is then ``in_parts(PARTS)``. ``report`` and ``draw``
        take a result whose later parts are None, and the views of a later part follow those of the earlier ones.
    methods : callable, optional
        ``(cohort, params, result) -> Methods`` for the report to keep; otherwise it has the sentences of the result.
    """

    title: str
    summary: str
    tab: Tab
    params: type[Any]
    compute: Callable[[Cohort, Any], Steps[Any]]
    report: Callable[[Cohort, Any, Any], Report]
    draw: Callable[[Cohort, Any, Any, Literal["light", "dark"]], Mapping[str, Figure]]
    detail: Callable[[Cohort, Any, Any, int, tuple[tuple[str, str, str], ...]], PointsView] | None = None
    draw_detail: (
        Callable[[Cohort, Any, Any, int, tuple[tuple[str, str, str], ...], Literal["light", "dark"]], Figure] | None
    ) = None
    measure: Callable[[Cohort, Any, Any], Steps[Measure]] | None = None
    needs: tuple[Need, ...] = ()
    opens_tab: bool = False
    parts: tuple[Part, ...] = ()
    methods: Callable[[Cohort, Any, Any], Methods] | None = None


# --- finding them, and reading their forms -------------------------------------------------------


def load_analyses() -> dict[str, Analysis]:
    """Return every analysis by its name, in the order of the tabs; within a tab what it opens with, then by name."""
    found: dict[str, Analysis] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if not module.name.startswith("_"):
            found[module.name.replace("_", "-")] = importlib.import_module(f"{__name__}.{module.name}").ANALYSIS
    tabs = typing.get_args(Tab)
    return dict(sorted(found.items(), key=lambda item: (tabs.index(item[1].tab), not item[1].opens_tab)))


def form_of(analysis: Analysis) -> list[dict[str, Json]]:
    """Return the fields of an analysis's form as JSON: name, label, help, section, when, marker, default, required.

    ``when`` maps other fields to the values with which this one matters; it is hidden otherwise.
    """
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
                "section": entry.metadata.get("section", ""),
                "when": {name: list(values) for name, values in entry.metadata.get("when", {}).items()},
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
    if isinstance(marker, (GroupsChoice, PhenotypesChoice, WeightsChoice)):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            what = "group expressions" if isinstance(marker, GroupsChoice) else "names"
            raise InputError(f"{name} is a list of {what}, not {value!r}")
        return tuple(dict.fromkeys(value)) if isinstance(marker, (PhenotypesChoice, WeightsChoice)) else tuple(value)
    if isinstance(marker, MapsChoice):
        return _checked_maps(name, value)
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


def _checked_maps(name: str, value: Json) -> tuple[tuple[str, Mapping[str, Json]], ...]:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, (list, tuple)) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], Mapping)
        for pair in pairs
    ):
        raise InputError(f"{name} is a list of [name, source], not {value!r}")
    names = [pair[0] for pair in pairs]
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise InputError(f"{name} has two maps named {twice[0]!r}; give each a name of its own")
    return tuple((pair[0], pair[1]) for pair in pairs)
