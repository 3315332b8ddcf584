"""Checks: what is doubtful about connectivity, whatever door it came in by; said once in the log."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from imagenomer.cohort import Measure, Scan
from imagenomer.edges import edges_to_matrix
from imagenomer.parcellation import Parcellation
from imagenomer.readers.notes import Notes, count


def check_measures(
    scans: Sequence[Scan], measures: Mapping[str, Measure], parcellation: Parcellation | None, notes: Notes
) -> None:
    """Note scans that are incomplete, constant or alike, and parcels without a value; parcels of zeros become missing.

    Parameters
    ----------
    scans : sequence of Scan
    measures : mapping of str to Measure
        Changed where all edges of a parcel of a scan are 0: nothing was measured there.
    parcellation : Parcellation or None
    notes : Notes
    """
    for name, measure in measures.items():
        seen: dict[int, int] = {}
        constant, alike, empty, partly = [], [], [], []
        for row in np.flatnonzero(measure.present).tolist():
            values = measure.values[row]
            zeros = _empty_parcels(values)
            missing = np.isnan(values)
            if zeros.any() or missing.any():
                labels = parcellation.labels if parcellation is not None else ()
                without = zeros | _without_value(values)
                who = ", ".join(labels[parcel] for parcel in np.flatnonzero(without))
                if who:
                    empty.append(f"{scans[row].title}: {who}")
                else:
                    partly.append(f"{scans[row].title}: {count(int(missing.sum()), 'edge')}")
                _blank(values, zeros)
            elif values.min() == values.max():
                constant.append(scans[row].title)
            other = seen.setdefault(zlib.crc32(values.tobytes()), row)
            if other != row and np.array_equal(measure.values[other], values, equal_nan=True):
                alike.append(f"{scans[other].title} = {scans[row].title}")
        for items, message in (
            (empty, f"{name}: parcels without a value in some scans (missing, or 0 everywhere) are missing there"),
            (partly, f"{name}: scans with missing edges"),
            (constant, f"{name}: scans with the same value in every edge"),
            (alike, f"{name}: scans with identical data; is one a copy of the other?"),
        ):
            if items:
                notes.warning(message, items)


def _empty_parcels(values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return the parcels whose edges are all 0, unless they are all there is."""
    if not (values == 0).any():
        return np.zeros(len(edges_to_matrix(values)), dtype=bool)
    zeros = (edges_to_matrix(values) == 0).all(axis=0)
    return np.asarray(zeros & ~zeros.all())


def _without_value(values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    matrix = edges_to_matrix(values, diagonal=np.nan)
    return np.asarray(np.isnan(matrix).all(axis=0))


def _blank(
    values: np.ndarray[tuple[int], np.dtype[np.float32]], parcels: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> None:
    first, second = np.triu_indices(parcels.size, k=1)
    values[parcels[first] | parcels[second]] = np.nan
