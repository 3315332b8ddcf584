"""Covariates and permutations in the page: adjusted beside unadjusted, progress, cancel, and the same seed again."""

from __future__ import annotations

import re

from driving import START
from playwright.sync_api import Locator, Page, expect
from views import expect_whole, go, matrix


def form(page: Page) -> Locator:
    return page.get_by_role("region", name="Parameters").filter(visible=True)


def result(page: Page) -> Locator:
    return page.get_by_role("region", name="Result: Edge association")


def expect_result(page: Page, sentence: str) -> None:
    expect(result(page).locator(".sentences")).to_contain_text(sentence, timeout=START)
    expect_whole(result(page))


def unfold(page: Page) -> None:
    """Open the section of the form with what permutations need."""
    section = form(page).locator("details.section", has_text="Permutations")
    if section.get_attribute("open") is None:
        section.locator("summary").click()


def start(page: Page) -> None:
    """Edge association of wrat at rest, with motion and sex as covariates."""
    go(page, "Associations")
    page.get_by_role("group", name="Analysis").get_by_role("button", name="Edge association").click()
    form(page).get_by_label("Phenotype", exact=True).select_option(label="wrat")
    form(page).get_by_label("Task", exact=True).select_option(label="rest")
    for covariate in ("mean_fd", "sex"):
        form(page).get_by_role("group", name="Covariates").get_by_label(covariate, exact=True).check()
    form(page).get_by_label("Correction", exact=True).select_option(label="Bonferroni")
    expect_result(page, "adjusted for sex, mean_fd")


def test_the_adjusted_map_stands_beside_the_unadjusted_and_the_difference(demo_page: Page) -> None:
    start(demo_page)
    for title in (r"adjusted$", r"unadjusted$", r"adjusted minus unadjusted$"):
        expect(matrix(demo_page, re.compile(title)).first).to_be_visible()
    expect(result(demo_page).locator(".sentences")).to_contain_text("loses")
    table = result(demo_page).get_by_role("grid", name="Strongest edges")
    expect(table.get_by_role("columnheader", name="r unadjusted")).to_be_visible()
    scatter = result(demo_page).locator("section.points")
    expect(scatter).to_contain_text("residuals given")


def test_permutations_show_progress_are_cancelled_and_run_again(demo_page: Page) -> None:
    start(demo_page)
    expect(form(demo_page).get_by_label("Permutations")).to_be_hidden()
    form(demo_page).get_by_label("Correction", exact=True).select_option(label="Permutation max-T")
    unfold(demo_page)
    permutations = form(demo_page).get_by_label("Permutations")
    expect(permutations).to_be_visible()
    permutations.fill("100000")
    progress = form(demo_page).locator(".run-progress")
    expect(progress).to_contain_text("Permuting", timeout=START)
    bar = progress.get_by_role("progressbar")
    expect(bar).to_have_attribute("max", "100000", timeout=START)
    before = float(bar.evaluate("(bar) => bar.value"))
    demo_page.wait_for_function("([bar, before]) => bar.value > before", arg=[bar.element_handle(), before])
    progress.get_by_role("button", name="Cancel").click()
    expect(demo_page.locator("#status")).to_have_text("Cancelled", timeout=START)
    expect(progress).to_be_hidden()
    expect(result(demo_page).locator(".state")).to_contain_text("Earlier result")
    permutations.fill("200")
    if form(demo_page).get_by_role("button", name="Run").is_visible():
        form(demo_page).get_by_role("button", name="Run").click()
    expect_result(demo_page, "200 permutations")
    expect(result(demo_page).locator(".sentences")).to_contain_text("seed 1: the smallest possible p is 0.00498")
    expect(matrix(demo_page, re.compile("corrected$"))).to_be_visible()


def test_fields_appear_only_where_they_matter(demo_page: Page) -> None:
    start(demo_page)
    for label in ("Permutations", "Seed", "Blocks", "Component threshold"):
        expect(form(demo_page).get_by_label(label, exact=True)).to_be_hidden()
    form(demo_page).get_by_label("Correction", exact=True).select_option(label="NBS: network-based")
    unfold(demo_page)
    for label in ("Permutations", "Seed", "Blocks", "Component threshold"):
        expect(form(demo_page).get_by_label(label, exact=True)).to_be_visible()
    form(demo_page).get_by_label("Correction", exact=True).select_option(label="Holm")
    expect(form(demo_page).get_by_label("Seed", exact=True)).to_be_hidden()
    expect_result(demo_page, "Holm")
