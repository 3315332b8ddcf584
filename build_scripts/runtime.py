"""Fetch the pinned runtime: Pyodide with its packages, PyScript and MicroPython.

``runtime.lock.json`` names every file with its size and SHA-256. A file may come
from anywhere, and is used only if its hash matches. Sources, in this order:

1. the cache: ``.cache/`` in the project, or ``$IMAGENOMER_CACHE``;
2. ``$IMAGENOMER_MIRROR``: a folder or a URL with the files under the paths of the lock;
3. the content delivery network, where the lock names one, given up at its first silence;
4. the package archive named in the lock, fetched by pip or npm (which pip brings where the machine has none). Of some
   packages that is the file itself, a wheel for the page's Python.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import archives
from progress_line import ProgressLine

ROOT = Path(__file__).resolve().parent.parent
LOCK = Path(__file__).with_name("runtime.lock.json")
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
    missing = [file for file in missing if "network" in lock["sources"][file.source]]
    if not missing:
        return
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

    The timeout of a connection restarts for each address of the host, and leaves out the search for its name.
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
            # One byte beyond the size is enough to show that it is another file.
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
                with archives.opened_archive(source, lock.get("info", {}), folder.parent, progress) as members:
                    for file in wanted:
                        with members(source.get("folder", "") + file.name) as stream:
                            _keep(stream, file, folder, progress)
            except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
                troubles.append(f"{source['archive']}: {archives.words(error)}")
    finally:
        shutil.rmtree(folder.parent / "pip", ignore_errors=True)  # large, and not needed again


def node(cache: Path | None = None) -> list[str]:
    """Return the command that runs Node.js: the machine's if it is new enough, else one fetched as a Python package.

    Raises
    ------
    RuntimeUnavailableError
        If there is none and none can be fetched.
    """
    found = shutil.which("node")
    if found:
        printed = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if printed.startswith("v") and int(printed[1:].partition(".")[0]) >= OLDEST_NODE:
            return [found]
    cache = cache or cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    try:
        return archives.node_wheel("node", cache, ProgressLine(0))
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeUnavailableError(
            f"Node.js {OLDEST_NODE} or newer is needed to build, and could not be fetched: {archives.words(error)}\n"
            "Install it, so that the command `node` runs it."
        ) from error


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
