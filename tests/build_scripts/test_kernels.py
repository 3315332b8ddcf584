"""The kernels of the page, in Pyodide under Node.js; `tests/browser/test_three_browsers.py` has them in browsers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import compile as compiling
import kernels
import runtime
from product_checks import CHECKS
from wheel import make_wheel

HERE = Path(__file__).parent
MOST_BYTES = 18_000


@pytest.fixture(scope="module")
def modules():
    return kernels.modules(runtime.read_lock(), runtime.cache_folder())


@pytest.fixture(scope="module")
def outcomes(modules, tmp_path_factory):
    """What each check said, by module, empty where it held; no entry for modules that this Node.js does not know."""
    lock = runtime.read_lock()
    try:
        fetched = runtime.fetch_runtime(lock)
        runtime.node()
    except runtime.RuntimeUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Pyodide to run this in: {error}")
    folder = tmp_path_factory.mktemp("kernels")
    for name, content in modules.items():
        (folder / f"{name}.wasm").write_bytes(content)
    for path in (HERE.parent / "product_checks.py", runtime.ROOT / "site" / "engine_kernels.py"):
        (folder / path.name).write_bytes(path.read_bytes())
    library, own = compiling.library(lock, fetched), compiling.own(lock, fetched, make_wheel())
    mounts = {"/library": str(library.parent), "/own": str(own.parent), "/kernels": str(folder)}
    arguments = {"info": lock["info"], "mounts": mounts}
    compiling.run_in_pyodide(HERE / "kernels_inside.py", fetched / "pyodide", fetched.parent, arguments)
    return json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CHECKS)
def test_the_kernels_multiply_right(outcomes, name):
    assert "simd" in outcomes
    assert {variant: said[name] for variant, said in outcomes.items()} == dict.fromkeys(outcomes, "")


def test_they_are_small(modules):
    assert list(modules) == ["relaxed", "simd"]
    assert max(map(len, modules.values())) < MOST_BYTES


def test_the_same_text_gives_the_same_bytes(modules, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "fetch_runtime", lambda lock, cache: runtime.cache_folder() / "runtime")
    assert kernels.modules(runtime.read_lock(), tmp_path) == modules


def test_a_text_that_is_no_webassembly_stops_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "text", lambda variant: "(module (func (result i32)))")
    monkeypatch.setattr(runtime, "fetch_runtime", lambda lock, cache: runtime.cache_folder() / "runtime")
    with pytest.raises(compiling.CompileError, match="kernels for relaxed"):
        kernels.modules(runtime.read_lock(), tmp_path)
