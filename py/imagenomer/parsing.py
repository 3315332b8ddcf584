"""Parsing: what the small languages of the page share, that of groups and that of maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from imagenomer.errors import InputError

#: Parentheses and signs inside one another; far above what people write, far below Python's own limit.
MAX_DEPTH = 50

#: Characters in one expression, so that a pasted file is refused at once.
MAX_LENGTH = 20_000

TokenKind: TypeAlias = Literal["number", "text", "field", "word", "symbol", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text; the last one is "end"."""

    kind: TokenKind
    value: str
    position: int


class TokenReader:
    """Tokens one after another: the ground of a parser by recursive descent."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.depth = 0

    def peek(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.peek()
        self.index += 1
        return token

    def accept(self, symbol: str) -> bool:
        """Step over a symbol or keyword if it comes next."""
        found = self.peek().kind == "symbol" and self.peek().value == symbol
        self.index += found
        return found

    def expect(self, symbol: str, where: str) -> None:
        if not self.accept(symbol):
            self.refuse(f"expected {symbol!r} {where}")

    def refuse(self, message: str) -> NoReturn:
        found = "the end" if self.peek().kind == "end" else repr(self.peek().value)
        raise InputError(f"{message}, found {found}", position=self.peek().position)
