"""What kernels find of covariates and groups, in sentences."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.analyses.shared.design_words import design_warnings, difference_warnings
from imagenomer.statistics.category_difference import compare_categories
from imagenomer.statistics.design import (
    AliasedColumn,
    CollinearColumn,
    ConstantVariable,
    FewSubjects,
    SaturatedSubjects,
    SingleSubjectLevel,
)
from imagenomer.statistics.difference import compare_numbers


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (ConstantVariable("dose", 30, 0.1), "dose is left out: all 30 subjects have the same value, 0.1."),
        (ConstantVariable("dose", 30, "low"), "dose is left out: all 30 subjects have the same value, low."),
        (
            SingleSubjectLevel("site", "C"),
            "C of site has one subject, who is fitted exactly and carries no information.",
        ),
        (AliasedColumn("years", ("age",)), "years is left out: for these subjects it says the same as age."),
        (
            AliasedColumn("total", ("age", "motion", "sex: M")),
            "total is left out: for these subjects it follows from age, motion and sex: M.",
        ),
        (AliasedColumn("x", ()), "x is left out: for these subjects it does not vary."),
        (
            CollinearColumn("grade", 0.957, ("age", "sex")),
            "96% of the variance of grade follows from age and sex: their separate effects are poorly estimated, but "
            "adjusting for them together is not affected.",
        ),
        (
            SaturatedSubjects(1),
            "One subject has leverage 1 (unique in the covariates), is fitted exactly and carries no information.",
        ),
        (
            SaturatedSubjects(3),
            "3 subjects have leverage 1 (each unique in the covariates), are fitted exactly and carry no information.",
        ),
        (
            FewSubjects(40, 6),
            "40 subjects for a model of 6 columns are few: a common rule asks for 10 subjects per column.",
        ),
    ],
)
def test_every_finding_has_its_sentence(finding, sentence):
    assert design_warnings([finding]) == [sentence]


def test_groups_that_cannot_be_compared_are_told():
    empty, one, two = np.array([np.nan]), np.array([3.0]), np.array([1.0, 2.0])
    assert difference_warnings(compare_numbers([two, two + 1])) == []
    assert difference_warnings(compare_numbers([empty, two, one])) == [
        "1 of 3 groups have no values and are left out.",
        "A group has a single value; tests that need its variance are omitted.",
    ]
    assert difference_warnings(compare_numbers([np.ones(3), np.ones(4)])) == [
        "No group varies, so t and F are not defined; only ranks can be compared."
    ]


def test_small_expected_counts_are_told():
    assert difference_warnings(compare_categories(np.array([[30, 20], [10, 40]]))) == []
    assert difference_warnings(compare_categories(np.array([[30, 20, 0], [0, 0, 0], [10, 4, 1]]))) == [
        "1 of 3 groups have no values and are left out.",
        "2 of 6 expected counts are below 5, so the chi-squared p-value is approximate.",
    ]
