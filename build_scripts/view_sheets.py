"""Take small pictures of every view of the page, in four windows and both themes: one sheet a view, for the docs.

    .venv/bin/python build_scripts/view_sheets.py [VIEW ...]

Needs the environment that ``build_scripts/test.py`` makes. Opens the teaching cohort, the quick one, in Chromium with
the second beside it, and writes ``site/docs/images/views/VIEW.jpg`` and ``site/docs/views.md``, which lists them.
Whoever changes the page looks at these, before and after.
"""

from __future__ import annotations

import argparse
import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Page, expect

import runtime
from screenshots import built_page

DOCUMENT = runtime.ROOT / "site" / "docs" / "views.md"
SHEETS = DOCUMENT.parent / "images" / "views"
#: Windows: a small laptop, a laptop, a screen, a phone.
WINDOWS = ((1024, 768), (1280, 800), (1920, 1080), (390, 844))
THEMES = ("light", "dark")
#: Pixels of the height of a picture on a sheet.
HEIGHT = 250
#: Of 100, for JPEG.
QUALITY = 55
#: Milliseconds.
PATIENCE = 240_000
#: Whether all in sight is computed and drawn; what is further down is drawn when somebody scrolls there.
DRAWN = """() => ![...document.querySelectorAll("#content [aria-busy=true]")].some((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return one.checkVisibility() && top < innerHeight && bottom > 0;
})"""
INTRODUCTION = """# Every view

Each sheet shows one view in windows of 1024, 1280, 1920 and 390 pixels, in the light and the dark theme, with the
quick teaching cohort. `.venv/bin/python build_scripts/view_sheets.py` takes all of them anew, and writes this page;
with names of views it takes those alone. The single file and the copy for use without network leave the pictures out.
"""


@dataclass(frozen=True, slots=True)
class View:
    """Something that a user may have on screen.

    Attributes
    ----------
    tab, title : str
        Where it is, and what it is called there.
    show : callable
        ``show(page)`` brings it on screen.
    """

    tab: str
    title: str
    show: Callable[[Page], None]

    @property
    def name(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", f"{self.tab} {self.title}".lower()).strip("-")


def views(page: Page) -> Iterator[View]:
    """Yield all views, those of the analyses as the page offers them."""
    yield View("Start", "Start screen", lambda page: page.get_by_role("button", name="Open another").click())
    yield View("Overview", "Cohort", lambda page: _tab(page, "Overview"))
    yield View("Overview", "Subjects", _show_subjects)
    yield View("Overview", "One subject", _show_subject)
    yield View("Overview", "One column", _show_column)
    yield View("Overview", "Which analysis do I need", _show_guide)
    yield View("Connectivity", "Scans", lambda page: _part(page, "Connectivity", "Scans"))
    yield View("Connectivity", "One scan", _show_scan)
    for tab in page.get_by_role("tablist").get_by_role("tab").all_inner_texts()[1:]:
        _tab(page, tab)
        shown = page.get_by_role("group", name="Show" if tab == "Connectivity" else "Analysis")
        titles = [text.strip() for text in shown.get_by_role("button").all_inner_texts()] if shown.count() else [""]
        for title in titles[1:] if tab == "Connectivity" else titles:
            yield View(tab, title, _analysis(tab, title))
    for shape in ("Networks", "Ring", "Brain"):
        yield View("Associations", f"Edge association as {shape.lower()}", _shape(shape))
    for button in ("Notebook", "Second cohort", "What leaves this machine?", "Keys"):
        yield View("Dialogs", button.strip("?"), _dialog(button))


# --- ways to a view --------------------------------------------------------------------------------


def _tab(page: Page, name: str) -> None:
    if page.locator("#start").is_visible():
        page.locator("#back").click()
    page.get_by_role("tab", name=name, exact=True).click()


def _part(page: Page, tab: str, name: str) -> None:
    _tab(page, tab)
    page.get_by_role("group", name="Show").first.get_by_role("button", name=name, exact=True).click()


def _show_subjects(page: Page) -> None:
    _part(page, "Overview", "Subjects")
    expect(page.get_by_role("grid", name="Subjects").get_by_role("row").nth(1)).to_be_visible(timeout=PATIENCE)


def _show_subject(page: Page) -> None:
    _show_subjects(page)
    page.get_by_role("grid", name="Subjects").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_be_visible(timeout=PATIENCE)


def _show_column(page: Page) -> None:
    _part(page, "Overview", "Cohort")
    page.get_by_role("button", name="Edit age", exact=True).first.click()
    expect(page.locator("dialog[open]")).to_be_visible(timeout=PATIENCE)


def _show_guide(page: Page) -> None:
    _part(page, "Overview", "Cohort")
    page.get_by_role("button", name="Which analysis do I need?").click()
    expect(page.locator("dialog[open]")).to_be_visible(timeout=PATIENCE)


def _show_scan(page: Page) -> None:
    _part(page, "Connectivity", "Scans")
    page.locator(".tile").first.click()
    expect(page.get_by_role("dialog", name="Scan")).to_be_visible(timeout=PATIENCE)


def _analysis(tab: str, title: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        _tab(page, tab)
        if title:
            group = page.get_by_role("group", name="Show" if tab == "Connectivity" else "Analysis")
            group.get_by_role("button", name=title, exact=True).click()
        shown = page.locator("#content :is(.result, .lacks, .refusal:not(:empty), .tray .note):visible").first
        expect(shown).to_be_visible(timeout=PATIENCE)
        if page.locator("#content .result:visible").count():
            expect(page.locator("#content .result:visible .state")).to_be_empty(timeout=PATIENCE)

    return show


def _shape(shape: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        _analysis("Associations", "Edge association")(page)
        page.locator("section.matrix:visible").first.get_by_role("button", name=shape, exact=True).click()

    return show


def _dialog(button: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        _tab(page, "Overview")
        page.locator("#tools").get_by_role("button", name=button, exact=True).click()
        expect(page.locator("dialog[open]")).to_be_visible(timeout=PATIENCE)

    return show


# --- pictures --------------------------------------------------------------------------------------


def photograph(page: Page) -> list[bytes]:
    """Return pictures of what is on screen, theme by theme and window by window."""
    taken = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        for width, height in WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            page.mouse.move(0, 0)
            page.wait_for_function(DRAWN, timeout=PATIENCE)
            expect(page.locator("#work")).to_be_hidden(timeout=PATIENCE)
            taken.append(page.screenshot(animations="disabled"))
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})
    return taken


def write_sheet(page: Page, view: View, pictures: list[bytes]) -> None:
    """Put the pictures of a view on one sheet, in a page of the same browser."""
    browser = page.context.browser
    assert browser is not None
    sheet = browser.new_page(viewport={"width": 1400, "height": 2 * HEIGHT + 30})
    rows = [pictures[: len(WINDOWS)], pictures[len(WINDOWS) :]]
    images = "<br>".join(
        "".join(f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}">' for one in row) for row in rows
    )
    style = (
        "body { margin: 0; background: #888; line-height: 0; width: max-content; white-space: nowrap; }"
        f"img {{ height: {HEIGHT}px; margin: 3px; }}"
    )
    sheet.set_content(f"<style>{style}</style><body>{images}</body>")
    sheet.locator("body").screenshot(path=SHEETS / f"{view.name}.jpg", type="jpeg", quality=QUALITY)
    sheet.close()


def write_document(taken: list[View]) -> None:
    """List the sheets."""
    lines, tab = [INTRODUCTION], ""
    tabs = [view.tab for view in taken]
    for view in sorted(taken, key=lambda view: tabs.index(view.tab)):
        if view.tab != tab:
            lines.append(f"\n## {view.tab}\n")
            tab = view.tab
        called = f"{view.tab}: {view.title}" if view.title else view.tab
        heading = [f"### {called}\n"] if view.title else []
        lines += [*heading, f"![{called}, in four windows and two themes](images/views/{view.name}.jpg)\n"]
    DOCUMENT.write_text("\n".join(lines), encoding="utf-8", newline="\n")


def open_cohorts(page: Page) -> None:
    """Open the quick teaching cohort, and the second one beside it."""
    page.get_by_label("Size").select_option("quick")
    page.locator("#open-demo").click()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=PATIENCE)
    page.locator("#tools").get_by_role("button", name="Second cohort", exact=True).click()
    page.get_by_role("button", name="A second demo cohort").click()
    expect(page.locator("#second-counts")).to_be_visible(timeout=PATIENCE)
    close(page)


def close(page: Page) -> None:
    """Close the dialogs that are open."""
    for dialog in page.locator("dialog[open]").all():
        dialog.evaluate("(dialog) => dialog.close()")


def main() -> None:
    """Take the pictures, and list them if all are taken."""
    parser = argparse.ArgumentParser(description="Take small pictures of every view for the docs.")
    parser.add_argument("views", nargs="*", help="names of sheets; none: all")
    wanted = parser.parse_args().views
    SHEETS.mkdir(parents=True, exist_ok=True)
    with built_page(1280, 800) as page:
        open_cohorts(page)
        taken = []
        for view in list(views(page)):
            taken.append(view)
            if not wanted or view.name in wanted:
                view.show(page)
                write_sheet(page, view, photograph(page))
                close(page)
                print(SHEETS / f"{view.name}.jpg", flush=True)
        if not wanted:
            write_document(taken)


if __name__ == "__main__":
    main()
