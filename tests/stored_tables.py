"""Tables as other programs store them, written here: what of them is read must be what was written."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Six people: what every format can hold. Nothing is missing in the names.
PEOPLE = [f"{number:03d}" for number in range(1, 7)]
COLUMNS: dict[str, list[Any]] = {
    "participant_id": PEOPLE,
    "age": [10.5, 11.0, None, 13.25, 14.0, 15.0],
    "sex": [1, 2, 2, 1, None, 1],
    "note": ["ü", "two words", None, "x", "y", "z"],
}
#: For a writer that has no missing level.
SEX_OF_ALL = [1, 2, 2, 1, 2, 1]
SEXES = {1: "Male", 2: "Female"}
DESCRIPTIONS = {"age": "Age at scan", "sex": "Sex at birth"}


def rows() -> list[list[Any]]:
    return [list(row) for row in zip(*COLUMNS.values(), strict=True)]


def xlsx(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def xls(cells: Sequence[Sequence[Any]]) -> bytes:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("data")
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            if value is not None:
                sheet.write(y, x, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def ods(cells: Sequence[Sequence[Any]], tail: str = "") -> bytes:
    """A sheet of LibreOffice; ``tail`` is XML after its rows."""

    def cell(value: Any) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        number = f'office:value-type="float" office:value="{value}"'
        return f"<table:table-cell {number}><text:p>{value}</text:p></table:table-cell>"

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in cells)
    kind = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{kind}:office:1.0" '
        f'xmlns:table="{kind}:table:1.0" xmlns:text="{kind}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="data">{lines}{tail}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    media = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{kind}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media}"/></manifest:manifest>'
    )
    return zipped({"mimetype": media, "content.xml": content, "META-INF/manifest.xml": manifest})


def zipped(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def changed(data: bytes, path: str, old: bytes, new: bytes) -> bytes:
    """An archive with something else in one of its files."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert old in files[path]
    return zipped({**files, path: files[path].replace(old, new, 1)})


def dta(version: int = 118) -> bytes:
    import pandas

    frame = pandas.DataFrame(COLUMNS)
    frame["note"] = frame["note"].fillna("")
    buffer = io.BytesIO()
    frame.to_stata(
        buffer, write_index=False, version=version, variable_labels=DESCRIPTIONS, value_labels={"sex": SEXES}
    )
    return buffer.getvalue()


def rds(path: Path) -> bytes:
    """A data frame with a factor, as R has it, by the writer of rdata."""
    import pandas
    import rdata

    sexes = pandas.Categorical.from_codes([code - 1 for code in SEX_OF_ALL], [*SEXES.values()])
    frame = pandas.DataFrame({**COLUMNS, "age": pandas.array(COLUMNS["age"], "float64"), "sex": sexes})
    rdata.write_rds(path, frame)
    return path.read_bytes()


def xpt() -> bytes:
    """The transport format of SAS, version 5: cards of 80 characters, numbers of IBM's mainframes."""
    kinds = {"participant_id": (2, 8), "age": (1, 8), "sex": (1, 8), "note": (2, 12)}
    short = {"participant_id": "partid"}  # names have eight characters
    head = "HEADER RECORD*******{:<8}HEADER RECORD!!!!!!!{:030d}  "
    cards = [
        head.format("LIBRARY", 0),
        f"{'SAS':<8}{'SAS':<8}{'SASLIB':<8}{'9.4':<8}{'X':<8}{'':24}{'01JAN20:00:00:00':<16}",
        f"{'01JAN20:00:00:00':<80}",
        "HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!000000000000000001600000000140  ",
        "HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!000000000000000000000000000000  ",
        f"{'SAS':<8}{'DATA':<8}{'SASDATA':<8}{'9.4':<8}{'X':<8}{'':24}{'01JAN20:00:00:00':<16}",
        f"{'01JAN20:00:00:00':<80}",
        f"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!000000{len(kinds):04d}00000000000000000000  ",
    ]
    fields, place = b"", 0
    for number, (name, (kind, length)) in enumerate(kinds.items(), start=1):
        label = DESCRIPTIONS.get(name, "").encode()
        fields += struct.pack(
            ">hhhh8s40s8shhh2s8shhl52s", kind, 0, length, number, short.get(name, name).encode().ljust(8),
            label.ljust(40), b"".ljust(8), 0, 0, 0, b"", b"".ljust(8), 0, 0, place, b"",
        )  # fmt: skip
        place += length
    body = b""
    for row in rows():
        for value, (kind, length) in zip(row, kinds.values(), strict=True):
            body += _ibm(value) if kind == 1 else str(value or "").encode().ljust(length)
    cards_of_data = "HEADER RECORD*******OBS     HEADER RECORD!!!!!!!000000000000000000000000000000  "
    return "".join(cards).encode() + _filled(fields) + cards_of_data.encode() + _filled(body)


def _filled(data: bytes) -> bytes:
    return data + b" " * (-len(data) % 80)


def _ibm(value: float | None) -> bytes:
    if value is None:
        return b".".ljust(8, b"\0")
    exponent = 64
    while value >= 1:
        value, exponent = value / 16, exponent + 1
    return bytes([exponent]) + int(value * 2**56).to_bytes(7, "big")
