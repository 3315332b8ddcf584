"""Files of the engine that are not unpacked yet, and how they are had when something asks for them.

The engine starts with the files that the application is known to open. Whatever else is asked for, a module or a file
that a package brings, lies in a blob (see build_scripts/pack.py) that is unpacked then, if it has arrived. If not, the
request has to wait for it and begin again.
"""

import importlib
import importlib.util
import json
import sys
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder

#: How the names of our own modules begin.
OURS = "imagenomer."


class Absent(BaseException):
    """A blob is needed that has not arrived.

    Not an `Exception`: who tries an import to see whether a package is there must not take the answer for a no.

    Attributes
    ----------
    blob : str
    """

    def __init__(self, blob):
        super().__init__(f"{blob} has not arrived")
        self.blob = blob


class Later:
    """Finds modules and files in blobs.

    Parameters
    ----------
    contents : dict
        Paths in each blob, without the leading slash.
    worker : JsProxy
        ``has(blob)``, ``unpack(blob)``, ``arrival(blob)``, a promise, and ``asked(blob)``: whether it comes only when
        our own modules ask for it. Whoever tries an import to see whether such a package is there is told that it is
        not.
    """

    def __init__(self, contents, worker):
        self._worker = worker
        self._blobs = {}
        for blob, paths in contents.items():
            for path in paths:
                self._blobs["/" + path] = blob
                folder = path.rpartition("/")[0]
                while folder and f"/{folder}" not in self._blobs:
                    self._blobs["/" + folder] = blob
                    folder = folder.rpartition("/")[0]
        self._waiting = set(contents)

    def install(self):
        """Be asked for whatever Python does not find."""
        sys.meta_path.append(self)
        sys.addaudithook(self._hear)

    def find_spec(self, name, path=None, target=None):
        """Find a module that is not there, as a finder of `sys.meta_path`."""
        if not self._waiting:
            return None
        last = name.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            for suffix in (".pyc", "/__init__.pyc", *EXTENSION_SUFFIXES, ""):
                blob = self._blobs.get(f"{folder}/{last}{suffix}")
                if blob in self._waiting and (name.startswith(OURS) or not self._worker.asked(blob)):
                    self.bring(blob)
                    return PathFinder.find_spec(name, path, target)
        return None

    def _hear(self, event, given):
        # Before the file is opened: who catches the error of a missing file goes on without.
        if event == "open" and self._waiting and isinstance(given[0], str):
            blob = self._blobs.get(given[0])
            if blob in self._waiting:
                self.bring(blob)

    def bring(self, blob):
        """Unpack a blob, or raise `Absent`."""
        blobs = self._with_packages(blob)
        for name in blobs:
            if not self._worker.has(name):
                raise Absent(name)
        for name in blobs:
            self._worker.unpack(name)
            self._waiting.remove(name)
        importlib.invalidate_caches()

    def _with_packages(self, blob):
        """Return a blob and those that hold the `__init__` of a package that it has modules of, if they still wait.

        Python takes a folder without `__init__` for an empty package, and asks nobody else.
        """
        found = [blob] if blob in self._waiting else []
        for name in found:
            folders = {path.rpartition("/")[0] for path, other in self._blobs.items() if other == name}
            packages = {self._blobs.get(f"{folder}/__init__.pyc") for folder in folders}
            found += sorted(self._waiting.intersection(packages) - set(found))
        return found

    async def arrival(self, blob):
        """Wait until a blob is there."""
        await self._worker.arrival(blob)


later = None


def listen(contents, worker):
    """Find what is not there yet; ``contents`` is JSON, see `Later`."""
    global later
    later = Later(json.loads(contents), worker)
    later.install()


async def patiently(work, tell=lambda: None):
    """Return what the coroutine function ``work`` does; each time something is absent, wait for it and begin again.

    ``tell`` is called before each wait.
    """
    while True:
        try:
            return await work()
        except Absent as absent:
            blob = absent.blob
        tell()
        await later.arrival(blob)


async def load(name):
    """Import a module."""

    async def work():
        importlib.import_module(name)

    await patiently(work)


async def need(packages):
    """Return once these packages can be imported without waiting."""

    async def work():
        for name in packages:
            importlib.util.find_spec(name)

    await patiently(work)
