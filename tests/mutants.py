"""Valid files, spoilt as chance has it: bytes, numbers in binary and in text, cells, JSON values, opcodes."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

#: Little-endian sizes and offsets that a format would rather not see.
_SIZES = [b"\xff" * 4, b"\xff" * 8, b"\x00" * 8, b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\x01" + b"\x00" * 7]
#: Texts where a table or a header has another.
_TEXTS = [
    *(
        b"",
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b'"',
        b"'",
        b",",
        b"n/a",
        b"nan",
        b"NaN",
        b"-inf",
        b"1e400",
        b"-9",
        b"-9999",
        b"0",
    ),
    *(
        b"9" * 30,
        b"9" * 5000,
        b"1_0",
        b"0x10",
        b"True",
        b"()",
        b"None",
        b"label",
        b"participant_id",
        b"IID",
        b"n_edges",
    ),
    *(
        b"\x00",
        b"\x07",
        b"\x1b[2J",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"\xed\xa0\x80",
        b"\xff\xfe",
        b"\xf4\x90\x80\x80",
    ),
    *(
        "١".encode(),
        "é".encode("latin-1"),
        b"../x",
        b"C:/x",
        b"a/b",
        b"%2E%2E",
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b"\\u0000",
    ),
    *(b"'O'", b"'<f8'", b"'<U3'", b"'>c16'", b"'|S4'", b"(3, 3)", b"(0,)", b"(-1,)", b"(99999999999999,)", b"True"),
]
#: Values where a manifest or dictionary has another.
_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 10**30, 10**400, 1.5, -0.0, 1e-300, 1e39, 1e308, float("nan"), float("inf")),
    *("", " ", "x", "a\x00b", "\ud800", "../x", "n/a", "fc", "x" * 3000, [], {}, [[]], [{}], {"": ""}, {"name": 1}),
    *([None], [1, "1"], ["a", "a"], list(range(500))),
]
#: Opcodes of pickles, alone and with operands that ask for much.
_OPCODES = [
    *(bytes([code]) for code in b".()tlaedsu}]0123NIFLJKMGVXCBRb"),
    *(bytes([code]) for code in range(0x80, 0x99)),
    *(b"p0\n", b"g0\n", b"q\x00", b"h\x00", b"j\xff\xff\xff\x7f", b"I" + b"9" * 5000 + b"\n", b"\x8a\xff", b"F1e400\n"),
    *(b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"cbuiltins\nset\n", b"V\\ud800\n", b"\x8c\x03\xed\xa0\x80"),
    *(b"(K\x00K\x01t", b"K\x03(K\x01t", b"C\x00", b"\x8e" + b"\xff" * 8),
]

Spoil = Callable[[bytes, np.random.Generator], bytes]


def spoil_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes anywhere."""
    spoilt = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        place = int(rng.integers(0, len(spoilt) + 1))
        end = min(len(spoilt), place + int(rng.integers(1, 40)))
        match rng.integers(8):
            case 0 | 1 if place < len(spoilt):
                spoilt[place] ^= 1 << int(rng.integers(8))
            case 2 if place < len(spoilt):
                spoilt[place] = int(rng.integers(256))
            case 3:
                del spoilt[place:end]
            case 4:
                spoilt[place:place] = spoilt[place:end] * int(rng.integers(1, 5))
            case 5:
                value = _SIZES[rng.integers(len(_SIZES))]
                spoilt[place : place + len(value)] = value
            case 6:
                del spoilt[place:]
            case _:
                other = int(rng.integers(0, len(spoilt) + 1))
                spoilt[place:end] = spoilt[other : other + int(rng.integers(1, 40))]
    return bytes(spoilt)


def spoil_text(data: bytes, rng: np.random.Generator) -> bytes:
    """One or two pieces between marks (blanks, brackets, quotes) become others."""
    spoilt = data
    for _ in range(rng.integers(1, 3)):
        marks = [0, *(place for place, byte in enumerate(spoilt[:3000]) if byte in b"\t\n ,:(){}[]'\""), len(spoilt)]
        place = int(rng.integers(len(marks) - 1))
        start, end = marks[place], marks[place + 1]
        start += int(rng.integers(2))  # with the mark, or without
        spoilt = spoilt[:start] + _TEXTS[rng.integers(len(_TEXTS))] + spoilt[max(start, end) :]
    return spoilt


def spoil_json(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three values, keys or entries of a JSON text become others, are repeated or gone."""
    content = json.loads(data)
    for _ in range(rng.integers(1, 4)):
        content = _spoil_value(content, rng)
    return json.dumps(content).encode()


def _spoil_value(value: Any, rng: np.random.Generator) -> Any:
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.15:
        return _VALUES[rng.integers(len(_VALUES))]
    if isinstance(value, list):
        place = int(rng.integers(len(value)))
        match rng.integers(6):
            case 0:
                return [*value, value[place]]
            case 1:
                return value[:place] + value[place + 1 :]
        return [*value[:place], _spoil_value(value[place], rng), *value[place + 1 :]]
    key = list(value)[rng.integers(len(value))]
    match rng.integers(8):
        case 0:
            return {one: item for one, item in value.items() if one != key}
        case 1:
            return {f"{one}\x07" if one == key else one: item for one, item in value.items()} | {key: value[key]}
    return {**value, key: _spoil_value(value[key], rng)}


def spoil_pickle(data: bytes, rng: np.random.Generator) -> bytes:
    """Opcodes are put in, or the same value is pickled by another protocol and its bytes spoilt."""
    if rng.random() < 0.5:
        value = pickle.loads(data)  # noqa: S301 - of our own making
        return spoil_bytes(pickle.dumps(value, int(rng.integers(6))), rng)
    spoilt = data
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(spoilt)))
        spoilt = spoilt[:place] + _OPCODES[rng.integers(len(_OPCODES))] + spoilt[place + int(rng.integers(3)) :]
    return spoilt


def spoil_archive(data: bytes, rng: np.random.Generator) -> bytes:
    """One entry is spoilt and the archive made anew, so that its checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = list(files)[rng.integers(len(files))]
    files[name] = spoil(name, files[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED][rng.integers(2)]) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


_SPOILS: dict[str, tuple[Spoil, ...]] = {
    "npy": (spoil_bytes, spoil_text),
    "tsv": (spoil_bytes, spoil_text, spoil_text),
    "csv": (spoil_bytes, spoil_text, spoil_text),
    "mat": (spoil_bytes,),
    "json": (spoil_bytes, spoil_text, spoil_json, spoil_json),
    "pkl": (spoil_bytes, spoil_pickle),
    "npz": (spoil_bytes, spoil_archive),
    "zip": (spoil_bytes, spoil_archive),
    "bed": (spoil_bytes,),
    "bim": (spoil_bytes, spoil_text),
    "fam": (spoil_bytes, spoil_text),
    "xml": (spoil_bytes, spoil_text),
}


def spoil(path: str, data: bytes, rng: np.random.Generator) -> bytes:
    """Return the content of a file, spoilt as files of its kind are."""
    ways = _SPOILS.get(path.rpartition(".")[2], (spoil_bytes,))
    return ways[rng.integers(len(ways))](data, rng)
