"""Compile Python to what the page's interpreter runs: in Pyodide itself, under Node.js, when the site is built.

Compiling sources in WebAssembly is what starting an unprepared Pyodide spends most of its time on. What is compiled
here is kept in the cache under a hash of what it was made from, so that only the first build takes long.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import runtime
from progress_line import ProgressLine

#: Where the page's Python finds its own modules, and those of others.
STDLIB = "lib/python3.14"
SITE_PACKAGES = f"{STDLIB}/site-packages"

HERE = Path(__file__).parent
SCRIPTS = (HERE / "compile.mjs", HERE / "compile_inside.py")
CATALOG_SCRIPT = HERE / "catalog_inside.py"

#: Of our own package, and of the kernels, compilations of this many states are kept.
KEPT = 8


class CompileError(Exception):
    """What was to compile failed; the message has its words."""


def run_in_pyodide(script: Path, pyodide: Path, cache: Path, arguments: dict[str, Any]) -> None:
    """Run a Python script in Pyodide.

    Parameters
    ----------
    script : Path
    pyodide : Path
        Folder with Pyodide.
    cache : Path
        See `runtime.cache_folder`; Node.js is fetched into it where the machine has none.
    arguments : dict
        What the script's coroutine function ``main`` gets as JSON; of it, "info" is that of the lock, and "mounts" maps
        places in Pyodide's file system to folders.

    Raises
    ------
    CompileError
        If the script failed.
    runtime.RuntimeUnavailableError
        If there is no Node.js.
    """
    command = [*runtime.node(cache), str(SCRIPTS[0]), str(pyodide), str(script), json.dumps(arguments)]
    progress = ProgressLine(0)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        said = []
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("PROGRESS "):
                progress.say(line.removeprefix("PROGRESS ").strip())
            else:
                said.append(line)
    progress.end()
    if process.returncode != 0:
        raise CompileError(f"{script.name} failed in Pyodide:\n{''.join(said[-30:])}")


def library(lock: dict[str, Any], fetched: Path) -> Path:
    """Return an archive with the standard library and all packages of the lock, compiled.

    Its entries are paths of the page's file system without the leading slash.

    Parameters
    ----------
    lock : dict
        See `runtime.read_lock`.
    fetched : Path
        Folder with the runtime as it was fetched.
    """
    archives = [("python_stdlib.zip", STDLIB), *((entry["file"], SITE_PACKAGES) for entry in lock["packages"].values())]
    key = _key(lock, [lock["files"][f"pyodide/{name}"]["sha256"] for name, _ in archives])
    made_of = [{"file": name, "place": place} for name, place in archives]
    return _compiled(lock, fetched, fetched / "pyodide", f"library-{key}", made_of)


def own(lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes]) -> Path:
    """Return an archive with our own package, compiled; a traceback has its files and lines, without their text."""
    name, content = wheel
    key = _key(lock, [hashlib.sha256(content).hexdigest()])
    folder = fetched.parent / "compiled"
    found = folder / f"own-{key}" / "compiled.zip"
    if not found.is_file():
        with tempfile.TemporaryDirectory() as scratch:
            (Path(scratch) / name).write_bytes(content)
            made_of = [{"file": name, "place": SITE_PACKAGES}]
            found = _compiled(lock, fetched, Path(scratch), f"own-{key}", made_of)
        for old in sorted(folder.glob("own-*/compiled.zip"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old.parent, ignore_errors=True)
    return found


def catalog(lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes]) -> bytes:
    """Return what the engine answers to ``catalog``, as JSON: the page asks before there is time to import analyses."""
    ours = own(lock, fetched, wheel)
    target = ours.with_name(f"catalog-{hashlib.sha256(CATALOG_SCRIPT.read_bytes()).hexdigest()[:8]}.json")
    if not target.is_file():
        with tempfile.TemporaryDirectory(dir=ours.parent, prefix="making-") as scratch:
            mounts = {
                "/library": str(library(lock, fetched).resolve().parent),
                "/own": str(ours.parent),
                "/out": scratch,
            }
            arguments = {"info": lock["info"], "mounts": mounts}
            run_in_pyodide(CATALOG_SCRIPT, fetched / "pyodide", fetched.parent, arguments)
            (Path(scratch) / "catalog.json").replace(target)
    return target.read_bytes()


def _key(lock: dict[str, Any], hashes: list[str]) -> str:
    """Return a hash of everything that decides what comes out."""
    pyodide = [file.sha256 for file in runtime.locked_files(lock) if file.path.startswith("pyodide/pyodide.")]
    parts = [*hashes, *pyodide, *(hashlib.sha256(script.read_bytes()).hexdigest() for script in SCRIPTS)]
    return hashlib.sha256(json.dumps([parts, lock["info"]]).encode()).hexdigest()[:16]


def _compiled(lock: dict[str, Any], fetched: Path, sources: Path, name: str, archives: list[dict[str, Any]]) -> Path:
    """Compile archives into a folder of the cache, which appears there whole."""
    target = fetched.parent / "compiled" / name / "compiled.zip"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="making-") as scratch:
            arguments = {"info": lock["info"], "mounts": {"/in": str(sources), "/out": scratch}, "archives": archives}
            run_in_pyodide(SCRIPTS[1], fetched / "pyodide", fetched.parent, arguments)
            (Path(scratch) / "compiled.zip").replace(target)
    return target
