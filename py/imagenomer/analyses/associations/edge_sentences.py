"""What an edge association says, and what of it could mislead."""

from __future__ import annotations

from imagenomer.analyses.associations.edge_result import AdjustedMap, EdgeAssociation
from imagenomer.analyses.shared.edge_table import signed
from imagenomer.analyses.shared.inference import about_permutations, decided, permutation_warnings
from imagenomer.analyses.shared.linear_model_words import (
    adjustment_in_words,
    degrees_in_words,
    exact_in_words,
    independence_warnings,
    sentences_of,
    spread_warnings,
    statistic_name,
    symbol_of,
    variance_in_words,
    warnings_of,
)
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort


def edge_sentences(result: EdgeAssociation) -> list[str]:
    """Say who and what was tested, what is significant by which rule, and what adjustment changed."""
    model, decision, below = result.model, result.decision, result.n_nominal
    return [
        *result.sample.sentences,
        *sentences_of(model),
        *result.ancestry,
        f"{statistic_name(model)} of every edge with {model.name}, {degrees_in_words(model)}; "
        f"{adjustment_in_words(model)}.",
        *variance_in_words(model),
        decided(decision, model, result.n_tested),
        *about_permutations(decision, model, result.plan),
        *_compared(result),
        *_about_edges(result),
        f"{counted(below, 'edge')} ({100 * below / max(result.n_tested, 1):.1f} %) "
        f"{'has' if below == 1 else 'have'} an uncorrected p below 0.05; without "
        "any association 5 % are expected on average, but since edges are correlated that share varies widely.",
        f"The table lists the {counted(result.strongest.size, 'strongest edge')}; chosen for their strength, "
        + ("their r and its interval overstate it." if model.n_tested == 1 else "their η² overstates it."),
    ]


def _compared(result: EdgeAssociation) -> list[str]:
    """Say what adjustment changed."""
    found, model = result.adjustment, result.model
    if found is None:
        return []
    said = [_lost_and_gained(result, found)]
    if found.spatial_correlation is not None:
        symbol = f"|{symbol_of(model)}|" if model.n_tested == 1 else symbol_of(model)
        said.append(
            f"The adjusted and the unadjusted map correlate at {signed(found.spatial_correlation, 3)} over edges; the "
            f"median {symbol} is {found.median_effect:.3f} adjusted and {found.median_effect_unadjusted:.3f} "
            "unadjusted."
        )
    return said


def _lost_and_gained(result: EdgeAssociation, found: AdjustedMap) -> str:
    decision = result.decision
    if found.n_significant_unadjusted is None or found.n_gained is None:
        what = decision.correction_name
        return (
            f"{what[0].upper()}{what[1:]} is not repeated without the covariates; choose another correction to count "
            "the edges that adjustment loses and gains."
        )
    rule = " by that p" if decision.correction == "max-t" else ""
    return (
        f"Unadjusted, {counted(found.n_significant_unadjusted, 'edge is', 'edges are')} significant{rule} in the same "
        f"subjects: adjusting for {result.model.adjusted_for} loses {found.n_lost:,} of them and gains "
        f"{counted(found.n_gained, 'other')}."
    )


def _about_edges(result: EdgeAssociation) -> list[str]:
    n_incomplete, n_untested = result.n_incomplete, result.n_untested
    said = []
    if n_incomplete and result.decision.permuted is not None:
        said.append(
            f"{counted(n_incomplete, 'edge')} with missing values: each is fitted to the subjects who have it, and is "
            "excluded from permutation."
        )
    elif n_incomplete:
        said.append(
            f"{counted(n_incomplete, 'edge')} with missing values: each is fitted to the subjects who have it, with "
            "degrees of freedom by their number."
        )
    if n_untested:
        said.append(f"{counted(n_untested, 'edge')} not tested: no variation, too few values, or an exact fit.")
    said += exact_in_words(result.model, result.fit, "edge")
    return said


def edge_warnings(cohort: Cohort, blocks: str | None, result: EdgeAssociation) -> list[str]:
    """Say what of the result could mislead; ``blocks`` is the phenotype within which subjects were permuted."""
    said = []
    if not result.n_tested:
        said.append("No edge varies among these subjects, so none could be tested.")
    said += warnings_of(result.model)
    said += spread_warnings(result.spread, result.model)
    said += independence_warnings(cohort, result.model, blocks)
    if result.model.question.ranked and result.sample.n_subjects <= 10:
        said.append("The p-values of Spearman's rho are approximate with so few subjects.")
    if result.decision.permuted is not None:
        said += permutation_warnings(result.plan, result.decision.alpha)
    return said
