"""The result of a network association."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagenomer.analyses.shared.edge_fits import Fit, SpreadTest
from imagenomer.analyses.shared.inference import BY_P, Decision, judge_by_p
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.plan import Plan
from imagenomer.analyses.shared.sample import Sample, counted
from imagenomer.statistics.correction import n_tests
from imagenomer.statistics.networks import Enrichment
from imagenomer.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class NetworkAssociation:
    """A linear model of the mean edge of each pair of networks.

    Attributes
    ----------
    sample : Sample
    model : Model
    pairs : tuple of pairs of str
        Networks, in display order; a network with itself among them.
    n_edges : ndarray, shape (n_pairs,)
    fit : Correlation or CategoryAssociation
        Of the means, exact.
    decision : Decision
        Over pairs.
    unadjusted : Correlation, CategoryAssociation or None
        Of the same means without the covariates; None where there are none.
    edge_effect : ndarray, shape (n_pairs,)
        Mean effect of the single edges of each pair.
    n_incomplete : int
        Edges with missing values, of any network.
    n_beyond : ndarray, shape (n_pairs,)
        Edges of each pair beyond ``threshold``.
    threshold : float
        Of ``|t|`` or F of an edge.
    enriched : Enrichment or None
        None where that was not asked for.
    plan : Plan
    ancestry : tuple of str
        How the components of ancestry among the covariates were computed.
    spread : SpreadTest or None
        Whether the spread of subjects varies with what is tested; None where unequal variances are allowed.
    """

    sample: Sample
    model: Model
    pairs: tuple[tuple[str, str], ...]
    n_edges: IntArray
    fit: Fit
    decision: Decision
    unadjusted: Fit | None
    edge_effect: FloatArray
    n_incomplete: int
    n_beyond: IntArray
    threshold: float
    enriched: Enrichment | None
    plan: Plan
    ancestry: tuple[str, ...]
    spread: SpreadTest | None

    @property
    def n_tested(self) -> int:
        """Pairs that could be tested."""
        return n_tests(self.fit.p_value)

    @property
    def n_enriched(self) -> int | None:
        """Pairs with more edges beyond the threshold than by chance; None where that was not asked for."""
        if self.enriched is None:
            return None
        return int(np.count_nonzero(self.enriched.adjusted_p <= self.decision.alpha))

    @property
    def comparison(self) -> dict[str, int]:
        """How many pairs adjustment loses and gains by the same rule; empty where nothing is adjusted for."""
        decision = self.decision
        if self.unadjusted is None or decision.correction not in BY_P:
            return {}
        before = judge_by_p(self.unadjusted.neg_log10_p, decision.correction, decision.alpha).significant
        after = decision.significant
        return {
            "n_significant_unadjusted": int(np.count_nonzero(before)),
            "n_lost": int(np.count_nonzero(before & ~after)),
            "n_gained": int(np.count_nonzero(after & ~before)),
        }

    @property
    def note(self) -> str:
        """What every figure of this result says below it."""
        adjusted = f"; adjusted for {self.model.adjusted_for}" if self.model.adjusted_for else ""
        return (
            f"{self.sample.note}{adjusted}\n"
            f"{self.decision.n_significant:,} of {counted(self.n_tested, 'pair')} significant "
            f"({self.decision.correction_name}, alpha {self.decision.alpha:g})"
        )
