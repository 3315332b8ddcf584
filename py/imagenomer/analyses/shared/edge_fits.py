"""How edges are fitted to a model: quickly all of them, then exactly those that are printed or decided.

Also what is worked out once for a sample and kept for the next question: moments, ranks.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from imagenomer.analyses.shared.linear_model import Model, build_model
from imagenomer.analyses.shared.sample import Sample, what
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, Observations
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjustment import (
    AdjustedMoments,
    CategoryAssociation,
    adjust_moments,
    associate,
    associate_category,
    correlate_adjusted,
)
from imagenomer.statistics.column_moments import ColumnMoments, summarise_columns
from imagenomer.statistics.correction import Method, n_tests, rejected
from imagenomer.statistics.correlation import (
    Correlation,
    correlate,
    correlate_fast,
    edges_to_recheck,
    fisher_interval,
)
from imagenomer.statistics.correlation import Kind as CorrelationKind
from imagenomer.statistics.kernels import rank_columns
from imagenomer.statistics.ranks import average_ranks
from imagenomer.statistics.unequal_variance import RobustCorrelation, associate_unequal, spread_of_subjects
from imagenomer.types import BoolArray, Float32Array, FloatArray, IntArray

#: One column is tested by r, several at once by F.
Fit: TypeAlias = Correlation | CategoryAssociation
#: One feature, or some.
Which: TypeAlias = int | slice | IntArray

#: The table holds this many of the strongest edges, or all that are significant up to the second number.
_FEWEST_LISTED, _MOST_LISTED = 100, 300
#: Edges ranked, or fitted exactly, between two looks for a cancel.
_AT_ONCE = 512
#: The same where variances may be unequal.
_ROBUST_AT_ONCE = 128

#: What is kept with observations for the next question, by rows and covariates; ranks are as large as the data.
_MOMENTS: Kind[bytes, ColumnMoments] = Kind("moments", 4)
_ADJUSTED: Kind[bytes, AdjustedMoments] = Kind("adjusted", 4)
_RANKS: Kind[bytes, tuple[Float32Array, ColumnMoments]] = Kind("ranks", 1)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What is associated: the connectivity of a sample, or its ranks.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_edges), float32
    rows : ndarray, shape (n_subjects,)
        The rows of ``values`` that the sample uses, in its order.
    moments : ColumnMoments
        Of those rows.
    """

    values: Float32Array
    rows: IntArray
    moments: ColumnMoments


def features_of(cohort: Cohort, sample: Sample, *, ranked: bool) -> Steps[Features]:
    """Return the connectivity of a sample or its ranks, from the cache the second time."""
    if ranked:
        ranks, moments = yield from _ranks(cohort, sample)
        return Features(ranks, np.arange(sample.n_subjects), moments)
    cache, key = sample.observations.caches[_MOMENTS], sample.rows.tobytes()
    found = cache.get(key)
    if found is None:
        found = cache.put(key, (yield from summarise_columns(sample.observations.values, sample.rows)))
    return Features(sample.observations.values, sample.rows, found)


def effect_of(fit: Fit) -> FloatArray:
    """Return r, or the share of variance that a category explains, shape (n_edges,)."""
    return fit.r if isinstance(fit, Correlation) else fit.partial_eta_squared


def confidence_interval(fit: Correlation, model: Model, which: Which = slice(None)) -> tuple[FloatArray, FloatArray]:
    """Return the 95 % interval of some r; what is adjusted for takes a subject a column."""
    kind: CorrelationKind = "spearman" if model.question.ranked else "pearson"
    dof, spread = fit.dof[which], np.ones(())
    if isinstance(fit, RobustCorrelation):
        dof, spread = fit.residual_dof[which], fit.widening(which)
    return fisher_interval(fit.r[which], dof + 2, kind=kind, spread=spread)


def fit_edges(
    cohort: Cohort, sample: Sample, features: Features, model: Model, method: Method, alpha: float
) -> Steps[Fit]:
    """Fit every edge.

    Exact for the edges to be listed and for all whose decision by ``method`` at ``alpha`` is close, else to 5e-6 in r.
    F, and all where variances may be unequal, are exact.
    """
    if is_exact_everywhere(model):
        return (yield from _fit_all(cohort, sample, model))
    fast: Fit = yield from _fit_fast(sample.observations, features, model)
    if model.question.ranked:
        # Where an edge has missing values, everything must be re-ranked among the subjects who have it.
        incomplete = np.flatnonzero(features.moments.n_subjects < sample.n_subjects)
        fast = replaced(fast, incomplete, fit_exactly(observed(cohort, sample, incomplete), model))
    yield Progress("Checking the strongest connections")
    n_listed = _n_listed(rejected(fast.neg_log10_p, method, alpha))
    recheck = edges_to_recheck(cast("Correlation", fast), method, alpha, n_listed)
    return replaced(fast, recheck, fit_exactly(observed(cohort, sample, recheck), model))


def is_exact_everywhere(model: Model) -> bool:
    """Return whether `fit_edges` fits every edge exactly: F, and where variances may be unequal."""
    return model.n_tested > 1 or model.question.robust


@dataclass(frozen=True, slots=True)
class SpreadTest:
    """Whether the spread of subjects about the model, over edges, is associated with what is tested.

    Attributes
    ----------
    ratio : float or None
        Of a level: how many times as large the spread is in it. None for numbers and several levels.
    r : float or None
        Of a number: partial correlation of it with the logarithm of the spread.
    p_value : float
    """

    ratio: float | None
    r: float | None
    p_value: float


def spread_of(features: Features, model: Model) -> Steps[SpreadTest | None]:
    """Test whether the spread of subjects varies with what is tested; None where that cannot be told."""
    return (yield from spread_of_values(features.values, features.rows, model))


def spread_of_values(values: NDArray[np.floating[Any]], rows: IntArray, model: Model) -> Steps[SpreadTest | None]:
    """Test the same of any features, shape (n_rows, n_features)."""
    every = yield from spread_of_subjects(values, rows, model.tested, model.design)
    spread = every[:, None]
    if model.n_tested > 1:
        whole = associate_category(spread, model.tested, model.design)
        return None if np.isnan(whole.p_value[0]) else SpreadTest(None, None, float(whole.p_value[0]))
    one = associate(spread, model.tested, model.design)
    if np.isnan(one.p_value[0]):
        return None
    p_value = float(one.p_value[0])
    if model.level is not None and model.question.moderator is None:
        return SpreadTest(float(np.exp(one.beta[0])), None, p_value)
    return SpreadTest(None, float(one.r[0]), p_value)


def fit_exactly(edges: FloatArray, model: Model) -> Fit:
    """Fit some edges in float64.

    Parameters
    ----------
    edges : ndarray, shape (n_subjects, n_chosen)
        As observed, not ranked; an edge with missing values is fitted to those who have it.
    model : Model
    """
    if model.n_tested == 1 and model.design.rank == 1 and not model.question.robust:
        return correlate(edges, model.target, "spearman" if model.question.ranked else "pearson")
    if not model.question.ranked:
        return _fitted(edges, model, whole=model.n_tested > 1)
    present = np.isfinite(edges)
    fit = _fitted(np.where(present.all(axis=0), average_ranks(edges), np.nan), model, whole=model.n_tested > 1)
    for column in np.flatnonzero(~present.all(axis=0)).tolist():
        cases = present[:, column]
        try:
            some = build_model(model.question, model.subjects[cases])
            part = _fitted(average_ranks(edges[cases, column : column + 1]), some, whole=model.n_tested > 1)
        except InputError:
            continue  # too few have the edge: it stays NaN
        fit = replaced(fit, np.array([column]), part)
    return fit


def taken(fit: Fit, edges: IntArray) -> Fit:
    """Return the fit of ``edges`` alone, in that order."""
    return type(fit)(**{entry.name: getattr(fit, entry.name)[edges] for entry in dataclasses.fields(fit)})


def replaced(fit: Fit, edges: IntArray, exact: Fit) -> Fit:
    """Return a copy in which ``edges`` have the values of ``exact``, a fit of the same kind, in that order."""
    merged = {entry.name: getattr(fit, entry.name).copy() for entry in dataclasses.fields(fit)}
    for name, values in merged.items():
        values[edges] = getattr(exact, name)
    return type(fit)(**merged)


def strongest(fit: Fit, significant: BoolArray) -> IntArray:
    """Return the edges to list, strongest first: a hundred, or as many as are significant up to 300."""
    strength = np.nan_to_num(np.abs(effect_of(fit)), nan=-1.0)
    n_listed = min(_n_listed(significant), n_tests(fit.p_value))
    candidates = np.sort(np.argpartition(-strength, n_listed - 1)[:n_listed]) if n_listed else np.zeros(0, np.intp)
    return candidates[np.argsort(-strength[candidates], kind="stable")]


def _n_listed(significant: BoolArray) -> int:
    return min(max(int(np.count_nonzero(significant)), _FEWEST_LISTED), _MOST_LISTED)


def observed(cohort: Cohort, sample: Sample, edges: IntArray) -> FloatArray:
    """Return chosen edges of the sample in float64, shape (n_subjects, len(edges))."""
    if _is_exact(sample):
        return sample.observations.values[:, edges][sample.rows].astype(np.float64)
    values = cohort.observed_edges(
        sample.measure, sample.task, edges, session=sample.session, run=sample.run, fisher_z=sample.fisher_z
    )
    return values[sample.rows]


def _is_exact(sample: Sample) -> bool:
    """Return whether float32 holds the exact values: nothing was averaged."""
    return not sample.fisher_z and bool((sample.observations.n_scans == 1).all())


def observed_name(cohort: Cohort, sample: Sample) -> str:
    """Return what is observed, for titles: "fc of rest"."""
    return what(cohort, sample.measure, sample.task, sample.session, sample.run)


# --- all edges -----------------------------------------------------------------------------------


def _fit_fast(observations: Observations, features: Features, model: Model) -> Steps[Correlation]:
    if model.design.rank == 1:
        target = average_ranks(model.target[:, None])[:, 0] if model.question.ranked else model.target
        return correlate_fast(features.values, target, features.moments)
    key = features.rows.tobytes() + model.design.matrix.tobytes() + bytes([model.question.ranked])
    cache = observations.caches[_ADJUSTED]
    moments = cache.get(key)
    if moments is None:
        moments = cache.put(key, (yield from adjust_moments(features.values, features.moments, model.design)))
    return correlate_adjusted(features.values, model.tested, moments)


def _fit_all(cohort: Cohort, sample: Sample, model: Model) -> Steps[Fit]:
    n_edges = sample.observations.values.shape[1]
    parts = []
    at_once = _ROBUST_AT_ONCE if model.question.robust else _AT_ONCE
    for start in range(0, n_edges, at_once):
        yield Progress("Comparing levels" if model.n_tested > 1 else "Testing connections", start, n_edges)
        edges = np.arange(start, min(start + at_once, n_edges))
        parts.append(fit_exactly(observed(cohort, sample, edges), model))
    kind = type(parts[0])
    names = [entry.name for entry in dataclasses.fields(kind)]
    return kind(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _fitted(edges: FloatArray, model: Model, *, whole: bool) -> Fit:
    if model.question.robust:
        return associate_unequal(edges, model.tested, model.design, model.families)
    if whole:
        return associate_category(edges, model.tested, model.design)
    return associate(edges, model.tested, model.design).correlation


def _ranks(cohort: Cohort, sample: Sample) -> Steps[tuple[Float32Array, ColumnMoments]]:
    """Return the ranks of these rows and their moments, from the cache the second time."""
    cache, key = sample.observations.caches[_RANKS], sample.rows.tobytes()
    found = cache.get(key)
    if found is None:
        n_edges = sample.observations.values.shape[1]
        ranks = np.empty((sample.n_subjects, n_edges), dtype=np.float32)
        for start in range(0, n_edges, _AT_ONCE):
            yield Progress("Ranking connections", start, n_edges)
            stop = min(start + _AT_ONCE, n_edges)
            if _is_exact(sample):
                ranks[:, start:stop] = rank_columns(sample.observations.values[:, start:stop][sample.rows])
            else:  # from averages in float64: rounded to float32 some would tie or swap
                ranks[:, start:stop] = rank_columns(observed(cohort, sample, np.arange(start, stop)))
        moments = yield from summarise_columns(ranks, np.arange(sample.n_subjects))
        found = cache.put(key, (ranks, moments))
    return found
