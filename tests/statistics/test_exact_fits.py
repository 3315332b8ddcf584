"""Where nothing but rounding is left unexplained no kernel has a t, an F or a p-value, and says so by NaN."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.cohort import Phenotype
from imagenomer.progress import finish
from imagenomer.statistics.adjustment import associate, associate_category
from imagenomer.statistics.column_moments import column_moments
from imagenomer.statistics.correlation import correlate, correlate_fast, edges_to_recheck
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.difference import compare_numbers, share_interval, welch_analysis_of_variance
from imagenomer.statistics.enhancement import enhance
from imagenomer.statistics.max_statistic import max_statistic
from imagenomer.statistics.network_statistic import network_based_statistic
from imagenomer.statistics.screening import screen
from imagenomer.statistics.variant_results import Problem
from imagenomer.statistics.variants import associate_number

N = 24
EVERYBODY = np.arange(N)


@pytest.fixture
def target(rng):
    return rng.integers(0, 3, N).astype(np.float64)


@pytest.fixture
def features(rng, target):
    """A line in the target but for rounding, the same upside down, one that is very close to it, and noise."""
    line = 0.1 + 0.2 * target + 0.1 * (target == 1) * 0.0
    line[::2] += 0.1 + 0.2 - 0.3
    close = line + 1e-4 * rng.standard_normal(N)
    return np.column_stack([line, -3 * line, close, rng.standard_normal((N, 3))])


def categories(target):
    own = Phenotype("level", target.astype(np.intp), levels=("A", "B", "C"))
    return code(own, EVERYBODY)


def test_of_a_correlation(features, target):
    found = correlate(features, target)
    np.testing.assert_allclose(found.r[:2], [1, -1])
    np.testing.assert_array_equal(np.isnan(found.p_value), [True, True, False, False, False, False])
    np.testing.assert_array_equal(np.isnan(found.neg_log10_p), np.isnan(found.p_value))
    assert found.neg_log10_p[2] > 30


def test_of_the_fast_map_once_it_is_checked(features, target):
    values = np.tile(features[:, :1], 400).astype(np.float32)  # more than are listed
    fast = correlate_fast(values, target, column_moments(values, EVERYBODY))
    recheck = edges_to_recheck(fast, "bonferroni", 0.05, 10)
    assert recheck.size == 400
    assert np.isnan(fast.replace(recheck, correlate(values[:, recheck], target)).p_value).all()


def test_of_a_model_with_covariates(features, target, rng):
    covariate = Phenotype("covariate", rng.standard_normal(N))
    features = features + 2 * covariate.values[:, None]
    found = associate(features, code(Phenotype("target", target), EVERYBODY), build_design([covariate], EVERYBODY))
    for name in ("t", "se", "p_value", "neg_log10_p"):
        np.testing.assert_array_equal(np.isnan(getattr(found, name)), [True, True, False, False, False, False])
    np.testing.assert_allclose(found.beta[:2], [0.2, -0.6], rtol=1e-9)
    assert np.isnan(found.interval()[0][:2]).all()


def test_of_a_category(features, target):
    found = associate_category(features, categories(target), build_design([], EVERYBODY))
    for name in ("f", "p_value", "neg_log10_p"):
        np.testing.assert_array_equal(np.isnan(getattr(found, name)), [True, True, False, False, False, False])
    np.testing.assert_allclose(found.partial_eta_squared[:2], 1)


@pytest.mark.parametrize("whole", [False, True])
def test_of_permutations_which_leave_such_edges_out(features, target, rng, whole):
    """Beside one with an infinite F, no other could be enhanced: the steps between thresholds are a share of it."""
    tested = categories(target) if whole else code(Phenotype("target", target), EVERYBODY)
    options = {"n_permutations": 49, "rng": rng}
    design, rows = build_design([], EVERYBODY), EVERYBODY
    largest = finish(max_statistic(features, rows, tested, design, **options))
    enhanced = finish(enhance(features, rows, tested, design, **options))
    components = finish(network_based_statistic(features, rows, tested, design, threshold=2.0, **options))
    for found in (largest, enhanced, components):
        np.testing.assert_array_equal(np.isnan(found.statistic), [True, True, False, False, False, False])
    np.testing.assert_array_equal(np.isnan(largest.adjusted_p), np.isnan(largest.statistic))
    np.testing.assert_array_equal(components.component[:2], -1)
    assert np.isfinite(enhanced.score).all()
    # What is left is as if they were not there.
    alone = features.copy()
    alone[:, :2] = 0
    without = finish(enhance(alone, rows, tested, design, n_permutations=49, rng=np.random.default_rng(1)))
    np.testing.assert_allclose(enhanced.score, without.score)


def test_of_a_difference_between_groups():
    groups = [np.array([0.3, 0.1 + 0.2, 0.3]), np.array([0.7, 0.7])]
    found = compare_numbers(groups)
    assert found.only_ranks == "no variation"
    assert [test.name for test in found.tests] == ["Mann-Whitney U"]
    assert not found.effects
    assert compare_numbers([groups[0], np.array([0.7, 0.8])]).only_ranks is None
    assert np.isnan(welch_analysis_of_variance([groups[0], np.array([1.0, 2.0, 4.0])]).statistic)
    assert share_interval(1 - 1e-15, 2, 5) == (1.0, 1.0)


def test_of_a_difference_between_groups_beside_which_the_spread_within_is_rounding():
    assert compare_numbers([np.array([1e-9, 2e-9]), np.array([1e6, 1e6])]).only_ranks == "no variation"


def test_of_variants(rng):
    dosage = rng.integers(0, 3, (N, 2)).astype(np.int8)
    phenotype = 0.1 + 0.7 * dosage[:, 0]
    found = finish(associate_number(dosage, phenotype))
    assert found.problem.tolist() == [Problem.EXACT, Problem.NONE]
    for name in ("beta", "se", "statistic", "p_value", "neg_log10_p"):
        assert np.isnan(getattr(found.terms[0], name)).tolist() == [True, False]
    screened = finish(screen(dosage, phenotype[:, None], build_design([], EVERYBODY)))
    assert screened.r[0, 0] == pytest.approx(1)
    assert np.isnan(screened.neg_log10_p[0]).tolist() == [True, False]
