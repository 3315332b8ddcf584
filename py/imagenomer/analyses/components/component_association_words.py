"""Component association in words: titles, notes, sentences and warnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagenomer.analyses.components.component_association_params import CORRECTIONS, Params
from imagenomer.analyses.components.component_association_result import ComponentTests
from imagenomer.analyses.contract import Answer
from imagenomer.analyses.shared.inference import controls, permutation_warnings, permutations_in_words
from imagenomer.analyses.shared.linear_model_words import (
    independence_warnings,
    sentences_of,
    spread_warnings,
    variance_in_words,
    warnings_of,
)
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort
from imagenomer.wording import minus


def title_of(result: ComponentTests) -> str:
    what = result.tested[0].model.name if len(result.tested) == 1 else "Phenotypes"
    given = f", given {listed(result.used)}" if result.used else ""
    return f"{what} and the components of {result.components.name}{given}"


def note_of(params: Params, result: ComponentTests) -> str:
    return (
        f"{counted(result.components.subjects.size, 'subject')} with scores; {result.n_significant:,} of "
        f"{counted(result.n_tests, 'test')} significant ({CORRECTIONS[params.correction]}, alpha {params.alpha:g})"
    )


def tip_of(result: ComponentTests, row: int, column: int, name: str) -> str:
    one = result.tested[row]
    symbol = "eta" if one.model.n_tested > 1 else "r"
    if np.isnan(one.effect[column]):
        return f"{name} and {one.model.name}: not defined"
    effect = minus(f"{one.effect[column]:.3f}")
    return (
        f"{name} and {one.model.name}: {symbol} = {effect}, p = {one.p_value[column]:.3g}, adjusted "
        f"{result.p_adjusted[row, column]:.3g}, n = {one.rows.size}"
    )


def association_sentences(cohort: Cohort, params: Params, result: ComponentTests) -> Iterator[str]:
    """Yield what was tested, in whom, and what came out."""
    yield from _about_phenotypes(cohort, result)
    threshold = result.decision.p_threshold
    significant = f"{result.n_significant:,} of {counted(result.n_tests, 'test')} significant"
    yield Answer(
        "Each component is a single test of all its edges together: "
        f"{significant} ({CORRECTIONS[params.correction]}, {controls(params.correction)} {params.alpha:g}"
        + ("" if threshold is None else f", p at or below {threshold:.3g}")
        + ")."
    )
    yield (
        f"{result.n_nominal:,} have an uncorrected p below 0.05; without any association "
        f"{0.05 * result.n_tests:,.1f} are expected."
    )
    if result.plan is not None and len(result.tested) == 1:
        yield from permutations_in_words(result.tested[0].model, result.plan, params.alpha)


def association_warnings(cohort: Cohort, params: Params, result: ComponentTests) -> Iterator[str]:
    """Yield what could mislead."""
    model = result.tested[0].model
    if len(result.tested) == 1:
        yield from warnings_of(model)
        yield from spread_warnings(result.spread, model, "component scores")
    yield from independence_warnings(cohort, model)
    if result.plan is not None:
        yield from permutation_warnings(result.plan, params.alpha)


def _about_phenotypes(cohort: Cohort, result: ComponentTests) -> list[str]:
    """Say who has a phenotype, how it is coded, and what was not tested."""
    scored = result.components.subjects
    adjusted = f"adjusted for {listed(result.used)}" if result.used else "unadjusted"
    said = []
    if len(result.tested) == 1:
        (one,) = result.tested
        for name, absent in one.model.question.missing.items():
            excluded = scored[absent[scored]]
            if excluded.size:
                names = listed(cohort.subjects[index] for index in excluded)
                was = "was" if excluded.size == 1 else "were"
                said.append(
                    f"{counted(excluded.size, 'subject')} without {name} {was} excluded from the tests: {names}."
                )
        said += sentences_of(one.model)
        what = "Eta" if one.model.n_tested > 1 else "Partial r" if result.used else "Pearson's r"
        said.append(
            f"{what} of every component's scores with {one.model.name} in {counted(one.rows.size, 'subject')}, "
            f"{one.dof} degrees of freedom, {adjusted}."
        )
        said += variance_in_words(one.model)
    else:
        sizes = [one.rows.size for one in result.tested]
        said.append(
            f"{counted(len(result.tested), 'phenotype')}, {adjusted}, each in the subjects who have it and scores: "
            f"{min(sizes):,} to {max(sizes):,}."
        )
        said.append(
            "Of a category of two levels one is coded 1, as the column says; one of more levels is tested as a whole "
            "and its eta (root of the share of variance it explains) has no sign."
        )
        robust = result.tested[0].model.question
        if robust.related is not None:
            said.append(f"Subjects of the same {robust.related.name} are related: errors are by cluster (CR3).")
        elif robust.unequal:
            said.append("Variances may differ between subjects: p-values are by HC3 (MacKinnon and White 1985).")
    said += [f"{name} was not tested: {reason}." for name, reason in result.untested]
    return said
