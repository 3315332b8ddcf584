"""Colour tables and the painter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenomer.edges import edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.figures.pixels import (
    COLORMAPS,
    FADED,
    UNDEFINED,
    default_colormap,
    oklab_to_rgb,
    paint,
    paint_edges,
    scale_limit,
)

DIVERGING = [name for name, colormap in COLORMAPS.items() if colormap.scale == "diverging"]

# Linear sRGB seen with one kind of cone missing; Machado, Oliveira and Fernandes (2009), severity 1.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(rgb):
    rgb = np.asarray(rgb) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def cielab(light):
    """CIELAB under D65 of linear sRGB: not the space that the tables were drawn in."""
    xyz = light @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    ratio = np.clip(xyz / [0.9505, 1.0, 1.089], 0, None)
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def long_way(value, name, limit, threshold):
    """One pixel, without tables of integers or blocks."""
    colormap = COLORMAPS[name]
    if np.isnan(value):
        return (*UNDEFINED, 255)
    start, span = (-1, 2) if colormap.scale == "diverging" else (0, 1)
    share = min(max((value / limit - start) / span, 0), 1)
    alpha = round(255 * FADED) if abs(value) < threshold else 255
    return (*colormap.colours[int(np.floor(share * 254 + 0.5))], alpha)


@given(
    st.lists(st.floats(-3, 3, width=32) | st.just(np.nan), min_size=1, max_size=30),
    st.sampled_from(sorted(COLORMAPS)),
    st.sampled_from([0.25, 0.8, 1.0, 2.5]),
    st.sampled_from([0.0, 0.3]),
)
def test_painting_is_looking_up_each_value(values, name, limit, threshold):
    values = np.array(values, dtype=np.float32)
    pixels = paint(values, colormap=name, limit=limit, threshold=threshold).astype(int)
    expected = np.array([long_way(float(value), name, limit, np.float32(threshold)) for value in values]).astype(int)
    # A value between two steps may fall to either by rounding; neighbours differ by a few levels at most.
    assert np.abs(pixels - expected).max() <= 6
    assert (pixels[:, 3] == expected[:, 3]).all()


@pytest.mark.parametrize("name", DIVERGING)
def test_zero_is_the_centre_and_opposite_values_are_mirror_images(name):
    colours = COLORMAPS[name].colours.astype(int)
    zero, low, high = paint(np.array([0, -0.3, 0.3], dtype=np.float32), colormap=name, limit=0.8)[:, :3].astype(int)
    assert (zero == colours[127]).all()
    assert np.ptp(zero) <= 2
    position_low = np.flatnonzero((colours == low).all(axis=1))
    position_high = np.flatnonzero((colours == high).all(axis=1))
    assert set(254 - position_low) & set(position_high)


def test_what_lies_beyond_the_limit_is_painted_like_the_limit():
    pixels = paint(np.array([1, 7, np.inf, -1, -np.inf], dtype=np.float32), colormap="blue-orange", limit=1)
    assert (pixels[0] == pixels[1]).all()
    assert (pixels[0] == pixels[2]).all()
    assert (pixels[3] == pixels[4]).all()


def test_nan_is_grey_whatever_threshold_or_mark():
    # A cast of NaN to an integer would raise here, and give another number on another processor.
    with np.errstate(invalid="raise"):
        pixels = paint(
            np.array([np.nan], dtype=np.float32), colormap="indigo", limit=1, threshold=0.5, marked=np.array([False])
        )
    assert tuple(pixels[0]) == (*UNDEFINED, 255)


def test_the_undefined_grey_is_no_colour_of_any_scale():
    for colormap in COLORMAPS.values():
        assert not (colormap.colours == UNDEFINED).all(axis=1).any()


def test_unmarked_and_small_values_fade_and_keep_their_colour():
    values = np.array([0.2, 0.6, 0.6], dtype=np.float32)
    solid = paint(values, colormap="blue-orange", limit=1)
    faded = paint(values, colormap="blue-orange", limit=1, threshold=0.3, marked=np.array([True, True, False]))
    assert (solid[:, :3] == faded[:, :3]).all()
    assert faded[:, 3].tolist() == [round(255 * FADED), 255, round(255 * FADED)]


def test_painting_edges_is_painting_the_matrix_in_display_order(rng):
    edges = rng.normal(0, 0.4, (3, 15)).astype(np.float32)
    edges[1, 4] = np.nan
    marked, order = rng.random((3, 15)) < 0.5, rng.permutation(6)
    look = {"colormap": "purple-green", "limit": 0.7, "threshold": 0.1}
    matrices = edges_to_matrix(edges, np.nan)[:, order][:, :, order]
    expected = paint(matrices, marked=edges_to_matrix(marked, True)[:, order][:, :, order], **look)
    np.testing.assert_array_equal(paint_edges(edges, order=order, marked=marked, **look), expected)


def test_painting_leaves_the_values_alone(rng):
    values = rng.normal(size=20).astype(np.float32)
    before = values.copy()
    paint(values, colormap="ember", limit=1, threshold=0.2, marked=values > 0)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("limit", [0, -1, np.nan, np.inf])
def test_a_scale_without_extent_is_refused(limit):
    with pytest.raises(InputError, match="above 0"):
        paint(np.zeros(3, dtype=np.float32), colormap="indigo", limit=limit)


def test_an_unknown_colour_map_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="blue-orange"):
        paint(np.zeros(3, dtype=np.float32), colormap="jet", limit=1)


@pytest.mark.parametrize(("values", "limit"), [([-3, 2], 3), ([np.nan, np.inf], 1), ([0, 0], 1), ([], 1)])
def test_the_natural_limit_is_the_largest_finite_magnitude(values, limit):
    assert scale_limit(np.array(values, dtype=float)) == limit


def test_oklab_agrees_with_its_published_examples():
    # Ottosson (2020) gives white as (1, 0, 0); black is the origin, mid grey has L = 0.5999.
    np.testing.assert_allclose(oklab_to_rgb(np.array([1.0, 0, 0])), [1, 1, 1], atol=1e-3)
    np.testing.assert_allclose(oklab_to_rgb(np.array([0.0, 0, 0])), [0, 0, 0], atol=1e-3)
    np.testing.assert_allclose(oklab_to_rgb(np.array([0.62796, 0.22486, 0.12585])), [1, 0, 0], atol=1e-3)  # red


@pytest.mark.parametrize("name", sorted(COLORMAPS))
def test_lightness_falls_steadily_from_zero_outwards(name):
    colormap = COLORMAPS[name]
    lightness = cielab(linear(colormap.colours))[:, 0]
    arms = [lightness] if colormap.scale == "sequential" else [lightness[127:], lightness[127::-1]]
    for arm in arms:
        assert (np.diff(arm) < 0.25).all()  # rounding to 8 bits wiggles by less
        assert arm[0] > 95
        assert arm[-1] < 40


@pytest.mark.parametrize("name", DIVERGING)
def test_both_ends_of_a_diverging_map_are_equally_dark(name):
    ends = cielab(linear(COLORMAPS[name].colours[[0, -1]]))[:, 0]
    assert abs(ends[0] - ends[1]) < 5


@pytest.mark.parametrize("name", sorted(COLORMAPS))
def test_equal_steps_look_equal(name):
    colours = cielab(linear(COLORMAPS[name].colours))
    steps = np.linalg.norm(np.diff(colours[::8], axis=0), axis=1)
    assert steps.std() / steps.mean() < 0.35


@pytest.mark.parametrize("blindness", sorted(BLINDNESS))
@pytest.mark.parametrize("name", DIVERGING)
def test_the_sign_can_be_told_under_every_kind_of_colour_blindness(name, blindness):
    seen = cielab(np.clip(linear(COLORMAPS[name].colours) @ np.array(BLINDNESS[blindness]).T, 0, 1))
    mirrored = np.linalg.norm(seen - seen[::-1], axis=1)[:127]
    # A quarter of the way out, the signs differ by far more than what is just noticeable (about 2).
    assert mirrored[:96].min() > 10


def test_the_default_of_each_scale_is_of_that_scale():
    assert default_colormap("diverging") == "blue-orange"
    assert COLORMAPS[default_colormap("sequential")].scale == "sequential"
