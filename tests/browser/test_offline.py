"""After the first visit the site opens without network, whole or not at all, and says when a later version is ready."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import START, Gate, Watch, new_page, wait_for_engine, wait_until
from hosting import Host
from kept_page import open_quick_demo
from playwright.sync_api import Browser, Page, expect
from privacy_panel import expect_kept, fact, panel, show_panel

import browsers
import offline

#: Chromium's words for a server that is not there, which only the check for a later version may meet.
GONE = r"sw\.js.*ERR_(CONNECTION|FAILED)|Failed to update a ServiceWorker"


@pytest.fixture
def host(site: Path) -> Iterator[Host]:
    host = Host(site)
    yield host
    host.stop()


@pytest.fixture
def fresh(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page of a fresh profile, still empty."""
    page = new_page(browser, watch)
    yield page
    page.context.close()


def manifest_of(site: Path) -> dict[str, Any]:
    return dict(json.loads(_manifest_text(site)))


def _manifest_text(site: Path) -> str:
    page = (site / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="manifest">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def next_site(site: Path, tmp_path: Path) -> Path:
    """A later version of the site: other text in one asset, in the page and in the manual."""
    later = tmp_path / "later"
    shutil.copytree(site, later)
    manifest = manifest_of(site)
    entry = next(entry for entry in manifest["assets"] if entry["name"] == "engine_glue.py")
    (later / entry["path"]).unlink()
    source = gzip.decompress((site / entry["path"]).read_bytes()) + b"\n# a later version\n"
    shipped = gzip.compress(source, 9, mtime=0)
    digest = hashlib.sha256(shipped).hexdigest()
    path = re.sub(r"-[0-9a-f]{10}", f"-{digest[:10]}", entry["path"])
    entry.update(path=path, size=len(shipped), raw_size=len(source), sha256=digest)
    (later / path).write_bytes(shipped)
    manifest["build"] = digest[:12]
    page = (site / "index.html").read_text(encoding="utf-8").replace(_manifest_text(site), json.dumps(manifest))
    page = page.replace("See what brain connectivity", "The later version: see what brain connectivity")
    (later / "index.html").write_text(page, encoding="utf-8")
    (later / "docs" / "privacy.html").write_text("a later manual", encoding="utf-8")
    offline.write(later, manifest)
    return later


def first_visit(page: Page, url: str) -> None:
    page.goto(url)
    wait_for_engine(page)
    expect_kept(page)


def expect_version(page: Page, *, later: bool) -> None:
    expect(page.get_by_text("The later version")).to_have_count(1 if later else 0)


def kept_urls(page: Page) -> list[list[str]]:
    """The addresses in each cache there is."""
    return list(
        page.evaluate(
            """async () => {
                const found = [];
                for (const name of await caches.keys()) {
                    found.push((await (await caches.open(name)).keys()).map((request) => request.url).sort());
                }
                return found;
            }"""
        )
    )


def test_after_the_first_visit_below_a_prefix_the_demo_opens_with_the_server_gone(
    fresh: Page, site: Path, tmp_path: Path, watch: Watch, allowed: list[str]
) -> None:
    """At the root of a server it is the same, as the later version below shows."""
    allowed += [GONE, "net::ERR_ABORTED"]  # what was on its way when the next address was opened
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "prefix").symlink_to(site, target_is_directory=True)
    host = Host(tmp_path)
    url = f"{host.url}some/prefix/"
    first_visit(fresh, url)
    assert all(asked.startswith((url, "blob:", "data:")) for asked in watch.requests)
    host.stop()
    for address in ("?query=1", "index.html"):
        fresh.goto(url + address)
        wait_until(fresh, lambda: len(fresh.workers) == 1, START / 1000)
    fresh.goto(url)
    wait_for_engine(fresh)
    open_quick_demo(fresh)
    expect(fresh.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    manual = fresh.context.new_page()
    manual.goto(f"{url}docs/privacy.html")
    expect(manual.locator("body")).to_contain_text("privacy", ignore_case=True)


@pytest.fixture(scope="module")
def _visited(browser: Browser, site: Path) -> Iterator[tuple[Page, Watch, Host]]:
    host, watch = Host(site), Watch()
    page = new_page(browser, watch)
    first_visit(page, host.url)
    yield page, watch, host
    page.context.close()
    host.stop()


@pytest.fixture
def visited(_visited: tuple[Page, Watch, Host], allowed: list[str]) -> Iterator[tuple[Page, Host]]:
    """A site and its page after a first visit, by which it is kept; each test leaves it so, but for the last."""
    page, watch, host = _visited
    watch.problems.clear()
    yield page, host
    watch.check(allowed)


def test_nothing_is_asked_for_twice_to_keep_it(visited: tuple[Page, Host]) -> None:
    _, host = visited
    counts = Counter(path for path in host.asked if path.startswith("/assets/"))
    assert counts
    assert set(counts.values()) == {1}
    assert not [path for path in host.asked if "?" in path]


def test_a_second_visit_asks_for_nothing_but_news(visited: tuple[Page, Host]) -> None:
    page, host = visited
    asked = len(host.asked)
    page.reload()
    wait_for_engine(page)
    assert host.asked[asked:] == []


def test_a_copy_that_was_damaged_is_repaired_on_the_visit_after(visited: tuple[Page, Host], allowed: list[str]) -> None:
    allowed.append("damaged|cut short|did not start|ERR_ABORTED")
    page, _ = visited
    page.evaluate(
        """async () => {
            const cache = await caches.open((await caches.keys())[0]);
            const request = (await cache.keys()).find(({url}) => url.includes("engine_glue"));
            await cache.put(request, new Response("evil"));
        }"""
    )
    page.reload()
    expect(page.get_by_text(re.compile("engine_glue.py (is damaged|was cut short)")).first).to_be_visible()
    page.reload()
    wait_for_engine(page)
    expect_kept(page)


def test_forgetting_removes_the_copy_and_the_worker(visited: tuple[Page, Host], allowed: list[str]) -> None:
    allowed.append("ERR_CONNECTION_REFUSED")
    page, host = visited
    show_panel(page)
    panel(page).get_by_role("button", name="Forget the program").click()
    expect(fact(page, "A copy of the program")).to_contain_text("No.")
    assert kept_urls(page) == []
    host.stop()
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        page.goto(host.url)
    host.start()


def test_a_later_version_is_announced_can_wait_and_runs_once_the_user_wants_it(
    fresh: Page, host: Host, next_site: Path, allowed: list[str]
) -> None:
    allowed.append(GONE)
    first_visit(fresh, host.url)
    host.folder = next_site
    asked = len(host.asked)
    fresh.reload()
    wait_for_engine(fresh)
    expect_version(fresh, later=False)
    announcement = fresh.get_by_role("status").filter(has_text="A new version is ready")
    expect(announcement).to_be_visible(timeout=START)
    # Only what differs was asked for; the page and the manual have no hash in their names.
    unchanged = {f"/{entry['path']}" for entry in manifest_of(next_site)["assets"]} & set(host.asked[:asked])
    assert unchanged
    assert not [path for path in host.asked[asked:] if path in unchanged]
    announcement.get_by_role("button", name="Later").click()
    expect(announcement).to_be_hidden()
    fresh.reload()
    expect_version(fresh, later=False)
    expect(announcement).to_be_visible(timeout=START)
    announcement.get_by_role("button", name="Reload").click()
    expect_version(fresh, later=True)
    wait_for_engine(fresh)
    expect(announcement).to_be_hidden()
    expect_kept(fresh)
    assert len(kept_urls(fresh)) == 1
    host.stop()
    fresh.reload()
    wait_for_engine(fresh)
    expect_version(fresh, later=True)


def test_a_visit_cut_short_does_not_mix_two_versions(
    fresh: Page, host: Host, next_site: Path, allowed: list[str]
) -> None:
    allowed.append("net::ERR_ABORTED")  # what was on its way when the visit ended
    Gate(fresh, "**/assets/engine_glue*")  # never opened: the engine does not start
    fresh.goto(host.url)
    fresh.evaluate("async () => { await navigator.serviceWorker.ready; }")
    fresh.unroute_all(behavior="ignoreErrors")
    fresh.goto("about:blank")
    host.folder = next_site
    fresh.goto(host.url)
    wait_for_engine(fresh)
    expect_version(fresh, later=True)
    expect_kept(fresh)
    expect(fresh.locator("#update")).to_be_hidden()


@pytest.mark.parametrize(
    "obstacle",
    [
        "delete Navigator.prototype.serviceWorker;",
        "ServiceWorkerContainer.prototype.register = () => Promise.reject(new DOMException('no', 'SecurityError'));",
        "ServiceWorkerContainer.prototype.register = ServiceWorkerContainer.prototype.getRegistration = "
        "() => Promise.reject(new DOMException('no', 'SecurityError'));",
        "ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error('no'));delete window.caches;",
    ],
    ids=["unknown", "register-refused", "all-refused", "no-caches"],
)
def test_everything_works_where_service_workers_do_not(fresh: Page, host: Host, obstacle: str) -> None:
    fresh.add_init_script(obstacle)
    fresh.goto(host.url)
    wait_for_engine(fresh)
    show_panel(fresh)
    expect(fact(fresh, "A copy of the program")).to_contain_text("this browser keeps none here")


def test_what_somebody_else_put_into_the_cache_is_not_run(fresh: Page, host: Host) -> None:
    first_visit(fresh, host.url)
    fresh.evaluate(
        """async () => {
            const cache = await caches.open((await caches.keys())[0]);
            for (const request of await cache.keys()) {
                const type = (await cache.match(request)).headers.get("Content-Type");
                await cache.put(request, new Response("<p>evil</p>", {headers: {"Content-Type": type}}));
            }
        }"""
    )
    fresh.reload()
    expect(fresh.get_by_role("heading", name="ImageNomer")).to_be_visible()
    expect(fresh.get_by_text("evil")).to_have_count(0)


def test_the_site_can_be_installed(browser: Browser, host: Host, tmp_path: Path) -> None:
    # A profile on disk: what a private one is asked to install it refuses for that alone.
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile", executable_path=browsers.find_chromium(), args=["--no-sandbox"]
    )
    page = context.pages[0]
    page.goto(host.url)
    expect(page.locator("link[rel=manifest]")).to_have_count(1)
    session = context.new_cdp_session(page)
    described = session.send("Page.getAppManifest")
    assert described["errors"] == []
    assert json.loads(described["data"])["start_url"] == host.url
    wait_until(page, lambda: session.send("Page.getInstallabilityErrors")["installabilityErrors"] == [])
    context.close()
