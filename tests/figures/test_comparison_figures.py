"""Two phenotypes against each other: that everything is drawn, readable and in its place."""

from __future__ import annotations

import numpy as np
import pytest

from drawn import assert_nothing_is_cut_off, assert_nothing_overlaps, texts_of
from imagenomer.figures.comparison import levels_figure, line_figure, mosaic_figure
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.statistics.comparison import fit_line

LONG = "Whether the participant has ever smoked, by their own account"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_line_runs_through_its_band_and_every_point_is_drawn(rng, theme):
    x = rng.normal(0, 1, 50)
    y = x + rng.normal(0, 1, 50)
    line = fit_line(x, y)
    figure = line_figure(x, y, line, title=LONG, x_label=LONG, y_label=LONG, note="n = 50", theme=theme)
    (axes,) = figure.axes
    band, points = axes.collections
    assert len(points.get_offsets()) == 50
    assert band.get_paths()[0].contains_points(np.column_stack([line.x, line.y])[1:-1]).all()
    assert_nothing_overlaps(figure)


def test_a_line_through_two_points_has_no_band_but_is_drawn(rng):
    x = np.array([0.0, 1.0])
    figure = line_figure(x, x, fit_line(x, x), title="t", x_label="x", y_label="y")
    assert_nothing_is_cut_off(figure)


@pytest.mark.parametrize("kind", ["violin", "box"])
def test_levels_are_drawn_even_of_one_value(rng, kind):
    samples = [
        (f"{LONG} {index}", GROUP_COLOURS[index], values)
        for index, values in enumerate([rng.normal(0, 1, 30), np.full(4, 2.0), np.array([1.0])])
    ]
    figure = levels_figure(samples, kind=kind, title="Pulse", x_label="Pulse (1/min)")
    assert_nothing_overlaps(figure)
    assert sum("Whether" in text for text, _ in texts_of(figure)) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_mosaic_is_as_wide_as_its_rows_and_as_high_as_their_shares(theme):
    table = np.array([[30, 10], [5, 55]])
    figure = mosaic_figure(
        table, ("Yes", LONG), ("A", LONG), colours=GROUP_COLOURS[:2], title=LONG, x_label="x", y_label="y", theme=theme
    )
    bars = [bar for container in figure.axes[0].containers for bar in container]
    assert [bar.get_width() for bar in bars] == pytest.approx([40, 60, 40, 60])
    assert [bar.get_height() for bar in bars] == pytest.approx([75, 500 / 60, 25, 5500 / 60])
    assert {"30", "10", "5", "55"} <= {text for text, _ in texts_of(figure)}
    assert_nothing_overlaps(figure)


def test_a_mosaic_of_many_small_levels_has_names_where_there_is_room(rng):
    table = rng.integers(1, 40, (14, 9))
    figure = mosaic_figure(
        table,
        [f"Centre {index} of the study" for index in range(14)],
        [f"Level {index}" for index in range(9)],
        colours=[GROUP_COLOURS[index % 6] for index in range(9)],
        title="t",
        x_label="x",
        y_label="y",
    )
    assert_nothing_overlaps(figure)
