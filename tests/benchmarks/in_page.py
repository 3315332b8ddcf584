"""Opening the page for a benchmark, with a way into its engine; and running the same code natively."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driving import Watch, new_page, wait_for_engine
from playwright.sync_api import Browser, Page, Worker

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: A window into the engine's worker, whose Python is out of reach otherwise; and `felt(act, pictures)`, the time from
#: an action to the frame after so many pictures have been put on screen.
INSTRUMENTS = """
const create = URL.createObjectURL, window_ = `
    const load = self.loadPyodide;
    self.loadPyodide = async (options) => (self.python = await load(options));`;
URL.createObjectURL = (blob) => create.call(URL, blob.size > 1e6 ? new Blob([blob, window_]) : blob);

let put = 0;
const putImageData = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put += 1;
    return putImageData.apply(this, given);
};
const frame = () => new Promise(requestAnimationFrame);
self.felt = async (act, pictures) => {
    const started = performance.now(), before = put;
    act();
    while (put - before < pictures) {
        if (performance.now() - started > 60000) throw new Error("nothing was painted");
        await frame();
    }
    await frame();
    return performance.now() - started;
};
addEventListener("change", () => { self.changed = performance.now(); }, true);
"""

#: Remembers what was opened, so that it can be opened again, and does no idle work, so that first times are first.
HOOK = """
import json, sys, types
import engine_later
chosen, idle_work = [], iter(())
handle = engine.handle
async def remembering(call, arguments, files=None, *others):
    if call == "open_files":
        chosen.append((arguments, files))
    return await engine_later.patiently(lambda: handle(call, arguments, files, *others))
engine.handle = remembering
from js import benchmark_sources
async def read_sources():
    for name, source in json.loads(benchmark_sources).items():
        sys.modules[name] = types.ModuleType(name)
        exec(compile(source, f"{name}.py", "exec"), sys.modules[name].__dict__)
await engine_later.patiently(read_sources)
import longest, stages
"""

#: Does all of its idle work at once.
IDLE = """
import asyncio
while await do_idle_work():
    await asyncio.sleep(0.02)
"""


def open_page(browser: Browser, site_url: str, *, idle_work: bool = False) -> tuple[Page, Worker]:
    """Open the page, note in ``self.ready`` when the engine was, and have `stages` and `longest` in the worker.

    With ``idle_work`` the engine first does all that it does while nobody asks for anything, else none of it.
    """
    page = new_page(browser, Watch())
    page.set_default_timeout(3_000_000)
    page.add_init_script(INSTRUMENTS)
    page.goto(site_url)
    worker = wait_for_engine(page)
    page.evaluate("self.ready = performance.now()")
    if idle_work:
        run_in_worker(worker, IDLE)
    sources = {name: (HERE / f"{name}.py").read_text(encoding="utf-8") for name in ("stages", "longest")}
    worker.evaluate("(sources) => { self.benchmark_sources = sources; }", json.dumps(sources))
    run_in_worker(worker, HOOK)
    return page, worker


def run_in_worker(worker: Worker, code: str) -> Any:
    """Run Python in the engine's worker."""
    return worker.evaluate("async (code) => (await self.python.runPythonAsync(code)) ?? null", code)


def timed(worker: Worker, coroutine: str) -> Any:
    """Return what a coroutine of `stages` or `longest` returns in the worker."""
    return json.loads(run_in_worker(worker, f"json.dumps(await {coroutine})"))


def run_natively(script: Path, *arguments: Path) -> Any:
    """Return what a script prints as JSON."""
    command = [sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def said_natively(script: Path) -> Iterator[Any]:
    """Return what a script prints line by line as JSON, each when it is printed."""
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True, encoding="utf-8") as running:
        assert running.stdout is not None
        yield from map(json.loads, running.stdout)
    assert running.returncode == 0, f"{script.name} failed"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "py"), "OPENBLAS_NUM_THREADS": "1"}
