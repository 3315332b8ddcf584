"""Genotypes: PLINK's files dropped, tested against a phenotype, seen as Manhattan and QQ plots, and kept as a table."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from driving import START, choose_files, drop_files
from kept_page import KeptPage
from playwright.sync_api import Locator, Page, expect
from views import analysis, content, expect_figures, form, go, result

from imagenomer.analyses.genotypes.variant_association import ANALYSIS, Params
from imagenomer.cohort import VariantSet
from imagenomer.genotypes import write_plink
from imagenomer.load import load
from imagenomer.progress import finish
from oracles.plink import write_files

N_SUBJECTS, N_VARIANTS = 80, 300


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty people of two populations; the score follows variant rs20, and nothing else."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("Eighty")
    frequency = rng.uniform(0.2, 0.8, (2, N_VARIANTS))[np.arange(N_SUBJECTS) % 2]
    dosage = rng.binomial(2, frequency).astype(np.int8)
    dosage[rng.random(dosage.shape) < 0.03] = -1
    names = tuple(f"p{number}" for number in range(N_SUBJECTS))
    variants = VariantSet(
        name="eighty",
        dosage=dosage,
        variant_ids=tuple(f"rs{number}" for number in range(N_VARIANTS)),
        chromosomes=tuple(str(1 + number // 100) for number in range(N_VARIANTS)),
        positions=np.arange(N_VARIANTS) * 10_000 + 1,
        effect_alleles=("A",) * N_VARIANTS,
        other_alleles=("G",) * N_VARIANTS,
    )
    write_files(folder / "eighty", write_plink(variants, names, rng.integers(1, 3, N_SUBJECTS).tolist()))
    score = 2.0 * np.maximum(dosage[:, 20], 0) + rng.normal(0, 1, N_SUBJECTS)
    rows = [f"{name}\t{value:.6f}\t{'NS'[row % 2]}" for row, (name, value) in enumerate(zip(names, score, strict=True))]
    (folder / "traits.tsv").write_text("\n".join(["IID\tscore\tcoast", *rows]) + "\n")
    return folder


@pytest.fixture
def page(kept: KeptPage, files: Path) -> Page:
    """The page with the eighty open, as the test before left it."""
    if not kept.is_as_left(files):
        kept.open(files, lambda page: drop_files(page, *sorted(files.iterdir())))
    return kept.page


def choose(page: Page, title: str) -> Locator:
    """Open an analysis of the tab, and return its form."""
    go(page, "Genotypes")
    analysis(page, title)
    return form(page)


def test_a_dropped_fileset_is_a_cohort_with_the_phenotypes_of_the_table(page: Page) -> None:
    go(page, "Overview")
    expect(page.locator("#content")).to_contain_text("eighty")
    expect(page.locator("#cohort-counts")).to_contain_text("80 subjects")
    expect(page.locator("#content")).to_contain_text("coast")


def test_an_association_is_shown_and_its_table_is_what_python_computes(page: Page, files: Path) -> None:
    form = choose(page, "Variant association")
    form.get_by_label("Phenotype", exact=True).select_option(label="score")
    shown = result(page, "Variant association")
    expect(shown.locator(".sentences")).to_contain_text("Lambda", timeout=START)
    expect(shown.locator(".sentences")).to_contain_text("A linear model of score")
    points = shown.locator("section.points")
    expect(points).to_have_count(2)
    expect(points.nth(0)).to_contain_text("Chromosome")
    expect(points.nth(1)).to_contain_text("lambda")
    points.nth(0).get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    expect(points.nth(0).get_by_label("Readout")).to_contain_text("rs")
    first = shown.get_by_role("grid", name="Strongest variants").locator("tbody tr").first
    expect(first).to_contain_text("rs20")

    with page.expect_download() as started:
        shown.get_by_role("button", name="Download Strongest variants").click()
    rows = list(csv.DictReader(io.StringIO(content(started.value).decode("utf-8-sig"))))
    cohort, params = load(files), Params(phenotype="score")
    native = ANALYSIS.report(cohort, params, finish(ANALYSIS.compute(cohort, params))).numbers["top"]
    (variants,) = cohort.variant_sets.values()
    assert sorted(row["variant"] for row in rows) == sorted(variants.variant_ids)
    rows = rows[: len(native)]
    assert [row["variant"] for row in rows] == [row["variant"] for row in native]
    for column in ("beta", "se", "p_value", "p_adjusted", "maf"):
        np.testing.assert_allclose(
            [float(row[column]) for row in rows], [row[column] for row in native], rtol=1e-9, atol=1e-15
        )


def test_the_manhattan_plot_downloads_in_every_format(page: Page) -> None:
    choose(page, "Variant association")
    plot = result(page, "Variant association").locator("section.points").first
    expect(plot).to_be_visible()
    expect_figures(page, plot.locator(".menu").filter(has_text="Download"))


def test_ancestry_tells_the_two_coasts_apart(page: Page) -> None:
    choose(page, "Ancestry components")
    shown = result(page, "Ancestry components")
    expect(shown.locator(".sentences")).to_contain_text(
        "coast is most strongly associated with the first component", timeout=START
    )


def test_the_summary_counts_what_filters_would_remove(page: Page) -> None:
    choose(page, "Variant summary")
    shown = result(page, "Variant summary")
    filters = shown.get_by_role("grid", name="What the filters remove")
    expect(filters.locator("tbody tr")).to_have_count(3, timeout=START)


def test_a_list_leads_to_each_view(page: Page) -> None:
    choose(page, "Variant summary")
    index = page.get_by_role("navigation", name="Views of this result")
    last = index.get_by_role("option").last
    expect(last).to_be_attached(timeout=START)
    index.get_by_label("Go to").select_option(label=last.inner_text())
    expect(page.locator("section:focus")).to_contain_text(last.inner_text())
    expect(page.locator("section:focus")).to_be_in_viewport()
    expect(index.get_by_label("Go to")).to_have_value("")


def test_files_that_are_not_all_there_are_refused_in_words(start_page: Page, files: Path) -> None:
    choose_files(start_page, files / "eighty.bed", files / "eighty.fam")
    expect(start_page.locator("#alerts")).to_contain_text("eighty.bed needs eighty.bim beside it", timeout=START)
