"""The verdict of a confound report without its tables and figures: the few numbers that decide, for each candidate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imagenomer.analyses.confounds.links import (
    confounder_test,
    predict,
    remaining,
    whole_association,
)
from imagenomer.analyses.confounds.subjects import (
    Pair,
    Subjects,
    adjusted_model,
    choose_subjects,
    known_of,
    pair_of,
    stream,
)
from imagenomer.analyses.shared.linear_model import Model, Question, build_model
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.confounding import ConfounderTest
from imagenomer.statistics.correction import adjust_neg_log10
from imagenomer.statistics.multivariate import ShareExplained
from imagenomer.statistics.pairwise import Pairs, associate_pairs
from imagenomer.statistics.prediction import CrossValidation
from imagenomer.statistics.verdict import Category, Evidence, decide, decide_about_all
from imagenomer.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """What is known of one candidate.

    Attributes
    ----------
    candidate : Phenotype
    evidence : Evidence
    category : str
        See `imagenomer.statistics.verdict`.
    """

    candidate: Phenotype
    evidence: Evidence
    category: Category


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """The verdict about a target.

    Attributes
    ----------
    candidates : tuple of Weighed
    p_target : float
        Of no association of the target with connectivity as a whole, in all who have the target.
    category : str
        All candidates together.
    """

    candidates: tuple[Weighed, ...]
    p_target: float
    category: Category

    def of(self, name: str) -> Weighed:
        """Return what is known of a candidate, by name."""
        return next(one for one in self.candidates if one.candidate.name == name)


def weigh(
    cohort: Cohort,
    target: str,
    *,
    level: str | None = None,
    candidates: tuple[str, ...] = (),
    ancestry_components: int = 0,
    measure: str | None = None,
    task: str | None = None,
    session: str | None = None,
    run: str | None = None,
    group: str | None = None,
    permutations: int = 499,
    seed: int = 1,
    alpha: float = 0.05,
) -> Steps[Weighing]:
    """Weigh all candidates; the same numbers and the same verdict as those of the whole report.

    Parameters are those of the report's form.

    Raises
    ------
    InputError
        If a name is not known, or there are too few people.
    """
    people = yield from choose_subjects(
        cohort,
        target=target,
        level=level,
        candidates=candidates,
        ancestry_components=ancestry_components,
        measure=measure,
        task=task,
        session=session,
        run=run,
        group=group,
    )
    associations = yield from associate(people)
    corrected = corrected_p(associations)
    everybody = yield from pair_of(people, np.ones(people.subjects.size, dtype=bool), 1, seed)
    whole = yield from target_alone(everybody, permutations, seed)
    weighed = []
    shared = {np.ones(people.subjects.size, dtype=bool).tobytes(): (everybody, whole)}
    for candidate, p_candidate in zip(people.candidates, corrected.tolist(), strict=True):
        known = known_of(people, (candidate,))
        key = known.tobytes()
        try:
            if key not in shared:
                pair = yield from pair_of(people, known, 1, seed)
                shared[key] = (pair, (yield from target_alone(pair, permutations, seed)))
            pair, alone = shared[key]
            links = yield from link(pair, candidate, alone, p_candidate <= alpha, permutations, seed)
        except InputError:
            nothing = Evidence(int(known.sum()), whole.p_value, p_candidate, *[np.nan] * 4)
            weighed.append(Weighed(candidate, nothing, "cannot tell"))
            continue
        evidence = evidence_of(pair, whole, p_candidate, links)
        weighed.append(Weighed(candidate, evidence, decide(evidence, alpha)))
    category = decide_about_all([one.category for one in weighed], whole.p_value, alpha)
    return Weighing(tuple(weighed), whole.p_value, category)


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """How the target goes with connectivity when nothing is adjusted for.

    Attributes
    ----------
    share : ShareExplained
        All edges at once.
    predicted : CrossValidation
    """

    share: ShareExplained
    predicted: CrossValidation

    @property
    def p_value(self) -> float:
        return self.share.p_value


def target_alone(pair: Pair, permutations: int, seed: int) -> Steps[Alone]:
    """Compute how the target goes with connectivity when nothing is adjusted for."""
    share = yield from whole_association(pair, pair.target, permutations, stream(seed, "target"))
    predicted = yield from predict(pair.space, pair.goal, pair.splits)
    return Alone(share, predicted)


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """How target, candidate and connectivity hang together.

    Attributes
    ----------
    rest : ShareExplained
        Of connectivity, by the target given the candidate.
    predictions : ConfounderTest or None
        None where it was not asked, because the candidate does not go with the target, and for classes of three or
        more, where there is no such test.
    beyond : ShareExplained or None
        Of connectivity, by the candidate given the target: asked for those classes instead.
    remaining, retained : float
        See `imagenomer.statistics.verdict.Evidence`.
    """

    rest: ShareExplained
    predictions: ConfounderTest | None
    beyond: ShareExplained | None
    remaining: float
    retained: float

    @property
    def p_predictions(self) -> float:
        """Of predictions that follow the candidate no more than the target does; NaN where it was not asked."""
        if self.predictions is not None:
            return self.predictions.p_value
        return float("nan") if self.beyond is None else self.beyond.p_value


def link(
    pair: Pair, candidate: Phenotype, alone: Alone, associated: bool, permutations: int, seed: int
) -> Steps[Links]:
    """Compute how the target, a candidate and connectivity hang together.

    Parameters
    ----------
    associated : bool
        Whether the candidate goes with the target; if not, predictions are not asked.

    Raises
    ------
    InputError
        If one follows from the other.
    """
    name = candidate.name
    given = adjusted_model(pair, (candidate,))
    rest = yield from whole_association(pair, given, permutations, stream(seed, "rest", name))
    test, beyond = None, None
    if associated:
        predicted = alone.predicted.averaged()
        test = yield from confounder_test(pair, candidate, predicted, permutations, stream(seed, "predictions", name))
        if test is None:
            turned = candidate_given(pair, candidate)
            beyond = yield from whole_association(pair, turned, permutations, stream(seed, "beyond", name))
    return Links(rest, test, beyond, *remaining(alone.share, rest, given))


def candidate_given(pair: Pair, candidate: Phenotype) -> Model:
    """Return the candidate adjusted for the target."""
    return build_model(Question(candidate, None, None, (as_phenotype(pair),)), pair.subjects)


def as_phenotype(pair: Pair) -> Phenotype:
    """Return the target as it is tested, as a covariate of another: a level against the others where one is chosen."""
    phenotype = pair.target.question.phenotype
    if pair.target.level is None:
        return phenotype
    indicator = phenotype.indicator(pair.target.level)
    return Phenotype(f"{phenotype.name} = {pair.target.level}", indicator)


def evidence_of(pair: Pair, whole: Alone, p_candidate: float, links: Links) -> Evidence:
    """Return the numbers that decide."""
    return Evidence(
        pair.n_subjects,
        whole.p_value,
        p_candidate,
        links.rest.p_value,
        links.remaining,
        links.retained,
        links.p_predictions,
    )


def associate(people: Subjects) -> Steps[Pairs]:
    """Associate the target, which comes first, and all candidates with each other."""
    target = people.target.question.phenotype
    if people.target.level is not None:
        codes = np.where(target.missing, -1, target.values == target.levels.index(people.target.level)).astype(np.intp)
        target = replace(target, values=codes, levels=(f"not {people.target.level}", people.target.level))
    return (yield from associate_pairs([target, *people.candidates], people.subjects))


def corrected_p(pairs: Pairs) -> FloatArray:
    """Return the p-values of the candidates' association with the target, corrected for their number (Holm)."""
    return np.asarray(10 ** -adjust_neg_log10(pairs.neg_log10_p[0, 1:], "holm"))
