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
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Analysis, GridView, MatrixView, Report, TableView, form_of, read_params
from imagenomer.cache import Cache
from imagenomer.cohort import Cohort, n_parcels_of_cohort, parcellation_of, with_measure, with_parcellation
from imagenomer.companion import with_companion
from imagenomer.downloads import FIGURE_FORMATS, MIME, csv_of, result_stem, stem
from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError, bytes_wanted, is_out_of_memory
from imagenomer.figures.pixels import default_colormap, hex_colours, paint_edges, scale_limit
from imagenomer.groups import describe, expression_from_clauses, select
from imagenomer.jsonable import dumps
from imagenomer.load import Making
from imagenomer.maps import (
    By,
    EdgeMap,
    Order,
    display_matrix,
    display_order,
    gallery,
    look_of,
    map_figure,
    network_map,
    network_values,
    result_map,
    scan_map,
    strongest,
    strongest_note,
)
from imagenomer.outline import PROJECTIONS, outlines
from imagenomer.overview import overview_of
from imagenomer.parcellation import PLAIN, Parcellation, atlases_of_size, load_atlas, plain_parcellation
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
#: Whether a result of some parts has what is asked for.
_Enough: TypeAlias = Callable[["Outcome"], bool]
#: Where a cohort is opened: as the one that is explored, or beside it, to test on.
_Place: TypeAlias = Literal["first", "second"]
ThemeName: TypeAlias = Literal["light", "dark"]
Format: TypeAlias = Literal["svg", "pdf", "png"]

#: Results kept, so that a click on a map, a download or an undo does not compute again; few, because each may hold on
#: to connectivity averaged over tasks, as large as the cohort itself.
KEPT_RESULTS = 8

#: The answer to `catalog`, which the build of the page writes here, so that the page does not wait for all analyses.
CATALOG = Path(__file__).with_name("catalog.json")

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
    """A result, and what it is a result of; ``n_parts`` of its analysis's parts are done, where it has parts."""

    name: str
    analysis: Analysis
    params: Any
    result: Any
    report: Report
    n_parts: int = 0

    @property
    def is_whole(self) -> bool:
        return self.n_parts == len(self.analysis.parts)

    @property
    def stem(self) -> str:
        return result_stem(self.name, self.analysis, self.params, self.report.numbers)


@dataclass(frozen=True, slots=True)
class Second:
    """The second cohort as its files have it, and what `imagenomer.load.load` would open to get it."""

    cohort: Cohort
    where: str


@dataclass(slots=True)
class Opened:
    """The open cohort and everything that dies with it."""

    cohort: Cohort
    #: What `imagenomer.load.load` would open to get the same cohort.
    where: str
    #: The parcels as the files have them, and the atlas that was chosen instead ("none": plain numbers), if one was.
    found: Parcellation | None
    overview: dict[str, Json]
    atlas: str | None = None
    second: Second | None = None
    #: The measures that were made here: ``{analysis, params, measure}``, in their order.
    added: tuple[dict[str, Json], ...] = ()
    outcomes: Cache[str, Outcome] = field(default_factory=lambda: Cache(KEPT_RESULTS))


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
        self._opened: Opened | None = None
        self._calls: dict[str, Callable[..., Awaitable[Answer]]] = {
            "catalog": self._catalog,
            "open_demo": self._open_demo,
            "open_files": self._open_files,
            "close_second": self._close_second,
            "overview": self._overview,
            "set_parcellation": self._set_parcellation,
            "add_measure": self._add_measure,
            "check_group": self._check_group,
            "gallery": self._gallery,
            "matrix": self._matrix,
            "paint": self._paint,
            "networks": self._networks,
            "strongest": self._strongest,
            "outlines": self._outlines,
            "run": self._run,
            "detail": self._detail,
            "figure": self._figure,
            "table": self._table,
            "script": self._script,
            "html": self._html,
            "save_bundle": self._save_bundle,
        }

    @cached_property
    def _analyses(self) -> dict[str, Analysis]:
        return load_analyses()  # not before one is wanted: importing them takes a while in the page

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

    def is_at_hand(self, call: str, arguments: str) -> bool:
        """Return whether a call asks only for what is kept.

        Then it may be done between two steps of a long ``run``: somebody reads the parts that are done meanwhile.
        """
        given = json.loads(arguments)
        result = given.get("source") or given
        if call not in _LOOKS or self._opened is None or result.get("analysis") not in self._analyses:
            return False
        try:
            params = read_params(self._analyses[result["analysis"]], result.get("params") or {})
        except InputError:
            return False
        outcome = self._opened.outcomes.get(dumps([result["analysis"], params]))
        return outcome is not None and (outcome.is_whole or _LOOKS[call](given)(outcome))

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
            return f"imagenomer open {_demo(given.get('cohort', 'teaching'), given['size'], given['seed'])}"
        if self._opened is None:
            return None
        options = [] if self._opened.atlas is None else ["--atlas", self._opened.atlas]
        for name, params in _makings(self._opened):
            options += ["--add-measure", name, json.dumps(params, ensure_ascii=False)]
        second = [] if self._opened.second is None else ["--second", self._opened.second.where]
        if call == "save_bundle":
            bundle = f"{stem(self._opened.cohort.name)}.zip"
            return shlex.join(["imagenomer", "convert", self._opened.where, bundle, *options])
        result = given.get("source") or given
        if "analysis" not in result:
            return None
        given_params = json.dumps(result.get("params") or {}, ensure_ascii=False)
        where = self._opened.where
        return shlex.join(["imagenomer", "run", result["analysis"], where, "--params", given_params, *options, *second])

    @property
    def _now(self) -> Opened:
        if self._opened is None:
            raise InputError("no cohort is open; drop a folder or a zip, or open the demo cohort")
        return self._opened

    # --- opening ---------------------------------------------------------------------------------

    async def _catalog(self, job: Job) -> Answer:
        if CATALOG.is_file():
            return json.loads(CATALOG.read_text(encoding="utf-8")), {}
        return catalog(self._analyses), {}

    async def _open_demo(
        self,
        job: Job,
        *,
        size: Literal["quick", "full"],
        seed: int,
        cohort: Literal["teaching", "second"] = "teaching",
        place: _Place = "first",
    ) -> Answer:
        # Late: who drops files needs no teaching cohort.
        if cohort == "second":
            from imagenomer.teaching import generate_second

            steps = generate_second(size=size, seed=seed)
        else:
            from imagenomer.teaching import generate

            steps = generate(size=size, seed=seed)
        return await self._open(job, steps, _demo(cohort, size, seed), place)

    async def _open_files(self, job: Job, *, paths: list[str], place: _Place = "first") -> Answer:
        from imagenomer.readers import listing_from, open_cohort  # late: the teaching cohort needs no reader

        if job.files is None:
            raise InputError("no files came with the request; drop them again")
        listing = listing_from(paths, job.files.sizes, job.files.read)
        return await self._open(job, open_cohort(listing), _top_of(paths) or listing.name, place)

    async def _open(self, job: Job, steps: Steps[Cohort], where: str, place: _Place) -> Answer:
        first = self._now if place == "second" else None  # refused before the files are read
        cohort = await job.finish(steps)
        # Only a cohort that can be shown replaces the open one.
        if first is None:
            self._opened = _opened(cohort, where, cohort.parcellation)
        else:
            self._opened = _opened(
                first.cohort, first.where, first.found, first.atlas, Second(cohort, where), first.added
            )
        return self._opened.overview, {}

    async def _close_second(self, job: Job) -> Answer:
        opened = self._now
        self._opened = _opened(opened.cohort, opened.where, opened.found, opened.atlas, added=opened.added)
        return self._opened.overview, {}

    async def _set_parcellation(self, job: Job, *, name: str | None) -> Answer:
        """Take the parcels for those of an atlas ("none": plain numbers; null: as the files have them)."""
        opened = self._now
        if name is None:
            cohort = replace(opened.cohort, parcellation=opened.found)
        else:
            cohort = with_parcellation(opened.cohort, name)
        self._opened = _opened(cohort, opened.where, opened.found, name, opened.second, opened.added)
        return self._opened.overview, {}

    async def _add_measure(self, job: Job, *, analysis: str, params: Mapping[str, Json]) -> Answer:
        """Add the measure that a result makes to the open cohort; results of before stay."""
        opened, outcome = self._now, await self._outcome(job, analysis, params, _has_parts(None))
        if outcome.analysis.measure is None:
            raise InputError(f"{outcome.analysis.title} makes no measure that could be added")
        settled = json.loads(dumps(outcome.params))
        for one in opened.added:
            if (one["analysis"], one["params"]) == (analysis, settled):
                raise InputError(f"this is a measure of the cohort already: {one['measure']}")
        measure = await job.finish(outcome.analysis.measure(opened.cohort, outcome.params, outcome.result))
        cohort = with_measure(opened.cohort, measure)
        added = (*opened.added, {"analysis": analysis, "params": settled, "measure": measure.name})
        overview = _overview_with_choices(cohort, opened.found, opened.atlas, added)
        self._opened = replace(opened, cohort=cohort, overview=overview, added=added)
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
        session: str | None = None,
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
            session=session,
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

    async def _networks(
        self,
        job: Job,
        *,
        source: Mapping[str, Json],
        share: bool = False,
        limit: float | None = None,
        colormap: str | None = None,
    ) -> Answer:
        shown = await self._edge_map(job, source)
        folded = network_map(shown, parcellation_of(self._now.cohort))
        values, label, scale = network_values(shown, folded, share)
        limit = scale_limit(values) if limit is None else limit
        return {
            "names": folded.names,
            "titles": folded.titles,
            "mean": folded.mean,
            "share": folded.share,
            "n_edges": folded.n_edges,
            "label": label,
            "limit": scale_limit(values),
            "scale": scale,
            "colours": hex_colours(values, colormap=colormap or default_colormap(scale), limit=limit),
        }, {}

    async def _strongest(
        self,
        job: Job,
        *,
        source: Mapping[str, Json],
        n: int,
        by: By = "absolute",
        **look: Any,
    ) -> Answer:
        shown = await self._edge_map(job, source)
        chosen, only_marked = look_of(shown, **look), bool(look.get("only_marked"))
        found = strongest(shown, by, threshold=chosen["threshold"], only_marked=only_marked)
        edges = found[: max(0, n)]
        values = shown.values[edges]
        first, second = edge_parcels(edges, n_parcels_of_cohort(self._now.cohort))
        return {
            "edges": edges,
            "parcels": np.stack([first, second], axis=1),
            "values": values,
            "colours": hex_colours(values, colormap=chosen["colormap"], limit=chosen["limit"]),
            "note": strongest_note(edges.size, found.size, by, chosen["threshold"], only_marked),
        }, {}

    async def _outlines(self, job: Job) -> Answer:
        return [
            {"name": name, "across": across, "up": up, "outline": outlines()[name]} for name, across, up in PROJECTIONS
        ], {}

    def _limit(self, measure: str) -> float:
        """Return where the colour scale of a measure ends, for all its scans alike."""
        self._now.cohort.measure(measure)
        return cast(float, self._now.overview["measures_limit"][measure])

    async def _edge_map(self, job: Job, source: Mapping[str, Json]) -> EdgeMap:
        if "scan" in source:
            measure = source["measure"]
            return scan_map(self._now.cohort, source["scan"], measure, self._limit(measure))
        outcome = await self._outcome(job, source["analysis"], source["params"], _has_array(source["array"]))
        return result_map(outcome.report, source["array"])

    # --- results ---------------------------------------------------------------------------------

    async def _run(self, job: Job, *, analysis: str, params: Mapping[str, Json], part: int | None = None) -> Answer:
        """Compute a result, of an analysis in parts up to ``part`` (0-based; None: all), and what is kept already."""
        outcome = await self._outcome(job, analysis, params, _up_to(part))
        report = outcome.report
        # Lists of rows are in the table views; the page would read them twice, and reads slowly.
        return {
            "numbers": {name: value for name, value in report.numbers.items() if not isinstance(value, list | tuple)},
            "sentences": report.sentences,
            "warnings": report.warnings,
            "verdict": report.verdict,
            "n_parts": outcome.n_parts,
            "views": [_on_page(view) if isinstance(view, TableView) else view for view in report.views],
        }, {}

    async def _detail(
        self, job: Job, *, analysis: str, params: Mapping[str, Json], edge: int, groups: Sequence[Sequence[str]] = ()
    ) -> Answer:
        outcome = await self._outcome(job, analysis, params, _has_detail)
        if outcome.analysis.detail is None:
            raise InputError(f"{outcome.analysis.title} has nothing to show for a single edge")
        self._check_edge(edge)
        coloured = _coloured(groups)
        return outcome.analysis.detail(self._now.cohort, outcome.params, outcome.result, edge, coloured), {}

    async def _table(self, job: Job, *, analysis: str, params: Mapping[str, Json], name: str) -> Answer:
        outcome = await self._outcome(job, analysis, params, _has_view(name))
        tables = {view.name: view for view in outcome.report.views if isinstance(view, TableView | GridView)}
        if name not in tables:
            raise InputError(f"this result has no table {name!r}; it has: {', '.join(tables) or 'none'}")
        return _file(csv_of(tables[name]), stem(outcome.stem, name), "csv")

    async def _script(self, job: Job, *, analysis: str, params: Mapping[str, Json]) -> Answer:
        outcome = await self._outcome(job, analysis, params, _has_parts(1))
        return {"script": self._script_of(outcome), "filename": f"{outcome.stem}.py"}, {}

    def _script_of(self, outcome: Outcome) -> str:
        opened = self._now
        return script_of(
            outcome.name,
            outcome.analysis,
            outcome.params,
            cohort=opened.where,
            output=outcome.stem,
            atlas=opened.atlas,
            second=None if opened.second is None else opened.second.where,
            measures=_makings(opened),
        )

    async def _html(
        self,
        job: Job,
        *,
        analysis: str,
        params: Mapping[str, Json],
        part: int | None = None,
        groups: Sequence[Sequence[str]] = (),
    ) -> Answer:
        """Write a result down as one file, of an analysis in parts up to ``part``, as `run` has it."""
        from imagenomer.html_report import Kept, html_report  # late: few keep a report

        outcome = await self._outcome(job, analysis, params, _up_to(part))
        await self._need(["matplotlib"])
        kept = Kept(
            outcome.analysis,
            self._now.cohort,
            outcome.params,
            outcome.result,
            outcome.report,
            self._script_of(outcome),
            _coloured(groups),
            outcome.n_parts,
        )
        return _file(await job.finish(html_report(kept)), outcome.stem, "html")

    async def _outcome(self, job: Job, name: str, given: Mapping[str, Json], enough: _Enough) -> Outcome:
        """Return a result, computed now or kept; of an analysis in parts with as many as are ``enough``, or more."""
        opened = self._now
        if name not in self._analyses:
            raise InputError(f"no analysis {name!r}; there are: {', '.join(self._analyses)}")
        analysis = self._analyses[name]
        params = read_params(analysis, given)
        key = dumps([name, params])
        outcome = opened.outcomes.get(key)
        if outcome is None and not analysis.parts:
            result = await job.finish(analysis.compute(opened.cohort, params))
            report = analysis.report(opened.cohort, params, result)
            outcome = opened.outcomes.put(key, Outcome(name, analysis, params, result, report))
        # What is done of the parts is kept: a cancel costs the one under way only.
        while outcome is None or not (outcome.is_whole or enough(outcome)):
            result, n_done = (None, 0) if outcome is None else (outcome.result, outcome.n_parts)
            result = await job.finish(analysis.parts[n_done].compute(opened.cohort, params, result))
            report = analysis.report(opened.cohort, params, result)
            outcome = opened.outcomes.put(key, Outcome(name, analysis, params, result, report, n_done + 1))
        return outcome

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
        """Draw a map (``source``; ``look`` as for `map_figure`), a clicked edge, or a view of a result."""
        if format not in FIGURE_FORMATS:
            raise InputError(f"a figure is one of {', '.join(FIGURE_FORMATS)}, not {format!r}")
        coloured = _coloured(groups)
        if source is not None:
            shown = await self._edge_map(job, source)
            await self._need(["matplotlib"])
            figure = map_figure(self._now.cohort, shown, theme, **look)
            shape = look.get("view", "matrix")
            filename = stem(shown.title, shown.label, *([] if shape == "matrix" else [shape]))
        else:
            outcome = await self._outcome(job, analysis, params or {}, _has_figure(name, edge))
            await self._need(["matplotlib"])
            if edge is not None:
                figure, filename = self._draw_edge(outcome, edge, coloured, theme)
            else:
                figure, filename = self._draw_view(outcome, name, coloured, theme)
        from imagenomer.figures.theme import render

        return _file(render(figure, format), filename, format)

    def _draw_edge(self, outcome: Outcome, edge: int, groups: _Groups, theme: ThemeName) -> tuple[Figure, str]:
        if outcome.analysis.detail is None:
            raise InputError(f"{outcome.analysis.title} has no figure of a single edge")
        self._check_edge(edge)
        from imagenomer.figures.views import points_view_figure

        view = outcome.analysis.detail(self._now.cohort, outcome.params, outcome.result, edge, groups)
        return points_view_figure(view, theme), stem(outcome.stem, f"edge-{edge}")

    def _draw_view(self, outcome: Outcome, name: str, groups: _Groups, theme: ThemeName) -> tuple[Figure, str]:
        from imagenomer.figures.theme import group_styles

        with group_styles({expression: (title, colour) for title, expression, colour in groups}):
            figures = outcome.analysis.figures(self._now.cohort, outcome.params, outcome.result, outcome.report, theme)
            if name not in figures:
                raise InputError(f"this result has no figure {name!r}; it has: {', '.join(figures) or 'none'}")
            return figures[name], stem(outcome.stem, name)


def _opened(
    cohort: Cohort,
    where: str,
    found: Parcellation | None,
    atlas: str | None = None,
    second: Second | None = None,
    added: tuple[dict[str, Json], ...] = (),
) -> Opened:
    """Return a cohort as it is open from now on, with the second beside it."""
    cohort = with_companion(cohort, None if second is None else second.cohort, atlas=atlas)
    return Opened(cohort, where, found, _overview_with_choices(cohort, found, atlas, added), atlas, second, added)


def _makings(opened: Opened) -> list[Making]:
    """Return how the measures were made that were added, as `imagenomer.load.load` takes it."""
    return [(one["analysis"], one["params"]) for one in opened.added]


def _overview_with_choices(
    cohort: Cohort, found: Parcellation | None, chosen: str | None, added: Sequence[Mapping[str, Json]]
) -> dict[str, Json]:
    """Return the overview, with the parcellations to choose from: as found, each atlas of the size, plain numbers."""
    overview = overview_of(cohort)
    choices: list[dict[str, Json]] = []
    if found is not None:
        choices.append({"name": None, "title": found.name})
        others = [load_atlas(name) for name in atlases_of_size(found.n_parcels)]
        choices += [{"name": atlas.atlas, "title": atlas.name} for atlas in others if atlas.name != found.name]
        if found.labels != plain_parcellation(found.n_parcels).labels:
            choices.append({"name": PLAIN, "title": "None: plain numbers"})
    return {**overview, "parcellation_choices": choices, "atlas": chosen, "added": list(added)}


def catalog(analyses: Mapping[str, Analysis]) -> list[dict[str, Json]]:
    """Return what can be computed, and the form of each analysis."""
    return [
        {
            "name": name,
            "title": analysis.title,
            "summary": analysis.summary,
            "tab": analysis.tab,
            "needs": analysis.needs,
            "parts": [{"name": part.name, "title": part.title} for part in analysis.parts],
            "makes_measure": analysis.measure is not None,
            "fields": form_of(analysis),
        }
        for name, analysis in analyses.items()
    ]


def _has_parts(n_parts: int | None) -> _Enough:
    """Want so many parts; None: all."""
    return lambda outcome: n_parts is not None and outcome.n_parts >= n_parts


def _has_view(name: str) -> _Enough:
    return lambda outcome: any(view.name == name for view in outcome.report.views)


def _has_array(name: str) -> _Enough:
    return lambda outcome: name in outcome.report.arrays


def _has_detail(outcome: Outcome) -> bool:
    return any(isinstance(view, MatrixView) and view.detail for view in outcome.report.views)


def _demo(cohort: str, size: str, seed: int) -> str:
    """Return a teaching cohort as `imagenomer.load.load` names it."""
    return f"{'demo2' if cohort == 'second' else 'demo'}:{size}:{seed}"


def _has_figure(name: str, edge: int | None) -> _Enough:
    return _has_view(name) if edge is None else _has_detail


def _up_to(part: int | None) -> _Enough:
    """Want the parts up to this one (0-based); None: all."""
    return _has_parts(None if part is None else part + 1)


def _has_source(given: Mapping[str, Json]) -> _Enough:
    return _has_array(given["source"]["array"])


#: Calls that look at a result, and what of it they want.
_LOOKS: dict[str, Callable[[Mapping[str, Json]], _Enough]] = {
    "matrix": _has_source,
    "paint": _has_source,
    "networks": _has_source,
    "strongest": _has_source,
    "detail": lambda given: _has_detail,
    "figure": lambda given: (
        _has_source(given) if "source" in given else _has_figure(given.get("name", ""), given.get("edge"))
    ),
    "table": lambda given: _has_view(given.get("name", "")),
    "script": lambda given: _has_parts(1),
    "html": lambda given: _up_to(given.get("part")),
}


def _on_page(view: TableView) -> TableView:
    """Return the part of a table that the page shows: what is for the file only may be many times as much."""
    columns = tuple(column for column in view.columns if column.where != "file")
    keys = {"edge", *(column.key for column in columns), *(column.sort for column in columns)}
    rows = tuple({key: row[key] for key in row if key in keys} for row in view.rows[: view.on_page])
    return replace(view, columns=columns, rows=rows)


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
