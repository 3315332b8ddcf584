"""Permutation tests, learning curves and shuffled features of predictions."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import folds
from imagenomer.statistics.models import ConnectomeModel, ElasticNet, InnerFolds, Ridge
from imagenomer.statistics.permutation import draw_permutations
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.prediction_checks import (
    learning_curve,
    permutation_test,
    score_of,
    shuffled_features,
)
from imagenomer.statistics.sample_space import sample_space

N = 60


@pytest.fixture(scope="module")
def space():
    edges = np.random.default_rng(3).standard_normal((N, 120)).astype(np.float32)
    return finish(sample_space(edges, np.arange(N)))


@pytest.fixture(scope="module")
def covariates():
    return np.random.default_rng(4).standard_normal((N, 2))


@pytest.fixture(scope="module")
def target(space, covariates):
    rng = np.random.default_rng(5)
    return space.features.values[:, :15].sum(axis=1) + covariates[:, 0] + rng.standard_normal(N)


@pytest.mark.parametrize("use", ["features", "both", "residual"])
@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("repeat", [False, True])
@pytest.mark.parametrize("model", [Ridge(), Ridge((), InnerFolds(3))], ids=["quickly", "inner folds"])
def test_a_permutation_scores_what_its_cross_validation_does(space, target, covariates, use, classes, repeat, model):
    rng = np.random.default_rng(6)
    splits = folds.repeated(N, 3, 0.25, rng) if repeat else folds.k_fold(N, 4, rng)
    goal = (target > 0).astype(int) if classes else target
    given = {"covariates": covariates, "use": use}
    found = finish(permutation_test(space, goal, splits, model, 3, np.random.default_rng(9), **given))
    assert found.statistic == pytest.approx(score_of(finish(cross_validate(space, goal, splits, model, **given))))
    explained = np.zeros(N)
    if use != "features" and not classes:
        columns = np.column_stack([np.ones(N), covariates])
        explained = columns @ np.linalg.lstsq(columns, goal, rcond=None)[0]
    for order, score in zip(draw_permutations(np.random.default_rng(9), 3, N), found.null, strict=True):
        moved = goal[order] if classes else explained + (goal - explained)[order]
        result = finish(cross_validate(space, moved, splits, model, **given))
        assert score == pytest.approx(score_of(result), abs=1e-9)


def test_p_is_the_share_of_permutations_that_reach_the_score_and_never_zero(space, target, rng):
    splits = folds.k_fold(N, 4, rng)
    found = finish(permutation_test(space, target, splits, Ridge(), 99, rng))
    assert found.p_value == (1 + np.count_nonzero(found.null >= found.statistic)) / 100
    assert found.p_value <= 0.05
    assert found.score == "r2"


def test_under_the_null_p_is_uniform_enough(space):
    rng = np.random.default_rng(21)
    p = []
    for _ in range(60):
        splits = folds.k_fold(N, 3, rng)
        p.append(finish(permutation_test(space, rng.standard_normal(N), splits, Ridge(), 19, rng)).p_value)
    # Of 60 tests at 0.2, 12 are expected; more than 22 come once in a thousand times.
    assert 3 <= np.count_nonzero(np.array(p) <= 0.2) <= 22


def test_within_blocks_only_members_of_a_block_change_places(space, rng):
    """A target that is the block alone is as well predicted however members change places."""
    blocks = np.repeat([0, 1], N // 2)
    splits = folds.k_fold(N, 3, rng)
    with pytest.raises(InputError, match="does not vary within any block"):
        finish(permutation_test(space, blocks.astype(float), splits, Ridge(), 20, rng, blocks=blocks))
    target = 100.0 * blocks + rng.standard_normal(N)
    found = finish(permutation_test(space, target, splits, Ridge(), 20, rng, blocks=blocks))
    assert np.abs(found.null - found.statistic).max() < 0.05


def test_any_model_can_be_tested(space, target, rng):
    splits = folds.k_fold(N, 3, rng)
    for model in (ConnectomeModel(0.1), ElasticNet(0.5, (0.3,))):
        found = finish(permutation_test(space, target, splits, model, 5, rng))
        assert found.statistic == pytest.approx(score_of(finish(cross_validate(space, target, splits, model))))
        assert found.null.shape == (5,)
    with pytest.raises(InputError, match="without features there is nothing to test"):
        finish(permutation_test(space, target, splits, Ridge(), 5, rng, covariates=np.eye(N)[:, :2], use="covariates"))


def test_the_whole_training_part_is_the_end_of_the_learning_curve(space, target, rng):
    splits = folds.repeated(N, 4, 0.25, rng)
    curve = finish(learning_curve(space, target, splits, Ridge(), (0.2, 1.0), rng))
    assert curve.n_train.tolist() == [9, 45]
    whole = finish(cross_validate(space, target, splits, Ridge()))
    np.testing.assert_allclose(curve.values[1], whole.scores["r2"])
    assert curve.values[1].mean() > curve.values[0].mean()


def test_shuffled_features_are_uninformative(space, target, covariates, rng):
    splits = folds.k_fold(N, 4, rng)
    found = finish(shuffled_features(space, target, splits, Ridge(), 8, rng, covariates=covariates, use="residual"))
    assert np.median(found.shuffled) < 0.05 < found.statistic
    alone = finish(cross_validate(space, target, splits, Ridge(), covariates=covariates, use="covariates"))
    assert found.covariates == pytest.approx(float(alone.together()["r2"]))
