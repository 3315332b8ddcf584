"""Stages: an analysis in three parts that exists in tests only, and needs nothing of a cohort but its edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Column,
    FigureView,
    Finding,
    MatrixView,
    Methods,
    Number,
    Part,
    PointSeries,
    PointsView,
    Report,
    TableView,
    in_parts,
)
from imagenomer.cohort import Cohort
from imagenomer.figures.theme import look
from imagenomer.progress import Progress, Steps
from imagenomer.types import FloatArray

#: Parts that do not end while they are named here, for tests that look at the page meanwhile.
HELD: set[str] = set()


@dataclass(frozen=True, slots=True)
class Params:
    factor: Annotated[float, Number(0, 10, 0.1)] = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """What is done so far; None: not yet."""

    edges: FloatArray
    top: tuple[int, ...] | None = None
    share: float | None = None


def _wait(name: str) -> Steps[None]:
    while name in HELD:
        yield Progress("Held", 2, 3)


def _edges(cohort: Cohort, params: Params, so_far: None) -> Steps[Staged]:
    assert so_far is None
    yield Progress("Numbering edges", 0, 1)
    yield from _wait("edges")
    measure = next(iter(cohort.measures.values()))
    return Staged(params.factor * np.arange(measure.values.shape[1], dtype=float))


def _top(cohort: Cohort, params: Params, so_far: Staged) -> Steps[Staged]:
    yield Progress("Sorting", 1, 2)
    yield from _wait("top")
    return replace(so_far, top=tuple(np.argsort(so_far.edges)[::-1][:3].tolist()))


def _share(cohort: Cohort, params: Params, so_far: Staged) -> Steps[Staged]:
    for done in range(3):
        yield Progress("Counting", done, 3)
    yield from _wait("share")
    return replace(so_far, share=float((so_far.edges > so_far.edges.mean()).mean()))


PARTS = (
    Part("edges", "Number the edges", _edges),
    Part("top", "Find the largest", _top),
    Part("share", "Count what is above the mean", _share),
)


def _report(cohort: Cohort, params: Params, result: Staged) -> Report:
    views: list[MatrixView | TableView | FigureView | PointsView] = [
        MatrixView("map", "Edge numbers", "number", "number", "sequential", detail=True)
    ]
    verdict: tuple[Finding, ...] = ()
    if result.top is not None:
        rows = tuple({"edge": edge, "name": f"edge {edge}"} for edge in result.top)
        views.append(TableView("top", "The largest", (Column("name", "Edge"),), rows))
    if result.share is not None:
        views.append(FigureView("share", "Share above the mean", "A bar"))
        verdict = (
            Finding("The largest edge is the last, which is consistent with numbers in order.", "top"),
            Finding("Half of the edges lie above the mean, which is consistent with equal steps.", "share"),
        )
    return Report(
        numbers={"n_edges": int(result.edges.size), "share": result.share},
        sentences=("Edges are numbered in order.",),
        views=tuple(views),
        arrays={"number": result.edges},
        verdict=verdict,
    )


def _draw(cohort, params, result, report, theme):
    def bars(height):
        from matplotlib.figure import Figure

        with look(theme):
            figure = Figure(layout="constrained")
            figure.add_subplot().bar([0, 1], [1, height])
        return figure

    return {} if result.share is None else {"share": bars(result.share)}


def _detail(cohort, params, result, edge, groups):
    return PointsView(
        "edge",
        f"Edge {edge}",
        "x",
        "y",
        (PointSeries("All", "#0072b2", [1.0], [2.0], ["1"]),),
    )


def _methods(cohort: Cohort, params: Params, result: Staged) -> Methods:
    return Methods(("Edges were numbered and counted.",), ("Gauss, C. F. (1786). Sums.",))


ANALYSIS = Analysis(
    "Stages",
    "Does three things one after another.",
    "Associations",
    Params,
    in_parts(PARTS),
    _report,
    _draw,
    _detail,
    parts=PARTS,
    methods=_methods,
)


@dataclass
class Counted:
    """The same parts, counting how often each is computed; ``before`` is called with the name of each before it."""

    before: Callable[[str], None] = lambda name: None
    n_computed: dict[str, int] = field(default_factory=dict)

    @property
    def analysis(self) -> Analysis:
        parts = tuple(replace(part, compute=self._counting(part)) for part in PARTS)
        return replace(ANALYSIS, parts=parts, compute=in_parts(parts))

    def _counting(self, part: Part) -> Callable[..., Steps[Staged]]:
        def compute(cohort, params, so_far):
            self.n_computed[part.name] = self.n_computed.get(part.name, 0) + 1
            self.before(part.name)
            return (yield from part.compute(cohort, params, so_far))

        return compute
