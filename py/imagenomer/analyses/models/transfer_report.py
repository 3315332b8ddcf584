"""What is said and shown of predictions across cohorts: verdict, sentences, table and numbers of each direction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagenomer.analyses.contract import Column, FigureView, Finding, TableView, View
from imagenomer.analyses.models.prediction_result import SCORES, Performance, Prediction, Transfer, score_text
from imagenomer.analyses.models.prediction_tables import interval_numbers
from imagenomer.analyses.shared.inference import permutation_warnings
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.test_tables import number_text
from imagenomer.jsonable import finite
from imagenomer.types import Json, Row

#: What a p-value of permutations is measured by.
_ALPHA = 0.05


def transfer_verdict(result: Prediction) -> tuple[Finding, ...]:
    """Say of each direction what its scores are consistent with."""
    return tuple(Finding(text, "transfers") for one in result.transfers for text in _findings(result, one))


def _findings(result: Prediction, transfer: Transfer) -> Iterator[str]:
    name, main = transfer.performance.validation.main_score, transfer.performance.main
    null = transfer.performance.null[name]
    who = f"Trained on {transfer.trained_on} and tested on {transfer.tested_on}"
    source = "the covariates" if result.use == "covariates" else result.feature_set.name
    score = score_text(transfer.performance, name)
    if not np.isfinite(main.estimate):
        yield f"{who}, {SCORES[name]} is not defined: the test subjects do not differ in {result.target_name}."
        return
    if not np.isfinite(main.low):
        said = f"{who}, there is one number and no interval: {score}"
    elif main.low > null:
        said = f"{who}, {result.target_name} can be predicted from {source} better than by the null model: {score}"
    else:
        said = (
            f"{who}, the data are consistent with {source} carrying no information about {result.target_name}: {score}"
        )
        said += f", and the null model has {number_text(null, '.3f')}"
    test = transfer.permutation_test
    yield f"{said}." if test is None else f"{said}; p = {test.p_value:.3g} among {_permutations(transfer)}."
    if test is not None and test.p_value <= _ALPHA and main.estimate <= null and not result.levels:
        yield (
            f"Predictions follow {result.target_name} in {transfer.tested_on} without being right: the order transfers "
            "better than the mean or the scale."
        )
    if transfer.covariates_alone is not None and transfer.covariates_alone.main.estimate >= main.estimate:
        yield f"{who}, the covariates alone do as well: {score_text(transfer.covariates_alone, name)}."


def _permutations(transfer: Transfer) -> str:
    test = transfer.permutation_test
    assert test is not None
    return counted(test.null.size, "permutation") + " of the test subjects"


def about_transfers(result: Prediction) -> list[str]:
    """Say what is tested across cohorts, what scores count as error, and how the test subjects were permuted."""
    said = [
        "Everything is fitted in the cohort that is trained on; of the other cohort nothing is known to the model, and "
        "features are not harmonised between cohorts."
    ]
    if not result.levels:
        said.append(
            "R² is compared with the mean of the cohort that is trained on: another mean or spread in the other cohort "
            "counts as error there, and not in r."
        )
    by = result.transfers[0].by
    if by is not None:
        said.append(f"The same predictions are scored within each level of {by} as well.")
    for one in result.transfers:
        test = one.permutation_test
        if test is None:
            continue
        n_as_good = round(test.p_value * (test.null.size + 1)) - 1
        what = "targets"
        if result.use in ("both", "residual") and not result.levels:
            what = "residuals of the target given the covariates (Freedman and Lane)"
        within = "" if one.plan.blocks is None else f" within levels of {one.plan.blocks.name}"
        said.append(
            f"{one.name}: in {_permutations(one)}{within} {what} were exchanged among them, with the model as it is; "
            f"{n_as_good:,} reached {SCORES[test.score]} {number_text(test.statistic, '.3f')}: p = {test.p_value:.3g}."
        )
    return said


def transfer_warnings(result: Prediction) -> list[str]:
    """Say if so few permutations of the test subjects cannot make anything significant."""
    tests = [one.plan for one in result.transfers if one.permutation_test is not None]
    return list(dict.fromkeys(warning for plan in tests for warning in permutation_warnings(plan, _ALPHA)))


# --- table, figures and numbers ------------------------------------------------------------------


def transfer_views(result: Prediction) -> list[View]:
    """Return the scores of each direction, and its permutations; nothing within a cohort."""
    if not result.transfers:
        return []
    main = result.validation.main_score
    by = result.transfers[0].by
    columns = [
        Column("trained_on", "Trained on"),
        Column("tested_on", "Tested on"),
        *(() if by is None else (Column("level", by),)),
        Column("n_train", "Training subjects", "integer"),
        Column("n_test", "Test subjects", "integer"),
        Column("value", SCORES[main], "mixed"),
        Column("low", "95 % interval from", "mixed"),
        Column("high", "to", "mixed"),
        Column("null", f"Null model, {SCORES[main]}", "mixed"),
        *(Column(name, SCORES[name], "mixed") for name in result.performance.scores if name != main),
        *((Column("p", "p", "p"),) if any(one.permutation_test for one in result.transfers) else ()),
    ]
    rows = tuple(row for one in result.transfers for row in _rows(one))
    views: list[View] = [TableView("transfers", "How well it predicts in the other cohort", tuple(columns), rows)]
    for name, one in tests_of(result).items():
        test = one.permutation_test
        assert test is not None
        score = f"{SCORES[test.score]} {number_text(test.statistic, '.3f')}"
        histogram = f"Histogram of {_permutations(one)}, and the actual {score} as a line; p = {test.p_value:.3g}."
        views.append(FigureView(name, f"{one.name}, compared with permuted test subjects", histogram))
    return views


def tests_of(result: Prediction) -> dict[str, Transfer]:
    """Return the directions with a permutation test, by the names of their figures."""
    tested = [one for one in result.transfers if one.permutation_test is not None]
    return {"permutations" if number == 1 else f"permutations_{number}": one for number, one in enumerate(tested, 1)}


def _rows(transfer: Transfer) -> Iterator[Row]:
    test = transfer.permutation_test
    yield {**_row(transfer, "all", transfer.performance), "p": None if test is None else test.p_value}
    for level, own in transfer.by_level.items():
        yield _row(transfer, level, own)


def _row(transfer: Transfer, level: str, performance: Performance) -> Row:
    main = performance.validation.main_score
    return {
        "trained_on": transfer.trained_on,
        "tested_on": transfer.tested_on,
        "level": level,
        "n_train": transfer.n_train,
        "n_test": int(performance.validation.splits[0].test.size),
        **interval_numbers(performance.main),
        "null": finite(performance.null[main]),
        **{name: finite(one.estimate) for name, one in performance.scores.items() if name != main},
    }


def transfer_numbers(result: Prediction) -> list[Json]:
    """Return each direction as `Report.numbers` has it."""
    return [
        {
            "trained_on": one.trained_on,
            "tested_on": one.tested_on,
            "n_train": one.n_train,
            **_scores(one.performance),
            "covariates_only": None if one.covariates_alone is None else _scores(one.covariates_alone)["scores"],
            "permutation_p": None if one.permutation_test is None else one.permutation_test.p_value,
            "permutations_used": None if one.permutation_test is None else one.permutation_test.null.size,
            "smallest_p": None if one.permutation_test is None else one.plan.smallest_p,
            "by": one.by,
            "levels": {level: _scores(own) for level, own in one.by_level.items()},
        }
        for one in result.transfers
    ]


def _scores(performance: Performance) -> dict[str, Json]:
    return {
        "n_test": int(performance.validation.splits[0].test.size),
        "scores": {name: interval_numbers(one) for name, one in performance.scores.items()},
        "null_scores": {name: finite(one) for name, one in performance.null.items()},
    }
