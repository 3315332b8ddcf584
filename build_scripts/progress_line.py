"""One line in the terminal that says how far something long is."""

from __future__ import annotations

import shutil
import sys
import time
from typing import IO


class ProgressLine:
    """One line that says how far the fetching is; rewritten in place on a terminal, else printed rarely."""

    def __init__(self, total: int, stream: IO[str] | None = None) -> None:
        self.total = total
        self.done = 0
        self._stream = stream or sys.stderr
        self._every = 0.1 if self._stream.isatty() else 5.0
        self._last = 0.0

    def show(self, what: str, extra: int = 0, *, now: bool = False) -> None:
        """Print ``what`` is going on, with ``extra`` bytes on top of those done."""
        self.say(f"Runtime {(self.done + extra) / 1e6:5.1f} of {self.total / 1e6:.1f} MB  {what}", now=now)

    def say(self, text: str, *, now: bool = False) -> None:
        """Print ``text``, unless something was printed a moment ago."""
        if not now and time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        if self._stream.isatty():
            # A line that wraps could not be rewritten.
            self._stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line."""
        self.show("ready", now=True)
        self.end()

    def end(self) -> None:
        """End the line as it stands."""
        if self._last and self._stream.isatty():
            self._stream.write("\n")
