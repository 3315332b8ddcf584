"""Edge association: which connections are associated with a phenotype, adjusted for covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, cast

import numpy as np

from imagenomer.analyses.associations.edge_result import EdgeAssociation, UnadjustedFit
from imagenomer.analyses.associations.edge_sentences import edge_sentences, edge_warnings
from imagenomer.analyses.associations.edge_views import all_edges, edge_views, strongest_edges
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Groups,
    Number,
    PhenotypesChoice,
    PointsView,
    Report,
    ThemeName,
)
from imagenomer.analyses.shared.edge_fits import (
    Fit,
    confidence_interval,
    effect_of,
    features_of,
    fit_edges,
    fit_exactly,
    observed,
    observed_name,
    replaced,
    spread_of,
    strongest,
)
from imagenomer.analyses.shared.edge_points import EdgePoints, edge_points, points_view
from imagenomer.analyses.shared.edge_table import (
    edge_title,
    signed,
)
from imagenomer.analyses.shared.form_fields import (
    Alpha,
    Blocks,
    Exchanged,
    Families,
    FisherZ,
    Permutations,
    Seed,
    Variance,
    alpha_field,
    blocks_field,
    exchange_field,
    families_field,
    fisher_z_field,
    permutations_field,
    seed_field,
    variance_field,
)
from imagenomer.analyses.shared.inference import (
    BY_P,
    DIRECTED,
    DIRECTIONS,
    PERMUTED,
    Decision,
    alternative_of,
    judge_by_p,
    judge_by_permutation,
)
from imagenomer.analyses.shared.linear_model import QuestionFields, ancestry_covariates, ask, build_model, missing_with
from imagenomer.analyses.shared.linear_model_words import effect_key, statistic_name, symbol_of
from imagenomer.analyses.shared.plan import plan_of
from imagenomer.analyses.shared.sample import average_scans, counted, sample_of
from imagenomer.analyses.shared.test_tables import p_text
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import Method, n_tests
from imagenomer.statistics.correlation import Correlation
from imagenomer.statistics.enhancement import EnhancedEdges
from imagenomer.statistics.network_statistic import NetworkBasedStatistic
from imagenomer.statistics.permutation import Alternative
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_N_BINS = 20

#: Shown only where subjects are permuted.
_WHEN_PERMUTED: dict[str, Any] = {"section": "Permutations", "when": {"correction": tuple(PERMUTED)}}


@dataclass(frozen=True, slots=True)
class Params(QuestionFields):
    covariates: Annotated[tuple[str, ...], PhenotypesChoice(without=("phenotype",))] = field(
        default=(), metadata={"help": "Adjusted for; the unadjusted result is shown as well."}
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
    variance: Variance = variance_field()
    families: Families = families_field()
    alpha: Alpha = alpha_field()
    component_threshold: Annotated[float, Number(minimum=1e-9, maximum=100, step=0.001)] = field(
        default=0.001,
        metadata={
            "when": {"correction": ("nbs",)},
            "help": "Edges beyond it form components. Below 1 it is an uncorrected p, from 1 on it is |t| (or F).",
        },
    )
    direction: Annotated[str, Choice(DIRECTIONS)] = field(
        default="two-sided",
        metadata={
            "when": {"correction": DIRECTED},
            "help": "Which edges count: for a level, greater is higher in it; for a number, increasing with it.",
        },
    )
    permutations: Permutations = permutations_field(**_WHEN_PERMUTED)
    seed: Seed = seed_field(**_WHEN_PERMUTED)
    blocks: Blocks = blocks_field(**_WHEN_PERMUTED)
    exchange: Exchanged = exchange_field(**_WHEN_PERMUTED)
    fisher_z: FisherZ = fisher_z_field(help="Correlate arctanh of the connectivity instead of connectivity.")


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[EdgeAssociation]:
    yield Progress("Choosing subjects")
    covariates, ancestry = yield from ancestry_covariates(cohort, params.ancestry_components)
    question = ask(
        cohort,
        params,
        covariates,
        ranked=params.method == "spearman",
        unequal=params.variance == "unequal",
        families=params.families,
    )
    blocks, exchange = (params.blocks, params.exchange) if params.correction in PERMUTED else (None, "within")
    plan = plan_of(cohort, params.permutations, params.seed, blocks, exchange)
    yield from average_scans(cohort, params, fisher_z=params.fisher_z)
    sample = sample_of(
        cohort, params, fisher_z=params.fisher_z, missing=missing_with(question, plan.blocks), at_least=3
    )
    model = build_model(question, sample.subjects)
    alternative: Alternative = "two-sided"
    if params.correction in PERMUTED:
        alternative = alternative_of(params.direction, params.correction, model)
        plan = plan.of(model, alternative)
    features = yield from features_of(cohort, sample, ranked=question.ranked)
    by_p = cast("Method", params.correction if params.correction in BY_P else "bonferroni")
    fit = yield from fit_edges(cohort, sample, features, model, by_p, params.alpha)
    if params.correction in BY_P:
        decision = judge_by_p(fit.neg_log10_p, params.correction, params.alpha)
    else:
        threshold = params.component_threshold
        decision = yield from judge_by_permutation(
            cohort, features.values, features.rows, model, plan, params.correction, params.alpha, threshold, alternative
        )
    listed = strongest(fit, decision.significant)
    exactly = observed(cohort, sample, listed)
    fit = replaced(fit, listed, fit_exactly(exactly, model))
    unadjusted = None
    if model.plain is not None:
        plain = model.without_covariates
        other = yield from fit_edges(cohort, sample, features, plain, by_p, params.alpha)
        other = replaced(other, listed, fit_exactly(exactly, plain))
        unadjusted = UnadjustedFit(other, _significant_alike(other, decision, robust=question.robust))
    spread = None
    if not question.robust:
        spread = yield from spread_of(features, model)
    listed = strongest(fit, decision.significant)
    return EdgeAssociation(sample, model, fit, decision, listed, unadjusted, plan, ancestry, spread)


def _significant_alike(unadjusted: Fit, decision: Decision, *, robust: bool) -> BoolArray | None:
    """Return which edges are significant without the covariates, by the same rule; None where it is not repeated."""
    if decision.correction in BY_P:
        return judge_by_p(unadjusted.neg_log10_p, decision.correction, decision.alpha).significant
    if decision.correction != "max-t" or robust:
        return None  # flipped signs know no p-value that both maps could be held against
    if decision.p_threshold is None:
        return np.zeros(unadjusted.p_value.shape, dtype=bool)
    return np.asarray(unadjusted.neg_log10_p > -np.log10(decision.p_threshold))


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: EdgeAssociation) -> Report:
    top = strongest_edges(cohort, result)
    return Report(
        numbers=_numbers(params, result, top),
        sentences=tuple(edge_sentences(result)),
        warnings=tuple(edge_warnings(cohort, params.blocks, result)),
        views=tuple(edge_views(cohort, result, top)),
        arrays=_arrays(result),
    )


def _numbers(params: Params, result: EdgeAssociation, top: list[dict[str, Json]]) -> dict[str, Json]:
    model, decision, adjustment = result.model, result.decision, result.adjustment
    return {
        "phenotype": params.phenotype,
        "level": model.level,
        "covariates": [one.name for one in model.question.covariates],
        "adjusted_for": list(model.used),
        "interaction": params.interaction,
        "group": params.group,
        **result.sample.numbers,
        "dof": model.dof,
        "dof_tested": model.n_tested,
        "method": params.method,
        "variance": "unequal" if model.question.robust else "equal",
        "families": params.families,
        "correction": params.correction,
        **({} if decision.correction not in DIRECTED else {"direction": decision.alternative}),
        "alpha": params.alpha,
        **(result.plan.numbers if decision.permuted is not None else {}),
        "n_tests": result.n_tested,
        "n_significant": decision.n_significant,
        "p_threshold": decision.p_threshold,
        "n_nominal": result.n_nominal,
        "n_edges_incomplete": result.n_incomplete,
        "n_edges_untested": result.n_untested,
        **({} if adjustment is None else adjustment.numbers),
        "top": top,
    }


def _arrays(result: EdgeAssociation) -> dict[str, FloatArray | BoolArray | IntArray]:
    fit, decision = result.fit, result.decision
    effect = effect_of(fit)
    arrays: dict[str, FloatArray | BoolArray | IntArray] = {
        effect_key(result.model): effect,
        "neg_log10_p": fit.neg_log10_p,
        "significant": decision.significant,
        "p_corrected": decision.p_value,
    }
    if result.unadjusted is not None:
        other = effect_of(result.unadjusted.fit)
        arrays |= {"unadjusted": other, "difference": effect - other}
        if result.unadjusted.significant is not None:
            arrays["significant_unadjusted"] = result.unadjusted.significant
    permuted = decision.permuted
    if permuted is not None:
        arrays |= {"statistic": permuted.statistic, "neg_log10_p_corrected": decision.neg_log10_p}
    if isinstance(permuted, NetworkBasedStatistic):
        arrays |= {
            "component": permuted.component,
            "in_components": np.where(permuted.component >= 0, permuted.statistic, 0.0),
        }
    if isinstance(permuted, EnhancedEdges):
        arrays["tfce"] = np.where(np.isnan(permuted.statistic), np.nan, permuted.score)
    return arrays


# --- one edge ------------------------------------------------------------------------------------


def detail(cohort: Cohort, params: Params, result: EdgeAssociation, edge: int, colour_by: Groups) -> PointsView:
    points, title, caption = _edge(cohort, result, edge)
    return points_view(cohort, points, title, caption, colour_by)


def _edge(cohort: Cohort, result: EdgeAssociation, edge: int) -> tuple[EdgePoints, str, str]:
    sample, n_edges = result.sample, result.fit.p_value.size
    if not 0 <= edge < n_edges:
        raise InputError(f"no edge {edge}; there are {n_edges:,}, counted from 0")
    column = observed(cohort, sample, np.array([edge]))
    seen = observed_name(cohort, sample)
    points = edge_points(result.model, column[:, 0], f"Fisher z of {seen}" if sample.fisher_z else seen)
    caption = _caption(result, edge, fit_exactly(column, result.model))
    return points, edge_title(edge, parcellation_of(cohort)), caption


def _caption(result: EdgeAssociation, edge: int, exact: Fit) -> str:
    model, n = result.model, int(exact.n_subjects[0])
    effect = float(effect_of(exact)[0])
    symbol = symbol_of(model) if model.design.rank == 1 else f"partial {symbol_of(model)}"
    if not np.isfinite(effect):
        return f"{symbol} is not defined: edge {edge} does not vary among {counted(n, 'subject')}."
    interval = ""
    if isinstance(exact, Correlation):
        low, high = confidence_interval(exact, model, 0)
        interval = f" (95 % CI {signed(low, 3)} to {signed(high, 3)})" if np.isfinite(low) else ""
    elif np.isfinite(exact.f[0]):
        interval = f" (F = {exact.f[0]:.3f}, {exact.dof_tested[0]} and {exact.dof[0]} degrees of freedom)"
    p = p_text(float(exact.neg_log10_p[0]))
    corrected = float(result.decision.p_value[edge])
    rule = result.decision.correction_name
    decision = f"corrected ({rule}) {corrected:.3g}" if np.isfinite(corrected) else f"in no component ({rule})"
    if result.decision.permuted is not None and not np.isfinite(result.decision.permuted.statistic[edge]):
        decision = "excluded from permutation"
    if np.isnan(exact.p_value[0]):
        decision = "not tested: no spread is left to compare with"
    given = f" given {model.adjusted_for}" if model.adjusted_for else ""
    return f"{symbol}{given} = {signed(effect, 4)}{interval}, {p}, {decision}; {counted(n, 'subject')}."


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: EdgeAssociation, report: Report, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import Counts, histogram_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.palette import GROUP_COLOURS

    p_value = result.fit.p_value
    title, note = result.title(cohort), result.note
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
    summary="Which connections are associated with a phenotype, adjusted for covariates.",
    tab="Associations",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    detail=detail,
    needs=("connectivity", "phenotypes"),
    whole={"top": all_edges},
)
