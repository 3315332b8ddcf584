"""CIFTI-2 matrices between parcels (.pconn.nii): the header of NIfTI-2, an extension in XML, and the values.

Axis 0 of the XML is the one whose index runs fastest in the file: what NumPy reads row by row has the axes reversed.

References
----------
CIFTI-2 (https://www.nitrc.org/projects/cifti); NIfTI-2 (nifti2.h).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from imagenomer.errors import InputError
from imagenomer.readers.listing import Entry
from imagenomer.types import FloatArray
from imagenomer.wording import plural

_HEADER, _CIFTI = 540, 32
_MAGIC = b"n+2\0\r\n\x1a\n"
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
_PARCELS = "CIFTI_INDEX_TYPE_PARCELS"


@dataclass(frozen=True, slots=True)
class CiftiHeader:
    """What a file says of its values.

    Attributes
    ----------
    shape : tuple of int
        Lengths of the two axes, in the order of the XML.
    parcels : tuple of (tuple of str or None)
        Names of the parcels along each axis; None along one of something else.
    kinds : tuple of str
        What each axis is.
    dtype : numpy.dtype
    start : int
        Byte at which the values begin.
    scale : (float, float)
        Factor and what is added to each value.
    """

    shape: tuple[int, int]
    parcels: tuple[tuple[str, ...] | None, tuple[str, ...] | None]
    kinds: tuple[str, str]
    dtype: np.dtype[np.generic]
    start: int
    scale: tuple[float, float]


def read_cifti_header(entry: Entry) -> CiftiHeader:
    """Read the header and the XML of a CIFTI-2 file of two axes.

    Raises
    ------
    InputError
        If it is no such file, is damaged, or its XML defines entities.
    """
    head = entry.read(0, _HEADER + 12)
    if len(head) < _HEADER + 12 or head[4:12] != _MAGIC:
        raise InputError(f"{entry.path} is no CIFTI-2 file (NIfTI-2 with an extension); copy it again")
    order = "<" if head[:4] == struct.pack("<i", _HEADER) else ">"
    (kind,) = struct.unpack_from(f"{order}h", head, 12)
    dims = struct.unpack_from(f"{order}8q", head, 16)
    start, slope, inter = struct.unpack_from(f"{order}q2d", head, 168)
    size, code = struct.unpack_from(f"{order}2i", head, _HEADER + 4)
    if kind not in _TYPES or dims[:5] != (6, 1, 1, 1, 1) or code != _CIFTI:
        raise InputError(f"{entry.path} is NIfTI-2 and no CIFTI-2 matrix of numbers with two axes")
    shape, dtype = (dims[5], dims[6]), np.dtype(f"{order}{_TYPES[kind]}")
    if min(shape) < 1 or max(shape) > entry.size or start < _HEADER or not 8 <= size <= entry.size:
        raise InputError(f"{entry.path} is damaged: its header has sizes that cannot be; copy it again")
    if start + shape[0] * shape[1] * dtype.itemsize > entry.size:
        raise InputError(
            f"{entry.path} is truncated: its values ({shape[0]:,} x {shape[1]:,}) need more bytes; copy it again"
        )
    maps = _maps(entry.read(_HEADER + 12, _HEADER + 4 + size), entry.path)
    scale = (slope, inter) if np.isfinite(slope) and np.isfinite(inter) and slope != 0 else (1.0, 0.0)
    parcels = tuple(None if one is None or kind != _PARCELS else one for kind, one in maps)
    for n, names in zip(shape, parcels, strict=True):
        if names is not None and len(names) != n:
            raise InputError(f"{entry.path} names {plural(len(names), 'parcel')} along an axis of {n}; copy it again")
    return CiftiHeader(shape, (parcels[0], parcels[1]), (maps[0][0], maps[1][0]), dtype, start, scale)


def read_pconn(entry: Entry) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the matrix of a .pconn.nii file, shape (n_parcels, n_parcels), and the names of the parcels.

    Raises
    ------
    InputError
        As `read_cifti_header`, or if its two axes are not the same parcels.
    """
    header = read_cifti_header(entry)
    names = header.parcels[0]
    if names is None or names != header.parcels[1]:
        what = " x ".join(kind.removeprefix("CIFTI_INDEX_TYPE_").lower() for kind in header.kinds)
        raise InputError(f"{entry.path} is {what}, and not a matrix between the same parcels")
    count = header.shape[0] * header.shape[1]
    raw = entry.read(header.start, header.start + count * header.dtype.itemsize)
    slope, inter = header.scale
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.frombuffer(raw, header.dtype, count).reshape(header.shape[::-1]).astype(np.float64)
        return values * slope + inter, names


def _maps(content: bytes, name: str) -> list[tuple[str, tuple[str, ...] | None]]:
    """Return what each of the two axes is, and the names of its parcels."""
    from xml.parsers import expat  # late: only who drops such files waits for it

    axes: dict[int, tuple[str, list[str]]] = {}
    parcels: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal parcels
        if tag == "MatrixIndicesMap":
            parcels = []
            for axis in attributes.get("AppliesToMatrixDimension", "").split(","):
                if axis.strip() in ("0", "1"):
                    axes[int(axis)] = (attributes.get("IndicesMapToDataType", ""), parcels)
        elif tag == "Parcel":
            parcels.append(attributes.get("Name", "").strip())

    def refuse(*_: object) -> None:
        # It may define entities that unfold to anything.
        raise InputError(f"{name}: its XML defines a document type, which CIFTI does not; it is not read")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = start, refuse, refuse
    try:
        parser.Parse(content.rstrip(b"\0"), True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: its XML is damaged ({error}); copy the file again") from None
    if set(axes) != {0, 1}:
        raise InputError(f"{name}: its XML does not say what its two axes are; copy the file again")
    return [(kind, tuple(names) or None) for kind, names in (axes[0], axes[1])]
