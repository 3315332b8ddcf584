"""Edge association: which connections vary with a phenotype."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np

from imagenomer import groups
from imagenomer.analyses import (
    Analysis,
    Choice,
    Column,
    FigureView,
    Flag,
    GroupChoice,
    LevelChoice,
    MatrixView,
    MeasureChoice,
    Number,
    PhenotypeChoice,
    PointsView,
    Report,
    TableView,
    TaskChoice,
)
from imagenomer.analyses._sample import Sample, counted, draw_sample, listed, parcellation_of, what
from imagenomer.cohort import Cohort, Observations, Phenotype
from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError
from imagenomer.figures.pixels import default_colormap, scale_limit
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import Method, adjust_neg_log10, n_tests, p_threshold, rejected
from imagenomer.statistics.correlation import (
    ColumnMoments,
    Correlation,
    Kind,
    average_ranks,
    column_moments,
    correlate,
    correlate_fast,
    edges_to_recheck,
    fisher_interval,
)
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The table holds this many of the strongest edges, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 300
#: Levels that mean "yes", in any case; the others are compared with it.
_AFFIRMATIVE = ("yes", "y", "true", "1", "case", "patient", "positive")
#: Fewer subjects than this at a level, and its p-values lean on assumptions that so few cannot bear out.
_FEW = 10
_RANKED_AT_ONCE = 512
_N_BINS = 20

_STATISTIC = {"pearson": "Pearson's r", "spearman": "Spearman's rho"}
_CORRECTION = {
    "bonferroni": "Bonferroni",
    "holm": "Holm",
    "bh": "Benjamini-Hochberg",
    "by": "Benjamini-Yekutieli",
}
_CONTROLS = {
    "bonferroni": "family-wise error",
    "holm": "family-wise error",
    "bh": "false discovery rate",
    "by": "false discovery rate",
}


@dataclass(frozen=True, slots=True)
class Params:
    phenotype: Annotated[str, PhenotypeChoice()]
    level: Annotated[str | None, LevelChoice(of="phenotype")] = field(
        default=None, metadata={"help": "Compared with all other levels."}
    )
    measure: Annotated[str | None, MeasureChoice()] = None
    task: Annotated[str | None, TaskChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None
    method: Annotated[str, Choice((("pearson", "Pearson"), ("spearman", "Spearman")))] = "pearson"
    correction: Annotated[str, Choice(tuple(_CORRECTION.items()))] = "bonferroni"
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = 0.05
    fisher_z: Annotated[bool, Flag()] = field(
        default=False,
        metadata={"label": "Fisher z", "help": "Correlate arctanh of the connectivity instead of connectivity."},
    )


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Correlation of every edge with a phenotype.

    Attributes
    ----------
    sample : Sample
    level : str or None
        The level that was coded 1, where the phenotype is a category.
    target : ndarray, shape (n_subjects,)
        The phenotype of each row of the sample.
    correlation : Correlation
        Exact for the edges in ``strongest`` and for all whose verdict is close, else to 5e-6 in r.
    neg_log10_p_adjusted : ndarray, shape (n_edges,)
    significant : ndarray of bool, shape (n_edges,)
    strongest : ndarray, shape (n_listed,)
        Edges to list, largest ``|r|`` first.
    """

    sample: Sample
    level: str | None
    target: FloatArray
    correlation: Correlation
    neg_log10_p_adjusted: FloatArray
    significant: BoolArray
    strongest: IntArray


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Association]:
    phenotype = cohort.phenotype(params.phenotype)
    level = _level(phenotype, params.level)
    values = phenotype.values.astype(np.float64) if level is None else phenotype.indicator(level)
    yield Progress("Choosing subjects")
    sample = draw_sample(
        cohort,
        measure=params.measure,
        task=params.task,
        group=params.group,
        fisher_z=params.fisher_z,
        missing={phenotype.name: phenotype.missing},
        at_least=3,
    )
    target = values[sample.subjects]
    _require_variation(phenotype, level, target)
    kind, correction = cast("Kind", params.method), cast("Method", params.correction)

    if kind == "pearson":
        features = sample.observations.values
        moments = yield from _moments(sample.observations, sample.rows)
        fast = correlate_fast(features, target, moments)
    else:
        features, moments = yield from _ranks(cohort, sample)
        fast = correlate_fast(features, average_ranks(target[:, None])[:, 0], moments)
        # Where an edge has missing values, the phenotype must be ranked anew among those who have one.
        incomplete = np.flatnonzero(moments.n_subjects < sample.n_subjects)
        fast = fast.replace(incomplete, correlate(_observed(cohort, sample, incomplete), target, kind))
    yield Progress("Checking the strongest connections")
    n_listed = int(np.count_nonzero(rejected(fast.neg_log10_p, correction, params.alpha)))
    n_listed = min(max(n_listed, _FEWEST_LISTED), _MOST_LISTED)
    recheck = edges_to_recheck(fast, correction, params.alpha, n_listed)
    exact = correlate(_observed(cohort, sample, recheck), target, kind)
    correlation = fast.replace(recheck, exact)

    strength = np.nan_to_num(np.abs(correlation.r), nan=-1.0)
    n_listed = min(n_listed, n_tests(correlation.r))
    candidates = np.sort(np.argpartition(-strength, n_listed - 1)[:n_listed]) if n_listed else np.zeros(0, np.intp)
    return Association(
        sample,
        level,
        target,
        correlation,
        adjust_neg_log10(correlation.neg_log10_p, correction),
        rejected(correlation.neg_log10_p, correction, params.alpha),
        candidates[np.argsort(-strength[candidates], kind="stable")],
    )


def _level(phenotype: Phenotype, level: str | None) -> str | None:
    """Return the level to code 1: the one asked for, else the affirmative or last of two; None for a number."""
    if phenotype.kind == "number":
        if level is not None:
            raise InputError(f"{phenotype.name} is a number and has no level {level!r}; leave the level out")
        return None
    if level is not None:
        phenotype.indicator(level)  # refuses a level that is not there
        return level
    if len(phenotype.levels) > 2:
        raise InputError(f"{phenotype.name} has more than two levels; choose one of {', '.join(phenotype.levels)}")
    yes = [name for name in phenotype.levels if name.lower() in _AFFIRMATIVE]
    return yes[0] if yes else phenotype.levels[-1]


def _require_variation(phenotype: Phenotype, level: str | None, target: FloatArray) -> None:
    if np.ptp(target) == 0:
        value = f"{target[0]:g}" if level is None else (level if target[0] else f"other than {level}")
        raise InputError(
            f"{phenotype.name} is {value} in all {target.size} subjects, so nothing can vary with it; "
            "choose another phenotype or a larger group"
        )


def _moments(observations: Observations, rows: IntArray) -> Steps[ColumnMoments]:
    """Return the moments of these rows, from the cache the second time."""
    key = ("moments", rows.tobytes())
    if key not in observations.cache:
        yield Progress("Summarising connections")
        _keep(observations, "moments", key, column_moments(observations.values, rows), most=4)
    return cast("ColumnMoments", observations.cache[key])


def _ranks(cohort: Cohort, sample: Sample) -> Steps[tuple[Float32Array, ColumnMoments]]:
    """Return the ranks of these rows and their moments, from the cache the second time."""
    key = ("ranks", sample.rows.tobytes())
    cache = sample.observations.cache
    if key not in cache:
        n_edges = sample.observations.values.shape[1]
        ranks = np.empty((sample.n_subjects, n_edges), dtype=np.float32)
        for start in range(0, n_edges, _RANKED_AT_ONCE):
            yield Progress("Ranking connections", start, n_edges)
            stop = min(start + _RANKED_AT_ONCE, n_edges)
            # From averages in float64: rounded to float32 some would tie or change places.
            ranks[:, start:stop] = average_ranks(_observed(cohort, sample, np.arange(start, stop)))
        moments = column_moments(ranks, np.arange(sample.n_subjects))
        _keep(sample.observations, "ranks", key, (ranks, moments), most=1)
    return cast("tuple[Float32Array, ColumnMoments]", cache[key])


def _keep(observations: Observations, what: str, key: tuple[str, bytes], value: object, most: int) -> None:
    """Cache a value, and forget the oldest of its kind beyond ``most``: ranks are as large as the data."""
    own = [other for other in observations.cache if isinstance(other, tuple) and other[0] == what]
    for old in own[: max(len(own) + 1 - most, 0)]:
        del observations.cache[old]
    observations.cache[key] = value


def _observed(cohort: Cohort, sample: Sample, edges: IntArray) -> FloatArray:
    """Return chosen edges of the sample in float64, shape (n_subjects, len(edges))."""
    if not sample.fisher_z and (sample.observations.n_scans == 1).all():
        # Nothing was averaged, so float32 holds the exact values.
        return sample.observations.values[:, edges][sample.rows].astype(np.float64)
    return cohort.observed_edges(sample.measure, sample.task, edges, fisher_z=sample.fisher_z)[sample.rows]


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Association) -> Report:
    correlation, sample = result.correlation, result.sample
    tested = n_tests(correlation.r)
    n_significant = int(np.count_nonzero(result.significant))
    below = int(np.count_nonzero(correlation.p_value < 0.05))
    n_incomplete = int(np.count_nonzero(correlation.n_subjects < sample.n_subjects))
    n_untested = correlation.r.size - tested
    top = _top(cohort, params, result)
    # Bonferroni's is fixed beforehand; the others' follow from what is significant, so without that there is none.
    has_threshold = tested and (params.correction == "bonferroni" or n_significant)
    correction = cast("Method", params.correction)
    threshold = p_threshold(correlation.neg_log10_p, correction, params.alpha) if has_threshold else None
    title, statistic = _title(cohort, params, result), _STATISTIC[params.method]
    return Report(
        numbers={
            "phenotype": params.phenotype,
            "level": result.level,
            "group": params.group,
            **sample.numbers,
            "dof": sample.n_subjects - 2,
            "method": params.method,
            "correction": params.correction,
            "alpha": params.alpha,
            "n_tests": tested,
            "n_significant": n_significant,
            "p_threshold": threshold,
            "n_nominal": below,
            "n_edges_incomplete": n_incomplete,
            "n_edges_untested": n_untested,
            "top": top,
        },
        sentences=(
            *sample.sentences,
            *_coding(cohort.phenotype(params.phenotype), result),
            f"{_STATISTIC[params.method]} of every edge with {_variable(params, result)}, "
            f"{sample.n_subjects - 2} degrees of freedom; no covariate is adjusted for.",
            f"{n_significant:,} of {counted(tested, 'edge')} significant: {_CORRECTION[params.correction]}, "
            f"{_CONTROLS[params.correction]} {params.alpha:g}"
            + ("." if threshold is None else f", p at or below {threshold:.3g}."),
            *_about_edges(n_incomplete, n_untested),
            f"{below:,} edges ({100 * below / max(tested, 1):.1f} %) have an uncorrected p below 0.05; without any "
            "association 5 % are expected on average, but since edges go together that share varies widely.",
            f"The table lists the {len(top):,} strongest edges; chosen for their strength, their r and its interval "
            "overstate it.",
        ),
        warnings=tuple(_warnings(params, result, tested)),
        views=(
            MatrixView(
                "r",
                title,
                statistic,
                "r",
                "diverging",
                marked="significant",
                detail=True,
                note=_note(params, result),
            ),
            MatrixView(
                "neg_log10_p",
                f"{title}: significance",
                "−log10 p, uncorrected",
                "neg_log10_p",
                "sequential",
                limit=scale_limit(correlation.neg_log10_p),
                marked="significant",
                detail=True,
                note=_note(params, result),
            ),
            TableView("top", "Strongest edges", _columns(params.method), tuple(_rows(top))),
            FigureView(
                "p_values",
                "Are there more small p-values than chance gives?",
                f"Histogram of the p-values of {counted(tested, 'edge')}: {below:,} are below 0.05, where "
                f"{0.05 * tested:,.0f} are expected without any association.",
            ),
        ),
        arrays={"r": correlation.r, "neg_log10_p": correlation.neg_log10_p, "significant": result.significant},
    )


def _variable(params: Params, result: Association) -> str:
    return params.phenotype if result.level is None else f"{params.phenotype} = {result.level}"


def _title(cohort: Cohort, params: Params, result: Association) -> str:
    return f"{_variable(params, result)} and {what(cohort, result.sample.measure, result.sample.task)}"


def _note(params: Params, result: Association) -> str:
    """What every figure of this result says below it."""
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    return (
        f"{counted(result.sample.n_subjects, 'subject')}{whose}, one observation each\n"
        f"{np.count_nonzero(result.significant):,} of {counted(n_tests(result.correlation.r), 'edge')} significant "
        f"({_CORRECTION[params.correction]}, alpha {params.alpha:g})"
    )


def _coding(phenotype: Phenotype, result: Association) -> list[str]:
    """Say how a category became a number."""
    if result.level is None:
        return []
    others = [level for level in phenotype.levels if level != result.level]
    n = int(np.count_nonzero(result.target))
    return [
        f"{phenotype.name} is coded 1 for {result.level} ({counted(n, 'subject')}) and 0 for "
        f"{listed(others)} ({counted(result.target.size - n, 'subject')})."
    ]


def _about_edges(n_incomplete: int, n_untested: int) -> list[str]:
    said = []
    if n_incomplete:
        said.append(
            f"{counted(n_incomplete, 'edge')} with missing values: each is correlated over the subjects who have it, "
            "with their number as degrees of freedom + 2."
        )
    if n_untested:
        said.append(f"{counted(n_untested, 'edge')} not tested, for want of variation or of three values.")
    return said


def _warnings(params: Params, result: Association, tested: int) -> list[str]:
    said = []
    if not tested:
        said.append("No edge varies among these subjects, so none could be tested.")
    if result.level is not None:
        n = int(np.count_nonzero(result.target))
        fewer = min(n, result.target.size - n)
        if fewer < _FEW:
            side = result.level if n == fewer else f"not {result.level}"
            said.append(
                f"Only {counted(fewer, 'subject is', 'subjects are')} {side}: p-values then lean on every edge being "
                "normally distributed."
            )
    elif result.target.size < _FEW:
        said.append(f"Only {result.target.size} subjects: p-values then lean on every edge being normally distributed.")
    if params.method == "spearman" and result.target.size <= _FEW:
        said.append("The p-values of Spearman's rho are approximate with so few subjects.")
    return said


def _top(cohort: Cohort, params: Params, result: Association) -> list[dict[str, Json]]:
    """Describe the strongest edges, with 0-based file indices."""
    edges, correlation, parcellation = result.strongest, result.correlation, parcellation_of(cohort)
    r, n_subjects = correlation.r[edges], correlation.n_subjects[edges]
    low, high = fisher_interval(r, n_subjects, kind=cast("Kind", params.method))
    places = [_coordinates(place) for place in parcellation.coordinates.tolist()]
    parcels = [each.tolist() for each in edge_parcels(edges, parcellation.n_parcels)]
    columns = {
        "edge": edges.tolist(),
        "parcel_a": parcels[0],
        "parcel_b": parcels[1],
        **{
            f"{name}_{side}": [values[parcel] for parcel in own]
            for name, values in (
                ("label", parcellation.labels),
                ("network", parcellation.networks),
                ("coordinates", places),
            )
            for side, own in zip("ab", parcels, strict=True)
        },
        "r": r.tolist(),
        "ci_lower": _finite_or_none(low),
        "ci_upper": _finite_or_none(high),
        "n_subjects": n_subjects.tolist(),
        "p_value": correlation.p_value[edges].tolist(),
        "neg_log10_p": _finite_or_none(correlation.neg_log10_p[edges]),
        "p_adjusted": (10 ** -result.neg_log10_p_adjusted[edges]).tolist(),
        "significant": result.significant[edges].tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _columns(method: str) -> tuple[Column, ...]:
    return (
        Column("edge", "Edge", "integer", where="file"),
        Column("label_a", "Parcel", where="file"),
        Column("label_b", "Parcel", where="file"),
        Column("network_a", "Network", where="file"),
        Column("network_b", "Network", where="file"),
        Column("labels", "Parcels", where="page", sort="parcel_a"),
        Column("networks", "Networks", where="page"),
        Column("mni", "MNI (mm)", where="page"),
        Column("r", _STATISTIC[method], "number"),
        Column("ci", "95 % CI", where="page", sort="ci_lower"),
        Column("ci_lower", "95 % CI from", "number", where="file"),
        Column("ci_upper", "to", "number", where="file"),
        Column("p_value", "p", "p"),
        Column("p_adjusted", "p adjusted", "p"),
        Column("neg_log10_p", "−log10 p", "number", where="file"),
        Column("n_subjects", "Subjects", "integer"),
        Column("parcel_a", "File index", "integer", where="file"),
        Column("parcel_b", "File index", "integer", where="file"),
        Column("mni_a", "MNI (mm)", where="file"),
        Column("mni_b", "MNI (mm)", where="file"),
    )


def _rows(top: list[dict[str, Json]]) -> list[dict[str, Json]]:
    rows = []
    for row in top:
        mni = [_millimetres(row["coordinates_a"]), _millimetres(row["coordinates_b"])]
        low, high = row["ci_lower"], row["ci_upper"]
        rows.append(
            {
                **row,
                "mni_a": mni[0],
                "mni_b": mni[1],
                "labels": f"{row['label_a']}\n{row['label_b']}",
                "networks": f"{row['network_a']}\n{row['network_b']}".strip(),
                "mni": "\n".join(mni).strip().replace("-", "−"),
                "ci": None if low is None or high is None else f"{_signed(low, 3)} to\n{_signed(high, 3)}",
            }
        )
    return rows


def _coordinates(place: list[float]) -> list[float] | None:
    return None if any(np.isnan(place)) else place


def _millimetres(place: list[float] | None) -> str:
    return "" if place is None else " ".join(f"{value:.0f}" for value in place)


def _finite_or_none(values: FloatArray) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


# --- one edge ------------------------------------------------------------------------------------


def detail(
    cohort: Cohort, params: Params, result: Association, edge: int, colour_by: tuple[tuple[str, str, str], ...]
) -> PointsView:
    shown = _detail(cohort, params, result, edge, colour_by)
    return PointsView(
        name="edge",
        title=shown.title,
        x_label=shown.x_label,
        y_label=shown.y_label,
        series=tuple(
            {
                "name": name,
                "colour": colour,
                "x": shown.x[own].tolist(),
                "y": shown.y[own].tolist(),
                "subjects": [cohort.subjects[index] for index in shown.subjects[own]],
            }
            for name, colour, own in shown.series
        ),
        line=shown.line,
        caption=shown.caption,
        x_ticks=shown.x_ticks,
    )


def draw_detail(
    cohort: Cohort,
    params: Params,
    result: Association,
    edge: int,
    colour_by: tuple[tuple[str, str, str], ...],
    theme: Literal["light", "dark"],
) -> Figure:
    from imagenomer.figures.chart import Points, points_figure, with_n

    shown = _detail(cohort, params, result, edge, colour_by)
    return points_figure(
        [
            Points(with_n(name, int(np.count_nonzero(own))), colour, shown.x[own], shown.y[own])
            for name, colour, own in shown.series
        ],
        title=shown.title,
        x_label=shown.x_label,
        y_label=shown.y_label,
        line=shown.line,
        x_ticks=shown.x_ticks,
        note=shown.caption,
        theme=theme,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Detail:
    """One edge against the phenotype: a point a subject who has both."""

    title: str
    x_label: str
    y_label: str
    caption: str
    x: FloatArray
    y: FloatArray
    subjects: IntArray
    series: list[tuple[str, str, BoolArray]]
    line: tuple[float, float, float, float] | None
    x_ticks: tuple[tuple[float, str], ...]


def _detail(
    cohort: Cohort, params: Params, result: Association, edge: int, colour_by: tuple[tuple[str, str, str], ...]
) -> _Detail:
    sample, parcellation = result.sample, parcellation_of(cohort)
    if not 0 <= edge < result.correlation.r.size:
        raise InputError(f"no edge {edge}; there are {result.correlation.r.size:,}, counted from 0")
    phenotype = cohort.phenotype(params.phenotype)
    column = _observed(cohort, sample, np.array([edge]))
    exact = correlate(column, result.target, cast("Kind", params.method))
    complete = np.isfinite(column[:, 0])
    y, target, subjects = column[complete, 0], result.target[complete], sample.subjects[complete]
    a, b = (int(parcel) for parcel in edge_parcels(edge, parcellation.n_parcels))
    line: tuple[float, float, float, float] | None = None
    if params.method == "pearson" and np.isfinite(exact.r[0]):
        slope = float(exact.r[0] * np.std(y) / np.std(target))
        ends = float(target.min()), float(target.max())
        line = (
            ends[0],
            float(y.mean()) + slope * (ends[0] - float(target.mean())),
            ends[1],
            float(y.mean()) + slope * (ends[1] - float(target.mean())),
        )
    x_ticks: tuple[tuple[float, str], ...] = ()
    x, x_label = target, phenotype.name + (f" ({phenotype.units})" if phenotype.units else "")
    if result.level is not None:
        others = [level for level in phenotype.levels if level != result.level]
        x_ticks = ((0.0, others[0] if len(others) == 1 else f"not {result.level}"), (1.0, result.level))
        x = target + _jitter(target, y)
    observed = what(cohort, sample.measure, sample.task)
    series, shared = _series(cohort, subjects, colour_by)
    return _Detail(
        title=f"{_parcel(parcellation.labels[a], parcellation.networks[a])} – "
        f"{_parcel(parcellation.labels[b], parcellation.networks[b])}",
        x_label=x_label,
        y_label=f"Fisher z of {observed}" if sample.fisher_z else observed,
        caption=" ".join([_caption(params, result, edge, exact), *shared]),
        x=x,
        y=y,
        subjects=subjects,
        series=series,
        line=line,
        x_ticks=x_ticks,
    )


def _parcel(label: str, network: str) -> str:
    return f"{label} ({network})" if network else label


def _caption(params: Params, result: Association, edge: int, exact: Correlation) -> str:
    r, n = float(exact.r[0]), int(exact.n_subjects[0])
    symbol = "r" if params.method == "pearson" else "rho"
    if not np.isfinite(r):
        return f"{symbol} is not defined: edge {edge} does not vary among {counted(n, 'subject')}."
    low, high = fisher_interval(r, n, kind=cast("Kind", params.method))
    interval = f" (95 % CI {_signed(low, 3)} to {_signed(high, 3)})" if np.isfinite(low) else ""
    adjusted = 10 ** -float(result.neg_log10_p_adjusted[edge])
    p = f"p = {exact.p_value[0]:.3g}" if exact.p_value[0] > 0 else f"−log10 p = {exact.neg_log10_p[0]:.1f}"
    return (
        f"{symbol} = {_signed(r, 4)}{interval}, {p}, adjusted ({_CORRECTION[params.correction]}) {adjusted:.3g}; "
        f"{counted(n, 'subject')}."
    )


def _signed(value: float | FloatArray, digits: int) -> str:
    return f"{float(value):.{digits}f}".replace("-", "−")


def _series(
    cohort: Cohort, subjects: IntArray, colour_by: tuple[tuple[str, str, str], ...]
) -> tuple[list[tuple[str, str, BoolArray]], list[str]]:
    """Return name, colour and members of each series, and what to say of subjects who are in several groups.

    Everybody is drawn once, in the colour of their first group.
    """
    from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR

    left = np.ones(subjects.size, dtype=bool)
    series, shared = [], []
    for name, expression, colour in colour_by:
        members = groups.select(cohort, expression).included[subjects]
        own = members & left
        left &= ~own
        if own.any():
            series.append((name, colour, own))
        n, n_elsewhere = int(members.sum()), int((members & ~own).sum())
        if n_elsewhere:
            shared.append(f"{n_elsewhere:,} of {n:,} in {name} are drawn in the colour of an earlier group.")
    if not colour_by:
        return [("Subjects", GROUP_COLOURS[0], left)], shared
    if left.any():
        series.append(("Others", OTHERS_COLOUR, left))
    return series, shared


def _jitter(level: FloatArray, y: FloatArray) -> FloatArray:
    """Spread the points of each level sideways, the same way every time, neighbours in ``y`` far apart."""
    golden = (np.sqrt(5) - 1) / 2
    offset = np.empty_like(y)
    for value in np.unique(level):
        own = np.flatnonzero(level == value)
        offset[own[np.argsort(y[own], kind="stable")]] = 0.3 * ((np.arange(own.size) * golden) % 1 - 0.5)
    return offset


# --- drawing -------------------------------------------------------------------------------------


def draw(cohort: Cohort, params: Params, result: Association, theme: Literal["light", "dark"]) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import Counts, histogram_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.matrix import matrix_figure
    from imagenomer.figures.palette import GROUP_COLOURS

    correlation, parcellation = result.correlation, parcellation_of(cohort)
    tested = n_tests(correlation.r)
    title, statistic = _title(cohort, params, result), _STATISTIC[params.method]
    note = _note(params, result)
    counts, bins = np.histogram(correlation.p_value[~np.isnan(correlation.p_value)], _N_BINS, (0, 1))
    return Drawings(
        {
            "r": lambda: matrix_figure(
                correlation.r,
                parcellation,
                title=title,
                label=f"{statistic} (Fisher z)" if params.fisher_z else statistic,
                colormap=default_colormap("diverging"),
                limit=scale_limit(correlation.r),
                note=note,
                theme=theme,
            ),
            "neg_log10_p": lambda: matrix_figure(
                correlation.neg_log10_p,
                parcellation,
                title=f"{title}: significance",
                label="−log10 p, uncorrected",
                colormap=default_colormap("sequential"),
                limit=scale_limit(correlation.neg_log10_p),
                note=note,
                theme=theme,
            ),
            "p_values": lambda: histogram_figure(
                [Counts("Edges", GROUP_COLOURS[0], counts)],
                bins,
                title=title,
                x_label=f"Uncorrected p of {statistic}",
                y_label="Edges",
                expected=tested / _N_BINS,
                expected_label="without any association, on average",
                note=note,
                theme=theme,
            ),
        }
    )


ANALYSIS = Analysis(
    title="Edge association",
    summary="Which connections vary with a phenotype.",
    tab="Associations",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    detail=detail,
    draw_detail=draw_detail,
)
