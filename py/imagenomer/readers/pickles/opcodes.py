"""The opcodes that plain values and arrays need, and by name those that are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imagenomer.readers.pickles.machine import Machine


def _text(read_length: str) -> Callable[[Machine], None]:
    return lambda machine: machine.push(str(machine.take(machine.unpack(read_length)), "utf-8", "surrogatepass"))


def _bytes(read_length: str) -> Callable[[Machine], None]:
    return lambda machine: machine.push(machine.take(machine.unpack(read_length)))


def _number(layout: str) -> Callable[[Machine], None]:
    return lambda machine: machine.push(machine.unpack(layout))


OPCODES: dict[int, Callable[[Machine], Any]] = {
    # framing and protocol, which change nothing about the values
    0x80: lambda machine: machine.take(1),
    0x95: lambda machine: machine.take(8),
    # constants and numbers
    ord("N"): lambda machine: machine.push(None),
    0x88: lambda machine: machine.push(True),
    0x89: lambda machine: machine.push(False),
    ord("I"): Machine.integer_line,
    ord("L"): Machine.integer_line,
    ord("F"): Machine.float_line,
    ord("J"): _number("<i"),
    ord("K"): _number("<B"),
    ord("M"): _number("<H"),
    0x8A: lambda machine: machine.short_integer(machine.unpack("<B")),
    0x8B: lambda machine: machine.short_integer(machine.unpack("<i")),
    ord("G"): _number(">d"),
    # texts and bytes
    ord("V"): lambda machine: machine.push(machine.line().encode("latin-1").decode("raw-unicode-escape")),
    0x8C: _text("<B"),
    ord("X"): _text("<I"),
    0x8D: _text("<Q"),
    ord("C"): _bytes("<B"),
    ord("B"): _bytes("<I"),
    0x8E: _bytes("<Q"),
    0x96: _bytes("<Q"),
    # containers
    ord("("): Machine.mark,
    ord("]"): lambda machine: machine.push_container([]),
    ord("l"): lambda machine: machine.push_container(machine.pop_to_mark()),
    ord("a"): Machine.append,
    ord("e"): Machine.appends,
    ord("}"): lambda machine: machine.push_container({}),
    ord("d"): Machine.new_dict,
    ord("s"): Machine.set_item,
    ord("u"): Machine.set_items,
    ord(")"): lambda machine: machine.push(()),
    ord("t"): lambda machine: machine.push_container(tuple(machine.pop_to_mark())),
    0x85: lambda machine: machine.new_tuple(1),
    0x86: lambda machine: machine.new_tuple(2),
    0x87: lambda machine: machine.new_tuple(3),
    0x8F: lambda machine: machine.push_container(set()),
    0x90: Machine.add_items,
    0x91: Machine.new_frozenset,
    # memo
    ord("p"): lambda machine: machine.put(int(machine.line())),
    ord("q"): lambda machine: machine.put(machine.unpack("<B")),
    ord("r"): lambda machine: machine.put(machine.unpack("<I")),
    0x94: lambda machine: machine.put(len(machine.memo)),
    ord("g"): lambda machine: machine.get(int(machine.line())),
    ord("h"): lambda machine: machine.get(machine.unpack("<B")),
    ord("j"): lambda machine: machine.get(machine.unpack("<I")),
    # names of the white list
    ord("c"): Machine.name_lines,
    0x93: Machine.name_from_stack,
    ord("R"): Machine.reduce,
    ord("b"): Machine.build,
}

#: Opcodes that exist and are refused, by the names that Python's documentation gives them.
REFUSED = {
    ord("P"): "PERSID, a reference to something outside the file",
    ord("Q"): "BINPERSID, a reference to something outside the file",
    ord("i"): "INST, which would create an object",
    ord("o"): "OBJ, which would create an object",
    0x81: "NEWOBJ, which would create an object",
    0x92: "NEWOBJ_EX, which would create an object",
    0x82: "EXT1, a name registered elsewhere",
    0x83: "EXT2, a name registered elsewhere",
    0x84: "EXT4, a name registered elsewhere",
    0x97: "NEXT_BUFFER, data outside the file",
    0x98: "READONLY_BUFFER, data outside the file",
    ord("S"): "STRING, a text of Python 2",
    ord("T"): "BINSTRING, a text of Python 2",
    ord("U"): "SHORT_BINSTRING, a text of Python 2",
    ord("0"): "POP, which data do not need",
    ord("1"): "POP_MARK, which data do not need",
    ord("2"): "DUP, which data do not need",
}
