"""Whatever breaks, the page says what happened, what is lost and what to do, and goes on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import (
    START,
    Watch,
    choose_files,
    new_page,
    open_python,
    save_as,
    wait_for_engine,
    wait_for_rest,
    wait_until,
)
from kept_page import open_quick_demo
from playwright.sync_api import Browser, Locator, Page, Route, Worker, expect

from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

#: Makes every engine of the page stop hard at a request whose arguments hold the mark.
BREAK_AT_MARK = """
import json, os
def loads(text, *given, loads=json.loads, **named):
    if "MARK" in text:
        os.abort()
    return loads(text, *given, **named)
json.loads = loads
"""
#: Fills the stack of WebAssembly, where Python's own limit does not see it.
OVERFLOW = "each = iter([1])\nfor _ in range(300_000):\n    each = map(int, each)\nnext(each)"
#: What an engine says that stops hard.
ABORTED = [r"Pyodide has suffered a fatal error", r"The cause of the fatal error was", r"(?i)aborted|unreachable|fatal"]


@pytest.fixture
def forty_zip(cohort: Cohort, tmp_path: Path) -> Path:
    """The forty subjects as a bundle, zipped."""
    path = tmp_path / "forty.zip"
    path.write_bytes(finish(bundle_bytes(cohort)))
    return path


@pytest.fixture
def open_page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page that is nowhere yet, whose engine's Python is ``self.python`` of the worker."""
    page = new_page(browser, watch)
    open_python(page)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def _shared(browser: Browser) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    page = new_page(browser, watch)
    open_python(page)
    yield page, watch
    page.context.close()


@pytest.fixture
def forty(_shared: tuple[Page, Watch], site_url: str, forty_zip: Path, allowed: list[str]) -> Iterator[Page]:
    """The forty subjects on the Phenotypes tab with a group, and an engine that has nothing to do; shared by tests."""
    page, watch = _shared
    watch.problems.clear()
    if page.url == "about:blank":
        page.goto(site_url)
        show_forty(page, forty_zip)
    expect_as_it_was(page)
    wait_for_rest(page)
    yield page
    dismiss = page.get_by_role("button", name="Dismiss")
    for _ in range(dismiss.count()):
        dismiss.first.click()
    page.get_by_role("tab", name="Phenotypes").click()
    watch.check(allowed)


def show_forty(page: Page, forty_zip: Path) -> None:
    wait_for_engine(page)
    choose_files(page, forty_zip)
    expect_forty(page)
    spec = json.loads(page.evaluate("decodeURIComponent(location.hash.slice(1))"))
    spec.update(tab="Phenotypes", groups=[["Women", "sex == 'F'", 0]])
    page.evaluate("(spec) => { location.hash = encodeURIComponent(JSON.stringify(spec)); }", spec)
    expect_as_it_was(page)


def expect_forty(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name="Forty")).to_be_visible(timeout=START)


def expect_as_it_was(page: Page) -> None:
    """Cohort, group, tab and result are there, and the engine answers."""
    expect(page.get_by_role("status").filter(has_text="starts again")).to_have_count(0, timeout=START)
    expect_forty(page)
    expect(page.get_by_role("tab", name="Phenotypes")).to_have_attribute("aria-selected", "true", timeout=START)
    expect(page.locator("#groups")).to_contain_text("Women")
    expect(page.locator("section.figure img").first).to_be_visible(timeout=START)
    expect(page.locator("progress:visible")).to_have_count(0, timeout=START)


def engine_of(page: Page) -> Worker:
    """The worker of the engine, and not of what else there may be."""
    return page.workers[-1]


def in_python(page: Page, code: str) -> None:
    """Run Python in the engine, beside what it does."""
    engine_of(page).evaluate("(code) => { self.python.runPython(code); }", code)


def in_python_until(page: Page, condition: str) -> None:
    """Wait until something holds in the engine's Python."""
    wait_until(
        page,
        lambda: bool(engine_of(page).evaluate("(code) => self.python.runPython(code)", f"bool({condition})")),
        START / 1000,
    )


def replace_save(page: Page, body: str) -> None:
    """Let "Save as bundle" do something else."""
    in_python(
        page,
        "import imagenomer.engine as package\n"
        f"async def save(workspace, job):\n    {body}\n"
        "package._CALLS['save_bundle'] = save\n",
    )


def save(page: Page) -> None:
    save_as(page, "Save as bundle")


def alert(page: Page, text: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("alert").filter(has_text=text)


def expect_saved(page: Page) -> None:
    with page.expect_download(timeout=START) as download:
        save(page)
    assert download.value.suggested_filename == "Forty.zip"


# --- an engine that is lost ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "death",
    [
        pytest.param("setTimeout(() => { throw new Error('out of order'); })", id="uncaught error"),
        pytest.param("Promise.reject(new Error('out of order'))", id="unhandled rejection"),
        pytest.param("setTimeout(() => self.python.runPython('import os; os.abort()'))", id="abort"),
        pytest.param("self.python.runPythonAsync(OVERFLOW)", id="stack overflow"),
        pytest.param("setTimeout(() => self.close())", id="killed"),
    ],
)
def test_a_lost_engine_comes_back_with_cohort_group_and_tab(forty: Page, death: str, allowed: list[str]) -> None:
    allowed += ["out of order", "Maximum call stack", *ABORTED]
    address = forty.evaluate("location.hash")
    # Idle work that starts between the death and the news of it would complain, beside the point.
    in_python(
        forty,
        "done = [True] if idle_work.gi_frame is None else []\n"
        "def no_more():\n    done.append(True)\n    yield from ()\n"
        "idle_work, idle_piece = no_more(), None",
    )
    in_python_until(forty, "done")  # the next piece was due, and there was none
    with forty.expect_worker(timeout=START):
        engine_of(forty).evaluate(f"() => {{ {death.replace('OVERFLOW', json.dumps(OVERFLOW))}; }}")
    told = alert(forty, "The engine stopped")
    expect(told).to_contain_text("had nothing to do")
    expect(told).to_contain_text("Forty opens again by itself")
    expect(told).to_contain_text("Nothing in your files has changed")
    assert "PythonError" not in (told.locator("pre").text_content() or ""), "it was to be worse than an exception"
    if "close" in death:
        expect(told).to_contain_text("The browser stopped it without an error")
    expect_as_it_was(forty)
    expect_saved(forty)
    assert forty.evaluate("location.hash") == address
    expect(told).to_have_count(1)


def test_a_request_that_stops_the_engine_twice_is_not_run_again(
    open_page: Page, site_url: str, forty_zip: Path, allowed: list[str]
) -> None:
    forty = open_page
    forty.goto(site_url)
    show_forty(forty, forty_zip)
    allowed += ABORTED
    for turn in ("first", "second"):
        replace_save(forty, "import os; os.abort()")
        with forty.expect_worker(timeout=START):
            save(forty)
        told = alert(forty, "while it was saving a bundle")
        expect(told).to_be_visible(timeout=START)
        expect(told.get_by_text("second time with the same request")).to_have_count(0 if turn == "first" else 1)
        told.get_by_role("button", name="Dismiss").click()
        expect_as_it_was(forty)
    save(forty)
    expect(alert(forty, "stopped twice while it was saving a bundle")).to_be_visible()
    expect_as_it_was(forty)
    forty.get_by_role("tab", name="Overview").click()
    expect(forty.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")


def test_a_view_that_stops_the_engine_does_not_stop_it_for_ever(
    browser: Browser, site_url: str, forty_zip: Path, watch: Watch, allowed: list[str]
) -> None:
    """It is asked for again by the page itself, once the cohort is back."""
    allowed += ABORTED
    page = new_page(browser, watch)
    open_python(page, BREAK_AT_MARK.replace('"MARK"', repr('"analysis": "phenotype-distribution"')))
    page.goto(site_url)
    wait_for_engine(page)
    choose_files(page, forty_zip)
    expect_forty(page)
    page.get_by_role("tab", name="Phenotypes").click()
    expect(alert(page, "stopped twice while it was computing")).to_be_visible(timeout=START)
    expect(alert(page, "second time with the same request")).to_be_visible()
    expect(alert(page, "The engine stopped and starts again")).to_have_count(2)
    expect(alert(page, "second time").locator("code")).to_contain_text("imagenomer run")
    page.get_by_role("tab", name="Overview").click()
    expect_saved(page)
    page.context.close()


def test_an_opening_that_stops_the_engine_can_be_tried_again_once(
    browser: Browser, site_url: str, forty_zip: Path, watch: Watch, allowed: list[str]
) -> None:
    allowed += ABORTED
    page = new_page(browser, watch)
    open_python(page, BREAK_AT_MARK.replace("MARK", "forty.zip"))
    page.goto(site_url)
    wait_for_engine(page)
    choose_files(page, forty_zip)
    told = alert(page, "while it was opening forty.zip")
    expect(told).to_be_visible(timeout=START)
    expect(told).to_contain_text("imagenomer open forty.zip")
    told.get_by_role("button", name="Try again").click()
    expect(alert(page, "second time with the same request")).to_be_visible(timeout=START)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    open_quick_demo(page)
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    page.context.close()


def test_an_engine_lost_again_and_again_stays_stopped_until_it_is_wanted(forty: Page, allowed: list[str]) -> None:
    allowed.append("out of order")
    with forty.expect_worker(timeout=START):
        engine_of(forty).evaluate("() => { setTimeout(() => { throw new Error('out of order'); }); }")
    expect_as_it_was(forty)
    wait_for_rest(forty)
    engine_of(forty).evaluate("() => { setTimeout(() => { throw new Error('out of order'); }); }")
    told = alert(forty, "does not restart")
    expect(told).to_contain_text("Forty stays on screen")
    save(forty)
    assert len(forty.workers) == 0
    with forty.expect_worker(timeout=START):
        told.get_by_role("button", name="Start the engine again").click()
    expect_as_it_was(forty)
    expect(told).to_have_count(0)
    expect_saved(forty)


def test_an_engine_that_dies_while_it_starts_can_be_started_again(
    browser: Browser, site_url: str, watch: Watch, allowed: list[str]
) -> None:
    allowed.append("no luck")
    page = new_page(browser, watch)
    page.add_init_script(
        """let luckless = true;
        const unlucky = URL.createObjectURL(new Blob(["throw new Error('no luck')"])), Fortunate = Worker;
        self.Worker = class { constructor(url) { return new Fortunate(luckless ? unlucky : url); } };
        self.addEventListener("pointerdown", () => { luckless = false; });"""
    )
    page.goto(f"{site_url}#demo=quick")
    told = alert(page, "The engine did not start")
    expect(told).to_contain_text("Not opened yet: the demo cohort", timeout=START)
    expect(told).to_contain_text("no luck")
    told.get_by_role("button", name="Start the engine again").click()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    expect(told).to_have_count(0)
    page.context.close()


# --- an engine that hangs ------------------------------------------------------------------------


def test_an_engine_that_is_silent_can_be_stopped(open_page: Page, site_url: str, forty_zip: Path) -> None:
    open_page.clock.install()
    open_page.goto(site_url)
    show_forty(open_page, forty_zip)
    stop = open_page.get_by_role("button", name="Stop the engine and start it again")
    open_page.clock.fast_forward("01:00")
    expect(stop).to_have_count(0)  # it has nothing to do
    replace_save(open_page, "while True: pass")
    save(open_page)
    expect(open_page.locator("#work")).to_contain_text("Saving the bundle")
    expect(stop).to_have_count(0)
    open_page.clock.fast_forward("00:21")
    expect(alert(open_page, "No response for 20 seconds")).to_be_visible()
    with open_page.expect_worker(timeout=START):
        stop.click()
    expect_as_it_was(open_page)
    expect_saved(open_page)


def test_an_analysis_that_does_not_obey_cancel_can_be_stopped(forty: Page) -> None:
    in_python(
        forty,
        "import imagenomer.engine as package\n"
        "async def run(workspace, job, **given):\n    while True: pass\n"
        "package._CALLS['run'] = run\n",
    )
    forty.get_by_role("tab", name="Associations").click()
    address = forty.evaluate("location.hash")
    forty.get_by_role("button", name="Cancel").first.click()
    clicked = time.monotonic()
    stop = forty.get_by_role("button", name="Stop the engine and start it again")
    stop.wait_for()
    assert time.monotonic() - clicked < 2.5, "it comes a second after, give or take a busy machine"
    box = stop.bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert box["height"] >= 40
    expect(alert(forty, "The engine is still at work")).to_contain_text("Forty opens again by itself")
    with forty.expect_worker(timeout=START):
        stop.click()
    expect(forty.get_by_role("tab", name="Associations")).to_have_attribute("aria-selected", "true", timeout=START)
    expect_saved(forty)
    assert alert(forty, "").count() == 0
    # What was stopped does not begin by itself: it would have to be stopped again.
    expect(forty.get_by_text("Stopped. Press Run")).to_be_visible()
    expect(forty.locator("#groups")).to_contain_text("Women")
    assert forty.evaluate("location.hash") == address
    forty.get_by_role("button", name="Run", exact=True).click()
    expect(forty.locator("section.matrix canvas").first).to_be_visible(timeout=START)
    expect(forty.get_by_text("Stopped. Press Run")).to_be_hidden()


def test_the_offer_to_stop_goes_when_the_analysis_obeys_late(forty: Page) -> None:
    in_python(
        forty,
        "import asyncio\n"
        "import imagenomer.engine as package\n"
        "run_before, begun, obeying = package._CALLS['run'], [], []\n"
        "async def run(workspace, job, **given):\n"
        "    begun.append(True)\n"
        "    while not obeying:\n        await asyncio.sleep(0.05)\n"
        "    raise package.Cancelled\n"
        "package._CALLS['run'] = run\n",
    )
    forty.get_by_role("tab", name="Associations").click()
    forty.get_by_role("button", name="Run", exact=True).click()
    # What is cancelled before the engine begins with it is obeyed at once.
    in_python_until(forty, "begun")
    forty.get_by_role("button", name="Cancel").first.click()
    expect(forty.get_by_text("Stopping")).to_be_visible()  # what was clicked is answered at once
    offer = forty.get_by_role("button", name="Stop the engine and start it again")
    expect(offer).to_be_visible()
    in_python(forty, "package._CALLS['run'] = run_before\nobeying.append(True)")
    expect(offer).to_be_hidden()
    expect_saved(forty)


# --- memory --------------------------------------------------------------------------------------

FILL = "import numpy as np; kept = [np.empty((2**13, 2**14)) for _ in range(9)]"


@pytest.mark.parametrize(
    ("greed", "said"),
    [
        pytest.param(FILL, "it asked for another 1.1 GB", id="the heap is full"),
        pytest.param("import numpy as np; np.empty((50000, 60000))", "not enough memory", id="more than 2 GB at once"),
        pytest.param("raise MemoryError", "not enough memory for this.", id="MemoryError"),
        pytest.param("import js; js.ArrayBuffer.new(2**45)", "not enough memory", id="the browser's memory"),
    ],
)
def test_a_lack_of_memory_is_explained_and_the_cohort_stays_open(forty: Page, greed: str, said: str) -> None:
    replace_save(forty, greed)
    save(forty)
    told = alert(forty, "not enough memory")
    expect(told).to_contain_text(said, timeout=START)
    expect(told).to_contain_text("Forty is still open")
    expect(told).to_contain_text("imagenomer convert forty.zip Forty.zip")
    expect(alert(forty, "wrong in ImageNomer itself")).to_have_count(0)
    forty.get_by_role("tab", name="Associations").click()
    expect(forty.locator("section.figure, canvas").first).to_be_visible(timeout=START)


# --- a report ------------------------------------------------------------------------------------


def test_the_report_of_a_bug_says_where_it_was_and_quotes_no_data(forty: Page, allowed: list[str]) -> None:
    allowed.append("subject 98765 weighs 43210")
    page = forty
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    replace_save(page, "raise ValueError('subject 98765 weighs 43210') from KeyError('subject 98765 weighs 43210')")
    save(page)
    told = alert(page, "wrong in ImageNomer itself")
    expect(told).to_contain_text("subject 98765 weighs 43210")  # here it may be seen: it is the user's own
    told.get_by_role("button", name="Copy report").click()
    expect(told.get_by_role("button", name="Copied")).to_be_visible()
    report = page.evaluate("navigator.clipboard.readText()")
    manifest = manifest_of(page)
    assert f"ImageNomer {manifest['version']}, build {manifest['build']}" in report
    assert page.evaluate("navigator.userAgent") in report
    assert [word for word in ("ValueError", "KeyError", "engine/__init__.py") if word not in report] == []
    assert [word for word in ("98765", "weighs", "43210") if word in report] == []


# --- assets --------------------------------------------------------------------------------------


def manifest_of(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.locator("#manifest").text_content() or "")
    return found


def flip(route: Route) -> None:
    answer = route.fetch()
    body = bytearray(answer.body())
    body[len(body) // 2] ^= 1
    route.fulfill(response=answer, body=bytes(body))


def cut(route: Route) -> None:
    answer = route.fetch()
    body = answer.body()
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    route.fulfill(status=200, headers=headers, body=body[: len(body) // 3])


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("pyodide.asm-*.wasm.*", lambda route: route.fulfill(status=404), "pyodide.asm.wasm could not be loaded (404"),
        ("pyodide.asm-*.wasm.*", flip, "pyodide.asm.wasm is damaged: its hash is not the one expected"),
        ("pyodide.asm-*.wasm.*", cut, "pyodide.asm.wasm was cut short:"),
        ("pyodide.asm-*.wasm.*", lambda route: route.abort("connectionreset"), "pyodide.asm.wasm could not be loaded"),
        ("interface-*", flip, "interface.py is damaged"),
        ("micropython-*", cut, "micropython.wasm was cut short"),
    ],
    ids=["missing", "damaged", "truncated", "connection lost", "the page's own", "the page's interpreter"],
)
def test_an_asset_in_trouble_is_named_and_a_reload_is_the_way_on(
    browser: Browser, site_url: str, watch: Watch, allowed: list[str], name: str, damage: Any, said: str
) -> None:
    allowed += ["404", "ERR_", "Failed to load resource"]
    page = new_page(browser, watch)
    page.route(f"**/{name}", damage)
    page.goto(f"{site_url}#demo=quick")
    told = alert(page, said)
    expect(told).to_be_visible(timeout=START)
    if name.startswith("pyodide"):  # else there is no interface yet that could know
        expect(told).to_contain_text("Not opened yet: the demo cohort")
    expect(page.get_by_role("heading", name="ImageNomer")).to_be_visible()
    page.unroute_all()
    way_on = told.get_by_role("button", name="Reload the page")
    expect(way_on).to_be_visible()
    if damage is flip:  # which a browser may keep; the way on is the same for all, but for the page's own
        way_on.click()
        expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    page.context.close()


def test_a_part_that_comes_late_and_damaged_leaves_the_rest_working(
    browser: Browser, site: Path, site_url: str, watch: Watch
) -> None:
    page = new_page(browser, watch)
    html = (site / "index.html").read_text(encoding="utf-8")
    manifest = json.loads(html.split('id="manifest">')[1].split("</script>")[0])
    late = [entry for entry in manifest["assets"] if entry["stage"] in {"soon", "rest"}]
    page.route(f"**/{late[0]['path']}", flip)
    page.goto(f"{site_url}#demo=quick")
    told = alert(page, f"{late[0]['name']} is damaged")
    expect(told).to_contain_text("everything else does", timeout=START)
    expect(page.get_by_role("tab", name="Overview")).to_be_visible(timeout=START)
    page.get_by_role("tab", name="Phenotypes").click()
    expect(page.get_by_text("needs a part of the program that did not arrive whole").first).to_be_visible(timeout=START)
    page.unroute_all()
    page.context.close()


# --- browsers that cannot ------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["WebAssembly", "WebAssembly.Exception", "DecompressionStream", "BigInt", "Worker"])
def test_a_browser_that_lacks_something_is_told_what_and_which_are_new_enough(
    browser: Browser, site_url: str, watch: Watch, missing: str
) -> None:
    page = new_page(browser, watch)
    page.add_init_script(f"delete self.{missing}")
    page.goto(site_url)
    told = alert(page, "This browser is too old")
    expect(told).to_contain_text("Chrome and Edge 95, Firefox 113 and Safari 16.4")
    expect(told).to_contain_text("exceptions in WebAssembly" if "." in missing else missing)
    expect(page.locator("#stuck")).to_have_count(0)
    page.context.close()


def test_a_browser_that_cannot_read_the_loader_shows_a_notice_that_others_never_see(
    browser: Browser, site_url: str, watch: Watch, allowed: list[str]
) -> None:
    allowed += ["Content Security Policy"]  # the loader is not the one whose hash is in it

    def spoil(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"use strict";', "let let = 2050;"))

    page = new_page(browser, watch)
    page.route(site_url, spoil)
    page.goto(site_url)
    expect(page.get_by_text("this browser is too old for ImageNomer")).to_be_visible()
    page.unroute_all()
    page.reload()
    # The second policy is the loader's.
    expect(page.locator("meta[http-equiv=Content-Security-Policy]")).to_have_count(2, timeout=START)
    expect(page.locator("#stuck")).to_have_count(0)
    page.context.close()


def test_without_javascript_the_page_says_that_it_needs_it(browser: Browser, site_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site_url)
    # Chromium does not show <noscript> where scripts are switched off by its developer tools, as here.
    expect(page.get_by_text("JavaScript is switched off for this page")).to_be_visible()
    assert "needs JavaScript and WebAssembly" in (page.locator("noscript").text_content() or "")
    context.close()
