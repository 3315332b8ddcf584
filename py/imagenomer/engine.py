"""Engine: the page's whole world, calls in and JSON and buffers out, over one open cohort.

The calls, their arguments and their answers are listed in ``site/docs/developing.md``. A call with the wrong arguments
is a bug of the page and fails as one; what the user can correct is an `InputError`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import shlex
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from imagenomer.analyses import (
    Analysis,
    Report,
    TableView,
    form_of,
    load_analyses,
    read_params,
)
from imagenomer.cohort import Cohort
from imagenomer.downloads import FIGURE_FORMATS, MIME, csv_of, result_stem, stem
from imagenomer.errors import InputError, bytes_wanted, is_out_of_memory
from imagenomer.figures.pixels import default_colormap, paint_edges
from imagenomer.groups import describe, expression_from_clauses, select
from imagenomer.jsonable import dumps
from imagenomer.maps import (
    EdgeMap,
    Order,
    display_matrix,
    display_order,
    gallery,
    look_of,
    map_figure,
    result_map,
    scan_map,
)
from imagenomer.overview import overview_of
from imagenomer.progress import Steps
from imagenomer.script import script_of
from imagenomer.types import Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Result = TypeVar("Result")
Buffers: TypeAlias = dict[str, NDArray[Any]]
Answer: TypeAlias = tuple[Any, Buffers]
#: Name, expression and colour of each group.
_Groups: TypeAlias = tuple[tuple[str, str, str], ...]
ThemeName: TypeAlias = Literal["light", "dark"]
Format: TypeAlias = Literal["svg", "pdf", "png"]

#: Results kept, so that a click on a map, a download or an undo does not compute again; few, because each may hold on
#: to connectivity averaged over tasks, as large as the cohort itself.
KEPT_RESULTS = 8

#: Seconds between two looks at the world: often enough that a cancel feels at once, rarely enough to cost nothing.
_BREATH = 0.05

_SMALLER = "Choose a smaller group or a single task"


class Cancelled(Exception):
    """The user no longer wants the answer."""


class Files(Protocol):
    """Files that the page holds; ``read`` may be slow, and is asked for what is needed only.

    Attributes
    ----------
    sizes : sequence of int
        In bytes.
    """

    @property
    def sizes(self) -> Sequence[int]: ...

    def read(self, index: int, start: int, stop: int) -> bytes:
        """Return the bytes of file ``index`` from ``start`` up to ``stop``."""
        ...


@dataclass(slots=True)
class Job:
    """One call under way.

    Attributes
    ----------
    files : Files or None
        What came with it.
    progress : callable
        ``(step, done, total)``, told at most every 50 ms and whenever the step changes.
    cancelled : callable
        True once the user no longer wants the answer.
    step : str
        What is being done, as far as it is known.
    """

    files: Files | None
    progress: Callable[[str, int, int], None]
    cancelled: Callable[[], bool]
    step: str = ""

    async def finish(self, steps: Steps[Result]) -> Result:
        """Run a computation to its end; let the world in now and then, and raise `Cancelled` when asked to."""
        step, breathed = None, time.monotonic()
        try:
            while True:
                try:
                    progress = next(steps)
                except StopIteration as stop:
                    result: Result = stop.value
                    return result
                self.step = progress.step
                now = time.monotonic()
                if progress.step != step or now - breathed >= _BREATH:
                    self.progress(progress.step, progress.done, progress.total)
                    await asyncio.sleep(0)
                    step, breathed = progress.step, now
                if self.cancelled():
                    raise Cancelled
        finally:
            steps.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result, and what it is a result of."""

    name: str
    analysis: Analysis
    params: Any
    result: Any
    report: Report

    @property
    def stem(self) -> str:
        return result_stem(self.name, self.analysis, self.params, self.report.numbers)


@dataclass(slots=True)
class Opened:
    """The open cohort and everything that dies with it."""

    cohort: Cohort
    #: What `imagenomer.load.load` would open to get the same cohort.
    where: str
    overview: dict[str, Json]
    outcomes: OrderedDict[str, Outcome] = field(default_factory=OrderedDict)


async def _at_hand(packages: Iterable[str]) -> None:
    """Do nothing: outside the page every package is installed."""


class Engine:
    """Answers the page.

    Parameters
    ----------
    need : coroutine function
        ``await need(["matplotlib"])`` returns once these packages can be imported.
    """

    def __init__(self, need: Callable[[Iterable[str]], Awaitable[None]] = _at_hand) -> None:
        self._need = need
        self._analyses = load_analyses()
        self._opened: Opened | None = None
        self._calls: dict[str, Callable[..., Awaitable[Answer]]] = {
            "catalog": self._catalog,
            "open_demo": self._open_demo,
            "open_files": self._open_files,
            "overview": self._overview,
            "check_group": self._check_group,
            "gallery": self._gallery,
            "matrix": self._matrix,
            "paint": self._paint,
            "run": self._run,
            "detail": self._detail,
            "figure": self._figure,
            "table": self._table,
            "script": self._script,
            "save_bundle": self._save_bundle,
        }

    async def handle(
        self,
        call: str,
        arguments: str,
        files: Files | None = None,
        progress: Callable[[str, int, int], None] = lambda step, done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[str, Buffers]:
        """Do one call.

        Parameters
        ----------
        call : str
        arguments : str
            A JSON object.
        files, progress, cancelled
            See `Job`.

        Returns
        -------
        str
            The answer as strict JSON.
        dict of str to ndarray
            Its buffers.

        Raises
        ------
        InputError
            If the user can correct something, a lack of memory included.
        Cancelled
            If ``cancelled`` said so.
        """
        job = Job(files, progress, cancelled)
        given = json.loads(arguments)
        try:
            answer, buffers = await self._calls[call](job, **given)
            return dumps(answer), buffers
        except Exception as error:
            refusal = self.short_of_memory(error, call, given, job.step)
            if refusal is None:
                raise
        # Out here, where the error no longer holds on to what was made on the way.
        gc.collect()
        raise refusal

    def short_of_memory(
        self, error: Exception, call: str, given: Mapping[str, Json], step: str = ""
    ) -> InputError | None:
        """Return what to tell the user if memory ran out in a call, else None; kept results are dropped then.

        Parameters
        ----------
        error : Exception
        call, given
            The call and its arguments.
        step : str
            What was being done, if it is known.
        """
        if isinstance(error, InputError) or not is_out_of_memory(error):
            return None
        wanted = bytes_wanted(error)
        doing = f"“{step}”" if step else "this"
        amount = "" if wanted is None else f": it asked for another {_size(wanted)}"
        sentences = [f"There is not enough memory for {doing}{amount}."]
        if self._opened is not None:
            self._opened.outcomes.clear()
            sentences.append(f"{self._opened.cohort.name} is still open, and nothing in it has changed.")
        sentences.append(
            "A page has 4 GB at most, 2 GB for a single table of numbers, and less where the computer itself is short."
        )
        smaller = "Open fewer scans at a time (a single task, say)" if call.startswith("open_") else _SMALLER
        sentences.append(f"{smaller}, or close other tabs and programs, and try again.")
        command = self._command(call, given)
        if command:
            sentences.append(f"In a terminal there is no such limit: {command}")
        return InputError(" ".join(sentences))

    def _command(self, call: str, given: Mapping[str, Json]) -> str | None:
        """Return what to type in a terminal for the same, from the folder that holds the cohort."""
        if call == "open_files":
            return shlex.join(["imagenomer", "open", _top_of(given["paths"]) or "FOLDER"])
        if call == "open_demo":
            return f"imagenomer open demo:{given['size']}:{given['seed']}"
        if self._opened is None:
            return None
        if call == "save_bundle":
            return shlex.join(["imagenomer", "convert", self._opened.where, f"{stem(self._opened.cohort.name)}.zip"])
        result = given.get("source") or given
        if "analysis" not in result:
            return None
        params = json.dumps(result.get("params") or {}, ensure_ascii=False)
        return shlex.join(["imagenomer", "run", result["analysis"], self._opened.where, "--params", params])

    @property
    def _now(self) -> Opened:
        if self._opened is None:
            raise InputError("no cohort is open; drop a folder or a zip, or open the demo cohort")
        return self._opened

    # --- opening ---------------------------------------------------------------------------------

    async def _catalog(self, job: Job) -> Answer:
        return catalog(self._analyses), {}

    async def _open_demo(self, job: Job, *, size: Literal["quick", "full"], seed: int) -> Answer:
        from imagenomer.teaching import generate  # late: who drops files needs no teaching cohort

        return await self._open(job, generate(size=size, seed=seed), f"demo:{size}:{seed}")

    async def _open_files(self, job: Job, *, paths: list[str]) -> Answer:
        from imagenomer.readers import listing_from, open_cohort  # late: the teaching cohort needs no reader

        if job.files is None:
            raise InputError("no files came with the request; drop them again")
        listing = listing_from(paths, job.files.sizes, job.files.read)
        return await self._open(job, open_cohort(listing), _top_of(paths) or listing.name)

    async def _open(self, job: Job, steps: Steps[Cohort], where: str) -> Answer:
        cohort = await job.finish(steps)
        # Only a cohort that can be shown replaces the open one.
        overview = overview_of(cohort)
        self._opened = Opened(cohort, where, overview)
        return overview, {}

    async def _overview(self, job: Job) -> Answer:
        return self._now.overview, {}

    async def _check_group(
        self,
        job: Job,
        *,
        expression: str | None = None,
        clauses: list[Mapping[str, Json]] | None = None,
        joiner: Literal["and", "or"] = "and",
    ) -> Answer:
        cohort = self._now.cohort
        if clauses is not None:
            expression = expression_from_clauses(cohort, clauses, joiner)
        selection = select(cohort, expression)
        return {"n": selection.n, "n_unknown": selection.n_unknown, "text": describe(expression)}, {}

    async def _save_bundle(self, job: Job) -> Answer:
        from imagenomer.readers.bundle import bundle_bytes  # late: few save a bundle

        cohort = self._now.cohort
        data = await job.finish(bundle_bytes(cohort))
        return _file(data, stem(cohort.name), "zip")

    # --- matrices --------------------------------------------------------------------------------

    async def _gallery(
        self,
        job: Job,
        *,
        measure: str,
        task: str | None = None,
        group: str | None = None,
        page: int = 0,
        per_page: int = 24,
        captions: Sequence[str] = (),
        order: Order = "network",
        limit: float | None = None,
        colormap: str | None = None,
    ) -> Answer:
        answer, pixels = gallery(
            self._now.cohort,
            measure,
            task=task,
            group=group,
            page=page,
            per_page=per_page,
            captions=captions,
            order=order,
            limit=self._limit(measure) if limit is None else limit,
            colormap=colormap or default_colormap("diverging"),
        )
        return answer, {"pixels": pixels}

    async def _matrix(self, job: Job, *, source: Mapping[str, Json], order: Order = "network") -> Answer:
        shown = await self._edge_map(job, source)
        values = display_matrix(shown.values, display_order(self._now.cohort, order))
        answer = {"title": shown.title, "label": shown.label, "limit": shown.limit, "scale": shown.scale}
        return answer, {"values": values}

    async def _paint(self, job: Job, *, source: Mapping[str, Json], order: Order = "network", **look: Any) -> Answer:
        shown = await self._edge_map(job, source)
        rows = display_order(self._now.cohort, order)
        return {}, {"pixels": paint_edges(shown.values, order=rows, **look_of(shown, **look))}

    def _limit(self, measure: str) -> float:
        """Return where the colour scale of a measure ends, for all its scans alike."""
        self._now.cohort.measure(measure)
        return cast(float, self._now.overview["measures_limit"][measure])

    async def _edge_map(self, job: Job, source: Mapping[str, Json]) -> EdgeMap:
        if "scan" in source:
            measure = source["measure"]
            return scan_map(self._now.cohort, source["scan"], measure, self._limit(measure))
        outcome = await self._outcome(job, source["analysis"], source["params"])
        return result_map(outcome.report, source["array"])

    # --- results ---------------------------------------------------------------------------------

    async def _run(self, job: Job, *, analysis: str, params: Mapping[str, Json]) -> Answer:
        report = (await self._outcome(job, analysis, params)).report
        # Lists of rows are in the table views; the page would read them twice, and reads slowly.
        return {
            "numbers": {name: value for name, value in report.numbers.items() if not isinstance(value, list | tuple)},
            "sentences": report.sentences,
            "warnings": report.warnings,
            "views": report.views,
        }, {}

    async def _detail(
        self, job: Job, *, analysis: str, params: Mapping[str, Json], edge: int, groups: Sequence[Sequence[str]] = ()
    ) -> Answer:
        outcome = await self._outcome(job, analysis, params)
        if outcome.analysis.detail is None:
            raise InputError(f"{outcome.analysis.title} has nothing to show for a single edge")
        self._check_edge(edge)
        coloured = _coloured(groups)
        return outcome.analysis.detail(self._now.cohort, outcome.params, outcome.result, edge, coloured), {}

    async def _table(self, job: Job, *, analysis: str, params: Mapping[str, Json], name: str) -> Answer:
        outcome = await self._outcome(job, analysis, params)
        tables = {view.name: view for view in outcome.report.views if isinstance(view, TableView)}
        if name not in tables:
            raise InputError(f"this result has no table {name!r}; it has: {', '.join(tables) or 'none'}")
        return _file(csv_of(tables[name]), stem(outcome.stem, name), "csv")

    async def _script(self, job: Job, *, analysis: str, params: Mapping[str, Json]) -> Answer:
        outcome = await self._outcome(job, analysis, params)
        script = script_of(outcome.name, outcome.analysis, outcome.params, cohort=self._now.where, output=outcome.stem)
        return {"script": script, "filename": f"{outcome.stem}.py"}, {}

    async def _outcome(self, job: Job, name: str, given: Mapping[str, Json]) -> Outcome:
        """Return a result, computed now or kept."""
        opened = self._now
        if name not in self._analyses:
            raise InputError(f"no analysis {name!r}; there are: {', '.join(self._analyses)}")
        analysis = self._analyses[name]
        params = read_params(analysis, given)
        key = dumps([name, params])
        if key not in opened.outcomes:
            result = await job.finish(analysis.compute(opened.cohort, params))
            report = analysis.report(opened.cohort, params, result)
            opened.outcomes[key] = Outcome(name, analysis, params, result, report)
            if len(opened.outcomes) > KEPT_RESULTS:
                opened.outcomes.popitem(last=False)
        opened.outcomes.move_to_end(key)
        return opened.outcomes[key]

    def _check_edge(self, edge: int) -> None:
        n_edges = next(iter(self._now.cohort.measures.values())).values.shape[1]
        if not 0 <= edge < n_edges:
            raise InputError(f"no edge {edge}; this cohort has edges 0 to {n_edges - 1}")

    # --- figures ---------------------------------------------------------------------------------

    async def _figure(
        self,
        job: Job,
        *,
        format: Format,
        theme: ThemeName = "light",
        source: Mapping[str, Json] | None = None,
        analysis: str = "",
        params: Mapping[str, Json] | None = None,
        name: str = "",
        edge: int | None = None,
        groups: Sequence[Sequence[str]] = (),
        **look: Any,
    ) -> Answer:
        """Draw a matrix (``source``, with the looks of `_paint`), a clicked edge, or a view of a result."""
        if format not in FIGURE_FORMATS:
            raise InputError(f"a figure is one of {', '.join(FIGURE_FORMATS)}, not {format!r}")
        coloured = _coloured(groups)
        if source is not None:
            shown = await self._edge_map(job, source)
            await self._need(["matplotlib"])
            figure, filename = map_figure(self._now.cohort, shown, theme, **look), stem(shown.title, shown.label)
        else:
            outcome = await self._outcome(job, analysis, params or {})
            await self._need(["matplotlib"])
            if edge is not None:
                figure, filename = self._draw_edge(outcome, edge, coloured, theme)
            else:
                figure, filename = self._draw_view(outcome, name, coloured, theme)
        from imagenomer.figures.theme import render

        return _file(render(figure, format), filename, format)

    def _draw_edge(self, outcome: Outcome, edge: int, groups: _Groups, theme: ThemeName) -> tuple[Figure, str]:
        if outcome.analysis.draw_detail is None:
            raise InputError(f"{outcome.analysis.title} has no figure of a single edge")
        self._check_edge(edge)
        figure = outcome.analysis.draw_detail(self._now.cohort, outcome.params, outcome.result, edge, groups, theme)
        return figure, stem(outcome.stem, f"edge-{edge}")

    def _draw_view(self, outcome: Outcome, name: str, groups: _Groups, theme: ThemeName) -> tuple[Figure, str]:
        from imagenomer.figures.theme import group_styles

        with group_styles({expression: (title, colour) for title, expression, colour in groups}):
            figures = outcome.analysis.draw(self._now.cohort, outcome.params, outcome.result, theme)
            if name not in figures:
                raise InputError(f"this result has no figure {name!r}; it has: {', '.join(figures) or 'none'}")
            return figures[name], stem(outcome.stem, name)


def catalog(analyses: Mapping[str, Analysis]) -> list[dict[str, Json]]:
    """Return what can be computed, and the form of each analysis."""
    return [
        {
            "name": name,
            "title": analysis.title,
            "summary": analysis.summary,
            "tab": analysis.tab,
            "fields": form_of(analysis),
        }
        for name, analysis in analyses.items()
    ]


def _top_of(paths: Sequence[str]) -> str | None:
    """Return the one folder or file that holds all of them, or None."""
    tops = {path.replace("\\", "/").strip("/").split("/")[0] for path in paths}
    return tops.pop() if len(tops) == 1 else None


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.1f} MB"


def _coloured(groups: Sequence[Sequence[str]]) -> _Groups:
    return tuple((name, expression, colour) for name, expression, colour in groups)


def _file(data: bytes, name: str, extension: str) -> Answer:
    answer = {"filename": f"{name}.{extension}", "mime": MIME[extension]}
    return answer, {"file": np.frombuffer(data, dtype=np.uint8)}
