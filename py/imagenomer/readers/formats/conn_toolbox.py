"""CONN: first-level results by subject and condition, and the project, which has the covariates of subjects."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenomer.cohort import Scan
from imagenomer.edges import n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.arrays import mat_in
from imagenomer.readers.claims import CERTAIN, Claim, Connectivity, Piece, Table, Unread, of_vectors
from imagenomer.readers.evidence.order import Kind, kind_of
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.measures import KINDS, measure_name
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe
from imagenomer.readers.squares import edges_of_squares
from imagenomer.types import Float32Array

ACCEPTS = "a CONN project: conn_NAME.mat and resultsROI_Subject*_Condition*.mat"

_RESULT = re.compile(r"(?:.*/)?resultsROI_Subject([0-9]+)_Condition([0-9]+)\.mat")
_STACKED = re.compile(r"(?:.*/)?resultsROI_Condition[0-9*]+\.mat")
_CONDITION = re.compile(r"Condition0*([0-9]+)\s*=\s*(.*\S)")


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the names that CONN gives."""
    first = family.members[0].path
    if _RESULT.fullmatch(first):
        return Claim(family, "CONN's connectivity by subject", CERTAIN, "results")
    if _STACKED.fullmatch(first):
        return Claim(family, "CONN's stacked connectivity", CERTAIN, "stacked")
    if re.fullmatch(r"(?:.*/)?_list_(\*|conditions|sources)\.txt", family.pattern):
        return Claim(family, "CONN's lists of names", CERTAIN, "list")
    if family.extension == "mat" and re.match(r"(?:.*/)?conn_[^/]*\.mat", first) and len(family.members) == 1:
        return Claim(family, "a CONN project", CERTAIN, "project")
    return None


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make a measure of the results, or a table of the project's covariates of subjects.

    Raises
    ------
    InputError
        If a file is not what its name says.
    """
    yield Progress(f"Reading {claim.family.pattern}")
    if claim.details == "project":
        return [_covariates(claim.family.members[0].entry)]
    if claim.details == "stacked":
        return [Unread(claim.family.pattern, "the same matrices as in the files by subject, once more")]
    if claim.details == "list":
        return [Unread(claim.family.pattern, "names of conditions and sources; the conditions were looked up")]
    return [_connectivity(claim.family, _conditions(listing), recipe, notes)]


def _conditions(listing: Listing) -> dict[int, str]:
    path = next((path for path in listing if path.endswith("_list_conditions.txt")), None)
    text = "" if path is None else listing[path].read(0, 1_000_000).decode("utf-8", "replace")
    return {int(number): name for number, name in _CONDITION.findall(text) if len(number) < 7}


def _connectivity(family: Family, conditions: dict[int, str], recipe: Recipe, notes: Notes) -> Connectivity:
    names = [re.search(r"Subject([0-9]+)_Condition([0-9]+)", member.path) for member in family.members]
    found = [match.groups() for match in names if match is not None]
    scans = tuple(
        Scan(notes.clean(conditions.get(int(condition[:9]), f"Condition{condition}")), f"Subject{subject}")
        for subject, condition in found
    )
    first = mat_in(family.members[0].entry)
    square = _square(first, family.members[0].path)
    labels = tuple(notes.clean(re.sub(r"^atlas\.", "", str(name))) for name in np.atleast_1d(first["names"]))
    n_parcels = len(square)
    edges = edges_of_squares(square)
    kind: Kind | None = None
    if edges is not None:
        whole = np.zeros((1, n_parcels, n_parcels))
        rows, columns = np.triu_indices(n_parcels, k=1)
        whole[0, rows, columns] = whole[0, columns, rows] = edges[0]
        # CONN writes Fisher z of (partial) correlations; small ones pass for correlations, too.
        kind = "z" if kind_of(np.tanh(whole)) == "r" else None

    def load() -> Steps[Float32Array]:
        block = np.full((len(family.members), n_edges_of(n_parcels)), np.nan, dtype=np.float32)
        excluded = []
        for row, member in enumerate(family.members):
            yield Progress(f"Reading {family.name}", row, len(family.members))
            try:
                own = edges_of_squares(_square(mat_in(member.entry), member.path))
                if own is None or own[0].size != block.shape[1]:
                    raise InputError(f"{member.path} is no symmetric matrix of {n_parcels} parcels")
            except InputError as error:
                excluded.append(str(error))
                continue
            block[row] = of_vectors(own[0], np.arange(block.shape[1]))
        if excluded:
            notes.warning("Files of CONN that cannot be used were excluded", excluded)
        return block

    answers = recipe.file(family.pattern)
    return Connectivity(
        family.pattern,
        measure_name(kind, "conn", answers.get("measure")),
        kind,
        n_parcels,
        scans,
        load,
        labels,
        _coordinates(first, n_parcels),
        (
            f"the values are {KINDS[kind]}",
            f"of the targets those that are sources, {n_parcels}, are the parcels",
            "CONN's subjects have numbers, in the order of its project",
        ),
        by_place=True,
    )


def _square(variables: dict[str, Any], path: str) -> NDArray[Any]:
    """Return sources x sources: CONN adds further targets behind them."""
    values = variables.get("Z")
    names = np.atleast_1d(variables.get("names", ""))
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.shape[0] != names.size > values.shape[1]:
        raise InputError(f"{path} has no matrix Z of its sources (names)")
    if values.shape[1] < values.shape[0] or values.dtype.kind not in "fiu":
        raise InputError(f"{path}: Z has the shape {values.shape}, and not as many targets as sources")
    return values[:, : values.shape[0]]


def _coordinates(variables: dict[str, Any], n_parcels: int) -> NDArray[np.float64] | None:
    try:
        places = np.asarray(list(variables.get("xyz", [])), dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return places[:n_parcels] if places.ndim == 2 and places.shape[1] == 3 and len(places) >= n_parcels else None


def _covariates(entry: Entry) -> Table:
    """Return the second-level covariates of a project, one row a subject."""
    try:
        found = mat_in(entry)["CONN_x"]["Setup"]["l2covariates"]
        names = [str(name).strip() for name in found["names"]]
        rows = [np.atleast_1d(np.asarray(row, dtype=np.float64)).tolist() for row in found["values"]]
    except (KeyError, TypeError, ValueError, IndexError):
        raise InputError(f"{entry.path} has no covariates of subjects (CONN_x.Setup.l2covariates)") from None
    columns: dict[str, list[str]] = {"participant_id": [f"Subject{number:03d}" for number in range(1, len(rows) + 1)]}
    for place, name in enumerate(names):
        if name and name != "AllSubjects":
            cells = [row[place] if place < len(row) else np.nan for row in rows]
            columns[name] = ["n/a" if cell != cell else repr(cell) for cell in cells]
    return Table(
        entry.path, columns, person="participant_id", sentences=("the covariates of subjects of a CONN project",)
    )
