"""Atlas: which parcels the rows of a matrix are, from a table beside the data or, failing that, from their number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imagenomer.cohort import Measure
from imagenomer.edges import edge_distances, n_parcels_of
from imagenomer.errors import InputError
from imagenomer.parcellation import (
    Parcellation,
    atlas_of_labels,
    atlases_of_size,
    guess_atlas,
    load_atlas,
    plain_parcellation,
    read_atlas,
)
from imagenomer.readers.listing import Listing
from imagenomer.readers.notes import Notes
from imagenomer.readers.tables import read_text
from imagenomer.types import FloatArray

#: The table that decides.
TABLE = "atlas.tsv"


def find_parcellation(listing: Listing, measures: Mapping[str, Measure], notes: Notes) -> Parcellation | None:
    """Return the parcels that the measures connect; None where there is no connectivity.

    Parameters
    ----------
    listing : Listing
        May hold ``atlas.tsv``, which decides.
    measures : mapping
    notes : Notes
        Told what was assumed, and what in the data speaks for it.

    Raises
    ------
    InputError
        If ``atlas.tsv`` cannot be read, or has another number of parcels than the data.
    """
    measure = next(iter(measures.values()), None)
    if measure is None:
        return None
    n_parcels = n_parcels_of(measure.values.shape[1])
    if TABLE in listing:
        return _from_table(read_text(listing[TABLE].read(), TABLE), n_parcels, notes)
    candidates = [load_atlas(name) for name in atlases_of_size(n_parcels)]
    if not candidates:
        notes.warning(
            f"{n_parcels} parcels without names: no atlas with as many comes with the program; "
            f"put {TABLE} (label, x, y, z, network) beside the scans"
        )
        return plain_parcellation(n_parcels)
    evidence = [distance_dependence(measure, atlas) for atlas in candidates]
    best = int(np.argmin(np.nan_to_num(evidence, nan=np.inf)))
    parcellation, rho = candidates[best], evidence[best]
    shown = f"Spearman {rho:.2f} between the distance of two parcels and their mean {measure.name}"
    if guess_atlas(n_parcels) == parcellation.atlas:
        _note_certain(parcellation, rho, shown, notes)
        return parcellation
    names = ", ".join(atlas.name for atlas in candidates)
    other = f"choose another under Parcels in the overview (--atlas in a terminal), or put {TABLE} beside the scans"
    if not rho < _PLAUSIBLE:
        notes.warning(
            f"{n_parcels} parcels without names: {names} {'have' if len(candidates) > 1 else 'has'} as many, "
            f"but the data do not support {'any of them' if len(candidates) > 1 else 'its order'} ({shown}); {other}"
        )
        return plain_parcellation(n_parcels)
    rivals = [
        f"{atlas.name} {value:.2f}"
        for atlas, value in zip(candidates, evidence, strict=True)
        if atlas is not parcellation
    ]
    notes.warning(
        f"{n_parcels} parcels: taken for {parcellation.name}, but other atlases or orders have as many; "
        f"the data support this one best ({'; '.join([shown, *rivals])}). If that is wrong, {other}"
    )
    return parcellation


def _from_table(text: str, n_parcels: int, notes: Notes) -> Parcellation:
    """Return the parcels that a table names; labels alone that are those of an atlas get its coordinates too."""
    parcellation = read_atlas(text, name=f"{n_parcels} parcels ({TABLE})", clean=notes.clean)
    if parcellation.n_parcels != n_parcels:
        raise InputError(f"{TABLE} names {parcellation.n_parcels} parcels, the scans have {n_parcels}")
    bare = not any(parcellation.networks) and not np.isfinite(parcellation.coordinates).any()
    known = atlas_of_labels(parcellation.labels) if bare else None
    if known is not None:
        notes.recognised(f"Parcels as {TABLE} names them: {known.name}, with its coordinates and networks")
        return known
    notes.recognised(f"Parcels as {TABLE} names them")
    return parcellation


def _note_certain(parcellation: Parcellation, rho: float, shown: str, notes: Notes) -> None:
    """Say how well the data support the one atlas of this size."""
    taken = f"{parcellation.n_parcels} parcels: taken for {parcellation.name} in its original order"
    if rho < _PLAUSIBLE:
        notes.recognised(f"{taken}; the data support this, close parcels are more strongly connected ({shown})")
    else:
        notes.warning(
            f"{taken}, but the data do not support this, close parcels are hardly more strongly connected ({shown}); "
            f"if it is another atlas or order, put {TABLE} beside the scans"
        )


# Fibromyalgia cohort: -0.28 (rest), -0.36 (epr), -0.22 (partial) in the right order, 0.01 to -0.06 in others.
_PLAUSIBLE = -0.1


def distance_dependence(measure: Measure, parcellation: Parcellation) -> float:
    """Spearman correlation, over edges, of mean connectivity with the distance between the parcels.

    Negative in every brain, and near zero where the parcels are in another order than the atlas says; NaN where
    either does not vary.
    """
    rows = np.flatnonzero(measure.present)[:50]  # the mean of fifty scans is stable, and fast
    mean = measure.values[rows].mean(axis=0, dtype=np.float64)
    distance = edge_distances(parcellation.coordinates)
    usable = np.isfinite(mean) & np.isfinite(distance)
    x, y = _ranks(mean[usable]), _ranks(distance[usable])
    if x.size < 3 or x.std() == 0 or y.std() == 0:
        return float("nan")
    return float(np.mean((x - x.mean()) * (y - y.mean())) / (x.std() * y.std()))


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks, the mean rank where values are equal."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)
