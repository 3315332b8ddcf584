"""Unequal variances: HC3 against statsmodels, flipped signs the long way, and no effects where there are none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from edges_of_age import draw, run
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics.adjustment import associate, associate_category
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.unequal_variance import (
    associate_unequal,
    exchange_of_signs,
    max_score,
    spread_of_subjects,
)


def oracle_of(edge, tested, design):
    """Return t or F, and p, of HC3 by statsmodels, among those who have the edge."""
    cases = np.isfinite(edge)
    columns = np.column_stack([tested.values, design.matrix])[cases]
    fit = sm.OLS(edge[cases].astype(float), columns).fit().get_robustcov_results("HC3", use_t=True)
    k = tested.values.shape[1]
    if k == 1:
        return fit.tvalues[0], fit.pvalues[0]
    test = fit.f_test(np.eye(columns.shape[1])[:k])
    return float(test.fvalue), float(test.pvalue)


@pytest.mark.parametrize("with_covariates", [True, False])
@pytest.mark.parametrize("holes", [0, 0.1])
def test_t_and_p_are_those_of_statsmodels(with_covariates, holes):
    values, score, _, design = draw(3, effect=0.05)
    values = values.astype(float)
    values[np.random.default_rng(1).random(values.shape) < holes] = np.nan
    design = design if with_covariates else build_design([], np.arange(30))
    ours, usual = associate_unequal(values, score, design), associate(values, score, design)
    t, p = np.array([oracle_of(edge, score, design) for edge in values.T]).T
    np.testing.assert_allclose(ours.p_value, p, rtol=1e-8)
    np.testing.assert_allclose(ours.neg_log10_p, -np.log10(p), rtol=1e-8)
    for name in ("r", "n_subjects", "dof"):
        np.testing.assert_allclose(getattr(ours, name), getattr(usual, name), rtol=1e-9)
    np.testing.assert_allclose(usual.t / ours.spread, t, rtol=1e-8)


@pytest.mark.parametrize("holes", [0, 0.1])
def test_f_of_a_category_is_that_of_statsmodels(holes):
    values, _, site, design = draw(4)
    values = values.astype(float)
    values[np.random.default_rng(1).random(values.shape) < holes] = np.nan
    ours, usual = associate_unequal(values, site, design), associate_category(values, site, design)
    f, p = np.array([oracle_of(edge, site, design) for edge in values.T]).T
    np.testing.assert_allclose(ours.f, f, rtol=1e-8)
    np.testing.assert_allclose(ours.p_value, p, rtol=1e-8)
    for name in ("partial_eta_squared", "n_subjects", "dof", "dof_tested"):
        np.testing.assert_allclose(getattr(ours, name), getattr(usual, name), rtol=1e-9)


def test_of_two_groups_of_a_size_it_is_nearly_welchs_test(rng):
    group = Phenotype("group", np.arange(200) % 2, levels=("a", "b"))
    values = rng.standard_normal((200, 5)) * (1 + 2 * group.values[:, None])
    ours = associate_unequal(values, code(group, np.arange(200)), build_design([], np.arange(200)))
    welch = stats.ttest_ind(values[group.values == 1], values[group.values == 0], equal_var=False)
    np.testing.assert_allclose(ours.p_value, welch.pvalue, rtol=0.05)


def test_what_cannot_be_tested_is_not():
    values, score, _, design = draw(5)
    values = values.astype(float)
    values[:, 0], values[:, 1], values[4:, 2] = 3.0, score.values[:, 0], np.nan
    found = associate_unequal(values, score, design)
    np.testing.assert_array_equal(np.isnan(found.p_value)[:4], [True, True, True, False])
    alone = code(Phenotype("alone", (np.arange(30) == 4).astype(np.intp), levels=("no", "yes")), np.arange(30))
    with pytest.raises(InputError, match="one subject only, whose own variance cannot be estimated"):
        associate_unequal(values, alone, design)


# --- max-T ---------------------------------------------------------------------------------------


def score_of(edge, tested, design, signs):
    """The score test of one edge with some signs, the long way: z, or the quadratic form over the columns."""
    left = sm.OLS(edge.astype(float), design.matrix).fit().resid
    about = np.column_stack([sm.OLS(column, design.matrix).fit().resid for column in tested.values.T])
    parts = about * left[:, None]
    total = signs @ parts
    form = total @ np.linalg.solve(parts.T @ parts, total)
    return np.sqrt(form) if parts.shape[1] == 1 else form / parts.shape[1]


@pytest.mark.parametrize("number", [True, False])
def test_few_subjects_have_all_their_signs_flipped(number):
    values, score, site, _ = draw(7, n=9, n_edges=4)
    sex = Phenotype("sex", np.array([0, 1, 1, 0, 0, 1, 0, 1, 1]), levels=("F", "M"))
    design, tested = build_design([sex], np.arange(9)), score if number else site
    every = np.array(list(itertools.product((1, -1), repeat=9)))
    null = np.array([[score_of(edge, tested, design, signs) for edge in values.T] for signs in every])
    found = finish(max_score(values, np.arange(9), tested, design, n_flips=600, rng=np.random.default_rng(1)))
    np.testing.assert_allclose(np.abs(found.statistic), null[0], rtol=1e-5)
    expected = np.mean(null.max(axis=1)[:, None] >= null[0] * (1 - 1e-6), axis=0)
    np.testing.assert_allclose(found.adjusted_p, expected)
    assert found.null.size == 511
    assert exchange_of_signs(9, 600).smallest_p == found.adjusted_p.min() or found.adjusted_p.min() >= 2 / 512


def test_many_subjects_have_some_of_their_signs_flipped():
    values, score, _, design = draw(8, effect=0.2)
    given = {"n_flips": 499, "rng": np.random.default_rng(2)}
    found = finish(max_score(values, np.arange(30), score, design, **given))
    assert found.null.size == 499
    assert found.adjusted_p[0] <= 0.05
    assert found.statistic[0] > 0
    assert exchange_of_signs(30, 499).smallest_p == 1 / 500
    holed = values.copy()
    holed[3, 5] = np.nan
    again = finish(max_score(holed, np.arange(30), score, design, n_flips=99, rng=np.random.default_rng(2)))
    assert np.isnan(again.adjusted_p).nonzero()[0].tolist() == [5]


def noisier(rng, n=60, n_edges=30, share=0.2, spread=1.8):
    """Edges of no effect that depend on each other, and vary more in a fifth of the subjects, the patients."""
    patient = Phenotype("patient", (np.arange(n) < share * n).astype(np.intp), levels=("no", "yes"))
    values = rng.standard_normal((n, 6)) @ rng.standard_normal((6, n_edges)) + rng.standard_normal((n, n_edges))
    values *= np.where(patient.values == 1, spread, 1.0)[:, None]
    return values.astype(np.float32), code(patient, np.arange(n)), build_design([], np.arange(n))


def test_flipped_signs_find_five_percent_where_patients_are_noisier_and_permutations_more():
    n_cohorts, flipped, permuted, hc3, usual = 200, 0, 0, 0, 0
    for seed in range(n_cohorts):
        values, tested, design = noisier(np.random.default_rng(seed))
        rows = np.arange(len(values))
        rng = np.random.default_rng(1000 + seed)
        flipped += finish(max_score(values, rows, tested, design, n_flips=199, rng=rng)).adjusted_p.min() <= 0.05
        permuted += run(values, tested, design, seed, 199).adjusted_p.min() <= 0.05
        hc3 += np.count_nonzero(associate_unequal(values, tested, design).p_value <= 0.05)
        usual += np.count_nonzero(associate(values, tested, design).p_value <= 0.05)
    # The middle 99.8 % of a binomial distribution of 200 at 0.05.
    low, high = stats.binom.ppf([0.001, 0.999], n_cohorts, 0.05)
    assert low <= flipped <= high
    assert permuted > high
    assert 0.03 <= hc3 / (30 * n_cohorts) <= 0.07
    assert usual / (30 * n_cohorts) > 0.08


def test_the_spread_of_subjects_is_seen(rng):
    values, tested, design = noisier(rng, n=100)
    spread = finish(spread_of_subjects(values, np.arange(100), tested, design))
    difference = associate(spread[:, None], tested, design)
    assert np.exp(difference.beta[0]) == pytest.approx(1.8, rel=0.15)
    assert difference.p_value[0] < 1e-6
    steps = spread_of_subjects(
        *(values / np.where(np.arange(100) < 20, 1.8, 1)[:, None], np.arange(100)), tested, design
    )
    assert associate(finish(steps)[:, None], tested, design).p_value[0] > 0.01
