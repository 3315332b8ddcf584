"""Sensitivity: the published example, ordinary regression, and what a cause of just that strength does."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from imagenomer.statistics.sensitivity import robustness_value, sensitivity_of

N = 400


def test_the_published_example():
    # Cinelli and Hazlett (2020), section 5: attitudes in Darfur, t = 4.184 with 783 degrees of freedom.
    partial_r2 = 4.184**2 / (4.184**2 + 783)
    assert partial_r2 == pytest.approx(0.0219, abs=5e-5)
    assert robustness_value(partial_r2) == pytest.approx(0.1388, abs=5e-5)


def test_nothing_needs_nothing_and_more_needs_more():
    shares = np.linspace(0, 0.99, 20)
    values = [robustness_value(share) for share in shares]
    assert values[0] == 0
    assert (np.diff(values) > 0).all()
    assert values[-1] < 1


@pytest.fixture
def drawn():
    rng = np.random.default_rng(4)
    age, motion = rng.standard_normal((2, N))
    target = age + 0.3 * motion + rng.standard_normal(N)
    outcome = 0.5 * target + age + 0.1 * motion + rng.standard_normal(N)
    return target, outcome, {"age": age[:, None], "motion": np.column_stack([motion, motion**2])}


def test_shares_are_those_of_nested_regressions(drawn):
    target, outcome, covariates = drawn
    found = sensitivity_of(target, outcome, covariates)
    age, motion = covariates["age"], covariates["motion"]

    def rest(y, *columns):
        return sm.OLS(y, sm.add_constant(np.column_stack(columns))).fit().ssr

    whole = rest(outcome, age, motion, target)
    assert found.partial_r2 == pytest.approx(1 - whole / rest(outcome, age, motion))
    assert found.robustness_value == pytest.approx(robustness_value(found.partial_r2))
    assert found.strongest.name == "age"
    assert found.strongest.of_target == pytest.approx(1 - rest(target, motion, age) / rest(target, motion))
    assert found.strongest.of_outcome == pytest.approx(1 - whole / rest(outcome, motion, target))


def test_a_cause_of_just_that_strength_leaves_no_slope(drawn):
    target, outcome, covariates = drawn
    given = sm.add_constant(np.column_stack(list(covariates.values())))
    share = sensitivity_of(target, outcome, covariates).robustness_value
    left_target, left_outcome = (np.asarray(sm.OLS(one, given).fit().resid) for one in (target, outcome))
    slope = sm.OLS(left_outcome, left_target).fit()
    unit = np.random.default_rng(5).standard_normal(N)
    both = np.column_stack([given, target, outcome])
    unit = np.asarray(sm.OLS(unit, both).fit().resid)
    unit /= np.linalg.norm(unit)
    # With these shares of the rest of target, and of outcome given the target, by construction.
    own = slope.resid / np.linalg.norm(slope.resid)
    direction = left_target / np.linalg.norm(left_target)
    across = np.sqrt(share) * own + np.sqrt(1 - share) * unit
    cause = np.sqrt(share) * direction + np.sqrt(1 - share) * across
    adjusted = sm.OLS(outcome, np.column_stack([given, target, cause])).fit().params[given.shape[1]]
    assert abs(adjusted) < 1e-9
    assert abs(slope.params[0]) > 0.1


def test_what_follows_from_covariates_has_no_sensitivity(drawn):
    target, _, covariates = drawn
    assert sensitivity_of(target, 2 * covariates["age"][:, 0] + 1, covariates) is None
    assert sensitivity_of(target, target, {}) is None
    assert sensitivity_of(target, target + np.random.default_rng(1).standard_normal(N), {}).strongest is None
