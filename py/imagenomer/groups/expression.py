"""The tree of a group's expression, and the text that means it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

#: The field that is a subject's identifier, as text; a phenotype of this name cannot be reached.
SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Field:
    """A phenotype, or `SUBJECT`."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, or true or false."""

    value: float | str | bool
    position: int = field(default=0, compare=False)


Operand: TypeAlias = Field | Constant


@dataclass(frozen=True, slots=True)
class Comparison:
    """``operands[0] operators[0] operands[1] operators[1] ...``; true where every neighbouring pair is."""

    operands: tuple[Operand, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """``field in (values)``, or ``not in`` where negated."""

    field: Field
    values: tuple[Constant, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """``field is missing``, or ``is not missing`` where negated."""

    field: Field
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Combination:
    """Two or more expressions joined by ``and`` or ``or``."""

    joiner: Literal["and", "or"]
    operands: tuple[Expression, ...]


Expression: TypeAlias = Comparison | Membership | Missing | Not | Combination

#: Words that are no fields unless in backticks.
KEYWORDS = frozenset(("and", "or", "not", "in", "is", "missing", "true", "false"))

# --- tree to text --------------------------------------------------------------------------------

_IDENTIFIER = re.compile(r"[^\W\d][\w.]*\Z")


def format_expression(expression: Expression) -> str:
    """Return the canonical text: ``parse(format_expression(e)) == e``."""
    match expression:
        case Comparison(operands, operators):
            rest = (f" {sign} {_format_operand(right)}" for sign, right in zip(operators, operands[1:], strict=True))
            return _format_operand(operands[0]) + "".join(rest)
        case Membership(name, values, negated):
            inside = ", ".join(map(_format_operand, values))
            return f"{_format_operand(name)} {'not in' if negated else 'in'} ({inside})"
        case Missing(name, negated):
            return f"{_format_operand(name)} {'is not missing' if negated else 'is missing'}"
        case Not(operand):
            return f"not {_nested(operand)}"
        case Combination(joiner, operands_):
            return f" {joiner} ".join(
                # "and" binds tighter than "or", so only there the parentheses can go.
                format_expression(operand)
                if joiner == "or" and isinstance(operand, Combination) and operand.joiner == "and"
                else _nested(operand)
                for operand in operands_
            )


def _nested(expression: Expression) -> str:
    text = format_expression(expression)
    return f"({text})" if isinstance(expression, Combination) else text


def _format_operand(operand: Operand) -> str:
    if isinstance(operand, Field):
        return format_field(operand.name)
    return format_value(operand.value)


def format_field(name: str) -> str:
    """Return a field's name as an expression has it, in backticks where it needs them."""
    if _IDENTIFIER.match(name) and name.lower() not in KEYWORDS:
        return name
    return "`" + name.replace("`", "``") + "`"


def format_value(value: float | str | bool) -> str:
    """Return a value as an expression has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(float(value)).removesuffix(".0")
