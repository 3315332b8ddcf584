"""Files that are known by their names and not read, each with the way on."""

from __future__ import annotations

import re

from imagenomer.progress import Progress, Steps
from imagenomer.readers.arrays import HDF5_MARKS
from imagenomer.readers.claims import LIKELY, POSSIBLE, Claim, Piece, Unread
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe

ACCEPTS = ""

_TABLE = "save the table as .csv or .tsv"
_IMAGES = "make one matrix a scan of it (nilearn, CONN, XCP-D) and drop those"
_WAYS = {
    "sav": f"an SPSS file; {_TABLE}",
    "zsav": f"an SPSS file; {_TABLE}",
    "parquet": f"a Parquet file; {_TABLE}",
    "h5": "an HDF5 file; save its arrays as .npy",
    "nii": f"an image; {_IMAGES}",
    "nii.gz": f"an image; {_IMAGES}",
    "pconn.nii": "a CIFTI matrix; wb_command -cifti-convert -to-text makes a text of it",
    "ptseries.nii": f"time series in CIFTI; {_IMAGES}",
    "graphml": "a graph; save its weights as a matrix (.csv)",
    "node": "parcels of BrainNet Viewer; save them as atlas.tsv (label, x, y, z, network)",
}
#: Names of the two columns that say which parcels an edge is between.
_ENDS = [
    {"source", "target"},
    {"from", "to"},
    *({f"{what}{mark}1", f"{what}{mark}2"} for what in ("node", "roi", "region", "parcel") for mark in ("", "_")),
]
_EDGES = "a list of edges, one a row; save a matrix for each scan of it (.csv)"
#: More columns than these are no list of edges.
_MOST_COLUMNS = 6


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the ending, or a list of edges by the names of its columns."""
    members = family.members
    looked_at = [members[place].entry for place in {0, len(members) // 2, len(members) - 1}]
    if family.extension in ("csv", "tsv", "txt") and all(map(_is_list_of_edges, looked_at)):
        return Claim(family, _EDGES.partition(";")[0], LIKELY, _EDGES)
    way = _WAYS.get(family.extension)
    if family.extension == "mat" and family.members[0].entry.read(0, 16).startswith(HDF5_MARKS):
        way = "a MATLAB file of version 7.3 (HDF5); in MATLAB: save(file, '-v7')"
    return None if way is None else Claim(family, way.partition(";")[0], POSSIBLE, way)


def _is_list_of_edges(entry: Entry) -> bool:
    head = entry.read(0, 4096).decode("utf-8", "replace").lstrip("\ufeff").partition("\n")[0]
    names = {name.strip(' "') for name in re.split(r"[\t,; ]", head.lower().strip())}
    return len(names) <= _MOST_COLUMNS and any(ends <= names for ends in _ENDS)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Say what it is, and the way on."""
    yield Progress(f"Looking at {claim.family.pattern}")
    return [Unread(claim.family.pattern, f"not read yet: {claim.details}")]
