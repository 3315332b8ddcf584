"""The verdict in the second cohort in words: whether it replicates, and what differs."""

from __future__ import annotations

from collections.abc import Iterator

from imagenomer.analyses.confounds.parts.replication import ReplicationPart
from imagenomer.analyses.confounds.parts.verdict import VerdictPart
from imagenomer.analyses.confounds.words.terms import TITLES
from imagenomer.analyses.confounds.words.verdict import remains
from imagenomer.analyses.contract import Finding
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.statistics.share_differences import ShareDifference
from imagenomer.statistics.verdict import GATE_SHARE, Category

#: Verdicts that say something of an association.
_DECIDED = ("real effect", "confounding", "both")


def replication_findings(target: str, verdict: VerdictPart, part: ReplicationPart) -> Iterator[Finding]:
    """Yield what the second cohort says, each with the view its numbers are in."""
    here, there, second = verdict.explanation, part.verdict.explanation, part.names[1]
    test, n = there.test, counted(part.people.n_subjects, "subject")
    if test.p_value <= GATE_SHARE * part.verdict.alpha:
        said = f"{target} is associated with connectivity in {second} too (p = {test.p_value:.3g}, {n})."
    else:
        said = (
            f"{target} is not significantly associated with connectivity in {second} (p = {test.p_value:.3g}, {n}), "
            "which is not to say that there is nothing."
        )
    yield Finding(said, "replication")
    if here.category in _DECIDED:
        yield Finding(_about_verdict(verdict, part), "replication")
    for name, difference in part.differences.items():
        if not difference.is_none:
            more = "more" if difference.estimate > 0 else "less"
            yield Finding(f"Given {name}, {more} remains in {second}: {_points(difference)}.", "replication")


def _about_verdict(verdict: VerdictPart, part: ReplicationPart) -> str:
    here, there, second = verdict.explanation, part.verdict.explanation, part.names[1]
    given = listed(here.model.names)
    shares, remainder = "", ""
    if given and here.joint.pattern.known and there.joint.pattern.known:
        remainder = f"given {given} {remains(there.joint.pattern)} there ({_points(part.together)})"
        shares = f": {remainder}"
    if there.category == here.category:
        return f"The verdict replicates in {second}{shares}."
    if there.category == "no association":
        return f"The verdict cannot be replicated in {second}: no association is found there that could be explained."
    if there.category == "cannot tell":
        return f"{second} cannot tell whether the verdict holds{shares}."
    differs = "differs" if part.together.is_none else "differs, and so does what remains,"
    called = f"{_title(here.category)} here, {_title(there.category)} there"
    return f"The verdict {differs} in {second}: {called}{f'; {remainder}' if remainder else ''}."


def _title(category: Category) -> str:
    return f"“{TITLES[category]}”"


def _points(difference: ShareDifference) -> str:
    """Say by how many points of per cent a share differs."""
    estimate, low, high = (
        number_text(100 * one, "+.0f") for one in (difference.estimate, difference.low, difference.high)
    )
    return f"a difference of {estimate} points, {low} to {high}"


def replication_sentences(part: ReplicationPart) -> Iterator[str]:
    """Yield what was asked of the second cohort, and of whom."""
    second = part.names[1]
    yield (
        f"The same was asked of {counted(part.people.n_subjects, 'subject')} of {second}, of whom nothing enters the "
        f"numbers above: the target, the candidates that both have, and the joint model as chosen in {part.names[0]}."
    )
    if part.left_out:
        yield (
            f"Not asked of {second}, which does not have them as the same kind, or has axes of its own: "
            f"{listed(part.left_out)}."
        )
    if part.not_adjusted:
        yield f"Not adjusted for together in {second}: {listed(part.not_adjusted)}, which cannot be there."
    if part.people.families is not None:
        yield f"Subjects of {second} of the same {part.people.families.name} are related, and kept together."
    if part.differences:
        yield (
            "Differences of what remains have intervals that hold for all candidates at once (from the limits in both "
            "cohorts, Zou and Donner 2008)."
        )
