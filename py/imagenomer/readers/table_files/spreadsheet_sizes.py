"""What a spreadsheet would take in memory, told from its bytes before a library makes room for it.

A library keeps a sheet as a full rectangle, so that one cell far away, written in 20 bytes, may ask for gigabytes; and
the parts of an .xlsx or .ods file are compressed, a thousand to one at best.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from imagenomer.readers.table_files.raw import MOST_BYTES, refuse_beyond

_BLOCK = 1 << 20

_XLSX_PLACE = re.compile(rb'<(?:\w+:)?(?:c|row)\b[^>]*?\sr="([A-Z]*)([0-9]+)"')
_XLSX_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ODS_PART = re.compile(
    rb"<(table:table|table:table-row|table:(?:covered-)?table-cell)((?:\s[^>]*?)?)(/?)>|</table:table-row>"
)
_ODS_REPEATED = re.compile(rb'table:number-(?:rows|columns)-repeated="([0-9]+)"')


def refuse_oversized(name: str, data: bytes) -> None:
    """Raise unless every sheet of an .xlsx or .ods file fits.

    Raises
    ------
    InputError
        If a sheet has too many cells.
    ValueError, zipfile.BadZipFile
        If it is no spreadsheet, declares XML entities, or unpacks to more than is read.
    """
    for part, content in _parts(data):
        if part == "content.xml":
            for size in _ods_sizes(content):
                refuse_beyond(name, *size)
        elif part.startswith("xl/worksheets/"):
            refuse_beyond(name, *_xlsx_size(content))


def _parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each XML part, having inflated it under supervision."""
    left = MOST_BYTES
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            blocks = []
            with archive.open(info) as part:  # stops at the size in the directory, and compares the checksum
                while block := part.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise ValueError(f"it unpacks to more than {MOST_BYTES / 1e6:.0f} MB")
                    blocks.append(block)
            if info.filename.endswith((".xml", ".rels")):
                content = b"".join(blocks)
                if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
                    raise ValueError(f"its part {info.filename} declares XML entities")
                yield info.filename, content


def _xlsx_size(sheet: bytes) -> tuple[int, int]:
    n_rows = n_columns = n_places = 0
    for letters, digits in _XLSX_PLACE.findall(sheet):
        n_rows = max(n_rows, int(digits[:9]))
        if letters:
            n_places += 1
            column = 0
            for letter in letters[:5]:
                column = 26 * column + letter - 64
            n_columns = max(n_columns, column)
    # A cell without a place follows the one before.
    n_unplaced = len(_XLSX_CELL.findall(sheet)) - n_places
    return max(n_rows, sheet.count(b"<row")), n_columns + max(n_unplaced, 0)


def _ods_sizes(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield rows and columns of each sheet up to its last cell that is not empty."""
    height = width = row = repeated = place = last = 0
    for found in _ODS_PART.finditer(content):
        kind, attributes, closed = found[1], found[2], found[3]
        times = _ODS_REPEATED.search(attributes) if attributes else None
        n = int(times[1][:9]) if times else 1
        if kind == b"table:table":
            yield height, width
            height = width = row = place = last = 0
        elif kind == b"table:table-row":
            repeated, place, last = n, 0, 0
            if closed:
                row += n
        elif kind is None:  # the end of a row
            row += repeated
            if last:
                height, width = row, max(width, last)
        else:
            place += n
            if not closed or b"office:value" in attributes:
                last = place
    yield height, width
