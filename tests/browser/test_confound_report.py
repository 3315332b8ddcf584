"""The confound report in the page: one part after another, and a verdict whose sentences lead to their numbers."""

from __future__ import annotations

import re

import pytest
from driving import START
from playwright.sync_api import Page, expect
from views import choose, expect_whole, form, go, matrix, result

TITLE = "Confound report"


@pytest.fixture
def report(demo_page: Page) -> Page:
    """The report of the reading score at rest, of the small teaching cohort, with two candidates."""
    go(demo_page, "Confounds")
    for name in ("ancestry", "mean_fd"):
        form(demo_page).get_by_role("group", name="Candidates").get_by_label(name, exact=True).check()
    choose(demo_page, "Task", "rest")
    choose(demo_page, "Target", "wrat")
    place = result(demo_page, TITLE)
    # The verdict is the first part, and the largest.
    expect(place).to_be_visible(timeout=3 * START)
    expect_whole(place)
    return demo_page


def test_the_planted_confound_is_named_in_words_with_its_numbers_below(report: Page) -> None:
    place = result(report, TITLE)
    expect(place).to_contain_text("wrat is associated with connectivity (p = ")
    expect(place).to_contain_text(re.compile("ancestry explains (most of |part of )?it: "))
    expect(place).to_contain_text("is for you to judge")
    verdict = place.get_by_role("grid", name="What remains of the association")
    row = verdict.get_by_role("row").filter(has=report.get_by_role("gridcell", name="ancestry", exact=True))
    expect(row).to_contain_text(re.compile("explains (it|part of it)"))
    for name in (
        "Which candidates are associated with wrat?",
        "Excluded subjects, and missing values of candidates",
        "What is associated with connectivity?",
        "What is associated with variants?",
        "What do variants predict, beside connectivity?",
        "Do the edges of target and candidate overlap more than by chance?",
        "Edges of wrat when a candidate is adjusted for",
        "How well is wrat predicted?",
        "Published tests of confounding",
    ):
        expect(place.get_by_role("grid", name=name)).to_have_count(1)
    from_variants = place.get_by_role("grid", name="What do variants predict, beside connectivity?")
    row = from_variants.get_by_role("row").filter(has=report.get_by_role("gridcell", name="ancestry 1", exact=True))
    expect(row).to_contain_text("predicting it from them would be circular")
    expect(matrix(report, re.compile("^wrat and fc of rest$"))).to_be_visible()
    expect(matrix(report, re.compile("^wrat and fc of rest, given ancestry$"))).to_be_visible()


def test_a_sentence_of_the_verdict_leads_to_its_table(report: Page) -> None:
    place = result(report, TITLE)
    sentence = place.get_by_role("listitem").filter(has_text=re.compile("^ancestry explains"))
    sentence.get_by_role("button", name="What remains of the association", exact=True).click()
    expect(place.get_by_role("grid", name="What remains of the association")).to_be_in_viewport()


def test_the_picture_of_what_remains_comes_first(report: Page) -> None:
    views = result(report, TITLE).locator(".views")
    first = views.get_by_role("heading").first
    expect(first).to_have_text("What remains of the association of wrat")
    picture = views.get_by_role("img", name=re.compile("each with the share that remains"))
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible(timeout=START)


def test_the_protocol_is_folded_away_until_it_is_wanted(report: Page) -> None:
    expect(form(report).get_by_label("Seed", exact=True)).to_be_hidden()
    form(report).get_by_text("Protocol", exact=True).click()
    expect(form(report).get_by_label("Seed", exact=True)).to_be_visible()
