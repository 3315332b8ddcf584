"""The confound report in a second cohort: its numbers are those of that cohort alone, and its words those of both."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import check_against, read_params, uses_second
from imagenomer.cohort import Phenotype
from imagenomer.companion import with_companion
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.progress import finish
from imagenomer.statistics.remaining_slope import RemainingShare
from imagenomer.statistics.share_differences import difference_of
from planted import N, planted

REPORT = load_analyses()["confound-report"]
VERDICT = slice(0, 2)


def beside(first, second):
    """Two cohorts with the same parcels and other subjects."""
    names = tuple(f"B{name}" for name in second.subjects)
    scans = tuple(dataclasses.replace(one, subject=f"B{one.subject}") for one in second.scans)
    second = dataclasses.replace(
        second, name="Others", subjects=names, scans=scans, parcellation=first.parcellation, companion=None
    )
    return with_companion(first, second)


def run(cohort, **given):
    """The report up to the second cohort, which is all that is needed here."""
    params = read_params(REPORT, {"target": "y", "permutations": 99, "examine": "second", **given})
    check_against(cohort, params)
    result = None
    for part in REPORT.parts[VERDICT]:
        result = finish(part.compute(cohort, params, result))
    return result, REPORT.report(cohort, params, result)


def said(report):
    return " ".join(one.text for one in report.verdict)


def rows(report):
    (view,) = [one for one in report.views if one.name == "replication"]
    return {row["candidate"]: row for row in view.rows}


@pytest.fixture(scope="module")
def same():
    return beside(planted(3, "confounder"), planted(4, "confounder"))


@pytest.fixture(scope="module")
def found(same):
    return run(same)


def test_the_numbers_of_the_second_are_those_of_the_report_on_it_alone(same, found):
    _, report = found
    again = report.numbers["replication"]
    _, alone = run(same.companion, examine="open", candidates=["z", "unrelated"], ancestry_components=0)
    for key in ("p_connectivity", "remaining", "remaining_low", "remaining_high", "together", "verdict", "verdicts"):
        assert again[key] == alone.numbers[key], key
    assert alone.numbers["replication"] is None
    assert again["cohort"] == "Others"


def test_of_the_first_nothing_changes_by_the_second(same, found):
    _, report = found
    _, alone = run(same, examine="open")
    assert {**report.numbers, "replication": None} == alone.numbers
    assert [one.name for one in alone.views] == [
        one.name for one in report.views if one.name not in ("both_cohorts", "replication")
    ]


def test_a_confound_that_both_have_replicates(found):
    _, report = found
    assert "y is associated with connectivity in Others too" in said(report)
    assert "The verdict replicates in Others: given z " in said(report)
    names = {view.name for view in report.views}
    assert {one.of for one in report.verdict} <= names
    row = rows(report)["z"]
    assert row["verdict"] == row["verdict_second"] == "explains it (confounder or mediator)"
    assert row["difference_low"] < 0 < row["difference_high"]


def test_differences_are_of_the_numbers_shown_and_hold_at_once(found):
    result, report = found
    here, there = report.numbers, report.numbers["replication"]
    each = max(here["confidence_at_once"], there["confidence_at_once"])
    assert each > 0.95
    both = [one.explanation.candidates["z"] for one in (result.verdict, result.replication.verdict)]
    shares = [one.remainder.pattern for one in both]
    expected = difference_of(*shares, each)
    (z,) = [one for one in there["differences"] if one["candidate"] == "z"]
    values = [one["remaining"] for numbers in (here, there) for one in numbers["verdicts"] if one["candidate"] == "z"]
    assert z["difference"] == pytest.approx(values[1] - values[0])
    assert z["difference_low"] == pytest.approx(expected.low)
    assert expected.high - expected.low > difference_of(*shares).high - difference_of(*shares).low


def test_another_truth_in_the_second_is_another_verdict_and_the_difference_is_said():
    _, report = run(beside(planted(3, "confounder"), planted(4, "real effect")))
    assert "The verdict differs, and so does what remains, in Others: “explains it" in said(report)
    assert "Given z, more remains in Others: a difference of +" in said(report)
    assert rows(report)["z"]["difference_low"] > 0


def test_nothing_in_the_second_is_not_a_contradiction():
    _, report = run(beside(planted(3, "confounder"), planted(1, "nothing")))
    assert "is not significantly associated with connectivity in Others" in said(report)
    assert "cannot be replicated in Others" in said(report)


def test_the_joint_model_is_that_of_the_first_whatever_matters_in_the_second():
    """In the second something else is the cause, which is not adjusted for together."""
    second = planted(4, "confounder")
    numbers = second.phenotypes
    turned = {
        **numbers,
        "z": dataclasses.replace(numbers["unrelated"], name="z"),
        "unrelated": dataclasses.replace(numbers["z"], name="unrelated"),
    }
    result, report = run(beside(planted(3, "confounder"), dataclasses.replace(second, phenotypes=turned)))
    assert result.verdict.explanation.model.names == ("z",)
    assert result.replication.verdict.explanation.model.names == ("z",)
    assert rows(report)["unrelated"]["verdict_second"] == "explains it (confounder or mediator)"
    assert rows(report)["together: z"]["remaining_second"] > 80
    assert "Given unrelated, less remains in Others" in said(report)


def test_candidates_that_the_second_lacks_are_named_and_not_asked(same):
    lacking = {name: one for name, one in same.companion.phenotypes.items() if name != "z"}
    second = dataclasses.replace(same.companion, phenotypes=lacking)
    result, report = run(with_companion(same, second))
    assert result.replication.left_out == ("z",)
    assert result.replication.not_adjusted == ("z",)
    assert any("Not asked of Others" in text and "z" in text for text in report.sentences)
    assert any("Not adjusted for together in Others: z" in text for text in report.sentences)
    assert "z" not in rows(report)


def test_the_group_of_the_second_is_of_the_second(same):
    result, _ = run(same, second_group="unrelated > 0")
    values = same.companion.phenotypes["unrelated"].values
    assert result.replication.people.n_subjects == np.count_nonzero(values > 0)
    assert result.phenotypes.people.n_subjects == N


def refused(cohort, **given):
    with pytest.raises(InputError) as error:
        run(cohort, **given)
    return str(error.value)


def test_what_cannot_be_the_same_question_is_refused_before_anything_is_computed(same, monkeypatch):
    from imagenomer.analyses.confounds import result

    monkeypatch.setattr(result, "choose_subjects", lambda *_: pytest.fail("computed"))
    second = same.companion

    def other(**changes):
        return with_companion(same, dataclasses.replace(second, **changes))

    numbers = second.phenotypes
    without = {name: one for name, one in numbers.items() if name != "y"}
    assert "y is the target, and only Planted has it" in refused(other(phenotypes=without))
    classes = Phenotype("y", (numbers["y"].values > 0).astype(np.intp), ("low", "high"))
    assert "is a number in Planted and a category in Others" in refused(other(phenotypes={**numbers, "y": classes}))
    assert "Others has no fc" in refused(other(measures={"r": second.measures["fc"]}))
    assert "no second cohort is open" in refused(with_companion(same, None))
    reversed_parcels = dataclasses.replace(
        second.parcellation, coordinates=second.parcellation.coordinates[::-1], labels=second.parcellation.labels[::-1]
    )
    assert "the edges of Planted and Others are not the same" in refused(other(parcellation=reversed_parcels))


def test_cohorts_without_a_candidate_in_common_are_refused(same):
    only = {"y": same.companion.phenotypes["y"], "w": same.companion.phenotypes["z"]}
    message = refused(with_companion(same, dataclasses.replace(same.companion, phenotypes=only)))
    assert "Others has none of the candidates" in message
    assert "this cohort only" in message


def test_the_second_cohort_is_used_only_where_it_is_examined():
    assert not uses_second(REPORT, read_params(REPORT, {"target": "y"}))
    assert uses_second(REPORT, read_params(REPORT, {"target": "y", "examine": "second"}))


def test_both_cohorts_are_drawn_and_said_in_methods(same, found):
    result, report = found
    params = read_params(REPORT, {"target": "y", "permutations": 99, "examine": "second"})
    figure = REPORT.draw(same, params, result, report, "light")["both_cohorts"]
    labels = [label.get_text().strip() for label in figure.axes[0].get_yticklabels()]
    assert labels[:3] == ["All together", "Planted", "Others"]
    assert labels.count("Others") == 3
    assert render(figure, "svg")
    text = " ".join(REPORT.methods(same, params, result).text)
    assert "repeated in 120 subjects of Others" in text


def test_a_share_that_is_not_known_has_no_difference():
    unknown = RemainingShare(np.nan, -np.inf, np.inf, 1.0)
    assert difference_of(unknown, unknown, 0.99).is_none
