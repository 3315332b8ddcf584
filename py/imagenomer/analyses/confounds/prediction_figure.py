"""The figure of a confound report that the page does not draw itself: predictions with and without each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.confounds.predictions import Basis
from imagenomer.analyses.confounds.tables.predictions import PredictionGroup
from imagenomer.analyses.confounds.words.terms import SCORES
from imagenomer.analyses.contract import ThemeName

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Candidates whose predictions are drawn, at most; all are in the table.
_MOST_DRAWN = 5
#: Predictions of a kind share a colour and a mark (`imagenomer.figures.forest.Row.kind`).
_KINDS: Mapping[Basis, int] = MappingProxyType(
    {
        Basis.CONNECTIVITY: 0,
        Basis.CANDIDATES: 1,
        Basis.CANDIDATES_AND_CONNECTIVITY: 2,
        Basis.CONNECTIVITY_WITHOUT_CANDIDATES: 3,
        Basis.STRATUM: 4,
        Basis.OTHER_STRATA: 4,
        Basis.MATCHED: 5,
        Basis.RANDOM: 5,
        Basis.VARIANTS: 6,
    }
)


def prediction_figure(
    target_name: str, score: str, groups: list[PredictionGroup], closest: tuple[str, ...], theme: ThemeName
) -> Figure:
    """Draw predictions, grouped by the candidate in view.

    Parameters
    ----------
    score : str
        The score that is drawn; predictions by another are in the table only.
    groups : list of PredictionGroup
    closest : tuple of str
        Candidates that are associated with the target; where there are any, others are in the table only.
    """
    from imagenomer.figures.forest import Row, forest_figure

    drawn = [group for group in groups if group.candidate is None or not closest or group.candidate in closest]
    rows = [
        (
            group.heading(target_name),
            [
                Row(
                    group.title(one),
                    one.interval.estimate,
                    one.interval.low,
                    one.interval.high,
                    one.null,
                    _KINDS[one.basis],
                )
                for one in group.scores
                if np.isfinite(one.interval.estimate) and one.score == score
            ],
        )
        for group in drawn[: 1 + _MOST_DRAWN]
    ]
    note = "Grey strokes: the null model."
    if closest:
        note += " Candidates not associated with the target are in the table only."
    return forest_figure(
        rows,
        title=f"Prediction of {target_name}",
        x_label=SCORES[score],
        note=note,
        theme=theme,
    )
