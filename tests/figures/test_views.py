"""Views that the page paints are drawn to keep with what they say, in the same colours."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

import drawn
from imagenomer.figures.pixels import default_colormap, paint_edges
from imagenomer.figures.views import view_figure
from imagenomer.parcellation import plain_parcellation
from imagenomer.views import GridView, MatrixView, PointSeries, PointsView


def written(figure) -> set[str]:
    return {text for text, _ in drawn.texts_of(figure)}


EDGES = np.linspace(-1, 1, 15)


def test_a_map_has_the_pixels_of_the_page_and_its_title_label_and_note():
    view = MatrixView("r", "Age and fc", "Pearson r", "effect", limit=0.5, note="40 subjects")
    figure = view_figure(view, {"effect": EDGES}, plain_parcellation(6))
    (image,) = figure.axes[0].get_images()
    expected = paint_edges(
        EDGES.astype(np.float32), order=np.arange(6), colormap=default_colormap("diverging"), limit=0.5
    )
    np.testing.assert_array_equal(np.asarray(image.get_array())[..., :3], expected[..., :3])
    assert {"Age and fc", "Pearson r", "40 subjects"} <= written(figure)


def test_a_map_without_parcels_is_a_bug_and_no_picture():
    with pytest.raises(ValueError, match="parcellation"):
        view_figure(MatrixView("r", "Age", "r", "effect"), {"effect": EDGES}, None)


def test_a_grid_marks_what_is_significant_and_leaves_empty_what_is_not_defined():
    view = GridView(
        "g", "Components", "r", ("one", "two"), ("age", "sex"), ((0.5, None), (-0.2, 0.1)), limit=1.0,
        note="9 subjects", marked=((True, False), (False, False)),
    )  # fmt: skip
    figure = view_figure(view, {}, None)
    axes = figure.axes[0]
    (dots,) = axes.collections
    np.testing.assert_array_equal(dots.get_offsets(), [[0, 0]])
    assert {"one", "two", "age", "sex", "Components"} <= written(figure)
    assert any(text.startswith("9 subjects") for text in written(figure))


def test_a_grid_of_networks_is_written_out_under_names_in_full():
    view = GridView(
        "g", "Networks", "r", ("A", "B"), ("A", "B"), ((0.25, -0.5), (-0.5, None)), written=True,
        in_full=("Auditory", "Basal ganglia"),
    )  # fmt: skip
    shown = written(view_figure(view, {}, None))
    assert {"0.25", "−0.50", "Auditory", "Basal ganglia"} <= shown
    assert not {"A", "B"} & shown


def test_points_have_their_colours_their_number_their_line_and_their_levels():
    series = (
        PointSeries("F", "#112233", [1.0, 2.0, 3.0], [0.1, np.nan, 0.3], ["1", "2", "3"]),
        PointSeries("M", "#445566", [4.0], [0.4], ["4"]),
    )
    view = PointsView(
        "p", "Age and edge", "age", "fc", series, line=(1.0, 0.0, 4.0, 1.0), caption="r = 0.9.",
        x_ticks=((1.0, "young"), (4.0, "old")), levels=((0.25, "limit"),), note="4 subjects",
    )  # fmt: skip
    figure = view_figure(view, {}, None)
    axes = figure.axes[0]
    assert [to_hex(one.get_facecolor()[0][:3]) for one in axes.collections] == ["#112233", "#445566"]
    fitted = [line.get_xydata().tolist() for line in axes.lines]
    assert [[1.0, 0.0], [4.0, 1.0]] in fitted
    assert any({y for _, y in line} == {0.25} for line in fitted)
    shown = written(figure)
    assert {"young", "old", "limit", "F (n\u00a0=\u00a03)", "M (n\u00a0=\u00a01)"} <= shown
    assert any("4 subjects" in text and "r = 0.9." in text for text in shown)
