"""Find and use the views of the page, as people do: by role and name."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path

import numpy as np
from driving import START
from playwright.sync_api import Download, Locator, Page, expect

#: Where computations are.
PROGRESS = "() => [...document.querySelectorAll('.run-progress')].map((one) => one.innerText + one.children[1].value)"
#: What each format of a figure begins with.
MAGIC = {"SVG": b"<?xml", "PDF": b"%PDF-", "PNG": b"\x89PNG\r\n\x1a\n"}


def go(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()
    expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")


def analysis(page: Page, title: str) -> None:
    """Choose an analysis of the tab, where it has several."""
    page.get_by_role("group", name="Analysis").get_by_role("button", name=title, exact=True).click()


def form(page: Page) -> Locator:
    return page.get_by_role("region", name="Parameters")


def choose(page: Page, label: str, option: str) -> None:
    form(page).get_by_label(label, exact=True).select_option(label=option)


def result(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=f"Result: {title}")


def expect_whole(place: Locator) -> None:
    """Wait until a result is whole and of what the form asks for; it may take as long as it makes progress."""
    seen, end = None, 0.0
    while state := place.locator(".state").text_content():
        now = [state, place.page.evaluate(PROGRESS)]
        if now != seen:
            seen, end = now, time.monotonic() + START / 1000
        assert time.monotonic() < end, f"no progress since {now}"
        place.page.wait_for_timeout(100)


def expect_said(page: Page, title: str, sentence: str | re.Pattern[str]) -> None:
    """Wait until the result that holds this sentence is shown and nothing newer is being computed."""
    expect(result(page, title).locator(".sentences")).to_contain_text(sentence, timeout=START)
    expect_whole(result(page, title))


def add_group(page: Page, expression: str, name: str) -> None:
    page.get_by_role("button", name="Type", exact=True).click()
    page.get_by_label("Expression").fill(expression)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Add group").click()
    expect(page.get_by_role("button", name=f"Rename {name}", exact=True)).to_be_visible()


def delete_group(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Delete {name}", exact=True).click()
    expect(page.get_by_role("button", name=f"Rename {name}", exact=True)).to_have_count(0)


def matrix(page: Page, title: str | re.Pattern[str]) -> Locator:
    """The part of the page that shows a matrix: its section."""
    return page.locator("section.matrix").filter(has=page.get_by_role("heading", name=title))


def pixels(place: Locator) -> np.ndarray:
    """What is on the (only) canvas of ``place``, shape (height, width, 4), uint8."""
    encoded = place.locator("canvas").evaluate(
        """(canvas) => {
            const {width, height} = canvas;
            const copy = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
            copy.drawImage(canvas, 0, 0);
            const data = copy.getImageData(0, 0, width, height).data;
            let text = "";
            for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
            return [width, height, btoa(text)];
        }"""
    )
    width, height, data = encoded
    return np.frombuffer(base64.b64decode(data), dtype=np.uint8).reshape(height, width, 4)


def read_out(place: Locator) -> str:
    return place.get_by_label("Readout").inner_text()


def spoken(value: float) -> str:
    """A value as readouts write it."""
    return f"{value:.4f}".replace("-", "−")


def download(page: Page, menu: Locator, choice: str) -> Download:
    """Choose from a download menu."""
    with page.expect_download(timeout=START) as started:
        menu.locator("summary").click()
        menu.get_by_role("button", name=choice, exact=True).click()
    return started.value


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def expect_figures(page: Page, menu: Locator) -> None:
    """Every format of a figure downloads as a file of that format."""
    for kind, magic in MAGIC.items():
        file = download(page, menu, kind)
        assert file.suggested_filename.endswith(f".{kind.lower()}")
        data = content(file)
        assert data.startswith(magic), data[:60]
        assert len(data) > 3_000
