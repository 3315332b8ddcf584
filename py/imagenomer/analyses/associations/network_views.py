"""Grids and the table of a network association."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np

from imagenomer.analyses.associations.network_result import NetworkAssociation
from imagenomer.analyses.contract import Column, GridView, Link
from imagenomer.analyses.shared.edge_fits import confidence_interval, effect_of, observed_name
from imagenomer.analyses.shared.edge_table import finite_or_none, interval_text, signed
from imagenomer.analyses.shared.inference import statistic_of
from imagenomer.analyses.shared.linear_model_words import effect_key, statistic_name, symbol_of
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.figures.pixels import scale_limit
from imagenomer.statistics.correlation import Correlation
from imagenomer.types import Cell, Row

_Value = TypeVar("_Value")


def pair_rows(result: NetworkAssociation) -> list[Row]:
    """Return a row for each pair of networks, the smallest p first."""
    fit, decision, key = result.fit, result.decision, effect_key(result.model)
    columns: dict[str, Sequence[Cell]] = {
        "network_a": [first for first, _ in result.pairs],
        "network_b": [second for _, second in result.pairs],
        "n_edges": result.n_edges.tolist(),
        key: finite_or_none(effect_of(fit)),
        "p_value": finite_or_none(fit.p_value),
        "p_corrected": finite_or_none(decision.p_value),
        "significant": decision.significant.tolist(),
        "edge_effect": finite_or_none(result.edge_effect),
        "n_beyond": result.n_beyond.tolist(),
        "share_beyond": (100 * result.n_beyond / result.n_edges).tolist(),
    }
    if isinstance(fit, Correlation):
        low, high = (finite_or_none(limit) for limit in confidence_interval(fit, result.model))
        columns |= {"ci_lower": low, "ci_upper": high, "ci": list(map(interval_text, low, high))}
    else:
        columns["f"] = finite_or_none(fit.f)
    if result.unadjusted is not None:
        columns["unadjusted"] = finite_or_none(effect_of(result.unadjusted))
        columns["p_unadjusted"] = finite_or_none(result.unadjusted.p_value)
    if result.enriched is not None:
        columns |= {
            "expected": result.enriched.expected.tolist(),
            "p_enrichment": result.enriched.p_value.tolist(),
            "p_enrichment_corrected": result.enriched.adjusted_p.tolist(),
        }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    order = np.argsort(np.where(np.isfinite(fit.p_value), fit.p_value, 2.0), kind="stable")
    return [rows[index] for index in order.tolist()]


def pair_columns(result: NetworkAssociation) -> tuple[Column, ...]:
    """Return the columns of `pair_rows`."""
    model = result.model
    columns = [
        Column("network_a", "Network"),
        Column("network_b", "Network"),
        Column("n_edges", "Edges", "integer"),
        Column(effect_key(model), statistic_name(model), "number"),
    ]
    if model.n_tested == 1:
        columns += [
            Column("ci", "95 % CI", where="page", sort="ci_lower"),
            Column("ci_lower", "95 % CI from", "number", where="file"),
            Column("ci_upper", "to", "number", where="file"),
        ]
    else:
        columns.append(Column("f", "F", "number"))
    columns += [Column("p_value", "p", "p"), Column("p_corrected", "Corrected", "p")]
    if result.unadjusted is not None:
        columns += [
            Column("unadjusted", f"{symbol_of(model)} unadjusted", "number"),
            Column("p_unadjusted", "p unadjusted", "p", where="file"),
        ]
    columns += [
        Column("edge_effect", f"Mean {symbol_of(model)} of edges", "number", where="file"),
        Column("n_beyond", "Edges beyond", "integer"),
        Column("share_beyond", "%", "number", where="file"),
    ]
    if result.enriched is not None:
        columns += [
            Column("expected", "By chance", "number"),
            Column("p_enrichment", "p of enrichment", "p", where="file"),
            Column("p_enrichment_corrected", "Enriched, corrected", "p"),
        ]
    return tuple(columns)


def network_grids(cohort: Cohort, result: NetworkAssociation, link: Link) -> list[GridView]:
    """Return the grids of networks; a click on a cell opens ``link``."""
    model = result.model
    names = _networks(cohort, result)
    seen = observed_name(cohort, result.sample)
    title = f"{model.name} and {seen} between networks"
    scale: Literal["diverging", "sequential"] = "diverging" if model.n_tested == 1 else "sequential"
    tips, links = _squared(names, result.pairs, _tips(result), ""), tuple(tuple(link for _ in names) for _ in names)
    shown = {"effect": effect_of(result.fit)}
    if result.unadjusted is not None:
        shown["unadjusted"] = effect_of(result.unadjusted)
    limit = max(scale_limit(values) for values in shown.values())
    adjusted = ", adjusted" if result.unadjusted is not None else ""
    titles = {"effect": f"{title}{adjusted}", "unadjusted": f"{title}, unadjusted"}
    note, in_full = result.note, _in_full(cohort, names)
    labels = {"effect": statistic_name(model), "unadjusted": statistic_name(model.without_covariates)}
    grids = [
        GridView(
            name,
            titles[name],
            f"{labels[name]} of the average",
            names,
            names,
            _squared(names, result.pairs, finite_or_none(values), None),
            scale,
            limit,
            tips,
            links,
            note,
            written=True,
            in_full=in_full,
        )
        for name, values in shown.items()
    ]
    if result.enriched is not None:
        grids.append(
            GridView(
                "enriched",
                f"{model.name} and {seen}: networks with more edges than by chance",
                "−log10 p, corrected",
                names,
                names,
                _squared(names, result.pairs, (-np.log10(result.enriched.adjusted_p) + 0.0).tolist(), None),
                "sequential",
                float(-np.log10(result.plan.smallest_p)),
                tips,
                links,
                note,
                written=True,
                in_full=in_full,
            )
        )
    return grids


def _in_full(cohort: Cohort, names: tuple[str, ...]) -> tuple[str, ...]:
    parcellation = parcellation_of(cohort)
    titles = parcellation.network_titles or parcellation.network_names
    full = dict(zip(parcellation.network_names, titles, strict=True))
    return tuple(full[name] for name in names)


def _networks(cohort: Cohort, result: NetworkAssociation) -> tuple[str, ...]:
    """Return the networks that have a pair, in display order."""
    used = {network for pair in result.pairs for network in pair}
    return tuple(name for name in parcellation_of(cohort).network_names if name in used)


def _squared(
    names: tuple[str, ...], pairs: tuple[tuple[str, str], ...], values: Sequence[_Value], empty: _Value
) -> tuple[tuple[_Value, ...], ...]:
    """Return values of pairs as a symmetric square; ``empty`` where networks share no edge."""
    of_pair = dict(zip(pairs, values, strict=True))
    return tuple(tuple(of_pair.get((a, b), of_pair.get((b, a), empty)) for b in names) for a in names)


def _tips(result: NetworkAssociation) -> list[str]:
    model, fit, decision = result.model, result.fit, result.decision
    tips: list[str] = []
    for index, (first, second) in enumerate(result.pairs):
        n, beyond = int(result.n_edges[index]), int(result.n_beyond[index])
        effect = float(effect_of(fit)[index])
        where = f"within {first}" if first == second else f"{first} – {second}"
        said = f"{where}: {counted(n, 'edge')}"
        if np.isfinite(effect):
            mark = ", significant" if decision.significant[index] else ""
            said += (
                f"; {statistic_name(model)} of their average {signed(effect, 3)}, p = {fit.p_value[index]:.3g}, "
                f"corrected {decision.p_value[index]:.3g}{mark}"
            )
        said += f"; mean {symbol_of(model)} of edges {signed(result.edge_effect[index], 3)}"
        share = f"{100 * beyond / n:.1f} %"
        said += f"; {counted(beyond, 'edge')} ({share}) beyond {statistic_of(model)} {result.threshold:.3g}"
        if result.enriched is not None:
            said += (
                f", {result.enriched.expected[index]:.1f} by chance, "
                f"corrected p {result.enriched.adjusted_p[index]:.3g}"
            )
        tips.append(said)
    return tips
