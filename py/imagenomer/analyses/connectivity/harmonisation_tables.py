"""Tables and maps of harmonisation."""

from __future__ import annotations

import numpy as np

from imagenomer import groups
from imagenomer.analyses.connectivity.harmonisation_result import (
    ALPHA,
    Harmonisation,
    PreservedCovariate,
    SitePredictions,
)
from imagenomer.analyses.connectivity.harmonisation_words import mean_defined, percent, statistic_of
from imagenomer.analyses.contract import Column, FigureView, MatrixView, TableView, View
from imagenomer.analyses.shared.sample import counted, what
from imagenomer.analyses.shared.sites import preserved_in_words
from imagenomer.cohort import Cohort
from imagenomer.figures.pixels import scale_limit
from imagenomer.jsonable import finite
from imagenomer.types import FloatArray, Row

_SITE_COLUMNS = (
    Column("site", "Site"),
    Column("n", "Subjects", "integer"),
    Column("n_learned", "Learned from", "integer"),
    Column("mean_before", "Mean connectivity before", "number"),
    Column("mean_after", "after", "number"),
    Column("mean_shift", "Shift, mean of edges", "number"),
    Column("typical_shift", "Shift in SD, median size", "number"),
    Column("typical_scale", "SD ratio, median", "number"),
    Column("scale_low", "SD ratio, 5 % of edges below", "number", where="file"),
    Column("scale_high", "SD ratio, 5 % of edges above", "number", where="file"),
    Column("n_flat", "Edges that do not vary", "integer", where="file"),
)
_PRESERVED_COLUMNS = (
    Column("name", "Preserved"),
    Column("share_of_site", "Share explained by site", "number"),
    Column("significant_before", "Significant edges before", "integer"),
    Column("significant_within", "before, adjusted for site", "integer"),
    Column("significant_after", "after", "integer"),
    Column("nominal_before", "Share p < 0.05 before", "number", where="file"),
    Column("nominal_within", "before, adjusted for site: share", "number", where="file"),
    Column("nominal_after", "after: share", "number", where="file"),
    Column("map_correlation", "Map after: r with before", "number"),
    Column("map_correlation_within", "r with adjusted for site", "number"),
)
_PREDICTION_COLUMNS = (
    Column("site", "Site"),
    Column("n", "Subjects", "integer"),
    Column("before", "Accuracy before", "number"),
    Column("after", "Accuracy after", "number"),
    Column("apart", "after, in subjects new to harmonisation", "number"),
)


_STATES = ("before", "after", "apart")


def site_rows(result: Harmonisation) -> list[Row]:
    combat, counts = result.combat, result.sites.counts
    rows: list[Row] = []
    learned = result.sites.of(np.flatnonzero(result.learned)).counts
    units = np.where(combat.sd > 0, combat.sd, 1)
    for site in np.flatnonzero(counts).tolist():
        shift, ratio = combat.shift[site], np.sqrt(combat.scale[site])
        known, scaled = np.isfinite(shift), ratio[np.isfinite(ratio)]
        low, middle, high = np.quantile(scaled, [0.05, 0.5, 0.95]) if scaled.size else (np.nan,) * 3
        rows.append(
            {
                "site": result.sites.names[site],
                "n": int(counts[site]),
                "n_learned": int(learned[site]),
                "mean_before": finite(result.means[0, site]),
                "mean_after": finite(result.means[1, site]),
                "mean_shift": finite((shift * units)[known].mean()) if known.any() else None,
                "typical_shift": finite(np.median(np.abs(shift[known]))) if known.any() else None,
                "typical_scale": finite(middle),
                "scale_low": finite(low),
                "scale_high": finite(high),
                "n_flat": int(combat.flat[site].sum()),
            }
        )
    return rows


def preserved_row(one: PreservedCovariate) -> Row:
    return {
        "name": one.name,
        "share_of_site": finite(one.share_of_site),
        **{
            f"significant_{state}": int(effect.significant.sum())
            for state, effect in (("before", one.before), ("within", one.within), ("after", one.after))
        },
        **{
            f"nominal_{state}": effect.share_nominal
            for state, effect in (("before", one.before), ("within", one.within), ("after", one.after))
        },
        "map_correlation": _alike(one.before.value, one.after.value),
        "map_correlation_within": _alike(one.within.value, one.after.value),
    }


def _alike(first: FloatArray, second: FloatArray) -> float | None:
    both = np.isfinite(first) & np.isfinite(second)
    if np.count_nonzero(both) < 3 or np.ptp(first[both]) == 0 or np.ptp(second[both]) == 0:
        return None
    return float(np.corrcoef(first[both], second[both])[0, 1])


def prediction_rows(prediction: SitePredictions | None) -> list[Row]:
    if prediction is None:
        return []
    before, after, apart = prediction.before, prediction.after, prediction.apart
    if before is None or after is None or apart is None:
        return []
    correct = (before.n_right, after.n_right, apart.n_right)
    rows: list[Row] = [
        {"site": name, "n": int(n), "before": float(old / n), "after": float(new / n), "apart": float(newest / n)}
        for name, n, old, new, newest in zip(before.names, before.n, *correct, strict=True)
    ]
    rows.append(
        {
            "site": "Balanced accuracy",
            "n": int(before.n.sum()),
            "before": before.balanced_accuracy,
            "after": after.balanced_accuracy,
            "apart": apart.balanced_accuracy,
        }
    )
    rows.append({"site": "Chance level", "n": int(before.n.sum()), **dict.fromkeys(_STATES, before.chance)})
    return rows


def harmonisation_views(
    cohort: Cohort,
    result: Harmonisation,
    sites: list[Row],
    preserved: list[Row],
    predictions: list[Row],
) -> list[View]:
    site = result.model.site.name
    views: list[View] = [
        *site_maps(cohort, result),
        TableView("sites", f"Estimates for each {site}", _SITE_COLUMNS, tuple(sites)),
    ]
    if predictions:
        title = f"Accuracy of predicting the {site} of left-out subjects"
        views.append(TableView("prediction", title, _PREDICTION_COLUMNS, tuple(predictions)))
    if preserved:
        views.append(TableView("preserved", "What is preserved", _PRESERVED_COLUMNS, tuple(preserved)))
    before, after = (percent(mean_defined(one.value)) for one in (result.before, result.after))
    views.append(
        FigureView(
            "effects",
            f"Variance of edges explained by {site}",
            f"Histograms of {statistic_of(result)} of {site} over edges, before (mean "
            f"{before}) and after (mean {after}).",
        )
    )
    return views


def site_maps(cohort: Cohort, result: Harmonisation) -> list[MatrixView]:
    """Return the maps of the site's effect before and after, on one colour scale."""
    site = result.model.site.name
    limit = max(scale_limit(result.before.value), scale_limit(result.after.value))
    observed = what(cohort, result.sample.measure, result.sample.task, result.sample.session, result.sample.run)
    whose = "" if result.model.group is None else f" ({groups.describe(result.model.group)})"
    maps = []
    for state, effect in (("before", result.before), ("after", result.after)):
        how = "" if state == "before" else f"; {result.model.method_name}, {preserved_in_words(result.model.preserved)}"
        n = int(effect.significant.sum())
        note = (
            f"{counted(result.sample.n_subjects, 'subject')}{whose}, one observation each{how}\n"
            f"{n:,} of {counted(effect.n_tests, 'edge')} significant (Bonferroni, alpha {ALPHA:g})"
        )
        maps.append(
            MatrixView(
                f"eta_squared_{state}",
                f"{site} and {observed}, {state} harmonisation",
                statistic_of(result),
                f"eta_squared_{state}",
                "sequential",
                limit,
                f"significant_{state}",
                note=note,
            )
        )
    return maps
