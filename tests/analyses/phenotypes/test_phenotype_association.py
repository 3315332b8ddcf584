"""Two phenotypes of each kind: what is found, what is said, and what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from imagenomer.analyses.contract import GridView, PointsView, TableView, read_params
from imagenomer.analyses.phenotypes import level_pair, table_pair
from imagenomer.analyses.phenotypes.errors import Errors
from imagenomer.analyses.phenotypes.phenotype_association import ANALYSIS
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.jsonable import jsonable
from imagenomer.progress import finish


@pytest.fixture
def people(cohort, rng):
    """The forty with a pulse that follows age, a pain that men have more of, and a site associated with sex."""
    age, sex = cohort.phenotypes["age"].values, cohort.phenotypes["sex"].values
    filled = np.where(np.isnan(age), 150, age)
    more = {
        "pulse": Phenotype("pulse", 0.1 * filled + rng.normal(60, 5, 40), units="1/min"),
        "pain": Phenotype("pain", 10 * np.maximum(sex, 0) + 0.05 * filled + rng.normal(0, 4, 40)),
        "team": Phenotype("team", rng.integers(0, 3, 40), levels=("A", "B", "C")),
        "centre": Phenotype(
            "centre", np.where(rng.random(40) < 0.25, rng.integers(0, 2, 40), np.maximum(sex, 0)), levels=("X", "Y")
        ),
        "smoker": Phenotype("smoker", rng.integers(0, 2, 40), levels=("No", "Yes")),
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


def associate(cohort, x, y, **given):
    params = read_params(ANALYSIS, {"x": x, "y": y, **given})
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


def named(rows):
    return {row["name"]: row for row in rows}


def complete(cohort, *names):
    phenotypes = [cohort.phenotypes[name] for name in names]
    kept = ~np.any([one.missing for one in phenotypes], axis=0)
    return [one.values[kept] for one in phenotypes]


# --- two numbers ---------------------------------------------------------------------------------


def test_two_numbers_are_correlated_as_scipy_does(people):
    _, _, report = associate(people, "age", "pulse")
    x, y = complete(people, "age", "pulse")
    rows = named(report.numbers["association"])
    oracle = stats.pearsonr(x, y)
    interval = oracle.confidence_interval()
    r = rows["Pearson's r"]
    assert (r["value"], r["p_value"]) == pytest.approx((oracle.statistic, oracle.pvalue))
    assert (r["lower"], r["upper"]) == pytest.approx((interval.low, interval.high))
    rho = stats.spearmanr(x, y)
    found = rows["Spearman's rho"]
    assert (found["value"], found["p_value"]) == pytest.approx((rho.statistic, rho.pvalue))
    line = stats.linregress(x, y)
    slope = rows["Slope: 1/min of pulse for each months of age"]
    assert slope["value"] == pytest.approx(line.slope)
    assert slope["upper"] - slope["value"] == pytest.approx(stats.t.ppf(0.975, 37) * line.stderr)
    assert report.numbers["n_subjects"] == 39
    assert any("without age was left out: 5" in sentence for sentence in report.sentences)


def test_numbers_are_adjusted_as_statsmodels_does(people):
    _, _, report = associate(people, "age", "pulse", covariates=["pain", "team"])
    x, y, pain, team = complete(people, "age", "pulse", "pain", "team")
    columns = np.column_stack([np.ones(x.size), pain, team == 1, team == 2]).astype(float)
    full = sm.OLS(y, np.column_stack([columns, x])).fit()
    rows = named(report.numbers["association"])
    slope = rows["Slope: 1/min of pulse for each months of age"]
    assert (slope["adjusted_value"], slope["adjusted_p_value"]) == pytest.approx((full.params[-1], full.pvalues[-1]))
    assert (slope["adjusted_lower"], slope["adjusted_upper"]) == pytest.approx(tuple(full.conf_int()[-1]))
    left = [sm.OLS(one, columns).fit().resid for one in (x, y)]
    r = rows["Pearson's r"]
    assert r["adjusted_value"] == pytest.approx(np.corrcoef(left)[0, 1])
    assert r["difference"] == pytest.approx(r["adjusted_value"] - r["value"])
    margin = stats.norm.ppf(0.975) / np.sqrt(x.size - 3 - 3)  # three columns are adjusted for
    limits = np.tanh(np.arctanh(r["adjusted_value"]) + np.array([-margin, margin]))
    assert (r["adjusted_lower"], r["adjusted_upper"]) == pytest.approx(tuple(limits))
    ranks = [stats.rankdata(one) for one in (x, y, pain)]
    columns[:, 1] = ranks[2]
    left = [sm.OLS(one, columns).fit().resid for one in ranks[:2]]
    assert rows["Spearman's rho"]["adjusted_value"] == pytest.approx(np.corrcoef(left)[0, 1])
    assert [view.name for view in report.views if isinstance(view, PointsView)] == ["scatter", "adjusted"]


def test_swapping_two_numbers_changes_the_slope_alone(people):
    one = named(associate(people, "age", "pulse", covariates=["sex"])[2].numbers["association"])
    other = named(associate(people, "pulse", "age", covariates=["sex"])[2].numbers["association"])
    for name in ("Pearson's r", "Spearman's rho"):
        for key in ("value", "lower", "upper", "p_value", "adjusted_value", "adjusted_p_value"):
            assert one[name][key] == pytest.approx(other[name][key])


def test_a_curve_is_pointed_out(people):
    age = people.phenotypes["age"].values
    curved = people.phenotypes | {"curve": Phenotype("curve", np.exp(np.nan_to_num(age, nan=150) / 12))}
    _, _, report = associate(dataclasses.replace(people, phenotypes=curved), "age", "curve")
    assert any("extreme values" in warning for warning in report.warnings)


# --- a category and a number ---------------------------------------------------------------------


@pytest.mark.parametrize("order", [("sex", "pain"), ("pain", "sex")])
def test_two_levels_are_compared_as_scipy_does(people, order):
    _, _, report = associate(people, *order)
    sex, pain = complete(people, "sex", "pain")
    men, women = pain[sex == 1], pain[sex == 0]
    tests = named(report.numbers["tests"])
    assert tests["Student's t"]["statistic"] == pytest.approx(stats.ttest_ind(men, women).statistic)
    assert tests["Welch's t"]["p_value"] == pytest.approx(stats.ttest_ind(men, women, equal_var=False).pvalue)
    rank = next(test for name, test in tests.items() if name.startswith("Mann-Whitney"))
    assert rank["p_value"] == pytest.approx(stats.mannwhitneyu(men, women).pvalue)
    rows = named(report.numbers["association"])
    assert rows["Difference of means, M less F"]["value"] == pytest.approx(men.mean() - women.mean())
    assert rows["Correlation r with sex = M"]["value"] == pytest.approx(stats.pointbiserialr(sex, pain).statistic)
    assert [row["level"] for row in report.numbers["levels"]] == ["M", "F"]


def test_levels_are_adjusted_as_statsmodels_does(people):
    _, _, report = associate(people, "sex", "pain", covariates=["age", "team"])
    sex, pain, age, team = complete(people, "sex", "pain", "age", "team")
    full = sm.OLS(pain, np.column_stack([np.ones(sex.size), age, team == 1, team == 2, sex]).astype(float)).fit()
    row = named(report.numbers["association"])["Difference of means, M less F"]
    assert (row["adjusted_value"], row["adjusted_p_value"]) == pytest.approx((full.params[-1], full.pvalues[-1]))
    men, women = report.numbers["levels"]
    assert men["adjusted_mean"] - women["adjusted_mean"] == pytest.approx(full.params[-1])


def test_more_levels_are_compared_and_adjusted_by_f(people):
    _, _, report = associate(people, "pulse", "team", covariates=["age"])
    pulse, team, age = complete(people, "pulse", "team", "age")
    tests = named(report.numbers["tests"])
    oracle = stats.f_oneway(*(pulse[team == level] for level in range(3)))
    assert tests["Analysis of variance"]["p_value"] == pytest.approx(oracle.pvalue)
    base = sm.OLS(pulse, sm.add_constant(age)).fit()
    full = sm.OLS(pulse, np.column_stack([np.ones(age.size), age, team == 1, team == 2]).astype(float)).fit()
    (row,) = report.numbers["association"]
    assert row["adjusted_p_value"] == pytest.approx(full.compare_f_test(base)[1])
    assert row["adjusted_value"] == pytest.approx(1 - full.ssr / base.ssr)
    assert row["adjusted_lower"] <= row["adjusted_value"] <= row["adjusted_upper"]


def test_a_level_of_one_subject_and_unequal_spread_are_said(people, rng):
    values = np.concatenate([rng.normal(0, 1, 20), rng.normal(0, 9, 19), [3]])
    levels = np.repeat([0, 1, 2], [20, 19, 1])
    more = {"spread": Phenotype("spread", values), "kind": Phenotype("kind", levels, levels=("a", "b", "c"))}
    _, _, report = associate(dataclasses.replace(people, phenotypes=more), "spread", "kind")
    assert any("c of kind has a single subject" in warning for warning in report.warnings)
    assert any("standard deviations" in warning and "Welch" in warning for warning in report.warnings)


# --- two categories ------------------------------------------------------------------------------


def test_two_categories_are_counted_and_tested_as_scipy_does(people):
    _, _, report = associate(people, "sex", "centre")
    sex, centre = complete(people, "sex", "centre")
    counts = [[int(np.sum((sex == i) & (centre == j))) for j in (1, 0)] for i in (1, 0)]
    assert report.numbers["counts"] == counts
    tests = named(report.numbers["tests"])
    oracle = stats.chi2_contingency(counts, correction=False)
    assert tests["Pearson's chi-squared"]["p_value"] == pytest.approx(oracle.pvalue)
    np.testing.assert_allclose(report.numbers["expected"], oracle.expected_freq)
    assert tests["Fisher's exact test"]["p_value"] == pytest.approx(stats.fisher_exact(counts).pvalue)
    ratio = named(report.numbers["association"])["Odds ratio of M with Y"]
    assert ratio["value"] == pytest.approx(stats.contingency.odds_ratio(counts, kind="sample").statistic)
    grid = next(view for view in report.views if isinstance(view, GridView))
    assert f"{counts[0][0]} subjects" in grid.tips[0][0]
    table = next(view for view in report.views if isinstance(view, TableView) and view.name == "counts")
    assert sum(row["n"] for row in table.rows) == 39
    assert sum(row["row_percent"] for row in table.rows) == pytest.approx(200)


def test_categories_are_adjusted_by_strata_and_numbers_are_not(people):
    _, _, report = associate(people, "sex", "centre", covariates=["team", "age"])
    assert report.numbers["n_subjects"] == 39  # whoever lacks only the age stays
    sex, centre, team = complete(people, "sex", "centre", "team")
    strata = np.zeros((2, 2, 3))
    np.add.at(strata, (1 - sex, 1 - centre, team), 1)
    oracle = StratifiedTable(strata)
    rows = named(report.numbers["association"])
    assert rows["Chi-squared"]["adjusted_p_value"] == pytest.approx(oracle.test_null_odds(correction=False).pvalue)
    assert rows["Odds ratio of M with Y"]["adjusted_value"] == pytest.approx(oracle.oddsratio_pooled)
    assert any("age is a number and is not adjusted for" in warning for warning in report.warnings)


def test_small_expected_counts_are_said(people):
    _, _, report = associate(people, "smoker", "team", group='subject == "1" or age > 190')
    assert any("expected counts are below 5" in warning for warning in report.warnings)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": "age", "y": "age"}, "chosen twice"),
        ({"x": "age", "y": "pulse", "covariates": ["age"]}, "cannot be a covariate too"),
        ({"x": "age", "y": "site"}, "nothing to compare"),
        ({"x": "sex", "y": "site"}, "nothing to compare"),
        ({"x": "age", "y": "pulse", "group": "age > 900"}, "0 usable subjects"),
        ({"x": "age", "y": "nothing"}, "no phenotype 'nothing'"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_way_out(people, given, words):
    with pytest.raises(InputError, match=words):
        associate(people, **given)


def test_a_number_that_does_not_vary_is_refused(people):
    flat = dataclasses.replace(people, phenotypes=people.phenotypes | {"flat": Phenotype("flat", np.full(40, 2.0))})
    for x, y in (("flat", "age"), ("age", "flat"), ("sex", "flat")):
        with pytest.raises(InputError, match="flat is 2 in all"):
            associate(flat, x, y)


# --- every kind ----------------------------------------------------------------------------------

KINDS = [("age", "pulse"), ("sex", "pain"), ("team", "pulse"), ("sex", "centre"), ("team", "smoker")]


@pytest.mark.parametrize(("x", "y"), KINDS)
@pytest.mark.parametrize("covariates", [[], ["smoker"]])
def test_every_kind_is_strict_json_and_every_view_but_tables_is_drawn(people, x, y, covariates):
    covariates = [name for name in covariates if name not in (x, y)]
    params, result, report = associate(people, x, y, covariates=covariates, chart="box")
    json.dumps(report.numbers, allow_nan=False)
    json.dumps(jsonable(report.views), allow_nan=False)
    for sentence in (*report.sentences, *report.warnings):
        assert sentence.endswith(".")
        assert "nan" not in sentence
    figures = ANALYSIS.figures(people, params, result, ANALYSIS.report(people, params, result), "dark")
    assert set(figures) == {view.name for view in report.views if not isinstance(view, TableView)}
    for figure in figures.values():
        assert render(figure, "svg").startswith(b"<?xml")


@pytest.mark.parametrize(("x", "y"), KINDS)
def test_points_name_every_subject_once(people, x, y):
    _, _, report = associate(people, x, y)
    for view in report.views:
        if isinstance(view, PointsView):
            shown = [subject for series in view.series for subject in series.subjects]
            assert len(set(shown)) == len(shown) == report.numbers["n_subjects"]


# --- the cohort of the tutorial ------------------------------------------------------------------


def test_fibromyalgia_has_the_established_associations(shared_data):
    from imagenomer.load import load

    cohort = load(shared_data / "fibromyalgia")
    depression, impact = "Hamilton_Depression_Score", "Fibromyalgia_Impact_Score"
    _, _, report = associate(cohort, depression, impact)
    r = named(report.numbers["association"])["Pearson's r"]
    assert round(r["value"], 6) == 0.896094
    assert f"{r['p_value']:.3g}" == "2.93e-24"
    assert report.numbers["dof"] == 64
    _, _, report = associate(cohort, depression, impact, group='Fibromyalgia == "Yes"')
    r = named(report.numbers["association"])["Pearson's r"]
    assert (round(r["value"], 4), f"{r['p_value']:.3g}") == (0.6076, "0.000177")
    _, _, report = associate(cohort, "Fibromyalgia", "BMI")
    r = named(report.numbers["association"])["Correlation r with Fibromyalgia = Yes"]
    assert (round(r["value"], 6), round(r["p_value"], 6)) == (0.272791, 0.026689)
    d = next(effect for effect in report.numbers["effects"] if effect["name"] == "Cohen's d")
    assert round(d["value"], 3) == 0.558
    rank = next(test for test in report.numbers["tests"] if test["name"].startswith("Mann-Whitney"))
    assert round(rank["p_value"], 4) == 0.0560


# --- nothing left to compare with ----------------------------------------------------------------


def with_exact(cohort):
    age, sex = cohort.phenotypes["age"].values, cohort.phenotypes["sex"].values
    more = {
        "months": Phenotype("months", 12 * age),
        "sex code": Phenotype("sex code", np.where(sex < 0, np.nan, 0.1 + 0.2 * sex)),
        "mixture": Phenotype("mixture", 0.5 * age + 3.0 * np.where(sex < 0, np.nan, sex)),
    }
    return dataclasses.replace(cohort, phenotypes=cohort.phenotypes | more)


@pytest.mark.parametrize(
    ("x", "y", "covariates", "said"),
    [
        ("age", "months", [], "months follows exactly from age"),
        ("sex", "sex code", [], "sex code does not vary within the levels of sex"),
        ("sex", "mixture", ["age"], "mixture follows exactly from sex and the covariates"),
        ("age", "mixture", ["sex"], "mixture follows exactly from age and the covariates"),
    ],
)
def test_without_spread_to_compare_with_p_is_undefined_and_said(cohort, x, y, covariates, said):
    _, _, report = associate(with_exact(cohort), x, y, covariates=covariates)
    assert any(said in warning for warning in report.warnings)
    first = report.numbers["association"][0]
    assert first["adjusted_p_value" if covariates else "p_value"] is None
    json.dumps(jsonable(report.numbers), allow_nan=False)


# --- categories of thousands of levels ------------------------------------------------------------


def of_2000_levels(rng, n=2500):
    codes = np.concatenate([np.arange(2000), rng.integers(0, 2000, n - 2000)])
    return Phenotype("code", codes, levels=tuple(f"level {level}" for level in range(2000)))


def test_a_category_of_2000_levels_is_compared_in_steps_and_explains_what_lies_between_its_levels(rng):
    code, pulse = of_2000_levels(rng), Phenotype("pulse", rng.normal(60, 5, 2500))
    everybody = np.arange(2500)
    equal = Errors(unequal=False, related=None, subjects=everybody)
    steps, n_steps = level_pair.compare(pulse, code, [], everybody, equal), 0
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            pair = stop.value
            break
        n_steps += 1
    assert n_steps == 63
    sizes, sums = np.bincount(code.values), np.bincount(code.values, pulse.values)
    mean = pulse.values.mean()
    between = (sizes * (sums / sizes - mean) ** 2).sum() / ((pulse.values - mean) ** 2).sum()
    assert pair.adjustments[0].unadjusted.value == pytest.approx(between, rel=1e-9)


@pytest.mark.parametrize(("n_levels", "adjusted"), [(6, False), (2, True)])
def test_a_table_too_large_to_test_is_refused_with_its_size(rng, n_levels, adjusted):
    levels = tuple("ABCDEF"[:n_levels])
    team = Phenotype("team", rng.integers(0, n_levels, 2500), levels=levels)
    sex = Phenotype("sex", rng.integers(0, 2, 2500), levels=("F", "M"))
    steps = table_pair.compare(of_2000_levels(rng), team, [sex] if adjusted else [], np.arange(2500), 0)
    with pytest.raises(InputError, match=f"code has 2,000 levels and team {n_levels} levels, a table of"):
        next(steps)
