"""Simultaneous intervals: each as confident as SciPy says for normal errors, and all hold at once as often as said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imagenomer.progress import finish
from imagenomer.statistics.remaining_slope import CONFIDENCE, RemainingShare
from imagenomer.statistics.simultaneous_intervals import confidence_of_each

N = 200


def each_of(influences, codes=None, seed=1):
    codes = np.arange(len(influences[0])) if codes is None else codes
    return finish(confidence_of_each(list(influences), codes, np.random.default_rng(seed)))


def correlated(correlation, n=N):
    """Influences whose errors have a correlation matrix exactly."""
    m = len(correlation)
    basis, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((n, m)))
    values, vectors = np.linalg.eigh(np.asarray(correlation, dtype=float))
    return (basis @ (vectors * np.sqrt(np.maximum(values, 0))).T).T


@pytest.mark.parametrize(
    "correlation",
    [
        [[1, 0.6], [0.6, 1]],
        [[1, 0.9, 0.2], [0.9, 1, 0.1], [0.2, 0.1, 1]],
        [[1, -0.5, -0.4, 0], [-0.5, 1, 0.3, 0], [-0.4, 0.3, 1, 0.8], [0, 0, 0.8, 1]],
    ],
)
def test_all_errors_stay_within_at_once_by_scipys_multivariate_normal(correlation):
    each = each_of(correlated(correlation))
    z = stats.norm.ppf(0.5 + each / 2)
    m = len(correlation)
    inside = stats.multivariate_normal(np.zeros(m), correlation).cdf(np.full(m, z), lower_limit=np.full(m, -z))
    assert inside == pytest.approx(0.95, abs=0.004)


@pytest.mark.parametrize("m", [2, 5, 20])
def test_independent_errors_need_the_root_of_the_confidence_and_the_same_error_nothing_more(m):
    independent = correlated(np.eye(m))
    assert each_of(independent) == pytest.approx(0.95 ** (1 / m), abs=0.0015)
    assert each_of(independent) <= 0.95 ** (1 / m)
    assert each_of([independent[0]] * m) == pytest.approx(0.95, abs=0.003)


def test_one_estimate_keeps_its_interval_and_no_influence_counts_for_none():
    one = np.random.default_rng(0).standard_normal(N)
    assert each_of([one]) == CONFIDENCE
    assert each_of([one, np.zeros(N)]) == CONFIDENCE


def test_influences_are_summed_by_cluster_first():
    rng = np.random.default_rng(2)
    shared = rng.standard_normal(N // 2)
    own = rng.standard_normal((2, N // 2)) * 3
    codes = np.repeat(np.arange(N // 2), 2)
    # Within a family the own parts cancel, and what is left is the same error.
    influences = [np.stack([shared + one, shared - one], axis=1).ravel() for one in own]
    assert each_of(influences, codes) == pytest.approx(0.95, abs=0.003)
    assert each_of(influences) > 0.97


@given(st.integers(2, 12), st.integers(0, 10_000))
def test_it_lies_between_one_interval_and_independent_ones_whatever_the_units(m, seed):
    rng = np.random.default_rng(seed)
    influences = rng.standard_normal((m, 3)) @ rng.standard_normal((3, 40))
    units = 10.0 ** rng.integers(-6, 6, (m, 1))
    each = each_of(influences)
    assert 0.95 <= each <= 0.95 ** (1 / m)
    assert each == pytest.approx(each_of(influences * units), abs=1e-6)


def test_intervals_of_several_means_hold_at_once_in_95_of_100_samples():
    """As the report uses it: influences of correlated means, Student's t at the confidence of each."""
    rng = np.random.default_rng(8)
    mixing = np.linalg.cholesky(0.5 * np.eye(6) + 0.5)
    held, alone = 0, 0
    for _ in range(400):
        values = rng.standard_normal((60, 6)) @ mixing.T
        influences = (values - values.mean(axis=0)).T
        error = values.std(axis=0, ddof=1) / np.sqrt(60)
        reached = np.abs(values.mean(axis=0)) / error
        held += bool((reached <= stats.t.ppf(0.5 + each_of(influences) / 2, 59)).all())
        alone += bool((reached <= stats.t.ppf(0.975, 59)).all())
    assert 0.92 <= held / 400 <= 0.98
    assert alone / 400 < 0.88


def test_an_interval_of_another_confidence_is_that_of_students_t():
    share = RemainingShare(0.5, 0.3, 0.7, 0.2, 17)
    error = 0.2 / stats.t.ppf(0.975, 17)
    assert share.at(0.95) == pytest.approx((0.3, 0.7))
    assert share.at(0.99) == pytest.approx((0.5 - error * stats.t.ppf(0.995, 17), 0.5 + error * stats.t.ppf(0.995, 17)))
    unknown = RemainingShare(np.nan, -np.inf, np.inf, 1.0)
    assert unknown.at(0.99) == (-np.inf, np.inf)
