"""Notes: the import log while it is written. One line for one kind of remark, with all it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from imagenomer.cohort import LogEntry, Severity, natural_key
from imagenomer.errors import InputError
from imagenomer.names import clean_name, spelled_out


class Notes:
    """Collects what a reader has to say, in the order in which it first says it.

    Every name that comes from a file passes through it once, on entry, so that two files spell it alike and nothing
    that is shown, drawn or printed holds what has no place in a name (`imagenomer.names`).
    """

    def __init__(self) -> None:
        self._entries: list[LogEntry] = []
        self._cleaned: dict[str, str] = {}

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
        if not self._cleaned:
            return tuple(self._entries)
        changed = [f"{spelled_out(found)}: {clean or 'nothing'}" for found, clean in self._cleaned.items()]
        cleaned = LogEntry(
            "warning",
            "Characters that show nothing or break lines were taken out of names and texts, here with their codes",
            tuple(sorted(changed, key=natural_key)),
        )
        return (*self._entries, cleaned)

    def clean(self, text: str) -> str:
        """Return a text from a file as it may be shown, and remember that it was changed."""
        if text.isprintable():
            return text
        cleaned = clean_name(text)
        if cleaned != text:
            self._cleaned[text] = cleaned
        return cleaned

    def clean_all(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Return texts as `clean` returns each."""
        return texts if "".join(texts).isprintable() else tuple(map(self.clean, texts))

    def clean_json(self, value: Any, name: str) -> Any:
        """Return a JSON value with clean texts.

        Raises
        ------
        InputError
            If two keys of one object differ in nothing that is seen; ``name`` is that of the file.
        """
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, list):
            return [self.clean_json(item, name) for item in value]
        if not isinstance(value, dict):
            return value
        cleaned = {self.clean(key): self.clean_json(item, name) for key, item in value.items()}
        if len(cleaned) < len(value):
            twice = next(key for key in value if key not in cleaned)
            raise InputError(
                f"{name} has two entries {self.clean(twice)!r}, one of them spelled {spelled_out(twice)}; "
                "give each its own name"
            )
        return cleaned

    def _add(self, severity: Severity, message: str, items: Iterable[str]) -> None:
        # What is quoted of a file in another place, such as the text of an error, may not have passed through `clean`.
        clean = (clean_name(item) for item in items)
        self._entries.append(LogEntry(severity, clean_name(message), tuple(sorted(clean, key=natural_key))))


def count(number: int, noun: str) -> str:
    """Return "1 scan", "2 scans"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
