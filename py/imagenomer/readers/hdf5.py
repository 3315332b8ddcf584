"""HDF5 files, those of MATLAB 7.3 among them: pyfive finds the arrays, their bytes are read here.

pyfive gets bytes, never a path: of a file with a user block, as MATLAB writes, it would map the wrong part and return
zeros. The block is left out before it sees the file, and chunks are inflated here, into no more than they should hold.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.readers.hdf5_signature import signature_at

T = TypeVar("T")

_UNDEFINED = 0xFFFFFFFFFFFFFFFF
_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
#: Bytes of an array, and arrays and groups of a file, beyond which it is not read.
MOST_BYTES = 2_000_000_000
_MOST_LINKS = 100_000
#: Structs and cells inside one another; bytes of a text.
_DEEPEST, _LONGEST_TEXT = 30, 1000
#: Where MATLAB keeps what cells refer to.
_REFERENCES = "#refs#"


@dataclass(frozen=True, slots=True, eq=False)
class Hdf5File:
    """An open file.

    Attributes
    ----------
    name : str
    is_matlab : bool
        Whether MATLAB wrote it (or a program like it): its axes are then in the reverse of MATLAB's order.
    arrays : mapping of str to tuple of int
        Shape, as in HDF5, of each array of numbers, by its path.
    cells : mapping of str to tuple of int
        The same of arrays that refer to other arrays: MATLAB's cells.
    strings : mapping of str to tuple of int
        The same of arrays of texts of one length, which MATLAB does not write.
    """

    name: str
    is_matlab: bool
    arrays: Mapping[str, tuple[int, ...]]
    cells: Mapping[str, tuple[int, ...]]
    strings: Mapping[str, tuple[int, ...]]
    _data: memoryview = field(repr=False)
    _root: Any = field(repr=False)

    def array(self, path: str) -> NDArray[Any]:
        """Return an array of numbers; raise `InputError` where it is damaged, too large or stored in an unknown way."""
        return self._told(path, lambda: self._values(self._root[path]))

    def texts(self, path: str) -> tuple[str, ...]:
        """Return the texts in the cells of an array, such as names of subjects; `InputError` where one is none."""
        return self._told(path, lambda: self._cell_texts(self._root[path]))

    def variables(self) -> dict[str, Any]:
        """Return what MATLAB wrote, as `scipy.io.loadmat` with ``simplify_cells`` returns it of other versions.

        Arrays have MATLAB's order of axes, those of length one left out; characters are texts, cells lists, and
        structs mappings. Of a file of another program arrays are as they are, by their path with dots.

        Raises
        ------
        InputError
            If it is damaged, or holds more than fits in memory.
        """
        if self.is_matlab:
            return self._told("/", lambda: _Variables(self).of(self._root, 0))
        _check_total(self.name, [self._root[path] for path in self.arrays])
        numbers = {path.replace("/", "."): self.array(path) for path in self.arrays}
        strings = {path.replace("/", "."): self._told(path, partial(self._strings, path)) for path in self.strings}
        return {**numbers, **strings}

    def _strings(self, path: str) -> NDArray[np.str_]:
        return np.char.decode(self._values(self._root[path]), "utf-8")

    def _told(self, path: str, work: Callable[[], T]) -> T:
        try:
            return work()
        except (InputError, MemoryError):
            raise
        except Exception as error:
            raise InputError(
                f"{self.name}: its array {path} is damaged, or stored in a way not known here ({error}); save it again"
            ) from None

    def _cell_texts(self, cells: Any) -> tuple[str, ...]:
        group = self._root[_REFERENCES]
        place = {int(address): key for key, address in group._links.items()}
        addresses = self._values(cells, np.dtype("<u8")).reshape(-1).tolist()
        return tuple("".join(map(chr, self._values(group[place[one]]).reshape(-1).tolist())) for one in addresses)

    # --- bytes to values ---

    def _values(self, found: Any, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
        dtype, shape = dtype or np.dtype(found.dtype), tuple(map(int, found.shape))
        if math.prod(shape) * dtype.itemsize > MOST_BYTES:
            size = " x ".join(map(str, shape))
            raise InputError(
                f"{self.name}: its array {found.name} has {size} values, more than fit in memory; split it"
            )
        stored = found.id
        if stored.layout_class == 0:
            return np.asarray(found[()])
        if stored.layout_class == 1:
            if stored.data_offset == _UNDEFINED:
                return np.zeros(shape, dtype)
            return np.frombuffer(self._data, dtype, math.prod(shape), stored.data_offset).reshape(shape).copy()
        return self._joined(stored, dtype, shape)

    def _joined(self, stored: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """Return an array that is stored in chunks; those that are not stored are zero."""
        chunk = tuple(map(int, stored.chunks))
        n_bytes = math.prod(chunk) * dtype.itemsize
        if not 0 < n_bytes <= MOST_BYTES:
            raise ValueError(f"chunks of {n_bytes:,} bytes")
        values = np.zeros(shape, dtype)
        filters = stored.filter_pipeline or []
        for start, found in stored.index.items():
            raw = self._data[found.byte_offset : found.byte_offset + found.size]
            content = np.frombuffer(_unfiltered(raw, filters, found.filter_mask, n_bytes, dtype.itemsize), dtype)
            stop = tuple(min(first + n, end) for first, n, end in zip(start, chunk, shape, strict=True))
            inside = tuple(slice(0, max(last - first, 0)) for first, last in zip(start, stop, strict=True))
            target = tuple(slice(first, last) for first, last in zip(start, stop, strict=True))
            values[target] = content.reshape(chunk)[inside]
        return values


class _Variables:
    """What MATLAB wrote, resolved from groups, characters and references; each is visited within bounds."""

    def __init__(self, file: Hdf5File) -> None:
        self._file = file
        self._n_bytes = self._n_visited = 0
        root = file._root
        self._referred = root[_REFERENCES] if _REFERENCES in root._links else None
        links = {} if self._referred is None else self._referred._links
        self._place = {int(address): key for key, address in links.items() if isinstance(address, int)}

    def of(self, found: Any, depth: int) -> Any:
        """Return the value of a group or an array."""
        self._n_visited += 1
        if depth > _DEEPEST or self._n_visited > _MOST_LINKS:
            raise InputError(f"{self._file.name} refers to itself, or to more than {_MOST_LINKS:,} arrays")
        if hasattr(found, "_links"):
            # MATLAB's own, such as #refs# and #subsystem#, are no variables.
            names = [name for name, address in found._links.items() if isinstance(address, int) and name[:1] != "#"]
            return {name: self.of(found.get_lazy_view(name), depth + 1) for name in names}
        kind = _kind(found)
        if "MATLAB_empty" in found.attrs:
            return "" if self._class(found) == b"char" else np.zeros(0)
        if kind == "references":
            return self._of_cells(found, depth)
        if kind != "numbers":
            return None
        self._n_bytes += math.prod(map(int, found.shape)) * np.dtype(found.dtype).itemsize
        if self._n_bytes > MOST_BYTES:
            raise InputError(f"{self._file.name} holds more than {MOST_BYTES / 1e9:g} GB; split it")
        values = self._file._values(found)
        if self._class(found) == b"char":
            return _text_of(values.T)
        return np.squeeze(values.T)

    def _of_cells(self, found: Any, depth: int) -> Any:
        addresses = self._file._values(found, np.dtype("<u8")).reshape(-1).tolist()
        values = [
            self.of(self._referred.get_lazy_view(self._place[one]), depth + 1)  # type: ignore[union-attr]
            for one in addresses
        ]
        return values if len(values) != 1 else values[0]

    @staticmethod
    def _class(found: Any) -> bytes:
        return bytes(found.attrs.get("MATLAB_class", b""))


def _text_of(letters: NDArray[Any]) -> Any:
    """Return a row of characters as a text, several as an array of texts."""
    rows = ["".join(map(chr, row)).rstrip() for row in np.atleast_2d(letters).tolist()]
    return rows[0] if len(rows) == 1 else np.array(rows)


def _check_total(name: str, arrays: Iterable[Any]) -> None:
    total = sum(math.prod(map(int, one.shape)) * np.dtype(one.dtype).itemsize for one in arrays)
    if total > MOST_BYTES:
        raise InputError(f"{name} holds arrays of {total / 1e9:.1f} GB, more than fit in memory; split it")


def _unfiltered(raw: memoryview, filters: list[dict[str, Any]], mask: int, n_bytes: int, itemsize: int) -> bytes:
    """Undo the filters of a chunk, last first; `ValueError` unless it is of the size that it should be."""
    content = bytes(raw)
    for place in reversed(range(len(filters))):
        kind = filters[place]["filter_id"]
        if mask & (1 << place):
            continue
        if kind == _DEFLATE:
            # Room for the checksum that may stand before it.
            content = zlib.decompressobj().decompress(content, n_bytes + 4)
        elif kind == _SHUFFLE:
            planes = np.frombuffer(content, np.uint8)[: len(content) // itemsize * itemsize]
            content = planes.reshape(itemsize, -1).T.tobytes() + content[planes.size :]
        elif kind == _CHECKSUM:
            content = content[:-4]
        else:
            raise ValueError(f"it is compressed with filter {kind}; write it again with gzip")
    if len(content) != n_bytes:
        raise ValueError(f"a chunk of {len(content):,} bytes instead of {n_bytes:,}")
    return content


def open_hdf5(name: str, data: bytes) -> Hdf5File:
    """Open an HDF5 file and list what it holds.

    Whoever reads squares from it checks that they are symmetric: a value in the wrong place is found so.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    data : bytes

    Raises
    ------
    InputError
        If it is no such file, damaged, or holds too many arrays.
    """
    from pyfive import File  # late: the page has it only then

    start = signature_at(data)
    if start is None:
        raise InputError(f"{name} is no HDF5 file, which MATLAB writes with save(..., '-v7.3')")
    view = memoryview(data)[start:]
    try:
        root = File(io.BytesIO(view))
        found = _listed(root, name)
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise InputError(
            f"{name} is damaged, or an HDF5 file of a kind not known here ({error}); save it again"
        ) from None
    return Hdf5File(name, data[:6] == b"MATLAB", found["numbers"], found["references"], found["strings"], view, root)


def _listed(root: Any, name: str) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the shapes of arrays by what they hold and by path. No object is visited twice."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {"numbers": {}, "references": {}, "strings": {}}
    seen: set[int] = set()
    todo = [("", root)]
    n_links = 0
    while todo:
        folder, group = todo.pop()
        for key, address in group._links.items():
            n_links += 1
            if n_links > _MOST_LINKS:
                raise InputError(f"{name} holds more than {_MOST_LINKS:,} arrays")
            if key == _REFERENCES or not isinstance(address, int) or address in seen:
                continue
            seen.add(address)
            found, path = group.get_lazy_view(key), f"{folder}{key}"
            if hasattr(found, "_links"):
                todo.append((f"{path}/", found))
            elif hasattr(found, "shape"):
                kind = _kind(found)
                if kind is not None:
                    shapes[kind][path] = tuple(map(int, found.shape))
    return shapes


def _kind(found: Any) -> str | None:
    try:
        dtype = np.dtype(found.dtype)
    except (TypeError, NotImplementedError):
        return None
    if dtype.kind in "biuf" and "MATLAB_empty" not in found.attrs:
        return "numbers"
    if dtype.kind == "S" and 0 < dtype.itemsize <= _LONGEST_TEXT:
        return "strings"
    # pyfive has references as eight bytes of no kind.
    return "references" if dtype == np.dtype("V8") and _REFERENCES in found.file else None
