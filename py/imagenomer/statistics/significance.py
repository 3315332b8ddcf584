"""Tests and effect sizes, as numbers with the names that they go by."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    name: str
    symbol: str
    statistic: float
    dof: tuple[float, ...]
    neg_log10_p: float

    @property
    def p_value(self) -> float:
        """The probability itself; 0 where it is below the smallest double."""
        return float(10**-self.neg_log10_p)


@dataclass(frozen=True, slots=True)
class EffectSize:
    """How large a difference is, with its confidence interval (NaN limits where there is none)."""

    name: str
    value: float
    lower: float
    upper: float
    confidence: float
