"""Tail probabilities, against mpmath at forty digits and scipy."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from imagenomer.statistics import tails
from imagenomer.statistics.tails import (
    fits_exactly,
    map_neg_log10_p,
    neg_log10_p_of_chi2,
    neg_log10_p_of_r,
    p_of_r,
    p_of_t,
    r_of_p,
    with_spread_left,
)

R = np.array([1e-12, 1e-6, 1e-3, 0.01, 0.03, 0.1, 0.115, 0.2, 0.5, 0.69, 0.71, 0.9, 0.96, 0.999, 0.999999, 1 - 1e-12])
DOFS = [1, 2, 3, 10, 64, 828, 5000, 100_000]


def oracle(r: float, dof: int) -> float:
    """Return -log10 p by integrating the null density of arctanh r, proportional to sech^dof, from r outwards."""
    with mpmath.workdps(40):
        z = mpmath.atanh(mpmath.mpf(r))
        scale = 1 / (mpmath.sqrt(dof) + dof * mpmath.mpf(r))
        cuts = [z, *(z + scale * 2**k for k in range(9))]
        tail = mpmath.quad(lambda u: (mpmath.cosh(z) / mpmath.cosh(u)) ** dof, cuts)
        whole = mpmath.beta(mpmath.mpf(1) / 2, mpmath.mpf(dof) / 2)
        log_p = mpmath.log(2 * tail / whole) - dof * mpmath.log(mpmath.cosh(z))
        return float(-log_p / mpmath.log(10))


@pytest.mark.parametrize("dof", DOFS)
def test_neg_log10_p_agrees_with_mpmath_from_one_to_far_below_the_smallest_double(dof):
    expected = np.array([oracle(r, dof) for r in R])
    assert dof < 828 or expected.max() > 3000
    np.testing.assert_allclose(neg_log10_p_of_r(R, dof), expected, rtol=2e-13)
    np.testing.assert_allclose(map_neg_log10_p(R, dof), expected, rtol=1e-7)


def test_it_does_not_jump_where_the_method_changes():
    for p in (1e-280, 0.99):
        r = r_of_p(p, 828) + np.linspace(-1e-6, 1e-6, 201)
        neg_log10_p = neg_log10_p_of_r(r, 828)
        assert neg_log10_p[0] < -np.log10(p) < neg_log10_p[-1]
        assert np.abs(np.diff(neg_log10_p, n=2)).max() < 1e-11


@pytest.mark.parametrize("n_subjects", [3, 10, 66, 830])
def test_p_is_that_of_scipy(n_subjects):
    r = np.array([0.0, 0.01, -0.2, 0.5, -0.9])
    beta = stats.beta(n_subjects / 2 - 1, n_subjects / 2 - 1, loc=-1, scale=2)
    np.testing.assert_allclose(p_of_r(r, n_subjects - 2), 2 * beta.sf(np.abs(r)), rtol=1e-10)
    np.testing.assert_allclose(p_of_t(r, 7.3), 2 * stats.t.sf(np.abs(r), 7.3), rtol=1e-12)


@given(st.floats(1e-100, 1), st.integers(1, 100_000))
def test_the_map_is_within_1e_7_of_the_exact_value(r, dof):
    np.testing.assert_allclose(map_neg_log10_p(r, dof), neg_log10_p_of_r(r, dof), rtol=1e-7)


@given(st.floats(1e-300, 0.999), st.integers(1, 2000))
def test_r_of_p_is_the_inverse(p, dof):
    r = r_of_p(p, dof)
    assume(r < 1 - 1e-8)  # nearer to one, doubles are too coarse
    np.testing.assert_allclose(neg_log10_p_of_r(r, dof), -np.log10(p), rtol=1e-6, atol=1e-12)


def test_a_perfect_correlation_has_p_zero_and_its_logarithm_is_infinite():
    r = [1.0, -1.0, 1.0000000001]
    assert (p_of_r(r, 5) == 0).all()
    assert np.isposinf(neg_log10_p_of_r(r, 5)).all()
    assert np.isposinf(map_neg_log10_p(r, 5)).all()


def test_no_correlation_has_p_one():
    assert p_of_r(0.0, 5) == 1
    assert neg_log10_p_of_r(0.0, 5) == map_neg_log10_p(0.0, 5) == 0


def test_what_is_not_defined_is_nan():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(p_of_r([np.nan, 0.3, 0.3], [5, 0, -1])).all()
        assert np.isnan(neg_log10_p_of_r([np.nan, 0.3, 0.3], [5, 0, -1])).all()
        assert np.isnan(map_neg_log10_p([np.nan], 5)).all()
        assert np.isnan(r_of_p([0.0, 1.5, np.nan], 5)).all()


def test_every_p_value_is_a_uniform_number_under_the_null(rng):
    samples = rng.standard_normal((20, 4000))
    r = stats.pearsonr(samples, rng.standard_normal((20, 1))).statistic
    assert stats.kstest(p_of_r(r, 18), "uniform").pvalue > 0.01


def test_the_kernels_do_not_import_scipy_stats():
    modules = ["tails", "correction", "correlation", "difference", "distribution"]
    program = "import sys\n" + "".join(f"import imagenomer.statistics.{name}\n" for name in modules)
    program += "sys.exit('scipy.stats' in sys.modules or 'scipy.optimize' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(tails.__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0


@pytest.mark.parametrize("dof", [1, 2, 3, 4, 9, 40, 361])
def test_chi_squared_agrees_with_mpmath_from_one_to_far_below_the_smallest_double(dof):
    chi2 = np.array([0.0, 1e-9, 0.01, 1, 3.84, 30, 400, 1200, 1290, 1320, 5000, 1e5])
    with mpmath.workdps(40):
        tails_of = [mpmath.gammainc(mpmath.mpf(dof) / 2, float(one) / 2, mpmath.inf, regularized=True) for one in chi2]
        expected = np.array([float(-mpmath.log10(one)) for one in tails_of])
    assert expected.max() > 20_000
    np.testing.assert_allclose(neg_log10_p_of_chi2(chi2, dof), expected, rtol=1e-12, atol=1e-38)


def test_chi_squared_of_nothing_is_not_a_number():
    assert np.isnan(neg_log10_p_of_chi2([np.nan, 3.0], [2, 0])).all()
    assert neg_log10_p_of_chi2(np.inf, 3) == np.inf


def test_only_what_leaves_more_than_rounding_can_be_turned_into_t():
    close = np.array([0.0, -0.999999, 1 - 1e-11, np.nan])
    exact = np.array([1.0, -1.0, 1 - 2**-53, -1 - 2**-52, 1 - 1e-13])
    assert not fits_exactly(close).any()
    assert fits_exactly(exact).all()
    np.testing.assert_array_equal(with_spread_left(close), close)
    assert np.isnan(with_spread_left(exact)).all()
