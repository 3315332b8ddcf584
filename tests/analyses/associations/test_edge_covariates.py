"""Edge association with covariates: statsmodels the long way, what adjustment changed, and what is said about it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analyses.associations.test_edge_association import associate, subject_means, with_holes
from imagenomer.analyses.associations.edge_association import ANALYSIS
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.load import load


@pytest.fixture
def cohort(cohort, rng):
    """Forty subjects who also have motion (subject 9 has none), a place of three, and a score that follows age."""
    age = np.nan_to_num(cohort.phenotypes["age"].values, nan=170)
    motion = rng.gamma(2, 0.1, 40)
    motion[8] = np.nan
    cohort.phenotypes["motion"] = Phenotype("motion", motion)
    cohort.phenotypes["place"] = Phenotype("place", rng.permutation(np.arange(40) % 3), levels=("A", "B", "C"))
    cohort.phenotypes["score"] = Phenotype("score", age + rng.normal(0, 20, 40))
    return cohort


def complete(cohort, *names):
    return ~np.any([cohort.phenotypes[name].missing for name in names], axis=0)


def column(cohort, name, used, ranked=False):
    """Return the columns of a phenotype as a textbook codes them."""
    one = cohort.phenotypes[name]
    values = one.values[used]
    if one.levels:
        return np.column_stack([values == level for level in sorted(set(values.tolist()))[1:]]).astype(float)
    return (stats.rankdata(values) if ranked else values)[:, None].astype(float)


def fitted(edge, tested, covariates):
    """Return partial r (or eta squared), p and F of statsmodels for the last columns of a model."""
    small = sm.OLS(edge, sm.add_constant(covariates) if covariates.size else np.ones_like(edge)).fit()
    large = sm.OLS(edge, np.column_stack([small.model.exog, tested])).fit()
    f, p, _ = large.compare_f_test(small)
    share = 1 - large.ssr / small.ssr
    return (np.sign(large.params[-1]) * np.sqrt(share) if tested.shape[1] == 1 else share), p, f


CASES = {
    "a number": ({"phenotype": "score", "covariates": ["age", "sex"]}, "score", ["age", "sex"]),
    "a level": ({"phenotype": "sex", "covariates": ["age", "place", "motion"]}, "sex", ["age", "place", "motion"]),
    "a category": ({"phenotype": "place", "covariates": ["age", "sex"]}, "place", ["age", "sex"]),
    "a category alone": ({"phenotype": "place"}, "place", []),
}


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("case", sorted(CASES))
def test_every_number_is_that_of_statsmodels(cohort, case, method):
    given, tested, covariates = CASES[case]
    _, _, report = associate(cohort, method=method, correction="bh", **given)
    used, ranked, edges = complete(cohort, tested, *covariates), method == "spearman", subject_means(cohort)
    edges = stats.rankdata(edges[used], axis=0) if ranked else edges[used]
    others = np.column_stack([np.zeros((used.sum(), 0)), *(column(cohort, one, used, ranked) for one in covariates)])
    oracle = np.array([fitted(edge, column(cohort, tested, used, ranked), others) for edge in edges.T])
    top = sorted(report.numbers["top"], key=lambda row: row["edge"])
    name = "partial_eta_squared" if tested == "place" else "r"
    np.testing.assert_allclose([row[name] for row in top], oracle[:, 0], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose([row["p_value"] for row in top], oracle[:, 1], rtol=1e-7)
    np.testing.assert_allclose([row["p_adjusted"] for row in top], multipletests(oracle[:, 1], method="fdr_bh")[1])
    np.testing.assert_allclose(report.arrays[name], oracle[:, 0], atol=5e-6)
    if tested == "place":
        np.testing.assert_allclose([row["f"] for row in top], oracle[:, 2], rtol=1e-7)
    n_columns = column(cohort, tested, used).shape[1]
    assert report.numbers["dof"] == used.sum() - 1 - others.shape[1] - n_columns
    assert report.numbers["dof_tested"] == n_columns
    assert report.numbers["n_subjects"] == used.sum()


@pytest.mark.parametrize(
    ("phenotype", "moderator", "covariates"),
    [("age", "motion", []), ("age", "sex", ["motion"]), ("sex", "score", ["age", "sex"][:1]), ("age", "place", [])],
)
def test_an_interaction_is_that_of_statsmodels(cohort, phenotype, moderator, covariates):
    _, result, report = associate(cohort, phenotype=phenotype, interaction=moderator, covariates=covariates)
    used = complete(cohort, phenotype, moderator, *covariates)
    first, second = (column(cohort, name, used) for name in (phenotype, moderator))
    others = np.column_stack([first, second, *(column(cohort, name, used) for name in covariates)])
    product = (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)
    oracle = np.array([fitted(edge[used], product, others) for edge in subject_means(cohort).T])
    top = sorted(report.numbers["top"], key=lambda row: row["edge"])
    name = "r" if product.shape[1] == 1 else "partial_eta_squared"
    np.testing.assert_allclose([row[name] for row in top], oracle[:, 0], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose([row["p_value"] for row in top], oracle[:, 1], rtol=1e-6)
    assert result.model.name == f"{phenotype}{' = M' if phenotype == 'sex' else ''} × {moderator}"
    assert f"whether the association of an edge with {phenotype} differs by {moderator}" in " ".join(report.sentences)
    assert (result.unadjusted is None) == (not covariates)


def test_the_sign_of_an_interaction_is_what_the_sentence_says(cohort, rng):
    sex, age = cohort.phenotypes["sex"].values, cohort.phenotypes["age"].values
    for row, scan in enumerate(cohort.scans):
        subject = int(scan.subject) - 1
        slope = 0.003 if sex[subject] == 1 else -0.003
        cohort.measures["fc"].values[row, 2] = slope * (np.nan_to_num(age[subject], nan=175) - 175)
    _, _, report = associate(cohort, phenotype="age", interaction="sex")
    assert "Positive: the association with age is greater in M than in the other level of sex." in report.sentences
    assert report.arrays["r"][2] > 0.9


def test_the_unadjusted_map_is_of_the_same_subjects_and_the_difference_is_told(cohort):
    _, result, report = associate(cohort, phenotype="score", covariates=["age", "motion"], alpha=0.001)
    used = complete(cohort, "score", "age", "motion")
    edges, score = subject_means(cohort)[used], cohort.phenotypes["score"].values[used]
    plain = [stats.pearsonr(edge, score) for edge in edges.T]
    np.testing.assert_allclose(report.arrays["unadjusted"], [one.statistic for one in plain], atol=5e-6)
    np.testing.assert_allclose(report.arrays["difference"], report.arrays["r"] - report.arrays["unadjusted"])
    before = np.array([one.pvalue for one in plain]) <= 0.001 / 15
    np.testing.assert_array_equal(report.arrays["significant_unadjusted"], before)
    after, numbers = report.arrays["significant"], report.numbers
    assert numbers["n_significant_unadjusted"] == before.sum() > numbers["n_significant"]
    assert numbers["n_lost"] == (before & ~after).sum() > 0
    assert numbers["n_gained"] == (after & ~before).sum()
    expected = np.corrcoef(report.arrays["r"], report.arrays["unadjusted"])[0, 1]
    assert numbers["spatial_correlation"] == pytest.approx(expected)
    row = numbers["top"][0]
    assert row["unadjusted"] == pytest.approx(plain[row["edge"]].statistic, rel=1e-9)
    assert row["p_unadjusted"] == pytest.approx(plain[row["edge"]].pvalue, rel=1e-8)
    said = " ".join(report.sentences)
    assert f"adjusting for age, motion loses {numbers['n_lost']} of them and gains {numbers['n_gained']} others" in said
    assert {"r", "unadjusted", "difference"} <= {view.name for view in report.views}
    limits = {view.limit for view in report.views if view.name in ("r", "unadjusted")}
    assert len(limits) == 1
    assert result.unadjusted is not None


def test_without_covariates_nothing_is_compared(cohort):
    _, result, report = associate(cohort, phenotype="age")
    assert result.unadjusted is None
    assert not {"unadjusted", "difference"} & set(report.arrays)
    assert any("no covariate is adjusted for" in sentence for sentence in report.sentences)


def test_subjects_without_a_covariate_are_left_out_and_named(cohort):
    _, _, report = associate(cohort, phenotype="age", covariates=["motion", "sex"])
    assert [(one["reason"], one["subjects"]) for one in report.numbers["dropped"]] == [
        ("without age", ("5",)),
        ("without motion", ("9",)),
        ("without sex", ("6",)),
    ]
    assert "The linear model has, besides the intercept and the tested term: motion, sex: M." in report.sentences


def test_what_is_wrong_with_covariates_is_said_in_words(cohort):
    cohort.phenotypes["age in years"] = Phenotype("age in years", cohort.phenotypes["age"].values / 12)
    _, _, report = associate(cohort, phenotype="sex", covariates=["age", "age in years", "site"])
    said = " ".join(report.warnings)
    assert "age in years is left out: for these subjects it says the same as age." in said
    assert "site is left out: all 38 subjects have the same value, A." in said
    _, _, report = associate(cohort, phenotype="sex", covariates=["age"])
    assert not any("little is left to test" in warning for warning in report.warnings)
    nearly = cohort.phenotypes["age"].values + np.linspace(-1, 1, 40)
    cohort.phenotypes["nearly"] = Phenotype("nearly", nearly)
    _, _, report = associate(cohort, phenotype="nearly", covariates=["age"])
    assert any("100% of the variance of nearly follows from the covariates" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"phenotype": "age", "covariates": ["age"]}, "age is what is tested and cannot be adjusted for too"),
        ({"phenotype": "age", "interaction": "age"}, "differs by age itself cannot be asked"),
        ({"phenotype": "age", "covariates": ["height"]}, "no phenotype 'height'"),
        ({"phenotype": "age", "interaction": "site"}, "the same site, so no association can differ by it"),
        ({"phenotype": "copy", "covariates": ["age"]}, "copy cannot be tested: .* follows from age"),
        ({"phenotype": "age", "covariates": ["place"], "group": "age < 130"}, "cannot fit a model of"),
    ],
)
def test_what_cannot_be_adjusted_is_refused_with_the_way_out(cohort, given, message):
    cohort.phenotypes["copy"] = Phenotype("copy", 3 * cohort.phenotypes["age"].values)
    if "group" in given:
        given = given | {"group": " or ".join(f"age == {age:g}" for age in cohort.phenotypes["age"].values[:4])}
    with pytest.raises(InputError, match=message):
        associate(cohort, **given)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("phenotype", ["score", "place"])
def test_an_edge_with_missing_values_is_fitted_to_those_who_have_it(cohort, method, phenotype):
    holed = with_holes(cohort, [(str(subject), 7) for subject in range(1, 12)] + [("20", 2)])
    _, _, report = associate(holed, phenotype=phenotype, covariates=["age", "sex"], method=method)
    everybody, edges = complete(cohort, phenotype, "age", "sex"), subject_means(holed)
    rows = {row["edge"]: row for row in report.numbers["top"]}
    for edge in (2, 3, 7):
        used, ranked = everybody & ~np.isnan(edges[:, edge]), method == "spearman"
        others = np.column_stack([column(cohort, one, used, ranked) for one in ("age", "sex")])
        seen = stats.rankdata(edges[used, edge]) if ranked else edges[used, edge]
        effect, p, _ = fitted(seen, column(cohort, phenotype, used, ranked), others)
        assert rows[edge]["r" if phenotype == "score" else "partial_eta_squared"] == pytest.approx(effect, rel=1e-8)
        assert rows[edge]["p_value"] == pytest.approx(p, rel=1e-7)
        assert rows[edge]["n_subjects"] == used.sum()


def test_a_second_question_with_the_same_covariates_reuses_what_they_explain(cohort):
    for phenotype in ("score", "sex", "score"):
        associate(
            cohort, phenotype=phenotype, covariates=["motion"], group='age > 0 and score > 0 and sex in ("F", "M")'
        )
    assert cohort.observations("fc").caches.sizes()["adjusted"] == 1


# --- one edge ------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"phenotype": "score"}, {"phenotype": "age", "interaction": "motion"}])
def test_a_clicked_edge_is_an_added_variable_plot(cohort, given):
    covariates = ["sex", "place"]
    params, result, _ = associate(cohort, covariates=covariates, **given)
    view = ANALYSIS.detail(cohort, params, result, 3, ())
    names = [name for name in given.values() if name != "score"]
    used = complete(cohort, *given.values(), *covariates)
    others = np.column_stack([column(cohort, name, used) for name in (*names, *covariates)])
    tested = np.prod([column(cohort, name, used) for name in given.values()], axis=0)
    edge = subject_means(cohort)[used, 3]
    x, y = np.array(view.series[0].x), np.array(view.series[0].y)
    np.testing.assert_allclose(y, sm.OLS(edge, sm.add_constant(others)).fit().resid, atol=1e-9)
    centred = tested - tested.mean()
    if "interaction" in given:  # coded from deviations; with both in the model their product means the same
        parts = [column(cohort, name, used) for name in given.values()]
        centred = np.prod([part - part.mean() for part in parts], axis=0)
    np.testing.assert_allclose(x, sm.OLS(centred, sm.add_constant(others)).fit().resid[:], atol=1e-7)
    effect, _, _ = fitted(edge, tested, others)
    assert stats.pearsonr(x, y).statistic == pytest.approx(effect, rel=1e-8)
    slope = (view.line[3] - view.line[1]) / (view.line[2] - view.line[0])
    full = sm.OLS(edge, sm.add_constant(np.column_stack([others, tested]))).fit()
    assert slope == pytest.approx(full.params[-1], rel=1e-6)
    assert view.caption.startswith(f"partial r given sex, place = {effect:.4f}".replace("-", "−"))
    assert f"{used.sum()} subjects" in view.caption
    assert "residuals given sex, place" in view.x_label
    assert "residuals given sex, place" in view.y_label


def test_the_interval_of_a_partial_r_is_that_of_so_many_fewer_subjects(cohort):
    _, _, report = associate(cohort, phenotype="score", covariates=["age", "place"])
    top = report.numbers["top"][0]
    margin = stats.norm.ppf(0.975) / np.sqrt(top["n_subjects"] - 3 - 3)  # three columns of covariates
    expected = np.tanh(np.arctanh(top["r"]) + np.array([-margin, margin]))
    np.testing.assert_allclose([top["ci_lower"], top["ci_upper"]], expected)


def test_a_category_tested_as_a_whole_stands_in_strips(cohort):
    params, result, _ = associate(cohort, phenotype="place", covariates=["age"])
    view = ANALYSIS.detail(cohort, params, result, 3, ())
    assert view.x_ticks == ((0.0, "A"), (1.0, "B"), (2.0, "C"))
    assert view.line is None
    assert "partial η² given age" in view.caption
    assert "F = " in view.caption


def test_an_interaction_of_several_columns_is_shown_by_what_it_explains(cohort):
    params, result, report = associate(cohort, phenotype="age", interaction="place")
    view = ANALYSIS.detail(cohort, params, result, 3, ())
    slope = (view.line[3] - view.line[1]) / (view.line[2] - view.line[0])
    assert slope == pytest.approx(1)
    x, y = np.array(view.series[0].x), np.array(view.series[0].y)
    assert (x**2).sum() / (y**2).sum() == pytest.approx(report.arrays["partial_eta_squared"][3])


def test_an_edge_that_few_have_has_a_scatter_all_the_same(cohort):
    holed = with_holes(cohort, [(subject, 7) for subject in cohort.subjects[:-2]])
    params, result, _ = associate(holed, phenotype="score", covariates=["age"])
    view = ANALYSIS.detail(holed, params, result, 7, ())
    assert view.line is None
    assert "not defined" in view.caption


# --- real data, and nothing going on -------------------------------------------------------------


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_on_real_data_a_handful_of_edges_is_that_of_statsmodels(shared_data, method):
    fibromyalgia = load(shared_data / "fibromyalgia")
    given = {"phenotype": "BMI", "covariates": ["Age", "Fibromyalgia"], "task": "rest", "method": method}
    _, _, report = associate(fibromyalgia, **given)
    used, ranked = complete(fibromyalgia, "BMI", "Age", "Fibromyalgia"), method == "spearman"
    others = np.column_stack([column(fibromyalgia, name, used, ranked) for name in ("Age", "Fibromyalgia")])
    tested = column(fibromyalgia, "BMI", used, ranked)
    for row in report.numbers["top"][:5]:
        edge = fibromyalgia.observed_edges("fc", "rest", np.array([row["edge"]]))[used, 0]
        effect, p, _ = fitted(stats.rankdata(edge) if ranked else edge, tested, others)
        assert row["r"] == pytest.approx(effect, rel=1e-8)
        assert row["p_value"] == pytest.approx(p, rel=1e-6)


def test_a_confound_is_significant_unadjusted_and_one_in_twenty_times_when_adjusted(cohort):
    # Edges follow motion, the score follows motion, nothing else: 200 draws, 10 expected, 2 to 21 in 99.9 of 100 cases.
    false = {"adjusted": 0, "unadjusted": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        motion = rng.standard_normal(40)
        by_subject = {subject: motion[index] for index, subject in enumerate(cohort.subjects)}
        shared = np.array([by_subject[scan.subject] for scan in cohort.scans])
        values = np.tanh(0.1 * shared[:, None] + rng.normal(0, 0.2, (79, 15))).astype(np.float32)
        measure = dataclasses.replace(cohort.measures["fc"], values=values)
        drawn = dataclasses.replace(
            cohort,
            measures={"fc": measure},
            phenotypes={"m": Phenotype("m", motion), "s": Phenotype("s", motion + rng.standard_normal(40))},
        )
        _, _, report = associate(drawn, phenotype="s", covariates=["m"], correction="holm", task="nback")
        false["adjusted"] += report.arrays["significant"].any()
        false["unadjusted"] += report.arrays["significant_unadjusted"].any()
    assert 2 <= false["adjusted"] <= 21, false
    assert false["unadjusted"] > 100, false


def test_the_catalog_form_takes_covariates_and_the_script_spells_them_out(cohort):
    from imagenomer.analyses.contract import read_params
    from imagenomer.script import script_of

    params = read_params(ANALYSIS, {"phenotype": "age", "covariates": ["sex", "motion"], "interaction": None})
    script = script_of("edge-association", ANALYSIS, params, cohort="x", output="y")
    assert "'covariates': ('sex', 'motion')" in script
