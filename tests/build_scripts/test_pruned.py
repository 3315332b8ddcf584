"""What the build leaves out of others' packages is imported by nothing that the application imports."""

from __future__ import annotations

import ast
import importlib.util
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import compile as compiling
import pack
import runtime

#: What the application imports that no trace shows: by choices that few make, and with files of other programs.
RARELY = (
    "joblib",
    "micropip",
    "pandas.io.sas.sas7bdat",
    "pandas.io.sas.sas_xport",
    "pandas.io.stata",
    "pyfive",
    "python_calamine",
    "rdata.parser",
    "rdata.parser._xdr",
    "scipy.io",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.spatial",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.utils",
)
SHARED_OBJECT = re.compile(r"\.(cpython-314-wasm32-emscripten|abi3)?\.?so$")
#: Names of modules in what Cython and others compiled.
NAME = re.compile(rb"(?:numpy|scipy|sklearn|matplotlib|PIL|pandas)(?:\.\w+)+")


@pytest.fixture(scope="module")
def inside() -> Any:
    """`compile_inside`, which runs in Pyodide but is no stranger here."""
    spec = importlib.util.spec_from_file_location("compile_inside", compiling.SCRIPTS[1])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fetched() -> Path:
    try:
        return runtime.fetch_runtime()
    except runtime.RuntimeUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def files(fetched: Path, inside: Any) -> dict[str, bytes]:
    """Path and content of the modules of all packages, those that are left out among them, but for tests."""
    found: dict[str, bytes] = {}
    for entry in runtime.read_lock()["packages"].values():
        with zipfile.ZipFile(fetched / "pyodide" / entry["file"]) as wheel:
            for path in wheel.namelist():
                if not inside.LEFT_OUT.match(path):
                    module = path.endswith(".py") or SHARED_OBJECT.search(path)
                    found[path] = wheel.read(path) if module else b""
    return found


def name_of(path: str) -> str:
    stem = path.removesuffix(".py") if path.endswith(".py") else path.partition(".")[0]
    return stem.replace("/", ".").removesuffix(".__init__")


def names_imported(path: str, content: bytes) -> Iterator[str]:
    """What a module imports while it is imported itself."""
    if not path.endswith(".py"):
        yield from (name.decode() for name in NAME.findall(content))
        return
    package = name_of(path) if path.endswith("/__init__.py") else name_of(path).rpartition(".")[0]
    todo: list[ast.AST] = []
    with suppress(SyntaxError):  # of a later Python than this one
        todo.append(ast.parse(content))
    while todo:
        for node in ast.iter_child_nodes(todo.pop()):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                base = ".".join([*parents, *([node.module] if node.module else [])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)
            elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                todo.append(node)


def test_nothing_that_the_application_imports_imports_what_is_left_out(files: dict[str, bytes], inside: Any) -> None:
    modules = {name_of(path): path for path, content in files.items() if content or path.endswith(".py")}
    # A package of which the parser alone is shipped.
    modules.pop("rdata")
    prefix = f"{compiling.SITE_PACKAGES}/"
    traced = {path.removeprefix(prefix).removesuffix("c") for paths in pack.read_trace().values() for path in paths}
    todo = [*(name_of(path) for path in traced if path in files), *RARELY]
    reached: dict[str, str] = {}
    while todo:
        name = todo.pop()
        while name:
            if name in modules and name not in reached:
                reached[name] = path = modules[name]
                todo += names_imported(path, files[path])
            name = name.rpartition(".")[0]
    assert {*RARELY} <= {*reached} | {name for name in RARELY if name.startswith("rdata")}
    assert [path for path in reached.values() if inside.PRUNED.match(path)] == []
    assert len(reached) > 1000, "the search found less than the application imports"


@pytest.mark.parametrize(
    "part",
    [
        *(
            "matplotlib/mpl-data/fonts",
            "matplotlib/testing",
            "matplotlib/backends",
            "matplotlib/_qhull",
            "matplotlib/_tri",
        ),
        *("mpl_toolkits", "PIL/_imagingft", "PIL/_webp", "fontTools/voltLib", "fontTools/ufoLib", "fontTools/varLib"),
        *("contourpy/util", "scipy/odr", "scipy/stats/_sobol", "rdata/conversion", "rdata/_read"),
        *("sklearn/cluster", "sklearn/datasets", "sklearn/ensemble", "sklearn/neighbors", "sklearn/tree"),
    ],
)
def test_what_is_left_out_is_there_to_be_left_out(files: dict[str, bytes], inside: Any, part: str) -> None:
    """A pattern that fits nothing is one that a new version has outdated."""
    assert any(path.startswith(part) and inside.PRUNED.match(path) for path in files)


def test_licences_stay(inside: Any) -> None:
    assert not inside.PRUNED.match("sklearn/datasets/LICENSE.txt")
