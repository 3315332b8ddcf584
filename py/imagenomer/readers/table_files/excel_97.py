"""Excel's files of before 2007, .xls: records in a stream of a compound file.

The stream is taken out here, its sheets are measured, and it is put into a container made anew: what reads it
afterwards follows the links of a container for ever if they go round, and keeps a sheet as a full rectangle.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")

#: Records of a sheet that hold cells: their row and column come first. The second kind ends with the last column.
_CELLS = frozenset({0x0006, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})
_ROWS_OF_CELLS = frozenset({0x00BD, 0x00BE})
_BEGIN, _TEXTS, _DIMENSIONS = 0x0809, 0x00FC, 0x0200

#: Marks in the table of sectors: free, end of a chain, part of the table itself.
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_LAST = 0xFFFFFFFA  # above it are marks
_SECTOR = 4096
_LINKS = _SECTOR // 4
#: Entries of the table's own places in a header.
_PLACES = 109


def workbook_of(data: bytes) -> bytes:
    """Return the stream of a compound file that holds the workbook; `ValueError` where there is none."""
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise ValueError("its sectors have an odd size")
    size = 1 << shift
    first_directory, _, smallest, first_mini = struct.unpack_from("<IIII", data, 48)

    def sector(number: int) -> bytes:
        return data[(number + 1) << shift : (number + 2) << shift]

    def numbers(content: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])

    table: list[int] = []
    blocks = [*struct.unpack_from("<109I", data, 76)]
    (more,) = struct.unpack_from("<I", data, 68)
    for _ in range(len(data) // size):
        if more >= _LAST:
            break
        *own, more = numbers(sector(more)) or (_END,)
        blocks += own
    for number in blocks:
        if number < _LAST and len(table) <= len(data):
            table += numbers(sector(number))

    def chain(first: int, links: list[int], read: int) -> Iterator[int]:
        for _ in range(len(data) // read + 1):  # no more than there is: a chain may bite its tail
            if first >= len(links):
                return
            yield first
            first = links[first]

    def stream(first: int) -> bytes:
        return b"".join(sector(number) for number in chain(first, table, size))

    directory = stream(first_directory)
    entries = [directory[at : at + 128] for at in range(0, len(directory) - 127, 128)]
    for entry in entries:
        length = min(struct.unpack_from("<H", entry, 64)[0], 64)
        if entry[: max(length - 2, 0)].decode("utf-16-le", "replace").lower() in ("workbook", "book"):
            first, n_bytes = struct.unpack_from("<II", entry, 116)
            if n_bytes >= smallest:
                return stream(first)[:n_bytes]
            small = stream(struct.unpack_from("<I", entries[0], 116)[0])
            links = [*numbers(stream(first_mini))]
            return b"".join(small[n << 6 : (n + 1) << 6] for n in chain(first, links, 64))[:n_bytes]
    raise ValueError("no workbook is in it")


def sheet_sizes(workbook: bytes) -> Iterator[tuple[int, int]]:
    """Yield rows and columns of each sheet: those that it says it has, or those of its cells.

    Raises
    ------
    ValueError
        If it counts more texts than it has bytes, or says that a sheet ends before it begins.
    """
    at = n_rows = n_columns = 0
    while at + 4 <= len(workbook):
        kind, length = struct.unpack_from("<HH", workbook, at)
        record = workbook[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == _BEGIN:
            yield n_rows, n_columns
            n_rows = n_columns = 0
        elif kind == _TEXTS and len(record) >= 8:
            if struct.unpack_from("<I", record, 4)[0] > len(workbook):
                raise ValueError("it counts more texts than it has bytes")
        elif kind == _DIMENSIONS and len(record) >= 10:
            first, last, left, right = struct.unpack_from("<IIHH" if len(record) >= 12 else "<HHHH", record)
            if (last and first > last) or (right and left > right):
                raise ValueError("a sheet ends before it begins")
            n_rows, n_columns = max(n_rows, last), max(n_columns, right)
        elif kind in _CELLS and len(record) >= 4:
            row, column = struct.unpack_from("<HH", record)
            n_rows, n_columns = max(n_rows, row + 1), max(n_columns, column + 1)
        elif kind in _ROWS_OF_CELLS and len(record) >= 6:
            row, column = struct.unpack_from("<HH", record)
            (last,) = struct.unpack_from("<H", record, len(record) - 2)
            n_rows, n_columns = max(n_rows, row + 1), max(n_columns, column + 1, last + 1)
    yield n_rows, n_columns


def compound_file(workbook: bytes) -> bytes:
    """Return a compound file with this stream alone; `ValueError` where it is too long for one."""
    content = workbook.ljust(_SECTOR, b"\0")  # shorter streams are kept in another way
    n_data = -(-len(content) // _SECTOR)
    n_table = -(-(n_data + 2) // (_LINKS - 1))
    if n_table > _PLACES:
        raise ValueError(f"its workbook has {len(workbook) / 1e6:.0f} MB")
    # After the table come the directory, an empty sector for short streams, which must be, and the stream.
    first = n_table + 2
    links = [*[_TABLE] * n_table, _END, _END, *range(first + 1, first + n_data), _END]
    links += [_FREE] * (n_table * _LINKS - len(links))
    places = [*range(n_table), *[_FREE] * (_PLACES - n_table)]
    header = MAGIC + struct.pack(
        "<16xHHHHH6xIIIIIIIII", 0x3E, 4, 0xFFFE, 12, 6, 1, n_table, n_table, 0, _SECTOR, _END, 0, _END, 0
    )  # fmt: skip
    header += struct.pack(f"<{_PLACES}I", *places)
    directory = _entry("Root Entry", 5, 1, n_table + 1, 0) + _entry("Workbook", 2, _FREE, first, len(content))
    table = struct.pack(f"<{len(links)}I", *links)
    parts = (header, table, directory, bytes(_SECTOR), content)
    return b"".join(part.ljust(-(-len(part) // _SECTOR) * _SECTOR, b"\0") for part in parts)


def _entry(name: str, kind: int, child: int, first: int, n_bytes: int) -> bytes:
    text = name.encode("utf-16-le")
    return text.ljust(64, b"\0") + struct.pack(
        "<HBBIII36xIQ", len(text) + 2, kind, 1, _FREE, _FREE, child, first, n_bytes
    )
