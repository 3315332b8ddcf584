"""Quality: the figures of quality control that are of edges or pairs of scans by the thousand."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from imagenomer.figures.chart import start_chart
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.figures.theme import ThemeName, look
from imagenomer.types import FloatArray

#: More edges than this are painted as a density: single dots would hide each other.
_MOST_DOTS = 2000
#: Cells of the density, and distances at which the mean is drawn.
_ACROSS, _UP, _MEANS = 120, 90, 15


def null_figure(
    bin_edges: FloatArray,
    observed: FloatArray,
    null: FloatArray,
    band: FloatArray,
    *,
    title: str,
    x_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw a distribution beside that of permuted subjects.

    Parameters
    ----------
    bin_edges : ndarray, shape (n_bins + 1,)
    observed, null : ndarray, shape (n_bins,)
        Percent of the edges.
    band : ndarray, shape (2, n_bins)
        Between which the middle 95 % of the permutations lie.
    """
    with look(theme) as style:
        figure, axes = start_chart(title, x_label, "Edges, %", note)
        axes.stairs(observed, bin_edges, fill=True, color=GROUP_COLOURS[0], alpha=0.45)
        axes.stairs(observed, bin_edges, color=GROUP_COLOURS[0], linewidth=1.6, label="as it is")
        axes.stairs(
            band[1],
            bin_edges,
            baseline=band[0],
            fill=True,
            color=style.quiet,
            alpha=0.35,
            label="95 % of permutations",
        )
        axes.stairs(null, bin_edges, color=style.ink, linewidth=1.4, linestyle="--", label="permuted, on average")
        axes.set_xlim(bin_edges[0], bin_edges[-1])
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        figure.legend(loc="outside right upper")
    return figure


def distance_figure(
    distance: FloatArray,
    r: FloatArray,
    *,
    title: str,
    y_label: str,
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw r against distance, one dot an edge or, where there are many, how many edges lie where; and the mean.

    Parameters
    ----------
    distance, r : ndarray, shape (n_edges,)
        Of edges that have both.
    """
    with look(theme) as style:
        figure, axes = start_chart(title, "Distance between the parcels (mm)", y_label, note)
        if r.size <= _MOST_DOTS:
            axes.scatter(distance, r, s=12, color=GROUP_COLOURS[0], alpha=0.6, linewidths=0, label="an edge")
        else:
            counts, x, y = np.histogram2d(distance, r, (_ACROSS, _UP))
            # The root shows where few edges lie and where very many do.
            shown = np.sqrt(np.where(counts > 0, counts, np.nan)).T
            colours = LinearSegmentedColormap.from_list("edges", [f"{GROUP_COLOURS[0]}30", GROUP_COLOURS[0]])
            image = axes.imshow(
                shown, origin="lower", aspect="auto", extent=(x[0], x[-1], y[0], y[-1]), cmap=colours, vmin=0
            )
            bar = figure.colorbar(image, ax=axes, label="Edges in a cell", shrink=0.8)
            ticks = np.unique(np.rint(np.linspace(1, float(np.sqrt(counts.max())), 4) ** 2))
            bar.set_ticks(np.sqrt(ticks).tolist(), labels=[f"{tick:.0f}" for tick in ticks])
        places, means = _means(distance, r)
        axes.axhline(0, color=style.quiet, linewidth=1)
        axes.plot(places, means, color=style.ink, linewidth=2, marker="o", markersize=4, label="mean of the edges")
        axes.grid(axis="y")
        axes.legend(loc="upper right")
    return figure


def pairs_figure(
    bin_edges: FloatArray,
    own: FloatArray,
    others: FloatArray,
    *,
    title: str,
    names: tuple[str, str],
    note: str = "",
    theme: ThemeName = "light",
) -> Figure:
    """Draw similarity of scans within and between subjects; percent in each bin."""
    with look(theme):
        figure, axes = start_chart(title, "Correlation of two scans over edges", "Pairs of scans, %", note)
        for counts, name, colour, line in zip(
            (others, own), names[::-1], GROUP_COLOURS[1::-1], ("--", "-"), strict=True
        ):
            axes.stairs(counts, bin_edges, fill=True, color=colour, alpha=0.25)
            axes.stairs(counts, bin_edges, color=colour, linewidth=1.6, linestyle=line, label=name)
        axes.set_xlim(bin_edges[0], bin_edges[-1])
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        figure.legend(loc="outside right upper")
    return figure


def _means(distance: FloatArray, r: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean distance and mean r of as many edges each, from short to long."""
    order = np.argsort(distance, kind="stable")
    parts = [part for part in np.array_split(order, min(_MEANS, max(1, order.size // 5))) if part.size]
    return np.array([distance[part].mean() for part in parts]), np.array([r[part].mean() for part in parts])
