"""Groups: a small language for choosing subjects (``age > 180 and sex == "F"``), parsed here, never run as code.

Truth has three values: a comparison with a missing value is unknown, `and`, `or` and `not` follow Kleene, and a
subject for whom the whole is unknown is not in the group, but counted.

Grammar, from loose to tight::

    expression  = conjunction { ("or" | "|") conjunction }
    conjunction = negation { ("and" | "&") negation }
    negation    = "not" negation | "~" "(" expression ")" | "(" expression ")" | test
    test        = operand comparator operand { comparator operand }        100 < age <= 200
                | field ["not"] "in" "(" literal { "," literal } ")"       sex in ("F", "M")
                | field "is" ["not"] "missing"
    operand     = field | number | string | "true" | "false"
    field       = identifier | "`" any text "`"
"""

from __future__ import annotations

from imagenomer.groups.expression import (
    SUBJECT,
    Combination,
    Comparison,
    Constant,
    Expression,
    Field,
    Membership,
    Missing,
    Not,
    format_expression,
    format_field,
    format_value,
)
from imagenomer.groups.parser import describe, parse
from imagenomer.groups.selection import Selection, expression_from_clauses, select

__all__ = [
    "SUBJECT",
    "Combination",
    "Comparison",
    "Constant",
    "Expression",
    "Field",
    "Membership",
    "Missing",
    "Not",
    "Selection",
    "describe",
    "expression_from_clauses",
    "format_expression",
    "format_field",
    "format_value",
    "parse",
    "select",
]
