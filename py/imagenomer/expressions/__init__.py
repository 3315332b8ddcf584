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

from imagenomer.expressions.evaluation import Evaluation, evaluate
from imagenomer.expressions.parser import FUNCTIONS, Expression, format_name, names_in, parse

__all__ = ["FUNCTIONS", "Evaluation", "Expression", "evaluate", "format_name", "names_in", "parse"]
