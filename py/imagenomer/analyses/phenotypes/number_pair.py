"""Two numbers: their association, with and without covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagenomer.analyses.contract import Answer, PointSeries, PointsView, View
from imagenomer.analyses.phenotypes.errors import Errors
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.linear_model import as_ranks, require_variation
from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.analyses.shared.test_tables import (
    AdjustedEstimate,
    Estimate,
    adjustment_view,
    estimate_text,
    number_text,
    p_text,
)
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.figures.palette import GROUP_COLOURS
from imagenomer.statistics.adjustment import associate
from imagenomer.statistics.comparison import Line, fit_line
from imagenomer.statistics.correlation import Kind
from imagenomer.statistics.design import Design, build_design, code
from imagenomer.statistics.orthonormal import residuals
from imagenomer.types import FloatArray, IntArray, Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: With fewer subjects than this, p-values rely on normality.
_FEW = 10
#: Pearson and Spearman this far apart suggest a curve or a few extreme values.
_APART = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class NumberPair:
    """Two numbers of the same subjects.

    Attributes
    ----------
    x, y : Phenotype
    subjects : ndarray, shape (n_subjects,)
    covariates : tuple of str
        Those in the model: they vary, and do not follow from others.
    adjustments : tuple of AdjustedEstimate
        Pearson's r, Spearman's rho, and the slope of y on x.
    design : Design
    errors : Errors
    warnings : tuple of str
    """

    x: Phenotype
    y: Phenotype
    subjects: IntArray
    covariates: tuple[str, ...]
    adjustments: tuple[AdjustedEstimate, ...]
    design: Design
    errors: Errors
    warnings: tuple[str, ...]

    @property
    def values(self) -> tuple[FloatArray, FloatArray]:
        return tuple(np.asarray(one.values[self.subjects], dtype=np.float64) for one in (self.x, self.y))  # type: ignore[return-value]


def compare(
    x: Phenotype, y: Phenotype, covariates: Sequence[Phenotype], subjects: IntArray, errors: Errors
) -> NumberPair:
    """Correlate two numbers; raise `InputError` where one does not vary or there are too few subjects."""
    for one in (x, y):
        require_variation(one, None, one.values[subjects].astype(np.float64))
    plain, design = build_design([], subjects), build_design(covariates, subjects)
    x_ranks, y_ranks, *ranked = (as_ranks(one, subjects) for one in (x, y, *covariates))
    pearson, slope = _estimates(x, y, plain, errors, "pearson")
    spearman, _ = _estimates(x_ranks, y_ranks, plain, errors, "spearman")
    partial_r: Estimate | None = None
    partial_rho, partial_slope = partial_r, partial_r
    used = design.used_of(one.name for one in covariates)
    if used:
        partial_r, partial_slope = _estimates(x, y, design, errors, "pearson")
        partial_rho, _ = _estimates(x_ranks, y_ranks, build_design(ranked, subjects), errors, "spearman")
    adjustments = (
        AdjustedEstimate("Pearson's r", pearson, partial_r),
        AdjustedEstimate("Spearman's rho", spearman, partial_rho),
        AdjustedEstimate(_slope_name(x, y), slope, partial_slope),
    )
    warnings = (
        *design_warnings(design.findings),
        *_exact(x, y, pearson, partial_r),
        *_doubts(pearson.value, spearman.value, subjects.size),
    )
    return NumberPair(x, y, subjects, used, adjustments, design, errors, warnings)


def _estimates(x: Phenotype, y: Phenotype, design: Design, errors: Errors, kind: Kind) -> tuple[Estimate, Estimate]:
    """Return the (partial) correlation and the slope."""
    values, target = y.values[errors.subjects].astype(np.float64), code(x, errors.subjects)
    fit = associate(values[:, None], target, design)
    if np.isnan(fit.r[0]):
        raise InputError(
            f"{y.name} is determined by the covariates, so no residual variance is left to test; leave some out"
        )
    p, slopes, limits = errors.of_number(values, fit, target, design, kind)
    return Estimate(float(fit.r[0]), *limits, p), Estimate(float(fit.beta[0]), *slopes, p)


def _slope_name(x: Phenotype, y: Phenotype) -> str:
    return f"Slope: {y.units or 'units'} of {y.name} for each {x.units or 'unit'} of {x.name}"


# --- saying --------------------------------------------------------------------------------------


def numbers(pair: NumberPair) -> dict[str, Json]:
    return {"kind": "number x number", "association": [one.numbers for one in pair.adjustments], "dof": pair_dof(pair)}


def pair_dof(pair: NumberPair) -> int:
    return int(pair.subjects.size - pair.design.rank - 1)


def sentences(pair: NumberPair) -> list[str]:
    pearson, spearman, _ = pair.adjustments
    said: list[str] = [
        Answer(
            f"Pearson's r of {pair.x.name} and {pair.y.name} is {estimate_text(pearson.unadjusted)}, with "
            f"{pair.subjects.size - 2} degrees of freedom, {p_text(pearson.unadjusted.neg_log10_p)}; Spearman's rho is "
            f"{estimate_text(spearman.unadjusted)}, {p_text(spearman.unadjusted.neg_log10_p)}."
        )
    ]
    if pearson.adjusted and spearman.adjusted:
        columns = listed(column for column in pair.design.columns if column != "intercept")
        said += [
            Answer(
                f"Adjusted for {listed(pair.covariates)} (columns of the model: {columns}), the partial r is "
                f"{estimate_text(pearson.adjusted)}, with {pair_dof(pair)} degrees of freedom, "
                f"{p_text(pearson.adjusted.neg_log10_p)}; the partial rho is {estimate_text(spearman.adjusted)}, "
                f"{p_text(spearman.adjusted.neg_log10_p)}."
            ),
            "Both are of the same subjects, so any change is due to the adjustment.",
        ]
    said += pair.errors.sentences
    said.append(
        "Pearson's r and the slope assume a linear relation, Spearman's rho only a monotonic one; intervals of r are "
        "by Fisher's z, those of rho by Bonett and Wright."
    )
    return said


def _exact(x: Phenotype, y: Phenotype, plain: Estimate, partial: Estimate | None) -> list[str]:
    """Say where all subjects lie on the line, so that there is nothing to compare the slope with."""
    if np.isnan(plain.neg_log10_p):
        return [f"{y.name} follows exactly from {x.name}: no spread is left, so t and p are not defined."]
    if partial is not None and np.isnan(partial.neg_log10_p):
        return [
            f"{y.name} follows exactly from {x.name} and the covariates: no spread is left, so the adjusted t and p "
            "are not defined."
        ]
    return []


def _doubts(pearson: float, spearman: float, n: int) -> list[str]:
    said = []
    if n < _FEW:
        said.append(f"Only {counted(n, 'subject')}: p-values rely on normality.")
    if abs(pearson - spearman) > _APART:
        both = f"Pearson's r ({number_text(pearson, '.2f')}) and Spearman's rho ({number_text(spearman, '.2f')})"
        said.append(f"{both} differ: a few extreme values, or a curve, may carry the association; look at the points.")
    return said


def views(cohort: Cohort, pair: NumberPair, title: str) -> list[View]:
    x, y = pair.values
    line = fit_line(x, y)
    shown: list[View] = [_points(cohort, pair, "scatter", title, x, y, line, (_label(pair.x), _label(pair.y)))]
    shown.append(adjustment_view(pair.adjustments))
    if pair.covariates:
        x, y, line, labels = _residuals(pair)
        shown.insert(1, _points(cohort, pair, "adjusted", f"{title}, adjusted", x, y, line, labels))
    return shown


def _points(
    cohort: Cohort,
    pair: NumberPair,
    name: str,
    title: str,
    x: FloatArray,
    y: FloatArray,
    line: Line,
    labels: tuple[str, str],
) -> PointsView:
    series = PointSeries(
        "Subjects", GROUP_COLOURS[0], x.tolist(), y.tolist(), [cohort.subjects[index] for index in pair.subjects]
    )
    return PointsView(name, title, *labels, (series,), line.ends, _caption(pair, name == "adjusted"))


def _residuals(pair: NumberPair) -> tuple[FloatArray, FloatArray, Line, tuple[str, str]]:
    """Return the residuals of both given the covariates, their line (of adjusted slope) and axis labels."""
    x, y = (residuals(values, pair.design.basis) for values in pair.values)
    given = f"residuals given {listed(pair.covariates)}"
    labels = f"{_label(pair.x)}, {given}", f"{_label(pair.y)}, {given}"
    return x, y, fit_line(x, y, n_adjusted=pair.design.rank - 1), labels


def _label(phenotype: Phenotype) -> str:
    return phenotype.name + (f" ({phenotype.units})" if phenotype.units else "")


def _caption(pair: NumberPair, adjusted: bool) -> str:
    pearson = pair.adjustments[0]
    estimate = pearson.adjusted if adjusted and pearson.adjusted else pearson.unadjusted
    symbol = f"Partial r given {listed(pair.covariates)}" if adjusted else "Pearson's r"
    n = counted(pair.subjects.size, "subject")
    return f"{symbol} = {estimate_text(estimate)}; {p_text(estimate.neg_log10_p)}; {n}."


# --- drawing -------------------------------------------------------------------------------------


def draw(pair: NumberPair, title: str, theme: Literal["light", "dark"]) -> dict[str, Figure]:
    from imagenomer.figures.comparison import line_figure

    def figure(name: str, title: str, x: FloatArray, y: FloatArray, line: Line, labels: tuple[str, str]) -> Figure:
        note = f"{_caption(pair, name == 'adjusted')} The band is the pointwise 95 % confidence band of the line"
        note += ", for equal variances and independent subjects." if pair.errors.robust else "."
        return line_figure(x, y, line, title=title, x_label=labels[0], y_label=labels[1], note=note, theme=theme)

    x, y = pair.values
    figures = {"scatter": figure("scatter", title, x, y, fit_line(x, y), (_label(pair.x), _label(pair.y)))}
    if pair.covariates:
        figures["adjusted"] = figure("adjusted", f"{title}, adjusted", *_residuals(pair))
    return figures
