"""Inference on networks of edges, against the Brain Connectivity Toolbox (in Python), scipy, and the long way."""

from __future__ import annotations

import contextlib
import io

import bct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse.csgraph import connected_components

from imagenomer.cohort import Phenotype
from imagenomer.edges import edge_parcels, edges_to_matrix, n_edges_of
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.adjusted import associate
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.networks import (
    components,
    enhance,
    enhanced,
    enrichment,
    network_based_statistic,
    network_pairs,
    pair_means,
    threshold_of_p,
)
from imagenomer.statistics.permutation import FreedmanLane, exceedances, heights_of, max_statistic

seeds = st.integers(0, 2**32 - 1)
N_PARCELS = 9


def draw(seed, n=24, n_parcels=N_PARCELS, effect=0.0):
    """Draw two groups that differ in the edges of the first parcel, a site, and age as a covariate."""
    rng = np.random.default_rng(seed)
    everybody = np.arange(n)
    group = Phenotype("group", rng.permutation(everybody % 2), levels=("a", "b"))
    site = Phenotype("site", rng.permutation(everybody % 3), levels=("A", "B", "C"))
    age = Phenotype("age", rng.uniform(8, 21, n))
    values = rng.standard_normal((n, n_edges_of(n_parcels)))
    values[:, : n_parcels - 1] += effect * group.values[:, None]
    design = build_design([age], everybody)
    return values.astype(np.float32), code(group, everybody), code(site, everybody), design


def run(kernel, values, *arguments, seed=0, n_permutations=99, **options):
    rows, rng = np.arange(len(values)), np.random.default_rng(seed)
    return finish(kernel(values, rows, *arguments, n_permutations=n_permutations, rng=rng, **options))


def components_the_long_way(height, threshold, n_parcels):
    """Return the sizes and the intensities of the components of one graph, unsorted, by scipy."""
    graph = edges_to_matrix(np.where(height > threshold, height, 0))
    labels = connected_components(graph > 0, directed=False)[1]
    own = labels[edge_parcels(np.flatnonzero(height > threshold), n_parcels)[0]]
    excess = (height - threshold)[height > threshold]
    sizes = np.bincount(own, minlength=n_parcels)
    return sizes[sizes > 0], np.bincount(own, excess, minlength=n_parcels)[sizes > 0]


def permuted_heights(values, tested, design, seed, n_permutations, alternative):
    """Return the heights of every edge in each rearrangement."""
    model = FreedmanLane(values, np.arange(len(values)), tested, design)
    ((_, permutations, unit, _),) = model.blocks(n_permutations, np.random.default_rng(seed))
    share, sign = model.all_shares(unit, permutations)
    statistic = model.statistic_of(share.astype(float))
    return heights_of(statistic * sign if model.n_tested == 1 else statistic, alternative, model.n_tested)


# --- components ----------------------------------------------------------------------------------


@given(seeds, st.floats(0.02, 0.6))
def test_components_of_many_graphs_are_those_of_scipy(seed, density):
    rng = np.random.default_rng(seed)
    height = np.where(rng.random((7, n_edges_of(12))) < density, rng.random((7, n_edges_of(12))), 0)
    graph, edge = np.nonzero(height)
    label, extent, intensity = components(graph, edge, height[graph, edge], 7, 12)
    np.testing.assert_array_equal(label // 12, graph)
    for index in range(7):
        sizes, sums = components_the_long_way(height[index], 0, 12)
        here = extent[index * 12 : (index + 1) * 12]
        np.testing.assert_array_equal(np.sort(here[here > 0]), np.sort(sizes))
        np.testing.assert_allclose(np.sort(intensity[index * 12 : (index + 1) * 12][here > 0]), np.sort(sums))


def test_a_long_chain_is_one_component():
    n = 200
    matrix = np.zeros((n, n), dtype=bool)
    walk = np.random.default_rng(1).permutation(n)
    matrix[walk[:-1], walk[1:]] = matrix[walk[1:], walk[:-1]] = True
    edge = np.flatnonzero(matrix[np.triu_indices(n, k=1)])
    label, extent, _ = components(np.zeros_like(edge), edge, np.ones(edge.size), 1, n)
    assert set(label) == {0}
    assert extent[0] == n - 1 == extent.sum()


# --- the network-based statistic -----------------------------------------------------------------


@pytest.mark.parametrize(("alternative", "tail"), [("two-sided", "both"), ("greater", "left"), ("less", "right")])
@pytest.mark.parametrize("seed", range(2))
def test_it_is_that_of_the_brain_connectivity_toolbox(seed, alternative, tail):
    values, group, _, _ = draw(seed, effect=0.9 if alternative != "less" else -0.9)
    plain = build_design([], np.arange(24))
    ours = run(
        network_based_statistic, values, group, plain, threshold=1.9, alternative=alternative, n_permutations=400
    )
    matrices = edges_to_matrix(values.astype(float)).transpose(1, 2, 0)
    second = group.values[:, 0] == 1
    with contextlib.redirect_stdout(io.StringIO()):
        p_value, labels, null = bct.nbs_bct(
            matrices[:, :, ~second], matrices[:, :, second], 1.9, k=400, tail=tail, seed=seed
        )
    theirs = labels[np.triu_indices(N_PARCELS, k=1)].astype(int)
    same = {(mine, other) for mine, other in zip(ours.component, theirs - 1, strict=True)}
    assert len(same) == len({mine for mine, _ in same}) == len({other for _, other in same})
    for mine, other in same - {(-1, -1)}:
        assert ours.extent[mine] == (theirs == other + 1).sum()
        sampling = np.sqrt(2 * max(p_value[other] * (1 - p_value[other]), 1 / 400) / 400)
        assert abs(ours.p_extent[mine] - p_value[other]) < 4 * sampling + 1 / 400
    assert ours.null_extent.mean() == pytest.approx(null.mean(), rel=0.15)


@settings(max_examples=10)
@given(seeds)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_its_null_is_the_largest_component_of_each_rearrangement(alternative, seed):
    values, group, site, design = draw(seed)
    for tested, threshold in ((group, 1.2), (site, 2.0)):
        ours = run(
            network_based_statistic, values, tested, design, threshold=threshold, alternative=alternative, seed=seed
        )
        for index, height in enumerate(permuted_heights(values, tested, design, seed, 99, alternative)):
            sizes, sums = components_the_long_way(height, threshold, N_PARCELS)
            assert ours.null_extent[index] == sizes.max(initial=0)
            assert ours.null_intensity[index] == pytest.approx(sums.max(initial=0), rel=1e-4, abs=1e-5)
        sizes, sums = components_the_long_way(
            heights_of(ours.statistic, alternative, len(tested.columns)), threshold, N_PARCELS
        )
        np.testing.assert_array_equal(ours.extent, np.sort(sizes)[::-1])
        np.testing.assert_allclose(np.sort(ours.intensity), np.sort(sums))
        np.testing.assert_allclose(ours.p_extent, (1 + (ours.null_extent >= ours.extent[:, None]).sum(axis=1)) / 100)
        np.testing.assert_allclose(
            ours.p_intensity, (1 + (ours.null_intensity >= ours.intensity[:, None]).sum(axis=1)) / 100
        )


def test_a_planted_component_is_found_with_its_edges_and_parcels():
    values, group, _, design = draw(3, n=60, effect=1.5)
    ours = run(network_based_statistic, values, group, design, threshold=3.0, alternative="greater")
    assert ours.p_extent[0] == ours.p_intensity[0] == 0.01
    assert (ours.component[: N_PARCELS - 1] == 0).all()
    np.testing.assert_array_equal(ours.n_parcels[0], N_PARCELS)
    np.testing.assert_allclose(ours.statistic, associate(values, group, design).t, rtol=1e-7)


def test_without_an_edge_above_there_is_no_component():
    values, group, _, design = draw(4)
    ours = run(network_based_statistic, values, group, design, threshold=50.0)
    assert ours.extent.size == ours.p_extent.size == ours.n_parcels.size == 0
    assert (ours.component == -1).all()
    assert not ours.null_extent.any()


def test_one_in_twenty_networks_is_false_when_nothing_is_going_on():
    # 300 draws: 15 false ones are expected, 5 to 27 in 99.7 of 100 cases.
    false = np.zeros(3)
    for seed in range(300):
        values, group, _, design = draw(seed, n=16)
        nbs = run(network_based_statistic, values, group, design, threshold=1.8, n_permutations=59, seed=seed)
        tfce = run(enhance, values, group, design, n_permutations=59, seed=seed)
        false += [nbs.p_extent.min(initial=1) <= 0.05, nbs.p_intensity.min(initial=1) <= 0.05, False]
        false[2] += tfce.adjusted_p.min() <= 0.05
    # Extents are whole numbers, so that ties make that test a little less ready.
    assert (false <= 27).all(), false
    assert (false >= 3).all(), false


@pytest.mark.parametrize("threshold", [0.0, -2.0, float("nan")])
def test_a_threshold_that_is_not_positive_is_refused(threshold):
    values, group, _, design = draw(5)
    for kernel, more in ((network_based_statistic, ()), (enrichment, (np.zeros(36, dtype=np.intp), 1))):
        with pytest.raises(InputError, match="not above 0"):
            run(kernel, values, group, design, *more, threshold=threshold)


def test_the_threshold_of_a_p_value_is_scipys():
    assert threshold_of_p(0.001, 100) == pytest.approx(stats.t.isf(0.0005, 100))
    assert threshold_of_p(0.001, 100, "less") == pytest.approx(stats.t.isf(0.001, 100))
    assert threshold_of_p(0.001, 100, n_tested=3) == pytest.approx(stats.f.isf(0.001, 3, 100))


# --- threshold-free enhancement ------------------------------------------------------------------


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
    monkeypatch.setattr("imagenomer.statistics.networks._TABLE", 1)
    np.testing.assert_allclose(enhanced(height, 11, 0.1, 0.4, 3), whole)


def test_nothing_above_zero_scores_zero():
    np.testing.assert_array_equal(enhanced(np.zeros((2, 15)), 6, 0.1, 0.4, 3), np.zeros((2, 15)))


@settings(max_examples=10)
@given(seeds)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_its_null_is_the_largest_score_of_each_rearrangement(alternative, seed):
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


# --- network by network --------------------------------------------------------------------------

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


def test_means_of_pairs_are_tested_like_edges():
    values, group, _, design = draw(9, n=60, effect=0.8)
    pair, pairs = network_pairs(("A", *"B" * 8), ("A", "B"))
    means = pair_means(values, np.arange(60), pair, len(pairs))
    ours = run(max_statistic, means, group, design)
    np.testing.assert_allclose(ours.statistic, associate(means, group, design).t, rtol=1e-9)
    assert pairs == (("A", "B"), ("B", "B"))
    assert ours.adjusted_p[0] == 0.01
    assert ours.adjusted_p[1] > 0.05


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
