"""Errors of estimates of a pair of phenotypes: of equal variances, of unequal ones, or by families."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.families import family_codes
from imagenomer.analyses.shared.sample import counted
from imagenomer.cohort import Phenotype
from imagenomer.statistics.adjustment import Association, CategoryAssociation
from imagenomer.statistics.correlation import Kind, fisher_interval
from imagenomer.statistics.design import Design, Term
from imagenomer.statistics.unequal_variance import RobustCorrelation, associate_unequal
from imagenomer.types import FloatArray, IntArray

_Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """How standard errors are made.

    Attributes
    ----------
    unequal : bool
        By HC3, which allows unequal variances.
    related : Phenotype or None
        By clusters: who has the same value is related. That allows unequal variances too.
    subjects : ndarray of int, shape (n_subjects,)
    """

    unequal: bool
    related: Phenotype | None
    subjects: IntArray

    @property
    def robust(self) -> bool:
        return self.unequal or self.related is not None

    @property
    def families(self) -> IntArray | None:
        """The family of each subject; None where nothing says who is related."""
        return None if self.related is None else family_codes(self.related, self.subjects)

    @property
    def sentences(self) -> list[str]:
        """How errors were made; nothing where variances are taken to be equal."""
        families = self.families
        if self.related is not None and families is not None:
            return [
                f"Subjects of the same {self.related.name} are related "
                f"({counted(int(families.max()) + 1, 'family', 'families')}): intervals and p of estimates are by "
                "cluster-robust errors (CR3, Bell and McCaffrey 2002, with their degrees of freedom), which allow "
                "unequal variances too."
            ]
        if self.unequal:
            return [
                "Variances may differ between subjects: intervals and p of estimates are by HC3 (MacKinnon and White "
                "1985), with degrees of freedom by Satterthwaite (Bell and McCaffrey 2002)."
            ]
        return []

    def of_number(
        self, values: FloatArray, fit: Association, target: Term, design: Design, kind: Kind = "pearson"
    ) -> tuple[float, _Interval, _Interval]:
        """Return -log10 p of a fit of some values, and the intervals of its slope and of its r."""
        neg_log10_p, widening = fit.neg_log10_p, np.ones(1)
        if self.robust:
            robust = associate_unequal(values[:, None], target, design, self.families)
            assert isinstance(robust, RobustCorrelation)
            neg_log10_p, widening = robust.neg_log10_p, robust.widening()
        slopes = tuple(float((fit.beta + (limit - fit.beta) * widening)[0]) for limit in fit.interval())
        # Each adjusted column costs a degree of freedom.
        low, high = fisher_interval(fit.r, fit.dof + 2, kind=kind, spread=widening)
        return float(neg_log10_p[0]), (slopes[0], slopes[1]), (float(low[0]), float(high[0]))

    def of_category(self, values: FloatArray, whole: CategoryAssociation, target: Term, design: Design) -> float:
        """Return -log10 p of a fit of some values to several columns."""
        if not self.robust:
            return float(whole.neg_log10_p[0])
        return float(associate_unequal(values[:, None], target, design, self.families).neg_log10_p[0])
