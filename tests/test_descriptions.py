"""Descriptions say what a figure finds: how many, which is the strongest, and how strong it is."""

from __future__ import annotations

import numpy as np
import pytest

from imagenomer.analyses.contract import Answer, FigureView, GridView, MatrixView, PointSeries, PointsView, Report
from imagenomer.descriptions import describe, describe_map
from imagenomer.groups.sentence import Sentence, mention, spelled_out
from imagenomer.maps import EdgeMap

LABELS = ("a", "b", "c", "d")  # edges ab, ac, ad, bc, bd, cd


def map_of(values, marked=None):
    return EdgeMap(np.array(values, dtype=np.float32), "A map", "Pearson's r", 1.0, "diverging", marked)


def test_a_map_says_how_many_edges_are_significant_and_which_is_the_strongest():
    marked = np.array([False, True, False, False, True, False])
    shown = map_of([0.2, -0.4127, np.nan, 0.1, 0.33, 0.0], marked)
    assert describe_map(shown, LABELS) == "2 of 5 edges significant; strongest a – c, Pearson's r = −0.413"


def test_a_map_that_marks_none_says_its_range_and_mean():
    said = describe_map(map_of([0.25, 0.5, np.nan, -0.25, 0.0, 0.0]), LABELS)
    assert said == "5 edges, Pearson's r −0.25 to 0.5, mean 0.1; strongest a – c, Pearson's r = 0.5"


@pytest.mark.parametrize(
    ("values", "words"),
    [([np.nan] * 6, "no edge has a value"), ([0.0] * 5 + [np.nan], "Pearson's r is 0 in all of 5 edges")],
)
def test_a_map_with_no_strongest_edge_says_so(values, words):
    assert describe_map(map_of(values), LABELS) == words


def test_the_map_of_a_view_is_that_of_its_array_with_its_marks():
    values, marked = np.array([0.1, 0.2, 0.3, 0.4, 0.5, -0.6]), np.array([False] * 5 + [True])
    view = MatrixView("m", "A map", "t", "t", marked="significant")
    report = Report({}, views=(view,), arrays={"t": values, "significant": marked})
    assert describe(view, report, LABELS) == "1 of 6 edges significant; strongest c – d, t = −0.6"


def grid_of(**more):
    return GridView("g", "A grid", "Mean r", ("X", "Y"), ("P", "Q"), ((0.1, None), (-0.7, 0.2)), **more)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (grid_of(), "largest Y – P, Mean r = −0.7"),
        (grid_of(tips=(("", ""), ("Y and P: p = 0.01", ""))), "largest Y and P: p = 0.01"),
        (
            grid_of(marked=((False, False), (True, True))),
            "2 of 3 cells significant; largest Y – P, Mean r = −0.7",
        ),
        (grid_of(tips=(("", ""), ("Y and P", ""))), "largest Y and P, Mean r = −0.7"),
        (GridView("g", "A grid", "r", ("X", "Y"), ("X", "Y"), ((1.0, 0.4), (0.4, 1.0))), "largest X – Y, r = 0.4"),
        (GridView("g", "A grid", "r", ("X",), ("X",), ((1.0,),)), "largest X – X, r = 1"),
        (GridView("g", "A grid", "r", ("X",), ("P",), ((None,),)), "no cell has a value"),
    ],
)
def test_a_grid_says_its_largest_cell(view, words):
    assert describe(view, Report({}), ()) == words


def points_of(**more):
    series = PointSeries("Subjects", "#000000", [1.0, 3.5], [-2.0, 10.0], ["S1", "S2"])
    return PointsView("p", "Points", "Age", "Score", (series,), **more)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (points_of(), "2 subjects; Age from 1 to 3.5, Score from −2 to 10"),
        (points_of(caption="r = 0.31 in 2 subjects."), "r = 0.31 in 2 subjects."),
        (
            points_of(caption="On the line both are equal."),
            "On the line both are equal. 2 subjects; Age from 1 to 3.5, Score from −2 to 10",
        ),
        (
            points_of(x_ticks=((0.0, "F"), (1.0, "M")), what="Edge"),
            "2 edges; Age at F, M, Score from −2 to 10",
        ),
        (PointsView("p", "Points", "Age", "Score", ()), "no points"),
    ],
)
def test_points_say_their_caption_where_it_has_numbers_and_else_where_they_lie(view, words):
    assert describe(view, Report({}), ()) == words


def test_a_chart_whose_words_have_no_number_says_the_answer_with_groups_by_their_names():
    answer = Answer("r = 0.5 in 40 subjects.")
    report = Report({}, sentences=("Before.", answer))
    assert describe(FigureView("f", "A chart", "Bars: 3 of 4."), report, ()) == "Bars: 3 of 4."
    assert describe(FigureView("f", "A chart", "A curve."), report, ()) == "A curve. r = 0.5 in 40 subjects."
    report = Report({}, sentences=(Sentence("40 subjects of ", mention("age > 150"), "."),))
    said = spelled_out(describe(FigureView("f", "A chart", "A curve."), report, ()))
    assert said == ["A curve. ", "40 subjects of ", {"group": "age > 150"}, "."]
