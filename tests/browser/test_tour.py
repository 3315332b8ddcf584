"""The guided tour: from the start screen to the verdict on the demo's confound in at most eight clicks."""

from __future__ import annotations

import json
import re

import pytest
from driving import START
from kept_page import KeptPage
from playwright.sync_api import Locator, Page, expect
from views import expect_whole

#: What each step shows, as a region or heading of the page, and how long the engine may take.
STEPS = (
    ("A cohort with a question", None),
    ("Groups differ in the score", "Association of two phenotypes"),
    ("An apparent finding", "Edge association"),
    ("The same connections", "Edge association"),
    ("The finding disappears", "Edge association"),
    ("All of it in one screen", "Confound report"),
)


@pytest.fixture
def tour(kept: KeptPage) -> Page:
    """The tour, from its beginning on the whole demo: of the small one nobody can tell. The tests follow each other."""
    if not kept.is_as_left("tour"):
        kept.open("tour", lambda page: page.get_by_role("button", name="Take the tour").click())
    return kept.page


def strip(page: Page) -> Locator:
    return page.get_by_role("region", name="Guided tour")


def state(page: Page) -> dict[str, object]:
    spec: dict[str, object] = json.loads(page.evaluate("decodeURIComponent(location.hash.slice(1))"))
    return spec


@pytest.mark.timeout(900)
def test_the_tour_leads_to_the_verdict_in_eight_clicks(tour: Page) -> None:
    page, clicks = tour, 1
    expect(page.get_by_role("banner")).to_contain_text("830 subjects")
    for number, (title, analysis) in enumerate(STEPS):
        if number:
            strip(page).get_by_role("button", name="Next").click()
            clicks += 1
        expect(strip(page).get_by_role("heading", name=title)).to_be_visible(timeout=START)
        expect(strip(page)).to_contain_text(f"{number + 1} of {len(STEPS)}")
        if analysis is None:
            expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
            continue
        found = page.get_by_role("region", name=f"Result: {analysis}")
        expect(found).to_be_visible(timeout=START)
        expect_whole(found)
    verdict = page.get_by_role("region", name=re.compile("verdict", re.IGNORECASE))
    expect(verdict).to_contain_text("ancestry")
    expect(verdict).to_contain_text("consistent with")
    assert clicks <= 8


def test_the_address_keeps_the_step_and_back_undoes_it(tour: Page) -> None:
    page = tour
    assert state(page)["tour"] == len(STEPS) - 1
    strip(page).get_by_role("button", name="Back").click()
    expect(strip(page).get_by_role("heading", name="The finding disappears")).to_be_focused()
    page.go_back()
    expect(strip(page).get_by_role("heading", name="All of it in one screen")).to_be_visible()


def test_it_ends_where_one_is_and_can_be_ended_by_keyboard(tour: Page) -> None:
    page = tour
    end = strip(page).get_by_role("button", name="End the tour")
    end.focus()
    end.press("Enter")
    expect(strip(page)).to_have_count(0)
    expect(page.get_by_role("region", name="Result: Confound report")).to_be_visible(timeout=START)
    assert "tour" not in state(page)
