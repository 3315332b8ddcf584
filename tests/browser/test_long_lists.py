"""Long lists: thousands of phenotypes, of levels and of names, drawn as far as they are seen and found by name."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from driving import START, choose_files
from playwright.sync_api import Locator, Page, expect
from views import form, go, matrix

from imagenomer.cohort import Cohort, Measure, Phenotype, Scan
from imagenomer.edges import n_edges_of
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

N_PARCELS = 8
LONG = "Hamilton_Depression_Score"


def write_bundle(path: Path, phenotypes: list[Phenotype]) -> Path:
    """A cohort with these phenotypes and a scan for each subject, as a bundle."""
    rng = np.random.default_rng(5)
    n_subjects = phenotypes[0].values.size
    subjects = tuple(f"S{number:04d}" for number in range(n_subjects))
    edges = np.tanh(rng.normal(0.2, 0.3, (n_subjects, n_edges_of(N_PARCELS)))).astype(np.float32)
    cohort = Cohort(
        name=path.stem,
        subjects=subjects,
        phenotypes={phenotype.name: phenotype for phenotype in phenotypes},
        scans=tuple(Scan("rest", subject) for subject in subjects),
        measures={"fc": Measure("fc", edges, np.ones(n_subjects, dtype=bool))},
    )
    path.write_bytes(finish(bundle_bytes(cohort)))
    return path


def numbers(names: list[str], n_subjects: int = 60) -> list[Phenotype]:
    rng = np.random.default_rng(7)
    return [Phenotype(name, rng.normal(50, 10, n_subjects)) for name in names]


def opened(page: Page, bundle: Path) -> Page:
    page.set_viewport_size({"width": 1280, "height": 800})
    choose_files(page, bundle)
    expect(page.get_by_role("heading", level=1, name=bundle.stem)).to_be_visible(timeout=START)
    return page


def drawn_boxes(place: Locator) -> list[dict[str, float]]:
    """Where the labels of tick boxes are, and how high what is in them is."""
    boxes: list[dict[str, float]] = place.locator("label.check").evaluate_all(
        """(labels) => labels.map((label) => {
            const box = label.getBoundingClientRect(), name = label.lastElementChild.getBoundingClientRect();
            return {top: box.top, bottom: box.bottom, nameTop: name.top, nameBottom: name.bottom};
        })"""
    )
    return boxes


def test_a_cohort_of_1900_columns_opens_and_each_of_them_can_be_reached(start_page: Page, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "Wide.zip", numbers([f"x{number}" for number in range(1900)]))
    page = opened(start_page, bundle)
    table = page.get_by_role("region", name="1,900 phenotypes")
    rows = table.locator("tbody tr")
    assert 20 <= rows.count() <= 200, "as many as are seen, not all"
    assert page.locator("#main").evaluate("(main) => main.scrollHeight") < 3_000
    while rows.count() < 400:
        before = rows.count()
        table.evaluate("(box) => { box.scrollTop = box.scrollHeight; }")
        expect(rows.nth(before)).to_be_attached()
    page.get_by_label("Find in phenotypes").fill("x1899")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="x1899", exact=True).click()
    expect(page.get_by_label("Phenotype", exact=True)).to_have_value("x1899")
    expect(page.locator("section.figure img").first).to_be_visible(timeout=START)

    go(page, "Associations")
    form(page).get_by_label("Phenotype", exact=True).fill("x1234")
    form(page).get_by_label("Phenotype", exact=True).press("Enter")
    expect(matrix(page, "x1234 and fc").first).to_be_visible(timeout=START)
    covariates = form(page).get_by_role("group", name="Covariates")
    assert covariates.get_by_role("checkbox").count() <= 200
    covariates.get_by_label("Find in Covariates").fill("x777")
    covariates.get_by_label("x777", exact=True).check()
    expect(covariates).to_contain_text("1 of 1,899")
    covariates.get_by_label("Find in Covariates").fill("")
    covariates.get_by_label("x3", exact=True).check()
    expect(covariates).to_contain_text("2 of 1,899")
    expect(page.get_by_role("region", name="Result: Edge association").locator(".sentences")).to_contain_text(
        "adjusted for x3, x777", timeout=START
    )


def test_a_category_of_2000_levels_can_be_grouped_by(start_page: Page, tmp_path: Path) -> None:
    levels = tuple(f"code {number}" for number in range(2000))
    phenotypes = [*numbers(["age"], 2000), Phenotype("code", np.arange(2000), levels=levels)]
    page = opened(start_page, write_bundle(tmp_path / "Codes.zip", phenotypes))
    groups = page.locator("#groups")
    groups.get_by_label("Field").select_option(label="code")
    groups.get_by_label("Operator").select_option(label="is")
    groups.get_by_label("Value", exact=True).fill("code 1987")
    groups.get_by_label("Value", exact=True).press("Enter")
    expect(groups.get_by_role("status")).to_have_text("1 subject of 2,000")
    groups.get_by_label("Operator").select_option(label="is one of")
    values = groups.get_by_role("group", name="Values")
    assert values.get_by_role("checkbox").count() <= 200
    groups.get_by_label("Find in values").fill("code 199")
    expect(values.get_by_role("checkbox")).to_have_count(12)  # 199, 1199, 1990 to 1999: each word, wherever it is
    for name in ("code 1990", "code 1999"):
        values.get_by_label(name, exact=True).check()
    groups.get_by_label("Find in values").fill("code 12")
    values.get_by_label("code 12", exact=True).check()
    expect(groups.get_by_role("status")).to_have_text("3 subjects of 2,000")
    groups.get_by_label("Name", exact=True).fill("Three")
    groups.get_by_role("button", name="Add group").click()
    expect(page.get_by_role("button", name="Rename Three", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [1280, 1920])
def test_long_names_are_wrapped_and_stand_on_nothing(start_page: Page, tmp_path: Path, width: int) -> None:
    names = [f"{LONG}_of_the_{number}th_visit_{LONG}" for number in range(40)] + [LONG]
    page = opened(start_page, write_bundle(tmp_path / "Names.zip", numbers(names)))
    page.set_viewport_size({"width": width, "height": 800})
    table = page.get_by_role("region", name="41 phenotypes")
    assert table.evaluate("(box) => box.scrollWidth <= box.clientWidth"), "no name pushes the table out of its box"
    go(page, "Associations")
    covariates = form(page).get_by_role("group", name="Covariates")
    boxes = drawn_boxes(covariates)
    assert len(boxes) == 40
    for box, below in itertools.pairwise(boxes):
        assert box["nameBottom"] <= below["nameTop"] + 1, "a name is printed over the next"
    expect(page.locator("section.matrix h3").first).to_be_visible(timeout=START)
    clipped = page.locator("section.matrix h3, .result h2, .points h3").evaluate_all(
        "(all) => all.filter((title) => title.scrollWidth > title.clientWidth + 1).map((title) => title.innerText)"
    )
    assert clipped == [], "titles stay in their columns"
