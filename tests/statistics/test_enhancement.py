"""Threshold-free enhancement, the long way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from graphs import N_PARCELS, draw, permuted_heights, run
from imagenomer.edges import edge_parcels, edges_to_matrix, n_edges_of
from imagenomer.statistics.enhancement import enhance, enhanced
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.statistics.network_statistic import network_based_statistic
from imagenomer.statistics.permutation import heights_of

seeds = st.integers(0, 2**32 - 1)


def enhanced_the_long_way(height, n_parcels, step, extent_power, height_power):
    """Return the scores of one graph: components by scipy at each threshold."""
    score = np.zeros(height.size)
    first = edge_parcels(np.arange(height.size), n_parcels)[0]
    for count in range(1, int(height.max() / step) + 1):
        above = height >= count * step
        labels = connected_components(edges_to_matrix(above), directed=False)[1]
        extent = np.bincount(labels[first[above]], minlength=n_parcels)
        score[above] += extent[labels[first[above]]] ** extent_power * (count * step) ** height_power * step
    return score


@settings(max_examples=15)
@given(seeds, st.sampled_from([(0.4, 3.0), (0.5, 2.0), (1.0, 1.0)]))
def test_scores_are_those_of_components_at_every_threshold(seed, powers):
    rng = np.random.default_rng(seed)
    height = np.maximum(rng.normal(0, 2, (4, n_edges_of(11))), 0)
    ours = enhanced(height, 11, 0.1, *powers)
    for one, mine in zip(height, ours, strict=True):
        np.testing.assert_allclose(mine, enhanced_the_long_way(one, 11, 0.1, *powers), rtol=1e-10)


def test_scores_do_not_depend_on_how_many_graphs_are_worked_on_at_a_time(rng, monkeypatch):
    height = np.abs(rng.normal(0, 2, (9, n_edges_of(11))))
    whole = enhanced(height, 11, 0.1, 0.4, 3)
    monkeypatch.setattr("imagenomer.statistics.native._TABLE", 1)
    np.testing.assert_allclose(enhanced(height, 11, 0.1, 0.4, 3), whole)


def test_nothing_above_zero_scores_zero():
    np.testing.assert_array_equal(enhanced(np.zeros((2, 15)), 6, 0.1, 0.4, 3), np.zeros((2, 15)))


@settings(max_examples=10)
@given(seeds)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_its_null_is_the_largest_score_of_each_permutation(alternative, seed):
    values, group, site, design = draw(seed)
    for tested in (group, site):
        ours = run(enhance, values, tested, design, alternative=alternative, n_permutations=30, seed=seed)
        heights = permuted_heights(values, tested, design, seed, 30, alternative).astype(np.float32)
        actual = heights_of(ours.statistic, alternative, len(tested.columns))
        if tested is site:
            heights, actual = np.sqrt(heights), np.sqrt(actual)
        oracle = enhanced(heights, N_PARCELS, 0.1, 0.4, 3)
        # A height on the edge of a step falls on either side of it, by the last bit: rarely, and by one step at most.
        assert np.isclose(ours.null, oracle.max(axis=1), rtol=1e-6).mean() > 0.9
        np.testing.assert_allclose(ours.null, oracle.max(axis=1), rtol=0.2)
        np.testing.assert_allclose(ours.score, enhanced_the_long_way(actual, N_PARCELS, 0.1, 0.4, 3), rtol=1e-6)
        counted = (1 + (ours.null >= ours.score[:, None]).sum(axis=1)) / 31
        np.testing.assert_allclose(ours.adjusted_p, counted)


def test_connected_edges_support_each_other(rng):
    values, group, _, design = draw(6, n=60, effect=0.9)
    supported = run(enhance, values, group, design, alternative="greater")
    alone = run(max_statistic, values, group, design)
    planted = slice(0, N_PARCELS - 1)
    assert (supported.adjusted_p[planted] <= 0.05).sum() > (alone.adjusted_p[planted] <= 0.05).sum()


def test_an_edge_that_cannot_be_tested_takes_no_part():
    values, group, _, design = draw(7)
    values[3, 4] = np.nan
    scores, found = (
        run(enhance, values, group, design),
        run(network_based_statistic, values, group, design, threshold=0.1),
    )
    assert np.isnan(scores.statistic[4])
    assert np.isnan(scores.adjusted_p[4])
    assert scores.score[4] == 0
    assert found.component[4] == -1


def test_a_huge_effect_takes_larger_steps_not_more():
    values, group, _, design = draw(8)
    values[:, 0] = group.values[:, 0] * 1e3 + values[:, 0]
    ours = run(enhance, values, group, design, n_permutations=30)
    assert ours.adjusted_p[0] == 1 / 31
    assert np.isfinite(ours.score).all()
