"""A category and a number: whether the number differs between levels, with and without covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagenomer.analyses.contract import Answer, Column, FigureView, PointSeries, PointsView, TableView, View
from imagenomer.analyses.phenotypes.errors import Errors
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.edge_points import jitter
from imagenomer.analyses.shared.linear_model import affirmative, require_variation
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.test_tables import (
    AdjustedEstimate,
    Estimate,
    adjustment_view,
    effect_numbers,
    estimate_text,
    number_text,
    p_text,
    test_numbers,
    test_text,
    test_views,
)
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS, network_colours
from imagenomer.jsonable import finite
from imagenomer.progress import Steps
from imagenomer.statistics.adjustment import associate, associate_category_in_steps
from imagenomer.statistics.comparison import adjusted_means
from imagenomer.statistics.design import Design, Term, build_design
from imagenomer.statistics.difference import NumberDifference, compare_numbers, share_interval
from imagenomer.types import FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: With fewer subjects than this at a level, p-values rely on normality.
_FEW = 10
#: Standard deviations this many times apart make tests that assume equal ones doubtful.
_UNEQUAL = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class LevelPair:
    """A number by the level of a category.

    Attributes
    ----------
    number, category : Phenotype
    subjects : ndarray, shape (n_subjects,)
    covariates : tuple of str
        Those in the model: they vary, and do not follow from others.
    levels : tuple of str
        Those that occur; of two, the level of interest first, so that differences are "Yes less No".
    codes : ndarray, shape (n_subjects,)
        Into ``levels``.
    difference : NumberDifference
        Unadjusted.
    adjustments : tuple of AdjustedEstimate
    means : ndarray, shape (n_levels,), or None
        Adjusted; None without covariates.
    design : Design
    errors : Errors
    warnings : tuple of str
    """

    number: Phenotype
    category: Phenotype
    subjects: IntArray
    covariates: tuple[str, ...]
    levels: tuple[str, ...]
    codes: IntArray
    difference: NumberDifference
    adjustments: tuple[AdjustedEstimate, ...]
    means: FloatArray | None
    design: Design
    errors: Errors
    warnings: tuple[str, ...]

    @property
    def values(self) -> FloatArray:
        return self.number.values[self.subjects].astype(np.float64)

    @property
    def samples(self) -> list[FloatArray]:
        values = self.values
        return [values[self.codes == level] for level in range(len(self.levels))]


def compare(
    number: Phenotype, category: Phenotype, covariates: Sequence[Phenotype], subjects: IntArray, errors: Errors
) -> Steps[LevelPair]:
    """Compare a number between levels; raise `InputError` where nothing varies or there are too few subjects."""
    values = number.values[subjects].astype(np.float64)
    require_variation(number, None, values)
    levels, codes = levels_of(category, subjects)
    difference = compare_numbers([values[codes == level] for level in range(len(levels))])
    plain, design = build_design([], subjects), build_design(covariates, subjects)
    tested = Term(category.name, tuple(levels[1:]), (codes[:, None] == np.arange(1, len(levels))).astype(np.float64))
    two = len(levels) == 2
    name = f"{category.name} = {levels[0]}"
    target = Term(name, (name,), (codes == 0).astype(np.float64)[:, None]) if two else tested
    unadjusted = yield from _estimates(values, target, plain, errors)
    used = design.used_of(one.name for one in covariates)
    adjusted = (yield from _estimates(values, target, design, errors)) if used else [None] * len(unadjusted)
    names = (
        [f"Difference of means, {levels[0]} less {levels[1]}", f"Correlation r with {name}"]
        if two
        else ["Eta squared (share of variance between levels)"]
    )
    return LevelPair(
        number,
        category,
        subjects,
        used,
        levels,
        codes,
        difference,
        tuple(AdjustedEstimate(*row) for row in zip(names, unadjusted, adjusted, strict=True)),
        adjusted_means(values, codes, tested, design) if used else None,
        design,
        errors,
        (
            *design_warnings(design.findings),
            *_exact(number, category, unadjusted[0], adjusted[0]),
            *_doubts(number, category, levels, values, codes),
            *_independent(errors),
        ),
    )


def levels_of(category: Phenotype, subjects: IntArray) -> tuple[tuple[str, ...], IntArray]:
    """Return the levels that occur, of two the level of interest first, and the index of each subject's among them.

    Raises
    ------
    InputError
        If there is only one.
    """
    given = category.values[subjects].astype(np.intp)
    occurring = np.flatnonzero(np.bincount(given, minlength=len(category.levels)))
    levels = [category.levels[level] for level in occurring]
    if len(levels) < 2:
        raise InputError(
            f"all {subjects.size} subjects are {levels[0]} in {category.name}, so there is nothing to compare; "
            "choose another phenotype or a larger group"
        )
    if len(levels) == 2 and affirmative(levels) == levels[1]:
        levels, occurring = levels[::-1], occurring[::-1]
    place = np.zeros(len(category.levels), dtype=np.intp)
    place[occurring] = np.arange(len(levels))
    return tuple(levels), place[given]


def _estimates(values: FloatArray, target: Term, design: Design, errors: Errors) -> Steps[list[Estimate]]:
    """Return the difference and r of two levels, or (partial) eta squared of more."""
    if len(target.columns) == 1:
        fit = associate(values[:, None], target, design)
        _require(fit.r, design)
        p, limits, r_limits = errors.of_number(values, fit, target, design)
        return [Estimate(float(fit.beta[0]), *limits, p), Estimate(float(fit.r[0]), *r_limits, p)]
    whole = yield from associate_category_in_steps(values[:, None], target, design)
    _require(whole.partial_eta_squared, design)
    share = float(whole.partial_eta_squared[0])
    p = errors.of_category(values, whole, target, design)
    if errors.robust:
        return [Estimate(share, neg_log10_p=p)]  # the noncentral F is of equal variances
    interval = share_interval(share, float(whole.dof_tested[0]), float(whole.dof[0]))
    return [Estimate(share, *interval, p, confidence=0.90)]


def _require(effect: FloatArray, design: Design) -> None:
    if np.isnan(effect[0]):
        raise InputError(
            f"the number is determined by the covariates ({listed(design.columns[1:])}), so no residual variance is "
            "left to test; leave some out"
        )


# --- saying --------------------------------------------------------------------------------------


def numbers(pair: LevelPair) -> dict[str, Json]:
    return {
        "kind": "category x number",
        "association": [one.numbers for one in pair.adjustments],
        "levels": _rows(pair),
        "tests": [test_numbers(test) for test in pair.difference.tests],
        "effects": [effect_numbers(effect) for effect in pair.difference.effects],
    }


def sentences(pair: LevelPair) -> list[str]:
    sizes = listed(
        f"{level} (n = {summary.n}, mean {number_text(summary.mean)}, median {number_text(summary.median)})"
        for level, summary in zip(pair.levels, pair.difference.summaries, strict=True)
    )
    said = [f"{pair.number.name} by {pair.category.name}: {sizes}."]
    said += [Answer(f"{'; '.join(test_text(test) for test in pair.difference.tests)}.")]
    effects = [
        f"{effect.name} = {estimate_text(effect)}" for effect in pair.difference.effects if np.isfinite(effect.value)
    ]
    if effects:
        said.append(f"Effect sizes: {'; '.join(effects)}.")
    first = pair.adjustments[0]
    if first.adjusted is not None:
        columns = listed(column for column in pair.design.columns if column != "intercept")
        symbol = "partial eta squared" if len(pair.levels) > 2 else f"difference {pair.levels[0]} less {pair.levels[1]}"
        said += [
            Answer(
                f"Adjusted for {listed(pair.covariates)} (analysis of covariance, columns: {columns}), the {symbol} is "
                f"{estimate_text(first.adjusted)}, {p_text(first.adjusted.neg_log10_p)}; unadjusted, in the same "
                f"subjects, {estimate_text(first.unadjusted)}, {p_text(first.unadjusted.neg_log10_p)}."
            ),
            "The model assumes that the covariates have the same slope at every level. Adjusted means are those of "
            "each level at the mean covariates of everybody.",
        ]
    said += pair.errors.sentences
    said.append(
        "Student's t and the analysis of variance assume equal variances, Welch's tests do not, and rank tests assume "
        "neither that nor normality. Intervals of d invert the noncentral t, those of eta squared (90 %, which "
        "excludes 0 exactly when p < 0.05) the noncentral F."
    )
    return said


def _exact(number: Phenotype, category: Phenotype, plain: Estimate, adjusted: Estimate | None) -> list[str]:
    """Say where the number does not vary within levels, so that there is nothing to compare their difference with."""
    if np.isnan(plain.neg_log10_p):
        return [
            f"{number.name} does not vary within the levels of {category.name}: t, F and their p are not defined, and "
            "only ranks can be compared."
        ]
    if adjusted is not None and np.isnan(adjusted.neg_log10_p):
        return [
            f"{number.name} follows exactly from {category.name} and the covariates: the adjusted test is not defined."
        ]
    return []


def _independent(errors: Errors) -> list[str]:
    if errors.related is None:
        return []
    return [
        f"Tests and effect sizes without covariates take subjects of the same {errors.related.name} for independent; "
        "the table of the association does not: its p and intervals are by family."
    ]


def _doubts(
    number: Phenotype, category: Phenotype, levels: Sequence[str], values: FloatArray, codes: IntArray
) -> list[str]:
    said = []
    counts = np.bincount(codes, minlength=len(levels))
    single = [level for level, n in zip(levels, counts.tolist(), strict=True) if n == 1]
    if single:
        said.append(
            f"{listed(single)} of {category.name} {'has' if len(single) == 1 else 'have'} a single subject: tests "
            "that need the variance of every level are omitted; choose a group without it for them."
        )
    small = [f"{level} ({n})" for level, n in zip(levels, counts.tolist(), strict=True) if 1 < n < _FEW]
    if small:
        said.append(f"Levels with few subjects: {listed(small)}; p-values then rely on normality.")
    spreads = np.array([values[codes == level].std(ddof=1) for level in range(len(levels)) if counts[level] > 1])
    if spreads.size and spreads.max() > _UNEQUAL * spreads.min():
        said.append(
            f"The standard deviations of {number.name} differ between levels ({spreads.min():.3g} to "
            f"{spreads.max():.3g}): prefer Welch's test, and interpret the adjusted result with caution."
        )
    tied = 1 - np.unique(values).size / values.size
    if tied > 0.5:
        said.append(
            f"{number.name} takes only {np.unique(values).size} different values in {values.size} subjects; the rank "
            "tests are corrected for ties."
        )
    return said


def views(cohort: Cohort, pair: LevelPair, title: str, chart: str) -> list[View]:
    values = pair.values
    x = pair.codes + jitter(pair.codes.astype(np.float64), values)
    label = _label(pair.number)
    series = tuple(
        PointSeries(
            level,
            colour,
            x[pair.codes == index].tolist(),
            values[pair.codes == index].tolist(),
            [cohort.subjects[subject] for subject in pair.subjects[pair.codes == index]],
        )
        for index, (level, colour) in enumerate(zip(pair.levels, _colours(pair), strict=True))
    )
    ticks = tuple((float(index), level) for index, level in enumerate(pair.levels))
    means = [
        f"{level} {number_text(float(sample.mean()))}" for level, sample in zip(pair.levels, pair.samples, strict=True)
    ]
    alt = f"{chart.capitalize()} plot of {title}. Means: {listed(means)}."
    return [
        PointsView("points", title, pair.category.name, label, series, None, _headline(pair), ticks),
        adjustment_view(pair.adjustments),
        TableView("levels", "By level", _columns(pair), tuple(_rows(pair))),
        *test_views(pair.difference.tests, pair.difference.effects),
        # A box shows the subjects beyond its whiskers.
        FigureView("levels_chart", f"{title}: {chart}", alt, of_subjects=chart == "box"),
    ]


def _columns(pair: LevelPair) -> tuple[Column, ...]:
    adjusted = () if pair.means is None else (Column("adjusted_mean", "Adjusted mean", "number"),)
    return (
        Column("level", pair.category.name),
        Column("n", "n", "integer"),
        Column("mean", "Mean", "number"),
        *adjusted,
        Column("sd", "SD", "number"),
        Column("median", "Median", "number"),
        Column("lower_quartile", "Lower quartile", "number", where="file"),
        Column("upper_quartile", "Upper quartile", "number", where="file"),
        Column("minimum", "Minimum", "number", where="file"),
        Column("maximum", "Maximum", "number", where="file"),
    )


def _rows(pair: LevelPair) -> list[dict[str, Json]]:
    rows: list[dict[str, Json]] = []
    for index, (level, summary) in enumerate(zip(pair.levels, pair.difference.summaries, strict=True)):
        row: dict[str, Json] = {"level": level, "n": summary.n}
        for key in ("mean", "sd", "minimum", "lower_quartile", "median", "upper_quartile", "maximum"):
            row[key] = finite(getattr(summary, key))
        if pair.means is not None:
            row["adjusted_mean"] = finite(pair.means[index])
        rows.append(row)
    return rows


def _label(number: Phenotype) -> str:
    return number.name + (f" ({number.units})" if number.units else "")


def _headline(pair: LevelPair) -> str:
    """The tests that do not assume equal variances, and the effect size, in a line."""
    chosen = [test for test in pair.difference.tests if test.compares in ("means", "ranks")]
    said = [test_text(test) for test in chosen if np.isfinite(test.neg_log10_p)]
    said += [f"{effect.name} = {estimate_text(effect)}" for effect in pair.difference.effects[:1]]
    return f"{'; '.join([*said, counted(pair.subjects.size, 'subject')])}."


def _colours(pair: LevelPair) -> tuple[str, ...]:
    n = len(pair.levels)
    return GROUP_COLOURS[:n] if n <= len(GROUP_COLOURS) else network_colours(n)


# --- drawing -------------------------------------------------------------------------------------


def draw(pair: LevelPair, title: str, chart: str, theme: Literal["light", "dark"]) -> dict[str, Figure]:
    from imagenomer.figures.chart import with_n
    from imagenomer.figures.comparison import levels_figure

    names = [with_n(level, sample.size) for level, sample in zip(pair.levels, pair.samples, strict=True)]
    return {
        "levels_chart": levels_figure(
            list(zip(names, _colours(pair), pair.samples, strict=True)),
            kind=chart,
            title=title,
            x_label=_label(pair.number),
            note=_headline(pair),
            theme=theme,
        ),
    }
