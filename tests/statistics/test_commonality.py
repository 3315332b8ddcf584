"""Commonality: unique and shared parts are differences of nested models, by statsmodels, and proxies are told."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.progress import finish
from imagenomer.statistics.commonality import ExplainedParts, explained_parts, inseparable, proxies

N = 120
ALONE = np.arange(N)


def drawn(seed, n_candidates=3, n=N):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    own = {f"c{number}": common + rng.normal(size=(n, 1 + number % 2)) for number in range(n_candidates)}
    target = sum(columns[:, :1] for columns in own.values()) + rng.normal(size=(n, 1))
    scores = 0.5 * target + own["c0"][:, :1] + rng.normal(size=(n, 1))
    return target - target.mean(axis=0), scores, own


def by_statsmodels(target, scores, columns):
    """Return the slope of the scores on the target given some columns, and R squared of the target by these."""
    given = sm.add_constant(np.column_stack([np.zeros((len(target), 0)), *columns]), has_constant="add")
    return sm.OLS(scores, np.column_stack([target, given])).fit().params[0], sm.OLS(target, given).fit().rsquared


@pytest.mark.parametrize("seed", range(4))
def test_parts_are_differences_of_nested_models(seed):
    target, scores, own = drawn(seed)
    found = finish(explained_parts(target, scores, own, {}, ALONE))
    slope, _ = by_statsmodels(target, scores, [])
    whole, r2 = by_statsmodels(target, scores, own.values())
    for name, columns in own.items():
        without, r2_without = by_statsmodels(target, scores, [own[other] for other in own if other != name])
        alone, r2_alone = by_statsmodels(target, scores, [columns])
        assert found[name].unique == pytest.approx((without - whole) / slope, abs=1e-9)
        assert found[name].alone == pytest.approx(1 - alone / slope, abs=1e-9)
        assert found[name].shared == pytest.approx((slope - alone - without + whole) / slope, abs=1e-9)
        assert found[name].unique_of_target == pytest.approx(r2 - r2_without, abs=1e-9)
        assert found[name].of_target == pytest.approx(r2_alone, abs=1e-9)
        assert found[name].low < found[name].unique < found[name].high


def test_products_are_of_both_candidates():
    target, scores, own = drawn(1, 2)
    products = {("c0", "c1"): own["c0"] * own["c1"][:, :1]}
    found = finish(explained_parts(target, scores, own, products, ALONE))
    slope, _ = by_statsmodels(target, scores, [])
    whole, _ = by_statsmodels(target, scores, [*own.values(), *products.values()])
    without, _ = by_statsmodels(target, scores, [own["c1"]])
    assert found["c0"].unique == pytest.approx((without - whole) / slope, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_two_candidates_parts_add_up_and_many_do_not_depend_on_their_order(seed, n_candidates):
    target, scores, own = drawn(seed, n_candidates)
    found = finish(explained_parts(target, scores, own, {}, ALONE))
    turned = finish(explained_parts(target, scores, dict(reversed(own.items())), {}, ALONE))
    for name, one in found.items():
        assert turned[name].unique == pytest.approx(one.unique, abs=1e-9)
        assert turned[name].partner == one.partner or abs(one.with_partner - turned[name].with_partner) < 1e-9
    if n_candidates == 2:
        first, second = found.values()
        assert first.shared == pytest.approx(second.shared, abs=1e-9)
        assert max(first.shared, 0) == pytest.approx(first.with_partner, abs=1e-9)


def test_units_of_a_candidate_do_not_matter():
    target, scores, own = drawn(3)
    found = finish(explained_parts(target, scores, own, {}, ALONE))
    scaled = finish(explained_parts(target, scores, {name: 7 - 1000 * one for name, one in own.items()}, {}, ALONE))
    for name, one in found.items():
        assert scaled[name].unique == pytest.approx(one.unique, abs=1e-9)
        assert scaled[name].high == pytest.approx(one.high, abs=1e-9)


def cause_and(other, seed, n=400):
    """Return parts of a cause of target and scores, and of another candidate."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=(n, 1))
    second = other(cause, rng)
    target = cause + 0.7 * rng.normal(size=(n, 1))
    if other is apart:
        target += second
    scores = (target - 0.7 * rng.normal(size=(n, 1)) if other is apart else cause) + 0.3 * rng.normal(size=(n, 1))
    own = {"cause": cause, "other": second}
    return finish(explained_parts(target - target.mean(), scores, own, {}, np.arange(n)))


def proxy(cause, rng):
    return 0.7 * cause + 0.7 * rng.normal(size=cause.shape)


def apart(cause, rng):
    return rng.normal(size=cause.shape)


def copy(cause, rng):
    return cause + 0.01 * rng.normal(size=cause.shape)


@pytest.mark.parametrize("seed", range(5))
def test_a_proxy_is_told_from_the_cause_and_nothing_else_is_called_one(seed):
    assert proxies(cause_and(proxy, seed), 0.1) == {"other": "cause"}
    assert proxies(cause_and(apart, seed), 0.1) == {}
    assert "cause" not in proxies(cause_and(copy, seed), 0.1)


def test_two_that_share_all_and_neither_of_which_has_a_part_of_its_own_are_named():
    one = ExplainedParts(0.6, 0.02, -0.1, 0.14, 0.3, 0.01, "b", 0.58)
    other = ExplainedParts(0.6, 0.03, -0.2, 0.26, 0.3, 0.01, "a", 0.58)
    assert inseparable({"a": one, "b": other}, 0.1) == [("a", "b", 0.58)]
    clear = ExplainedParts(0.6, 0.3, 0.2, 0.4, 0.3, 0.1, "a", 0.3)
    assert inseparable({"a": one, "b": clear}, 0.1) == []


def test_the_interval_covers_the_unique_part_of_a_proxy_which_is_nothing():
    covered = [(lambda one: one.low <= 0 <= one.high)(cause_and(proxy, seed, 150)["other"]) for seed in range(150)]
    assert 0.93 <= np.mean(covered) <= 1


def test_families_widen_the_interval():
    target, scores, own = drawn(5)
    families = np.repeat(np.arange(N // 4), 4)
    twice = [np.repeat(one[::4], 4, axis=0) for one in (target, scores)]
    repeated = {name: np.repeat(one[::4], 4, axis=0) for name, one in own.items()}
    alone = finish(explained_parts(twice[0] - twice[0].mean(), twice[1], repeated, {}, ALONE))
    related = finish(explained_parts(twice[0] - twice[0].mean(), twice[1], repeated, {}, families))
    assert all(related[name].high - related[name].low > 1.8 * (one.high - one.low) for name, one in alone.items())


def test_of_one_candidate_or_no_slope_there_are_no_parts():
    target, scores, own = drawn(2)
    assert finish(explained_parts(target, scores, {"c0": own["c0"]}, {}, ALONE)) == {}
    assert finish(explained_parts(target, -scores, own, {}, ALONE)) == {}
