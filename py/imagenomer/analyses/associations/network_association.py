"""Network association: which pairs of networks are associated with a phenotype, on average and by number of edges."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated

import numpy as np

from imagenomer.analyses.associations import edge_association
from imagenomer.analyses.associations.network_result import NetworkAssociation
from imagenomer.analyses.associations.network_sentences import network_sentences, network_warnings
from imagenomer.analyses.associations.network_views import network_grids, pair_columns, pair_rows
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Flag,
    Link,
    Number,
    Report,
    TableView,
)
from imagenomer.analyses.shared.edge_fits import Fit, effect_of, features_of, fit_edges, fit_exactly, spread_of
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
    judge_by_p,
    judge_by_permutation,
    permutation_arguments,
    threshold_of,
)
from imagenomer.analyses.shared.linear_model import (
    Model,
    QuestionFields,
    ancestry_covariates,
    ask,
    build_model,
    missing_with,
)
from imagenomer.analyses.shared.linear_model_words import (
    effect_key,
)
from imagenomer.analyses.shared.plan import plan_of
from imagenomer.analyses.shared.sample import average_scans, sample_of
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correlation import Correlation
from imagenomer.statistics.networks import average_pairs, enrichment, network_pairs
from imagenomer.statistics.unequal_variance import RobustCorrelation
from imagenomer.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Params(QuestionFields):
    correction: Annotated[str, Choice((*BY_P.items(), ("max-t", "Permutation max-T")))] = "bonferroni"
    variance: Variance = variance_field()
    families: Families = families_field()
    alpha: Alpha = alpha_field()
    enrichment: Annotated[bool, Flag()] = field(
        default=True,
        metadata={
            "section": "Permutations",
            "help": "Also test whether more of a pair's edges pass the threshold than when subjects are permuted.",
        },
    )
    edge_threshold: Annotated[float, Number(minimum=1e-9, maximum=100, step=0.001)] = field(
        default=0.01,
        metadata={
            "section": "Permutations",
            "help": "Edges beyond it are counted. Below 1 it is an uncorrected p, from 1 on it is |t| (or F).",
        },
    )
    permutations: Permutations = permutations_field(
        section="Permutations", help="For enrichment and max-T: 1,000 to explore; 5,000 or more to report."
    )
    seed: Seed = seed_field(section="Permutations")
    blocks: Blocks = blocks_field(section="Permutations")
    exchange: Exchanged = exchange_field(section="Permutations")
    fisher_z: FisherZ = fisher_z_field()


# --- computing -----------------------------------------------------------------------------------


def compute(cohort: Cohort, params: Params) -> Steps[NetworkAssociation]:
    yield Progress("Choosing subjects")
    parcellation = parcellation_of(cohort)
    pair, pairs = network_pairs(parcellation.networks, parcellation.network_names)
    if not pairs:
        raise InputError(
            f"{parcellation.name} names no networks; open a cohort of a known atlas, or put an atlas.tsv with a column "
            "network beside the data"
        )
    covariates, ancestry = yield from ancestry_covariates(cohort, params.ancestry_components)
    question = ask(cohort, params, covariates, unequal=params.variance == "unequal", families=params.families)
    permuted = params.enrichment or params.correction == "max-t"
    plan = plan_of(cohort, params.permutations, params.seed, params.blocks if permuted else None, params.exchange)
    yield from average_scans(cohort, params, fisher_z=params.fisher_z)
    sample = sample_of(
        cohort, params, fisher_z=params.fisher_z, missing=missing_with(question, plan.blocks), at_least=3
    )
    model = build_model(question, sample.subjects)
    if permuted:
        plan = plan.of(model)
    means = yield from average_pairs(sample.observations.values, sample.rows, pair, len(pairs))
    fit = fit_exactly(means, model)
    if params.correction in BY_P:
        decision = judge_by_p(fit.neg_log10_p, params.correction, params.alpha)
    else:
        decision = yield from judge_by_permutation(
            cohort, means, np.arange(len(means)), model, plan, params.correction, params.alpha
        )
    features = yield from features_of(cohort, sample, ranked=False)
    spread = None
    if not question.robust:
        spread = yield from spread_of(features, model)
    edges = yield from fit_edges(cohort, sample, features, model, "bonferroni", params.alpha)
    threshold = threshold_of(params.edge_threshold, model)
    enriched = None
    if params.enrichment:
        (rows, tested, design), options = permutation_arguments(cohort, features.rows, model, plan)
        enriched = yield from enrichment(
            features.values, rows, tested, design, pair, len(pairs), threshold=threshold, **options
        )
    inside = pair >= 0
    beyond = inside & (_statistic_of_edges(edges, model) > threshold)
    return NetworkAssociation(
        sample,
        model,
        pairs,
        np.bincount(pair[inside], minlength=len(pairs)),
        fit,
        decision,
        fit_exactly(means, model.without_covariates) if model.plain is not None else None,
        _mean_effects(edges, pair, len(pairs)),
        int(np.count_nonzero(features.moments.n_subjects < sample.n_subjects)),
        np.bincount(pair[beyond], minlength=len(pairs)) if enriched is None else enriched.count,
        threshold,
        enriched,
        plan,
        ancestry,
        spread,
    )


def _mean_effects(edges: Fit, pair: IntArray, n_pairs: int) -> FloatArray:
    """Return the mean effect of the edges of each pair that were fitted."""
    effect = effect_of(edges)
    usable = (pair >= 0) & np.isfinite(effect)
    with np.errstate(invalid="ignore"):
        total = np.bincount(pair[usable], effect[usable], n_pairs)
        return np.asarray(total / np.bincount(pair[usable], minlength=n_pairs))


def _statistic_of_edges(edges: Fit, model: Model) -> FloatArray:
    """Return ``|t|`` or F of every edge, NaN where it was not tested."""
    if not isinstance(edges, Correlation):
        return edges.f
    dof = edges.residual_dof if isinstance(edges, RobustCorrelation) else edges.dof
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.asarray(np.abs(edges.r) * np.sqrt(dof / ((1 - edges.r) * (1 + edges.r))))
        return usual / edges.spread if isinstance(edges, RobustCorrelation) else usual


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: NetworkAssociation) -> Report:
    sample, model, decision = result.sample, result.model, result.decision
    rows = pair_rows(result)
    enriched = result.enriched
    return Report(
        numbers={
            "phenotype": params.phenotype,
            "level": model.level,
            "covariates": [one.name for one in model.question.covariates],
            "adjusted_for": list(model.used),
            "interaction": params.interaction,
            "group": params.group,
            **sample.numbers,
            "dof": model.dof,
            "dof_tested": model.n_tested,
            "variance": "unequal" if model.question.robust else "equal",
            "families": params.families,
            "correction": params.correction,
            "alpha": params.alpha,
            **(result.plan.numbers if enriched is not None or decision.permuted is not None else {}),
            "n_tests": result.n_tested,
            "n_significant": decision.n_significant,
            "p_threshold": decision.p_threshold,
            "edge_threshold": result.threshold,
            "n_enriched": result.n_enriched,
            **result.comparison,
            "pairs": rows,
        },
        sentences=tuple(network_sentences(cohort, result)),
        warnings=tuple(network_warnings(cohort, params.blocks, result)),
        views=(
            *network_grids(cohort, result, _link(params)),
            TableView("pairs", "Pairs of networks", pair_columns(result), tuple(rows)),
        ),
        arrays=_arrays(result),
    )


def _arrays(result: NetworkAssociation) -> dict[str, FloatArray | IntArray]:
    arrays: dict[str, FloatArray | IntArray] = {
        effect_key(result.model): effect_of(result.fit),
        "p_value": result.fit.p_value,
        "p_corrected": result.decision.p_value,
        "n_edges": result.n_edges,
        "edge_effect": result.edge_effect,
        "n_beyond": result.n_beyond,
    }
    if result.unadjusted is not None:
        arrays["unadjusted"] = effect_of(result.unadjusted)
    if result.enriched is not None:
        arrays |= {
            "expected": result.enriched.expected,
            "p_enrichment": result.enriched.p_value,
            "p_enrichment_corrected": result.enriched.adjusted_p,
        }
    return arrays


def _link(params: Params) -> Link:
    """Return what a click opens: the same question to single edges."""
    understood = [entry.name for entry in fields(edge_association.Params)]
    return Link("edge-association", {name: getattr(params, name) for name in understood if hasattr(params, name)})


ANALYSIS = Analysis(
    title="Network association",
    summary="Which pairs of networks are associated with a phenotype: on average, and by number of edges.",
    tab="Associations",
    params=Params,
    compute=compute,
    report=report,
    needs=("connectivity", "phenotypes"),
)
