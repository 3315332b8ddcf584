"""What takes longest with the demo cohort of 830 people: by the products of before and of now, by turns, and how long
its steps take in one piece. The same code runs natively and in the page's worker, a row of the table at a time.

Natively: ``python tests/benchmarks/longest.py`` prints the record of each row as a line of JSON when it is done.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy
from stages import AGAIN, COVARIATES, YOUNG, Stages

from imagenomer.engine import Engine
from imagenomer.engine.requests import Job
from imagenomer.progress import Steps
from imagenomer.statistics import kernels, products

#: What was measured, by what it is.
Record = dict[str, Any]
#: A stage, a call of the page, and its arguments.
Row = tuple[str, str, dict[str, Any]]

#: What a call does before its first report of progress, and after its last: there no step has a name.
BEGINNING, END = "(before the first step)", "(after the last step)"


class BeforeKernels(products.Blas):
    """How all was done before the page had kernels of its own: float32 by `sgemv`, row by row, the rest by BLAS."""

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


def _run(stage: str, analysis: str, **params: Any) -> Row:
    return stage, "run", {"analysis": analysis, "params": params}


def _longest() -> tuple[Row, ...]:
    """Return the rows of the table, in the order in which a session could have them: what is kept is used."""
    many = {"phenotype": "wrat", "covariates": COVARIATES, "permutations": 1000, "task": "rest"}
    young = {**many, "group": YOUNG}
    variants = {"covariates": COVARIATES[:3], "ancestry_components": 2}
    sex = {"phenotype": "sex", "level": "F"}
    alone = {"intervals": False}
    target = {"phenotype": "wrat", "task": "rest"} | alone
    few = {"model": "elastic-net", "protocol": "folds", "n_folds": 5}
    taken_out = {"covariates": COVARIATES[:3], "use": "residual"}
    return (
        ("make the demo cohort, full", "open_demo", {"size": "full", "seed": 1}),
        _run("max-T, 1,000 permutations, 5 covariates", "edge-association", correction="max-t", **many),
        _run("NBS, 213 people, 1,000 permutations", "edge-association", correction="nbs", **young),
        _run("TFCE, 213 people, 1,000 permutations", "edge-association", correction="tfce", **young),
        _run("networks, enrichment, 1,000 permutations", "network-association", **many),
        _run("association, Spearman, first", "edge-association", phenotype="age", method="spearman", task="rest"),
        _run("variants, linear, 5 covariates, first", "variant-association", phenotype="wrat", **variants),
        _run("variants, linear, again", "variant-association", phenotype="age", **variants | {"covariates": ["wrat"]}),
        _run(
            "variants, logistic, 5 covariates",
            "variant-association",
            **sex,
            **variants | {"covariates": ["age", "wrat", "mean_fd"]},
        ),
        _run(
            "variants, max-T, 1,000 permutations",
            "variant-association",
            phenotype="wrat",
            correction="max-t",
            **variants,
        ),
        _run("prediction, 20 x 80:20, first", "prediction", **target),
        _run("prediction, another target", "prediction", phenotype="age", task="rest", **alone),
        _run("prediction, covariates taken out", "prediction", **target, **taken_out),
        _run("prediction, logistic", "prediction", **sex, model="logistic", task="rest", **alone),
        _run("prediction, 100 permutations", "prediction", **target, permutations=100),
        _run("prediction, inner folds", "prediction", **target, penalty="inner"),
        _run("prediction, ComBat in each split", "prediction", **target, harmonise="site"),
        _run("prediction, elastic net, 5 folds", "prediction", **target, **few),
        _run("prediction, 20 x 80:20, with intervals", "prediction", phenotype="wrat", task="rest"),
        _run("prediction, logistic, with intervals", "prediction", **sex, model="logistic", task="rest"),
        _run("quality control, 2,490 scans", "quality-control", motion="mean_fd"),
        _run("ComBat, 830 people", "harmonisation", site="site", task="rest", predict_site=False),
        _run("ComBat, site predicted before and after", "harmonisation", site="site", task="rest"),
        _run("confound report, all candidates", "confound-report", target="wrat"),
    )


#: What else the forms offer with the demo cohort, for the length of its steps only.
OTHERS = (
    ("association, mean over 3 tasks", "edge-association", {"phenotype": "age"}),
    ("association, category, 5 covariates", "edge-association", {"phenotype": "ancestry", "covariates": COVARIATES}),
    ("association, unequal variances", "edge-association", {"phenotype": "wrat", "variance": "unequal"}),
    (
        "association, max-T, unequal variances",
        "edge-association",
        {"phenotype": "wrat", "variance": "unequal", "correction": "max-t", "permutations": 200},
    ),
    ("association, a difference of tasks", "edge-association", {"phenotype": "age", "task": "nback minus rest"}),
    ("networks, max-T", "network-association", {"phenotype": "wrat", "correction": "max-t", "permutations": 1000}),
    ("mean and SD", "connectivity-summary", {}),
    ("reliability, tasks", "reliability", {"between": "tasks"}),
    ("CovBat", "harmonisation", {"site": "site", "task": "rest", "method": "covbat"}),
    ("phenotype matrix", "phenotype-matrix", {}),
    ("phenotype association", "phenotype-association", {"x": "age", "y": "wrat"}),
    ("variant summary", "variant-summary", {}),
    ("ancestry components", "ancestry-components", {}),
    ("variants, genotypic", "variant-association", {"phenotype": "wrat", "coding": "genotypic"}),
    ("variants, unequal variances", "variant-association", {"phenotype": "wrat", "variance": "unequal"}),
    ("PCA", "components", {}),
    ("ICA", "components", {"method": "ica"}),
    ("NMF", "components", {"method": "nmf", "negative": "zero"}),
    ("dictionary", "components", {"method": "dictionary"}),
    ("component association", "component-association", {"covariates": COVARIATES}),
    ("component variants", "component-variants", {}),
    ("prediction, SVM", "prediction", {"phenotype": "sex", "level": "F", "model": "svm", "task": "rest"}),
    ("prediction, CPM", "prediction", {"phenotype": "wrat", "model": "cpm", "task": "rest"}),
    ("prediction, top-k", "prediction", {"phenotype": "wrat", "model": "top", "task": "rest"}),
    ("prediction, genotypes", "prediction", {"phenotype": "ancestry", "features": "variants", "model": "logistic"}),
    (
        "prediction, one site left out",
        "prediction",
        {"phenotype": "wrat", "protocol": "leave-one-out", "leave_out": "site"},
    ),
    (
        "prediction, ComBat, CPM",
        "prediction",
        {"phenotype": "wrat", "model": "cpm", "harmonise": "site", "task": "rest"},
    ),
)


@contextmanager
def _timed_pieces(pieces: dict[str, float]) -> Iterator[None]:
    """Note the longest time between two reports of progress of each step of whatever an engine does meanwhile."""
    finish, since = Job.finish, [time.perf_counter()]

    def note(step: str) -> None:
        now = time.perf_counter()
        pieces[step] = max(pieces.get(step, 0), 1000 * (now - since[0]))
        since[0] = now

    def watched(steps: Steps[Any]) -> Steps[Any]:
        step = BEGINNING
        try:
            while True:
                try:
                    progress = next(steps)
                except StopIteration as stop:
                    note(step)
                    return stop.value
                note(step)
                step = progress.step
                yield progress
                since[0] = time.perf_counter()  # not what the worker does meanwhile
        finally:
            steps.close()

    async def timed(job: Job, steps: Steps[Any]) -> Any:
        return await finish(job, watched(steps))

    Job.finish = timed  # type: ignore[method-assign]
    try:
        yield
        note(END)
    finally:
        Job.finish = finish  # type: ignore[method-assign]


class Turns:
    """Two engines that do the same, one by the products of before and one by those of now; neither keeps what the other
    has computed.

    A record of what was done has milliseconds by "before" and "now", each by stage, and by "pieces" how long each step
    of a stage took now, in one piece at most.
    """

    def __init__(self, engine: Engine) -> None:
        """`engine` is the one of now."""
        self._engine = engine
        self._ways = {
            "before": (Stages(Engine(engine.workspace.need)), BeforeKernels()),
            "now": (Stages(engine), products.backend()),
        }

    async def begin(self) -> None:
        """Import what an idle engine has imported by the time that somebody asks for something that takes long."""
        await self._engine.handle("open_demo", json.dumps({"size": "quick", "seed": 1}))
        few = {"phenotype": "age", "features": "phenotypes", "predictors": ["wrat", "mean_fd"]}
        for model in ("ridge", "elastic-net"):
            await self._engine.handle("run", json.dumps({"analysis": "prediction", "params": {**few, "model": model}}))

    async def row(self, position: int) -> Record:
        """Do a row of the table. The first opens the demo; what a row computes is kept for those that follow."""
        stage, call, arguments = _longest()[position]
        pieces: dict[str, float] = {}
        for name, (stages, backend) in self._ways.items():
            with _multiplied_by(backend), _timed_pieces(pieces if name == "now" else {}):
                await stages.call(stage, call, **arguments)
        return {**self._taken(), "pieces": {stage: pieces}}

    async def products(self) -> Record:
        """Time products themselves, and what is done beside them."""
        for stages, backend in self._ways.values():
            with _multiplied_by(backend):
                _products(stages)
        return {**self._taken(), "products": PRODUCTS}

    async def other(self, position: int) -> Record:
        """Do what else the forms offer, once the demo is open, for the length of its steps."""
        stage, analysis, params = OTHERS[position]
        pieces: dict[str, float] = {}
        with _timed_pieces(pieces):
            await self._engine.handle("run", json.dumps({"analysis": analysis, "params": params}))
        return {"pieces": {stage: pieces}}

    def _taken(self) -> Record:
        """Return the times since the last record."""
        times: Record = {}
        for name, (stages, _) in self._ways.items():
            times[name], stages.times = stages.times, {}
        return times


#: The rows of the table, and what else is looked at.
N_ROWS, N_OTHERS = len(_longest()), len(OTHERS)


@contextmanager
def _multiplied_by(backend: Any) -> Iterator[None]:
    now = products.use(backend)
    try:
        yield
    finally:
        products.use(now)


async def main() -> None:
    turns = Turns(Engine())
    await turns.begin()
    for position in range(N_ROWS):
        print(json.dumps(await turns.row(position)), flush=True)
    print(json.dumps(await turns.products()), flush=True)


#: What is done with matrices of the sizes that analyses have, with the billions of additions and multiplications of a
#: product.
PRODUCTS = {
    f"{what}, {dtype}": billions
    for dtype in ("float32", "float64")
    for what, billions in (
        ("1,000 x 830 by 830 x 512", 0.85),
        ("830 rows of 512 with each other", 0.35),
        ("largest of each row of 1,000 x 830 by 830 x 512", None),
        ("ranks of 830 x 512", None),
    )
} | {
    "50,000 pairs of rows of 830": None,
    "support of edges in 32 graphs": None,
    "664 x 664 made tridiagonal": None,
    "logistic function of a million": None,
}


def _products(stages: Stages) -> None:
    """Time what is in `PRODUCTS`, in its order."""
    rng = np.random.default_rng(1)
    work: list[Callable[[], Any]] = []
    for dtype in (np.float32, np.float64):
        left, right = (rng.standard_normal(shape).astype(dtype) for shape in ((1000, 830), (830, 512)))
        work += [
            lambda left=left, right=right: products.multiply(left, right),
            lambda right=right: products.gram(right),
            lambda left=left, right=right: products.multiply_max(left, right),
            lambda right=right: kernels.rank_columns(right),
        ]
    work += [_pairs(rng), _supports(rng), _tridiagonal(rng), _logistic(rng)]
    for what, once in zip(PRODUCTS, work, strict=True):
        for _ in range(AGAIN):
            stages.kernel(what, once)


def _pairs(rng: np.random.Generator) -> Callable[[], Any]:
    left, right = (rng.standard_normal((n, 830)).astype(np.float32) for n in (1000, 512))
    pairs = rng.integers(0, 1000, 50_000), rng.integers(0, 512, 50_000)
    return lambda: products.multiply_pairs(left, right, *pairs)


def _supports(rng: np.random.Generator) -> Callable[[], Any]:
    level, ends = np.minimum(rng.exponential(8, (32, 34_716)), 45).astype(np.int16), np.triu_indices(264, 1)
    power, weight = np.arange(34_717) ** 0.4, (np.arange(46) * 0.1) ** 3
    return lambda: kernels.support(level, ends, power, weight)


def _tridiagonal(rng: np.random.Generator) -> Callable[[], Any]:
    square = products.gram(rng.standard_normal((664, 664)))
    return lambda: list(kernels.tridiagonalise(square.copy(), np.empty(664), np.empty(663), np.empty(663)))


def _logistic(rng: np.random.Generator) -> Callable[[], Any]:
    values = rng.standard_normal(1_000_000)
    return lambda: kernels.logistic(values.copy())


if __name__ == "__main__":
    asyncio.run(main())
