"""Matrices as text: numbers in lines, with or without names of rows and columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.readers.evidence.tables import decode, delimiter_of
from imagenomer.types import FloatArray

#: How texts write what is no number.
_NO_NUMBER = {"": "nan", "n/a": "nan", "na": "nan", "nan": "nan", "none": "nan", "null": "nan", ".": "nan"}
_INFINITE = {"inf": "inf", "+inf": "inf", "-inf": "-inf"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class NumberText:
    """Numbers of a text.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_columns)
        NaN where there is none.
    rows, columns : tuple of str
        Names; empty where there are none.
    comments : tuple of str
        Lines that begin with "#".
    """

    values: FloatArray
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


def read_numbers(data: bytes, name: str) -> NumberText:
    """Return the numbers of a text, whatever separates them.

    A first line that is no row of numbers, or that counts 0, 1, 2 … over a matrix, names the columns; a first column
    likewise the rows.

    Raises
    ------
    InputError
        If lines have different numbers of cells, or a cell is neither a number nor a sign of a missing one.
    """
    text, _ = decode(data, name)
    lines = [line for line in text.splitlines() if line.strip()]
    comments = tuple(line for line in lines if line.lstrip().startswith("#"))
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    if not lines:
        raise InputError(f"{name} holds no numbers")
    delimiter = _delimiter_of(lines[:5])
    cells = [_cells(line, delimiter) for line in lines]
    columns: tuple[str, ...] = ()
    if _names(cells[0]) or _counts(cells[0], len(cells) - 1):
        columns = tuple(cells.pop(0))
    if not cells:
        raise InputError(f"{name} holds no numbers")
    width = len(cells[0])
    for number, line in enumerate(cells, start=1):
        if len(line) != width:
            raise InputError(f"{name}, row {number}: {len(line)} numbers where the first has {width}")
    first = [line[0] for line in cells]
    rows: tuple[str, ...] = ()
    if width > 1 and (
        _names(first) or (columns and (columns[0] == "" or len(columns) == width - 1) and _counts(first, 0))
    ):
        rows = tuple(first)
        cells = [line[1:] for line in cells]
        columns = columns[1:] if len(columns) == width else columns
    if columns and len(columns) != len(cells[0]):
        raise InputError(f"{name}: {len(columns)} names over {len(cells[0])} columns")
    return NumberText(_numbers(cells, name), rows, columns, comments)


def _delimiter_of(lines: Sequence[str]) -> str:
    """Return what separates numbers: commas may be decimal, between cells that something else separates."""
    found = delimiter_of(lines)
    if found != ",":
        return found
    for other in (";", "\t", " "):
        cut = [_cells(line, other) for line in lines]
        # The first line may name the columns, and the first cell the row.
        numbers = [cell for line in cut[1:] or cut for cell in line[1:]]
        if numbers and all(_is_number(cell) for cell in numbers) and any("," in cell for cell in numbers):
            return other
    return found


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    line = line.rstrip("\r\n")
    parts = line.removesuffix(delimiter).split(delimiter) if delimiter != "\t" else line.split(delimiter)
    return [part.strip().strip('"') for part in parts]


def _names(cells: Sequence[str]) -> bool:
    """Whether cells are names: most are neither numbers nor missing."""
    words = [cell for cell in cells if not _is_number(cell)]
    return 2 * len(words) > len(cells)


def _counts(cells: Sequence[str], at_least: int) -> bool:
    """Whether cells count from 0 or 1 on."""
    own = [cell for cell in cells if cell]
    if len(own) < 3 or len(own) < at_least or not all(re.fullmatch(r"[0-9]{1,5}(\.0)?", cell) for cell in own):
        return False
    numbers = [int(float(cell)) for cell in own]
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _is_number(cell: str) -> bool:
    low = cell.lower()
    return (
        low in _NO_NUMBER
        or low in _INFINITE
        or bool(_NUMBER.fullmatch(cell))
        or bool(_NUMBER.fullmatch(cell.replace(",", ".")))
    )


def _numbers(cells: list[list[str]], name: str) -> FloatArray:
    flat = [cell for line in cells for cell in line]
    if "" in flat or re.fullmatch(r"[0-9eE.+\-]*", "".join(flat)) is None:
        flat = [_plain(cell, name) for cell in flat]
    try:
        return np.array(flat, dtype=np.float64).reshape(len(cells), -1)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None


def _plain(cell: str, name: str) -> str:
    low = cell.lower()
    known = _NO_NUMBER.get(low) or _INFINITE.get(low)
    if known is not None:
        return known
    plain = cell.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        raise InputError(f"{name}: {cell[:40]!r} is not a number")
    return plain
