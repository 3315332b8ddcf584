"""The main journey without a mouse: from the start screen to a result, a figure on disk and a group."""

from __future__ import annotations

from driving import START, wait_for_rest
from playwright.sync_api import Page, expect
from views import expect_whole, result

TITLE = "Edge association"
#: Name of what has the focus, and whether one sees that it has: it is in sight and has a ring.
FOCUSED = """() => {
    const {activeElement: here} = document, box = here.getBoundingClientRect(), style = getComputedStyle(here);
    const named = here.getAttribute("aria-label") ?? here.labels?.[0]?.innerText ?? here.innerText;
    const inSight = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
    const ringed = style.outlineStyle !== "none" || style.boxShadow !== "none";
    return [named.trim().replace(/\\s+/g, " "), inSight && ringed];
}"""
#: More than there are stops on the way round the page.
STOPS = 120


def move_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press a key until what begins with this name has the focus; one sees all the way where one is."""
    passed: list[str] = []
    for _ in range(STOPS):
        page.keyboard.press(key)
        here, is_seen = page.evaluate(FOCUSED)
        assert is_seen, f"the focus is not seen on {here!r}, after {passed}"
        if here.startswith(name):
            return
        passed.append(here)
    raise AssertionError(f"{name!r} is not reached: {passed}")


def test_from_the_demo_to_a_result_a_figure_and_a_group_without_a_mouse(start_page: Page) -> None:
    page, keyboard = start_page, start_page.keyboard
    move_to(page, "Size")
    keyboard.type("Q")
    move_to(page, "Open the demo cohort")
    keyboard.press("Enter")
    overview = page.get_by_role("tab", name="Overview")
    expect(overview).to_be_focused(timeout=START)
    for _ in range(4):
        keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Associations")).to_be_focused()

    move_to(page, "Phenotype")
    keyboard.type("wrat")
    move_to(page, "ancestry")
    keyboard.press("Space")
    move_to(page, "Run")
    keyboard.press("Enter")
    place = result(page, TITLE)
    adjusted = place.get_by_role("heading", name="wrat and fc, mean over tasks, adjusted", exact=True)
    expect(adjusted).to_be_visible(timeout=START)
    expect_whole(place)
    expect(place.locator(".answer")).to_contain_text("of 34,716 edges significant")

    move_to(page, "Download wrat and fc")
    keyboard.press("Enter")
    with page.expect_download(timeout=START) as started:
        move_to(page, "SVG")
        keyboard.press("Enter")
    assert started.value.suggested_filename.startswith("edge-association_wrat")

    wait_for_rest(page)
    move_to(page, "Field", "Shift+Tab")
    keyboard.type("sex")
    move_to(page, "Name")
    keyboard.type("girls")
    keyboard.press("Enter")
    expect(page.get_by_role("button", name="Rename girls", exact=True)).to_be_focused()
    expect(page.locator("#groups")).to_contain_text("128")
