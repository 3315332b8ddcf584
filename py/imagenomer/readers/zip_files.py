"""Zip archives, whose files are inflated as they are read."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from imagenomer.errors import InputError
from imagenomer.readers.entries import LITTER, Entry, check_size, checked_path


def archive_members(data: bytes, name: str) -> dict[str, Entry]:
    """Return the files of a zip archive held in memory (such as a .npz), by path.

    Raises
    ------
    InputError
        If it is not a zip archive, is damaged or encrypted, leads out of itself, or unfolds out of all proportion.
    """
    return zip_members(Entry(name, len(data), lambda start, stop: data[start:stop]))


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


def zip_members(archive: Entry) -> dict[str, Entry]:
    """Return the files of a zip archive by path; nothing is unpacked before it is read.

    Raises
    ------
    InputError
        As `archive_members`.
    """
    try:
        # The standard library finds and reads the directory (64-bit archives included); the data are read below.
        with zipfile.ZipFile(io.BufferedReader(_Seekable(archive))) as opened:
            infos = [info for info in opened.infolist() if not info.filename.endswith("/")]
    except InputError:
        raise
    except _MALFORMED as error:
        raise InputError(f"{archive.path} is not a zip archive that can be read ({error}); create it again") from None
    check_size(archive, sum(info.file_size for info in infos))
    members: dict[str, Entry] = {}
    for info in infos:
        path = _checked(archive, info)
        if LITTER.search(path):
            continue
        if path in members:
            raise InputError(f"{archive.path} holds two files called {path}; create the archive again")
        members[path] = Entry(path, info.file_size, _Member(archive, info).read)
    return members


def _checked(archive: Entry, info: zipfile.ZipInfo) -> str:
    path = checked_path(archive, info.filename)
    if info.flag_bits & 0x1:
        raise InputError(f"{archive.path} is encrypted ({path}); unpack it first and drop the folder")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            f"{path} in {archive.path} is compressed by method {info.compress_type}; "
            "only stored and deflated entries are read: unpack it and drop the folder"
        )
    return path


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
