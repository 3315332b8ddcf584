"""The panel "What leaves this machine?", as people use it."""

from __future__ import annotations

from driving import START
from playwright.sync_api import Locator, Page, expect

TITLE = "What leaves this machine?"


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name=TITLE)


def show_panel(page: Page) -> Locator:
    page.get_by_role("button", name=TITLE).locator("visible=true").click()
    return panel(page)


def fact(page: Page, name: str) -> Locator:
    """What the panel says of something."""
    return panel(page).locator("dl > div", has_text=name).locator("dd")


def expect_kept(page: Page) -> None:
    """Wait until the program is kept for use without network."""
    show_panel(page)
    expect(fact(page, "A copy of the program")).to_contain_text("Yes", timeout=START)
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
