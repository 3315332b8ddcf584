"""Maps: saved to the tray, computed with and compared; and the weights of models. On the Fibromyalgia cohort."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving import START
from playwright.sync_api import Locator, Page, expect
from views import analysis, go, matrix

SAVE = "Save to tray"


def tray(page: Page) -> Locator:
    return page.get_by_role("region", name="Tray")


def save_mean(page: Page, task: str) -> None:
    go(page, "Connectivity")
    page.get_by_role("button", name="Mean and SD", exact=True).click()
    page.locator(".analysis").get_by_label("Task", exact=True).select_option(task)
    mean = matrix(page, f"Mean of fc of {task}")
    expect(mean).to_be_visible()
    mean.get_by_role("button", name=SAVE).click()
    expect(page.get_by_role("status").filter(has_text=f"Mean of fc of {task}")).to_be_visible()


def compute(page: Page, expression: str) -> Locator:
    page.get_by_role("button", name="Image maths").click()
    box = page.locator(".params").get_by_label("Expression")
    box.fill(expression)
    box.press("Enter")  # on a slow machine nothing follows every letter
    return page.get_by_role("region", name="Result: Image maths")


@pytest.fixture
def page(fibromyalgia: Page) -> Iterator[Page]:
    """Two means in the tray: A of rest, B of the task; afterwards it is empty again."""
    save_mean(fibromyalgia, "rest")
    save_mean(fibromyalgia, "epr")
    go(fibromyalgia, "Maps")
    yield fibromyalgia
    go(fibromyalgia, "Maps")
    remove = tray(fibromyalgia).get_by_role("button", name="Remove")
    while remove.count():
        remove.first.click()


def test_the_tutorial_s_means_are_saved_and_subtracted(page: Page) -> None:
    expect(tray(page).get_by_label("Name of Mean of fc of rest")).to_have_value("A")
    expect(tray(page).get_by_label("Name of Mean of fc of epr")).to_have_value("B")
    expect(page.get_by_role("tab", name="Maps 2")).to_be_visible()
    result = compute(page, "A - B")
    expect(result).to_contain_text("Values from −0.16863 to 0.2511.")
    expect(result).to_contain_text("A is Mean of fc of rest; 66 subjects, one observation each.")
    expect(matrix(page, "A - B")).to_be_visible()
    page.get_by_role("button", name="Python script").click()
    script = page.get_by_role("dialog").get_by_label("Script")
    expect(script).to_contain_text("'A'")
    expect(script).to_contain_text("'expression': 'A - B'")
    page.get_by_role("button", name="Close", exact=True).click()


def test_a_result_is_saved_and_computed_with(page: Page) -> None:
    expect(compute(page, "A - B")).to_contain_text("Values from −0.16863")
    matrix(page, "A - B").get_by_role("button", name=SAVE).click()
    expect(tray(page).get_by_label("Name of A - B")).to_have_value("C")
    expect(compute(page, "C - (A - B)")).to_contain_text("Values from 0 to 0.")
    expect(compute(page, "corr(A, B)")).to_contain_text("corr(A, B) is 0.")


def test_what_cannot_be_computed_is_said_where_it_is_written(page: Page) -> None:
    compute(page, "A - D")
    problem = page.locator(".params .problem").filter(has_text="no map 'D'; there are: A, B")
    expect(problem).to_be_visible()
    assert page.locator(".params .caret").inner_text() == "A - D\n    ^"
    compute(page, "A - B")
    expect(problem).to_have_count(0)
    expect(page.locator(".params .caret")).to_be_hidden()


def test_maps_are_renamed_and_removed_with_the_keyboard(page: Page) -> None:
    name = tray(page).get_by_label("Name of Mean of fc of rest")
    name.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("B")
    page.keyboard.press("Tab")
    expect(tray(page).get_by_role("alert")).to_have_text("Another map is called B.")
    name = tray(page).get_by_label("Name of Mean of fc of rest")
    expect(name).to_have_value("A")
    name.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("at rest")
    page.keyboard.press("Enter")
    expect(compute(page, "`at rest` - B")).to_contain_text("Values from −0.16863 to 0.2511.")
    tray(page).get_by_role("button", name="Remove B").focus()
    page.keyboard.press("Enter")
    expect(tray(page).get_by_role("button", name="Remove")).to_have_count(1)
    expect(page.locator(".params .problem").filter(has_text="no map 'B'")).to_be_visible()


def test_the_address_brings_the_tray_back(page: Page) -> None:
    expect(compute(page, "A - B")).to_contain_text("Values from −0.16863")
    tray(page).get_by_role("button", name="Remove A").click()
    expect(tray(page).get_by_role("button", name="Remove")).to_have_count(1)
    page.go_back()
    expect(tray(page).get_by_label("Name of Mean of fc of rest")).to_have_value("A")
    expect(page.get_by_role("region", name="Result: Image maths")).to_contain_text("Values from −0.16863")


def test_saved_maps_are_compared(page: Page) -> None:
    page.get_by_role("button", name="Compare maps").click()
    page.locator(".params").get_by_label("Permutations", exact=True).fill("99")
    result = page.get_by_role("region", name="Result: Compare maps")
    expect(result).to_contain_text("99 times (seed 1)", timeout=START)
    expect(result.locator("section.table").filter(has_text="Pairs of maps").locator("tbody tr")).to_have_count(1)
    expect(result).to_contain_text("2,000 of 34,716 edges")


def test_weights_of_models_are_browsed_averaged_and_their_leak_is_flagged(fibromyalgia: Page) -> None:
    page = fibromyalgia
    go(page, "Models")
    analysis(page, "Model weights")
    form = page.locator("form.params")
    result = page.get_by_role("region", name="Result: Model weights")
    form.get_by_role("button", name="Show what is in Fibromyalgia_Impact_Score").click()
    form.get_by_label("Ridge0").check()
    expect(result).to_contain_text(
        "Fibromyalgia_Impact_Score/Ridge0 was tested on subjects it was trained on: 14 of 14"
    )
    expect(result).to_contain_text("117 training rows of 66 subjects")
    expect(matrix(page, "Weights of Fibromyalgia_Impact_Score/Ridge0")).to_be_visible()
    rows = result.locator("section.table").filter(has_text="Strongest weights").locator("tbody tr")
    expect(rows.first).to_contain_text("Power 127")
    expect(rows.first).to_contain_text("Power 184")
    form.get_by_label("Multiply by").select_option("Mean of a measure")
    expect(result).to_contain_text("taken to be fc")
    form.get_by_label("Ridge1").check()
    expect(matrix(page, "Models that agree in sign")).to_be_visible()
