"""Without a mouse: from the start screen to a result, a figure on disk and a group; and the keys that make it short."""

from __future__ import annotations

import re

from driving import START, wait_for_rest
from playwright.sync_api import Page, expect
from views import expect_whole, go, result

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
#: Key presses from the start screen to the figure of an association on disk.
MOST_PRESSES = 20


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


class CountingKeyboard:
    """The keyboard of a page, which counts."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self._page.keyboard.press(key)
            self.presses += 1

    def tab_to(self, name: str) -> None:
        for _ in range(STOPS):
            self.press("Tab")
            here, is_seen = self._page.evaluate(FOCUSED)
            assert is_seen, f"the focus is not seen on {here!r}"
            if here.startswith(name):
                return
        raise AssertionError(f"{name!r} is not reached")


def test_an_association_of_a_chosen_phenotype_is_on_disk_after_twenty_keys(start_page: Page) -> None:
    keyboard = CountingKeyboard(start_page)
    keyboard.tab_to("Size")
    keyboard.press("Q")
    keyboard.tab_to("Open the demo cohort")
    keyboard.press("Enter")
    expect(start_page.get_by_role("tab", name="Overview")).to_be_focused(timeout=START)
    keyboard.press("5")
    expect(start_page.get_by_role("tab", name="Associations")).to_be_focused()
    keyboard.press("p")
    expect(start_page.get_by_role("region", name="Parameters").get_by_label("Phenotype", exact=True)).to_be_focused()
    keyboard.press("w", "r", "a", "t", "Tab")
    place = result(start_page, TITLE)
    expect(place.get_by_role("heading", name=re.compile("^wrat and fc, mean over tasks")).first).to_be_visible(
        timeout=START
    )
    expect_whole(place)
    with start_page.expect_download(timeout=START) as started:
        keyboard.press("d", "Enter")
    assert started.value.suggested_filename.startswith("edge-association_wrat")
    assert keyboard.presses <= MOST_PRESSES


def test_keys_are_listed_by_a_question_mark_and_can_be_switched_off(demo_page: Page) -> None:
    page = demo_page
    go(page, "Associations")
    expect_whole(result(page, TITLE))
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    lines = keys.locator("dl > div")
    for key, what in (("5", "Associations"), ("R", "Run"), ("/", "Find"), ("F", "Full screen")):
        expect(lines.filter(has_text=what).first).to_contain_text(key)
    page.keyboard.press("1")  # a dialog has no tabs behind it
    expect(page.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true")
    keys.get_by_label("Single keys work").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.keyboard.press("1")
    expect(page.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Keys", exact=True).press("Enter")
    keys.get_by_label("Single keys work").check()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.get_by_role("tab", name="Overview")).to_be_focused()


def test_keys_lead_to_result_map_and_box_and_are_letters_where_one_types(demo_page: Page) -> None:
    page = demo_page
    go(page, "Associations")
    place = result(page, TITLE)
    expect_whole(place)
    wait_for_rest(page)
    page.keyboard.press("s")
    expect(place).to_be_focused()
    page.keyboard.press("f")
    full = page.locator("dialog.full")
    expect(full).to_be_visible()
    page.keyboard.press("f")
    expect(full).to_have_count(0)
    page.keyboard.press("/")
    box = place.get_by_role("combobox", name="Find a parcel").first
    expect(box).to_be_focused()
    page.keyboard.type("15rsf?")
    expect(box).to_have_value("15rsf?")
    expect(page.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("Escape")


def test_links_skip_to_the_content_and_to_the_result(demo_page: Page) -> None:
    page = demo_page
    go(page, "Associations")
    place = result(page, TITLE)
    expect_whole(place)
    page.locator("#skip").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the result")).to_be_focused()
    page.keyboard.press("Enter")
    expect(place).to_be_focused()
    go(page, "Overview")
    page.locator("#skip").focus()
    expect(page.get_by_role("link", name="Skip to the result")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tabpanel")).to_be_focused()
