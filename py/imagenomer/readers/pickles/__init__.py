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

import struct
from typing import Any

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.pickles.machine import Array, Dtype, Machine, Name
from imagenomer.readers.pickles.opcodes import OPCODES, REFUSED

#: Opcodes between two looks at whether to go on, some ten milliseconds.
_AT_ONCE = 1 << 15
_STOP = ord(".")


def read_pickle(data: bytes, name: str) -> Steps[Any]:
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
        If the file is truncated or damaged, needs anything else, or asks for more steps or memory than data of its kind
        do; the message names what, and where.
    """
    machine = Machine(data, name)
    try:
        value = yield from _run(machine)
    except InputError:
        raise
    except _MALFORMED:
        machine.refuse("this is no pickle, or a damaged one", "copy or save it again")
    if isinstance(value, (Name, Array, Dtype)):
        machine.refuse(f"it holds {value}, not data")
    return value


#: What malformed operands raise, before or besides our own checks. Not MemoryError: what a file may ask for is bounded,
#: so that a lack of memory is one.
_MALFORMED = (IndexError, KeyError, TypeError, ValueError, struct.error, OverflowError)


def _run(machine: Machine) -> Steps[Any]:
    while True:
        machine.check_growth()
        yield Progress(f"Reading {machine.name}", machine.position, len(machine.data))
        for _ in range(_AT_ONCE):
            machine.opcode = machine.position
            code = machine.take(1)[0]
            if code == _STOP:
                return machine.pop()
            action = OPCODES.get(code)
            if action is None:
                machine.refuse(f"it uses {REFUSED.get(code, f'the byte {code:#04x} as an opcode')}")
            action(machine)
        machine.n_opcodes += _AT_ONCE
