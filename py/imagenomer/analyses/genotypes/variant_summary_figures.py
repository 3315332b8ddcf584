"""Figures of the variant summary: frequencies, missing genotypes, subjects, and Hardy-Weinberg."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import PointSeries, PointsView, ThemeName
from imagenomer.analyses.genotypes.variant_summary_params import Params
from imagenomer.analyses.genotypes.variant_summary_result import KINDS, VariantSummary
from imagenomer.analyses.shared.genotyped import thin_points
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.types import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.figures.chart import BoxStatistics, Curve

#: Points of the QQ plot, and bins of histograms.
_MOST_POINTS, _N_BINS = 3000, 40


def shown_name(cohort: Cohort, result: VariantSummary) -> str:
    return cohort.subjects[int(result.sample.subjects[result.shown])]


def genotypes_alt(result: VariantSummary) -> str:
    parts = [f"{kind.lower()} {np.median(values):,.0f}" for kind, values in zip(KINDS, result.by_kind, strict=True)]
    return f"Violins over subjects of how many variants have each genotype; medians: {', '.join(parts)}."


def hardy_weinberg_view(result: VariantSummary) -> PointsView:
    expected, observed, which = _qq_data(result)
    end = float(expected.max(initial=1.0))
    return PointsView(
        "hardy_weinberg",
        "Hardy-Weinberg: are there more small p-values than expected by chance?",
        "Expected −log10 p",
        "Observed −log10 p",
        (
            PointSeries(
                "Variants",
                GROUP_COLOURS[0],
                expected.round(4).tolist(),
                observed.round(4).tolist(),
                [result.sample.variants.variant_ids[index] for index in which.tolist()],
            ),
        ),
        line=(0.0, 0.0, end, end),
        caption=_qq_caption(result, which.size),
        what="Variant",
        of_subjects=False,
    )


def _qq_data(result: VariantSummary) -> tuple[FloatArray, FloatArray, IntArray]:
    """Expected and observed −log10 p of the variants that are drawn, and which those are: none of one allele."""
    value = np.where(result.counts.minor_frequency > 0, result.hardy_weinberg.neg_log10_p, np.nan)
    order = np.argsort(np.where(np.isfinite(value), -value, np.inf), kind="stable")
    order = order[: int(np.isfinite(value).sum())]
    expected = -np.log10((np.arange(order.size) + 0.5) / max(order.size, 1))
    drawn = thin_points(value[order], _MOST_POINTS)
    return expected[drawn], value[order[drawn]], order[drawn]


def _qq_caption(result: VariantSummary, n_drawn: int) -> str:
    tested = int(np.count_nonzero(np.isfinite(result.hardy_weinberg.p_value) & (result.counts.minor_frequency > 0)))
    thinned = f" Of the weaker ones only some are drawn ({n_drawn:,} of {tested:,} in all)." if n_drawn < tested else ""
    return (
        f"On the line p-values would lie if all variants were in proportion (below it where alleles are rare).{thinned}"
    )


def draw_variant_summary(
    cohort: Cohort, params: Params, result: VariantSummary, theme: ThemeName
) -> Mapping[str, Figure]:
    from imagenomer.figures.chart import Counts, bars_figure, histogram_figure, violin_figure
    from imagenomer.figures.drawings import Drawings
    from imagenomer.figures.variants import qq_figure

    name = result.sample.variants.name
    whose = "" if params.group is None else f" ({groups.describe(params.group)})"
    note = f"{counted(result.sample.n_subjects, 'subject')}{whose}, {counted(result.numbers.size, 'variant')} of {name}"

    def histogram(values: FloatArray, upper: float, x_label: str, y_label: str) -> Figure:
        counts, edges = np.histogram(values[np.isfinite(values)], _N_BINS, (0, upper))
        return histogram_figure(
            [Counts(y_label, GROUP_COLOURS[0], counts)],
            edges,
            title=f"{x_label}, {name}",
            x_label=x_label,
            y_label=y_label,
            note=note,
            theme=theme,
        )

    def one_subject() -> Figure:
        shown = shown_name(cohort, result)
        counts = np.array([values[result.shown] for values in result.by_kind])
        return bars_figure(
            [Counts(shown, GROUP_COLOURS[0], counts)],
            KINDS,
            title=f"Genotypes of {shown}",
            counted="Variants",
            note=f"Variants of {name}, not those on X, Y and mitochondria; copies of the effect allele",
            theme=theme,
        )

    def hardy_weinberg() -> Figure:
        expected, observed, which = _qq_data(result)
        caption = f"{note}. {_qq_caption(result, which.size)}"
        return qq_figure(expected, observed, title=f"Hardy-Weinberg p, {name}", note=caption, theme=theme)

    missing = "Share of genotypes missing"
    return Drawings(
        {
            "maf": lambda: histogram(result.counts.minor_frequency, 0.5, "Minor allele frequency", "Variants"),
            "variant_missing": lambda: histogram(result.counts.missing_rate, 1.0, missing, "Variants"),
            "subject_missing": lambda: histogram(result.by_subject.missing_rate, 1.0, missing, "Subjects"),
            "genotypes": lambda: violin_figure(
                _violins(result), title=f"Genotypes of subjects, {name}", x_label="Variants", note=note, theme=theme
            ),
            "one_subject": one_subject,
            "hardy_weinberg": hardy_weinberg,
        }
    )


def _violins(result: VariantSummary) -> list[tuple[Curve, BoxStatistics]]:
    from imagenomer.figures.chart import Curve, box_statistics
    from imagenomer.statistics.distribution import kernel_density

    violins = []
    for kind, colour, counts in zip(KINDS, GROUP_COLOURS, result.by_kind, strict=False):
        values = counts.astype(np.float64)
        spread = float(values.std()) if values.size else 0.0
        # Without any spread there is no density: a line stands for it.
        x = np.linspace(values.min() - 2 * spread, values.max() + 2 * spread, 200)
        density = kernel_density(values, x) if spread else np.ones(x.size)
        violins.append((Curve(kind, colour, x, density), box_statistics(kind, colour, values)))
    return violins
