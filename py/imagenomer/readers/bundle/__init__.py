"""The bundle, our own format: a folder or a zip whose entries are stored, with everything a cohort has.

::

    bundle.json                  format, version, name, atlas, what is in which file, the import log
    participants.tsv + .json     one row a subject; BIDS: participant_id first, n/a, Levels, Units, Description
    scans.tsv (+ .json)          participant_id, task, session, run, in the order of the connectivity; other columns,
                                 such as motion, become phenotypes when read (`imagenomer.readers.scan_columns`)
    connectivity/<measure>.npy   n_scans x n_edges, float32; or int16 with a scale in bundle.json
    atlas.tsv                    label, x, y, z, network, in file order
    genotypes/<set>.bed .bim .fam
    decompositions/<name>.npz    components, scores
    weights/<name>.npz           values

Written as float32 a cohort comes back as it was. As int16 it takes half the
space and the values move by at most 1.5e-5 of their range.
"""

from __future__ import annotations

from imagenomer.cohort import Cohort
from imagenomer.progress import Steps
from imagenomer.readers.bundle.layout import VERSION
from imagenomer.readers.bundle.reader import Import
from imagenomer.readers.bundle.writer import bundle_bytes, write_bundle
from imagenomer.readers.listing import Listing
from imagenomer.readers.notes import Notes

__all__ = ["ACCEPTS", "VERSION", "bundle_bytes", "is_whole", "read", "recognise", "write_bundle"]

#: What to drop, in words.
ACCEPTS = "a bundle, that is a folder or a .zip with bundle.json"


def recognise(listing: Listing) -> bool:
    """Tell whether this is a bundle."""
    return "bundle.json" in listing


def read(listing: Listing, notes: Notes) -> Steps[Cohort]:
    """Read a bundle.

    Raises
    ------
    InputError
        If a newer program wrote it, a part that everything else rests on is missing or inconsistent (the message says
        which, with the numbers), two parts have one name, or nobody is in it. Whatever else is inconsistent is left
        out, and the log says so.
    """
    return (yield from Import(listing, notes).run())


def is_whole(listing: Listing) -> bool:
    """Tell that all that belongs to a cohort is in the bundle."""
    return recognise(listing)
