"""The stages of a session, timed: the same code runs natively and in the page's worker.

Natively: ``python tests/benchmarks/stages.py BUNDLE [FOLDER]`` prints the times as JSON. The bundle holds one scan of
830 subjects, 34,716 edges each. Without arguments: the times of what takes longest, on the large demo cohort.
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
import scipy
from scipy.special import stdtr

from imagenomer.engine import Engine
from imagenomer.statistics import kernels, products
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

#: A prediction from two numbers.
FEW = {"features": "phenotypes", "predictors": ["wrat", "mean_fd"]}

#: What can be repeated within a session. What happens once is repeated by further sessions.
AGAIN = 7
PHENOTYPES = ("wrat", "mean_fd", "age")


class BeforeKernels(products.Blas):
    """How all was done before the page had kernels of its own: products in WebAssembly by `sgemv` in blocks."""

    def multiply(self, left: Any, right: Any, out: Any, *, add: bool) -> None:
        if left.dtype != np.float32:
            super().multiply(left, right, out, add=add)
            return
        right = np.ascontiguousarray(right)
        for row, weights in zip(out, np.ascontiguousarray(left), strict=True):
            product = scipy.linalg.blas.sgemv(1, right.T, weights)
            row[:] = row + product if add else product

    def add_gram(self, rows: Any, total: Any) -> None:
        if rows.dtype != np.float32 or sys.platform != "emscripten":
            super().add_gram(rows, total)
            return
        rows = np.ascontiguousarray(rows)
        for start in range(0, len(rows), 128):
            stop = min(start + 128, len(rows))
            tile = np.asfortranarray(rows[start:stop])
            for place in range(stop):
                total[place, start:stop] += scipy.linalg.blas.sgemv(1, tile, rows[place])


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


async def on_analyses(engine: Engine) -> dict[str, Times]:
    """Do with the larger demo cohort, 830 people with 10,433 variants, what takes longest: once by the products of
    before, and once by those that the package has now."""
    times = {}
    now = products.use(BeforeKernels())
    times["before"] = await _longest(engine)
    products.use(now)
    times["now"] = await _longest(engine)
    return times


async def _longest(engine: Engine) -> Times:
    """Do each once, on a cohort that nothing is kept of."""
    stages = Stages(engine)
    await stages.call("make the demo cohort, full", "open_demo", size="full", seed=1)

    async def run(stage: str, analysis: str, **params: Any) -> None:
        await stages.call(stage, "run", analysis=analysis, params=params)

    many = {"phenotype": "wrat", "covariates": COVARIATES, "permutations": 1000, "task": "rest"}
    await run("max-T, 1,000 permutations, 5 covariates", "edge-association", correction="max-t", **many)
    for correction in ("nbs", "tfce"):
        stage = f"{correction.upper()}, 213 people, 1,000 permutations"
        await run(stage, "edge-association", correction=correction, group=YOUNG, **many)
    await run("networks, enrichment, 1,000 permutations", "network-association", **many)
    await run("association, Spearman, first", "edge-association", phenotype="age", method="spearman", task="rest")

    variants = {"covariates": COVARIATES[:3], "ancestry_components": 2}
    await run("variants, linear, 5 covariates, first", "variant-association", phenotype="wrat", **variants)
    await run("variants, linear, again", "variant-association", phenotype="age", **variants | {"covariates": ["wrat"]})
    logistic = {"phenotype": "sex", "level": "F"}
    others = variants | {"covariates": ["age", "wrat", "mean_fd"]}
    await run("variants, logistic, 5 covariates", "variant-association", **logistic, **others)
    await run(
        "variants, max-T, 1,000 permutations", "variant-association", phenotype="wrat", correction="max-t", **variants
    )
    await _predictions(engine, run, logistic)
    await run("quality control, 2,490 scans", "quality-control", motion="mean_fd")
    await run("ComBat, 830 people", "harmonisation", site="site", task="rest", predict_site=False)
    await run("ComBat, site predicted before and after", "harmonisation", site="site", task="rest")
    await run("confound report, all candidates", "confound-report", target="wrat")
    _products(stages)
    return stages.times


def _products(stages: Stages) -> None:
    """Time the products themselves, of the sizes that analyses have."""
    rng = np.random.default_rng(1)
    for dtype in (np.float32, np.float64):
        weights, block = (rng.standard_normal(shape).astype(dtype) for shape in ((1000, 830), (830, 512)))
        for _ in range(AGAIN):
            name = f"1,000 x 830 by 830 x 512, {np.dtype(dtype).name}: 0.85 GF"
            stages.kernel(name, lambda left=weights, right=block: products.multiply(left, right))
            name = f"830 rows of 512 with each other, {np.dtype(dtype).name}: 0.35 GF"
            stages.kernel(name, lambda rows=block: products.gram(rows))
            name = f"largest of each row of 1,000 x 830 by 830 x 512, {np.dtype(dtype).name}"
            stages.kernel(name, lambda left=weights, right=block: products.multiply_max(left, right))
            stages.kernel(f"ranks of 830 x 512, {np.dtype(dtype).name}", lambda rows=block: kernels.rank_columns(rows))
    _passes(stages, rng)


def _passes(stages: Stages, rng: np.random.Generator) -> None:
    """Time what takes NumPy many passes, and LAPACK its BLAS."""
    left, right = (rng.standard_normal((n, 830)).astype(np.float32) for n in (1000, 512))
    pairs = rng.integers(0, 1000, 50_000), rng.integers(0, 512, 50_000)
    level, ends = np.minimum(rng.exponential(8, (32, 34_716)), 45).astype(np.int16), np.triu_indices(264, 1)
    power, weight = np.arange(34_717) ** 0.4, (np.arange(46) * 0.1) ** 3
    square = products.gram(rng.standard_normal((664, 664)))
    for _ in range(AGAIN):
        stages.kernel("50,000 pairs of rows of 830", lambda: products.multiply_pairs(left, right, *pairs))
        stages.kernel("support of edges in 32 graphs", lambda: kernels.support(level, ends, power, weight))
        given = square.copy(), np.empty(664), np.empty(663), np.empty(663)
        stages.kernel("664 x 664 made tridiagonal", lambda given=given: list(kernels.tridiagonalise(*given)))


async def _predictions(engine: Engine, run: Callable[..., Any], logistic: dict[str, str]) -> None:
    # What an idle engine has imported by then.
    await engine.handle("run", json.dumps({"analysis": "prediction", "params": {"phenotype": "age", **FEW}}))
    await run("prediction, 20 x 80:20, first", "prediction", phenotype="wrat", task="rest")
    await run("prediction, another target", "prediction", phenotype="age", task="rest")
    covariates = {"covariates": COVARIATES[:3], "use": "residual"}
    await run("prediction, covariates taken out", "prediction", phenotype="wrat", task="rest", **covariates)
    await run("prediction, logistic", "prediction", **logistic, model="logistic", task="rest")
    await run("prediction, 100 permutations", "prediction", phenotype="wrat", permutations=100, task="rest")
    await run("prediction, inner folds", "prediction", phenotype="wrat", penalty="inner", task="rest")
    await run("prediction, ComBat in each split", "prediction", phenotype="wrat", harmonise="site", task="rest")
    few = {"model": "elastic-net", "protocol": "folds", "n_folds": 5}
    await run("prediction, elastic net, 5 folds", "prediction", phenotype="wrat", task="rest", **few)


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
    bundle, *folder = map(chosen, map(Path, sys.argv[1:])) if sys.argv[1:] else (None,)
    engine = Engine()
    if bundle is None:
        times = await on_analyses(engine)
    else:
        times = await on_files(engine, bundle, folder[0] if folder else None)
        times |= await on_kernels(engine)
        times |= await on_demo(engine)
    print(json.dumps(times))


if __name__ == "__main__":
    asyncio.run(main())
