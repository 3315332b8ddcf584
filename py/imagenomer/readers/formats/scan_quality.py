"""Motion and quality of scans: XCP-D's qc tables, and framewise displacement of XCP-D and fMRIPrep."""

from __future__ import annotations

import re

import numpy as np

from imagenomer.cohort import Scan
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.readers.claims import CERTAIN, Claim, Piece, ScanQuality, Unread
from imagenomer.readers.columns import MISSING
from imagenomer.readers.evidence.tables import read_text_table
from imagenomer.readers.families import Family
from imagenomer.readers.listing import Entry, Listing
from imagenomer.readers.looks import Look
from imagenomer.readers.notes import Notes
from imagenomer.readers.recipe import Recipe

ACCEPTS = "motion and quality tables of XCP-D or fMRIPrep beside the scans"

#: By the end of the name: what a family is.
_KNOWN = (
    (re.compile(r"_(desc-linc_)?qc$|_(desc-xcp_)?quality$"), "quality"),
    (re.compile(r"(^|_)(motion|desc-confounds_(timeseries|regressors))$"), "motion"),
    (re.compile(r"_outliers$"), "volumes left out by XCP-D; mean_fd and the volumes kept are in its qc table"),
    (
        re.compile(r"_stat-coverage_bold$"),
        "coverage of parcels; parcels that are not covered are missing in the matrices",
    ),
    (re.compile(r"_desc-abcc_qc$"), "quality by threshold (HDF5)"),
)
#: Of qc tables: they say which scan it is.
_ENTITIES = ("sub", "ses", "task", "run", "acq", "dir", "space", "res", "den", "desc", "cohort", "bold", "regressors")
_DISPLACEMENT = "framewise_displacement"


def claim(family: Family, look: Look, recipe: Recipe) -> Claim | None:
    """Claim by the end of the name, and for a subject each."""
    what = next((kind for pattern, kind in _KNOWN if pattern.search(family.name)), None)
    if what is None or not family.members[0].subject or family.extension not in ("tsv", "csv", "txt", "hdf5"):
        return None
    return Claim(family, {"quality": "quality of scans", "motion": "motion of scans"}.get(what, what), CERTAIN, what)


def read(claim: Claim, listing: Listing, recipe: Recipe, notes: Notes) -> Steps[list[Piece]]:
    """Make columns about scans: those of the qc tables, or the mean framewise displacement."""
    if claim.details not in ("quality", "motion"):
        return [Unread(claim.family.pattern, claim.details)]
    scans, rows, excluded = [], [], []
    for place, member in enumerate(claim.family.members):
        if place % 32 == 0:
            yield Progress("Reading motion", place, len(claim.family.members))
        try:
            rows.append(_quality(member.entry) if claim.details == "quality" else _motion(member.entry))
            scans.append(Scan(member.task, member.subject, member.session, member.run))
        except InputError as error:
            excluded.append(str(error))
    if excluded:
        notes.warning("Tables of motion or quality that cannot be read were excluded", excluded)
    names = dict.fromkeys(name for row in rows for name in row)
    return [
        ScanQuality(
            claim.family.pattern, tuple(scans), {name: [row.get(name, "n/a") for row in rows] for name in names}
        )
    ]


def _quality(entry: Entry) -> dict[str, str]:
    table = read_text_table(entry.read(), entry.path)
    if len(table.rows) != 1:
        raise InputError(f"{entry.path} has {len(table.rows)} rows; the quality of a scan is one")
    cells = zip(table.header, table.rows[0], strict=True)
    return {name: cell for name, cell in cells if name.lower() not in _ENTITIES}


def _motion(entry: Entry) -> dict[str, str]:
    """Return the mean framewise displacement; the first volume has none, whether it is written as n/a or as 0."""
    table = read_text_table(entry.read(), entry.path)
    if _DISPLACEMENT not in table.header:
        raise InputError(f"{entry.path} has no column {_DISPLACEMENT}")
    place = table.header.index(_DISPLACEMENT)
    cells = [row[place].strip() for row in table.rows]
    try:
        values = np.array([np.nan if cell.lower() in MISSING else float(cell) for cell in cells])
    except ValueError as error:
        raise InputError(f"{entry.path}, column {_DISPLACEMENT}: {error}") from None
    if values.size < 2 or not np.isfinite(values[1:]).any():
        return {"mean_fd": "n/a", "n_volumes": str(values.size)}
    return {"mean_fd": repr(float(np.nanmean(values[1:]))), "n_volumes": str(values.size)}
