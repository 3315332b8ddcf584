"""The parts of a confound report, one after another; each adds to what is known and leaves the rest as it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np

from imagenomer import groups
from imagenomer.analyses.confounds.evidence import (
    Alone,
    Links,
    associate,
    corrected_p,
    evidence_of,
    link,
    target_alone,
)
from imagenomer.analyses.confounds.links import (
    EdgeMap,
    MatchedScore,
    Restricted,
    Scored,
    covariate_columns,
    edge_map,
    predict_candidate,
    predict_matched,
    predictions_with,
    predictions_within,
    restricted_test,
    scored,
    whole_association,
)
from imagenomer.analyses.confounds.subjects import (
    N_FOLDS,
    Pair,
    Subjects,
    adjusted_model,
    candidate_model,
    choose_subjects,
    known_of,
    mean_only,
    pair_of,
    stream,
    sub_sample,
)
from imagenomer.analyses.confounds.variants import (
    FromVariants,
    VariantLinks,
    VariantOverlaps,
    VariantPredictions,
    link_variants,
    overlap_variants,
    predict_candidate_from_variants,
    predict_target_from_variants,
)
from imagenomer.analyses.contract import (
    GroupChoice,
    LevelChoice,
    MeasureChoice,
    Number,
    Part,
    PhenotypeChoice,
    PhenotypesChoice,
    RunChoice,
    SessionChoice,
    TaskChoice,
)
from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS
from imagenomer.analyses.shared.linear_model import whole
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.models import Ridge
from imagenomer.statistics.multivariate import ShareExplained
from imagenomer.statistics.overlap import Overlap, edge_overlap, strongest
from imagenomer.statistics.pairwise import Pairs, associate_pairs
from imagenomer.statistics.prediction_checks import (
    LearningCurve,
    PermutationTest,
    ShuffledFeatures,
    learning_curve,
    permutation_test,
    shuffled_features,
)
from imagenomer.statistics.sample_space import SampleSpace
from imagenomer.statistics.strata import strata_of
from imagenomer.statistics.verdict import Category, Evidence, decide, decide_about_all
from imagenomer.types import BoolArray, FloatArray

#: Candidates whose adjusted maps are shown, and who are looked at more closely, the most strongly associated first.
MOST_SHOWN, MOST_CLOSELY = 3, 4
#: Where fewer edges are significant, this share of the strongest is compared instead.
TOP_SHARE, FEWEST_COMPARED = 0.01, 20
#: Of the candidates adjusted for together each is known of at least this share of the people.
KNOWN_ENOUGH = 0.9
N_SHUFFLES = 3
#: Shares of the training parts that the learning curve trains on.
TRAINED_ON = (0.1, 0.25, 0.5, 0.75)
#: Rearrangements, at most, of what takes long each time: overlaps of edges and of variants, cross-validations.
MOST_FOR_EDGES, MOST_FOR_VARIANTS, MOST_FOR_PREDICTIONS = 99, 99, 99


@dataclass(frozen=True, slots=True)
class Params:
    target: Annotated[str, PhenotypeChoice()] = field(metadata={"help": "What is to be explained or predicted."})
    level: Annotated[str | None, LevelChoice(of="target", whole="All levels")] = field(
        default=None, metadata={"help": "Compared with all other levels."}
    )
    candidates: Annotated[tuple[str, ...], PhenotypesChoice(without=("target",))] = field(
        default=(),
        metadata={"help": "What might explain it instead. None chosen: all that are known of enough people."},
    )
    ancestry_components: Annotated[int, Number(minimum=0, maximum=MOST_COMPONENTS, step=1)] = field(
        default=2, metadata={"help": "Candidates too, where there are genotypes."}
    )
    measure: Annotated[str | None, MeasureChoice()] = None
    task: Annotated[str | None, TaskChoice()] = None
    session: Annotated[str | None, SessionChoice()] = None
    run: Annotated[str | None, RunChoice()] = None
    group: Annotated[str | None, GroupChoice()] = None
    permutations: Annotated[int, Number(minimum=99, maximum=10_000, step=1)] = field(
        default=499, metadata={"section": "Protocol", "help": "Rearrangements of people in every test."}
    )
    repetitions: Annotated[int, Number(minimum=1, maximum=20, step=1)] = field(
        default=1, metadata={"section": "Protocol", "help": "How often people are dealt to five folds anew."}
    )
    seed: Annotated[int, Number(minimum=0, maximum=2**31 - 1, step=1)] = field(
        default=1, metadata={"section": "Protocol", "help": "The same seed gives the same result."}
    )
    alpha: Annotated[float, Number(minimum=1e-6, maximum=0.5, step=0.01)] = field(
        default=0.05, metadata={"section": "Protocol"}
    )


@dataclass(frozen=True, slots=True, eq=False)
class Connected:
    """How one candidate goes with connectivity.

    Attributes
    ----------
    pair : Pair
        Those who have it and the target.
    alone : Alone
        The target among them.
    target_map, own_map : EdgeMap
    share : ShareExplained
        Of connectivity, by the candidate.
    predicted : Scored or None
        The candidate, from connectivity.
    """

    pair: Pair
    alone: Alone
    target_map: EdgeMap
    own_map: EdgeMap
    share: ShareExplained
    predicted: Scored | None


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """The target given one candidate, or several.

    Attributes
    ----------
    names : tuple of str
    before, after : EdgeMap
        In the same people.
    links : Links or None
        None of several candidates.
    share_before, share_after : ShareExplained
    n_subjects : int
    """

    names: tuple[str, ...]
    before: EdgeMap
    after: EdgeMap
    links: Links | None
    share_before: ShareExplained
    share_after: ShareExplained
    n_subjects: int


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """How well the target is predicted with one candidate in view.

    Attributes
    ----------
    raw : Scored
        From connectivity, in the people who have the candidate.
    with_candidate : tuple of Scored
        By the candidate alone; where it goes with the target by both, and by connectivity without what it explains.
    within : tuple of Scored
        Among people alike in it, and from some of them to others; empty where it does not go with the target.
    matched : MatchedScore or None
    """

    raw: Scored
    with_candidate: tuple[Scored, ...]
    within: tuple[Scored, ...]
    matched: MatchedScore | None


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """Permutation tests with one candidate in view; None where not asked."""

    restricted: Restricted | None
    shuffled: ShuffledFeatures | None


@dataclass(frozen=True, slots=True, eq=False)
class Overlapping:
    """Edges of the target and of one candidate.

    Attributes
    ----------
    free : Overlap
        The target rearranged over everybody; arrays of one number.
    within : Overlap or None
        Rearranged within strata of the candidate; None but for those that go most clearly with the target.
    """

    free: Overlap
    within: Overlap | None


@dataclass(frozen=True, slots=True, eq=False)
class Confounds:
    """What is known so far; None: not yet.

    Tuples have one entry a candidate, which is None where nothing could be computed.

    Attributes
    ----------
    people : Subjects
    pairs : Pairs
        The target, which comes first, and the candidates, with each other.
    p_candidate : ndarray, shape (n_candidates,)
        Of their association with the target, corrected (Holm).
    closely : ndarray of bool, shape (n_candidates,)
        Candidates that go with the target and are looked at more closely.
    missing : tuple of MissingRow
        Who is left out, by candidate and level.
    """

    people: Subjects
    pairs: Pairs
    p_candidate: FloatArray
    closely: BoolArray
    missing: tuple[MissingRow, ...]
    everybody: Pair | None = None
    target: Alone | None = None
    target_map: EdgeMap | None = None
    everybody_predicted: Scored | None = None
    connected: tuple[Connected | None, ...] | None = None
    variants: VariantLinks | None = None
    from_variants: VariantPredictions | None = None
    overlapping: tuple[Overlapping | None, ...] | None = None
    variant_overlaps: VariantOverlaps | None = None
    adjusted: tuple[Adjusted | None, ...] | None = None
    together: Adjusted | None = None
    predicted: tuple[Predicted | None, ...] | None = None
    with_all: tuple[Scored, ...] = ()
    learning: LearningCurve | None = None
    tested: tuple[Tested, ...] | None = None
    evidence: tuple[Evidence, ...] | None = None
    categories: tuple[Category, ...] | None = None
    category: Category | None = None

    @property
    def candidates(self) -> tuple[Phenotype, ...]:
        return self.people.candidates


# --- 1: phenotypes ---------------------------------------------------------------------------------


def phenotypes(cohort: Cohort, params: Params, so_far: None) -> Steps[Confounds]:
    for name in ("permutations", "repetitions", "seed", "ancestry_components"):
        whole(name.replace("_", " "), getattr(params, name))
    people = yield from choose_subjects(
        cohort,
        target=params.target,
        level=params.level,
        candidates=params.candidates,
        ancestry_components=params.ancestry_components,
        measure=params.measure,
        task=params.task,
        session=params.session,
        run=params.run,
        group=params.group,
    )
    pairs = yield from associate(people)
    p_candidate = corrected_p(pairs)
    closely = np.zeros(p_candidate.size, dtype=bool)
    ranked = np.argsort(-np.nan_to_num(pairs.neg_log10_p[0, 1:], nan=-1.0), kind="stable")
    with np.errstate(invalid="ignore"):
        closely[[index for index in ranked.tolist() if p_candidate[index] <= params.alpha][:MOST_CLOSELY]] = True
    return Confounds(people, pairs, p_candidate, closely, (yield from missing_of(cohort, people, params.group)))


@dataclass(frozen=True, slots=True)
class MissingRow:
    """How many are left out, of one level of a candidate or of those who lack it.

    Attributes
    ----------
    candidate, level : str
        ``level`` is "" for those without a value.
    n, n_used : int
        In the group, and of these with connectivity and the target.
    target : float
        Mean of the target in those who are used (share of the level that is tested); NaN where there is none.
    p_value : float
        Of level and of being used going together, of the whole candidate; NaN where nobody is left out, or none is.
    """

    candidate: str
    level: str
    n: int
    n_used: int
    target: float
    p_value: float


def missing_of(cohort: Cohort, people: Subjects, group: str | None) -> Steps[tuple[MissingRow, ...]]:
    """Return who is left out for want of connectivity or the target, by candidate."""
    members = np.flatnonzero(groups.select(cohort, group).included)
    used = np.isin(members, people.subjects)
    in_use = np.zeros(cohort.n_subjects, dtype=np.intp)
    in_use[people.subjects] = 1
    being_used = Phenotype("used", in_use, ("no", "yes"))
    values = np.full(cohort.n_subjects, np.nan)
    if not people.target.levels or people.target.level is not None:
        values[people.subjects] = people.target.target
    rows = []
    for candidate in people.candidates:
        pairs = yield from associate_pairs([candidate, being_used], members)
        p_value = float(10 ** -pairs.neg_log10_p[0, 1])
        strata = [(level, candidate.values[members] == code) for code, level in enumerate(candidate.levels)]
        if not candidate.levels:
            middle = float(np.nanmedian(candidate.values[people.subjects]))
            with np.errstate(invalid="ignore"):
                low = candidate.values[members] <= middle
            known = ~candidate.missing[members]
            strata = [(f"up to {middle:.4g}", low & known), (f"above {middle:.4g}", ~low & known)]
        strata.append(("", candidate.missing[members]))
        for level, own in strata:
            here = members[own & used]
            mean = float(values[here].mean()) if here.size else np.nan
            if own.any():
                rows.append(MissingRow(candidate.name, level, int(own.sum()), here.size, mean, p_value))
    return tuple(rows)


# --- 2: connectivity -------------------------------------------------------------------------------


def connectivity(cohort: Cohort, params: Params, so_far: Confounds) -> Steps[Confounds]:
    people, n = so_far.people, int(params.permutations)
    all_known = np.ones(people.subjects.size, dtype=bool)
    everybody = yield from pair_of(people, all_known, int(params.repetitions), int(params.seed))
    target = yield from target_alone(everybody, n, int(params.seed))
    target_map = yield from _target_map(cohort, people, everybody, params.alpha)
    shared = {all_known.tobytes(): (everybody, target, target_map)}
    connected: list[Connected | None] = []
    for candidate in people.candidates:
        known = known_of(people, (candidate,))
        try:
            if known.tobytes() not in shared:
                pair = yield from pair_of(people, known, int(params.repetitions), int(params.seed))
                alone = yield from target_alone(pair, n, int(params.seed))
                shared[known.tobytes()] = (pair, alone, (yield from _target_map(cohort, people, pair, params.alpha)))
            pair, alone, own_target = shared[known.tobytes()]
            sample, features = yield from sub_sample(cohort, people, pair)
            own_map = yield from edge_map(
                cohort, sample, features, candidate_model(candidate, sample.subjects), params.alpha
            )
            model = candidate_model(candidate, pair.subjects)
            rng = stream(int(params.seed), "candidate", candidate.name)
            share = yield from whole_association(pair, model, n, rng)
            predicted = yield from predict_candidate(pair, candidate, int(params.seed))
        except InputError:
            connected.append(None)
            continue
        connected.append(Connected(pair, alone, own_target, own_map, share, predicted))
    return replace(
        so_far,
        everybody=everybody,
        target=target,
        target_map=target_map,
        everybody_predicted=scored("connectivity", target.predicted, stream(int(params.seed), "intervals")),
        connected=tuple(connected),
    )


def _target_map(cohort: Cohort, people: Subjects, pair: Pair, alpha: float) -> Steps[EdgeMap]:
    return (yield from _map_given(cohort, people, pair, (), alpha))


def _map_given(
    cohort: Cohort, people: Subjects, pair: Pair, candidates: tuple[Phenotype, ...], alpha: float
) -> Steps[EdgeMap]:
    """Return the target's map given some candidates, in the people of a pair."""
    sample, features = yield from sub_sample(cohort, people, pair)
    model = adjusted_model(replace(pair, subjects=sample.subjects), candidates)
    return (yield from edge_map(cohort, sample, features, model, alpha))


# --- 3: variants -----------------------------------------------------------------------------------


def variants(cohort: Cohort, params: Params, so_far: Confounds) -> Steps[Confounds]:
    if not cohort.variant_sets:
        yield Progress("No genotypes")
        return so_far
    links = yield from link_variants(cohort, so_far.people, params.alpha)
    predicted = None if links is None else (yield from _from_variants(cohort, params, so_far, links))
    return replace(so_far, variants=links, from_variants=predicted)


def _from_variants(cohort: Cohort, params: Params, so_far: Confounds, links: VariantLinks) -> Steps[VariantPredictions]:
    assert so_far.connected is not None
    assert so_far.everybody is not None
    seed, spaces = int(params.seed), dict[bytes, SampleSpace]()
    target = yield from predict_target_from_variants(cohort, so_far.everybody, so_far.everybody_predicted, spaces, seed)
    candidates = []
    for candidate, own in zip(so_far.candidates, so_far.connected, strict=True):
        if own is None:
            candidates.append(FromVariants(None, None, "too little varies among its people"))
            continue
        candidates.append(
            (yield from predict_candidate_from_variants(cohort, own.pair, candidate, own.predicted, spaces, seed))
        )
    missing = float((cohort.variant_set(None).dosage[links.target.subjects] < 0).mean())
    return VariantPredictions(target, tuple(candidates), missing)


# --- 4: overlap ------------------------------------------------------------------------------------


def compared(found: EdgeMap) -> BoolArray:
    """Return the edges of a map that are compared: the significant ones or, where few are, the strongest."""
    if found.n_significant >= FEWEST_COMPARED:
        return found.significant
    n = min(max(round(TOP_SHARE * found.n_tested), 1), found.n_tested)
    return strongest(np.nan_to_num(np.abs(found.effect), nan=-1.0), n)


def overlap(cohort: Cohort, params: Params, so_far: Confounds) -> Steps[Confounds]:
    assert so_far.connected is not None
    n, seed = min(int(params.permutations), MOST_FOR_EDGES), int(params.seed)
    free: dict[int, Overlap] = {}
    by_pair: dict[bytes, list[int]] = {}
    for index, own in enumerate(so_far.connected):
        if own is not None:
            by_pair.setdefault(own.pair.positions.tobytes(), []).append(index)
    for members in by_pair.values():
        found = yield from _overlap_of(so_far, members, n, stream(seed, "overlap"), within=False)
        for place, index in enumerate(members):
            free[index] = found.only(place)
    clearest = clearest_of(so_far)[:MOST_SHOWN]
    result: list[Overlapping | None] = []
    for index in range(len(so_far.candidates)):
        if index not in free:
            result.append(None)
            continue
        within = None
        if index in clearest:
            try:
                rng = stream(seed, "overlap", so_far.candidates[index].name)
                within = yield from _overlap_of(so_far, [index], n, rng, within=True)
            except InputError:
                within = None
        result.append(Overlapping(free[index], within))
    shared = None
    if so_far.variants is not None:
        n = min(n, MOST_FOR_VARIANTS)
        shared = yield from overlap_variants(
            cohort, so_far.people, so_far.variants, np.isin(np.arange(so_far.closely.size), clearest), n, seed
        )
    return replace(so_far, overlapping=tuple(result), variant_overlaps=shared)


def clearest_of(so_far: Confounds) -> list[int]:
    """Return the candidates that are looked at closely, those that go most clearly with the target first."""
    order = np.argsort(-np.nan_to_num(so_far.pairs.neg_log10_p[0, 1:], nan=-1.0), kind="stable")
    return [index for index in order.tolist() if so_far.closely[index]]


def _overlap_of(
    so_far: Confounds, members: list[int], n_permutations: int, rng: np.random.Generator, *, within: bool
) -> Steps[Overlap]:
    assert so_far.connected is not None
    found = [own for index in members if (own := so_far.connected[index]) is not None]
    pair, target_map = found[0].pair, found[0].target_map
    blocks = strata_of(so_far.candidates[members[0]], pair.subjects).codes if within else None
    return (
        yield from edge_overlap(
            so_far.people.sample.observations.values,
            pair.rows,
            pair.target.tested,
            mean_only(pair.n_subjects),
            compared(target_map),
            np.stack([own.own_map.effect for own in found]),
            np.array([own.own_map.signed for own in found]),
            np.stack([compared(own.own_map) for own in found]),
            n_permutations=n_permutations,
            rng=rng,
            blocks=blocks,
        )
    )


# --- 5: adjustment ---------------------------------------------------------------------------------


def adjustment(cohort: Cohort, params: Params, so_far: Confounds) -> Steps[Confounds]:
    assert so_far.connected is not None
    people, n, seed = so_far.people, int(params.permutations), int(params.seed)
    adjusted: list[Adjusted | None] = []
    for candidate, own, p_candidate in zip(
        people.candidates, so_far.connected, so_far.p_candidate.tolist(), strict=True
    ):
        if own is None:
            adjusted.append(None)
            continue
        try:
            after = yield from _map_given(cohort, people, own.pair, (candidate,), params.alpha)
            links = yield from link(own.pair, candidate, own.alone, p_candidate <= params.alpha, n, seed)
        except InputError:
            adjusted.append(None)
            continue
        adjusted.append(
            Adjusted((candidate.name,), own.target_map, after, links, own.alone.share, links.rest, own.pair.n_subjects)
        )
    return replace(so_far, adjusted=tuple(adjusted), together=(yield from _together(cohort, params, so_far)))


def together_of(so_far: Confounds) -> tuple[Phenotype, ...]:
    """Return the candidates that are adjusted for together: those that go with the target and few people lack."""
    people = so_far.people
    return tuple(
        one
        for one, chosen in zip(people.candidates, so_far.closely.tolist(), strict=True)
        if chosen and known_of(people, (one,)).mean() >= KNOWN_ENOUGH
    )


def _together(cohort: Cohort, params: Params, so_far: Confounds) -> Steps[Adjusted | None]:
    chosen, people, n, seed = together_of(so_far), so_far.people, int(params.permutations), int(params.seed)
    if len(chosen) < 2:
        return None
    try:
        pair = yield from pair_of(people, known_of(people, chosen), int(params.repetitions), seed)
        before = yield from _target_map(cohort, people, pair, params.alpha)
        after = yield from _map_given(cohort, people, pair, chosen, params.alpha)
        share = yield from whole_association(pair, pair.target, n, stream(seed, "target"))
        rest = yield from whole_association(pair, adjusted_model(pair, chosen), n, stream(seed, "rest of all"))
    except InputError:
        return None
    return Adjusted(tuple(one.name for one in chosen), before, after, None, share, rest, pair.n_subjects)


# --- 6: prediction ---------------------------------------------------------------------------------


def prediction(cohort: Cohort, params: Params, so_far: Confounds) -> Steps[Confounds]:
    assert so_far.connected is not None
    assert so_far.target is not None
    seed, repetitions = int(params.seed), int(params.repetitions)
    everybody = so_far.everybody_predicted
    assert everybody is not None
    assert so_far.everybody is not None
    result: list[Predicted | None] = []
    for candidate, own, closely in zip(so_far.candidates, so_far.connected, so_far.closely.tolist(), strict=True):
        if own is None:
            result.append(None)
            continue
        raw = everybody
        if own.alone is not so_far.target:
            raw = scored("connectivity", own.alone.predicted, stream(seed, "intervals"))
        # In a space of its own, whose factors are dropped with it: they are large.
        pair = replace(own.pair, space=own.pair.space.of(np.arange(own.pair.n_subjects)))
        try:
            with_candidate = yield from predictions_with(pair, (candidate,), seed, alone=not closely)
        except InputError:
            result.append(Predicted(raw, (), (), None))
            continue
        within: list[Scored] = []
        matched = None
        if closely:
            within = yield from predictions_within(pair, candidate, seed, repetitions)
            try:
                matched = yield from predict_matched(pair, candidate, seed, repetitions)
            except InputError:
                matched = None
        result.append(Predicted(raw, with_candidate, tuple(within), matched))
    with_all: tuple[Scored, ...] = ()
    chosen = together_of(so_far)
    if len(chosen) > 1:
        try:
            pair = yield from pair_of(so_far.people, known_of(so_far.people, chosen), repetitions, seed)
            with_all = yield from predictions_with(pair, chosen, seed)
        except InputError:
            with_all = ()
    whole = so_far.everybody
    fresh = whole.space.of(np.arange(whole.n_subjects))
    try:
        learning = yield from learning_curve(
            fresh, whole.goal, whole.splits[:N_FOLDS], Ridge(), TRAINED_ON, stream(seed, "learning")
        )
    except InputError:
        learning = None
    return replace(so_far, predicted=tuple(result), with_all=with_all, learning=learning)


# --- 7: tests and verdict ----------------------------------------------------------------------------


def tests(cohort: Cohort, params: Params, so_far: Confounds) -> Steps[Confounds]:
    assert so_far.connected is not None
    assert so_far.adjusted is not None
    assert so_far.target is not None
    n, seed = min(int(params.permutations), MOST_FOR_PREDICTIONS), int(params.seed)
    over_all: dict[bytes, PermutationTest] = {}
    tested: list[Tested] = []
    # Of the candidate that goes most clearly with the target: the control takes long, and is of the method.
    clearest = next(iter(clearest_of(so_far)), -1)
    for index, (candidate, own, closely) in enumerate(
        zip(so_far.candidates, so_far.connected, so_far.closely.tolist(), strict=True)
    ):
        if own is None or not closely:
            tested.append(Tested(None, None))
            continue
        pair = own.pair
        restricted = None
        if own.alone.predicted.n_classes <= 2:
            key = pair.positions.tobytes()
            if key not in over_all:
                over_all[key] = yield from permutation_test(
                    pair.space, pair.goal, pair.splits, Ridge(), n, stream(seed, "over all")
                )
            restricted = yield from restricted_test(
                pair, candidate, over_all[key], n, stream(seed, "restricted", candidate.name)
            )
        shuffled = None
        if index != clearest:
            tested.append(Tested(restricted, None))
            continue
        fresh = replace(pair, space=pair.space.of(np.arange(pair.n_subjects)))
        try:
            shuffled = yield from shuffled_features(
                fresh.space,
                pair.goal,
                pair.splits[:5],
                Ridge(),
                N_SHUFFLES,
                stream(seed, "shuffled", candidate.name),
                covariates=covariate_columns((candidate,), pair.subjects),
            )
        except InputError:
            shuffled = None
        tested.append(Tested(restricted, shuffled))
    evidence = tuple(
        evidence_of(own.pair, so_far.target, p_candidate, adjusted.links)
        if own is not None and adjusted is not None and adjusted.links is not None
        else Evidence(0 if own is None else own.pair.n_subjects, so_far.target.p_value, p_candidate, *[np.nan] * 4)
        for own, adjusted, p_candidate in zip(
            so_far.connected, so_far.adjusted, so_far.p_candidate.tolist(), strict=True
        )
    )
    categories = tuple(decide(one, params.alpha) for one in evidence)
    category = decide_about_all(categories, so_far.target.p_value, params.alpha)
    return replace(so_far, tested=tuple(tested), evidence=evidence, categories=categories, category=category)


PARTS = (
    Part("phenotypes", "Which candidates go with the target", phenotypes),
    Part("connectivity", "What goes with connectivity", connectivity),
    Part("variants", "What goes with variants", variants),
    Part("overlap", "Are they the same edges and variants", overlap),
    Part("adjustment", "What is left when a candidate is adjusted for", adjustment),
    Part("prediction", "Prediction, with and without each candidate", prediction),
    Part("tests", "Tests of confounding, and the verdict", tests),
)
