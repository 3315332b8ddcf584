"""Long work as generators: yield a `Progress` between blocks, return the result.

A caller that does not care runs the generator to its end with `finish`; the
engine forwards what is yielded and looks for a cancel in between.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long computation is.

    Attributes
    ----------
    step : str
        What is being done, for people ("Reading fc").
    done, total : int
        Units finished and units in all; ``total`` 0 means unknown.
    """

    step: str
    done: int = 0
    total: int = 0


#: A computation that reports progress and returns a ``Result``.
Steps: TypeAlias = Generator[Progress, None, Result]


def finish(steps: Steps[Result], report: Callable[[Progress], None] | None = None) -> Result:
    """Run a computation to its end and return its result, handing each `Progress` to ``report``."""
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        if report is not None:
            report(progress)


def reported_as(steps: Steps[Result], step: str, done: int, total: int) -> Steps[Result]:
    """Run a computation as a part of another, whose progress is reported in place of its own."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        yield Progress(step, done, total)
