"""What a page needs: the assets, collected, patched, joined and compressed, and the documents beside them."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import kernels
import materials
import pack
import runtime
import shrink
from bare_source import bare
from patches import PATCHES, patched
from runtime import ROOT
from wheel import make_wheel

#: The parts of two scripts: files of the runtime and of ``site/``. Before the worker's stand the kernels.
WORKER = ("pyodide/pyodide.asm.mjs", "pyodide/pyodide.js", "engine.worker.js")
INTERPRETER = ("micropython/micropython.mjs", "pyscript/core-C9KDLldu.js")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the program.

    Attributes
    ----------
    name : str
        Its name in the page.
    stage : {"page", "language", "first", "soon", "rest", "asked"}
        When it is needed: for the page to be alive, if this language was chosen, to start the engine, for the first
        figure, perhaps never, or by few, for whom it is fetched when they ask.
    raw_size : int
        Bytes before compression.
    shipped : bytes
        The content, gzipped.
    """

    name: str
    stage: str
    raw_size: int
    shipped: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.shipped).hexdigest()

    @property
    def path(self) -> str:
        """Where it lies in the site. Not ``.gz``: some servers declare that as a compression and browsers undo it."""
        stem, _, suffix = self.name.rpartition(".")
        return f"assets/{stem}-{self.sha256[:10]}.{suffix}.gzip"


@dataclass(frozen=True, slots=True)
class Program:
    """All that a page needs.

    Attributes
    ----------
    assets : tuple of Asset
        First things first.
    engine : dict
        What the worker needs of its assets.
    interpreter_hash : str
        Of the one script that the page adds to itself, for the policies.
    documents : dict
        Bill of materials and licences, by the names of their files.
    """

    assets: tuple[Asset, ...]
    engine: dict[str, Any]
    interpreter_hash: str
    documents: dict[str, str]


def make_program() -> Program:
    """Collect, patch, join and compress what the program is made of.

    Raises
    ------
    runtime.RuntimeUnavailableError
        If the runtime is neither in the cache nor to be fetched.
    compile.CompileError
        If something could not be compiled.
    """
    lock = runtime.read_lock()
    fetched = runtime.fetch_runtime(lock)
    print("Building the page", file=sys.stderr, flush=True)
    files, engine = pack.engine_files(lock, fetched, make_wheel())
    worker = kernels.script(kernels.modules(lock, fetched.parent)) + _joined(WORKER, fetched)
    interpreter = _joined(INTERPRETER, fetched)
    contents = [
        ("engine.worker.js", "page", worker),
        ("interpreter.js", "page", interpreter),
        ("micropython.wasm", "page", (fetched / "micropython" / "micropython.wasm").read_bytes()),
        ("interface.py", "page", interface_script()),
        *((path.name, "language", path.read_bytes()) for path in languages()),
        *((file.name, file.stage, file.content) for file in files),
    ]
    shipped = shrink.gzip_all([content for *_, content in contents], lock, fetched)
    assets = [
        Asset(name, stage, len(content), packed)
        for (name, stage, content), packed in zip(contents, shipped, strict=True)
    ]
    documents = materials.documents(lock, fetched, PATCHES)
    return Program(tuple(assets), engine, policy_hash(interpreter), documents)


#: Modules of the package that the user interface has too.
SHARED = ("wording.py",)


def _joined(paths: Sequence[str], fetched: Path) -> bytes:
    parts = [
        patched(path, (fetched / path).read_bytes()) if "/" in path else (ROOT / "site" / path).read_bytes()
        for path in paths
    ]
    return b"\n".join(parts)


def languages() -> list[Path]:
    """Return the catalogues of the languages that the page speaks beside English; see ``site/ui/logic/language.py``."""
    return sorted((ROOT / "site" / "languages").glob("*.json"))


def interface_modules() -> dict[str, str]:
    """Return the modules of the user interface, path to bare source: its own, and what it shares with the package."""
    folder, package = ROOT / "site" / "ui", ROOT / "py" / "imagenomer"
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.py")}
    paths |= {f"imagenomer/{name}": package / name for name in SHARED}
    modules = {name: bare(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    return {**modules, "imagenomer/__init__.py": ""}


def interface_script() -> bytes:
    """Return the user interface as one script: it writes the modules into MicroPython's files and runs the main one."""
    modules = sorted(interface_modules().items())
    folders = sorted({parent.as_posix() for name, _ in modules for parent in PurePosixPath(name).parents[:-1]})
    lines = [
        "import os",
        *(f"os.mkdir({name!r})" for name in folders),
        "for name, source in [",
        *(f"    ({name!r}, {source!r})," for name, source in modules),
        "]:",
        '    with open(name, "w") as file:',
        "        file.write(source)",
        "import language",  # before any module says anything
        "import main",
    ]
    return "\n".join(lines).encode()


def policy_hash(content: bytes) -> str:
    """Return how a Content-Security-Policy names a script or a style by its content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
