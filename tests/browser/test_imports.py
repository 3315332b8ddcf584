"""The application runs on the files that it is known to open, and whatever else is asked for is found all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import START, Gate, Watch, new_page, open_python, wait_for_engine, wait_until
from playwright.sync_api import Browser, Page, Worker

import pack

#: What the build wrote, and what the analyses say of themselves.
SAME_CATALOG = """
from imagenomer.engine import CATALOG, catalog
from imagenomer.jsonable import dumps
CATALOG.read_text(encoding="utf-8") == dumps(catalog(engine.workspace.analyses))
"""
USE = Path(__file__).parents[2] / "build_scripts" / "trace_inside.py"

#: Imports every module of the package but the ones that run as a program, and the one of Matplotlib's writer of PDF.
IMPORT_OURS = """
import importlib, pkgutil, imagenomer
for module in pkgutil.walk_packages(imagenomer.__path__, "imagenomer."):
    if not module.name.endswith(("__main__", ".pdf_page_size")):
        importlib.import_module(module.name)
"""


#: What the application never uses; the last expression is true.
OUTSIDE = (
    "import sklearn.metrics; sklearn.metrics.accuracy_score([1, 0], [1, 1]) == 0.5",
    "import scipy.stats; round(scipy.stats.norm.cdf(0), 3) == 0.5",
    "import email.policy, sklearn.utils; sklearn.utils.shuffle([5])[0] == 5",
    "import wave; wave.__file__.endswith('wave.pyc')",
    "import encodings.cp037; b'\\xc1'.decode('cp037') == 'A'",
    "import matplotlib; 'axes' in open(matplotlib.get_data_path() + '/stylelib/ggplot.mplstyle').read()",
)


@pytest.fixture
def held(browser: Browser, site_url: str, watch: Watch) -> Iterator[tuple[Page, Worker, Gate]]:
    """A ready engine that the later blobs do not reach until the gate is opened."""
    page = new_page(browser, watch)
    open_python(page)
    gate = Gate(page, "**/assets/{downloads,rest}-*")
    page.goto(site_url)
    yield page, wait_for_engine(page), gate
    page.unroute_all(behavior="ignoreErrors")
    page.context.close()


def python(worker: Worker, code: str) -> Any:
    return worker.evaluate("async (code) => (await self.python.runPythonAsync(code)) ?? null", code)


def waiting(worker: Worker) -> set[str]:
    """The blobs that were not unpacked, of those that come without being asked for."""
    found = set(python(worker, "import engine_later; ' '.join(engine_later.later._waiting)").split())
    asked = {name for name, stage in pack.BLOBS.items() if stage == "asked"}
    assert asked <= found
    return found - asked


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_of_the_application_works_on_the_traced_files_alone(held: tuple[Page, Worker, Gate]) -> None:
    _, worker, gate = held
    python(worker, USE.read_text(encoding="utf-8"))
    python(worker, "await engine_later.load('imagenomer.readers')")  # it saves a bundle, too
    python(worker, "await use_until_first_matrix(engine)")
    assert python(worker, SAME_CATALOG)
    python(worker, "await engine_later.need(['scipy.special'])")
    python(worker, "await use_analyses(engine)")
    python(worker, "await engine_later.need(['matplotlib'])")
    python(worker, IMPORT_OURS)
    python(worker, "await use_figures(engine, 'svg', 'png')")
    assert waiting(worker) == {"downloads.blob", "rest.blob"}
    gate.open()
    python(worker, "await engine_later.patiently(lambda: use_shapes(engine, 'pdf'))")
    python(worker, "import imagenomer.figures.pdf_page_size")
    assert "downloads.blob" not in waiting(worker)


def test_what_is_outside_the_trace_waits_for_its_file_and_works(held: tuple[Page, Worker, Gate]) -> None:
    """Each of them by itself: all wait at once, and none is served by what another has brought."""
    _, worker, gate = held
    for number, code in enumerate(OUTSIDE):
        statement, _, expression = code.rpartition("; ")
        lines = f"""
async def work_{number}():
    try:
        {statement}
    except ImportError:
        return "took it for missing"
    return bool({expression})
"""
        python(worker, lines)
        begin = f"self.python.runPythonAsync('await engine_later.patiently(work_{number})')"
        worker.evaluate(
            f"""() => {{
                self.ended ??= [];
                (self.outcomes ??= []).push({begin}.finally(() => self.ended.push({number})));
            }}"""
        )
    python(worker, "import asyncio; await asyncio.sleep(0)")
    assert worker.evaluate("self.ended") == [], "each waits"
    assert "rest.blob" in waiting(worker)
    gate.open()
    assert worker.evaluate("Promise.all(self.outcomes)") == [True] * len(OUTSIDE)
    assert "rest.blob" not in waiting(worker)


def test_an_idle_engine_unpacks_everything_and_gets_ready_for_figures_and_models(
    browser: Browser, site_url: str, watch: Watch
) -> None:
    page = new_page(browser, watch)
    open_python(page)
    page.goto(site_url)
    worker = wait_for_engine(page)
    wait_until(page, lambda: waiting(worker) == set(), START / 1000)
    last = "sklearn.linear_model"
    wait_until(page, lambda: bool(python(worker, f"import sys; {last!r} in sys.modules")), START / 1000)
    page.context.close()
