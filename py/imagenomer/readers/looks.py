"""Looks: what was read of a file while formats ask whose it is, so that each file is read once for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numpy.typing import NDArray

from imagenomer.errors import InputError
from imagenomer.readers.arrays import arrays_in
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.matrix_text import NumberText, read_numbers

Found = TypeVar("Found")


class Look:
    """Looks into the files of a listing; what was found is kept until `forget`."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self._kept: dict[tuple[str, str], Any] = {}

    def arrays(self, entry: Entry) -> dict[str, NDArray[Any]]:
        """Return the arrays of a .npy, .npz or .mat file (`imagenomer.readers.arrays.arrays_in`)."""
        return self._once("arrays", entry, arrays_in)

    def numbers(self, entry: Entry) -> NumberText:
        """Return the numbers of a text (`imagenomer.readers.matrix_text.read_numbers`)."""
        return self._once("numbers", entry, lambda entry: read_numbers(entry.read(), entry.path))

    def forget(self) -> None:
        """Let go of what was found."""
        self._kept.clear()

    def _once(self, what: str, entry: Entry, read: Callable[[Entry], Found]) -> Found:
        key = what, entry.path
        if key not in self._kept:
            try:
                self._kept[key] = read(entry)
            except InputError as error:
                self._kept[key] = error
        found = self._kept[key]
        if isinstance(found, InputError):
            raise found
        return found  # type: ignore[no-any-return]
