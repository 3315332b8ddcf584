"""Cells that several tables of a confound report have alike."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from imagenomer.analyses.confounds.predictions import PredictionScore
from imagenomer.analyses.confounds.words.terms import SCORES
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.jsonable import finite

#: What a cell of a table holds; None where a number is not defined.
Cell: TypeAlias = str | int | float | None
#: A row by the keys of its columns.
Row: TypeAlias = dict[str, Cell]


def score_cells(prediction: PredictionScore | None) -> Row:
    if prediction is None:
        return {"score": "", "predicted": None, "null": None}
    return {
        "score": SCORES[prediction.score],
        "predicted": finite(prediction.interval.estimate),
        "null": finite(prediction.null),
    }


def interval_text(prediction: PredictionScore) -> str:
    """Return the interval of a score; "" where there is none."""
    interval = prediction.interval
    if not np.isfinite(interval.low):
        return ""
    return f"{number_text(interval.low, '.3f')} to {number_text(interval.high, '.3f')}"


def percent(share: float) -> float | None:
    """Return a share in per cent; None where it is not defined."""
    return round(100 * share, 1) if np.isfinite(share) else None
