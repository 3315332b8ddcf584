"""Two phenotypes of each kind in the page, and all of them against all, a click from each other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from views import analysis, choose, expect_figures, expect_said, form, go, result

LONG = 120_000
PAIR, MATRIX = "Association of two phenotypes", "All phenotypes against all"


@pytest.fixture
def pair(fibromyalgia: Page) -> Page:
    """The association of two phenotypes; which two, the tests choose."""
    go(fibromyalgia, "Phenotypes")
    analysis(fibromyalgia, PAIR)
    return fibromyalgia


def test_two_numbers_are_a_scatter_that_names_subjects_and_covariates_change_it(pair: Page) -> None:
    choose(pair, "Phenotype", "Hamilton_Depression_Score")
    choose(pair, "With", "Fibromyalgia_Impact_Score")
    expect_said(pair, PAIR, "Pearson's r of Hamilton_Depression_Score and Fibromyalgia_Impact_Score is 0.8961")
    expect_said(pair, PAIR, "64 degrees of freedom, p = 2.93e-24")
    scatter = result(pair, PAIR).get_by_role("application", name="Hamilton_Depression_Score and Fibromyalgia_Impact")
    scatter.focus()
    pair.keyboard.press("ArrowRight")
    expect(result(pair, PAIR).get_by_label("Readout").first).to_contain_text(re.compile(r"Subject \d+"))
    age = form(pair).get_by_role("group", name="Covariates").get_by_label("Age", exact=True)
    age.check()
    expect_said(pair, PAIR, "Adjusted for Age")
    table = result(pair, PAIR).get_by_role("grid", name="Association")
    expect(table.get_by_role("columnheader", name="Adjusted minus unadjusted")).to_be_visible()
    expect(table.get_by_role("row", name=re.compile("Pearson's r"))).to_contain_text("0.896")
    age.uncheck()


def test_a_category_and_a_number_are_compared_by_level_in_either_order(pair: Page) -> None:
    choose(pair, "With", "BMI")
    choose(pair, "Phenotype", "Fibromyalgia")
    expect_said(pair, PAIR, "Student's t: t(64) = 2.268, p = 0.0267")
    expect_said(pair, PAIR, "Cohen's d = 0.5584")
    figure = result(pair, PAIR).locator("section.figure")
    figure.scroll_into_view_if_needed()
    expect(figure.locator("img")).to_have_attribute(
        "alt", re.compile("Violin plot of Fibromyalgia and BMI"), timeout=LONG
    )
    expect_figures(pair, figure.locator(".menu"))
    choose(pair, "Phenotype", "Age")
    choose(pair, "With", "Fibromyalgia")
    choose(pair, "Phenotype", "BMI")
    expect_said(pair, PAIR, "Student's t: t(64) = 2.268, p = 0.0267")


def test_two_categories_are_a_grid_with_their_tests(demo_page: Page) -> None:
    go(demo_page, "Phenotypes")
    analysis(demo_page, PAIR)
    choose(demo_page, "Phenotype", "sex")
    choose(demo_page, "With", "ancestry")
    expect_said(demo_page, PAIR, "Cramer's V, corrected for bias")
    grid = result(demo_page, PAIR).get_by_role("application", name="sex and ancestry: more or fewer than expected")
    grid.focus()
    demo_page.keyboard.press("ArrowRight")
    readout = result(demo_page, PAIR).get_by_label("Readout").first
    expect(readout).to_contain_text(re.compile(r"subjects .* expected, residual"))
    expect(result(demo_page, PAIR).get_by_role("grid", name="Counts")).to_be_visible()
    tests = result(demo_page, PAIR).get_by_role("grid", name="Tests of no difference")
    expect(tests.get_by_role("row", name=re.compile("Pearson's chi-squared"))).to_be_visible()
    expect(tests.get_by_role("row", name=re.compile("Fisher's exact test"))).to_be_visible()


def test_a_cell_of_the_matrix_opens_the_association_of_its_pair(fibromyalgia: Page) -> None:
    go(fibromyalgia, "Phenotypes")
    analysis(fibromyalgia, MATRIX)
    choose(fibromyalgia, "Order", "As in the file")
    expect_said(fibromyalgia, MATRIX, "55 pairs were tested")
    place = result(fibromyalgia, MATRIX)
    expect(place.get_by_role("grid", name="Pairs, most significant first").locator("tbody tr").first).to_contain_text(
        "Hamilton_Anxiety_Score"
    )
    place.get_by_role("application", name=MATRIX).focus()
    fibromyalgia.keyboard.press("Home")
    readout = place.get_by_label("Readout").first
    fibromyalgia.keyboard.press("End")
    expect(readout).to_contain_text("Epsilon = 0.24, p = 0.0267, n = 66")
    fibromyalgia.keyboard.press("Enter")
    expect_said(fibromyalgia, PAIR, "BMI by Fibromyalgia: Yes (n = 33")
    expect(form(fibromyalgia).get_by_label("Phenotype", exact=True).locator("option:checked")).to_have_text("BMI")
    expect(form(fibromyalgia).get_by_label("With", exact=True).locator("option:checked")).to_have_text("Fibromyalgia")
