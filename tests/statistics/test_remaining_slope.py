"""Remaining slope: slopes are those of statsmodels, the interval covers, and imperfect measurement shows."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from imagenomer.progress import finish
from imagenomer.statistics.left_out_scores import left_out_scores, spectrum_of
from imagenomer.statistics.orthonormal import orthonormal
from imagenomer.statistics.remaining_slope import ALONG_MAP, ALONG_PATTERN, Spread, remaining_share
from imagenomer.statistics.sign_flips import cluster_codes

N = 150
PLAIN = Spread(1.0, 0.0)


def drawn(seed=1):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(N, 2))
    target = (columns[:, :1] + rng.normal(size=(N, 1))) * 1.3
    target -= target.mean()
    scores = 0.4 * target + 0.3 * columns[:, :1] + rng.normal(size=(N, 1)) * (1 + np.abs(target))
    return target, scores, columns


def basis_of(columns):
    return orthonormal(np.column_stack([np.ones(len(columns)), columns]))


def test_the_share_is_the_ratio_of_the_slopes_of_two_regressions():
    target, scores, columns = drawn()
    without = sm.OLS(scores, sm.add_constant(target)).fit().params[1]
    given = sm.OLS(scores, np.column_stack([np.ones(N), target, columns])).fit().params[1]
    found = remaining_share(target, scores, basis_of(columns), np.arange(N), PLAIN)
    assert found.estimate == pytest.approx(given / without, rel=1e-10)
    r_squared = sm.OLS(target, sm.add_constant(columns)).fit().rsquared
    assert found.explained == pytest.approx(r_squared, rel=1e-10)


@pytest.mark.parametrize("families", [None, np.repeat(np.arange(50), 3)])
def test_the_error_of_the_slope_given_a_candidate_is_hc3_or_cluster_robust(families):
    """With a slope of nothing the share's error is that of the slope given the candidate over the plain slope."""
    target, scores, columns = drawn()
    design = np.column_stack([np.ones(N), target, columns])
    fit = sm.OLS(scores[:, 0], design).fit()
    scores = scores - (fit.params[1] * target)  # now the slope given the columns is 0 exactly
    fit = sm.OLS(scores[:, 0], design).fit()
    without = sm.OLS(scores, sm.add_constant(target)).fit().params[1]
    codes = cluster_codes(families, N)
    found = remaining_share(target, scores, basis_of(columns), codes, PLAIN)
    assert found.estimate == pytest.approx(0, abs=1e-10)
    if families is None:
        error = fit.get_robustcov_results("HC3").bse[1]
    else:
        # Cluster sums of the HC3 influence, which statsmodels does not name: by hand from its residuals and leverage.
        residuals = fit.resid / (1 - fit.get_influence().hat_matrix_diag)
        influence = np.linalg.pinv(design)[1] * residuals
        error = np.sqrt((np.bincount(codes, influence) ** 2).sum())
    from scipy import stats

    dof = codes.max() + 1 - 3 - 1
    half = stats.t.ppf(0.975, dof) * error / abs(without)
    assert found.high - found.estimate == pytest.approx(half, rel=1e-8)


def test_a_candidate_that_says_the_same_leaves_no_share():
    target, scores, _ = drawn()
    found = remaining_share(target, scores, basis_of(2 * target + 1), np.arange(N), ALONG_PATTERN)
    assert found.is_alias
    assert not found.known
    assert np.isnan(found.estimate)


def test_there_is_no_share_of_a_slope_that_is_not_there():
    target, scores, columns = drawn()
    found = remaining_share(target, -scores, basis_of(columns), np.arange(N), ALONG_PATTERN)
    assert not found.known
    assert not found.is_alias


def test_the_floor_holds_and_the_inflation_widens():
    target, _, columns = drawn()
    narrow = remaining_share(target, target.copy(), basis_of(columns), np.arange(N), ALONG_PATTERN)
    half = narrow.high - narrow.estimate
    assert half == pytest.approx(0.5 / np.sqrt(N) * 1.976, rel=1e-2)
    target, scores, columns = drawn()
    plain, wide = (remaining_share(target, scores, basis_of(columns), np.arange(N), one) for one in (PLAIN, ALONG_MAP))
    assert wide.high - wide.low == pytest.approx(np.sqrt(2) * (plain.high - plain.low))


def test_the_reliability_that_would_leave_as_much_is_that_of_the_candidate():
    """A candidate of reliability .6 that explains everything leaves what its reliability says."""
    rng = np.random.default_rng(4)
    n = 200_000
    cause = rng.normal(size=n)
    measured = cause + np.sqrt(1 / 0.6 - 1) * rng.normal(size=n)
    target = cause + rng.normal(size=n)
    scores = cause + 0.1 * rng.normal(size=n)
    target, scores = target[:, None] - target.mean(), scores[:, None]
    found = remaining_share(target, scores, basis_of(measured[:, None]), np.arange(n), PLAIN)
    assert found.estimate > 0.4
    assert found.reliability == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(("kept", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_intervals_cover_what_was_planted(kept, share):
    covered, n_tries = 0, 20
    for seed in range(n_tries):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(120, 1))
        y = z + rng.normal(size=(120, 1))
        cause = kept * y + (1 - kept) * z
        edges = rng.normal(size=(120, 80)) + 0.4 * cause * rng.normal(size=80)
        spectrum = finish(spectrum_of(edges @ edges.T, y))
        scores = finish(left_out_scores(spectrum, basis_of(z)))
        found = remaining_share(spectrum.target, scores, basis_of(z), spectrum.codes, ALONG_PATTERN)
        covered += found.low <= share <= found.high
    # Of 20 at .93 or more: 16 or fewer once in 100.
    assert covered >= 16
