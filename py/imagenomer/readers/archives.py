"""Archives: zip, tar, tar.gz and what is compressed alone (.csv.gz), also inside one another, as files of a listing.

What is inflated as a whole is held in memory and bounded; what could do harm is refused in words.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from imagenomer.errors import InputError
from imagenomer.readers.entries import Entry, strip_folder
from imagenomer.readers.gzip_files import gunzipped
from imagenomer.readers.tar_files import tar_members
from imagenomer.readers.zip_files import zip_members

_ARCHIVE = re.compile(r"\.(zip|tar|tar\.gz|tgz)$", re.IGNORECASE)
#: What is read when it is compressed alone; images and genotypes are not.
_COMPRESSED = re.compile(r"\.(csv|tsv|txt|tab|dat|1d|json|npy|mat|tar|h5)\.gz$|\.tgz$", re.IGNORECASE)
#: Archives in archives in archives.
_DEEPEST = 3
#: Bytes of an archive that is inflated as a whole: a compressed tar, or an archive inside another.
_MOST_HELD = 600_000_000


def is_archive(path: str) -> bool:
    """Tell whether a file holds others, or one that is compressed, by its name."""
    return bool(_ARCHIVE.search(path) or _COMPRESSED.search(path))


def without_ending(name: str) -> str:
    """Return the name of a file without its ending, an archive's of two parts included."""
    found = _ARCHIVE.search(name)
    return name[: found.start()] if found is not None else name.rpartition(".")[0] or name


def members_of(entry: Entry, beside: Collection[str] = (), depth: int = 1) -> list[Entry]:
    """Return the files in an archive, in a folder called like it, a folder around all of them stripped.

    Parameters
    ----------
    entry : Entry
    beside : collection of str
        Paths of other files and folders: an archive beside what it was made from stays the file that it is.
    depth : int
        How many archives are around these files.

    Raises
    ------
    InputError
        If it is damaged, leads out of itself, holds links, or unfolds to too much.
    """
    found = _ARCHIVE.search(entry.path)
    inside = entry.path[: found.start()] if found is not None else entry.path[: -len(".gz")]
    if inside in beside:
        return [entry]
    if depth > _DEEPEST:
        raise InputError(f"{entry.path} is inside {_DEEPEST} archives; unpack them first and drop the folder")
    if found is None:
        return [gunzipped(entry, inside)]
    whole = _held(gunzipped(entry, entry.path)) if _COMPRESSED.search(entry.path) else entry
    whole = _held(whole) if depth > 1 and whole is entry else whole
    members = zip_members(whole) if found[1].lower() == "zip" else tar_members(whole)
    _, members = strip_folder(inside, members)
    own = {f"{inside}/{path}" for path in members} | {f"{inside}/{path.rpartition('/')[0]}" for path in members}
    result = []
    for path, member in members.items():
        one = replace(member, path=f"{inside}/{path}")
        result += members_of(one, own, depth + 1) if is_archive(path) else [one]
    return result


def _held(entry: Entry) -> Entry:
    """Return an entry whose bytes are in memory, once for all that is read of it."""
    if entry.size > _MOST_HELD:
        raise InputError(
            f"{entry.path} unfolds to {entry.size / 1e6:,.0f} MB, more than the {_MOST_HELD / 1e6:.0f} that are held "
            "in memory; unpack it first and drop the folder"
        )
    data = entry.read()
    return Entry(entry.path, len(data), lambda start, stop: data[start:stop])
