"""Files that are known by their names and not read, each with the way on."""

from __future__ import annotations

import re

from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.arrays import EXTENSIONS
from imagenomer.readers.cifti import read_pconn
from imagenomer.readers.claims import LIKELY, OF_NO_USE, POSSIBLE, Claim, Piece, Unread
from imagenomer.readers.families import Family
from imagenomer.readers.hdf5_signature import is_hdf5
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.recipe import Recipe

ACCEPTS = ""

_TABLE = "save the table as .csv or .tsv"
_IMAGES = "make one matrix a scan of it (nilearn, CONN, XCP-D) and drop those"
_WAYS = {
    "sav": f"an SPSS file; {_TABLE}",
    "zsav": f"an SPSS file; {_TABLE}",
    "parquet": f"a Parquet file; {_TABLE}",
    "nii": f"an image; {_IMAGES}",
    "nii.gz": f"an image; {_IMAGES}",
    "ptseries.nii": "time series of parcels in CIFTI; wb_command -cifti-correlation makes a .pconn.nii of each",
    "graphml": "a graph; save its weights as a matrix (.csv)",
}
#: Names of the two columns that say which parcels an edge is between.
_ENDS = [
    {"source", "target"},
    {"from", "to"},
    *({f"{what}{mark}1", f"{what}{mark}2"} for what in ("node", "roi", "region", "parcel") for mark in ("", "_")),
]
_EDGES = "a list of edges, one a row, whose column of values cannot be told; keep one, called weight"
#: Larger files of arrays are not looked into, and more arrays than these are not named.
_LARGEST, _SHOWN = 200_000_000, 5
#: More columns than these are no list of edges.
_MOST_COLUMNS = 6


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the ending, or a list of edges by the names of its columns."""
    members = family.members
    looked_at = [members[place].entry for place in {0, len(members) // 2, len(members) - 1}]
    if family.extension in ("csv", "tsv", "txt") and all(map(_is_list_of_edges, looked_at)):
        return Claim(family, _EDGES.partition(";")[0], LIKELY, _EDGES)
    way = _WAYS.get(family.extension)
    if family.extension == "pconn.nii" and len(members) == 1:
        return _damaged_cifti(family)
    if way is not None:
        return Claim(family, way.partition(";")[0], POSSIBLE, way)
    held = _held(members[0].entry, look) if len(members) == 1 and family.extension in EXTENSIONS else ""
    return Claim(family, held.partition(";")[0], OF_NO_USE, held) if held else None


def _damaged_cifti(family: Family) -> Claim | None:
    """Say why a CIFTI matrix is of no use."""
    try:
        names = read_pconn(family.members[0].entry)[1]
    except InputError as error:
        why = str(error)
    else:
        why = f"a CIFTI matrix of {count(len(names), 'parcel')} that is not symmetric"
    return Claim(family, why, OF_NO_USE, why)


def _held(entry: Entry, look: Look) -> str:
    """Say what a file of arrays holds, none of which is connectivity; or why it cannot be read."""
    if entry.size > _LARGEST:
        return ""
    try:
        arrays = look.arrays(entry)
    except InputError as error:
        return str(error)
    shapes = [f"{name} ({' x '.join(map(str, one.shape)) or 'one value'})".strip() for name, one in arrays.items()]
    more = f" and {len(shapes) - _SHOWN} more" if len(shapes) > _SHOWN else ""
    held = ", ".join(shapes[:_SHOWN]) + more if shapes else "no array of numbers"
    what = "a file of MATLAB 7.3 or HDF5" if is_hdf5(entry) else f"a .{entry.path.rpartition('.')[2].lower()} file"
    return (
        f"{what} with {held}: neither a symmetric matrix, nor a vector as long as the triangle of one, nor several "
        "of either; save one matrix a scan"
    )


def _is_list_of_edges(entry: Entry) -> bool:
    head = entry.read(0, 4096).decode("utf-8", "replace").lstrip("\ufeff").partition("\n")[0]
    names = {name.strip(' "') for name in re.split(r"[\t,; ]", head.lower().strip())}
    return len(names) <= _MOST_COLUMNS and any(ends <= names for ends in _ENDS)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Say what it is, and the way on."""
    yield Progress(f"Looking at {claim.family.pattern}")
    n = len(claim.family.members)
    why = f"not read yet: {claim.details}"
    if claim.certainty == OF_NO_USE:
        why = f"{count(n, 'file')}, the first {claim.details}" if n > 1 else claim.details
    return [Unread(claim.family.pattern, why)]
