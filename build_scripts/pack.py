"""What the engine is made of: the files that the page hands to its worker.

The standard library and the packages come compiled (see compile.py), in one file for each time of need:

    library.blob     first  what the application opens until the first matrix is on screen
    statistics.blob  soon   what analyses add
    figures.blob     soon   what figures on screen and as SVG or PNG add
    readers.blob     rest   of our own package what no first figure of a demo cohort needs: readers of files above all
    downloads.blob   rest   what other formats add
    rest.blob        rest   everything else, which the engine unpacks when something asks for it
    calamine.blob, pandas.blob, pyfive.blob, rdata.blob
                     asked  a package of the lock with a blob of its own, for files of a kind that few open: the page
                            does not even fetch it before the engine asks
    imagenomer.blob  first  the rest of our own package: a new version of it changes no other file but the readers

Who opens what stands in ``runtime.trace.txt``, which ``python3 build_scripts/pack.py --trace`` rewrites: after a
change that imports something new, or a new version in the lock. A file that is missing there is found all the same,
only later.

A blob is the length of its index (4 bytes, little-endian), the index, a JSON list of ``[path, size]``, and the files
one after another. Paths are those of the page's file system without the leading slash.
"""

from __future__ import annotations

import argparse
import json
import re
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

#: When a file is needed: to start the engine, for the first result or figure, perhaps never, or by few.
Stage = Literal["first", "soon", "rest", "asked"]

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
    "readers.blob": "rest",
    "downloads.blob": "rest",
    "rest.blob": "rest",
    "calamine.blob": "asked",
    "pandas.blob": "asked",
    "pyfive.blob": "asked",
    "rdata.blob": "asked",
}
OWN = "imagenomer.blob"
#: Of our own package what no first figure of a demo cohort needs: readers, HTML reports, sessions, subjects one by one,
#: what is taken home, the atlases of other cohorts, how predictions are told, and figures imported when they are drawn.
OWN_LATER = re.compile(
    r".*/imagenomer/(readers/|html_report/|session/|explanations/|datasets/atlases/(?!power-264/).*/atlas\.tsv|cohort/dates\.pyc?"
    r"|(subject_table|map_files|script)\.pyc?"
    r"|analyses/models/prediction_(figures|methods|report|sentences|tables|views|warnings)\.pyc?"
    r"|analyses/models/(protocol_sentences|transfer_report)\.pyc?"
    r"|analyses/confounds/((tables|words)/\w+|numbers|presentation|views|\w+_figure)\.pyc?"
    r"|figures/(brain|comparison|component|forest|paths|prediction|quality|ring|variants)\.pyc?)"
)
#: Of our own package what nobody opens in the page: the command line, and what data sets say to readers of the sources.
OWN_LEFT_OUT = re.compile(r".*/imagenomer/(cli/.*|datasets/.*/README\.md)")
#: Of it what comes with the library that it needs.
WITH_LIBRARIES = {
    f"imagenomer/readers/{name}.pyc": blob
    for blob, names in (
        ("calamine.blob", ("table_files/excel_97", "table_files/spreadsheet_sizes", "table_files/spreadsheets")),
        ("pandas.blob", ("table_files/sas", "table_files/stata")),
        ("pyfive.blob", ("hdf5",)),
        ("rdata.blob", ("table_files/r_objects",)),
    )
    for name in names
}
#: What nothing asks for by itself: it comes with its package.
_BESIDE_PACKAGES = re.compile(r".*\.dist-info/")


@dataclass(frozen=True, slots=True)
class EngineFile:
    """One file for the worker.

    Attributes
    ----------
    name : str
        Its name in the worker.
    content : bytes
    stage : {"first", "soon", "rest", "asked"}
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
    with (
        zipfile.ZipFile(compiling.library(lock, fetched)) as library,
        zipfile.ZipFile(compiling.own(lock, fetched, wheel)) as own,
    ):
        paths = set(library.namelist())
        wanted = {**{name: set(found) for name, found in traced.items()}, **_packages_apart(lock, fetched)}
        wanted["rest.blob"] = paths.difference(*wanted.values())
        content = {name: sorted(wanted.get(name, set()) & paths, key=_alike) for name in BLOBS}
        ours = {path: own.read(path) for path in own.namelist() if not OWN_LEFT_OUT.match(path)}
        apart = {path: "readers.blob" for path in ours if OWN_LATER.match(path)}
        apart |= {f"{compiling.SITE_PACKAGES}/{path}": name for path, name in WITH_LIBRARIES.items()}
        blobs = {}
        for name in BLOBS:
            beside = [(path, ours.pop(path)) for path in apart if apart[path] == name]
            blobs[name] = blob([*((path, library.read(path)) for path in content[name]), *beside])
            content[name] += [path for path, _ in beside]
    later = {
        name: [path for path in content[name] if not _BESIDE_PACKAGES.match(path)]
        for name, stage in BLOBS.items()
        if stage != "first"
    }
    blobs[OWN] = blob(
        [
            (LATER, json.dumps(later, separators=(",", ":")).encode()),
            *((f"{compiling.SITE_PACKAGES}/{path.name}", path.read_bytes()) for path in BESIDE_GLUE),
            (f"{compiling.SITE_PACKAGES}/imagenomer/catalog.json", compiling.catalog(lock, fetched, wheel)),
            *ours.items(),
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
        "asked": [name for name, stage in BLOBS.items() if stage == "asked"],
        "first_imports": list(FIRST_IMPORTS),
    }


def _packages_apart(lock: dict[str, Any], fetched: Path) -> dict[str, set[str]]:
    """Return the paths of the packages that have a blob of their own, by blob."""
    found: dict[str, set[str]] = {name: set() for name, stage in BLOBS.items() if stage == "asked"}
    for entry in lock["packages"].values():
        if "blob" in entry:
            with zipfile.ZipFile(fetched / "pyodide" / entry["file"]) as package:
                paths = (path + "c" if path.endswith(".py") else path for path in package.namelist())
                found[entry["blob"]].update(f"{compiling.SITE_PACKAGES}/{path}" for path in paths)
    return found


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
    found: dict[str, list[str]] = {f"{name}.blob": [] for name in ("library", "statistics", "figures", "downloads")}
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
