"""What axe-core finds in a page: rules of accessibility that a program can check."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page

import runtime

#: Rows and tiles after the third are made as those are, and make up most of the page.
ALIKE = ["tbody tr:nth-child(n+4)", ".tile:nth-child(n+4)", ".subject-rows .lines .line:nth-child(n+4)"]
#: Runs what is asked for, and returns what is wrong: a line for each element, as it is found in the page.
RUN = """async ([rules, around, alike]) => {
    const options = {resultTypes: ["violations"], preload: false};
    if (rules.length) options.runOnly = {type: "rule", values: rules};
    const {violations} = await axe.run({include: [around ?? "html"], exclude: alike}, options);
    const words = (text) => text.split("\\n").slice(1).map((line) => line.trim()).join("; ");
    return violations.flatMap(({id, nodes}) =>
        nodes.map(({target, failureSummary}) => `${id}: ${target.join(" ")}: ${words(failureSummary)}`));
}"""


def axe_source() -> str:
    """Return axe-core, the very file that ``runtime.lock.json`` pins under ``tests``; skip where it cannot be had."""
    lock = runtime.read_lock()["tests"]
    try:
        return (runtime.fetch_runtime(lock) / "axe" / "axe.min.js").read_text(encoding="utf-8")
    except runtime.RuntimeUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no axe-core to check with: {error}")


class Axe:
    """Checks a page in both themes."""

    def __init__(self, page: Page, source: str) -> None:
        self._page = page
        page.evaluate(source)

    def check(self, what: str, around: str | None = None) -> None:
        """Fail on whatever breaks a rule in the page, or in the element of a selector; in the dark, of colours."""
        wrong = self._find([], around)
        theme = self._page.evaluate("document.documentElement.dataset.theme")
        # Not by the menu, which would have all figures drawn anew.
        self._page.evaluate("document.documentElement.dataset.theme = 'dark'")
        wrong += [f"dark: {line}" for line in self._find(["color-contrast", "link-in-text-block"], around)]
        self._page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        assert not wrong, f"{what}:\n" + "\n".join(wrong)

    def _find(self, rules: list[str], around: str | None) -> list[str]:
        found: list[str] = self._page.evaluate(RUN, [rules, around, ALIKE])
        return found
