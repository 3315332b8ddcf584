"""Tests and effect sizes, as numbers with the names that they go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SignificanceTest:
    """A test of no difference.

    Attributes
    ----------
    name : str
    symbol : str
        What the statistic is called: t, F, U, H, "chi2"; "odds ratio" for Fisher's exact test.
    statistic : float
    dof : tuple of float
        Empty, one, or two degrees of freedom.
    neg_log10_p : float
        -log10 of the p-value, which is two-sided where the statistic has two sides; NaN where the test is not defined.
    compares : {"means", "means, variances pooled", "ranks", "counts", "counts, exactly"}
        What is the same under the null hypothesis. Means are compared without assuming equal variances unless it says
        so.
    """

    name: str
    symbol: str
    statistic: float
    dof: tuple[float, ...]
    neg_log10_p: float
    compares: Literal["means", "means, variances pooled", "ranks", "counts", "counts, exactly"]

    @property
    def p_value(self) -> float:
        """The probability itself; 0 where it is below the smallest double."""
        return float(10**-self.neg_log10_p)


@dataclass(frozen=True, slots=True)
class EffectSize:
    """How large a difference is.

    Attributes
    ----------
    name, symbol : str
        In full, and in a formula.
    value : float
    lower, upper : float
        Confidence interval; NaN where there is none.
    confidence : float
        Its level.
    headline : bool
        Whether it is the one to give where there is room for one.
    """

    name: str
    symbol: str
    value: float
    lower: float
    upper: float
    confidence: float
    headline: bool = False
