"""Figures to keep: what is written on them, that nothing overlaps, and that the same result is the same file."""

from __future__ import annotations

import re
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import assert_nothing_overlaps, texts_of
from imagenomer.figures.chart import (
    BoxStatistics,
    Counts,
    Curve,
    Points,
    bars_figure,
    box_figure,
    density_figure,
    histogram_figure,
    points_figure,
    ranking_figure,
    violin_figure,
    with_n,
)
from imagenomer.figures.component import intervals_figure
from imagenomer.figures.matrix import matrix_figure, spread
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.figures.paths import PathNode, Place, paths_figure
from imagenomer.figures.pixels import default_colormap, paint
from imagenomer.figures.theme import group_style, group_styles, render
from imagenomer.parcellation import Parcellation

LONG = "a group whose name goes on and on and Age > 40 or BMI < 20 and Pain_Score is missing or site != 3"


def parcellation_of(sizes):
    names = tuple(f"Network {number}" for number in range(len(sizes)))
    networks = tuple(name for name, size in zip(names, sizes, strict=True) for _ in range(size))
    n = len(networks)
    return Parcellation("Test", tuple(f"P{number}" for number in range(n)), np.full((n, 3), np.nan), networks, names)


def matrix(**changes):
    sizes = changes.pop("sizes", (30, 5, 3, 2, 40, 4))
    parcellation = parcellation_of(sizes)
    n_edges = parcellation.n_parcels * (parcellation.n_parcels - 1) // 2
    edges = np.linspace(-0.5, 0.9, n_edges)
    given = {
        "title": "Mean of fc",
        "label": "Pearson's r",
        "colormap": "blue-orange",
        "limit": 0.9,
        "note": "66 subjects",
    }
    return matrix_figure(edges, parcellation, **{**given, **changes})


def charts(theme="light", name=LONG):
    values = np.linspace(20, 60, 40)
    bins = np.linspace(20, 60, 11)
    box = BoxStatistics(name, "#2b83c6", (30.0, 40.0, 50.0), (20.0, 60.0), np.array([5.0, 90.0]))
    curve = Curve(name, "#2b83c6", values, np.exp(-(((values - 40) / 8) ** 2)))
    points = Points(name, "#2b83c6", values, values[::-1])
    look = {"title": "Age by group", "note": "Welch's t(61.2) = 4.10, p = 0.00012; " * 3, "theme": theme}
    return {
        "histogram": histogram_figure(
            [Counts(name, "#2b83c6", np.arange(10))] * 3, bins, x_label="Age (years)", y_label="Subjects", **look
        ),
        "density": density_figure([curve] * 3, x_label="Age (years)", **look),
        "box": box_figure([box] * 7, x_label="Age (years)", **look),
        "violin": violin_figure([(curve, box)] * 7, x_label="Age (years)", **look),
        "bars": bars_figure(
            [Counts(name, "#2b83c6", np.arange(60))] * 3,
            [f"{number} {LONG}" for number in range(60)],
            counted="Subjects",
            **look,
        ),
        "points": points_figure(
            [points] * 3, x_label=LONG, y_label=LONG, x_ticks=((20, LONG), (60, LONG)), line=(20, 60, 60, 20), **look
        ),
    }


@pytest.mark.parametrize("name", ["histogram", "density", "box", "violin", "bars", "points"])
def test_texts_of_a_chart_never_overlap_however_long_and_many(name):
    assert_nothing_overlaps(charts()[name])


@pytest.mark.parametrize("sizes", [(30, 5, 3, 2, 40, 4), (1,) * 14, (250, *(1,) * 14), (20,) * 17, (3,) * 40])
def test_network_names_never_overlap(sizes):
    assert_nothing_overlaps(matrix(sizes=sizes))


def test_a_matrix_names_its_networks_and_says_what_the_colours_mean():
    shown = [text for text, _ in texts_of(matrix())]
    assert {"Mean of fc", "Pearson's r", "66 subjects", "Network 4"} <= set(shown)
    assert shown.count("Network 4") == 2


def test_more_networks_than_names_fit_are_not_named():
    assert not any(text.startswith("Network") for text, _ in texts_of(matrix(sizes=(2,) * 60)))


@pytest.mark.parametrize("format", ["svg", "pdf", "png"])
def test_the_same_result_is_the_same_file(format):
    for draw in (matrix, lambda: charts()["points"]):
        assert render(draw(), format) == render(draw(), format)


def test_svg_keeps_text_as_text_and_a_dollar_as_a_dollar():
    svg = render(matrix(title="cost in $ and $"), "svg")
    ElementTree.fromstring(svg)
    assert b">cost in $ and $</text>" in svg
    assert b">Network 4</text>" in svg


def test_markup_in_a_name_stays_text():
    svg = render(matrix(title='<script>alert("1")</script>&'), "svg")
    assert b"<script" not in svg
    ElementTree.fromstring(svg)


def test_transparent_leaves_out_the_background():
    assert b"#14181f" in render(matrix(theme="dark"), "svg")
    assert b"#14181f" not in render(matrix(theme="dark"), "svg", transparent=True)


def test_dark_text_is_light():
    svg = render(charts("dark")["histogram"], "svg").decode()
    assert re.search(r"fill: #e8ebf0", svg)
    assert "#1d2430" not in svg


def test_many_levels_are_summed_as_others():
    figure = bars_figure(
        [Counts("All", "#2b83c6", np.arange(1, 61))],
        [f"L{number}" for number in range(60)],
        title="Site",
        counted="Subjects",
    )
    shown = [text for text, _ in texts_of(figure)]
    assert "41 other levels" in shown
    assert str(sum(range(1, 42))) in shown
    assert "L59" in shown
    assert "L3" not in shown


def test_groups_of_different_size_are_compared_by_share():
    groups = [Counts("A", "#111111", np.array([1, 1])), Counts("B", "#222222", np.array([30, 10]))]
    axes = bars_figure(groups, ["x", "y"], title="t", counted="Subjects").axes[0]
    assert sorted(bar.get_width() for bar in axes.patches) == [25, 50, 50, 75]
    assert axes.get_xlabel() == "Share of the group (%)"


def test_the_axis_says_what_is_counted():
    for counted in ("Subjects", "Variants"):
        axes = bars_figure([Counts("A", "#111111", np.arange(2))], ["x", "y"], title="t", counted=counted).axes[0]
        assert axes.get_xlabel() == counted
    groups = [Counts(name, "#111111", np.arange(2)) for name in "AB"]
    axes = bars_figure(groups, ["x", "y"], title="t", counted="Subjects", share_of="the genotype").axes[0]
    assert axes.get_xlabel() == "Share of the genotype (%)"


def test_styles_in_force_name_and_colour_a_group_and_are_gone_after():
    with group_styles({"age > 3": ("Old", "#123456"), None: ("All", "#654321")}):
        assert group_style("age > 3", 0) == ("Old", "#123456")
        assert group_style(None, 1) == ("All", "#654321")
        assert group_style("age<3", 1) == ("age < 3", GROUP_COLOURS[1])
    assert group_style("age > 3", 0) == ("age > 3", GROUP_COLOURS[0])
    assert group_style(None, len(GROUP_COLOURS))[1] == GROUP_COLOURS[0]


def test_a_size_stays_with_its_number():
    assert with_n("A b", 1200) == "A b (n\u00a0=\u00a01,200)"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20).map(sorted))
def test_spread_places_keep_their_order_distance_and_limits(places):
    moved = spread(places, 4.0, 0.0, 100.0)
    assert (np.diff(moved) >= 4 - 1e-9).all()
    assert moved[0] >= -1e-9
    assert moved[-1] <= 100 + 1e-9


def test_places_with_room_stay_where_they_are():
    np.testing.assert_allclose(spread([10, 20, 30], 5, 0, 40), [10, 20, 30])
    np.testing.assert_allclose(spread([10, 11], 5, 0, 40), [8, 13])


@pytest.mark.parametrize("n_values", [1, 3])
def test_names_of_a_ranking_do_not_overlap(n_values, rng):
    names = [
        f"a name of a parcel that is very long {row} – another that is as long as the first {row}" for row in range(50)
    ]
    figure = ranking_figure(names, rng.normal(size=(50, n_values)), title="Weights " * 12, x_label="Weight")
    assert_nothing_overlaps(figure)
    assert len({text for text, _ in texts_of(figure) if text.startswith("a name")}) == 50


@pytest.mark.parametrize("n_values", [1, 2])
def test_a_sign_has_one_colour_in_matrices_and_in_rankings(n_values):
    values = np.array([1.0, -1.0])
    axes = ranking_figure(["up", "down"], np.tile(values[:, None], n_values), title="t", x_label="r").axes[0]
    bars = [bar.get_facecolor()[:3] for bar in axes.patches]
    cells = paint(values.astype(np.float32), colormap=default_colormap("diverging"), limit=1.0)[:, :3] / 255
    for bar, cell, other in zip(bars, cells, cells[::-1], strict=True):
        assert np.linalg.norm(bar - cell) < np.linalg.norm(bar - other)


def test_significant_values_are_filled_and_the_others_hollow():
    numbers, marked = np.arange(4), np.array([False, True, True, False])
    figure = intervals_figure(
        numbers, numbers / 4, numbers - 1, numbers + 1, marked=marked, title="", x_label="", y_label=""
    )
    drawn = {points.get_label(): points for points in figure.axes[0].collections}
    for label, own, filled in (("significant", marked, True), ("not significant", ~marked, False)):
        np.testing.assert_array_equal(drawn[label].get_offsets()[:, 0], numbers[own])
        face, edge = drawn[label].get_facecolor()[0], drawn[label].get_edgecolor()[0]
        assert np.array_equal(face, edge) == filled


def test_paths_never_overlap_however_many_or_long_the_names():
    long = "framewise displacement of the second session"
    nodes = [
        PathNode(f"{long} {number}", place, number % 2 == 0, number < 2)
        for place in get_args(Place)
        for number in range(6)
    ]
    figure = paths_figure((long, "connectivity"), nodes, between="37 % remains, 19 to 54", title=long)
    assert_nothing_overlaps(figure)
    assert [text for text, _ in texts_of(figure)].count("and 2 more") == 3
    shown = [text for text, _ in texts_of(paths_figure(("y", "fc"), nodes[:2], between="all", title="t", note="n"))]
    assert {"y", "fc", "all", "n"} <= {*shown}
    assert sum(text.endswith("?") for text in shown) == 1
