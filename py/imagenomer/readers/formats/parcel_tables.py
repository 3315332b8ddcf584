"""Tables of parcels: BrainNet Viewer's .node, names with coordinates or networks, and the two lists of NBS."""

from __future__ import annotations

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, LIKELY, Claim, Parcels, Piece
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.parcel_tables import EXTENSIONS, ParcelTable, read_parcel_table
from imagenomer.readers.recipe import Recipe

ACCEPTS = "a table of parcels (names, coordinates, networks; BrainNet Viewer's .node) beside the scans"


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim a file that names parcels or says where they are."""
    if len(family.members) > 1 or family.extension not in EXTENSIONS:
        return None
    try:
        table = read_parcel_table(family.members[0].entry)
    except InputError as error:
        return Claim(family, "a damaged table of parcels", CERTAIN, error)
    if table is None:
        return None
    sure = table.coordinates is not None and (table.labels or family.extension == "node")
    return Claim(family, table.words, CERTAIN if sure else LIKELY, table)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make parcels of it.

    Raises
    ------
    InputError
        If it is damaged.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    if isinstance(claim.details, InputError):
        raise claim.details
    table: ParcelTable = claim.details
    return [Parcels(claim.family.pattern, table)]
