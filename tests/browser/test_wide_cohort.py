"""A cohort of 2,000 columns with long, alike names: found, listed, ticked and chosen without waiting."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import START, Watch, choose_files, new_page
from playwright.sync_api import Browser, Page, expect
from test_long_lists import write_bundle
from views import form, go

from imagenomer.cohort import Phenotype

N_SUBJECTS, N_COLUMNS = 300, 2000
STEM = "Hamilton_Depression_Rating_Scale_item"


def phenotypes() -> list[Phenotype]:
    rng = np.random.default_rng(11)
    age = rng.uniform(8, 22, N_SUBJECTS)
    age[5] = np.nan
    found = [
        Phenotype("age", age, description="Age at the scan", units="years"),
        Phenotype("sex", rng.integers(0, 2, N_SUBJECTS), ("F", "M")),
    ]
    for number in range(N_COLUMNS - 2):
        name = f"{STEM}_{number:04d}_of_the_second_visit_total"
        description = "sleeplessness" if number == 1234 else ""
        found.append(Phenotype(name, rng.normal(50, 10, N_SUBJECTS), description=description))
    return found


@pytest.fixture(scope="module")
def _wide(browser: Browser, site_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(site_url)
    choose_files(page, write_bundle(tmp_path_factory.mktemp("wide") / "Wide.zip", phenotypes()))
    expect(page.get_by_role("heading", level=1, name="Wide")).to_be_visible(timeout=START)
    yield page, watch
    page.context.close()


@pytest.fixture
def wide(_wide: tuple[Page, Watch], allowed: list[str]) -> Iterator[Page]:
    page, watch = _wide
    watch.problems.clear()
    yield page
    watch.check(allowed)


def shoot(page: Page, name: str) -> None:
    """Take pictures of the page where a folder for them is named."""
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_subjects_are_sorted_filtered_and_ticked_and_a_group_is_made_of_them(wide: Page) -> None:
    page = wide
    overview = page.get_by_role("region", name="2,000 phenotypes")
    assert overview.locator("tbody tr").count() <= 200, "drawn as far as it is seen"
    missing = overview.get_by_role("columnheader", name="Missing")
    for direction in ("ascending", "descending"):
        missing.get_by_role("button").click()
        expect(missing).to_have_attribute("aria-sort", direction)
    expect(overview.locator("tbody tr").first).to_contain_text("age")
    shoot(page, "overview")
    page.get_by_role("group", name="Show").get_by_role("button", name="Subjects").click()
    table = page.get_by_role("grid", name="Subjects")
    rows = table.locator(".lines .line:visible")
    expect(rows.first).to_contain_text("S0000")
    assert rows.count() < 40
    assert table.locator("*").count() < 1_500, "drawn as far as it is seen"
    shoot(page, "subjects")
    table.get_by_role("button", name="age").click()
    expect(table.get_by_role("columnheader", name="age")).to_have_attribute("aria-sort", "ascending")
    age = phenotypes()[0].values
    order = np.argsort(np.where(np.isnan(age), np.inf, age), kind="stable")
    expect(rows.first).to_contain_text(f"S{order[0]:04d}")
    rows.nth(0).get_by_role("checkbox").check()
    rows.nth(2).get_by_role("checkbox").check()
    status = page.locator(".subjects .listed")
    expect(status).to_contain_text("2 ticked")
    table.evaluate("(box) => { box.scrollTop = box.scrollHeight; box.scrollLeft = box.scrollWidth; }")
    expect(rows.filter(has_text="S0005")).to_be_visible()
    expect(table.get_by_role("columnheader").last).to_contain_text("1997")
    shoot(page, "subjects-scrolled")
    page.get_by_label("Name of the group").fill("Youngest")
    page.get_by_role("button", name="Make a group of 2 ticked").click()
    expect(page.get_by_role("button", name="Rename Youngest", exact=True)).to_be_visible()
    expect(page.locator(".subjects .notice")).to_contain_text("names subjects")

    page.get_by_role("button", name="Untick all").click()
    page.get_by_role("button", name="Add a filter").click()
    field = page.locator(".filter-line").get_by_role("combobox", name="Field")
    expect(field).to_be_focused()
    page.keyboard.type("sex")
    page.keyboard.press("Enter")
    n_men = int((phenotypes()[1].values == 1).sum())
    page.locator(".filter-line").get_by_label("Value").select_option(label="M")
    expect(status).to_contain_text(f"{n_men} of 300 subjects")
    page.get_by_role("button", name=f"Make a group of {n_men} listed").click()
    groups = page.locator("#groups")
    expect(groups).to_contain_text('sex == "M"')
    page.locator(".filter-line").get_by_role("button", name="Remove").click()
    expect(status).to_contain_text("300 subjects")


def test_subjects_are_set_aside_by_a_group_and_put_back(wide: Page) -> None:
    page = wide
    page.get_by_role("group", name="Show").get_by_role("button", name="Subjects").click()
    table = page.get_by_role("grid", name="Subjects")
    table.get_by_role("button", name="Subject", exact=True).click()
    table.focus()
    table.evaluate("(box) => { box.scrollLeft = 0; }")
    page.keyboard.press("Home")
    expect(table.locator(".line.active")).to_contain_text("S0000")
    page.keyboard.press(" ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Set aside 2", exact=True).click()
    notice, groups = page.locator(".subjects .notice"), page.locator("#groups")
    expect(notice).to_contain_text("2 subjects set aside")
    without = groups.locator(".group").filter(has_text="Without set-aside subjects")
    expect(without.locator(".n")).to_have_text("298")
    expect(table.locator(".line.aside:visible")).to_have_count(2)
    shoot(page, "set-aside")
    notice.get_by_role("button", name="Undo").click()
    expect(without).to_have_count(0)
    expect(table.locator(".line.aside:visible")).to_have_count(0)

    table.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Subject", exact=True)
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("Subject S0000")
    expect(dialog.locator("section.matrix h3")).to_contain_text("S0000")
    dialog.get_by_label("Find in phenotypes of the subject").fill("sleeplessness")
    expect(dialog.locator("dl > div")).to_have_count(1)
    expect(dialog.locator("dt")).to_contain_text("1234")
    shoot(page, "subject")
    dialog.locator("summary[aria-label^=Download]").click()
    with page.expect_download() as started:
        dialog.get_by_role("button", name="All edges, CSV").click()
    edges = Path(started.value.path()).read_bytes().decode("utf-8-sig").splitlines()
    assert edges[0] == "parcel_1,parcel_2,label_1,label_2,fc"
    assert len(edges) == 1 + 8 * 7 // 2
    dialog.get_by_role("button", name="Next", exact=True).click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("Subject S0001")
    dialog.get_by_role("button", name="Close").click()
    expect(table).to_be_focused()


#: Milliseconds from a key to the first of the options that it brings, painted, as the page measures it.
ANSWER = """(box) => new Promise((resolve) => {
    const list = () => document.querySelector('.picker-list:not([hidden]) [aria-selected="true"]');
    const begun = performance.now();
    box.value = "1234";
    box.dispatchEvent(new Event("input", {bubbles: true}));
    const found = list();
    requestAnimationFrame(() => resolve([performance.now() - begun, found ? found.innerText : ""]));
})"""


def test_a_phenotype_is_found_by_what_is_typed_of_its_name_or_description(wide: Page) -> None:
    page = wide
    go(page, "Phenotypes")
    box = form(page).get_by_role("combobox", name="Phenotype", exact=True)
    expect(box).to_have_attribute("aria-expanded", "false")
    box.click()
    choices = page.get_by_role("listbox", name="Choices")
    assert choices.get_by_role("option").count() <= 120, "drawn as far as it is seen"
    age = choices.get_by_role("option").filter(has_text=re.compile("^age"))
    expect(age).to_contain_text("number, years · n 299")
    shoot(page, "picker")
    box.fill("sleepl")
    expect(choices.get_by_role("option")).to_have_count(1)
    expect(choices.get_by_role("option")).to_contain_text("_1234_")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_be_focused()
    milliseconds, first = box.evaluate(ANSWER)
    assert "_1234_" in first
    assert milliseconds < 400, "100 ms where nothing else runs; several times that where much does"
    page.keyboard.press("Enter")
    expect(box).to_have_attribute("title", re.compile("_1234_.*\nnumber · n 300\nsleeplessness"))
    expect(box).to_have_value(re.compile("^Ham.*1234.*al$"))
    assert box.evaluate("(box) => box.scrollWidth <= box.clientWidth"), "shortened in the middle, not cut"

    box.fill("visit item 77")
    page.keyboard.press("ArrowDown")
    active = box.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_attribute("aria-selected", "true")
    expect(page.locator(f"#{active}")).to_contain_text("_0177_")
    page.keyboard.press("Enter")
    form(page).get_by_role("button", name=re.compile("^Pin .*_0177_")).click()
    box.click()
    options = choices.get_by_role("option")
    expect(options.nth(0)).to_contain_text("_0177_")
    expect(options.nth(0)).to_have_attribute("data-heading", "Pinned")
    expect(options.nth(1)).to_contain_text("_1234_")
    expect(options.nth(1)).to_have_attribute("data-heading", "Recent")
    headings = choices.locator("[data-heading]").evaluate_all("(all) => all.map((one) => one.dataset.heading)")
    assert headings == ["Pinned", "Recent", "All others"]  # other stories of this page have chosen too
    shoot(page, "picker-pinned")
    page.keyboard.press("Escape")
