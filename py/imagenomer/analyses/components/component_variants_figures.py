"""Figures of components and variants: the strongest tests, all tests sorted, and their quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import scipy

from imagenomer.analyses.components.component_variants_params import Params
from imagenomer.analyses.components.component_variants_result import ComponentVariantTests
from imagenomer.analyses.components.component_variants_words import note_of
from imagenomer.analyses.contract import ThemeName
from imagenomer.analyses.shared.sample import counted
from imagenomer.types import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Points that the sorted tests are drawn with.
_POINTS = 2000


def draw_component_variants(params: Params, result: ComponentVariantTests, theme: ThemeName) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import ranking_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.variants import qq_figure, sorted_figure

    lowest, highest = result.ends(params.bars)
    shown = [*reversed(highest), *reversed(lowest)]
    title, note = result.title, note_of(params, result)
    label = "Partial r" if result.design.rank > 1 else "Pearson's r"
    r, neg_log10_p = (values[~np.isnan(values)] for values in (result.screen.r, result.screen.neg_log10_p))
    expected, observed = quantiles(neg_log10_p)
    sorted_r, at = sorted_values(r)
    return Drawings(
        {
            "strongest": lambda: ranking_figure(
                [result.name(index) for index in shown],
                np.reshape([result.r(index) for index in shown], (-1, 1)),
                title=f"{title}: the strongest on either side",
                x_label=f"{label}, component – variant",
                note=note,
                theme=theme,
            ),
            "sorted": lambda: sorted_figure(
                sorted_r,
                neg_log10_p[at],
                title=title,
                label=label,
                x_label=f"{counted(result.n_tests, 'test')}, sorted (drawn: {sorted_r.size:,})",
                note=note,
                theme=theme,
            ),
            "qq": lambda: qq_figure(expected, observed, title=title, note=note, theme=theme),
        }
    )


def sorted_values(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return values from the lowest to the highest, at most `_POINTS` evenly many, both ends among them."""
    order = np.argsort(values, kind="stable")
    places = np.unique(np.linspace(0, max(order.size - 1, 0), min(order.size, _POINTS)).round().astype(np.intp))
    return values[order[places]], order[places]


def quantiles(neg_log10_p: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return expected and observed -log10 p, of few enough tests to draw: all of the strongest, evenly many others."""
    observed = np.sort(neg_log10_p)[::-1]
    ranks = np.arange(observed.size)
    kept = np.unique(
        np.concatenate([ranks[:_POINTS], np.linspace(0, max(observed.size - 1, 0), _POINTS).astype(np.intp)])
    )
    kept = kept[kept < observed.size]
    # The median of the smallest, second smallest ... of so many p-values without association (a beta distribution).
    expected = scipy.special.betaincinv(kept + 1.0, observed.size - kept, 0.5)
    return -np.log10(expected), observed[kept]
