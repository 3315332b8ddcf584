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
from kept_page import KeptPage, open_quick_demo
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


@pytest.fixture(scope="session")
def _kept(browser: Browser, site_url: str) -> Iterator[KeptPage]:
    kept = KeptPage(browser, site_url)
    yield kept
    kept.page.context.close()


@pytest.fixture
def kept(_kept: KeptPage, allowed: list[str], request: pytest.FixtureRequest) -> Iterator[KeptPage]:
    """The page that all tests of a process share, watched by this one; each file gets it loaded anew."""
    if _kept.file != request.node.path:
        _kept.file = request.node.path
        _kept.distrust()
    _kept.watch.problems.clear()
    failed = request.session.testsfailed
    yield _kept
    if request.session.testsfailed > failed:
        _kept.distrust()
    _kept.watch.check(allowed)


@pytest.fixture
def start_page(kept: KeptPage) -> Page:
    """The start screen with an engine that is ready, though a cohort may be open behind it."""
    return kept.start_over()


@pytest.fixture
def demo_page(kept: KeptPage, request: pytest.FixtureRequest) -> Page:
    """The site with the demo cohort open, as the tests of this file before it left it: one story a test."""
    what = (request.node.path.name, "demo")
    if not kept.is_as_left(what):
        kept.open(what, open_quick_demo)
    return kept.page


@pytest.fixture
def fibromyalgia(kept: KeptPage, request: pytest.FixtureRequest, shared_data: Path) -> Page:
    """The site with the Fibromyalgia cohort open, as the tests of this file before it left it."""
    what = (request.node.path.name, "fibromyalgia")
    if not kept.is_as_left(what):
        kept.open(what, lambda page: choose_folder(page, shared_data / "fibromyalgia"))
    return kept.page


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[[Path], Path]:
    """Zip a folder the way a file manager does, with the folder itself inside; returns the zip."""

    def zip_folder(folder: Path) -> Path:
        archive = shutil.make_archive(str(tmp_path / folder.name), "zip", folder.parent, folder.name)
        return Path(archive)

    return zip_folder
