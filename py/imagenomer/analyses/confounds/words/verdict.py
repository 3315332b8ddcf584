"""The verdict of a confound report in words: the answer first, then its numbers, and where they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.roles import Role, kept_out
from imagenomer.analyses.contract import Finding
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.statistics.commonality import ExplainedParts, inseparable, proxies
from imagenomer.statistics.explanation import Explanation
from imagenomer.statistics.negative_controls import NegativeControl
from imagenomer.statistics.remainders import CandidateExplanation, Remainder
from imagenomer.statistics.remaining_slope import RemainingShare
from imagenomer.statistics.score_test import ScoreTest
from imagenomer.statistics.sensitivity import Sensitivity
from imagenomer.statistics.verdict import GATE_SHARE, LEAST, Bounds, category_of

#: Of the target a candidate explains more than this: the two can hardly be told apart.
_NEARLY_THE_SAME = 0.9
#: Of the standard normal distribution, what 80 % are above if its mean is so much higher.
_POWER_Z = 0.8416


def findings(target_name: str, part: VerdictPart) -> Iterator[Finding]:
    """Yield the verdict in sentences, each with the view its numbers are in."""
    explanation = part.explanation
    for name, one in explanation.candidates.items():
        if one.remainder.pattern.explained > _NEARLY_THE_SAME:
            yield Finding(_about_alias(name, target_name, one), "verdict")
    yield Finding(_about_association(target_name, part), "verdict")
    for name, control in part.controls.items():
        yield Finding(_about_control(name, target_name, control, part), "controls")
    if explanation.category == "no association":
        return
    yield Finding(_overall(target_name, part), "remaining")
    if explanation.appears:
        return
    if explanation.sensitivity is not None and explanation.category in ("real effect", "both"):
        yield Finding(_about_sensitivity(target_name, explanation.sensitivity), "remaining")
    others, of_others = kept_out(part.roles), proxies(explanation.parts, part.bounds.margin)
    for name, one in explanation.candidates.items():
        if name in of_others:
            yield Finding(about_proxy(name, explanation.parts[name], of_others[name]), "verdict")
        elif name in others and not one.is_alias:
            yield Finding(_about_kept_out(name, part.roles[name], one.remainder.share), "verdict")
        elif one.category != "unrelated" and not one.is_alias:
            yield Finding(about_candidate(name, one, explanation, part.bounds) + _at_once(one, part), "verdict")
    yield from _about_shared(explanation.parts, part.bounds.margin)
    unrelated = [
        name for name, one in explanation.candidates.items() if one.category == "unrelated" and name not in others
    ]
    if unrelated:
        verb = "has" if len(unrelated) == 1 else "have"
        yield Finding(
            f"{listed(unrelated)} {verb} no visible part in it: not associated with {target_name}.", "candidates"
        )


def remains(share: RemainingShare) -> str:
    """Say how much remains, with the interval: "99 % remains, 92 to 104"."""
    return f"{_percent(share.estimate)} % remains, {_percent(share.low)} to {_percent(share.high)}"


# --- first: what cannot be told apart, and whether there is an association ---------------------------


def _about_alias(name: str, target: str, one: CandidateExplanation) -> str:
    n, share = one.remainder.n_subjects, one.remainder.pattern.explained
    verb = "cannot" if one.is_alias else "can hardly"
    said = f"{name} {verb} be told from {target} here: it explains {number_text(100 * share, '.1f')} % of it"
    if one.n_apart < n:
        some = "none" if not one.n_apart else f"{one.n_apart:,}"
        return f"{said}, and {some} of {counted(n, 'subject')} have a {name} with which {target} varies."
    return f"{said} in {counted(n, 'subject')}."


def _about_association(target: str, part: VerdictPart) -> str:
    test, level = part.explanation.test, GATE_SHARE * part.alpha
    looks = f"all edges {_p(test.whole)}, prediction {_p(test.prediction)}, strongest edge {_p(test.strongest)}"
    if test.p_value <= level:
        return f"{target} is associated with connectivity ({_p(test.p_value)}: {looks})."
    n = part.explanation.model.known.size
    return (
        f"{target} is not significantly associated with connectivity ({_p(test.p_value)}: {looks}), which is not to "
        f"say that there is nothing{_power(test, n)}."
    )


def _about_control(name: str, target: str, control: NegativeControl, part: VerdictPart) -> str:
    """Say what a negative control is associated with, and what that means."""
    if control.connectivity is None:
        return f"{name}, the negative control, is known of {counted(control.n_subjects, 'subject')} only: too few."
    given = f" given {listed(part.explanation.model.names)}" if part.explanation.model.names else ""
    p_target, p_edges = _p(control.p_target), _p(control.connectivity.p_value)
    if control.hints(part.alpha):
        return (
            f"{name}, which has no part in it (a negative control), is associated with {target} ({p_target}) and with "
            f"connectivity given {target} ({p_edges}) all the same{given}: a cause of {target} and connectivity that "
            "is not adjusted for is likely."
        )
    where = [
        what
        for what, p in ((target, control.p_target), (f"connectivity given {target}", control.connectivity.p_value))
        if p <= part.alpha
    ]
    only = f"is associated with {where[0]} only" if where else f"is associated neither with {target} nor connectivity"
    return (
        f"{name}, the negative control, {only} ({p_target} and {p_edges}{given}): no sign of a cause that is not "
        "adjusted for, as far as it shares that cause."
    )


def _power(test: ScoreTest, n_subjects: int) -> str:
    """Say which edge would have been found in four of five cohorts like this one."""
    if not np.isfinite(test.critical_t):
        return ""
    t = test.critical_t + _POWER_Z
    r = t / np.sqrt(n_subjects + t**2)
    return f": in {counted(n_subjects, 'subject')} an edge is found in four of five cases if its |r| is {r:.2f} or more"


# --- all candidates together -----------------------------------------------------------------------


def _overall(target: str, part: VerdictPart) -> str:
    explanation, bounds = part.explanation, part.bounds
    names, share = explanation.model.names, explanation.joint.share
    several = len(names) > 1
    given, them = _p(explanation.given_joint.p_value), "them" if several else "it"
    who, verb = (f"Together {listed(names)}", "explain") if several else (listed(names), "explains")
    if explanation.appears:
        return (
            f"The association appears only when {listed(names)} {'are' if several else 'is'} adjusted for ({given}), "
            f"which may hide it (a suppressor), or be a consequence of {target} and connectivity; or subjects were "
            "selected by both."
        )
    if explanation.category == "confounding" and explanation.joint.category == "cannot tell":
        return _alone(part)
    if explanation.category == "confounding":
        return (
            f"{who} {verb} {_how_much(explanation.joint)}: {remains(share)} ({given} given {them}: "
            f"{_left(explanation)}). The numbers are consistent with confounding. {_judgement(names, part.roles)}"
            f"{_hint(share, bounds)}"
        )
    if explanation.category == "both":
        return (
            f"{who} {verb} part of it: {_both_shares(explanation.joint, bounds)} ({given} given {them}). The numbers "
            "are consistent with both: the rest is an effect, or due to something that is not among the candidates, "
            f"or {_reliability(share, several)}. {_judgement(names, part.roles)}{_hint(share, bounds)}"
        )
    if explanation.category == "real effect":
        said = f"No candidate explains it: {remains(share)} given {listed(names)} ({given})"
        if not names:
            said = "No candidate explains it: none has a part in it"
        return (
            f"{said}. The numbers are consistent with a real effect, or with a cause that is not among the candidates, "
            f"or with the way subjects were selected.{_hint(share, bounds)}"
        )
    return _undecided(part)


def _undecided(part: VerdictPart) -> str:
    explanation, bounds, roles = part.explanation, part.bounds, part.roles
    names, share = listed(explanation.model.names), explanation.joint.share
    aliases = [name for name, one in explanation.candidates.items() if one.is_alias and name not in kept_out(roles)]
    if aliases:
        others = f"; given the others ({names}) {remains(share)}" if names and share.known else ""
        return f"Cannot tell whether it is explained: {listed(aliases)} cannot be told from it{others}."
    if not share.known:
        return "Cannot tell whether it is explained: too few subjects, or too little of the target can be predicted."
    said = (
        f"Cannot tell whether {names or 'a candidate'} explains it: {remains(share)}. That is too wide: more subjects "
        f"are needed, or fewer candidates.{_hint(share, bounds)}"
    )
    # What is not told apart from no part in it may all the same be the consequence that nobody should adjust for.
    return f"{said} {_judgement(explanation.model.names, roles, by_name=True)}" if names else said


def _alone(part: VerdictPart) -> str:
    explanation, others = part.explanation, kept_out(part.roles)
    explaining = (name for name, one in explanation.candidates.items() if one.category == "confounding")
    name = next(name for name in explaining if name not in others)
    one, joint = explanation.candidates[name], explanation.joint.share
    said = _by_product(name, one, explanation) or f" by itself: {remains(one.remainder.share)}"
    wide = f"; all together leave too wide an interval ({remains(joint)})" if joint.known else ""
    return (
        f"{name} explains {_how_much(one.remainder)}{said}{wide}. The numbers are consistent with confounding. "
        f"{_judgement((name,), part.roles)}"
    )


def _how_much(remainder: Remainder) -> str:
    """Say how much is explained where "confounding" is said: most, where by the interval a part remains."""
    return "most of it" if remainder.category == "both" else "it"


def _left(explanation: Explanation) -> str:
    if explanation.given_joint.p_value <= 0.05:
        return "a small rest is there all the same"
    if explanation.joint.category == "both":
        return "the rest could not be shown by itself"
    return "nothing that this cohort could have shown remains"


def _judgement(names: Sequence[str], roles: Mapping[str, Role], *, by_name: bool = False) -> str:
    """Say which readings the numbers allow of candidates that take part in an association, and what is known.

    They are called "it" or "they" unless ``by_name``.
    """
    unknown = [name for name in names if name not in roles]
    if not unknown:
        what = "a confounder" if len(names) == 1 else "confounders"
        return f"You call {listed(names)} {what}, to be adjusted for."
    who = listed(unknown) if by_name or len(unknown) < len(names) else "they" if len(names) > 1 else "it"
    if len(unknown) > 1:
        what = "are causes of both (confounders, to be adjusted for), links (mediators) or consequences of both"
    else:
        what = "is a cause of both (a confounder, to be adjusted for), a link (a mediator) or a consequence of both"
    return f"Whether {who} {what} is for you to judge, and to say under Roles: the numbers can be the same."


def _about_sensitivity(target: str, found: Sensitivity) -> str:
    """Say how strong a cause that is not among the candidates would have to be, and how strong the strongest is."""
    share = number_text(100 * found.robustness_value, ".0f")
    mark = found.strongest
    beside = ""
    if mark is not None:
        of_target, of_outcome = (number_text(100 * one, ".0f") for one in (mark.of_target, mark.of_outcome))
        beside = f"; {mark.name}, the strongest that is, explains {of_target} and {of_outcome} %"
    return (
        f"A cause that is not among the candidates would have to explain {share} % of what is left of {target} and as "
        f"much of its prediction to leave nothing of it (robustness value){beside}."
    )


def _about_kept_out(name: str, role: Role, share: RemainingShare) -> str:
    """Say what remains given a link or a consequence, which is not adjusted for."""
    if role == "mediator":
        given = f"; given it {remains(share)}: what does not pass through it" if share.known else ""
        return f"{name}, which you call a link, is not adjusted for{given}."
    given = f" (it would seem that {remains(share)})" if share.known else ""
    return f"{name}, which you call a consequence of both, is not adjusted for: that would make associations{given}."


# --- one candidate ---------------------------------------------------------------------------------


def about_candidate(name: str, one: CandidateExplanation, explanation: Explanation, bounds: Bounds) -> str:
    """Say what a candidate explains of an association that is there, beginning with the answer."""
    share = one.remainder.share
    if one.category == "confounding":
        said = _by_product(name, one, explanation) or f": {remains(share)}"
        p = _p(explanation.given_joint.p_value)
        return f"{name} explains {_how_much(one.remainder)}{said} ({p} given all candidates).{_hint(share, bounds)}"
    if one.category == "both":
        said = _by_product(name, one, explanation)
        if said:
            return f"{name} explains part of it{said}."
        said = f"{name} explains part of it: {_both_shares(one.remainder, bounds)}"
        return f"{said}; or {_reliability(share, several=False)}.{_hint(share, bounds)}"
    if one.category == "real effect":
        return f"{name} does not explain it: {_both_shares(one.remainder, bounds)}.{_hint(share, bounds)}"
    if not share.known:
        few = one.remainder.n_subjects < LEAST
        why = f"only {counted(one.remainder.n_subjects, 'subject')}" if few else "there is no slope to compare with"
        return f"{name}: cannot tell; {why}."
    return f"{name}: cannot tell; {remains(share)}, too wide for this cohort to decide.{_hint(share, bounds)}"


def _at_once(one: CandidateExplanation, part: VerdictPart) -> str:
    """Say where an interval that holds together with all others would be called otherwise; "" where not."""
    share = one.remainder.pattern
    alone = category_of(share, part.bounds)
    if one.category not in ("confounding", "both", "real effect") or alone != one.category:
        return ""
    low, high = share.at(part.each)
    if category_of(replace(share, low=low, high=high), part.bounds) == alone:
        return ""
    return (
        f" By itself, that is: the interval that holds for all {part.n_intervals} at once, {_percent(low)} to "
        f"{_percent(high)} %, is too wide to say so."
    )


def about_proxy(name: str, parts: ExplainedParts, cause: str) -> str:
    """Say that a candidate explains what another explains, and nothing of its own."""
    return (
        f"{name} is a proxy of {cause}: by itself it explains {_percent(parts.alone)} %, but uniquely "
        f"{_percent(parts.unique)} % ({_percent(parts.low)} to {_percent(parts.high)}); the rest is shared with "
        f"{cause}, which explains a part of its own."
    )


def _about_shared(parts: Mapping[str, ExplainedParts], margin: float) -> Iterator[Finding]:
    """Yield what pairs of candidates explain that is of neither of them alone."""
    for first, second, share in inseparable(parts, margin):
        yield Finding(
            f"{first} and {second} share {_percent(share)} % of what is explained, and neither is shown to explain a "
            "part uniquely: which of them is the cause cannot be told from these subjects.",
            "verdict",
        )


def _by_product(name: str, one: CandidateExplanation, explanation: Explanation) -> str:
    """Say with which other a candidate explains it where it does not by itself; "" otherwise."""
    if one.remainder.category == one.category:
        return ""
    for pair, product in explanation.model.products.items():
        if name in pair and product.category == one.category:
            other = pair[1] if name == pair[0] else pair[0]
            return f", together with its product with {other}: {remains(product.share)}"
    return ""


def _both_shares(remainder: Remainder, bounds: Bounds) -> str:
    """Say what remains, and what remains of the map where that is what decides."""
    pattern, of_map = remainder.pattern, remainder.of_map
    if pattern.known and of_map.known and of_map.high < 1 - bounds.margin and not pattern.high < 1 - bounds.margin:
        low, high = _percent(of_map.low), _percent(of_map.high)
        return (
            f"{remains(pattern)}, along what predicts, and {_percent(of_map.estimate)} %, {low} to {high}, of the map"
        )
    return remains(remainder.share)


def _reliability(share: RemainingShare, several: bool) -> str:
    same = "the same candidates, imperfectly measured" if several else "the same candidate, imperfectly measured"
    if not 0 < share.reliability < 1:
        return same
    return f"{same}: at a reliability of {share.reliability:.2f} nothing would be left"


def _hint(share: RemainingShare, bounds: Bounds) -> str:
    """Say what a share outside of nothing to everything hints at; "" for others."""
    if share.known and share.estimate < -bounds.margin:
        return (
            " The slope turns round, which hints at a common consequence of target and connectivity, not to be "
            "adjusted for, or at a suppressor."
        )
    if share.known and share.low > 1 and share.estimate > 1 + bounds.margin:
        return (
            " More remains than there was, which hints at a suppressor, at subjects selected by target and "
            "connectivity, or at a common consequence."
        )
    return ""


def _percent(share: float) -> str:
    return number_text(100 * share, ".0f")


def _p(value: float) -> str:
    return f"p = {value:.3g}"
