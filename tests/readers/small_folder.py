"""Writing and reading small cohort folders of the first ImageNomer."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from imagenomer.cohort import Cohort
from imagenomer.edges import n_edges_of
from imagenomer.progress import finish
from imagenomer.readers import listing_of, open_cohort

N_PARCELS = 5
N_EDGES = n_edges_of(N_PARCELS)


def write_demographics(top: Path, fields: Any) -> None:
    top.mkdir(parents=True, exist_ok=True)
    (top / "demographics.pkl").write_bytes(pickle.dumps(fields))


def write_scan(top: Path, path: str, values: Any) -> None:
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    np.save(top / path, values)


def opened(path: Path) -> Cohort:
    return finish(open_cohort(listing_of(path)))


def said(cohort: Cohort, words: str) -> tuple[str, ...]:
    """The items of the one line of the log that has these words."""
    lines = [entry for entry in cohort.log if words in entry.message]
    assert len(lines) == 1, f"{words!r}: {len(lines)} lines in\n" + "\n".join(entry.message for entry in cohort.log)
    return lines[0].items
