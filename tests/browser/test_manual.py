"""The manual as somebody reads it: pages of the site, and the same documents in the single file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import START, Watch, new_page
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def reader(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page that shows nothing yet."""
    page = new_page(browser, watch)
    yield page
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_word_is_found_and_leads_to_its_section(reader: Page, site_url: str, scheme: str) -> None:
    reader.emulate_media(color_scheme=scheme)
    reader.goto(f"{site_url}docs/index.html")
    expect(reader.get_by_role("heading", level=1, name="Get your data in")).to_be_visible()
    reader.get_by_role("searchbox", name="Search the manual").fill("shallow copy of nothing")
    expect(reader.get_by_text("Nothing found")).to_be_visible()
    reader.get_by_role("searchbox").fill("elastic net")
    hits = reader.locator("#found a")
    expect(hits.first).to_have_text("Models")
    reader.keyboard.press("Enter")
    expect(hits.first).to_be_focused()
    reader.keyboard.press("Enter")
    reader.wait_for_url("**/docs/prediction.html#models")
    expect(reader.get_by_role("heading", name="Models", exact=True)).to_be_in_viewport()
    expect(reader.get_by_role("link", name="Prediction: can it be predicted")).to_have_attribute("aria-current", "page")


def test_a_hit_on_the_page_that_is_open_brings_its_text_back(reader: Page, site_url: str) -> None:
    reader.goto(f"{site_url}docs/privacy.html")
    reader.get_by_role("searchbox").fill("spreadsheet")
    reader.locator("#found a[href^='privacy.html']").first.click()
    expect(reader.locator("#found")).to_be_hidden()
    expect(reader.locator("article")).to_be_visible()
    reader.get_by_role("searchbox").fill("spreadsheet")
    reader.keyboard.press("Escape")
    expect(reader.locator("article")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1024])
def test_every_page_fits_and_its_pictures_arrive(
    reader: Page, site_url: str, site: Path, width: int, allowed: list[str]
) -> None:
    allowed.append(r"favicon\.svg: net::ERR_ABORTED")  # left before it came
    reader.set_viewport_size({"width": width, "height": 800})
    for path in sorted((site / "docs").glob("*.html")):
        reader.goto(f"{site_url}docs/{path.name}")
        assert reader.evaluate("document.documentElement.scrollWidth") <= width, path.name
        for picture in reader.locator("article img").all():
            picture.scroll_into_view_if_needed()
            reader.wait_for_function(
                "(image) => image.complete && image.naturalWidth > 0", arg=picture.element_handle()
            )


def test_the_example_folder_is_saved(reader: Page, site_url: str) -> None:
    reader.goto(f"{site_url}docs/get-your-data-in.html")
    with reader.expect_download() as saved:
        reader.get_by_role("link", name="Download an example folder").click()
    assert saved.value.suggested_filename == "imagenomer-example.zip"
    assert saved.value.path().read_bytes()[:2] == b"PK"


def test_the_single_file_has_the_manual_with_its_search_and_links(reader: Page, single_file: Path) -> None:
    reader.goto(single_file.as_uri())
    expect(reader.locator("#start-progress")).to_contain_text("Ready", timeout=START)
    reader.get_by_text("What can be opened").click()
    reader.get_by_role("link", name="Get your data in").click()
    expect(reader.get_by_role("heading", name="A bundle, by hand")).to_be_visible()
    with reader.expect_download() as saved:
        reader.get_by_role("link", name="Download an example folder").click()
    assert saved.value.path().read_bytes()[:2] == b"PK"
    reader.locator("#document-words").fill("elastic net")
    expect(reader.locator("#documents-found")).to_contain_text("documents")
    expect(reader.locator("#document-prediction")).to_be_visible()
    expect(reader.locator("#document-privacy")).to_be_hidden()
    reader.locator("#document-words").fill("")
    reader.locator("#document-phenotypes summary").click()
    reader.locator("#document-phenotypes [data-document=associations]").first.click()
    expect(reader.locator("#document-associations article")).to_be_visible()
    assert "#" not in reader.url
