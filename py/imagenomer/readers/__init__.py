"""Readers: from the files that somebody has to a cohort.

Three formats hold whole cohorts (`bundle`, `predecessor`, `plink`). All others are in `formats`, one file each.

A reader says in the cohort's log what it recognised, what it ignored and why, and what is doubtful.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from imagenomer.cohort import Cohort, with_columns
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.readers import bundle, plink, predecessor
from imagenomer.readers.bundle import bundle_bytes, write_bundle
from imagenomer.readers.bundle.columns import decided_columns
from imagenomer.readers.checks import checked
from imagenomer.readers.column_lines import column_lines
from imagenomer.readers.doubts import answered_by, with_codes
from imagenomer.readers.gaps import settled_gaps
from imagenomer.readers.listing import Listing, listing_from, listing_of, with_clean_paths
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe, answers_of_whole, with_own_recipe
from imagenomer.types import JsonObject

__all__ = [
    "Listing",
    "bundle_bytes",
    "listing_from",
    "listing_of",
    "open_cohort",
    "with_own_recipe",
    "write_bundle",
]


class Format(Protocol):
    """What the module of a format defines."""

    @property
    def ACCEPTS(self) -> str:  # noqa: N802 - a constant of the module
        """What to drop, in words."""

    def recognise(self, listing: Listing) -> bool:
        """Tell whether the files are of this format, by their names."""

    def is_whole(self, listing: Listing) -> bool:
        """Tell whether the format has a place for all that belongs to a cohort there, of files that it recognises."""

    def read(self, listing: Listing, notes: Notes) -> Steps[Cohort]:
        """Read them, and note in ``notes`` what was found; their names pass through it."""


#: Asked in this order.
_FORMATS: tuple[Format, ...] = (bundle, predecessor, plink)


_DEMOGRAPHICS = ("demographics.pkl", "participants.tsv")


def open_cohort(listing: Listing, recipe: JsonObject | None = None) -> Steps[Cohort]:
    """Read a cohort in whichever known formats it is.

    The first ImageNomer's folder, our bundle and PLINK's files alone are read as they always were; whatever else is
    there is claimed by formats, file family by file family, and assembled (`imagenomer.readers.door`).

    Parameters
    ----------
    listing : Listing
    recipe : mapping or None
        Answers to what the files cannot say, and corrections of columns (`imagenomer.readers.recipe`); a recipe among
        the files is added.

    Raises
    ------
    InputError
        If no format is recognised (the message says what was found and what would be), or the files cannot be used.
    Question
        If the files do not say what has to be known; the message has the answers that a recipe takes.
    """
    notes = Notes()
    listing, recipe = with_own_recipe(listing, recipe)
    listing = with_clean_paths(listing, notes)
    # Scans are found at any depth: of two cohorts side by side they would be mixed.
    if not any(name in listing for name in _DEMOGRAPHICS):
        _refuse_cohorts(listing, [one for one in _inside(listing) if any(name in one for name in _DEMOGRAPHICS)])
    reader = next((reader for reader in _FORMATS if reader.recognise(listing)), None)
    if reader is not None and reader.is_whole(listing):
        answers = answers_of_whole(recipe, f"{listing.name} was taken for {reader.ACCEPTS}")
        return (yield from _read(reader, listing, notes, answers))
    _refuse_cohorts(listing, [one for one in _inside(listing) if bundle.recognise(one)])
    from imagenomer.readers import door  # late: most cohorts are in a format of their own

    found = yield from door.open_pieces(listing, recipe, notes)
    if isinstance(found, Cohort):
        return found
    if reader is not None and recipe is None and (reader is plink or not found):
        return (yield from _read(reader, listing, notes, Recipe()))
    _refuse_cohorts(listing, [one for one in _inside(listing) if any(reader.recognise(one) for reader in _FORMATS)])
    known = "".join(f"\n{one.source}: {one.why}." for one in found[:5])
    accepted = (f"\n- {one}" for one in (*(reader.ACCEPTS for reader in _FORMATS), *door.accepted()))
    # The page folds what follows the empty line.
    raise InputError(
        f"{_described(listing)}, and no cohort that is recognised.{known}\nNeeded are a table of people, or "
        "connectivity of scans that are named; “Get your data in” in the documents shows both."
        f"\n\nImageNomer opens:{''.join(accepted)}"
    )


def _read(reader: Format, listing: Listing, notes: Notes, answers: Recipe) -> Steps[Cohort]:
    """Read a cohort in a format of its own, check it as those of the other door are, and correct its columns."""
    cohort = yield from reader.read(listing, notes)
    found = Notes()
    decided = decided_columns(listing, Notes()) if reader is bundle else frozenset[str]()
    cohort, doubts = with_codes(cohort, decided, found)
    new = tuple(entry for entry in found.log() if entry not in cohort.log)
    cohort = checked(replace(cohort, log=(*cohort.log, *new)), files_were_checked=reader is predecessor)
    settled = Notes()
    # These are opened as ever: what is missing is in the log, and no reason to stop at the screen.
    gaps = [replace(line, certain=True) for line in settled_gaps(cohort.measures, answers.edges, settled)]
    cohort = replace(cohort, log=(*cohort.log, *settled.log()))
    if answers.columns:
        cohort = with_columns(cohort, {**cohort.corrections, **answers.corrections})
    said = {name: one.json() for name, one in cohort.corrections.items()}
    return replace(cohort, understood=(*gaps, *column_lines(answered_by(doubts, cohort), said)))


def _inside(listing: Listing) -> list[Listing]:
    return [Listing(folder, listing.under(folder)) for folder in listing.folders()]


def _refuse_cohorts(listing: Listing, cohorts: list[Listing]) -> None:
    """Refuse a folder around several cohorts, such as the first ImageNomer's data/."""
    if cohorts:
        names = ", ".join(one.name for one in cohorts)
        raise InputError(f"{listing.name} holds folders that look like cohorts: {names}; open one of them")


def _described(listing: Listing) -> str:
    paths = list(listing)
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5:,} more" if len(paths) > 5 else "")
    return f"{listing.name} holds {shown or 'no file'}"
