"""Pixels: values become colours by lookup table, fast enough to follow a slider.

A colour table has 256 entries. Entry 0 is what is undefined (NaN, the diagonal), a grey that no value has;
entries 1 to 255 are the scale, with zero at entry 128 of a diverging table and at entry 1 of a sequential one.
Tables are drawn in OKLab, where equal steps look equal [1]_.

References
----------
.. [1] B. Ottosson, A perceptual color space for image processing, 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from imagenomer.edges import edge_parcels, n_edges_of
from imagenomer.errors import InputError
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: What is undefined: lightness between zero and the ends of every scale, and no hue.
UNDEFINED = (184, 184, 184)
#: Opacity of an edge below the threshold or not marked: it recedes into the page, light or dark.
FADED = 46 / 255

_STEPS = 255
_CENTRE = 128


@dataclass(frozen=True, slots=True, eq=False)
class Colormap:
    """A colour table.

    Attributes
    ----------
    name, title : str
        For programs and for people.
    scale : "diverging" or "sequential"
        Symmetric about zero, or from zero up.
    table : ndarray, shape (256, 3), uint8
        Red, green, blue; entry 0 is `UNDEFINED`, see the module's docstring.
    """

    name: str
    title: str
    scale: Literal["diverging", "sequential"]
    table: NDArray[np.uint8]

    @property
    def colours(self) -> NDArray[np.uint8]:
        """The scale alone, from its lower to its upper end, shape (255, 3)."""
        return self.table[1:]


def paint(
    values: Float32Array,
    *,
    colormap: str,
    limit: float,
    threshold: float = 0.0,
    marked: BoolArray | None = None,
) -> NDArray[np.uint8]:
    """Colour every value of a map.

    Parameters
    ----------
    values : ndarray, shape (...), float32
        Matrices or edges; NaN is painted in the undefined grey.
    colormap : str
        A key of `COLORMAPS`. A sequential one paints values below zero like zero.
    limit : float
        Upper end of the scale, above zero; what lies beyond is painted like the end.
    threshold : float
        Values of smaller magnitude are faded.
    marked : ndarray of bool, broadcastable to ``values``, optional
        What is not marked is faded.

    Returns
    -------
    ndarray, shape (..., 4), uint8
        Red, green, blue and opacity (not premultiplied, as a canvas wants it).

    Raises
    ------
    InputError
        If there is no such colour map, or ``limit`` is not a positive number.
    """
    lookup, scale = _lookup(colormap)
    if not (np.isfinite(limit) and limit > 0):
        raise InputError(f"the upper end of a colour scale is a number above 0, not {limit}")
    values = np.asarray(values, dtype=np.float32, order="C")
    steps, zero = (_CENTRE - 1, _CENTRE) if scale == "diverging" else (_STEPS - 1, 1)
    position = values * np.float32(steps / limit)
    position += np.float32(zero + 0.5)
    np.clip(position, np.float32(1), np.float32(_STEPS), out=position)
    # NaN becomes the undefined entry here, since what a cast makes of it differs between processors.
    np.copyto(position, np.float32(0), where=np.isnan(position))
    entry = position.astype(np.int16)
    if threshold > 0:
        entry += (np.abs(values) < np.float32(threshold)) * np.int16(256)
    if marked is not None:
        entry[np.broadcast_to(~marked, entry.shape) & (entry < 256)] += 256
    return np.take(lookup, entry, mode="clip").view(np.uint8).reshape(*values.shape, 4)


def hex_colours(values: NDArray[np.floating[Any]], *, colormap: str, limit: float) -> list[Any]:
    """Return the colour of every value as ``#rrggbb``, nested as ``values`` is."""
    pixels = paint(np.asarray(values, dtype=np.float32), colormap=colormap, limit=limit)
    flat = ["#" + bytes(pixel[:3]).hex() for pixel in pixels.reshape(-1, 4)]
    nested: list[Any] = np.array(flat, dtype=object).reshape(pixels.shape[:-1]).tolist()
    return nested


def paint_edges(
    edges: Float32Array,
    *,
    order: IntArray,
    colormap: str,
    limit: float,
    threshold: float = 0.0,
    marked: BoolArray | None = None,
) -> NDArray[np.uint8]:
    """Colour maps given as edges, and arrange them as matrices: half the work of `paint` on matrices.

    Parameters
    ----------
    edges : ndarray, shape (..., n_edges), float32
        In edge order.
    order : ndarray, shape (n_parcels,)
        Display row -> file index, such as `Parcellation.display_order`.
    colormap, limit, threshold, marked
        As for `paint`; ``marked`` in edge order.

    Returns
    -------
    ndarray, shape (..., n_parcels, n_parcels, 4), uint8
        The diagonal is painted as undefined.
    """
    n_parcels = len(order)
    colours = paint(edges, colormap=colormap, limit=limit, threshold=threshold, marked=marked).view(np.uint32)[..., 0]
    source = _sources(np.asarray(order, dtype=np.intp).tobytes())
    # Every source is there; "clip" spares the check, a third of the time in WebAssembly.
    pixels = np.take(colours, source, axis=-1, mode="clip")
    pixels[..., :: n_parcels + 1] = _lookup(colormap)[0][0]
    return pixels.view(np.uint8).reshape(*edges.shape[:-1], n_parcels, n_parcels, 4)


@lru_cache(maxsize=4)
def _sources(order: bytes) -> IntArray:
    """Edge shown by each pixel of a matrix in display order, shape (n_parcels ** 2,); 0 on the diagonal."""
    rows = np.frombuffer(order, dtype=np.intp)
    n_parcels = rows.size
    number = np.zeros((n_parcels, n_parcels), dtype=np.intp)
    edges = np.arange(n_edges_of(n_parcels))
    i, j = edge_parcels(edges, n_parcels)
    number[i, j] = number[j, i] = edges
    return number[np.ix_(rows, rows)].ravel()


@lru_cache(maxsize=8)
def _lookup(colormap: str) -> tuple[NDArray[np.uint32], str]:
    """Opaque colours at 0 to 255 and the same faded at 256 to 511, a pixel an integer; and the kind of scale."""
    if colormap not in COLORMAPS:
        raise InputError(f"no colour map {colormap!r}; there are: {', '.join(COLORMAPS)}")
    chosen = COLORMAPS[colormap]
    pixels = np.empty((512, 4), dtype=np.uint8)
    pixels[:256, :3] = pixels[256:, :3] = chosen.table
    pixels[:256, 3] = 255
    pixels[256:, 3] = round(255 * FADED)
    pixels[256, 3] = 255  # what is undefined is not below any threshold
    return pixels.view(np.uint32)[:, 0].copy(), chosen.scale


# --- the tables ----------------------------------------------------------------------------------


def _oklch(lightness: float, chroma: float, hue: float) -> FloatArray:
    """Return OKLab coordinates of a colour given by lightness, chroma and hue in degrees."""
    angle = np.deg2rad(hue)
    return np.array([lightness, chroma * np.cos(angle), chroma * np.sin(angle)])


def oklab_to_rgb(lab: FloatArray) -> FloatArray:
    """Convert OKLab to sRGB in 0 to 1, shape (..., 3); values outside that range are colours no screen has."""
    cone = lab @ np.array(
        [[1, 1, 1], [0.3963377774, -0.1055613458, -0.0894841775], [0.2158037573, -0.0638541728, -1.2914855480]]
    )
    linear = cone**3 @ np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.abs(linear) ** (1 / 2.4) - 0.055))


def _arm(start: FloatArray, bend: FloatArray, end: FloatArray, n_steps: int) -> FloatArray:
    """Quadratic Bezier curve in OKLab, cut into steps of equal length so that equal differences look equal."""
    t = np.linspace(0, 1, 2001)[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = np.linspace(0, length[-1], n_steps)
    return np.stack([np.interp(at, length, channel) for channel in curve.T], axis=1)


def _table(scale: FloatArray) -> NDArray[np.uint8]:
    rgb = np.rint(255 * np.clip(oklab_to_rgb(scale), 0, 1)).astype(np.uint8)
    return np.concatenate([np.array([UNDEFINED], dtype=np.uint8), rgb])


def _diverging(
    name: str, title: str, low: tuple[FloatArray, FloatArray], high: tuple[FloatArray, FloatArray]
) -> Colormap:
    below, above = (_arm(_PAPER, *colours, _CENTRE) for colours in (low, high))
    return Colormap(name, title, "diverging", _table(np.concatenate([below[::-1], above[1:]])))


def _sequential(name: str, title: str, bend: FloatArray, end: FloatArray) -> Colormap:
    return Colormap(name, title, "sequential", _table(_arm(_PAPER, bend, end, _STEPS)))


_PAPER = _oklch(0.975, 0.0, 0.0)

#: Every colour map by name; the first of each scale is the default.
COLORMAPS: dict[str, Colormap] = {
    colormap.name: colormap
    for colormap in (
        _diverging(
            "blue-orange",
            "Blue - orange",
            (_oklch(0.70, 0.17, 245), _oklch(0.36, 0.13, 265)),
            (_oklch(0.75, 0.19, 60), _oklch(0.36, 0.11, 35)),
        ),
        _diverging(
            "purple-green",
            "Purple - green",
            (_oklch(0.68, 0.18, 310), _oklch(0.36, 0.15, 305)),
            (_oklch(0.72, 0.18, 150), _oklch(0.36, 0.09, 155)),
        ),
        _sequential("indigo", "White - indigo", _oklch(0.72, 0.16, 235), _oklch(0.26, 0.12, 280)),
        _sequential("ember", "White - ember", _oklch(0.78, 0.20, 65), _oklch(0.26, 0.09, 20)),
    )
}


def default_colormap(scale: Literal["diverging", "sequential"]) -> str:
    """Return the name of the colour map used unless another is chosen."""
    return next(colormap.name for colormap in COLORMAPS.values() if colormap.scale == scale)


def scale_limit(values: NDArray[Any]) -> float:
    """Return the largest finite magnitude, the natural upper end of a colour scale; 1.0 where there is none above 0."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    return largest if largest > 0 else 1.0
