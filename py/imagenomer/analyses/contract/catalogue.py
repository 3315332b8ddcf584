"""Catalogue: all analyses by name, for an analysis that asks for the result of another.

No room knows the others, and what they share knows none. Whoever finds the rooms, `imagenomer.analyses`, hands the
catalogue in when it is imported, which is before any module below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from imagenomer.analyses.contract.analysis import Analysis

_finders: list[Callable[[], Mapping[str, Analysis]]] = []


def provide(find: Callable[[], Mapping[str, Analysis]]) -> None:
    """Hand in what returns all analyses by name; it is called when they are first asked for, not before."""
    _finders[:] = [find]


def catalogue() -> Mapping[str, Analysis]:
    """Return all analyses by name, in the order of the tabs."""
    (find,) = _finders
    return find()
