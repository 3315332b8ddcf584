"""Map comparison: are maps correlated over edges, and do their strongest or significant edges overlap?"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, cast

import numpy as np

from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    Flag,
    GridView,
    Integer,
    MapsChoice,
    PointSeries,
    PointsView,
    Report,
    TableView,
    View,
    WholeTable,
)
from imagenomer.analyses.shared.form_fields import Seed, permutations_field, seed_field
from imagenomer.analyses.shared.parcel_coordinates import parcel_coordinates
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.saved_maps import SavedMap, saved_maps
from imagenomer.analyses.shared.strongest_edges import EDGE_COLUMNS, RANKINGS, Ranking, named_edges, strongest
from imagenomer.analyses.shared.whole_tables import whole_table
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.similarity import Similarity, compare_maps
from imagenomer.statistics.spatial_null import spatial_p
from imagenomer.types import BoolArray, FloatArray, IntArray, JsonObject
from imagenomer.wording import minus

#: Points of the scatter: more would hide each other, and slow the page.
_MOST_POINTS = 2000
#: Edges in the table of those selected in all maps.
_MOST_LISTED = 300


@dataclass(frozen=True, slots=True)
class Params:
    maps: Annotated[tuple[tuple[str, JsonObject], ...], MapsChoice()]
    method: Annotated[str, Choice((("pearson", "Pearson"), ("spearman", "Spearman")))] = field(
        default="pearson",
        metadata={
            "label": "Correlation",
            "help": "Spearman: of ranks, for maps on different scales or with extreme values.",
        },
    )
    edges: Annotated[str, Choice((("strongest", "Strongest edges"), ("significant", "Significant edges")))] = field(
        default="strongest", metadata={"label": "Overlap of"}
    )
    number: Annotated[int, Integer(minimum=1, maximum=10_000, step=1)] = field(
        default=100, metadata={"label": "How many", "when": {"edges": ("strongest",)}}
    )
    ranking: Annotated[str, Choice(RANKINGS)] = field(
        default="absolute", metadata={"label": "Strongest by", "when": {"edges": ("strongest",)}}
    )
    permutations: Annotated[int, Integer(minimum=99, maximum=99_999, step=1)] = permutations_field(999)
    within_networks: Annotated[bool, Flag()] = field(
        default=False,
        metadata={"help": "Permute parcels within their network only: do maps agree beyond their network structure?"},
    )
    spatial: Annotated[bool, Flag()] = field(
        default=False,
        metadata={
            "label": "Spatial null",
            "help": "Also compare with maps as smooth in space (Burt 2020); needs the parcels' coordinates.",
        },
    )
    seed: Seed = seed_field()


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Maps compared pair by pair.

    Attributes
    ----------
    maps : dict of str to SavedMap
    chosen : ndarray of bool, shape (n_maps, n_edges)
        The selected edges of each map.
    similarity : Similarity
    shown : ndarray, shape (n_points,)
        Edges in the scatter of the first two maps.
    spatial_p : ndarray, shape (n_maps, n_maps), or None
        Of no correlation but that of maps as smooth in space; None where that was not asked for.
    """

    maps: dict[str, SavedMap]
    chosen: BoolArray
    similarity: Similarity
    shown: IntArray
    spatial_p: FloatArray | None = None

    @property
    def names(self) -> list[str]:
        return list(self.maps)

    @property
    def values(self) -> FloatArray:
        """Shape (n_maps, n_edges)."""
        return np.array([one.values for one in self.maps.values()])


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Comparison]:
    yield Progress("Gathering maps")
    if len(params.maps) < 2:
        raise InputError(
            f"{counted(len(params.maps), 'map')} chosen, and a comparison needs two; save maps with “Save to tray” "
            "above a matrix, then choose them here"
        )
    maps = yield from saved_maps(cohort, params.maps)
    chosen = np.array([_chosen(name, one, params) for name, one in maps.items()])
    values = np.array([one.values for one in maps.values()])
    rng = np.random.default_rng(params.seed)
    networks = parcellation_of(cohort).networks if params.within_networks else None
    compared = _ranks(values) if params.method == "spearman" else values
    similarity = yield from compare_maps(compared, chosen, params.permutations, rng, networks)
    both = np.flatnonzero(np.isfinite(values[:2]).all(axis=0))
    shown = both if both.size <= _MOST_POINTS else np.sort(rng.choice(both, _MOST_POINTS, replace=False))
    nearby = None
    if params.spatial:
        own = np.random.default_rng([params.seed, 1])
        nearby = yield from spatial_p(compared, parcel_coordinates(cohort), params.permutations, own)
    return Comparison(maps, chosen, similarity, shown, nearby)


def _ranks(values: FloatArray) -> FloatArray:
    """Return ranks over the edges that all maps have: else each pair of maps would need ranks of its own."""
    return average_ranks(np.where(np.isfinite(values).all(axis=0), values, np.nan).T).T


def _chosen(name: str, one: SavedMap, params: Params) -> BoolArray:
    if params.edges == "significant":
        if one.significant is None:
            raise InputError(
                f"map {name} ({one.title}) is not of a test, so none of its edges is significant; compare the "
                "strongest edges, or choose maps of associations"
            )
        return one.significant
    chosen = np.zeros(one.values.size, dtype=bool)
    chosen[strongest(one.values, params.number, cast("Ranking", params.ranking))] = True
    return chosen


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Comparison) -> Report:
    pairs = _pairs(result)
    shared = _described(cohort, result, _shared(result)[:_MOST_LISTED])
    of_subjects = any(one.of_subjects for one in result.maps.values())
    views: list[View] = [
        GridView(
            "correlation",
            "Correlation over edges",
            _COEFFICIENTS[params.method],
            tuple(result.names),
            tuple(result.names),
            tuple(tuple(_or_none(value) for value in row) for row in result.similarity.r),
            limit=1.0,
            tips=tuple(
                tuple(_tip(params, result, i, j) for j in range(len(result.names))) for i in range(len(result.names))
            ),
            written=True,
            of_subjects=of_subjects,
        ),
        TableView("pairs", "Pairs of maps", _pair_columns(params), tuple(pairs), of_subjects=of_subjects),
    ]
    if result.shown.size:
        views.append(_scatter(cohort, params, result, of_subjects))
    if shared:
        columns = (*EDGE_COLUMNS, *(Column(f"value_{name}", name, "number") for name in result.names))
        views.append(TableView("shared", "Edges selected in all maps", columns, tuple(shared), of_subjects=of_subjects))
    return Report(
        numbers={
            "maps": {name: one.description for name, one in result.maps.items()},
            "method": params.method,
            "edges": params.edges,
            "n_permutations": result.similarity.n_permutations,
            "within_networks": params.within_networks,
            "seed": params.seed,
            "n_shared_by_all": int(np.count_nonzero(result.chosen.all(axis=0))),
            "pairs": pairs,
        },
        sentences=tuple(_sentences(params, result, pairs, len(shared))),
        warnings=tuple(_warnings(params, result)),
        views=tuple(views),
    )


_COEFFICIENTS = {"pearson": "Pearson's r", "spearman": "Spearman's rho"}
_SYMBOLS = {"pearson": "r", "spearman": "rho"}


def _pair_columns(params: Params) -> tuple[Column, ...]:
    symbol = _SYMBOLS[params.method]
    return (
        Column("a", "Map"),
        Column("b", "Map"),
        Column("r", f"{symbol} over edges", "number"),
        Column("r_p", f"p of {symbol}", "p"),
        *((Column("spatial_p", f"p of {symbol}, spatial null", "p"),) if params.spatial else ()),
        Column("n_edges", "Edges", "integer"),
        Column("n_a", "Selected in the first", "integer"),
        Column("n_b", "Selected in the second", "integer"),
        Column("overlap", "In both", "integer"),
        Column("expected", "Expected by chance", "number"),
        Column("overlap_p", "p of the overlap", "p"),
        Column("dice", "Dice", "number"),
        Column("jaccard", "Jaccard", "number"),
    )


def _pairs(result: Comparison) -> list[dict[str, Any]]:
    similarity = result.similarity
    rows = []
    for i, j in itertools.combinations(range(len(result.names)), 2):
        n_a, n_b = (int(np.count_nonzero(result.chosen[one])) for one in (i, j))
        overlap = int(similarity.overlap[i, j])
        rows.append(
            {
                "a": result.names[i],
                "b": result.names[j],
                "r": _or_none(similarity.r[i, j]),
                "r_p": _or_none(similarity.r_p[i, j]),
                **({} if result.spatial_p is None else {"spatial_p": _or_none(result.spatial_p[i, j])}),
                "n_edges": int(similarity.n_edges[i, j]),
                "n_a": n_a,
                "n_b": n_b,
                "overlap": overlap,
                "expected": float(similarity.overlap_expected[i, j]),
                "overlap_p": _or_none(similarity.overlap_p[i, j]) if n_a and n_b else None,
                "dice": 2 * overlap / (n_a + n_b) if n_a + n_b else None,
                "jaccard": overlap / (n_a + n_b - overlap) if n_a + n_b else None,
            }
        )
    return rows


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _tip(params: Params, result: Comparison, i: int, j: int) -> str:
    r, p = result.similarity.r[i, j], result.similarity.r_p[i, j]
    if i == j:
        return f"{result.names[i]}: {result.maps[result.names[i]].title}"
    said = minus(f"{_SYMBOLS[params.method]} = {r:.3f}, p = {p:.3g}") if np.isfinite(r) else "a map does not vary"
    return f"{result.names[i]} and {result.names[j]}: {said}"


def _how_often(params: Params, result: Comparison) -> str:
    n = result.similarity.n_permutations
    if n < params.permutations:
        return f"in all {counted(n + 1, 'way')} there are, the actual one included, so that p is exact"
    return f"{counted(n, 'time')} (seed {params.seed})"


def _sentences(params: Params, result: Comparison, pairs: list[dict[str, Any]], n_listed: int) -> list[str]:
    said = [f"{name} is {one.description}." for name, one in result.maps.items()]
    symbol = _SYMBOLS[params.method]
    if params.method == "spearman":
        n_all = int(np.isfinite(result.values).all(axis=0).sum())
        said.append(
            f"Spearman's rho is Pearson's r of ranks, taken over the {counted(n_all, 'edge')} that all maps have."
        )
    where = " within their networks" if params.within_networks else ""
    said.append(
        "p-values by the quadratic assignment procedure (Mantel 1967; Hubert and Schultz 1976): the parcels of one "
        f"map permuted{where}, {_how_often(params, result)}, rows and columns alike, because "
        f"edges that share a parcel are dependent; two-sided for {symbol}, one-sided for overlaps, uncorrected "
        f"for {counted(len(pairs), 'pair')}."
    )
    if result.spatial_p is not None:
        said.append(
            f"p-values of the spatial null: {counted(params.permutations, 'surrogate')} of each map with its "
            "variogram (Burt et al. 2020), its values permuted and smoothed over the distances of parcels; of each "
            "pair the larger p of either map's. Networks that distance does not explain are not in them."
        )
    if not params.within_networks:
        said.append(
            "Permutation preserves neither spatial autocorrelation nor networks: maps that both follow networks or "
            "distance agree for that alone."
        )
    if params.edges == "strongest":
        ranking = dict(RANKINGS)[params.ranking].lower()
        said.append(f"The overlap is of the {counted(params.number, 'strongest edge')} of each map ({ranking}).")
    else:
        said.append("The overlap is of the edges that each analysis found significant, as corrected there.")
    n_shared = int(np.count_nonzero(result.chosen.all(axis=0)))
    said.append(f"{counted(n_shared, 'edge')} {'is' if n_shared == 1 else 'are'} among those of all maps.")
    if n_listed < n_shared:
        said.append(f"The table lists {n_listed:,} of them, by their average rank in the maps.")
    n_both = int(result.similarity.n_edges[0, 1])
    if result.shown.size < n_both:
        said.append(
            f"The scatter is of {listed(result.names[:2])} and shows {result.shown.size:,} of {n_both:,} edges, drawn "
            f"at random; {symbol} is of all."
        )
    return said


def _warnings(params: Params, result: Comparison) -> list[str]:
    said = []
    for name, own in zip(result.names, result.chosen, strict=True):
        n = int(np.count_nonzero(own))
        if not n:
            said.append(f"{name} has no such edge, so there is no overlap with it.")
        elif params.edges == "strongest" and n < params.number:
            said.append(f"{name} has only {counted(n, 'edge')} to choose from, not {params.number:,}.")
    same = [
        f"{a} and {b}"
        for a, b in itertools.combinations(result.names, 2)
        if np.array_equal(result.maps[a].values, result.maps[b].values, equal_nan=True)
    ]
    said += [f"{pair} are the same map." for pair in same]
    return said


def _shared(result: Comparison) -> IntArray:
    """Return the edges selected in all maps, those of the highest average rank first."""
    edges = np.flatnonzero(result.chosen.all(axis=0))
    order = np.argsort(-np.abs(result.values[:, edges]), axis=1, kind="stable")
    ranks = np.argsort(order, axis=1, kind="stable").sum(axis=0)
    return np.asarray(edges[np.argsort(ranks, kind="stable")])


def _described(cohort: Cohort, result: Comparison, edges: IntArray) -> list[dict[str, Any]]:
    named = named_edges(parcellation_of(cohort), edges)
    return [
        {**row, **{f"value_{name}": value for name, value in zip(result.names, own, strict=True)}}
        for row, own in zip(named, result.values[:, edges].T.tolist(), strict=True)
    ]


def all_shared(cohort: Cohort, params: Params, result: Comparison) -> WholeTable:
    """Return all edges selected in all maps, for the file."""
    n_rows = int(np.count_nonzero(result.chosen.all(axis=0)))
    return whole_table(n_rows, lambda: (_shared(result), partial(_described, cohort, result)))


def _scatter(cohort: Cohort, params: Params, result: Comparison, of_subjects: bool) -> PointsView:
    a, b = result.names[:2]
    x, y = result.values[:2, result.shown]
    names = [f"{row['label_a']} – {row['label_b']}" for row in named_edges(parcellation_of(cohort), result.shown)]
    series = PointSeries("Edges", GROUP_COLOURS[0], x.tolist(), y.tolist(), names)
    r = result.similarity.r[0, 1]
    caption = f"{counted(result.shown.size, 'edge')}" + (
        minus(f"; {_SYMBOLS[params.method]} = {r:.3f} over all") if np.isfinite(r) else ""
    )
    return PointsView(
        "scatter",
        f"{a} and {b}, edge by edge",
        _axis(result, a),
        _axis(result, b),
        (series,),
        caption=caption,
        what="Edge",
        of_subjects=of_subjects,
    )


def _axis(result: Comparison, name: str) -> str:
    return f"{name}: {result.maps[name].title}"


# --- drawing -------------------------------------------------------------------------------------


ANALYSIS = Analysis(
    title="Compare maps",
    summary="Whether maps are correlated over edges, and whether their strongest or significant edges overlap.",
    tab="Maps",
    params=Params,
    compute=compute,
    report=report,
    needs=("connectivity",),
    whole={"shared": all_shared},
)
