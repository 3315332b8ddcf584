"""Coordinates of parcels, for what asks how near they are to each other."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.errors import InputError
from imagenomer.statistics.spatial_null import FEWEST
from imagenomer.types import FloatArray


def parcel_coordinates(cohort: Cohort) -> FloatArray:
    """Return where the parcels are, in millimetres, shape (n_parcels, 3).

    Raises
    ------
    InputError
        If that is not known of all parcels, or they are too few for a variogram.
    """
    parcellation = parcellation_of(cohort)
    known = np.isfinite(parcellation.coordinates).all(axis=1)
    n_unknown = int(np.count_nonzero(~known))
    if n_unknown:
        raise InputError(
            f"maps as smooth in space need the coordinates of all parcels, and those of {n_unknown} of the "
            f"{counted(known.size, 'parcel')} of {parcellation.name} are not known; choose the atlas in the overview, "
            "or leave the spatial null out"
        )
    if known.size < FEWEST:
        raise InputError(
            f"{counted(known.size, 'parcel')} are too few to tell how smooth a map is: that takes {FEWEST}; leave the "
            "spatial null out"
        )
    return parcellation.coordinates
