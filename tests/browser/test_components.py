"""Components: imported ones and computed ones, what they explain, and what is associated with them."""

from __future__ import annotations

import csv
import io
import re

import pytest
from driving import START
from playwright.sync_api import Page, expect
from views import add_group, analysis, choose, content, delete_group, expect_said, form, go, matrix, result

LONG = 120_000


@pytest.fixture
def components(fibromyalgia: Page) -> Page:
    """The decomposition that came with the cohort."""
    go(fibromyalgia, "Components")
    analysis(fibromyalgia, "Components of connectivity")
    choose(fibromyalgia, "Decomposition", "restpca")
    choose(fibromyalgia, "Task", "Mean over tasks")
    form(fibromyalgia).get_by_label("Component to show").fill("0")
    expect_said(fibromyalgia, "Components of connectivity", "21.80 % by component 0, 100.00 % by all 65")
    return fibromyalgia


def test_an_imported_decomposition_has_its_true_explained_variance(components: Page) -> None:
    place = result(components, "Components of connectivity")
    expect(place.locator(".sentences")).to_contain_text("Component 65 of restpca was dropped")
    expect(place.locator(".sentences")).to_contain_text("21.80 % by component 0, 100.00 % by all 65")
    expect(matrix(components, re.compile("Component 0 of restpca"))).to_be_visible()
    expect(
        place.get_by_role("img", name=re.compile("Bars of the variance that each of 65 components explains"))
    ).to_be_visible(timeout=LONG)
    expect(form(components).get_by_label("Number of components")).to_be_hidden()


def test_another_component_is_shown_on_demand_and_everybodys_scores_download(components: Page) -> None:
    form(components).get_by_label("Component to show").fill("4")
    expect(matrix(components, re.compile("Component 4 of restpca"))).to_be_visible(timeout=LONG)
    place = result(components, "Components of connectivity")
    with components.expect_download(timeout=START) as started:
        place.get_by_role("button", name="Download Scores of every subject as CSV").click()
    rows = list(csv.reader(io.StringIO(content(started.value).decode("utf-8-sig"))))
    assert len(rows) == 67
    assert rows[0][:2] == ["subject", "score_0"]
    assert len(rows[0]) == 66


def test_groups_are_compared_by_their_scores(components: Page) -> None:
    add_group(components, 'Fibromyalgia == "Yes"', "Patients")
    form(components).get_by_label("Patients").check()
    place = result(components, "Components of connectivity")
    expect(place.get_by_role("grid", name="Scores of component 0 by group")).to_contain_text("33", timeout=LONG)
    delete_group(components, "Patients")


def test_computed_components_say_how_they_were_made(components: Page) -> None:
    choose(components, "Decomposition", "Computed here")
    choose(components, "Task", "rest")
    expect_said(components, "Components of connectivity", "10 components: principal components")
    expect(result(components, "Components of connectivity").locator(".sentences")).to_contain_text(
        "21.80 % by component 0"
    )
    choose(components, "Method", "ICA: independent")
    form(components).get_by_role("button", name="Run").click()
    expect_said(components, "Components of connectivity", "FastICA")
    choose(components, "Method", "NMF: non-negative")
    form(components).get_by_role("button", name="Run").click()
    expect(components.get_by_role("alert").filter(has_text="are negative")).to_be_visible(timeout=LONG)
    choose(components, "Method", "PCA: principal")


def test_components_are_associated_with_one_phenotype_or_all(fibromyalgia: Page) -> None:
    title = "Component association"
    go(fibromyalgia, "Components")
    analysis(fibromyalgia, title)
    choose(fibromyalgia, "Decomposition", "restpca")
    expect_said(fibromyalgia, title, "11 phenotypes, unadjusted")
    form(fibromyalgia).get_by_role("group", name="Phenotypes").get_by_label("Rheumatology_Score_1").check()
    expect_said(fibromyalgia, title, "0 of 65 tests significant")
    table = result(fibromyalgia, title).get_by_role("grid", name="Every component")
    expect(table).to_contain_text(re.compile("−0.352"))
    expect(table).to_contain_text("0.0037")


def test_components_are_associated_with_variants(demo_page: Page) -> None:
    title = "Components and variants"
    go(demo_page, "Components")
    analysis(demo_page, title)
    expect_said(demo_page, title, re.compile(r"tests \(10 components times [\d,]+ variants\) significant"))
    form(demo_page).get_by_label("Ancestry components").fill("2")
    expect_said(demo_page, title, "adjusted for 2 ancestry components")
    expect(result(demo_page, title).get_by_role("grid", name="Every component")).to_be_visible()
