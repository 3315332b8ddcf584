"""The line above a result answers what was asked, and is one of its sentences."""

from __future__ import annotations

import dataclasses

import pytest

from forms import untouched
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Answer, Report, read_params
from imagenomer.cohort import Phenotype
from imagenomer.progress import finish

#: Analyses without a verdict that ask a question, and how their answer for the forty begins.
ANSWERS = {
    "edge-association": "1 of 15 edges significant",
    "network-association": "0 of 3 pairs of networks significant",
    "component-association": "Each component is a single test of all its edges together: 1 of 20 tests significant",
    "component-variants": "0 of 400 tests",
    "harmonisation": "Before, sex explains 2.9 % of the variance",
    "ancestry-components": "The first component explains 9.9 %",
    "phenotype-association": "Student's t: t(36) = 0.019",
    "phenotype-matrix": "Most significant: age with sex",
}


def report_of(name, cohort, **chosen):
    analysis = load_analyses()[name]
    params = read_params(analysis, {**untouched(analysis, cohort), **chosen})
    return analysis.report(cohort, params, finish(analysis.compute(cohort, params)))


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_what_asks_is_answered(name, cohort):
    report = report_of(name, cohort)
    assert isinstance(report.answer, Answer)
    assert report.answer.startswith(ANSWERS[name])
    assert report.answer in report.sentences


def test_adjusted_the_adjusted_effect_is_the_answer(cohort, rng):
    motion = Phenotype("motion", rng.random(len(cohort.subjects)))
    moving = dataclasses.replace(cohort, phenotypes={**cohort.phenotypes, "motion": motion})
    report = report_of("phenotype-association", moving, covariates=["motion"])
    assert report.answer.startswith("Adjusted for motion")


def test_without_an_answer_the_first_sentence_is_shown():
    plain = Report({}, ("Forty subjects.", "Averaged."))
    assert plain.answer == "Forty subjects."
    assert dataclasses.replace(plain, sentences=()).answer == ""
    assert dataclasses.replace(plain, sentences=("Forty.", Answer("None."), Answer("One."))).answer == "One."
