"""Help where it is needed: what is behind a "?", the questions that lead to an analysis, and the next steps."""

from __future__ import annotations

import re

from driving import START
from playwright.sync_api import Locator, Page, expect
from views import form, go

from imagenomer.explanations.columns import HEADINGS
from imagenomer.explanations.methods import METHODS
from imagenomer.explanations.options import OPTIONS


def explain(place: Locator) -> Locator:
    return place.get_by_role("button", name="Explain")


def test_a_step_leads_to_its_analysis_and_is_then_no_longer_the_next(demo_page: Page) -> None:
    page = demo_page
    steps = page.get_by_role("region", name="Next steps")
    expect(steps.get_by_role("listitem")).to_have_count(4)
    expect(steps.locator(".primary")).to_have_text("Check quality")
    steps.get_by_role("button", name="Associate").click()
    expect(page.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true")
    expect(page.locator("table.grid").first).to_be_visible(timeout=START)
    go(page, "Overview")
    expect(steps.get_by_role("listitem").filter(has_text="Associate")).to_contain_text("looked at")
    expect(steps.locator(".primary")).to_have_text("Check quality")


def test_a_question_leads_to_the_analysis_with_its_choice(demo_page: Page) -> None:
    page = demo_page
    go(page, "Overview")
    page.get_by_role("button", name="Which analysis do I need?").click()
    guide = page.get_by_role("dialog", name="Which analysis do I need?")
    expect(guide.get_by_text("No second cohort is open.")).to_be_visible()
    expect(guide.get_by_role("button", name="Does the association replicate")).to_have_count(0)
    guide.get_by_role("button", name="Which connected sets of edges are (NBS)?").click()
    expect(guide).to_be_hidden()
    expect(form(page).get_by_label("Correction", exact=True)).to_have_value(re.compile(r"\d+"))
    chosen = form(page).get_by_label("Correction", exact=True).evaluate("(box) => box.selectedOptions[0].textContent")
    assert chosen == "NBS: network-based"


def test_a_question_mark_is_opened_read_and_closed_with_the_keyboard(demo_page: Page) -> None:
    page = demo_page
    go(page, "Associations")
    mark = explain(form(page).locator(".field").filter(has=page.get_by_label("Alpha", exact=True)))
    expect(mark).to_have_accessible_description("Alpha")
    mark.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="What it means: Alpha")
    expect(panel).to_contain_text(OPTIONS["alpha"][0])
    expect(panel).to_be_focused()
    expect(mark).to_have_attribute("aria-expanded", "true")
    link = panel.get_by_role("link", name="More in the documents")
    expect(link).to_have_attribute("href", "docs/glossary.html#significance-level")
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()
    expect(mark).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(panel).to_be_visible()
    mark.click()
    expect(panel).to_be_hidden()


def test_analysis_methods_and_headings_are_explained_and_one_panel_is_open_at_a_time(demo_page: Page) -> None:
    page = demo_page
    go(page, "Associations")
    shown = page.locator(".explanation:visible")
    explain(page.locator(".analysis:visible .explained")).click()
    expect(shown).to_contain_text(METHODS["edge-association"][0])
    explain(form(page).locator(".field").filter(has=page.get_by_label("Correction", exact=True))).click()
    expect(shown).to_contain_text("Bonferroni in steps")
    expect(shown).to_have_count(1)
    heading = page.locator("table.grid:visible th").filter(has=page.get_by_role("button", name="p", exact=True)).first
    heading.scroll_into_view_if_needed()
    expect(shown).to_have_count(0)  # scrolling closes it
    explain(heading).click()
    expect(shown).to_contain_text(HEADINGS["p"])
    box, room = shown.bounding_box(), page.viewport_size
    assert box is not None
    assert room is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= room["width"]
    assert box["y"] + box["height"] <= room["height"]
    page.mouse.click(5, 5)
    expect(shown).to_have_count(0)
