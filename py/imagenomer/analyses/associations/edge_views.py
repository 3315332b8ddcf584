"""Maps and tables of an edge association."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from imagenomer.analyses.associations.edge_result import EdgeAssociation
from imagenomer.analyses.contract import Column, FigureView, MatrixView, TableView, View, WholeTable
from imagenomer.analyses.shared.edge_fits import (
    Fit,
    confidence_interval,
    effect_of,
    fit_exactly,
    is_exact_everywhere,
    observed,
    taken,
)
from imagenomer.analyses.shared.edge_table import (
    describe_edges,
    edge_columns,
    edge_rows,
    edge_title,
    finite_or_none,
    interval_text,
)
from imagenomer.analyses.shared.inference import statistic_of
from imagenomer.analyses.shared.linear_model_words import effect_key, statistic_name, symbol_of
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.whole_tables import RowsOf, strongest_first, whole_table
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.edges import edge_parcels
from imagenomer.figures.pixels import scale_limit
from imagenomer.parcellation import Parcellation
from imagenomer.statistics.correlation import Correlation
from imagenomer.statistics.enhancement import EnhancedEdges
from imagenomer.statistics.network_statistic import NetworkBasedStatistic
from imagenomer.types import FloatArray, IntArray, Json, Row

#: Components listed, the largest first.
_MOST_COMPONENTS = 100


def edge_views(cohort: Cohort, result: EdgeAssociation, top: list[dict[str, Json]]) -> list[View]:
    """Return all views; ``top`` are the edges of `strongest_edges`."""
    tested, below = result.n_tested, result.n_nominal
    return [
        *_maps(cohort, result),
        TableView("top", "Strongest edges", _columns(result), tuple(_rows(top))),
        *_component_table(cohort, result),
        FigureView(
            "p_values",
            "Are there more small p-values than expected by chance?",
            f"Histogram of the p-values of {counted(tested, 'edge')}: {below:,} are below 0.05, where "
            f"{0.05 * tested:,.0f} are expected without any association.",
        ),
    ]


def _maps(cohort: Cohort, result: EdgeAssociation) -> list[MatrixView]:
    """Return the maps of a result; those of the effect share one colour scale."""
    model, decision = result.model, result.decision
    title, note = result.title(cohort), result.note
    effect = effect_of(result.fit)
    scale: Literal["diverging", "sequential"] = "diverging" if model.n_tested == 1 else "sequential"
    whole = f"{title}, adjusted" if result.unadjusted else title

    def view(
        name: str, title: str, label: str, scale: Literal["diverging", "sequential"], limit: float | None = None
    ) -> MatrixView:
        return MatrixView(name, title, label, name, scale, limit, "significant", detail=True, note=note)

    limit = None
    if result.unadjusted is not None:
        limit = max(scale_limit(effect), scale_limit(effect_of(result.unadjusted.fit)))
    label = f"{statistic_name(model)} (Fisher z)" if result.sample.fisher_z else statistic_name(model)
    maps = [view(effect_key(model), whole, label, scale, limit=limit)]
    if result.unadjusted is not None:
        unadjusted = model.without_covariates
        plain = view("unadjusted", f"{title}, unadjusted", statistic_name(unadjusted), scale, limit)
        marked = "" if result.unadjusted.significant is None else "significant_unadjusted"
        maps += [
            dataclasses.replace(plain, marked=marked, note=f"{result.sample.note}; not adjusted"),
            view("difference", f"{title}, adjusted minus unadjusted", f"Difference of {symbol_of(model)}", "diverging"),
        ]
    limit = scale_limit(result.fit.neg_log10_p)
    significance = view("neg_log10_p", f"{title}: significance", "−log10 p, uncorrected", "sequential", limit=limit)
    maps.append(dataclasses.replace(significance, p_values="uncorrected"))
    permuted = decision.permuted
    if isinstance(permuted, NetworkBasedStatistic):
        label = f"{'t' if model.n_tested == 1 else 'F'}, 0 outside components"
        maps.append(view("in_components", f"{title}: edges in components", label, scale))
    elif permuted is not None:
        most = float(-np.log10(result.plan.smallest_p))
        kind = f"corrected ({result.decision.correction_name})"
        corrected = view("neg_log10_p_corrected", f"{title}: corrected", f"−log10 p, {kind}", "sequential", limit=most)
        maps.append(dataclasses.replace(corrected, p_values=kind))
    if isinstance(permuted, EnhancedEdges):
        maps.append(view("tfce", f"{title}: enhanced", "TFCE score", "sequential"))
    return maps


def strongest_edges(cohort: Cohort, result: EdgeAssociation) -> list[dict[str, Json]]:
    """Describe the strongest edges, with 0-based file indices."""
    return _as_fitted(cohort, result, result.decision.p_value, result.strongest)


def all_edges(cohort: Cohort, params: object, result: EdgeAssociation) -> WholeTable:
    """Return all edges, the strongest first, fitted in float64, for the file."""
    model = result.model
    plain = None if result.unadjusted is None else model.without_covariates

    def prepare() -> tuple[IntArray, RowsOf]:
        adjusted = result.decision.p_value

        def rows(edges: IntArray) -> list[dict[str, Json]]:
            if is_exact_everywhere(model):
                return _rows(_as_fitted(cohort, result, adjusted, edges))
            exactly = observed(cohort, result.sample, edges)
            other = None if plain is None else fit_exactly(exactly, plain)
            return _rows(_described(cohort, result, adjusted, edges, fit_exactly(exactly, model), other))

        return strongest_first(np.abs(effect_of(result.fit))), rows

    return whole_table(result.fit.p_value.size, prepare)


def _as_fitted(cohort: Cohort, result: EdgeAssociation, adjusted: FloatArray, edges: IntArray) -> list[dict[str, Json]]:
    other = None if result.unadjusted is None else taken(result.unadjusted.fit, edges)
    return _described(cohort, result, adjusted, edges, taken(result.fit, edges), other)


def _described(
    cohort: Cohort, result: EdgeAssociation, adjusted: FloatArray, edges: IntArray, fit: Fit, other: Fit | None
) -> list[dict[str, Json]]:
    """Describe some edges; ``fit`` and ``other``, without covariates, are of these, ``adjusted`` is of all."""
    decision = result.decision
    values: dict[str, Sequence[Json]] = {effect_key(result.model): finite_or_none(effect_of(fit))}
    if isinstance(fit, Correlation):
        low, high = confidence_interval(fit, result.model)
        values |= {"ci_lower": finite_or_none(low), "ci_upper": finite_or_none(high)}
    else:
        values["f"] = finite_or_none(fit.f)
    values |= {
        "n_subjects": fit.n_subjects.tolist(),
        "p_value": finite_or_none(fit.p_value),
        "neg_log10_p": finite_or_none(fit.neg_log10_p),
        "p_adjusted": finite_or_none(adjusted[edges]),
        "significant": decision.significant[edges].tolist(),
    }
    if other is not None:
        values |= {
            "unadjusted": finite_or_none(effect_of(other)),
            "difference": finite_or_none(effect_of(fit) - effect_of(other)),
            "p_unadjusted": finite_or_none(other.p_value),
        }
    if isinstance(decision.permuted, NetworkBasedStatistic):
        component = decision.permuted.component[edges].tolist()
        values["component"] = [None if one < 0 else one + 1 for one in component]
    return describe_edges(edges, parcellation_of(cohort), values)


def _columns(result: EdgeAssociation) -> tuple[Column, ...]:
    model, symbol = result.model, symbol_of(result.model)
    columns = [Column(effect_key(model), statistic_name(model), "number")]
    if model.n_tested == 1:
        columns += [
            Column("ci", "95 % CI", where="page", sort="ci_lower"),
            Column("ci_lower", "95 % CI from", "number", where="file"),
            Column("ci_upper", "to", "number", where="file"),
        ]
    else:
        columns.append(Column("f", "F", "number"))
    columns += [
        Column("p_value", "p", "p"),
        Column("p_adjusted", "Corrected", "p"),
        Column("neg_log10_p", "−log10 p", "number", where="file"),
    ]
    if result.unadjusted is not None:
        columns += [
            Column("unadjusted", f"{symbol} unadjusted", "number"),
            Column("difference", f"{symbol} difference", "number", where="file"),
            Column("p_unadjusted", "p unadjusted", "p", where="file"),
        ]
    if isinstance(result.decision.permuted, NetworkBasedStatistic):
        columns.append(Column("component", "Component", "integer"))
    columns.append(Column("n_subjects", "n", "integer"))
    return edge_columns(*columns, places=result.unadjusted is None)


def _limit(row: Mapping[str, Json], end: str) -> float | None:
    limit = row.get(end)
    return limit if isinstance(limit, float) else None


def _rows(top: list[dict[str, Json]]) -> list[dict[str, Json]]:
    return [
        {**row, "ci": interval_text(*(_limit(row, end) for end in ("ci_lower", "ci_upper")))} for row in edge_rows(top)
    ]


def _component_table(cohort: Cohort, result: EdgeAssociation) -> list[TableView]:
    """Return the components of the network-based statistic, the largest first; nothing for other corrections."""
    found, parcellation = result.decision.permuted, parcellation_of(cohort)
    if not isinstance(found, NetworkBasedStatistic) or not found.extent.size:
        return []
    excess = statistic_of(result.model, result.decision.alternative)
    columns = (
        Column("component", "Component", "integer"),
        Column("extent", "Edges", "integer"),
        Column("n_parcels", "Parcels", "integer"),
        Column("p_extent", "p of edges", "p"),
        Column("intensity", f"Sum of {excess} beyond threshold", "number"),
        Column("p_intensity", "p of that sum", "p"),
        Column("networks", "Most parcels in"),
        Column("strongest", "Strongest edge"),
    )
    return [TableView("components", "Components", columns, tuple(_component_rows(found, parcellation)))]


def _component_rows(found: NetworkBasedStatistic, parcellation: Parcellation) -> list[Row]:
    strength = np.nan_to_num(np.abs(found.statistic))
    rows: list[Row] = []
    for rank in range(min(found.extent.size, _MOST_COMPONENTS)):
        edges = np.flatnonzero(found.component == rank)
        ends = np.concatenate(edge_parcels(edges, parcellation.n_parcels)).tolist()
        touched = [parcellation.networks[parcel] for parcel in dict.fromkeys(ends) if parcellation.networks[parcel]]
        by_size = sorted(set(touched), key=lambda name: (-touched.count(name), name))
        best = int(edges[strength[edges].argmax()])
        rows.append(
            {
                "edge": best,
                "component": rank + 1,
                "extent": int(found.extent[rank]),
                "n_parcels": int(found.n_parcels[rank]),
                "p_extent": float(found.p_extent[rank]),
                "intensity": float(found.intensity[rank]),
                "p_intensity": float(found.p_intensity[rank]),
                "networks": ", ".join(by_size[:5]),
                "strongest": edge_title(best, parcellation),
            }
        )
    return rows
