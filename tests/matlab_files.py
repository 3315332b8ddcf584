"""Files as MATLAB 7.3 writes them: HDF5 behind a block of 512 bytes, axes reversed, cells as references."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest


def matlab_7_3(variables: Mapping[str, Any]) -> bytes:
    """Return a file of variables: numbers, texts (arrays of texts are rows of characters), lists (cells), mappings."""
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512, libver="earliest") as file:
        for name, value in variables.items():
            _write(h5py, file, file, name, value)
    return b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + buffer.getvalue()[512:]


def _write(h5py: Any, file: Any, group: Any, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        struct = group.create_group(name)
        struct.attrs["MATLAB_class"] = np.bytes_(b"struct")
        for key, one in value.items():
            _write(h5py, file, struct, key, one)
        return
    if isinstance(value, list):
        cells = group.create_dataset(name, (len(value), 1), dtype=h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_(b"cell")
        for place, one in enumerate(value):
            held = file.require_group("#refs#")
            own = f"{name}{place}"  # cells in cells are named after those around them
            _write(h5py, file, held, own, one)
            cells[place, 0] = held[own].ref
        return
    array = np.asarray(value)
    if array.dtype.kind == "U":
        rows = [[ord(letter) for letter in str(row)] for row in np.atleast_1d(array)]
        group[name] = np.array(rows, np.uint16).T
        group[name].attrs["MATLAB_class"] = np.bytes_(b"char")
        return
    array = np.atleast_2d(array)
    settings = {"chunks": array.T.shape, "compression": "gzip"} if array.size > 100 else {}
    group.create_dataset(name, data=array.T, **settings)
    group[name].attrs["MATLAB_class"] = np.bytes_(b"double")
