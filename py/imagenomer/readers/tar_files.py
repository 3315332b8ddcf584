"""Tar archives: the headers are walked through, and files are read where they lie. Links are never followed.

References
----------
POSIX.1-2001, pax: Extended tar format; GNU tar's long names and its numbers in base 256.
"""

from __future__ import annotations

import re

from imagenomer.errors import InputError
from imagenomer.readers.entries import LITTER, Entry, checked_path
from imagenomer.wording import plural

_BLOCK = 512
#: Bytes of a long name or of the records of pax in front of a file.
_LONGEST_RECORDS = 65_536
_FILES, _FOLDER = (b"0", b"\0", b"7"), b"5"
_LONG_NAME, _RECORDS = b"L", b"x"
#: What stands in front of a file: its long name or records, and what is of no use here.
_IN_FRONT = (_LONG_NAME, _RECORDS, b"K", b"g")
_LINKS = {b"1": "a link", b"2": "a symbolic link"}


def tar_members(archive: Entry) -> dict[str, Entry]:
    """Return the files of a tar archive by path.

    Raises
    ------
    InputError
        If it is no tar archive, is damaged or truncated, leads out of itself, or holds links or devices.
    """
    if archive.size < _BLOCK:
        raise InputError(f"{archive.path} is no tar archive: it has {plural(archive.size, 'byte')}; copy it again")
    members: dict[str, Entry] = {}
    at, name, size = 0, "", -1
    while at + _BLOCK <= archive.size:
        header = archive.read(at, at + _BLOCK)
        if not any(header):
            break
        if _number(header[148:156]) != sum(header) - sum(header[148:156]) + 8 * 32:
            where = "no tar archive that can be read" if at == 0 else f"damaged at byte {at:,}"
            raise InputError(f"{archive.path} is {where}; copy or create it again")
        kind = header[156:157]
        length = _number(header[124:136]) if size < 0 or kind in _IN_FRONT else size
        start, at = at + _BLOCK, at + _BLOCK + -(-length // _BLOCK) * _BLOCK
        if length < 0 or start + length > archive.size:
            raise InputError(f"{archive.path} is truncated: a file of {length:,} bytes ends beyond it; copy it again")
        if kind in _IN_FRONT:
            if length > _LONGEST_RECORDS:
                raise InputError(f"{archive.path} holds a name of {length:,} bytes; it is not opened")
            records = archive.read(start, start + length)
            if kind == _LONG_NAME:
                name = records.rstrip(b"\0").decode("utf-8", "replace")
            elif kind == _RECORDS:
                name, size = _of_records(archive, records, name)
            continue
        own, name, size = name or _name(header), "", -1
        if kind == _FOLDER or own.endswith("/"):
            continue
        path = checked_path(archive, own)
        _check_kind(archive, kind, path)
        if LITTER.search(path):
            continue
        # Of several files with one name the last is the newest; tar writes so when it appends.
        members[path] = _member(archive, path, start, length)
    return {path: members[path] for path in sorted(members)}


def _member(archive: Entry, path: str, begin: int, size: int) -> Entry:
    return Entry(path, size, lambda start, stop: archive.read(begin + start, begin + stop))


def _check_kind(archive: Entry, kind: bytes, path: str) -> None:
    if kind in _LINKS:
        raise InputError(
            f"{archive.path} holds {path}, {_LINKS[kind]}, which is not followed; unpack it and drop the folder"
        )
    if kind not in _FILES:
        raise InputError(
            f"{archive.path} holds {path}, which is no file (type {kind.decode('latin-1')!r}); unpack it and drop the "
            "folder"
        )


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    # POSIX's tar has the folders of a long name apart; GNU's keeps other things there.
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _number(text: bytes) -> int:
    """Return a number as headers have it, in octal or in base 256; -1 where it is none."""
    if text[0] & 0x80:
        return int.from_bytes(text, "big") - (0x80 << (8 * (len(text) - 1)))
    digits = text.strip(b" \0")
    return int(digits or b"0", 8) if re.fullmatch(rb"[0-7]*", digits) else -1


def _of_records(archive: Entry, records: bytes, name: str) -> tuple[str, int]:
    """Return name and size (-1 where it is not told) of the file that follows records of pax."""
    size, at = -1, 0
    while at < len(records):
        found = re.match(rb"([0-9]{1,6}) ([^=]+)=", records[at:])
        length = int(found[1]) if found is not None else 0
        if found is None or length <= found.end() or at + length > len(records):
            raise InputError(f"{archive.path} is damaged: it has records that cannot be read; create it again")
        value = records[at + found.end() : at + length - 1]
        if found[2] == b"path":
            name = value.decode("utf-8", "replace")
        elif found[2] == b"size" and re.fullmatch(rb"[0-9]{1,18}", value):
            size = int(value)
        elif found[2].startswith(b"GNU.sparse"):
            raise InputError(f"{archive.path} holds a sparse file; unpack it and drop the folder")
        at += length
    return name, size
