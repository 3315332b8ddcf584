"""What the engine is made of: the files that the page hands to its worker.

The standard library and the packages come compiled (see compile.py), in one file for each time of need:

    library.blob     first  what the application opens until the first matrix is on screen
    statistics.blob  soon   what analyses add
    figures.blob     soon   what figures on screen and as SVG or PNG add
    downloads.blob   rest   what other formats add
    rest.blob        rest   everything else, which the engine unpacks when something asks for it
    imagenomer.blob  first  our own package: a new version of it changes no other file

Who opens what stands in ``runtime.trace.txt``, which ``python3 build_scripts/pack.py --trace`` rewrites: after a
change that imports something new, or a new version in the lock. A file that is missing there is found all the same,
only later.

A blob is the length of its index (4 bytes, little-endian), the index, a JSON list of ``[path, size]``, and the files
one after another. Paths are those of the page's file system without the leading slash.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import compile as compiling
import runtime
from wheel import make_wheel

#: When a file is needed: to start the engine, for the first result or figure, or perhaps never.
Stage = Literal["first", "soon", "rest"]

#: What takes long enough to import that the page says so.
FIRST_IMPORTS = ("numpy",)

TRACE = Path(__file__).with_name("runtime.trace.txt")
TRACE_SCRIPT = Path(__file__).with_name("trace_inside.py")
GLUE = runtime.ROOT / "site" / "engine_glue.py"
LATER_FINDER = GLUE.with_name("engine_later.py")
#: What the glue imports.
BESIDE_GLUE = (LATER_FINDER, GLUE.with_name("engine_kernels.py"))

#: Where the page finds which files are in the blobs that it does not unpack at once.
LATER = "lib/later.json"

#: The blobs of others' files, in the order of need, and when.
BLOBS: dict[str, Stage] = {
    "library.blob": "first",
    "statistics.blob": "soon",
    "figures.blob": "soon",
    "downloads.blob": "rest",
    "rest.blob": "rest",
}
OWN = "imagenomer.blob"


@dataclass(frozen=True, slots=True)
class EngineFile:
    """One file for the worker.

    Attributes
    ----------
    name : str
        Its name in the worker.
    content : bytes
    stage : {"first", "soon", "rest"}
    """

    name: str
    content: bytes
    stage: Stage


def engine_files(
    lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes]
) -> tuple[list[EngineFile], dict[str, Any]]:
    """Return the files of the engine, first things first, and what the worker needs of them.

    Parameters
    ----------
    lock : dict
        See `runtime.read_lock`.
    fetched : Path
        Folder with the runtime as it was fetched.
    wheel : (str, bytes)
        Name and content of our own wheel.

    Raises
    ------
    compile.CompileError
        If a file could not be compiled.
    """
    traced = read_trace()
    with zipfile.ZipFile(compiling.library(lock, fetched)) as library:
        paths = set(library.namelist())
        content: dict[str, list[str]] = {name: sorted(set(traced[name]) & paths, key=_alike) for name in traced}
        content["rest.blob"] = sorted(paths.difference(*traced.values()), key=_alike)
        blobs = {name: blob((path, library.read(path)) for path in content[name]) for name in BLOBS}
    later = {name: content[name] for name, stage in BLOBS.items() if stage != "first"}
    with zipfile.ZipFile(compiling.own(lock, fetched, wheel)) as own:
        blobs[OWN] = blob(
            [
                (LATER, json.dumps(later, separators=(",", ":")).encode()),
                *((f"{compiling.SITE_PACKAGES}/{path.name}", path.read_bytes()) for path in BESIDE_GLUE),
                (f"{compiling.SITE_PACKAGES}/imagenomer/catalog.json", compiling.catalog(lock, fetched, wheel)),
                *((path, own.read(path)) for path in own.namelist()),
            ]
        )
    files = [
        EngineFile("engine_glue.py", GLUE.read_bytes(), "first"),
        EngineFile("pyodide.asm.wasm", (fetched / "pyodide" / "pyodide.asm.wasm").read_bytes(), "first"),
        EngineFile("library.blob", blobs["library.blob"], "first"),
        EngineFile(OWN, blobs[OWN], "first"),
        *(EngineFile(name, blobs[name], stage) for name, stage in BLOBS.items() if stage != "first"),
    ]
    return files, {
        "info": lock["info"],
        "first": ["library.blob", OWN],
        "first_imports": list(FIRST_IMPORTS),
    }


def _alike(path: str) -> tuple[str, str]:
    """Sort files of a kind together: they compress better."""
    return path.rpartition(".")[2], path


def blob(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return files as one; see the module's text for the format."""
    files = list(files)
    index = json.dumps([[path, len(content)] for path, content in files], separators=(",", ":")).encode()
    return b"".join([len(index).to_bytes(4, "little"), index, *(content for _, content in files)])


# --- the trace ------------------------------------------------------------------------------------


def read_trace(path: Path = TRACE) -> dict[str, list[str]]:
    """Return the paths that were opened, by the blob they belong in."""
    found: dict[str, list[str]] = {name: [] for name in BLOBS if name != "rest.blob"}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            stage, _, name = line.partition(" ")
            found[f"{stage}.blob"].append(name)
    return found


def trace(lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes]) -> str:
    """Use all of the application under Node.js, and return which files that opens, as the text of the trace."""
    library, own = compiling.library(lock, fetched), compiling.own(lock, fetched, wheel)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = {
            "info": lock["info"],
            "mounts": {"/library": str(library.parent), "/own": str(own.parent), "/out": scratch},
            "beside": {path.name: path.read_text(encoding="utf-8") for path in BESIDE_GLUE},
            "glue": GLUE.read_text(encoding="utf-8"),
            "imports": FIRST_IMPORTS,
        }
        compiling.run_in_pyodide(TRACE_SCRIPT, fetched / "pyodide", fetched.parent, arguments)
        opened = json.loads((Path(scratch) / "trace.json").read_text(encoding="utf-8"))
    lines = [f"{stage} {path}" for stage in opened for path in opened[stage]]
    return "\n".join(["# Written by: python3 build_scripts/pack.py --trace", *lines, ""])


def main() -> int:
    """Rewrite the trace."""
    parser = argparse.ArgumentParser(description="Find out which files of the runtime the application opens.")
    parser.add_argument("--trace", action="store_true", required=True, help=f"write {TRACE.name}")
    parser.parse_args()
    try:
        lock = runtime.read_lock()
        fetched = runtime.fetch_runtime(lock)
        text = trace(lock, fetched, make_wheel())
    except (runtime.RuntimeUnavailableError, compiling.CompileError) as error:
        print(error, file=sys.stderr)
        return 1
    TRACE.write_text(text, encoding="utf-8", newline="\n")
    print(f"Wrote {TRACE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
