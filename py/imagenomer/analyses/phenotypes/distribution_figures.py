"""Charts of a phenotype's distribution: bars of a category; histogram, density, boxes or violins of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagenomer.analyses.contract import ThemeName
from imagenomer.analyses.phenotypes.distribution_result import Distribution
from imagenomer.statistics.distribution import histogram_edges, kernel_density
from imagenomer.types import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.figures.chart import Curve

_DENSITY_POINTS = 256


def draw_distribution(result: Distribution, kind: str, note: str, theme: ThemeName) -> Figure:
    """Draw a phenotype by group.

    Parameters
    ----------
    result : Distribution
    kind : "histogram", "density", "box" or "violin"
        Of a number; a category has bars.
    note : str
    theme : "light" or "dark"
    """
    from imagenomer.figures import chart
    from imagenomer.figures.theme import group_style

    phenotype, title = result.phenotype, result.title
    styles = [group_style(group.expression, position) for position, group in enumerate(result.groups)]
    if phenotype.levels:
        sizes = result.counts.sum(axis=1)
        bars = [
            chart.Counts(chart.with_n(name, int(n)), colour, counts)
            for (name, colour), n, counts in zip(styles, sizes, result.counts, strict=True)
        ]
        return chart.bars_figure(bars, phenotype.levels, title=title, counted="Subjects", note=note, theme=theme)

    x_label = phenotype.name + (f" ({phenotype.units})" if phenotype.units else "")
    samples = []
    for (name, colour), group in zip(styles, result.groups, strict=True):
        present = group.values[~np.isnan(group.values)].astype(np.float64)
        if present.size:
            samples.append((chart.with_n(name, present.size), colour, present))
    if kind == "histogram":
        bins = histogram_edges([present for _, _, present in samples])
        counts = [chart.Counts(name, colour, np.histogram(present, bins)[0]) for name, colour, present in samples]
        return chart.histogram_figure(
            counts, bins, title=title, x_label=x_label, y_label="Subjects", note=note, theme=theme
        )
    if kind == "box":
        boxes = [chart.box_statistics(*sample) for sample in samples]
        return chart.box_figure(boxes, title=title, x_label=x_label, note=note, theme=theme)
    if kind == "violin":
        violins = [(_curve(*sample, within=True), chart.box_statistics(*sample)) for sample in samples]
        return chart.violin_figure(violins, title=title, x_label=x_label, note=note, theme=theme)
    curves = [_curve(*sample) for sample in samples]
    return chart.density_figure(curves, title=title, x_label=x_label, note=note, theme=theme)


def _curve(name: str, colour: str, present: FloatArray, *, within: bool = False) -> Curve:
    """Density until it fades out, or ``within`` the values; flat zero where all values are equal."""
    from imagenomer.figures.chart import Curve

    # Three of the bandwidths that `kernel_density` uses.
    margin = 0.0 if within else 3 * float(present.std()) * present.size ** (-1 / 5)
    x = np.linspace(float(present.min()) - margin, float(present.max()) + margin, _DENSITY_POINTS)
    density = kernel_density(present, x) if np.ptp(present) > 0 else np.zeros_like(x)
    return Curve(name, colour, x, density)
