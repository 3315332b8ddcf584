"""A prediction in words, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Column,
    FigureView,
    Finding,
    GridView,
    MatrixView,
    Methods,
    PointsView,
    Report,
    TableView,
    View,
)
from imagenomer.analyses.models.protocol import MODELS, USES, about_model, about_splits
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.edge_points import jitter
from imagenomer.analyses.shared.inference import Plan
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.predictors import Gathered
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.sites import COMBAT_CITATIONS
from imagenomer.analyses.shared.strongest_edges import EDGE_COLUMNS, named_edges, strongest
from imagenomer.analyses.shared.test_tables import number_text, p_text
from imagenomer.cohort import Cohort, Phenotype, parcellation_of
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.jsonable import finite
from imagenomer.statistics.models import Model as Fitted
from imagenomer.statistics.prediction import CrossValidation, main_score
from imagenomer.statistics.prediction_checks import LearningCurve, PermutationTest, ShuffledFeatures
from imagenomer.statistics.scores import Interval
from imagenomer.statistics.split_tasks import Use
from imagenomer.types import FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.analyses.models.prediction import Params

SCORES = {
    "r2": "R²",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "r": "Pearson's r within splits",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "auc": "AUC",
}
#: Features listed.
_LISTED = 30
#: Fewer training subjects than this, and associations of brain and behaviour often do not come again.
_FEW = 300
#: Draws of at most this share of the people there are have few in common.
_APART = 0.1
#: Fewer tested subjects in a split than this, and scores of single splits say little.
_FEW_TESTED = 10
#: Share of the largest class above which accuracy says little.
_UNBALANCED = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A cross-validation with its scores put together.

    Attributes
    ----------
    result : CrossValidation
    scores : dict of str to Interval
    null : dict of str to float
        Of the null model.
    """

    result: CrossValidation
    scores: dict[str, Interval]
    null: dict[str, float]

    @property
    def main(self) -> Interval:
        return self.scores[self.result.main_score]


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """A model of everybody who may train.

    Attributes
    ----------
    weights, patterns : ndarray, shape (n_columns, n_features)
        What the model multiplies features by, and how features go with what it predicts (Haufe 2014).
    selected : ndarray of int or None
        Features in use; None: all.
    n_subjects : int
    penalty : float
    """

    weights: FloatArray
    patterns: FloatArray
    selected: IntArray | None
    n_subjects: int
    penalty: float


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """How wrong the predictions of each subject are, and with what that goes.

    Attributes
    ----------
    signed, absolute : ndarray, shape (n_subjects,)
        Truth less prediction, averaged over splits (NaN of classes), and its size (of classes the share of splits that
        predicted another); NaN where not tested.
    phenotypes : tuple of Phenotype
    association, neg_log10_p, n_subjects : ndarray, shape (2, n_phenotypes)
        Of signed and of absolute errors, as of `imagenomer.statistics.pairwise`.
    """

    signed: FloatArray
    absolute: FloatArray
    phenotypes: tuple[Phenotype, ...]
    association: FloatArray
    neg_log10_p: FloatArray
    n_subjects: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A phenotype predicted, and how well.

    Attributes
    ----------
    gathered : Gathered
    asked : Model
        What is predicted, and the covariates.
    levels : tuple of str
        Classes, as the codes of the target count them; empty for a number.
    use : Use
    model : Model
    judged : Judged
    alone : Judged or None
        Predictions from the covariates alone, in the same splits.
    weighed : Weighed or None
        None where no features are used.
    errors : Errors
    plan : Plan
    tested : PermutationTest or None
    curve : LearningCurve or None
    leak : ShuffledFeatures or None
    ancestry : tuple of str
    """

    gathered: Gathered
    asked: Model
    levels: tuple[str, ...]
    use: Use
    model: Fitted
    judged: Judged
    alone: Judged | None
    weighed: Weighed | None
    errors: Errors
    plan: Plan
    tested: PermutationTest | None
    curve: LearningCurve | None
    leak: ShuffledFeatures | None
    ancestry: tuple[str, ...]

    @property
    def n_classes(self) -> int:
        return len(self.levels)

    @property
    def frequency(self) -> FloatArray | None:
        """Share of splits in which each feature was selected; None where all are used."""
        selections = self.judged.result.selections
        if not selections:
            return None
        counts = np.bincount(np.concatenate(selections), minlength=self.gathered.space.features.n_columns)
        return np.asarray(counts / len(selections))


# --- saying --------------------------------------------------------------------------------------


def make_report(cohort: Cohort, params: Params, result: Prediction) -> Report:
    judged, weighed = result.judged, result.weighed
    top = _top(cohort, result)
    arrays: dict[str, Any] = {"predicted": judged.result.averaged()[:, 0], "error": result.errors.absolute}
    if weighed is not None and result.gathered.kind in ("connectivity", "variants"):
        for name, values in zip(_map_names(result), weighed.weights, strict=True):
            arrays[name] = values
        if result.gathered.kind == "connectivity":
            for name, values in zip(_map_names(result, "pattern"), weighed.patterns, strict=True):
                arrays[name] = values
    frequency = result.frequency
    if frequency is not None and result.gathered.kind == "connectivity":
        arrays["frequency"] = frequency
    return Report(
        numbers={
            "phenotype": params.phenotype,
            "level": result.asked.level,
            "classes": list(result.levels),
            "features": params.features,
            "feature_name": result.gathered.name,
            "n_features": result.gathered.space.n_features,
            "model": params.model,
            "protocol": params.protocol,
            "covariates": [one.name for one in result.asked.question.covariates],
            "use": result.use,
            "group": params.group,
            **result.gathered.numbers,
            "n_subjects": result.gathered.n_subjects,
            "n_splits": len(judged.result.splits),
            "seed": params.seed,
            "interval": "corrected resampled t" if judged.result.repeated else "bootstrap over subjects",
            "scores": {name: _interval_numbers(one) for name, one in judged.scores.items()},
            "null_scores": {name: finite(one) for name, one in judged.null.items()},
            "covariates_only": None
            if result.alone is None
            else {name: _interval_numbers(one) for name, one in result.alone.scores.items()},
            "penalties": [finite(one) for one in judged.result.penalties.tolist()],
            "permutation_p": None if result.tested is None else result.tested.p_value,
            "permutations": result.plan.n_permutations,
            "learning_curve": None if result.curve is None else _curve_rows(result),
            "shuffled_features": None if result.leak is None else finite(float(np.nanmean(result.leak.shuffled))),
            "top": top[:_LISTED],
        },
        sentences=tuple(_sentences(params, result)),
        warnings=tuple(_warnings(cohort, params, result)),
        views=tuple(_views(cohort, params, result, top)),
        arrays=arrays,
        verdict=_verdict(result),
    )


def _interval_numbers(interval: Interval) -> dict[str, Json]:
    return {"value": finite(interval.estimate), "low": finite(interval.low), "high": finite(interval.high)}


def _target_name(result: Prediction) -> str:
    return result.asked.name


def _sentences(params: Params, result: Prediction) -> list[str]:
    gathered, judged = result.gathered, result.judged
    said = [*gathered.sentences, *result.ancestry]
    if result.levels:
        counts = np.bincount(judged.result.truth.astype(np.intp), minlength=len(result.levels))
        sizes = listed(f"{level} ({n})" for level, n in zip(result.levels, counts.tolist(), strict=True))
        said.append(f"Predicted is {params.phenotype}, a category: {sizes}.")
    from_what = counted(gathered.space.n_features, "feature")
    if result.use == "covariates":
        said.append(f"{_target_name(result)} is predicted from the covariates alone, without {gathered.name}.")
    else:
        said.append(f"{_target_name(result)} is predicted from {from_what} ({gathered.name}).")
        said += about_model(params, result.n_classes, gathered.kind)
    said += _about_covariates(result)
    said += [*about_splits(params, judged.result.splits), *_about_scores(params, result)]
    n_never = int(np.count_nonzero(~np.isfinite(judged.result.predicted).any(axis=0)))
    if n_never and params.protocol != "groups":
        said.append(
            f"{counted(n_never, 'subject')} happened to be in no test part and "
            f"{'has' if n_never == 1 else 'have'} no prediction."
        )
    if judged.result.selections:
        n = judged.result.n_features
        said.append(f"Selected in each split: {_range(n)} features.")
    if result.tested is not None:
        said += _about_permutations(result)
    if result.curve is not None:
        said.append(
            "The learning curve tests the same subjects at every size. Bars of 1.96 standard deviations over splits "
            "are drawn up to a tenth of the subjects there are; larger draws have so many subjects in common that "
            "their spread would promise too much (Sci. Rep. 2025, doi:10.1038/s41598-025-89257-w)."
        )
    if result.leak is not None:
        values = result.leak.shuffled
        mean, low, high, own = (
            number_text(float(value), ".3f")
            for value in (np.nanmean(values), np.nanmin(values), np.nanmax(values), result.leak.statistic)
        )
        said.append(
            f"With the features of other subjects the same model reaches {SCORES[result.leak.score]} {mean} on average "
            f"({values.size} shuffles, {low} to {high}), with their own {own}: what shuffled features reach is no "
            "knowledge of theirs (Hamdan 2023)."
        )
    if result.weighed is not None:
        said.append(_ABOUT_WEIGHTS.format(n=result.weighed.n_subjects, name=_target_name(result)))
    said += _about_errors(params, result)
    return said


_ABOUT_WEIGHTS = (
    "Weights are those of one more model, of all {n} subjects who may train; its predictions are not scored. A weight "
    "says how the model uses a feature, not that the feature goes with {name}; the pattern (Haufe 2014) says how "
    "features go with what the model predicts."
)


def _untested(result: Prediction) -> list[str]:
    """Say which classes nobody is of who is tested, in some splits: the balanced accuracy is then of the others."""
    classes, splits = result.judged.result.truth.astype(np.intp), result.judged.result.splits
    tested = np.array([np.bincount(classes[split.test], minlength=len(result.levels)) > 0 for split in splits])
    lacking = [level for level, own in zip(result.levels, tested.T, strict=True) if not own.all()]
    if not lacking:
        return []
    n_lacking, n_single = np.count_nonzero(~tested.all(axis=1)), np.count_nonzero(tested.sum(axis=1) < 2)
    text = (
        f"In {n_lacking} of {len(splits)} splits nobody who is tested is {' or '.join(lacking)}: the balanced accuracy "
        "is there the mean over the other classes."
    )
    if n_single:
        text += f" In {n_single} only one class is tested, which says nothing of how well classes are told apart."
    return [text]


def _about_covariates(result: Prediction) -> list[str]:
    if not result.asked.question.covariates:
        return []
    columns = [column for column in result.asked.design.columns if column != "intercept"]
    how = {
        "residual": "are regressed on in the training part and taken out of the features of both parts; "
        f"{_target_name(result)} itself stays as it is",
        "both": "are in the model beside the features, without a penalty"
        if not result.levels or result.model.least_squares
        else "are in the model beside the features, standardised, with a penalty of 1",
        "covariates": "predict alone",
        "features": "are not used",
    }[result.use]
    if result.ancestry:
        how += "; components of ancestry are those of everybody's genotypes, of those who are tested as well"
    return [f"The covariates {result.asked.adjusted_for} (columns: {listed(columns)}) {how}."]


def _range(values: FloatArray | IntArray) -> str:
    low, high = values.min(), values.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _scores_text(judged: Judged, name: str) -> str:
    one = judged.scores[name]
    digits = ".3f" if name not in ("rmse", "mae") else ".4g"
    text = (
        f"{SCORES[name]} = {number_text(one.estimate, digits)}"
        if np.isfinite(one.estimate)
        else f"{SCORES[name]} is not defined"
    )
    if np.isfinite(one.low):
        text += f" (95 % interval {number_text(one.low, digits)} to {number_text(one.high, digits)})"
    return text


def _about_scores(params: Params, result: Prediction) -> list[str]:
    judged = result.judged
    main = judged.result.main_score
    null = judged.null[main]
    of_null = f"; the null model has {number_text(null, '.3f')}" if np.isfinite(null) else ""
    said = [f"{_scores_text(judged, main)}{of_null}."]
    if result.alone is not None:
        said[0] = said[0][:-1] + f", and the covariates alone {_scores_text(result.alone, main)}."
    said.append(
        "The null model predicts everybody by the mean of those who train. R² is the share of its squared error that "
        "the model saves: 0 is no better, below 0 is worse."
        if not result.levels
        else "The null model predicts everybody to be of the most frequent class of those who train. An AUC of 0.5, "
        f"and a balanced accuracy of {number_text(1 / len(result.levels), '.3g')}, is chance."
    )
    if not result.levels and params.protocol in ("groups", "leave-one-out"):
        said.append(
            "Those who are tested can have another mean than those who train. A model that does no more than tell them "
            "apart then gains R²; r within splits, which compares those who are tested with each other, does not."
        )
    said.append(
        "Intervals are the corrected resampled t's (Nadeau and Bengio 2003): repetitions share subjects, and a plain "
        "interval over them would be too short."
        if judged.result.repeated
        else "Intervals are percentiles of 1,000 bootstrap samples of the tested subjects, with the models as they "
        "are: they leave out that another sample would have trained other models."
    )
    return said


def _about_permutations(result: Prediction) -> list[str]:
    tested = result.tested
    assert tested is not None
    what = (
        "what the covariates leave of the target was rearranged (Freedman and Lane)"
        if result.use in ("both", "residual") and not result.levels
        else "the target was rearranged"
    )
    within = "" if result.plan.blocks is None else f" within levels of {result.plan.blocks.name}"
    n_as_good = round(tested.p_value * (tested.null.size + 1)) - 1
    return [
        f"In {tested.null.size:,} rearrangements {what}{within} and everything fitted anew, the choice of the penalty "
        f"included; {n_as_good:,} reached {SCORES[tested.score]} {number_text(tested.statistic, '.3f')}: "
        f"p = {tested.p_value:.3g}."
    ]


def _about_errors(params: Params, result: Prediction) -> list[str]:
    errors = result.errors
    p = errors.neg_log10_p[1]
    known = np.flatnonzero(np.isfinite(p) | np.isinf(p))
    known = known[[errors.phenotypes[index].name != params.phenotype for index in known]]
    if not known.size:
        return []
    first = int(known[np.argmax(p[known])])
    beyond = p[first] >= -np.log10(0.05 / known.size)
    how = f"{number_text(errors.association[1, first], '.2f')}, {p_text(p[first])}, uncorrected"
    return [
        f"Of {counted(known.size, 'other phenotype')}, the size of errors goes most with "
        f"{errors.phenotypes[first].name} ({how})"
        + (
            ": for some people predictions are worse than for others, and who was trained on can be a reason."
            if beyond
            else ", which is no more than chance among so many (Bonferroni)."
        )
    ]


def _warnings(cohort: Cohort, params: Params, result: Prediction) -> list[str]:
    judged, gathered = result.judged, result.gathered
    said = [*gathered.warnings, *design_warnings(result.asked.design.findings)]
    n_train = int(np.median([split.train.size for split in judged.result.splits]))
    if n_train < _FEW:
        said.append(
            f"{n_train} subjects train: few. Associations of brain and behaviour found in samples of this size often "
            "do not come again and are overstated where they are found (Marek 2022), and scores of so few vary widely "
            "with the split. Look at the interval, not at the score."
        )
    smallest = min(split.test.size for split in judged.result.splits)
    if smallest < _FEW_TESTED:
        said.append(f"A split tests {smallest} subjects only: its own score says little.")
    if result.levels:
        counts = np.bincount(judged.result.truth.astype(np.intp))
        share = counts.max() / counts.sum()
        if share > _UNBALANCED:
            said.append(
                f"{share:.0%} are {result.levels[int(counts.argmax())]}: predicting that of everybody is right as "
                "often, so look at the AUC or the balanced accuracy instead of the accuracy."
            )
        said += _untested(result)
    said += _unseen(cohort, params, result)
    n_strongest, n_splits = judged.result.strongest, len(judged.result.splits)
    if n_strongest > n_splits / 2:
        said.append(
            f"In {n_strongest} of {n_splits} splits the strongest penalty was best: what the features tell is close to "
            "nothing."
        )
    main = judged.main
    if np.isfinite(main.estimate) and main.estimate < judged.null[judged.result.main_score] - 1e-12:
        said.append("The model predicts worse than the null model.")
    if result.alone is not None and result.use == "both":
        ahead = main.estimate - result.alone.main.estimate
        if np.isfinite(ahead) and ahead <= 0:
            said.append(
                "The features add nothing to the covariates here: the covariates alone predict as well or better."
            )
    return said


def _unseen(cohort: Cohort, params: Params, result: Prediction) -> list[str]:
    """Name covariates of which somebody is tested who has a level that nobody who trains has."""
    if result.use == "features":
        return []
    said = []
    subjects = result.gathered.subjects
    for one in result.asked.question.covariates:
        if not one.levels:
            continue
        codes = one.values[subjects]
        n = sum(
            int(np.count_nonzero(~np.isin(codes[split.test], codes[split.train])))
            for split in result.judged.result.splits
        )
        if n:
            said.append(
                f"{one.name} has levels that are tested and that nobody who trains has ({n:,} times a subject is "
                "tested): what such a level does cannot be learned, and it counts as the first level."
            )
    return said


# --- tables --------------------------------------------------------------------------------------


def _views(cohort: Cohort, params: Params, result: Prediction, top: list[dict[str, Json]]) -> list[View]:
    judged = result.judged
    views: list[View] = [_scores_table(result)]
    if not result.levels or len(result.levels) == 2:
        views.append(_points(cohort, params, result))
    if len(judged.result.splits) > 1:
        main = judged.result.main_score
        views.append(
            FigureView(
                "splits",
                f"{SCORES[main]} of each split",
                f"A box of {counted(len(judged.result.splits), 'split')} for the model and what it is compared with.",
            )
        )
    if result.levels:
        views.append(_confusion(result))
    if len(result.levels) == 2:
        views.append(FigureView("roc", "True against false positives", "A curve for each split, and their mean."))
    views += _maps(cohort, params, result)
    if top:
        views.append(TableView("features", "Features with the largest weights", _top_columns(result), tuple(top)))
    if result.tested is not None:
        views.append(
            FigureView(
                "permutations",
                "Against rearranged targets",
                f"Histogram of {counted(result.tested.null.size, 'rearrangement')}, and the actual score as a line.",
            )
        )
    if result.curve is not None:
        views += [
            FigureView("learning", "Learning curve", f"{SCORES[result.curve.score]} against subjects who train."),
            TableView("sizes", "Learning curve", _CURVE_COLUMNS, tuple(_curve_rows(result))),
        ]
    if result.leak is not None:
        views.append(
            FigureView("shuffles", "Features of other subjects", "A histogram, and the actual score as a line.")
        )
    views += [
        TableView("errors", "Whose predictions are worse", _error_columns(result), tuple(_error_rows(params, result))),
        *_error_points(cohort, params, result),
        TableView("each_split", "Splits and chosen penalties", _split_columns(result), tuple(_split_rows(result))),
        TableView(
            "subjects", "Predictions of each subject", _subject_columns(result), tuple(_subject_rows(cohort, result))
        ),
    ]
    return [view for view in views if not isinstance(view, TableView) or view.rows]


def _scores_table(result: Prediction) -> TableView:
    columns = [
        Column("score", "Score"),
        Column("value", "Model", "mixed"),
        Column("low", "95 % interval from", "mixed"),
        Column("high", "to", "mixed"),
        Column("null", "Null model", "mixed"),
    ]
    if result.alone is not None:
        columns += [
            Column("alone", "Covariates alone", "mixed"),
            Column("alone_low", "Interval from", "mixed"),
            Column("alone_high", "to", "mixed"),
        ]
    rows = []
    for name, one in result.judged.scores.items():
        row: dict[str, Json] = {
            "score": SCORES[name],
            **_interval_numbers(one),
            "null": finite(result.judged.null[name]),
        }
        if result.alone is not None:
            alone = result.alone.scores[name]
            row |= {"alone": finite(alone.estimate), "alone_low": finite(alone.low), "alone_high": finite(alone.high)}
        rows.append(row)
    return TableView("scores", "How well it predicts", tuple(columns), tuple(rows))


def _points(cohort: Cohort, params: Params, result: Prediction) -> PointsView:
    judged, subjects = result.judged.result, result.gathered.subjects
    output = judged.averaged()[:, 0]
    tested = np.flatnonzero(np.isfinite(output))
    names = [cohort.subjects[index] for index in subjects[tested]]
    averaged = ", averaged over the splits that tested a subject" if judged.repeated else ""
    truth = judged.truth[tested].astype(np.float64)
    if result.levels:
        x = truth + jitter(truth, output[tested])
        series = {"name": "Subjects", "colour": GROUP_COLOURS[0], "x": x.tolist(), "y": output[tested].tolist()}
        return PointsView(
            "predictions",
            f"{params.phenotype}, decision values",
            params.phenotype,
            "Decision value",
            ({**series, "subjects": names},),
            caption=f"Above 0 {result.levels[1]} is predicted{averaged}.",
            x_ticks=tuple((float(place), name) for place, name in enumerate(result.levels)),
            levels=((0.0, "border"),),
        )
    low, high = float(truth.min()), float(truth.max())
    units = f" ({result.asked.question.phenotype.units})" if result.asked.question.phenotype.units else ""
    series = {"name": "Subjects", "colour": GROUP_COLOURS[0], "x": truth.tolist(), "y": output[tested].tolist()}
    return PointsView(
        "predictions",
        f"{params.phenotype}, predicted and actual",
        f"Actual {params.phenotype}{units}",
        "Predicted",
        ({**series, "subjects": names},),
        line=(low, low, high, high),
        caption=f"On the line a prediction is right{averaged}.",
    )


def _confusion(result: Prediction) -> GridView:
    judged = result.judged.result
    k = len(result.levels)
    counts = np.zeros((k, k))
    for predicted in judged.predicted:
        tested = np.isfinite(predicted)
        np.add.at(counts, (judged.truth[tested].astype(np.intp), predicted[tested].astype(np.intp)), 1)
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
        tips=tuple(
            tuple(
                f"{result.levels[i]}, predicted to be {result.levels[j]}: {counts[i, j]:.0f} of "
                f"{counts[i].sum():.0f} tests"
                for j in range(k)
            )
            for i in range(k)
        ),
    )


def _map_names(result: Prediction, kind: str = "weights") -> list[str]:
    """Return what the maps of each column are called in arrays."""
    if len(result.levels) > 2:
        return [f"{kind}_{number}" for number in range(len(result.levels))]
    return [kind]


def _maps(cohort: Cohort, params: Params, result: Prediction) -> list[View]:
    if result.weighed is None or result.gathered.kind != "connectivity":
        return []
    whose = ["", *[""]] if len(result.levels) <= 2 else [f": {level}" for level in result.levels]
    note = _note(params, result)
    views: list[View] = []
    for kind, title, label in (
        ("weights", f"Weights, {_target_name(result)}", "Weight"),
        ("pattern", f"Pattern, {_target_name(result)}", "Edge for one unit of what is predicted"),
    ):
        for name, of_class in zip(_map_names(result, kind), whose, strict=False):
            views.append(MatrixView(name, f"{title}{of_class}", label, name, note=note))
    if result.frequency is not None:
        views.append(
            MatrixView("frequency", "How often selected", "Share of splits", "frequency", "sequential", 1.0, note=note)
        )
    return views


def _note(params: Params, result: Prediction) -> str:
    assert result.weighed is not None
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    used = f"; covariates {result.asked.adjusted_for}: {USES[result.use].lower()}" if result.asked.adjusted_for else ""
    return f"{counted(result.weighed.n_subjects, 'subject')}{whose}, {MODELS[params.model]}{used}"


def _top(cohort: Cohort, result: Prediction) -> list[dict[str, Json]]:
    """Return the features with the largest weights; of several classes, of the first."""
    weighed, gathered = result.weighed, result.gathered
    if weighed is None:
        return []
    rows = []
    frequency = result.frequency
    for number, weights in enumerate(weighed.weights):
        own = strongest(weights, _LISTED if len(weighed.weights) == 1 else 10)
        names: list[dict[str, Any]]
        if gathered.kind == "connectivity":
            names = named_edges(parcellation_of(cohort), own)
        elif gathered.variants is not None:
            n_variants = len(gathered.variants.variant_ids)
            copies, variant = np.divmod(own, n_variants)
            coded = weights.size != n_variants
            names = [
                {"feature": gathered.variants.variant_ids[index] + (f", {_COPIES[one]}" if coded else "")}
                for index, one in zip(variant.tolist(), copies.tolist(), strict=True)
            ]
        else:
            names = [{"feature": gathered.feature_names[index]} for index in own.tolist()]
        for index, name in zip(own.tolist(), names, strict=True):
            row: dict[str, Json] = {
                **name,
                "weight": finite(weights[index]),
                "pattern": finite(weighed.patterns[number, index]),
            }
            if len(weighed.weights) > 1:
                row["class"] = result.levels[number]
            if frequency is not None:
                row["frequency"] = finite(frequency[index])
            rows.append(row)
    return rows


_COPIES = ("no copy", "one copy", "two copies")


def _top_columns(result: Prediction) -> tuple[Column, ...]:
    own: tuple[Column, ...] = (
        EDGE_COLUMNS if result.gathered.kind == "connectivity" else (Column("feature", "Feature"),)
    )
    first = (Column("class", "Class"),) if len(result.levels) > 2 else ()
    last = () if result.frequency is None else (Column("frequency", "Share of splits", "number"),)
    return (*first, *own, Column("weight", "Weight", "mixed"), Column("pattern", "Pattern", "mixed"), *last)


_CURVE_COLUMNS = (
    Column("n_train", "Subjects who train", "integer"),
    Column("value", "Score", "number"),
    Column("sd", "SD over splits", "number"),
    Column("apart", "Draws"),
)


def _curve_rows(result: Prediction) -> list[dict[str, Json]]:
    curve = result.curve
    assert curve is not None
    rows = []
    for n, values in zip(curve.n_train.tolist(), curve.values, strict=True):
        known = values[np.isfinite(values)]
        rows.append(
            {
                "n_train": n,
                "value": finite(float(known.mean())) if known.size else None,
                "sd": finite(float(known.std(ddof=1))) if known.size > 1 else None,
                "apart": "nearly apart" if n <= _APART * result.gathered.n_subjects else "overlap",
            }
        )
    return rows


def _error_columns(result: Prediction) -> tuple[Column, ...]:
    signed = (
        Column("signed", "With the signed error", "number"),
        Column("signed_p", "p", "p"),
    )
    return (
        Column("phenotype", "Phenotype"),
        Column(
            "absolute",
            "With the share of wrong predictions" if result.levels else "With the size of the error",
            "number",
        ),
        Column("absolute_p", "p", "p"),
        *(() if result.levels else signed),
        Column("n_subjects", "Subjects", "integer"),
    )


def _error_rows(params: Params, result: Prediction) -> list[dict[str, Json]]:
    errors = result.errors
    order = np.argsort(-np.nan_to_num(errors.neg_log10_p[1], nan=-1.0, posinf=np.inf), kind="stable")
    rows = []
    for index in order.tolist():
        one = errors.phenotypes[index]
        if not (np.isfinite(errors.association[:, index]).any()):
            continue
        rows.append(
            {
                "phenotype": one.name + (" (predicted)" if one.name == params.phenotype else ""),
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


def _error_points(cohort: Cohort, params: Params, result: Prediction) -> list[View]:
    """Return the size of errors against the other phenotype that it goes most with."""
    errors = result.errors
    p = np.nan_to_num(errors.neg_log10_p[1], nan=-1.0, posinf=np.inf)
    p[[one.name == params.phenotype for one in errors.phenotypes]] = -1
    if p.max(initial=-1) < 0:
        return []
    one = errors.phenotypes[int(p.argmax())]
    subjects = result.gathered.subjects
    known = np.flatnonzero(np.isfinite(errors.absolute) & ~one.missing[subjects])
    x, y = one.values[subjects[known]].astype(np.float64), errors.absolute[known]
    if one.levels:
        x = x + jitter(x, y)
    return [
        PointsView(
            "error_points",
            f"Errors against {one.name}",
            one.name + (f" ({one.units})" if one.units else ""),
            "Share of splits that are wrong" if result.levels else "Size of the error",
            (
                {
                    "name": "Subjects",
                    "colour": GROUP_COLOURS[0],
                    "x": x.tolist(),
                    "y": y.tolist(),
                    "subjects": [cohort.subjects[index] for index in subjects[known]],
                },
            ),
            caption="The phenotype that errors go most with, of those that were not predicted.",
            x_ticks=tuple((float(place), name) for place, name in enumerate(one.levels)),
        )
    ]


def _split_columns(result: Prediction) -> tuple[Column, ...]:
    chosen = (Column("n_features", "Features", "integer"),) if result.judged.result.selections else ()
    penalty = (Column("penalty", "Penalty", "mixed"),) if np.isfinite(result.judged.result.penalties).any() else ()
    return (
        Column("split", "Split"),
        Column("n_train", "Train", "integer"),
        Column("n_test", "Tested", "integer"),
        *(Column(name, SCORES[name], "mixed") for name in result.judged.scores),
        Column("null", f"Null model, {SCORES[result.judged.result.main_score]}", "mixed"),
        *penalty,
        *chosen,
    )


def _split_rows(result: Prediction) -> list[dict[str, Json]]:
    judged = result.judged.result
    return [
        {
            "split": split.name,
            "n_train": int(split.train.size),
            "n_test": int(split.test.size),
            **{name: finite(values[number]) for name, values in judged.scores.items()},
            "null": finite(judged.null_scores[judged.main_score][number]),
            "penalty": finite(judged.penalties[number]),
            "n_features": int(judged.n_features[number]),
        }
        for number, split in enumerate(judged.splits)
    ]


def _subject_columns(result: Prediction) -> tuple[Column, ...]:
    kind: Literal["text", "mixed"] = "text" if result.levels else "mixed"
    return (
        Column("subject", "Subject"),
        Column("actual", "Actual", kind),
        Column("predicted", "Predicted", kind),
        *(() if len(result.levels) > 2 else (Column("output", "Decision value", "number"),) if result.levels else ()),
        Column("error", "Share of splits that are wrong" if result.levels else "Error", "number"),
        Column("n_tests", "Times tested", "integer"),
    )


def _subject_rows(cohort: Cohort, result: Prediction) -> list[dict[str, Json]]:
    judged, errors = result.judged.result, result.errors
    output = judged.averaged()
    times = np.isfinite(judged.predicted).sum(axis=0)
    rows = []
    for position, subject in enumerate(result.gathered.subjects.tolist()):
        if not times[position]:
            continue
        if result.levels:
            column = output[position]
            code = int(column.argmax()) if column.size > 1 else int(column[0] > 0)
            actual: Json = result.levels[int(judged.truth[position])]
            predicted: Json = result.levels[code]
            error = errors.absolute[position]
        else:
            actual, predicted = finite(float(judged.truth[position])), finite(output[position, 0])
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


# --- drawing -------------------------------------------------------------------------------------


def draw_views(result: Prediction, theme: Literal["light", "dark"]) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import box_figure, box_statistics
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.prediction import curve_figure, null_figure, roc_figure

    judged = result.judged.result
    main = judged.main_score
    note = f"{counted(result.gathered.n_subjects, 'subject')}; {result.gathered.name}"
    title = f"{_target_name(result)} from {result.gathered.name}"
    drawings: dict[str, Callable[[], Figure]] = {}

    def boxes() -> Figure:
        named = [("Model", judged.scores[main]), ("Null model", judged.null_scores[main])]
        if result.alone is not None:
            named.append(("Covariates alone", result.alone.result.scores[main]))
        own = [
            box_statistics(name, colour, values[np.isfinite(values)])
            for (name, values), colour in zip(named, GROUP_COLOURS, strict=False)
            if np.isfinite(values).any()
        ]
        return box_figure(
            own, title=f"{title}: {len(judged.splits)} splits", x_label=SCORES[main], note=note, theme=theme
        )

    drawings["splits"] = boxes
    if len(result.levels) == 2:
        tested = [(split.test, judged.decision[number, split.test, 0]) for number, split in enumerate(judged.splits)]
        drawings["roc"] = partial(
            roc_figure, judged.truth.astype(np.intp), tested, title=f"{title}: ROC", note=note, theme=theme
        )
    if result.tested is not None:
        drawings["permutations"] = partial(
            null_figure,
            result.tested.null,
            result.tested.statistic,
            title=f"{title}: {result.tested.null.size:,} rearrangements",
            x_label=SCORES[result.tested.score],
            note=f"{note}; p = {result.tested.p_value:.3g}",
            theme=theme,
        )
    if result.leak is not None:
        drawings["shuffles"] = partial(
            null_figure,
            result.leak.shuffled,
            result.leak.statistic,
            title=f"{title}: features of other subjects",
            x_label=SCORES[result.leak.score],
            note=note,
            theme=theme,
        )
    if result.curve is not None:
        rows = _curve_rows(result)
        mean = np.array([np.nan if row["value"] is None else row["value"] for row in rows], dtype=np.float64)
        sd = np.array([0.0 if row["sd"] is None else row["sd"] for row in rows], dtype=np.float64)
        drawings["learning"] = partial(
            curve_figure,
            result.curve.n_train,
            mean,
            mean - 1.96 * sd,
            mean + 1.96 * sd,
            np.array([row["apart"] != "overlap" for row in rows]),
            null=result.judged.null[main_score(result.n_classes)],
            title=f"{title}: learning curve",
            x_label="Subjects who train",
            y_label=SCORES[result.curve.score],
            note=note,
            theme=theme,
        )
    return Drawings(drawings)


# --- methods -------------------------------------------------------------------------------------


def make_methods(params: Params, result: Prediction) -> Methods:
    """Say how the prediction was made, as a paper tells it."""
    judged = result.judged.result
    text = [
        f"{_target_name(result)} was predicted for {counted(result.gathered.n_subjects, 'subject')} from "
        f"{result.gathered.name} ({counted(result.gathered.space.n_features, 'feature')}).",
        " ".join((*about_model(params, result.n_classes, result.gathered.kind), *_about_covariates(result))),
        " ".join((*about_splits(params, judged.splits), *_about_scores(params, result)[1:])),
    ]
    citations = [
        "Poldrack et al. (2020), JAMA Psychiatry 77:534. https://doi.org/10.1001/jamapsychiatry.2019.3671",
        "Chyzhyk et al. (2022), GigaScience 11:giac014. https://doi.org/10.1093/gigascience/giac014",
    ]
    citations += {
        "ridge": ["Hoerl and Kennard (1970), Technometrics 12:55."],
        "elastic-net": [
            "Tibshirani (1996), J. R. Stat. Soc. B 58:267."
            if params.mix == 1
            else "Zou and Hastie (2005), J. R. Stat. Soc. B 67:301.",
            "Friedman, Hastie and Tibshirani (2010), J. Stat. Softw. 33:1 (coordinate descent along a path).",
            "Tibshirani et al. (2012), J. R. Stat. Soc. B 74:245 (screening of features).",
            "Pedregosa et al. (2011), J. Mach. Learn. Res. 12:2825 (scikit-learn).",
        ],
        "logistic": [],
        "svm": ["Chapelle (2007), Neural Comput. 19:1155."],
        "cpm": ["Shen et al. (2017), Nat. Protoc. 12:506. https://doi.org/10.1038/nprot.2016.178"],
        "top": [],
    }[params.model]
    by_loss = params.model in ("logistic", "svm") or (params.model == "top" and bool(result.levels))
    if params.penalty == "inner" or (params.model == "elastic-net" and params.penalty == "chosen"):
        citations.append("Varma and Simon (2006), BMC Bioinformatics 7:91. https://doi.org/10.1186/1471-2105-7-91")
    elif params.penalty == "chosen" and by_loss:
        citations.append("Cawley and Talbot (2008), Mach. Learn. 71:243.")
    elif params.penalty == "chosen" and params.model in ("ridge", "top"):
        citations.append("Golub, Heath and Wahba (1979), Technometrics 21:215.")
    if judged.repeated:
        citations.append("Nadeau and Bengio (2003), Mach. Learn. 52:239.")
    if result.tested is not None:
        text.append(" ".join(_about_permutations(result)))
        citations += ["Ojala and Garriga (2010), J. Mach. Learn. Res. 11:1833."]
    if result.leak is not None:
        citations.append("Hamdan et al. (2023), GigaScience 12:giad071.")
    if result.gathered.harmonised:
        text.insert(1, result.gathered.harmonised)
        citations += COMBAT_CITATIONS
    if result.weighed is not None:
        text.append(_ABOUT_WEIGHTS.format(n=result.weighed.n_subjects, name=_target_name(result)))
        citations.append("Haufe et al. (2014), NeuroImage 87:96. https://doi.org/10.1016/j.neuroimage.2013.10.067")
    return Methods(tuple(text), tuple(citations))


def _verdict(result: Prediction) -> tuple[Finding, ...]:
    """Say what the scores are consistent with; no more than the intervals allow."""
    judged = result.judged
    name, main = judged.result.main_score, judged.main
    null, what = judged.null[name], result.gathered.name
    if not np.isfinite(main.estimate):
        return (Finding(f"{SCORES[name]} is not defined here, so nothing can be said.", "scores"),)
    source = "the covariates" if result.use == "covariates" else what
    if not np.isfinite(main.low):
        better = f"There is one number and no interval: {_scores_text(judged, name)}."
    elif main.low > null:
        better = f"{_target_name(result)} can be predicted from {source} better than by the null model: "
        better += f"{_scores_text(judged, name)}."
    else:
        better = f"The data are consistent with {source} telling nothing of {_target_name(result)}: "
        better += f"{_scores_text(judged, name)}, and the null model has {number_text(null, '.3f')}."
    said = [Finding(better, "scores")]
    if result.alone is not None:
        alone = result.alone.main
        ahead = main.estimate - alone.estimate
        compared = f"({SCORES[name]} {number_text(main.estimate, '.3f')} against {number_text(alone.estimate, '.3f')})"
        if result.use == "both":
            text = "adds to the covariates" if ahead > 0 else "adds nothing to the covariates"
            said.append(Finding(f"In these splits {what} {text} {compared}.", "scores"))
        elif ahead <= 0:
            said.append(
                Finding(f"The covariates alone predict {_target_name(result)} as well or better {compared}.", "scores")
            )
    if result.tested is not None:
        said.append(
            Finding(
                f"Compared with {counted(result.tested.null.size, 'rearrangement')} of the target, "
                f"p = {result.tested.p_value:.3g}.",
                "permutations",
            )
        )
    return tuple(said)
