"""Claims and pieces: what a format says a family of files is, and what it makes of it. `assemble` makes cohorts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np

from imagenomer.cohort import Alternative, Scan
from imagenomer.progress import Steps
from imagenomer.readers.evidence.order import Kind
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.parcel_tables import ParcelTable
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.tables import ColumnFacts
from imagenomer.types import Float32Array, FloatArray

#: How sure a format is of a family: by its contents, by its contents and name, by marks that nothing else has.
POSSIBLE, LIKELY, CERTAIN = 1, 2, 3
#: Of files that are known to be of no use: whatever else is claimed of them goes before.
OF_NO_USE = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a format takes a family for.

    Attributes
    ----------
    family : Family
    what : str
        In words: "matrices of 100 parcels".
    certainty : int
        `POSSIBLE`, `LIKELY` or `CERTAIN`, or `OF_NO_USE`; of several formats the surest reads the family.
    details : object
        What the format found out, for its own `read`.
    """

    family: Family
    what: str
    certainty: int
    details: Any = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text about people, by column; ``person`` is the column that names them where the format knows it."""

    source: str
    columns: dict[str, list[str]]
    facts: Mapping[str, ColumnFacts] = field(default_factory=dict)
    person: str | None = None
    decimal_comma: bool = False
    sentences: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.columns.values()), []))


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Edges of scans, read only if they are chosen.

    Attributes
    ----------
    source : str
        Pattern of the family, and the array in it.
    measure : str
        Its name, the same for versions of one measure in different units.
    kind : str or None
        What the values are.
    n_parcels : int
    scans : tuple of Scan
        In the order of the rows; subjects are as the files name them, "" where they do not.
    load : callable
        Returns the values, shape (n_scans, n_edges), in the program's own edge order; NaN where missing.
    labels : tuple of str
        Of the parcels; empty where unknown.
    coordinates : ndarray, shape (n_parcels, 3), or None
        MNI millimetres.
    sentences : tuple of str
        The evidence.
    by_place : bool
        The names of the subjects are places in an order that the files do not tell: only the same names join them.
    orders : tuple of Alternative
        Where edges were written as vectors: the orders in which they can be read.
    """

    source: str
    measure: str
    kind: Kind | None
    n_parcels: int
    scans: tuple[Scan, ...]
    load: Callable[[], Steps[Float32Array]]
    labels: tuple[str, ...] = ()
    coordinates: FloatArray | None = None
    sentences: tuple[str, ...] = ()
    by_place: bool = False
    orders: tuple[Alternative, ...] = ()

    @property
    def pattern(self) -> str:
        """The family that it is of."""
        return self.source.split(", ")[0]

    @property
    def named(self) -> bool:
        return all(scan.subject for scan in self.scans)


@dataclass(frozen=True, slots=True)
class ScanQuality:
    """Columns about scans, such as motion; cells as text, one a scan."""

    source: str
    scans: tuple[Scan, ...]
    columns: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Unread:
    """A family that is known and not read, and why."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Parcels:
    """What a file tells of parcels, in its own order."""

    source: str
    table: ParcelTable


Piece: TypeAlias = Table | Connectivity | ScanQuality | Parcels | Unread


class Format(Protocol):
    """What a module in `imagenomer.readers.formats` defines."""

    @property
    def ACCEPTS(self) -> str:  # noqa: N802 - a constant of the module
        """What to drop, in words."""

    def claim(self, family: Family, look: Look, recipe: Recipe) -> Claim | None:
        """Say what the family is, by its names and a look into few of its files; None for what is not known."""

    def read(self, claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
        """Make pieces of the family."""


def of_vectors(values: np.ndarray[Any, Any], columns: np.ndarray[Any, Any]) -> Float32Array:
    """Return columns of values in single precision, NaN where they are infinite or too large for it."""
    with np.errstate(over="ignore", invalid="ignore"):
        block = values[..., columns].astype(np.float32)
    block[np.isinf(block)] = np.nan
    return block
