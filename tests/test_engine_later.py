"""Blobs of the engine that are unpacked when something of them is asked for."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

CONTENTS = {"figures": ["lib/html/__init__.pyc", "lib/a.pyc"], "rest": ["lib/html/parser.pyc", "lib/b/__init__.pyc"]}


@pytest.fixture(scope="module")
def engine_later() -> ModuleType:
    """The module as it stands in the site; it needs nothing of the browser until it is used."""
    path = Path(__file__).parents[1] / "site" / "engine_later.py"
    spec = importlib.util.spec_from_file_location("engine_later", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Worker:
    """Stands for the engine's worker: these blobs have arrived."""

    def __init__(self, *arrived: str) -> None:
        self.arrived = arrived
        self.unpacked: list[str] = []

    def has(self, blob: str) -> bool:
        return blob in self.arrived

    def unpack(self, blob: str) -> None:
        self.unpacked.append(blob)

    def asked(self, blob: str) -> bool:
        return blob == "tables"


def test_a_module_comes_with_the_init_of_its_package(engine_later: ModuleType) -> None:
    worker = Worker("figures", "rest")
    later = engine_later.Later(CONTENTS, worker)
    later.bring("rest")
    assert sorted(worker.unpacked) == ["figures", "rest"]


def test_a_package_comes_without_the_modules_that_lie_elsewhere(engine_later: ModuleType) -> None:
    worker = Worker("figures", "rest")
    later = engine_later.Later(CONTENTS, worker)
    later.bring("figures")
    assert worker.unpacked == ["figures"]
    later.bring("rest")
    later.bring("rest")
    assert worker.unpacked == ["figures", "rest"]


def test_what_only_some_ask_for_comes_for_our_own_modules_and_nobody_who_tries(engine_later: ModuleType) -> None:
    paths = ["lib/pandas/__init__.pyc", "lib/imagenomer/stata.pyc"]
    worker = Worker()
    later = engine_later.Later({**CONTENTS, "tables": paths}, worker)
    # scikit-learn tries this one, and goes on without.
    assert later.find_spec("pandas", ["/lib"]) is None
    with pytest.raises(engine_later.Absent, match="tables"):
        later.find_spec("imagenomer.stata", ["/lib/imagenomer"])
    with pytest.raises(engine_later.Absent, match="rest"):
        later.find_spec("b", ["/lib"])


def test_a_wait_is_told_of_before_it_begins_and_the_work_is_done_again(engine_later: ModuleType) -> None:
    worker, order = Worker(), []

    async def arrival(blob: str) -> None:
        order.append(f"wait for {blob}")
        worker.arrived = ("figures", "rest")

    worker.arrival = arrival  # type: ignore[attr-defined]
    engine_later.later = later = engine_later.Later(CONTENTS, worker)

    async def work() -> str:
        order.append("work")
        later.bring("rest")
        return "done"

    assert asyncio.run(engine_later.patiently(work, lambda: order.append("tell"))) == "done"
    assert order == ["work", "tell", "wait for rest", "work"]


def test_nothing_is_unpacked_while_a_part_of_it_is_absent(engine_later: ModuleType) -> None:
    worker = Worker("rest")
    later = engine_later.Later(CONTENTS, worker)
    with pytest.raises(engine_later.Absent, match="figures"):
        later.bring("rest")
    assert worker.unpacked == []
