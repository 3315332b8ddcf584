"""SAS's .sas7bdat and transport (.xpt, version 5) files, read by pandas."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from typing import Any

from imagenomer.errors import InputError
from imagenomer.readers.table_files.raw import RawTable, cell, damage_told, refuse_beyond

WHAT = "a SAS file (.sas7bdat, or .xpt of version 5)"

#: Bytes of the smallest mention of a row in a compressed file, where rows may be shorter than they unpack to.
_LEAST_ROW_BYTES = 2
#: Bytes of what such a file is padded to.
_CARD = 80
_IBM_SMALLEST = 2.0**-260
#: Magnitudes that numbers have when they are read from a wrong place, and hardly otherwise.
_SMALLEST, _LARGEST = 1e-150, 1e150


def read(name: str, data: bytes) -> list[RawTable]:
    """Return the table of a file, with labels of columns. All missing values of SAS, ``.A`` to ``.Z`` too, are missing.

    Labels of values are in another file, the catalog, which is not read.

    Raises
    ------
    InputError
        If it is no such file, or damaged.
    """
    with damage_told(name, WHAT), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_transport(name, data) if name.lower().endswith(".xpt") else _sas7bdat(name, data)]


def _sas7bdat(name: str, data: bytes) -> RawTable:
    from pandas.io.sas.sas7bdat import SAS7BDATReader  # late: see the package

    with SAS7BDATReader(io.BytesIO(data)) as reader:
        n_rows = int(reader.row_count)
        if n_rows * _LEAST_ROW_BYTES > len(data):
            raise ValueError(f"{n_rows:,} rows are not in it")
        refuse_beyond(name, n_rows, max(len(reader.columns), int(reader.row_length) // 8))
        frame = reader.read()
        encoding = str(reader.inferred_encoding)
        labels = {_text(column.name, encoding): _text(column.label, encoding) for column in reader.columns}
    _refuse_misread(name, frame)
    # Where pandas takes labels from the wrong place it finds other names, and what stands between them.
    return _table(frame, labels if "".join(labels.values()).isprintable() else {}, encoding)


def _transport(name: str, data: bytes) -> RawTable:
    from pandas.io.sas.sas_xport import XportReader  # late: see the package

    with XportReader(io.BytesIO(data), encoding=None) as reader:
        reader.nobs = _count_records(data[reader.record_start :], int(reader.record_length))
        if reader.nobs == 0:
            raise InputError(f"{name} has no rows")
        refuse_beyond(name, int(reader.nobs), len(reader.fields))
        frame = reader.read()
        labels = {_text(one["name"]): _text(one["label"]) for one in reader.fields}
    # pandas reads IBM's zero as the smallest number that is none.
    numbers = frame.select_dtypes("number").columns
    frame[numbers] = frame[numbers].mask(frame[numbers] == _IBM_SMALLEST, 0.0)
    return _table(frame, labels)


def _count_records(data: bytes, length: int) -> int:
    """Return how many records stand before the blanks that fill the last card; pandas counts blanks in texts too."""
    n = len(data) // length
    while n and (n - 1) * length > len(data) - _CARD and not data[(n - 1) * length : n * length].strip(b" "):
        n -= 1
    return n


def _refuse_misread(name: str, frame: Any) -> None:
    """Refuse a file that pandas reads from a wrong place: some programs align rows in another way than SAS."""
    for column, values in frame.select_dtypes("float").items():
        sizes = abs(values[values != 0])
        odd = sizes[(sizes < _SMALLEST) | (sizes > _LARGEST)]
        if len(odd):
            raise InputError(
                f"{name}: its column {_text(column)} has values like {odd.iloc[0]:.2g}, which no measurement has: it "
                "is laid out in a way not known here; export it as .csv or .xpt"
            )


def _table(frame: Any, labels: dict[str, str], encoding: str = "latin-1") -> RawTable:
    rows = [
        [cell(_text(value, encoding)) if isinstance(value, str | bytes) else cell(value) for value in row]
        for row in zip(*(frame.iloc[:, place].tolist() for place in range(frame.shape[1])), strict=True)
    ]
    names = tuple(_text(column, encoding) for column in frame.columns)
    return RawTable("", names, rows, {column: labels[column] for column in names if labels.get(column)})


def _text(value: Any, encoding: str = "latin-1") -> str:
    """Return a text without the blanks that fill a field. What files say of their encoding is not always so."""
    if isinstance(value, bytes):
        for codec in ("utf-8", encoding, "latin-1"):
            with suppress(UnicodeDecodeError, LookupError):
                return value.decode(codec).strip()
    return str(value or "").strip()
