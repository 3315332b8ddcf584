"""Network association: which pairs of networks vary with a phenotype, as means and by how many of their edges do."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from imagenomer import groups
from imagenomer.analyses.associations import edge_association
from imagenomer.analyses.contract import (
    Analysis,
    Choice,
    Column,
    Flag,
    GridView,
    Link,
    Number,
    Report,
    TableView,
)
from imagenomer.analyses.shared.edge_fits import Fit, effect_of, features_of, fit_edges, fit_exactly, observed_name
from imagenomer.analyses.shared.edge_table import finite_or_none, interval_text, signed
from imagenomer.analyses.shared.form_fields import (
    Alpha,
    Blocks,
    FisherZ,
    Permutations,
    Seed,
    alpha_field,
    blocks_field,
    fisher_z_field,
    permutations_field,
    seed_field,
)
from imagenomer.analyses.shared.inference import (
    BY_P,
    CORRECTIONS,
    Plan,
    Verdict,
    controls,
    judge_by_p,
    judge_by_permutation,
    permutation_arguments,
    permutation_warnings,
    permutations_in_words,
    plan_of,
    statistic_of,
    threshold_of,
)
from imagenomer.analyses.shared.linear_model import (
    Model,
    QuestionFields,
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
from imagenomer.errors import InputError
from imagenomer.figures.pixels import scale_limit
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.correlation import Correlation, fisher_interval
from imagenomer.statistics.networks import Enrichment, enrichment, network_pairs, pair_means
from imagenomer.types import FloatArray, IntArray, Json

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Params(QuestionFields):
    correction: Annotated[str, Choice((*BY_P.items(), ("max-t", "Permutation max-T")))] = "bonferroni"
    alpha: Alpha = alpha_field()
    enrichment: Annotated[bool, Flag()] = field(
        default=True,
        metadata={
            "section": "Permutations",
            "help": "Also ask of each pair whether more of its edges pass the threshold than when subjects are "
            "rearranged.",
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
        section="Permutations", help="For enrichment and max-T: 1,000 to look, 5,000 or more to publish."
    )
    seed: Seed = seed_field(section="Permutations")
    blocks: Blocks = blocks_field(section="Permutations")
    fisher_z: FisherZ = fisher_z_field()


@dataclass(frozen=True, slots=True, eq=False)
class NetworkAssociation:
    """A linear model of the mean edge of each pair of networks.

    Attributes
    ----------
    sample : Sample
    model : Model
    pairs : tuple of pairs of str
        Networks, in display order; a network with itself among them.
    n_edges : ndarray, shape (n_pairs,)
    fit : Correlation or CategoryAssociation
        Of the means, exact.
    verdict : Verdict
        Over pairs.
    unadjusted : Correlation, CategoryAssociation or None
        Of the same means without the covariates; None where there are none.
    edge_effect : ndarray, shape (n_pairs,)
        Mean effect of the single edges of each pair.
    n_beyond : ndarray, shape (n_pairs,)
        Edges of each pair beyond ``threshold``.
    threshold : float
        Of ``|t|`` or F of an edge.
    enriched : Enrichment or None
        None where that was not asked for.
    plan : Plan
    ancestry : tuple of str
        How the components of ancestry among the covariates were computed.
    """

    sample: Sample
    model: Model
    pairs: tuple[tuple[str, str], ...]
    n_edges: IntArray
    fit: Fit
    verdict: Verdict
    unadjusted: Fit | None
    edge_effect: FloatArray
    n_beyond: IntArray
    threshold: float
    enriched: Enrichment | None
    plan: Plan
    ancestry: tuple[str, ...]


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
    question = ask(cohort, params, covariates)
    permuted = params.enrichment or params.correction == "max-t"
    plan = plan_of(cohort, params.permutations, params.seed, params.blocks if permuted else None)
    sample = sample_of(
        cohort, params, fisher_z=params.fisher_z, missing=missing_with(question, plan.blocks), at_least=3
    )
    model = build_model(question, sample.subjects)
    yield Progress("Averaging over pairs of networks")
    means = pair_means(sample.observations.values, sample.rows, pair, len(pairs))
    fit = fit_exactly(means, model)
    if params.correction in BY_P:
        verdict = judge_by_p(fit.neg_log10_p, params.correction, params.alpha)
    else:
        verdict = yield from judge_by_permutation(
            cohort, means, np.arange(len(means)), model, plan, params.correction, params.alpha
        )
    features = yield from features_of(cohort, sample, ranked=False)
    edges = yield from fit_edges(cohort, sample, features, model, "bonferroni", params.alpha)
    threshold = threshold_of(params.edge_threshold, model)
    enriched = None
    if params.enrichment:
        (rows, tested, design), options = permutation_arguments(cohort, features.rows, model, plan)
        enriched = yield from enrichment(
            features.values, rows, tested, design, pair, len(pairs), threshold=threshold, **options
        )
    effect, inside = effect_of(edges), pair >= 0
    usable = inside & np.isfinite(effect)
    with np.errstate(invalid="ignore"):
        edge_effect = np.bincount(pair[usable], effect[usable], len(pairs)) / np.bincount(
            pair[usable], minlength=len(pairs)
        )
    beyond = inside & (_statistic_of_edges(edges, model) > threshold)
    return NetworkAssociation(
        sample,
        model,
        pairs,
        np.bincount(pair[inside], minlength=len(pairs)),
        fit,
        verdict,
        fit_exactly(means, model.without_covariates) if model.plain is not None else None,
        edge_effect,
        np.bincount(pair[beyond], minlength=len(pairs)) if enriched is None else enriched.count,
        threshold,
        enriched,
        plan,
        ancestry,
    )


def _statistic_of_edges(edges: Fit, model: Model) -> FloatArray:
    """Return ``|t|`` or F of every edge, NaN where it was not tested."""
    if not isinstance(edges, Correlation):
        return edges.f
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs(edges.r) * np.sqrt(edges.dof / ((1 - edges.r) * (1 + edges.r))))


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: NetworkAssociation) -> Report:
    sample, model, fit, verdict = result.sample, result.model, result.fit, result.verdict
    rows = _rows(params, result)
    tested, n_significant = n_tests(fit.p_value), int(np.count_nonzero(verdict.significant))
    enriched = result.enriched
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
            "correction": params.correction,
            "alpha": params.alpha,
            **(result.plan.numbers if enriched is not None or verdict.permuted is not None else {}),
            "n_tests": tested,
            "n_significant": n_significant,
            "p_threshold": verdict.p_threshold,
            "edge_threshold": result.threshold,
            "n_enriched": None if enriched is None else int(np.count_nonzero(enriched.adjusted_p <= params.alpha)),
            **_comparison(params, result),
            "pairs": rows,
        },
        sentences=tuple(_sentences(cohort, params, result, tested, n_significant)),
        warnings=tuple(_warnings(params, result)),
        views=(*_grids(cohort, params, result), TableView("pairs", "Pairs of networks", _columns(result), tuple(rows))),
        arrays=_arrays(result),
    )


def _arrays(result: NetworkAssociation) -> dict[str, FloatArray | IntArray]:
    arrays: dict[str, FloatArray | IntArray] = {
        effect_key(result.model): effect_of(result.fit),
        "p_value": result.fit.p_value,
        "p_corrected": result.verdict.p_value,
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


def _comparison(params: Params, result: NetworkAssociation) -> dict[str, Json]:
    """Return how many pairs adjustment loses and gains by the same rule; nothing where nothing is adjusted for."""
    if result.unadjusted is None or params.correction not in BY_P:
        return {}
    before = judge_by_p(result.unadjusted.neg_log10_p, params.correction, params.alpha).significant
    after = result.verdict.significant
    return {
        "n_significant_unadjusted": int(np.count_nonzero(before)),
        "n_lost": int(np.count_nonzero(before & ~after)),
        "n_gained": int(np.count_nonzero(after & ~before)),
    }


def _sentences(
    cohort: Cohort, params: Params, result: NetworkAssociation, tested: int, n_significant: int
) -> list[str]:
    model, plan, verdict = result.model, result.plan, result.verdict
    said = [
        *result.sample.sentences,
        *sentences_of(model),
        *result.ancestry,
        f"The edges between two networks, or within one, were averaged in each subject; {statistic_name(model)} of "
        f"every average with {model.name}, {degrees_in_words(model)}; {adjustment_in_words(model)}.",
        f"{n_significant:,} of {counted(tested, 'pair')} of networks significant: {CORRECTIONS[params.correction]}, "
        f"{controls(params.correction)} {params.alpha:g}"
        + ("." if verdict.p_threshold is None else f", p at or below {verdict.p_threshold:.3g}."),
    ]
    comparison = _comparison(params, result)
    if comparison:
        said.append(
            f"Unadjusted, {counted(comparison['n_significant_unadjusted'], 'pair is', 'pairs are')} significant in the "
            f"same subjects: adjusting for {model.adjusted_for} loses {comparison['n_lost']} of them and gains "
            f"{comparison['n_gained']} others."
        )
    if result.enriched is not None:
        n = int(np.count_nonzero(result.enriched.adjusted_p <= params.alpha))
        said.append(
            f"{n:,} of {counted(len(result.pairs), 'pair')} hold more edges with {statistic_of(model)} above "
            f"{result.threshold:.4g} than by chance: enrichment, corrected for all pairs by the smallest p of each "
            f"rearrangement, family-wise error {params.alpha:g}. Subjects were rearranged, not edges, which would take "
            "what edges have in common for an effect."
        )
    if result.enriched is not None or verdict.permuted is not None:
        said += permutations_in_words(model, plan, params.alpha)
    nowhere = sum(not network for network in parcellation_of(cohort).networks)
    if nowhere:
        said.append(f"{counted(nowhere, 'parcel')} in no network {'is' if nowhere == 1 else 'are'} not used.")
    incomplete = int(np.count_nonzero(~np.isfinite(result.sample.observations.values[result.sample.rows]).all(axis=0)))
    if incomplete:
        uncounted = "" if result.enriched is None else ", and these edges do not count for enrichment"
        said.append(
            f"{counted(incomplete, 'edge')} with missing values: a subject's average is over the edges that the "
            f"subject has{uncounted}."
        )
    return said


def _warnings(params: Params, result: NetworkAssociation) -> list[str]:
    said = warnings_of(result.model)
    if result.enriched is not None or result.verdict.permuted is not None:
        said += permutation_warnings(result.plan, params.alpha)
    return said


# --- pairs ---------------------------------------------------------------------------------------


def _rows(params: Params, result: NetworkAssociation) -> list[dict[str, Json]]:
    fit, verdict, key = result.fit, result.verdict, effect_key(result.model)
    columns: dict[str, list[Json]] = {
        "network_a": [first for first, _ in result.pairs],
        "network_b": [second for _, second in result.pairs],
        "n_edges": result.n_edges.tolist(),
        key: finite_or_none(effect_of(fit)),
        "p_value": finite_or_none(fit.p_value),
        "p_corrected": finite_or_none(verdict.p_value),
        "significant": verdict.significant.tolist(),
        "edge_effect": finite_or_none(result.edge_effect),
        "n_beyond": result.n_beyond.tolist(),
        "share_beyond": (100 * result.n_beyond / result.n_edges).tolist(),
    }
    if isinstance(fit, Correlation):
        low, high = (finite_or_none(limit) for limit in fisher_interval(fit.r, fit.dof + 2))
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
    return sorted(rows, key=lambda row: 2.0 if row["p_value"] is None else row["p_value"])


def _columns(result: NetworkAssociation) -> tuple[Column, ...]:
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


# --- grids ---------------------------------------------------------------------------------------


def _grids(cohort: Cohort, params: Params, result: NetworkAssociation) -> list[GridView]:
    model = result.model
    names = _networks(cohort, result)
    seen = observed_name(cohort, result.sample)
    title = f"{model.name} and {seen} between networks"
    scale: Literal["diverging", "sequential"] = "diverging" if model.n_tested == 1 else "sequential"
    tips, links = _squared(names, result.pairs, _tips(params, result)), _links(params, names)
    shown = {"effect": effect_of(result.fit)}
    if result.unadjusted is not None:
        shown["unadjusted"] = effect_of(result.unadjusted)
    limit = max(scale_limit(values) for values in shown.values())
    adjusted = ", adjusted" if result.unadjusted is not None else ""
    titles = {"effect": f"{title}{adjusted}", "unadjusted": f"{title}, unadjusted"}
    note, in_full = _note(params, result), _in_full(cohort, names)
    labels = {"effect": statistic_name(model), "unadjusted": statistic_name(model.without_covariates)}
    grids = [
        GridView(
            name,
            titles[name],
            f"{labels[name]} of the average",
            names,
            names,
            _squared(names, result.pairs, finite_or_none(values)),
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
                _squared(names, result.pairs, (-np.log10(result.enriched.adjusted_p) + 0.0).tolist()),
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


def _note(params: Params, result: NetworkAssociation) -> str:
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    adjusted = f"; adjusted for {result.model.adjusted_for}" if result.model.adjusted_for else ""
    return (
        f"{counted(result.sample.n_subjects, 'subject')}{whose}, one observation each{adjusted}\n"
        f"{np.count_nonzero(result.verdict.significant):,} of {counted(n_tests(result.fit.p_value), 'pair')} "
        f"significant ({CORRECTIONS[params.correction]}, alpha {params.alpha:g})"
    )


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
    names: tuple[str, ...], pairs: tuple[tuple[str, str], ...], values: list[Json]
) -> tuple[tuple[Json, ...], ...]:
    """Return values of pairs as a symmetric square; None (or "") where networks share no edge."""
    of_pair: dict[tuple[str, str], Json] = dict(zip(pairs, values, strict=True))
    empty = "" if values and isinstance(values[0], str) else None
    return tuple(tuple(of_pair.get((a, b), of_pair.get((b, a), empty)) for b in names) for a in names)


def _tips(params: Params, result: NetworkAssociation) -> list[Json]:
    model, fit, verdict = result.model, result.fit, result.verdict
    tips: list[Json] = []
    for index, (first, second) in enumerate(result.pairs):
        n, beyond = int(result.n_edges[index]), int(result.n_beyond[index])
        effect = float(effect_of(fit)[index])
        where = f"within {first}" if first == second else f"{first} – {second}"
        said = f"{where}: {counted(n, 'edge')}"
        if np.isfinite(effect):
            mark = ", significant" if verdict.significant[index] else ""
            said += (
                f"; {statistic_name(model)} of their average {signed(effect, 3)}, p = {fit.p_value[index]:.3g}, "
                f"corrected {verdict.p_value[index]:.3g}{mark}"
            )
        said += f"; mean {symbol_of(model)} of edges {signed(result.edge_effect[index], 3)}"
        said += f"; {beyond:,} edges ({100 * beyond / n:.1f} %) beyond {statistic_of(model)} {result.threshold:.3g}"
        if result.enriched is not None:
            said += (
                f", {result.enriched.expected[index]:.1f} by chance, "
                f"corrected p {result.enriched.adjusted_p[index]:.3g}"
            )
        tips.append(said)
    return tips


def _links(params: Params, names: tuple[str, ...]) -> tuple[tuple[Link, ...], ...]:
    """Return what a click opens: the same question to single edges."""
    understood = [entry.name for entry in fields(edge_association.Params)]
    link = Link("edge-association", {name: getattr(params, name) for name in understood if hasattr(params, name)})
    return tuple(tuple(link for _ in names) for _ in names)


# --- drawing -------------------------------------------------------------------------------------


ANALYSIS = Analysis(
    title="Network association",
    summary="Which pairs of networks vary with a phenotype: on average, and by how many of their edges do.",
    tab="Associations",
    params=Params,
    compute=compute,
    report=report,
    needs=("connectivity", "phenotypes"),
)
