"""The contract of every analysis: a new file in `imagenomer.analyses` is tested here the day it appears."""

from __future__ import annotations

import dataclasses
import json
import typing

import numpy as np
import pytest

from imagenomer.analyses import (
    FigureView,
    LevelChoice,
    MatrixView,
    PhenotypeChoice,
    PointsView,
    TableView,
    form_of,
    load_analyses,
    read_params,
)
from imagenomer.edges import n_edges_of
from imagenomer.figures.theme import render
from imagenomer.progress import Progress, finish

ANALYSES = load_analyses()
N_EDGES = n_edges_of(6)


def default_params(analysis, cohort):
    """What the form sends untouched: defaults, and the first phenotype where one must be chosen."""
    given = {}
    for field in form_of(analysis):
        if field["required"]:
            assert field["marker"] == PhenotypeChoice.__name__, f"{field['name']} can be left without a default"
            kinds = [field["kind"]] if field["kind"] else ["number", "category"]
            given[field["name"]] = next(name for name, one in cohort.phenotypes.items() if one.kind in kinds)
    return read_params(analysis, json.loads(json.dumps(given)))


def run(name, cohort):
    analysis = ANALYSES[name]
    params = default_params(analysis, cohort)
    result = finish(analysis.compute(cohort, params))
    return analysis, params, result, analysis.report(cohort, params, result)


@pytest.fixture(params=sorted(ANALYSES))
def ran(request, cohort):
    return run(request.param, cohort)


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_every_analysis_reports_progress_and_returns_a_frozen_result(name, cohort):
    steps = ANALYSES[name].compute(cohort, default_params(ANALYSES[name], cohort))
    assert isinstance(next(steps), Progress)
    result = finish(steps)
    assert dataclasses.is_dataclass(result)
    assert type(result).__dataclass_params__.frozen


def test_numbers_and_views_are_strict_json(ran):
    *_, report = ran
    json.dumps(report.numbers, allow_nan=False)
    for view in report.views:
        if isinstance(view, TableView):
            json.dumps(view.rows, allow_nan=False)


def test_everything_said_is_a_whole_sentence(ran):
    *_, report = ran
    assert report.sentences
    for sentence in (*report.sentences, *report.warnings):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0].isdigit() or sentence[0].islower()
        assert "nan" not in sentence.lower().split()
        assert "None" not in sentence


def test_every_view_has_a_name_of_its_own(ran):
    *_, report = ran
    names = [view.name for view in report.views]
    assert len(set(names)) == len(names)


def test_matrix_views_show_arrays_over_edges(ran):
    *_, report = ran
    for view in report.views:
        if isinstance(view, MatrixView):
            assert report.arrays[view.array].shape == (N_EDGES,)
            if view.marked:
                assert report.arrays[view.marked].shape == (N_EDGES,)
                assert report.arrays[view.marked].dtype == bool


def test_tables_have_their_columns(ran):
    *_, report = ran
    for view in report.views:
        if isinstance(view, TableView):
            assert view.rows
            for row in view.rows:
                assert {column.key for column in view.columns} <= set(row)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_that_a_view_names_is_drawn(ran, cohort, theme):
    analysis, params, result, report = ran
    figures = analysis.draw(cohort, params, result, theme)
    for view in report.views:
        if isinstance(view, FigureView):
            assert view.alt
            assert view.name in figures
        if isinstance(view, MatrixView):
            assert view.name in figures
    for figure in figures.values():
        assert render(figure, "svg").startswith(b"<?xml")


def test_a_clicked_edge_names_its_subjects_and_is_drawn(ran, cohort):
    analysis, params, result, report = ran
    clickable = any(isinstance(view, MatrixView) and view.detail for view in report.views)
    assert clickable == (analysis.detail is not None)
    if analysis.detail is None or analysis.draw_detail is None:
        return
    groups = (("Young", "age < 150", "#111111"), ("Women", 'sex == "F"', "#222222"))
    view = analysis.detail(cohort, params, result, 3, groups)
    assert isinstance(view, PointsView)
    json.dumps(dataclasses.asdict(view), allow_nan=False)
    shown = [subject for series in view.series for subject in series["subjects"]]
    assert len(set(shown)) == len(shown)
    for series in view.series:
        assert len(series["x"]) == len(series["y"]) == len(series["subjects"])
    assert render(analysis.draw_detail(cohort, params, result, 3, groups, "light"), "svg").startswith(b"<?xml")


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_the_order_of_subjects_does_not_matter(name, cohort, rng):
    order = rng.permutation(cohort.n_subjects)
    subjects = tuple(cohort.subjects[index] for index in order)
    ranks = {subject: position for position, subject in enumerate(subjects)}
    rows = sorted(range(len(cohort.scans)), key=lambda row: (cohort.scans[row].task, ranks[cohort.scans[row].subject]))
    shuffled = dataclasses.replace(
        cohort,
        subjects=subjects,
        phenotypes={key: dataclasses.replace(one, values=one.values[order]) for key, one in cohort.phenotypes.items()},
        scans=tuple(cohort.scans[row] for row in rows),
        measures={
            key: dataclasses.replace(one, values=one.values[rows], present=one.present[rows])
            for key, one in cohort.measures.items()
        },
        _observations=type(cohort._observations)(),
    )
    before, after = run(name, cohort)[3], run(name, shuffled)[3]
    for key, values in before.arrays.items():
        np.testing.assert_allclose(after.arrays[key], values, atol=1e-5)
    assert after.sentences == before.sentences


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_a_level_choice_names_a_phenotype_field_of_the_same_form(name):
    fields = {field["name"]: field for field in form_of(ANALYSES[name])}
    for field in fields.values():
        if field["marker"] == LevelChoice.__name__:
            assert fields[field["of"]]["marker"] == PhenotypeChoice.__name__


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_defaults_pass_through_json_unchanged(name, cohort):
    analysis = ANALYSES[name]
    params = default_params(analysis, cohort)
    assert read_params(analysis, json.loads(json.dumps(dataclasses.asdict(params)))) == params
    assert typing.get_type_hints(analysis.params)
