"""Take the pictures of the README and the docs from the page itself.

    .venv/bin/python build_scripts/screenshots.py

Needs the environment that ``build_scripts/test.py`` makes. Opens the teaching cohort at full size in Chromium and
writes PNG files to ``site/docs/images``.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

import browsers
import build
import runtime
import serve

IMAGES = runtime.ROOT / "site" / "docs" / "images"
#: Milliseconds.
PATIENCE = 120_000


def show(page: Page, tab: str) -> None:
    """Open a tab and wait until nothing is being computed or drawn."""
    page.get_by_role("tab", name=tab).click()
    page.wait_for_timeout(1_000)
    expect(page.get_by_text("Updating").filter(visible=True)).to_have_count(0, timeout=PATIENCE)
    expect(page.locator("#work")).to_be_hidden(timeout=PATIENCE)
    page.mouse.move(0, 0)
    page.wait_for_timeout(5_000)  # the message that the cohort is open goes by itself


def take(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
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
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        page.goto(server.url)
        page.get_by_role("button", name="Open the demo cohort").click()
        expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=PATIENCE)
        show(page, "Overview")
        take(page, "overview")
        page.get_by_role("button", name="Groups", exact=False).first.click()
        show(page, "Associations")
        page.get_by_label("Phenotype", exact=True).select_option("wrat")
        show(page, "Associations")
        take(page, "association-light")
        page.emulate_media(color_scheme="dark")
        show(page, "Associations")
        take(page, "association-dark")
        page.emulate_media(color_scheme="light")
        page.get_by_role("tab", name="Confounds").click()
        page.get_by_label("Target", exact=True).select_option("wrat")
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_timeout(2_000)  # until the parts of the report before have gone
        expect(page.locator(".part-line")).to_contain_text("All parts are done", timeout=PATIENCE)
        show(page, "Confounds")
        page.get_by_role("heading", name="Confound report").scroll_into_view_if_needed()
        take(page, "confounds")
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
