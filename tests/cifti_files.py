"""Small CIFTI-2 files, written here by their description alone."""

from __future__ import annotations

import struct

import numpy as np


def axis(kind: str, places: str, names=()) -> str:
    parcels = "".join(f'<Parcel Name="{name}"><Vertices BrainStructure="X">1 2</Vertices></Parcel>' for name in names)
    return (
        f'<MatrixIndicesMap AppliesToMatrixDimension="{places}" IndicesMapToDataType="CIFTI_INDEX_TYPE_{kind}">'
        f"{parcels}</MatrixIndicesMap>"
    )


def cifti(values: np.ndarray, axes: str, *, order: str = "<", before: str = "", dtype: str = "f4") -> bytes:
    """Return a file of values, shape (length of axis 1, length of axis 0), the axes as XML."""
    xml = f'<?xml version="1.0"?>{before}<CIFTI Version="2"><Matrix>{axes}</Matrix></CIFTI>'.encode()
    size = 8 + len(xml) + -(8 + len(xml)) % 16
    start = 540 + 4 + size
    start += -start % 16
    head = bytearray(540)
    struct.pack_into(f"{order}i", head, 0, 540)
    head[4:12] = b"n+2\0\r\n\x1a\n"
    struct.pack_into(f"{order}2h", head, 12, {"f4": 16, "f8": 64}[dtype], 32)
    struct.pack_into(f"{order}8q", head, 16, 6, 1, 1, 1, 1, values.shape[1], values.shape[0], 1)
    struct.pack_into(f"{order}q2d", head, 168, start, 1.0, 0.0)
    extension = bytes([1, 0, 0, 0]) + struct.pack(f"{order}2i", size, 32) + xml
    return (bytes(head) + extension).ljust(start, b"\0") + values.astype(f"{order}{dtype}").tobytes()


def pconn(square: np.ndarray, names=None, **settings) -> bytes:
    """Return a matrix between parcels."""
    names = names or [f"P{n}" for n in range(len(square))]
    return cifti(square, axis("PARCELS", "0,1", names), **settings)
