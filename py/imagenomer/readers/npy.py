"""NumPy's .npy and .npz files: numbers, and texts where they are asked for.

A header is read by a pattern, not evaluated, and arrays of Python objects (which
hold pickles) are refused. One header text is read once: a cohort has thousands of
files that begin alike.

References
----------
The format: ``numpy/lib/format.py``, versions 1.0 to 3.0.
"""

from __future__ import annotations

import io
import math
import re
import struct
import sys
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.readers.zip_files import archive_members
from imagenomer.types import Float32Array
from imagenomer.wording import plural

_MAGIC = b"\x93NUMPY"

#: More than the header of any array of numbers.
HEADER_BYTES = 4096

_NUMBERS = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")
_TEXTS = re.compile(r"[<>|=]?U[1-9][0-9]{0,4}")
_DESCR = re.compile(r"'descr'\s*:\s*'([^'\\]*)'")
_FORTRAN = re.compile(r"'fortran_order'\s*:\s*(True|False)")
# Python 2 on Windows wrote its sizes as 2L.
_SHAPE = re.compile(r"'shape'\s*:\s*\(((?:\s*[0-9]{1,18}[lL]?\s*,)*(?:\s*[0-9]{1,18}[lL]?)?\s*)\)")
_FIELDS = "|".join(pattern.pattern for pattern in (_DESCR, _FORTRAN, _SHAPE))
_HEADER = re.compile(rf"\s*\{{\s*(?:(?:{_FIELDS})\s*,?\s*){{3}}\}}\s*")

#: What cannot be read, by the letter of its type.
_KINDS = {
    "O": "Python objects, which are never read: save the numbers themselves, as float64",
    "S": "texts in bytes: save them as str",
    "c": "complex numbers: save the real part, or the modulus",
    "V": "structured values: save a plain array",
    "M": "dates: save numbers",
    "m": "durations: save numbers",
}


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """What a .npy file says of its array.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    fortran : bool
        Values are stored first index fastest.
    start : int
        Byte at which the values begin.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int

    @property
    def n_values(self) -> int:
        return math.prod(self.shape)


def read_header(data: bytes, name: str, *, texts: bool = False) -> NpyHeader:
    """Read the header of a .npy file from its first bytes (`HEADER_BYTES` suffice).

    Raises
    ------
    InputError
        If this is no .npy file, or its values are neither real numbers nor, if ``texts``, texts.
    """
    if data[:6] != _MAGIC:
        raise InputError(f"{name} is not a .npy file: it begins with {data[:6]!r} instead of {_MAGIC!r}")
    if len(data) < 10 or data[6] not in (1, 2, 3):
        version = data[6] if len(data) > 6 else "none"
        raise InputError(f"{name} has no .npy header that is known (version {version}); save it again with numpy.save")
    width = 2 if data[6] == 1 else 4
    length = int.from_bytes(data[8 : 8 + width], "little")
    start = 8 + width + length
    if length > HEADER_BYTES:
        raise InputError(
            f"{name} announces a header of {length:,} bytes; an array of numbers needs {HEADER_BYTES:,} at most"
        )
    if start > len(data):
        raise InputError(
            f"{name} announces a header of {length:,} bytes, {len(data) - 8 - width:,} were found; copy the file again"
        )
    parsed = _parse_header(data[8 + width : start].decode("latin-1"))
    if not isinstance(parsed, str) and parsed[1].kind == "U" and not texts:
        parsed = "texts, not numbers"
    if isinstance(parsed, str):
        raise InputError(f"{name} is not read: it holds {parsed}")
    return NpyHeader(*parsed, start)


def check_size(header: NpyHeader, size: int, name: str) -> None:
    """Raise `InputError` where a file of ``size`` bytes is shorter or longer than its header says."""
    expected = header.n_values * header.dtype.itemsize
    found = size - header.start
    if found != expected:
        what = "truncated" if found < expected else "longer than it should be"
        raise InputError(
            f"{name} is {what}: {plural(header.n_values, 'value')} of {header.dtype.itemsize} bytes need "
            f"{plural(expected, 'byte')}, "
            f"{found:,} were found; copy or save it again"
        )


def put_in_single_precision(values: NDArray[Any], target: Float32Array) -> int:
    """Put numbers into ``target``, NaN where they are infinite or too large for it, and return how many those are."""
    with np.errstate(over="ignore", invalid="ignore"):
        target[...] = values
        total = target.sum()
    if np.isfinite(total):  # as it nearly always is, and one pass shows it
        return 0
    infinite = np.isinf(target)
    target[infinite] = np.nan
    return int(np.count_nonzero(infinite))


def read_npy(data: bytes, name: str, *, texts: bool = False) -> NDArray[Any]:
    """Return the array of a .npy file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Of the file, for messages.
    texts : bool
        Read texts of a fixed length, too.

    Returns
    -------
    ndarray
        Of the stored shape and type (booleans, integers, floats). It shares memory with ``data``: read-only.

    Raises
    ------
    InputError
        If this is no .npy file, holds anything but real numbers, or is shorter or longer than its header says.
    """
    header = read_header(data, name, texts=texts)
    check_size(header, len(data), name)
    values = np.frombuffer(data, header.dtype, offset=header.start)
    if has_impossible_texts(values):
        raise InputError(f"{name} holds texts that are damaged; save it again")
    return values.reshape(header.shape, order="F" if header.fortran else "C")


def has_impossible_texts(values: NDArray[Any]) -> bool:
    """Return whether texts hold what is beyond Unicode, for which Python has no words but SystemError."""
    return values.dtype.kind == "U" and bool((values.view(values.dtype.byteorder + "u4") > sys.maxunicode).any())


def read_npz(data: bytes, name: str, *, texts: bool = False) -> dict[str, NDArray[Any]]:
    """Return the arrays of a .npz file (stored or deflated) by name, arrays of texts too if ``texts``.

    Raises
    ------
    InputError
        As `read_npy`, for the archive and for each array in it.
    """
    return {
        path.removesuffix(".npy"): read_npy(member.read(), f"{name}, {path}", texts=texts)
        for path, member in archive_members(data, name).items()
    }


def npy_header(shape: tuple[int, ...], dtype: str) -> bytes:
    """Return the header of a version 1.0 .npy file in C order, as NumPy pads it.

    Parameters
    ----------
    shape : tuple of int
    dtype : str
        "<f4", "<f8" or "<i2".
    """
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape!r}, }}"
    padding = -(len(_MAGIC) + 4 + len(text) + 1) % 64
    body = f"{text}{' ' * padding}\n".encode("ascii")
    return _MAGIC + b"\x01\x00" + struct.pack("<H", len(body)) + body


def write_npy(values: NDArray[Any]) -> bytes:
    """Return an array of numbers as a .npy file, little-endian, C order."""
    dtype = values.dtype.newbyteorder("<")
    return npy_header(values.shape, dtype.str) + np.ascontiguousarray(values, dtype).tobytes()


def write_npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return arrays of numbers as a .npz file, stored."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            # A fixed date: equal arrays make equal files.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), write_npy(values))
    return buffer.getvalue()


@lru_cache(maxsize=64)
def _parse_header(text: str) -> tuple[tuple[int, ...], np.dtype[Any], bool] | str:
    """Return shape, type and order, or what is wrong; a text that is no dict of these three fields is refused whole."""
    found = [pattern.search(text) for pattern in (_DESCR, _FORTRAN, _SHAPE)]
    fields = [match.group(1) for match in found if match is not None]
    if len(fields) < 3 or not _HEADER.fullmatch(text):
        return "structured values, or a header that numpy.save does not write"
    descr, fortran, shape = fields
    if not _NUMBERS.fullmatch(descr) and not _TEXTS.fullmatch(descr):
        return _KINDS.get(descr.lstrip("<>|=")[:1], f"values of type {descr!r}")
    sizes = tuple(int(size.rstrip("lL")) for size in re.findall(r"[0-9]+[lL]?", shape))
    if len(sizes) > 8 or any(size >= 1 << 48 for size in sizes):
        return f"an impossible shape ({shape.strip()})"
    return sizes, np.dtype(descr), fortran == "True"
