"""Charts of QC-FC: r beside its permutation distribution, and r by distance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.connectivity.qc_fc import MotionAssociation, match_level, percent
from imagenomer.analyses.contract import MatrixView, ThemeName
from imagenomer.analyses.shared.edge_table import signed
from imagenomer.analyses.shared.sample import counted
from imagenomer.statistics.qc_fc import MATCH_BINS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def motion_drawings(
    moved: MotionAssociation, map_view: MatrixView, theme: ThemeName
) -> dict[str, Callable[[], Figure]]:
    """Return what draws the charts; their title and note are those of the map."""
    drawings: dict[str, Callable[[], Figure]] = {"distribution": partial(_distribution, moved, map_view, theme)}
    if np.isfinite(moved.qcfc.distance_r):
        drawings["distance"] = partial(_by_distance, moved, map_view, theme)
    return drawings


def _distribution(moved: MotionAssociation, view: MatrixView, theme: ThemeName) -> Figure:
    from imagenomer.figures.quality import null_figure

    found = moved.qcfc
    half = (MATCH_BINS[1] - MATCH_BINS[0]) / 2
    used = np.flatnonzero((found.counts > 0) | (found.null_band[1] > 0))
    shown = slice(max(used[0] - 1, 0), min(used[-1] + 2, MATCH_BINS.size))
    scale = 100 / found.n_edges
    return null_figure(
        np.append(MATCH_BINS[shown] - half, MATCH_BINS[shown][-1] + half),
        np.asarray(found.counts[shown] * scale, dtype=np.float64),
        found.null_counts[shown] * scale / found.null_nominal.size,
        found.null_band[:, shown] * scale,
        title=view.title,
        x_label=f"{view.label} with {moved.model.name}",
        note=f"{view.note}\nOverlap {percent(found.match)} ({match_level(found.match)}), p = {found.p_match:.3g}, "
        f"{counted(moved.plan.n_used, 'permutation')}",
        theme=theme,
    )


def _by_distance(moved: MotionAssociation, view: MatrixView, theme: ThemeName) -> Figure:
    from imagenomer.figures.quality import distance_figure

    found = moved.qcfc
    placed = np.isfinite(found.r) & np.isfinite(moved.distance)
    return distance_figure(
        moved.distance[placed],
        found.r[placed],
        title=view.title,
        y_label=f"{view.label} with {moved.model.name}",
        note=f"{view.note}\nr correlates with distance at {signed(found.distance_r, 3)}, p = {found.p_distance:.3g}",
        theme=theme,
    )
