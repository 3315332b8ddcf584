"""The stack machine of a pickle, in which nothing runs: one method an opcode, and a bound to all that grows."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.readers.npy import has_impossible_texts
from imagenomer.readers.pickles import moments
from imagenomer.wording import plural

_PLAIN = "plain dicts, lists, texts, numbers and NumPy arrays of numbers"

#: What an array or NumPy number may consist of: booleans, integers, floats, texts and bytes.
_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|[US][1-9][0-9]{0,5})")

#: Lists within lists; real files need two or three.
_DEEPEST = 200

#: What one file may ask for. A table of 5,000 subjects and 2,000 fields takes 20 million opcodes, holds a thousand
#: values on the stack and notes each text it will need again; a field is a container, and one byte can ask for one.
_MOST_OPCODES = 25_000_000
_MOST_WAITING = 5_000_000
_MOST_NOTED = 3_000_000
_MOST_CONTAINERS = 200_000

#: The names a file may use, under all the modules NumPy has kept them in, and what each stands for here.
_NAMES = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): "array" for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): "buffer" for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): "scalar" for core in ("core", "_core")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
    # What a cell of a table may be.
    **{("pandas._libs.tslibs.timestamps", name): "timestamp" for name in ("_unpickle_timestamp", "Timestamp")},
    ("pandas._libs.tslibs.nattype", "__nat_unpickle"): "missing",
    ("pandas._libs.missing", "NA"): "NA",
    ("datetime", "date"): "date",
    ("datetime", "datetime"): "date",
    ("decimal", "Decimal"): "decimal",
    # Protocols 0 to 3 have no opcode for these.
    **{(module, "set"): "set" for module in ("builtins", "__builtin__")},
    **{(module, "frozenset"): "set" for module in ("builtins", "__builtin__")},
    **{(module, "bytes"): "bytes" for module in ("builtins", "__builtin__")},
    **{(module, "bytearray"): "bytes" for module in ("builtins", "__builtin__")},
}


class _Mark:
    """Where a list, dict, set or tuple on the stack begins."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name on the white list, never the thing itself."""

    module: str
    name: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class Dtype:
    """A type of array values as the file describes it."""

    text: str

    def __str__(self) -> str:
        return "a NumPy type"


@dataclass(slots=True)
class Array:
    """An array that has been announced, and whose shape and bytes follow with BUILD; ``memo`` is where it is noted."""

    memo: set[int] = field(default_factory=set)

    def __str__(self) -> str:
        return "an unfinished NumPy array"


class Machine:
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
        self.n_containers = 0
        self.n_opcodes = 0

    # --- bytes, stack and memo ---

    def refuse(self, reason: str, way_out: str = f"save it again as {_PLAIN}") -> NoReturn:
        raise InputError(f"{self.name} is not read: {reason} (byte {self.opcode:,}); {way_out}")

    def check_growth(self) -> None:
        """Refuse a file that asks for more than tables and arrays do; called every some ten thousand opcodes."""
        for found, most, what in (
            (self.n_opcodes, _MOST_OPCODES, "steps"),
            (len(self.stack), _MOST_WAITING, "values at a time"),
            (len(self.memo), _MOST_NOTED, "values noted for later"),
            (self.n_containers, _MOST_CONTAINERS, "lists, dicts, sets, tuples and arrays"),
        ):
            if found > most:
                self.refuse(f"it asks for more than {most:,} {what}", "save a table of this size as participants.tsv")

    def take(self, n_bytes: int) -> bytes:
        stop = self.position + n_bytes
        if n_bytes < 0 or stop > len(self.data):
            self.refuse(
                f"it should go on for {plural(n_bytes, 'byte')}, and {len(self.data) - self.position:,} are left",
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

    def push_container(self, value: Any) -> None:
        self.n_containers += 1
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
        if isinstance(value, Array):
            value.memo.add(index)

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
        self.push_container(made)

    def new_tuple(self, n_items: int) -> None:
        items = [self.pop() for _ in range(n_items)]
        self.push_container(tuple(reversed(items)))

    def new_frozenset(self) -> None:
        self.push_container({self.key(item) for item in self.pop_to_mark()})

    # --- numbers ---

    def short_integer(self, n_bytes: int) -> None:
        # Eight bytes hold every identifier, and Python's hash of longer integers can be made to collide.
        if n_bytes > 8:
            self.refuse(f"an integer has {plural(n_bytes, 'byte')}")
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
        self.push(None if meaning == "NA" else Name(module, name, meaning))

    def reduce(self) -> None:
        arguments, named = self.pop(), self.pop()
        if not isinstance(named, Name) or not isinstance(arguments, tuple):
            self.refuse("it calls something that is not a name")
        self.n_containers -= 1  # the arguments, which are gone: every NumPy number has some
        match (named.meaning, *arguments):
            case ("array", Name(meaning="ndarray"), (0,), b"b"):
                self.push_container(Array())
            case ("dtype", str(text), *_):
                if not _DTYPE.fullmatch(text):
                    what = "Python objects" if text.startswith("O") else f"values of type {text[:20]!r}"
                    self.refuse(f"an array holds {what}")
                self.push_container(Dtype(text))
            case ("buffer", bytes(raw), Dtype() as dtype, tuple(shape), "C" | "F" as order):
                self.push_container(self.array(shape, dtype, raw, fortran=order == "F"))
            case ("scalar", Dtype() as dtype, bytes(raw)):
                self.push(self.array((), dtype, raw, fortran=False).item())
            case ("encode", str(text), "latin1" | "latin-1"):
                self.copied(len(text))
                self.push(text.encode("latin-1"))
            case ("set", list(items)):
                self.copied(len(items))
                self.push_container({self.key(item) for item in items})
            case ("timestamp", int(value), None) | ("timestamp", int(value), _, None):
                self.push(moments.of_timestamp(value))
            case ("timestamp", int(value), _, None, int(unit)):
                self.push(moments.of_timestamp(value, unit))
            case ("date", bytes(raw)):
                self.push(moments.of_bytes(raw))
            case ("decimal", str(text)):
                self.push(text)
            case ("missing", None):
                self.push(None)
            case ("bytes", bytes(raw)):
                self.push(raw)
            case ("bytes",):
                self.push(b"")
            case _:
                self.refuse(f"it calls {named} in a way that plain arrays do not need")

    def build(self) -> None:
        state, target = self.pop(), self.pop()
        match target, state:
            case Dtype(), (3 | 4, "<" | ">" | "|" | "=" as byte_order, None, None, None, *_):
                target.text = byte_order + target.text.lstrip("<>|=")
                self.push(target)
            case Array(), (int(), tuple(shape), Dtype() as dtype, bool(fortran), bytes(raw)):
                made = self.array(shape, dtype, raw, fortran)
                # The memo still holds the announcement: whoever refers to it means this array.
                for index in target.memo:
                    if self.memo[index] is target:
                        self.memo[index] = made
                self.push(made)
            case Array(), _:
                self.refuse("an array is described in a way that arrays of numbers are not")
            case _:
                self.refuse("it sets the state of something that is not an array")

    def array(self, shape: tuple[Any, ...], dtype: Dtype, raw: bytes, fortran: bool) -> NDArray[Any]:
        if len(shape) > 8 or not all(type(size) is int and size >= 0 for size in shape):
            self.refuse("an array has an impossible shape")
        self.copied(len(raw))
        values = np.frombuffer(raw, np.dtype(dtype.text))
        if has_impossible_texts(values):
            self.refuse("an array holds texts that are damaged", "copy or save it again")
        return values.reshape(shape, order="F" if fortran else "C").copy()
