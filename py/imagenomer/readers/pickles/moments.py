"""Moments: dates and times that Python and pandas pickle, as text that tables have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Units of a second by pandas' number for them: seconds, milliseconds, microseconds, nanoseconds.
_UNITS = {7: 1, 8: 1_000, 9: 1_000_000, 10: 1_000_000_000}
_NANOSECONDS = 10


def of_bytes(raw: bytes) -> str:
    """Return a date of 4 bytes, or a time of 10, as Python pickles them: "2020-01-31" or "2020-01-31T12:30:00".

    Raises
    ------
    ValueError
        If they are neither.
    """
    if len(raw) not in (4, 10):
        raise ValueError
    hour, minute, second = raw[4:7] or (0, 0, 0)
    return _text(datetime(raw[0] * 256 + raw[1], raw[2], raw[3], hour, minute, second, tzinfo=UTC))


def of_timestamp(value: int, unit: int = _NANOSECONDS) -> str:
    """Return a time that pandas counts from 1970 on, in one of its units.

    Raises
    ------
    ValueError, OverflowError, KeyError
        If it is no time.
    """
    return _text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value // _UNITS[unit]))


def _text(moment: datetime) -> str:
    plain = moment.replace(tzinfo=None, microsecond=0)
    return plain.date().isoformat() if not (plain.hour or plain.minute or plain.second) else plain.isoformat()
