"""One file a scan: a square matrix or a vector of edges, as text, .npy, .npz, .mat, .h5 or CIFTI (.pconn.nii).

XCP-D, giga_connectome and C-PAC write such, and so do most scripts. The names of the files say whose they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Alternative, Scan
from imagenomer.edges import n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.arrays import EXTENSIONS, arrays_in
from imagenomer.readers.cifti import read_pconn
from imagenomer.readers.claims import CERTAIN, LIKELY, Claim, Connectivity, Piece, of_vectors
from imagenomer.readers.evidence.order import Kind, Layout, decide, edge_positions, kind_of, layouts_of
from imagenomer.readers.families import Family, Member
from imagenomer.readers.layouts import chosen_layout, layout_alternatives
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.matrix_text import read_numbers
from imagenomer.readers.measures import KINDS, measure_name
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.squares import DONE, edges_of_squares, is_square
from imagenomer.types import Float32Array, FloatArray
from imagenomer.wording import plural

ACCEPTS = "one matrix or vector of edges a scan (.csv, .tsv, .txt, .npy, .mat, .h5, .pconn.nii), named by subject"

_TEXTS = ("csv", "tsv", "txt", "1d", "dat", "edge", "pconn.tsv")
_CIFTI = "pconn.nii"
#: A file looked into; larger ones hold more than a scan.
_LARGEST = 200_000_000
_LOOKS = 3
#: Parcels at least: three numbers are no evidence of three parcels, and two columns of two people of no matrix.
_FEWEST_PARCELS = 4


@dataclass(frozen=True, slots=True)
class ScanArray:
    """What one file holds: a matrix, or a vector, shape (n_values,)."""

    values: NDArray[Any]
    labels: tuple[str, ...] = ()

    @property
    def is_matrix(self) -> bool:
        return self.values.ndim == 2

    @property
    def form(self) -> tuple[int, ...]:
        return self.values.shape


def read_scan(entry: Entry, look: Look | None = None) -> ScanArray:
    """Return the connectivity in a file.

    Parameters
    ----------
    entry : Entry
    look : Look or None
        Keeps what was read of it.

    Raises
    ------
    InputError
        If it cannot be read, or is neither a square matrix nor a vector.
    """
    if entry.path.lower().endswith(f".{_CIFTI}"):
        return ScanArray(*read_pconn(entry))
    if entry.path.rpartition(".")[2].lower() in EXTENSIONS:
        found = [
            array
            for array in (arrays_in(entry) if look is None else look.arrays(entry)).values()
            if array.dtype.kind in "biuf" and array.size > 1
        ]
        fitting = [one for array in found if (one := _scan_of(array)) is not None]
        if len(fitting) != 1:
            shapes = ", ".join(" x ".join(map(str, array.shape)) for array in found) or "nothing of numbers"
            raise InputError(f"{entry.path} holds {shapes}, and not one matrix or vector of edges")
        return fitting[0]
    text = read_numbers(entry.read(), entry.path) if look is None else look.numbers(entry)
    one = _scan_of(text.values)
    if one is None or (not one.is_matrix and (text.rows or text.columns)):
        raise InputError(
            f"{entry.path} holds {text.values.shape[0]} x {text.values.shape[1]} numbers, no square matrix"
        )
    labels = text.columns or text.rows
    return ScanArray(one.values, () if all(label.replace(".0", "").isdigit() for label in labels) else labels)


def _scan_of(array: NDArray[Any]) -> ScanArray | None:
    array = np.squeeze(array) if array.ndim > 2 else array
    if is_square(array) and array.ndim == 2:
        return ScanArray(array)
    if array.size == max(array.shape, default=0) and layouts_of(array.size):
        return ScanArray(array.ravel())
    return None


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim files that each hold one square matrix that is symmetric, or one vector as long as a triangle."""
    if family.extension not in (*_TEXTS, *EXTENSIONS, _CIFTI) or family.members[0].entry.size > _LARGEST:
        return None
    looks = _spread(family.members, _LOOKS)
    try:
        found = [read_scan(member.entry, look) for member in looks]
    except InputError:
        return None
    form = found[0].form
    if any(one.form != form for one in found) or (not found[0].is_matrix and len(family.members) == 1):
        return None
    if found[0].is_matrix:
        if form[0] < _FEWEST_PARCELS or any(edges_of_squares(one.values) is None for one in found):
            return None
        return Claim(family, f"matrices of {form[0]} parcels", CERTAIN if found[0].labels else LIKELY, found[0])
    if layouts_of(form[0])[0].n_parcels < _FEWEST_PARCELS:
        return None
    return Claim(family, f"vectors of {form[0]:,} edges", LIKELY, found[0])


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of the family; order and kind are told from up to five scans.

    Raises
    ------
    Question
        If they are vectors, and their order cannot be told.
    """
    yield Progress(f"Looking at {claim.family.pattern}")
    first: ScanArray = claim.details
    answers = recipe.file(claim.family.pattern)
    looks = [read_scan(member.entry) for member in _spread(claim.family.members, 5)]
    looks = [one for one in looks if one.form == first.form]
    layout, kind, sentences = None, None, []
    orders: tuple[Alternative, ...] = ()
    if first.is_matrix:
        kind = kind_of(np.array([_whole(one.values) for one in looks]))
        sentences = sorted({DONE[done] for one in looks if (done := (edges_of_squares(one.values) or ("", ""))[1])})
        n_parcels = first.form[0]
    else:
        evidence = decide(np.array([one.values for one in looks], dtype=np.float64))
        vector = looks[0].values
        layout = chosen_layout(claim.family.pattern, len(claim.family.members), evidence, answers, vector)
        orders = layout_alternatives(claim.family.pattern, evidence, vector, layout)
        kind, n_parcels = evidence.kind, layout.n_parcels
        sentences = [f"{layout.words}", *evidence.sentences]
    measure = measure_name(kind, claim.family.name, answers.get("measure"))
    piece = connectivity(claim.family, measure, kind, layout, n_parcels, first.labels, sentences, recipe, notes)
    return [replace(piece, orders=orders)]


def connectivity(
    family: Family,
    measure: str,
    kind: Kind | None,
    layout: Layout | None,
    n_parcels: int,
    labels: tuple[str, ...],
    sentences: Sequence[str],
    recipe: Recipe,
    notes: Notes,
) -> Connectivity:
    """Return the measure of a family with one file a scan, vectors of a layout or (None) matrices."""
    answers = recipe.file(family.pattern)
    scans = tuple(
        Scan(
            answers.get("task", member.task),
            member.subject or family.name,
            answers.get("session", member.session),
            member.run,
        )
        for member in family.members
    )
    return Connectivity(
        family.pattern,
        measure,
        kind,
        n_parcels,
        scans,
        _loader(family.members, measure, layout, n_parcels, notes),
        labels,
        sentences=(f"the values are {KINDS[kind]}", *sentences),
    )


def _loader(
    members: Sequence[Member], measure: str, layout: Layout | None, n_parcels: int, notes: Notes
) -> Callable[[], Steps[Float32Array]]:
    def load() -> Steps[Float32Array]:
        block = np.full((len(members), n_edges_of(n_parcels)), np.nan, dtype=np.float32)
        positions = None if layout is None else edge_positions(layout)
        excluded = []
        for row, member in enumerate(members):
            if row % 16 == 0:
                yield Progress(f"Reading {measure}", row, len(members))
            try:
                block[row] = _edges(read_scan(member.entry), positions, block.shape[1], n_parcels, member.path)
            except InputError as error:
                excluded.append(str(error))
        if excluded:
            notes.warning("Scan files that cannot be read were excluded", excluded)
        return block

    return load


def _edges(scan: ScanArray, positions: Any, n_edges: int, n_parcels: int, path: str) -> Float32Array:
    if positions is None:
        found = edges_of_squares(scan.values) if scan.is_matrix and len(scan.values) == n_parcels else None
        if found is None:
            shape = " x ".join(map(str, scan.form))
            raise InputError(f"{path} is {shape}, and not a symmetric matrix of {n_parcels} parcels as the others are")
        return of_vectors(found[0], np.arange(n_edges))
    if scan.is_matrix or scan.values.size <= positions.max():
        raise InputError(f"{path} holds {plural(scan.values.size, 'value')}, another number than the others")
    return of_vectors(scan.values, positions)


def _whole(values: NDArray[Any]) -> FloatArray:
    """Return a matrix with both halves filled."""
    found = edges_of_squares(values)
    result = np.asarray(values, dtype=np.float64).copy()
    if found is not None:
        first, second = np.triu_indices(len(result), k=1)
        result[first, second] = result[second, first] = found[0]
    return result


def _spread(members: Sequence[Member], n: int) -> list[Member]:
    """Return up to ``n`` members, from the first to the last."""
    places = np.unique(np.linspace(0, len(members) - 1, min(n, len(members))).round().astype(np.intp))
    return [members[place] for place in places]
