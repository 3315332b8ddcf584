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

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, TypeAlias, cast

import numpy as np

from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.parsing import MAX_DEPTH, MAX_LENGTH, Token, TokenKind, TokenReader
from imagenomer.types import BoolArray, FloatArray, Json

#: The field that is a subject's identifier, as text; a phenotype of this name cannot be reached.
SUBJECT = "subject"

# --- the tree ------------------------------------------------------------------------------------


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


# --- text to tokens ------------------------------------------------------------------------------

_KEYWORDS = frozenset(("and", "or", "not", "in", "is", "missing", "true", "false"))
_SYNONYMS = {"&": "and", "|": "or", "≤": "<=", "≥": ">=", "≠": "!=", "[": "(", "]": ")"}
_HINTS = {
    "=": "use == to compare",
    "===": "use == to compare",
    "<>": "use != for not equal",
    "=>": "use >=",
    "=<": "use <=",
    "!": "use not",
    "&&": "use and",
    "||": "use or",
    **dict.fromkeys("“”‘’„«»", "use straight quotes, \" or '"),
    **dict.fromkeys("+-*/%", "there is no arithmetic in a group; compare a field with a number"),
    **dict.fromkeys(("@", ";", "{", "}"), "a group compares fields with values, such as age > 180"),
}

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?!\w))
    |(?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<field>`(?:[^`]|``)+`)
    |(?P<word>[^\W\d][\w.]*)
    |(?P<symbol>===|==|!=|<=|>=|=>|=<|<>|&&|\|\||[<>()\[\],&|~≤≥≠]|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SYMBOLS = frozenset(("==", "!=", "<=", ">=", "<", ">", "(", ")", ",", "~"))


def _tokens(text: str) -> list[Token]:
    if len(text) > MAX_LENGTH:
        raise InputError(f"a group is at most {MAX_LENGTH} characters long, not {len(text)}", position=MAX_LENGTH)
    tokens = []
    for match in _TOKEN.finditer(text):
        kind, value, position = cast(str, match.lastgroup), match.group(), match.start()
        if kind == "space":
            continue
        if kind in ("text", "field"):
            quote = value[0]
            value = value[1:-1].replace(quote * 2, quote)
        elif kind == "word" and value.lower() in _KEYWORDS:
            kind, value = "symbol", value.lower()
        elif kind == "symbol":
            value = _SYNONYMS.get(value, value)
            if value not in _SYMBOLS and value not in _KEYWORDS:
                _refuse_symbol(text, value, position)
        tokens.append(Token(cast(TokenKind, kind), value, position))
    tokens.append(Token("end", "", len(text)))
    return tokens


def _refuse_symbol(text: str, symbol: str, position: int) -> NoReturn:
    if symbol in "\"'`":
        raise InputError(f"the quote {symbol} is opened here and never closed", position=position)
    if symbol.isdigit():
        word = re.match(r"[\w.]+", text[position:])
        raise InputError(
            f"{word.group() if word else symbol} is neither a number nor a name; "
            f"write a text in quotes and a field's name in backticks",
            position=position,
        )
    hint = _HINTS.get(symbol)
    raise InputError(f"{symbol!r} has no meaning here" + (f"; {hint}" if hint else ""), position=position)


# --- tokens to tree ------------------------------------------------------------------------------

_COMPARATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


_CLAUSE_OPERATORS = (*_COMPARATORS, "in", "not in", "is missing", "is not missing")


def parse(text: str) -> Expression:
    """Read a group expression.

    Raises
    ------
    InputError
        If it does not follow the grammar; ``position`` is the index of the offending character.
    """
    return _Parser(_tokens(text)).whole()


class _Parser(TokenReader):
    """Recursive descent, one method a rule of the grammar in the module's docstring."""

    def whole(self) -> Expression:
        if self.peek().kind == "end":
            raise InputError('an empty group; write a comparison, such as age > 180 or sex == "F"', position=0)
        expression = self.expression()
        if self.peek().kind in ("number", "text", "field", "word"):
            self.refuse("expected 'and' or 'or' between two comparisons")
        if self.peek().kind != "end":
            self.refuse("expected the end of the expression")
        return expression

    def expression(self) -> Expression:
        return self.joined("or", self.conjunction)

    def conjunction(self) -> Expression:
        return self.joined("and", self.negation)

    def joined(self, joiner: Literal["and", "or"], part: Callable[[], Expression]) -> Expression:
        operands = [part()]
        while self.accept(joiner):
            operands.append(part())
        return operands[0] if len(operands) == 1 else Combination(joiner, tuple(operands))

    def negation(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise InputError(f"more than {MAX_DEPTH} levels of parentheses and not", position=self.peek().position)
        if self.accept("not"):
            expression: Expression = Not(self.negation())
        elif self.accept("~"):
            # In pandas ~ binds tighter than ==, so without parentheses the same text would mean something else there.
            self.expect("(", "after ~; or use not")
            expression = Not(self.parenthesised())
        elif self.accept("("):
            expression = self.parenthesised()
        else:
            expression = self.test()
        self.depth -= 1
        return expression

    def parenthesised(self) -> Expression:
        expression = self.expression()
        self.expect(")", "to close the parenthesis")
        return expression

    def test(self) -> Expression:
        first = self.operand()
        if isinstance(first, Field):
            if self.accept("is"):
                negated = self.accept("not")
                self.expect("missing", "after 'is'; for a value use ==")
                return Missing(first, negated)
            negated = self.accept("not")
            if self.accept("in"):
                return Membership(first, self.values(), negated)
            if negated:
                self.refuse("expected 'in' after 'not'")
        operands, operators = [first], []
        while self.peek().kind == "symbol" and self.peek().value in _COMPARATORS:
            operators.append(self.take().value)
            operands.append(self.operand())
            if isinstance(operands[-2], Constant) and isinstance(operands[-1], Constant):
                raise InputError("one side of a comparison is a field", position=operands[-2].position)
        if not operators:
            self.refuse("expected a comparison (== != < <= > >=, in, is missing)")
        return Comparison(tuple(operands), tuple(operators))

    def operand(self) -> Operand:
        if self.peek().kind in ("word", "field"):
            token = self.take()
            return Field(token.value, token.position)
        return self.constant("a field or a value")

    def constant(self, expected: str = "a value") -> Constant:
        token = self.peek()
        if token.kind == "text":
            self.take()
            return Constant(token.value, token.position)
        if token.kind == "number":
            self.take()
            if not math.isfinite(float(token.value)):
                raise InputError(f"{token.value} is too large a number", position=token.position)
            return Constant(float(token.value), token.position)
        if token.kind == "symbol" and token.value in ("true", "false"):
            self.take()
            return Constant(token.value == "true", token.position)
        hint = f" (a field of that name is written `{token.value}`)" if token.value in _KEYWORDS else ""
        hint = hint or (' (write a text in quotes, such as "F")' if token.kind == "word" else "")
        return self.refuse(f"expected {expected}{hint}")

    def values(self) -> tuple[Constant, ...]:
        self.expect("(", 'after \'in\', such as in ("A", "B")')
        values = [self.constant()]
        while self.accept(","):
            if self.peek().value == ")":
                break
            values.append(self.constant())
        self.expect(")", "to close the list")
        return tuple(values)


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
    if _IDENTIFIER.match(name) and name.lower() not in _KEYWORDS:
        return name
    return "`" + name.replace("`", "``") + "`"


def format_value(value: float | str | bool) -> str:
    """Return a value as an expression has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(float(value)).removesuffix(".0")


def describe(text: str | None) -> str:
    """Return a group in words for captions and sentences: "everybody", or the canonical expression."""
    return "everybody" if text is None else format_expression(parse(text))


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
                text += f" ({', '.join(_typed(name, item, numeric) for item in value)})"
            else:
                text += f" {_typed(name, value, numeric)}"
        tests.append(text)
    text = f" {joiner} ".join(tests)
    select(cohort, text)
    return format_expression(parse(text))


def _typed(name: str, value: Json, numeric: bool) -> str:
    if not numeric or isinstance(value, (bool, int, float)):
        return format_value(value)
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{name} holds numbers; {value!r} is not one", position=0) from None
    if not math.isfinite(number):
        raise InputError(f"{name} is compared with a number, not with {value!r}", position=0)
    return format_value(number)


# --- tree to subjects ----------------------------------------------------------------------------


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
        If the expression does not parse, names a field or level that the cohort lacks, or compares what cannot be
        compared; ``position`` is the index of the offending character.
    """
    if text is None:
        return Selection(np.ones(cohort.n_subjects, dtype=bool), np.zeros(cohort.n_subjects, dtype=bool))
    true, unknown = _evaluate(parse(text), cohort)
    return Selection(true, unknown)


#: Where an expression is true and where it is unknown; elsewhere it is false.
_Truth: TypeAlias = tuple[BoolArray, BoolArray]


def _evaluate(expression: Expression, cohort: Cohort) -> _Truth:
    match expression:
        case Comparison(operands, operators):
            pairs = zip(operands, operators, operands[1:], strict=False)
            return _all([_compare(left, sign, right, cohort) for left, sign, right in pairs])
        case Membership(name, values, negated):
            column = _column(name, cohort)
            found = np.zeros(cohort.n_subjects, dtype=bool)
            for value in values:
                found |= column.values == _comparable(column, value)
            return (found != negated) & ~column.missing, column.missing
        case Missing(name, negated):
            missing = _column(name, cohort).missing
            return missing != negated, np.zeros_like(missing)
        case Not(operand):
            return _not(_evaluate(operand, cohort))
        case Combination("and", operands_):
            return _all([_evaluate(operand, cohort) for operand in operands_])
        case Combination(_, operands_):
            return _not(_all([_not(_evaluate(operand, cohort)) for operand in operands_]))


def _all(truths: Sequence[_Truth]) -> _Truth:
    """Kleene's conjunction: false beats unknown beats true."""
    true = np.logical_and.reduce([true for true, _ in truths])
    possible = np.logical_and.reduce([true | unknown for true, unknown in truths])
    return true, possible & ~true


def _not(truth: _Truth) -> _Truth:
    true, unknown = truth
    return ~(true | unknown), unknown


@dataclass(frozen=True, slots=True)
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


def _column(name: Field, cohort: Cohort) -> _Column:
    if name.name == SUBJECT:
        codes = np.arange(cohort.n_subjects, dtype=np.float64)
        return _Column(SUBJECT, codes, np.zeros(cohort.n_subjects, dtype=bool), cohort.subjects)
    if name.name not in cohort.phenotypes:
        names = [SUBJECT, *cohort.phenotypes]
        raise InputError(f"no field {name.name!r}{_closest(name.name, names)}", position=name.position)
    phenotype = cohort.phenotypes[name.name]
    return _Column(phenotype.name, phenotype.values.astype(np.float64), phenotype.missing, phenotype.levels)


def _compare(left: Operand, sign: str, right: Operand, cohort: Cohort) -> _Truth:
    if isinstance(left, Constant):
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        return _compare(right, mirrored.get(sign, sign), left, cohort)
    column = _column(left, cohort)
    if column.levels and sign not in ("==", "!="):
        raise InputError(
            f"{column.name} is a category and has no order; compare it by == or in; it has: {column.contents}",
            position=left.position,
        )
    against: float | FloatArray
    if isinstance(right, Constant):
        against, unknown = _comparable(column, right), column.missing
    elif column.levels and right.name != SUBJECT and right.name not in cohort.phenotypes:
        hint = f'; for the level write "{right.name}"' if right.name in column.levels else ""
        raise InputError(
            f"no field {right.name!r}{hint or _closest(right.name, cohort.phenotypes)}", position=right.position
        )
    else:
        other = _column(right, cohort)
        if bool(other.levels) != bool(column.levels):
            number, category = (column, other) if other.levels else (other, column)
            raise InputError(
                f"{number.name} holds {number.contents}, {category.name} is a category ({category.contents}); "
                "they cannot be compared",
                position=right.position,
            )
        against, unknown = _recoded(other, column.levels), column.missing | other.missing
    # NaN and the code of a missing level compare somehow; what comes of it is unknown.
    return _COMPARATORS[sign](column.values, against) & ~unknown, unknown


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
    codes = [code for code, level in enumerate(column.levels) if _is_level(level, value)]
    if len(codes) == 1:
        return float(codes[0])
    shown = value if isinstance(value, str) else format_value(value)
    if codes:
        both = " and ".join(format_value(column.levels[code]) for code in codes)
        raise InputError(f"{shown} could be each of {both}; write it in quotes", position=constant.position)
    what = "subject" if column.name == SUBJECT else f"level of {column.name}"
    raise InputError(f"no {what} {shown!r}{_closest(shown, column.levels)}", position=constant.position)


def _is_level(level: str, value: float | str | bool) -> bool:
    if isinstance(value, bool):
        return level.lower() == format_value(value)
    if isinstance(value, str):
        return level == value
    return _is_number(level) and float(level) == value


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
