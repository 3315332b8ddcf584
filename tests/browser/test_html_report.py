"""Any result downloads as one HTML file that opens by itself, in either theme and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import START, Watch, new_page
from playwright.sync_api import Browser, Page, expect
from views import add_group, delete_group, expect_said, form, go, result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture
def report(folder: Path, request: pytest.FixtureRequest) -> Path:
    """The report of a result of the demo cohort, as it was downloaded, once for all tests."""
    for path in folder.iterdir():
        return path
    page: Page = request.getfixturevalue("demo_page")
    add_group(page, "age > 150", "Older <b>than</b> 150")
    go(page, "Associations")
    form(page).get_by_label("Group", exact=True).select_option(label="Older <b>than</b> 150")
    expect_said(page, "Edge association", "(group Older <b>than</b> 150)")
    with page.expect_download(timeout=START) as started:
        result(page, "Edge association").get_by_role("button", name="Download report (HTML)").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    delete_group(page, "Older <b>than</b> 150")
    return path


@pytest.fixture
def reader(browser: Browser, report: Path, watch: Watch) -> Iterator[Page]:
    """The file, opened from disk."""
    page = new_page(browser, watch)
    page.goto(report.as_uri())
    yield page
    page.context.close()


def test_it_is_named_after_the_result_and_opens_from_disk_without_a_request(
    report: Path, reader: Page, watch: Watch
) -> None:
    assert report.name.startswith("edge-association_")
    assert report.suffix == ".html"
    expect(reader.get_by_role("heading", level=1)).to_have_text("Edge association")
    assert [url for url in watch.requests if not url.startswith("data:")] == [report.as_uri()]


def test_groups_have_the_names_of_the_page_as_text(reader: Page) -> None:
    expect(reader.get_by_text("(group Older <b>than</b> 150)").first).to_be_visible()
    expect(reader.locator("b")).to_have_count(0)


def test_figures_are_pictures_with_words_and_as_wide_as_there_is_room(reader: Page) -> None:
    figures = reader.get_by_role("img")
    assert figures.count() >= 3
    expect(figures.first).to_have_accessible_name(re.compile("^Figure 1: .* of 34,716 edges significant; strongest "))
    reader.set_viewport_size({"width": 420, "height": 800})
    assert reader.evaluate("document.documentElement.scrollWidth") <= 420
    box = figures.first.bounding_box()
    assert box is not None
    assert 0.5 < box["height"] / box["width"] < 1.5


def test_a_link_leads_to_its_figure(reader: Page) -> None:
    reader.get_by_role("navigation").get_by_role("link", name="Table 1").click()
    expect(reader.locator("figure:target figcaption")).to_contain_text("Table 1.")
    expect(reader.locator("figure:target")).to_be_in_viewport()


def test_a_table_downloads_as_csv(reader: Page) -> None:
    with reader.expect_download() as started:
        reader.get_by_role("link", name="Strongest edges as CSV").click()
    assert Path(started.value.path()).read_text(encoding="utf-8").count("\n") > 50


def test_the_policy_of_the_file_lets_nothing_run(reader: Page, allowed: list[str]) -> None:
    allowed.append("Content Security Policy|script-src")
    reader.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'attacked'";
            document.body.append(script);
        }"""
    )
    assert reader.title().startswith("Edge association")


def test_it_is_dark_where_the_reader_is_and_light_on_paper(reader: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    reader.emulate_media(color_scheme="dark")
    assert reader.evaluate(background) == "rgb(15, 19, 24)"
    paper = reader.locator(".paper").first
    assert paper.evaluate("(paper) => getComputedStyle(paper).backgroundColor") == "rgb(255, 255, 255)"
    reader.emulate_media(color_scheme="dark", media="print")
    assert reader.evaluate(background) == "rgb(255, 255, 255)"
    expect(reader.get_by_role("link", name="Strongest edges as CSV")).to_be_hidden()
    assert len(reader.pdf(format="A4")) > 50_000
