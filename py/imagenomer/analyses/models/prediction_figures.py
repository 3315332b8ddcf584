"""Figures of a prediction to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.contract import ThemeName
from imagenomer.analyses.models.prediction_result import SCORES, Prediction, Transfer
from imagenomer.analyses.models.transfer_report import tests_of
from imagenomer.analyses.shared.sample import counted
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.statistics.prediction import main_score
from imagenomer.statistics.prediction_checks import PermutationTest

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_prediction(result: Prediction, theme: ThemeName) -> Mapping[str, Figure]:
    """Return the charts, each drawn when it is taken."""
    from imagenomer.figures.drawings import Drawings

    charts = _Charts(result, theme)
    drawings: dict[str, Callable[[], Figure]] = {"splits": charts.splits}
    if len(result.levels) == 2:
        drawings["roc"] = charts.roc
    if result.permutation_test is not None:
        drawings["permutations"] = charts.permutations
    for name, transfer in tests_of(result).items():
        drawings[name] = partial(charts.transfer, transfer)
    if result.shuffled_features is not None:
        drawings["shuffles"] = charts.shuffles
    if result.learning_curve is not None:
        drawings["learning"] = charts.learning_curve
    return Drawings(drawings)


@dataclass(frozen=True, slots=True)
class _Charts:
    """The charts of a prediction."""

    result: Prediction
    theme: ThemeName

    @property
    def title(self) -> str:
        return f"{self.result.target_name} from {self.result.feature_set.name}"

    def splits(self) -> Figure:
        from imagenomer.figures.chart import box_figure, box_statistics

        validation, alone = self.result.validation, self.result.covariates_alone
        main = validation.main_score
        named = [("Model", validation.scores[main]), ("Null model", validation.null_scores[main])]
        if alone is not None:
            named.append(("Covariates alone", alone.validation.scores[main]))
        own = [
            box_statistics(name, colour, values[np.isfinite(values)])
            for (name, values), colour in zip(named, GROUP_COLOURS, strict=False)
            if np.isfinite(values).any()
        ]
        title = f"{self.title}: {len(validation.splits)} splits"
        return box_figure(own, title=title, x_label=SCORES[main], note=self.result.note, theme=self.theme)

    def roc(self) -> Figure:
        from imagenomer.figures.prediction import roc_figure

        validation = self.result.validation
        tests = [
            (split.test, validation.decision[number, split.test, 0]) for number, split in enumerate(validation.splits)
        ]
        truth = validation.truth.astype(np.intp)
        return roc_figure(truth, tests, title=f"{self.title}: ROC", note=self.result.note, theme=self.theme)

    def permutations(self) -> Figure:
        assert self.result.permutation_test is not None
        return self._null(self.result.permutation_test, self.title)

    def transfer(self, transfer: Transfer) -> Figure:
        assert transfer.permutation_test is not None
        return self._null(transfer.permutation_test, f"{self.title}, {transfer.name}")

    def _null(self, test: PermutationTest, title: str) -> Figure:
        from imagenomer.figures.prediction import null_figure

        return null_figure(
            test.null,
            test.statistic,
            title=f"{title}: {counted(test.null.size, 'permutation')}",
            x_label=SCORES[test.score],
            note=f"{self.result.note}; p = {test.p_value:.3g}",
            theme=self.theme,
        )

    def shuffles(self) -> Figure:
        from imagenomer.figures.prediction import null_figure

        found = self.result.shuffled_features
        assert found is not None
        return null_figure(
            found.shuffled,
            found.statistic,
            title=f"{self.title}: shuffled features",
            x_label=SCORES[found.score],
            note=self.result.note,
            theme=self.theme,
        )

    def learning_curve(self) -> Figure:
        from imagenomer.figures.prediction import curve_figure

        curve, sizes = self.result.learning_curve, self.result.training_sizes
        assert curve is not None
        mean = np.array([one.mean for one in sizes])
        sd = np.nan_to_num([one.sd for one in sizes])
        return curve_figure(
            curve.n_train,
            mean,
            mean - 1.96 * sd,
            mean + 1.96 * sd,
            np.array([one.apart for one in sizes]),
            null=self.result.performance.null[main_score(self.result.n_classes)],
            title=f"{self.title}: learning curve",
            x_label="Training subjects",
            y_label=SCORES[curve.score],
            note=self.result.note,
            theme=self.theme,
        )
