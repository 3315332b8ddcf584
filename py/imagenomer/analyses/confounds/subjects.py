"""Whose data a confound report looks at: target, candidates, and the people who have both of each pair.

Candidates lack different people. Whatever is compared is therefore computed for the people who have that candidate and
the target, the target's own association among them: one `Pair` for each candidate. Candidates that nobody or the same
people lack share everything.

Subjects stand in the natural order of their names throughout, so that a seed means the same whatever the order of a
file.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from imagenomer.analyses.shared.ancestry import MOST_COMPONENTS, ancestry, as_phenotypes
from imagenomer.analyses.shared.edge_fits import Features, features_of
from imagenomer.analyses.shared.linear_model import Model, Question, build_model
from imagenomer.analyses.shared.sample import Sample, counted, draw_sample, listed
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, Phenotype, natural_key
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design, Term, build_design, code
from imagenomer.statistics.folds import Split, k_fold
from imagenomer.statistics.pairwise import associate_pairs
from imagenomer.statistics.sample_space import SampleSpace, sample_space
from imagenomer.types import BoolArray, FloatArray, IntArray

#: Candidates that are chosen by default, at most.
MOST_CANDIDATES = 8
#: Words in the name of a phenotype that is always a candidate: what is known to move connectivity or samples.
_USUAL = (
    "site",
    "scanner",
    "motion",
    "fd",
    "movement",
    "displacement",
    "rms",
    "sex",
    "gender",
    "age",
    "ancestry",
    "race",
    "ethnicity",
)
#: A candidate needs this share of the people, so many people, no more levels, and so many of its second level.
_LEAST_SHARE, _LEAST_KNOWN, _MOST_LEVELS, _LEAST_IN_LEVEL = 0.5, 20, 12, 5
N_FOLDS = 5

#: The sample space of everybody in the report, by rows.
_SPACE: Kind[bytes, SampleSpace] = Kind("confound space", 1)


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """Who is looked at, and what else is known of them.

    Attributes
    ----------
    sample : Sample
        Those of the group who have connectivity and the target.
    rows : ndarray, shape (n_subjects,)
        Of the observations, in the natural order of names; as everything below.
    subjects : ndarray, shape (n_subjects,)
        Indices into the cohort.
    target : Model
        The target among them.
    candidates : tuple of Phenotype
    about : tuple of str
        Which candidates were chosen or left out, and why.
    """

    sample: Sample
    rows: IntArray
    subjects: IntArray
    target: Model
    candidates: tuple[Phenotype, ...]
    about: tuple[str, ...]

    @property
    def is_category(self) -> bool:
        return bool(self.target.levels)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The people who have the target and one candidate (or several).

    Attributes
    ----------
    positions : ndarray, shape (n,)
        Among `Subjects.subjects`, ascending.
    subjects, rows : ndarray, shape (n,)
        Indices into the cohort, and rows of the observations.
    target : Model
        The target among them.
    space : SampleSpace
        Of their connectivity.
    splits : tuple of Split
        Folds, the same for everything that is predicted.
    """

    positions: IntArray
    subjects: IntArray
    rows: IntArray
    target: Model
    space: SampleSpace
    splits: tuple[Split, ...]

    @property
    def n_subjects(self) -> int:
        return int(self.positions.size)

    @property
    def goal(self) -> FloatArray | IntArray:
        """The target as prediction takes it: numbers, or codes of classes."""
        return goal_of(self.target)


def goal_of(model: Model) -> FloatArray | IntArray:
    """Return a phenotype as prediction takes it: numbers, or codes of the levels that occur."""
    if not model.levels:
        return model.target
    return np.unique(model.target, return_inverse=True)[1].astype(np.intp)


def choose_subjects(
    cohort: Cohort,
    *,
    target: str,
    level: str | None,
    candidates: tuple[str, ...],
    ancestry_components: int,
    measure: str | None,
    task: str | None,
    session: str | None,
    run: str | None,
    group: str | None,
) -> Steps[Subjects]:
    """Choose the people and the candidates.

    Raises
    ------
    InputError
        If a name is not known, the target is a candidate too, or there are too few people.
    """
    yield Progress("Choosing subjects")
    phenotype = cohort.phenotype(target)
    if level is not None:
        phenotype.indicator(level)  # refuses a level that is not there
    if target in candidates:
        raise InputError(f"{target} is the target and cannot be a candidate too; leave it out of the candidates")
    sample = draw_sample(
        cohort,
        measure=measure,
        task=task,
        session=session,
        run=run,
        group=group,
        fisher_z=False,
        missing={phenotype.name: phenotype.missing},
        at_least=12,
    )
    names = [cohort.subjects[index] for index in sample.subjects.tolist()]
    order = np.array(sorted(range(len(names)), key=lambda index: natural_key(names[index])), dtype=np.intp)
    subjects, rows = sample.subjects[order], sample.rows[order]
    model = build_model(Question(phenotype, level, None, ()), subjects)
    about: list[str] = []
    others = cohort.about_other_scans(task, session, run)
    for name in (one for one in candidates if one in others):
        about.append(f"{name} is not about the scans that are used here, or not about these alone; {others[name]} is.")
    if candidates:
        chosen = [cohort.phenotype(name) for name in candidates]
        for one in chosen:
            reason = _unfit(one, subjects)
            if reason:
                about.append(f"{one.name} is left out of the candidates: {reason}.")
        chosen = [one for one in chosen if not _unfit(one, subjects)]
    else:
        chosen = yield from _default_candidates(cohort, phenotype, subjects, others, about)
    components, said = yield from _ancestry_candidates(cohort, ancestry_components, subjects)
    about += said
    taken = {one.name for one in chosen}
    chosen += [one for one in components if one.name not in taken]
    if not chosen:
        raise InputError(
            f"no phenotype of {cohort.name} can be a candidate beside {target}: each needs a value for at least "
            f"{_LEAST_KNOWN} of the {subjects.size} people, and to vary among them"
        )
    return Subjects(sample, rows, subjects, model, tuple(chosen), tuple(about))


def _default_candidates(
    cohort: Cohort, target: Phenotype, subjects: IntArray, of_other_scans: Mapping[str, str], about: list[str]
) -> Steps[list[Phenotype]]:
    # Motion of every task beside each other would be one candidate many times, and leave no room for others.
    others = [one for one in cohort.phenotypes.values() if one.name != target.name and one.name not in of_other_scans]
    if of_other_scans:
        about.append(f"Not candidates, since they are about other scans than those used: {listed(of_other_scans)}.")
    unfit = {one.name: reason for one in others if (reason := _unfit(one, subjects))}
    fit = [one for one in others if one.name not in unfit]
    if unfit:
        said = "; ".join(f"{name} ({reason})" for name, reason in list(unfit.items())[:8])
        more = f"; and {len(unfit) - 8} others" if len(unfit) > 8 else ""
        about.append(f"Left out of the candidates: {said}{more}.")
    if len(fit) <= MOST_CANDIDATES:
        return fit
    pairs = yield from associate_pairs([target, *fit], subjects)
    usual = [any(word in _USUAL for word in re.split(r"[^a-z]+", one.name.lower())) for one in fit]
    strength = np.nan_to_num(pairs.neg_log10_p[0, 1:], nan=-1.0, posinf=1e9)
    ranked = sorted(range(len(fit)), key=lambda index: (not usual[index], -strength[index], index))
    kept = sorted(ranked[:MOST_CANDIDATES])
    about.append(
        f"{len(fit)} phenotypes could be candidates; the report takes {MOST_CANDIDATES}: those named after sex, age, "
        "ancestry, site or motion, and of the others those that go most clearly with the target. Choose candidates to "
        f"see others, such as {listed(fit[index].name for index in ranked[MOST_CANDIDATES:][:5])}."
    )
    return [fit[index] for index in kept]


def _unfit(phenotype: Phenotype, subjects: IntArray) -> str:
    """Return why a phenotype cannot be a candidate, "" if it can."""
    known = ~phenotype.missing[subjects]
    n = int(np.count_nonzero(known))
    if n < max(_LEAST_KNOWN, _LEAST_SHARE * subjects.size):
        return f"known of {n} of {subjects.size} people"
    values = phenotype.values[subjects][known]
    if np.ptp(values) == 0:
        return "the same for everybody"
    if phenotype.levels:
        sizes = np.sort(np.bincount(values.astype(np.intp)))[::-1]
        present = int(np.count_nonzero(sizes))
        if present > _MOST_LEVELS:
            return f"{present} levels"
        if sizes[1] < _LEAST_IN_LEVEL:
            return f"{counted(int(sizes[1:].sum()), 'person is', 'people are')} not {_commonest(phenotype, values)}"
    return ""


def _commonest(phenotype: Phenotype, values: FloatArray | IntArray) -> str:
    return phenotype.levels[int(np.bincount(values.astype(np.intp)).argmax())]


def _ancestry_candidates(
    cohort: Cohort, n_components: int, subjects: IntArray
) -> Steps[tuple[tuple[Phenotype, ...], list[str]]]:
    if not n_components or not cohort.variant_sets:
        return (), []
    try:
        found = yield from ancestry(cohort, None)
    except InputError as error:
        return (), [f"No components of ancestry are candidates: {error}."]
    scores = found.scores[:, : min(n_components, MOST_COMPONENTS)]
    fit = [one for one in as_phenotypes(scores) if not _unfit(one, subjects)]
    return tuple(fit), list(found.sentences)


# --- the people of a candidate ---------------------------------------------------------------------


def whole_space(people: Subjects) -> Steps[SampleSpace]:
    """Return the sample space of everybody, from the cache the second time."""
    cache, key = people.sample.observations.caches[_SPACE], people.rows.tobytes()
    space = cache.get(key)
    if space is None:
        space = cache.put(key, (yield from sample_space(people.sample.observations.values, people.rows)))
    return space


def known_of(people: Subjects, candidates: tuple[Phenotype, ...]) -> BoolArray:
    """Return who has all of some candidates, shape (n_subjects,)."""
    known = np.ones(people.subjects.size, dtype=bool)
    for one in candidates:
        known &= ~one.missing[people.subjects]
    return known


def pair_of(people: Subjects, known: BoolArray, repetitions: int, seed: int) -> Steps[Pair]:
    """Return the people who have something.

    Raises
    ------
    InputError
        If the target does not vary among them, or they are too few for folds.
    """
    space = yield from whole_space(people)
    positions = np.flatnonzero(known)
    subjects = people.subjects[positions]
    model = build_model(people.target.question, subjects)
    return Pair(
        positions,
        subjects,
        people.rows[positions],
        model,
        space.of(positions),
        folds_of(goal_of(model), repetitions, seed),
    )


def folds_of(goal: FloatArray | IntArray, repetitions: int, seed: int) -> tuple[Split, ...]:
    """Return the folds of some subjects, classes in the same proportion in each."""
    rng = np.random.default_rng([seed, 1])
    stratify = cast("IntArray", goal) if np.issubdtype(goal.dtype, np.integer) else None
    n_folds = min(N_FOLDS, goal.size)
    deals = [k_fold(goal.size, n_folds, rng, stratify=stratify) for _ in range(repetitions)]
    return tuple(split for deal in deals for split in deal)


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return random numbers of their own for each thing that is drawn, whatever else is computed."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def term_of(phenotype: Phenotype, subjects: IntArray) -> Term:
    return code(phenotype, subjects)


def mean_only(n: int) -> Design:
    return build_design([], np.arange(n))


def candidate_model(phenotype: Phenotype, subjects: IntArray) -> Model:
    """Return a candidate as what is tested."""
    return build_model(Question(phenotype, None, None, ()), subjects)


def adjusted_model(pair: Pair, candidates: tuple[Phenotype, ...]) -> Model:
    """Return the target adjusted for candidates."""
    question = pair.target.question
    return build_model(Question(question.phenotype, question.level, None, candidates), pair.subjects)


def sub_sample(cohort: Cohort, people: Subjects, pair: Pair) -> Steps[tuple[Sample, Features]]:
    """Return the sample of a pair with its rows ascending, as the fits of single edges want them, and its features."""
    from dataclasses import replace

    sample = replace(people.sample, rows=np.sort(pair.rows))
    return sample, (yield from features_of(cohort, sample, ranked=False))
