"""Quality control in the page: part by part, from what is called motion to the group that a limit keeps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from views import add_group, choose, delete_group, expect_whole, form, go, matrix, result

TITLE, LONG = "Quality control", 120_000


def expect_all(page: Page, sentence: str | re.Pattern[str]) -> None:
    """Wait until the result holds a sentence and none of its parts is being computed."""
    expect(result(page, TITLE).locator(".sentences")).to_contain_text(sentence, timeout=LONG)
    expect_whole(result(page, TITLE))


@pytest.fixture
def quality(demo_page: Page) -> Page:
    """Everything checked, of the small teaching cohort, by few permutations."""
    go(demo_page, "Connectivity")
    demo_page.get_by_role("group", name="Show").get_by_role("button", name=TITLE, exact=True).click()
    permutations = form(demo_page).get_by_label("Permutations", exact=True)
    if not permutations.is_visible():
        form(demo_page).locator("summary").filter(has_text="Permutations").click()
    permutations.fill("100")
    expect_all(demo_page, "100 permutations of subjects")
    expect_all(demo_page, "To analyse those retained, add the group")
    return demo_page


def test_it_begins_with_what_is_called_motion_and_answers_all_four_questions(quality: Page) -> None:
    expect(form(quality).get_by_label("Motion", exact=True).locator("option:checked")).to_have_text("mean_fd")
    place = result(quality, TITLE)
    expect(place).to_contain_text(
        re.compile(r"Connectivity is associated with mean_fd (no )?more than expected by chance")
    )
    expect(matrix(quality, re.compile("^mean_fd and fc"))).to_be_visible()
    for name in ("QC-FC in numbers", "Identification of subjects by their other scans"):
        expect(place.get_by_role("grid", name=name)).to_be_visible()
    expect(place.get_by_role("grid", name="Limits on mean_fd, and whom they exclude")).to_contain_text("mean_fd <= 0.2")


def test_an_outlier_is_named_when_pointed_at(quality: Page) -> None:
    plot = quality.get_by_role("application", name="Mean connectivity of every scan")
    plot.focus()
    quality.keyboard.press("ArrowRight")
    section = result(quality, TITLE).locator("section").filter(has=plot)
    expect(section.get_by_label("Readout")).to_contain_text(re.compile(r"Scan T\d+, (emoid|nback|rest)"))


def test_one_question_alone_hides_what_the_others_need(quality: Page) -> None:
    choose(quality, "Check", "Who is excluded?")
    parts = quality.get_by_role("list", name="Parts").locator("li")
    expect(parts.nth(3)).to_have_class("done", timeout=LONG)
    for position in range(3):
        expect(parts.nth(position)).to_have_class("absent")
        expect(parts.nth(position)).to_contain_text("not asked for")
    expect_all(quality, re.compile(r"mean_fd at most 0\.2 retains \d+ of"))
    expect(form(quality).get_by_label("Covariates")).to_be_hidden()
    expect(result(quality, TITLE).get_by_role("grid", name="QC-FC in numbers")).to_have_count(0)
    choose(quality, "Check", "Everything")
    expect_all(quality, "100 permutations of subjects")


def test_the_group_that_a_limit_retains_can_be_made(quality: Page) -> None:
    table = result(quality, TITLE).get_by_role("grid", name="Limits on mean_fd, and whom they exclude")
    row = table.get_by_role("row").filter(has_text="mean_fd <= 0.2").first
    kept = re.search(r"retains (\d+) of", result(quality, TITLE).locator(".sentences").text_content() or "")
    expect(row).to_be_visible()
    add_group(quality, "mean_fd <= 0.2", "Calm")
    assert kept is not None
    expect(quality.get_by_role("complementary", name="Groups")).to_contain_text(kept.group(1))
    delete_group(quality, "Calm")
