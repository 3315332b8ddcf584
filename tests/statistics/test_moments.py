"""Moments of edges are those of NumPy, value by value."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.progress import finish
from imagenomer.statistics.moments import edge_moments


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_mean_and_sd_are_those_of_numpy_over_the_rows_with_a_value(rng, missing):
    values = rng.normal(0.3, 0.2, (50, 700)).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    rows = np.array([3, 7, 8, 20, 31, 40, 49])
    found = finish(edge_moments(values, rows))
    chosen = values[rows].astype(np.float64)
    np.testing.assert_array_equal(found.n_observed, np.isfinite(chosen).sum(axis=0))
    enough = found.n_observed > 1
    np.testing.assert_allclose(found.mean[enough], np.nanmean(chosen[:, enough], axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.sd[enough], np.nanstd(chosen[:, enough], axis=0, ddof=1), rtol=1e-10)


def test_the_spread_is_exact_where_it_is_small_beside_the_mean():
    values = np.float32(1) + np.arange(6, dtype=np.float32)[:, None] * np.float32(2**-20)
    found = finish(edge_moments(values, np.arange(6)))
    np.testing.assert_allclose(found.sd, np.std(np.arange(6) * 2.0**-20, ddof=1), rtol=1e-12)


def test_what_nobody_or_one_row_has_is_not_defined():
    values = np.array([[np.nan, 1.0], [np.nan, np.nan]], dtype=np.float32)
    found = finish(edge_moments(values, np.arange(2)))
    assert np.isnan(found.mean[0])
    assert np.isnan(found.sd).all()
    assert found.mean[1] == 1
    assert found.n_observed.tolist() == [0, 1]
