"""Network by network, the long way, and what is planted found again."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs import draw, permuted_heights, run
from imagenomer.edges import edge_parcels
from imagenomer.progress import finish
from imagenomer.statistics.adjustment import associate
from imagenomer.statistics.enhancement import enhance
from imagenomer.statistics.max_statistic import exceedances, max_statistic
from imagenomer.statistics.network_statistic import network_based_statistic
from imagenomer.statistics.networks import average_pairs, enrichment, network_pairs, pair_means

seeds = st.integers(0, 2**32 - 1)


NETWORKS = ("VIS", "DMN", "", "VIS", "DMN", "SMN", "VIS", "", "DMN")


def test_each_edge_knows_its_pair_of_networks():
    pair, pairs = network_pairs(NETWORKS, ("DMN", "SMN", "VIS", ""))
    assert pairs == (("DMN", "DMN"), ("DMN", "SMN"), ("DMN", "VIS"), ("SMN", "VIS"), ("VIS", "VIS"))
    for edge, (first, second) in enumerate(zip(*edge_parcels(np.arange(36), 9), strict=True)):
        names = tuple(sorted((NETWORKS[first], NETWORKS[second])))
        assert pair[edge] == (pairs.index(names) if "" not in names else -1)


def test_the_mean_of_a_pair_is_that_of_its_edges(rng):
    values = rng.standard_normal((8, 36)).astype(np.float32)
    pair, pairs = network_pairs(NETWORKS, ("DMN", "SMN", "VIS"))
    values[2, np.flatnonzero(pair == 0)[0]], values[3, pair == 1] = np.nan, np.nan
    means = pair_means(values, np.array([1, 2, 3]), pair, len(pairs))
    for row, index in zip(means, (1, 2, 3), strict=True):
        for column in range(len(pairs)):
            own = values[index, pair == column].astype(float)
            own = own[np.isfinite(own)]
            assert row[column] == pytest.approx(own.mean() if own.size else np.nan, nan_ok=True)
    assert np.isnan(means[2, 1])


def test_averaging_looks_up_every_few_subjects_so_that_a_cancel_is_obeyed(rng):
    pair, pairs = network_pairs(NETWORKS, ("DMN", "SMN", "VIS"))
    progress = []
    finish(average_pairs(rng.standard_normal((100, 36)), np.arange(100), pair, len(pairs)), progress.append)
    assert len(progress) >= 100 // 16


def test_means_of_pairs_are_tested_like_edges():
    values, group, _, design = draw(9, n=60, effect=0.8)
    pair, pairs = network_pairs(("A", *"B" * 8), ("A", "B"))
    means = pair_means(values, np.arange(60), pair, len(pairs))
    ours = run(max_statistic, means, group, design)
    np.testing.assert_allclose(ours.statistic, associate(means, group, design).t, rtol=1e-9)
    assert pairs == (("A", "B"), ("B", "B"))
    assert ours.adjusted_p[0] == 0.01
    assert ours.adjusted_p[1] > 0.05


@mock.patch("imagenomer.statistics.networks._COUNTED", 50)
@settings(max_examples=10)
@given(seeds)
def test_enrichment_counts_edges_above_the_threshold_in_each_pair(seed):
    values, group, _, design = draw(seed, effect=0.5)
    pair, pairs = network_pairs(NETWORKS, ("DMN", "SMN", "VIS"))
    n_pairs = len(pairs)
    ours = run(enrichment, values, group, design, pair, n_pairs, threshold=1.3, seed=seed)
    heights = np.vstack([np.abs(ours.statistic), permuted_heights(values, group, design, seed, 99, "two-sided")])
    counts = np.array([[(height[pair == one] > 1.3).sum() for one in range(n_pairs)] for height in heights])
    np.testing.assert_array_equal(ours.count, counts[0])
    np.testing.assert_allclose(ours.expected, counts[1:].mean(axis=0))
    p_values = np.array([(counts >= row).mean(axis=0) for row in counts])
    np.testing.assert_allclose(ours.p_value, p_values[0])
    smallest = p_values.min(axis=1)
    np.testing.assert_allclose(ours.adjusted_p, [(smallest <= one).mean() for one in p_values[0]])


def test_enrichment_finds_the_planted_pair_by_the_right_sign():
    values, group, _, design = draw(11, n=60, effect=0.8)
    pair, pairs = network_pairs(("A", *"B" * 8), ("A", "B"))
    up, down = (
        run(enrichment, values, group, design, pair, len(pairs), threshold=1.7, alternative=alternative)
        for alternative in ("greater", "less")
    )
    assert up.p_value[0] == 0.01
    assert up.adjusted_p[0] <= 0.05
    assert down.adjusted_p.min() > 0.05


def test_progress_reaches_every_kernel():
    values, group, _, design = draw(12)
    options = {"n_permutations": 20, "rng": np.random.default_rng(1)}
    rows = np.arange(24)
    for steps in (
        network_based_statistic(values, rows, group, design, threshold=1.5, **options),
        enhance(values, rows, group, design, **options),
        enrichment(values, rows, group, design, np.zeros(36, dtype=np.intp), 1, threshold=1.5, **options),
        exceedances(values, rows, group, design, threshold=1.5, alternative="less", **options),
    ):
        assert any((one.done, one.total) == (20, 20) for one in steps)
