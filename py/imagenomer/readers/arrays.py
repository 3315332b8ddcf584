"""Arrays: what .npy, .npz, MATLAB and HDF5 files hold, numbers and lists of names alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.readers.hdf5_signature import is_hdf5
from imagenomer.readers.listing import Entry
from imagenomer.readers.mat_structure import checked_mat
from imagenomer.readers.npy import read_npy, read_npz

EXTENSIONS = ("npy", "npz", "mat", "h5", "hdf5")
#: Structs inside one another that are looked into.
_DEEPEST = 3


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
    return dict(_flat(mat_in(entry), "", _DEEPEST))


def _flat(variables: dict[str, Any], above: str, depth: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays among variables, those in structs as STRUCT.FIELD."""
    for name, value in variables.items():
        if isinstance(value, dict) and depth:
            yield from _flat(value, f"{above}{name}.", depth - 1)
        elif not isinstance(value, dict) and (array := _plain(value)) is not None:
            yield f"{above}{name}", array


def mat_in(entry: Entry) -> dict[str, Any]:
    """Return the variables of a MATLAB or HDF5 file as `scipy.io.loadmat` gives them, cells and structs simplified."""
    if is_hdf5(entry):
        from imagenomer.readers.hdf5 import open_hdf5  # late: in the page it comes with its library

        return open_hdf5(entry.path, entry.read()).variables()
    import warnings

    from scipy.io import loadmat  # late: only who drops MATLAB files waits for it

    data = entry.read()
    if data.startswith(b"MATLAB 7.3"):
        raise InputError(f"{entry.path} begins as a MATLAB file of version 7.3, and is no HDF5 file; copy it again")
    file = checked_mat(data, entry.path)
    del data  # as large as what was inflated of it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = loadmat(file, simplify_cells=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever damage makes of scipy's reader
        raise InputError(f"{entry.path} is no MATLAB file that can be read ({error}); save it again") from None
    return {name: value for name, value in found.items() if not name.startswith("__")}


def _plain(value: Any) -> NDArray[Any] | None:
    """Return numbers or texts as an array, cells of matrices of one size as their stack; None for anything else."""
    is_cells = isinstance(value, list) or (isinstance(value, np.ndarray) and value.dtype.kind == "O")
    cells = list(value) if is_cells else None
    if cells is None:
        array = np.asarray(value)
        return array if array.dtype.kind in "biufU" else None
    if cells and all(isinstance(one, str) for one in cells):
        return np.array(cells, dtype=np.str_)
    arrays = [np.asarray(one) for one in cells if isinstance(one, (np.ndarray, float, int))]
    alike = len(arrays) == len(cells) and len({one.shape for one in arrays}) == 1
    return np.stack(arrays) if cells and alike and all(one.dtype.kind in "biuf" for one in arrays) else None
