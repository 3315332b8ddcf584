"""What is on screen can be read and believed: nothing is cut off at the size of a small laptop, nothing is stale."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from driving import START
from playwright.sync_api import FloatRect, Locator, Page, expect
from views import choose, expect_said, go, matrix, read_out, result

WIDTH, HEIGHT = 1280, 800
TITLE = "Edge association"


@pytest.fixture
def laptop(demo_page: Page) -> Iterator[Page]:
    """The demo at 1280 by 800 with an edge association, scrolled to the top."""
    demo_page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    go(demo_page, "Associations")
    expect(result(demo_page, TITLE).locator(".sentences")).not_to_be_empty(timeout=START)
    expect(result(demo_page, TITLE).locator(".state")).to_be_empty(timeout=START)
    demo_page.mouse.move(0, 0)
    demo_page.locator("#main").evaluate("(main) => { main.scrollTop = 0; }")
    yield demo_page
    demo_page.keyboard.press("Escape")


def box_of(place: Locator) -> FloatRect:
    box = place.bounding_box()
    assert box is not None
    return box


def expect_whole(page: Page, place: Locator) -> FloatRect:
    """Something is visible, within the window, and on top of all else."""
    expect(place).to_be_visible()
    box = box_of(place)
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= WIDTH
    assert box["y"] + box["height"] <= HEIGHT
    return box


def expect_tip(page: Page, place: Locator, x: float, y: float) -> None:
    """The tip says what the readout of a plot does, whole and beside a place."""
    tip = page.locator(".tip")
    box = expect_whole(page, tip)
    assert tip.inner_text().replace("\n", " · ") == read_out(place)
    distance = max(box["x"] - x, x - box["x"] - box["width"], box["y"] - y, y - box["y"] - box["height"])
    assert 0 <= distance < 40, "beside it, and not on it"


@pytest.mark.parametrize("across", [0.02, 0.5, 0.98])
def test_the_value_of_a_cell_is_beside_the_pointer(laptop: Page, across: float) -> None:
    place = matrix(laptop, re.compile("fc")).first
    box = box_of(place.locator("canvas"))
    assert box["y"] + box["height"] < HEIGHT, "or the pointer could not get there"
    for down in (0.03, 0.95):
        x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
        laptop.mouse.move(x, y)
        expect(place.get_by_label("Readout")).to_contain_text(re.compile(r"=|the same parcel"))
        expect_tip(laptop, place, x, y)
    laptop.mouse.move(5, 5)
    expect(laptop.locator(".tip")).to_be_hidden()


def test_the_keyboard_brings_a_cell_and_its_value_into_view(laptop: Page) -> None:
    place = matrix(laptop, re.compile("fc")).first
    laptop.locator("#main").evaluate("(main) => { main.scrollTop = 100_000; }")
    stage = place.get_by_role("application")
    stage.evaluate("(stage) => stage.focus({preventScroll: true})")
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowDown"):
        laptop.keyboard.press(key)
    cursor = box_of(place.locator("rect.cursor:not(.halo)"))
    assert 0 <= cursor["y"] < HEIGHT, "the page follows the cursor"
    expect_tip(laptop, place, cursor["x"] + cursor["width"] / 2, cursor["y"] + cursor["height"] / 2)
    laptop.keyboard.press("Escape")
    expect(laptop.locator(".tip")).to_be_hidden()


@pytest.mark.parametrize("shape", ["Networks", "Ring", "Brain"])
def test_other_shapes_say_it_there_too(laptop: Page, shape: str) -> None:
    place = laptop.locator("section.matrix").first
    place.get_by_role("button", name=shape, exact=True).click()
    stage = place.locator(f".stage.{shape.lower()}")
    expect(stage.locator(".edges path, rect.cell").first).to_be_attached(timeout=START)
    stage.focus()
    for key in ("ArrowRight", "ArrowRight"):
        laptop.keyboard.press(key)
    expect_whole(laptop, laptop.locator(".tip"))
    assert laptop.locator(".tip").inner_text().replace("\n", " · ") == read_out(place)
    laptop.keyboard.press("Escape")
    place.get_by_role("button", name="Matrix", exact=True).click()


def test_a_point_says_what_it_is_there_too(laptop: Page) -> None:
    place = laptop.locator("section.points").first
    stage = place.get_by_role("application")
    stage.focus()
    laptop.keyboard.press("ArrowRight")
    expect(place.get_by_label("Readout")).to_contain_text("Subject")
    ring = box_of(place.locator("circle.ring"))
    expect_tip(laptop, place, ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)


def test_no_panel_that_opens_is_cut_off(laptop: Page) -> None:
    menus = laptop.locator("#content details.menu:visible")
    assert menus.count() >= 6, "keys and downloads of two maps, a scatter and a figure"
    main = box_of(laptop.locator("#main"))
    for number in range(menus.count()):
        menu = menus.nth(number)
        menu.locator("summary").click()
        box = expect_whole(laptop, menu.locator(".items"))
        assert box["x"] >= main["x"], "or it would be under the groups"
        seen = menu.locator(".items").evaluate(
            """(panel) => {
                const box = panel.getBoundingClientRect();
                return [[box.left + 3, box.top + 3], [box.right - 3, box.top + 3], [box.left + 3, box.bottom - 3]]
                    .every(([x, y]) => panel.contains(document.elementFromPoint(x, y)));
            }"""
        )
        assert seen, "nothing lies on it"
        laptop.keyboard.press("Escape")


#: Notes on every frame what is on screen of a result: the words, and of a view its content and how opaque it is.
WATCH = """
window.frames_seen = [];
window.watching = true;
const opacity = (element) => {
    let product = 1;
    for (let at = element; at; at = at.parentElement) product *= Number(getComputedStyle(at).opacity);
    return product;
};
const look = () => {
    const place = [...document.querySelectorAll("section.result")].find((one) => one.offsetParent);
    const image = place.querySelector("section.figure img"), canvas = place.querySelector("section.matrix canvas");
    const points = place.querySelector("section.points:has(circle.ring)");
    window.frames_seen.push({
        words: place.querySelector(".sentences").textContent,
        row: place.querySelector("[aria-selected=true]")?.innerText ?? "",
        figure: [image.src, opacity(image)],
        matrix: [canvas.toDataURL(), opacity(canvas)],
        detail: [points.querySelector("h3").innerText, opacity(points.querySelector(".stage"))],
    });
    if (window.watching) requestAnimationFrame(look);
};
look();
"""


def frames(page: Page) -> list[dict[str, object]]:
    page.evaluate("window.watching = false")
    seen: list[dict[str, object]] = page.evaluate("window.frames_seen")
    return seen


def expect_dimmed(seen: list[dict[str, object]], sign: str, view: str) -> None:
    """From when ``sign`` has changed until the content of a view has, the view is dimmed; at last it is not."""
    last = seen[-1]
    old_content = seen[0][view][0]  # type: ignore[index]
    assert last[view][0] != old_content, f"{view}: nothing has changed"  # type: ignore[index]
    assert last[view][1] == 1, f"{view} stays dim"  # type: ignore[index]
    stale = [one[view][1] for one in seen if one[sign] != seen[0][sign] and one[view][0] == old_content]  # type: ignore[index]
    assert stale, f"{view} came with the words; nothing was to be dimmed"
    assert max(stale) < 1, f"{view} of the result before is shown as if it were of this one"


def test_what_is_of_another_result_is_dimmed_from_the_first_frame(laptop: Page) -> None:
    figure = result(laptop, TITLE).locator("section.figure").first
    figure.scroll_into_view_if_needed()
    expect(figure.locator("img")).to_be_visible(timeout=START)
    expect(figure).to_have_attribute("aria-busy", "false", timeout=START)
    before = figure.locator("img").get_attribute("src")
    laptop.evaluate(WATCH)
    choose(laptop, "Phenotype", "mean_fd")
    expect_said(laptop, TITLE, "with mean_fd")
    expect(figure.locator("img")).not_to_have_attribute("src", str(before), timeout=START)
    expect(laptop.locator("#content [aria-busy=true]:visible")).to_have_count(0, timeout=START)
    laptop.wait_for_function("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    seen = frames(laptop)
    for view in ("figure", "matrix", "detail"):
        expect_dimmed(seen, "words", view)


def test_the_scatter_of_another_edge_is_dimmed_from_the_first_frame(laptop: Page) -> None:
    place = result(laptop, TITLE)
    row = place.locator("section.table tbody tr").nth(4)
    row.scroll_into_view_if_needed()
    laptop.evaluate(WATCH)
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(place.locator("section.points").first).to_have_attribute("aria-busy", "false", timeout=START)
    laptop.wait_for_function("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    expect_dimmed(frames(laptop), "row", "detail")


def test_a_figure_in_the_colours_of_the_other_theme_is_dimmed(laptop: Page) -> None:
    figure = result(laptop, TITLE).locator("section.figure").first
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("aria-busy", "false", timeout=START)
    before = figure.locator("img").get_attribute("src")
    laptop.evaluate("""() => {
        window.seen_dim = false;
        new MutationObserver(() => {
            const image = document.querySelector("section.figure[aria-busy=true] img");
            window.seen_dim ||= getComputedStyle(image).opacity < 1;
        }).observe(document.documentElement, {attributeFilter: ["data-theme"]});
    }""")
    laptop.get_by_label("Theme").select_option("dark")
    expect(figure.locator("img")).not_to_have_attribute("src", str(before), timeout=START)
    expect(figure).to_have_attribute("aria-busy", "false")
    assert laptop.evaluate("window.seen_dim")
    laptop.get_by_label("Theme").select_option("system")
