"""The subjects that a group's expression means."""

from __future__ import annotations

import difflib
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from imagenomer.cohort import Cohort
from imagenomer.errors import InputError, positions_in
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
    Operand,
    format_expression,
    format_field,
    format_value,
)
from imagenomer.groups.parser import COMPARATORS, parse
from imagenomer.types import BoolArray, FloatArray, Json

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CLAUSE_OPERATORS = (*COMPARATORS, "in", "not in", "is missing", "is not missing")


@dataclass(frozen=True, slots=True)
class Selection:
    """Who is in a group.

    Attributes
    ----------
    included : ndarray, shape (n_subjects,)
        True for the members.
    unknown : ndarray, shape (n_subjects,)
        True where a missing value leaves it open; these are not included.
    """

    included: BoolArray
    unknown: BoolArray

    @property
    def n(self) -> int:
        return int(np.count_nonzero(self.included))

    @property
    def n_unknown(self) -> int:
        return int(np.count_nonzero(self.unknown))


def select(cohort: Cohort, text: str | None) -> Selection:
    """Return who is in the group; everybody where ``text`` is None.

    Raises
    ------
    InputError
        If the expression does not parse, names an unknown field or level, or compares what cannot be
        compared; ``position`` is the index of the offending character.
    """
    if text is None:
        return Selection(np.ones(cohort.n_subjects, dtype=bool), np.zeros(cohort.n_subjects, dtype=bool))
    with positions_in(text):
        true, unknown = _evaluate(parse(text), _Fields(cohort))
    return Selection(true, unknown)


#: Where an expression is true and where it is unknown; elsewhere it is false.
_Truth: TypeAlias = tuple[BoolArray, BoolArray]


def _evaluate(expression: Expression, fields: _Fields) -> _Truth:
    match expression:
        case Comparison(operands, operators):
            pairs = zip(operands, operators, operands[1:], strict=False)
            return _all([_compare(left, sign, right, fields) for left, sign, right in pairs])
        case Membership(name, values, negated):
            column = fields.column(name)
            found = np.zeros(len(column.values), dtype=bool)
            for value in values:
                found |= column.values == _comparable(column, value)
            return (found != negated) & ~column.missing, column.missing
        case Missing(name, negated):
            missing = fields.column(name).missing
            return missing != negated, np.zeros_like(missing)
        case Not(operand):
            return _not(_evaluate(operand, fields))
        case Combination("and", operands_):
            return _all([_evaluate(operand, fields) for operand in operands_])
        case Combination(_, operands_):
            return _not(_all([_not(_evaluate(operand, fields)) for operand in operands_]))


def _all(truths: Sequence[_Truth]) -> _Truth:
    """Kleene's conjunction: false beats unknown beats true."""
    true = np.logical_and.reduce([true for true, _ in truths])
    possible = np.logical_and.reduce([true | unknown for true, unknown in truths])
    return true, possible & ~true


def _not(truth: _Truth) -> _Truth:
    true, unknown = truth
    return ~(true | unknown), unknown


@dataclass(frozen=True)
class _Column:
    """A field's values: numbers, or codes into levels; ``values`` are numbers either way."""

    name: str
    values: FloatArray
    missing: BoolArray
    levels: tuple[str, ...]

    @property
    def contents(self) -> str:
        """What the field holds, for an error message."""
        if self.levels:
            shown = ", ".join(f'"{level}"' for level in self.levels[:8])
            return f"{shown} and {len(self.levels) - 8} more" if len(self.levels) > 8 else shown
        present = self.values[~self.missing]
        return f"numbers from {present.min():g} to {present.max():g}" if present.size else "numbers, all missing"

    def codes(self, value: float | str | bool) -> list[int]:
        """Return the codes of the levels that a value may mean: as a text one, as a number several ("1", "1.0")."""
        if isinstance(value, str):
            return self._by_text.get(value, [])
        if isinstance(value, bool):
            return [code for code, level in enumerate(self.levels) if level.lower() == format_value(value)]
        return self._by_number.get(value, [])

    # A list of thousands of values looks each of them up among thousands of levels.
    @cached_property
    def _by_text(self) -> dict[str, list[int]]:
        return {level: [code] for code, level in enumerate(self.levels)}

    @cached_property
    def _by_number(self) -> dict[float, list[int]]:
        found = defaultdict(list)
        for code, level in enumerate(self.levels):
            if _is_number(level):
                found[float(level)].append(code)
        return found


class _Fields:
    """The columns of a cohort, each made once."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.columns: dict[str, _Column] = {}

    def column(self, field: Field) -> _Column:
        """Return the column of a field; raise `InputError` naming those there are."""
        if field.name not in self.columns:
            self.columns[field.name] = self._made(field)
        return self.columns[field.name]

    def _made(self, field: Field) -> _Column:
        cohort = self.cohort
        if field.name == SUBJECT:
            codes = np.arange(cohort.n_subjects, dtype=np.float64)
            return _Column(SUBJECT, codes, np.zeros(cohort.n_subjects, dtype=bool), cohort.subjects)
        if field.name not in cohort.phenotypes:
            names = [SUBJECT, *cohort.phenotypes]
            raise InputError(f"no field {field.name!r}{_closest(field.name, names)}", position=field.position)
        phenotype = cohort.phenotypes[field.name]
        return _Column(phenotype.name, phenotype.values.astype(np.float64), phenotype.missing, phenotype.levels)


def _compare(left: Operand, sign: str, right: Operand, fields: _Fields) -> _Truth:
    if isinstance(left, Constant):
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        return _compare(right, mirrored.get(sign, sign), left, fields)
    column = fields.column(left)
    if column.levels and sign not in ("==", "!="):
        raise InputError(
            f"{column.name} is a category and has no order; compare it by == or in; it has: {column.contents}",
            position=left.position,
        )
    against: float | FloatArray
    if isinstance(right, Constant):
        against, unknown = _comparable(column, right), column.missing
    elif column.levels and right.name != SUBJECT and right.name not in fields.cohort.phenotypes:
        hint = f'; for the level write "{right.name}"' if right.name in column.levels else ""
        raise InputError(
            f"no field {right.name!r}{hint or _closest(right.name, fields.cohort.phenotypes)}", position=right.position
        )
    else:
        other = fields.column(right)
        if bool(other.levels) != bool(column.levels):
            number, category = (column, other) if other.levels else (other, column)
            raise InputError(
                f"{number.name} holds {number.contents}, {category.name} is a category ({category.contents}); "
                "they cannot be compared",
                position=right.position,
            )
        against, unknown = _recoded(other, column.levels), column.missing | other.missing
    # NaN and the code of a missing level compare somehow; what comes of it is unknown.
    return _OPERATORS[sign](column.values, against) & ~unknown, unknown


def _recoded(column: _Column, levels: tuple[str, ...]) -> FloatArray:
    """The column's values, and where it is a category its codes among ``levels``; -2 for a level not among them."""
    if not column.levels:
        return column.values
    codes = {level: float(code) for code, level in enumerate(levels)}
    table = np.array([codes.get(level, -2.0) for level in column.levels] + [-1.0])
    return np.asarray(table[column.values.astype(np.intp)])


def _comparable(column: _Column, constant: Constant) -> float:
    """Return the number that stands for a constant in this column: itself, or a level's code."""
    value = constant.value
    if not column.levels:
        if isinstance(value, (str, bool)):
            hint = f"; write {value} without quotes" if isinstance(value, str) and _is_number(value) else ""
            raise InputError(
                f"{column.name} holds {column.contents}, and {format_value(value)} is not a number{hint}",
                position=constant.position,
            )
        return value
    codes = column.codes(value)
    if len(codes) == 1:
        return float(codes[0])
    shown = value if isinstance(value, str) else format_value(value)
    if codes:
        both = " and ".join(format_value(column.levels[code]) for code in codes)
        raise InputError(f"{shown} could be each of {both}; write it in quotes", position=constant.position)
    what = "subject" if column.name == SUBJECT else f"level of {column.name}"
    raise InputError(f"no {what} {shown!r}{_closest(shown, column.levels)}", position=constant.position)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _closest(name: str, names: Iterable[str]) -> str:
    """Return "; did you mean ...?" where there is a likeness, and what there is in any case."""
    names = list(names)
    folded = {candidate.lower(): candidate for candidate in reversed(names)}
    close = difflib.get_close_matches(name.lower(), folded, n=1)
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return (f"; did you mean {folded[close[0]]!r}?" if close else "") + f"; there are: {shown}"


# --- a form to text ------------------------------------------------------------------------------


def expression_from_clauses(
    cohort: Cohort, clauses: Iterable[Mapping[str, Json]], joiner: Literal["and", "or"] = "and"
) -> str:
    """Return the expression that a form of clauses means.

    Parameters
    ----------
    cohort : Cohort
        Says which fields are numbers, so that a form may hand on what was typed.
    clauses : iterable of {"field": str, "op": str, "value": ...}
        ``op`` is a comparator, "in" or "not in" (``value`` is a list), "is missing" or "is not missing" (no value).
    joiner : "and" or "or"

    Raises
    ------
    InputError
        If there is no clause, or one does not fit the cohort.
    """
    tests = []
    for clause in clauses:
        name, comparator = str(clause["field"]), str(clause["op"])
        if comparator not in _CLAUSE_OPERATORS:
            raise InputError(f"no operator {comparator!r}; there are: {', '.join(_CLAUSE_OPERATORS)}", position=0)
        text = f"{format_field(name)} {comparator}"
        if comparator not in ("is missing", "is not missing"):
            numeric = name in cohort.phenotypes and cohort.phenotypes[name].kind == "number"
            value = clause["value"]
            if comparator in ("in", "not in"):
                items = value if isinstance(value, (list, tuple)) else (value,)
                text += f" ({', '.join(_typed(name, item, numeric) for item in items)})"
            else:
                text += f" {_typed(name, value, numeric)}"
        tests.append(text)
    text = f" {joiner} ".join(tests)
    select(cohort, text)
    return format_expression(parse(text))


def _typed(name: str, value: Json, numeric: bool) -> str:
    if not isinstance(value, (bool, int, float, str)):
        said = f"{name} is compared with a number or a text, not with {value!r}; a list goes with in or not in"
        raise InputError(said, position=0)
    if isinstance(value, (bool, int, float)) or (not numeric and isinstance(value, str)):
        return format_value(value)
    try:
        number = float(str(value))
    except ValueError:
        raise InputError(f"{name} holds numbers; {value!r} is not one", position=0) from None
    if not math.isfinite(number):
        raise InputError(f"{name} is compared with a number, not with {value!r}", position=0)
    return format_value(number)
