"""Atlas: which parcels the rows of a matrix are, from a table beside the data or, failing that, from their number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imagenomer.cohort import Measure
from imagenomer.edges import n_parcels_of
from imagenomer.errors import InputError
from imagenomer.parcellation import (
    Parcellation,
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

_TABLE = "atlas.tsv"


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
    if _TABLE in listing:
        parcellation = read_atlas(read_text(listing[_TABLE].read(), _TABLE), name=f"{n_parcels} parcels ({_TABLE})")
        if parcellation.n_parcels != n_parcels:
            raise InputError(f"{_TABLE} names {parcellation.n_parcels} parcels, the scans have {n_parcels}")
        notes.recognised(f"Parcels as {_TABLE} names them")
        return parcellation
    name = guess_atlas(n_parcels)
    if name is None:
        known = ", ".join(load_atlas(name).name for name in atlases_of_size(n_parcels))
        reason = (
            f"{known} has as many, but in several orders" if known else "no atlas with as many comes with the program"
        )
        notes.warning(
            f"{n_parcels} parcels without names: {reason}; put {_TABLE} (label, x, y, z, network) beside the scans"
        )
        return plain_parcellation(n_parcels)
    parcellation = load_atlas(name)
    rho = distance_dependence(measure, parcellation)
    taken = f"{n_parcels} parcels: taken for {parcellation.name} in its original order"
    evidence = f"Spearman {rho:.2f} between the distance of two parcels and their mean {measure.name}"
    if rho < _PLAUSIBLE:
        notes.recognised(f"{taken}; the data bear it out, close parcels are more strongly connected ({evidence})")
    else:
        notes.warning(
            f"{taken}, but the data do not bear it out, close parcels are hardly more strongly connected ({evidence}); "
            f"if it is another atlas or order, put {_TABLE} beside the scans"
        )
    return parcellation


# Fibromyalgia cohort: -0.28 (rest), -0.36 (epr), -0.22 (partial) in the right order, 0.01 to -0.06 in others.
_PLAUSIBLE = -0.1


def distance_dependence(measure: Measure, parcellation: Parcellation) -> float:
    """Spearman correlation, over edges, of mean connectivity with the distance between the parcels.

    Negative in every brain, and near zero where the parcels are in another order than the atlas says; NaN where
    either does not vary.
    """
    rows = np.flatnonzero(measure.present)[:50]  # the mean of fifty scans is stable, and quick
    mean = measure.values[rows].mean(axis=0, dtype=np.float64)
    first, second = np.triu_indices(parcellation.n_parcels, k=1)
    offsets = parcellation.coordinates[first] - parcellation.coordinates[second]
    distance = np.sqrt((offsets**2).sum(axis=1))
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
