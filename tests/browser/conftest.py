"""The built site in Chromium, watched all the time.

A test fails on any message of the console but plain logging, on any uncaught error of the page or its worker, and on
any request that does not succeed. What a test provokes on purpose it names in ``allowed``, as regular expressions.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import START, Gate, Watch, choose_folder, new_page
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def allowed() -> list[str]:
    """Regular expressions of the problems that a test provokes on purpose; append to it."""
    return []


@pytest.fixture
def watch(allowed: list[str]) -> Iterator[Watch]:
    """What the test's page does; the test fails if something of it should not have happened."""
    watch = Watch()
    yield watch
    watch.check(allowed)


@pytest.fixture
def page(browser: Browser, site_url: str, watch: Watch) -> Iterator[Page]:
    """The site, just opened: the engine may still be loading."""
    page = new_page(browser, watch)
    page.goto(site_url)
    yield page
    page.context.close()


@pytest.fixture
def loading(browser: Browser, site_url: str, watch: Watch) -> Iterator[tuple[Page, Gate]]:
    """The site, whose engine loads until the test opens the gate."""
    page = new_page(browser, watch)
    gate = Gate(page, "**/pyodide.asm-*.wasm.*")
    page.goto(site_url)
    expect(page.locator("#start-progress")).to_contain_text("Loading the engine", timeout=START)
    yield page, gate
    page.unroute_all(behavior="ignoreErrors")
    page.context.close()


@pytest.fixture(scope="module")
def _demo(browser: Browser, site_url: str) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    page.goto(f"{site_url}#demo=quick")
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    yield page, watch
    page.context.close()


@pytest.fixture
def demo_page(_demo: tuple[Page, Watch], allowed: list[str]) -> Iterator[Page]:
    """The site with the demo cohort open, shared by the tests of a module: one load, then one story a test."""
    page, watch = _demo
    watch.problems.clear()
    yield page
    watch.check(allowed)


@pytest.fixture(scope="module")
def _fibromyalgia(browser: Browser, site_url: str, shared_data: Path) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    page.goto(site_url)
    choose_folder(page, shared_data / "fibromyalgia")
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    yield page, watch
    page.context.close()


@pytest.fixture
def fibromyalgia(_fibromyalgia: tuple[Page, Watch], allowed: list[str]) -> Iterator[Page]:
    """The site with the Fibromyalgia cohort open, shared by the tests of a module, whatever ran before."""
    page, watch = _fibromyalgia
    watch.problems.clear()
    if page.locator("dialog[open]").count():  # of a test that failed, which is its fault alone
        page.keyboard.press("Escape")
    yield page
    watch.check(allowed)


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[[Path], Path]:
    """Zip a folder the way a file manager does, with the folder itself inside; returns the zip."""

    def zip_folder(folder: Path) -> Path:
        archive = shutil.make_archive(str(tmp_path / folder.name), "zip", folder.parent, folder.name)
        return Path(archive)

    return zip_folder
