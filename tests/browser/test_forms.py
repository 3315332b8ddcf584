"""Forms, tabs and grids: what the page makes of the catalog, by mouse and by keyboard."""

from __future__ import annotations

import csv
import io
from typing import get_args

import pytest
from driving import START
from kept_page import open_quick_demo
from playwright.sync_api import Locator, Page, expect
from views import analysis, content, download, expect_figures, expect_whole, form, go, read_out, result

from imagenomer.analyses.contract import Tab


@pytest.fixture
def page(demo_page: Page) -> Page:
    """The teaching cohort, which has no model weights."""
    return demo_page


def shown_result(page: Page, title: str) -> Locator:
    """Choose an analysis of the tab; returns its result."""
    analysis(page, title)
    shown = result(page, title)
    expect(shown).to_be_visible(timeout=START)
    expect_whole(shown)
    return shown


def test_the_tabs_stand_in_their_order_in_one_row(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_text(["Overview", *get_args(Tab)])
    tops = {round(tab.bounding_box()["y"]) for tab in tabs.all()}
    assert len(tops) == 1
    assert page.locator("#tabs").evaluate("(tabs) => tabs.scrollWidth <= tabs.clientWidth")


def test_what_a_cohort_lacks_is_said_with_what_to_bring(page: Page) -> None:
    go(page, "Models")
    analysis(page, "Model weights")
    expect(form(page)).to_contain_text("This cohort has no model weights.")
    expect(page.get_by_role("alert").filter(has_text="put them beside the scans")).to_be_visible(timeout=START)


def test_a_field_is_shown_only_while_it_matters(page: Page) -> None:
    go(page, "Genotypes")
    shown_result(page, "Variant association")
    genotype = form(page).get_by_label("Genotype", exact=True)
    expect(genotype).to_be_hidden()
    coding = form(page).get_by_label("Coding", exact=True)
    coding.select_option(label="One genotype or others")
    expect(genotype).to_be_visible()
    coding.select_option(index=0)
    expect(genotype).to_be_hidden()


def test_another_cohort_begins_with_the_defaults_of_all_forms(start_page: Page) -> None:
    page = start_page
    open_quick_demo(page)
    go(page, "Associations")
    shown_result(page, "Edge association")
    fields = form(page).locator("select")
    at_first = [field.input_value() for field in fields.all()]
    fields.first.select_option(index=2)
    form(page).get_by_label("Correction", exact=True).select_option(index=1)
    assert [field.input_value() for field in fields.all()] != at_first
    go(page, "Overview")
    page.locator("#open-another").click()
    open_quick_demo(page)
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    go(page, "Associations")
    shown_result(page, "Edge association")
    expect(fields.first).to_have_value(at_first[0])
    assert [field.input_value() for field in fields.all()] == at_first


def test_what_is_explained_is_not_offered_to_explain_it(page: Page) -> None:
    go(page, "Associations")
    shown_result(page, "Edge association")
    phenotype = form(page).get_by_label("Phenotype", exact=True)
    covariates = form(page).get_by_role("group", name="Covariates")
    phenotype.select_option(label="wrat")
    covariates.get_by_label("age", exact=True).check()
    expect(covariates.get_by_label("wrat", exact=True)).to_have_count(0)
    phenotype.select_option(label="age")
    expect(covariates.get_by_label("age", exact=True)).to_have_count(0)
    expect(covariates.get_by_label("wrat", exact=True)).not_to_be_checked()
    shown = result(page, "Edge association")
    expect(shown).not_to_contain_text("cannot be")
    # What is read out follows the phenotype, too.
    expect(shown.get_by_label("Download age and fc, mean over tasks", exact=True)).to_be_visible(timeout=START)
    expect(shown.get_by_label("Download wrat and fc, mean over tasks", exact=True)).to_have_count(0)


def test_the_first_result_is_waited_for_and_refused_where_it_will_be(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate(
        """() => {
            self.seen = [];
            self.doubled = [];
            const look = () => {
                for (const line of document.querySelectorAll(".first-wait .run-progress")) {
                    const inSight = line.getBoundingClientRect().bottom < innerHeight;
                    if (line.checkVisibility() && inSight) seen.push(line.parentElement.firstChild.textContent);
                }
                requestAnimationFrame(look);
            };
            look();
            new MutationObserver(() => {
                const titles = [...document.querySelectorAll(".first-wait > h2, .result > header > h2")];
                const visible = titles.filter((title) => title.checkVisibility());
                if (visible.length > 1) doubled.push(visible[0].textContent);
            }).observe(document.body, { subtree: true, childList: true, attributes: true });
        }"""
    )
    for tab, button, title in (
        ("Genotypes", "Ancestry components", "Ancestry components"),
        ("Connectivity", "Mean and SD", "Mean and standard deviation"),
    ):
        go(page, tab)
        page.get_by_role("button", name=button, exact=True).click()
        expect_whole(result(page, title))
    assert "Ancestry components" in page.evaluate("self.seen")
    assert page.evaluate("self.doubled") == [], "the place of the first result stood beside the result"
    expect(page.locator(".first-wait:visible")).to_have_count(0)
    go(page, "Models")
    analysis(page, "Model weights")
    expect(page.locator(".first-wait:visible .refusal")).to_contain_text("put them beside the scans")
    expect(page.locator(".first-wait:visible .refusal")).to_be_in_viewport()


@pytest.fixture
def grid(page: Page) -> Locator:
    """Components and phenotypes."""
    go(page, "Components")
    shown = shown_result(page, "Component association").locator("section.grid-view")
    expect(shown).to_be_visible()
    return shown


def test_a_grid_is_read_by_keyboard_and_by_mouse(page: Page, grid: Locator) -> None:
    stage = grid.get_by_role("application")
    stage.focus()
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "End", "Home"):
        page.keyboard.press(key)
        seen.append(read_out(grid))
    assert len(set(seen)) == 5
    expect(grid.locator("rect.cursor").last).to_be_visible()
    frame = grid.locator("rect.frame").bounding_box()
    page.mouse.move(frame["x"] + 4, frame["y"] + 4)
    assert read_out(grid) == seen[0]


def test_a_grid_downloads_as_figure_and_as_table(page: Page, grid: Locator) -> None:
    menu = grid.locator(".menu").filter(has_text="CSV")
    rows = list(csv.reader(io.StringIO(content(download(page, menu, "CSV")).decode("utf-8-sig"))))
    assert len(rows[0]) == 1 + grid.locator("text:is(.column, .upright)").count()
    assert rows[1][0] == grid.locator("text.row title").first.text_content()
    expect_figures(page, menu)


def test_ten_thousand_variants_are_named_one_at_a_time(page: Page) -> None:
    go(page, "Genotypes")
    shown = shown_result(page, "Variant association").locator("section.points").first
    expect(shown.locator("text.level").first).to_be_visible()
    shown.get_by_role("application").focus()
    page.keyboard.press("Home")
    first = read_out(shown)
    assert first.startswith("Variant ")
    page.keyboard.press("ArrowRight")
    assert read_out(shown) != first
