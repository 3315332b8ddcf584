"""The line with its band, and adjusted means, against statsmodels."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import Phenotype
from imagenomer.statistics.comparison import adjusted_means, fit_line
from imagenomer.statistics.design import build_design, code

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(4, 80))
def test_the_line_and_its_band_are_those_of_statsmodels(seed, n):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(100, 15, n), rng.normal(0, 3, n)
    line = fit_line(x, y)
    oracle = sm.OLS(y, sm.add_constant(x)).fit().get_prediction(sm.add_constant(line.x)).summary_frame(0.05)
    np.testing.assert_allclose(line.y, oracle["mean"], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(line.lower, oracle["mean_ci_lower"], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(line.upper, oracle["mean_ci_upper"], rtol=1e-8, atol=1e-8)


def test_two_points_have_a_line_but_no_band():
    line = fit_line(np.array([1.0, 3.0]), np.array([2.0, 8.0]))
    assert line.ends == (1, 2, 3, 8)
    assert np.isnan(line.lower).all()


@given(seeds, st.integers(2, 4))
def test_adjusted_means_are_average_predictions_of_statsmodels(seed, n_levels):
    rng = np.random.default_rng(seed)
    n = 60
    codes = rng.permutation(np.arange(n) % n_levels)
    age, site = rng.normal(40, 10, n) + 5 * codes, rng.permutation(np.arange(n) % 3)
    values = 0.3 * age + codes + site + rng.normal(0, 1, n)
    everybody = np.arange(n)
    category = Phenotype("group", codes, levels=tuple("ABCD"[:n_levels]))
    covariates = [Phenotype("age", age), Phenotype("site", site, levels=("x", "y", "z"))]
    found = adjusted_means(values, codes, code(category, everybody), build_design(covariates, everybody))

    def columns(of_group):
        return np.column_stack([of_group[:, None] == np.arange(n_levels), age, site == 1, site == 2]).astype(float)

    fit = sm.OLS(values, columns(codes)).fit()
    expected = [fit.predict(columns(np.full(n, level))).mean() for level in range(n_levels)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
