"""Components and variants in words: sentences, warnings and the note of figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imagenomer.analyses.components.component_variants_params import Params
from imagenomer.analyses.components.component_variants_result import ComponentVariantTests
from imagenomer.analyses.contract import Answer
from imagenomer.analyses.shared.design_words import adjusted_in_words, design_warnings
from imagenomer.analyses.shared.families import family_warnings
from imagenomer.analyses.shared.genotyped import CODED, about_relatives
from imagenomer.analyses.shared.inference import BY_P, controls
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort
from imagenomer.types import JsonObject

#: Lambda above which p-values are called inflated, and tests below which it says nothing.
_INFLATED, _FEWEST_TESTS = 1.1, 100


def component_sentences(cohort: Cohort, params: Params, result: ComponentVariantTests) -> Iterator[str]:
    """Yield what was tested, in whom, and what came out."""
    for reason, subjects in result.dropped:
        who = listed(cohort.subjects[index] for index in subjects)
        was = "was" if subjects.size == 1 else "were"
        yield f"{counted(subjects.size, 'subject')} {reason} {was} excluded from the tests: {who}."
    yield from result.ancestry_sentences
    left_out = ", ".join(f"{n:,} {why}" for n, why in result.left_out if n)
    yield (
        f"{counted(result.which.size, 'variant')} of {result.variants.name} in {counted(result.rows.size, 'subject')}"
        + (f"; left out: {left_out}." if left_out else ".")
    )
    partial = result.design.used_of(params.covariates) or params.ancestry_components
    adjusted = adjusted_in_words(params.covariates, params.ancestry_components, result.design, "unadjusted")
    yield (
        f"{'Partial' if partial else 'Pearson'} r of every variant, {CODED[params.coding]}, with the scores of every "
        f"component, {adjusted}. Subjects with a missing genotype are excluded for that variant; nothing is imputed."
    )
    threshold = result.decision.p_threshold
    yield Answer(
        f"{result.n_significant:,} of {counted(result.n_tests, 'test')} ({result.components.n_components} components "
        f"times {counted(result.which.size, 'variant')}) significant: {BY_P[params.correction]}, "
        f"{controls(params.correction)} {params.alpha:g}"
        + ("." if threshold is None else f", p at or below {threshold:.3g}.")
    )
    yield (
        f"The table lists the {counted(result.strongest.size, 'strongest association')}; chosen for their strength, "
        "their r and its interval overstate it."
    )


def component_warnings(
    cohort: Cohort, params: Params, result: ComponentVariantTests, by_component: Sequence[JsonObject]
) -> Iterator[str]:
    """Yield what could mislead; ``by_component`` are the rows of the table of components."""
    yield from design_warnings(result.design.findings)
    subjects = result.components.subjects[result.rows]
    yield from family_warnings(cohort, subjects, params.covariates, "choose a group of one subject of each")
    yield from about_relatives(cohort, subjects)
    inflated = [
        row["component"]
        for row in by_component
        if row["n_tests"] >= _FEWEST_TESTS and (row["inflation"] or 0) > _INFLATED
    ]
    if inflated:
        way_out = "" if params.ancestry_components else "; adjust for ancestry components, or look within one group"
        yield (
            f"Small p-values are too common (lambda above {_INFLATED:g}) for "
            f"{'component' if len(inflated) == 1 else 'components'} {listed(map(str, inflated))}: the "
            f"scores are probably associated with ancestry or relatedness, and so with many variants{way_out}."
        )


def note_of(params: Params, result: ComponentVariantTests) -> str:
    """Return what every figure of this result says below it."""
    return (
        f"{counted(result.rows.size, 'subject')}; {result.n_significant:,} of {counted(result.n_tests, 'test')} "
        f"significant ({BY_P[params.correction]}, alpha {params.alpha:g})"
    )
