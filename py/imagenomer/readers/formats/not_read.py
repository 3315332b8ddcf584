"""Files that are known by their names and not read, each with the way on."""

from __future__ import annotations

from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import POSSIBLE, Claim, Piece, Unread
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Listing
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
_HDF5 = (b"MATLAB 7.3", b"\x89HDF")


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the ending."""
    way = _WAYS.get(family.extension)
    if family.extension == "mat" and family.members[0].entry.read(0, 16).startswith(_HDF5):
        way = "a MATLAB file of version 7.3 (HDF5); in MATLAB: save(file, '-v7')"
    return None if way is None else Claim(family, way.partition(";")[0], POSSIBLE, way)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Say what it is, and the way on."""
    yield Progress(f"Looking at {claim.family.pattern}")
    return [Unread(claim.family.pattern, f"not read yet: {claim.details}")]
