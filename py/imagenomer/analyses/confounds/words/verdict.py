"""The verdict of a confound report in words: what the numbers are consistent with, and where they stand."""

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
        In everybody who has the target.
    verdict : Verdict
    alpha : float
        The level of significance that the verdict was made with.
    """
    goes = "goes" if target.p_value <= alpha else "does not go"
    yield Finding(
        f"{target_name} {goes} with connectivity as a whole: it explains "
        f"{number_text(100 * target.share.beyond_chance, '.2f')} % of the variance of all edges beyond chance "
        f"({_p(target.p_value)}).",
        "connectivity",
    )
    if verdict.category == "no association":
        yield Finding(
            f"So there is no association of {target_name} with connectivity that a candidate could explain; one may "
            "be there that so few people do not show.",
            "verdict",
        )
        return
    for name, one in verdict.candidates.items():
        if one.category != "unrelated":
            yield about_candidate(name, target_name, one, alpha)
    unrelated = verdict.names_of("unrelated")
    if unrelated:
        verb = "does" if len(unrelated) == 1 else "do"
        yield Finding(
            f"{listed(unrelated)} {verb} not go with {target_name} as far as can be seen: no sign of a part in it.",
            "candidates",
        )
    yield Finding(_overall(target_name, verdict), "verdict")


def about_candidate(candidate: str, target_name: str, verdict: CandidateVerdict, alpha: float) -> Finding:
    """Say what the numbers of a candidate, one that is associated with the target, are consistent with."""
    evidence = verdict.evidence
    if verdict.category == "cannot tell" and not np.isfinite(evidence.p_rest):
        return Finding(f"{candidate}: cannot tell; too few people, or it says the same as {target_name}.", "verdict")
    rest = _what_is_left(candidate, evidence, alpha)
    predictions = _what_predictions_follow(candidate, target_name, evidence, alpha)
    if verdict.category == "confounding":
        text = f"{candidate} is consistent with confounding, or with mediation: {rest}, and {predictions}."
    elif verdict.category == "both":
        text = f"{candidate} is consistent with part of the association, not all: {rest}, and {predictions}."
    elif verdict.category == "real effect":
        text = (
            f"{candidate} goes with {target_name}, but the numbers are consistent with an effect that it does not "
            f"explain: {rest}; {predictions}."
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


def _overall(target_name: str, verdict: Verdict) -> str:
    names = listed(verdict.names_of(verdict.category))
    if verdict.category == "confounding":
        return (
            f"Together this is consistent with {names} behind the association of {target_name} with "
            "connectivity. Whether that is a confounder, to be taken out, or a step on the way from one to the other, "
            "not to be, is for you to judge: the same numbers come from both."
        )
    if verdict.category == "both":
        return (
            f"Together this is consistent with {names} behind part of the association of {target_name} with "
            "connectivity and something else behind the rest, be it an effect or what is not among the candidates. "
            "Whether a candidate is a confounder or a step on the way is for you to judge."
        )
    if verdict.category == "real effect":
        return (
            f"Together this is consistent with an association of {target_name} with connectivity that no candidate "
            "explains; what is not among the candidates cannot be told."
        )
    return f"Together these numbers cannot tell whether a candidate is behind the association of {target_name}."


def _p(value: float) -> str:
    return f"p = {value:.3g}" if np.isfinite(value) else "p not known"
