"""HCP's PTN releases: netmats1.txt and netmats2.txt, one line a subject with its whole matrix, and subjectIDs.txt.

netmats1 are full correlations and netmats2 partial ones (ridge), both as z scores by a null model with
autocorrelation: neither r nor Fisher z.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from imagenomer.cohort import Scan
from imagenomer.edges import n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Connectivity, Piece, Unread, of_vectors
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.measures import KINDS
from imagenomer.readers.notes import Notes, count
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.squares import edges_of_squares
from imagenomer.types import Float32Array, FloatArray
from imagenomer.wording import plural

ACCEPTS = "HCP's netmats1.txt and netmats2.txt with subjectIDs.txt"

_NETMATS = re.compile(r"(?:.*/)?netmats([12])\.txt")
_WORDS = {"1": "full correlations", "2": "partial correlations (ridge)"}
_PIECE = 1 << 24
#: Numbers of a line: 1,000 components squared, and as text.
_LONGEST_LINE = 40_000_000


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the names of the release, where a line is as long as a whole matrix."""
    path = family.members[0].path
    if path.rpartition("/")[2] == "subjectIDs.txt" and any(map(_NETMATS.fullmatch, look.listing)):
        return Claim(family, "HCP's list of subjects", CERTAIN, "subjects")
    if re.fullmatch(r"(?:.*/)?Mnet[12]\.pconn\.nii", path):
        return Claim(family, "HCP's group means", CERTAIN, "means")
    if not all(_NETMATS.fullmatch(member.path) for member in family.members):
        return None
    sizes = [_n_parcels(member.entry) for member in family.members]
    if not all(sizes):
        return None
    return Claim(family, f"HCP's network matrices of {' and '.join(map(str, sorted(set(sizes))))} components", CERTAIN)


def _n_parcels(entry: Entry) -> int:
    """Return the number of components whose symmetric matrix the first line is; 0 where it is none."""
    try:
        first = next(_lines(entry), None)
    except InputError:
        return 0
    n = 0 if first is None else math.isqrt(first.size)
    if first is None or n < 2 or n * n != first.size or edges_of_squares(first.reshape(n, n)) is None:
        return 0
    return n


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of each file; subjectIDs.txt says whose its lines are.

    Raises
    ------
    InputError
        If a line is damaged, or the list has another number of subjects.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    if claim.details == "subjects":
        return []
    if claim.details == "means":
        return [Unread(claim.family.pattern, "means over the group, of no subject")]
    pieces: list[Piece] = []
    for member in claim.family.members:
        pieces.append((yield from _connectivity(member.entry, claim.family, listing, recipe)))
    return pieces


def _connectivity(entry: Entry, family: Family, listing: Listing, recipe: Recipe) -> Steps[Connectivity]:
    n_parcels = _n_parcels(entry)
    which = entry.path.rpartition("/")[2][len("netmats")]
    rows: list[Float32Array] = []
    for values in _lines(entry):
        if len(rows) % 16 == 0:
            yield Progress(f"Reading {entry.path}", len(rows))
        found = edges_of_squares(values.reshape(n_parcels, -1)) if values.size == n_parcels**2 else None
        if found is None:
            raise InputError(
                f"{entry.path}, line {len(rows) + 1}: {plural(values.size, 'number')}, and not a symmetric matrix of "
                f"{n_parcels} components as in the first line"
            )
        rows.append(of_vectors(found[0], np.arange(n_edges_of(n_parcels))))
    names = _subjects(entry.path, listing, len(rows))
    block = np.stack(rows)
    answers = recipe.file(family.pattern)

    def load() -> Steps[Float32Array]:
        yield Progress(f"Reading {entry.path}")
        return block

    several = len(family.members) > 1
    return Connectivity(
        f"{family.pattern}, {entry.path}" if several else family.pattern,
        f"z score netmats{which}",
        "scaled",
        n_parcels,
        tuple(Scan(answers.get("task", "rest"), name, answers.get("session", "")) for name in names),
        load,
        sentences=(
            f"the values are {KINDS['scaled']}",
            f"{_WORDS[which]} between ICA components, as z scores by a null model of HCP: neither r nor Fisher z",
        ),
    )


def _subjects(path: str, listing: Listing, n: int) -> list[str]:
    """Return the subjects of the lines: of the list in the nearest folder above; "" where there is none."""
    folder = path
    while True:
        folder = folder.rpartition("/")[0]
        beside = f"{folder}/subjectIDs.txt" if folder else "subjectIDs.txt"
        if beside in listing:
            names = listing[beside].read(0, _PIECE).decode("utf-8", "replace").split()
            break
        if not folder:
            found = [one for one in listing if one.rpartition("/")[2] == "subjectIDs.txt"]
            if len(found) != 1:
                return [""] * n
            beside = found[0]
            names = listing[beside].read(0, _PIECE).decode("utf-8", "replace").split()
            break
    if len(names) != n or len(set(names)) != n:
        raise InputError(f"{path} has {count(n, 'line')}, and {beside} {count(len(names), 'subject')}, each once")
    return names


def _lines(entry: Entry) -> Iterator[FloatArray]:
    """Yield the numbers of each line; the file may be larger than memory."""
    rest, at = b"", 0
    while at < entry.size or rest:
        data = rest + entry.read(at, at + _PIECE)
        at += _PIECE
        lines = data.split(b"\n")
        rest = lines.pop() if at < entry.size else b""
        if len(rest) > _LONGEST_LINE:
            raise InputError(f"{entry.path} has a line of more than {_LONGEST_LINE:,} bytes")
        for line in lines:
            if not line.strip():
                continue
            try:
                yield np.array(line.replace(b",", b" ").split(), dtype=np.float64)
            except ValueError as error:
                raise InputError(f"{entry.path}: {error}") from None
