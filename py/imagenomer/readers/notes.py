"""Notes: the import log while it is written. One line for one kind of remark, with all it is about."""

from __future__ import annotations

from collections.abc import Iterable

from imagenomer.cohort import LogEntry, Severity, natural_key


class Notes:
    """Collects what a reader has to say, in the order in which it first says it."""

    def __init__(self) -> None:
        self._entries: list[LogEntry] = []

    def recognised(self, message: str, items: Iterable[str] = ()) -> None:
        """Note what was found and used."""
        self._add("recognised", message, items)

    def ignored(self, message: str, items: Iterable[str] = ()) -> None:
        """Note what was found and not used, and why."""
        self._add("ignored", message, items)

    def warning(self, message: str, items: Iterable[str] = ()) -> None:
        """Note what is doubtful."""
        self._add("warning", message, items)

    def log(self) -> tuple[LogEntry, ...]:
        """Return the lines so far."""
        return tuple(self._entries)

    def _add(self, severity: Severity, message: str, items: Iterable[str]) -> None:
        self._entries.append(LogEntry(severity, message, tuple(sorted(items, key=natural_key))))


def count(number: int, noun: str) -> str:
    """Return "1 scan", "2 scans"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
