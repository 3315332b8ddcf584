"""Outline: the shape of the brain from three sides, for glass brains.

It is drawn around the outermost parcels of all atlases that come with the program, mirrored left to right, so it
follows from published coordinates alone.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from imagenomer.parcellation import atlases, load_atlas
from imagenomer.types import FloatArray

#: Each projection: its name, and the axes (0: x, to the right; 1: y, to the front; 2: z, up) drawn across and up.
PROJECTIONS: tuple[tuple[str, int, int], ...] = (("sagittal", 1, 2), ("coronal", 0, 2), ("axial", 0, 1))

#: Millimetres from the centre of an outermost parcel to the surface, about.
_MARGIN = 8.0
_N_DIRECTIONS = 96
#: Weights of the neighbouring directions in the smoothed outline.
_SMOOTH = np.array([1, 2, 3, 4, 3, 2, 1]) / 16


@cache
def outlines() -> dict[str, FloatArray]:
    """Return the outline of each projection, in MNI millimetres across and up, shape (n_points, 2), closed."""
    points = np.concatenate([load_atlas(name).coordinates for name in atlases()])
    points = points[np.isfinite(points).all(axis=1)]
    points = np.concatenate([points, points * [-1, 1, 1]])
    return {name: _outline(points[:, [across, up]]) for name, across, up in PROJECTIONS}


def _outline(points: FloatArray) -> FloatArray:
    """Walk around discs on the points, as seen from their middle."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    angles = np.linspace(0, 2 * np.pi, _N_DIRECTIONS, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    along = (points - middle) @ directions.T
    aside = (points - middle) @ np.stack([-directions[:, 1], directions[:, 0]])
    reach = np.where(np.abs(aside) < _MARGIN, along + np.sqrt(np.maximum(_MARGIN**2 - aside**2, 0)), -np.inf)
    radius = reach.max(axis=0)
    smooth = np.convolve(np.concatenate([radius[-3:], radius, radius[:3]]), _SMOOTH, "valid")
    outline = middle + smooth[:, None] * directions
    return np.concatenate([outline, outline[:1]])
