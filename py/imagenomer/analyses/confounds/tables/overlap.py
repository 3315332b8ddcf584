"""Tables on edges and variants that target and candidates share."""

from __future__ import annotations

from collections.abc import Mapping

from imagenomer.analyses.confounds.parts.overlap import N_TOP, CandidateOverlap, OverlapPart
from imagenomer.analyses.confounds.tables.cells import Row
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite
from imagenomer.statistics.overlap import Overlap

_COLUMNS = (
    Column("candidate", "Candidate"),
    Column("null", "Target permuted"),
    Column("n_chosen", "Target's", "integer"),
    Column("n_other", "Candidate's", "integer"),
    Column("shared", "Shared", "integer"),
    Column("share", "% of target's", "number", where="file"),
    Column("expected", "Expected", "number"),
    Column("p_shared", "p, shared", "p"),
    Column("similarity", "r of maps", "number"),
    Column("similarity_expected", "Expected", "number"),
    Column("p_similarity", "p, maps", "p"),
)


def edge_overlap_table(part: OverlapPart) -> TableView:
    title = "Do the edges of target and candidate overlap more than by chance?"
    return TableView("overlap", title, _COLUMNS, _rows(part.edges))


def variant_overlap_table(part: OverlapPart) -> TableView:
    title = f"Do the {N_TOP} strongest variants coincide more than by chance?"
    return TableView("variant_overlap", title, _COLUMNS, _rows(part.variants))


def _rows(overlaps: Mapping[str, CandidateOverlap]) -> tuple[Row, ...]:
    rows = []
    for name, own in overlaps.items():
        rows.append(_row(name, "over all subjects", own.n_candidate, own.free))
        if own.within is not None:
            rows.append(_row(name, f"within levels of {name}", own.n_candidate, own.within))
    return tuple(rows)


def _row(name: str, null: str, n_candidate: int, found: Overlap) -> Row:
    return {
        "candidate": name,
        "null": null,
        "n_chosen": found.n_chosen,
        "n_other": n_candidate,
        "shared": int(found.shared[0]),
        "share": round(100 * int(found.shared[0]) / max(found.n_chosen, 1), 2),
        "expected": round(float(found.shared_expected[0]), 2),
        "p_shared": float(found.shared_p[0]),
        "similarity": finite(float(found.similarity[0])),
        "similarity_expected": finite(float(found.similarity_expected[0])),
        "p_similarity": finite(float(found.similarity_p[0])),
    }
