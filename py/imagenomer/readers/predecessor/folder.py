"""A cohort folder while it is read: what is left to read, and what there is to say about it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imagenomer.errors import InputError
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.npy import read_npy
from imagenomer.types import FloatArray


@dataclass(slots=True)
class Folder:
    """One reading of a folder.

    Attributes
    ----------
    listing : Listing
    notes : Notes
    used : set of str
        Paths that were recognised.
    position : dict of str to int
        Each subject's place in the cohort.
    """

    listing: Listing
    notes: Notes
    used: set[str] = field(default_factory=set)
    position: dict[str, int] = field(default_factory=dict)

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(self.position)

    def matching(self, folder: str, pattern: re.Pattern[str]) -> list[tuple[re.Match[str], Entry]]:
        """Files below a folder whose path matches, marked as used."""
        found = []
        for path, entry in self.listing.under(folder).items():
            match = pattern.fullmatch(path)
            if match is not None:
                found.append((match, entry))
                self.used.add(f"{folder}/{path}")
        return found

    def vector(self, entry: Entry) -> FloatArray | None:
        """The values of a .npy file as one row of float64; None, and a word in the log, where it cannot be read."""
        try:
            return np.asarray(read_npy(entry.read(), entry.path), dtype=np.float64).ravel()
        except InputError as error:
            self.notes.warning(f"A file was excluded: {error}")
            return None

    def say_unknown(self, what: str, subjects: Collection[str]) -> None:
        """Note subjects of files who are not in the cohort."""
        if subjects:
            self.notes.ignored(f"{what} of subjects without demographics, excluded", subjects)

    def say_lacking(self, what: str, having: Collection[str]) -> None:
        """Note subjects of the cohort who have no file."""
        lacking = [subject for subject in self.subjects if subject not in having]
        if lacking:
            self.notes.recognised(f"{count(len(lacking), 'subject')} without {what}", lacking)


def subject_name(key: Any, notes: Notes) -> str | None:
    """A key of the demographics as file names spell it; pandas makes floats of integers."""
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        return None
    return notes.clean(str(key)).strip() or None
