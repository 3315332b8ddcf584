"""The stages of a session, timed: the same code runs natively and in the page's worker.

Natively: ``python tests/benchmarks/stages.py BUNDLE [FOLDER]`` prints the times as JSON. The bundle holds one scan of
830 subjects, 34,716 edges each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtr

from imagenomer.engine import Engine
from imagenomer.statistics.column_moments import column_moments
from imagenomer.statistics.correlation import correlate_fast

#: The arguments of `open_files`, and the files.
Source = tuple[str, Any]
#: Milliseconds by stage, in the order in which the stages came.
Times = dict[str, list[float]]

KERNEL = "r and p of all edges, again"
TEXTBOOK = "the same by the textbook"

#: Five columns of covariates.
COVARIATES = ("age", "sex", "mean_fd", "mother_education", "father_education")
#: 213 people.
YOUNG = "age < 155"

#: What can be repeated within a session. What happens once is repeated by further sessions.
AGAIN = 7
PHENOTYPES = ("wrat", "mean_fd", "age")


class Stages:
    """An engine whose calls are timed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.times: Times = {}

    async def call(self, stage: str, call: str, files: Any = None, /, **arguments: Any) -> None:
        """Time one call of the page, from JSON to JSON and buffers."""
        text = json.dumps(arguments)
        started = time.perf_counter()
        await self.engine.handle(call, text, files)
        self._note(stage, started)

    def kernel(self, stage: str, work: Callable[[], Any]) -> Any:
        """Time a function."""
        started = time.perf_counter()
        result = work()
        self._note(stage, started)
        return result

    def _note(self, stage: str, started: float) -> None:
        self.times.setdefault(stage, []).append(1000 * (time.perf_counter() - started))


async def on_files(engine: Engine, bundle: Source, folder: Source | None) -> Times:
    """Open files, and do with the bundle what people do."""
    stages = Stages(engine)
    if folder is not None:
        await stages.call("open the folder Fibromyalgia", "open_files", folder[1], **json.loads(folder[0]))
    await stages.call("open a bundle, 830 x 34,716", "open_files", bundle[1], **json.loads(bundle[0]))
    await _analyses(stages)
    await _pictures(stages)
    return stages.times


async def on_kernels(engine: Engine) -> Times:
    """Time r and -log10 p of all edges without what is around them, and the obvious way."""
    assert engine.workspace.opened is not None
    cohort = engine.workspace.opened.cohort
    values = cohort.observations("fc", cohort.tasks[0]).values
    target = np.asarray(cohort.phenotypes["wrat"].values, dtype=np.float64)
    rows = np.arange(len(values))
    stages = Stages(engine)
    for _ in range(AGAIN):
        moments = stages.kernel("spread of all edges, once for a group", lambda: column_moments(values, rows))
    for _ in range(AGAIN):
        stages.kernel(KERNEL, lambda: correlate_fast(values, target, moments))
    for _ in range(2):
        stages.kernel(TEXTBOOK, lambda: textbook(values, target))
    return stages.times


async def on_demo(engine: Engine) -> Times:
    """Make the demo cohorts, and average over the three tasks of the larger one."""
    stages = Stages(engine)
    for size in ("quick", "full"):
        await stages.call(f"make the demo cohort, {size}", "open_demo", size=size, seed=1)
    for phenotype, when in (("age", "first"), ("wrat", "again")):
        await _associate(stages, f"association, mean over 3 tasks, {when}", phenotype=phenotype)
    return stages.times


def textbook(features: Any, target: Any) -> tuple[Any, Any]:
    """Return r and -log10 p of each column by the formulas as they stand in books, in float64."""
    x = features - features.mean(axis=0, dtype=np.float64)
    y = target - target.mean()
    r = (x * y[:, None]).sum(axis=0) / np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    dof = len(y) - 2
    return r, -np.log10(2 * stdtr(dof, -np.abs(r) * np.sqrt(dof / (1 - r**2))))


async def _associate(stages: Stages, stage: str, **params: Any) -> None:
    await stages.call(stage, "run", analysis="edge-association", params=params)


async def _analyses(stages: Stages) -> None:
    """Run analyses for the first time, and then with other phenotypes of the same people."""
    for title, params in (
        ("Pearson", {}),
        ("Benjamini-Hochberg", {"correction": "bh"}),
        ("a group", {"group": 'ancestry == "EA"'}),
        ("Spearman", {"method": "spearman"}),
    ):
        await _associate(stages, f"association, {title}, first", phenotype="age", **params)
        for again in range(AGAIN):
            # Another alpha each time, so that no result is one that was kept.
            varied = {"phenotype": PHENOTYPES[again % 3], "alpha": 0.04 - 0.001 * again}
            await _associate(stages, f"association, {title}, again", **params, **varied)
    for again in range(3):
        await _associate(
            stages, "association, 5 covariates", phenotype="wrat", covariates=COVARIATES, alpha=0.04 + 0.001 * again
        )
    many = {"phenotype": "wrat", "covariates": COVARIATES, "permutations": 1000}
    await _associate(stages, "max-T, 1,000 permutations, 5 covariates", correction="max-t", **many)
    for correction in ("nbs", "tfce"):
        stage = f"{correction.upper()}, 213 people, 1,000 permutations, 5 covariates"
        await _associate(stages, stage, correction=correction, group=YOUNG, **many)
    await stages.call("networks, enrichment, 1,000 permutations", "run", analysis="network-association", params=many)
    await stages.call("mean and SD of all edges", "run", analysis="connectivity-summary", params={})


async def _pictures(stages: Stages) -> None:
    """Show scans, and a result as matrix, scatter, table and figure."""
    result = {"analysis": "edge-association", "params": {"phenotype": "sex"}}
    source = {**result, "array": "r"}
    await stages.engine.handle("run", json.dumps(result))
    for again in range(AGAIN):
        await stages.call("gallery page, 24 scans", "gallery", measure="fc", page=again, captions=["age", "sex"])
        await stages.call("matrix, values", "matrix", source=source)
        await stages.call("matrix, repaint", "paint", source=source, limit=0.3 + 0.01 * again, threshold=0.05)
        await stages.call("scatter of an edge", "detail", **result, edge=1000 + again)
        await stages.call("table as CSV", "table", **result, name="top")
    await stages.call("figure, first (with Matplotlib)", "figure", **result, name="p_values", format="svg")
    for theme in ("light", "dark", "light"):
        await stages.call("figure, again", "figure", **result, name="p_values", format="svg", theme=theme)
        await stages.call("figure of a matrix", "figure", **result, name="r", format="svg", theme=theme)


class DiskFiles:
    """Files on disk, read as the page reads its own."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self.sizes = [path.stat().st_size for path in paths]

    def read(self, index: int, start: int, stop: int) -> bytes:
        with self.paths[index].open("rb") as file:
            file.seek(start)
            return file.read(stop - start)


def chosen(place: Path) -> Source:
    """Return what the page would send if this file or folder was chosen."""
    paths = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    names = [path.relative_to(place.parent).as_posix() for path in paths]
    return json.dumps({"paths": names}), DiskFiles(paths)


async def main() -> None:
    bundle, *folder = map(chosen, map(Path, sys.argv[1:]))
    engine = Engine()
    times = await on_files(engine, bundle, folder[0] if folder else None)
    times |= await on_kernels(engine)
    times |= await on_demo(engine)
    print(json.dumps(times))


if __name__ == "__main__":
    asyncio.run(main())
