"""Listing: the files a user dropped, read piece by piece, wherever they are.

A native folder, files held by the page and archives look the same here (`imagenomer.readers.archives`).
A file is read only when a reader asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from imagenomer.errors import InputError
from imagenomer.names import spelled_out
from imagenomer.readers.archives import is_archive, members_of, without_ending
from imagenomer.readers.entries import LITTER, Entry, clean_path, strip_folder
from imagenomer.readers.notes import Notes

__all__ = ["Entry", "Listing", "listing_from", "listing_of", "with_clean_paths"]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a cohort by path, sorted; a folder common to all is stripped and kept as the name."""

    name: str
    entries: dict[str, Entry]

    def __contains__(self, path: str) -> bool:
        return path in self.entries

    def __getitem__(self, path: str) -> Entry:
        return self.entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def under(self, folder: str) -> dict[str, Entry]:
        """Return the entries below a folder, by their path within it."""
        prefix = f"{folder}/"
        return {path[len(prefix) :]: entry for path, entry in self.entries.items() if path.startswith(prefix)}

    def folders(self) -> tuple[str, ...]:
        """Return the top folders, sorted."""
        return tuple(sorted({path.split("/")[0] for path in self.entries if "/" in path}))


def listing_of(path: str | os.PathLike[str]) -> Listing:
    """List a folder, a file or an archive on disk.

    Raises
    ------
    InputError
        If there is nothing at ``path``, or an archive cannot be read.
    """
    top = Path(path)
    if top.is_dir():
        found = [Path(folder, file) for folder, _, files in os.walk(top) for file in files]
        entries = [_on_disk(file.relative_to(top).as_posix(), file) for file in found if file.is_file()]
    elif top.is_file():
        entries = [_on_disk(top.name, top)]
    else:
        raise InputError(f"there is no file or folder {str(path)!r}")
    return _listing(top.resolve().name if top.is_dir() else without_ending(top.name), entries)


def listing_from(paths: Sequence[str], sizes: Sequence[int], read: Callable[[int, int, int], bytes]) -> Listing:
    """List files that somebody else holds, such as the page.

    Parameters
    ----------
    paths : sequence of str
        As the user dropped them ("Fibromyalgia/fc/2_task-rest_fc.npy").
    sizes : sequence of int
        In bytes, parallel to ``paths``.
    read : callable
        ``read(index, start, stop)`` returns bytes ``start`` up to ``stop`` of file ``index``, as any bytes-like.

    Raises
    ------
    InputError
        If two files have the same path, or an archive cannot be read.
    """
    return _listing(
        "Cohort",
        [
            Entry(clean_path(path), size, partial(read, index))
            for index, (path, size) in enumerate(zip(paths, sizes, strict=True))
        ],
    )


def without(listing: Listing, path: str) -> Listing:
    """Return a listing without one of its files; a folder common to all others is stripped."""
    return Listing(
        *strip_folder(listing.name, {name: entry for name, entry in listing.entries.items() if name != path})
    )


def _on_disk(path: str, location: Path) -> Entry:
    def source(start: int, stop: int) -> bytes:
        try:
            with location.open("rb") as file:
                file.seek(start)
                return file.read(stop - start)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None

    return Entry(path, location.stat().st_size, source)


def _listing(name: str, entries: list[Entry]) -> Listing:
    """Sort the entries, open the archives among them, strip the common folder."""
    entries = sorted((entry for entry in entries if not LITTER.search(entry.path)), key=lambda entry: entry.path)
    held = {folder for entry in entries for folder in (*_folders_of(entry.path), entry.path)}
    found: dict[str, Entry] = {}
    for entry in entries:
        # An archive beside what it was made from adds nothing; it is listed as the file it is.
        for member in members_of(entry, held) if is_archive(entry.path) else [entry]:
            if member.path in found:
                raise InputError(
                    f"two files are called {member.path}; drop only one of them, or the folders they are in"
                )
            found[member.path] = member
    return Listing(*strip_folder(name, {path: found[path] for path in sorted(found)}))


def with_clean_paths(listing: Listing, notes: Notes) -> Listing:
    """Return the listing with names of files and folders that may be shown; what is only such marks becomes "_".

    Raises
    ------
    InputError
        If two files differ in nothing that is seen.
    """
    found: dict[str, str] = {}
    for path in listing:
        clean = path if path.isprintable() else "/".join(notes.clean(part) or "_" for part in path.split("/"))
        other = found.setdefault(clean, path)
        if other is not path:
            odd = path if path != clean else other
            raise InputError(
                f"two files are called {clean}, one of them spelled {spelled_out(odd)}; rename one of them"
            )
    entries = {clean: replace(listing[found[clean]], path=clean) for clean in sorted(found)}
    return Listing(notes.clean(listing.name) or "Cohort", entries)


def _folders_of(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
