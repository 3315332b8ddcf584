"""Arrays: what .npy, .npz and MATLAB files (v4 to v7) hold, numbers and lists of names alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.readers.listing import Entry
from imagenomer.readers.mat_structure import check_mat_structure
from imagenomer.readers.npy import read_npy, read_npz

EXTENSIONS = ("npy", "npz", "mat")
#: How a MATLAB file of version 7.3 begins, which is HDF5.
HDF5_MARKS = (b"MATLAB 7.3", b"\x89HDF")


def arrays_in(entry: Entry) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name ("" in .npy): numbers, or texts (dtype U).

    Raises
    ------
    InputError
        If it cannot be read; the message says how to save it so that it can.
    """
    extension = entry.path.rpartition(".")[2].lower()
    if extension == "npy":
        return {"": read_npy(entry.read(), entry.path, texts=True)}
    if extension == "npz":
        return read_npz(entry.read(), entry.path, texts=True)
    return {name: array for name, value in mat_in(entry).items() if (array := _plain(value)) is not None}


def mat_in(entry: Entry) -> dict[str, Any]:
    """Return the variables of a MATLAB file as `scipy.io.loadmat` gives them, cells and structs simplified."""
    import io
    import warnings

    from scipy.io import loadmat  # late: only who drops MATLAB files waits for it

    data = entry.read()
    if data.startswith(HDF5_MARKS):
        raise InputError(
            f"{entry.path} is a MATLAB file of version 7.3, which is not read yet; in MATLAB: save(file, '-v7')"
        )
    check_mat_structure(data, entry.path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = loadmat(io.BytesIO(data), simplify_cells=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever damage makes of scipy's reader
        raise InputError(f"{entry.path} is no MATLAB file that can be read ({error}); save it again") from None
    return {name: value for name, value in found.items() if not name.startswith("__")}


def _plain(value: Any) -> NDArray[Any] | None:
    """Return numbers or texts as an array; None for anything else, such as structs."""
    array = np.asarray(value)
    if array.dtype.kind in "biufU":
        return array
    if array.dtype.kind == "O" and array.ndim == 1 and all(isinstance(one, str) for one in array):
        return array.astype(np.str_)
    return None
