"""Adjusted association, against statsmodels; and the fast map against the exact one."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.statistics.adjustment import adjusted_moments, associate, associate_category, correlate_adjusted
from imagenomer.statistics.column_moments import column_moments
from imagenomer.statistics.correlation import FAST_R_ERROR, correlate
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.tails import neg_log10_p_of_r, neg_log10_p_of_share

seeds = st.integers(0, 2**32 - 1)
N = 50


def draw(seed, n=N, n_features=5):
    """Draw features, some of which follow age and sex, a target that follows age, a category, and covariates."""
    rng = np.random.default_rng(seed)
    everybody = np.arange(n)
    age = Phenotype("age", rng.uniform(8, 21, n))
    sex = Phenotype("sex", rng.permutation(everybody % 2), levels=("F", "M"))
    score = Phenotype("score", rng.standard_normal(n) * 20 + age.values)
    site = Phenotype("site", rng.permutation(everybody % 4), levels=("A", "B", "C", "D"))
    features = rng.standard_normal((n, n_features)) * 10.0 ** rng.integers(-3, 4, n_features)
    features += np.outer(age.values, rng.normal(0, 0.2, n_features)) + sex.values[:, None]
    features[:, 0] += 0.03 * score.values
    design = build_design([age, sex], everybody, [("age", "sex")])
    return features, code(score, everybody), code(site, everybody), design


def statsmodels_fit(feature, tested, design):
    return sm.OLS(feature, np.column_stack([design.matrix, tested.values])).fit()


# --- exact ---------------------------------------------------------------------------------------


@given(seeds)
def test_a_number_is_tested_as_by_statsmodels(seed):
    features, score, _, design = draw(seed)
    ours = associate(features, score, design)
    lower, upper = ours.interval(0.9)
    for index, feature in enumerate(features.T):
        oracle = statsmodels_fit(feature, score, design)
        assert ours.beta[index] == pytest.approx(oracle.params[-1], rel=1e-7, abs=1e-12)
        assert ours.se[index] == pytest.approx(oracle.bse[-1], rel=1e-7)
        assert ours.t[index] == pytest.approx(oracle.tvalues[-1], rel=1e-7, abs=1e-9)
        assert ours.p_value[index] == pytest.approx(oracle.pvalues[-1], rel=1e-7)
        assert ours.dof[index] == oracle.df_resid
        assert (lower[index], upper[index]) == pytest.approx(tuple(oracle.conf_int(0.1)[-1]), rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(10**-ours.neg_log10_p, ours.p_value, rtol=1e-10)


@given(seeds)
def test_the_partial_correlation_is_that_of_residuals(seed):
    features, score, _, design = draw(seed)
    fits = [sm.OLS(one, design.matrix).fit().resid for one in (*features.T, score.values[:, 0])]
    oracle = np.corrcoef(fits)[-1, :-1]
    np.testing.assert_allclose(associate(features, score, design).r, oracle, atol=1e-10)


@given(seeds)
def test_a_category_is_tested_as_by_statsmodels(seed):
    features, _, site, design = draw(seed)
    ours = associate_category(features, site, design)
    for index, feature in enumerate(features.T):
        small, large = sm.OLS(feature, design.matrix).fit(), statsmodels_fit(feature, site, design)
        f, p_value, dof_tested = large.compare_f_test(small)
        assert ours.f[index] == pytest.approx(f, rel=1e-7)
        assert ours.p_value[index] == pytest.approx(p_value, rel=1e-7)
        assert ours.partial_eta_squared[index] == pytest.approx(1 - large.ssr / small.ssr, rel=1e-7)
        assert (ours.dof_tested[index], ours.dof[index]) == (dof_tested, large.df_resid)


@given(seeds)
def test_a_category_of_two_levels_gives_the_square_of_t(seed):
    features, _, _, design = draw(seed)
    group = Phenotype("group", np.random.default_rng(seed).permutation(np.arange(N) % 2), levels=("a", "b"))
    tested = code(group, np.arange(N))
    one, other = associate(features, tested, design), associate_category(features, tested, design)
    np.testing.assert_allclose(other.f, one.t**2, rtol=1e-9)
    np.testing.assert_allclose(other.neg_log10_p, one.neg_log10_p, rtol=1e-9)


@given(seeds)
def test_without_covariates_it_is_the_plain_correlation(seed):
    features, score, _, _ = draw(seed)
    ours, plain = associate(features, score, build_design([], np.arange(N))), correlate(features, score.values[:, 0])
    np.testing.assert_allclose(ours.r, plain.r, atol=1e-12)
    np.testing.assert_allclose(ours.p_value, plain.p_value, rtol=1e-9)


@given(seeds, st.floats(0.01, 100), st.floats(-1000, 1000))
def test_units_and_origin_of_covariates_do_not_matter(seed, scale, offset):
    features, score, _, _ = draw(seed)
    rng = np.random.default_rng(seed)
    covariates = rng.standard_normal((2, N))
    results = []
    for factor, shift in ((1, 0), (scale, offset)):
        phenotypes = [Phenotype(name, factor * x + shift) for name, x in zip("xz", covariates, strict=True)]
        results.append(associate(features, score, build_design(phenotypes, np.arange(N), [("x", "z")])))
    np.testing.assert_allclose(results[1].t, results[0].t, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(results[1].beta, results[0].beta, rtol=1e-7, atol=1e-12)


@given(seeds)
def test_what_covariates_add_to_a_feature_does_not_matter(seed):
    features, score, site, design = draw(seed)
    shifted = features + design.matrix @ np.random.default_rng(seed).normal(0, 3, (design.rank, features.shape[1]))
    ours, theirs = associate(shifted, score, design), associate(features, score, design)
    np.testing.assert_allclose(ours.beta, theirs.beta, rtol=1e-6, atol=1e-9)
    one, other = associate_category(shifted, site, design), associate_category(features, site, design)
    np.testing.assert_allclose(one.f, other.f, rtol=1e-6, atol=1e-9)


@given(seeds)
def test_a_feature_with_missing_values_uses_its_own_complete_cases(seed):
    features, score, site, design = draw(seed)
    features[np.random.default_rng(seed).uniform(size=features.shape) < 0.15] = np.nan
    features[0, 0], features[:, 1] = np.inf, np.where(np.arange(N) < 5, np.nan, features[:, 2])
    ours, theirs = associate(features, score, design), associate_category(features, site, design)
    for index, feature in enumerate(features.T):
        there = np.isfinite(feature)
        oracle = sm.OLS(feature[there], np.column_stack([design.matrix, score.values])[there]).fit()
        assert ours.t[index] == pytest.approx(oracle.tvalues[-1], rel=1e-7, abs=1e-9)
        assert ours.beta[index] == pytest.approx(oracle.params[-1], rel=1e-7, abs=1e-12)
        assert (ours.n_subjects[index], ours.dof[index]) == (there.sum(), oracle.df_resid)
        small = sm.OLS(feature[there], design.matrix[there]).fit()
        large = sm.OLS(feature[there], np.column_stack([design.matrix, site.values])[there]).fit()
        assert theirs.f[index] == pytest.approx(large.compare_f_test(small)[0], rel=1e-7)


def test_complete_cases_without_a_level_of_a_covariate_lose_its_column_and_its_degree_of_freedom(rng):
    site = Phenotype("site", np.repeat([0, 1, 2], 10), levels=("A", "B", "C"))
    features = rng.standard_normal((30, 2))
    features[site.values == 2, 0] = np.nan
    score = Phenotype("score", rng.standard_normal(30))
    everybody = np.arange(30)
    ours = associate(features, code(score, everybody), build_design([site], everybody))
    np.testing.assert_array_equal(ours.dof, [17, 26])
    alone = associate(features[:20, :1], code(score, everybody[:20]), build_design([site], everybody[:20]))
    assert ours.t[0] == pytest.approx(alone.t[0])


def test_a_feature_with_nothing_left_or_too_few_values_has_no_result():
    features, score, site, design = draw(11)
    features[:, 0] = 0.1
    features[:, 1] = design.matrix @ np.arange(1.0, design.rank + 1)
    features[6:, 2] = np.nan
    features[4:, 3] = np.nan
    single = features.astype(np.float32)
    for values in (features, single):
        ours, theirs = associate(values, score, design), associate_category(values, site, design)
        np.testing.assert_array_equal(np.isnan(ours.t), [True, True, False, True, False])
        np.testing.assert_array_equal(np.isnan(ours.beta), np.isnan(ours.t))
        np.testing.assert_array_equal(np.isnan(ours.p_value), np.isnan(ours.t))
        np.testing.assert_array_equal(np.isnan(theirs.neg_log10_p), np.isnan(theirs.f))
        assert np.isnan(theirs.f[:2]).all()


def test_the_layout_of_memory_does_not_matter():
    features, score, _, design = draw(12)
    ours = associate(np.asfortranarray(features), score, design)
    np.testing.assert_allclose(ours.t, associate(features, score, design).t, rtol=1e-10)


def test_only_a_single_column_has_a_slope():
    features, _, site, design = draw(13)
    with pytest.raises(ValueError, match="3 columns"):
        associate(features, site, design)


# --- tails ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_tested", [1, 2, 5, 12])
@pytest.mark.parametrize("dof", [3, 40, 825])
def test_the_tail_of_f_is_exact_however_far(n_tested, dof):
    shares = np.array([1e-9, 1e-3, 0.05, 0.3, 0.7, 0.95, 0.999])
    with mpmath.workdps(60):
        oracle = [
            float(-mpmath.log10(mpmath.betainc(mpmath.mpf(dof) / 2, mpmath.mpf(n_tested) / 2, 0, 1 - s, True)))
            for s in map(mpmath.mpf, shares)
        ]
    np.testing.assert_allclose(neg_log10_p_of_share(shares, n_tested, dof), oracle, rtol=1e-9)
    assert neg_log10_p_of_share(1.0, n_tested, dof) == np.inf
    np.testing.assert_allclose(neg_log10_p_of_share(0.25, 1, dof), neg_log10_p_of_r(0.5, dof), rtol=1e-12)


# --- the fast map --------------------------------------------------------------------------------


def connectome(seed, n=300, n_edges=700):
    features, score, _, design = draw(seed, n, n_edges)
    values = features / features.std(axis=0)
    values[:, 5] = design.matrix[:, 1] + 0.01 * values[:, 5]
    values[:, 6] += 1000
    values[3:8, 7] = np.nan
    values[:, 8] = 0.25
    return values.astype(np.float32), score, design


@settings(max_examples=20)
@given(seeds)
def test_the_fast_map_is_the_exact_one_to_within_what_it_says(seed):
    values, score, design = connectome(seed)
    rows = np.arange(300)
    fast = correlate_adjusted(values, score, adjusted_moments(values, column_moments(values, rows), design))
    exact = associate(values, score, design)
    np.testing.assert_allclose(fast.r, exact.r, atol=FAST_R_ERROR)
    np.testing.assert_array_equal(fast.dof, exact.dof)
    np.testing.assert_array_equal(fast.n_subjects, exact.n_subjects)
    np.testing.assert_allclose(fast.neg_log10_p, neg_log10_p_of_r(fast.r, fast.dof), rtol=1e-7, atol=1e-12)
    assert np.isnan(fast.r[8])
    # These are exact in the map too: float32 has too few digits for them.
    np.testing.assert_allclose(fast.r[5:8], exact.r[5:8], atol=1e-12)


def test_the_fast_map_reads_only_the_chosen_rows(rng):
    values, score, design = connectome(5)
    spread = np.full((600, values.shape[1]), np.nan, dtype=np.float32)
    rows = np.sort(rng.choice(600, 300, replace=False))
    spread[rows] = values
    fast = correlate_adjusted(spread, score, adjusted_moments(spread, column_moments(spread, rows), design))
    np.testing.assert_allclose(fast.r, associate(values, score, design).r, atol=FAST_R_ERROR)


def test_the_fast_map_refuses_what_the_exact_one_refuses():
    values, _, design = connectome(6)
    adjusted = adjusted_moments(values, column_moments(values, np.arange(300)), design)
    age = Phenotype("age again", design.matrix[:, 1])
    with pytest.raises(InputError, match="follows from age"):
        correlate_adjusted(values, code(age, np.arange(300)), adjusted)
    with pytest.raises(ValueError, match="300 subjects for 299 rows"):
        adjusted_moments(values, column_moments(values, np.arange(299)), design)
