"""Time series of parcels, which are known when they are seen and not made connectivity of yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.arrays import EXTENSIONS
from imagenomer.readers.claims import POSSIBLE, Claim, Piece, Unread
from imagenomer.readers.families import Family
from imagenomer.readers.formats.stacks import may_be_stack
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.recipe import Recipe

ACCEPTS = ""

_NAMED = re.compile(r"timeseries|time_series|_tcs$|rois_|roisignals|_ts$|\.1d$|bold", re.IGNORECASE)
#: Volumes and parcels from which on numbers look like series.
_FEWEST = 10
_LARGEST = 50_000_000


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim tables of numbers that are neither square nor as long as a triangle."""
    entry = family.members[0].entry
    text = family.extension in ("tsv", "csv", "txt", "1d", "dat")
    if not (text or family.extension in EXTENSIONS) or entry.size > _LARGEST:
        return None
    try:
        shape = look.numbers(entry).values.shape if text else _shape(look.arrays(entry))
    except InputError:
        return None
    if len(shape) != 2 or min(shape) < _FEWEST or shape[0] == shape[1]:
        return None
    named = bool(_NAMED.search(f"{family.name}.{family.extension}"))
    if text and len(family.members) == 1 and not named:
        return None
    volumes, parcels = shape if named or shape[0] > shape[1] else shape[::-1]
    return Claim(family, f"time series: {volumes} volumes, {parcels} parcels", POSSIBLE, None)


def _shape(arrays: Mapping[str, NDArray[Any]]) -> tuple[int, ...]:
    """Return the shape of the one array of numbers that may be series; () where there is none, or connectivity."""
    numbers = [array for array in arrays.values() if array.dtype.kind in "biuf"]
    large = [array.shape for array in numbers if array.ndim == 2 and min(array.shape) >= _FEWEST]
    return large[0] if len(large) == 1 and not any(map(may_be_stack, numbers)) else ()


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Say what it is, and the way on."""
    yield Progress(f"Looking at {claim.family.pattern}")
    n = len(claim.family.members)
    why = (
        f"this looks like {claim.what} in the first of {count(n, 'file')}; connectivity is not computed from "
        "series yet: correlate them (numpy.corrcoef, nilearn's ConnectivityMeasure) and save one matrix a scan"
    )
    return [Unread(claim.family.pattern, why)]
