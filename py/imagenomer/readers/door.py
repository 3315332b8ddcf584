"""The door: whatever somebody has, family of files by family, claimed by formats and assembled to one cohort."""

from __future__ import annotations

from imagenomer.cohort import Cohort
from imagenomer.progress import Steps
from imagenomer.readers.assemble import assemble
from imagenomer.readers.claims import Unread
from imagenomer.readers.formats import load_formats
from imagenomer.readers.listing import Listing
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.people import person_column
from imagenomer.readers.recipe import read_recipe
from imagenomer.readers.understanding import claims_of, raise_problems, read_pieces
from imagenomer.types import JsonObject


def open_pieces(listing: Listing, recipe: JsonObject | None, notes: Notes) -> Steps[Cohort | tuple[Unread, ...]]:
    """Return the cohort that the files make; what is known in them and not read where they make none.

    Raises
    ------
    InputError
        If what is known cannot be used.
    Question
        If something must be known that the files do not say.
    """
    answers = read_recipe({} if recipe is None else recipe)
    claims, unknown = yield from claims_of(listing, answers)
    notes.recognised(
        f"{count(len(listing.entries), 'file')} of {count(len(claims) + len(unknown), 'kind')}",
        [f"{claim.family.pattern}: {claim.what}" for _, claim in claims],
    )
    pieces = yield from read_pieces(claims, unknown, listing, answers, notes)
    named = any(one.person or person_column(one.columns, None, answers) for one in pieces.tables)
    if not named and not pieces.connectivity:
        raise_problems(pieces.problems)
        return tuple(pieces.unread)
    return (yield from assemble(listing, pieces, answers, notes))


def accepted() -> list[str]:
    """Return what may be dropped, in words, of every format."""
    return [form.ACCEPTS for form in load_formats().values() if form.ACCEPTS]
