"""What the engine is made of: the files that the page hands to its worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import runtime

#: When a file is needed: to start the engine, for the first figure, or perhaps never.
Stage = Literal["first", "figures", "rest"]

#: Packages that the engine unpacks before it answers; the others follow when it is idle or when they are needed.
FIRST_PACKAGES = ("numpy", "scipy")

#: What of them takes long enough to import that the page says so.
FIRST_IMPORTS = ("numpy", "scipy.linalg.blas", "scipy.special")


@dataclass(frozen=True, slots=True)
class EngineFile:
    """One file for the worker.

    Attributes
    ----------
    name : str
        What the worker knows it by.
    content : bytes
    stage : {"first", "figures", "rest"}
    """

    name: str
    content: bytes
    stage: Stage


def engine_files(
    lock: dict[str, Any], fetched: Path, wheel: tuple[str, bytes]
) -> tuple[list[EngineFile], dict[str, Any]]:
    """Return the files of the engine, first things first, and what the worker has to know about them.

    Parameters
    ----------
    lock : dict
        See `runtime.read_lock`.
    fetched : Path
        Folder with the runtime as it was fetched.
    wheel : (str, bytes)
        Name and content of our own wheel.
    """
    packages = {name: {"asset": entry["file"], "depends": entry["depends"]} for name, entry in lock["packages"].items()}
    packages["imagenomer"] = {"asset": wheel[0], "depends": list(FIRST_PACKAGES)}
    early = {packages[name]["asset"] for name in FIRST_PACKAGES}
    wheels = sorted(entry["file"] for entry in lock["packages"].values())

    def read(name: str, stage: Stage) -> EngineFile:
        return EngineFile(name, (fetched / "pyodide" / name).read_bytes(), stage)

    files = [
        EngineFile("engine_glue.py", (runtime.ROOT / "site" / "engine_glue.py").read_bytes(), "first"),
        read("pyodide.asm.wasm", "first"),
        read("python_stdlib.zip", "first"),
        *(read(name, "first") for name in wheels if name in early),
        EngineFile(*wheel, "first"),
        *(read(name, "figures") for name in wheels if name not in early),
    ]
    return files, {
        "info": lock["info"],
        "packages": packages,
        "first": ["imagenomer"],
        "first_imports": list(FIRST_IMPORTS),
    }
