"""How long until there is something to see, beside Pyodide loaded as its documentation says: the same packages, the
same work, from the same server.

Read the ratios. Nothing is asserted but that all of it works.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import Watch, new_page, open_python, wait_for_engine
from playwright.sync_api import Browser

import runtime
import serve
import speed
from page import read_manifest
from wheel import make_wheel

RUNS = 3

#: What each stage does, in both engines; `engine` is there.
WORK = {
    "first matrix of the demo": """
        await call("open_demo", size="quick", seed=1)
        await call("gallery", measure="fc")
    """,
    "first figure": """
        await call("figure", analysis="phenotype-distribution", params={"phenotype": "age"}, format="svg",
                   name=await first_figure())
    """,
    "everything loaded": """
        import scipy.stats, sklearn.linear_model, sklearn.svm, matplotlib.backends.backend_pdf
    """,
}

HELPERS = """
import json
async def call(what, /, **arguments):
    text, _ = await engine.handle(what, json.dumps(arguments))
    return json.loads(text)
async def first_figure():
    report = await call("run", analysis="phenotype-distribution", params={"phenotype": "age"})
    return next(view["name"] for view in report["views"] if view["kind"] == "figure")
"""

UNMODIFIED = """
import "./pyodide.js";
const told = await (await fetch("stages.json")).json();
const here = new URL("./", location).href;
const python = await loadPyodide({indexURL: here, packageBaseUrl: here, lockFileContents: told.lock});
const times = {};
for (const [stage, packages, code] of told.stages) {
    if (packages.length) await python.loadPackage(packages, {messageCallback: () => {}});
    if (stage === "ready") {
        const wheel = await (await fetch(told.wheel)).arrayBuffer();
        python.unpackArchive(wheel, "wheel");
    }
    await python.runPythonAsync(code);
    times[stage] = performance.timeOrigin + performance.now();
}
postMessage(times);
"""


def dedented(stage: str) -> str:
    lines = WORK[stage].strip().splitlines()
    return "\n".join([lines[0], *(line.removeprefix("        ") for line in lines[1:])])


@pytest.fixture
def unmodified_url(tmp_path: Path) -> Iterator[str]:
    """Pyodide and the packages as they come, and a page that loads them."""
    lock = runtime.read_lock()
    folder = tmp_path / "unmodified"
    shutil.copytree(runtime.fetch_runtime(lock) / "pyodide", folder)
    name, content = make_wheel()
    (folder / name).write_bytes(content)
    packages = {
        package: {
            "name": package,
            "version": entry["version"],
            "file_name": entry["file"],
            "install_dir": "site",
            "sha256": lock["files"][f"pyodide/{entry['file']}"]["sha256"],
            "package_type": "package",
            "imports": [],
            "depends": entry["depends"],
        }
        for package, entry in lock["packages"].items()
    }
    ready = "from imagenomer.engine import Engine\nengine = Engine()\n" + HELPERS
    needed = {"first figure": ["matplotlib"], "everything loaded": list(packages)}
    stages = [["ready", ["scipy"], ready], *([stage, needed.get(stage, []), dedented(stage)] for stage in WORK)]
    told = {"lock": {"info": lock["info"], "packages": packages}, "wheel": name, "stages": stages}
    (folder / "stages.json").write_text(json.dumps(told), encoding="utf-8")
    (folder / "worker.mjs").write_text(UNMODIFIED, encoding="utf-8")
    script = '<script>worker = new Worker("worker.mjs", {type: "module"});</script>'
    page = f'<!doctype html><link rel="icon" href="data:,">{script}'
    (folder / "index.html").write_text(page, encoding="utf-8")
    with serve.Server(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.url
        server.shutdown()


@pytest.mark.timeout(3600)
def test_start_beside_pyodide_as_it_comes(
    browser: Browser, site: Path, site_url: str, unmodified_url: str, report: list[str]
) -> None:
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    for _ in range(RUNS):  # by turns, so that what else the machine does slows down both
        for times, run in ((ours, _ours(browser, site_url)), (theirs, _theirs(browser, unmodified_url))):
            for stage, milliseconds in run.items():
                times.setdefault(stage, []).append(milliseconds)
    speed.keep("start", {"ours": ours, "theirs": theirs})
    lines = ["", *speed.start(speed.kept("start")).splitlines()]
    sizes: dict[str, float] = {}
    for entry in read_manifest(site / "index.html")["assets"]:
        sizes[entry["stage"]] = sizes.get(entry["stage"], 0) + entry["size"] / 1e6
    wire = sizes["page"] + sizes["first"] + sizes["soon"]
    lines += [
        "",
        f"On the wire: {wire:.1f} MB up to the first figure, {sum(sizes.values()):.1f} MB in all.",
        f"Median of {RUNS}.",
    ]
    report += lines


def _ours(browser: Browser, url: str) -> dict[str, float]:
    page = new_page(browser, Watch())
    page.set_default_timeout(300_000)
    open_python(page)
    page.add_init_script(
        """const Plain = Worker;
        self.Worker = class extends Plain {
            constructor(...given) {
                super(...given);
                this.addEventListener("message", ({data}) => {
                    if (data && data.type === "ready") self.ready = performance.now();
                });
            }
        };"""
    )
    page.goto(url)
    worker = wait_for_engine(page)

    def python(code: str) -> Any:
        return worker.evaluate("async (code) => void await self.python.runPythonAsync(code)", code)

    python("idle_work, idle_piece = iter(()), None\n" + HELPERS)
    alive = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    times: dict[str, float] = {"page alive": page.evaluate(alive), "ready": page.evaluate("self.ready")}
    total = times["ready"]
    for stage in WORK:
        body = "\n".join(f"    {line}" for line in dedented(stage).splitlines())
        code = f"async def work():\n{body}\nawait engine_later.patiently(work)"
        total += worker.evaluate(
            """async (code) => {
                const started = performance.now();
                await self.python.runPythonAsync(code);
                return performance.now() - started;
            }""",
            code,
        )
        times[stage] = total
    page.context.close()
    return times


def _theirs(browser: Browser, url: str) -> dict[str, float]:
    page = new_page(browser, Watch())
    page.set_default_timeout(300_000)
    page.goto(url)
    times = page.evaluate(
        """() => new Promise((resolve, reject) => {
            worker.onmessage = ({data}) => resolve(Object.fromEntries(
                Object.entries(data).map(([stage, when]) => [stage, when - performance.timeOrigin])));
            worker.onerror = (event) => reject(new Error(event.message));
        })"""
    )
    page.context.close()
    return dict(times)
