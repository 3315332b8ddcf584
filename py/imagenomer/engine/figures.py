"""Figures: a map, a view of a result or a clicked edge, drawn to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imagenomer.analyses.contract import Groups, ThemeName
from imagenomer.analyses.shared.results import Outcome
from imagenomer.downloads import FIGURE_FORMATS, caption_of, check_width, stem
from imagenomer.engine.maps import edge_map
from imagenomer.engine.requests import Answer, Job, coloured, file_answer
from imagenomer.engine.results import check_edge, computed, has_figure, stem_of
from imagenomer.engine.workspace import Workspace
from imagenomer.errors import InputError
from imagenomer.groups.sentence import spelled_out
from imagenomer.maps import map_figure
from imagenomer.types import Json, JsonObject
from imagenomer.views import View
from imagenomer.wording import named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Format: TypeAlias = Literal["svg", "pdf", "png"]


async def figure(
    workspace: Workspace,
    job: Job,
    *,
    format: Format,
    theme: ThemeName = "light",
    source: JsonObject | None = None,
    analysis: str = "",
    params: Mapping[str, Json] | None = None,
    name: str = "",
    edge: int | None = None,
    groups: Sequence[Sequence[str]] = (),
    width: float | None = None,
    **look: Any,
) -> Answer:
    """Draw a map (``source``; ``look`` as for `map_figure`), a clicked edge, or a view of a result.

    ``width`` is in millimetres; None: as large as it is drawn.
    """
    if format not in FIGURE_FORMATS:
        raise InputError(f"a figure is one of {', '.join(FIGURE_FORMATS)}, not {format!r}")
    check_width(width)
    colours = coloured(groups)
    if source is not None:
        shown = await edge_map(workspace, job, source)
        await workspace.need(["matplotlib"])
        figure = map_figure(workspace.now.cohort, shown, theme, **look)
        shape = look.get("view", "matrix")
        filename = stem(shown.title, shown.label, *([] if shape == "matrix" else [shape]))
    else:
        outcome = await computed(workspace, job, analysis, params or {}, has_figure(name, edge))
        await workspace.need(["matplotlib"])
        if edge is not None:
            figure, filename = _draw_edge(workspace, outcome, edge, colours, theme)
        else:
            figure, filename = _draw_view(workspace, outcome, name, colours, theme)
    from imagenomer.figures.theme import render

    filename = filename if width is None else stem(filename, f"{width:g}mm")
    return file_answer(render(figure, format, width=width), filename, format)


async def caption(
    workspace: Workspace,
    job: Job,
    *,
    source: JsonObject | None = None,
    analysis: str = "",
    params: Mapping[str, Json] | None = None,
    name: str = "",
    edge: int | None = None,
    groups: Sequence[Sequence[str]] = (),
    **_look: Any,
) -> Answer:
    """Say below a figure what it shows, apart from the figure; arguments as for `figure`."""
    if source is not None:
        shown = await edge_map(workspace, job, source)
        return {"text": caption_of(shown.title, shown.label, shown.note)}, {}
    outcome = await computed(workspace, job, analysis, params or {}, has_figure(name, edge))
    colours = coloured(groups)
    if edge is not None:
        if outcome.analysis.detail is None:
            raise InputError(f"{outcome.analysis.title} has no figure of a single edge")
        check_edge(workspace, edge)
        view: View = outcome.analysis.detail(workspace.now.cohort, outcome.params, outcome.result, edge, colours)
    else:
        views = {view.name: view for view in outcome.report.views}
        if name not in views:
            raise InputError(f"this result has no figure {name!r}; it has: {', '.join(views) or 'none'}")
        view = views[name]
    words = caption_of(view.title, *(getattr(view, part, "") for part in ("alt", "label", "caption", "note")))
    return {"text": named(spelled_out(words), {expression: title for title, expression, _ in colours})}, {}


def _draw_edge(
    workspace: Workspace, outcome: Outcome, edge: int, groups: Groups, theme: ThemeName
) -> tuple[Figure, str]:
    if outcome.analysis.detail is None:
        raise InputError(f"{outcome.analysis.title} has no figure of a single edge")
    check_edge(workspace, edge)
    from imagenomer.figures.views import points_view_figure

    view = outcome.analysis.detail(workspace.now.cohort, outcome.params, outcome.result, edge, groups)
    return points_view_figure(view, theme), stem(stem_of(outcome), f"edge-{edge}")


def _draw_view(
    workspace: Workspace, outcome: Outcome, name: str, groups: Groups, theme: ThemeName
) -> tuple[Figure, str]:
    from imagenomer.figures.theme import group_styles

    with group_styles({expression: (title, colour) for title, expression, colour in groups}):
        figures = outcome.analysis.figures(workspace.now.cohort, outcome.params, outcome.result, outcome.report, theme)
        if name not in figures:
            raise InputError(f"this result has no figure {name!r}; it has: {', '.join(figures) or 'none'}")
        return figures[name], stem(stem_of(outcome), name)
