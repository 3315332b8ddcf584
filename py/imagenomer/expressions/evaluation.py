"""What an expression comes to, with what it leaves undefined."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from imagenomer.errors import InputError
from imagenomer.expressions.parser import (
    Call,
    Chain,
    Constant,
    Expression,
    Name,
    Negation,
    Power,
    format_name,
)
from imagenomer.types import BoolArray, FloatArray

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
        If a name is unknown, or a function cannot take such a value; ``position`` says where.

    Notes
    -----
    ``min``, ``max``, ``mean`` and ``std`` of one map are numbers, over the edges where it is defined; of several
    values they work edge by edge. ``std`` has n - 1 in the denominator, and so has ``zscore``.
    """
    evaluator = _Evaluator({name: np.where(np.isfinite(values), values, np.nan) for name, values in maps.items()})
    with np.errstate(all="ignore"):
        value = evaluator.value(expression)
    return Evaluation(value, tuple(evaluator.undefined.items()))


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
