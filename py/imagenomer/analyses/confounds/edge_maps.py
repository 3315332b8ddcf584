"""Maps of a confound report: how every edge is associated with the target or a candidate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imagenomer.analyses.confounds.subjects import Pair, Subjects, adjusted_model, candidate_model
from imagenomer.analyses.shared.edge_fits import Features, effect_of, features_of, fit_edges, fit_exactly, observed
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.sample import Sample
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import adjust_moments
from imagenomer.statistics.column_moments import weighted_sum
from imagenomer.statistics.correction import p_threshold
from imagenomer.statistics.design import directions_of
from imagenomer.statistics.overlap import strongest
from imagenomer.statistics.tails import neg_log10_p_of_share
from imagenomer.types import BoolArray, FloatArray

#: Where fewer edges are significant, this share of the strongest is compared instead.
TOP_SHARE, FEWEST_COMPARED = 0.01, 20


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMap:
    """How every edge is associated with something.

    Attributes
    ----------
    effect : ndarray, shape (n_edges,)
        r, or eta where several columns are tested; partial where there are covariates; NaN where not tested.
    signed : bool
    significant : ndarray of bool, shape (n_edges,)
        Bonferroni.
    n_tested : int
    strongest : int
        The edge of the largest effect.
    strongest_effect : float
        Its exact effect.
    """

    effect: FloatArray
    signed: bool
    significant: BoolArray
    n_tested: int
    strongest: int
    strongest_effect: float

    @property
    def n_significant(self) -> int:
        return int(np.count_nonzero(self.significant))


def edge_map(cohort: Cohort, sample: Sample, features: Features, model: Model, alpha: float) -> Steps[EdgeMap]:
    """Fit every edge; exact where a decision is close, but to 5e-6 for a category of several levels."""
    if model.n_tested == 1:
        fit = yield from fit_edges(cohort, sample, features, model, "bonferroni", alpha)
        effect, neg_log10_p = effect_of(fit), fit.neg_log10_p
    else:
        effect, neg_log10_p = yield from _eta(features, model)
    tested = np.isfinite(neg_log10_p)
    n_tested = int(np.count_nonzero(tested))
    strongest = int(np.argmax(np.nan_to_num(np.abs(effect), nan=-1.0)))
    exact = effect_of(fit_exactly(observed(cohort, sample, np.array([strongest])), model))[0]
    exact = float(exact) if model.n_tested == 1 else float(np.sqrt(exact))
    significant = np.zeros(effect.shape, dtype=bool)
    if n_tested:
        with np.errstate(invalid="ignore"):
            significant = neg_log10_p >= -np.log10(p_threshold(neg_log10_p, "bonferroni", alpha))
    return EdgeMap(effect, model.n_tested == 1, significant, n_tested, strongest, exact)


def _eta(features: Features, model: Model) -> Steps[tuple[FloatArray, FloatArray]]:
    """Return the root of the share of variance that several columns explain of each edge, and its -log10 p."""
    moments = features.moments
    norm, apart = moments.norm, moments.apart
    if model.design.rank > 1:
        adjusted = yield from adjust_moments(features.values, moments, model.design)
        norm, apart = adjusted.norm, adjusted.apart
    share = np.zeros(features.values.shape[1])
    for direction in directions_of(model.tested, model.design).T:
        yield Progress("Comparing levels")
        with np.errstate(invalid="ignore", over="ignore"):
            share += (weighted_sum(features.values, moments.rows, direction.astype(np.float32)) / norm) ** 2
    share = np.minimum(share, 1)
    dof = np.full(share.shape, model.dof)
    share[apart] = np.nan
    if apart.size:
        exact = fit_exactly(features.values[np.ix_(features.rows, apart)].astype(np.float64), model)
        share[apart] = effect_of(exact)
        dof[apart] = exact.dof
    return np.sqrt(share), neg_log10_p_of_share(share, model.n_tested, dof)


def target_edge_map(cohort: Cohort, people: Subjects, pair: Pair, columns: FloatArray, alpha: float) -> Steps[EdgeMap]:
    """Return the target's map given some columns, shape (n, n_columns), in the subjects of a pair."""
    sample, features = yield from _sample_of(cohort, people, pair)
    order = np.argsort(pair.rows, kind="stable")
    model = adjusted_model(replace(pair, subjects=pair.subjects[order]), columns[order])
    return (yield from edge_map(cohort, sample, features, model, alpha))


def candidate_edge_map(
    cohort: Cohort, people: Subjects, pair: Pair, candidate: Phenotype, alpha: float
) -> Steps[EdgeMap]:
    """Return the map of a candidate, in the subjects of a pair."""
    sample, features = yield from _sample_of(cohort, people, pair)
    return (yield from edge_map(cohort, sample, features, candidate_model(candidate, sample.subjects), alpha))


def _sample_of(cohort: Cohort, people: Subjects, pair: Pair) -> Steps[tuple[Sample, Features]]:
    """Return the sample of a pair with its rows ascending, as the fits of single edges need them, and its features."""
    sample = replace(people.sample, rows=np.sort(pair.rows))
    return sample, (yield from features_of(cohort, sample, ranked=False))


def compared(found: EdgeMap) -> BoolArray:
    """Return the edges of a map that are compared: the significant ones or, where few are, the strongest."""
    if found.n_significant >= FEWEST_COMPARED:
        return found.significant
    n = min(max(round(TOP_SHARE * found.n_tested), 1), found.n_tested)
    return strongest(np.nan_to_num(np.abs(found.effect), nan=-1.0), n)
