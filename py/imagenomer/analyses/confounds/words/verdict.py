"""The verdict of a confound report in words: what the numbers are consistent with, and where they are shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagenomer.analyses.confounds.associations import TargetConnectivity
from imagenomer.analyses.confounds.evidence import CandidateVerdict, Verdict
from imagenomer.analyses.contract import Finding
from imagenomer.analyses.shared.sample import listed
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.statistics.verdict import RETAINED, Evidence, predictions_follow, rest_is_clear


def findings(target_name: str, target: TargetConnectivity, verdict: Verdict, alpha: float) -> Iterator[Finding]:
    """Yield the verdict in sentences, each with the view its numbers are in.

    Parameters
    ----------
    target_name : str
    target : TargetConnectivity
        In all subjects who have the target.
    verdict : Verdict
    alpha : float
        The level of significance that the verdict was made with.
    """
    verb = "is" if target.p_value <= alpha else "is not"
    yield Finding(
        f"{target_name} {verb} associated with connectivity as a whole: it explains "
        f"{number_text(100 * target.share.beyond_chance, '.2f')} % of the variance of all edges beyond chance "
        f"({_p(target.p_value)}).",
        "connectivity",
    )
    if verdict.category == "no association":
        yield Finding(
            f"So there is no association of {target_name} with connectivity that a candidate could explain; a "
            "weak one may be missed in a sample of this size.",
            "verdict",
        )
        return
    for name, one in verdict.candidates.items():
        if one.category != "unrelated":
            yield about_candidate(name, target_name, one, alpha)
    unrelated = verdict.names_of("unrelated")
    if unrelated:
        verb = "is" if len(unrelated) == 1 else "are"
        yield Finding(
            f"{listed(unrelated)} {verb} not significantly associated with {target_name}: no sign of confounding.",
            "candidates",
        )
    yield Finding(_overall(target_name, verdict), "verdict")


def about_candidate(candidate: str, target_name: str, verdict: CandidateVerdict, alpha: float) -> Finding:
    """Say what the numbers of a candidate, one that is associated with the target, are consistent with."""
    evidence = verdict.evidence
    if verdict.category == "cannot tell" and not np.isfinite(evidence.p_rest):
        return Finding(f"{candidate}: cannot tell; too few subjects, or collinear with {target_name}.", "verdict")
    rest = _about_remaining(candidate, evidence, alpha)
    predictions = _about_predictions(candidate, target_name, evidence, alpha)
    if verdict.category == "confounding":
        text = f"{candidate} is consistent with confounding (or mediation): {rest}, and {predictions}."
    elif verdict.category == "both":
        text = f"{candidate} is consistent with part of the association, not all: {rest}, and {predictions}."
    elif verdict.category == "real effect":
        text = (
            f"{candidate} is associated with {target_name}, but consistent with an effect that it does not explain: "
            f"{rest}; {predictions}."
        )
    else:
        return Finding(f"{candidate}: cannot tell; {rest}, and {predictions}.", "tests")
    return Finding(text, "adjustment")


def _about_predictions(candidate: str, target: str, evidence: Evidence, alpha: float) -> str:
    if not np.isfinite(evidence.p_predictions):
        return "predictions could not be tested"
    verb = "are" if predictions_follow(evidence, alpha) else "are not"
    return (
        f"predictions {verb} associated with {candidate} beyond what {target} explains ({_p(evidence.p_predictions)})"
    )


def _about_remaining(candidate: str, evidence: Evidence, alpha: float) -> str:
    p = _p(evidence.p_rest)
    if evidence.retained <= 0:
        return f"nothing beyond chance remains after adjusting for {candidate} ({p})"
    if evidence.remaining >= 1:
        return f"all of the association remains after adjusting for {candidate} ({p})"
    left = f"{100 * evidence.retained:.0f} %" if np.isfinite(evidence.retained) else "an unknown share"
    said = f"{left} of the association remains after adjusting for {candidate}, relative to an independent effect ({p}"
    if evidence.retained >= RETAINED and not rest_is_clear(evidence, alpha):
        return f"{said}: too few subjects to distinguish from chance)"
    return f"{said})"


def _overall(target_name: str, verdict: Verdict) -> str:
    names = listed(verdict.names_of(verdict.category))
    if verdict.category == "confounding":
        return (
            f"Together the numbers are consistent with {names} explaining the association of {target_name} with "
            "connectivity. Whether as a confounder, to be adjusted for, or as a mediator, not to be, is for you to "
            "judge: the numbers of both are the same."
        )
    if verdict.category == "both":
        return (
            f"Together the numbers are consistent with {names} explaining part of the association of {target_name} "
            "with connectivity; the rest is an effect or due to something that is not among the candidates. Whether a "
            "candidate is a confounder or a mediator is for you to judge."
        )
    if verdict.category == "real effect":
        return (
            f"Together the numbers are consistent with an association of {target_name} with connectivity that no "
            "candidate explains; phenotypes that are not among the candidates were not examined."
        )
    return f"Together the numbers cannot tell whether a candidate explains the association of {target_name}."


def _p(value: float) -> str:
    return f"p = {value:.3g}" if np.isfinite(value) else "p not known"
