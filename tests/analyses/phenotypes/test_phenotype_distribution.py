"""Phenotype distribution: what is said by group, and when groups are compared."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from scipy import stats

from imagenomer.analyses.contract import read_params
from imagenomer.analyses.phenotypes.phenotype_distribution import ANALYSIS
from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish

BY_SEX = ['sex == "F"', 'sex == "M"']


def distribute(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    return params, result, ANALYSIS.report(cohort, params, result)


def test_everybody_is_summarised_where_no_group_is_given(cohort):
    _, _, report = distribute(cohort, phenotype="age")
    (group,) = report.numbers["groups"]
    age = cohort.phenotypes["age"].values
    assert (group["n"], group["n_missing"]) == (39, 1)
    assert group["mean"] == pytest.approx(np.nanmean(age))
    assert group["sd"] == pytest.approx(np.nanstd(age, ddof=1))
    assert group["median"] == np.nanmedian(age)
    assert report.numbers["tests"] == []


def test_two_groups_are_compared_as_scipy_does(cohort):
    _, _, report = distribute(cohort, phenotype="age", groups=BY_SEX)
    age, sex = cohort.phenotypes["age"].values, cohort.phenotypes["sex"].values
    samples = [age[(sex == code) & ~np.isnan(age)] for code in (0, 1)]
    tests = {test["name"]: test for test in report.numbers["tests"]}
    expected = stats.ttest_ind(*samples, equal_var=False)
    assert tests["Welch's t"]["statistic"] == pytest.approx(expected.statistic)
    assert tests["Welch's t"]["p_value"] == pytest.approx(expected.pvalue)
    assert tests["Welch's t"]["dof"] == pytest.approx([expected.df])
    g = next(effect for effect in report.numbers["effects"] if effect["name"] == "Hedges' g")
    assert g["lower"] < g["value"] < g["upper"]
    assert any("Welch's t" in sentence and "Hedges' g" in sentence for sentence in report.sentences)


def test_whoever_may_belong_is_said(cohort):
    _, _, report = distribute(cohort, phenotype="age", groups=BY_SEX)
    assert [group["n_unknown"] for group in report.numbers["groups"]] == [1, 1]
    assert sum("may or may not belong" in sentence for sentence in report.sentences) == 2


def test_a_category_is_counted_by_level(cohort):
    _, _, report = distribute(cohort, phenotype="sex", groups=["age < 175", "age >= 175"])
    sex, age = cohort.phenotypes["sex"].values, cohort.phenotypes["age"].values
    counts = [[int(np.sum((sex == code) & members)) for code in (0, 1)] for members in (age < 175, age >= 175)]
    assert [[level["n"] for level in group["levels"]] for group in report.numbers["groups"]] == counts
    chi2 = next(test for test in report.numbers["tests"] if test["symbol"] == "chi2")
    assert chi2["p_value"] == pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue)


def test_groups_that_share_somebody_are_not_tested_and_that_is_said(cohort):
    _, result, report = distribute(cohort, phenotype="age", groups=["age < 200", "age > 150"])
    assert result.difference is None
    assert report.numbers["tests"] == []
    assert report.numbers["n_shared"] == len(result.shared) > 0
    assert any("more than one group" in sentence and "not tested" in sentence for sentence in report.sentences)


def test_sharing_only_people_without_a_value_is_no_obstacle(cohort):
    _, _, report = distribute(cohort, phenotype="age", groups=['sex == "F"', 'sex == "M" or subject == "5"'])
    assert report.numbers["n_shared"] == 0
    assert report.numbers["tests"]


def test_the_same_group_twice_is_one(cohort):
    _, result, _ = distribute(cohort, phenotype="age", groups=[BY_SEX[0], BY_SEX[0]])
    assert len(result.groups) == 1


def test_nobody_with_a_value_is_refused_with_the_sizes(cohort):
    with pytest.raises(InputError, match=r"no subject in these groups has a value of age .*: 0"):
        distribute(cohort, phenotype="age", groups=["age > 900"])


def test_an_empty_group_beside_another_is_said(cohort):
    params, result, report = distribute(cohort, phenotype="age", groups=["age > 900", "age > 0"])
    assert report.numbers["groups"][0]["mean"] is None
    assert any("age > 900" in warning for warning in report.warnings)
    assert ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "light")


@pytest.mark.parametrize("kind", ["histogram", "density", "box", "violin"])
@pytest.mark.parametrize("groups", [[], BY_SEX, ["age < 130", "age > 900", 'subject == "7"']])
def test_every_kind_is_drawn_even_of_a_single_value(cohort, kind, groups):
    params, result, report = distribute(cohort, phenotype="age", groups=groups, kind=kind)
    figure = ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "dark")["distribution"]
    assert "age (months)" in (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel())
    if kind in ("density", "violin") and len(groups) == 3:
        assert any("no density" in warning for warning in report.warnings)


def test_fibromyalgia_has_the_established_ages(shared_data):
    from imagenomer.load import load

    cohort = load(shared_data / "fibromyalgia")
    _, _, report = distribute(cohort, phenotype="Age")
    (group,) = report.numbers["groups"]
    assert (group["minimum"], group["maximum"]) == (29, 50)
    assert (round(group["mean"], 3), round(group["sd"], 3)) == (41.621, 6.017)
    _, _, report = distribute(cohort, phenotype="Age", groups=['Fibromyalgia == "Yes"', 'Fibromyalgia == "No"'])
    assert [round(group["mean"], 2) for group in report.numbers["groups"]] == [41.73, 41.52]
    _, _, report = distribute(cohort, phenotype="BMI", groups=['Fibromyalgia == "Yes"', 'Fibromyalgia == "No"'])
    student = next(test for test in report.numbers["tests"] if test["name"] == "Student's t")
    assert round(student["statistic"], 4) == 2.2684
    assert round(student["p_value"], 6) == 0.026689
    assert round(next(e for e in report.numbers["effects"] if e["name"] == "Cohen's d")["value"], 3) == 0.558


@pytest.mark.parametrize("groups", [[], BY_SEX])
def test_negative_numbers_are_written_with_a_minus_sign(cohort, groups):
    below = Phenotype("below", -1 - np.arange(40) / 40)
    people = dataclasses.replace(cohort, phenotypes={"below": below, "sex": cohort.phenotypes["sex"]})
    _, _, report = distribute(people, phenotype="below", groups=groups)
    said = " ".join(report.sentences)
    assert "mean −1.4" in said
    assert " to −1" in said
    assert not re.search(r"-\d", said)
