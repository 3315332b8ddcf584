"""Everybody can use every view: axe-core finds nothing in either theme, and nothing is wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe import Axe, axe_source
from driving import START, Watch, choose_folder, new_page, wait_for_rest
from playwright.sync_api import Browser, Page, expect
from test_understood import write_study
from views import expect_whole, go, result

#: Width and height of a phone, of a window of 1280 by 800 at 200 %, of a small laptop, and of a laptop.
WINDOWS = ((390, 844), (640, 400), (1024, 768), (1280, 800))
#: Analyses that compute nothing before something is typed.
UNASKED = {"Image maths"}
#: What is wider than the window: the page itself, its scrolling part, a dialog.
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("#main, #groups, dialog[open]")]
    .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth)
    .map((one) => {
        const right = one.getBoundingClientRect().left + one.clientWidth;
        const out = [...one.querySelectorAll("*")].filter((inner) => {
            for (let up = inner.parentElement; up !== one; up = up.parentElement)
                if (getComputedStyle(up).overflowX !== "visible") return false;
            return inner.getBoundingClientRect().right > right;
        });
        const which = out.slice(0, 5).map((inner) => inner.outerHTML.slice(0, 120));
        return [one.id || one.tagName, one.scrollWidth, one.clientWidth, which];
    })"""
#: What moves for more than a moment, in a page whose reader wants no motion.
MOVING = """() => document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().activeDuration > 1)
    .map((one) => one.effect.target.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def source() -> str:
    return axe_source()


@pytest.fixture
def demo(demo_page: Page) -> Iterator[Page]:
    """The demo in a window of a laptop, whatever the test before made of it."""
    demo_page.set_viewport_size({"width": 1280, "height": 800})
    yield demo_page
    for dialog in demo_page.locator("dialog[open]").all():
        dialog.evaluate("(dialog) => dialog.close()")


def check(page: Page, source: str, what: str) -> None:
    """Check what is on screen: by axe-core, and that nothing is wider than the window."""
    wait_for_rest(page)
    Axe(page, source).check(what)
    assert page.evaluate(MOVING) == [], f"{what} moves"
    check_width(page, what)


def check_width(page: Page, what: str) -> None:
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        wait_for_rest(page)
        assert page.evaluate(TOO_WIDE) == [], f"{what}, {width} pixels wide"


def check_analyses(page: Page, source: str, names: list[str], group: str) -> None:
    """Check each analysis of a tab, with its notes unfolded, once its result is there, or why there is none."""
    for name in names:
        page.get_by_role("group", name=group).get_by_role("button", name=name, exact=True).click()
        if name not in UNASKED:
            expect(page.locator("#content :is(.result, .lacks, .refusal:not(:empty)):visible").first).to_be_visible(
                timeout=START
            )
        if page.locator("#content .result:visible").count():
            expect_whole(page.locator("#content .result:visible"))
        check(page, source, name)


def names_of(page: Page, group: str) -> list[str]:
    buttons = page.get_by_role("group", name=group)
    return [text.strip() for text in buttons.get_by_role("button").all_inner_texts()] if buttons.count() else []


def test_the_start_screen(start_page: Page, source: str) -> None:
    start_page.set_viewport_size({"width": 1280, "height": 800})
    for fold in start_page.locator("#start details").all():
        fold.locator("summary").first.click()
    check(start_page, source, "start screen")


def test_the_overview_with_its_table_of_subjects(demo: Page, source: str) -> None:
    check(demo, source, "overview")
    demo.locator("#content").get_by_role("group").first.get_by_role("button", name="Subjects").click()
    expect(demo.get_by_role("grid", name="Subjects")).to_be_visible()
    check(demo, source, "table of subjects")


@pytest.mark.parametrize("tab", ["Phenotypes", "Genotypes", "Associations", "Components", "Models", "Maps"])
def test_a_tab_of_analyses(demo: Page, source: str, tab: str) -> None:
    go(demo, tab)
    check_analyses(demo, source, names_of(demo, "Analysis"), "Analysis")


def test_connectivity(demo: Page, source: str) -> None:
    go(demo, "Connectivity")
    check(demo, source, "gallery")
    demo.locator(".tile").first.click()
    expect(demo.get_by_role("dialog", name="Scan")).to_be_visible()
    check(demo, source, "one scan")
    demo.keyboard.press("Escape")
    check_analyses(demo, source, names_of(demo, "Show")[1:], "Show")


def test_shapes_of_a_map_and_the_map_in_full(demo: Page, source: str) -> None:
    go(demo, "Associations")
    demo.get_by_role("group", name="Analysis").get_by_role("button", name="Edge association", exact=True).click()
    place = demo.locator("section.matrix:visible").first
    for shape in ("Networks", "Ring", "Brain", "Matrix"):
        place.get_by_role("button", name=shape, exact=True).click()
        check(demo, source, shape)
    place.get_by_role("button", name="Full screen").click()
    check(demo, source, "full screen")


def test_dialogs(demo: Page, source: str) -> None:
    go(demo, "Overview")
    for button in ("Notebook", "Second cohort", "What leaves this machine?", "Keys"):
        demo.locator("#tools").get_by_role("button", name=button, exact=True).click()
        expect(demo.locator("dialog[open]")).to_be_visible()
        check(demo, source, button)
        demo.keyboard.press("Escape")
        expect(demo.locator("dialog[open]")).to_have_count(0)
    demo.get_by_role("button", name="Cohort", exact=True).click()
    demo.get_by_role("button", name="Edit age", exact=True).first.click()
    expect(demo.locator("dialog[open]")).to_be_visible()
    check(demo, source, "a column")
    demo.keyboard.press("Escape")


def test_what_is_made_of_a_result(demo: Page, source: str) -> None:
    go(demo, "Associations")
    demo.get_by_role("group", name="Analysis").get_by_role("button", name="Edge association", exact=True).click()
    place = result(demo, "Edge association")
    expect_whole(place)
    place.get_by_role("button", name="Notes").click()
    place.locator(".download > summary").first.click()
    check(demo, source, "notes and a menu")
    demo.keyboard.press("Escape")
    place.get_by_role("button", name="Notes").click()
    place.get_by_role("button", name="Keep", exact=True).click()
    demo.locator("#tools").get_by_role("button", name="Notebook").click()
    check(demo, source, "a notebook with a result")
    demo.keyboard.press("Escape")
    place.get_by_role("button", name="Python script").click()
    expect(demo.get_by_role("dialog", name="Python script")).to_be_visible()
    check(demo, source, "a script")


def test_the_html_report(demo: Page, source: str, browser: Browser, watch: Watch, tmp_path: Path) -> None:
    go(demo, "Associations")
    expect_whole(result(demo, "Edge association"))
    with demo.expect_download(timeout=START) as started:
        result(demo, "Edge association").get_by_role("button", name="Download report (HTML)").click()
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)
    page = new_page(browser, watch)
    page.goto(path.as_uri())
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        Axe(page, source).check(f"report, {theme}")
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(TOO_WIDE) == [], f"report, {width} pixels wide"
    page.context.close()


def test_questions_and_what_was_understood(start_page: Page, source: str, tmp_path: Path) -> None:
    start_page.set_viewport_size({"width": 1280, "height": 800})
    choose_folder(start_page, write_study(tmp_path))
    expect(start_page.get_by_role("dialog", name="Before this can be opened")).to_be_visible(timeout=START)
    check(start_page, source, "questions")
    dialog = start_page.get_by_role("dialog", name="Before this can be opened")
    for group in dialog.get_by_role("group").all():
        group.get_by_role("radio").first.check()
    dialog.get_by_role("button", name="Open with these answers").click()
    expect(start_page.get_by_role("dialog", name="What I understood")).to_be_visible(timeout=START)
    check(start_page, source, "What I understood")
    start_page.keyboard.press("Escape")
    expect(start_page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    check(start_page, source, "overview of own data")
