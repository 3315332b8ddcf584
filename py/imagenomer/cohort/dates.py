"""Dates: texts and numbers that are days, as years, so that age, drift and time between scans can be computed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from imagenomer.errors import InputError

#: Year, month, day; a time of day after it says nothing here.
_ISO = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?")
_RUN_TOGETHER = re.compile(r"([0-9]{4})()([0-9]{2})([0-9]{2})")
#: Two numbers and a year, whichever of the two is the month.
_OTHER = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_WAY_OUT = "write dates as 2014-03-05"
#: Numbers that are years.
_YEARS = (1800.0, 2200.0)


def years_of(name: str, texts: Sequence[str]) -> list[float]:
    """Return days as years, the day a share of its year: 2014-07-02 is 2014.4986.

    Of dates such as 5/3/2014 all of a column are read alike: as day and month or as month and day, whichever a
    number above 12 shows. With dots the day comes first. Whole years, and years with a fraction, stay what they are.

    Parameters
    ----------
    name : str
        Of the column, for messages.
    texts : sequence of str
        None of them missing.

    Raises
    ------
    InputError
        If one of them is no date, or nothing tells days from months.
    """
    found = [_split(name, text.strip()) for text in texts]
    open_ones = [one for one in found if isinstance(one, tuple) and one[0] == "?"]
    day_first = [one for one in open_ones if one[1] > 12]
    month_first = [one for one in open_ones if one[2] > 12]
    if open_ones and bool(day_first) == bool(month_first):
        shown = texts[found.index(open_ones[0])]
        why = "some can only be day and month, others only month and day" if day_first else "day or month first"
        raise InputError(f"{name}: dates such as {shown!r} cannot be told: {why}; {_WAY_OUT}")
    years = []
    for text, one in zip(texts, found, strict=True):
        if isinstance(one, float):
            years.append(one)
            continue
        kind, first, second, year = one
        day, month = (second, first) if kind == "?" and month_first else (first, second)
        years.append(_share(name, text, year, month, day))
    return years


def look_like_dates(texts: Sequence[str]) -> bool:
    """Whether all of some texts are days, written with marks between year, month and day."""
    return bool(texts) and all(_ISO.fullmatch(text.strip()) or _OTHER.fullmatch(text.strip()) for text in texts)


def _split(name: str, text: str) -> float | tuple[str, int, int, int]:
    """Return a year, or ("known" or "?", day, month, year); of "?" day and month may be the other way round."""
    whole = _ISO.fullmatch(text) or _RUN_TOGETHER.fullmatch(text)
    if whole:
        return ("known", int(whole[4]), int(whole[3]), int(whole[1]))
    other = _OTHER.fullmatch(text)
    if other:
        return ("known" if other[2] == "." else "?", int(other[1]), int(other[3]), int(other[4]))
    try:
        year = float(text)
    except ValueError:
        year = float("nan")
    if _YEARS[0] <= year <= _YEARS[1]:
        return year
    raise InputError(f"{name}: {text[:40]!r} is no date; {_WAY_OUT}")


def _share(name: str, text: str, year: int, month: int, day: int) -> float:
    try:
        start, end = date(year, 1, 1), date(year + 1, 1, 1)
        return year + (date(year, month, day) - start).days / (end - start).days
    except ValueError:
        raise InputError(f"{name}: {text[:40]!r} is no date; {_WAY_OUT}") from None
