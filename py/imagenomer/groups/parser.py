"""A text to the tree of a group's expression, by recursive descent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Literal, NoReturn, cast

from imagenomer.errors import InputError
from imagenomer.groups.expression import (
    KEYWORDS,
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
)
from imagenomer.parsing import MAX_DEPTH, MAX_LENGTH, Token, TokenKind, TokenReader

#: The signs that compare two operands.
COMPARATORS = ("==", "!=", "<", "<=", ">", ">=")

# --- text to tokens ------------------------------------------------------------------------------

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
        elif kind == "word" and value.lower() in KEYWORDS:
            kind, value = "symbol", value.lower()
        elif kind == "symbol":
            value = _SYNONYMS.get(value, value)
            if value not in _SYMBOLS and value not in KEYWORDS:
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
        while self.peek().kind == "symbol" and self.peek().value in COMPARATORS:
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
        hint = f" (a field of that name is written `{token.value}`)" if token.value in KEYWORDS else ""
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


def describe(text: str | None) -> str:
    """Return a group in words for captions and sentences: "everybody", or the canonical expression."""
    return "everybody" if text is None else format_expression(parse(text))
