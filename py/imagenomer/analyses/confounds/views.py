"""Tables, maps and figures of a confound report, part by part."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagenomer.analyses.confounds.links import EdgeMap, Scored
from imagenomer.analyses.confounds.parts import MOST_SHOWN, Adjusted, Confounds, Params, clearest_of, compared
from imagenomer.analyses.confounds.variants import N_TOP
from imagenomer.analyses.confounds.verdict_words import TITLES
from imagenomer.analyses.contract import Column, FigureView, MatrixView, TableView, View
from imagenomer.analyses.shared.edge_fits import observed_name
from imagenomer.analyses.shared.edge_table import edge_title
from imagenomer.analyses.shared.genotyped import variant_label
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.figures.pixels import scale_limit
from imagenomer.jsonable import finite
from imagenomer.statistics.overlap import Overlap
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What scores are called.
SCORES = {"r2": "R²", "r": "r", "auc": "AUC", "balanced_accuracy": "Balanced accuracy"}


def target_name(result: Confounds) -> str:
    return result.people.target.name


def views(cohort: Cohort, params: Params, result: Confounds) -> list[View]:
    """Return what there is to show so far; the views of a later part follow those of the earlier ones."""
    found: list[View] = [_candidates(result), _missing(result)]
    if result.connected is not None:
        found += [_connectivity(cohort, result), *_target_view(cohort, params, result)]
    if result.variants is not None:
        found += [_variants(cohort, result), _from_variants(result)]
    if result.overlapping is not None:
        found.append(_overlap(result))
        found += _variant_overlap(result)
    if result.adjusted is not None:
        found += [_adjustment(result), *_adjusted_views(cohort, params, result)]
    if result.predicted is not None:
        found += [_prediction_figure(result), _prediction(result), *_learning(result)]
    if result.tested is not None:
        found += [_tests(result), _verdict(result)]
    return [one for one in found if not isinstance(one, TableView) or one.rows]


# --- tables ------------------------------------------------------------------------------------------


def _candidates(result: Confounds) -> TableView:
    columns = (
        Column("candidate", "Candidate"),
        Column("kind", "Kind"),
        Column("measure", "Measure"),
        Column("association", "Association", "number"),
        Column("p_value", "p", "p"),
        Column("p_corrected", "p (Holm)", "p"),
        Column("n_subjects", "Subjects", "integer"),
        Column("neg_log10_p", "−log10 p", "number", where="file"),
    )
    rows = []
    for index, one in enumerate(result.candidates):
        neg_log10_p = float(result.pairs.neg_log10_p[0, index + 1])
        n_categories = bool(one.levels) + result.people.is_category
        rows.append(
            {
                "candidate": one.name,
                "kind": f"{len(one.levels)} levels" if one.levels else "number",
                "measure": ("Pearson's r", "Epsilon", "Cramer's V")[n_categories],
                "association": finite(result.pairs.association[0, index + 1]),
                "p_value": finite(10**-neg_log10_p),
                "p_corrected": finite(float(result.p_candidate[index])),
                "n_subjects": int(result.pairs.n_subjects[0, index + 1]),
                "neg_log10_p": finite(neg_log10_p),
            }
        )
    return TableView("candidates", f"Which candidates go with {target_name(result)}?", columns, tuple(rows))


def _missing(result: Confounds) -> TableView:
    columns = (
        Column("candidate", "Candidate"),
        Column("level", "Level"),
        Column("n", "In the group", "integer"),
        Column("n_used", "Used", "integer"),
        Column("left_out", "Left out (%)", "number"),
        Column("target", "Mean of target", "mixed"),
        Column("p_value", "p, left out", "p"),
    )
    rows = [
        {
            "candidate": one.candidate,
            "level": one.level or "no value",
            "n": one.n,
            "n_used": one.n_used,
            "left_out": round(100 * (1 - one.n_used / one.n), 2),
            "target": finite(one.target),
            "p_value": finite(one.p_value),
        }
        for one in result.missing
    ]
    return TableView("missing", "Who is left out, and who lacks a candidate", columns, tuple(rows))


def _connectivity(cohort: Cohort, result: Confounds) -> TableView:
    assert result.connected is not None
    assert result.target is not None
    assert result.target_map is not None
    assert result.everybody is not None
    columns = (
        Column("what", "With connectivity"),
        Column("n_subjects", "Subjects", "integer"),
        Column("n_significant", "Significant edges", "integer"),
        Column("share_significant", "% of edges", "number"),
        Column("strongest", "Strongest", "number"),
        Column("effect", "Effect"),
        Column("edge", "Strongest edge", where="file"),
        Column("share", "Variance, %", "number"),
        Column("p_value", "p, all edges", "p"),
        Column("score", "Score"),
        Column("predicted", "Predicted", "number"),
        Column("interval", "95 % interval"),
        Column("null", "Null", "number"),
    )
    rows = [
        _connected_row(
            cohort,
            f"{target_name(result)} (target)",
            result.everybody.n_subjects,
            result.target_map,
            result.target.share.beyond_chance,
            result.target.p_value,
            result.everybody_predicted,
        )
    ]
    for one, own in zip(result.candidates, result.connected, strict=True):
        if own is not None:
            share = own.share
            rows.append(
                _connected_row(
                    cohort,
                    one.name,
                    own.pair.n_subjects,
                    own.own_map,
                    share.beyond_chance,
                    share.p_value,
                    own.predicted,
                )
            )
    return TableView("connectivity", "What goes with connectivity?", columns, tuple(rows))


def _connected_row(
    cohort: Cohort, name: str, n: int, found: EdgeMap, share: float, p_value: float, predicted: Scored | None
) -> dict[str, Json]:
    return {
        "what": name,
        "n_subjects": n,
        "n_significant": found.n_significant,
        "share_significant": round(100 * found.n_significant / max(found.n_tested, 1), 3),
        "strongest": finite(found.strongest_effect),
        "effect": "r" if found.signed else "η",
        "edge": edge_title(found.strongest, parcellation_of(cohort)),
        "share": round(100 * share, 4),
        "p_value": p_value,
        **_score_cells(predicted),
    }


def _score_cells(predicted: Scored | None) -> dict[str, Json]:
    if predicted is None:
        return {"score": "", "predicted": None, "interval": "", "null": None}
    interval = predicted.interval
    return {
        "score": SCORES[predicted.score],
        "predicted": finite(interval.estimate),
        "interval": interval_of(predicted),
        "null": finite(predicted.null),
    }


def interval_of(predicted: Scored) -> str:
    """Return the interval of a score; "" where there is none."""
    interval = predicted.interval
    if not np.isfinite(interval.low):
        return ""
    return f"{number_text(interval.low, '.3f')} to {number_text(interval.high, '.3f')}"


def _variants(cohort: Cohort, result: Confounds) -> TableView:
    assert result.variants is not None
    columns = (
        Column("what", "With variants"),
        Column("n_subjects", "Subjects with genotypes", "integer"),
        Column("n_significant", "Significant variants", "integer"),
        Column("n_tested", "Tested", "integer"),
        Column("strongest", "Strongest |r|", "number"),
        Column("variant", "Of variant"),
    )
    variants = cohort.variant_set(None)
    rows = []
    names = [f"{target_name(result)} (target)", *(one.name for one in result.candidates)]
    for name, own in zip(names, [result.variants.target, *result.variants.candidates], strict=True):
        if own is not None:
            rows.append(
                {
                    "what": name,
                    "n_subjects": int(own.subjects.size),
                    "n_significant": own.n_significant,
                    "n_tested": own.n_tested,
                    "strongest": finite(float(own.strength[own.strongest])) if own.n_tested else None,
                    "variant": variant_label(variants, own.strongest) if own.n_tested else "",
                }
            )
    return TableView("variants", "What goes with variants?", columns, tuple(rows))


def _from_variants(result: Confounds) -> TableView:
    assert result.from_variants is not None
    columns = (
        Column("what", "Predicted"),
        Column("n_subjects", "Tested", "integer"),
        Column("score", "Score"),
        Column("predicted", "From variants", "number"),
        Column("interval", "95 % interval"),
        Column("connectivity", "From connectivity", "number"),
        Column("connectivity_interval", "95 % interval of that", where="file"),
        Column("null", "Null", "number"),
        Column("note", "Note"),
    )
    rows: list[dict[str, Json]] = []
    names = [f"{target_name(result)} (target)", *(one.name for one in result.candidates)]
    for name, own in zip(names, [result.from_variants.target, *result.from_variants.candidates], strict=True):
        beside = own.connectivity
        rows.append(
            {
                "what": name,
                "n_subjects": None if own.variants is None else own.variants.n_subjects,
                **_score_cells(own.variants),
                **({"score": "not predicted"} if own.why else {}),
                "connectivity": None if beside is None else finite(beside.interval.estimate),
                "connectivity_interval": "" if beside is None else interval_of(beside),
                "note": own.why,
            }
        )
    return TableView("from_variants", "What do variants predict, beside connectivity?", columns, tuple(rows))


_OVERLAP_COLUMNS = (
    Column("candidate", "Candidate"),
    Column("null", "Target rearranged"),
    Column("n_chosen", "Target's", "integer"),
    Column("n_other", "Candidate's", "integer"),
    Column("shared", "Shared", "integer"),
    Column("share", "% of target's", "number", where="file"),
    Column("expected", "Expected", "number"),
    Column("p_shared", "p, shared", "p"),
    Column("similarity", "r of maps", "number"),
    Column("similarity_expected", "Expected", "number"),
    Column("p_similarity", "p, maps", "p"),
)


def _overlap(result: Confounds) -> TableView:
    assert result.overlapping is not None
    assert result.connected is not None
    rows = []
    for one, own, connected in zip(result.candidates, result.overlapping, result.connected, strict=True):
        if own is None or connected is None:
            continue
        n_other = int(np.count_nonzero(compared(connected.own_map)))
        for null, found in (("over everybody", own.free), (f"among people alike in {one.name}", own.within)):
            if found is not None:
                rows.append(_overlap_row(one.name, null, n_other, found))
    return TableView(
        "overlap", "Are the target's edges the candidate's, more than chance gives?", _OVERLAP_COLUMNS, tuple(rows)
    )


def _overlap_row(name: str, null: str, n_other: int, found: Overlap) -> dict[str, Json]:
    return {
        "candidate": name,
        "null": null,
        "n_chosen": found.n_chosen,
        "n_other": n_other,
        "shared": int(found.shared[0]),
        "share": round(100 * int(found.shared[0]) / max(found.n_chosen, 1), 2),
        "expected": round(float(found.shared_expected[0]), 2),
        "p_shared": float(found.shared_p[0]),
        "similarity": finite(float(found.similarity[0])),
        "similarity_expected": finite(float(found.similarity_expected[0])),
        "p_similarity": finite(float(found.similarity_p[0])),
    }


def _variant_overlap(result: Confounds) -> list[View]:
    shared = result.variant_overlaps
    if shared is None:
        return []
    rows = []
    for one, free, within in zip(result.candidates, shared.free, shared.within, strict=True):
        for null, found in (("over everybody", free), (f"among people alike in {one.name}", within)):
            if found is not None:
                rows.append(_overlap_row(one.name, null, found.n_chosen, found))
    title = f"Do the {N_TOP} strongest variants coincide, more than chance gives?"
    return [TableView("variant_overlap", title, _OVERLAP_COLUMNS, tuple(rows))]


def _adjustment(result: Confounds) -> TableView:
    assert result.adjusted is not None
    columns = (
        Column("given", "Adjusted for"),
        Column("n_subjects", "Subjects", "integer"),
        Column("n_before", "Edges before", "integer"),
        Column("n_after", "Edges after", "integer"),
        Column("strongest_before", "Strongest before", "number", where="file"),
        Column("strongest_after", "Strongest after", "number", where="file"),
        Column("share_before", "Variance before, %", "number"),
        Column("share_after", "Variance after, %", "number"),
        Column("p_after", "p after", "p"),
        Column("remaining", "Left, %", "number", where="file"),
        Column("retained", "Kept, %", "number"),
    )
    rows = [_adjusted_row(own) for own in [*result.adjusted, result.together] if own is not None]
    return TableView("adjustment", f"What is left of {target_name(result)}?", columns, tuple(rows))


def _adjusted_row(own: Adjusted) -> dict[str, Json]:
    return {
        "given": own.names[0] if len(own.names) == 1 else f"all together: {', '.join(own.names)}",
        "n_subjects": own.n_subjects,
        "n_before": own.before.n_significant,
        "n_after": own.after.n_significant,
        "strongest_before": finite(own.before.strongest_effect),
        "strongest_after": finite(own.after.strongest_effect),
        "share_before": round(100 * own.share_before.beyond_chance, 4),
        "share_after": round(100 * own.share_after.beyond_chance, 4),
        "p_after": own.share_after.p_value,
        "remaining": _percent(own.links.remaining) if own.links is not None else None,
        "retained": _percent(own.links.retained) if own.links is not None else None,
    }


def _percent(share: float) -> float | None:
    return round(100 * share, 1) if np.isfinite(share) else None


def prediction_rows(result: Confounds) -> list[tuple[str, list[Scored]]]:
    """Return every prediction of the target, grouped by the candidate in view."""
    assert result.predicted is not None
    assert result.everybody_predicted is not None
    everybody = [result.everybody_predicted]
    if result.from_variants is not None and result.from_variants.target.variants is not None:
        everybody.append(result.from_variants.target.variants)
    found = [(f"{target_name(result)}, everybody", [*everybody, *result.with_all])]
    for one, own in zip(result.candidates, result.predicted, strict=True):
        if own is None:
            continue
        scores = [own.raw, *own.with_candidate, *own.within]
        if own.matched is not None and own.matched.scored is not None:
            scores.append(own.matched.scored)
            if own.matched.random is not None:
                scores.append(own.matched.random)
        found.append((one.name, scores))
    return found


def _prediction(result: Confounds) -> TableView:
    assert result.predicted is not None
    columns = (
        Column("candidate", "Candidate in view"),
        Column("how", "Predicted"),
        Column("n_subjects", "Tested", "integer"),
        Column("score", "Score"),
        Column("predicted", "Value", "number"),
        Column("interval", "95 % interval"),
        Column("null", "Null", "number"),
        Column("low", "From", "number", where="file"),
        Column("high", "To", "number", where="file"),
        Column("note", "Note"),
    )
    rows = []
    for heading, scores in prediction_rows(result):
        for one in scores:
            rows.append(
                {
                    "candidate": heading,
                    "how": one.name,
                    "n_subjects": one.n_subjects,
                    **_score_cells(one),
                    "low": finite(one.interval.low),
                    "high": finite(one.interval.high),
                    "note": one.note,
                }
            )
    for one_candidate, own in zip(result.candidates, result.predicted, strict=True):
        if own is not None and own.matched is not None and own.matched.scored is None:
            rows.append(
                {
                    "candidate": one_candidate.name,
                    "how": f"matched for {one_candidate.name}",
                    "n_subjects": own.matched.n_subjects,
                    **_score_cells(None),
                    "low": None,
                    "high": None,
                    "note": "too few people can be matched",
                }
            )
    return TableView("prediction", f"How well is {target_name(result)} predicted?", columns, tuple(rows))


def _learning(result: Confounds) -> list[View]:
    curve = result.learning
    if curve is None:
        return []
    columns = (
        Column("n_train", "People trained on", "integer"),
        Column("score", "Score"),
        Column("mean", "Mean over folds", "number"),
        Column("least", "Least", "number"),
        Column("most", "Most", "number"),
    )
    rows = [
        {
            "n_train": n,
            "score": SCORES[curve.score],
            "mean": finite(float(values.mean())),
            "least": finite(float(values.min())),
            "most": finite(float(values.max())),
        }
        for n, values in zip(curve.n_train.tolist(), curve.values, strict=True)
    ]
    return [TableView("learning", "Would more people help? From connectivity, trained on fewer", columns, tuple(rows))]


def _prediction_figure(result: Confounds) -> FigureView:
    assert result.everybody_predicted is not None
    raw = result.everybody_predicted
    return FigureView(
        "predictions",
        f"Prediction of {target_name(result)}, with and without each candidate",
        f"{SCORES[raw.score]} of predictions with their intervals, grouped by candidate; from connectivity alone it is "
        f"{number_text(raw.interval.estimate, '.3f')}.",
    )


def _tests(result: Confounds) -> TableView:
    assert result.tested is not None
    assert result.adjusted is not None
    columns = (
        Column("candidate", "Candidate"),
        Column("test", "Test"),
        Column("statistic", "Statistic"),
        Column("value", "Value", "number"),
        Column("expected", "By chance", "number"),
        Column("p_value", "p", "p"),
        Column("note", "Note"),
    )
    rows: list[dict[str, Json]] = []
    for one, tested, adjusted in zip(result.candidates, result.tested, result.adjusted, strict=True):
        links = adjusted.links if adjusted is not None else None
        if links is not None and links.predictions is not None:
            test = links.predictions
            rows.append(
                {
                    "candidate": one.name,
                    "test": "partial confounder test",
                    "statistic": f"R² of predictions and {one.name}",
                    "value": test.r_squared,
                    "expected": test.expected,
                    "p_value": test.p_value,
                    "note": f"the target explains {100 * test.target_r_squared:.1f} % of {one.name}; "
                    f"as published, p = {test.published_p_value:.3g}",
                }
            )
        if links is not None and links.beyond is not None:
            rows.append(
                {
                    "candidate": one.name,
                    "test": "connectivity given the target",
                    "statistic": "% of variance",
                    "value": 100 * links.beyond.share,
                    "expected": 100 * links.beyond.expected,
                    "p_value": links.beyond.p_value,
                    "note": "instead of the partial confounder test, which is not defined for three classes or more",
                }
            )
        if tested.restricted is not None:
            restricted = tested.restricted
            how = "bins" if restricted.strata.binned else "levels"
            score = SCORES[restricted.within.score]
            n_strata = len(restricted.strata.names)
            rows += [
                {
                    "candidate": one.name,
                    "test": "rearranged within it",
                    "statistic": score,
                    "value": finite(restricted.within.statistic),
                    "expected": finite(float(np.nanmean(restricted.within.null))),
                    "p_value": restricted.within.p_value,
                    "note": f"is more learned than its {n_strata} {how}?",
                },
                {
                    "candidate": one.name,
                    "test": "within it against over everybody",
                    "statistic": f"mean {score}",
                    "value": finite(float(np.nanmean(restricted.within.null))),
                    "expected": finite(float(np.nanmean(restricted.over_all.null))),
                    "p_value": restricted.p_strata,
                    "note": f"are its {n_strata} {how} themselves learned?",
                },
            ]
        if tested.shuffled is not None:
            shuffled = tested.shuffled
            rows.append(
                {
                    "candidate": one.name,
                    "test": "connectivity of other people",
                    "statistic": SCORES[shuffled.score],
                    "value": finite(shuffled.statistic),
                    "expected": finite(float(np.nanmean(shuffled.shuffled))),
                    "p_value": None,
                    "note": f"after regressing it out; what {shuffled.shuffled.size} shuffles predict would be a leak",
                }
            )
    if not rows:
        rows = [
            {
                "candidate": "none",
                "test": "no candidate goes with the target",
                "statistic": "",
                "value": None,
                "expected": None,
                "p_value": None,
                "note": "so there is nothing to test",
            }
        ]
    return TableView("tests", "Tests of confounding", columns, tuple(rows))


def _verdict(result: Confounds) -> TableView:
    assert result.evidence is not None
    assert result.categories is not None
    columns = (
        Column("candidate", "Candidate"),
        Column("verdict", "The numbers are …"),
        Column("n_subjects", "Subjects", "integer"),
        Column("p_candidate", "p, with target", "p"),
        Column("p_rest", "p, kept", "p"),
        Column("retained", "Kept, %", "number"),
        Column("p_predictions", "p, predictions", "p"),
        Column("remaining", "Left, %", "number", where="file"),
        Column("p_target", "p, target with connectivity", "p", where="file"),
    )
    rows = [
        {
            "candidate": one.name,
            "verdict": TITLES[category],
            "n_subjects": evidence.n_subjects,
            "p_target": finite(evidence.p_target),
            "p_candidate": finite(evidence.p_candidate),
            "p_rest": finite(evidence.p_rest),
            "remaining": _percent(evidence.remaining),
            "retained": _percent(evidence.retained),
            "p_predictions": finite(evidence.p_predictions),
        }
        for one, evidence, category in zip(result.candidates, result.evidence, result.categories, strict=True)
    ]
    return TableView("verdict", "What each candidate is consistent with", columns, tuple(rows))


# --- maps --------------------------------------------------------------------------------------------


def shown_maps(result: Confounds) -> list[tuple[str, str, EdgeMap]]:
    """Return the maps that are shown: name, what is adjusted for, and the map; the target's own first."""
    if result.target_map is None:
        return []
    maps = [("target", "", result.target_map)]
    if result.adjusted is not None:
        chosen = [index for index in clearest_of(result) if result.adjusted[index] is not None]
        for number, index in enumerate(chosen[:MOST_SHOWN], start=1):
            own = result.adjusted[index]
            assert own is not None
            maps.append((f"given_{number}", own.names[0], own.after))
        if result.together is not None:
            maps.append(("given_all", f"{len(result.together.names)} candidates", result.together.after))
    return maps


def map_arrays(result: Confounds) -> dict[str, FloatArray | BoolArray | IntArray]:
    arrays: dict[str, FloatArray | BoolArray | IntArray] = {}
    for name, _, found in shown_maps(result):
        arrays[name] = found.effect
        arrays[f"{name}_significant"] = found.significant
    return arrays


def _map_views(cohort: Cohort, params: Params, result: Confounds) -> list[MatrixView]:
    maps = shown_maps(result)
    if not maps:
        return []
    limit = max(scale_limit(found.effect) for _, _, found in maps)
    seen = observed_name(cohort, result.people.sample)
    views = []
    for name, given, found in maps:
        symbol = "r" if found.signed else "η"
        label = f"Partial {symbol}" if given else ("Pearson's r" if found.signed else "η")
        title = f"{target_name(result)} and {seen}" + (f", given {given}" if given else "")
        note = f"{found.n_significant:,} of {found.n_tested:,} edges significant (Bonferroni, {params.alpha:g})"
        scale: Literal["diverging", "sequential"] = "diverging" if found.signed else "sequential"
        views.append(MatrixView(name, title, label, name, scale, limit, f"{name}_significant", note=note))
    return views


def _target_view(cohort: Cohort, params: Params, result: Confounds) -> list[MatrixView]:
    return _map_views(cohort, params, result)[:1]


def _adjusted_views(cohort: Cohort, params: Params, result: Confounds) -> list[MatrixView]:
    return _map_views(cohort, params, result)[1:]


# --- drawing -----------------------------------------------------------------------------------------


def drawings(params: Params, result: Confounds, theme: Literal["light", "dark"]) -> dict[str, Callable[[], Figure]]:
    """Return what makes each figure that is the report's own, by the name of its view."""
    makers: dict[str, Callable[[], Figure]] = {}
    if result.predicted is not None:
        makers["predictions"] = partial(_draw_predictions, params, result, theme)
    return makers


def _draw_predictions(params: Params, result: Confounds, theme: Literal["light", "dark"]) -> Figure:
    from imagenomer.figures.forest import Row, forest_figure

    assert result.everybody_predicted is not None
    groups: list[tuple[str, list[Row]]] = []
    main = result.everybody_predicted.score
    closely = {one.name for one, chosen in zip(result.candidates, result.closely, strict=True) if chosen}
    for heading, scores in prediction_rows(result):
        if groups and closely and heading not in closely:
            continue
        rows = [
            Row(one.name, one.interval.estimate, one.interval.low, one.interval.high, one.null, _kind(one.name))
            for one in scores
            if np.isfinite(one.interval.estimate) and one.score == main
        ]
        groups.append((heading, rows))
    return forest_figure(
        groups[:6],
        title=f"Prediction of {target_name(result)}",
        x_label=f"{SCORES[result.everybody_predicted.score]}, with 95 % intervals",
        note="Grey strokes: the null model. Candidates that do not go with the target are in the table only."
        if closely
        else "Grey strokes: the null model.",
        theme=theme,
    )


def _kind(name: str) -> int:
    """Return which mark a prediction has: connectivity, candidate, both, without it, parts, matched, variants."""
    if name == "connectivity":
        return 0
    if name == "variants":
        return 6
    if name.startswith("candidate"):
        return 1 if name.endswith("alone") else 2
    if name.startswith("connectivity without"):
        return 3
    return 5 if name.startswith(("matched", "as many")) else 4
