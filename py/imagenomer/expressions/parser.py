"""A text to the tree of an expression, by recursive descent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, cast

from imagenomer.errors import InputError
from imagenomer.parsing import MAX_DEPTH, MAX_LENGTH, Token, TokenKind, TokenReader

# --- the tree ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A map."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Expression


@dataclass(frozen=True, slots=True)
class Chain:
    """``first + a - b ...`` or ``first * a / b ...``, from the left; flat, so that a long sum is no deep tree."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Power:
    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]
    position: int


Expression: TypeAlias = Constant | Name | Negation | Chain | Power | Call

#: Number of arguments of each function, from and to; None: any number.
_ARGUMENTS: dict[str, tuple[int, int | None]] = {
    "abs": (1, 1),
    "sqrt": (1, 1),
    "log": (1, 1),
    "exp": (1, 1),
    "min": (1, None),
    "max": (1, None),
    "mean": (1, None),
    "std": (1, None),
    "zscore": (1, 1),
    "threshold": (2, 2),
    "clip": (3, 3),
    "corr": (2, 2),
}
#: What there is, in the order people look for it.
FUNCTIONS = tuple(_ARGUMENTS)

_USAGE = {"threshold": "threshold(A, 0.2)", "clip": "clip(A, -1, 1)", "corr": "corr(A, B)"}


# --- text to tree --------------------------------------------------------------------------------

_SYNONYMS = {"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "[": "(", "]": ")"}
_HINTS = {
    "^": "write a power as A ** 2",
    "//": "write a division as A / B",
    "%": "there is no remainder of maps",
    "=": "write only what is to be computed, such as A - B",
    "&": "there are no logical operations on maps",
    "|": "write a magnitude as abs(A)",
    "`": "a name in backticks is opened here and never closed",
}
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?!\w))
    |(?P<field>`(?:[^`]|``)+`)
    |(?P<word>[^\W\d]\w*)
    |(?P<symbol>\*\*|//|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SYMBOLS = frozenset(("+", "-", "*", "/", "**", "(", ")", ","))
_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


def parse(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    InputError
        If it does not follow the grammar; ``position`` is the index of the offending character.
    """
    return _Parser(_tokens(text)).whole()


def format_name(name: str) -> str:
    """Return a map's name as an expression has it, in backticks where it needs them."""
    return name if _IDENTIFIER.match(name) else "`" + name.replace("`", "``") + "`"


def _tokens(text: str) -> list[Token]:
    if len(text) > MAX_LENGTH:
        raise InputError(f"an expression is at most {MAX_LENGTH:,} characters long, not {len(text):,}", position=0)
    tokens = []
    for match in _TOKEN.finditer(text):
        kind, value, position = cast(str, match.lastgroup), match.group(), match.start()
        if kind == "space":
            continue
        if kind == "field":
            value = value[1:-1].replace("``", "`")
        elif kind == "symbol":
            value = _SYNONYMS.get(value, value)
            if value not in _SYMBOLS:
                _refuse_symbol(text, value, position)
        tokens.append(Token(cast(TokenKind, kind), value, position))
    tokens.append(Token("end", "", len(text)))
    return tokens


def _refuse_symbol(text: str, symbol: str, position: int) -> NoReturn:
    if symbol.isdigit():
        word = re.match(r"[\w.]+", text[position:])
        raise InputError(
            f"{word.group() if word else symbol} is neither a number nor a name; write 2 * A with the sign between "
            "them, and a name that begins with a digit in backticks",
            position=position,
        )
    hint = _HINTS.get(symbol)
    raise InputError(f"{symbol!r} has no meaning here" + (f"; {hint}" if hint else ""), position=position)


class _Parser(TokenReader):
    """Recursive descent, one method a rule of the grammar in the module's docstring."""

    def whole(self) -> Expression:
        if self.peek().kind == "end":
            raise InputError("an empty expression; write what to compute, such as A - B", position=0)
        expression = self.sum()
        if self.peek().kind in ("number", "field", "word") or self.peek().value == "(":
            self.refuse("expected + - * / or ** between two values")
        if self.peek().kind != "end":
            self.refuse("expected the end of the expression")
        return expression

    def sum(self) -> Expression:
        return self.joined(("+", "-"), self.product)

    def product(self) -> Expression:
        return self.joined(("*", "/"), self.signed)

    def joined(self, operators: tuple[str, str], part: Callable[[], Expression]) -> Expression:
        first, rest = part(), []
        while self.peek().kind == "symbol" and self.peek().value in operators:
            rest.append((self.take().value, part()))
        return Chain(first, tuple(rest)) if rest else first

    def signed(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise InputError(f"more than {MAX_DEPTH} levels of parentheses and signs", position=self.peek().position)
        if self.accept("-"):
            expression: Expression = Negation(self.signed())
        elif self.accept("+"):
            expression = self.signed()
        else:
            expression = self.power()
        self.depth -= 1
        return expression

    def power(self) -> Expression:
        base = self.atom()
        return Power(base, self.signed()) if self.accept("**") else base

    def atom(self) -> Expression:
        token = self.peek()
        if token.kind == "number":
            self.take()
            if not math.isfinite(float(token.value)):
                raise InputError(f"{token.value} is too large a number", position=token.position)
            return Constant(float(token.value))
        if token.kind in ("word", "field"):
            self.take()
            if token.kind == "word" and self.accept("("):
                return self.call(token)
            return Name(token.value, token.position)
        if self.accept("("):
            expression = self.sum()
            self.expect(")", "to close the parenthesis")
            return expression
        return self.refuse("expected a map, a number, a function or '('")

    def call(self, name: Token) -> Call:
        function = name.value
        if function not in _ARGUMENTS:
            raise InputError(
                f"no function {function!r}; there are: {', '.join(FUNCTIONS)} (a product is written A * (B + C))",
                position=name.position,
            )
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.expect(")", f"to close {function}(")
        fewest, most = _ARGUMENTS[function]
        if len(arguments) < fewest or (most is not None and len(arguments) > most):
            raise InputError(
                f"{function} takes {fewest} {'value' if fewest == 1 else 'values'}, not {len(arguments)}; "
                f"write {_USAGE.get(function, f'{function}(A)')}",
                position=name.position,
            )
        return Call(function, tuple(arguments), name.position)


def names_in(expression: Expression) -> tuple[str, ...]:
    """Return the maps that an expression names, in order and each once."""
    return tuple(dict.fromkeys(_names(expression)))


def _names(expression: Expression) -> list[str]:
    match expression:
        case Name(name):
            return [name]
        case Negation(operand):
            return _names(operand)
        case Chain(first, rest):
            return _names(first) + [name for _, part in rest for name in _names(part)]
        case Power(base, exponent):
            return _names(base) + _names(exponent)
        case Call(_, arguments):
            return [name for argument in arguments for name in _names(argument)]
        case _:
            return []
