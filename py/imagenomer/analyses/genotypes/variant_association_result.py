"""What variant association computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from imagenomer.analyses.shared.genotyped import GenotypeSample
from imagenomer.analyses.shared.plan import Plan
from imagenomer.genotypes import GenotypeCounts, VariantQuality
from imagenomer.statistics.correction import Method, n_tests, p_threshold
from imagenomer.statistics.design import Design
from imagenomer.statistics.variant_results import VariantAssociation
from imagenomer.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class VariantSelection:
    """Which variants are tested.

    Attributes
    ----------
    chromosomes : ndarray of int, shape (n_variants,)
        Numbers of the chromosomes.
    untestable : tuple of (ndarray of bool, str)
        Variants that are not tested whatever their genotypes, and why; no variant twice.
    quality : VariantQuality
    """

    chromosomes: IntArray
    untestable: tuple[tuple[BoolArray, str], ...]
    quality: VariantQuality

    @property
    def testable(self) -> BoolArray:
        """Shape (n_variants,)."""
        return np.asarray(~np.any([which for which, _ in self.untestable], axis=0))

    @property
    def kept(self) -> BoolArray:
        """Testable variants that pass all filters, shape (n_variants,)."""
        return self.testable & self.quality.kept

    @property
    def n_failing(self) -> tuple[int, int, int]:
        """Testable variants missing too often, too rare, or out of Hardy-Weinberg proportions; each counted once."""
        quality = self.quality
        too_missing = self.testable & quality.too_missing
        too_rare = self.testable & quality.too_rare & ~too_missing
        off = self.testable & ~quality.kept & ~too_missing & ~too_rare
        return int(too_missing.sum()), int(too_rare.sum()), int(off.sum())


@dataclass(frozen=True, slots=True, eq=False)
class VariantTests:
    """Tests of every variant for association with a phenotype.

    Arrays over variants are NaN (False, 0) where a variant was not tested.

    Attributes
    ----------
    sample : GenotypeSample
    level : str or None
        The level whose odds are modelled; None for a number.
    target : ndarray, shape (n_subjects,)
    design : Design
        Intercept, covariates and ancestry components.
    ancestry_sentences : tuple of str
    counts : GenotypeCounts
        Of these subjects.
    selection : VariantSelection
    untested : tuple of (int, str)
        Variants that pass the filters and could not be tested, by reason.
    fit : VariantAssociation
        Of all variants.
    lower, upper : ndarray, shape (n_terms, n_variants)
        95 % confidence interval of each coefficient.
    neg_log10_p, neg_log10_p_adjusted : ndarray, shape (n_variants,)
    significant : ndarray of bool, shape (n_variants,)
    plan : Plan or None
        How subjects were permuted; None where p-values sufficed.
    limit : float or None
        What ``|t|`` must then exceed; None if nothing can be significant.
    inflation : float
    strongest : ndarray
        Variants to list, strongest first.
    shown : int
        The variant that is looked at.
    """

    sample: GenotypeSample
    level: str | None
    target: FloatArray
    design: Design
    ancestry_sentences: tuple[str, ...]
    counts: GenotypeCounts
    selection: VariantSelection
    untested: tuple[tuple[int, str], ...]
    fit: VariantAssociation
    lower: FloatArray
    upper: FloatArray
    neg_log10_p: FloatArray
    neg_log10_p_adjusted: FloatArray
    significant: BoolArray
    plan: Plan | None
    limit: float | None
    inflation: float
    strongest: IntArray
    shown: int

    @property
    def logistic(self) -> bool:
        return self.level is not None

    @property
    def n_tests(self) -> int:
        return n_tests(self.neg_log10_p)

    @property
    def n_significant(self) -> int:
        return int(np.count_nonzero(self.significant))

    def p_threshold(self, correction: str, alpha: float) -> float | None:
        """Return the p-value at or below which a variant is significant; None where the correction sets none."""
        if self.plan is not None:
            return None  # |t| decides, and p depends on how many subjects have a variant too
        # Bonferroni's is fixed beforehand; the others' follow from what is significant, so without that there is none.
        if not self.n_tests or not (correction == "bonferroni" or self.significant.any()):
            return None
        return p_threshold(self.neg_log10_p, cast("Method", correction), alpha)

    @property
    def effect(self) -> FloatArray:
        """Partial correlation of a linear model, Wald's z of a logistic one; shape (n_variants,)."""
        statistic = self.fit.terms[0].statistic
        if self.logistic:
            return statistic
        with np.errstate(invalid="ignore"):
            return np.asarray(statistic / np.sqrt(statistic**2 + self.fit.dof))
