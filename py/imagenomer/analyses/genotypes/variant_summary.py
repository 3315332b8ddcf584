"""Variant summary: counts of genotypes, frequencies and what is missing, by variant and by subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from imagenomer import groups
from imagenomer.analyses.contract import (
    Analysis,
    Column,
    FigureView,
    GroupChoice,
    PointsView,
    Report,
    TableView,
    Text,
    VariantSetChoice,
)
from imagenomer.analyses.shared.form_fields import (
    LeastHardyP,
    LeastMaf,
    MostMissing,
    least_hardy_p_field,
    least_maf_field,
    most_missing_field,
)
from imagenomer.analyses.shared.genotyped import Genotyped, about_relatives, draw_genotyped, thin_points
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.genotypes import (
    MITOCHONDRIAL,
    GenotypeCounts,
    HardyWeinberg,
    VariantQuality,
    X,
    Y,
    check_hardy_weinberg,
    check_variants,
    chromosome_numbers,
    count_by_sex,
    count_genotypes,
)
from imagenomer.jsonable import finite
from imagenomer.progress import Progress, Steps
from imagenomer.types import BoolArray, FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from imagenomer.figures.chart import BoxStatistics, Curve

#: Rows of the long tables that the page gets.
_ON_PAGE = 1000
_MOST_POINTS = 3000
_N_BINS = 40
_KINDS = ("Missing", "No copy", "One copy", "Two copies")


@dataclass(frozen=True, slots=True)
class Params:
    variants: Annotated[str | None, VariantSetChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None
    least_maf: LeastMaf = least_maf_field()
    most_missing: MostMissing = most_missing_field(0.1, help="Of the subjects, by variant.")
    least_hardy_p: LeastHardyP = least_hardy_p_field(1e-06)
    subject: Annotated[str, Text("7")] = field(
        default="", metadata={"label": "Subject to look at", "help": "Without one, the first."}
    )


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What a set of variants is like in some subjects.

    Attributes
    ----------
    sample : Genotyped
    numbers : ndarray of int, shape (n_variants,)
        Chromosome of each.
    counts : GenotypeCounts
        By variant.
    hardy_weinberg : HardyWeinberg
    quality : VariantQuality
    by_subject : GenotypeCounts
        By subject, over the variants ``everywhere``.
    everywhere : ndarray of bool, shape (n_variants,)
        Not on X, Y or mitochondria, so that men and women can be compared.
    shown : int
        Row of the subject that is looked at.
    """

    sample: Genotyped
    numbers: IntArray
    counts: GenotypeCounts
    hardy_weinberg: HardyWeinberg
    quality: VariantQuality
    by_subject: GenotypeCounts
    everywhere: BoolArray
    shown: int


def compute(cohort: Cohort, params: Params) -> Steps[Summary]:
    yield Progress("Choosing subjects")
    sample = draw_genotyped(cohort, variants=params.variants, group=params.group)
    subjects = [cohort.subjects[index] for index in sample.subjects.tolist()]
    name = params.subject.strip()
    if name and name not in subjects:
        raise InputError(f"{name!r} is no subject with genotypes here; leave it empty for the first")
    yield Progress("Counting genotypes")
    dosage = sample.dosage
    numbers = chromosome_numbers(sample.variants.chromosomes)
    counts = count_by_sex(dosage, numbers, cohort.sexes[sample.subjects])
    yield Progress("Testing Hardy-Weinberg proportions")
    hardy_weinberg = check_hardy_weinberg(counts)
    quality = check_variants(
        counts, most_missing=params.most_missing, least_maf=params.least_maf, least_hardy_p=params.least_hardy_p
    )
    yield Progress("Counting genotypes by subject")
    everywhere = ~np.isin(numbers, (X, Y, MITOCHONDRIAL))
    return Summary(
        sample,
        numbers,
        counts,
        hardy_weinberg,
        quality,
        count_genotypes(dosage if everywhere.all() else dosage[:, everywhere], by="subject"),
        everywhere,
        subjects.index(name) if name else 0,
    )


# --- saying --------------------------------------------------------------------------------------


def report(cohort: Cohort, params: Params, result: Summary) -> Report:
    sample, counts, quality = result.sample, result.counts, result.quality
    maf, missing = counts.minor_frequency, counts.missing_rate
    steps = _steps(params, quality)
    n_variants = maf.size
    constant = int(np.count_nonzero(maf == 0))
    return Report(
        numbers={
            "group": params.group,
            **sample.numbers,
            "n_variants": n_variants,
            "n_kept": int(quality.kept.sum()),
            "n_too_missing": int(quality.too_missing.sum()),
            "n_too_rare": int(quality.too_rare.sum()),
            "n_off_hardy_weinberg": int(quality.off_hardy_weinberg.sum()),
            "n_constant": constant,
            "median_maf": finite(_median(maf)),
            "missing": finite(_share_missing(result.by_subject)),
        },
        sentences=tuple(_sentences(params, result, constant)),
        warnings=tuple(_warnings(cohort, params, result)),
        views=(
            FigureView(
                "maf",
                "Minor allele frequency",
                f"Histogram of the minor allele frequency of {counted(n_variants, 'variant')}; median "
                f"{_median(maf):.3f}.",
            ),
            FigureView(
                "variant_missing",
                "Missing genotypes by variant",
                f"Histogram of the share of subjects without a call by variant; median {_median(missing):.3f}.",
            ),
            FigureView(
                "subject_missing",
                "Missing genotypes by subject",
                "Histogram of the share of variants without a call by subject; median "
                f"{_median(result.by_subject.missing_rate):.3f}.",
            ),
            FigureView("genotypes", "Genotypes of subjects", _genotypes_alt(result)),
            FigureView(
                "one_subject",
                f"Genotypes of {_shown_name(cohort, result)}",
                "Bars: "
                + ", ".join(
                    f"{kind.lower()} {values[result.shown]:,}"
                    for kind, values in zip(_KINDS, _by_kind(result), strict=True)
                )
                + ".",
            ),
            _qq_view(result),
            TableView(
                "filters",
                "What the filters remove",
                (
                    Column("filter", "Filter"),
                    Column("fail", "Variants that fail", "integer"),
                    Column("only", "Fail this one only", "integer"),
                    Column("left", "Left after this and those above", "integer"),
                ),
                tuple(steps),
            ),
            _variant_table(result),
            _subject_table(cohort, result),
        ),
        arrays={
            "minor_frequency": maf,
            "missing_rate": missing,
            "hardy_weinberg_neg_log10_p": result.hardy_weinberg.neg_log10_p,
            "kept": quality.kept,
        },
    )


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def _share_missing(counts: GenotypeCounts) -> float:
    total = int((counts.called + counts.missing).sum())
    return int(counts.missing.sum()) / total if total else float("nan")


def _steps(params: Params, quality: VariantQuality) -> list[dict[str, Json]]:
    """Describe each filter: what fails it, what fails it alone, and what is left so far."""
    filters = (
        (f"missing in at most {100 * params.most_missing:g} % of the subjects", quality.too_missing),
        (f"minor allele frequency of at least {100 * params.least_maf:g} %", quality.too_rare),
        (f"Hardy-Weinberg p of at least {params.least_hardy_p:g}", quality.off_hardy_weinberg),
    )
    left = np.ones(quality.kept.size, dtype=bool)
    rows = []
    for name, fails in filters:
        others = np.any([other for _, other in filters if other is not fails], axis=0)
        left &= ~fails
        rows.append(
            {
                "filter": name,
                "fail": int(fails.sum()),
                "only": int((fails & ~others).sum()),
                "left": int(left.sum()),
            }
        )
    return rows


def _sentences(params: Params, result: Summary, constant: int) -> list[str]:
    counts, n_variants = result.counts, result.numbers.size
    said = [*result.sample.sentences]
    said.append(
        f"{counted(n_variants, 'variant')}, of which {result.quality.kept.sum():,} pass the filters; none is taken out "
        "here."
    )
    if constant:
        said.append(f"{counted(constant, 'variant')} {'has' if constant == 1 else 'have'} one allele only here.")
    n_unknown = int(np.count_nonzero(counts.called == 0))
    if n_unknown:
        said.append(f"{counted(n_unknown, 'variant')} {'is' if n_unknown == 1 else 'are'} missing in everybody.")
    n_apart = int(np.count_nonzero(~result.everywhere))
    if n_apart:
        said.append(
            f"{counted(n_apart, 'variant')} on X, Y or mitochondria: by variant a man counts as one allele there, as "
            "in PLINK, and only women enter Hardy-Weinberg on X; by subject they are left out."
        )
    said.append(
        "Hardy-Weinberg proportions are tested exactly, as PLINK does; a small p can be a genotyping error, but also "
        "people of several ancestries or a true effect."
    )
    return said


def _warnings(cohort: Cohort, params: Params, result: Summary) -> list[str]:
    said = about_relatives(cohort, result.sample.subjects)
    sexes = cohort.sexes[result.sample.subjects]
    n_sexed = int(np.count_nonzero(np.isin(result.numbers, (X, Y))))
    n_unknown = int(np.count_nonzero(sexes == 0))
    if n_sexed and n_unknown:
        said.append(
            f"The sex of {counted(n_unknown, 'subject')} is unknown: they are not counted for the "
            f"{counted(n_sexed, 'variant')} on X and Y."
        )
    p = result.hardy_weinberg.p_value
    tested = int(np.count_nonzero(np.isfinite(p)))
    low = int(np.count_nonzero(p < 1e-6))
    if tested and low > max(1, tested // 100):
        said.append(
            f"{counted(low, 'variant')} ({100 * low / tested:.1f} %) have a Hardy-Weinberg p below 1e-6: that many "
            "point to several ancestries in these subjects rather than to errors; choose a group of one ancestry to "
            "judge variants by it."
        )
    return said


def _shown_name(cohort: Cohort, result: Summary) -> str:
    return cohort.subjects[int(result.sample.subjects[result.shown])]


def _by_kind(result: Summary) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    one = result.by_subject
    return one.missing, one.none, one.one, one.two


def _genotypes_alt(result: Summary) -> str:
    parts = [f"{kind.lower()} {np.median(values):,.0f}" for kind, values in zip(_KINDS, _by_kind(result), strict=True)]
    return f"Violins over subjects of how many variants have each genotype; medians: {', '.join(parts)}."


def _qq_view(result: Summary) -> PointsView:
    expected, observed, which = _qq_data(result)
    end = float(expected.max(initial=1.0))
    return PointsView(
        "hardy_weinberg",
        "Hardy-Weinberg: are there more small p-values than chance gives?",
        "Expected −log10 p",
        "Observed −log10 p",
        (
            {
                "name": "Variants",
                "colour": GROUP_COLOURS[0],
                "x": expected.round(4).tolist(),
                "y": observed.round(4).tolist(),
                "subjects": [result.sample.variants.variant_ids[index] for index in which.tolist()],
            },
        ),
        line=(0.0, 0.0, end, end),
        caption=_qq_caption(result, which.size),
        what="Variant",
    )


def _qq_data(result: Summary) -> tuple[FloatArray, FloatArray, IntArray]:
    """Expected and observed −log10 p of the variants that are drawn, and which those are: none of one allele."""
    value = np.where(result.counts.minor_frequency > 0, result.hardy_weinberg.neg_log10_p, np.nan)
    order = np.argsort(np.where(np.isfinite(value), -value, np.inf), kind="stable")
    order = order[: int(np.isfinite(value).sum())]
    expected = -np.log10((np.arange(order.size) + 0.5) / max(order.size, 1))
    drawn = thin_points(value[order], _MOST_POINTS)
    return expected[drawn], value[order[drawn]], order[drawn]


def _qq_caption(result: Summary, n_drawn: int) -> str:
    tested = int(np.count_nonzero(np.isfinite(result.hardy_weinberg.p_value) & (result.counts.minor_frequency > 0)))
    thinned = f" Of the weaker ones only some are drawn ({n_drawn:,} of {tested:,} in all)." if n_drawn < tested else ""
    return (
        f"On the line p-values would lie if all variants were in proportion (below it where alleles are rare).{thinned}"
    )


# --- tables --------------------------------------------------------------------------------------


def _variant_table(result: Summary) -> TableView:
    variants, counts, test, quality = (
        result.sample.variants,
        result.counts,
        result.hardy_weinberg,
        result.quality,
    )
    n_variants = result.numbers.size
    # Those that fail come first: the page shows the first thousand.
    order = np.argsort(quality.kept, kind="stable").tolist()
    columns = {
        "index": range(n_variants),
        "variant": variants.variant_ids,
        "chromosome": variants.chromosomes,
        "position": variants.positions.tolist(),
        "effect_allele": variants.effect_alleles,
        "other_allele": variants.other_alleles,
        "two": counts.two.tolist(),
        "one": counts.one.tolist(),
        "none": counts.none.tolist(),
        "missing": counts.missing.tolist(),
        "missing_rate": _known(counts.missing_rate),
        "effect_frequency": _known(counts.effect_frequency),
        "maf": _known(counts.minor_frequency),
        "observed": _known(test.observed),
        "expected": _known(test.expected),
        "hardy_p": _known(test.p_value),
        "kept": ["yes" if kept else "no" for kept in quality.kept.tolist()],
    }
    rows = list(zip(*columns.values(), strict=True))
    shown = f"the first {_ON_PAGE:,} of {n_variants:,}, " if n_variants > _ON_PAGE else ""
    return TableView(
        "variants",
        f"Variants ({shown}those that fail a filter first" + ("; the file has all)" if shown else ")"),
        (
            Column("variant", "Variant"),
            Column("chromosome", "Chr", sort="index"),
            Column("position", "Position", "integer"),
            Column("effect_allele", "Effect allele"),
            Column("other_allele", "Other"),
            Column("two", "Two copies", "integer"),
            Column("one", "One", "integer"),
            Column("none", "None", "integer"),
            Column("missing", "Missing", "integer"),
            Column("missing_rate", "Share missing", "number"),
            Column("effect_frequency", "Effect allele frequency", "number", where="file"),
            Column("maf", "MAF", "number"),
            Column("observed", "Heterozygous", "number", where="file"),
            Column("expected", "Heterozygous expected", "number", where="file"),
            Column("hardy_p", "Hardy-Weinberg p", "p"),
            Column("kept", "Passes"),
            Column("index", "Index in the file", "integer", where="file"),
        ),
        tuple(dict(zip(columns, rows[index], strict=True)) for index in order),
        on_page=_ON_PAGE,
    )


def _known(values: FloatArray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _subject_table(cohort: Cohort, result: Summary) -> TableView:
    counts = result.by_subject
    with np.errstate(invalid="ignore"):
        heterozygosity = np.asarray(counts.one / counts.called)
    columns = {
        "subject": [cohort.subjects[index] for index in result.sample.subjects.tolist()],
        "two": counts.two.tolist(),
        "one": counts.one.tolist(),
        "none": counts.none.tolist(),
        "missing": counts.missing.tolist(),
        "missing_rate": _known(counts.missing_rate),
        "heterozygosity": _known(heterozygosity),
    }
    n = result.sample.n_subjects
    return TableView(
        "subjects",
        "Subjects" + (f" (the first {_ON_PAGE:,} of {n:,}; the file has all)" if n > _ON_PAGE else ""),
        (
            Column("subject", "Subject"),
            Column("two", "Two copies", "integer"),
            Column("one", "One", "integer"),
            Column("none", "None", "integer"),
            Column("missing", "Missing", "integer"),
            Column("missing_rate", "Share missing", "number"),
            Column("heterozygosity", "Heterozygosity", "number"),
        ),
        tuple(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)),
        on_page=_ON_PAGE,
    )


# --- drawing -------------------------------------------------------------------------------------


def draw(
    cohort: Cohort, params: Params, result: Summary, report: Report, theme: Literal["light", "dark"]
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
        shown = _shown_name(cohort, result)
        counts = np.array([values[result.shown] for values in _by_kind(result)])
        return bars_figure(
            [Counts(shown, GROUP_COLOURS[0], counts)],
            _KINDS,
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


def _violins(result: Summary) -> list[tuple[Curve, BoxStatistics]]:
    from imagenomer.figures.chart import Curve, box_statistics
    from imagenomer.statistics.distribution import kernel_density

    violins = []
    for kind, colour, counts in zip(_KINDS, GROUP_COLOURS, _by_kind(result), strict=False):
        values = counts.astype(np.float64)
        spread = float(values.std()) if values.size else 0.0
        # Without any spread there is no density: a line stands for it.
        x = np.linspace(values.min() - 2 * spread, values.max() + 2 * spread, 200)
        density = kernel_density(values, x) if spread else np.ones(x.size)
        violins.append((Curve(kind, colour, x, density), box_statistics(kind, colour, values)))
    return violins


ANALYSIS = Analysis(
    title="Variant summary",
    summary="How complete and how common the variants are, and what each subject has of them.",
    tab="Genotypes",
    params=Params,
    compute=compute,
    report=report,
    draw=draw,
    opens_tab=True,
    needs=("variants",),
)
