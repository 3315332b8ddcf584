"""A whole session in the page and natively, stage by stage, at the size of the PNC.

Read the ratios: they hold on any machine, and milliseconds are those of a moment. Nothing is asserted but that all of
it works.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from driving import choose_files, choose_folder
from playwright.sync_api import Browser, Page, Worker

from benchmarks.in_page import ROOT, environment, open_page, run_natively, timed
from benchmarks.stages import KERNEL, TEXTBOOK, Times
from imagenomer.progress import finish
from imagenomer.readers.bundle import write_bundle
from imagenomer.teaching import generate

SESSIONS = 3
STAGES = Path(__file__).with_name("stages.py")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The full teaching cohort, one task of it, as float32."""
    cohort = finish(generate("full", 1))
    own = [row for row, scan in enumerate(cohort.scans) if scan.task == "rest"]
    measures = {
        name: replace(measure, values=measure.values[own], present=measure.present[own])
        for name, measure in cohort.measures.items()
    }
    path = tmp_path / "rest.zip"
    with path.open("wb") as file:
        finish(write_bundle(replace(cohort, scans=tuple(cohort.scans[row] for row in own), measures=measures), file))
    return path


@pytest.fixture
def folder() -> Path | None:
    """The folder of the first program that is beside the checkout on some machines."""
    place = ROOT.parent / "shared" / "data" / "fibromyalgia"
    return place if place.is_dir() else None


@pytest.mark.timeout(3600)
def test_a_session_in_the_page_and_natively(
    browser: Browser,
    site_url: str,
    bundle: Path,
    folder: Path | None,
    report: list[str],
) -> None:
    in_page: Times = {}
    native: Times = {}
    felt: Times = {}
    for _ in range(SESSIONS):  # by turns, so that what else the machine does slows down both
        _add(native, _native(bundle, folder))
        memory = _in_page(browser, site_url, bundle, folder, in_page, felt)
    report += _table(in_page, native, felt, memory)


def _native(bundle: Path, folder: Path | None) -> Times:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from imagenomer.engine import Engine; Engine()"], env=environment(), check=True
    )
    ready = 1000 * (time.perf_counter() - started)
    return {"engine ready": [ready]} | run_natively(STAGES, *(place for place in (bundle, folder) if place is not None))


def _in_page(
    browser: Browser,
    site_url: str,
    bundle: Path,
    folder: Path | None,
    in_page: Times,
    felt: Times,
) -> list[str]:
    """Go through a session in a new page, add its times, and return how much memory the engine had when."""
    page, worker = open_page(browser, site_url)
    ready = page.evaluate("self.ready")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    _add(in_page, {"engine ready": [ready]})
    _add(felt, {"page can be read": [painted], "engine ready": [ready]})
    memory = [f"{_megabytes(worker)} MB when ready"]

    if folder is not None:
        choose_folder(page, folder)
        _add(felt, {"folder chosen, overview shown": [_until_shown(page, "66 subjects")]})
    choose_files(page, bundle)
    _add(felt, {"bundle chosen, overview shown": [_until_shown(page, "830 subjects")]})
    memory.append(f"{_megabytes(worker)} MB with the bundle")

    _add(in_page, timed(worker, "stages.on_files(engine, chosen[-1], chosen[0] if len(chosen) > 1 else None)"))
    memory.append(f"{_megabytes(worker)} MB after all analyses of it")
    _add(felt, _clicks(page))
    _add(in_page, timed(worker, "stages.on_kernels(engine)"))
    _add(in_page, timed(worker, "stages.on_demo(engine)"))
    memory.append(f"{_megabytes(worker)} MB at the end")
    page.context.close()
    return memory


def _until_shown(page: Page, heading: str) -> float:
    """Wait until the head of the page says this, and return milliseconds since the files were chosen."""
    shown = page.wait_for_function(
        """(heading) => document.querySelector("header.top").textContent.includes(heading)
            && performance.now() - self.changed""",
        arg=heading,
    )
    return float(shown.json_value())


def _clicks(page: Page) -> Times:
    """Do what a user does, and return milliseconds from the click to the picture."""
    times: Times = {}

    def feel(stage: str, element: Any, act: str, pictures: int) -> None:
        milliseconds = element.evaluate(f"(element) => felt(() => {{ {act} }}, {pictures})")
        times.setdefault(stage, []).append(milliseconds)

    panel = page.get_by_role("tabpanel")
    feel("gallery opened", page.get_by_role("tab", name="Connectivity"), "element.click()", 24)
    for _ in range(5):
        feel("gallery, next page", panel.get_by_role("button", name="Next page"), "element.click()", 24)
        page.wait_for_timeout(300)
    feel("associations opened, both maps", page.get_by_role("tab", name="Associations"), "element.click()", 2)
    choice = panel.get_by_label("Phenotype")
    for name in ("wrat", "mean_fd", "age", "wrat"):
        page.wait_for_timeout(3000)  # until the figure below the maps is drawn too
        choose = (
            f"element.selectedIndex = [...element.options].findIndex((option) => option.text === '{name}');"
            "element.dispatchEvent(new Event('change', {bubbles: true}));"
        )
        feel("another phenotype, both maps", choice, choose, 2)
    page.wait_for_timeout(3000)
    for step in range(5):
        move = f"element.value = element.max * {0.3 + 0.05 * step}; element.dispatchEvent(new Event('input'));"
        feel("slider moved, map repainted", panel.get_by_label("Limit").first, move, 1)
    return times


def _megabytes(worker: Worker) -> int:
    return round(worker.evaluate("self.python._module.HEAP8.length") / 1e6)


def _add(to: Times, more: Times) -> None:
    for stage, times in more.items():
        to.setdefault(stage, []).extend(times)


def _table(in_page: Times, native: Times, felt: Times, memory: list[str]) -> list[str]:
    lines = ["", f"{'The engine, ms':44}{'page':>9}{'min':>9}{'native':>9}{'min':>9}{'ratio':>7}", "-" * 87]
    for stage, times in in_page.items():
        ours, theirs = statistics.median(times), statistics.median(native[stage])
        ratio = min(times) / min(native[stage])
        lines.append(f"{stage:44}{ours:9.1f}{min(times):9.1f}{theirs:9.1f}{min(native[stage]):9.1f}{ratio:7.1f}")
    speed = {
        where: min(times[TEXTBOOK]) / min(times[KERNEL]) for where, times in (("page", in_page), ("native", native))
    }
    lines += [
        "",
        f"r and p of all edges again, against the textbook: {speed['page']:.0f} times as fast in the page, "
        f"{speed['native']:.0f} natively.",
        f"In the page against the textbook natively: {min(native[TEXTBOOK]) / min(in_page[KERNEL]):.1f} times as fast.",
        f"Memory of the engine: {', '.join(memory)}.",
        "",
        f"{'What a user feels, ms':44}{'page':>9}{'min':>9}",
        "-" * 62,
        *(f"{stage:44}{statistics.median(times):9.0f}{min(times):9.0f}" for stage, times in felt.items()),
        "",
        f"{SESSIONS} sessions, {os.cpu_count()} processors. Ratio: page to native, of the shortest times.",
    ]
    return lines
