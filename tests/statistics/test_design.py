"""The design matrix, against patsy by way of statsmodels; and what it says of covariates that cannot be told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.cohort import Phenotype
from imagenomer.errors import InputError
from imagenomer.statistics.design import (
    AliasedColumn,
    CollinearColumn,
    ConstantVariable,
    FewSubjects,
    SaturatedSubjects,
    SingleSubjectLevel,
    Term,
    build_design,
    code,
    directions_of,
    residuals,
)

seeds = st.integers(0, 2**32 - 1)
N = 60


def draw(seed, n=N):
    """Draw age, motion, sex and site of some subjects; every level occurs, and nothing follows from the others."""
    rng = np.random.default_rng(seed)
    return {
        "age": Phenotype("age", rng.uniform(100, 250, n)),
        "motion": Phenotype("motion", rng.exponential(0.1, n)),
        "sex": Phenotype("sex", rng.permutation(np.arange(n) % 2), levels=("F", "M")),
        "site": Phenotype("site", rng.permutation(np.arange(n) % 3), levels=("A", "B", "C")),
    }


def number(name, values):
    return Phenotype(name, np.asarray(values, dtype=np.float64))


def category(name, codes, levels="ABCDEFGH"):
    return Phenotype(name, np.asarray(codes, dtype=np.intp), levels=tuple(levels))


@given(seeds)
def test_it_fits_what_statsmodels_fits(seed):
    people = draw(seed)
    y = np.random.default_rng(seed).standard_normal(N)
    design = build_design(list(people.values()), np.arange(N), [("age", "sex"), ("sex", "site")])
    table = pd.DataFrame({**{name: one.values for name, one in people.items()}, "y": y})
    oracle = smf.ols("y ~ age + motion + C(sex) + C(site) + age:C(sex) + C(sex):C(site)", table).fit()
    assert design.rank == oracle.df_model + 1
    np.testing.assert_allclose(residuals(y, design.basis), oracle.resid, atol=1e-9)


@given(seeds)
def test_the_basis_is_orthonormal_and_spans_the_columns(seed):
    design = build_design(list(draw(seed).values()), np.arange(N), [("age", "motion")])
    np.testing.assert_allclose(design.basis.T @ design.basis, np.eye(design.rank), atol=1e-12)
    np.testing.assert_allclose(residuals(design.matrix, design.basis), 0, atol=1e-9)
    np.testing.assert_allclose(design.basis[:, 0], 1 / np.sqrt(N))
    assert design.basis.flags.f_contiguous


def test_columns_are_named_after_levels_and_products():
    people = draw(1)
    design = build_design([people["age"], people["site"]], np.arange(N), [("age", "site")])
    assert design.columns == ("intercept", "age", "site: B", "site: C", "age × site: B", "age × site: C")
    assert design.findings == ()


def test_only_the_chosen_subjects_and_their_levels_count():
    site = category("site", [0, 1, 2, 1, 2, 1, 2, 2, 1])
    design = build_design([site], np.arange(1, 9))
    assert design.columns == ("intercept", "site: C")
    np.testing.assert_array_equal(design.matrix[:, 1], [0, 1, 0, 1, 0, 1, 1, 0])


@pytest.mark.parametrize(
    ("same", "value"),
    [(number("dose", np.full(30, 0.1)), 0.1), (category("dose", np.zeros(30), ["low", "high"]), "low")],
)
def test_a_constant_covariate_is_left_out_and_named(same, value):
    design = build_design([same], np.arange(30))
    assert design.columns == ("intercept",)
    assert design.findings == (ConstantVariable("dose", 30, value),)


def test_a_covariate_that_says_the_same_is_left_out():
    age = draw(2)["age"]
    months = number("age in years", age.values / 12 + 3)
    design = build_design([age, months], np.arange(N))
    assert design.left_out == ("age in years",)
    assert design.findings == (AliasedColumn("age in years", ("age",)),)


def test_a_covariate_that_follows_from_several_is_left_out_and_they_are_named():
    people = draw(3)
    total = number("total", 2 * people["age"].values + 30 * people["sex"].values)
    design = build_design([people["motion"], people["age"], people["sex"], total], np.arange(N))
    assert design.left_out == ("total",)
    assert AliasedColumn("total", ("age", "sex: M")) in design.findings


def test_an_empty_cell_of_an_interaction_is_left_out():
    sex, site = np.repeat([0, 0, 1], 20), np.repeat([0, 1, 1], 20)
    design = build_design([category("sex", sex), category("site", site)], np.arange(60), [("sex", "site")])
    assert design.left_out == ("sex: B × site: B",)
    assert design.rank == 3


def test_entangled_covariates_are_kept_and_named(rng):
    age = rng.uniform(8, 20, 100)
    design = build_design([number("age", age), number("grade", age + rng.normal(0, 0.5, 100))], np.arange(100))
    assert design.rank == 3
    of_age, of_grade = design.findings
    share = np.corrcoef(design.matrix[:, 1:].T)[0, 1] ** 2
    assert of_age == CollinearColumn("age", pytest.approx(share, rel=1e-9), ("grade",))
    assert of_grade == CollinearColumn("grade", pytest.approx(share, rel=1e-9), ("age",))
    assert build_design([number("age", age), number("grade", rng.permutation(age))], np.arange(100)).findings == ()


def test_a_level_with_one_subject_is_named():
    design = build_design([category("site", [0] * 15 + [1] * 15 + [2])], np.arange(31))
    assert design.findings == (SingleSubjectLevel("site", "C"),), "and is not counted as fitted exactly again"


def test_a_subject_alone_in_a_cell_is_counted():
    sex, site = [0] * 20 + [1] * 20, [0] * 19 + [1] + [0] * 10 + [1] * 10
    design = build_design([category("sex", sex), category("site", site)], np.arange(40), [("sex", "site")])
    assert SaturatedSubjects(1) in design.findings


def test_what_a_covariate_is_called_does_not_change_the_findings():
    sex, site = [0] * 20 + [1] * 20, [0] * 19 + [1] + [0] * 10 + [1] * 10
    same = number("dose of whoever has one subject", np.ones(40))
    covariates = [same, category("sex", sex), category("site", site)]
    findings = build_design(covariates, np.arange(40), [("sex", "site")]).findings
    assert SaturatedSubjects(1) in findings


def test_too_few_subjects_are_refused_and_few_are_told():
    site = category("site", np.arange(8))
    with pytest.raises(InputError, match="8 complete subjects cannot fit a model of 8 columns"):
        build_design([site], np.arange(8))
    many = [number(f"x{index}", np.random.default_rng(index).standard_normal(6)) for index in range(9)]
    with pytest.raises(InputError, match="6 complete subjects cannot fit a model of 10 columns"):
        build_design(many, np.arange(6))
    few = build_design(list(draw(4, 40).values()), np.arange(40)).findings
    assert few == (FewSubjects(40, 6),)


def test_an_interaction_needs_its_parts():
    people = draw(6)
    with pytest.raises(InputError, match="age × sex needs sex as a covariate"):
        build_design([people["age"]], np.arange(N), [("age", "sex")])


def test_missing_values_are_a_bug_of_the_caller():
    for hole in (number("age", [1, np.nan, 3]), category("sex", [0, -1, 1])):
        with pytest.raises(ValueError, match="missing values"):
            code(hole, np.arange(3))


# --- what is tested ------------------------------------------------------------------------------


@given(seeds)
def test_what_is_tested_is_orthogonal_to_the_covariates(seed):
    people = draw(seed)
    design = build_design([people["age"], people["sex"]], np.arange(N))
    site = code(people["site"], np.arange(N))
    directions = directions_of(site, design)
    np.testing.assert_allclose(directions.T @ directions, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(design.basis.T @ directions, 0, atol=1e-12)
    assert directions[:, 0] @ site.values[:, 0] > 0


def test_a_target_that_follows_from_the_covariates_is_refused_with_their_names():
    people = draw(7)
    design = build_design([people["age"], people["sex"]], np.arange(N))
    doubled = number("twice", 2 * people["age"].values)
    with pytest.raises(InputError, match="twice cannot be tested: for these subjects it follows from age"):
        directions_of(code(doubled, np.arange(N)), design)


def test_a_constant_target_is_refused():
    design = build_design([], np.arange(9))
    with pytest.raises(InputError, match="all 9 subjects have the same dose"):
        directions_of(code(number("dose", np.ones(9)), np.arange(9)), design)


def test_a_target_without_degrees_of_freedom_is_refused():
    design = build_design([number("age", [1, 2, 4, 8, 9])], np.arange(5))
    with pytest.raises(InputError, match="5 complete subjects cannot fit a model of 5 columns"):
        directions_of(code(category("site", [0, 1, 2, 3, 0]), np.arange(5)), design)


def test_other_subjects_are_a_bug_of_the_caller():
    with pytest.raises(ValueError, match="has 4 subjects"):
        directions_of(Term("x", ("x",), np.ones((4, 1))), build_design([], np.arange(5)))
