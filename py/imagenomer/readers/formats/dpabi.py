"""DPABI and DPARSF: ROICorrelation_ID, its Fisher z beside it, and the series and keys that go with them."""

from __future__ import annotations

import re

from imagenomer.progress import Steps
from imagenomer.readers.claims import CERTAIN, Claim, Piece, Unread
from imagenomer.readers.families import Family
from imagenomer.readers.formats import scan_files
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe

ACCEPTS = ""  # one matrix a scan, as the other door has it

#: What goes with the matrices, by the beginning of the name, and why it is not read.
_BESIDE = {
    "ROISignals_": "time series of parcels; their correlations are in ROICorrelation_*, which DPABI writes beside them",
    "ROI_OrderKey_": "the order of the parcels as DPABI has it",
    "ROI_CenterOfMass_": "centres of the parcels, one file a scan",
}


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the names that DPABI gives; matrices only if they are such."""
    name = family.members[0].path.rpartition("/")[2]
    for beginning, why in _BESIDE.items():
        if name.startswith(beginning):
            return Claim(family, why.partition(";")[0].partition(",")[0], CERTAIN, why)
    if not re.match(r"ROICorrelation_", name):
        return None
    found = scan_files.claim(family, look, recipe)
    if found is None or not found.details.is_matrix:
        return None
    what = "Fisher z" if name.startswith("ROICorrelation_FisherZ_") else "correlations"
    return Claim(family, f"DPABI's {what}: {found.what}", CERTAIN, found.details)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of the matrices, as of those of any other program; say why the rest is not read."""
    if isinstance(claim.details, str):
        return [Unread(claim.family.pattern, claim.details)]
    return (yield from scan_files.read(claim, listing, recipe, notes))
