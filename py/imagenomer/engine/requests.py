"""Requests: one call of the page under way, what came with it, and the shape of its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from imagenomer.analyses.contract import Groups
from imagenomer.downloads import MIME
from imagenomer.progress import Steps

Result = TypeVar("Result")
Buffers: TypeAlias = dict[str, NDArray[Any]]
Answer: TypeAlias = tuple[Any, Buffers]

#: Seconds between two turns of the event loop: often enough that a cancel feels at once, rarely enough to cost nothing.
_TURN = 0.05


class Cancelled(Exception):
    """The user no longer wants the answer."""


class Files(Protocol):
    """Files that the page holds; ``read`` may be slow, and is asked for what is needed only.

    Attributes
    ----------
    sizes : sequence of int
        In bytes.
    """

    @property
    def sizes(self) -> Sequence[int]: ...

    def read(self, index: int, start: int, stop: int) -> bytes:
        """Return the bytes of file ``index`` from ``start`` up to ``stop``."""
        ...


@dataclass(slots=True)
class Job:
    """One call under way.

    Attributes
    ----------
    files : Files or None
        What came with it.
    progress : callable
        ``(step, done, total)``, reported at most every 50 ms and whenever the step changes.
    cancelled : callable
        True once the user no longer wants the answer.
    step : str
        What is being done, as far as it is known.
    """

    files: Files | None
    progress: Callable[[str, int, int], None]
    cancelled: Callable[[], bool]
    step: str = ""

    async def finish(self, steps: Steps[Result]) -> Result:
        """Run a computation to its end; yield to the event loop, and raise `Cancelled` when asked to."""
        step, turned = None, time.monotonic()
        try:
            while True:
                try:
                    progress = next(steps)
                except StopIteration as stop:
                    result: Result = stop.value
                    return result
                self.step = progress.step
                now = time.monotonic()
                if progress.step != step or now - turned >= _TURN:
                    self.progress(progress.step, progress.done, progress.total)
                    await asyncio.sleep(0)
                    step, turned = progress.step, now
                if self.cancelled():
                    raise Cancelled
        finally:
            steps.close()


def coloured(groups: Sequence[Sequence[str]]) -> Groups:
    return tuple((name, expression, colour) for name, expression, colour in groups)


def file_answer(data: bytes, name: str, extension: str) -> Answer:
    answer = {"filename": f"{name}.{extension}", "mime": MIME[extension]}
    return answer, {"file": np.frombuffer(data, dtype=np.uint8)}
