"""Predictions in sample space: what must hold of any, and how sure they are."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics import folds
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import (
    ConnectomeModel,
    ElasticNet,
    InnerFolds,
    LinearSvm,
    Logistic,
    Ridge,
    TopFeatures,
)
from imagenomer.statistics.prediction import cross_validate, estimates, intervals_of_models, null_scores
from imagenomer.statistics.sample_space import sample_space
from predicted import N

MODELS = [Ridge(), Ridge((), InnerFolds()), ElasticNet(), ConnectomeModel(0.05), TopFeatures(10)]


# --- leaks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [*MODELS, Logistic(), LinearSvm()], ids=lambda model: type(model).__name__)
def test_a_shuffled_target_is_not_predicted(edges, model):
    """By selection outside the folds, a hundred edges of noise would reach R2 = 0.5 here."""
    rng = np.random.default_rng(12)
    space = finish(sample_space(edges, np.arange(N)))
    found = []
    for _ in range(4):
        target = rng.standard_normal(N)
        if isinstance(model, (Logistic, LinearSvm)):
            target = (target > 0).astype(int)
        result = finish(cross_validate(space, target, folds.k_fold(N, 5, rng), model))
        found.append(estimates(result)[result.main_score] - null_scores(result)[result.main_score])
    assert np.mean(found) < 0.1


def test_what_only_a_confound_predicts_is_gone_when_it_is_taken_out(rng):
    confound = rng.standard_normal(200)
    edges = (0.2 * rng.standard_normal((200, 300)) + 0.1 * confound[:, None]).astype(np.float32)
    target = confound + 0.3 * rng.standard_normal(200)
    space = finish(sample_space(edges, np.arange(200)))
    splits = folds.k_fold(200, 5, rng)
    by_use = {
        use: finish(cross_validate(space, target, splits, Ridge(), covariates=confound[:, None], use=use))
        for use in ("features", "covariates", "both", "residual")
    }
    r2 = {use: float(result.together()["r2"]) for use, result in by_use.items()}
    assert r2["features"] > 0.8
    assert r2["residual"] < 0.02
    assert abs(r2["both"] - r2["covariates"]) < 0.02


# --- scores ---------------------------------------------------------------------------------------


def test_a_class_that_nobody_who_trains_has_is_never_predicted(space, target):
    classes = np.digitize(target, np.quantile(target, [0.3, 0.6]))
    split = Split(np.flatnonzero(classes != 2), np.flatnonzero(classes == 2), "")
    result = finish(cross_validate(space, classes, [split], Ridge()))
    assert set(result.predicted[0, split.test]) <= {0, 1}
    assert result.scores["accuracy"].tolist() == [0]


def test_intervals_of_models_hold_the_estimate_and_the_null_model_scores_zero(space, target, splits, rng):
    for drawn in (splits, folds.k_fold(N, 5, rng)):
        result = finish(cross_validate(space, target, drawn, Ridge()))
        if not result.repeated:
            for name, one in intervals_of_models(result, rng).items():
                assert one.low <= one.estimate <= one.high
                assert one.estimate == estimates(result)[name]
        assert null_scores(result)["r2"] == pytest.approx(0)
        assert null_scores(result)["rmse"] == pytest.approx(target.std(), rel=0.2)
