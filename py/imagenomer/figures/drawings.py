"""Drawings: the figures of a result by name, each drawn when it is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from matplotlib.figure import Figure


class Drawings(Mapping[str, Figure]):
    """Figures that are not drawn until somebody takes them: the page shows or saves one of several at a time.

    Parameters
    ----------
    draw : mapping of str to callable
        Name of each figure to what draws it.
    """

    def __init__(self, draw: Mapping[str, Callable[[], Figure]]) -> None:
        self._draw = draw

    def __getitem__(self, name: str) -> Figure:
        return self._draw[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._draw

    def __iter__(self) -> Iterator[str]:
        return iter(self._draw)

    def __len__(self) -> int:
        return len(self._draw)
