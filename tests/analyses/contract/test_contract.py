"""The contract of every analysis: a new file in `imagenomer.analyses` is tested here the day it appears."""

from __future__ import annotations

import dataclasses
import json
import typing

import numpy as np
import pytest

import parted
from forms import untouched
from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import (
    FigureView,
    GridView,
    LevelChoice,
    MatrixView,
    PhenotypeChoice,
    PointsView,
    TableView,
    form_of,
    read_params,
)
from imagenomer.companion import with_companion
from imagenomer.descriptions import describe
from imagenomer.edges import n_edges_of
from imagenomer.figures.theme import render
from imagenomer.figures.views import points_view_figure
from imagenomer.progress import Progress, finish

ANALYSES = load_analyses()
N_EDGES = n_edges_of(6)


@pytest.fixture
def cohort(cohort):
    """The forty, and beside them the same under another name, for analyses that use a second cohort."""
    return with_companion(cohort, dataclasses.replace(cohort, name="Others"))


def default_params(analysis, cohort):
    return read_params(analysis, untouched(analysis, cohort))


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


def test_a_verdict_is_of_whole_sentences_and_leads_to_views(ran):
    *_, report = ran
    for finding in report.verdict:
        assert finding.text.endswith(".")
        assert finding.of in {view.name for view in report.views}


def test_methods_are_paragraphs_that_name_no_unknown(ran, cohort):
    analysis, params, result, _ = ran
    if analysis.methods is not None:
        methods = analysis.methods(cohort, params, result)
        assert methods.text
        for paragraph in (*methods.text, *methods.citations):
            assert paragraph.endswith(".") or "doi.org" in paragraph
            assert "None" not in paragraph
            assert "nan" not in paragraph.lower().split()


@pytest.mark.parametrize(
    "analysis",
    [parted.ANALYSIS, *(analysis for analysis in ANALYSES.values() if analysis.parts)],
    ids=lambda analysis: analysis.title,
)
def test_parts_can_be_shown_one_by_one_and_together_are_the_whole(analysis, cohort):
    params = default_params(analysis, cohort)
    assert len({part.name for part in analysis.parts}) == len(analysis.parts) > 1
    result, shown, report = None, [], None
    for part in analysis.parts:
        steps = part.compute(cohort, params, result)
        assert isinstance(next(steps), Progress)
        result = finish(steps)
        report = analysis.report(cohort, params, result)
        names = [view.name for view in report.views]
        assert names[: len(shown)] == shown, "what is on screen stays where it is"
        shown = names
        figures = analysis.figures(cohort, params, result, report)
        assert {view.name for view in report.views if not isinstance(view, TableView)} <= set(figures)
        assert {finding.of for finding in report.verdict} <= set(names)
    whole = analysis.report(cohort, params, finish(analysis.compute(cohort, params)))
    assert whole.numbers == report.numbers
    assert whole.sentences == report.sentences
    assert [view.name for view in whole.views] == shown


def test_tables_have_their_columns(ran):
    *_, report = ran
    for view in report.views:
        if isinstance(view, TableView):
            assert view.rows
            for row in view.rows:
                assert {column.key for column in view.columns} <= set(row)


def test_grids_have_as_many_values_tips_and_links_as_names_and_lead_to_analyses_that_take_them(ran):
    *_, report = ran
    for view in report.views:
        if isinstance(view, GridView):
            for cells in filter(None, (view.values, view.tips, view.links)):
                assert [len(row) for row in cells] == [len(view.columns)] * len(view.rows)
            for link in (link for row in view.links for link in row if link is not None):
                assert {field["name"] for field in form_of(ANALYSES[link.analysis])} >= set(link.params)


def test_every_figure_says_what_it_finds_to_who_cannot_see_it(ran, cohort):
    *_, report = ran
    for view in report.views:
        said = describe(view, report, cohort.parcellation.labels)
        if isinstance(view, TableView):
            assert said == ""
        else:
            assert any(map(str.isdigit, said)), f"{view.name} finds {said!r}"
            assert said != view.title
            assert "nan" not in said.split()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_that_a_view_names_is_drawn(ran, cohort, theme):
    analysis, params, result, report = ran
    figures = analysis.figures(cohort, params, result, report, theme)
    for view in report.views:
        if isinstance(view, FigureView):
            assert view.alt
            assert view.name in figures
        if isinstance(view, MatrixView | GridView | PointsView):
            assert view.name in figures
    for figure in figures.values():
        assert render(figure, "svg").startswith(b"<?xml")


def test_a_clicked_edge_names_its_subjects_and_is_drawn(ran, cohort):
    analysis, params, result, report = ran
    clickable = any(isinstance(view, MatrixView) and view.detail for view in report.views)
    assert clickable == (analysis.detail is not None)
    if analysis.detail is None:
        return
    groups = (("Young", "age < 150", "#111111"), ("Women", 'sex == "F"', "#222222"))
    view = analysis.detail(cohort, params, result, 3, groups)
    assert isinstance(view, PointsView)
    json.dumps(dataclasses.asdict(view), allow_nan=False)
    shown = [subject for series in view.series for subject in series.subjects]
    assert len(set(shown)) == len(shown)
    for series in view.series:
        assert len(series.x) == len(series.y) == len(series.subjects)
    assert render(points_view_figure(view), "svg").startswith(b"<?xml")


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
        variant_sets={
            key: dataclasses.replace(one, dosage=one.dosage[order]) for key, one in cohort.variant_sets.items()
        },
    )
    before, after = run(name, cohort)[3], run(name, shuffled)[3]
    for key, values in before.arrays.items():
        # Sums in single precision depend on their order.
        np.testing.assert_allclose(after.arrays[key], values, rtol=1e-5, atol=1e-5)
    assert after.sentences == before.sentences


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_a_level_choice_names_a_phenotype_field_of_the_same_form(name):
    fields = {field["name"]: field for field in form_of(ANALYSES[name])}
    for field in fields.values():
        if field["marker"] == LevelChoice.__name__:
            assert fields[field["of"]]["marker"] == PhenotypeChoice.__name__
        for other in field.get("without", ()):
            assert fields[other]["marker"] == PhenotypeChoice.__name__


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_defaults_pass_through_json_unchanged(name, cohort):
    analysis = ANALYSES[name]
    params = default_params(analysis, cohort)
    assert read_params(analysis, json.loads(json.dumps(dataclasses.asdict(params)))) == params
    assert typing.get_type_hints(analysis.params)
