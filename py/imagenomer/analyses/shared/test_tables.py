"""Tests and effect sizes in words, numbers and tables; and a result beside the same one adjusted for covariates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.contract import Column, TableView
from imagenomer.jsonable import finite
from imagenomer.statistics.significance import EffectSize, SignificanceTest
from imagenomer.types import Json
from imagenomer.wording import minus

NOT_DEFINED = float("nan")

_TEST_COLUMNS = (
    Column("name", "Test"),
    Column("symbol", "Statistic"),
    Column("statistic", "Value", "mixed"),
    Column("dof", "Degrees of freedom"),
    Column("p_value", "p", "p"),
    Column("neg_log10_p", "−log10 p", "number", where="file"),
)
_EFFECT_COLUMNS = (
    Column("name", "Effect size"),
    Column("value", "Value", "mixed"),
    Column("confidence", "Confidence", "number"),
    Column("lower", "Interval from", "mixed"),
    Column("upper", "to", "mixed"),
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantity with its confidence interval and its test; NaN where there is none."""

    value: float
    lower: float = NOT_DEFINED
    upper: float = NOT_DEFINED
    neg_log10_p: float = NOT_DEFINED
    confidence: float = 0.95

    @property
    def p_value(self) -> float:
        return float(10**-self.neg_log10_p)


@dataclass(frozen=True, slots=True)
class AdjustedEstimate:
    """A quantity without covariates, and with them (None where there are none) in the same subjects."""

    name: str
    unadjusted: Estimate
    adjusted: Estimate | None = None

    @property
    def numbers(self) -> dict[str, Json]:
        """As `Report.numbers` and the table have it."""
        numbers: dict[str, Json] = {"name": self.name, **_estimate_numbers(self.unadjusted, "")}
        if self.adjusted is not None:
            numbers |= _estimate_numbers(self.adjusted, "adjusted_")
            numbers["difference"] = finite(self.adjusted.value - self.unadjusted.value)
        return numbers


def adjustment_view(adjustments: Sequence[AdjustedEstimate]) -> TableView:
    """Return the table of estimates: unadjusted, adjusted and their difference side by side."""
    compared = any(one.adjusted is not None for one in adjustments)
    columns = [Column("name", "Association"), *_estimate_columns("", "Unadjusted" if compared else "Value")]
    if compared:
        columns += _estimate_columns("adjusted_", "Adjusted")
        columns.append(Column("difference", "Adjusted minus unadjusted", "mixed"))
    keys = {column.key for column in columns}
    rows = tuple({**dict.fromkeys(keys), **one.numbers} for one in adjustments)
    return TableView("association", "Association", tuple(columns), rows)


def _estimate_columns(prefix: str, title: str) -> list[Column]:
    return [
        Column(f"{prefix}value", title, "mixed"),
        Column(f"{prefix}interval", "Confidence interval", where="page"),
        Column(f"{prefix}lower", f"{title}: from", "number", where="file"),
        Column(f"{prefix}upper", f"{title}: to", "number", where="file"),
        Column(f"{prefix}confidence", f"{title}: confidence", "number", where="file"),
        Column(f"{prefix}p_value", "p" if not prefix else "p adjusted", "p"),
        Column(f"{prefix}neg_log10_p", f"{title}: −log10 p", "number", where="file"),
    ]


def _estimate_numbers(estimate: Estimate, prefix: str) -> dict[str, Json]:
    return {
        f"{prefix}value": finite(estimate.value),
        f"{prefix}lower": finite(estimate.lower),
        f"{prefix}upper": finite(estimate.upper),
        f"{prefix}interval": interval_text(estimate) or None,
        f"{prefix}confidence": estimate.confidence if np.isfinite(estimate.lower) else None,
        f"{prefix}p_value": finite(estimate.p_value),
        f"{prefix}neg_log10_p": finite(estimate.neg_log10_p),
    }


# --- words ---------------------------------------------------------------------------------------


def p_text(neg_log10_p: float) -> str:
    """Return a p-value for a sentence, as its logarithm where it is below the smallest double."""
    if np.isnan(neg_log10_p):
        return "p not defined"
    p_value = 10**-neg_log10_p
    return f"p = {p_value:.3g}" if p_value > 0 else f"−log10 p = {neg_log10_p:.1f}"


def interval_text(estimate: Estimate | EffectSize) -> str:
    """Return the limits with their confidence; "" where there are none."""
    if not np.isfinite(estimate.lower):
        return ""
    return f"{number_text(estimate.lower)} to {number_text(estimate.upper)} ({100 * estimate.confidence:.0f} %)"


def estimate_text(estimate: Estimate | EffectSize) -> str:
    """Return a value with its interval for a sentence, or "not defined"."""
    interval = "" if np.isnan(estimate.value) else interval_text(estimate)
    return number_text(estimate.value) + (f", confidence interval {interval}" if interval else "")


def number_text(value: float, format: str = ".4g") -> str:
    """Return a number for a sentence, with a real minus sign, or "not defined"."""
    return "not defined" if np.isnan(value) else minus(f"{value:{format}}")


def test_text(test: SignificanceTest) -> str:
    """Return a test for a sentence: "Welch's t: t(63.5) = 2.268, p = 0.0267"."""
    dof = f"({dof_text(test)})" if test.dof else ""
    symbol = {"chi2": "chi-squared"}.get(test.symbol, test.symbol)
    # A count of pairs, of which ties are halves.
    value = number_text(test.statistic, ",.1f" if test.symbol == "U" else ".3f")
    statistic = f"{symbol}{dof} = {value}, " if np.isfinite(test.statistic) else ""
    return f"{test.name}: {statistic}{p_text(test.neg_log10_p)}"


def dof_text(test: SignificanceTest) -> str:
    return ", ".join(f"{value:.1f}".removesuffix(".0") for value in test.dof)


# --- tables --------------------------------------------------------------------------------------


def test_numbers(test: SignificanceTest) -> dict[str, Json]:
    """Return a test as `Report.numbers` has it."""
    return {
        "name": test.name,
        "symbol": test.symbol,
        "statistic": finite(test.statistic),
        "dof": [finite(value) for value in test.dof],
        "p_value": finite(test.p_value),
        "neg_log10_p": finite(test.neg_log10_p),
    }


def effect_numbers(effect: EffectSize) -> dict[str, Json]:
    """Return an effect size as `Report.numbers` has it."""
    return {
        "name": effect.name,
        "value": finite(effect.value),
        "lower": finite(effect.lower),
        "upper": finite(effect.upper),
        "confidence": finite(effect.confidence),
    }


def test_views(tests: Iterable[SignificanceTest], effects: Iterable[EffectSize]) -> list[TableView]:
    """Return the tables of tests and of effect sizes, without those that would be empty."""
    test_rows = tuple({**test_numbers(test), "dof": dof_text(test)} for test in tests)
    effect_rows = tuple(effect_numbers(effect) for effect in effects)
    views = [
        TableView("tests", "Tests of no difference", _TEST_COLUMNS, test_rows),
        TableView("effects", "Effect sizes", _EFFECT_COLUMNS, effect_rows),
    ]
    return [view for view in views if view.rows]
