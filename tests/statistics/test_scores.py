"""Scores of predictions against scikit-learn, and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from imagenomer.statistics import scores

seeds = st.integers(0, 2**31 - 1)
ONE_SPLIT = np.zeros(60, dtype=int)


def draw(seed, n=60):
    rng = np.random.default_rng(seed)
    truth = rng.normal(100, 15, n)
    return rng, truth, truth + rng.normal(0, 20, n)


@settings(max_examples=10)
@given(seeds)
def test_of_numbers_they_are_those_of_scikit_learn(seed):
    _, truth, predicted = draw(seed)
    assert scores.r2(truth, predicted, truth.mean()) == pytest.approx(metrics.r2_score(truth, predicted))
    assert scores.rmse(truth, predicted) == pytest.approx(metrics.root_mean_squared_error(truth, predicted))
    assert scores.mae(truth, predicted) == pytest.approx(metrics.mean_absolute_error(truth, predicted))
    assert scores.within_r(truth, predicted, ONE_SPLIT) == pytest.approx(np.corrcoef(truth, predicted)[0, 1])


@settings(max_examples=10)
@given(seeds)
def test_of_classes_they_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, 2, 60), rng.integers(0, 2, 60)
    decision = np.round(rng.standard_normal(60) + truth, 1)  # with ties
    assert scores.accuracy(truth, predicted) == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert scores.balanced_accuracy(truth, predicted) == pytest.approx(
        metrics.balanced_accuracy_score(truth, predicted)
    )
    assert scores.auc(truth, decision, ONE_SPLIT) == pytest.approx(metrics.roc_auc_score(truth, decision))


@settings(max_examples=10)
@given(seeds)
def test_weights_count_subjects_as_often_as_copies_of_them_would(seed):
    rng, truth, predicted = draw(seed)
    classes, decision = rng.integers(0, 2, 60), np.round(rng.standard_normal(60), 1)
    split, baseline = rng.integers(0, 3, 60), rng.normal(100, 1, 60)
    weights = scores.bootstrap_weights(60, 4, rng)
    assert (weights.sum(axis=1) == 60).all()
    for row in range(4):
        who = np.repeat(np.arange(60), weights[row].astype(int))
        for score in (
            lambda who, w: scores.r2(truth[who], predicted[who], baseline[who], w),
            lambda who, w: scores.rmse(truth[who], predicted[who], w),
            lambda who, w: scores.mae(truth[who], predicted[who], w),
            lambda who, w: scores.within_r(truth[who], predicted[who], split[who], w),
            lambda who, w: scores.auc(classes[who], decision[who], split[who], w),
            lambda who, w: scores.balanced_accuracy(classes[who], classes[who] * (decision[who] > 0), w),
        ):
            assert score(np.arange(60), weights)[row] == pytest.approx(float(score(who, None)))


def test_models_of_different_splits_are_not_compared():
    """Each split orders its own subjects perfectly; only their scales differ."""
    truth, decision = np.array([0, 1, 0, 1]), np.array([-2.0, -1.0, 3.0, 4.0])
    split = np.array([0, 0, 1, 1])
    assert scores.auc(truth, decision, split) == 1
    assert scores.within_r(np.array([1.0, 2, 11, 12]), np.array([7.0, 8, -3, -2]), split) == pytest.approx(1)


def test_r2_is_zero_for_the_null_model_and_negative_for_worse():
    truth = np.array([1.0, 2, 3, 4])
    assert scores.r2(truth, np.full(4, 2.0), np.full(4, 2.0)) == 0
    assert scores.r2(truth, -truth, np.full(4, 2.0)) < 0
    assert np.isnan(scores.r2(np.ones(3), np.zeros(3), 1.0))


def test_what_is_not_defined_is_nan():
    assert np.isnan(scores.auc(np.ones(5, dtype=int), np.arange(5.0), np.zeros(5, dtype=int)))
    assert np.isnan(scores.within_r(np.arange(5.0), np.ones(5), np.zeros(5, dtype=int)))


def test_a_bootstrap_interval_covers_the_middle_of_the_samples():
    interval = scores.percentile_interval(0.5, np.arange(1001) / 1000)
    assert (interval.low, interval.high) == pytest.approx((0.025, 0.975))
    mostly_undefined = np.where(np.arange(1001) < 500, np.nan, 0.5)
    assert np.isnan(scores.percentile_interval(0.5, mostly_undefined).low)
