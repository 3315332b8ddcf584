"""Corrections for multiple tests, against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from imagenomer.statistics.correction import adjust, adjust_neg_log10, n_tests, p_threshold, rejected

METHODS = {"bonferroni": "bonferroni", "holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}
every_method = pytest.mark.parametrize("method", METHODS)
p_values = arrays(np.float64, st.integers(1, 60), elements=st.one_of(st.floats(1e-12, 1), st.sampled_from([0.01, 1.0])))


@every_method
@given(p_values)
def test_adjusted_p_values_and_decisions_are_those_of_statsmodels(method, p):
    significant, adjusted, _, _ = multipletests(p, alpha=0.04321, method=METHODS[method])
    np.testing.assert_allclose(adjust(p, method), adjusted, rtol=1e-10)
    np.testing.assert_allclose(adjust_neg_log10(-np.log10(p), method), -np.log10(adjusted), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(rejected(-np.log10(p), method, 0.04321), significant)


@every_method
def test_with_many_signals_among_35_000_tests_it_is_statsmodels(method, rng):
    p = rng.uniform(size=34_716) ** np.where(rng.uniform(size=34_716) < 0.05, 8, 1)
    significant, adjusted, _, _ = multipletests(p, alpha=0.05, method=METHODS[method])
    assert significant.sum() > 20
    np.testing.assert_allclose(adjust(p, method), adjusted, rtol=1e-10)
    np.testing.assert_array_equal(rejected(-np.log10(p), method, 0.05), significant)


@every_method
@given(p_values)
def test_the_threshold_separates_what_is_significant(method, p):
    threshold = p_threshold(-np.log10(p), method, 0.04321)
    np.testing.assert_array_equal(p <= threshold, adjust(p, method) <= 0.04321)


@pytest.mark.parametrize(
    ("method", "threshold"), [("bonferroni", 0.01), ("holm", 0.05 / 3), ("bh", 0.02), ("by", 0.02 / (137 / 60))]
)
def test_the_threshold_is_the_textbooks(method, threshold):
    assert p_threshold(-np.log10([0.001, 0.002, 0.9, 0.8, 0.7]), method, 0.05) == pytest.approx(threshold)


@every_method
def test_where_nothing_is_significant_the_smallest_p_value_would_have_to_be_that_of_the_first_rank(method):
    first = 0.05 / 5 / (137 / 60 if method == "by" else 1)
    assert p_threshold(-np.log10([0.5, 0.6, 0.9, 0.8, 0.7]), method, 0.05) == pytest.approx(first)


@every_method
@given(p_values, st.randoms())
def test_the_order_of_tests_does_not_matter(method, p, random):
    order = random.sample(range(p.size), p.size)
    np.testing.assert_array_equal(adjust(p[order], method), adjust(p, method)[order])


@every_method
@given(p_values)
def test_adjusting_keeps_the_order_and_never_lowers_a_p_value(method, p):
    adjusted = adjust(p, method)
    assert (adjusted >= p * (1 - 1e-15)).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


@every_method
def test_a_test_that_was_not_made_is_not_counted(method):
    p = np.array([0.01, np.nan, 0.02, np.nan, 0.3])
    made = np.array([0, 2, 4])
    assert n_tests(p) == 3
    np.testing.assert_array_equal(adjust(p, method)[made], adjust(p[made], method))
    assert np.isnan(adjust(p, method)[[1, 3]]).all()
    assert not rejected(-np.log10(p), method, 0.99)[[1, 3]].any()


@every_method
def test_no_test_at_all_gives_no_decision(method):
    nothing = np.full(4, np.nan)
    assert np.isnan(adjust(nothing, method)).all()
    assert np.isnan(p_threshold(nothing, method, 0.05))
    assert not rejected(nothing, method, 0.05).any()


@every_method
def test_below_the_smallest_double_values_stay_ordered_and_exact(method):
    neg_log10_p = np.array([3000.0, 2000.0, 1000.0, 1.0])
    factor = {"bonferroni": [4, 4, 4], "holm": [4, 3, 2], "bh": [4, 2, 4 / 3], "by": 25 / 12 * np.array([4, 2, 4 / 3])}
    np.testing.assert_allclose(
        adjust_neg_log10(neg_log10_p, method)[:3], neg_log10_p[:3] - np.log10(factor[method]), rtol=1e-14
    )


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="'sidak'"):
        adjust(np.array([0.1]), "sidak")
