"""The network-based statistic, against the Brain Connectivity Toolbox (in Python), scipy, and the long way."""

from __future__ import annotations

import contextlib
import io
from unittest import mock

import bct
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse.csgraph import connected_components

from graphs import N_PARCELS, draw, permuted_heights, run
from imagenomer.edges import edge_parcels, edges_to_matrix, n_edges_of
from imagenomer.errors import InputError
from imagenomer.statistics.adjustment import associate
from imagenomer.statistics.design import build_design
from imagenomer.statistics.enhancement import enhance
from imagenomer.statistics.network_statistic import components, network_based_statistic, threshold_of_p
from imagenomer.statistics.networks import enrichment
from imagenomer.statistics.permutation import heights_of

seeds = st.integers(0, 2**32 - 1)


def components_the_long_way(height, threshold, n_parcels):
    """Return the sizes and the intensities of the components of one graph, unsorted, by scipy."""
    graph = edges_to_matrix(np.where(height > threshold, height, 0))
    labels = connected_components(graph > 0, directed=False)[1]
    own = labels[edge_parcels(np.flatnonzero(height > threshold), n_parcels)[0]]
    excess = (height - threshold)[height > threshold]
    sizes = np.bincount(own, minlength=n_parcels)
    return sizes[sizes > 0], np.bincount(own, excess, minlength=n_parcels)[sizes > 0]


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


@mock.patch("imagenomer.statistics.network_statistic._GRAPHS_AT_A_TIME", 20)
@settings(max_examples=10)
@given(seeds)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_its_null_is_the_largest_component_of_each_permutation(alternative, seed):
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
