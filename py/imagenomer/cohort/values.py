"""Values: what one value of a table reads as, a number, a level, or nothing."""

from __future__ import annotations

import re
from typing import Any

# Not float(), which also reads "1_000", "infinity" and the digits of other scripts.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

#: Texts that stand for a missing value, in any case. Not "none": "None" is an answer to many questions.
MISSING = frozenset({"", "n/a", "na", "nan"})


def is_missing(value: Any) -> bool:
    """Whether a value stands for a missing one."""
    if isinstance(value, str):
        return value.strip().lower() in MISSING
    return value is None or value != value


def is_number(value: Any) -> bool:
    """Whether a value is a number, or a text that reads as one."""
    return _NUMBER.fullmatch(value.strip()) is not None if isinstance(value, str) else True


def is_padded(value: Any) -> bool:
    """Whether a value is a whole number written with leading zeros, as names and codes are: "007"."""
    return isinstance(value, str) and re.fullmatch(r"0[0-9]+", value.strip()) is not None


def level_of(value: Any) -> str:
    """Return a value as the name of a level: 2.0 and 2 are the same level "2"."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
