"""GIFT: functional network connectivity of all subjects and sessions among components, NAME_postprocess_results.mat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Scan
from imagenomer.edges import n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Connectivity, Piece, of_vectors
from imagenomer.readers.evidence.order import Kind, kind_of
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.measures import KINDS, measure_name
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.squares import edges_of_squares
from imagenomer.types import Float32Array

ACCEPTS = "GIFT's NAME_postprocess_results.mat"

_ARRAY = "fnc_corrs_all"
_FEWEST_COMPONENTS = 3


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim a file of this name with subjects x sessions x components x components."""
    if len(family.members) > 1 or not family.members[0].path.lower().endswith("postprocess_results.mat"):
        return None
    entry = family.members[0].entry
    try:
        values = _values(entry, look)
    except InputError:
        return None
    return Claim(family, f"GIFT's connectivity of {values.shape[-1]} components", CERTAIN, values.shape)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of it; its subjects have numbers, in the order of GIFT's own list."""
    family, entry = claim.family, claim.family.members[0].entry
    yield Progress(f"Reading {family.pattern}")
    values = _values(entry, Look(listing))
    n_subjects, n_sessions, n_components = values.shape[:3]
    found = edges_of_squares(values)
    if found is None:
        raise InputError(f"{entry.path}: the matrices in {_ARRAY} are not symmetric")
    edges = found[0].reshape(-1, n_edges_of(n_components))
    scans = tuple(
        Scan("", f"Subject{subject:03d}", str(session) if n_sessions > 1 else "")
        for subject in range(1, n_subjects + 1)
        for session in range(1, n_sessions + 1)
    )
    kind = _kind(values.reshape(-1, n_components, n_components))

    def load() -> Steps[Float32Array]:
        yield Progress(f"Reading {family.name}")
        return of_vectors(edges, np.arange(edges.shape[1]))

    name = measure_name(kind, "gift", recipe.file(family.pattern).get("measure"))
    sentences = (
        f"the values are {KINDS[kind]}",
        "the parcels are components of GIFT, which have no place of their own",
        "GIFT's subjects have numbers, in the order in which they were analysed",
    )
    return [Connectivity(family.pattern, name, kind, n_components, scans, load, sentences=sentences, by_place=True)]


def _values(entry: Entry, look: Look) -> NDArray[Any]:
    """Return the array, shape (n_subjects, n_sessions, n_components, n_components)."""
    values = look.arrays(entry).get(_ARRAY)
    if values is None or values.dtype.kind not in "fiu":
        raise InputError(f"{entry.path} has no array {_ARRAY}")
    if values.ndim == 3:
        values = values[:, None]
    if values.ndim != 4 or values.shape[2] != values.shape[3] or values.shape[3] < _FEWEST_COMPONENTS:
        raise InputError(
            f"{entry.path}: {_ARRAY} has the shape {values.shape}, not subjects x sessions x components x components"
        )
    return values


def _kind(squares: NDArray[Any]) -> Kind | None:
    """Return what the values are; GIFT writes Fisher z, and small ones pass for correlations, too."""
    some = np.nan_to_num(squares[:5].astype(np.float64))
    some[:, range(some.shape[1]), range(some.shape[1])] = 0.0
    return "z" if kind_of(np.tanh(some)) == "r" else None
