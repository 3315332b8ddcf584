"""What is shown of a confound report: numbers, sentences, tables, views and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from imagenomer.analyses.confounds.numbers import report_numbers
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.confounds.prediction_figure import prediction_figure
from imagenomer.analyses.confounds.remaining_figure import both_cohorts_figure, remaining_figure
from imagenomer.analyses.confounds.result import ConfoundResult
from imagenomer.analyses.confounds.roles_figure import has_paths, roles_figure
from imagenomer.analyses.confounds.tables.predictions import prediction_groups
from imagenomer.analyses.confounds.views import (
    BOTH_FIGURE,
    PREDICTION_FIGURE,
    REMAINING_FIGURE,
    ROLES_FIGURE,
    map_arrays,
    report_views,
)
from imagenomer.analyses.confounds.words.replication import replication_findings
from imagenomer.analyses.confounds.words.sentences import report_sentences
from imagenomer.analyses.confounds.words.verdict import findings
from imagenomer.analyses.confounds.words.warnings import report_warnings
from imagenomer.analyses.contract import Finding, Report, ThemeName
from imagenomer.analyses.shared.sample import leak_warnings
from imagenomer.cohort import Cohort

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show_report(cohort: Cohort, params: Params, result: ConfoundResult) -> Report:
    measure = result.phenotypes.people.sample.measure
    return Report(
        numbers=report_numbers(params, result),
        sentences=tuple(report_sentences(params, result)),
        warnings=(*leak_warnings(cohort, measure), *report_warnings(params, result)),
        views=report_views(cohort, params, result),
        arrays=dict(map_arrays(result)),
        verdict=tuple(_findings(result)),
        left_out=_left_out(cohort, params),
    )


def _left_out(cohort: Cohort, params: Params) -> dict[str, str]:
    """Return the parts that have nothing to be about, whichever are done by now, and why."""
    left_out = {}
    if not params.examines_second:
        left_out["replication"] = "only this cohort is examined"
    if not cohort.variant_sets:
        left_out["variants"] = "no genotypes"
    return left_out


def _findings(result: ConfoundResult) -> Iterator[Finding]:
    yield from findings(result.target_name, result.verdict)
    if result.replication is not None:
        yield from replication_findings(result.target_name, result.verdict, result.replication)


def draw_report(result: ConfoundResult, theme: ThemeName) -> Mapping[str, Figure]:
    from imagenomer.figures.drawings import Drawings

    figures = {REMAINING_FIGURE: partial(remaining_figure, result.target_name, result.verdict, theme)}
    if has_paths(result.verdict):
        figures[ROLES_FIGURE] = partial(roles_figure, result.target_name, result.verdict, theme)
    if result.replication is not None:
        figures[BOTH_FIGURE] = partial(
            both_cohorts_figure, result.target_name, result.verdict, result.replication, theme
        )
    if result.connectivity is None or result.prediction is None:
        return Drawings(figures)
    groups = prediction_groups(result.connectivity, result.variants, result.prediction)
    score, closest = result.connectivity.prediction.score, result.phenotypes.closest
    figures[PREDICTION_FIGURE] = partial(prediction_figure, result.target_name, score, groups, closest, theme)
    return Drawings(figures)
