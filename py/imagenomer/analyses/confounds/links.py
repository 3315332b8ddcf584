"""What a confound report computes of one candidate: its links with target and connectivity, and predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from imagenomer.analyses.confounds.subjects import (
    Pair,
    candidate_model,
    folds_of,
    goal_of,
    stream,
)
from imagenomer.analyses.shared.edge_fits import Features, effect_of, fit_edges, fit_exactly, observed
from imagenomer.analyses.shared.linear_model import Model
from imagenomer.analyses.shared.sample import Sample
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.adjusted import adjusted_moments
from imagenomer.statistics.column_moments import weighted_sum
from imagenomer.statistics.confounding import ConfounderTest, partial_confounder_test
from imagenomer.statistics.correction import p_threshold
from imagenomer.statistics.design import build_design, directions_of, residuals
from imagenomer.statistics.folds import Split, train_on
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.multivariate import ShareExplained, share_explained
from imagenomer.statistics.prediction import CrossValidation, cross_validate, intervals, null_scores
from imagenomer.statistics.prediction_checks import PermutationTest, permutation_test
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.scores import Interval
from imagenomer.statistics.split_tasks import Use
from imagenomer.statistics.strata import Strata, match_cells, match_levels, strata_of
from imagenomer.statistics.tails import neg_log10_p_of_share
from imagenomer.types import BoolArray, FloatArray, IntArray

#: A group needs so many people to be predicted within, and a matched subsample so many in all.
LEAST_WITHIN = 30
#: Levels of a candidate that are looked at one by one.
MOST_WITHIN = 4


# --- maps ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMap:
    """How every edge goes with something.

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
        yield Progress("Comparing levels")
        effect, neg_log10_p = _eta(features, model)
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


def _eta(features: Features, model: Model) -> tuple[FloatArray, FloatArray]:
    """Return the root of the share of variance that several columns explain of each edge, and its -log10 p."""
    moments = features.moments
    norm, apart = moments.norm, moments.apart
    if model.design.rank > 1:
        adjusted = adjusted_moments(features.values, moments, model.design)
        norm, apart = adjusted.norm, adjusted.apart
    share = np.zeros(features.values.shape[1])
    with np.errstate(invalid="ignore", over="ignore"):
        for direction in directions_of(model.tested, model.design).T:
            share += (weighted_sum(features.values, moments.rows, direction.astype(np.float32)) / norm) ** 2
    share = np.minimum(share, 1)
    dof = np.full(share.shape, model.dof)
    share[apart] = np.nan
    if apart.size:
        exact = fit_exactly(features.values[np.ix_(features.rows, apart)].astype(np.float64), model)
        share[apart] = effect_of(exact)
        dof[apart] = exact.dof
    return np.sqrt(share), neg_log10_p_of_share(share, model.n_tested, dof)


# --- connectivity as a whole -------------------------------------------------------------------------


def whole_association(
    pair: Pair, model: Model, n_permutations: int, rng: np.random.Generator, blocks: IntArray | None = None
) -> Steps[ShareExplained]:
    """Test connectivity as a whole for what a model tests."""
    return (
        yield from share_explained(
            pair.space.gram, model.tested, model.design, n_permutations=n_permutations, rng=rng, blocks=blocks
        )
    )


def remaining(alone: ShareExplained, given: ShareExplained, model: Model) -> tuple[float, float]:
    """Return how much of an association is left given a candidate, plainly, and over what would be left in any case.

    What the candidate explains of the target is lost in any case, even of an effect that has nothing to do with it.
    1 is that nothing (else) is lost, 0 that nothing is left beyond chance; NaN where there was nothing to begin with.

    Parameters
    ----------
    alone, given : ShareExplained
        Of the target without and with the candidate adjusted for.
    model : Model
        The target adjusted for the candidate.
    """
    about = model.tested.values - model.tested.values.mean(axis=0)
    left = float((residuals(about, model.design.basis) ** 2).sum() / (about**2).sum())
    if not alone.beyond_chance > 0:
        return float("nan"), float("nan")
    plain = given.beyond_chance / alone.beyond_chance
    return plain, plain / left


# --- prediction ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """How well something is predicted.

    Attributes
    ----------
    name : str
        "connectivity", "within EA".
    n_subjects : int
        Of the test parts.
    score : str
        "r2", "auc" or "balanced_accuracy"; "r" from one group to another.
    interval : Interval
    null : float
        The null model's score.
    note : str
    """

    name: str
    n_subjects: int
    score: str
    interval: Interval
    null: float
    note: str = ""


def predict(
    space: SampleSpace,
    goal: FloatArray | IntArray,
    splits: tuple[Split, ...],
    *,
    covariates: FloatArray | None = None,
    use: Use = "features",
) -> Steps[CrossValidation]:
    """Cross-validate ridge regression (of classes the ridge classifier)."""
    return (yield from cross_validate(space, goal, splits, Ridge(), covariates=covariates, use=use))


def scored(
    name: str, result: CrossValidation, rng: np.random.Generator, note: str = "", score: str | None = None
) -> Scored:
    """Return a score of a cross-validation, the main one by default, with its interval."""
    score = score or result.main_score
    tested = np.unique(np.concatenate([split.test for split in result.splits])).size
    return Scored(name, int(tested), score, intervals(result, rng)[score], null_scores(result)[score], note)


def predict_candidate(pair: Pair, candidate: Phenotype, seed: int) -> Steps[Scored | None]:
    """Predict a candidate from connectivity, in the folds of the target; None where a level is too rare for it."""
    goal = goal_of(candidate_model(candidate, pair.subjects))
    try:
        result = yield from predict(pair.space, goal, pair.splits)
    except InputError:
        return None
    return scored(candidate.name, result, stream(seed, "intervals", candidate.name))


def covariate_columns(candidates: tuple[Phenotype, ...], subjects: IntArray) -> FloatArray:
    """Return candidates as columns without the mean."""
    return build_design(list(candidates), subjects).matrix[:, 1:]


def predictions_with(
    pair: Pair, candidates: tuple[Phenotype, ...], seed: int, *, alone: bool = False
) -> Steps[tuple[Scored, ...]]:
    """Predict the target by candidates alone, by both, and by connectivity without what candidates explain of it.

    Parameters
    ----------
    alone : bool
        The first only, which costs next to nothing.
    """
    columns = covariate_columns(candidates, pair.subjects)
    what = "the candidate" if len(candidates) == 1 else "the candidates"
    found = []
    names: tuple[tuple[Use, str], ...] = (
        ("covariates", f"{what[4:]} alone"),
        ("both", f"{what[4:]} and connectivity"),
        ("residual", f"connectivity without {what}"),
    )
    for use, name in names[:1] if alone else names:
        result = yield from predict(pair.space, pair.goal, pair.splits, covariates=columns, use=use)
        found.append(scored(name, result, stream(seed, "intervals", name)))
    return tuple(found)


def halves_or_levels(candidate: Phenotype, subjects: IntArray) -> Strata:
    """Return the groups of a candidate within which a target is predicted: levels, or both sides of the median."""
    if candidate.levels:
        return strata_of(candidate, subjects)
    halves = strata_of(candidate, subjects, most=2, least=1)
    if len(halves.names) < 2:
        return halves
    middle = float(candidate.values[subjects][halves.codes == 0].max())
    return replace(halves, names=(f"up to {middle:.4g}", f"above {middle:.4g}"))


def predictions_within(pair: Pair, candidate: Phenotype, seed: int, repetitions: int) -> Steps[list[Scored]]:
    """Predict the target among people alike in a candidate, and from some of them to the others."""
    groups = halves_or_levels(candidate, pair.subjects)
    found: list[Scored] = []
    large = [code for code in np.argsort(-groups.sizes, kind="stable").tolist() if groups.sizes[code] >= LEAST_WITHIN]
    for level in large[:MOST_WITHIN]:
        own = np.flatnonzero(groups.codes == level)
        goal = recoded(pair.goal[own])
        name = f"within {candidate.name} {groups.names[level]}"
        try:
            result = yield from predict(pair.space.of(own), goal, folds_of(goal, repetitions, seed))
        except InputError:
            continue
        found.append(scored(name, result, stream(seed, "intervals", name)))
    for level in large[:MOST_WITHIN] if len(groups.names) > 1 else []:
        test = groups.codes == level
        others = groups.names[1 - level] if len(groups.names) == 2 else "all others"
        name = f"{candidate.name}: from {others} to {groups.names[level]}"
        try:
            result = yield from predict(pair.space, pair.goal, train_on(~test, test, name))
        except InputError:
            continue
        if not (pair.goal[test] == pair.goal[test][0]).all():
            # By r: the means of the groups differ, and a model that knows one knows little of the other's.
            score = None if result.n_classes else "r"
            found.append(scored(name, result, stream(seed, "intervals", name), score=score))
    return found


def recoded(goal: FloatArray | IntArray) -> FloatArray | IntArray:
    """Return classes numbered anew among those who are left; numbers as they are."""
    if np.issubdtype(goal.dtype, np.integer):
        return np.unique(goal, return_inverse=True)[1].astype(np.intp)
    return goal


@dataclass(frozen=True, slots=True, eq=False)
class MatchedScore:
    """Prediction in a subsample in which target and candidate are balanced.

    Attributes
    ----------
    scored : Scored or None
        None where too few can be matched.
    n_subjects : int
    how : str
        How subjects were matched.
    before, after : float
        Imbalance in standard deviations (`imagenomer.statistics.strata.Matched`); of two categories Cramer's V.
    random : Scored or None
        The same in as many people drawn at random: what the smaller number alone costs.
    """

    scored: Scored | None
    n_subjects: int
    how: str
    before: float
    after: float
    random: Scored | None


def predict_matched(pair: Pair, candidate: Phenotype, seed: int, repetitions: int) -> Steps[MatchedScore]:
    """Predict the target where it does not go with the candidate, by choice of people."""
    rng = stream(seed, "matching", candidate.name)
    goal, groups = pair.goal, halves_or_levels(candidate, pair.subjects)
    if np.issubdtype(goal.dtype, np.integer):
        classes = cast("IntArray", goal)
        if candidate.levels:
            chosen = match_cells(classes, groups.codes, rng=rng)
            how = "of every class as many with each level"
            before, after = _cramers_v(classes, groups.codes), _cramers_v(classes[chosen], groups.codes[chosen])
        else:
            numbers = candidate.values[pair.subjects].astype(np.float64)
            matched = match_levels(classes, numbers, rng=rng)
            chosen, before, after = matched.chosen, matched.before, matched.after
            how = f"a person of each class whose {candidate.name} differs by at most {matched.caliper:.3g}"
    else:
        usable = np.isin(groups.codes, np.flatnonzero(groups.sizes >= LEAST_WITHIN))
        own = np.flatnonzero(usable)
        if np.unique(groups.codes[own]).size < 2:
            return MatchedScore(None, 0, "no two levels have enough people", np.nan, np.nan, None)
        matched = match_levels(groups.codes[own], cast("FloatArray", goal)[own], rng=rng)
        chosen, before, after = own[matched.chosen], matched.before, matched.after
        which = "level" if candidate.levels else "half"
        how = f"a person of each {which} of {candidate.name} whose target differs by at most {matched.caliper:.3g}"
    if chosen.size < LEAST_WITHIN:
        return MatchedScore(None, int(chosen.size), how, before, after, None)
    found: list[Scored] = []
    for name, some in (
        (f"matched for {candidate.name}", chosen),
        ("as many at random", np.sort(rng.permutation(goal.size)[: chosen.size])),
    ):
        own_goal = recoded(goal[some])
        try:
            result = yield from predict(pair.space.of(some), own_goal, folds_of(own_goal, repetitions, seed))
        except InputError:
            return MatchedScore(None, int(chosen.size), how, before, after, None)
        found.append(scored(name, result, stream(seed, "intervals", name)))
    return MatchedScore(found[0], int(chosen.size), how, before, after, found[1])


def _cramers_v(first: IntArray, second: IntArray) -> float:
    if not first.size:  # a site that is a group: of no class is there anybody with each level
        return np.nan
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chi2 = float(((table - expected) ** 2 / expected).sum())
    return float(np.sqrt(chi2 / table.sum() / (min(table.shape) - 1)))


# --- tests of confounding ----------------------------------------------------------------------------


def confounder_test(
    pair: Pair, candidate: Phenotype, predicted: FloatArray, n_permutations: int, rng: np.random.Generator
) -> Steps[ConfounderTest | None]:
    """Test whether predictions follow a candidate beyond what the target explains; None for classes of three or more.

    Parameters
    ----------
    predicted : ndarray, shape (n_subjects, n_columns)
        NaN where never tested.
    """
    if predicted.shape[1] > 1:
        return None
    known = np.isfinite(predicted[:, 0])
    values = candidate.values[pair.subjects]
    try:
        return (
            yield from partial_confounder_test(
                predicted[known, 0],
                pair.goal[known],
                values[known],
                target_is_category=bool(pair.target.levels),
                confounder_is_category=bool(candidate.levels),
                n_permutations=n_permutations,
                rng=rng,
            )
        )
    except InputError:
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Restricted:
    """Prediction of targets that were rearranged within strata of a candidate, and over everybody.

    Attributes
    ----------
    strata : Strata
    within : PermutationTest
        Is more learned than the strata?
    over_all : PermutationTest
        Is anything learned?
    p_strata : float
        Chance that targets rearranged over everybody are predicted as well as, on average, those rearranged within
        strata: are the strata themselves learned?
    """

    strata: Strata
    within: PermutationTest
    over_all: PermutationTest
    p_strata: float


def restricted_test(
    pair: Pair, candidate: Phenotype, over_all: PermutationTest, n_permutations: int, rng: np.random.Generator
) -> Steps[Restricted | None]:
    """Rearrange the target within strata of a candidate; None where nothing can be rearranged."""
    strata = strata_of(candidate, pair.subjects)
    try:
        within = yield from permutation_test(
            pair.space, pair.goal, pair.splits, Ridge(), n_permutations, rng, blocks=strata.codes
        )
    except InputError:
        return None
    reached = np.count_nonzero(over_all.null >= float(np.nanmean(within.null)))
    return Restricted(strata, within, over_all, float((1 + reached) / (1 + over_all.null.size)))
