"""Files of other programs are read in Pyodide, by the packages that the page has, as they are here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compile as compiling
import mutants
import runtime
import stored_tables as stored
from imagenomer.errors import InputError
from imagenomer.readers.hdf5 import open_hdf5
from imagenomer.readers.table_files import read_table_file
from readers.test_hdf5 import IDS, written
from wheel import make_wheel

pytest.importorskip("rdata")

HERE = Path(__file__).parent
#: Of each kind: enough to meet a panic of calamine, which must not take the engine with it.
MUTANTS = 25


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    cells = [[*stored.COLUMNS], *stored.rows()]
    stack, _ = written(matlab=True, chunks=(2, 3, 4), compression="gzip", shuffle=True)
    whole = {
        "x.xlsx": stored.xlsx({"data": cells}),
        "x.xls": stored.xls(cells),
        "x.ods": stored.ods(cells),
        "x.dta": stored.dta(),
        "x.xpt": stored.xpt(),
        "x.rds": stored.rds(tmp_path_factory.mktemp("rds") / "x.rds"),
    }
    rng = np.random.default_rng(20261130)
    spoilt = {
        f"{number:03d}{name}": mutants.spoil_bytes(data, rng)
        for name, data in whole.items()
        for number in range(MUTANTS)
    }
    return {**whole, **spoilt, "x.mat": stack}


@pytest.fixture(scope="module")
def inside(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Pyodide read."""
    lock = runtime.read_lock()
    try:
        fetched = runtime.fetch_runtime(lock)
        runtime.node()
    except runtime.RuntimeUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Pyodide to run this in: {error}")
    folder = tmp_path_factory.mktemp("files")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    library, own = compiling.library(lock, fetched), compiling.own(lock, fetched, make_wheel())
    mounts = {"/library": str(library.parent), "/own": str(own.parent), "/files": str(folder)}
    script = HERE / "table_files_inside.py"
    compiling.run_in_pyodide(script, fetched / "pyodide", fetched.parent, {"info": lock["info"], "mounts": mounts})
    found: dict[str, Any] = json.loads((folder / "read.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods", "dta", "xpt", "rds"])
def test_tables_are_read_in_the_page_as_they_are_here(
    files: dict[str, bytes], inside: dict[str, Any], ending: str
) -> None:
    n_refused = 0
    for name, data in files.items():
        if name.endswith(ending):
            read = inside[name]["read"]
            try:
                here = [
                    [one.name, one.columns, one.rows, dict(one.descriptions)] for one in read_table_file(name, data)
                ]
            except InputError:
                assert isinstance(read, str), name
                n_refused += 1
            else:
                assert read == json.loads(json.dumps(here)), name
    assert n_refused > 0


def test_arrays_are_read_in_the_page_as_they_are_here(files: dict[str, bytes], inside: dict[str, Any]) -> None:
    arrays, texts = inside["x.mat"]["read"]
    here = open_hdf5("x.mat", files["x.mat"])
    assert arrays == {path: here.array(path).tolist() for path in here.arrays}
    assert tuple(texts) == IDS
