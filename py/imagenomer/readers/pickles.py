"""Pickles as data: the few opcodes and names that tables and arrays need, and nothing executed.

A pickle is a program for a small stack machine, and Python's own machine imports
and calls whatever the program names. This one knows plain values, and NumPy
arrays as their shape, type and bytes; it imports nothing and calls nothing that
a file names. Everything else is refused, with its name and its place.

References
----------
The opcodes are documented in CPython's ``Lib/pickletools.py``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError

_PLAIN = "plain dicts, lists, texts, numbers and NumPy arrays of numbers"

#: What an array or NumPy number may consist of: booleans, integers, floats, texts and bytes.
_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|[US][1-9][0-9]{0,5})")

#: Lists within lists; real files need two or three.
_DEEPEST = 200

#: The names a file may use, under all the modules NumPy has kept them in, and what each stands for here.
_NAMES = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): "array" for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): "buffer" for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): "scalar" for core in ("core", "_core")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    # Protocols 0 to 3 have no opcode for these.
    **{(module, "set"): "set" for module in ("builtins", "__builtin__")},
    **{(module, "frozenset"): "set" for module in ("builtins", "__builtin__")},
    **{(module, "bytes"): "bytes" for module in ("builtins", "__builtin__")},
    **{(module, "bytearray"): "bytes" for module in ("builtins", "__builtin__")},
}


def read_pickle(data: bytes, name: str) -> Any:
    """Return the value in a pickle made of plain values and NumPy arrays.

    Parameters
    ----------
    data : bytes
        The file, protocol 0 to 5.
    name : str
        Of the file, for messages.

    Returns
    -------
    dict, list, tuple, set, str, bytes, int, float, bool, None or ndarray
        NumPy numbers come back as Python numbers; arrays own their data.

    Raises
    ------
    InputError
        If the file is truncated or damaged, or needs anything else; the message names what, and where.
    """
    machine = _Machine(data, name)
    try:
        value = machine.run()
    except InputError:
        raise
    except _MALFORMED:
        machine.refuse("this is no pickle, or a damaged one", "copy or save it again")
    if isinstance(value, (_Name, _Array, _Dtype)):
        machine.refuse(f"it holds {value}, not data")
    return value


#: What malformed operands raise, before or besides our own checks. Not MemoryError: nothing is made that is larger than
#: the file, so that a lack of memory is one.
_MALFORMED = (IndexError, KeyError, TypeError, ValueError, struct.error, OverflowError)


class _Mark:
    """Where a list, dict, set or tuple on the stack begins."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A name on the white list, never the thing itself."""

    module: str
    name: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class _Dtype:
    """A type of array values as the file describes it."""

    text: str

    def __str__(self) -> str:
        return "a NumPy type"


@dataclass(slots=True)
class _Array:
    """An array that has been announced, and whose shape and bytes follow with BUILD; ``memo`` is where it is noted."""

    memo: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        return "an unfinished NumPy array"


class _Machine:
    """The stack machine, with one method an opcode."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.position = 0
        self.opcode = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.n_marks = 0
        self.n_copied = 0

    def run(self) -> Any:
        while True:
            self.opcode = self.position
            code = self.take(1)[0]
            if code == ord("."):
                return self.pop()
            action = _OPCODES.get(code)
            if action is None:
                self.refuse(f"it uses {_REFUSED.get(code, f'the byte {code:#04x} as an opcode')}")
            action(self)

    # --- bytes, stack and memo ---

    def refuse(self, reason: str, way_out: str = f"save it again as {_PLAIN}") -> NoReturn:
        raise InputError(f"{self.name} is not read: {reason} (byte {self.opcode:,}); {way_out}")

    def take(self, n_bytes: int) -> bytes:
        stop = self.position + n_bytes
        if n_bytes < 0 or stop > len(self.data):
            self.refuse(
                f"it should go on for {n_bytes:,} bytes, and {len(self.data) - self.position:,} are left",
                "the file is truncated or damaged: copy it again",
            )
        piece = self.data[self.position : stop]
        self.position = stop
        return piece

    def unpack(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def line(self) -> str:
        end = self.data.find(b"\n", self.position)
        if end < 0:
            self.refuse("a line does not end", "the file is truncated or damaged: copy it again")
        text = self.data[self.position : end]
        self.position = end + 1
        return text.decode("latin-1")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack or isinstance(self.stack[-1], _Mark):
            self.refuse("a value is missing", "the file is damaged: copy it again")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        if not self.stack or type(self.stack[-1]) is not kind:
            self.refuse(f"a {kind.__name__} is missing", "the file is damaged: copy it again")
        return self.stack[-1]

    def mark(self) -> None:
        self.n_marks += 1
        if self.n_marks > _DEEPEST:
            self.refuse(f"values are nested more than {_DEEPEST} deep")
        self.push(_Mark())

    def pop_to_mark(self) -> list[Any]:
        if not self.n_marks:
            self.refuse("a mark is missing", "the file is damaged: copy it again")
        start = len(self.stack) - 1
        while not isinstance(self.stack[start], _Mark):
            start -= 1
        items = self.stack[start + 1 :]
        del self.stack[start:]
        self.n_marks -= 1
        return items

    def put(self, index: int) -> None:
        value = self.pop()
        self.push(value)
        self.memo[index] = value
        if isinstance(value, _Array):
            value.memo.append(index)

    def get(self, index: int) -> None:
        self.push(self.memo[index])

    def copied(self, n_items: int) -> None:
        # One long text and ten thousand requests to copy it would fill the memory; real files copy a value twice.
        self.n_copied += n_items
        if self.n_copied > 4 * len(self.data):
            self.refuse("the same values are asked for over and over")

    # --- containers ---

    def key(self, value: Any) -> Any:
        # Only scalars: hashing a tuple of tuples of the same tuples takes time that grows with 2^depth.
        if not isinstance(value, (str, bytes, int, float, type(None))):
            self.refuse(f"a {type(value).__name__} is used as a key or member of a set")
        return value

    def fill_dict(self, target: dict[Any, Any], items: list[Any]) -> None:
        if len(items) % 2:
            self.refuse("a key has no value", "the file is damaged: copy it again")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[self.key(key)] = value

    def add_items(self) -> None:
        items = self.pop_to_mark()
        self.top(set).update(self.key(item) for item in items)

    def append(self) -> None:
        item = self.pop()
        self.top(list).append(item)

    def appends(self) -> None:
        items = self.pop_to_mark()
        self.top(list).extend(items)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.top(dict)[self.key(key)] = value

    def set_items(self) -> None:
        items = self.pop_to_mark()
        self.fill_dict(self.top(dict), items)

    def new_dict(self) -> None:
        made: dict[Any, Any] = {}
        self.fill_dict(made, self.pop_to_mark())
        self.push(made)

    def new_tuple(self, n_items: int) -> None:
        items = [self.pop() for _ in range(n_items)]
        self.push(tuple(reversed(items)))

    def new_frozenset(self) -> None:
        self.push({self.key(item) for item in self.pop_to_mark()})

    # --- numbers ---

    def short_integer(self, n_bytes: int) -> None:
        # Eight bytes hold every identifier, and Python's hash of longer integers can be made to collide.
        if n_bytes > 8:
            self.refuse(f"an integer has {n_bytes:,} bytes")
        self.push(int.from_bytes(self.take(n_bytes), "little", signed=True))

    def integer_line(self) -> None:
        text = self.line().removesuffix("L")
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            self.refuse("an integer is not one, or has more than 18 digits")
        # Protocol 0 writes False and True as "00" and "01".
        self.push({"00": False, "01": True}.get(text, int(text)))

    def float_line(self) -> None:
        self.push(float(self.line()))

    # --- names and what stands for calls ---

    def name_lines(self) -> None:
        module = self.line()
        self.push_name(module, self.line())

    def name_from_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            self.refuse("it names something by a value that is not a text")
        self.push_name(module, name)

    def push_name(self, module: str, name: str) -> None:
        meaning = _NAMES.get((module, name))
        if meaning is None:
            shown = f"{module}.{name}"[:100]
            if module.split(".")[0] == "pandas":
                self.refuse(
                    f"it asks for {shown}: a pandas table is not read from a pickle",
                    "save it as a dict of dicts, df.to_dict(), or as participants.tsv",
                )
            self.refuse(f"it asks for {shown}, which is never looked up nor run")
        self.push(_Name(module, name, meaning))

    def reduce(self) -> None:
        arguments, named = self.pop(), self.pop()
        if not isinstance(named, _Name) or not isinstance(arguments, tuple):
            self.refuse("it calls something that is not a name")
        match (named.meaning, *arguments):
            case ("array", _Name(meaning="ndarray"), (0,), b"b"):
                self.push(_Array())
            case ("dtype", str(text), *_):
                if not _DTYPE.fullmatch(text):
                    what = "Python objects" if text.startswith("O") else f"values of type {text[:20]!r}"
                    self.refuse(f"an array holds {what}")
                self.push(_Dtype(text))
            case ("buffer", bytes(raw), _Dtype() as dtype, tuple(shape), "C" | "F" as order):
                self.push(self.array(shape, dtype, raw, fortran=order == "F"))
            case ("scalar", _Dtype() as dtype, bytes(raw)):
                self.push(self.array((), dtype, raw, fortran=False).item())
            case ("encode", str(text), "latin1" | "latin-1"):
                self.copied(len(text))
                self.push(text.encode("latin-1"))
            case ("set", list(items)):
                self.copied(len(items))
                self.push({self.key(item) for item in items})
            case ("bytes", bytes(raw)):
                self.push(raw)
            case ("bytes",):
                self.push(b"")
            case _:
                self.refuse(f"it calls {named} in a way that plain arrays do not need")

    def build(self) -> None:
        state, target = self.pop(), self.pop()
        match target, state:
            case _Dtype(), (3 | 4, "<" | ">" | "|" | "=" as byte_order, None, None, None, *_):
                target.text = byte_order + target.text.lstrip("<>|=")
                self.push(target)
            case _Array(), (int(), tuple(shape), _Dtype() as dtype, bool(fortran), bytes(raw)):
                made = self.array(shape, dtype, raw, fortran)
                # The memo still holds the announcement: whoever refers to it means this array.
                for index in target.memo:
                    if self.memo[index] is target:
                        self.memo[index] = made
                self.push(made)
            case _Array(), _:
                self.refuse("an array is described in a way that arrays of numbers are not")
            case _:
                self.refuse("it sets the state of something that is not an array")

    def array(self, shape: tuple[Any, ...], dtype: _Dtype, raw: bytes, fortran: bool) -> NDArray[Any]:
        if len(shape) > 8 or not all(type(size) is int and size >= 0 for size in shape):
            self.refuse("an array has an impossible shape")
        self.copied(len(raw))
        values = np.frombuffer(raw, np.dtype(dtype.text))
        return values.reshape(shape, order="F" if fortran else "C").copy()


def _text(read_length: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(str(machine.take(machine.unpack(read_length)), "utf-8", "surrogatepass"))


def _bytes(read_length: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(machine.take(machine.unpack(read_length)))


def _number(layout: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(machine.unpack(layout))


_OPCODES: dict[int, Callable[[_Machine], Any]] = {
    # framing and protocol, which change nothing about the values
    0x80: lambda machine: machine.take(1),
    0x95: lambda machine: machine.take(8),
    # constants and numbers
    ord("N"): lambda machine: machine.push(None),
    0x88: lambda machine: machine.push(True),
    0x89: lambda machine: machine.push(False),
    ord("I"): _Machine.integer_line,
    ord("L"): _Machine.integer_line,
    ord("F"): _Machine.float_line,
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
    ord("("): _Machine.mark,
    ord("]"): lambda machine: machine.push([]),
    ord("l"): lambda machine: machine.push(machine.pop_to_mark()),
    ord("a"): _Machine.append,
    ord("e"): _Machine.appends,
    ord("}"): lambda machine: machine.push({}),
    ord("d"): _Machine.new_dict,
    ord("s"): _Machine.set_item,
    ord("u"): _Machine.set_items,
    ord(")"): lambda machine: machine.push(()),
    ord("t"): lambda machine: machine.push(tuple(machine.pop_to_mark())),
    0x85: lambda machine: machine.new_tuple(1),
    0x86: lambda machine: machine.new_tuple(2),
    0x87: lambda machine: machine.new_tuple(3),
    0x8F: lambda machine: machine.push(set()),
    0x90: _Machine.add_items,
    0x91: _Machine.new_frozenset,
    # memo
    ord("p"): lambda machine: machine.put(int(machine.line())),
    ord("q"): lambda machine: machine.put(machine.unpack("<B")),
    ord("r"): lambda machine: machine.put(machine.unpack("<I")),
    0x94: lambda machine: machine.put(len(machine.memo)),
    ord("g"): lambda machine: machine.get(int(machine.line())),
    ord("h"): lambda machine: machine.get(machine.unpack("<B")),
    ord("j"): lambda machine: machine.get(machine.unpack("<I")),
    # names of the white list
    ord("c"): _Machine.name_lines,
    0x93: _Machine.name_from_stack,
    ord("R"): _Machine.reduce,
    ord("b"): _Machine.build,
}

#: Opcodes that exist and are refused, by the names that Python's documentation gives them.
_REFUSED = {
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
