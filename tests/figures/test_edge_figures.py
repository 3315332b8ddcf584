"""Networks, rings and glass brains to keep: what is drawn where, in which colour, and that nothing overlaps."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.path import Path

from drawn import assert_nothing_is_cut_off, assert_nothing_overlaps, texts_of
from imagenomer.edges import edge_index
from imagenomer.errors import InputError
from imagenomer.figures.brain import brain_figure
from imagenomer.figures.networks import networks_figure
from imagenomer.figures.palette import network_colours
from imagenomer.figures.pixels import paint
from imagenomer.figures.ring import ring_angles, ring_figure
from imagenomer.outline import PROJECTIONS, outlines
from imagenomer.parcellation import atlases, load_atlas, plain_parcellation

POWER = load_atlas("power-264")
LOOK = {"title": "Mean of fc", "label": "Pearson's r", "colormap": "blue-orange", "limit": 0.9}
EDGES = np.array([edge_index(13, 200, 264), edge_index(0, 263, 264)])
VALUES = np.array([0.8, -0.3])


def hexes(colours):
    return ["#" + bytes(np.rint(255 * colour[:3]).astype(np.uint8)).hex() for colour in colours]


def expected_colours():
    pixels = paint(VALUES.astype(np.float32), colormap="blue-orange", limit=0.9)
    return hexes(pixels / 255)


@pytest.mark.parametrize("name", [name for name in atlases() if load_atlas(name).network_names != ("",)])
def test_names_of_networks_stand_apart_around_a_ring(name):
    atlas = load_atlas(name)
    figure = ring_figure(np.arange(10), np.linspace(0.9, 0.1, 10), atlas, note="66 subjects", **LOOK)
    assert_nothing_is_cut_off(figure)
    names = figure.axes[0].texts
    assert {text.get_text().replace("\n", " ") for text in names} == set(atlas.network_titles)
    angles = np.sort([np.rad2deg(np.arctan2(*text.get_position()[::-1])) for text in names])
    # Two lines of 7.5 points, seen from the middle: the radius is 1.115 of 3.3 in the width of the axes.
    radius = 1.115 / 3.3 * figure.axes[0].get_window_extent().width / figure.dpi * 72
    assert np.diff(angles, append=angles[0] + 360).min() > np.rad2deg(2 * 7.5 / radius)


def test_networks_say_each_value():
    values = np.array([[0.123, -0.5], [-0.5, np.nan]])
    figure = networks_figure(values, ("Default mode", "Visual"), note="12 edges", **LOOK)
    texts = [text for text, _ in texts_of(figure)]
    for text in ("0.12", "−0.50", "Default mode", "Visual", "12 edges", "Pearson's r", "Mean of fc"):
        assert text in texts
    assert texts.count("−0.50") == 2
    assert "nan" not in "".join(texts)
    assert_nothing_overlaps(figure)


def test_parcels_stand_on_the_ring_in_display_order_clockwise_from_the_top():
    angles = np.rad2deg(ring_angles(POWER))[POWER.display_order]
    assert 90 > angles[0] > 88
    assert (np.diff(angles) < 0).all()
    assert -270 < angles[-1] < -268
    wide = np.flatnonzero(-np.diff(angles) > 2)
    ordered = np.array(POWER.networks)[POWER.display_order]
    assert wide.tolist() == np.flatnonzero(ordered[1:] != ordered[:-1]).tolist()


def test_a_ring_draws_each_edge_between_its_parcels_in_its_colour_the_strongest_on_top():
    figure = ring_figure(EDGES, VALUES, POWER, **LOOK)
    curves = next(item for item in figure.axes[0].collections if isinstance(item, PathCollection))
    angles = ring_angles(POWER)
    for path, (i, j) in zip(curves.get_paths(), [(0, 263), (13, 200)], strict=True):
        ends = path.vertices[[0, -1]]
        np.testing.assert_allclose(ends, [[np.cos(angles[k]), np.sin(angles[k])] for k in (i, j)])
        assert path.codes.tolist() == [Path.MOVETO, Path.CURVE3, Path.CURVE3]
    assert hexes(curves.get_edgecolors())[::-1] == expected_colours()


def test_a_ring_without_networks_is_a_ring_all_the_same():
    plain = plain_parcellation(7)
    figure = ring_figure(np.arange(3), np.array([0.3, 0.2, 0.1]), plain, **LOOK)
    assert "No network" not in [text for text, _ in texts_of(figure)]
    assert len(np.unique(ring_angles(plain))) == 7


def test_a_brain_draws_each_edge_between_the_coordinates_of_its_parcels_from_three_sides():
    figure = brain_figure(EDGES, VALUES, POWER, note="66 subjects", **LOOK)
    assert_nothing_overlaps(figure)
    for axes, (_, across, up) in zip(figure.axes, PROJECTIONS, strict=False):
        lines = next(item for item in axes.collections if isinstance(item, LineCollection))
        weak, strong = lines.get_segments()
        np.testing.assert_allclose(strong, POWER.coordinates[[13, 200]][:, [across, up]])
        np.testing.assert_allclose(weak, POWER.coordinates[[0, 263]][:, [across, up]])
        assert hexes(lines.get_colors())[::-1] == expected_colours()


def test_without_coordinates_there_is_no_brain():
    with pytest.raises(InputError, match="7 parcels has no coordinates"):
        brain_figure(np.arange(3), np.array([0.3, 0.2, 0.1]), plain_parcellation(7), **LOOK)


@pytest.mark.parametrize("name", atlases())
def test_the_outline_holds_every_parcel_and_is_closed(name):
    for projection, across, up in PROJECTIONS:
        outline = outlines()[projection]
        np.testing.assert_array_equal(outline[0], outline[-1])
        assert Path(outline).contains_points(load_atlas(name).coordinates[:, [across, up]]).all()


@pytest.mark.parametrize("name", ["coronal", "axial"])
def test_the_outline_is_the_same_on_the_left_and_on_the_right(name):
    outline = outlines()[name]
    mirrored = outline * [-1, 1]
    gaps = np.linalg.norm(outline[:, None] - mirrored[None], axis=2).min(axis=1)
    assert gaps.max() < 1e-9


def test_the_outline_has_the_size_of_the_template():
    # The MNI152 brain: about -73 to 73, -107 to 76 and -65 to 82 mm.
    for (name, across, up), shape in zip(PROJECTIONS, ((183, 147), (146, 147), (146, 183)), strict=True):
        size = np.ptp(outlines()[name], axis=0)
        np.testing.assert_allclose(size, shape, atol=8, err_msg=f"{name} {across} {up}")


@pytest.mark.parametrize("n_networks", [1, 7, 17])
def test_every_network_has_a_colour_of_its_own(n_networks):
    colours = network_colours(n_networks)
    assert len(set(colours)) == n_networks
