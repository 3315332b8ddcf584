"""The report of a prediction: numbers, sentences, views and arrays."""

from __future__ import annotations

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import Report
from imagenomer.analyses.models.prediction_result import Performance, Prediction
from imagenomer.analyses.models.prediction_sentences import prediction_sentences, prediction_verdict
from imagenomer.analyses.models.prediction_tables import interval_numbers, size_rows, top_features
from imagenomer.analyses.models.prediction_views import map_names, prediction_views
from imagenomer.analyses.models.prediction_warnings import prediction_warnings, related_warnings
from imagenomer.analyses.models.protocol import MODELS, USES, Protocol, keeps_together
from imagenomer.analyses.models.transfer_report import transfer_numbers
from imagenomer.analyses.shared.predictors import Source
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort
from imagenomer.jsonable import finite
from imagenomer.types import FloatArray, Json, Row

#: Features in the numbers; the table has those of all classes.
_LISTED = 30


def prediction_report(cohort: Cohort, protocol: Protocol, source: Source, result: Prediction) -> Report:
    """Return what the page, the command and the script show of a prediction."""
    top = top_features(cohort, result)
    return Report(
        numbers=_numbers(protocol, source, result, top),
        sentences=tuple(prediction_sentences(protocol, result)),
        warnings=(*prediction_warnings(result), *related_warnings(cohort, protocol, result)),
        views=tuple(prediction_views(cohort, _note(protocol, source, result), result, top)),
        arrays=_arrays(result),
        verdict=prediction_verdict(result),
    )


def _numbers(protocol: Protocol, source: Source, result: Prediction, top: list[Row]) -> dict[str, Json]:
    performance, validation, features = result.performance, result.validation, result.feature_set
    alone, test, shuffled = result.covariates_alone, result.permutation_test, result.shuffled_features
    return {
        "phenotype": result.phenotype.name,
        "level": result.linear_model.level,
        "classes": list(result.levels),
        "features": source.features,
        "feature_name": features.name,
        "n_features": features.space.n_features,
        "model": protocol.model,
        "protocol": protocol.tested_by,
        "covariates": [one.name for one in result.linear_model.question.covariates],
        "use": result.use,
        "group": source.group,
        **features.numbers,
        "n_subjects": features.n_subjects,
        "n_splits": len(validation.splits),
        "seed": protocol.seed,
        "kept_together": protocol.together if keeps_together(protocol) else None,
        "interval": _interval_by(performance),
        "scores": {name: interval_numbers(one) for name, one in performance.scores.items()},
        "null_scores": {name: finite(one) for name, one in performance.null.items()},
        "covariates_only": None
        if alone is None
        else {name: interval_numbers(one) for name, one in alone.scores.items()},
        "penalties": [finite(one) for one in validation.penalties.tolist()],
        "permutation_p": None if test is None else test.p_value,
        "permutations": result.plan.n_permutations,
        "permutations_used": None if test is None else test.null.size,
        "smallest_p": None if test is None else result.plan.smallest_p,
        "test_on": protocol.test_on,
        "second_group": protocol.second_group,
        "transfers": transfer_numbers(result),
        "learning_curve": None if result.learning_curve is None else size_rows(result),
        "shuffled_features": None if shuffled is None else finite(float(np.nanmean(shuffled.shuffled))),
        "top": top[:_LISTED],
    }


def _interval_by(performance: Performance) -> str | None:
    if performance.halves is None:
        return "bootstrap over test subjects"
    return None if performance.halves.refusal else "half-samples"


def _arrays(result: Prediction) -> dict[str, FloatArray]:
    arrays = {"predicted": result.validation.averaged()[:, 0], "error": result.errors.absolute}
    model, frequency, kind = result.final_model, result.frequency, result.feature_set.kind
    if model is not None and kind in ("connectivity", "variants"):
        arrays |= dict(zip(map_names(result), model.weights, strict=True))
        if kind == "connectivity":
            arrays |= dict(zip(map_names(result, "pattern"), model.patterns, strict=True))
    if frequency is not None and kind == "connectivity":
        arrays["frequency"] = frequency
    return arrays


def _note(protocol: Protocol, source: Source, result: Prediction) -> str:
    """Return what figures of maps say below: subjects, model, and the use of covariates."""
    if result.final_model is None:
        return ""
    whose = "" if source.group is None else f" ({groups.describe(source.group)})"
    covariates = result.linear_model.adjusted_for
    used = f"; covariates {covariates}: {USES[result.use].lower()}" if covariates else ""
    return f"{counted(result.final_model.n_subjects, 'subject')}{whose}, {MODELS[protocol.model]}{used}"
