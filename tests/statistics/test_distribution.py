"""Histogram bins, density and box, against scipy and Matplotlib."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.cbook import boxplot_stats
from scipy import stats

from imagenomer.errors import InputError
from imagenomer.statistics.distribution import box, histogram_edges, kernel_density

floats = st.floats(-1e6, 1e6, allow_subnormal=False)
samples = st.lists(arrays(np.float64, st.integers(0, 50), elements=st.one_of(floats, st.just(np.nan))), max_size=4)
whole_samples = st.lists(arrays(np.float64, st.integers(1, 50), elements=st.integers(-400, 400)), min_size=1)


@given(samples)
def test_every_value_falls_into_one_of_at_most_sixty_bins(groups):
    edges = histogram_edges(groups)
    values = np.concatenate([np.zeros(0), *groups])
    values = values[~np.isnan(values)]
    assert edges.size <= 61
    assert (edges.size > 0) == (values.size > 0)
    if edges.size:
        assert (np.diff(edges) > 0).all()
        assert np.histogram(values, edges)[0].sum() == values.size


@given(whole_samples)
def test_whole_numbers_never_fall_on_the_edge_of_a_bin(groups):
    edges = histogram_edges(groups)
    np.testing.assert_array_equal(edges % 1, 0.5)
    values = np.concatenate(groups)
    assert edges[0] < values.min() <= values.max() < edges[-1]
    assert values.max() > edges[-2]
    assert edges.size <= 61


@given(st.lists(st.one_of(st.floats(-1e300, 1e300), st.integers(-40, 40)), min_size=1, max_size=200))
def test_no_range_is_too_wide_or_too_narrow_for_twenty_bins(values):
    edges = histogram_edges([np.array(values, dtype=np.float64)], most=20)
    assert 2 <= edges.size <= 21
    assert (np.diff(edges) > 0).all()
    assert np.histogram(values, edges)[0].sum() == len(values)


def test_few_whole_numbers_get_a_bin_each():
    np.testing.assert_array_equal(histogram_edges([np.repeat([0.0, 1, 2, 3], 50)]), [-0.5, 0.5, 1.5, 2.5, 3.5])


def test_the_width_is_that_of_freedman_and_diaconis(rng):
    values = rng.standard_normal(800)
    expected = np.histogram_bin_edges(values, "fd").size
    assert abs(histogram_edges([values]).size - expected) <= 1


def test_few_values_get_at_least_the_bins_of_sturges(rng):
    for values in (
        rng.uniform(0, 1, 66),
        rng.integers(29, 51, 66).astype(float),
        rng.integers(0, 77, 33).astype(float),
    ):
        assert histogram_edges([values]).size >= np.histogram_bin_edges(values, "sturges").size


def test_one_far_outlier_does_not_make_a_million_bins(rng):
    assert histogram_edges([np.append(rng.standard_normal(800), 1e9)]).size == 61


@pytest.mark.parametrize("value", [0.0, 7.0, -0.25])
def test_a_single_value_is_in_the_middle_of_one_bin(value):
    low, high = histogram_edges([np.full(5, value)])
    assert (low + high) / 2 == pytest.approx(value)


@given(st.integers(0, 2**32 - 1), st.integers(2, 1200))
def test_density_is_that_of_scipy(seed, n):
    values = np.random.default_rng(seed).standard_normal(n) * 30 + 100
    at = np.linspace(0, 200, 101)
    np.testing.assert_allclose(
        kernel_density(np.append(values, np.nan), at), stats.gaussian_kde(values)(at), rtol=1e-9, atol=1e-300
    )


def test_values_without_spread_have_no_density():
    with pytest.raises(InputError, match="without spread"):
        kernel_density(np.full(5, 2.0), np.zeros(1))
    with pytest.raises(InputError, match="1 values"):
        kernel_density(np.array([2.0, np.nan]), np.zeros(1))


@given(arrays(np.float64, st.integers(1, 60), elements=floats))
def test_the_box_is_that_of_matplotlib(values):
    ours, oracle = box(np.append(values, np.nan)), boxplot_stats(values)[0]
    assert [ours.lower_quartile, ours.median, ours.upper_quartile] == [oracle["q1"], oracle["med"], oracle["q3"]]
    assert [ours.lower_whisker, ours.upper_whisker] == [oracle["whislo"], oracle["whishi"]]
    np.testing.assert_array_equal(ours.outliers, np.sort(oracle["fliers"]))


def test_no_value_has_no_box():
    with pytest.raises(InputError, match="no values"):
        box(np.array([np.nan]))
