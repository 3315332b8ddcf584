"""Partial confounder test: its sampler by enumeration, its answers by the paper's program, its errors counted."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import confounding
from imagenomer.statistics.confounding import (
    _conditional_model,
    _conditional_permutations,
    _spline,
    partial_confounder_test,
)

seeds = st.integers(0, 2**32 - 1)


def run(predicted, target, confounder, *, seed=0, n_permutations=99, categories=(False, False), **options):
    return finish(
        partial_confounder_test(
            predicted,
            target,
            confounder,
            target_is_category=categories[0],
            confounder_is_category=categories[1],
            n_permutations=n_permutations,
            rng=np.random.default_rng(seed),
            **options,
        )
    )


@pytest.mark.parametrize("n_columns", [1, 2])
def test_arrangements_come_as_often_as_the_model_says(n_columns):
    """Every arrangement of four subjects, its probability by the model, and how often it was drawn."""
    rng = np.random.default_rng(n_columns)
    slopes = rng.normal(0, 1.2, (4, n_columns))
    values = rng.standard_normal((4, 1)) if n_columns == 1 else np.eye(2)[[0, 0, 1, 1]]
    drawn = finish(_conditional_permutations(values, slopes, 20_000, 25, rng))
    labels = values[:, 0].astype(np.float32) if n_columns == 1 else values.argmax(axis=1)
    arrangements = {tuple(labels[list(order)].tolist()): order for order in permutations(range(4))}
    weight = np.exp([np.sum(values[list(order)] * slopes) for order in arrangements.values()])
    seen = [np.mean((np.array(one) == drawn.T).all(axis=1)) for one in arrangements]
    assert sum(seen) == pytest.approx(1)
    # The hub is one draw, and what it was is forgotten after 25 rounds.
    np.testing.assert_allclose(seen, weight / weight.sum(), atol=0.012)


# Made by mlconfound 0.21.3 (Spisak's own program, with pygam 0.12.0) from the data below: R squared of predictions and
# confounder, and p of 2,000 permutations.
MLCONFOUND = {0.0: (0.053635263633524, 0.5605), 0.1: (0.176348736201056, 0.03), 0.2: (0.202105265647871, 0.001)}


def test_it_agrees_with_the_program_of_the_paper():
    rng = np.random.default_rng(5)
    for weight, (r_squared, p_value) in MLCONFOUND.items():
        target = rng.standard_normal(200)
        confounder = 0.6 * target + rng.standard_normal(200)
        predicted = 0.5 * target + weight * confounder + rng.standard_normal(200)
        ours = run(predicted, target, confounder, n_permutations=2000)
        assert ours.r_squared == pytest.approx(r_squared, rel=1e-9)
        assert ours.published_p_value == pytest.approx(p_value, abs=0.03)


def test_it_keeps_its_level_where_confounder_and_predictions_follow_the_target_closely():
    """As published it does not: that is why what the target tells of the predictions is taken out."""
    rng, p_values = np.random.default_rng(6), []
    for seed in range(400):
        target = rng.standard_normal(100)
        confounder, predicted = 1.5 * target + rng.standard_normal((2, 100))
        test = run(predicted, target, confounder, seed=seed, n_permutations=39, n_rounds=25)
        p_values.append((test.p_value, test.published_p_value))
    ours, published = (np.array(p_values) <= 0.05).sum(axis=0)
    assert 9 <= ours <= 32  # 20 expected; beside that has a chance of 1 %
    assert published < 9


def test_predictions_that_are_the_target_follow_nothing_else():
    rng = np.random.default_rng(7)
    levels = rng.integers(0, 2, 60)
    assert run(levels * 1.0, levels, rng.standard_normal(60), categories=(True, False)).p_value == 1.0


def test_without_a_link_to_the_target_it_is_an_ordinary_permutation_test():
    rng = np.random.default_rng(1)
    target, confounder = rng.standard_normal((2, 300))
    predicted = 0.1 * confounder + rng.standard_normal(300)
    ours = run(predicted, target, confounder, n_permutations=3000)
    plain = np.corrcoef(predicted, confounder)[0, 1]
    null = [np.corrcoef(predicted, rng.permutation(confounder))[0, 1] ** 2 for _ in range(3000)]
    assert ours.r_squared == pytest.approx(plain**2)
    assert ours.published_p_value == pytest.approx(np.mean(np.array(null) >= plain**2), abs=0.05)


def test_within_the_levels_of_a_target_it_is_exact():
    rng = np.random.default_rng(2)
    target = rng.integers(0, 2, 30)
    confounder = rng.standard_normal(30) + target
    predicted = rng.standard_normal(30) + target
    ours = run(predicted, target, confounder, n_permutations=4000, categories=(True, False))
    left = sm.OLS(predicted, np.eye(2)[target]).fit().resid
    null = np.empty((4000, 2))
    for row in range(4000):
        moved = confounder.copy()
        for level in (0, 1):
            moved[target == level] = rng.permutation(confounder[target == level])
        null[row] = [np.corrcoef(one, moved)[0, 1] ** 2 for one in (predicted, left)]
    assert ours.expected == pytest.approx(null[:, 0].mean(), rel=0.05)
    assert ours.published_p_value == pytest.approx(np.mean(null[:, 0] >= ours.r_squared), abs=0.04)
    of_left = np.corrcoef(left, confounder)[0, 1] ** 2
    assert ours.p_value == pytest.approx(np.mean(null[:, 1] >= of_left), abs=0.04)


def test_r_squared_of_a_category_is_that_of_the_analysis_of_variance():
    rng = np.random.default_rng(3)
    site = rng.integers(0, 3, 60)
    predicted = rng.standard_normal(60) + 0.5 * site
    ours = run(predicted, rng.standard_normal(60), site, categories=(False, True))
    oracle = sm.OLS(predicted, sm.add_constant(np.eye(3)[site][:, 1:])).fit()
    assert ours.r_squared == pytest.approx(oracle.rsquared)
    assert run(predicted, rng.standard_normal(60), site + 7, categories=(False, True)).r_squared == ours.r_squared


def linked(kind, rng, n=80, *, more=0.0):
    """Draw a target, a confounder that follows it, and predictions that follow the target and the confounder."""
    target = rng.standard_normal(n)
    if kind == "curved":
        confounder = target**2 + rng.standard_normal(n)
        predicted = target**2 + rng.standard_normal(n)
    elif kind == "two levels":
        confounder = (0.8 * target + rng.logistic(size=n) > 0).astype(np.intp)
        predicted = target + 0.5 * rng.standard_normal(n)
    elif kind == "three levels":
        confounder = np.digitize(0.8 * target + rng.standard_normal(n), [-0.6, 0.6])
        predicted = target + rng.standard_normal(n)
    elif kind == "classes":
        target = rng.integers(0, 2, n)
        confounder = target + rng.standard_normal(n)
        predicted = target + rng.standard_normal(n)
    else:
        confounder = 0.7 * target + rng.standard_normal(n)
        predicted = 0.7 * target + rng.standard_normal(n)
    return predicted + more * confounder, target, confounder


CATEGORIES = {"two levels": (False, True), "three levels": (False, True), "classes": (True, False)}


@pytest.mark.parametrize("kind", ["straight", "curved", "two levels", "three levels", "classes"])
def test_what_follows_from_the_target_is_no_confounding(kind):
    rng, found = np.random.default_rng(4), 0
    options = {"categories": CATEGORIES.get(kind, (False, False)), "n_permutations": 39, "n_rounds": 25}
    for seed in range(100):
        found += run(*linked(kind, rng), seed=seed, **options).p_value <= 0.05
    assert found <= 11  # 5 expected; more has a chance of 1 %


@pytest.mark.parametrize("kind", ["straight", "two levels", "three levels", "classes"])
def test_what_follows_from_the_confounder_beyond_the_target_is_found(kind):
    rng, found = np.random.default_rng(5), 0
    options = {"categories": CATEGORIES.get(kind, (False, False)), "n_permutations": 39, "n_rounds": 25}
    for seed in range(20):
        found += run(*linked(kind, rng, more=1.0), seed=seed, **options).p_value <= 0.05
    assert found >= 18


@settings(max_examples=20)
@given(seeds)
def test_the_curve_is_made_of_b_splines_and_leaves_a_line_free(seed):
    target = np.random.default_rng(seed).gamma(2, 2, 60)
    basis, penalty = _spline(target)
    np.testing.assert_allclose(basis.sum(axis=1), 1)
    line, *_ = np.linalg.lstsq(basis, target, rcond=None)
    np.testing.assert_allclose(basis @ line, target, atol=1e-8 * np.abs(target).max())
    assert np.linalg.matrix_rank(penalty) == len(penalty) - 2
    # Each is zero but over four pieces.
    assert ((basis > 0).sum(axis=1) <= 4).all()


def test_the_conditional_model_follows_a_curve_and_a_line_costs_no_wiggles():
    rng = np.random.default_rng(6)
    target = rng.standard_normal(400)
    for truth in (np.sin(2 * target), 0.5 * target):
        slopes, fitted = _conditional_model(*_spline(target), (truth + 0.3 * rng.standard_normal(400))[:, None], False)
        assert np.corrcoef(fitted[:, 0], truth)[0, 1] > 0.99
        assert np.corrcoef(slopes[:, 0], fitted[:, 0])[0, 1] == pytest.approx(1)
        assert np.polyfit(fitted[:, 0], slopes[:, 0], 1)[0] == pytest.approx(1 / 0.09, rel=0.15)


def test_the_conditional_model_of_levels_is_the_logistic_one():
    rng = np.random.default_rng(7)
    target = rng.standard_normal(600)
    level = (target + rng.logistic(size=600) > 0.5).astype(int)
    _, fitted = _conditional_model(*_spline(target), np.eye(2)[level], True)
    oracle = sm.Logit(level, sm.add_constant(target)).fit(disp=0).predict()
    np.testing.assert_allclose(fitted.sum(axis=1), 1)
    assert np.abs(fitted[:, 1] - oracle).mean() < 0.03


def test_a_level_that_the_target_tells_for_certain_is_no_trouble():
    rng = np.random.default_rng(8)
    target = rng.standard_normal(60)
    ours = run(target + rng.standard_normal(60), target, (target > 0).astype(int), categories=(False, True))
    assert np.isfinite(ours.null).all()
    assert ours.target_r_squared > 0.9


def test_the_same_seed_gives_the_same_answer_and_units_do_not_matter():
    predicted, target, confounder = linked("straight", np.random.default_rng(9))
    first, again = run(predicted, target, confounder), run(predicted, target, confounder)
    np.testing.assert_array_equal(first.null, again.null)
    other = run(5 - 100 * predicted, 3 * target + 1e3, confounder / 50)
    assert other.r_squared == pytest.approx(first.r_squared)
    np.testing.assert_allclose(np.sort(other.null), np.sort(first.null), atol=0.02)


def test_too_few_subjects_and_what_does_not_vary_are_refused():
    predicted, target, confounder = linked("straight", np.random.default_rng(0))
    with pytest.raises(InputError, match="9 subjects are too few"):
        run(predicted[:9], target[:9], confounder[:9])
    for place in range(3):
        given = [predicted, target, confounder]
        given[place] = np.ones(80)
        with pytest.raises(InputError, match="the same for all 80"):
            run(*given)
    with pytest.raises(ValueError, match="missing"):
        run(predicted, np.where(target > 1, np.nan, target), confounder)


class _Zeros:
    """A generator whose every chance is exactly 0, which one of 16.8 million float32 chances is."""

    def random(self, shape, dtype):
        return np.zeros(shape, dtype)


@pytest.mark.parametrize(("odds", "swaps"), [(5000.0, False), (-5000.0, True), (0.0, True)])
def test_a_chance_of_exactly_zero_swaps_nothing_that_cannot_swap_and_warns_of_nothing(odds, swaps):
    state = np.array([[0.0], [1.0]], dtype=np.float32)
    difference = np.array([[odds]], dtype=np.float32)
    confounding._swap(state, np.array([[0], [1]]), difference, _Zeros())
    assert state.ravel().tolist() == ([1.0, 0.0] if swaps else [0.0, 1.0])
