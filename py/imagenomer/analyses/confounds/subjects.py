"""Whose data a confound report uses: target, candidates, and the subjects who have both of each pair.

Candidates are missing for different subjects. Whatever is compared is therefore computed for the subjects who have that
candidate and the target, the target's own association among them: one `Pair` for each candidate. Candidates that are
missing for no or for the same subjects share everything.

Subjects stand in the natural order of their names throughout, so that a seed means the same whatever the order of a
file.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from imagenomer.analyses.confounds.candidates import Candidates, choose_candidates
from imagenomer.analyses.confounds.params import Params
from imagenomer.analyses.shared.families import family_codes, named_families
from imagenomer.analyses.shared.linear_model import Model, Question, build_model
from imagenomer.analyses.shared.sample import Sample, average_scans, counted, draw_sample
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, Phenotype, natural_key
from imagenomer.errors import InputError
from imagenomer.progress import Progress, Steps
from imagenomer.statistics.design import Design, build_design
from imagenomer.statistics.feature_products import require_room
from imagenomer.statistics.flexible_columns import flexible_columns
from imagenomer.statistics.folds import Split, k_fold
from imagenomer.statistics.sample_space import SampleSpace, sample_space
from imagenomer.types import BoolArray, FloatArray, IntArray

N_FOLDS = 5

#: Matrices of all pairs of subjects that the verdict holds at once: the products, centred, their eigenvectors, and what
#: two penalties make of them. By way of features: eigenvectors of two sets of subjects, the edges, and their parts.
_N_MATRICES = 6
#: The sample space of all subjects in the report, by rows.
_SPACE: Kind[bytes, SampleSpace] = Kind("confound space", 1)


@dataclass(frozen=True, slots=True, eq=False)
class Families:
    """Who is related to whom.

    Attributes
    ----------
    name : str
        Of the phenotype that says so.
    codes : ndarray of int, shape (n_subjects,)
        The family of each subject, from 0 on; subjects without a value are of their own.
    """

    name: str
    codes: IntArray

    @property
    def n_families(self) -> int:
        return int(self.codes.max()) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """The subjects of a report, and what else is known of them.

    Attributes
    ----------
    sample : Sample
        Subjects of the group who have connectivity and the target.
    rows : ndarray, shape (n_subjects,)
        Of the observations, in the natural order of names; as everything below.
    subjects : ndarray, shape (n_subjects,)
        Indices into the cohort.
    target : Model
        The target among them.
    candidates : Candidates
    families : Families or None
        Who is related; None where nothing says so.
    unused_families : tuple of str
        Phenotypes that are named after families, and are not used for who is related.
    """

    sample: Sample
    rows: IntArray
    subjects: IntArray
    target: Model
    candidates: Candidates
    families: Families | None
    unused_families: tuple[str, ...]

    @property
    def n_subjects(self) -> int:
        return int(self.subjects.size)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The subjects who have the target and one candidate (or several).

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
    families : ndarray of int, shape (n,), or None
        Who is related, and never in different folds.
    """

    positions: IntArray
    subjects: IntArray
    rows: IntArray
    target: Model
    space: SampleSpace
    splits: tuple[Split, ...]
    families: IntArray | None = None

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


def recoded(goal: FloatArray | IntArray) -> FloatArray | IntArray:
    """Return classes renumbered to those that occur; numbers as they are."""
    if np.issubdtype(goal.dtype, np.integer):
        return np.unique(goal, return_inverse=True)[1].astype(np.intp)
    return goal


def choose_subjects(cohort: Cohort, params: Params) -> Steps[Subjects]:
    """Choose the subjects and the candidates.

    Raises
    ------
    InputError
        If a name is not known, the target is a candidate too, families are of no use, or there are too few subjects.
    """
    yield Progress("Choosing subjects")
    target = cohort.phenotype(params.target)
    if params.level is not None:
        target.indicator(params.level)  # refuses a level that is not there
    if params.target in params.named_candidates:
        raise InputError(f"{params.target} is the target and cannot be a candidate too; leave it out of the candidates")
    yield from average_scans(cohort, params)
    sample = draw_sample(
        cohort,
        measure=params.measure,
        task=params.task,
        session=params.session,
        run=params.run,
        group=params.group,
        fisher_z=False,
        missing={target.name: target.missing},
        at_least=12,
    )
    names = [cohort.subjects[index] for index in sample.subjects.tolist()]
    order = np.array(sorted(range(len(names)), key=lambda index: natural_key(names[index])), dtype=np.intp)
    subjects = sample.subjects[order]
    model = build_model(Question(target, params.level, None, ()), subjects)
    named = named_families(cohort, subjects)
    families = _related(cohort, params, subjects, named)
    related = None if families is None else families.name
    candidates = yield from choose_candidates(cohort, params, subjects, related)
    unused = tuple(name for name in named if name != related)
    return Subjects(sample, sample.rows[order], subjects, model, candidates, families, unused)


def _related(cohort: Cohort, params: Params, subjects: IntArray, named: Sequence[str]) -> Families | None:
    """Return who is related, by the chosen phenotype or the first that is ``named`` so; None where nobody is.

    Raises
    ------
    InputError
        If the chosen phenotype is the target or a candidate, or puts the subjects into too few families.
    """
    if params.families is None:
        taken = {params.target, *params.named_candidates}
        name = next((name for name in named if name not in taken), None)
        return None if name is None else Families(name, family_codes(cohort.phenotype(name), subjects))
    name = params.families
    if name == params.target or name in params.named_candidates:
        raise InputError(f"{name} says who is related and cannot be the target or a candidate too; leave it out")
    codes = family_codes(cohort.phenotype(name), subjects)
    n_families = int(codes.max()) + 1
    if n_families < N_FOLDS:
        raise InputError(
            f"{name} puts the {subjects.size} subjects into {counted(n_families, 'family', 'families')}, too few to "
            "compare; choose another phenotype for the families, or none"
        )
    return Families(name, codes)


def whole_space(people: Subjects) -> Steps[SampleSpace]:
    """Return the sample space of all subjects, from the cache the second time.

    Raises
    ------
    InputError
        If there are more than memory has room for.
    """
    cache, key = people.sample.observations.caches[_SPACE], people.rows.tobytes()
    space = cache.get(key)
    if space is None:
        require_room(people.n_subjects, people.sample.observations.values.shape[1], _N_MATRICES)
        space = cache.put(key, (yield from sample_space(people.sample.observations.values, people.rows)))
    return space


def known_of(people: Subjects, candidates: tuple[Phenotype, ...]) -> BoolArray:
    """Return who has all of some candidates, shape (n_subjects,)."""
    known = np.ones(people.subjects.size, dtype=bool)
    for one in candidates:
        known &= ~one.missing[people.subjects]
    return known


def pair_of(people: Subjects, known: BoolArray, repetitions: int, seed: int) -> Steps[Pair]:
    """Return the subjects for whom something is known.

    Raises
    ------
    InputError
        If the target does not vary among them, or they are too few for folds.
    """
    space = yield from whole_space(people)
    positions = np.flatnonzero(known)
    subjects = people.subjects[positions]
    model = build_model(people.target.question, subjects)
    families = None if people.families is None else people.families.codes[positions]
    return Pair(
        positions,
        subjects,
        people.rows[positions],
        model,
        space.of(positions),
        folds_of(goal_of(model), repetitions, seed, families),
        families,
    )


def folds_of(
    goal: FloatArray | IntArray, repetitions: int, seed: int, families: IntArray | None = None
) -> tuple[Split, ...]:
    """Return the folds of some subjects, classes in the same proportion in each, or families kept together."""
    rng = np.random.default_rng([seed, 1])
    stratify = cast("IntArray", goal) if np.issubdtype(goal.dtype, np.integer) else None
    n_folds = min(N_FOLDS, goal.size)
    assignments = [
        k_fold(goal.size, n_folds, rng, stratify=None if families is not None else stratify, together=families)
        for _ in range(repetitions)
    ]
    return tuple(split for one in assignments for split in one)


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return random numbers of their own for each thing that is drawn, whatever else is computed."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def mean_only(n: int) -> Design:
    return build_design([], np.arange(n))


def candidate_model(phenotype: Phenotype, subjects: IntArray) -> Model:
    """Return a candidate as what is tested."""
    return build_model(Question(phenotype, None, None, ()), subjects)


def adjusted_model(pair: Pair, columns: FloatArray) -> Model:
    """Return the target adjusted for columns of the subjects of a pair, such as `candidate_columns`."""
    question, size = pair.target.question, pair.target.question.phenotype.values.size
    covariates = []
    for number, column in enumerate(columns.T, start=1):
        values = np.full(size, np.nan)
        values[pair.subjects] = column
        covariates.append(Phenotype(f"column {number}", values))
    return build_model(Question(question.phenotype, question.level, None, tuple(covariates)), pair.subjects)


def candidate_columns(candidates: tuple[Phenotype, ...], subjects: IntArray) -> FloatArray:
    """Return candidates as columns that follow whatever shape their effects have, without the constant."""
    return np.column_stack([np.zeros((subjects.size, 0)), *(flexible_columns(one, subjects) for one in candidates)])
