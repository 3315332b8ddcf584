"""What is taken home: figures of a journal's size, and pictures, captions, tables and methods on the clipboard."""

from __future__ import annotations

import csv
import io

from driving import START
from playwright.sync_api import Locator, Page, expect
from views import content, download, go, result

PASTED = "() => navigator.clipboard.readText()"
#: Width and height of the picture on the clipboard.
PICTURE = """async () => {
    const [item] = await navigator.clipboard.read();
    const picture = await createImageBitmap(await item.getType("image/png"));
    return [picture.width, picture.height];
}"""
#: Whether nothing is cut off: no part scrolls by itself, and the last view ends on the page.
IS_WHOLE = """() => {
    const parts = document.querySelectorAll("#main, #content, .result .scroll");
    const last = [...document.querySelectorAll(".analysis .views > *")].pop().getBoundingClientRect();
    return [...parts].every((part) => getComputedStyle(part).overflowY === "visible")
        && last.height > 0 && last.bottom <= document.documentElement.scrollHeight;
}"""


def of_edges(page: Page) -> Locator:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    go(page, "Associations")
    place = result(page, "Edge association")
    expect(place.locator("table.grid").first).to_be_visible(timeout=START)
    expect(place.locator(".state")).to_be_empty(timeout=START)
    return place


def test_a_map_is_copied_with_its_caption_and_downloads_as_wide_as_a_column(demo_page: Page) -> None:
    page = demo_page
    menu = of_edges(page).locator("section.matrix .menu").filter(has=page.locator("[aria-label^=Download]")).first
    menu.locator("summary").click()
    menu.get_by_label("Width of the figure").select_option("One column, 89 mm")
    menu.locator("summary").click()
    file = download(page, menu, "SVG")
    assert file.suggested_filename.endswith("_89mm.svg")
    assert b'width="89mm"' in content(file)
    menu.locator("summary").click()
    menu.get_by_role("button", name="Copy picture").click()
    expect(page.locator("#status")).to_have_text("Copied the figure", timeout=START)
    wide, high = page.evaluate(PICTURE)
    assert abs(wide - 89 / 25.4 * 300) <= 1
    assert 0.5 < high / wide < 1.5
    menu.locator("summary").click()
    menu.get_by_role("button", name="Copy caption").click()
    expect(page.locator("#status")).to_have_text("Copied the caption")
    caption = page.evaluate(PASTED)
    assert caption.endswith(".")
    assert "250 subjects" in caption


def test_methods_are_copied_with_their_references(demo_page: Page) -> None:
    page = demo_page
    of_edges(page).get_by_role("button", name="Copy methods").click()
    expect(page.locator("#status")).to_have_text("Copied the methods", timeout=START)
    methods = page.evaluate(PASTED)
    assert "Bonferroni" in methods
    assert "\nReferences\n" in methods


def test_a_table_is_whole_as_a_file_and_on_the_clipboard(demo_page: Page) -> None:
    page = demo_page
    table = of_edges(page).locator("section.table").first
    n_rows = int(table.locator(".pager .note").inner_text().split(" of ")[1].split(",")[0])
    assert n_rows > 50
    with page.expect_download(timeout=START) as started:
        table.get_by_role("button", name="as CSV").click()
    rows = list(csv.DictReader(io.StringIO(content(started.value).decode("utf-8-sig"))))
    assert len(rows) >= n_rows
    table.get_by_role("button", name="Copy").click()
    expect(page.locator("#status")).to_have_text(f"Copied {n_rows} rows")
    assert len(page.evaluate(PASTED).strip().splitlines()) == n_rows + 1


def test_on_paper_the_result_is_whole_and_what_is_to_be_pressed_is_not_there(demo_page: Page) -> None:
    page = demo_page
    place = of_edges(page)
    page.emulate_media(media="print")
    try:
        expect(place.locator("table.grid").first).to_be_visible()
        for hidden in ("#groups", ".analysis > aside", ".result .tools", ".explain"):
            assert not any(one.is_visible() for one in page.locator(hidden).all()), hidden
        assert page.evaluate(IS_WHOLE)
    finally:
        page.emulate_media(media="screen")
