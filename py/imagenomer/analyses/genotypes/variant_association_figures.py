"""Figures of variant association: Manhattan and QQ plots, sorted statistics, and the phenotype by genotype."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from imagenomer.analyses.contract import PointSeries, PointsView, ThemeName
from imagenomer.analyses.genotypes.variant_association_params import Params
from imagenomer.analyses.genotypes.variant_association_result import VariantTests
from imagenomer.analyses.genotypes.variant_association_tables import by_genotype
from imagenomer.analyses.genotypes.variant_association_words import note_of, shown_label, title_of, variable_name
from imagenomer.analyses.shared.genotyped import places, thin_points
from imagenomer.analyses.shared.inference import BY_P
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort
from imagenomer.figures.palette import GROUP_COLOURS, OTHERS_COLOUR
from imagenomer.types import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Bars at either end of the figure of the strongest variants, as the first ImageNomer had it.
_BARS = 10
#: Points of the QQ plot.
_MOST_POINTS = 3000


def _manhattan_data(
    params: Params, result: VariantTests
) -> tuple[IntArray, FloatArray, IntArray, str, tuple[tuple[float, str], ...]]:
    """Variants that were tested, where they stand, their stripe, and the horizontal axis."""
    variants = result.sample.variants
    which = np.flatnonzero(np.isfinite(result.neg_log10_p))
    if params.axis == "index" or not which.size or not variants.positions[which].any():
        return which, which.astype(np.float64), np.zeros(which.size, dtype=np.intp), "Index in the file", ()
    x, ticks, numbers = places(variants, which)
    rank = np.unique(numbers, return_inverse=True)[1]
    return which, x, np.asarray(rank % 2, dtype=np.intp), "Chromosome", ticks


def _levels(params: Params, result: VariantTests) -> tuple[tuple[float, str], ...]:
    threshold = result.p_threshold(params.correction, params.alpha)
    if not threshold:
        return ()
    return ((-math.log10(threshold), f"{BY_P[params.correction]}, alpha {params.alpha:g}"),)


def manhattan_view(params: Params, result: VariantTests) -> PointsView:
    which, x, stripe, x_label, ticks = _manhattan_data(params, result)
    y, ids = result.neg_log10_p[which], result.sample.variants.variant_ids
    series = []
    for number, (name, colour) in enumerate(
        (
            ("Variants" if not ticks else "First, third, … chromosome", GROUP_COLOURS[0]),
            ("Second, fourth, … chromosome", OTHERS_COLOUR),
        )
    ):
        own = np.flatnonzero(stripe == number)
        if own.size:
            series.append(
                PointSeries(
                    name,
                    colour,
                    x[own].round(3).tolist(),
                    y[own].round(4).tolist(),
                    [ids[index] for index in which[own].tolist()],
                )
            )
    return PointsView(
        name="manhattan",
        what="Variant",
        of_subjects=False,
        title=title_of(params, result),
        x_label=x_label,
        y_label="−log10 p",
        series=tuple(series),
        caption=note_of(params, result),
        x_ticks=ticks,
        levels=_levels(params, result),
    )


def _qq_data(result: VariantTests) -> tuple[FloatArray, FloatArray, IntArray]:
    """Expected and observed −log10 p of the variants that are drawn, and which those are."""
    order = np.argsort(np.where(np.isfinite(result.neg_log10_p), -result.neg_log10_p, np.inf), kind="stable")
    order = order[: int(np.isfinite(result.neg_log10_p).sum())]
    n = order.size
    expected = -np.log10((np.arange(n) + 0.5) / max(n, 1))
    drawn = thin_points(result.neg_log10_p[order], _MOST_POINTS)
    return expected[drawn], result.neg_log10_p[order[drawn]], order[drawn]


def _qq_caption(result: VariantTests, n_drawn: int) -> str:
    thinned = (
        f" Only some of the larger p-values are drawn ({n_drawn:,} of {result.n_tests:,} in all)."
        if n_drawn < result.n_tests
        else ""
    )
    lam = f"lambda = {result.inflation:.3f}. " if np.isfinite(result.inflation) else ""
    return f"{lam}p-values lie on the line if no variant is associated with the phenotype.{thinned}"


def qq_view(result: VariantTests) -> PointsView:
    expected, observed, which = _qq_data(result)
    ids = result.sample.variants.variant_ids
    end = float(expected.max(initial=1.0))
    return PointsView(
        name="qq",
        what="Variant",
        of_subjects=False,
        title="Are there more small p-values than expected by chance?",
        x_label="Expected −log10 p",
        y_label="Observed −log10 p",
        series=(
            PointSeries(
                "Variants",
                GROUP_COLOURS[0],
                expected.round(4).tolist(),
                observed.round(4).tolist(),
                [ids[index] for index in which.tolist()],
            ),
        ),
        line=(0.0, 0.0, end, end),
        caption=_qq_caption(result, which.size),
    )


def effect_label(result: VariantTests) -> str:
    if result.logistic:
        return "Wald's z"
    return "Partial r" if result.design.rank > 1 else "Pearson's r"


def _ends(result: VariantTests) -> IntArray:
    """The variants of the lowest and highest statistics, lowest first."""
    statistic = result.effect
    known = np.flatnonzero(np.isfinite(statistic))
    order = known[np.argsort(statistic[known], kind="stable")]
    return order if order.size <= 2 * _BARS else np.concatenate([order[:_BARS], order[-_BARS:]])


def strongest_alt(result: VariantTests) -> str:
    ends, statistic, ids = _ends(result), result.effect, result.sample.variants.variant_ids
    if not ends.size:
        return "No variant was tested."
    return (
        f"Bars of {effect_label(result)} of {counted(ends.size, 'variant')}, from {ids[ends[0]]} "
        f"({statistic[ends[0]]:.3f}) to {ids[ends[-1]]} ({statistic[ends[-1]]:.3f})."
    )


def draw_variant_tests(cohort: Cohort, params: Params, result: VariantTests, theme: ThemeName) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import ranking_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.variants import manhattan_figure, qq_figure, sorted_figure

    title, note, label = title_of(params, result), note_of(params, result), effect_label(result)
    statistic = result.effect
    tested = np.isfinite(statistic) & np.isfinite(result.neg_log10_p)

    def manhattan() -> Figure:
        which, x, stripe, x_label, ticks = _manhattan_data(params, result)
        levels = _levels(params, result)
        return manhattan_figure(
            x, result.neg_log10_p[which], stripe, title=title, x_label=x_label, x_ticks=ticks, levels=levels, note=note,
            theme=theme,
        )  # fmt: skip

    def qq() -> Figure:
        expected, observed, which = _qq_data(result)
        caption = _qq_caption(result, which.size)
        return qq_figure(expected, observed, title=title, note=caption, theme=theme)

    def strongest() -> Figure:
        ends, ids = _ends(result), result.sample.variants.variant_ids
        names = [ids[index] for index in ends.tolist()]
        return ranking_figure(names, statistic[ends][:, None], title=title, x_label=label, note=note, theme=theme)

    return Drawings(
        {
            "manhattan": manhattan,
            "qq": qq,
            "sorted": lambda: sorted_figure(
                statistic[tested], result.neg_log10_p[tested], title=title, label=label, note=note, theme=theme
            ),
            "strongest": strongest,
            "genotypes": lambda: _draw_genotypes(cohort, params, result, theme),
        }
    )


def _draw_genotypes(cohort: Cohort, params: Params, result: VariantTests, theme: ThemeName) -> Figure:
    from imagenomer.figures.chart import Counts, bars_figure, box_figure, box_statistics, with_n

    title = f"{variable_name(params, result)} by genotype of {shown_label(result)}"
    found = by_genotype(result)
    colours = GROUP_COLOURS[: len(found)]
    note = "Not adjusted for covariates."
    if result.logistic:
        counts = [
            Counts(with_n(name, values.size), colour, np.array([values.sum(), values.size - values.sum()]))
            for (name, values), colour in zip(found, colours, strict=True)
        ]
        return bars_figure(
            counts,
            (cast("str", result.level), "others"),
            title=title,
            counted="Subjects",
            share_of="those with the genotype",
            note=note,
            theme=theme,
        )
    boxes = [
        box_statistics(with_n(name, values.size), colour, values)
        for (name, values), colour in zip(found, colours, strict=True)
    ]
    units = cohort.phenotype(params.phenotype).units
    x_label = params.phenotype + (f" ({units})" if units else "")
    return box_figure(boxes, title=title, x_label=x_label, note=note, theme=theme)
