"""Saved maps: from where a map comes to the map itself.

A source is plain JSON and holds no pixels: ``{"scan": index, "measure": name}``, or an analysis with its parameters and
the array of its result that is meant, ``{"analysis": name, "params": {...}, "array": name}``. The parameters may hold
sources again (image maths with the result of image maths); none can hold itself. `MapsChoice` has checked its shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imagenomer.analyses.contract import MatrixView, Report, matrix_view, read_params
from imagenomer.analyses.contract.catalogue import catalogue
from imagenomer.analyses.shared.results import outcome_of
from imagenomer.analyses.shared.sample import counted, default_measure
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, n_parcels_of_cohort
from imagenomer.edges import n_edges_of
from imagenomer.errors import InputError
from imagenomer.jsonable import dumps
from imagenomer.progress import Progress, Steps
from imagenomer.types import BoolArray, FloatArray, Json, JsonObject

#: Maps made of maps made of maps; far deeper than anyone needs, far below Python's own limit.
MAX_DEPTH = 10


@dataclass(frozen=True, slots=True, eq=False)
class SavedMap:
    """One value an edge, and what it is.

    Attributes
    ----------
    values : ndarray, shape (n_edges,)
        NaN where undefined.
    title, label, note : str
        What it is, what its values measure, and whom it describes ("" where the title says it).
    scale : "diverging" or "sequential"
    significant : ndarray of bool, shape (n_edges,), or None
        The edges that its analysis found significant; None where it does not test.
    of_subjects : bool
        Whether it is of a single subject, or computed from such a map.
    """

    values: FloatArray
    title: str
    label: str
    note: str
    scale: Literal["diverging", "sequential"]
    significant: BoolArray | None = None
    of_subjects: bool = False

    @property
    def description(self) -> str:
        """Title and note in one line."""
        return "; ".join(filter(None, (self.title, *self.note.splitlines())))


#: Maps kept with a cohort by analysis and array, so that a change of the expression does not compute them again; a
#: third of a megabyte each.
_MAPS: Kind[tuple[str, str], SavedMap] = Kind("saved maps", 24)


def saved_maps(cohort: Cohort, maps: Sequence[tuple[str, Mapping[str, Json]]]) -> Steps[dict[str, SavedMap]]:
    """Return maps by name, computed now or kept from before.

    Raises
    ------
    InputError
        If one cannot be computed, or has not one value an edge; the message names it.
    """
    resolved = {}
    for name, source in maps:
        try:
            found = yield from _resolve(cohort, source)
        except InputError as error:
            # Without the position, which is one in another text than the page shows.
            raise InputError(f"map {name}: {error}") from None
        _require_edges(cohort, name, found)
        resolved[name] = found
    return resolved


def require_alike(cohort: Cohort, maps: Sequence[tuple[str, Mapping[str, Json]]]) -> None:
    """Refuse to average maps that have been resolved and are not of one kind and one measure."""
    (first, kind), *others = ((name, _kind_of(cohort, source)) for name, source in maps)
    for name, other in others:
        if other != kind:
            raise InputError(
                f"{first} is {kind} and {name} is {other}: what is averaged must be of one kind and one measure; "
                "choose such maps, or compare these with Map comparison"
            )


def _kind_of(cohort: Cohort, source: JsonObject) -> str:
    """Return what a source is a map of."""
    if "scan" in source:
        return f"a scan of {source['measure']}"
    analysis = catalogue()[source["analysis"]]
    params = read_params(analysis, source["params"])
    measure = "" if not hasattr(params, "measure") else f" of {params.measure or default_measure(cohort)}"
    return f"“{source['array']}”{measure} by {analysis.title}"


def _resolve(cohort: Cohort, source: JsonObject) -> Steps[SavedMap]:
    if _depth(source) > MAX_DEPTH:
        raise InputError(f"it is made of maps made of maps, more than {MAX_DEPTH} deep; begin again from fewer steps")
    if "scan" in source:
        yield Progress("Reading a scan")
        return _scan(cohort, source["scan"], source["measure"])
    return (yield from _result(cohort, source["analysis"], source["params"], source["array"]))


def _depth(source: Json) -> int:
    """Return how many analyses stand inside one another, without going deeper than is allowed."""
    deepest = 0
    level: list[Json] = [source]
    while level and deepest <= MAX_DEPTH:
        deepest += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, Mapping) and "params" in outer
            for given in (outer["params"],)
            if isinstance(given, Mapping)
            for pair in _pairs(given.get("maps"))
            for inner in pair[1:]
        ]
    return deepest


def _pairs(maps: Json) -> list[Sequence[Json]]:
    pairs = list(maps.items()) if isinstance(maps, Mapping) else maps
    return [pair for pair in pairs if isinstance(pair, (list, tuple))] if isinstance(pairs, (list, tuple)) else []


def _scan(cohort: Cohort, scan: int, measure: str) -> SavedMap:
    source = cohort.measure(measure)
    if not 0 <= scan < len(cohort.scans):
        raise InputError(f"no scan {scan!r} of {measure!r}; {cohort.name} has scans 0 to {len(cohort.scans) - 1}")
    title = cohort.scans[scan].title
    if not source.present[scan]:
        raise InputError(f"{title} has no {measure}")
    values = source.values[scan].astype(np.float64)
    return SavedMap(values, f"{title} · {measure}", source.name, "", "diverging", of_subjects=True)


def _result(cohort: Cohort, name: str, given: Mapping[str, Json], array: str) -> Steps[SavedMap]:
    analyses = catalogue()
    if name not in analyses:
        raise InputError(f"no analysis {name!r}; there are: {', '.join(analyses)}")
    analysis = analyses[name]
    params = read_params(analysis, given)
    key, kept = dumps([name, params]), cohort.caches[_MAPS]
    saved = kept.get((key, array))
    if saved is not None:
        return saved
    yield Progress(f"Computing {analysis.title}")
    outcome = yield from outcome_of(
        cohort, name, analysis, params, lambda outcome: array in outcome.report.arrays, aside=True
    )
    report = outcome.report
    wanted = matrix_view(report, array)  # refuses what is not there
    for view in report.views:
        if isinstance(view, MatrixView) and view is not wanted:
            kept.put((key, view.array), _map_of(report, view))
    # The newest, which is the last to go.
    return kept.put((key, array), _map_of(report, wanted))


def _map_of(report: Report, view: MatrixView) -> SavedMap:
    marked = np.asarray(report.arrays[view.marked], dtype=bool) if view.marked else None
    values = np.asarray(report.arrays[view.array], dtype=np.float64)
    return SavedMap(values, view.title, view.label, view.note, view.scale, marked, view.of_subjects)


def _require_edges(cohort: Cohort, name: str, found: SavedMap) -> None:
    n_parcels = n_parcels_of_cohort(cohort)
    if found.values.shape != (n_edges_of(n_parcels),):
        raise InputError(
            f"map {name} ({found.title}) has the shape {found.values.shape}, and maps of the {n_parcels} parcels of "
            f"{cohort.name} have {counted(n_edges_of(n_parcels), 'edge')}; choose maps of edges"
        )
