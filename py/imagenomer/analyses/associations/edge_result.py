"""The result of an edge association, and what adjustment changed of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.edge_fits import Fit, SpreadTest, effect_of, observed_name
from imagenomer.analyses.shared.inference import Decision
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.plan import Plan
from imagenomer.analyses.shared.sample import Sample, counted
from imagenomer.cohort import Cohort
from imagenomer.statistics.correction import n_tests
from imagenomer.types import BoolArray, Cell, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class UnadjustedFit:
    """The same question to the same subjects without the covariates.

    Attributes
    ----------
    fit : Correlation or CategoryAssociation
        Exact for the edges that are listed.
    significant : ndarray of bool, shape (n_edges,), or None
        By the same correction or, where subjects are permuted for max-T, by the p-value that it found; None for
        NBS and TFCE, which have no such rule.
    """

    fit: Fit
    significant: BoolArray | None


@dataclass(frozen=True, slots=True, eq=False)
class EdgeAssociation:
    """A linear model of every edge.

    Attributes
    ----------
    sample : Sample
    model : Model
    fit : Correlation or CategoryAssociation
        Exact for the edges in ``strongest`` and for all whose decision is close, else to 5e-6 in r.
    decision : Decision
    strongest : ndarray, shape (n_listed,)
        Edges to list, strongest first.
    unadjusted : UnadjustedFit or None
        None where there are no covariates.
    plan : Plan
    ancestry : tuple of str
        How the components of ancestry among the covariates were computed.
    spread : SpreadTest or None
        Where equal variances are assumed: whether the spread of subjects varies with what is tested.
    """

    sample: Sample
    model: Model
    fit: Fit
    decision: Decision
    strongest: IntArray
    unadjusted: UnadjustedFit | None
    plan: Plan
    ancestry: tuple[str, ...]
    spread: SpreadTest | None = None

    @property
    def n_tested(self) -> int:
        """Edges that could be tested."""
        return n_tests(self.fit.p_value)

    @property
    def n_untested(self) -> int:
        return self.fit.p_value.size - self.n_tested

    @property
    def n_incomplete(self) -> int:
        """Edges that some subjects do not have."""
        return int(np.count_nonzero(self.fit.n_subjects < self.sample.n_subjects))

    @property
    def n_nominal(self) -> int:
        """Edges with an uncorrected p below 0.05."""
        return int(np.count_nonzero(self.fit.p_value < 0.05))

    def title(self, cohort: Cohort) -> str:
        return f"{self.model.name} and {observed_name(cohort, self.sample)}"

    @property
    def note(self) -> str:
        """What every figure of this result says below it."""
        adjusted = f"; adjusted for {self.model.adjusted_for}" if self.model.adjusted_for else ""
        noun = "sign flips" if self.model.question.robust else "permutations"
        permuted = "" if self.decision.permuted is None else f", {self.plan.n_used:,} {noun}"
        return (
            f"{self.sample.note}{adjusted}\n"
            f"{self.decision.n_significant:,} of {counted(self.n_tested, 'edge')} significant "
            f"({self.decision.correction_name}, alpha {self.decision.alpha:g}{permuted})"
        )

    @property
    def adjustment(self) -> AdjustedMap | None:
        """What adjustment changed; None where nothing is adjusted for."""
        return None if self.unadjusted is None else AdjustedMap.of(self, self.unadjusted)


@dataclass(frozen=True, slots=True)
class AdjustedMap:
    """The adjusted and the unadjusted map side by side.

    Attributes
    ----------
    spatial_correlation : float or None
        Of both maps over edges; None where one does not vary.
    median_effect, median_effect_unadjusted : float or None
        Of the magnitudes; None where no edge has both.
    n_significant_unadjusted, n_lost, n_gained : int or None
        Edges significant without the covariates, those of them that are not with them, and those that are only with
        them; None for corrections that are not repeated.
    """

    spatial_correlation: float | None
    median_effect: float | None
    median_effect_unadjusted: float | None
    n_significant_unadjusted: int | None
    n_lost: int | None
    n_gained: int | None

    @classmethod
    def of(cls, result: EdgeAssociation, unadjusted: UnadjustedFit) -> AdjustedMap:
        after, before = effect_of(result.fit), effect_of(unadjusted.fit)
        both = np.isfinite(after) & np.isfinite(before)
        varies = both.any() and np.ptp(after[both]) > 0 and np.ptp(before[both]) > 0
        found, other = result.decision.significant, unadjusted.significant
        return cls(
            float(np.corrcoef(after[both], before[both])[0, 1]) if varies else None,
            float(np.median(np.abs(after[both]))) if both.any() else None,
            float(np.median(np.abs(before[both]))) if both.any() else None,
            None if other is None else int(np.count_nonzero(other)),
            None if other is None else int(np.count_nonzero(other & ~found)),
            None if other is None else int(np.count_nonzero(found & ~other)),
        )

    @property
    def numbers(self) -> dict[str, Cell]:
        """As `Report.numbers` has it."""
        numbers: dict[str, Cell] = {
            "spatial_correlation": self.spatial_correlation,
            "median_effect": self.median_effect,
            "median_effect_unadjusted": self.median_effect_unadjusted,
        }
        if self.n_significant_unadjusted is not None:
            numbers |= {
                "n_significant_unadjusted": self.n_significant_unadjusted,
                "n_lost": self.n_lost,
                "n_gained": self.n_gained,
            }
        return numbers
