"""Tables of a prediction: scores, features, errors, splits and subjects."""

from __future__ import annotations

from typing import Literal

import numpy as np

from imagenomer.analyses.contract import Column, TableView
from imagenomer.analyses.models.prediction_result import SCORES, Prediction
from imagenomer.analyses.shared.strongest_edges import EDGE_COLUMNS, named_edges, strongest
from imagenomer.cohort import Cohort, parcellation_of
from imagenomer.jsonable import finite
from imagenomer.statistics.scores import Interval
from imagenomer.types import Cell, IntArray, Row

#: Features listed: of one map, and of each class of several.
_LISTED, _LISTED_OF_CLASS = 30, 10
#: Genotypes of a variant, as the blocks of its indicators.
_COPIES = ("no copy", "one copy", "two copies")


def interval_numbers(interval: Interval) -> Row:
    return {"value": finite(interval.estimate), "low": finite(interval.low), "high": finite(interval.high)}


def scores_table(result: Prediction) -> TableView:
    """Return the scores of the model, and those of what it is compared with."""
    columns = [
        Column("score", "Score"),
        Column("value", "Model", "mixed"),
        Column("low", "95 % interval from", "mixed"),
        Column("high", "to", "mixed"),
        Column("null", "Null model", "mixed"),
    ]
    if result.covariates_alone is not None:
        columns += [
            Column("alone", "Covariates alone", "mixed"),
            Column("alone_low", "Interval from", "mixed"),
            Column("alone_high", "to", "mixed"),
        ]
    rows: list[Row] = []
    for name, one in result.performance.scores.items():
        row: Row = {
            "score": SCORES[name],
            **interval_numbers(one),
            "null": finite(result.performance.null[name]),
        }
        if result.covariates_alone is not None:
            alone = result.covariates_alone.scores[name]
            row |= {"alone": finite(alone.estimate), "alone_low": finite(alone.low), "alone_high": finite(alone.high)}
        rows.append(row)
    return TableView("scores", "How well it predicts", tuple(columns), tuple(rows))


def top_features(cohort: Cohort, result: Prediction) -> list[Row]:
    """Return the features with the largest weights, of several classes those of each."""
    model = result.final_model
    if model is None:
        return []
    rows, frequency, several = [], result.frequency, len(model.weights) > 1
    for number, weights in enumerate(model.weights):
        own = strongest(weights, _LISTED_OF_CLASS if several else _LISTED)
        for index, name in zip(own.tolist(), _feature_names(cohort, result, own, weights.size), strict=True):
            row: Row = {**name, "weight": finite(weights[index]), "pattern": finite(model.patterns[number, index])}
            if several:
                row["class"] = result.levels[number]
            if frequency is not None:
                row["frequency"] = finite(frequency[index])
            rows.append(row)
    return rows


def _feature_names(cohort: Cohort, result: Prediction, indices: IntArray, n_features: int) -> list[Row]:
    """Return the columns of a row that name each of some features."""
    features = result.feature_set
    if features.kind == "connectivity":
        return named_edges(parcellation_of(cohort), indices)
    if features.variants is None:
        return [{"feature": features.feature_names[index]} for index in indices.tolist()]
    n_variants = len(features.variants.variant_ids)
    copies, variant = np.divmod(indices, n_variants)
    of_each = [f", {one}" for one in _COPIES] if n_features != n_variants else [""]
    return [
        {"feature": features.variants.variant_ids[index] + of_each[one]}
        for index, one in zip(variant.tolist(), copies.tolist(), strict=True)
    ]


def features_table(result: Prediction, top: list[Row]) -> TableView:
    """Return the table of `top_features`."""
    own: tuple[Column, ...] = (
        EDGE_COLUMNS if result.feature_set.kind == "connectivity" else (Column("feature", "Feature"),)
    )
    first = (Column("class", "Class"),) if len(result.levels) > 2 else ()
    last = () if result.frequency is None else (Column("frequency", "Share of splits", "number"),)
    columns = (*first, *own, Column("weight", "Weight", "mixed"), Column("pattern", "Pattern", "mixed"), *last)
    return TableView("features", "Features with the largest weights", columns, tuple(top))


_SIZE_COLUMNS = (
    Column("n_train", "Training subjects", "integer"),
    Column("value", "Score", "number"),
    Column("sd", "SD over splits", "number"),
    Column("apart", "Subsamples"),
)


def size_rows(result: Prediction) -> list[Row]:
    """Return a row for each size of the learning curve."""
    return [
        {
            "n_train": one.n_train,
            "value": finite(one.mean),
            "sd": finite(one.sd),
            "apart": "nearly disjoint" if one.apart else "overlap",
        }
        for one in result.training_sizes
    ]


def sizes_table(result: Prediction) -> TableView:
    """Return the scores by the number of training subjects."""
    return TableView("sizes", "Learning curve", _SIZE_COLUMNS, tuple(size_rows(result)))


def errors_table(result: Prediction) -> TableView:
    """Return the associations of prediction errors with phenotypes, the strongest first."""
    return TableView("errors", "Prediction error by phenotype", _error_columns(result), tuple(_error_rows(result)))


def _error_columns(result: Prediction) -> tuple[Column, ...]:
    signed = (
        Column("signed", "Association with signed error", "number"),
        Column("signed_p", "p", "p"),
    )
    return (
        Column("phenotype", "Phenotype"),
        Column(
            "absolute",
            "Association with share of wrong predictions" if result.levels else "Association with absolute error",
            "number",
        ),
        Column("absolute_p", "p", "p"),
        *(() if result.levels else signed),
        Column("n_subjects", "Subjects", "integer"),
    )


def _error_rows(result: Prediction) -> list[Row]:
    errors = result.errors
    order = np.argsort(-np.nan_to_num(errors.neg_log10_p[1], nan=-1.0, posinf=np.inf), kind="stable")
    rows: list[Row] = []
    for index in order.tolist():
        one = errors.phenotypes[index]
        if not (np.isfinite(errors.association[:, index]).any()):
            continue
        rows.append(
            {
                "phenotype": one.name + (" (predicted)" if one.name == result.phenotype.name else ""),
                "absolute": finite(errors.association[1, index]),
                "absolute_p": _p(errors.neg_log10_p[1, index]),
                "signed": finite(errors.association[0, index]),
                "signed_p": _p(errors.neg_log10_p[0, index]),
                "n_subjects": int(errors.n_subjects[1, index]),
            }
        )
    return rows


def _p(neg_log10_p: float) -> float | None:
    return finite(float(10**-neg_log10_p)) if not np.isnan(neg_log10_p) else None


def splits_table(result: Prediction) -> TableView:
    """Return the scores and the penalty of each split."""
    return TableView("each_split", "Splits and chosen penalties", _split_columns(result), tuple(_split_rows(result)))


def _split_columns(result: Prediction) -> tuple[Column, ...]:
    chosen = (Column("n_features", "Features", "integer"),) if result.validation.selections else ()
    penalty = (Column("penalty", "Penalty", "mixed"),) if np.isfinite(result.validation.penalties).any() else ()
    return (
        Column("split", "Split"),
        Column("n_train", "Training subjects", "integer"),
        Column("n_test", "Test subjects", "integer"),
        *(Column(name, SCORES[name], "mixed") for name in result.performance.scores),
        Column("null", f"Null model, {SCORES[result.validation.main_score]}", "mixed"),
        *penalty,
        *chosen,
    )


def _split_rows(result: Prediction) -> list[Row]:
    validation = result.validation
    return [
        {
            "split": split.name,
            "n_train": int(split.train.size),
            "n_test": int(split.test.size),
            **{name: finite(values[number]) for name, values in validation.scores.items()},
            "null": finite(validation.null_scores[validation.main_score][number]),
            "penalty": finite(validation.penalties[number]),
            "n_features": int(validation.n_features[number]),
        }
        for number, split in enumerate(validation.splits)
    ]


def subjects_table(cohort: Cohort, result: Prediction) -> TableView:
    """Return the prediction of each test subject."""
    return TableView(
        "subjects", "Predictions of each subject", _subject_columns(result), tuple(_subject_rows(cohort, result))
    )


def _subject_columns(result: Prediction) -> tuple[Column, ...]:
    kind: Literal["text", "mixed"] = "text" if result.levels else "mixed"
    return (
        Column("subject", "Subject", of_subjects=True),
        Column("actual", "Actual", kind),
        Column("predicted", "Predicted", kind),
        *(() if len(result.levels) > 2 else (Column("output", "Decision value", "number"),) if result.levels else ()),
        Column("error", "Share of wrong predictions" if result.levels else "Error", "number"),
        Column("n_tests", "Times tested", "integer"),
    )


def _subject_rows(cohort: Cohort, result: Prediction) -> list[Row]:
    validation, errors = result.validation, result.errors
    output = validation.averaged()
    times = np.isfinite(validation.predicted).sum(axis=0)
    rows: list[Row] = []
    for position, subject in enumerate(result.feature_set.subjects.tolist()):
        if not times[position]:
            continue
        actual: Cell
        predicted: Cell
        if result.levels:
            column = output[position]
            code = int(column.argmax()) if column.size > 1 else int(column[0] > 0)
            actual, predicted = result.levels[int(validation.truth[position])], result.levels[code]
            error = errors.absolute[position]
        else:
            actual, predicted = finite(float(validation.truth[position])), finite(output[position, 0])
            error = errors.signed[position]
        rows.append(
            {
                "subject": cohort.subjects[subject],
                "actual": actual,
                "predicted": predicted,
                "output": finite(output[position, 0]),
                "error": finite(float(error)),
                "n_tests": int(times[position]),
            }
        )
    return rows
