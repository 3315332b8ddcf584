"""The page is there at once, and the engine comes to life in it."""

from __future__ import annotations

import re

from driving import START, Gate, Watch, wait_for_engine
from kept_page import open_quick_demo
from playwright.sync_api import Page, expect


def test_the_page_can_be_read_before_the_engine_is_there(loading: tuple[Page, Gate]) -> None:
    page, _ = loading
    expect(page.get_by_role("heading", name="ImageNomer")).to_be_visible()
    expect(page.get_by_role("button", name="Open the demo cohort")).to_be_visible()
    expect(page.locator("#start-progress")).not_to_contain_text("Ready")


def test_loading_shows_bytes_and_then_named_steps_to_one_engine_that_is_ready(loading: tuple[Page, Gate]) -> None:
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
    assert len(page.workers) == 1


def test_a_click_made_while_the_engine_loads_is_done_when_it_is_ready(loading: tuple[Page, Gate]) -> None:
    page, gate = loading
    page.get_by_label("Size").select_option("quick")
    open_quick_demo(page)
    gate.open()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)


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
    open_quick_demo(page)
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
