"""Gaps: edges that some scans lack. They are kept where they are, or left out of all scans, as a recipe says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np

from imagenomer.cohort import Alternative, Measure, Understanding
from imagenomer.errors import InputError
from imagenomer.readers.notes import Notes
from imagenomer.types import BoolArray
from imagenomer.wording import plural

#: What a recipe says of edges that some scans lack: "" where it says nothing, which keeps them.
EdgeAnswer: TypeAlias = Literal["", "all", "complete"]
#: Share of edges that some scans lack from which on somebody should look.
_MANY = 0.1


def settled_gaps(measures: Mapping[str, Measure], answer: EdgeAnswer, notes: Notes) -> list[Understanding]:
    """Do with edges that some scans lack as is answered, and return what is to be said of them, a line a measure.

    Parameters
    ----------
    measures : mapping of str to Measure
        Changed where only complete edges are wanted: what one scan lacks is NaN in all.
    answer : str
        "all": each edge is that of the scans which have it. "complete": only edges that all scans have.
    notes : Notes

    Raises
    ------
    InputError
        If only complete edges are wanted, and there is none.
    """
    lines = []
    for name, measure in measures.items():
        lacking, n_scans = _lacking_edges(measure)
        n, n_left = int(lacking.sum()), int((~lacking).sum() - _empty_edges(measure).sum())
        if not n:
            continue
        lines.append(_line(name, n, n_left, n_scans, answer))
        if answer != "complete":
            continue
        if not n_left:
            raise InputError(
                f"{name}: no edge has a value in every scan, so there are no complete edges; keep all edges (in a "
                'recipe: {"edges": "all"}), or leave out the scans that lack most'
            )
        measure.values[:, lacking] = np.nan
        notes.recognised(f"{name}: {plural(n, 'edge')} that some scans lack left out of all; {n_left:,} are complete")
    return lines


def _line(name: str, n: int, n_left: int, n_scans: int, answer: EdgeAnswer) -> Understanding:
    text = f"{name}: {plural(n, 'edge')} of {n + n_left:,} missing in some of the scans ({plural(n_scans, 'scan')})"
    ways = [Alternative("Keep them: each edge in the subjects who have it", {"edges": "all"}, answer != "complete")]
    if n_left:
        way = f"Complete edges only: {n_left:,}, the same subjects in each"
        ways.append(Alternative(way, {"edges": "complete"}, answer == "complete"))
    return Understanding(
        "connectivity", text, certain=bool(answer) or n < _MANY * (n + n_left), alternatives=tuple(ways)
    )


def _lacking_edges(measure: Measure) -> tuple[BoolArray, int]:
    """Return which edges some scans have and others lack, shape (n_edges,), and how many scans lack one of them."""
    present = np.flatnonzero(measure.present)
    some = np.zeros(measure.values.shape[1], dtype=bool)
    for row in present.tolist():
        values = measure.values[row]
        if np.isnan(values.min()):
            some |= np.isnan(values)
    some &= ~_empty_edges(measure)
    gaps = sum(bool(np.isnan(measure.values[row][some]).any()) for row in present.tolist()) if some.any() else 0
    return some, gaps


def _empty_edges(measure: Measure) -> BoolArray:
    """Return which edges no scan has, shape (n_edges,)."""
    empty = np.ones(measure.values.shape[1], dtype=bool)
    for row in np.flatnonzero(measure.present).tolist():
        if not empty.any():
            break
        empty &= np.isnan(measure.values[row])
    return empty
