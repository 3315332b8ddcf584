"""Outlying scans: outliers among the scans of a task by mean, similarity and distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.connectivity.scans import Scans, in_order, scan_name
from imagenomer.analyses.contract import Column, Finding, Methods, PointSeries, PointsView, TableView
from imagenomer.analyses.shared.edge_points import jitter
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.scan_products import distance_from_others, limits, similarity_to_others
from imagenomer.types import BoolArray, FloatArray, IntArray, Json, Row

#: Fewer scans of a task than this have no reliable quartiles.
_FEWEST_SCANS = 10
#: Scans for each principal component, at least.
_SCANS_PER_COMPONENT = 5
#: Flagged scans named in a sentence, at most; the table has all.
_NAMED = 10
_FLAGGED_COLOUR = "#e5484d"


@dataclass(frozen=True, slots=True, eq=False)
class Outliers:
    """How each scan compares with the others of its task.

    Attributes
    ----------
    mean, similarity, distance : ndarray, shape (n_scans,)
        Mean connectivity; correlation with the mean of other subjects' scans; Mahalanobis distance from the others in
        the space of the first components. NaN where a task has too few scans.
    high, low, unlike, far : ndarray of bool, shape (n_scans,)
        Which of the rules flag it.
    n_components : dict of str to int
        Components used, by task.
    explained : dict of str to float
        Share of the variance between scans that these explain, by task.
    limits : dict of str to (lower mean, upper mean, lower similarity, upper distance)
    factor : float
    most_components : int
        Maximum requested.
    """

    mean: FloatArray
    similarity: FloatArray
    distance: FloatArray
    high: BoolArray
    low: BoolArray
    unlike: BoolArray
    far: BoolArray
    n_components: dict[str, int]
    explained: dict[str, float]
    limits: dict[str, tuple[float, float, float, float]]
    factor: float
    most_components: int

    @property
    def rules(self) -> tuple[tuple[str, str, BoolArray], ...]:
        """Of each rule what it says of one scan, what of several, and which scans it flags."""
        return (
            ("low mean", "with a low mean", self.low),
            ("high mean", "with a high mean", self.high),
            ("unlike the others", "unlike the others", self.unlike),
            ("far from the others", "far from the others", self.far),
        )

    @property
    def flagged(self) -> IntArray:
        """The scans that a rule flags, shape (n_flagged,)."""
        return np.flatnonzero(self.high | self.low | self.unlike | self.far)


def find_outliers(scans: Scans, factor: float, most_components: int) -> Steps[Outliers]:
    """Compare each scan with the others of its task."""
    n = scans.rows.size
    mean, similarity, distance = scans.products.mean, np.full(n, np.nan), np.full(n, np.nan)
    high, low, unlike, far = (np.zeros(n, dtype=bool) for _ in range(4))
    n_components, explained, bounds = {}, {}, {}
    for task, name in enumerate(scans.task_names):
        members = np.flatnonzero(scans.tasks == task)
        if members.size < _FEWEST_SCANS:
            continue
        yield Progress("Looking for outlying scans", task, len(scans.task_names))
        k = max(1, min(most_components, members.size // _SCANS_PER_COMPONENT))
        similarity[members] = yield from similarity_to_others(scans.products, members, scans.subjects)
        yield Progress("Looking for outlying scans", task, len(scans.task_names))
        distance[members], share = yield from distance_from_others(scans.products, members, k)
        lowest, highest = limits(mean[members], factor)
        # Correlations and distances are skew; arctanh and the logarithm make their quartiles comparable.
        with np.errstate(divide="ignore", invalid="ignore"):
            lowest_similarity = np.tanh(limits(np.arctanh(similarity[members]), factor)[0])
            farthest = 10 ** limits(np.log10(distance[members]), factor)[1]
        low[members], high[members] = mean[members] < lowest, mean[members] > highest
        unlike[members], far[members] = similarity[members] < lowest_similarity, distance[members] > farthest
        n_components[name], explained[name] = int(share.size), float(share.sum())
        bounds[name] = (lowest, highest, float(lowest_similarity), float(farthest))
    return Outliers(
        mean, similarity, distance, high, low, unlike, far, n_components, explained, bounds, factor, most_components
    )


def outlier_sentences(cohort: Cohort, scans: Scans, found: Outliers) -> list[str]:
    """Say by which rules scans are flagged, and how many are."""
    few = [name for name in scans.task_names if name not in found.limits]
    said = []
    if few:
        said.append(f"Too few scans to detect outliers (at least {_FEWEST_SCANS}): {listed(few)}.")
    if not found.limits:
        return said
    components = listed(
        f"{n} of {name} ({100 * found.explained[name]:.0f} %)" for name, n in found.n_components.items()
    )
    said.append(
        "A scan is compared with the other scans of its task in three ways: by its mean over edges; by its correlation "
        "with the mean of other subjects' scans; and by its Mahalanobis distance in the space of the first principal "
        "components, with mean and covariance of all scans but itself. Components, and what they explain of the "
        f"variance between scans: {components}."
    )
    by_rule = ", ".join(f"{int(scans_flagged.sum()):,} {of_several}" for _, of_several, scans_flagged in found.rules)
    n = int(found.flagged.size)
    said.append(
        f"{n:,} of {counted(found.mean.size, 'scan')} {'is' if n == 1 else 'are'} flagged, beyond the quartiles by "
        f"more than {found.factor:g} times their distance: {by_rule}. A flag is a reason to look at a scan, not to "
        "exclude it."
    )
    flat = [name for name, values in found.limits.items() if not all(np.isfinite(values))]
    if flat:
        said.append(f"Some quartiles are equal in {listed(flat)}, so that a rule flags nothing there.")
    if 0 < n <= _NAMED:
        names = in_order(cohort, scans, found.flagged.tolist())
        said.append(
            f"Flagged: {'; '.join(f'{scan_name(cohort, scans, one)} ({_rules(found, one)})' for one in names)}."
        )
    return said


def _rules(found: Outliers, scan: int) -> str:
    return ", ".join(of_one for of_one, _, flagged in found.rules if flagged[scan])


def outlier_verdict(scans: Scans, found: Outliers) -> list[Finding]:
    """Return how many scans are outliers, in a sentence."""
    n = int(found.flagged.size)
    if not found.limits:
        return []
    begun = f"{n:,} of {counted(scans.rows.size, 'scan')} {'is an outlier' if n == 1 else 'are outliers'}"
    return [Finding(f"{begun} among those of the same task.", "flagged" if n else "means")]


def outlier_methods(found: Outliers) -> Methods:
    """Say how scans were compared, as a methods section does."""
    return Methods(
        (
            "Each scan was compared with the others of its task by its mean connectivity, its correlation with the "
            "mean of other subjects' scans, and its Mahalanobis distance from the other scans in the space of the "
            f"first principal components (at most {found.most_components}; mean and covariance without the scan "
            f"itself). Scans beyond the quartiles by more than {found.factor:g} interquartile ranges were flagged, "
            "correlations after Fisher's z and distances on a logarithmic scale.",
        )
    )


def outlier_numbers(cohort: Cohort, scans: Scans, found: Outliers) -> dict[str, Json]:
    """Return the flagged scans as `Report.numbers` has them."""
    return {
        "n_scans_compared": int(scans.rows.size),
        "n_edges_compared": scans.products.n_edges,
        "n_flagged": int(found.flagged.size),
        "flagged": _flagged_rows(cohort, scans, found),
    }


def flagged_table(cohort: Cohort, scans: Scans, found: Outliers) -> list[TableView]:
    """Return the table of flagged scans; nothing where there is none."""
    rows = _flagged_rows(cohort, scans, found)
    columns = (
        Column("subject", "Subject", of_subjects=True),
        Column("task", "Task"),
        Column("session", "Session", where="everywhere" if any(row["session"] for row in rows) else "file"),
        Column("run", "Run", where="everywhere" if any(row["run"] for row in rows) else "file"),
        Column("mean", "Mean connectivity", "number"),
        Column("similarity", "Correlation with the others", "number"),
        Column("distance", "Distance from the others", "number"),
        Column("rules", "Flagged for"),
    )
    return [TableView("flagged", "Flagged scans", columns, tuple(rows))] if rows else []


def _flagged_rows(cohort: Cohort, scans: Scans, found: Outliers) -> list[Row]:
    rows: list[Row] = []
    for scan in in_order(cohort, scans, found.flagged.tolist()):
        own = cohort.scans[scans.rows[scan]]
        rows.append(
            {
                "subject": own.subject,
                "task": own.task,
                "session": own.session,
                "run": own.run,
                "mean": finite(found.mean[scan]),
                "similarity": finite(found.similarity[scan]),
                "distance": finite(found.distance[scan]),
                "rules": _rules(found, scan),
            }
        )
    return rows


def outlier_points(cohort: Cohort, scans: Scans, found: Outliers) -> list[PointsView]:
    """Return the scans as points: similarity and distance, and mean connectivity by task."""
    placed = np.flatnonzero(np.isfinite(found.similarity) & (found.distance > 0))
    views = []
    if placed.size:
        views.append(
            PointsView(
                name="outliers",
                title="Outlying scans, each compared with the others of its task",
                x_label="Correlation with the mean of the others",
                y_label="Distance from the others (log10)",
                series=_series(cohort, scans, found, placed, found.similarity, _log_distance(found)),
                caption="Top left is far from the others and unlike them.",
                what="Scan",
            )
        )
    everything = np.arange(found.mean.size)
    x = scans.tasks + jitter(scans.tasks.astype(np.float64), found.mean)
    views.append(
        PointsView(
            name="means",
            title="Mean connectivity of every scan",
            x_label="Task",
            y_label=f"Mean {scans.measure} over edges",
            series=_series(cohort, scans, found, everything, x, found.mean),
            x_ticks=tuple((float(place), name or "scan") for place, name in enumerate(scans.task_names)),
            levels=_levels(scans, found),
            what="Scan",
        )
    )
    return views


def _levels(scans: Scans, found: Outliers) -> tuple[tuple[float, str], ...]:
    """Return the limits of the mean, where there is one task and so one pair of them."""
    if len(scans.task_names) != 1 or not found.limits:
        return ()
    lower, upper, _, _ = found.limits[scans.task_names[0]]
    return tuple(
        (value, name) for value, name in ((lower, "lower limit"), (upper, "upper limit")) if np.isfinite(value)
    )


def _log_distance(found: Outliers) -> FloatArray:
    """Return the logarithm of the distances; an infinite one is put a little beyond the largest other."""
    with np.errstate(divide="ignore", invalid="ignore"):
        height = np.log10(found.distance)
    known = height[np.isfinite(height)]
    return np.where(np.isposinf(height), known.max(initial=0.0) + 0.3, height)


def _point_series(scans: Scans, found: Outliers, shown: IntArray) -> list[tuple[str, str, IntArray]]:
    """Return name, colour and scans of each series: one a task, and the flagged scans."""
    flagged = np.isin(shown, found.flagged)
    series = []
    for task, name in enumerate(scans.task_names):
        own = shown[(scans.tasks[shown] == task) & ~flagged]
        if own.size:
            series.append((name or "scans", GROUP_COLOURS[task % (len(GROUP_COLOURS) - 1)], own))
    if flagged.any():
        series.append(("flagged", _FLAGGED_COLOUR, shown[flagged]))
    return series


def _series(
    cohort: Cohort, scans: Scans, found: Outliers, shown: IntArray, x: FloatArray, y: FloatArray
) -> tuple[PointSeries, ...]:
    return tuple(
        PointSeries(
            name,
            colour,
            x[own].round(5).tolist(),
            y[own].round(5).tolist(),
            [scan_name(cohort, scans, scan) for scan in own.tolist()],
        )
        for name, colour, own in _point_series(scans, found, shown)
    )
