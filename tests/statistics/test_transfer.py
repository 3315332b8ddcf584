"""Transfer: scores of one direction and of some of its subjects, and permutations of the test subjects alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.folds import Split
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.prediction import cross_validate
from imagenomer.statistics.sample_space import sample_space
from imagenomer.statistics.transfer import permute_tested, scored_among

N_FIRST, N = 30, 50


@pytest.fixture
def values(rng):
    return rng.standard_normal((N, 12)).astype(np.float32)


@pytest.fixture
def both_ways():
    first, second = np.arange(N_FIRST), np.arange(N_FIRST, N)
    return (Split(first, second, "there"), Split(second, first, "back"))


@pytest.fixture
def of_numbers(values, both_ways, rng):
    target = values[:, 0] + rng.standard_normal(N)
    return finish(cross_validate(finish(sample_space(values, np.arange(N))), target, both_ways, Ridge((1.0,))))


@pytest.fixture
def of_classes(values, both_ways, rng):
    target = (values[:, 0] + rng.standard_normal(N) > 0).astype(np.intp)
    return finish(cross_validate(finish(sample_space(values, np.arange(N))), target, both_ways, Ridge((1.0,))))


@pytest.mark.parametrize("number", [0, 1])
def test_a_direction_has_the_scores_of_its_own_test_subjects(of_numbers, number):
    one = scored_among(of_numbers, number)
    split = of_numbers.splits[number]
    truth, predicted = of_numbers.truth[split.test], of_numbers.predicted[number, split.test]
    squared = np.sum((truth - predicted) ** 2) / np.sum((truth - of_numbers.truth[split.train].mean()) ** 2)
    assert one.scores["r2"] == pytest.approx([1 - squared])
    assert one.scores["r2"] == pytest.approx([of_numbers.scores["r2"][number]])
    assert one.null_scores["r2"] == pytest.approx([0])
    assert one.scores["r"] == pytest.approx([np.corrcoef(truth, predicted)[0, 1]])
    assert not one.repeated


def test_among_some_subjects_only_their_predictions_count(of_classes):
    some = np.arange(N) % 3 > 0
    one = scored_among(of_classes, 0, some)
    test = np.flatnonzero(some & (np.arange(N) >= N_FIRST))
    np.testing.assert_array_equal(one.splits[0].test, test)
    assert one.scores["auc"] == pytest.approx([roc_auc_score(of_classes.truth[test], of_classes.decision[0, test, 0])])
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(one.predicted[0])), test)
    np.testing.assert_array_equal(one.splits[0].train, of_classes.splits[0].train)


def test_with_few_test_subjects_every_order_is_counted_with_the_model_as_it_is(of_numbers):
    few = np.arange(N) < N_FIRST + 5
    one = scored_among(of_numbers, 0, few)
    test, train = one.splits[0].test, one.splits[0].train
    truth, predicted = one.truth[test], one.predicted[0, test]
    null = np.sum((truth - one.truth[train].mean()) ** 2)
    every = [1 - np.sum((np.array(own) - predicted) ** 2) / null for own in itertools.permutations(truth)]
    found = finish(permute_tested(one, 1000, np.random.default_rng(1)))
    assert found.null.size == 119
    np.testing.assert_allclose(np.sort([*found.null, found.statistic]), np.sort(every), atol=1e-12)
    assert found.p_value == pytest.approx(np.mean(np.array(every) >= found.statistic - 1e-9))


def test_subjects_are_permuted_within_blocks_only(of_numbers):
    few = np.arange(N) < N_FIRST + 6
    one = scored_among(of_numbers, 0, few)
    found = finish(permute_tested(one, 1000, np.random.default_rng(1), blocks=np.array([0, 0, 0, 1, 1, 1])))
    assert found.null.size == 35


def test_given_covariates_the_residuals_of_test_subjects_are_permuted(values, both_ways, rng):
    covariate = rng.standard_normal(N)
    target = 3 * covariate + 0.3 * rng.standard_normal(N)
    space = finish(sample_space(values, np.arange(N)))
    whole = finish(cross_validate(space, target, both_ways, Ridge((1.0,)), covariates=covariate[:, None], use="both"))
    one = scored_among(whole, 0)
    test = one.splits[0].test
    found = finish(permute_tested(one, 200, np.random.default_rng(1), covariates=covariate[test, None]))
    # What the covariate explains stays where it is: every permuted R2 is high, and features add nothing.
    assert found.null.min() > 0.8
    assert found.p_value > 0.05
    assert finish(permute_tested(one, 200, np.random.default_rng(1))).null.max() < 0.8


def test_another_mean_of_the_other_cohort_costs_r2_and_not_the_test(values, both_ways):
    target = values[:, 0] + np.where(np.arange(N) < N_FIRST, 0.0, 20.0)
    space = finish(sample_space(values, np.arange(N)))
    one = scored_among(finish(cross_validate(space, target, both_ways, Ridge((0.1,)))), 0)
    assert one.scores["r2"][0] < 0.5
    assert r2_score(one.truth[one.splits[0].test], one.predicted[0, one.splits[0].test]) < -100
    assert finish(permute_tested(one, 199, np.random.default_rng(1))).p_value == pytest.approx(1 / 200)


def test_p_values_are_uniform_where_test_subjects_know_nothing_of_the_features(both_ways):
    rng, p = np.random.default_rng(5), []
    for _ in range(200):
        values = rng.standard_normal((N, 6)).astype(np.float32)
        target = values[:, 0].astype(float)
        target[N_FIRST:] = rng.standard_normal(N - N_FIRST)  # the association of the first is not in the second
        space = finish(sample_space(values, np.arange(N)))
        whole = finish(cross_validate(space, target, both_ways[:1], Ridge((1.0,))))
        p.append(finish(permute_tested(scored_among(whole, 0), 39, rng)).p_value)
    below = np.mean(np.array(p) <= 0.05)
    assert 0.01 <= below <= 0.10
    assert 0.4 < np.mean(p) < 0.6


def test_one_class_cannot_be_permuted(of_classes):
    of_one = of_classes.truth == 1
    with pytest.raises(InputError, match="can be permuted in 1 way only"):
        finish(permute_tested(scored_among(of_classes, 0, of_one), 100, np.random.default_rng(1)))
