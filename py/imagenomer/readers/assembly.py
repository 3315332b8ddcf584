"""Assembly: a cohort while `assemble` puts it together, and what `understood` then tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from imagenomer.cohort import Alternative, ReadColumn, Scan, Understanding
from imagenomer.parcellation import Parcellation
from imagenomer.readers.claims import Connectivity
from imagenomer.readers.doubts import ColumnDoubts
from imagenomer.readers.evidence.ids import IdMatch
from imagenomer.readers.joins import PersonTable
from imagenomer.readers.listing import Listing
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.understanding import Pieces


@dataclass(frozen=True, slots=True)
class ParcelChoice:
    """What the parcels were taken for: ``certain`` where nobody need look, and what else they may be."""

    parcellation: Parcellation
    certain: bool
    alternatives: tuple[Alternative, ...]


@dataclass(slots=True)
class Assembly:
    """A cohort while it is put together.

    Attributes
    ----------
    tables : list of PersonTable
        The main one first.
    chosen : dict of str to list of Connectivity
        By measure.
    persons : dict of str to str
        From the names of scans to subjects.
    position : dict of str to int
        Each subject's place in the cohort.
    versions : dict of str to list of Connectivity
        All that were found of each measure.
    match : IdMatch or None
        How the names of scans and of the main table were joined.
    columns_of : dict of str to tuple of str
        The phenotypes that each source came to.
    left_out : dict of str to str
        Tables that joined nobody, and why.
    doubts : ColumnDoubts
        What of columns somebody should look at.
    parcels : ParcelChoice or None
        What the parcels were taken for; None where there is no connectivity.
    columns : dict of str to ReadColumn
        With codes for missing values.
    repeated : dict of str to list of str
        By table the subjects with several rows, where no name of a column tells that these are visits.
    gaps : list of Understanding
        What is said of edges that some scans lack.
    averaged : set of str
        Columns that vary between visits, corrected before they were averaged.
    """

    listing: Listing
    pieces: Pieces
    recipe: Recipe
    notes: Notes
    tables: list[PersonTable] = field(default_factory=list)
    chosen: dict[str, list[Connectivity]] = field(default_factory=dict)
    versions: dict[str, list[Connectivity]] = field(default_factory=dict)
    match: IdMatch | None = None
    columns_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    doubts: ColumnDoubts = field(default_factory=ColumnDoubts)
    columns: dict[str, ReadColumn] = field(default_factory=dict)
    repeated: dict[str, list[str]] = field(default_factory=dict)
    gaps: list[Understanding] = field(default_factory=list)
    averaged: set[str] = field(default_factory=set)
    parcels: ParcelChoice | None = None
    persons: dict[str, str] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    scans: list[Scan] = field(default_factory=list)
    set_aside: list[Scan] = field(default_factory=list)

    @property
    def used(self) -> list[Connectivity]:
        return [piece for pieces in self.chosen.values() for piece in pieces]
