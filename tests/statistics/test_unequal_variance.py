"""Unequal variances: HC3 and cluster-robust errors against statsmodels, and whether the spread varies."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from edges_of_age import draw
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish
from imagenomer.statistics import unequal_variance
from imagenomer.statistics.adjustment import associate, associate_category
from imagenomer.statistics.design import build_design, code
from imagenomer.statistics.unequal_variance import associate_unequal, spread_of_subjects
from robust import effective_dof, left_out


def oracle_of(edge, tested, design):
    """Return t or F of HC3 by statsmodels among those who have the edge, and p by the degrees of freedom there."""
    cases = np.isfinite(edge)
    columns = np.column_stack([tested.values, design.matrix])[cases]
    fit = sm.OLS(edge[cases].astype(float), columns).fit().get_robustcov_results("HC3", use_t=True)
    k = tested.values.shape[1]
    nu = effective_dof(columns[:, :k], columns[:, k:], np.arange(len(columns)))
    f = float(fit.f_test(np.eye(columns.shape[1])[:k]).fvalue)
    return fit.tvalues[0] if k == 1 else f, stats.f.sf(f * (nu - k + 1) / nu, k, nu - k + 1)


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


@pytest.mark.parametrize("n", [100, 12])
def test_of_two_groups_it_is_nearly_welchs_test(rng, n):
    group = Phenotype("group", (np.arange(200) < n).astype(np.intp), levels=("a", "b"))
    values = rng.standard_normal((200, 5)) * (1 + 2 * group.values[:, None])
    ours = associate_unequal(values, code(group, np.arange(200)), build_design([], np.arange(200)))
    assert ours.effective_dof[0] < 2 * n
    welch = stats.ttest_ind(values[group.values == 1], values[group.values == 0], equal_var=False)
    np.testing.assert_allclose(ours.neg_log10_p, -np.log10(welch.pvalue), rtol=0.2)


def test_what_cannot_be_tested_is_not():
    values, score, _, design = draw(5)
    values = values.astype(float)
    values[:, 0], values[:, 1], values[4:, 2] = 3.0, score.values[:, 0], np.nan
    found = associate_unequal(values, score, design)
    np.testing.assert_array_equal(np.isnan(found.p_value)[:4], [True, True, True, False])
    alone = code(Phenotype("alone", (np.arange(30) == 4).astype(np.intp), levels=("no", "yes")), np.arange(30))
    with pytest.raises(InputError, match="one subject only, whose own variance cannot be estimated"):
        associate_unequal(values, alone, design)


# --- clusters ------------------------------------------------------------------------------------


def families_of(n):
    """Return families of four, of two and single subjects, not in a row."""
    return np.random.default_rng(5).permutation(np.concatenate([np.repeat(np.arange(n // 8), 4), np.arange(n)])[:n])


@pytest.mark.parametrize("number", [True, False])
def test_of_families_it_is_what_leaving_one_out_changes(number):
    values, score, site, design = draw(11, n=40, effect=0.05)
    clusters, tested = families_of(40), score if number else site
    ours = associate_unequal(values, tested, design, clusters)
    found = [left_out(edge, tested.values, design.matrix, clusters)[2:] for edge in values.T.astype(float)]
    nu, f, p = np.array(found).T
    assert unequal_variance.effective_dof(tested, design, clusters) == pytest.approx(nu[0], rel=1e-9)
    np.testing.assert_allclose(ours.p_value, p, rtol=1e-8)
    if number:
        usual = associate(values, tested, design)
        np.testing.assert_allclose((usual.t / ours.spread) ** 2, f, rtol=1e-8)
        wider = stats.t.ppf(0.975, nu) / stats.t.ppf(0.975, usual.dof)
        np.testing.assert_allclose(ours.widening(), ours.spread * wider, rtol=1e-8)
    else:
        np.testing.assert_allclose(ours.f, f, rtol=1e-8)


def test_of_balanced_families_without_leverage_it_is_statsmodels_cluster_robust_error():
    # With one tested column that sums to zero and as much of it in each family, (1 - H_gg)^-1 is a single factor.
    rng, families = np.random.default_rng(4), np.repeat(np.arange(20), 4)
    inside = Phenotype("inside", np.tile([1.0, -1.0, 1.0, -1.0], 20))
    values, everybody = rng.standard_normal((80, 3)) + rng.standard_normal((20, 3))[families], np.arange(80)
    tested, design = code(inside, everybody), build_design([], everybody)
    ours = associate_unequal(values, tested, design, families)
    for column, t in enumerate(associate(values, tested, design).t / ours.spread):
        fit = sm.OLS(values[:, column], np.column_stack([inside.values, np.ones(80)])).fit(
            cov_type="cluster", cov_kwds={"groups": families, "use_correction": False}, use_t=True
        )
        # Of a family's hat matrix only the tested column matters: 4 of 80 subjects, so 1 - 1/20.
        assert t == pytest.approx(fit.tvalues[0] * (1 - 1 / 20), rel=1e-8)
        assert ours.dof[column] == 19


def test_if_every_subject_is_a_family_it_is_hc3():
    values, score, _, design = draw(3, effect=0.05)
    alone, alike = (associate_unequal(values, score, design, given) for given in (np.arange(30)[::-1], None))
    np.testing.assert_allclose(alone.p_value, alike.p_value, rtol=1e-12)
    assert (alone.dof == alike.dof).all()


def test_missing_values_leave_the_families_of_the_others():
    values, score, _, design = draw(11, n=40, effect=0.05)
    holed, clusters = values.astype(float), families_of(40)
    holed[:7, 2] = np.nan
    ours = associate_unequal(holed, score, design, clusters)
    subjects = np.arange(7, 40)
    some = build_design([Phenotype(str(k), column) for k, column in enumerate(design.matrix[:, 1:].T)], subjects)
    own = code(Phenotype("score", score.values[:, 0]), subjects)
    alone = associate_unequal(values[7:], own, some, clusters[7:])
    assert ours.p_value[2] == pytest.approx(alone.p_value[2], rel=1e-9)


def test_what_rests_on_one_family_is_refused():
    values, _, _, design = draw(5)
    alone = code(Phenotype("alone", (np.arange(30) < 3).astype(np.intp), levels=("no", "yes")), np.arange(30))
    with pytest.raises(InputError, match="one cluster of relatives only, whose own variance cannot be estimated"):
        associate_unequal(values, alone, design, np.maximum(np.arange(30) - 2, 0))


# --- does the spread vary? -----------------------------------------------------------------------


def noisier(rng, n=60, n_edges=30, share=0.2, spread=1.8):
    """Edges of no effect that depend on each other, and vary more in a fifth of the subjects, the patients."""
    patient = Phenotype("patient", (np.arange(n) < share * n).astype(np.intp), levels=("no", "yes"))
    values = rng.standard_normal((n, 6)) @ rng.standard_normal((6, n_edges)) + rng.standard_normal((n, n_edges))
    values *= np.where(patient.values == 1, spread, 1.0)[:, None]
    return values.astype(np.float32), code(patient, np.arange(n)), build_design([], np.arange(n))


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
