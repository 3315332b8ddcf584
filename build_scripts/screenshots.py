"""Take the pictures of the README and the docs from the page itself.

    .venv/bin/python build_scripts/screenshots.py

Needs the environment that ``build_scripts/test.py`` makes. Opens the teaching cohort at full size in Chromium and
writes PNG files to ``site/docs/images``.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

import browsers
import build
import runtime
import serve

IMAGES = runtime.ROOT / "site" / "docs" / "images"
#: Milliseconds.
PATIENCE = 120_000


def show(page: Page, tab: str, holds: str = "") -> None:
    """Open a tab and wait until its result says what it ``holds``, is whole and drawn, and no message covers it."""
    page.get_by_role("tab", name=tab).click()
    if holds:
        shown = page.locator(".result:visible")
        expect(shown.locator(".sentences")).to_contain_text(holds, timeout=PATIENCE)
        expect(shown.locator(".state")).to_be_empty(timeout=PATIENCE)
    # Not of a figure further down, which is drawn when somebody scrolls to it.
    drawn = ":is(.matrix, .points, .tiles, .figure:first-child)[aria-busy=true]:visible"
    expect(page.locator(f"#content {drawn}")).to_have_count(0, timeout=PATIENCE)
    expect(page.locator("#work")).to_be_hidden(timeout=PATIENCE)
    page.mouse.move(0, 0)
    expect(page.locator("#status")).to_have_class("status faded", timeout=PATIENCE)
    expect(page.locator("#status")).to_have_css("opacity", "0", timeout=PATIENCE)


def take(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


@contextmanager
def built_page(width: int, height: int) -> Iterator[Page]:
    """Build the page, serve it, and open it in Chromium, in a light window of this size.

    Raises
    ------
    SystemExit
        If there is no Chromium.
    """
    program = browsers.find_chromium()
    if program is None:
        raise SystemExit("No Chromium found; python3 build_scripts/test.py installs one")
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with (
        tempfile.TemporaryDirectory() as folder,
        serve.Server(build.build(Path(folder) / "site"), 0) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"] if as_root else [])
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        page.goto(server.url)
        yield page
        browser.close()
        server.shutdown()


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with built_page(1440, 900) as page:
        page.get_by_role("button", name="Open the demo cohort").click()
        expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=PATIENCE)
        show(page, "Overview")
        take(page, "overview")
        page.get_by_role("button", name="Groups", exact=False).first.click()
        page.get_by_role("tab", name="Associations").click()
        page.get_by_label("Phenotype", exact=True).select_option("wrat")
        show(page, "Associations", "with wrat")
        take(page, "association-light")
        page.emulate_media(color_scheme="dark")
        show(page, "Associations", "with wrat")
        take(page, "association-dark")
        page.emulate_media(color_scheme="light")
        page.get_by_role("tab", name="Confounds").click()
        page.get_by_label("Target", exact=True).select_option("wrat")
        page.get_by_role("button", name="Run", exact=True).click()
        # Not of the report before, which may be under way.
        expect(page.locator(".result:visible .verdict li").first).to_contain_text("wrat is", timeout=PATIENCE)
        expect(page.locator(".part-line")).to_contain_text("All parts are done", timeout=PATIENCE)
        show(page, "Confounds")
        page.get_by_role("heading", name="Confound report").scroll_into_view_if_needed()
        take(page, "confounds")


if __name__ == "__main__":
    main()
