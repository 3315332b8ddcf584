"""The verdict of a confound report in words: what the numbers are consistent with, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from imagenomer.analyses.confounds.parts import Adjusted, Confounds, Params
from imagenomer.analyses.contract import Finding
from imagenomer.analyses.shared.sample import listed
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.statistics.verdict import RETAINED, Category, Evidence, predictions_follow, rest_is_clear

#: What each category is called in tables and sentences.
TITLES: Mapping[Category, str] = MappingProxyType(
    {
        "no association": "no association to explain",
        "unrelated": "no sign that it accounts for it",
        "real effect": "consistent with an effect that it does not explain",
        "confounding": "consistent with confounding (or mediation)",
        "both": "consistent with both",
        "cannot tell": "cannot tell",
    }
)


def findings(params: Params, result: Confounds) -> list[Finding]:
    """Return the verdict in words, each sentence with the view its numbers are in; none before the last part."""
    if result.category is None:
        return []
    assert result.target is not None
    assert result.evidence is not None
    assert result.categories is not None
    assert result.adjusted is not None
    name, target = result.people.target.name, result.target
    goes = "goes" if target.p_value <= params.alpha else "does not go"
    said = [
        Finding(
            f"{name} {goes} with connectivity as a whole: it explains "
            f"{number_text(100 * target.share.beyond_chance, '.2f')} % of the variance of all edges beyond chance "
            f"({_p(target.p_value)}).",
            "connectivity",
        )
    ]
    if result.category == "no association":
        said.append(
            Finding(
                f"So there is no association of {name} with connectivity that a candidate could explain; one may be "
                "there that so few people do not show.",
                "verdict",
            )
        )
        return said
    unrelated = []
    for one, evidence, category, adjusted in zip(
        result.candidates, result.evidence, result.categories, result.adjusted, strict=True
    ):
        if category == "unrelated":
            unrelated.append(one.name)
        else:
            said.append(about_candidate(one.name, name, evidence, category, adjusted, params.alpha))
    if unrelated:
        verb = "does" if len(unrelated) == 1 else "do"
        said.append(
            Finding(
                f"{listed(unrelated)} {verb} not go with {name} as far as can be seen: no sign of a part in it.",
                "candidates",
            )
        )
    said.append(Finding(_overall(name, result), "verdict"))
    return said


def about_candidate(
    candidate: str, target: str, evidence: Evidence, category: Category, adjusted: Adjusted | None, alpha: float
) -> Finding:
    """Say what the numbers of a candidate, one that is associated with the target, are consistent with."""
    if category == "cannot tell" and (adjusted is None or not np.isfinite(evidence.p_rest)):
        return Finding(f"{candidate}: cannot tell; too few people, or it says the same as {target}.", "verdict")
    rest, predictions = (
        _what_is_left(candidate, evidence, alpha),
        _what_predictions_follow(candidate, target, evidence, alpha),
    )
    if category == "confounding":
        text = f"{candidate} is consistent with confounding, or with mediation: {rest}, and {predictions}."
    elif category == "both":
        text = f"{candidate} is consistent with part of the association, not all: {rest}, and {predictions}."
    elif category == "real effect":
        text = (
            f"{candidate} goes with {target}, but the numbers are consistent with an effect that it does not explain: "
            f"{rest}; {predictions}."
        )
    else:
        return Finding(f"{candidate}: cannot tell; {rest}, and {predictions}.", "tests")
    return Finding(text, "adjustment")


def _what_predictions_follow(candidate: str, target: str, evidence: Evidence, alpha: float) -> str:
    if not np.isfinite(evidence.p_predictions):
        return "of predictions nothing is known"
    verb = "follow" if predictions_follow(evidence, alpha) else "do not follow"
    return f"predictions {verb} {candidate} beyond what {target} explains ({_p(evidence.p_predictions)})"


def _what_is_left(candidate: str, evidence: Evidence, alpha: float) -> str:
    p = _p(evidence.p_rest)
    if evidence.retained <= 0:
        return f"given {candidate}, nothing is left beyond chance ({p})"
    if evidence.remaining >= 1:
        return f"given {candidate}, all of it is left ({p})"
    left = f"{100 * evidence.retained:.0f} %" if np.isfinite(evidence.retained) else "an unknown share"
    said = f"given {candidate}, {left} is left of what an effect that has nothing to do with it would leave ({p}"
    if evidence.retained >= RETAINED and not rest_is_clear(evidence, alpha):
        return f"{said}: too few people to tell whether that is chance)"
    return f"{said})"


def _overall(name: str, result: Confounds) -> str:
    assert result.categories is not None
    of = {
        category: [one.name for one, own in zip(result.candidates, result.categories, strict=True) if own == category]
        for category in ("confounding", "both")
    }
    if result.category == "confounding":
        return (
            f"Together this is consistent with {listed(of['confounding'])} behind the association of {name} with "
            "connectivity. Whether that is a confounder, to be taken out, or a step on the way from one to the other, "
            "not to be, is for you to judge: the same numbers come from both."
        )
    if result.category == "both":
        return (
            f"Together this is consistent with {listed(of['both'])} behind part of the association of {name} with "
            "connectivity and something else behind the rest, be it an effect or what is not among the candidates. "
            "Whether a candidate is a confounder or a step on the way is for you to judge."
        )
    if result.category == "real effect":
        return (
            f"Together this is consistent with an association of {name} with connectivity that no candidate explains; "
            "what is not among the candidates cannot be told."
        )
    return f"Together these numbers cannot tell whether a candidate is behind the association of {name}."


def _p(value: float) -> str:
    return f"p = {value:.3g}" if np.isfinite(value) else "p not known"
