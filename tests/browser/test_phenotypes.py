"""Phenotypes: how one is distributed, and whether groups differ in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from driving import START, wait_until
from playwright.sync_api import Locator, Page, expect
from views import add_group, analysis, delete_group, expect_figures, expect_whole, form, go


@pytest.fixture
def page(fibromyalgia: Page) -> Iterator[Page]:
    """The distribution of age among everybody."""
    go(fibromyalgia, "Phenotypes")
    analysis(fibromyalgia, "Distribution")
    choose(fibromyalgia, "Age")
    return fibromyalgia


def choose(page: Page, phenotype: str) -> None:
    form(page).get_by_label("Phenotype").select_option(label=phenotype)
    expect(result(page).locator(".sentences")).to_contain_text(phenotype, timeout=START)
    expect_whole(result(page))


def result(page: Page) -> Locator:
    return page.get_by_role("region", name=re.compile("^Result: "))


def chart(page: Page) -> Locator:
    return result(page).locator("section.figure img")


def expect_drawn(page: Page, words: str) -> None:
    """Wait until the chart with these words has been drawn and decoded."""
    expect(chart(page)).to_have_attribute("alt", re.compile(words), timeout=START)
    wait_until(page, lambda: bool(chart(page).evaluate("(image) => image.complete && image.naturalWidth > 100")))


@pytest.fixture
def groups(page: Page) -> Iterator[Page]:
    """Patients and controls."""
    add_group(page, 'Fibromyalgia == "Yes"', "patients")
    add_group(page, 'Fibromyalgia == "No"', "controls")
    yield page
    delete_group(page, "patients")
    delete_group(page, "controls")


def test_a_chart_is_drawn_and_said_in_words(page: Page) -> None:
    expect_drawn(page, "Age")
    expect(result(page).get_by_role("grid", name="Summary")).to_contain_text("41.62")


def test_a_category_is_counted(page: Page) -> None:
    choose(page, "Fibromyalgia")
    expect_drawn(page, "Fibromyalgia")
    counts = result(page).get_by_role("grid", name="Counts")
    expect(counts.locator("tbody tr").first).to_contain_text("33")


def test_groups_are_compared_with_test_and_effect_size(groups: Page) -> None:
    boxes = form(groups).get_by_role("group", name="Groups")
    boxes.get_by_label("patients").check()
    boxes.get_by_label("controls").check()
    expect(result(groups).get_by_role("grid", name="Effect sizes")).to_be_visible()
    expect(result(groups).get_by_role("grid", name="Tests of no difference")).to_be_visible()
    summary = result(groups).get_by_role("grid", name="Summary")
    expect(summary.locator("tbody tr")).to_have_count(2)
    expect(summary).to_contain_text("33")
    expect_drawn(groups, "Age")
    assert summary.locator("xpath=..").evaluate("(box) => box.scrollWidth <= box.clientWidth")
    # By the names that people gave them.
    expect(result(groups).locator(".sentences")).to_contain_text("patients: 33 subjects with Age")


def test_a_deleted_group_is_no_longer_compared(groups: Page) -> None:
    boxes = form(groups).get_by_role("group", name="Groups")
    add_group(groups, "Age > 40", "older")
    boxes.get_by_label("patients").check()
    boxes.get_by_label("older").check()
    expect(result(groups).get_by_role("grid", name="Summary").locator("tbody tr")).to_have_count(2)
    delete_group(groups, "older")
    expect(result(groups).get_by_role("grid", name="Summary").locator("tbody tr")).to_have_count(1)


def test_the_chart_follows_the_theme(page: Page) -> None:
    expect_drawn(page, "Age")
    light = chart(page).get_attribute("src")
    page.get_by_label("Theme").select_option("dark")
    expect(chart(page)).not_to_have_attribute("src", light or "", timeout=START)
    dark = chart(page).get_attribute("src")
    page.get_by_label("Theme").select_option("light")
    expect(chart(page)).not_to_have_attribute("src", dark or "", timeout=START)


def test_charts_download_as_figures(page: Page) -> None:
    expect_drawn(page, "Age")
    expect_figures(page, result(page).locator("section.figure .menu"))


def test_a_choice_far_from_the_first_changes_the_kind_of_chart(page: Page) -> None:
    expect_drawn(page, "Age")
    before = chart(page).get_attribute("src")
    form(page).get_by_label("Chart").select_option(index=1)
    expect(chart(page)).not_to_have_attribute("src", before or "", timeout=START)
    form(page).get_by_label("Chart").select_option(index=0)
