"""The page is there at once, and the engine comes to life in it."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from driving import START, Gate, Watch, new_page, open_python, wait_for_engine, wait_until
from playwright.sync_api import Browser, Page, expect

import serve


def test_the_page_can_be_read_before_the_engine_is_there(loading: tuple[Page, Gate]) -> None:
    page, _ = loading
    expect(page.get_by_role("heading", name="ImageNomer")).to_be_visible()
    expect(page.get_by_role("button", name="Open the demo cohort")).to_be_visible()
    expect(page.locator("#start-progress")).not_to_contain_text("Ready")


def test_loading_shows_bytes_and_then_named_steps(loading: tuple[Page, Gate]) -> None:
    page, gate = loading
    expect(page.locator("#start-progress")).to_contain_text(re.compile(r"\d+(\.\d+)? (of \d+(\.\d+)? )?MB"))
    seen = page.evaluate_handle(
        """() => {
            const seen = new Set(), start = document.querySelector("#start-progress");
            new MutationObserver(() => seen.add(start.textContent.trim())).observe(
                start, {subtree: true, childList: true, characterData: true});
            return seen;
        }"""
    )
    gate.open()
    wait_for_engine(page)
    assert "Starting the engine" in " | ".join(seen.evaluate("(seen) => [...seen]"))


def test_the_engine_becomes_ready_and_says_so(page: Page) -> None:
    wait_for_engine(page)
    assert len(page.workers) == 1


def test_a_click_made_while_the_engine_loads_is_done_when_it_is_ready(loading: tuple[Page, Gate]) -> None:
    page, gate = loading
    page.locator("#open-demo").click()
    gate.open()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)


def test_an_idle_engine_gets_ready_for_figures_and_models(browser: Browser, site_url: str, watch: Watch) -> None:
    page = new_page(browser, watch)
    open_python(page)
    page.goto(site_url)
    worker = wait_for_engine(page)
    last = "sklearn.linear_model"
    wait_until(
        page,
        lambda: bool(worker.evaluate(f"self.python.runPython('import sys; \"{last}\" in sys.modules')")),
        START / 1000,
    )
    page.context.close()


def test_the_site_works_below_a_prefix(browser: Browser, site: Path, tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "prefix").symlink_to(site, target_is_directory=True)
    with serve.Server(tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = new_page(browser, watch)
        page.goto(f"{server.url}some/prefix/")
        wait_for_engine(page)
        assert all(url.startswith((f"{server.url}some/prefix/", "blob:", "data:")) for url in watch.requests)
        page.context.close()
        server.shutdown()


def test_an_asset_that_does_not_arrive_is_named_and_the_page_stays_alive(
    browser: Browser, site_url: str, watch: Watch, allowed: list[str]
) -> None:
    allowed += [r"pyodide\.asm-.*: (404|net::ERR_ABORTED)", "status of 404", "did not start"]
    page = new_page(browser, watch)
    page.route("**/pyodide.asm-*.wasm.*", lambda route: route.fulfill(status=404))
    page.goto(site_url)
    expect(page.get_by_text("pyodide.asm.wasm could not be loaded")).to_be_visible(timeout=START)
    expect(page.get_by_role("heading", name="ImageNomer")).to_be_visible()
    page.context.close()


def test_after_a_crash_another_engine_starts_from_the_same_bytes(page: Page, watch: Watch, allowed: list[str]) -> None:
    allowed.append("out of order")
    first = wait_for_engine(page)
    requests = len(watch.requests)
    with page.expect_worker(timeout=START) as second:
        first.evaluate("() => { setTimeout(() => { throw new Error('out of order'); }); }")
    expect(page.get_by_text("out of order").first).to_be_visible()
    expect(page.locator("#start-progress")).to_contain_text("Ready", timeout=START)
    assert page.workers == [second.value]
    assert [url for url in watch.requests[requests:] if not url.startswith(("blob:", "data:"))] == []
    page.locator("#open-demo").click()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
