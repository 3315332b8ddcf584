"""Pieces of WebAssembly's text format, with the operators of Python and its way of counting."""

from __future__ import annotations


class Int(str):
    """An expression of type i32, with the operators of Python."""

    __slots__ = ()

    def __add__(self, other: str | int) -> Int:
        return Int(f"(i32.add {self} {_i32(other)})")

    def __sub__(self, other: str | int) -> Int:
        return Int(f"(i32.sub {self} {_i32(other)})")

    def __mul__(self, other: str | int) -> Int:  # type: ignore[override]
        return Int(f"(i32.mul {self} {_i32(other)})")

    def __and__(self, other: str | int) -> Int:
        return Int(f"(i32.and {self} {_i32(other)})")

    def below(self, other: str | int) -> Int:
        return Int(f"(i32.lt_u {self} {_i32(other)})")

    def equals(self, other: str | int) -> Int:
        return Int(f"(i32.eq {self} {_i32(other)})")

    def at_most(self, other: str | int) -> Int:
        """Return the smaller one; both are evaluated twice."""
        return Int(f"(select {self} {_i32(other)} {self.below(other)})")


def _i32(value: str | int) -> str:
    return f"(i32.const {value})" if isinstance(value, int) else value


def var(name: str) -> Int:
    return Int(f"(local.get ${name})")


def put(name: str, value: str | int) -> str:
    return f"(local.set ${name} {_i32(value)})"


def move(name: str, by: str | int) -> str:
    return put(name, var(name) + by)


def when(condition: str, *then: str) -> str:
    return f"(if {condition} (then {' '.join(then)}))"


def either(condition: str, then: list[str], otherwise: list[str]) -> str:
    return f"(if {condition} (then {' '.join(then)}) (else {' '.join(otherwise)}))"


def loop(name: str, stop: str | int, step: int, *body: str) -> str:
    """Repeat with ``name`` from 0 in steps while below ``stop``; ``(br $name.next)`` and ``(br $name.end)`` go on."""
    return (
        f"{put(name, 0)} (block ${name}.end (loop ${name}.again (br_if ${name}.end (i32.eqz {var(name).below(stop)}))\n"
        f"(block ${name}.next {' '.join(body)})\n{move(name, step)} (br ${name}.again)))"
    )


def function(name: str, parameters: str, variables: dict[str, str], body: list[str], result: str = "") -> str:
    """Return a function that is exported; all parameters are i32, ``variables`` are the names of each type."""
    given = " ".join(f"(param ${one} i32)" for one in parameters.split())
    back = f"(result {result})" if result else ""
    local = " ".join(f"(local ${one} {kind})" for kind, names in variables.items() for one in names.split())
    return "\n".join([f'(func ${name} (export "{name}") {given} {back}', local, *body, ")"])
