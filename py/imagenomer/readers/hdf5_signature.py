"""How HDF5 files begin, told without the library that reads them."""

from __future__ import annotations

from imagenomer.readers.entries import Entry

#: Endings of files that may be HDF5: those of MATLAB are from version 7.3 on.
_MAYBE_HDF5 = ("mat", "h5", "hdf5")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: Bytes at a file's beginning that tell it.
_HEAD = 4096


def signature_at(data: bytes) -> int | None:
    """Return where an HDF5 file proper begins, at its start, or at 512 bytes or twice, four times ... that; or None."""
    at = 0
    while at < len(data):
        if data.startswith(_SIGNATURE, at):
            return at
        at = at * 2 or 512
    return None


def is_hdf5(entry: Entry) -> bool:
    """Tell whether a file is HDF5, as those of MATLAB 7.3 are, by its ending and first bytes."""
    extension = entry.path.rpartition(".")[2].lower()
    return extension in _MAYBE_HDF5 and signature_at(entry.read(0, _HEAD)) is not None
