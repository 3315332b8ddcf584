"""A page that stays open from test to test: starting an engine costs more than most tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from driving import START, Watch, new_page, wait_for_engine, wait_for_rest
from playwright.sync_api import Browser, Page, expect

#: Opens and folds the panels as a page does at first, which keeps that from cohort to cohort.
UNFOLD = """() => {
    const workspace = document.getElementById("workspace");
    const toggle = (selector) => document.querySelector(selector)?.click();
    if (workspace.classList.contains("forms-folded")) toggle(".fold-form");
    if (!workspace.classList.contains("notes-folded")) toggle(".fold-notes");
    if (document.getElementById("toggle-groups").getAttribute("aria-expanded") === "false") toggle("#toggle-groups");
}"""
CLOSE = """() => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close())"""
#: An address without groups, second cohort, saved maps, corrections or tour.
PLAIN = """() => { location.hash = encodeURIComponent(JSON.stringify({tab: "Overview"})); }"""


def show_start(page: Page) -> None:
    """Go to the start screen, and take back what would outlive a cohort: groups, dialogs, folds, where the mouse is."""
    page.mouse.move(0, 0)
    wait_for_rest(page)
    page.evaluate(CLOSE)
    back = page.locator("#back")
    if page.locator("#start").is_visible():
        if not back.is_visible():
            return  # no cohort was opened since the page was loaded
        back.click()
    page.evaluate(UNFOLD)
    page.evaluate(PLAIN)
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#groups").get_by_role("listitem")).to_have_count(1)
    wait_for_rest(page)
    page.locator("#open-another").click()
    expect(back).to_be_visible()


class KeptPage:
    """The page that the tests of a process share, loaded anew for each file.

    Attributes
    ----------
    page : Page
    watch : Watch
        What it does.
    file : Path or None
        Of the tests that have it.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._url = url
        self._shown: object = None
        self._is_sound = True
        self.file: Path | None = None
        self.watch = Watch()
        self.page = new_page(browser, self.watch)
        self._at_first = self.page.viewport_size

    def is_as_left(self, what: object) -> bool:
        """Whether ``what`` is what it shows: nobody else had it since, and no test of it failed."""
        return self._is_sound and self._shown == what

    def open(self, what: object, open_cohort: Callable[[Page], None]) -> None:
        """Open a cohort anew, which leaves nothing of the one before: groups, results, saved maps, address."""
        open_cohort(self.start_over())
        expect(self.page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
        self._shown = what

    def start_over(self) -> Page:
        """Return the page on its start screen with an engine that is ready, whatever was there before."""
        page = self.page
        assert self._at_first is not None
        page.set_viewport_size(self._at_first)
        if self._shown is None or not self._is_sound:
            page.goto("about:blank")
            page.goto(self._url)
            wait_for_engine(page)
        else:
            show_start(page)
        self._shown, self._is_sound = object(), True
        return page

    def distrust(self) -> None:
        """A test failed on it, or a file begins: the next one gets the page loaded anew."""
        self._is_sound = False


def open_quick_demo(page: Page) -> None:
    page.locator("#demo-cohort").select_option("teaching")
    page.get_by_label("Size").select_option("quick")
    page.locator("#open-demo").click()
