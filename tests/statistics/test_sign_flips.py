"""Sign flips: all of them where they are few, p-values that are never 0, and sums of related subjects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from imagenomer.progress import Progress, finish
from imagenomer.statistics import sign_flips
from imagenomer.statistics.sign_flips import (
    all_signs,
    cluster_codes,
    draw_signs,
    flips_are_exhaustive,
    identity_and_flips,
    monte_carlo_error,
    p_values,
    smallest_p,
    sums_by_cluster,
)


def test_all_signs_are_every_pattern_once_up_to_turning_all():
    signs = all_signs(5)
    assert signs.shape == (16, 5)
    assert (signs[0] == 1).all()
    both = {tuple(row) for row in np.vstack([signs, -signs]).tolist()}
    assert len(both) == 32


@pytest.mark.parametrize(
    ("n_clusters", "n_flips", "exhaustive"), [(10, 511, True), (11, 511, False), (10, 510, False), (3, 999, True)]
)
def test_all_flips_are_used_where_they_are_no_more_than_were_asked_for(n_clusters, n_flips, exhaustive):
    assert flips_are_exhaustive(n_clusters, n_flips) == exhaustive


def test_drawn_signs_are_fair_and_follow_the_seed():
    signs = draw_signs(np.random.default_rng(1), 4000, 3)
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert np.abs(signs.mean(axis=0)).max() < 4 / np.sqrt(4000)
    np.testing.assert_array_equal(signs, draw_signs(np.random.default_rng(1), 4000, 3))


def test_p_values_count_who_is_at_least_as_large_the_identity_included():
    values = np.random.default_rng(2).normal(size=(60, 3))
    ranks = stats.rankdata(-values, axis=0, method="max") / 60
    np.testing.assert_allclose(p_values(values), ranks)
    np.testing.assert_allclose(p_values(values[:, 0]), ranks[:, 0])
    assert p_values(np.array([5.0, 1, 2, 3]))[0] == 0.25


def test_ties_with_the_identity_count_against_it_whatever_rounding_does():
    assert p_values(np.array([1.0, 1.0 - 1e-12, 0.5, 0.2]))[0] == 0.5


def test_the_smallest_p_is_compared_with_the_smallest_of_the_flips():
    p = np.array([[0.25, 0.5], [0.5, 0.25], [0.75, 0.75], [1.0, 1.0]])
    assert smallest_p(p) == 0.5


def test_the_error_of_a_p_value_is_that_of_a_share():
    assert monte_carlo_error(0.04, 1000) == pytest.approx(np.sqrt(0.04 * 0.96 / 1000))
    assert monte_carlo_error(0.0, 1000) > 0


def test_clusters_are_numbered_without_gaps_and_summed():
    codes = cluster_codes(np.array([7, 3, 7, 9, 3]), 5)
    assert codes.tolist() == [1, 0, 1, 2, 0]
    values = np.arange(10.0).reshape(5, 2)
    np.testing.assert_array_equal(sums_by_cluster(values, codes), [[10, 12], [4, 6], [6, 7]])
    np.testing.assert_array_equal(cluster_codes(None, 3), [0, 1, 2])
    np.testing.assert_array_equal(sums_by_cluster(values[:3], np.array([2, 0, 1])), values[[1, 2, 0]])


@pytest.mark.parametrize("identity", [True, False])
def test_signs_that_are_drawn_in_steps_are_the_same(monkeypatch, identity):
    monkeypatch.setattr(sign_flips, "_DRAWN", 100)
    drawn = identity_and_flips if identity else draw_signs
    expected = drawn(np.random.default_rng(3), 99, 17)
    steps = sign_flips.signs_in_steps(np.random.default_rng(3), 99, 17, Progress(""), identity=identity)
    np.testing.assert_array_equal(finish(steps), expected)
