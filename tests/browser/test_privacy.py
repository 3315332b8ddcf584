"""Nothing leaves the machine: no request after the page has loaded, none that could be made, nothing left behind."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import START, Watch, drop_files, new_page, open_python, save_as, wait_for_engine
from exfiltration import ATTEMPTS, DEPARTURES, INJECTIONS, PYTHON_ATTEMPTS, REFUSALS, SILENT_ATTEMPTS
from hosting import Host, Trap
from playwright.sync_api import Browser, Page, Worker, expect
from privacy_panel import expect_kept, fact, panel, show_panel
from views import go

import offline
from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes
from page import read_manifest


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[Host]:
    """The site, on a server that remembers what it was asked for."""
    host = Host(site)
    yield host
    host.stop()


@pytest.fixture(scope="module")
def _visit(browser: Browser, host: Host) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    open_python(page)
    page.goto(host.url)
    wait_for_engine(page)
    expect_kept(page)
    yield page, watch
    page.context.close()


@pytest.fixture
def watch(_visit: tuple[Page, Watch], allowed: list[str]) -> Iterator[Watch]:
    watch = _visit[1]
    watch.problems.clear()
    yield watch
    watch.check(allowed)


@pytest.fixture
def visit(_visit: tuple[Page, Watch], watch: Watch) -> Page:
    """The page on that server, its engine ready and its copy kept; shared by all tests here."""
    return _visit[0]


@pytest.fixture
def bundle(cohort: Cohort, tmp_path: Path) -> Path:
    path = tmp_path / "forty.zip"
    path.write_bytes(finish(bundle_bytes(cohort)))
    return path


def run_everything(page: Page, bundle: Path) -> None:
    """Drop a cohort and look at every view and every analysis."""
    drop_files(page, bundle)
    expect(page.get_by_role("heading", level=1, name="Forty")).to_be_visible(timeout=START)
    expect(page.get_by_role("region").filter(has_text="age").first).to_be_visible()
    go(page, "Connectivity")
    expect(page.get_by_role("button", name="Subject 1, nback")).to_be_visible(timeout=START)
    page.get_by_role("button", name="Mean and SD").click()
    expect(page.locator("section.matrix canvas").first).to_be_visible(timeout=START)
    for tab in ("Phenotypes", "Associations"):
        go(page, tab)
        result = page.get_by_role("region", name=re.compile("^Result"))
        expect(result.locator(".sentences")).not_to_be_empty(timeout=START)
        expect(result.locator(".state")).to_be_empty(timeout=START)


def test_dropping_a_cohort_and_running_every_view_makes_no_request_and_leaves_nothing(
    visit: Page, host: Host, watch: Watch, site: Path, bundle: Path
) -> None:
    elsewhere = [url for url in watch.requests if not url.startswith((host.url, "blob:" + host.url, "data:"))]
    assert watch.requests
    assert elsewhere == []
    so_far, asked = len(watch.requests), len(host.asked)
    run_everything(visit, bundle)
    assert [url for url in watch.requests[so_far:] if not url.startswith(("blob:", "data:"))] == []
    assert host.asked[asked:] == []
    expect_no_trace(visit, site)


def expect_no_trace(page: Page, site: Path) -> None:
    """Nothing is stored but the files of the program, as they are in the site, without those that only some ask for."""
    left = page.evaluate(
        """async () => {
            const entries = [], opfs = [];
            for await (const name of (await navigator.storage.getDirectory()).keys()) opfs.push(name);
            for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const request of await cache.keys()) {
                    const body = await (await cache.match(request)).arrayBuffer();
                    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
                    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0"));
                    entries.push([request.url, hex.join("")]);
                }
            }
            return {
                cookies: document.cookie,
                local: Object.keys(localStorage),
                session: Object.keys(sessionStorage),
                databases: (await indexedDB.databases()).length,
                opfs,
                entries,
            };
        }"""
    )
    entries = left.pop("entries")
    assert left == {"cookies": "", "local": [], "session": [], "databases": 0, "opfs": []}
    folder = page.url.partition("#")[0]
    kept = {url.removeprefix(folder): digest for url, digest in entries}
    assert len(kept) == len(entries)
    assets = read_manifest(site / "index.html")["assets"]
    asked = {one["path"] for one in assets if one["stage"] in ("asked", "language")}
    assert asked
    shipped = {
        path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in site.rglob("*")
        if path.is_file() and path.name not in offline.NOT_KEPT and path.parent.name != offline.SHEETS
    }
    shipped = {path: digest for path, digest in shipped.items() if path not in asked}
    assert kept == {**shipped, "": shipped["index.html"]}


def addresses(trap: Trap, host: Host) -> tuple[str, str]:
    return f"{trap.url}?secret", f"{host.url}?secret"


def places(page: Page) -> dict[str, Page | Worker]:
    return {"page": page, "engine": page.workers[0]}


@pytest.mark.parametrize("where", ["page", "engine"])
def test_nothing_that_could_carry_data_away_works(
    visit: Page, host: Host, trap: Trap, allowed: list[str], where: str
) -> None:
    allowed += REFUSALS
    asked = len(host.asked)
    for name, attempt in ATTEMPTS.items():
        for address in addresses(trap, host):
            outcome = places(visit)[where].evaluate(
                f"""async (url) => {{
                    try {{ await ({attempt})(url); return "went out"; }} catch (error) {{ return "refused"; }}
                }}""",
                address,
            )
            assert outcome == "refused", f"{name} to {address} from the {where}"
    assert trap.visits == []
    assert host.asked[asked:] == []


def test_what_fails_in_silence_is_refused_by_the_policy(
    visit: Page, host: Host, trap: Trap, allowed: list[str]
) -> None:
    allowed += REFUSALS
    asked = len(host.asked)
    for name, attempt in SILENT_ATTEMPTS.items():
        for address in addresses(trap, host):
            refused = visit.evaluate(
                f"""(url) => new Promise((refused) => {{
                    document.addEventListener("securitypolicyviolation", () => refused(true), {{once: true}});
                    ({attempt})(url);
                }})""",
                address,
            )
            assert refused, f"{name} to {address}"
    assert trap.visits == []
    assert host.asked[asked:] == []


def test_the_page_goes_nowhere_and_opens_and_saves_nothing_of_elsewhere(visit: Page, host: Host, trap: Trap) -> None:
    show_panel(visit)
    before, asked, here = int(fact(visit, "Attempts").inner_text()), len(host.asked), visit.url
    for n, ((word, name), attempt) in enumerate(DEPARTURES.items()):
        for m, address in enumerate(addresses(trap, host)):
            visit.evaluate(f"(url) => {{ ({attempt})(url); }}", address)
            expect(fact(visit, "Attempts"), f"{name} to {address}").to_have_text(str(before + 2 * n + m + 1))
            expect(panel(visit).locator(".attempts li").last).to_have_text(
                re.compile(f"^({word}): {re.escape(address)}$")
            )
    assert trap.visits == []
    assert host.asked[asked:] == []
    assert visit.url == here
    assert len(visit.context.pages) == 1
    visit.keyboard.press("Escape")


def test_the_panel_says_what_it_cannot_see(visit: Page) -> None:
    show_panel(visit)
    expect(panel(visit).get_by_role("heading", name="What this panel cannot see")).to_be_visible()
    for what in ("window", "file that it saves from another address", "visit", "extension", "network switched off"):
        expect(panel(visit)).to_contain_text(what)
    expect(panel(visit).locator(".verdict")).to_contain_text("Nothing that this page can see")
    visit.keyboard.press("Escape")


def test_documents_still_open_and_files_still_save(visit: Page, bundle: Path) -> None:
    drop_files(visit, bundle)
    expect(visit.get_by_role("heading", level=1, name="Forty")).to_be_visible(timeout=START)
    with visit.expect_download(timeout=START):
        save_as(visit, "Save as bundle")
    visit.get_by_role("button", name="Open another").click()
    visit.get_by_text("Documents", exact=True).click()
    with visit.expect_popup() as opened:
        visit.get_by_role("link", name="Privacy").click()
    assert opened.value.url.endswith("docs/privacy.html")
    opened.value.close()
    visit.get_by_role("button", name="Back").click()


def test_no_text_becomes_a_script(visit: Page, allowed: list[str]) -> None:
    allowed += REFUSALS
    for name, attempt in INJECTIONS.items():
        refused = visit.evaluate(
            f"""(text) => new Promise((refused) => {{
                document.addEventListener("securitypolicyviolation", () => refused(true), {{once: true}});
                ({attempt})(text);
            }})""",
            "top.injected = true",
        )
        assert refused, name
    assert visit.evaluate("typeof injected") == "undefined"


def test_python_in_the_engine_cannot_reach_the_network_either(
    visit: Page, host: Host, trap: Trap, allowed: list[str]
) -> None:
    allowed += REFUSALS
    asked = len(host.asked)
    for address in addresses(trap, host):
        for attempt in PYTHON_ATTEMPTS:
            outcome = visit.workers[0].evaluate(
                """async ([code, address]) => {
                    self.address = address;
                    try { await self.python.runPythonAsync(code); return "went out"; }
                    catch (error) { return error.message; }
                }""",
                ["from js import address\n" + attempt, address],
            )
            assert outcome != "went out", f"{attempt} to {address}"
            assert not re.search("SyntaxError|ModuleNotFoundError", outcome), outcome
    assert trap.visits == []
    assert host.asked[asked:] == []


def test_the_service_worker_fetches_and_keeps_only_what_it_knows(
    visit: Page, host: Host, trap: Trap, site: Path
) -> None:
    asked = len(host.asked)
    known = next(path.relative_to(site).as_posix() for path in (site / "assets").iterdir())
    for path in ("?secret", f"{trap.url}?secret", "subject-7.txt", known, "index.html"):
        for kind in ("keep", "fetch", "describe"):
            answered = visit.evaluate(
                """async ([type, path]) => {
                    const {active} = await navigator.serviceWorker.ready, channel = new MessageChannel();
                    const message = {type, url: path, path, files: [{path, blob: new Blob(["subject 7"])}]};
                    const answer = new Promise((done) => (channel.port1.onmessage = ({data}) => done(data)));
                    active.postMessage(message, [channel.port2]);
                    return type === "fetch" ? null : answer;
                }""",
                [kind, path],
            )
            assert answered is None or "secret" not in json.dumps(answered)
    assert trap.visits == []
    assert host.asked[asked:] == []
    expect_no_trace(visit, site)


# --- the panel ------------------------------------------------------------------------------------


def test_the_panel_opens_from_both_screens_and_gives_the_focus_back(visit: Page, bundle: Path) -> None:
    if visit.locator("#workspace").is_visible():
        visit.get_by_role("button", name="Open another").click()
    opener = visit.locator("#start .show-privacy")
    opener.focus()
    visit.keyboard.press("Enter")
    expect(panel(visit)).to_be_visible()
    visit.keyboard.press("Escape")
    expect(panel(visit)).to_be_hidden()
    expect(opener).to_be_focused()
    drop_files(visit, bundle)
    opener = visit.get_by_role("banner").get_by_role("button", name="What leaves this machine?")
    opener.click(timeout=START)
    panel(visit).get_by_role("button", name="Close").click()
    expect(panel(visit)).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_panel_counts_requests_and_refused_attempts_of_page_and_engine(
    visit: Page, host: Host, trap: Trap, allowed: list[str]
) -> None:
    allowed += REFUSALS
    show_panel(visit)
    # What the page itself asked for; the service worker asks for its own files.
    loaded = visit.evaluate(
        """performance.getEntriesByType("resource").filter(
            ({name, startTime}) => name.startsWith("http") && startTime <= imagenomer.locked).length"""
    )
    expect(fact(visit, "To load the program")).to_contain_text(f"{loaded + 1} requests, ")
    expect(fact(visit, "Since the door was locked")).to_have_text("0 requests")
    before = int(fact(visit, "Attempts").inner_text())
    expect(panel(visit)).to_contain_text("Nothing that this page can see: it asked for its own program")
    for n, place in enumerate(places(visit).values(), 1):
        for address in addresses(trap, host):
            place.evaluate("(url) => fetch(url).catch(() => null)", address)
        expect(fact(visit, "Attempts")).to_have_text(str(before + 2 * n))
    # The latest are listed, whoever refused those before.
    expect(panel(visit).locator(".attempts li").last).to_contain_text(f"connect-src: {host.url.rstrip('/')}")
    expect(panel(visit)).to_contain_text(f"connect-src: {trap.url.rstrip('/')}")
    expect(fact(visit, "Since the door was locked")).to_have_text("0 requests")
    visit.keyboard.press("Escape")


def test_the_panel_would_show_a_request_that_should_not_be_there(browser: Browser, host: Host) -> None:
    watch = Watch()
    page = new_page(browser, watch)
    # A page whose door is never locked.
    page.add_init_script(
        """const append = Node.prototype.appendChild;
        Node.prototype.appendChild = function (node) { return node.httpEquiv ? node : append.call(this, node); };"""
    )
    page.goto(host.url)
    wait_for_engine(page)
    page.evaluate("fetch('docs/privacy.html')")
    show_panel(page)
    expect(fact(page, "Since the door was locked")).to_have_text("1 request")
    expect(panel(page)).to_contain_text("please report it")
    page.context.close()
    watch.check([])


def test_the_panel_shows_the_policies_in_force(visit: Page) -> None:
    show_panel(visit).get_by_text("The rules that the browser enforces").click()
    first, last = panel(visit).locator("pre").all_inner_texts()
    assert "connect-src 'self'" in first
    assert "default-src 'none'" in last
    assert not re.search(r"'self'|https?:|'unsafe-eval'|'unsafe-inline'", last)
    assert not re.search(r"'unsafe-eval'|'unsafe-inline'", first)
    visit.keyboard.press("Escape")


def test_a_theme_is_kept_only_when_it_was_chosen_and_can_be_forgotten(visit: Page, bundle: Path) -> None:
    show_panel(visit)
    expect(fact(visit, "Your choice of theme and language")).to_have_text("Nothing")
    visit.keyboard.press("Escape")
    drop_files(visit, bundle)
    visit.get_by_label("Theme").select_option("dark", timeout=START)
    show_panel(visit)
    expect(fact(visit, "Your choice of theme and language")).to_contain_text("dark")
    panel(visit).get_by_role("button", name="Forget the program and these choices").click()
    expect(fact(visit, "Your choice of theme and language")).to_have_text("Nothing")
    expect(fact(visit, "A copy of the program")).to_contain_text("No.")
    assert visit.evaluate("async () => [localStorage.length, (await caches.keys()).length]") == [0, 0]
    assert visit.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0
