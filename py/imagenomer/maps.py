"""Maps: scans and results as matrices in display order, as numbers or as pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np

from imagenomer.analyses.contract import Report, matrix_view
from imagenomer.cohort import Cohort, n_parcels_of_cohort, parcellation_of
from imagenomer.edges import edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.figures.pixels import default_colormap, scale_limit
from imagenomer.parcellation import Parcellation
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray
from imagenomer.wording import plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Network order groups parcels by network, file order is that of the files.
Order = Literal["network", "file"]
#: The ways to look at a map.
MapShape = Literal["matrix", "networks", "ring", "brain"]
#: What makes an edge a strong one: its magnitude, or its value above or below zero.
By = Literal["absolute", "positive", "negative"]


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
    title = cohort.scans[scan].title
    if not source.present[scan]:
        raise InputError(f"{title} has no {measure}")
    return EdgeMap(source.values[scan], title, measure, limit)


def result_map(report: Report, array: str) -> EdgeMap:
    """Return an array of a result as the view that shows it says; raise `InputError` where none does."""
    view = matrix_view(report, array)
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


# --- the strongest edges, and networks -----------------------------------------------------------


def strongest(edge_map: EdgeMap, by: By, *, threshold: float = 0.0, only_marked: bool = False) -> IntArray:
    """Return the edges worth drawing one by one, the strongest first; equal ones in edge order.

    Edges of value zero, below the threshold or undefined are not among them.

    Parameters
    ----------
    edge_map : EdgeMap
    by : "absolute", "positive" or "negative"
    threshold : float
        Minimum magnitude.
    only_marked : bool
        Significant edges only.

    Raises
    ------
    InputError
        If ``only_marked`` is asked of a map that marks none.
    """
    marked = look_of(edge_map, only_marked=only_marked)["marked"]
    strength = edge_map.values.astype(np.float64)
    strength = {"absolute": np.abs, "positive": np.positive, "negative": np.negative}[by](strength)
    drawn = (strength > 0) & (strength >= np.float32(threshold))
    if marked is not None:
        drawn &= marked
    edges = np.flatnonzero(drawn)
    return np.asarray(edges[np.argsort(-strength[edges], kind="stable")])


def strongest_note(n_shown: int, n_found: int, by: By, threshold: float, only_marked: bool) -> str:
    """Say in words which edges are drawn."""
    kind = {"absolute": "", "positive": "positive ", "negative": "negative "}[by]
    among = f"{n_found:,} {'significant ' if only_marked else ''}{kind}edges"
    floor = f" of at least {threshold:.3g} in magnitude" if threshold > 0 else ""
    if n_shown == n_found:
        return f"All {among}{floor}" if n_found else f"No {among[2:]}{floor}"
    return f"The {n_shown:,} strongest of {among}{floor}"


@dataclass(frozen=True, slots=True, eq=False)
class NetworkMap:
    """A map folded into network by network; every edge counts once, also within a network.

    Attributes
    ----------
    names, titles : tuple of str
        The networks that have parcels, in display order, short and in full; parcels in no network are left out.
    mean : ndarray, shape (n_networks, n_networks)
        Over the edges that have a value; NaN where none has.
    n_edges : ndarray, shape (n_networks, n_networks)
        Edges that have a value.
    share : ndarray, shape (n_networks, n_networks), or None
        Share of ``n_edges`` that is significant; None where the map marks none.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    mean: FloatArray
    n_edges: IntArray
    share: FloatArray | None


def network_map(edge_map: EdgeMap, parcellation: Parcellation) -> NetworkMap:
    """Fold a map into network by network; raise `InputError` where the parcellation has no networks."""
    from imagenomer.statistics.networks import network_pairs, pair_means  # late: only who folds a map needs it

    full = dict(zip(parcellation.network_names, parcellation.network_titles or parcellation.network_names, strict=True))
    names = tuple(name for name in parcellation.network_names if name and name in parcellation.networks)
    if not names:
        raise InputError(f"{parcellation.name} has no networks; choose a parcellation that has")
    pair, pairs = network_pairs(parcellation.networks, names)
    at = np.array([[names.index(one) for one in both] for both in pairs], dtype=np.intp).reshape(-1, 2).T
    first_row = np.zeros(1, dtype=np.intp)

    def grid(values: FloatArray | IntArray, empty: float) -> FloatArray:
        square = np.full((len(names), len(names)), empty)
        square[at[0], at[1]] = square[at[1], at[0]] = values
        return square

    def means(values: FloatArray) -> FloatArray:
        return grid(pair_means(values[None], first_row, pair, len(pairs))[0], math.nan)

    values = edge_map.values.astype(np.float64)
    there = np.isfinite(values)
    n_edges = np.bincount(pair[there & (pair >= 0)], minlength=len(pairs))
    return NetworkMap(
        names=names,
        titles=tuple(full[name] for name in names),
        mean=means(values),
        n_edges=grid(n_edges, 0).astype(np.intp),
        share=None if edge_map.marked is None else means(np.where(there, edge_map.marked, math.nan)),
    )


def network_values(
    edge_map: EdgeMap, folded: NetworkMap, share: bool
) -> tuple[FloatArray, str, Literal["diverging", "sequential"]]:
    """Return the means of a folded map or the shares of significant edges, what they are and the kind of scale."""
    if not share:
        return folded.mean, f"Mean {edge_map.label}", edge_map.scale
    if folded.share is None:
        raise InputError(f"{edge_map.title} marks no edges")
    return folded.share, "Share of edges that are significant", "sequential"


# --- figures to keep -----------------------------------------------------------------------------


def map_figure(
    cohort: Cohort,
    edge_map: EdgeMap,
    theme: Literal["light", "dark"],
    *,
    view: MapShape = "matrix",
    by: By = "absolute",
    n: int = 100,
    share: bool = False,
    **look: Any,
) -> Figure:
    """Draw a map to keep, in network order. Imports Matplotlib.

    Parameters
    ----------
    cohort, edge_map, theme
    view : "matrix", "networks", "ring" or "brain"
    by, n
        Which edges a ring and a brain show: the ``n`` strongest, see `strongest`.
    share : bool
        Of networks: the share of significant edges instead of the mean.
    look
        As for `look_of`; of networks only the limit and the colour map.
    """
    parcellation = parcellation_of(cohort)
    if view == "networks":
        from imagenomer.figures.networks import networks_figure

        folded = network_map(edge_map, parcellation)
        values, label, scale = network_values(edge_map, folded, share)
        return networks_figure(
            values,
            folded.titles,
            title=edge_map.title,
            label=label,
            colormap=look.get("colormap") or default_colormap(scale),
            limit=look.get("limit") or scale_limit(values),
            note=_joined(edge_map.note, f"{plural(int(np.triu(folded.n_edges).sum()), 'edge')}, each counted once"),
            theme=theme,
        )
    chosen = look_of(edge_map, **look)
    if view == "matrix":
        from imagenomer.figures.matrix import matrix_figure

        return matrix_figure(
            edge_map.values,
            parcellation,
            title=edge_map.title,
            label=edge_map.label,
            note=edge_map.note,
            theme=theme,
            **chosen,
        )
    marked_only = bool(look.get("only_marked"))
    edges = strongest(edge_map, by, threshold=chosen["threshold"], only_marked=marked_only)
    drawn = edges[:n]
    note = strongest_note(drawn.size, edges.size, by, chosen["threshold"], marked_only)
    if view == "ring":
        from imagenomer.figures.ring import ring_figure as draw
    else:
        from imagenomer.figures.brain import brain_figure as draw
    return draw(
        drawn,
        edge_map.values[drawn],
        parcellation,
        title=edge_map.title,
        label=edge_map.label,
        colormap=chosen["colormap"],
        limit=chosen["limit"],
        note=_joined(edge_map.note, note),
        theme=theme,
    )


def _joined(*notes: str) -> str:
    return "\n".join(filter(None, notes))
