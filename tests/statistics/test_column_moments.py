"""Moments and sums of columns in float32, against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.statistics.column_moments import (
    centred_where_present,
    column_blocks,
    column_moments,
    weighted_sum,
)

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_moments_are_those_of_numpy_column_by_column(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(0.2, 0.3, (40, 30)).astype(np.float32)
    values[:, 3] += 100  # far from 0 beside its spread
    values[:, 4] = 7
    values[rng.random(values.shape) < 0.02] = np.nan
    rows = np.sort(rng.choice(40, 25, replace=False))
    moments = column_moments(values, rows)
    own = values[rows].astype(float)
    n = np.isfinite(own).sum(axis=0)
    np.testing.assert_array_equal(moments.n_subjects, n)
    deviations = own - np.nanmean(own, axis=0)
    norm = np.sqrt(np.nansum(deviations**2, axis=0))
    assert np.isnan(moments.norm[4])
    others = np.arange(30) != 4
    np.testing.assert_allclose(moments.norm[others], norm[others], rtol=1e-4)
    assert {3, *np.flatnonzero(n < 25)} <= set(moments.apart), "float32 sums would not do for these"
    np.testing.assert_allclose(moments.apart_centred, np.nan_to_num(deviations[:, moments.apart]), atol=1e-5)
    holes = np.isnan(own[:, moments.apart])
    found = np.zeros_like(holes)
    found[moments.missing] = True
    np.testing.assert_array_equal(found, holes)


@given(seeds)
def test_sums_of_rows_are_those_of_numpy_and_other_rows_are_not_read(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(200, 17)).astype(np.float32)
    rows = np.sort(rng.choice(200, int(rng.integers(1, 200)), replace=False))
    weights = rng.normal(size=rows.size).astype(np.float32)
    values[np.setdiff1d(np.arange(200), rows)] = np.nan
    expected = weights.astype(float) @ values[rows].astype(float)
    np.testing.assert_allclose(weighted_sum(values, rows, weights), expected, atol=1e-4)


@pytest.mark.parametrize("n_columns", [0, 1, 512, 513, 1500])
def test_blocks_are_all_columns_once_and_in_order(n_columns):
    blocks = list(column_blocks(n_columns))
    assert [column for block in blocks for column in range(n_columns)[block]] == list(range(n_columns))
    assert all(0 < block.stop - block.start <= 512 for block in blocks)


def test_deviations_are_about_the_mean_of_what_is_there():
    values = np.array([[1.0, 5.0, np.inf], [3.0, 5.0, 2.0], [np.nan, 5.0, 4.0]])
    centred, norm, n = centred_where_present(values)
    np.testing.assert_allclose(centred, [[-1, 0, 0], [1, 0, -1], [0, 0, 1]])
    np.testing.assert_allclose(norm, [np.sqrt(2), np.nan, np.sqrt(2)])
    assert n.tolist() == [2, 3, 2]
