"""Edge association: which connections vary with a phenotype, adjusted for others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, cast

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    FigureView,
    Flag,
    Integer,
    MatrixView,
    Number,
    PhenotypeChoice,
    PhenotypesChoice,
    PointsView,
    Report,
    TableView,
    View,
)
from imagenomer.analyses.shared.edge_fits import (
    Fit,
    effect_of,
    features_of,
    fit_edges,
    fit_exactly,
    observed,
    observed_name,
    replaced,
    strongest,
)
from imagenomer.analyses.shared.edge_points import EdgePoints, Groups, edge_points, points_view
from imagenomer.analyses.shared.edge_table import (
    describe_edges,
    edge_columns,
    edge_rows,
    edge_title,
    finite_or_none,
    interval_text,
    signed,
)
from imagenomer.analyses.shared.inference import (
    BY_P,
    CORRECTIONS,
    PERMUTED,
    Plan,
    Verdict,
    about_permutations,
    decided,
    judge_by_p,
    judge_by_permutation,
    permutation_warnings,
    plan_of,
    statistic_of,
)
from imagenomer.analyses.shared.linear_model import (
    Asked,
    Model,
    adjustment_in_words,
    ancestry_covariates,
    ask,
    build_model,
    degrees_in_words,
    effect_key,
    missing_with,
    sentences_of,
    statistic_name,
    symbol_of,
    warnings_of,
)
from imagenomer.analyses.shared.sample import Sample, counted, sample_of
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.edges import edge_parcels
from imagenomer.errors import InputError
from imagenomer.figures.pixels import scale_limit
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import Method, n_tests
from imagenomer.statistics.correlation import Correlation, Kind, fisher_interval
from imagenomer.statistics.enhancement import EnhancedEdges
from imagenomer.statistics.network_statistic import NetworkBasedStatistic
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_N_BINS = 20
#: Components listed, the largest first.
_MOST_COMPONENTS = 100

#: Shown only where subjects are rearranged.
_WHEN_PERMUTED = {"section": "Permutations", "when": {"correction": tuple(PERMUTED)}}


@dataclass(frozen=True, slots=True)
class Params(Asked):
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"help": "Adjusted for; the result without them is shown beside."}
    )
    method: Annotated[str, Choice((("pearson", "Pearson"), ("spearman", "Spearman")))] = "pearson"
    correction: Annotated[
        str,
        Choice(
            (
                *BY_P.items(),
                ("max-t", "Permutation max-T"),
                ("nbs", "NBS: network-based"),
                ("tfce", "TFCE: threshold-free"),
            )
        ),
    ] = "bonferroni"
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = 0.05
    component_threshold: Annotated[float, Number(minimum=1e-9, maximum=100, step=0.001)] = field(
        default=0.001,
        metadata={
            "when": {"correction": ("nbs",)},
            "help": "Edges beyond it make components. Below 1 it is an uncorrected p, from 1 on it is |t| (or F).",
        },
    )
    permutations: Annotated[int, Integer(minimum=100, maximum=100_000, step=100)] = field(
        default=1000, metadata=_WHEN_PERMUTED | {"help": "1,000 to look, 5,000 or more to publish."}
    )
    seed: Annotated[int, Integer(minimum=0, maximum=2**31 - 1, step=1)] = field(
        default=1, metadata=_WHEN_PERMUTED | {"help": "The same seed gives the same result."}
    )
    blocks: Annotated[str | None, PhenotypeChoice("category")] = field(
        default=None,
        metadata=_WHEN_PERMUTED | {"help": "Subjects change places only within its levels: families, sites."},
    )
    fisher_z: Annotated[bool, Flag()] = field(
        default=False,
        metadata={"label": "Fisher z", "help": "Correlate arctanh of the connectivity instead of connectivity."},
    )


@dataclass(frozen=True, slots=True, eq=False)
class Unadjusted:
    """The same question to the same subjects without the covariates.

    Attributes
    ----------
    fit : Correlation or CategoryAssociation
        Exact for the edges that are listed.
    significant : ndarray of bool, shape (n_edges,), or None
        By the same correction or, where subjects are rearranged for max-T, by the p-value that it found; None for
        NBS and TFCE, which have no such rule.
    """

    fit: Fit
    significant: BoolArray | None


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """A linear model of every edge.

    Attributes
    ----------
    sample : Sample
    model : Model
    fit : Correlation or CategoryAssociation
        Exact for the edges in ``strongest`` and for all whose verdict is close, else to 5e-6 in r.
    verdict : Verdict
    strongest : ndarray, shape (n_listed,)
        Edges to list, strongest first.
    unadjusted : Unadjusted or None
        None where there are no covariates.
    plan : Plan
    ancestry : tuple of str
        How the components of ancestry among the covariates were computed.
    """

    sample: Sample
    model: Model
    fit: Fit
    verdict: Verdict
    strongest: IntArray
    unadjusted: Unadjusted | None
    plan: Plan
    ancestry: tuple[str, ...]


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[Association]:
    yield Progress("Choosing subjects")
    covariates, ancestry = yield from ancestry_covariates(cohort, params.ancestry_components)
    question = ask(cohort, params, covariates, ranked=params.method == "spearman")
    plan = plan_of(cohort, params.permutations, params.seed, params.blocks if params.correction in PERMUTED else None)
    sample = sample_of(
        cohort, params, fisher_z=params.fisher_z, missing=missing_with(question, plan.blocks), at_least=3
    )
    model = build_model(question, sample.subjects)
    features = yield from features_of(cohort, sample, ranked=question.ranked)
    by_p = cast("Method", params.correction if params.correction in BY_P else "bonferroni")
    fit = yield from fit_edges(cohort, sample, features, model, by_p, params.alpha)
    if params.correction in BY_P:
        verdict = judge_by_p(fit.neg_log10_p, params.correction, params.alpha)
    else:
        threshold = params.component_threshold
        verdict = yield from judge_by_permutation(
            cohort, features.values, features.rows, model, plan, params.correction, params.alpha, threshold
        )
    listed = strongest(fit, verdict.significant)
    exactly = observed(cohort, sample, listed)
    fit = replaced(fit, listed, fit_exactly(exactly, model))
    unadjusted = None
    if model.plain is not None:
        plain = model.without_covariates
        other = yield from fit_edges(cohort, sample, features, plain, by_p, params.alpha)
        other = replaced(other, listed, fit_exactly(exactly, plain))
        unadjusted = Unadjusted(other, _judged_alike(other, verdict, params))
    return Association(sample, model, fit, verdict, strongest(fit, verdict.significant), unadjusted, plan, ancestry)


def _judged_alike(unadjusted: Fit, verdict: Verdict, params: Params) -> BoolArray | None:
    if params.correction in BY_P:
        return judge_by_p(unadjusted.neg_log10_p, params.correction, params.alpha).significant
    if params.correction != "max-t":
        return None
    if verdict.p_threshold is None:
        return np.zeros(unadjusted.p_value.shape, dtype=bool)
    return np.asarray(unadjusted.neg_log10_p > -np.log10(verdict.p_threshold))


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Association) -> Report:
    fit, sample, model, verdict = result.fit, result.sample, result.model, result.verdict
    tested = n_tests(fit.p_value)
    below = int(np.count_nonzero(fit.p_value < 0.05))
    n_incomplete = int(np.count_nonzero(fit.n_subjects < sample.n_subjects))
    n_untested = fit.p_value.size - tested
    top = _top(cohort, params, result)
    return Report(
        numbers={
            "phenotype": params.phenotype,
            "level": model.level,
            "covariates": [one.name for one in model.question.covariates],
            "interaction": params.interaction,
            "group": params.group,
            **sample.numbers,
            "dof": model.dof,
            "dof_tested": model.n_tested,
            "method": params.method,
            "correction": params.correction,
            "alpha": params.alpha,
            **(result.plan.numbers if verdict.permuted is not None else {}),
            "n_tests": tested,
            "n_significant": int(np.count_nonzero(verdict.significant)),
            "p_threshold": verdict.p_threshold,
            "n_nominal": below,
            "n_edges_incomplete": n_incomplete,
            "n_edges_untested": n_untested,
            **_comparison(result),
            "top": top,
        },
        sentences=(
            *sample.sentences,
            *sentences_of(model),
            *result.ancestry,
            f"{statistic_name(model)} of every edge with {model.name}, {degrees_in_words(model)}; "
            f"{adjustment_in_words(model)}.",
            decided(verdict, model, params.correction, params.alpha, tested),
            *about_permutations(verdict, model, result.plan, params.alpha),
            *_compared(params, result),
            *_about_edges(n_incomplete, n_untested, verdict),
            f"{below:,} edges ({100 * below / max(tested, 1):.1f} %) have an uncorrected p below 0.05; without any "
            "association 5 % are expected on average, but since edges go together that share varies widely.",
            f"The table lists the {len(top):,} strongest edges; chosen for their strength, "
            + ("their r and its interval overstate it." if model.n_tested == 1 else "their η² overstates it."),
        ),
        warnings=tuple(_warnings(params, result, tested)),
        views=tuple(_views(cohort, params, result, top, tested, below)),
        arrays=_arrays(result),
    )


def _arrays(result: Association) -> dict[str, FloatArray | BoolArray | IntArray]:
    fit, verdict = result.fit, result.verdict
    effect = effect_of(fit)
    arrays: dict[str, FloatArray | BoolArray | IntArray] = {
        effect_key(result.model): effect,
        "neg_log10_p": fit.neg_log10_p,
        "significant": verdict.significant,
        "p_corrected": verdict.p_value,
    }
    if result.unadjusted is not None:
        other = effect_of(result.unadjusted.fit)
        arrays |= {"unadjusted": other, "difference": effect - other}
        if result.unadjusted.significant is not None:
            arrays["significant_unadjusted"] = result.unadjusted.significant
    permuted = verdict.permuted
    if permuted is not None:
        arrays |= {"statistic": permuted.statistic, "neg_log10_p_corrected": verdict.neg_log10_p}
    if isinstance(permuted, NetworkBasedStatistic):
        arrays |= {
            "component": permuted.component,
            "in_components": np.where(permuted.component >= 0, permuted.statistic, 0.0),
        }
    if isinstance(permuted, EnhancedEdges):
        arrays["tfce"] = np.where(np.isnan(permuted.statistic), np.nan, permuted.score)
    return arrays


def _views(
    cohort: Cohort, params: Params, result: Association, top: list[dict[str, Json]], tested: int, below: int
) -> list[View]:
    return [
        *_maps(cohort, params, result),
        TableView("top", "Strongest edges", _columns(result), tuple(_rows(top))),
        *_component_table(cohort, result),
        FigureView(
            "p_values",
            "Are there more small p-values than chance gives?",
            f"Histogram of the p-values of {counted(tested, 'edge')}: {below:,} are below 0.05, where "
            f"{0.05 * tested:,.0f} are expected without any association.",
        ),
    ]


def _maps(cohort: Cohort, params: Params, result: Association) -> list[MatrixView]:
    """Return the maps of a result; those of the effect share one colour scale."""
    model, verdict = result.model, result.verdict
    title, note = _title(cohort, params, result), _note(params, result)
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
    label = f"{statistic_name(model)} (Fisher z)" if params.fisher_z else statistic_name(model)
    maps = [view(effect_key(model), whole, label, scale, limit=limit)]
    if result.unadjusted is not None:
        unadjusted = model.without_covariates
        plain = view("unadjusted", f"{title}, unadjusted", statistic_name(unadjusted), scale, limit)
        marked = "" if result.unadjusted.significant is None else "significant_unadjusted"
        maps += [
            dataclasses.replace(plain, marked=marked, note=f"{_subjects(params, result)}; not adjusted"),
            view("difference", f"{title}, adjusted minus unadjusted", f"Difference of {symbol_of(model)}", "diverging"),
        ]
    limit = scale_limit(result.fit.neg_log10_p)
    maps.append(view("neg_log10_p", f"{title}: significance", "−log10 p, uncorrected", "sequential", limit=limit))
    permuted = verdict.permuted
    if isinstance(permuted, NetworkBasedStatistic):
        label = f"{'t' if model.n_tested == 1 else 'F'}, 0 outside components"
        maps.append(view("in_components", f"{title}: edges in components", label, scale))
    elif permuted is not None:
        most = float(-np.log10(result.plan.smallest_p))
        label = f"−log10 p, corrected ({CORRECTIONS[params.correction]})"
        maps.append(view("neg_log10_p_corrected", f"{title}: corrected", label, "sequential", limit=most))
    if isinstance(permuted, EnhancedEdges):
        maps.append(view("tfce", f"{title}: enhanced", "TFCE score", "sequential"))
    return maps


def _title(cohort: Cohort, params: Params, result: Association) -> str:
    return f"{result.model.name} and {observed_name(cohort, result.sample)}"


def _subjects(params: Params, result: Association) -> str:
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    return f"{counted(result.sample.n_subjects, 'subject')}{whose}, one observation each"


def _note(params: Params, result: Association) -> str:
    """What every figure of this result says below it."""
    adjusted = f"; adjusted for {result.model.adjusted_for}" if result.model.adjusted_for else ""
    permuted = "" if result.verdict.permuted is None else f", {result.plan.n_permutations:,} permutations"
    n = int(np.count_nonzero(result.verdict.significant))
    return (
        f"{_subjects(params, result)}{adjusted}\n"
        f"{n:,} of {counted(n_tests(result.fit.p_value), 'edge')} significant "
        f"({CORRECTIONS[params.correction]}, alpha {params.alpha:g}{permuted})"
    )


def _comparison(result: Association) -> dict[str, Json]:
    """Return what adjustment changed, as `Report.numbers` has it; nothing where nothing is adjusted for."""
    if result.unadjusted is None:
        return {}
    adjusted, unadjusted = effect_of(result.fit), effect_of(result.unadjusted.fit)
    both = np.isfinite(adjusted) & np.isfinite(unadjusted)
    varies = both.any() and np.ptp(adjusted[both]) > 0 and np.ptp(unadjusted[both]) > 0
    numbers: dict[str, Json] = {
        "spatial_correlation": float(np.corrcoef(adjusted[both], unadjusted[both])[0, 1]) if varies else None,
        "median_effect": float(np.median(np.abs(adjusted[both]))) if both.any() else None,
        "median_effect_unadjusted": float(np.median(np.abs(unadjusted[both]))) if both.any() else None,
    }
    before, after = result.unadjusted.significant, result.verdict.significant
    if before is not None:
        numbers |= {
            "n_significant_unadjusted": int(np.count_nonzero(before)),
            "n_lost": int(np.count_nonzero(before & ~after)),
            "n_gained": int(np.count_nonzero(after & ~before)),
        }
    return numbers


def _compared(params: Params, result: Association) -> list[str]:
    """Say what adjustment changed."""
    numbers, model = _comparison(result), result.model
    if not numbers:
        return []
    said = []
    if "n_lost" in numbers:
        n, lost, gained = (numbers[key] for key in ("n_significant_unadjusted", "n_lost", "n_gained"))
        rule = " by that p" if params.correction == "max-t" else ""
        said.append(
            f"Unadjusted, {counted(n, 'edge is', 'edges are')} significant{rule} in the same subjects: adjusting for "
            f"{model.adjusted_for} loses {lost:,} of them and gains {gained:,} others."
        )
    else:
        said.append(
            f"{CORRECTIONS[params.correction].capitalize()} is not repeated without the covariates; choose another "
            "correction to count the edges that adjustment loses and gains."
            if params.correction == "nbs"
            else "TFCE is not repeated without the covariates; choose another correction to count the edges that "
            "adjustment loses and gains."
        )
    if numbers["spatial_correlation"] is not None:
        symbol = f"|{symbol_of(model)}|" if model.n_tested == 1 else symbol_of(model)
        said.append(
            f"The adjusted and the unadjusted map correlate at {signed(numbers['spatial_correlation'], 3)} over edges; "
            f"the median {symbol} is {numbers['median_effect']:.3f} adjusted and "
            f"{numbers['median_effect_unadjusted']:.3f} unadjusted."
        )
    return said


def _about_edges(n_incomplete: int, n_untested: int, verdict: Verdict) -> list[str]:
    said = []
    if n_incomplete and verdict.permuted is not None:
        said.append(
            f"{counted(n_incomplete, 'edge')} with missing values: each is fitted to the subjects who have it, and is "
            "left out of the permutations."
        )
    elif n_incomplete:
        said.append(
            f"{counted(n_incomplete, 'edge')} with missing values: each is fitted to the subjects who have it, with "
            "degrees of freedom by their number."
        )
    if n_untested:
        said.append(f"{counted(n_untested, 'edge')} not tested, for want of variation or of enough values.")
    return said


def _warnings(params: Params, result: Association, tested: int) -> list[str]:
    said = []
    if not tested:
        said.append("No edge varies among these subjects, so none could be tested.")
    said += warnings_of(result.model)
    if params.method == "spearman" and result.sample.n_subjects <= 10:
        said.append("The p-values of Spearman's rho are approximate with so few subjects.")
    if result.verdict.permuted is not None:
        said += permutation_warnings(result.plan, params.alpha)
    return said


def _interval(fit: Correlation, edges: IntArray | int, params: Params) -> tuple[FloatArray, FloatArray]:
    """Return the confidence interval of r; what is adjusted for takes a subject a column."""
    return fisher_interval(fit.r[edges], fit.dof[edges] + 2, kind=cast("Kind", params.method))


def _top(cohort: Cohort, params: Params, result: Association) -> list[dict[str, Json]]:
    """Describe the strongest edges, with 0-based file indices."""
    edges, fit, verdict = result.strongest, result.fit, result.verdict
    values: dict[str, list[Json]] = {effect_key(result.model): effect_of(fit)[edges].tolist()}
    if isinstance(fit, Correlation):
        low, high = _interval(fit, edges, params)
        values |= {"ci_lower": finite_or_none(low), "ci_upper": finite_or_none(high)}
    else:
        values["f"] = finite_or_none(fit.f[edges])
    values |= {
        "n_subjects": fit.n_subjects[edges].tolist(),
        "p_value": fit.p_value[edges].tolist(),
        "neg_log10_p": finite_or_none(fit.neg_log10_p[edges]),
        "p_adjusted": finite_or_none(verdict.p_value[edges]),
        "significant": verdict.significant[edges].tolist(),
    }
    if result.unadjusted is not None:
        other = result.unadjusted.fit
        difference = effect_of(fit)[edges] - effect_of(other)[edges]
        values |= {
            "unadjusted": finite_or_none(effect_of(other)[edges]),
            "difference": finite_or_none(difference),
            "p_unadjusted": finite_or_none(other.p_value[edges]),
        }
    if isinstance(verdict.permuted, NetworkBasedStatistic):
        component = verdict.permuted.component[edges].tolist()
        values["component"] = [None if one < 0 else one + 1 for one in component]
    return describe_edges(edges, parcellation_of(cohort), values)


def _columns(result: Association) -> tuple[Column, ...]:
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
    if isinstance(result.verdict.permuted, NetworkBasedStatistic):
        columns.append(Column("component", "Component", "integer"))
    columns.append(Column("n_subjects", "n", "integer"))
    return edge_columns(*columns, places=result.unadjusted is None)


def _rows(top: list[dict[str, Json]]) -> list[dict[str, Json]]:
    return [{**row, "ci": interval_text(row.get("ci_lower"), row.get("ci_upper"))} for row in edge_rows(top)]


def _component_table(cohort: Cohort, result: Association) -> list[TableView]:
    """Return the components of the network-based statistic, the largest first; nothing for other corrections."""
    found, parcellation = result.verdict.permuted, parcellation_of(cohort)
    if not isinstance(found, NetworkBasedStatistic) or not found.extent.size:
        return []
    strength = np.nan_to_num(np.abs(found.statistic))
    rows = []
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
    excess = statistic_of(result.model)
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
    return [TableView("components", "Components", columns, tuple(rows))]


# --- one edge ------------------------------------------------------------------------------------


def detail(cohort: Cohort, params: Params, result: Association, edge: int, colour_by: Groups) -> PointsView:
    points, title, caption = _edge(cohort, params, result, edge)
    return points_view(cohort, points, title, caption, colour_by)


def _edge(cohort: Cohort, params: Params, result: Association, edge: int) -> tuple[EdgePoints, str, str]:
    sample, n_edges = result.sample, result.fit.p_value.size
    if not 0 <= edge < n_edges:
        raise InputError(f"no edge {edge}; there are {n_edges:,}, counted from 0")
    column = observed(cohort, sample, np.array([edge]))
    seen = observed_name(cohort, sample)
    points = edge_points(result.model, column[:, 0], f"Fisher z of {seen}" if sample.fisher_z else seen)
    caption = _caption(params, result, edge, fit_exactly(column, result.model))
    return points, edge_title(edge, parcellation_of(cohort)), caption


def _caption(params: Params, result: Association, edge: int, exact: Fit) -> str:
    model, n = result.model, int(exact.n_subjects[0])
    effect = float(effect_of(exact)[0])
    symbol = symbol_of(model) if model.design.rank == 1 else f"partial {symbol_of(model)}"
    if not np.isfinite(effect):
        return f"{symbol} is not defined: edge {edge} does not vary among {counted(n, 'subject')}."
    interval = ""
    if isinstance(exact, Correlation):
        low, high = _interval(exact, 0, params)
        interval = f" (95 % CI {signed(low, 3)} to {signed(high, 3)})" if np.isfinite(low) else ""
    elif np.isfinite(exact.f[0]):
        interval = f" (F = {exact.f[0]:.3f}, {exact.dof_tested[0]} and {exact.dof[0]} degrees of freedom)"
    p = f"p = {exact.p_value[0]:.3g}" if exact.p_value[0] > 0 else f"−log10 p = {exact.neg_log10_p[0]:.1f}"
    corrected = float(result.verdict.p_value[edge])
    rule = CORRECTIONS[params.correction]
    verdict = f"corrected ({rule}) {corrected:.3g}" if np.isfinite(corrected) else f"in no component ({rule})"
    if result.verdict.permuted is not None and not np.isfinite(result.verdict.permuted.statistic[edge]):
        verdict = "left out of the permutations"
    given = f" given {model.adjusted_for}" if model.adjusted_for else ""
    return f"{symbol}{given} = {signed(effect, 4)}{interval}, {p}, {verdict}; {counted(n, 'subject')}."


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Association, report: Report, theme: Literal["light", "dark"]
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import Counts, histogram_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.palette import GROUP_COLOURS

    p_value = result.fit.p_value
    title, note = _title(cohort, params, result), _note(params, result)
    counts, bins = np.histogram(p_value[~np.isnan(p_value)], _N_BINS, (0, 1))

    def p_values() -> Figure:
        return histogram_figure(
            [Counts("Edges", GROUP_COLOURS[0], counts)],
            bins,
            title=title,
            x_label=f"Uncorrected p of {statistic_name(result.model)}",
            y_label="Edges",
            expected=n_tests(p_value) / _N_BINS,
            expected_label="without any association, on average",
            note=note,
            theme=theme,
        )

    return Drawings({"p_values": p_values})


ANALYSIS = Analysis(
    title="Edge association",
    summary="Which connections vary with a phenotype, whatever other phenotypes explain.",
    tab="Associations",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    detail=detail,
    needs=("connectivity", "phenotypes"),
)
