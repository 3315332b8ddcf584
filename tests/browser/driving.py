"""Drive the page: open it, watch what it does, wait for its engine, give it files."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, Route, Worker, expect

#: Milliseconds. The engine starts in 4 s where nothing else runs, on two cores; ten times that where much does.
START = 120_000
#: Milliseconds for all else.
PATIENCE = 45_000

# Long, because nothing but a failure takes so long, and a busy machine is none.
expect.set_options(timeout=PATIENCE)


@dataclass
class Watch:
    """What a page did.

    Attributes
    ----------
    requests : list of str
        URL of every request, of the page and its workers.
    problems : list of str
        What should not have happened.
    """

    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.problems.append(f"{request.url}: {request.failure}"))
        page.on("response", self._see)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error.stack or error}"))
        page.on("crash", lambda _: self.problems.append("the page crashed"))
        page.on("console", self._hear)

    def _see(self, answer: Response) -> None:
        if answer.status >= 400:
            self.problems.append(f"{answer.url}: {answer.status}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self.problems.append(f"console {message.type}: {message.text}")

    def check(self, allowed: list[str]) -> None:
        """Fail if there was a problem that matches none of the regular expressions ``allowed``."""
        unexpected = [
            problem for problem in self.problems if not any(re.search(pattern, problem) for pattern in allowed)
        ]
        assert not unexpected, "\n".join(unexpected)


#: Lets a page count what it has yet to do by itself: timers that are due within a second, and requests to its engine.
COUNT = """
(() => {
    const due = new Set(), asked = new Set(), set = self.setTimeout, clear = self.clearTimeout;
    self.setTimeout = (action, milliseconds = 0, ...more) => {
        if (typeof action === "string") return set(action, milliseconds);  // for the policy to refuse
        const id = set(() => { due.delete(id); action(...more); }, milliseconds);
        if (milliseconds < 1000) due.add(id);
        return id;
    };
    self.clearTimeout = (id) => { due.delete(id); clear(id); };
    const ends = ["answer", "refused", "cancelled", "bug"];
    self.Worker = class extends Worker {
        constructor(...given) {
            super(...given);
            this.addEventListener("message", ({data}) => { if (ends.includes(data.type)) asked.delete(data.id); });
        }
        postMessage(message, ...more) {
            if (message.type === "request") asked.add(message.id);
            super.postMessage(message, ...more);
        }
        terminate() {
            asked.clear();
            super.terminate();
        }
    };
    self.isAtRest = () => due.size === 0 && asked.size === 0;
})();
"""
#: What comes into sight is told to a page with the next picture.
IS_AT_REST = """async () => {
    for (const _ of [1, 2]) await new Promise((go) => requestAnimationFrame(go));
    return self.isAtRest();
}"""


def new_page(browser: Browser, watch: Watch) -> Page:
    """Return a page of a fresh profile, watched."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(COUNT)
    watch.follow(page)
    return page


class Gate:
    """Holds a page's requests for some files until the test opens it, so that nothing is a race.

    Set it up before the page is opened.
    """

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._held: list[Route] | None = []
        page.route(pattern, self._arrive)

    def _arrive(self, route: Route) -> None:
        if self._held is None:
            route.continue_()
        else:
            self._held.append(route)

    def wait(self) -> None:
        """Wait until a request stands before the gate."""
        wait_until(self._page, lambda: bool(self._held), START / 1000)

    def open(self) -> None:
        """Let through what waits, and what comes."""
        held, self._held = self._held or [], None
        for route in held:
            route.continue_()


def wait_until(page: Page, condition: Callable[[], bool], seconds: float = PATIENCE / 1000) -> None:
    """Wait until something holds that no locator can tell; the events of the page are heard meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s"
        page.wait_for_timeout(50)


def wait_for_rest(page: Page) -> None:
    """Wait until the page has done what follows from the last action: no timer is due and no request unanswered."""
    wait_until(page, lambda: bool(page.evaluate(IS_AT_REST)), START / 1000)


def wait_for_engine(page: Page) -> Worker:
    """Wait until the engine answers, and return its worker."""
    expect(page.locator("#start-progress")).to_contain_text("Ready", timeout=START)
    return page.workers[0]


def open_python(page: Page, code: str = "") -> None:
    """Make the engine's Python, which is out of reach from outside, ``self.python`` of its worker. Before `goto`.

    ``code`` is run in each engine before anything of ours.
    """
    addition = f"""
        const load = self.loadPyodide;
        self.loadPyodide = async (options) => {{
            self.python = await load(options);
            self.python.runPython({json.dumps(code)});
            return self.python;
        }};"""
    page.add_init_script(
        f"""const create = URL.createObjectURL, addition = {json.dumps(addition)};
        URL.createObjectURL = (blob) => create.call(URL, blob.size > 1e6 ? new Blob([blob, addition]) : blob);"""
    )


def choose_folder(page: Page, folder: Path) -> None:
    """Choose a folder with the button, as a user does in the dialog."""
    page.locator("input[type=file][webkitdirectory]").first.set_input_files(folder)


def leave_understood(page: Page) -> None:
    """Leave the screen that comes by itself where files leave something in doubt: names of parcels, codes, people."""
    page.get_by_role("dialog", name="What I understood").get_by_role("button", name="Go on").click(timeout=START)


def choose_files(page: Page, *files: Path) -> None:
    """Choose files with the button."""
    page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(list(files))


def drop_files(page: Page, *files: Path) -> None:
    """Drag files in from outside and drop them on the page."""
    contents = [{"name": file.name, "data": base64.b64encode(file.read_bytes()).decode()} for file in files]
    transfer = page.evaluate_handle(
        """(contents) => {
            const transfer = new DataTransfer();
            for (const {name, data} of contents)
                transfer.items.add(new File([Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0))], name));
            return transfer;
        }""",
        contents,
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", event, {"dataTransfer": transfer})


def save_as(page: Page, what: str) -> None:
    """Choose an item of the menu "Save" in the header."""
    page.locator("#save summary").click()
    page.locator("#save").get_by_role("button", name=what).click()
