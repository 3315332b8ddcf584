"""The main journey and the promise of privacy in Chromium, Firefox and WebKitGTK, served and opened from disk.

All else is tested in Chromium alone, and so is all of this where Chromium is served: the journey in the files of each
tab, the promise in `test_privacy`, the copy in `test_offline`. Here stands what browsers do differently: files,
workers, policies, WebAssembly, pictures, downloads.
"""

from __future__ import annotations

import json
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from engines import Chromium, Driver, Firefox, WebKit, drop, wait_for, wait_for_download
from exfiltration import ATTEMPTS, PYTHON_ATTEMPTS, SILENT_ATTEMPTS
from hosting import Host, Trap

import browsers
import product_checks
from imagenomer.cohort import Cohort
from imagenomer.progress import finish
from imagenomer.readers import bundle_bytes

#: Seconds. WebKitGTK starts the engine in half a minute where two cores are busy with something else.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

#: WebKitGTK says so when a page that is resized takes another turn to settle; of a page from disk, it says no more than
#: that there was an error, as it does of any: what it was is heard where the page is served. Firefox says at times, the
#: moment an engine at work is ended, that `undefined` was thrown, without a place; no event tells the page of it.
ALLOWED = [
    "ResizeObserver loop completed with undelivered notifications",
    "uncaught: Script error.",
    "^javascript error: uncaught exception: undefined$",
]


def missing(name: str) -> None:
    """Skip the test for want of a browser; in CI that is a failure."""
    message = f"{name} is not on this machine; build_scripts/test.py installs it where that is possible"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def start_browser(name: str, request: pytest.FixtureRequest) -> Driver:
    if name == "Chromium":
        return Chromium(request.getfixturevalue("browser"))
    if name == "Firefox":
        program = browsers.find_firefox()
        return Firefox(program) if program else missing(name)
    programs = browsers.find_webkit()
    return WebKit(*programs) if programs else missing(name)


@dataclass
class Visit:
    """A page with its engine ready.

    Attributes
    ----------
    driver : Driver
    host : Host or None
        What served it; None if it was opened from disk.
    asked : int
        How many requests had come to the host, and
    seen : int
        how many the browser had told of, when everything was there.
    journeyed : bool
        Whether every view has been looked at.
    has_second_engine : bool
        Whether there is the engine that listens to tests.
    """

    driver: Driver
    host: Host | None
    asked: int = 0
    seen: int = 0
    journeyed: bool = False
    has_second_engine: bool = False

    def arrived(self) -> list[str]:
        """What came to the host since everything was there."""
        return self.host.asked[self.asked :] if self.host else []

    def requests(self) -> list[str]:
        """The same, and what the browser told of; some tell of requests that they refuse, too."""
        told = self.driver.watch.requests[self.seen :]
        return [url for url in told if not url.startswith(("blob:", "data:"))] + self.arrived()


#: Chromium served is what all other files test.
VISITS = ("Chromium, from disk", "Firefox, served", "Firefox, from disk", "WebKitGTK, served", "WebKitGTK, from disk")
#: Kernels depend on the browser, not on where the page comes from: there a first look is enough.
THOROUGH = ("Chromium, from disk", "Firefox, served", "WebKitGTK, served")


@pytest.fixture(scope="module", params=VISITS)
def visit(request: pytest.FixtureRequest, site: Path, single_file: Path) -> Iterator[Visit]:
    """The page, its engine ready, in one of the browsers, from one of the two places."""
    name, place = request.param.split(", ")
    host = Host(site) if place == "served" else None
    try:
        driver = start_browser(name, request)
        try:
            visit = Visit(driver, host)
            driver.open(host.url if host else single_file.as_uri())
            wait_for(driver, READY)
            wait_for(driver, KEPT)
            visit.asked, visit.seen = len(host.asked) if host else 0, len(driver.watch.requests)
            yield visit
        finally:
            driver.close()
    finally:
        if host:
            host.stop()


@pytest.fixture
def bundle(cohort: Cohort, tmp_path: Path) -> Path:
    """The forty subjects as a bundle, zipped."""
    path = tmp_path / "forty.zip"
    path.write_bytes(finish(bundle_bytes(cohort)))
    return path


# --- what is asked of the page --------------------------------------------------------------------

READY = "() => document.querySelector('#start-progress').innerText.includes('Ready')"
#: Whether the copy for use without network is made, where there can be one; that is all that happens later.
KEPT = """async () => {
    const registration = await navigator.serviceWorker?.getRegistration().catch(() => null);
    if (!registration) return true;
    if (!registration.active) return false;
    for (const name of await caches.keys()) {
        const kept = await (await caches.open(name)).keys();
        const needed = imagenomer.manifest.assets.filter(({stage}) => !["asked", "language"].includes(stage));
        if (needed.every(({path}) => kept.some(({url}) => url.endsWith(path)))) return true;
    }
    return false;
}"""
VISIBLE = "(selector) => [...document.querySelectorAll(selector)].some((element) => element.checkVisibility())"
TEXT = "(selector) => document.querySelector(selector)?.innerText ?? ''"


def wait_for_text(driver: Driver, selector: str, *parts: str) -> str:
    """Wait until an element says all of this, and return what it says."""
    found = f"""(selector, parts) => {{
        const text = ({TEXT})(selector);
        return parts.every((part) => text.includes(part)) && text;
    }}"""
    return str(wait_for(driver, found, selector, parts))


def press(driver: Driver, name: str, within: str = "body") -> None:
    """Click what is visible and has this name."""
    mark = """(name, within) => {
        for (const old of document.querySelectorAll("[data-pressed]")) old.removeAttribute("data-pressed");
        const found = [...document.querySelectorAll(`${within} :is(button, summary)`)].find((element) =>
            (element.getAttribute("aria-label") ?? element.innerText.trim()) === name && element.checkVisibility());
        found?.setAttribute("data-pressed", "");
        return Boolean(found);
    }"""
    wait_for(driver, mark, name, within)
    driver.click("[data-pressed]")


def fill(driver: Driver, label: str, text: str) -> None:
    """Type into the field of this label."""
    driver.evaluate(
        """(label, text) => {
            const found = [...document.querySelectorAll("label")].find((one) => one.innerText.trim() === label);
            found.control.value = text;
            for (const kind of ["input", "change"]) found.control.dispatchEvent(new Event(kind, {bubbles: true}));
        }""",
        label,
        text,
    )


def choose(driver: Driver, label: str, text: str) -> None:
    """Choose from the list of this label in the form of an analysis."""
    driver.evaluate(
        """(label, text) => {
            const labels = [...document.querySelectorAll(".analysis label")].filter((one) => one.checkVisibility());
            const {control} = labels.find((one) => one.innerText.trim().startsWith(label));
            control.value = [...control.options].find((option) => option.label === text).value;
            control.dispatchEvent(new Event("change", {bubbles: true}));
        }""",
        label,
        text,
    )


def go(driver: Driver, tab: str, analysis: str = "") -> None:
    driver.click(f"#tab-{tab}")
    wait_for(driver, "(id) => document.getElementById(id).getAttribute('aria-selected') === 'true'", f"tab-{tab}")
    if analysis:
        press(driver, analysis, "[aria-label=Analysis]")


def expect_forty(driver: Driver) -> None:
    wait_for_text(driver, "#cohort-name", "Forty")
    wait_for_text(driver, "#cohort-counts", "40 subjects")
    wait_for_text(driver, "#status", "Forty is open")


def forget_status(driver: Driver) -> None:
    """So that what is waited for is not what the page said of a cohort opened before."""
    driver.evaluate("() => { document.getElementById('status').textContent = ''; }")


def open_bundle(driver: Driver, bundle: Path) -> None:
    forget_status(driver)
    driver.set_files("#choose-files", [bundle])
    expect_forty(driver)


def expect_painted(driver: Driver, selector: str) -> None:
    """Wait until every canvas has a picture: many colours, and something opaque."""
    painted = """(selector) => {
        const canvases = [...document.querySelectorAll(selector)].filter((canvas) => canvas.checkVisibility());
        return canvases.length > 0 && canvases.every((canvas) => {
            if (!canvas.width || !canvas.height) return false;
            const copy = document.createElement("canvas");
            [copy.width, copy.height] = [canvas.width, canvas.height];
            const context = copy.getContext("2d", {willReadFrequently: true});
            context.drawImage(canvas, 0, 0);
            const {data} = context.getImageData(0, 0, copy.width, copy.height);
            const colours = new Set(new Uint32Array(data.buffer));
            return colours.size > 5 && data.some((value, at) => at % 4 === 3 && value === 255);
        });
    }"""
    wait_for(driver, painted, selector)


def expect_drawn(driver: Driver) -> None:
    """Wait until the figure that Matplotlib drew is on screen and decoded."""
    wait_for(
        driver,
        """() => [...document.querySelectorAll("section.figure img")].some((image) =>
            image.checkVisibility() && image.complete && image.naturalWidth > 100)""",
    )


def run_every_view(driver: Driver) -> None:
    """Look at every view, and wait until each shows what it has."""
    go(driver, "Overview")
    wait_for(driver, VISIBLE, "#content h2")
    go(driver, "Connectivity")
    expect_painted(driver, ".tile canvas")
    go(driver, "Phenotypes", "Distribution")
    expect_drawn(driver)
    go(driver, "Associations", "Edge association")
    wait_for(driver, VISIBLE, ".result table.grid tbody tr")


# --- the journey ----------------------------------------------------------------------------------


def test_from_a_file_to_a_result_and_its_figure(visit: Visit, bundle: Path, cohort: Cohort) -> None:
    driver = visit.driver
    open_bundle(driver, bundle)
    wait_for_text(driver, "#content", "age", "nback")

    go(driver, "Connectivity")
    expect_painted(driver, ".tile canvas")
    assert driver.evaluate("() => document.querySelectorAll('.tile').length") == 24
    driver.click(".tile")
    expect_painted(driver, "dialog canvas")
    press(driver, "Back to the gallery", "dialog")

    n_older = int((cohort.phenotypes["age"].values > 175).sum())
    press(driver, "Type", "#groups")
    fill(driver, "Expression", "age > 175")
    fill(driver, "Name", "older")
    press(driver, "Add group", "#groups")
    wait_for_text(driver, "#groups ul", "older", str(n_older))

    go(driver, "Phenotypes", "Distribution")
    expect_drawn(driver)
    press(driver, "Download figure", "section.figure")
    press(driver, "SVG", "section.figure")
    saved = wait_for_download(driver, ".svg")
    assert saved.startswith(b"<?xml")
    assert saved.rstrip().endswith(b"</svg>")

    go(driver, "Associations", "Edge association")
    choose(driver, "Phenotype", "age")
    # The edge that follows age by construction, in the first row.
    wait_for_text(driver, ".result table.grid tbody tr", "P0", "P4")
    expect_painted(driver, ".result section.matrix canvas")

    visit.journeyed = True
    driver.watch.check(ALLOWED)


def test_a_file_and_a_folder_can_be_dropped(visit: Visit, bundle: Path) -> None:
    driver = visit.driver
    with zipfile.ZipFile(bundle) as archive:
        folder = [(f"forty/{name}", archive.read(name)) for name in archive.namelist() if not name.endswith("/")]
    for files in ([("forty.zip", bundle.read_bytes())], folder):
        if driver.evaluate(VISIBLE, "#open-another"):
            press(driver, "Open another")
        forget_status(driver)
        drop(driver, files)
        expect_forty(driver)
    driver.watch.check(ALLOWED)


def test_a_folder_of_many_formats_can_be_dropped(visit: Visit) -> None:
    """Matrices, a table with semicolons and a code, motion, and parcels of BrainNet Viewer, in folders."""
    driver, rng = visit.driver, np.random.default_rng(1)
    files: list[tuple[str, bytes]] = []
    for number in range(1, 13):
        square = np.corrcoef(rng.standard_normal((8, 60)))
        rows = "\n".join(",".join(f"{value:.6f}" for value in row) for row in square)
        files.append((f"mixed/sub-{number:02d}/sub-{number:02d}_task-rest_fc.csv", rows.encode()))
        motion = f"framewise_displacement\nn/a\n0.{number}\n0.{number}\n"
        files.append((f"mixed/sub-{number:02d}/sub-{number:02d}_task-rest_motion.tsv", motion.encode()))
    table = "ID;age;score\n" + "".join(f"{n};{20 + n},5;{-9999 if n == 3 else 90 + n}\n" for n in range(1, 13))
    places = "".join(f"{(-1) ** n * 30} {8 * n - 30} {40 - 6 * n} 1 1 Area{n}\n" for n in range(8))
    files += [("mixed/tables/pheno.csv", table.encode()), ("mixed/nodes.node", places.encode())]
    if driver.evaluate(VISIBLE, "#open-another"):
        press(driver, "Open another")
    forget_status(driver)
    drop(driver, files)
    wait_for_text(driver, "#understood", "12 in tables/pheno.csv", "score: -9999 (once) read as missing", "nodes.node")
    press(driver, "Go on", "#understood")
    wait_for_text(driver, "#content", "age", "score", "mean_fd")
    go(driver, "Connectivity")
    expect_painted(driver, ".tile canvas")
    driver.watch.check(ALLOWED)


# --- products of matrices -------------------------------------------------------------------------

#: The engine multiplies by the first module that the browser knows all instructions of; then by each of these.
MULTIPLY = """
import base64, js, pyodide_js
from pyodide.ffi import to_js
import engine_kernels
assert isinstance(products.use(products.Blas()), engine_kernels.Kernels)
python = to_js({"python": {"memory": pyodide_js._module.memory}}, dict_converter=js.Object.fromEntries)
n_modules = 0
for packed in js._kernels:
    module = to_js(base64.b64decode(packed))
    if js.WebAssembly.validate(module):
        functions = js.WebAssembly.Instance.new(js.WebAssembly.Module.new(module), python).exports
        products.use(engine_kernels.Kernels(functions, products.Blas()))
        n_modules += 1
        for check in list(CHECKS.values())[:N_CHECKS]:
            check()
assert n_modules
"""


def test_matrices_are_multiplied_right(visit: Visit, request: pytest.FixtureRequest) -> None:
    open_second_engine(visit)
    import_them = json.dumps([{"code": "import numpy.random, numpy.testing, scipy.linalg", "seconds": 60}])
    wait_for(visit.driver, f"async () => (await ({IN_ENGINE})({import_them}))[0] === 'went out'")
    n_checks = len(product_checks.CHECKS) if request.node.callspec.params["visit"] in THOROUGH else 1
    checks = Path(product_checks.__file__).read_text(encoding="utf-8")
    attempt = {"code": f"{checks}\nN_CHECKS = {n_checks}\n{MULTIPLY}", "seconds": 300}
    assert visit.driver.evaluate(IN_ENGINE, [attempt]) == ["went out"]


# --- privacy --------------------------------------------------------------------------------------

#: Goes before and after the script of the engine: it listens to the test, and goes on when a request is refused.
BEFORE = """for (const fault of ["error", "unhandledrejection"])
    self.addEventListener(fault, (event) => (event.preventDefault(), event.stopImmediatePropagation()));
self.addEventListener("message", async (event) => {
    if (event.data.type !== "attempt") return;
    event.stopImmediatePropagation();
    const [port] = event.ports, {name, code, url} = event.data, attempts = {%s};
    try {
        self.address = url;
        await (code ? self.python.runPythonAsync(code) : attempts[name](url));
        port.postMessage("went out");
    } catch (error) { port.postMessage(`${error}`); }
});
"""
AFTER = """
{
    const load = self.loadPyodide;
    self.loadPyodide = async (options) => (self.python = await load(options));
}"""

#: Makes another engine, like the first but for that, and at hand as ``self.engine``.
OPEN_ENGINE = """async (before, after) => {
    const shipped = await imagenomer.blob("engine.worker.js");
    const script = await new Response(shipped.stream().pipeThrough(new DecompressionStream("gzip"))).text();
    const PlainWorker = Worker;
    self.Worker = function () {
        self.Worker = PlainWorker;
        self.engine = new Worker(URL.createObjectURL(new Blob([before, script, after])));
        self.engine.addEventListener("message", ({data}) => { if (data.type === "ready") self.engineIsReady = true; });
        return self.engine;
    };
    imagenomer.make_worker();
}"""

#: Seconds after which an attempt is taken to have come to nothing: what it was to reach says whether it has.
SILENCE = 5

#: What attempts in the engine come to, made at once: each within so many seconds, since some never say how they end.
IN_ENGINE = """(attempts) => Promise.all(attempts.map((attempt) => new Promise((resolve) => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = ({data}) => resolve(data);
    setTimeout(resolve, 1000 * attempt.seconds, "silence");
    self.engine.postMessage({type: "attempt", ...attempt}, [port2]);
})))"""

#: What attempts in the page come to, made at once: a list of name and outcome. Some never say how they end.
IN_PAGE = """(url) => {
    const attempts = {%s};
    return Promise.all(Object.entries(attempts).map(async ([name, attempt]) => {
        const silence = new Promise((resolve) => setTimeout(resolve, 5_000, "silence"));
        const tried = new Promise((resolve) => resolve(attempt(url))).then(() => "went out", (error) => `${error}`);
        return [name, await Promise.race([tried, silence])];
    }));
}"""

#: What is left behind, each in its own way forbidden in some browser to some page.
LEFT = """async () => {
    const look = async (question) => {
        try { return await question(); } catch { return []; }
    };
    return {
        cookies: await look(() => document.cookie.split(";").filter(Boolean)),
        local: await look(() => Object.keys(localStorage)),
        session: await look(() => Object.keys(sessionStorage)),
        databases: await look(async () => (await indexedDB.databases()).map(({name}) => name)),
        opfs: await look(async () => {
            const names = [];
            for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
            return names;
        }),
        kept: await look(async () => {
            const urls = [];
            for (const name of await caches.keys())
                for (const {url} of await (await caches.open(name)).keys()) urls.push(url);
            return urls;
        }),
    };
}"""


def listed(attempts: dict[str, str]) -> str:
    """The attempts as the inside of a JavaScript object."""
    return ", ".join(f"{json.dumps(name)}: {function}" for name, function in attempts.items())


def open_second_engine(visit: Visit) -> None:
    """Make the engine that listens to tests, and wait until it answers, unless there is one."""
    if not visit.has_second_engine:
        visit.driver.evaluate(OPEN_ENGINE, BEFORE % listed(ATTEMPTS), AFTER)
        wait_for(visit.driver, "() => Boolean(self.engineIsReady)")
        visit.has_second_engine = True


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def addresses(visit: Visit, trap: Trap) -> list[str]:
    """Another origin, and the page's own where it has one."""
    return [f"{trap.url}?secret", *([f"{visit.host.url}?secret"] if visit.host else [])]


def test_nothing_is_asked_for_and_nothing_is_left_behind(visit: Visit, bundle: Path, site: Path) -> None:
    driver = visit.driver
    if not visit.journeyed:
        open_bundle(driver, bundle)
        run_every_view(driver)
    assert visit.requests() == []
    left = driver.evaluate(LEFT)
    kept = left.pop("kept")
    assert {name: found for name, found in left.items() if found} == {}
    program = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()} | {""}
    assert {url.removeprefix(visit.host.url) for url in kept} <= program if visit.host else kept == []
    driver.watch.check(ALLOWED)


def test_the_engine_cannot_reach_out(visit: Visit, trap: Trap) -> None:
    driver = visit.driver
    open_second_engine(visit)
    import_it = json.dumps([{"code": "import micropip", "seconds": 10}])
    wait_for(driver, f"async () => (await ({IN_ENGINE})({import_it}))[0] === 'went out'")
    # What Python waits for and was refused never ends in WebKitGTK.
    may_be_silent = driver.name == "WebKitGTK"
    seconds = 5 if may_be_silent else 60
    for address in addresses(visit, trap):
        codes = [f"from js import address\n{code}" for code in PYTHON_ATTEMPTS]
        attempts = [{"code": code, "url": address, "seconds": seconds} for code in codes]
        for code, outcome in zip(PYTHON_ATTEMPTS, driver.evaluate(IN_ENGINE, attempts), strict=True):
            assert outcome != "went out", f"{code} to {address}"
            assert outcome != "silence" or may_be_silent, f"{code} to {address} never ends"
            assert not re.search("SyntaxError|ModuleNotFoundError", outcome), outcome
    assert driver.evaluate(IN_ENGINE, [{"code": "1", "seconds": 60}]) == ["went out"]
    # Last what hangs a worker of Firefox for good, once it was refused.
    for names in ([name for name in ATTEMPTS if name != "WebTransport"], ["WebTransport"]):
        for address in addresses(visit, trap):
            attempts = [{"name": name, "url": address, "seconds": SILENCE} for name in names]
            for name, outcome in zip(names, driver.evaluate(IN_ENGINE, attempts), strict=True):
                assert outcome != "went out", f"{name} to {address}"
    assert trap.visits == []
    assert visit.arrived() == []
    driver.evaluate("() => self.engine.terminate()")
    visit.has_second_engine = False


def test_the_page_cannot_reach_out(visit: Visit, trap: Trap) -> None:
    driver = visit.driver
    for address in addresses(visit, trap):
        outcomes = driver.evaluate(IN_PAGE % listed(ATTEMPTS), address)
        assert [name for name, outcome in outcomes if outcome == "went out"] == []
        driver.evaluate(IN_PAGE % listed(SILENT_ATTEMPTS), address)
    assert trap.visits == []
    assert visit.arrived() == []


# --- without network ------------------------------------------------------------------------------


@pytest.mark.parametrize("visit", [visit for visit in VISITS if visit.endswith("served")], indirect=True)
def test_it_opens_again_without_network(visit: Visit, bundle: Path) -> None:
    """Last, because it takes the page away from the others; from disk it was opened without network to begin with."""
    assert visit.host is not None
    visit.host.stop()
    visit.driver.open(visit.host.url)
    wait_for(visit.driver, READY)
    open_bundle(visit.driver, bundle)
    run_every_view(visit.driver)
