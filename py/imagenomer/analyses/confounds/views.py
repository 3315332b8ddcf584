"""What a confound report shows, part by part, and its maps."""

from __future__ import annotations

from typing import Literal

from imagenomer.analyses.confounds.edge_maps import EdgeMap
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.parts.adjustment import AdjustmentPart
from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.parts.prediction import PredictionPart
from imagenomer.analyses.confounds.parts.replication import ReplicationPart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.roles import kept_out
from imagenomer.analyses.confounds.roles_figure import has_paths
from imagenomer.analyses.confounds.tables.adjustment import adjustment_table
from imagenomer.analyses.confounds.tables.confounding_tests import confounding_table
from imagenomer.analyses.confounds.tables.connectivity import connectivity_table
from imagenomer.analyses.confounds.tables.overlap import edge_overlap_table, variant_overlap_table
from imagenomer.analyses.confounds.tables.phenotypes import candidate_table, missing_table
from imagenomer.analyses.confounds.tables.predictions import learning_table, prediction_groups, prediction_table
from imagenomer.analyses.confounds.tables.replication import replication_table
from imagenomer.analyses.confounds.tables.variants import variant_prediction_table, variant_table
from imagenomer.analyses.confounds.tables.verdict import control_table, verdict_table
from imagenomer.analyses.confounds.words.terms import SCORES
from imagenomer.analyses.confounds.words.verdict import remains
from imagenomer.analyses.contract import FigureView, MatrixView, TableView, View
from imagenomer.analyses.shared.edge_fits import observed_name
from imagenomer.analyses.shared.sample import listed
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.figures.pixels import scale_limit
from imagenomer.types import BoolArray, FloatArray

#: Candidates whose adjusted maps are shown, those most strongly associated with the target.
_MOST_MAPS = 3
#: The names of the figures that the page does not draw itself.
REMAINING_FIGURE, ROLES_FIGURE, BOTH_FIGURE, PREDICTION_FIGURE = "remaining", "roles", "both_cohorts", "predictions"


def report_views(cohort: Cohort, params: Params, result: ConfoundResult) -> tuple[View, ...]:
    """Return what there is to show so far; the views of a later part follow those of the earlier ones."""
    target = result.target_name
    found: list[View] = [
        _remaining_view(target, result.verdict),
        *_roles_views(target, result.verdict),
        verdict_table(result.verdict),
        control_table(result.verdict),
        candidate_table(result.phenotypes),
        missing_table(result.phenotypes),
    ]
    if result.replication is not None:
        found += _replication_views(target, result.verdict, result.replication)
    maps = map_views(cohort, params, result)
    if result.connectivity is not None:
        p_target = result.verdict.explanation.test.whole
        found += [connectivity_table(parcellation_of(cohort), target, result.connectivity, p_target), maps[0]]
    if result.variants is not None:
        variants = cohort.variant_set(None)
        found += [variant_table(variants, target, result.variants), variant_prediction_table(target, result.variants)]
    if result.overlap is not None:
        found += [edge_overlap_table(result.overlap), variant_overlap_table(result.overlap)]
    if result.adjustment is not None:
        found += [adjustment_table(target, result.adjustment), *maps[1:]]
    if result.connectivity is not None and result.prediction is not None:
        found += _prediction_views(target, result.connectivity, result, result.prediction)
    if result.tests is not None:
        found.append(confounding_table(result.tests, result.phenotypes.closest))
    return tuple(one for one in found if not isinstance(one, TableView) or one.rows)


def _remaining_view(target: str, part: VerdictPart) -> FigureView:
    explanation, bounds = part.explanation, part.bounds
    alternative = f"{len(explanation.candidates)} candidates, each with the share that remains and its interval"
    if explanation.model.names and explanation.joint.pattern.known:
        alternative += f"; of all together {remains(explanation.joint.pattern)}"
    alternative += f". Bounds are drawn at {100 * bounds.explained:g} and {100 * (1 - bounds.margin):g} %."
    return FigureView(REMAINING_FIGURE, f"What remains of the association of {target}", alternative)


def _roles_views(target: str, part: VerdictPart) -> list[FigureView]:
    if not has_paths(part):
        return []
    names, others = listed(part.explanation.model.names) or "nothing", listed(sorted(kept_out(part.roles)))
    alternative = f"{target} and connectivity, with {names} adjusted for" + (f", and {others} not" if others else "")
    return [FigureView(ROLES_FIGURE, f"What is adjusted for in the association of {target}", f"{alternative}.")]


def _replication_views(target: str, verdict: VerdictPart, part: ReplicationPart) -> list[View]:
    there = part.verdict.explanation
    alternative = (
        f"{len(part.differences)} candidates, each with the share that remains in {' and in '.join(part.names)}"
    )
    if there.joint.pattern.known and there.model.names:
        alternative += f"; of all together {remains(there.joint.pattern)} in {part.names[1]}"
    title = f"What remains of the association of {target} in both cohorts"
    return [FigureView(BOTH_FIGURE, title, f"{alternative}."), replication_table(verdict, part)]


def _prediction_views(
    target: str, connectivity: ConnectivityPart, result: ConfoundResult, part: PredictionPart
) -> list[View]:
    raw = connectivity.prediction
    groups = prediction_groups(connectivity, result.variants, part)
    figure = FigureView(
        PREDICTION_FIGURE,
        f"Prediction of {target}, with and without each candidate",
        f"{SCORES[raw.score]} of predictions, grouped by candidate; from connectivity alone it is "
        f"{number_text(raw.interval.estimate, '.3f')}.",
    )
    learning = [] if part.learning is None else [learning_table(part.learning)]
    return [figure, prediction_table(target, groups, part), *learning]


# --- maps --------------------------------------------------------------------------------------------


def shown_maps(result: ConfoundResult) -> list[tuple[str, str, EdgeMap]]:
    """Return the maps that are shown: name, what is adjusted for, and the map; the target's own first."""
    if result.connectivity is None:
        return []
    maps = [("target", "", result.connectivity.everybody.target_map)]
    if result.adjustment is not None:
        maps += _adjusted_maps(result.phenotypes.closest, result.adjustment)
    return maps


def _adjusted_maps(closest: tuple[str, ...], part: AdjustmentPart) -> list[tuple[str, str, EdgeMap]]:
    chosen = [name for name in closest if name in part.candidates][:_MOST_MAPS]
    maps = [(f"given_{number}", name, part.candidates[name].after) for number, name in enumerate(chosen, start=1)]
    if part.together is not None:
        maps.append(("given_all", f"{len(part.together.names)} candidates", part.together.after))
    return maps


def map_arrays(result: ConfoundResult) -> dict[str, FloatArray | BoolArray]:
    arrays: dict[str, FloatArray | BoolArray] = {}
    for name, _, found in shown_maps(result):
        arrays[name] = found.effect
        arrays[f"{name}_significant"] = found.significant
    return arrays


def map_views(cohort: Cohort, params: Params, result: ConfoundResult) -> list[MatrixView]:
    maps = shown_maps(result)
    if not maps:
        return []
    limit = max(scale_limit(found.effect) for _, _, found in maps)
    seen = observed_name(cohort, result.phenotypes.people.sample)
    views = []
    for name, given, found in maps:
        symbol = "r" if found.signed else "η"
        label = f"Partial {symbol}" if given else ("Pearson's r" if found.signed else "η")
        title = f"{result.target_name} and {seen}" + (f", given {given}" if given else "")
        note = f"{found.n_significant:,} of {found.n_tested:,} edges significant (Bonferroni, {params.alpha:g})"
        scale: Literal["diverging", "sequential"] = "diverging" if found.signed else "sequential"
        views.append(MatrixView(name, title, label, name, scale, limit, f"{name}_significant", note=note))
    return views
