"""Results: computed once and kept with the cohort, and what the page asks of one but figures and maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagenomer.analyses.contract import GridView, Groups, MatrixView, TableView, read_params
from imagenomer.analyses.shared.results import Enough, Outcome, kept_outcome, outcome_of
from imagenomer.descriptions import describe
from imagenomer.downloads import csv_of, csv_of_whole, result_stem, stem
from imagenomer.engine.requests import Answer, Job, coloured, file_answer
from imagenomer.engine.workspace import Workspace, corrections_of, makings_of, recipe_of
from imagenomer.errors import InputError
from imagenomer.groups.sentence import spelled_out
from imagenomer.types import Json, JsonObject

if TYPE_CHECKING:
    from imagenomer.html_report import Record


async def run(
    workspace: Workspace, job: Job, *, analysis: str, params: Mapping[str, Json], part: int | None = None
) -> Answer:
    """Compute a result, of an analysis in parts up to ``part`` (0-based; None: all), and what is kept already."""
    outcome = await computed(workspace, job, analysis, params, up_to(part))
    report, parcellation = outcome.report, workspace.now.cohort.parcellation
    labels = () if parcellation is None else parcellation.labels
    # Of maps the call `matrix` says it, whatever they are of.
    views = report.views
    described = [view for view in views if not isinstance(view, MatrixView)]
    # Lists of rows are in the table views; the page would read them twice, and reads slowly.
    return {
        "numbers": {name: value for name, value in report.numbers.items() if not isinstance(value, list | tuple)},
        "sentences": [spelled_out(sentence) for sentence in report.sentences],
        "answer": spelled_out(report.answer),
        "warnings": [spelled_out(sentence) for sentence in report.warnings],
        "verdict": report.verdict,
        "descriptions": {view.name: spelled_out(describe(view, report, labels)) for view in described},
        "n_parts": outcome.n_parts,
        "left_out": [report.left_out.get(part.name, "") for part in outcome.analysis.parts],
        "views": [
            on_page(view, n_whole(workspace, outcome, view)) if isinstance(view, TableView) else view for view in views
        ],
    }, {}


async def detail(
    workspace: Workspace,
    job: Job,
    *,
    analysis: str,
    params: Mapping[str, Json],
    edge: int,
    groups: Sequence[Sequence[str]] = (),
) -> Answer:
    outcome = await computed(workspace, job, analysis, params, has_detail)
    if outcome.analysis.detail is None:
        raise InputError(f"{outcome.analysis.title} has nothing to show for a single edge")
    check_edge(workspace, edge)
    colours = coloured(groups)
    return outcome.analysis.detail(workspace.now.cohort, outcome.params, outcome.result, edge, colours), {}


async def table(workspace: Workspace, job: Job, *, analysis: str, params: Mapping[str, Json], name: str) -> Answer:
    outcome = await computed(workspace, job, analysis, params, has_view(name))
    tables = {view.name: view for view in outcome.report.views if isinstance(view, TableView | GridView)}
    if name not in tables:
        raise InputError(f"this result has no table {name!r}; it has: {', '.join(tables) or 'none'}")
    view = tables[name]
    if isinstance(view, TableView) and name in outcome.analysis.whole:
        whole = outcome.analysis.whole[name](workspace.now.cohort, outcome.params, outcome.result)
        content = await job.finish(csv_of_whole(view, whole))
    else:
        content = csv_of(view)
    return file_answer(content, stem(stem_of(outcome), name), "csv")


async def script(workspace: Workspace, job: Job, *, analysis: str, params: Mapping[str, Json]) -> Answer:
    outcome = await computed(workspace, job, analysis, params, has_parts(1))
    return {"script": _script_of(workspace, outcome), "filename": f"{stem_of(outcome)}.py"}, {}


def _script_of(workspace: Workspace, outcome: Outcome) -> str:
    from imagenomer.script import script_of  # late: nothing is taken home at first

    options = script_options(workspace)
    return script_of(outcome.name, outcome.analysis, outcome.params, output=stem_of(outcome), **options)


def script_options(workspace: Workspace) -> dict[str, Any]:
    """Return what a script is told of the open cohort, as `script_of` takes it."""
    opened = workspace.now
    return {
        "cohort": opened.where,
        "atlas": opened.atlas,
        "second": None if opened.second is None else opened.second.where,
        "measures": makings_of(opened),
        "recipe": opened.recipe,
        "columns": corrections_of(opened.cohort),
        "second_recipe": None if opened.second is None else recipe_of(opened.second),
    }


async def html(
    workspace: Workspace,
    job: Job,
    *,
    analysis: str,
    params: Mapping[str, Json],
    part: int | None = None,
    groups: Sequence[Sequence[str]] = (),
) -> Answer:
    """Write a result down as one file, of an analysis in parts up to ``part``, as `run` has it."""
    from imagenomer.html_report import html_report  # late: few keep a report

    outcome = await computed(workspace, job, analysis, params, up_to(part))
    await workspace.need(["matplotlib"])
    record = record_of(workspace, outcome, coloured(groups))
    return file_answer(await job.finish(html_report(record)), stem_of(outcome), "html")


def record_of(workspace: Workspace, outcome: Outcome, groups: Groups) -> Record:
    """Return what an HTML report writes down of a result."""
    from imagenomer.html_report import Record

    script = _script_of(workspace, outcome)
    analysis, cohort = outcome.analysis, workspace.now.cohort
    return Record(analysis, cohort, outcome.params, outcome.result, outcome.report, script, groups, outcome.n_parts)


async def computed(workspace: Workspace, job: Job, name: str, given: JsonObject, enough: Enough) -> Outcome:
    """Return a result, computed now or kept; of an analysis in parts with as many as are ``enough``, or more."""
    if name not in workspace.analyses:
        raise InputError(f"no analysis {name!r}; there are: {', '.join(workspace.analyses)}")
    analysis = workspace.analyses[name]
    return await job.finish(outcome_of(workspace.now.cohort, name, analysis, read_params(analysis, given), enough))


def stem_of(outcome: Outcome) -> str:
    """Return how the names of a result's files begin."""
    return result_stem(outcome.name, outcome.analysis, outcome.params, outcome.report.numbers)


def check_edge(workspace: Workspace, edge: int) -> None:
    n_edges = next(iter(workspace.now.cohort.measures.values())).values.shape[1]
    if not 0 <= edge < n_edges:
        raise InputError(f"no edge {edge}; this cohort has edges 0 to {n_edges - 1}")


# --- the parts of a result that a call needs ------------------------------------------------------


def has_parts(n_parts: int | None) -> Enough:
    """Require so many parts; None: all."""
    return lambda outcome: n_parts is not None and outcome.n_parts >= n_parts


def has_view(name: str) -> Enough:
    return lambda outcome: any(view.name == name for view in outcome.report.views)


def has_array(name: str) -> Enough:
    return lambda outcome: name in outcome.report.arrays


def has_detail(outcome: Outcome) -> bool:
    return any(isinstance(view, MatrixView) and view.detail for view in outcome.report.views)


def has_figure(name: str, edge: int | None) -> Enough:
    return has_view(name) if edge is None else has_detail


def up_to(part: int | None) -> Enough:
    """Require the parts up to this one (0-based); None: all."""
    return has_parts(None if part is None else part + 1)


def has_source(given: JsonObject) -> Enough:
    return has_array(given["source"]["array"])


#: Calls that read a result, and the parts of it that they need.
LOOKS: dict[str, Callable[[JsonObject], Enough]] = {
    "matrix": has_source,
    "paint": has_source,
    "networks": has_source,
    "strongest": has_source,
    "map_file": has_source,
    "detail": lambda given: has_detail,
    "figure": lambda given: (
        has_source(given) if "source" in given else has_figure(given.get("name", ""), given.get("edge"))
    ),
    "caption": lambda given: (
        has_source(given) if "source" in given else has_figure(given.get("name", ""), given.get("edge"))
    ),
    "table": lambda given: has_view(given.get("name", "")),
    "script": lambda given: has_parts(1),
    "html": lambda given: up_to(given.get("part")),
}


def n_whole(workspace: Workspace, outcome: Outcome, view: TableView) -> int | None:
    """Return how many rows the file of a table has; None where that is those it lists."""
    whole = outcome.analysis.whole.get(view.name)
    if whole is None:
        return len(view.rows) if view.on_page is not None and view.on_page < len(view.rows) else None
    n_rows = whole(workspace.now.cohort, outcome.params, outcome.result).n_rows
    return n_rows if n_rows > len(view.rows) else None


def on_page(view: TableView, n_whole: int | None = None) -> TableView:
    """Return the part of a table that the page shows: what is for the file only may be many times as much."""
    columns = tuple(column for column in view.columns if column.where != "file")
    keys = {"edge", *(column.key for column in columns), *(column.sort for column in columns)}
    rows = tuple({key: row[key] for key in row if key in keys} for row in view.rows[: view.on_page])
    return replace(view, columns=columns, rows=rows, n_whole=n_whole)


def is_at_hand(workspace: Workspace, call: str, given: JsonObject) -> bool:
    """Return whether a call asks only for what is kept."""
    result = given.get("source") or given
    if call not in LOOKS or workspace.opened is None or result.get("analysis") not in workspace.analyses:
        return False
    try:
        params = read_params(workspace.analyses[result["analysis"]], result.get("params") or {})
    except InputError:
        return False
    outcome = kept_outcome(workspace.opened.cohort, result["analysis"], params)
    return outcome is not None and (outcome.is_whole or LOOKS[call](given)(outcome))
