"""Readers: one file per format, each with `recognise` and `read`.

A reader says in the cohort's log what it recognised, what it ignored and why, and what is doubtful.
"""

from __future__ import annotations

from typing import Protocol

from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.readers import bundle, plink, predecessor
from imagenomer.readers.bundle import bundle_bytes, write_bundle
from imagenomer.readers.listing import Listing, listing_from, listing_of, with_clean_paths
from imagenomer.readers.notes import Notes

__all__ = ["Listing", "bundle_bytes", "listing_from", "listing_of", "open_cohort", "write_bundle"]


class Format(Protocol):
    """What the module of a format defines."""

    @property
    def ACCEPTS(self) -> str:  # noqa: N802 - a constant of the module
        """What to drop, in words."""

    def recognise(self, listing: Listing) -> bool:
        """Tell whether the files are of this format, by their names."""

    def read(self, listing: Listing, notes: Notes) -> Steps[Cohort]:
        """Read them, and note in ``notes`` what was found; their names pass through it."""


#: Asked in this order.
_FORMATS: tuple[Format, ...] = (bundle, predecessor, plink)

_HDF5 = (".mat", ".h5", ".hdf5")
_HDF5_HEAD, _LARGEST_HDF5 = 4096, 500_000_000

_DEMOGRAPHICS = ("demographics.pkl", "participants.tsv")


def open_cohort(listing: Listing) -> Steps[Cohort]:
    """Read a cohort in whichever known format it is.

    Raises
    ------
    InputError
        If no format is recognised (the message says what was found and what would be), or the files cannot be used.
    """
    notes = Notes()
    listing = with_clean_paths(listing, notes)
    # Scans are found at any depth: of two cohorts side by side they would be mixed.
    if not any(name in listing for name in _DEMOGRAPHICS):
        _refuse_cohorts(listing, [one for one in _inside(listing) if any(name in one for name in _DEMOGRAPHICS)])
    for reader in _FORMATS:
        if reader.recognise(listing):
            return (yield from reader.read(listing, notes))
    _refuse_cohorts(listing, [one for one in _inside(listing) if any(reader.recognise(one) for reader in _FORMATS)])
    accepted = "; or ".join(reader.ACCEPTS for reader in _FORMATS)
    raise InputError(
        f"{_described(listing)}, and no cohort that is recognised. {_arrays_in(listing)}ImageNomer opens {accepted}"
    )


def _inside(listing: Listing) -> list[Listing]:
    return [Listing(folder, listing.under(folder)) for folder in listing.folders()]


def _refuse_cohorts(listing: Listing, cohorts: list[Listing]) -> None:
    """Refuse a folder around several cohorts, such as the first ImageNomer's data/."""
    if cohorts:
        names = ", ".join(one.name for one in cohorts)
        raise InputError(f"{listing.name} holds folders that look like cohorts: {names}; open one of them")


def _arrays_in(listing: Listing) -> str:
    """Return a sentence on the first file with arrays in HDF5 and the way on; nothing where there is none."""
    for path, entry in listing.entries.items():
        if not path.lower().endswith(_HDF5) or entry.size > _LARGEST_HDF5:
            continue
        from imagenomer.readers.hdf5 import is_hdf5, open_hdf5  # late: it comes with its library

        if not is_hdf5(entry.read(0, _HDF5_HEAD)):
            continue
        file = open_hdf5(path, entry.read())
        held = [f"{name} ({' x '.join(map(str, shape))})" for name, shape in file.arrays.items()]
        kind = "a MATLAB 7.3 file" if file.is_matlab else "an HDF5 file"
        shown = ", ".join(held[:5]) + (f" and {len(held) - 5:,} more" if len(held) > 5 else "")
        return f"{path} is {kind} with {shown or 'no array'}: save the matrix of each scan as a .npy file. "
    return ""


def _described(listing: Listing) -> str:
    paths = list(listing)
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5:,} more" if len(paths) > 5 else "")
    return f"{listing.name} holds {shown or 'no file'}"
