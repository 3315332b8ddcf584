"""The figure has the room: what stands around it folds, it is large and can be larger, and its text can be read."""

from __future__ import annotations

import pytest
from driving import START, wait_for_rest
from playwright.sync_api import FloatRect, Locator, Page, expect
from views import analysis, expect_whole, form, go, matrix, result

WIDTH, HEIGHT = 1280, 800
TITLE = "Edge association"
#: Parcels of the demo cohort.
N_PARCELS = 264
#: Pixels of any text, and of text that is no note.
LEAST, LEAST_OF_TEXT = 13, 14
#: Every visible text of the page as (pixels, whether it is more than a note, text).
TEXTS = """() => {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, holder = node.parentElement;
        if (!node.data.trim() || holder.closest("script, style, title") || !holder.checkVisibility()) continue;
        const read = "h1, h2, .views h3, td, .answer, .sentences, .warnings, .summary, .tabs, .pills, .params label";
        found.push([parseFloat(getComputedStyle(holder).fontSize), holder.closest(read) !== null, node.data.trim()]);
    }
    return found;
}"""


@pytest.fixture
def laptop(demo_page: Page) -> Page:
    """The demo at 1280 by 800 with an edge association."""
    demo_page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    go(demo_page, "Associations")
    expect_result(demo_page)
    return demo_page


def expect_result(page: Page) -> None:
    expect(result(page, TITLE).locator(".sentences")).not_to_be_empty(timeout=START)
    expect_whole(result(page, TITLE))
    wait_for_rest(page)


def box_of(place: Locator) -> FloatRect:
    box = place.bounding_box()
    assert box is not None
    return box


def first_map(page: Page) -> Locator:
    return matrix(page, "age and fc, mean over tasks").first


def test_a_result_opens_on_its_map_of_two_pixels_a_parcel(laptop: Page) -> None:
    place = first_map(laptop)
    box = box_of(place.locator("canvas"))
    assert box["width"] >= 2 * N_PARCELS
    assert box["height"] == box["width"]
    assert box["y"] + box["height"] <= HEIGHT, "it is in sight, whole, before anybody scrolls"
    for shape in ("Ring", "Brain"):
        place.get_by_role("button", name=shape, exact=True).click()
        wait_for_rest(laptop)
        drawn = box_of(place.locator(f".stage.{shape.lower()} > svg"))
        assert min(drawn["width"], drawn["height"]) >= box["width"]
    place.get_by_role("button", name="Matrix", exact=True).click()


def test_the_answer_stands_above_it_and_the_notes_are_folded(laptop: Page) -> None:
    place = result(laptop, TITLE)
    answer, notes = place.locator(".answer"), place.get_by_role("button", name="Notes")
    expect(answer).to_contain_text("of 34,716 edges significant")
    above = box_of(first_map(laptop))["y"] - box_of(place)["y"]
    assert above < 120, "a title, a line and their margins"
    expect(notes).to_have_attribute("aria-expanded", "false")
    expect(place.locator(".sentences")).to_be_hidden()
    notes.press("Enter")
    expect(notes).to_have_attribute("aria-expanded", "true")
    expect(place.locator(".sentences")).to_be_visible()
    expect(place.locator(".numbers")).to_contain_text("Degrees of freedom")
    notes.press("Enter")
    expect(place.locator(".sentences")).to_be_hidden()


def test_panels_fold_by_their_buttons_and_stay_folded_in_other_tabs(laptop: Page) -> None:
    place, before = first_map(laptop), box_of(first_map(laptop))
    parameters = form(laptop).get_by_role("button", name="Parameters")
    parameters.press("Enter")
    expect(parameters).to_have_attribute("aria-expanded", "false")
    expect(form(laptop).get_by_label("Phenotype", exact=True)).to_be_hidden()
    assert box_of(place)["width"] > before["width"] + 150
    groups = laptop.get_by_role("button", name="Groups", exact=True)
    groups.press("Enter")
    expect(groups).to_have_attribute("aria-expanded", "false")
    assert box_of(place)["width"] > before["width"] + 400

    go(laptop, "Phenotypes")
    there = form(laptop).get_by_role("button", name="Parameters")
    expect(there).to_have_attribute("aria-expanded", "false")
    expect(laptop.get_by_role("complementary", name="Groups")).to_be_hidden()
    there.press("Enter")
    expect(form(laptop).get_by_label("Phenotype", exact=True)).to_be_visible()
    go(laptop, "Associations")
    expect(parameters).to_have_attribute("aria-expanded", "true")
    groups.press("Enter")
    wait_for_rest(laptop)
    assert box_of(place) == before, "as wide as it was"


def test_what_is_refused_unfolds_the_form_that_says_why(laptop: Page) -> None:
    form(laptop).get_by_role("button", name="Parameters").press("Enter")
    go(laptop, "Models")
    analysis(laptop, "Model weights")
    expect(form(laptop).get_by_role("alert").filter(has_text="put them beside the scans")).to_be_visible(timeout=START)
    expect(form(laptop).get_by_role("button", name="Parameters")).to_have_attribute("aria-expanded", "true")
    go(laptop, "Associations")


def test_a_map_takes_the_window_and_gives_it_back(laptop: Page) -> None:
    place = first_map(laptop)
    before = box_of(place.locator("canvas"))
    button = place.get_by_role("button", name="Full screen")
    button.press("Enter")
    dialog = laptop.get_by_role("dialog", name="age and fc, mean over tasks")
    expect(dialog.get_by_role("button", name="Leave full screen")).to_be_focused()
    wait_for_rest(laptop)
    there = box_of(dialog.locator("canvas"))
    assert there["width"] > before["width"]
    assert there["y"] + there["height"] <= HEIGHT
    # Everything of it works there, the readout too.
    laptop.mouse.move(there["x"] + 100, there["y"] + 40)
    expect(laptop.locator("dialog .tip")).to_contain_text("Pearson's r")
    laptop.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    wait_for_rest(laptop)
    assert box_of(place.locator("canvas")) == before


def test_it_is_zoomed_by_wheel_keys_and_buttons_moved_and_reset(laptop: Page) -> None:
    place = first_map(laptop)
    stage, reset = place.get_by_role("application"), place.get_by_role("button", name="Reset the zoom")
    canvas = place.locator("canvas")
    whole = canvas.evaluate("(canvas) => canvas.toDataURL()")
    box = box_of(canvas)

    def expect_zoomed() -> str:
        expect(reset).to_be_enabled()
        seen = str(canvas.evaluate("(canvas) => canvas.toDataURL()"))
        assert seen != whole
        return seen

    expect(reset).to_be_disabled()
    stage.focus()
    laptop.mouse.move(box["x"] + 300, box["y"] + 200)
    laptop.mouse.wheel(0, -200)
    seen = expect_zoomed()
    laptop.mouse.down()
    laptop.mouse.move(box["x"] + 250, box["y"] + 150, steps=4)
    laptop.mouse.up()
    assert expect_zoomed() != seen, "dragging moves it"
    reset.click()
    expect(reset).to_be_disabled()
    assert canvas.evaluate("(canvas) => canvas.toDataURL()") == whole
    stage.press("+")
    expect_zoomed()
    stage.press("-")
    expect(reset).to_be_disabled()
    place.get_by_role("button", name="Zoom in").click()
    expect_zoomed()
    stage.press("Home")
    expect(reset).to_be_disabled()


def test_no_text_is_too_small_to_read(laptop: Page) -> None:
    for tab in ("Overview", "Connectivity", "Phenotypes", "Associations"):
        go(laptop, tab)
        wait_for_rest(laptop)
        texts = laptop.evaluate(TEXTS)
        assert len(texts) > 60
        assert [one for one in texts if one[0] < (LEAST_OF_TEXT if one[1] else LEAST)] == []


def test_a_wide_window_has_maps_side_by_side_and_as_readable(laptop: Page) -> None:
    laptop.set_viewport_size({"width": 1920, "height": 1080})
    laptop.get_by_role("button", name="Close the groups").click()
    wait_for_rest(laptop)
    boxes = [box_of(place) for place in laptop.locator("section.matrix canvas").all()[:2]]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert all(box["width"] >= 2 * N_PARCELS for box in boxes)
    laptop.get_by_role("button", name="Groups", exact=True).click()
    laptop.set_viewport_size({"width": 1024, "height": 768})
    wait_for_rest(laptop)
    assert laptop.evaluate("document.documentElement.scrollWidth") <= 1024
    laptop.set_viewport_size({"width": WIDTH, "height": HEIGHT})
