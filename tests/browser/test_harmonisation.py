"""Harmonisation: site effects shown before and after, and the measure that other analyses then offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import START, choose_files
from kept_page import KeptPage
from playwright.sync_api import Page, expect
from views import analysis, choose, expect_said, form, go, matrix, result

from imagenomer.progress import finish
from imagenomer.readers.bundle import bundle_bytes
from sited import planted

NAME = "fc (ComBat by site)"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sites") / "sites.zip"
    path.write_bytes(finish(bundle_bytes(planted())))
    return path


@pytest.fixture
def sites(kept: KeptPage, bundle: Path) -> Page:
    """The site with the cohort of three sites open, shared by the stories below, which follow one another."""
    if not kept.is_as_left(bundle):
        kept.open(bundle, lambda page: choose_files(page, bundle))
    return kept.page


def test_the_site_is_found_and_gone_after_harmonisation(sites: Page) -> None:
    go(sites, "Connectivity")
    sites.get_by_role("button", name="Harmonisation", exact=True).click()
    expect_said(sites, "Harmonisation", "Subjects at each site: Boston (30), Chicago (40), Denver (50).")
    place = result(sites, "Harmonisation")
    expect(place.locator(".warnings")).to_contain_text("not preserved: diagnosis (17% of its variance)")
    expect(form(sites).get_by_label("Reference site")).to_contain_text("None: the mean of all")
    form(sites).get_by_label("age", exact=True).check()
    choose(sites, "Task", "nback")
    expect_said(sites, "Harmonisation", "the variance explained by age is preserved")
    for state in ("before", "after"):
        expect(matrix(sites, f"site and fc of nback, {state} harmonisation")).to_be_visible()
    expect(place.get_by_role("grid", name="Estimates for each site")).to_contain_text("Chicago")
    expect(place.get_by_role("grid", name="What is preserved")).to_contain_text("age")
    expect(place.locator(".sentences")).to_contain_text("after, 0.1 %, and 0 edges significantly")


def test_what_is_removed_is_not_offered_to_be_preserved(sites: Page) -> None:
    offered = form(sites).get_by_role("group", name="Preserve")
    expect(offered.get_by_label("age", exact=True)).to_be_visible()
    expect(offered.get_by_label("site", exact=True)).to_have_count(0)


def test_a_prediction_harmonises_within_its_training_parts(sites: Page) -> None:
    go(sites, "Models")
    analysis(sites, "Prediction")
    run = form(sites).get_by_role("button", name="Run")
    choose(sites, "Predict", "age")
    choose(sites, "Harmonise by", "site")
    form(sites).get_by_role("group", name="Preserve").get_by_label("diagnosis").check()
    run.click()
    expect_said(
        sites,
        "Prediction",
        "ComBat (means and variances, pooled over edges) estimated",
    )
    expect_said(sites, "Prediction", "the variance explained by diagnosis is preserved")
    expect(matrix(sites, "Weights, age")).to_be_visible()
    choose(sites, "Tested by", "Leave one site out")
    choose(sites, "Leave out one", "site")
    run.click()
    refusal = form(sites).get_by_role("alert").filter(has_text="the training set has no subject of Boston (30)")
    expect(refusal).to_be_visible(timeout=START)
    choose(sites, "Harmonise by", "None")
    go(sites, "Connectivity")


def test_the_measure_is_added_by_one_click_and_used_elsewhere(sites: Page) -> None:
    place = result(sites, "Harmonisation")
    place.get_by_role("button", name="Add as a measure").click()
    expect(place.get_by_role("button", name=f"Added: {NAME}")).to_be_disabled()
    expect(place).to_be_visible()
    expect(form(sites).get_by_label("Measure", exact=True)).to_contain_text(NAME)
    sites.get_by_role("button", name="Scans", exact=True).click()
    expect(sites.get_by_label("Measure", exact=True)).to_contain_text(NAME)
    go(sites, "Associations")
    analysis(sites, "Edge association")
    choose(sites, "Phenotype", "site")
    choose(sites, "Measure", NAME)
    choose(sites, "Task", "nback")
    expect_said(sites, "Edge association", f"{NAME} is fc of nback with differences between the 3 levels of site")
    go(sites, "Overview")
    expect(sites.get_by_role("region", name="The cohort")).to_contain_text(NAME)


def test_the_address_makes_the_measure_again(sites: Page, bundle: Path) -> None:
    """The address holds how it was made, and no value; the files have to be given again."""
    go(sites, "Associations")
    assert "measures" in sites.url
    sites.reload()
    expect(result(sites, "Edge association")).to_be_hidden()
    choose_files(sites, bundle)
    expect_said(sites, "Edge association", f"{NAME} is fc of nback")
