"""The tutorial (docs/tutorial.md), step by step in the page; tests/test_tutorial.py computes all its numbers.

Step 6, model weights, and the maps of step 4 are in test_maps.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from views import add_group, analysis, delete_group, expect_whole, form, go

#: Milliseconds for an answer of the engine.
ANSWER = 60_000


@pytest.fixture
def page(fibromyalgia: Page) -> Page:
    """The cohort, open since its folder was chosen."""
    return fibromyalgia


@pytest.fixture
def groups(page: Page, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The groups that a test names: name to expression."""
    for name, expression in request.param.items():
        add_group(page, expression, name)
    yield request.param
    for name in request.param:
        delete_group(page, name)


def result(page: Page) -> Locator:
    return page.get_by_role("region", name=re.compile("^Result: "))


def open_analysis(page: Page, tab: str, title: str) -> None:
    """Go to an analysis of a tab that has several."""
    go(page, tab)
    analysis(page, title)
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=ANSWER)


def choose(page: Page, **choices: str) -> None:
    for label, choice in choices.items():
        form(page).get_by_label(label.capitalize(), exact=True).select_option(label=choice)


def expect_said(page: Page, *sentences: str) -> None:
    """Ask for what the form says, and wait until the result says all this and nothing newer is being computed."""
    form(page).get_by_role("button", name="Run", exact=True).click()
    for sentence in sentences:
        expect(result(page).locator(".sentences")).to_contain_text(sentence, timeout=ANSWER)
    expect_whole(result(page))


def test_1_the_cohort_says_what_it_holds_and_what_was_left_out(page: Page) -> None:
    go(page, "Overview")
    cohort = page.get_by_role("region", name="The cohort")
    for text in ("66", "131", "264"):
        expect(cohort).to_contain_text(text)
    expect(page.get_by_text("4 scans excluded")).to_be_visible()
    expect(page.get_by_text("1 subject without epr")).to_be_visible()


def test_2_the_scans_at_rest(page: Page) -> None:
    go(page, "Connectivity")
    page.get_by_role("button", name="Scans", exact=True).click()
    task = page.locator(".filters").get_by_label("Task", exact=True)
    task.select_option("rest")
    expect(page.locator(".gallery .note[role=status]")).to_have_text("66 scans", timeout=ANSWER)
    task.select_option("All scans")


@pytest.mark.parametrize(
    "groups",
    [{"calm": "Hamilton_Anxiety_Score < 5", "anxious": "Hamilton_Anxiety_Score >= 5"}],
    ids=["anxiety"],
    indirect=True,
)
def test_3_pain_by_anxiety(page: Page, groups: dict[str, str]) -> None:
    open_analysis(page, "Phenotypes", "Distribution")
    choose(page, phenotype="Pain_Score")
    for name in groups:
        form(page).get_by_role("group", name="Groups").get_by_label(name).check()
    expect_said(page, "calm: 29 subjects with Pain_Score", "anxious: 37 subjects with Pain_Score")


@pytest.mark.parametrize(
    "groups",
    [{"patients": 'Fibromyalgia == "Yes"', "controls": 'Fibromyalgia == "No"'}],
    ids=["patients and controls"],
    indirect=True,
)
def test_3_bmi_of_patients_and_controls(page: Page, groups: dict[str, str]) -> None:
    open_analysis(page, "Phenotypes", "Distribution")
    choose(page, phenotype="BMI")
    for name in groups:
        form(page).get_by_role("group", name="Groups").get_by_label(name).check()
    expect_said(page, "patients: 33 subjects with BMI; mean 26.871", "controls: 33 subjects with BMI; mean 24.832")
    tests = result(page).get_by_role("grid", name="Tests of no difference")
    for words in (r"Student.*2\.268.*0\.0267", r"Mann-Whitney.*0\.056"):
        expect(tests.get_by_role("row", name=re.compile(words))).to_be_visible()


def test_3_two_phenotypes(page: Page) -> None:
    open_analysis(page, "Phenotypes", "Association of two phenotypes")
    choose(page, phenotype="Fibromyalgia_Impact_Score")
    form(page).get_by_label("With", exact=True).select_option(label="Hamilton_Depression_Score")
    expect_said(page, "66 subjects", "is 0.8961", "64 degrees of freedom")


def test_4_the_averages_of_both_tasks(page: Page) -> None:
    go(page, "Connectivity")
    page.get_by_role("button", name="Mean and SD").click()
    choose(page, task="epr")
    expect_said(page, "65 subjects (everybody), one observation each: fc of epr")
    choose(page, task="rest")
    expect_said(page, "66 subjects (everybody), one observation each: fc of rest")
    page.get_by_role("button", name="Scans", exact=True).click()


def test_5_no_edge_goes_with_the_rheumatology_score(page: Page) -> None:
    open_analysis(page, "Associations", "Edge association")
    choose(page, phenotype="Rheumatology_Score_1", task="Mean over tasks")
    expect_said(page, "with Rheumatology_Score_1, 64 degrees of freedom", "0 of 34,716 edges significant: Bonferroni")
    first = result(page).get_by_role("grid", name="Strongest edges").locator("tbody tr").first
    for text in ("Power 12", "Power 187", "−0.5397", "0.1016"):
        expect(first).to_contain_text(text)


def test_7_components_and_the_rheumatology_score(page: Page) -> None:
    open_analysis(page, "Components", "Components of connectivity")
    choose(page, decomposition="restpca")
    expect_said(page, "Component 65 of restpca was dropped", "21.80 % by component 0")
    open_analysis(page, "Components", "Component association")
    choose(page, decomposition="restpca")
    phenotypes = form(page).get_by_role("group", name="Phenotypes")
    for box in phenotypes.get_by_role("checkbox").all():
        box.uncheck()
    phenotypes.get_by_label("Rheumatology_Score_1", exact=True).check()
    expect_said(page, "0 of 65 tests significant")
    first = result(page).locator("table.grid tbody tr").first
    for text in ("−0.352", "0.0037"):
        expect(first).to_contain_text(text)
