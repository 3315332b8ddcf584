"""Listing: the files a user dropped, read piece by piece, wherever they are.

A native folder, files held by the page and a zip archive look the same here. Nothing
is unpacked, and a file is read only when a reader asks for it.
"""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from imagenomer.errors import InputError
from imagenomer.names import spelled_out
from imagenomer.readers.notes import Notes
from imagenomer.wording import plural

#: What operating systems leave behind; not worth a word in the log.
_LITTER = re.compile(r"(^|/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(/|$)", re.IGNORECASE)

# Connectivity shrinks by 10 % when deflated, tables by 90 %; what unfolds 200 times, to more than this, is a trap.
_LARGEST_RATIO = 200
_HARMLESS_BYTES = 100_000_000
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
    """List a folder, a file or a zip archive on disk.

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
    return _listing(top.resolve().name if top.is_dir() else top.stem, entries)


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
            Entry(_clean(path), size, partial(read, index))
            for index, (path, size) in enumerate(zip(paths, sizes, strict=True))
        ],
    )


def without(listing: Listing, path: str) -> Listing:
    """Return a listing without one of its files; a folder common to all others is stripped."""
    return _strip(listing.name, {name: entry for name, entry in listing.entries.items() if name != path})


def _on_disk(path: str, location: Path) -> Entry:
    def source(start: int, stop: int) -> bytes:
        try:
            with location.open("rb") as file:
                file.seek(start)
                return file.read(stop - start)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None

    return Entry(path, location.stat().st_size, source)


def _clean(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/".join(parts)


def _listing(name: str, entries: list[Entry]) -> Listing:
    """Sort the entries, open the archives among them, strip the common folder."""
    entries = sorted((entry for entry in entries if not _LITTER.search(entry.path)), key=lambda entry: entry.path)
    folders = {folder for entry in entries for folder in _folders_of(entry.path)}
    found: dict[str, Entry] = {}
    for entry in entries:
        # An archive beside the folder that it was made from adds nothing; it is listed as the file it is.
        is_archive = entry.path.lower().endswith(".zip") and entry.path[: -len(".zip")] not in folders
        for member in _members(entry) if is_archive else [entry]:
            if member.path in found:
                raise InputError(
                    f"two files are called {member.path}; drop only one of them, or the folders they are in"
                )
            found[member.path] = member
    return _strip(name, {path: found[path] for path in sorted(found)})


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


def _strip(name: str, entries: dict[str, Entry]) -> Listing:
    while entries and len({path.split("/")[0] for path in entries}) == 1 and all("/" in path for path in entries):
        name = next(iter(entries)).split("/")[0]
        shorter = [replace(entry, path=path.partition("/")[2]) for path, entry in entries.items()]
        entries = {entry.path: entry for entry in shorter}
    return Listing(name, entries)


# --- archives ------------------------------------------------------------------------------------


def archive_members(data: bytes, name: str) -> dict[str, Entry]:
    """Return the files of a zip archive held in memory (such as a .npz), by path.

    Raises
    ------
    InputError
        If it is not a zip archive, is damaged or encrypted, leads out of itself, or unfolds out of all proportion.
    """
    return _open_archive(Entry(name, len(data), lambda start, stop: data[start:stop]))


def _members(archive: Entry) -> list[Entry]:
    """The files of an archive, in a folder called like the archive; a folder around all of them is stripped."""
    folder = archive.path[: -len(".zip")]
    inside = _strip(folder, _open_archive(archive))
    return [replace(entry, path=f"{folder}/{path}") for path, entry in inside.entries.items()]


#: What `zipfile` raises of a damaged directory.
_MALFORMED = (
    zipfile.BadZipFile,
    NotImplementedError,
    struct.error,
    ValueError,
    IndexError,
    EOFError,
    OverflowError,
)


def _open_archive(archive: Entry) -> dict[str, Entry]:
    try:
        # The standard library finds and reads the directory (64-bit archives included); the data are read below.
        with zipfile.ZipFile(io.BufferedReader(_Seekable(archive))) as opened:
            infos = [info for info in opened.infolist() if not info.filename.endswith("/")]
    except InputError:
        raise
    except _MALFORMED as error:
        raise InputError(f"{archive.path} is not a zip archive that can be read ({error}); create it again") from None
    total = sum(info.file_size for info in infos)
    if total > _HARMLESS_BYTES and total > _LARGEST_RATIO * archive.size:
        raise InputError(
            f"{archive.path} has {plural(archive.size, 'byte')} and claims to unfold to {total:,}; it is not opened"
        )
    members: dict[str, Entry] = {}
    for info in infos:
        path = _checked_path(archive, info)
        if _LITTER.search(path):
            continue
        if path in members:
            raise InputError(f"{archive.path} holds two files called {path}; create the archive again")
        members[path] = Entry(path, info.file_size, _Member(archive, info).read)
    return members


def _checked_path(archive: Entry, info: zipfile.ZipInfo) -> str:
    path = info.filename.replace("\\", "/")
    if len(path) > _LONGEST_PATH:
        raise InputError(f"{archive.path} holds a path of {len(path):,} characters; it is not opened")
    if ".." in path.split("/") or path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise InputError(
            f"{archive.path} holds {info.filename!r}, a path that leads out of the archive; it is not opened"
        )
    if info.flag_bits & 0x1:
        raise InputError(f"{archive.path} is encrypted ({path}); unpack it first and drop the folder")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            f"{path} in {archive.path} is compressed by method {info.compress_type}; "
            "only stored and deflated entries are read: unpack it and drop the folder"
        )
    cleaned = _clean(path)
    if not cleaned:
        raise InputError(f"{archive.path} holds a file without a name ({info.filename!r}); create the archive again")
    return cleaned


class _Member:
    """A file in an archive, whose checksum is compared once every byte has been read.

    Read it from front to back, in one piece or in blocks: a stored file is then read once, and a deflated one inflated
    once. What is read again, such as a header, is not counted twice.
    """

    def __init__(self, archive: Entry, info: zipfile.ZipInfo) -> None:
        self._archive = archive
        self._info = info
        self._first_byte: int | None = None
        self._inflater: zlib._Decompress | None = None
        self._offset = self._position = self._crc = 0

    def read(self, start: int, stop: int) -> bytes:
        if self._info.compress_type == zipfile.ZIP_STORED:
            return self._read_stored(start, stop)
        if self._inflater is None or start < self._position:
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            self._offset, self._position, self._crc = self._data_start(), 0, 0
        # What lies before ``start`` is inflated in pieces and thrown away.
        while self._position < start:
            self._inflate(min(start - self._position, 1 << 20))
        return self._inflate(stop - start)

    def _read_stored(self, start: int, stop: int) -> bytes:
        first = self._data_start()
        data = self._archive.read(first + start, first + stop)
        if len(data) != stop - start:
            raise self._damaged()
        # The checksum is known up to ``position``; a piece that leaves a gap adds nothing to it.
        if start <= self._position < stop:
            self._crc = zlib.crc32(memoryview(data)[self._position - start :], self._crc)
            self._position = stop
        self._compare_checksum()  # what was found damaged once stays so, however often it is read
        return data

    def _compare_checksum(self) -> None:
        if self._position == self._info.file_size and self._crc != self._info.CRC:
            raise self._damaged()

    def _inflate(self, n_bytes: int) -> bytes:
        assert self._inflater is not None
        end = self._data_start() + self._info.compress_size
        pieces, missing = [], n_bytes
        while missing:
            waiting = self._inflater.unconsumed_tail
            if not waiting:
                waiting = self._archive.read(self._offset, min(self._offset + (1 << 20), end))
                self._offset += len(waiting)
            try:
                piece = self._inflater.decompress(waiting, missing)
            except zlib.error:
                raise self._damaged() from None
            if not piece and (not waiting or self._inflater.eof):
                raise self._damaged()
            pieces.append(piece)
            missing -= len(piece)
            self._crc = zlib.crc32(piece, self._crc)
        self._position += n_bytes
        if self._position == self._info.file_size:
            self._inflater = None  # thousands of finished entries would each keep their window
        self._compare_checksum()
        return b"".join(pieces)

    def _data_start(self) -> int:
        """Where the data begin: after the local header, whose name and extra field may differ from the directory's."""
        if self._first_byte is not None:
            return self._first_byte
        header = self._archive.read(max(self._info.header_offset, 0), self._info.header_offset + 30)
        if len(header) != 30 or header[:4] != b"PK\x03\x04":
            raise self._damaged()
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        self._first_byte = self._info.header_offset + 30 + int(name_length) + int(extra_length)
        return self._first_byte

    def _damaged(self) -> InputError:
        return InputError(
            f"{self._info.filename}: the archive {self._archive.path} is damaged here; copy or create it again"
        )


class _Seekable(io.RawIOBase):
    """An entry as the file object that `zipfile` wants."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._entry.size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._entry.read(self._position, self._position + len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
