"""All scans in one array: a stack of matrices, or subjects x edges, whichever axis the subjects are; .npy, .npz, .mat
or numbers as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Alternative, Scan
from imagenomer.edges import n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.arrays import EXTENSIONS
from imagenomer.readers.claims import LIKELY, Claim, Connectivity, Piece, Table, of_vectors
from imagenomer.readers.evidence.order import OrderEvidence, decide, edge_positions, kind_of, layouts_of
from imagenomer.readers.families import Family
from imagenomer.readers.layouts import chosen_layout, layout_alternatives
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.matrix_text import NumberText
from imagenomer.readers.measures import KINDS, measure_name
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Question, Recipe
from imagenomer.readers.squares import DONE, edges_of_squares
from imagenomer.types import Float32Array, JsonObject

ACCEPTS = "a stack of matrices or a table of subjects x edges in one .npy, .npz, .mat, .h5 or text file"

_TEXTS = ("csv", "tsv", "txt", "dat")
#: Edges from which on a table of numbers may be connectivity: smaller ones are phenotypes as often.
_FEWEST_EDGES = 45
#: Columns from which on a table of text may have edges in rows.
_FEWEST_SUBJECTS = 10
#: Planes of a stack looked at.
_PLANES = 5
#: Scans converted at a time.
_BLOCK = 32


@dataclass(frozen=True, slots=True)
class Stack:
    """The arrays of a file: connectivity by name, and what is beside it."""

    arrays: dict[str, NDArray[Any]]
    others: dict[str, NDArray[Any]]
    labels: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim a single file with an array that may be the connectivity of several scans."""
    if len(family.members) > 1 or family.extension not in (*EXTENSIONS, *_TEXTS):
        return None
    try:
        stack = _stack_in(family.members[0].entry, look)
    except InputError:
        return None
    if not stack.arrays:
        return None
    shapes = ", ".join(" x ".join(map(str, array.shape)) for array in stack.arrays.values())
    return Claim(family, f"connectivity of several scans ({shapes})", LIKELY, stack)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of each array, and a table of what stands beside it, one value a scan.

    Raises
    ------
    InputError
        If an array is nothing that is known.
    Question
        If its order, or which of its axes are the subjects, cannot be told.
    """
    stack: Stack = claim.details
    pattern = claim.family.pattern
    pieces: list[Piece] = []
    for name, array in stack.arrays.items():
        yield Progress(f"Looking at {pattern}")
        answers = recipe.file(pattern)
        piece = _of_cube if array.ndim == 3 else _of_table
        pieces.append(piece(claim.family, name, array, stack, answers))
    return [*pieces, *_beside(claim.family, stack, pieces)]


def _stack_in(entry: Entry, look: Look) -> Stack:
    if entry.path.rpartition(".")[2].lower() in EXTENSIONS:
        arrays = {name: np.squeeze(array) for name, array in look.arrays(entry).items()}
        main = {name: array for name, array in arrays.items() if array.dtype.kind in "biuf" and may_be_stack(array)}
        return Stack(main, {name: array for name, array in arrays.items() if name not in main})
    text = look.numbers(entry)
    if not _may_be_edges(text):
        return Stack({}, {})
    return Stack({"": text.values}, {}, people=text.rows)


def _may_be_edges(text: NumberText) -> bool:
    """Whether numbers of a text may be subjects x edges, or the other way round: phenotypes have names that differ."""
    forms = {re.sub("[0-9]+", "#", column) for column in text.columns}
    n_rows, n_columns = text.values.shape
    if n_rows == n_columns or 10 * len(forms) > n_columns:
        return False
    return _may_be_side(n_columns) or (n_columns >= _FEWEST_SUBJECTS and _may_be_side(n_rows))


def _may_be_side(n: int) -> bool:
    return n >= _FEWEST_EDGES and bool(layouts_of(n) or _root(n))


def may_be_stack(array: NDArray[Any]) -> bool:
    """Whether the shape of an array is one of several scans."""
    if array.ndim == 3:
        return len(set(array.shape)) < 3 and min(array.shape) > 1
    return array.ndim == 2 and min(array.shape) > 1 and any(map(_may_be_side, array.shape))


def _root(n: int) -> int:
    """Return the number of parcels whose whole matrix has n values, 0 where there is none."""
    root = int(np.sqrt(n))
    return root if root * root == n and root > 2 else 0


def _of_cube(family: Family, name: str, array: NDArray[Any], stack: Stack, answers: JsonObject) -> Connectivity:
    """Return the measure of a stack of matrices; the planes that are symmetric tell which axis the subjects are."""
    axes = [
        subjects
        for subjects in range(3)
        if len({n for axis, n in enumerate(array.shape) if axis != subjects}) == 1
        and (("subjects" not in answers) or subjects == {"first": 0, "last": 2}[answers["subjects"]])
    ]
    fitting = [axis for axis in axes if edges_of_squares(_some(np.moveaxis(array, axis, 0))) is not None]
    shape = " x ".join(map(str, array.shape))
    if not fitting:
        raise InputError(f"{family.pattern} holds {shape} numbers, and no two of its axes make symmetric matrices")
    if len(fitting) > 1:
        raise _which_axis(family, f"{shape} numbers that are symmetric in several ways")
    planes = np.moveaxis(array, fitting[0], 0)
    edges, done = edges_of_squares(_some(planes)) or (np.zeros((0, 1)), "")
    first, second = np.triu_indices(planes.shape[1], k=1)
    whole = np.zeros((len(edges), planes.shape[1], planes.shape[1]))
    whole[:, first, second] = whole[:, second, first] = edges
    kind = kind_of(whole)
    sentences = [f"the values are {KINDS[kind]}", f"axis {fitting[0] + 1} of {shape} are the subjects"]

    def load() -> Steps[Float32Array]:
        block = np.empty((len(planes), n_edges_of(planes.shape[1])), dtype=np.float32)
        for start in range(0, len(planes), _BLOCK):
            yield Progress(f"Reading {family.pattern}", start, len(planes))
            found = edges_of_squares(planes[start : start + _BLOCK])
            if found is None:
                raise InputError(f"{family.pattern}: matrices from {start + 1} on are not symmetric")
            block[start : start + _BLOCK] = of_vectors(found[0], np.arange(block.shape[1]))
        return block

    if done:
        sentences.append(DONE[done])
    return _piece(family, name, kind, planes.shape[1], len(planes), load, stack, answers, sentences)


def _of_table(family: Family, name: str, array: NDArray[Any], stack: Stack, answers: JsonObject) -> Connectivity:
    """Return the measure of subjects x edges, or of its transpose, or of whole matrices in a row each."""
    turned = {"first": [array], "last": [array.T]}.get(answers.get("subjects", ""), [array, array.T])
    for values in turned:
        n = _root(values.shape[1])
        if n and edges_of_squares(_some(values.reshape(len(values), n, n))) is not None:
            flat = values.reshape(len(values), n, n)
            return _of_cube(family, name, flat, stack, {**answers, "subjects": "first"})
    possible = [(values, decide(values)) for values in turned if layouts_of(values.shape[1])]
    decided = [one for one in possible if one[1].layout is not None]
    shape = " x ".join(map(str, array.shape))
    if not possible:
        raise InputError(f"{family.pattern} holds {shape} numbers; neither side is as long as the triangle of a matrix")
    if len(decided) > 1 or (not decided and len(possible) > 1):
        raise _which_axis(family, f"{shape} numbers; both sides are as long as the triangle of a matrix")
    values, evidence = (decided or possible)[0]
    return _of_vectors(family, name, values, evidence, stack, answers, transposed=values is not array)


def _of_vectors(
    family: Family,
    name: str,
    values: NDArray[Any],
    evidence: OrderEvidence,
    stack: Stack,
    answers: JsonObject,
    *,
    transposed: bool,
) -> Connectivity:
    layout = chosen_layout(family.pattern, len(values), evidence, answers, values[0])
    positions = edge_positions(layout)

    def load() -> Steps[Float32Array]:
        block = np.empty((len(values), positions.size), dtype=np.float32)
        for start in range(0, len(values), _BLOCK):
            yield Progress(f"Reading {family.pattern}", start, len(values))
            block[start : start + _BLOCK] = of_vectors(values[start : start + _BLOCK], positions)
        return block

    kind = evidence.kind if layout == evidence.layout else None
    sentences = [f"the values are {KINDS[kind]}", layout.words, *evidence.sentences]
    sentences += ["subjects are its columns"] * transposed
    piece = _piece(family, name, kind, layout.n_parcels, len(values), load, stack, answers, sentences)
    return replace(piece, orders=layout_alternatives(family.pattern, evidence, values[0], layout))


def _piece(
    family: Family,
    name: str,
    kind: Any,
    n_parcels: int,
    n_scans: int,
    load: Callable[[], Steps[Float32Array]],
    stack: Stack,
    answers: JsonObject,
    sentences: list[str],
) -> Connectivity:
    several = len(stack.arrays) > 1
    measure = measure_name(kind, name or family.name, answers.get("measure") if not several else None)
    people = _people(stack, n_scans)
    scans = tuple(
        Scan(answers.get("task", ""), person, answers.get("session", "")) for person in people or [""] * n_scans
    )
    source = f"{family.pattern}, {name}" if several else family.pattern
    return Connectivity(source, measure, kind, n_parcels, scans, load, stack.labels, sentences=tuple(sentences))


def _people(stack: Stack, n_scans: int) -> tuple[str, ...]:
    """Return the names that stand beside the array, one a scan and each once; empty where there are none."""
    if len(stack.people) == n_scans == len(set(stack.people)):
        return stack.people
    for array in stack.others.values():
        if array.dtype.kind == "U" and array.shape == (n_scans,) and np.unique(array).size == n_scans:
            return tuple(str(one).strip() for one in array)
    return ()


def _beside(family: Family, stack: Stack, pieces: list[Piece]) -> list[Piece]:
    """Return the lists beside the array that have one value a scan, as a table; empty where nobody is named."""
    main = next((piece for piece in pieces if isinstance(piece, Connectivity)), None)
    if main is None or not main.named:
        return []
    n = len(main.scans)
    columns = {
        name: [_text(one) for one in array.tolist()]
        for name, array in stack.others.items()
        if array.shape == (n,) and array.dtype.kind in "biufU"
    }
    people = [scan.subject for scan in main.scans]
    columns = {name: cells for name, cells in columns.items() if [cell.strip() for cell in cells] != people}
    if not columns:
        return []
    return [Table(family.pattern, {"participant_id": people, **columns}, person="participant_id")]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "n/a" if value != value else repr(value)
    return str(value)


def _some(planes: NDArray[Any]) -> NDArray[Any]:
    """Return a few of the planes of a stack, from the first to the last."""
    return planes[np.unique(np.linspace(0, len(planes) - 1, min(len(planes), _PLANES)).round().astype(np.intp))]


def _which_axis(family: Family, found: str) -> Question:
    ways = [
        Alternative(f"The subjects are its {side} axis", {"files": {family.pattern: {"subjects": side}}})
        for side in ("first", "last")
    ]
    return Question(f"{family.pattern} holds {found}, and which side the subjects are cannot be told", ways)
