"""Maps: scans and results as matrices in display order, as numbers or as pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from imagenomer.analyses import MatrixView, Report
from imagenomer.cohort import Cohort, Measure, Phenotype, Scan, n_parcels_of_cohort
from imagenomer.edges import edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.figures.pixels import default_colormap, paint_edges, scale_limit
from imagenomer.groups import select
from imagenomer.types import BoolArray, Float32Array, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Network order groups parcels by network, file order is that of the files.
Order = Literal["network", "file"]


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMap:
    """One value an edge, and how to show it.

    Attributes
    ----------
    values : ndarray, shape (n_edges,), float32
        In edge order, NaN where undefined.
    title, label : str
        What it is, and what the colour scale measures.
    limit : float
        Upper end of the colour scale.
    scale : "diverging" or "sequential"
    marked : ndarray of bool, shape (n_edges,), or None
        Significant edges.
    note : str
        Printed on the figure to keep.
    """

    values: Float32Array
    title: str
    label: str
    limit: float
    scale: Literal["diverging", "sequential"] = "diverging"
    marked: BoolArray | None = None
    note: str = ""


def scan_map(cohort: Cohort, scan: int, measure: str, limit: float) -> EdgeMap:
    """Return the connectivity of one scan; raise `InputError` where it has none of this measure."""
    source = cohort.measure(measure)
    if not 0 <= scan < len(cohort.scans):
        raise InputError(f"no scan {scan}; {cohort.name} has scans 0 to {len(cohort.scans) - 1}")
    title = scan_title(cohort.scans[scan])
    if not source.present[scan]:
        raise InputError(f"{title} has no {measure}")
    return EdgeMap(source.values[scan], title, measure, limit)


def result_map(report: Report, array: str) -> EdgeMap:
    """Return an array of a result as the view that shows it says; raise `InputError` where none does."""
    views = {view.array: view for view in report.views if isinstance(view, MatrixView)}
    if array not in views:
        raise InputError(f"this result has no map {array!r}; it has: {', '.join(views) or 'none'}")
    view = views[array]
    values = np.asarray(report.arrays[array], dtype=np.float32)
    marked = np.asarray(report.arrays[view.marked], dtype=bool) if view.marked else None
    limit = scale_limit(values) if view.limit is None else view.limit
    return EdgeMap(values, view.title, view.label, limit, view.scale, marked, view.note)


def display_order(cohort: Cohort, order: Order) -> IntArray:
    """Return display row -> file index, shape (n_parcels,)."""
    if order == "network" and cohort.parcellation is not None:
        return cohort.parcellation.display_order
    return np.arange(n_parcels_of_cohort(cohort))


def display_matrix(edges: Float32Array, order: IntArray) -> Float32Array:
    """Return the matrix of an edge vector in display order, shape (n_parcels, n_parcels); the diagonal is NaN."""
    return np.ascontiguousarray(edges_to_matrix(edges, diagonal=math.nan)[np.ix_(order, order)])


class Look(TypedDict):
    """How a map is coloured: the keywords that `paint_edges` and `matrix_figure` share."""

    colormap: str
    limit: float
    threshold: float
    marked: BoolArray | None


def look_of(
    edge_map: EdgeMap,
    *,
    colormap: str | None = None,
    limit: float | None = None,
    threshold: float = 0.0,
    only_marked: bool = False,
) -> Look:
    """Return how to colour a map; what is None is as the map has it."""
    if only_marked and edge_map.marked is None:
        raise InputError(f"{edge_map.title} marks no edges")
    return {
        "colormap": colormap or default_colormap(edge_map.scale),
        "limit": edge_map.limit if limit is None else limit,
        "threshold": threshold,
        "marked": edge_map.marked if only_marked else None,
    }


def map_figure(cohort: Cohort, edge_map: EdgeMap, theme: Literal["light", "dark"], **look: Any) -> Figure:
    """Draw a map to keep, in network order; ``look`` as for `look_of`. Imports Matplotlib."""
    from imagenomer.figures.matrix import matrix_figure

    if cohort.parcellation is None:
        raise InputError(f"{cohort.name} has no parcels to draw a matrix of")
    return matrix_figure(
        edge_map.values,
        cohort.parcellation,
        title=edge_map.title,
        label=edge_map.label,
        note=edge_map.note,
        theme=theme,
        **look_of(edge_map, **look),
    )


def gallery(
    cohort: Cohort,
    measure: str,
    *,
    task: str | None,
    group: str | None,
    page: int,
    per_page: int,
    captions: Sequence[str],
    order: Order,
    limit: float,
    colormap: str,
) -> tuple[dict[str, Json], NDArray[np.uint8]]:
    """Return one page of scans, in the order of subjects and then tasks.

    Parameters
    ----------
    task, group : str or None
        None: every task, everybody.
    page, per_page : int
        Counted from 0; a page beyond the last one shows the last.
    captions : sequence of str
        Names of phenotypes.
    limit, colormap
        The colour scale that all tiles share.

    Returns
    -------
    dict
        As ``site/docs/developing.md`` says.
    ndarray, shape (n_tiles, n_parcels, n_parcels, 4), uint8
    """
    source = cohort.measure(measure)
    if task is not None and task not in cohort.tasks:
        raise InputError(f"no task {task!r} in this cohort; it has: {', '.join(cohort.tasks)}")
    phenotypes = [cohort.phenotype(name) for name in captions]
    selection = select(cohort, group)
    owners = cohort.scan_subjects
    shown = [
        index
        for index, scan in enumerate(cohort.scans)
        if source.present[index] and selection.included[owners[index]] and task in (None, scan.task)
    ]
    shown.sort(key=lambda index: (owners[index], cohort.scans[index]))
    per_page = max(1, per_page)
    n_pages = -(-len(shown) // per_page)
    page = min(max(0, page), max(0, n_pages - 1))
    tiles = shown[page * per_page : (page + 1) * per_page]
    pixels = paint_edges(
        source.values[tiles],
        order=display_order(cohort, order),
        colormap=colormap,
        limit=limit,
    )
    answer = {
        "n_scans": len(shown),
        "n_unknown": selection.n_unknown,
        "n_pages": n_pages,
        "page": page,
        "limit": limit,
        "tiles": [
            {
                "scan": index,
                "title": scan_title(cohort.scans[index]),
                "captions": [caption(phenotype, int(owners[index])) for phenotype in phenotypes],
            }
            for index in tiles
        ],
    }
    return answer, pixels


def scan_title(scan: Scan) -> str:
    """Return "Subject 10 · rest", with session and run where there are any."""
    parts = [f"Subject {scan.subject}", scan.task]
    parts += [f"session {scan.session}"] * bool(scan.session) + [f"run {scan.run}"] * bool(scan.run)
    return " · ".join(filter(None, parts))


def caption(phenotype: Phenotype, subject: int) -> str:
    """Return "age 182 months" for one subject."""
    if phenotype.missing[subject]:
        return f"{phenotype.name} missing"
    if phenotype.levels:
        return f"{phenotype.name} {phenotype.levels[int(phenotype.values[subject])]}"
    value = float(phenotype.values[subject])
    text = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.5g}"
    return f"{phenotype.name} {text} {phenotype.units}".rstrip()


def measure_limit(measure: Measure) -> float:
    """Return where the colour scale of a measure ends: beyond 99.5 % of a sample of its magnitudes, rounded up.

    The largest magnitude would leave most of the scale to a few edges.
    """
    rows = np.flatnonzero(measure.present)
    rows = rows[np.linspace(0, rows.size - 1, min(rows.size, 24)).astype(np.intp)]
    magnitudes = np.abs(measure.values[rows, :: max(1, measure.values.shape[1] // 10_000)])
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    largest = float(np.quantile(magnitudes, 0.995)) if magnitudes.size else 0.0
    if largest <= 0:
        return 1.0
    step = 0.05 * 10.0 ** math.ceil(math.log10(largest))
    # Decimal rounding takes off the dust of binary multiplication: 0.15000000000000002.
    return float(f"{math.ceil(round(largest / step, 6)) * step:.6g}")
