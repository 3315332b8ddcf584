"""R's .rds and .rda (.RData) files: the data frames in them, parsed by rdata.

R's serialisation is a tree of objects. rdata reads it; here the tree becomes tables: factors are their labels, dates
are texts, labelled columns of the package haven are their codes, with labels, and row names, where they are names, are
a column of their own.
"""

from __future__ import annotations

import bz2
import lzma
import warnings
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from imagenomer.errors import InputError
from imagenomer.readers.table_files.raw import MOST_BYTES, MOST_CELLS, RawTable, damage_told, refuse_beyond
from imagenomer.types import Cell

WHAT = "what saveRDS() or save() of R writes"

#: What a column of row names is called.
ROW_NAMES = "row.names"

_SAVED = (b"RDX2\n", b"RDX3\n")  # of save(), before a list of objects by name
_XDR = b"X\n"
_EPOCH = date(1970, 1, 1)


def read(name: str, data: bytes) -> list[RawTable]:
    """Return the data frames of a file: that of an .rds file, those of an .rda file or in a list by name.

    Raises
    ------
    InputError
        If it is no such file or damaged, or holds no data frame.
    """
    with damage_told(name, WHAT), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = _decompressed(data)
        if content[:2] in (b"RD", b"A\n", b"B\n") and not content.startswith(_SAVED):
            raise InputError(f"{name} was saved as text or for one kind of machine; save it with saveRDS(x, file)")
        saved = content.startswith(_SAVED)
        root = _parse(content[len(_SAVED[0]) :] if saved else content)
        objects = dict(_pairs(root)) if saved else {"": root}
        if not saved and not _is_frame(root):
            objects = dict(_named(root))
        tables = [_table(name, key, each) for key, each in objects.items() if _is_frame(each)]
        held = [f"{key or 'an object'} ({_described(each)})" for key, each in list(objects.items())[:5]]
    if not tables:
        said = ", ".join(held) or "nothing"
        raise InputError(f"{name} holds no data frame; it holds {said}. Save one with saveRDS(x, file)")
    return tables


# --- bytes to objects -----------------------------------------------------------------------------


def _decompressed(data: bytes) -> bytes:
    """Return the content of a file that R may have compressed, up to `MOST_BYTES`; `ValueError` beyond."""
    openers: dict[bytes, Callable[[], Any]] = {
        b"\x1f\x8b": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
        b"BZh": bz2.BZ2Decompressor,
        b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    }
    for magic, opened in openers.items():
        if data.startswith(magic):
            stream = opened()
            content = bytes(stream.decompress(data, MOST_BYTES))
            if not stream.eof:
                raise ValueError("it ends too early, or unpacks to more than is read")
            return content
    return data


def _parse(content: bytes) -> Any:
    from rdata.parser import DEFAULT_ALTREP_MAP  # late: see the package
    from rdata.parser._xdr import ParserXDR

    class Parser(ParserXDR):
        """Takes no length at its word, and no code."""

        def _parse_array_values(self, dtype: Any, length: int) -> Any:
            left = len(content) - self.file.tell()
            if not 0 <= length * np.dtype(dtype).itemsize <= left:
                raise ValueError(f"{length:,} values where {left:,} bytes are left")
            return super()._parse_array_values(dtype, length)

        def _parse_bytecode(self, *_: Any, **__: Any) -> Any:
            raise ValueError("it holds compiled functions")

    def sequence(expand: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def expand_short(state: Any) -> Any:
            if not 0 <= state.value[0] <= MOST_CELLS:
                raise ValueError(f"a sequence of {state.value[0]} numbers")
            return expand(state)

        return expand_short

    if not content.startswith(_XDR):
        raise ValueError("it does not begin as such a file")
    known = dict(DEFAULT_ALTREP_MAP)
    known |= {kind: sequence(known[kind]) for kind in (b"compact_intseq", b"compact_realseq")}
    parser = Parser(memoryview(content)[len(_XDR) :], expand_altrep=True, altrep_constructor_dict=known)
    return parser.parse_all().object


# --- objects --------------------------------------------------------------------------------------


def _kind(thing: Any) -> str:
    return str(thing.info.type.name)


def _pairs(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each entry of a pair list."""
    while thing is not None and _kind(thing) == "LIST":
        yield _symbol(thing.tag), thing.value[0]
        thing = thing.value[1]


def _symbol(tag: Any) -> str:
    while tag is not None and _kind(tag) == "REF":
        tag = tag.referenced_object
    return "" if tag is None else _text(tag.value) or ""


def _attributes(thing: Any) -> dict[str, Any]:
    return dict(_pairs(thing.attributes))


def _text(char: Any) -> str | None:
    """Return a text of R, None where it is NA."""
    if char.value is None:
        return None
    try:
        return str(char.value.decode("utf-8"))
    except UnicodeDecodeError:
        return str(char.value.decode("latin-1"))


def _texts(thing: Any) -> list[str | None]:
    return [] if thing is None or _kind(thing) != "STR" else [_text(char) for char in thing.value]


def _classes(thing: Any) -> list[str | None]:
    return _texts(_attributes(thing).get("class"))


def _is_frame(thing: Any) -> bool:
    return _kind(thing) == "VEC" and "data.frame" in _classes(thing)


def _named(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each entry of a list; of anything else itself."""
    if _kind(thing) != "VEC":
        yield "", thing
        return
    names = _texts(_attributes(thing).get("names")) or [None] * len(thing.value)
    for place, (key, each) in enumerate(zip(names, thing.value, strict=True), start=1):
        yield key or f"[[{place}]]", each


def _described(thing: Any) -> str:
    words = {"REAL": "numbers", "INT": "numbers", "LGL": "TRUE and FALSE", "STR": "texts", "VEC": "a list"}
    size = _attributes(thing).get("dim")
    shape = "" if size is None else " " + " x ".join(map(str, size.value))
    return words.get(_kind(thing), _kind(thing).lower()) + shape


# --- tables ---------------------------------------------------------------------------------------


def _table(file: str, name: str, frame: Any) -> RawTable:
    about = _attributes(frame)
    names = [key or f"column {place}" for place, key in enumerate(_texts(about.get("names")), start=1)]
    columns, descriptions, labels = {}, {}, {}
    for key, column in zip(names, frame.value, strict=True):
        of_column = _attributes(column)
        columns[key] = _cells(file, key, column, of_column)
        if text := next(iter(_texts(of_column.get("label"))), None):
            descriptions[key] = text
        codes = of_column.get("labels")
        if codes is not None and "names" in _attributes(codes):
            texts = _texts(_attributes(codes)["names"])
            values = _cells(file, key, codes, {})
            labels[key] = {value: text or "" for value, text in zip(values, texts, strict=True)}
    if len(columns) < len(names):
        raise InputError(f"{file}: a data frame has several columns of one name; give each its own")
    row_names = _texts(about.get(ROW_NAMES))
    if row_names and ROW_NAMES not in columns:
        columns = {ROW_NAMES: list(row_names), **columns}
    refuse_beyond(file, max(map(len, columns.values()), default=0), len(columns))
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return RawTable(name, tuple(columns), rows, descriptions, labels)


def _cells(file: str, name: str, column: Any, about: dict[str, Any]) -> list[Cell]:
    kind, classes = _kind(column), _texts(about.get("class"))
    if kind == "STR":
        return [text or None for text in _texts(column)]
    if kind not in ("INT", "REAL", "LGL"):
        raise InputError(f"{file}: its column {name} holds {_described(column)}, not numbers or texts; leave it out")
    values: list[Cell] = np.ma.filled(np.ma.asarray(column.value).astype(object), None).tolist()
    if kind == "REAL":
        values = [None if value is None or value != value else value for value in values]
    if "factor" in classes:
        levels = _texts(about.get("levels"))
        return [None if value is None else levels[_place(value, len(levels))] for value in values]
    if "Date" in classes:
        return [None if value is None else (_EPOCH + timedelta(days=int(value))).isoformat() for value in values]
    if "POSIXct" in classes:
        return [None if value is None else _moment(value) for value in values]
    return values


def _place(value: Any, n_levels: int) -> int:
    if not 1 <= value <= n_levels:
        raise ValueError(f"level {value} of a factor with {n_levels}")
    return int(value) - 1


def _moment(seconds: Any) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds))).isoformat(" ", "seconds")
