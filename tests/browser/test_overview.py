"""The frame around an open cohort, and the Overview."""

from __future__ import annotations

import re

import pytest
from driving import START, wait_for_rest
from playwright.sync_api import Page, expect
from views import add_group, delete_group

TABS = (
    "Overview",
    "Connectivity",
    "Phenotypes",
    "Genotypes",
    "Associations",
    "Confounds",
    "Components",
    "Models",
    "Maps",
)


@pytest.fixture(autouse=True)
def _overview(demo_page: Page) -> None:
    demo_page.get_by_role("tab", name="Overview").click()
    expect(demo_page.get_by_role("heading", name="The cohort")).to_be_visible()


def test_the_overview_counts_subjects_scans_parcels_networks_and_variants(demo_page: Page) -> None:
    cohort = demo_page.get_by_role("region", name="The cohort")
    for text in ("250", "750", "rest", "nback", "emoid", "264", "14 networks", "DMN", "10,433 variants", "54"):
        expect(cohort).to_contain_text(text)


def test_every_phenotype_has_a_type_a_range_or_levels_and_a_picture_in_words(demo_page: Page) -> None:
    table = demo_page.get_by_role("table")
    age = table.get_by_role("row", name=re.compile("^age"))
    expect(age).to_contain_text(re.compile(r"number\d+ to \d+ months250"))
    expect(age.get_by_role("img")).to_have_accessible_name(
        re.compile(r"Histogram of age: \d+ to \d+ months, largest bar")
    )
    sex = table.get_by_role("row", name=re.compile("^sex"))
    expect(sex).to_contain_text(re.compile(r"F \(\d+\)"))
    expect(table.get_by_role("row")).to_have_count(9)


def test_a_click_on_a_phenotype_opens_its_distribution(demo_page: Page) -> None:
    demo_page.get_by_role("button", name="wrat", exact=True).click()
    expect(demo_page.get_by_role("tab", name="Phenotypes")).to_have_attribute("aria-selected", "true")
    expect(demo_page.get_by_role("tabpanel").get_by_label("Phenotype").locator("option:checked")).to_have_text("wrat")
    demo_page.go_back()
    expect(demo_page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    demo_page.go_forward()
    expect(demo_page.get_by_role("tab", name="Phenotypes")).to_have_attribute("aria-selected", "true")


def test_the_import_log_says_what_was_recognised(demo_page: Page) -> None:
    expect(demo_page.get_by_role("heading", name="Recognised")).to_be_visible()
    expect(demo_page.get_by_text("Made 250 synthetic people")).to_be_visible()


def test_arrow_keys_go_through_the_tabs(demo_page: Page) -> None:
    demo_page.get_by_role("tab", name="Overview").focus()
    for name in (*TABS[1:], TABS[0]):
        demo_page.keyboard.press("ArrowRight")
        expect(demo_page.get_by_role("tab", name=name)).to_be_focused()
        expect(demo_page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        expect(demo_page.get_by_role("tabpanel")).to_have_accessible_name(name)
    demo_page.keyboard.press("End")
    expect(demo_page.get_by_role("tab", name=TABS[-1])).to_be_focused()
    demo_page.keyboard.press("Home")
    expect(demo_page.get_by_role("tab", name=TABS[0])).to_be_focused()
    # Only the tab that is shown is in the order of Tab.
    assert demo_page.locator("[role=tab][tabindex='0']").count() == 1


def test_going_back_undoes_one_step_for_each_tab(demo_page: Page) -> None:
    for name in TABS[1:]:
        demo_page.get_by_role("tab", name=name).click()
        expect(demo_page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    for name in TABS[-2::-1]:
        demo_page.go_back()
        expect(demo_page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("name", ["Connectivity", "Phenotypes", "Associations"])
def test_what_a_tab_does_by_itself_is_no_step(demo_page: Page, name: str) -> None:
    demo_page.get_by_role("tab", name=name).click()
    wait_for_rest(demo_page)
    demo_page.go_back()
    expect(demo_page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")


def test_going_back_and_forward_faster_than_the_page_ends_where_the_address_is(demo_page: Page) -> None:
    add_group(demo_page, "age > 150", "older")
    for name in ("Phenotypes", "Connectivity"):
        demo_page.get_by_role("tab", name=name).click()
        expect(demo_page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    demo_page.evaluate("() => { history.back(); history.back(); }")
    demo_page.evaluate("() => { history.forward(); }")
    expect(demo_page).to_have_url(re.compile("Phenotypes"))
    wait_for_rest(demo_page)
    expect(demo_page.get_by_role("tab", name="Phenotypes")).to_have_attribute("aria-selected", "true")
    demo_page.go_back()
    expect(demo_page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    delete_group(demo_page, "older")


def test_the_theme_is_switched_and_kept(demo_page: Page) -> None:
    def lightness() -> int:
        colour = demo_page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    bright = lightness()
    demo_page.get_by_label("Theme").select_option("Dark")
    assert lightness() < bright / 4
    assert demo_page.evaluate("localStorage.getItem('imagenomer-theme')") == "dark"
    demo_page.get_by_label("Theme").select_option("System theme")
    assert lightness() == bright


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (700, 900)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_off_at_the_side(demo_page: Page, size: tuple[int, int]) -> None:
    before = demo_page.viewport_size
    demo_page.set_viewport_size({"width": size[0], "height": size[1]})
    for name in TABS:
        demo_page.get_by_role("tab", name=name).click()
        expect(demo_page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        for place in ("#main", "#tabs", "header.top", "html"):
            beyond = demo_page.evaluate(
                "(place) => { const box = document.querySelector(place); return box.scrollWidth - box.clientWidth; }",
                place,
            )
            assert beyond <= 1, (name, place)  # scrollWidth is rounded
    assert before is not None
    demo_page.set_viewport_size(before)


def test_every_control_has_a_name_and_a_target_large_enough(demo_page: Page) -> None:
    for name in TABS:
        demo_page.get_by_role("tab", name=name).click()
        expect(demo_page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        wait_for_rest(demo_page)  # the result of the tab has controls too
        small = demo_page.evaluate(
            """() => [...document.querySelectorAll("button, select, summary, input")]
                .filter((control) => control.checkVisibility() && control.type !== "file")
                .map((control) => [control, (control.closest("label") ?? control).getBoundingClientRect()])
                .filter(([_, box]) => box.width < 24 || box.height < 24)
                .map(([control]) => control.outerHTML)"""
        )
        assert small == []


def test_a_link_to_a_view_of_the_demo_opens_it(demo_page: Page) -> None:
    demo_page.get_by_role("tab", name="Associations").click()
    expect(demo_page.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true")
    demo_page.reload()
    expect(demo_page.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true", timeout=START)
