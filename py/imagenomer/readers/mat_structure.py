"""Structure of MATLAB files of versions 5 to 7: that each part fits into the one around it.

SciPy reads such files in C and trusts their counts: a damaged file can end the whole process. So before it is given
one, the tags of all elements are walked through, and every count is compared with the bytes that are there.

References
----------
The MathWorks (2024), MAT-File Format: level 5.
"""

from __future__ import annotations

import io
import itertools
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from imagenomer.errors import InputError

_HEADER_BYTES = 128
_COMPRESSED, _MATRIX = 15, 14
_INT8, _UINT8, _INT32, _UINT32, _UTF8 = 1, 2, 5, 6, 16
#: Bytes of one value, by the number of its type; those of text are of one to four.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FIRST_NUMBER, _LAST_NUMBER = 1, 2, 3, 4, 5, 6, 15
_FUNCTION, _OPAQUE = 16, 17
_COMPLEX = 0x08
#: Beyond these a file is damaged, or no matrix of connectivity.
_DEEPEST, _MOST_DIMENSIONS, _LARGEST = 32, 32, 2_000_000_000
#: Compressed bytes that are inflated at once.
_CHUNK = 1 << 20


class _DamagedError(ValueError):
    """A part does not fit; the message says which."""


@dataclass(frozen=True, slots=True)
class _Element:
    kind: int
    data: memoryview


def checked_mat(data: bytes, path: str) -> io.BytesIO:
    """Return a MATLAB file of version 5 to 7 whose parts fit into each other, its variables inflated.

    Parameters
    ----------
    data : bytes
        Of the whole file. A file of version 4 has no such parts, and is not looked at.
    path : str

    Returns
    -------
    BytesIO
        The same variables, so that SciPy need not inflate them a second time.

    Raises
    ------
    InputError
        If a count is more than there is, or a part that must be there is not.
    """
    mark = data[126:128]
    if len(data) < _HEADER_BYTES or mark not in (b"IM", b"MI"):
        return io.BytesIO(data)
    order: Literal["<", ">"] = "<" if mark == b"IM" else ">"
    plain = io.BytesIO()
    plain.write(data[:_HEADER_BYTES])
    try:
        for element in _elements(memoryview(data)[_HEADER_BYTES:], order):
            _copy_variable(element, order, plain)
    except (_DamagedError, zlib.error, struct.error) as error:
        raise InputError(f"{path} is damaged, or is not a MATLAB file ({error}); save it again") from None
    plain.seek(0)
    return plain


def _copy_variable(element: _Element, order: str, plain: io.BytesIO) -> None:
    """Check a variable and write it as one that is not compressed."""
    if element.kind == _MATRIX:
        _check_matrix(element.data, order, 0)
        plain.write(struct.pack(f"{order}II", element.kind, len(element.data)))
        plain.write(element.data)
        plain.write(bytes(-len(element.data) % 8))
        return
    if element.kind != _COMPRESSED:
        raise _DamagedError("a variable that is no array")
    start, n_left = plain.tell(), _LARGEST
    unpacker = zlib.decompressobj()
    for place in range(0, len(element.data), _CHUNK):
        block = unpacker.decompress(element.data[place : place + _CHUNK], n_left)
        n_left -= plain.write(block)
        if unpacker.unconsumed_tail or not n_left:
            raise _DamagedError("a variable of more than 2 GB")
    _check_inflated(plain.getbuffer()[start:], order)
    plain.seek(0, io.SEEK_END)


def _check_inflated(data: memoryview, order: str) -> None:
    """Check what a compressed variable holds; nothing of the view is kept, or the file could not grow."""
    for inner in _elements(data, order):
        if inner.kind != _MATRIX:
            raise _DamagedError("a variable that is no array")
        _check_matrix(inner.data, order, 0)


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    """Yield elements one after another, each within the bytes that are left."""
    place = 0
    while place < len(data):
        if len(data) - place < 8:
            raise _DamagedError("a tag is cut off")
        kind, size = struct.unpack_from(f"{order}II", data, place)
        if kind >> 16:  # a small element: type and size share four bytes, the value has the others
            kind, size = kind & 0xFFFF, kind >> 16
            if size > 4:
                raise _DamagedError("a small part that is too large")
            yield _Element(kind, data[place + 4 : place + 4 + size])
            place += 8
            continue
        begin = place + 8
        if size > len(data) - begin:
            raise _DamagedError("a part is longer than the file")
        yield _Element(kind, data[begin : begin + size])
        # Parts begin at multiples of eight bytes, but for what is compressed.
        place = begin + size if kind == _COMPRESSED else begin + -(-size // 8) * 8


def _check_matrix(data: memoryview, order: str, depth: int) -> None:
    """Check one array, and what is in it."""
    if not len(data):
        return
    if depth > _DEEPEST:
        raise _DamagedError("arrays within arrays without end")
    parts = list(_elements(data, order))
    if len(parts) < 3:
        raise _DamagedError("an array without a shape")
    flags, shape, name, *rest = parts
    if flags.kind != _UINT32 or len(flags.data) != 8:
        raise _DamagedError("an array without flags")
    kind, marks = flags.data[0 if order == "<" else 3], flags.data[1 if order == "<" else 2]
    if kind in (_FUNCTION, _OPAQUE):  # whose insides SciPy does not look into
        return
    if not _FIRST_NUMBER <= kind <= _LAST_NUMBER and kind not in (_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE):
        raise _DamagedError(f"an array of class {kind}")
    count = _count_of(shape, order)
    if name.kind not in (_INT8, _UINT8, _UTF8):
        raise _DamagedError("an array whose name is no text")
    if kind in (_CELL, _STRUCT, _OBJECT):
        _check_container(kind, count, rest, order, depth)
    elif kind == _SPARSE:
        _check_sparse(shape, rest, order)
    elif kind != _CHAR:  # SciPy itself compares a text with its shape
        _check_numbers(count, rest, 2 if marks & _COMPLEX else 1)


def _count_of(shape: _Element, order: str) -> int:
    """Return the number of values of an array by its shape."""
    n = len(shape.data) // 4
    if shape.kind not in (_INT32, _UINT32) or len(shape.data) % 4 or not 2 <= n <= _MOST_DIMENSIONS:
        raise _DamagedError("an array whose shape is none")
    lengths = struct.unpack(f"{order}{n}i", shape.data)
    if min(lengths) < 0 or math.prod(lengths) > _LARGEST:
        raise _DamagedError("an array whose shape is none")
    return math.prod(lengths)


def _check_numbers(count: int, rest: list[_Element], n_parts: int) -> None:
    if len(rest) < n_parts:
        raise _DamagedError("an array without values")
    for part in rest[:n_parts]:
        size = _SIZES.get(part.kind)
        if size is None:
            raise _DamagedError("values of an unknown type")
        if len(part.data) != count * size:
            raise _DamagedError("an array with another number of values than its shape has")


def _check_container(kind: int, count: int, rest: list[_Element], order: str, depth: int) -> None:
    n_fields = 1
    if kind == _OBJECT:
        if not rest or rest[0].kind not in (_INT8, _UINT8):
            raise _DamagedError("an object without a class")
        rest = rest[1:]
    if kind != _CELL:
        if len(rest) < 2 or rest[0].kind != _INT32 or len(rest[0].data) != 4 or rest[1].kind not in (_INT8, _UINT8):
            raise _DamagedError("a structure without fields")
        (length,) = struct.unpack(f"{order}i", rest[0].data)
        if length <= 0 or len(rest[1].data) % length:
            raise _DamagedError("a structure whose fields have no names")
        n_fields, rest = len(rest[1].data) // length, rest[2:]
    if len(rest) != count * n_fields or any(one.kind != _MATRIX for one in rest):
        raise _DamagedError("a cell or structure with another number of values than its shape has")
    for one in rest:
        _check_matrix(one.data, order, depth + 1)


def _check_sparse(shape: _Element, rest: list[_Element], order: str) -> None:
    if len(rest) < 3 or rest[0].kind != _INT32 or rest[1].kind != _INT32:
        raise _DamagedError("a sparse array without its parts")
    n_rows, n_columns = struct.unpack_from(f"{order}2i", shape.data)
    rows = struct.unpack(f"{order}{len(rest[0].data) // 4}i", rest[0].data[: len(rest[0].data) // 4 * 4])
    starts = struct.unpack(f"{order}{len(rest[1].data) // 4}i", rest[1].data[: len(rest[1].data) // 4 * 4])
    if len(starts) != n_columns + 1 or starts[0] != 0 or any(a > b for a, b in itertools.pairwise(starts)):
        raise _DamagedError("a sparse array whose columns are none")
    used = starts[-1]
    if used > len(rows) or any(not 0 <= row < n_rows for row in rows[:used]):
        raise _DamagedError("a sparse array with rows that are not there")
