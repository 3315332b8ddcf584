"""Files compressed by gzip: inflated as they are read, in pieces, into no more than they say they hold."""

from __future__ import annotations

import zlib

from imagenomer.errors import InputError
from imagenomer.readers.entries import Entry, check_size

_PIECE = 1 << 20
#: Of zlib: a header and a checksum of gzip.
_GZIP = 31


def gunzipped(entry: Entry, path: str) -> Entry:
    """Return what a file compressed by gzip holds, as a file.

    Its size is what the last four bytes say, so that thousands are listed without being inflated. A file whose
    content is of another size is refused when it is read to its end.

    Parameters
    ----------
    entry : Entry
    path : str
        Of the file inside.

    Raises
    ------
    InputError
        If it is no such file, or claims to unfold out of all proportion.
    """
    if entry.size < 18 or entry.read(0, 2) != b"\x1f\x8b":
        raise InputError(f"{entry.path} is not compressed by gzip; copy it again, or unpack it first")
    size = int.from_bytes(entry.read(entry.size - 4), "little")
    check_size(entry, size)
    return Entry(path, size, lambda start, stop: _inflated(entry, start, stop, size))


def _inflated(entry: Entry, start: int, stop: int, size: int) -> bytes:
    """Return bytes of the content; what lies before them is inflated and thrown away."""
    inflater = zlib.decompressobj(_GZIP)
    wanted, position, offset = bytearray(), 0, 0
    # Of a file that is read to its end one byte more is asked for: its checksum is compared, and more is too much.
    end = stop + 1 if stop >= size else stop
    while position < end and not inflater.eof:
        waiting = inflater.unconsumed_tail
        if not waiting:
            waiting = entry.read(offset, offset + _PIECE)
            offset += len(waiting)
            if not waiting:
                break
        try:
            piece = inflater.decompress(waiting, min(end - position, _PIECE))
        except zlib.error as error:
            raise InputError(f"{entry.path} is damaged ({error}); copy it again") from None
        wanted += piece[max(start - position, 0) :]
        position += len(piece)
    if stop >= size and (position != size or not inflater.eof):
        raise InputError(
            f"{entry.path} is truncated, or made of several parts, which are not read; unpack it first (gunzip)"
        )
    return bytes(wanted[: stop - start])
