"""What is said and shown of a replication."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from imagenomer.analyses.associations.replication_result import EdgeReplication
from imagenomer.analyses.contract import (
    Column,
    FigureView,
    Finding,
    MatrixView,
    PointSeries,
    PointsView,
    Report,
    TableView,
    View,
    WholeTable,
)
from imagenomer.analyses.shared.edge_table import (
    describe_edges,
    edge_columns,
    edge_rows,
    edge_title,
    finite_or_none,
    signed,
)
from imagenomer.analyses.shared.inference import controls
from imagenomer.analyses.shared.linear_model_words import (
    adjustment_in_words,
    sentences_of,
    statistic_name,
    symbol_of,
    warnings_of,
)
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.second_cohort import said_of
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.analyses.shared.whole_tables import whole_table
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.companion import companion_of
from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR
from imagenomer.figures.pixels import scale_limit
from imagenomer.jsonable import finite
from imagenomer.statistics.tails import p_of_r
from imagenomer.types import IntArray, Json

#: Edges in the table, and dots of edges that were and were not discovered in the scatter.
_LISTED, _DOTS = 300, 1_500


def replication_report(cohort: Cohort, result: EdgeReplication) -> Report:
    """Return what the page, the command and the script show of a replication."""
    top = _discovered(result)[:_LISTED]
    return Report(
        numbers=_numbers(result),
        sentences=tuple(_sentences(cohort, result)),
        warnings=(*result.warnings, *_warnings(cohort, result)),
        views=tuple(_views(cohort, result, top)),
        arrays={
            "r": result.r,
            "r_second": result.test.second,
            "discovered": result.discovered.significant,
            "same_sign": result.test.same_sign,
            "replicated": result.test.replicated,
        },
        verdict=tuple(Finding(text, of) for text, of in _verdict(result)),
    )


# --- in words ------------------------------------------------------------------------------------


def _verdict(result: EdgeReplication) -> Iterator[tuple[str, str]]:
    test, (here, there) = result.test, result.names
    name = result.here.model.name
    if np.isfinite(test.correlation):
        chance = _chance(result, test.p_correlation)
        r, edges = signed(test.correlation, 2), counted(result.n_compared, "edge")
        yield f"The maps of {name} in {here} and in {there} correlate at {r} over {edges}{chance}.", "maps"
    n = result.n_found
    if not n:
        yield f"No edge is significant in {here}, so there is none to replicate in {there}.", "maps"
        return
    n_same, n_replicated = int(test.same_sign.sum()), int(test.replicated.sum())
    yield (
        f"Of {counted(n, 'edge')} discovered in {here}, {n_same:,} ({100 * n_same / n:.0f} %) have the same sign in "
        f"{there}{_chance(result, test.p_same_sign)}.",
        "edges",
    )
    yield (
        f"{n_replicated:,} ({100 * n_replicated / n:.0f} %) have the same sign and an uncorrected p at or below "
        f"{result.alpha:g} there{_chance(result, test.p_replicated)}.",
        "edges",
    )


def _chance(result: EdgeReplication, p: float) -> str:
    n = result.test.null.shape[1]
    return f" (p = {p:.3g} among {counted(n, 'permutation')} of its subjects)" if np.isfinite(p) else ""


def _sentences(cohort: Cohort, result: EdgeReplication) -> Iterator[str]:
    model, test, (here, there) = result.here.model, result.test, result.names
    for own, one in ((cohort, result.here), (companion_of(cohort), result.there)):
        yield from said_of(own, (*one.sample.sentences, *sentences_of(one.model)))
        adjusted = adjustment_in_words(one.model)
        yield f"{own.name}: {statistic_name(one.model)} of every edge with {one.model.name}; {adjusted}."
    found = result.discovered
    yield (
        f"An edge is discovered if it is significant in {here}: {found.correction_name}, {controls(found.correction)} "
        f"{found.alpha:g}; {found.n_significant:,} are. It is replicated if it has the same sign and an uncorrected p "
        f"at or below {result.alpha:g} in {there}; without any association there half of the signs agree by chance and "
        f"{50 * result.alpha:g} % of the edges replicate, on average."
    )
    if test.null.shape[1]:
        what = "residuals given the covariates, of" if model.design.rank > 1 else "the phenotype of"
        yield (
            f"p-values are of {counted(test.null.shape[1], 'permutation')} of {what} the subjects of {there}, with the "
            f"map of {here} as it is: the edges of a subject stay together, since thousands of edges are no sample of "
            "that size. They are one-sided, for more agreement."
        )
    n_out = result.r.size - result.n_compared
    if n_out:
        are = "is" if n_out == 1 else "are"
        yield f"{counted(n_out, 'edge')} missing or constant in either cohort {are} not compared."


def _warnings(cohort: Cohort, result: EdgeReplication) -> Iterator[str]:
    for own, one in ((cohort, result.here), (companion_of(cohort), result.there)):
        yield from said_of(own, warnings_of(one.model))
    n = result.test.null.shape[1]
    if n and 1 / (1 + n) > result.alpha:
        yield f"{counted(n, 'permutation')} cannot give a p below {1 / (1 + n):.3g}; ask for more."


# --- numbers, maps and tables --------------------------------------------------------------------


def _numbers(result: EdgeReplication) -> dict[str, Json]:
    model, test = result.here.model, result.test
    return {
        "phenotype": model.question.phenotype.name,
        "level": model.level,
        "covariates": [one.name for one in model.question.covariates],
        "method": "spearman" if model.question.ranked else "pearson",
        **result.here.sample.numbers,
        "second": {**result.there.sample.numbers, "name": result.names[1]},
        "correction": result.discovered.correction,
        "alpha": result.alpha,
        "n_compared": result.n_compared,
        "map_correlation": finite(test.correlation),
        "n_discovered": result.discovered.n_significant,
        "n_discovered_compared": result.n_found,
        "n_same_sign": int(test.same_sign.sum()),
        "n_replicated": int(test.replicated.sum()),
        "permutations_used": int(test.null.shape[1]),
        "p_map_correlation": finite(test.p_correlation),
        "p_same_sign": finite(test.p_same_sign),
        "p_replicated": finite(test.p_replicated),
    }


def _views(cohort: Cohort, result: EdgeReplication, top: IntArray) -> list[View]:
    test, (here, there) = result.test, result.names
    symbol, name = symbol_of(result.here.model), result.here.model.name
    limit = max(scale_limit(result.r), scale_limit(test.second))
    label = statistic_name(result.here.model)
    notes = (f"{result.note}\nMarked: significant in {here}", f"{result.note}\nMarked: replicated")
    views: list[View] = [
        _scatter(cohort, result),
        MatrixView("r", f"{name} in {here}", label, "r", "diverging", limit, "discovered", note=notes[0]),
        MatrixView(
            "r_second", f"{name} in {there}", label, "r_second", "diverging", limit, "replicated", note=notes[1]
        ),
    ]
    if top.size:
        columns = edge_columns(
            Column("r", f"{symbol}, {here}", "number"),
            Column("p_value", "p", "p"),
            Column("r_second", f"{symbol}, {there}", "number"),
            Column("p_second", "p there", "p"),
            Column("replicated", "Replicated"),
            places=False,
        )
        views.append(TableView("edges", f"Edges discovered in {here}", columns, tuple(_rows(cohort, result, top))))
    if test.null.shape[1]:
        r = number_text(test.correlation, ".2f")
        histogram = f"Histogram of permutations, and the actual r = {r} as a line{_chance(result, test.p_correlation)}."
        views.append(
            FigureView("permutations", f"Correlation of the maps with subjects of {there} permuted", histogram)
        )
    return views


def _discovered(result: EdgeReplication) -> IntArray:
    """Return the discovered edges, the strongest first."""
    found = np.flatnonzero(result.found)
    return np.asarray(found[np.argsort(-np.abs(result.r[found]), kind="stable")])


def all_discovered(cohort: Cohort, params: object, result: EdgeReplication) -> WholeTable:
    """Return all discovered edges, for the file."""
    n_rows = int(np.count_nonzero(result.found))
    return whole_table(n_rows, lambda: (_discovered(result), partial(_rows, cohort, result)))


def _rows(cohort: Cohort, result: EdgeReplication, top: IntArray) -> list[dict[str, Json]]:
    p_second = p_of_r(result.test.second[top], result.there.model.dof)
    described = describe_edges(
        top,
        parcellation_of(cohort),
        {
            "r": finite_or_none(result.r[top]),
            "p_value": finite_or_none(p_of_r(result.r[top], result.here.model.dof)),
            "r_second": finite_or_none(result.test.second[top]),
            "p_second": finite_or_none(p_second),
            "replicated": ["yes" if one else "no" for one in result.test.replicated[top].tolist()],
        },
    )
    return edge_rows(described)


def _scatter(cohort: Cohort, result: EdgeReplication) -> PointsView:
    here, there = result.names
    symbol, parcellation = symbol_of(result.here.model), parcellation_of(cohort)
    groups = (
        ("Other edges", OTHERS_COLOUR, _thinned(np.flatnonzero(result.test.compared & ~result.found))),
        (f"Discovered in {here}", GROUP_COLOURS[0], _thinned(np.flatnonzero(result.found & ~result.test.replicated))),
        (f"Replicated in {there}", GROUP_COLOURS[1], _thinned(np.flatnonzero(result.test.replicated))),
    )
    series = tuple(
        PointSeries(
            name,
            colour,
            result.r[edges].tolist(),
            result.test.second[edges].tolist(),
            [edge_title(edge, parcellation) for edge in edges.tolist()],
        )
        for name, colour, edges in groups
        if edges.size
    )
    shown = sum(own.size for _, _, own in groups)
    whole = counted(result.n_compared, "edge")
    thinned = "" if shown == result.n_compared else f" Of {whole} {shown:,} are drawn, evenly chosen."
    ends = [float(value) for value in (np.nanmin(result.r), np.nanmax(result.r))]
    return PointsView(
        "maps",
        result.title,
        f"{symbol}, {here}",
        f"{symbol}, {there}",
        series,
        line=(ends[0], ends[0], ends[1], ends[1]),
        caption=f"On the line both correlations are equal.{thinned}",
        what="Edge",
        note=result.note,
    )


def _thinned(edges: IntArray) -> IntArray:
    """Return at most some of many edges, evenly spaced."""
    if edges.size <= _DOTS:
        return edges
    return edges[np.linspace(0, edges.size - 1, _DOTS).round().astype(np.intp)]
