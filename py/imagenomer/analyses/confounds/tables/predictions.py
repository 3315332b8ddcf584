"""Tables on predictions of the target, and the groups of predictions that the table and the figure show."""

from __future__ import annotations

from dataclasses import dataclass

from imagenomer.analyses.confounds.parts.connectivity import ConnectivityPart
from imagenomer.analyses.confounds.parts.prediction import PredictionPart
from imagenomer.analyses.confounds.parts.variants import VariantPart
from imagenomer.analyses.confounds.predictions import Basis, PredictionScore
from imagenomer.analyses.confounds.tables.cells import Row, interval_text, score_cells
from imagenomer.analyses.confounds.words.terms import SCORES
from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite
from imagenomer.statistics.prediction_checks import LearningCurve

_PREDICTIONS = (
    Column("candidate", "Candidate"),
    Column("how", "Predicted"),
    Column("n_subjects", "Test subjects", "integer"),
    Column("score", "Score"),
    Column("predicted", "Value", "number"),
    Column("interval", "95 % interval"),
    Column("null", "Null", "number"),
    Column("low", "From", "number", where="file"),
    Column("high", "To", "number", where="file"),
    Column("note", "Note"),
)
_LEARNING = (
    Column("n_train", "Training subjects", "integer"),
    Column("score", "Score"),
    Column("mean", "Mean over folds", "number"),
    Column("least", "Minimum", "number"),
    Column("most", "Maximum", "number"),
)


@dataclass(frozen=True, slots=True)
class PredictionGroup:
    """Predictions of the target with the same candidates in view.

    Attributes
    ----------
    candidate : str or None
        None of the first group: all subjects, with all candidates together.
    scores : tuple of PredictionScore
    """

    candidate: str | None
    scores: tuple[PredictionScore, ...]

    def heading(self, target_name: str) -> str:
        return f"{target_name}, all subjects" if self.candidate is None else self.candidate

    def title(self, score: PredictionScore) -> str:
        """Return what one of the scores is of."""
        what = "candidates" if self.candidate is None else "candidate"
        return {
            Basis.CONNECTIVITY: "connectivity",
            Basis.CANDIDATES: f"{what} alone",
            Basis.CANDIDATES_AND_CONNECTIVITY: f"{what} and connectivity",
            Basis.CONNECTIVITY_WITHOUT_CANDIDATES: f"connectivity without the {what}",
            Basis.STRATUM: f"within {self.candidate} {score.stratum}",
            Basis.OTHER_STRATA: f"{self.candidate}: from {score.others} to {score.stratum}",
            Basis.MATCHED: f"matched for {self.candidate}",
            Basis.RANDOM: "random subsample of that size",
            Basis.VARIANTS: "variants",
        }[score.basis]


def prediction_groups(
    connectivity: ConnectivityPart, variants: VariantPart | None, prediction: PredictionPart
) -> list[PredictionGroup]:
    """Return every prediction of the target, grouped by the candidate in view."""
    from_variants = None if variants is None else variants.target_prediction.variants
    everybody = [connectivity.prediction, *([] if from_variants is None else [from_variants]), *prediction.together]
    return [
        PredictionGroup(None, tuple(everybody)),
        *(PredictionGroup(name, own.scores) for name, own in prediction.candidates.items()),
    ]


def prediction_table(target_name: str, groups: list[PredictionGroup], part: PredictionPart) -> TableView:
    rows: list[Row] = [
        {
            "candidate": group.heading(target_name),
            "how": group.title(one),
            "n_subjects": one.n_subjects,
            **score_cells(one),
            "interval": interval_text(one),
            "low": finite(one.interval.low),
            "high": finite(one.interval.high),
            "note": "",
        }
        for group in groups
        for one in group.scores
    ]
    rows += [
        {
            "candidate": name,
            "how": f"matched for {name}",
            "n_subjects": own.matched.n_subjects,
            **score_cells(None),
            "interval": "",
            "low": None,
            "high": None,
            "note": "too few subjects can be matched",
        }
        for name, own in part.candidates.items()
        if own.matched is not None and own.matched.matched is None
    ]
    return TableView("prediction", f"How well is {target_name} predicted?", _PREDICTIONS, tuple(rows))


def learning_table(curve: LearningCurve) -> TableView:
    rows: list[Row] = [
        {
            "n_train": n,
            "score": SCORES[curve.score],
            "mean": finite(float(values.mean())),
            "least": finite(float(values.min())),
            "most": finite(float(values.max())),
        }
        for n, values in zip(curve.n_train.tolist(), curve.values, strict=True)
    ]
    title = "Would more subjects help? Learning curve, from connectivity"
    return TableView("learning", title, _LEARNING, tuple(rows))
