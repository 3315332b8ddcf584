"""Views of a prediction: predictions of subjects, confusion of classes, maps of weights, checks, errors."""

from __future__ import annotations

import numpy as np

from imagenomer.analyses.contract import FigureView, GridView, MatrixView, PointSeries, PointsView, TableView, View
from imagenomer.analyses.models.prediction_result import SCORES, Prediction, score_text
from imagenomer.analyses.models.prediction_sentences import shuffles_in_words
from imagenomer.analyses.models.prediction_tables import (
    errors_table,
    features_table,
    scores_table,
    sizes_table,
    splits_table,
    subjects_table,
)
from imagenomer.analyses.models.transfer_report import transfer_views
from imagenomer.analyses.shared.edge_points import jitter
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.cohort import Cohort
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.jsonable import finite
from imagenomer.types import Row


def prediction_views(cohort: Cohort, note: str, result: Prediction, top: list[Row]) -> list[View]:
    """Return all views in the order of the page.

    Parameters
    ----------
    cohort : Cohort
    note : str
        What figures of maps say below.
    result : Prediction
    top : list of dict
        As of `top_features`.
    """
    views: list[View] = [
        *transfer_views(result),
        scores_table(result),
        *_predictions(cohort, result),
        *_maps(note, result),
        features_table(result, top),
        *_checks(result),
        errors_table(result),
        *_error_points(cohort, result),
        splits_table(result),
        subjects_table(cohort, result),
    ]
    return [view for view in views if not isinstance(view, TableView) or view.rows]


def _predictions(cohort: Cohort, result: Prediction) -> list[View]:
    """Return what is predicted of subjects, and how the scores spread over splits."""
    views: list[View] = []
    n_splits, main = len(result.validation.splits), result.validation.main_score
    performance = result.performance
    if not result.levels or len(result.levels) == 2:
        views.append(_points(cohort, result))
    if n_splits > 1:
        views.append(
            FigureView(
                "splits",
                f"{SCORES[main]} of each split",
                f"A box of {counted(n_splits, 'split')} for the model and what it is compared with; of the model "
                f"{score_text(performance, main)}.",
            )
        )
    if result.levels:
        views.append(_confusion(result))
    if len(result.levels) == 2:
        curves = f"A curve for each split, and their mean; {score_text(performance, 'auc')}."
        views.append(FigureView("roc", "True against false positives", curves))
    return views


def _checks(result: Prediction) -> list[View]:
    """Return the permutation test, the learning curve and the shuffled features, as far as they were requested."""
    views: list[View] = []
    test, curve = result.permutation_test, result.learning_curve
    if test is not None:
        views.append(
            FigureView(
                "permutations",
                "Compared with permuted targets",
                f"Histogram of {counted(test.null.size, 'permutation')}, and the actual {SCORES[test.score]} "
                f"{number_text(test.statistic, '.3f')} as a line; p = {test.p_value:.3g}.",
            )
        )
    if curve is not None:
        views += [
            FigureView("learning", "Learning curve", _curve_in_words(result, SCORES[curve.score])),
            sizes_table(result),
        ]
    if result.shuffled_features is not None:
        views.append(FigureView("shuffles", "Shuffled features", shuffles_in_words(result.shuffled_features)))
    return views


def _curve_in_words(result: Prediction, score: str) -> str:
    sizes = "; ".join(f"{number_text(one.mean, '.3f')} with {one.n_train:,}" for one in result.training_sizes)
    return f"{score} by number of training subjects: {sizes}."


def _points(cohort: Cohort, result: Prediction) -> PointsView:
    validation, subjects = result.validation, result.feature_set.subjects
    output = validation.averaged()[:, 0]
    predicted = np.flatnonzero(np.isfinite(output))
    names = [cohort.subjects[index] for index in subjects[predicted]]
    averaged = ", averaged over the splits with the subject in the test set" if validation.repeated else ""
    truth = validation.truth[predicted].astype(np.float64)
    if result.levels:
        x = truth + jitter(truth, output[predicted])
        series = PointSeries("Subjects", GROUP_COLOURS[0], x.tolist(), output[predicted].tolist(), names)
        return PointsView(
            "predictions",
            f"{result.phenotype.name}, decision values",
            result.phenotype.name,
            "Decision value",
            (series,),
            caption=f"Above 0 {result.levels[1]} is predicted{averaged}.",
            x_ticks=tuple((float(place), name) for place, name in enumerate(result.levels)),
            levels=((0.0, "border"),),
            note=result.note,
        )
    low, high = float(truth.min()), float(truth.max())
    units = result.linear_model.question.phenotype.units
    series = PointSeries("Subjects", GROUP_COLOURS[0], truth.tolist(), output[predicted].tolist(), names)
    return PointsView(
        "predictions",
        f"{result.phenotype.name}, predicted and actual",
        f"Actual {result.phenotype.name}" + (f" ({units})" if units else ""),
        "Predicted",
        (series,),
        line=(low, low, high, high),
        caption=f"On the line a prediction is right{averaged}.",
        note=result.note,
    )


def _confusion(result: Prediction) -> GridView:
    validation = result.validation
    k = len(result.levels)
    counts = np.zeros((k, k))
    for predicted in validation.predicted:
        tested = np.isfinite(predicted)
        np.add.at(counts, (validation.truth[tested].astype(np.intp), predicted[tested].astype(np.intp)), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / counts.sum(axis=1, keepdims=True)
    return GridView(
        "confusion",
        "Actual (rows) and predicted classes",
        "Share of the class",
        result.levels,
        result.levels,
        tuple(tuple(finite(value) for value in row) for row in shares.tolist()),
        scale="sequential",
        limit=1.0,
        note=result.note,
        tips=tuple(
            tuple(
                f"{result.levels[i]}, predicted to be {result.levels[j]}: {counts[i, j]:.0f} of "
                f"{counts[i].sum():.0f} tests"
                for j in range(k)
            )
            for i in range(k)
        ),
    )


def map_names(result: Prediction, kind: str = "weights") -> list[str]:
    """Return what the maps of each column are called in arrays."""
    if len(result.levels) > 2:
        return [f"{kind}_{number}" for number in range(len(result.levels))]
    return [kind]


def _maps(note: str, result: Prediction) -> list[View]:
    if result.final_model is None or result.feature_set.kind != "connectivity":
        return []
    whose = [f": {level}" for level in result.levels] if len(result.levels) > 2 else [""]
    views: list[View] = []
    for kind, title, label in (
        ("weights", f"Weights, {result.target_name}", "Weight"),
        ("pattern", f"Pattern, {result.target_name}", "Edge per unit of the prediction"),
    ):
        for name, of_class in zip(map_names(result, kind), whose, strict=True):
            views.append(MatrixView(name, f"{title}{of_class}", label, name, note=note))
    if result.frequency is not None:
        views.append(
            MatrixView("frequency", "How often selected", "Share of splits", "frequency", "sequential", 1.0, note=note)
        )
    return views


def _error_points(cohort: Cohort, result: Prediction) -> list[View]:
    """Return absolute errors against the other phenotype that they are most strongly associated with."""
    errors = result.errors
    ranking = errors.ranking(result.phenotype.name)
    if not ranking.size:
        return []
    one = errors.phenotypes[int(ranking[0])]
    subjects = result.feature_set.subjects
    known = np.flatnonzero(np.isfinite(errors.absolute) & ~one.missing[subjects])
    x, y = one.values[subjects[known]].astype(np.float64), errors.absolute[known]
    if one.levels:
        x = x + jitter(x, y)
    return [
        PointsView(
            "error_points",
            f"Errors against {one.name}",
            one.name + (f" ({one.units})" if one.units else ""),
            "Share of wrong predictions" if result.levels else "Absolute error",
            (
                PointSeries(
                    "Subjects",
                    GROUP_COLOURS[0],
                    x.tolist(),
                    y.tolist(),
                    [cohort.subjects[index] for index in subjects[known]],
                ),
            ),
            caption="The phenotype most strongly associated with errors, other than the target.",
            x_ticks=tuple((float(place), name) for place, name in enumerate(one.levels)),
            note=result.note,
        )
    ]
