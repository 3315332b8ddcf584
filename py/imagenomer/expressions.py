"""Expressions: arithmetic with maps (``A - 0.5 * abs(B)``), parsed here, never run as code.

Grammar, from loose to tight; where it is also Python's it means the same::

    sum      = product { ("+" | "-") product }
    product  = signed { ("*" | "/") signed }
    signed   = ("-" | "+") signed | power
    power    = atom [ "**" signed ]                      -A ** 2 is -(A ** 2)
    atom     = number | map | function "(" sum { "," sum } ")" | "(" sum ")"
    map      = identifier | "`" any text "`"

A value is a map (one number an edge, NaN where undefined) or a number. What is undefined in an operand is undefined in
the result; what an operation leaves undefined or infinite (the logarithm of zero, a division by zero) becomes NaN and
is counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, cast

import numpy as np

from imagenomer.errors import InputError
from imagenomer.parsing import MAX_DEPTH, MAX_LENGTH, Token, TokenKind, TokenReader
from imagenomer.types import BoolArray, FloatArray

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


# --- tree to numbers -----------------------------------------------------------------------------

Value: TypeAlias = FloatArray | float

_OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_REDUCTIONS: dict[str, Callable[..., Value]] = {"min": np.min, "max": np.max, "mean": np.mean}

_DIVISION = "a division by zero"
_LOGARITHM = "the logarithm of a number that is not above zero"
_ROOT = "the square root of a negative number"
_POWER = "a power that is no real number"
_TOO_LARGE = "a number too large to be written"
_CONSTANT = "a correlation with values that do not vary"


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What an expression comes to.

    Attributes
    ----------
    value : ndarray, shape (n_edges,), or float
        NaN where undefined, never infinite.
    undefined : tuple of (str, int)
        Reasons for which defined operands gave no number ("a division by zero"), and in how many places.
    """

    value: Value
    undefined: tuple[tuple[str, int], ...]


def names_in(expression: Expression) -> tuple[str, ...]:
    """Return the maps that an expression names, in order and each once."""
    return tuple(dict.fromkeys(_names(expression)))


def evaluate(expression: Expression, maps: Mapping[str, FloatArray]) -> Evaluation:
    """Compute an expression.

    Parameters
    ----------
    expression : Expression
    maps : mapping of str to ndarray, shape (n_edges,)
        All of one length; infinite values count as undefined.

    Raises
    ------
    InputError
        If a name is unknown, or a function cannot take such a value; ``position`` tells where.

    Notes
    -----
    ``min``, ``max``, ``mean`` and ``std`` of one map are numbers, over the edges where it is defined; of several
    values they work edge by edge. ``std`` has n - 1 in the denominator, and so has ``zscore``.
    """
    evaluator = _Evaluator({name: np.where(np.isfinite(values), values, np.nan) for name, values in maps.items()})
    with np.errstate(all="ignore"):
        value = evaluator.value(expression)
    return Evaluation(value, tuple(evaluator.undefined.items()))


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


class _Evaluator:
    """One evaluation, and what it had to leave undefined."""

    def __init__(self, maps: Mapping[str, FloatArray]) -> None:
        self.maps = maps
        self.undefined: dict[str, int] = {}

    def value(self, expression: Expression) -> Value:
        match expression:
            case Constant(number):
                return number
            case Name(name, position):
                if name not in self.maps:
                    raise InputError(
                        f"no map {name!r}; there are: {', '.join(map(format_name, self.maps)) or 'none'}",
                        position=position,
                    )
                return self.maps[name]
            case Negation(operand):
                return -self.value(operand)
            case Chain(first, rest):
                value = self.value(first)
                for operator, part in rest:
                    value = self.operation(operator, value, self.value(part))
                return value
            case Power(base, exponent):
                return self.power(self.value(base), self.value(exponent))
            case Call(function, arguments, position):
                return self.call(function, [self.value(argument) for argument in arguments], position)

    def operation(self, operator: str, left: Value, right: Value) -> Value:
        by_zero = np.equal(right, 0) if operator == "/" else False
        return self.settled(_OPERATIONS[operator](left, right), (left, right), by_zero, _DIVISION)

    def power(self, base: Value, exponent: Value) -> Value:
        value = np.power(np.asarray(base, dtype=np.float64), exponent)
        # 0 ** -1 divides by zero; a negative base has no real power with a fraction.
        impossible = (np.equal(base, 0) & np.less(exponent, 0)) | np.isnan(value)
        return self.settled(value, (base, exponent), impossible, _POWER)

    def call(self, function: str, arguments: list[Value], position: int) -> Value:
        first = arguments[0]
        if function == "abs":
            return np.abs(first)
        if function == "sqrt":
            return self.settled(np.sqrt(first), (first,), np.less(first, 0), _ROOT)
        if function == "log":
            return self.settled(np.log(first), (first,), np.less_equal(first, 0), _LOGARITHM)
        if function == "exp":
            return self.settled(np.exp(first), (first,))
        if function == "threshold":
            threshold = arguments[1]
            return self.settled(np.where(np.less(np.abs(first), threshold), 0.0, first), tuple(arguments))
        if function == "clip":
            low, high = arguments[1:]
            if isinstance(low, float) and isinstance(high, float) and low > high:
                raise InputError(f"clip keeps values from {low:g} to {high:g}, which is empty", position=position)
            return self.settled(np.minimum(np.maximum(first, low), high), tuple(arguments))
        if function == "corr":
            self.require_maps(function, arguments, position)
            return self.correlation(np.asarray(first), np.asarray(arguments[1]))
        if function == "zscore":
            self.require_maps(function, arguments, position)
            deviation = np.subtract(first, self.over_edges("mean", np.asarray(first)))
            return self.operation("/", deviation, self.over_edges("std", np.asarray(first)))
        if len(arguments) > 1:
            return self.settled(_edge_by_edge(function, arguments), tuple(arguments))
        self.require_maps(function, arguments, position)
        return self.over_edges(function, np.asarray(first))

    def require_maps(self, function: str, arguments: list[Value], position: int) -> None:
        if any(isinstance(argument, float) for argument in arguments):
            raise InputError(f"{function} looks at the edges of a map, and was given a number", position=position)

    def over_edges(self, function: str, values: FloatArray) -> float:
        """Return a map's minimum, maximum, mean or standard deviation over the edges where it is defined."""
        defined = values[~np.isnan(values)]
        if defined.size < (2 if function == "std" else 1):
            return math.nan
        if function == "std":
            # Rounding leaves a constant map a spread of its own.
            return 0.0 if np.ptp(defined) == 0 else float(np.std(defined, ddof=1))
        return float(_REDUCTIONS[function](defined))

    def correlation(self, a: FloatArray, b: FloatArray) -> float:
        both = ~np.isnan(a) & ~np.isnan(b)
        a, b = a[both], b[both]
        if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
            self.count(_CONSTANT, 1)
            return math.nan
        a, b = a - a.mean(), b - b.mean()
        return float(np.clip((a / np.linalg.norm(a)) @ (b / np.linalg.norm(b)), -1, 1))

    def settled(
        self, result: Value, operands: tuple[Value, ...], outside: BoolArray | bool = False, reason: str = ""
    ) -> Value:
        """Make NaN of what is no number, and count it by reason where the operands were defined."""
        defined = ~np.isnan(np.broadcast_to(0.0, np.shape(result)))
        for operand in operands:
            defined = defined & ~np.isnan(operand)
        refused = defined & outside
        lost = defined & ~refused & ~np.isfinite(result)
        self.count(reason, int(np.count_nonzero(refused)))
        self.count(_TOO_LARGE, int(np.count_nonzero(lost)))
        # NumPy says 1 for nan ** 0.
        settled = np.where(defined & ~refused & ~lost, result, np.nan)
        return settled if settled.ndim else float(settled)

    def count(self, reason: str, n: int) -> None:
        if n:
            self.undefined[reason] = self.undefined.get(reason, 0) + n


def _edge_by_edge(function: str, arguments: list[Value]) -> FloatArray:
    stacked = np.array(np.broadcast_arrays(*arguments), dtype=np.float64)
    if function == "std":
        return np.asarray(np.std(stacked, axis=0, ddof=1))
    return np.asarray(_REDUCTIONS[function](stacked, axis=0))
