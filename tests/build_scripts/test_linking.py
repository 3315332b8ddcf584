"""What the patches of Pyodide's linker take for granted of the shared objects that ship."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import runtime

IMPORTS, GLOBALS, EXPORTS = 2, 6, 7
FUNCTION, TABLE, MEMORY, GLOBAL, TAG = range(5)
#: Instructions of constant expressions that are followed by one number, and by none.
ONE_NUMBER = {0x23: "global.get", 0x41: "i32.const", 0x42: "i64.const", 0xD0: "ref.null", 0xD2: "ref.func"}
NONE = {0x6A: "i32.add", 0x6B: "i32.sub", 0x6C: "i32.mul", 0x7C: "i64.add", 0x7D: "i64.sub", 0x7E: "i64.mul"}
END = 0x0B


class Reader:
    """A WebAssembly module, read from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """Read an integer in LEB128; of a negative one the bits."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def name(self) -> str:
        size = self.number()
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def limits(self) -> None:
        if self.byte() & 1:
            self.number()
        self.number()

    def constant(self) -> None:
        """Pass over a constant expression."""
        while (instruction := self.byte()) != END:
            if instruction in ONE_NUMBER:
                self.number()
            else:
                assert instruction in NONE, f"unknown instruction {instruction:#x}"


def exported_globals(data: bytes) -> Iterator[tuple[str, bool]]:
    """Yield the name of each global that a module exports, and whether it can be set."""
    reader = Reader(data)
    assert data[:8] == b"\0asm\1\0\0\0"
    reader.at = 8
    can_be_set: list[bool] = []
    while reader.at < len(data):
        section, size = reader.byte(), reader.number()
        end = reader.at + size
        for _ in range(reader.number() if section in (IMPORTS, GLOBALS, EXPORTS) else 0):
            if section == IMPORTS:
                reader.name()
                reader.name()
                kind = reader.byte()
                if kind == GLOBAL:
                    reader.byte()
                    can_be_set.append(bool(reader.byte()))
                elif kind == TABLE:
                    reader.byte()
                    reader.limits()
                elif kind == MEMORY:
                    reader.limits()
                else:
                    assert kind in (FUNCTION, TAG)
                    if kind == TAG:
                        reader.byte()
                    reader.number()
            elif section == GLOBALS:
                reader.byte()
                can_be_set.append(bool(reader.byte()))
                reader.constant()
            else:
                name, kind, index = reader.name(), reader.byte(), reader.number()
                if kind == GLOBAL:
                    yield name, can_be_set[index]
        if section in (IMPORTS, GLOBALS, EXPORTS):
            assert reader.at == end
        reader.at = end


@pytest.fixture(scope="module")
def shared_objects() -> dict[str, bytes]:
    try:
        folder: Path = runtime.fetch_runtime(runtime.read_lock()) / "pyodide"
    except runtime.RuntimeUnavailableError as error:
        pytest.skip(str(error))
    found = {}
    for archive in sorted([*folder.glob("*.whl"), folder / "python_stdlib.zip"]):
        with zipfile.ZipFile(archive) as file:
            found |= {f"{archive.name}/{name}": file.read(name) for name in file.namelist() if name.endswith(".so")}
    assert len(found) > 200
    return found


def test_what_shared_objects_export_beside_functions_are_addresses(shared_objects: dict[str, bytes]) -> None:
    """The linker moves each by where the object lies in memory, as is right for addresses and wrong for variables."""
    globals_ = [(name, *one) for name, data in shared_objects.items() for one in exported_globals(data)]
    assert len(globals_) > 1000
    assert not [one for one in globals_ if one[2]]


def test_a_variable_would_be_seen() -> None:
    """(module (global $kept (export "kept") i32 (i32.const 1)) (global (export "set") (mut i32) (i32.const 2)))."""
    globals_ = bytes([GLOBALS, 11, 2, 0x7F, 0, 0x41, 1, END, 0x7F, 1, 0x41, 2, END])
    exports = bytes([EXPORTS, 14, 2, 4, *b"kept", GLOBAL, 0, 3, *b"set", GLOBAL, 1])
    assert list(exported_globals(b"\0asm\1\0\0\0" + globals_ + exports)) == [("kept", False), ("set", True)]
