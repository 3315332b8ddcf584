"""What a network association says, and what of it could mislead."""

from __future__ import annotations

from imagenomer.analyses.associations.network_result import NetworkAssociation
from imagenomer.analyses.contract import Answer
from imagenomer.analyses.shared.inference import controls, permutation_warnings, permutations_in_words, statistic_of
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.linear_model_words import (
    adjustment_in_words,
    degrees_in_words,
    exact_in_words,
    independence_warnings,
    sentences_of,
    spread_warnings,
    statistic_name,
    variance_in_words,
    warnings_of,
)
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort, parcellation_of


def network_sentences(cohort: Cohort, result: NetworkAssociation) -> list[str]:
    """Say who and what was tested, which pairs are significant, and what adjustment changed."""
    model, plan, decision = result.model, result.plan, result.decision
    said = [
        *result.sample.sentences,
        *sentences_of(model),
        *result.ancestry,
        f"The edges between two networks, or within one, were averaged in each subject; {statistic_name(model)} of "
        f"every average with {model.name}, {degrees_in_words(model)}; {adjustment_in_words(model)}.",
        Answer(
            f"{decision.n_significant:,} of {counted(result.n_tested, 'pair')} of networks significant: "
            f"{decision.correction_name}, {controls(decision.correction)} {decision.alpha:g}"
            + ("." if decision.p_threshold is None else f", p at or below {decision.p_threshold:.3g}.")
        ),
    ]
    said += variance_in_words(model)
    said += exact_in_words(model, result.fit, "pair")
    comparison = result.comparison
    if comparison:
        said.append(
            f"Unadjusted, {counted(comparison['n_significant_unadjusted'], 'pair is', 'pairs are')} significant in the "
            f"same subjects: adjusting for {model.adjusted_for} loses {comparison['n_lost']} of them and gains "
            f"{comparison['n_gained']} others."
        )
    if result.enriched is not None:
        said.append(
            f"{result.n_enriched:,} of {counted(len(result.pairs), 'pair')} have more edges with {statistic_of(model)} "
            f"above {result.threshold:.4g} than by chance: enrichment, corrected for all pairs by the smallest p of "
            f"each permutation, family-wise error {decision.alpha:g}. {_whose(model)}, not edges: permuting edges "
            "ignores their correlation and is anti-conservative."
        )
    if result.enriched is not None or decision.permuted is not None:
        said += permutations_in_words(model, plan, decision.alpha)
    return said + _about_parcels_and_edges(cohort, result)


def _whose(model: Model) -> str:
    return "Signs of subjects were flipped" if model.question.robust else "Subjects were permuted"


def _about_parcels_and_edges(cohort: Cohort, result: NetworkAssociation) -> list[str]:
    """Say which parcels are in no network, and which edges have missing values."""
    said = []
    nowhere = sum(not network for network in parcellation_of(cohort).networks)
    if nowhere:
        said.append(f"{counted(nowhere, 'parcel')} in no network {'is' if nowhere == 1 else 'are'} not used.")
    if result.n_incomplete:
        uncounted = "" if result.enriched is None else ", and these edges do not count for enrichment"
        said.append(
            f"{counted(result.n_incomplete, 'edge')} with missing values: a subject's average is over the edges that "
            f"the subject has{uncounted}."
        )
    return said


def network_warnings(cohort: Cohort, blocks: str | None, result: NetworkAssociation) -> list[str]:
    """Say what of the result could mislead; ``blocks`` is the phenotype within which subjects were permuted."""
    said = warnings_of(result.model)
    said += spread_warnings(result.spread, result.model)
    said += independence_warnings(cohort, result.model, blocks)
    if result.enriched is not None or result.decision.permuted is not None:
        said += permutation_warnings(result.plan, result.decision.alpha)
    return said
