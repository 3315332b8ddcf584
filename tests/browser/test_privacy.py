"""Nothing leaves the machine: no request after the page has loaded, and none that could be made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from driving import START, Watch, new_page, open_python, wait_for_engine
from playwright.sync_api import Browser, Page, expect

#: What is tried in the engine's worker; each must fail. ``arguments[0]`` is the address.
ATTEMPTS = {
    "fetch": "(url) => fetch(url)",
    "fetch without CORS": "(url) => fetch(url, {mode: 'no-cors', method: 'POST', body: 'subject 7'})",
    "XMLHttpRequest": """(url) => new Promise((sent, refused) => {
        const request = new XMLHttpRequest();
        request.onload = sent; request.onerror = () => refused(new Error("refused"));
        request.open("GET", url); request.send();
    })""",
    "synchronous XMLHttpRequest": """(url) => {
        const request = new XMLHttpRequest();
        request.open("GET", url, false); request.send();
    }""",
    "WebSocket": """(url) => new Promise((sent, refused) => {
        const socket = new WebSocket(url.replace("http", "ws"));
        socket.onopen = sent; socket.onerror = () => refused(new Error("refused"));
    })""",
    "EventSource": """(url) => new Promise((sent, refused) => {
        const source = new EventSource(url);
        source.onopen = sent; source.onerror = () => { source.close(); refused(new Error("refused")); };
    })""",
    "image": """(url) => new Promise((sent, refused) => {
        const image = new Image();
        image.onload = sent; image.onerror = () => refused(new Error("refused"));
        image.src = url + "pixel.png";
    })""",
    "worker": """(url) => new Promise((sent, refused) => {
        const worker = new Worker(url + "worker.js");
        worker.onerror = () => refused(new Error("refused")); setTimeout(sent, 500);
    })""",
    "import": "(url) => import(url + 'module.js')",
    "importScripts": "(url) => importScripts(url + 'script.js')",
    # In a turn of its own: what Playwright itself evaluates is exempt.
    "eval": "() => new Promise((later) => setTimeout(later)).then(() => eval('1'))",
}

#: The same from Python.
PYTHON_ATTEMPTS = (
    "import js; await js.fetch(address)",
    "from pyodide.http import pyfetch; await pyfetch(address)",
    "from pyodide.http import open_url; open_url(address)",
    "from urllib.request import urlopen; urlopen(address)",
)

#: How Chromium says that a policy refused something.
REFUSALS = ("Content Security Policy", "ERR_BLOCKED_BY_CSP", ": csp$")


class Trap(ThreadingHTTPServer):
    """Another origin that would answer anything, and remembers who came."""

    daemon_threads = True

    def __init__(self) -> None:
        self.visits: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Answer(BaseHTTPRequestHandler):
    server: Trap

    def do_GET(self) -> None:
        self.server.visits.append(self.path)
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def trap() -> Iterator[Trap]:
    with Trap() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_page_and_its_engine_load_from_one_origin_and_then_ask_for_nothing(
    page: Page, site_url: str, watch: Watch
) -> None:
    wait_for_engine(page)
    assert watch.requests
    assert {url for url in watch.requests if not url.startswith((site_url, "blob:" + site_url, "data:"))} == set()
    so_far = len(watch.requests)
    page.locator("#open-demo").click()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    for name in ("Connectivity", "Phenotypes", "Associations", "Overview"):
        page.get_by_role("tab", name=name).click()
    page.wait_for_timeout(3_000)  # idle work of the engine goes on meanwhile
    later = [url for url in watch.requests[so_far:] if not url.startswith(("blob:", "data:"))]
    assert not later, later


@pytest.mark.parametrize("where", ["page", "engine"])
def test_nothing_that_could_carry_data_away_works(
    page: Page, site_url: str, trap: Trap, allowed: list[str], where: str
) -> None:
    allowed += REFUSALS
    worker = wait_for_engine(page)
    place = page if where == "page" else worker
    for name, attempt in ATTEMPTS.items():
        for address in (trap.url, site_url):
            outcome = place.evaluate(
                f"""async (url) => {{
                    try {{ await ({attempt})(url); return "went out"; }} catch (error) {{ return "refused"; }}
                }}""",
                address,
            )
            assert outcome == "refused", f"{name} to {address} from the {where}"
    assert trap.visits == []


def test_python_in_the_engine_cannot_reach_the_network_either(
    browser: Browser, site_url: str, trap: Trap, watch: Watch, allowed: list[str]
) -> None:
    allowed += REFUSALS
    page = new_page(browser, watch)
    open_python(page)
    page.goto(site_url)
    worker = wait_for_engine(page)
    for address in (trap.url, site_url):
        for attempt in PYTHON_ATTEMPTS:
            outcome = worker.evaluate(
                """async ([code, address]) => {
                    self.address = address;
                    try { await self.python.runPythonAsync(code); return "went out"; }
                    catch (error) { return error.message; }
                }""",
                ["from js import address\n" + attempt, address],
            )
            assert outcome != "went out", f"{attempt} to {address}"
            assert "SyntaxError" not in outcome, outcome
    assert trap.visits == []
    page.context.close()


def test_the_page_keeps_nothing_behind(page: Page) -> None:
    wait_for_engine(page)
    kept = page.evaluate(
        """async () => ({
            cookies: document.cookie,
            local: localStorage.length,
            session: sessionStorage.length,
            databases: (await indexedDB.databases()).length,
            caches: (await caches.keys()).length,
        })"""
    )
    assert kept == {"cookies": "", "local": 0, "session": 0, "databases": 0, "caches": 0}
