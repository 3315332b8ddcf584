"""Entries: files of a listing, wherever they are, and what is asked of their paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from imagenomer.errors import InputError
from imagenomer.wording import plural

#: What operating systems leave behind; not worth a word in the log.
LITTER = re.compile(r"(^|/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(/|$)", re.IGNORECASE)

# Connectivity shrinks by 10 % when deflated, tables by 90 %; what unfolds 200 times, to more than this, is a trap.
LARGEST_RATIO = 200
HARMLESS_BYTES = 100_000_000
#: Characters in a path within an archive; no system makes longer ones.
_LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a listing.

    Attributes
    ----------
    path : str
        Relative to the listing, with forward slashes.
    size : int
        In bytes.
    source : callable
        ``source(start, stop)`` returns bytes ``start`` up to ``stop``, as any bytes-like.
    """

    path: str
    size: int
    source: Callable[[int, int], bytes]

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes from ``start`` up to ``stop`` (None: the end); `InputError` where they cannot be had."""
        stop = self.size if stop is None else min(stop, self.size)
        return bytes(self.source(start, stop)) if stop > start else b""


def clean_path(path: str) -> str:
    """Return a path with forward slashes and without empty parts."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/".join(parts)


def strip_folder(name: str, entries: dict[str, Entry]) -> tuple[str, dict[str, Entry]]:
    """Return entries without the folder that is around all of them, which becomes the name."""
    while entries and len({path.split("/")[0] for path in entries}) == 1 and all("/" in path for path in entries):
        name = next(iter(entries)).split("/")[0]
        shorter = [replace(entry, path=path.partition("/")[2]) for path, entry in entries.items()]
        entries = {entry.path: entry for entry in shorter}
    return name, entries


def checked_path(archive: Entry, name: str) -> str:
    """Return the clean path of a file in an archive; `InputError` where it leads out of the archive or is none."""
    path = name.replace("\\", "/")
    if len(path) > _LONGEST_PATH:
        raise InputError(f"{archive.path} holds a path of {len(path):,} characters; it is not opened")
    if ".." in path.split("/") or path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise InputError(f"{archive.path} holds {name!r}, a path that leads out of the archive; it is not opened")
    cleaned = clean_path(path)
    if not cleaned:
        raise InputError(f"{archive.path} holds a file without a name ({name!r}); create the archive again")
    return cleaned


def check_size(archive: Entry, total: int) -> None:
    """Raise `InputError` where an archive claims to unfold out of all proportion."""
    if total > HARMLESS_BYTES and total > LARGEST_RATIO * archive.size:
        raise InputError(
            f"{archive.path} has {plural(archive.size, 'byte')} and claims to unfold to {total:,}; it is not opened"
        )
