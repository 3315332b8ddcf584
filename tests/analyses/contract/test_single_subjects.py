"""Whoever shares a result is told which of its views hold values of single subjects."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from matplotlib.text import Text

from forms import untouched
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import TableView, read_params
from imagenomer.cohort import Measure, Phenotype
from imagenomer.companion import with_companion
from imagenomer.html_report import Record, html_report
from imagenomer.jsonable import dumps
from imagenomer.progress import finish
from imagenomer.views import holds_subjects

ANALYSES = load_analyses()
NAME = re.compile(r"Person\d\d")

#: A scan as a map, and beside it what is computed from one: the map of a subject all the same.
SCAN = {"scan": 0, "measure": "fc"}
HALF = {"analysis": "image-maths", "params": {"expression": "A / 2", "maps": [["A", SCAN]]}, "array": "result"}
OF_SCANS = [["A", SCAN], ["B", HALF]]

#: What shows subjects without their names: analysis, view, parameters.
OTHERWISE = [
    ("image-maths", "result", {"expression": "A", "maps": OF_SCANS}),
    ("image-maths", "strongest", {"expression": "A", "maps": OF_SCANS}),
    ("map-comparison", "correlation", {"maps": OF_SCANS}),
    ("map-comparison", "scatter", {"maps": OF_SCANS}),
    ("connectivity-summary", "mean", {"group": "age == 100"}),
    ("phenotype-distribution", "distribution", {"phenotype": "score", "kind": "box"}),
    ("phenotype-association", "levels_chart", {"x": "score", "y": "sex", "chart": "box"}),
]


def name_of(number: str) -> str:
    return f"Person{int(number):02d}"


@pytest.fixture
def named(cohort):
    """The forty, by names that nothing else has; one scan is extreme, two are swapped, one subject alone is 100."""
    values = cohort.measures["fc"].values.copy()
    values[0] = np.linspace(-0.9, 0.9, values.shape[1])
    values[[50, 60]] = values[[60, 50]]
    age = cohort.phenotypes["age"].values.copy()
    age[0] = 100
    score = np.linspace(90, 110, 40)
    score[1] = 400
    weights = {
        name: dataclasses.replace(
            one,
            train_subjects=tuple(map(name_of, one.train_subjects)),
            test_subjects=tuple(map(name_of, one.test_subjects)),
        )
        for name, one in cohort.weights.items()
    }
    whole = dataclasses.replace(
        cohort,
        subjects=tuple(map(name_of, cohort.subjects)),
        scans=tuple(dataclasses.replace(scan, subject=name_of(scan.subject)) for scan in cohort.scans),
        measures={"fc": Measure("fc", values, np.ones(len(values), dtype=bool))},
        phenotypes=cohort.phenotypes
        | {"age": dataclasses.replace(cohort.phenotypes["age"], values=age), "score": Phenotype("score", score)},
        weights=weights,
    )
    return with_companion(whole, dataclasses.replace(whole, name="Others"))


def record_of(name, cohort, given):
    analysis = ANALYSES[name]
    params = read_params(analysis, given)
    result = finish(analysis.compute(cohort, params))
    report = analysis.report(cohort, params, result)
    return Record(analysis, cohort, params, result, report, "", (), len(analysis.parts))


def written_in(record, view):
    """Everything that a view says, as numbers or drawn."""
    text = dumps(dataclasses.asdict(view))
    if not isinstance(view, TableView):
        figures = record.analysis.figures(record.cohort, record.params, record.result, record.report)
        text += " ".join(one.get_text() for one in figures[view.name].findobj(Text))
    return text


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_a_view_in_which_a_subject_is_named_holds_values_of_single_subjects(name, named):
    record = record_of(name, named, untouched(ANALYSES[name], named))
    for view in record.report.views:
        if NAME.search(written_in(record, view)):
            assert holds_subjects(view), f"{view.name} names {NAME.search(written_in(record, view))[0]}"


@pytest.mark.parametrize(("name", "view", "given"), OTHERWISE, ids=[f"{name}-{view}" for name, view, _ in OTHERWISE])
def test_a_view_that_shows_a_subject_without_naming_it_holds_values_of_single_subjects(name, view, given, named):
    record = record_of(name, named, given)
    shown = next(one for one in record.report.views if one.name == view)
    assert holds_subjects(shown)
    said = finish(html_report(record)).decode().split("It holds values of single subjects (", 1)[1]
    assert f"“{shown.title}”" in said.split(")", 1)[0]


def test_the_report_of_scans_says_that_it_holds_values_of_single_subjects(named):
    record = record_of("quality-control", named, {"motion": "score"})
    of_subjects = {view.name for view in record.report.views if holds_subjects(view)}
    assert of_subjects == {"outliers", "means", "flagged", "suspects"}
    assert "It holds values of single subjects" in finish(html_report(record)).decode()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        (
            "image-maths",
            {"expression": "A", "maps": [["A", {"analysis": "connectivity-summary", "params": {}, "array": "mean"}]]},
        ),
        ("connectivity-summary", {}),
        ("phenotype-distribution", {"phenotype": "score", "kind": "histogram"}),
        ("phenotype-distribution", {"phenotype": "score", "kind": "violin"}),
    ],
)
def test_what_is_of_many_subjects_holds_none_of_a_single_one(name, given, named):
    assert not any(holds_subjects(view) for view in record_of(name, named, given).report.views)
