"""Ids: which names of two lists mean the same person, by a ladder of rules from "as written" to "the last number"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imagenomer.cohort import natural_key
from imagenomer.wording import plural

#: Rules by name, the strictest first: what is compared of a name; "" is compared with nothing.
RULES: dict[str, Callable[[str], str]] = {
    "as written": lambda name: name.strip(),
    "letters and digits": lambda name: _bare(name),
    "without leading zeros": lambda name: re.sub(r"(?<![0-9])0+(?=[0-9])", "", _bare(name)),
    "last number": lambda name: _last_number(name),
    "last part": lambda name: re.split(r"[\s_.\-]+", name.strip().casefold())[-1],
}

#: Share of the shorter list that a shift by one must join before it is suspected where numbers have gaps.
_NEARLY = 0.9


@dataclass(frozen=True, slots=True)
class IdMatch:
    """Which names of one list mean which of another.

    Attributes
    ----------
    rule : str
        Of `RULES`; "" where none joins anybody.
    pairs : dict of str to str
        From the first list to the second, one to one.
    shift : str
        Why the match is to be refused: both lists are numbered, one from the next number on; else "".
    """

    rule: str
    pairs: dict[str, str]
    shift: str = ""

    @property
    def words(self) -> str:
        return f"{plural(len(self.pairs), 'name')} joined by the rule '{self.rule}'"


def match_ids(left: Sequence[str], right: Sequence[str], rule: str | None = None) -> IdMatch:
    """Return who is who in two lists of names.

    Of the rules that are one-to-one on both sides the one that joins most is taken, the strictest of several.

    Parameters
    ----------
    left, right : sequence of str
        Names; repeats are one.
    rule : str or None
        The one rule that is to be used, a shift then included.
    """
    ours, theirs = list(dict.fromkeys(left)), list(dict.fromkeys(right))
    best = IdMatch("", {})
    for name in RULES if rule is None else (rule,):
        pairs = _joined(ours, theirs, RULES[name])
        if pairs is not None and len(pairs) > len(best.pairs):
            best = IdMatch(name, pairs)
    if rule is None and best.pairs:
        return IdMatch(best.rule, best.pairs, _shift(ours, theirs, best.pairs) or _gapped_shift(ours, theirs, best))
    return best


def _joined(ours: list[str], theirs: list[str], key: Callable[[str], str]) -> dict[str, str] | None:
    """Return the pairs with the same key; None where one key is of several names."""
    mine, yours = [key(name) for name in ours], [key(name) for name in theirs]
    common = (set(mine) & set(yours)) - {""}
    if any(n > 1 for keys in (mine, yours) for one, n in Counter(keys).items() if one in common):
        return None
    place = {one: name for one, name in zip(yours, theirs, strict=True) if one in common}
    return {name: place[one] for name, one in zip(ours, mine, strict=True) if one in common}


def _shift(ours: list[str], theirs: list[str], pairs: dict[str, str]) -> str:
    """Say why numbers that overlap are no evidence: both lists run on, and each has one end that the other lacks."""
    left = sorted(set(ours) - set(pairs), key=_number)
    right = sorted(set(theirs) - set(pairs.values()), key=_number)
    if not left or len(left) != len(right) or not (_runs_on(ours) and _runs_on(theirs)):
        return ""
    mine, yours = [_number(name) for name in ours], [_number(name) for name in theirs]
    if min(mine) == min(yours):
        return ""
    first, last = sorted((*ours, *theirs), key=lambda name: (_number(name), natural_key(name)))[:: len(ours) * 2 - 1]
    return (
        f"one list of names begins at {min(mine)} and ends at {max(mine)}, the other runs from {min(yours)} to "
        f"{max(yours)}: {first} and {last} are left over, so these may be the same people counted from another number"
    )


def _gapped_shift(ours: list[str], theirs: list[str], match: IdMatch) -> str:
    """Say why numbers with gaps are no evidence: counted from one more or one less they join more, and nearly all."""
    mine, yours = {_number(name) for name in ours}, {_number(name) for name in theirs}
    numbered = len(mine) == len(ours) and len(yours) == len(theirs) and -1 not in mine | yours
    if match.rule == "as written" or not numbered or min(mine) == min(yours):
        return ""
    n_shifted, step = max((len({number + step for number in mine} & yours), step) for step in (1, -1))
    if n_shifted <= len(match.pairs) or n_shifted < _NEARLY * min(len(mine), len(yours)):
        return ""
    return (
        f"{plural(len(match.pairs), 'name')} have the same number, and {n_shifted:,} have one that is 1 "
        f"{'less' if step > 0 else 'more'} than in the other list, so these may be the same people counted from "
        "another number"
    )


def _runs_on(names: list[str]) -> bool:
    """Whether the names are numbered without a gap."""
    numbers = [_number(name) for name in names]
    return -1 not in numbers and sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))


def _number(name: str) -> int:
    number = _last_number(name)
    return int(number) if number else -1


def _last_number(name: str) -> str:
    digits = re.findall(r"[0-9]+", name)
    # What is longer is no number of a person, and Python refuses to read thousands of digits.
    return (digits[-1].lstrip("0") or "0")[:18] if digits else ""


def _bare(name: str) -> str:
    text = re.sub(r"^(sub|subject)[-_ ]?(?=.)", "", name.strip().casefold())
    return re.sub(r"[\W_]+", "", text)
