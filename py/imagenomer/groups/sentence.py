"""Sentences that name a group: its expression is a part of its own, so that who shows it can use the user's name."""

from __future__ import annotations

from typing import NamedTuple, Self

from imagenomer.groups.parser import describe
from imagenomer.wording import named


class GroupMention(NamedTuple):
    """A group in a sentence, by its expression in normal form."""

    group: str


class Sentence(str):
    """A text that is read like any other, and knows which of its parts are groups.

    Parameters
    ----------
    parts : str or GroupMention
        Read one after another; groups by their expressions.
    """

    __slots__ = ("parts",)
    parts: tuple[str | GroupMention, ...]

    def __new__(cls, *parts: str | GroupMention) -> Self:
        said = super().__new__(cls, named([_spelled(part) for part in parts], {}))
        said.parts = parts
        return said


def whose(group: str | None) -> tuple[str | GroupMention, ...]:
    """Return the parts of a sentence that say of whom it tells: "everybody", or "group" and its expression."""
    return ("everybody",) if group is None else ("group ", mention(group))


def mention(group: str | None) -> GroupMention:
    """Return a group as part of a sentence; raise `InputError` where its expression is not understood."""
    return GroupMention(describe(group))


def spelled_out(sentence: str) -> str | list[str | dict[str, str]]:
    """Return a sentence as the page gets it: text, or its parts, of which groups are ``{"group": expression}``."""
    if not isinstance(sentence, Sentence):
        return sentence
    return [_spelled(part) for part in sentence.parts]


def _spelled(part: str | GroupMention) -> str | dict[str, str]:
    return part._asdict() if isinstance(part, GroupMention) else part
