"""Flexible columns: splines are those of R and patsy in what they span, and codes are levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import Phenotype
from imagenomer.statistics.flexible_columns import (
    flexible_columns,
    is_coded,
    level_codes,
    natural_spline,
    plain_columns,
)
from imagenomer.statistics.orthonormal import leave, orthonormal

EVERYBODY = np.arange(60)


@given(st.integers(0, 10_000))
def test_a_spline_is_a_cubic_between_the_knots_and_a_line_beyond_them(seed):
    values = np.random.default_rng(seed).gamma(2, 1, 400)
    columns = natural_spline(values)
    assert columns.shape == (400, 4)
    knots = np.quantile(values, np.linspace(0.05, 0.95, 5))
    outer = values > knots[-1]
    line = orthonormal(np.column_stack([np.ones(outer.sum()), values[outer]]))
    assert np.abs(leave(columns[outer], line)).max() < 1e-8 * np.abs(columns).max()
    between = (values > knots[1]) & (values < knots[2])
    x = (values[between] - values[between].mean()) / values[between].std()
    cubic = orthonormal(np.vander(x, 4))
    assert np.abs(leave(columns[between], cubic)).max() < 1e-8 * np.abs(columns).max()


def test_a_spline_spans_the_natural_cubic_splines_that_scipy_interpolates():
    from scipy.interpolate import CubicSpline

    values = np.random.default_rng(3).normal(size=200)
    knots = np.quantile(values, np.linspace(0.05, 0.95, 5))
    basis = orthonormal(np.column_stack([np.ones(200), natural_spline(values)]))
    for heights in np.eye(5):
        curve = CubicSpline(knots, heights, bc_type="natural")
        inside = np.clip(values, knots[0], knots[-1])
        expected = curve(inside) + curve(inside, 1) * (values - inside)
        assert np.abs(leave(expected[:, None], basis)).max() < 1e-8


@pytest.mark.parametrize(
    ("values", "coded"),
    [([1, 2, 3, 1], True), ([1.5, 2, 3], False), (range(10), True), (range(11), False), ([7, 7], True)],
)
def test_whole_numbers_of_few_kinds_are_codes(values, coded):
    assert is_coded(np.array(list(values), dtype=float)) == coded


def test_a_site_coded_by_numbers_has_the_columns_of_its_levels():
    codes = np.random.default_rng(4).integers(0, 5, 60)
    numbers = Phenotype("site", codes + 1.0)
    levels = Phenotype("site", codes.astype(np.intp), tuple("ABCDE"))
    np.testing.assert_array_equal(flexible_columns(numbers, EVERYBODY), flexible_columns(levels, EVERYBODY))
    assert level_codes(numbers, EVERYBODY)[1] == ("1", "2", "3", "4", "5")
    assert level_codes(levels, EVERYBODY)[1] == tuple("ABCDE")
    np.testing.assert_array_equal(plain_columns(numbers, EVERYBODY), flexible_columns(numbers, EVERYBODY))


def test_all_levels_have_a_column_also_those_of_one_subject():
    codes = np.minimum(np.arange(60), 20)
    many = Phenotype("site", codes.astype(np.intp), tuple(f"s{code}" for code in range(25)))
    columns = flexible_columns(many, EVERYBODY)
    assert columns.shape == (60, 20)
    assert columns.sum(axis=0).tolist() == [1.0] * 19 + [40.0]


def test_a_number_with_others_in_a_product_is_its_line():
    values = np.random.default_rng(5).normal(size=60)
    columns = plain_columns(Phenotype("age", values), EVERYBODY)
    np.testing.assert_allclose(columns[:, 0], (values - values.mean()) / values.std())
    assert columns.shape[1] == 1


def test_what_does_not_vary_has_no_columns_and_few_values_have_fewer():
    assert natural_spline(np.full(10, 1e6 + 0.1)).shape == (10, 0)
    assert natural_spline(np.where(np.arange(100) < 97, 0.5, 1.5)).shape == (100, 1)
    assert flexible_columns(Phenotype("one", np.ones(60)), EVERYBODY).shape == (60, 0)
