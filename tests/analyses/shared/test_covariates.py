"""Covariates in every analysis: one that says the same as the target is refused, and only used ones are named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import read_params
from imagenomer.cohort import Decomposition, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import finish


@pytest.fixture
def cohort(cohort, rng):
    """The forty with names for what is there already: sex again, age in months, and a place that tells the sex."""
    sex, age = cohort.phenotypes["sex"].values, cohort.phenotypes["age"].values
    place = np.where(sex < 0, -1, 2 * sex + rng.integers(0, 2, 40))
    more = {
        "gender again": Phenotype("gender again", np.where(sex < 0, -1, 1 - sex), levels=("man", "woman")),
        "months": Phenotype("months", 12 * age - 5),
        "place": Phenotype("place", place, levels=("A", "B", "C", "D")),
        "flat": Phenotype("flat", np.full(40, 3.0)),
        "score": Phenotype("score", rng.standard_normal(40)),
    }
    scores = rng.standard_normal((40, 3))
    decomposition = Decomposition("own", rng.standard_normal((3, 15)).astype(np.float32), scores)
    return dataclasses.replace(
        cohort, phenotypes=cohort.phenotypes | more, decompositions=cohort.decompositions | {"own": decomposition}
    )


def run(cohort, analysis, **given):
    analysis = load_analyses()[analysis]
    params = read_params(analysis, given)
    result = finish(analysis.compute(cohort, params))
    return result, analysis.report(cohort, params, result)


ASK = {
    "edge-association": lambda target, covariates: {"phenotype": target, "covariates": covariates},
    "network-association": lambda target, covariates: {
        "phenotype": target, "covariates": covariates, "enrichment": False,
    },
    "component-association": lambda target, covariates: {
        "phenotypes": [target], "covariates": covariates, "decomposition": "own",
    },
    "phenotype-association": lambda target, covariates: {"x": target, "y": "score", "covariates": covariates},
    "variant-association": lambda target, covariates: {"phenotype": target, "covariates": covariates},
    "prediction": lambda target, covariates: {"phenotype": target, "covariates": covariates, "repetitions": 2},
}  # fmt: skip


@pytest.mark.parametrize("analysis", ASK)
@pytest.mark.parametrize(("target", "covariate"), [("sex", "gender again"), ("sex", "place"), ("age", "months")])
def test_a_covariate_that_says_the_same_as_the_target_is_refused(cohort, analysis, target, covariate):
    with pytest.raises(InputError, match=r"(cannot be tested: for these subjects it|the covariates).*(follows|expl)"):
        run(cohort, analysis, **ASK[analysis](target, [covariate]))


@pytest.mark.parametrize("use", ["both", "residual", "covariates"])
def test_a_prediction_refuses_it_however_covariates_are_used(cohort, use):
    with pytest.raises(InputError, match="follows from gender again: woman"):
        run(cohort, "prediction", phenotype="sex", covariates=["gender again"], use=use)


def test_two_categories_are_not_compared_within_levels_that_determine_one(cohort):
    other = {"x": "sex", "y": "place", "covariates": ["gender again"]}
    with pytest.raises(InputError, match="sex cannot be tested: for these subjects it follows from gender again"):
        run(cohort, "phenotype-association", **other)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"harmonise": "gender again"}, "sex = .* follows from gender again .* harmonisation removes"),
        ({"harmonise": "place"}, "sex = .* follows from place"),
        ({"harmonise": "smoker", "preserve": ["gender again"]}, "preserving that would write the target"),
    ],
)
def test_harmonisation_neither_removes_nor_writes_down_the_target(cohort, given, message):
    smoker = Phenotype("smoker", np.arange(40) // 2 % 2, levels=("no", "yes"))
    cohort = dataclasses.replace(cohort, phenotypes=cohort.phenotypes | {"smoker": smoker})
    with pytest.raises(InputError, match=message):
        run(cohort, "prediction", phenotype="sex", **given)


def said(report):
    figures = [getattr(view, "note", None) or "" for view in report.views]
    return " ".join([*map(str, report.sentences), *figures])


@pytest.mark.parametrize("analysis", ASK)
def test_only_covariates_that_are_used_are_said_to_be_adjusted_for(cohort, analysis):
    target = "sex" if analysis == "phenotype-association" else "score"
    _, report = run(cohort, analysis, **ASK[analysis](target, ["flat", "age", "months"]))
    text = said(report)
    assert "flat, age" not in text
    assert "age, months" not in text
    assert any("flat is left out" in warning for warning in report.warnings)
    assert "adjusted for age" in text.lower() or "covariates age (columns: age)" in text or "given age" in text


@pytest.mark.parametrize("analysis", ["edge-association", "network-association", "variant-association"])
def test_what_is_not_used_is_said_beside_it_with_the_reason(cohort, analysis):
    _, report = run(cohort, analysis, **ASK[analysis]("score", ["flat", "age", "months"]))
    text = said(report)
    assert "adjusted for age (flat does not vary here; months follows from the others)" in text
    assert report.numbers["adjusted_for"] == ["age"]
    assert report.numbers["covariates"] == ["flat", "age", "months"]


@pytest.mark.parametrize("analysis", ["edge-association", "network-association"])
def test_where_none_is_used_nothing_is_called_adjusted(cohort, analysis):
    _, report = run(cohort, analysis, **ASK[analysis]("score", ["flat"]))
    assert "no covariate is adjusted for (flat does not vary here)" in said(report)
    assert not any("adjusted" in view.title for view in report.views)
    plain = run(cohort, analysis, **ASK[analysis]("score", []))[1]
    assert [view.name for view in report.views] == [view.name for view in plain.views]


def test_a_prediction_whose_covariates_do_not_vary_uses_none(cohort):
    result, report = run(cohort, "prediction", phenotype="age", covariates=["flat"], repetitions=2)
    assert result.use == "features"
    assert "No covariate is adjusted for (flat does not vary here)." in report.sentences
    with pytest.raises(InputError, match="no covariate varies among these subjects"):
        run(cohort, "prediction", phenotype="age", covariates=["flat"], use="covariates")
