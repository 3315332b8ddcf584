"""The same sources give the same bytes, whatever surrounds them."""

from __future__ import annotations

from pathlib import Path

import pytest

import materials
import publishing
import runtime

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # two builds, and no cache of our own modules


def cache_without_our_own(folder: Path) -> Path:
    """A cache with all that was fetched, but without what was made from our own sources."""
    for path in [*runtime.cache_folder().iterdir(), *(runtime.cache_folder() / "compiled").glob("*")]:
        if path.name not in {"compiled", "gzip"} and not path.name.startswith("own-"):
            link = folder / path.relative_to(runtime.cache_folder())
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path, target_is_directory=path.is_dir())
    return folder


#: Makes a Python list folders backwards; file systems have orders of their own, and this machine's has but one.
LIST_BACKWARDS = """
import os

class Backwards:
    def __init__(self, entries):
        with entries:
            self.entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self.entries

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    close = __exit__

scandir, listdir = os.scandir, os.listdir
os.scandir = lambda *path: Backwards(scandir(*path))
os.listdir = lambda *path: sorted(listdir(*path), reverse=True)
"""


def test_another_place_time_user_language_and_order_of_files_make_the_same_files(
    published: Path, tmp_path: Path
) -> None:
    sources = tmp_path / "other sources" / "ünïcödé"
    # Those that were built before: in the project somebody may be at work.
    publishing.copy_sources(sources, published.parent, time=1_000_000_000)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sitecustomize.py").write_text(LIST_BACKWARDS, encoding="utf-8")
    environment = {
        "TZ": "Pacific/Auckland",
        # Python then takes text files for ASCII unless told otherwise.
        "LC_ALL": "POSIX",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONHASHSEED": "20261123",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(tmp_path / "home"),
        "USER": "somebody",
        "SOURCE_DATE_EPOCH": "1",
        "IMAGENOMER_CACHE": str(cache_without_our_own(tmp_path / "cache")),
    }
    again = publishing.publish(sources, environment, umask=0o077)
    # It names every file but itself, and what differs is then seen by its name.
    lines = [(folder / materials.CHECKSUMS).read_text(encoding="utf-8").splitlines() for folder in (published, again)]
    assert sorted(set(lines[0]) ^ set(lines[1])) == []
    assert lines[0] == lines[1]
    assert materials.wrong_files(published) == materials.wrong_files(again) == []
