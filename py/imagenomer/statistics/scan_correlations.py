"""Correlations of all pairs of scans, a block of rows at a time: cut from a matrix, or multiplied when asked for.

Of more scans than edges there is no room for a matrix of all pairs; whoever looks through the pairs goes through the
blocks, and multiplies them once for each time that it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imagenomer.progress import Progress, Steps
from imagenomer.statistics.products import multiply
from imagenomer.statistics.scan_products import ScanFeatures, ScanProducts
from imagenomer.types import Float32Array, FloatArray

#: Scans in a block, and scans that these are multiplied with in a step.
_ROWS, _COLUMNS = 256, 512
#: Of a scan's sum of squares, less than this left about its mean is rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class ScanCorrelations:
    """Correlations, over edges, of every pair of scans; NaN where a scan is the same at every edge.

    Attributes
    ----------
    whole : ndarray, shape (n_scans, n_scans), or None
        All of them.
    units : ndarray, shape (n_scans, n_edges), float32
        In place of these, scans about their mean and of length 1; NaN where a scan is the same at every edge.
    """

    whole: FloatArray | None
    units: Float32Array

    def __len__(self) -> int:
        return len(self.units if self.whole is None else self.whole)

    def starts(self) -> range:
        """Return where blocks begin."""
        return range(0, len(self), _ROWS)

    def block(self, start: int, progress: Progress) -> Steps[FloatArray]:
        """Return the correlations of the scans of a block with all, shape (n_block, n_scans)."""
        rows = slice(start, min(start + _ROWS, len(self)))
        if self.whole is not None:
            yield progress
            return self.whole[rows]
        own = self.units[rows]
        found = np.empty((len(own), len(self)))
        for first in range(0, len(self), _COLUMNS):
            columns = slice(first, first + _COLUMNS)
            found[:, columns] = multiply(own, self.units[columns].T)
            yield progress
        return np.clip(found, -1, 1, out=found)


def correlations_of(scans: ScanProducts | ScanFeatures) -> Steps[ScanCorrelations]:
    """Return the correlations of all pairs of scans."""
    progress = Progress("Comparing scans")
    yield progress
    if isinstance(scans, ScanProducts):
        return ScanCorrelations((yield from scans.correlations()), np.zeros((0, 0), dtype=np.float32))
    units = np.empty((scans.features.n_subjects, scans.n_edges), dtype=np.float32)
    for start, block in _blocks(scans):
        raw = np.einsum("ij,ij->i", block, block)
        block -= block.mean(axis=1, keepdims=True)
        squares = np.einsum("ij,ij->i", block, block)
        squares[squares <= _ROUNDING * raw] = np.nan
        units[start : start + len(block)] = block / np.sqrt(squares)[:, None]
        yield progress
    return ScanCorrelations(None, units)


def _blocks(scans: ScanFeatures) -> Iterator[tuple[int, FloatArray]]:
    starts = scans.features.starts()
    for start in starts:
        yield start, scans.features.block(start, starts.step)
