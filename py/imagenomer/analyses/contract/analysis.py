"""Analyses: what a menu entry is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imagenomer.analyses.contract.report import Methods, Report
from imagenomer.progress import Progress, Steps
from imagenomer.views import FigureView, PointsView, TableView, WholeTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.cohort import Cohort, Measure

ThemeName: TypeAlias = Literal["light", "dark"]
#: Name, expression and colour of each group that points are coloured by.
Groups: TypeAlias = tuple[tuple[str, str, str], ...]
#: The tabs of the page, as they stand in a row.
Tab = Literal["Connectivity", "Phenotypes", "Genotypes", "Associations", "Confounds", "Components", "Models", "Maps"]
#: What an analysis needs and a cohort may not have.
Need = Literal["connectivity", "variants", "decompositions", "weights", "phenotypes", "second"]


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
        Frozen dataclass of parameters, see `imagenomer.analyses.contract.parameters`.
    compute : callable
        ``(cohort, params) -> Steps[result]``, a generator that yields progress and returns a frozen dataclass.
    report : callable
        ``(cohort, params, result) -> Report``.
    draw : callable, optional
        ``(cohort, params, result, report, theme) -> {name of view: Figure}``: what is this analysis's own to draw, its
        `FigureView`s. Imports Matplotlib inside: the menu opens without it. Where there are several,
        `imagenomer.figures.drawings.Drawings` draws only those that are taken. Views that the page paints are drawn
        alike for all analyses (`figures`), unless one of this name is among these.
    detail : callable, optional
        ``(cohort, params, result, edge, groups) -> PointsView``: one clicked edge; ``groups`` are
        ``(name, expression, colour)`` to colour by.
    measure : callable, optional
        ``(cohort, params, result) -> Steps[Measure]``: a measure that the result makes, which the user can add to the
        cohort for other analyses (`imagenomer.load.add_measure`).
    needs : tuple of Need
        What the cohort must have; where something is missing, the page says what to bring instead of showing the form.
    takes_second : bool
        Whether it uses the second cohort where one is open (`imagenomer.companion.companion_of`): always, or with some
        options of a `CohortChoice` (`imagenomer.analyses.contract.uses_second`). The command line refuses ``--second``
        where it is not used, and scripts do not open it.
    opens_tab : bool
        Its tab opens with it; otherwise with the first by name.
    parts : tuple of Part
        Where a long analysis is shown part by part; ``compute`` is then ``in_parts(PARTS)``. ``report`` and ``draw``
        take a result whose later parts are None, and the views of a later part follow those of the earlier ones.
    whole : mapping of str to callable
        By the name of a `TableView` that lists only the strongest of many: ``(cohort, params, result) -> WholeTable``,
        what its file has, in the same columns. Making it takes no time: the work is in its blocks.
    methods : callable, optional
        ``(cohort, params, result) -> Methods`` for the report to keep; otherwise it has the sentences of the result.
    """

    title: str
    summary: str
    tab: Tab
    params: type[Any]
    compute: Callable[[Cohort, Any], Steps[Any]]
    report: Callable[[Cohort, Any, Any], Report]
    draw: Callable[[Cohort, Any, Any, Report, ThemeName], Mapping[str, Figure]] | None = None
    detail: Callable[[Cohort, Any, Any, int, Groups], PointsView] | None = None
    measure: Callable[[Cohort, Any, Any], Steps[Measure]] | None = None
    needs: tuple[Need, ...] = ()
    takes_second: bool = False
    opens_tab: bool = False
    parts: tuple[Part, ...] = ()
    whole: Mapping[str, Callable[[Cohort, Any, Any], WholeTable]] = field(default_factory=dict)
    methods: Callable[[Cohort, Any, Any], Methods] | None = None

    def figures(
        self, cohort: Cohort, params: Any, result: Any, report: Report, theme: ThemeName = "light"
    ) -> Mapping[str, Figure]:
        """Return the figures of a result by the name of their view, in the order of the views, tables aside.

        Each is drawn when it is taken. Imports Matplotlib.

        Parameters
        ----------
        cohort, params, result
            As for ``report``.
        report : Report
            What ``report`` made of them.
        theme : "light" or "dark"
        """
        from imagenomer.figures.drawings import Drawings  # late: only who keeps a figure needs Matplotlib
        from imagenomer.figures.views import view_figure

        own = {} if self.draw is None else self.draw(cohort, params, result, report, theme)
        drawn: dict[str, Callable[[], Figure]] = {}
        for view in report.views:
            if view.name in own:
                drawn[view.name] = partial(own.__getitem__, view.name)
            elif not isinstance(view, TableView | FigureView):
                drawn[view.name] = partial(view_figure, view, report.arrays, cohort.parcellation, theme)
        return Drawings(drawn)
