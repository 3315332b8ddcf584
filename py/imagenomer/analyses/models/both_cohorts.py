"""Both cohorts: subjects of the open cohort and of the second in one sample space, so that one can test the other.

What is predicted, and what predicts it, must be the same in both: phenotypes are matched by name, kind, levels and
units, edges by their parcels. The open cohort's subjects come first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from imagenomer.analyses.models.protocol import Protocol
from imagenomer.analyses.shared.design_words import design_warnings
from imagenomer.analyses.shared.linear_model import Model, Question
from imagenomer.analyses.shared.predictors import FeatureSet, Source, in_natural_order
from imagenomer.analyses.shared.sample import (
    Sample,
    average_scans,
    counted,
    default_measure,
    draw_phenotype_sample,
    draw_sample,
    leak_warnings,
    listed,
    what,
)
from imagenomer.analyses.shared.second_cohort import (
    naming,
    require_same_phenotypes,
    require_same_scans,
    require_same_units,
    said_of,
    same_names,
)
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort, Phenotype
from imagenomer.companion import companion_of, require_same_parcels
from imagenomer.errors import InputError
from imagenomer.progress import Steps
from imagenomer.statistics.design import code
from imagenomer.statistics.features import StandardisedNumbers
from imagenomer.statistics.folds import Split
from imagenomer.statistics.sample_space import SampleSpace, sample_space, space_of_features
from imagenomer.types import BoolArray, Float32Array, IntArray, Json

#: Sample spaces of both cohorts, kept with the connectivity of the second: by the rows of both, and with the
#: connectivity of the first that they are of.
_OF_BOTH: Kind[tuple[bytes, bytes], tuple[Float32Array, SampleSpace]] = Kind("sample space of both cohorts", 2)


@dataclass(frozen=True, slots=True, eq=False)
class BothCohorts:
    """The open cohort, the second, and the subjects of both together.

    Attributes
    ----------
    first, second : Cohort
    together : Cohort
        The subjects of both, the first's first, with the phenotypes that both have; no connectivity. Who has the same
        name in both is called after the second cohort too.
    """

    first: Cohort
    second: Cohort
    together: Cohort

    @property
    def cohorts(self) -> tuple[Cohort, Cohort]:
        return self.first, self.second

    def parts(self, missing: Mapping[str, BoolArray]) -> tuple[dict[str, BoolArray], dict[str, BoolArray]]:
        """Return what is missing in each, of what is missing in both together."""
        n = self.first.n_subjects
        return (
            {name: own[:n] for name, own in missing.items()},
            {name: own[n:] for name, own in missing.items()},
        )

    def splits(self, subjects: IntArray, test_on: str) -> tuple[Split, ...]:
        """Return one cohort as training part and the other as test part, or both ways.

        Parameters
        ----------
        subjects : ndarray, shape (n_subjects,)
            Indices into both together.
        test_on : {"second", "first", "both"}
        """
        here = subjects < self.first.n_subjects
        first, second = np.flatnonzero(here), np.flatnonzero(~here)
        ways = {
            "second": Split(first, second, f"{self.first.name} → {self.second.name}"),
            "first": Split(second, first, f"{self.second.name} → {self.first.name}"),
        }
        return tuple(ways.values()) if test_on == "both" else (ways[test_on],)


def both_cohorts(first: Cohort) -> BothCohorts:
    """Put the subjects of the open cohort and of the second into one table.

    Raises
    ------
    InputError
        If no second cohort is open.
    """
    second = companion_of(first)
    known = set(first.subjects)
    names = tuple(f"{name} ({second.name})" if name in known else name for name in second.subjects)
    phenotypes = {
        name: _matched(one, second.phenotypes[name])
        for name, one in first.phenotypes.items()
        if name in second.phenotypes and second.phenotypes[name].kind == one.kind
    }
    together = Cohort(
        name=f"{first.name} and {second.name}",
        subjects=(*first.subjects, *names),
        phenotypes=phenotypes,
        parcellation=first.parcellation,
        synthetic=first.synthetic and second.synthetic,
    )
    return BothCohorts(first, second, together)


def _matched(here: Phenotype, there: Phenotype) -> Phenotype:
    """Return a phenotype of the subjects of both; levels of the first come first."""
    levels = (*here.levels, *(level for level in there.levels if level not in here.levels))
    values = there.values
    if levels:
        codes = np.array([levels.index(level) for level in there.levels], dtype=np.intp)
        values = np.where(there.missing, -1, codes[there.values.astype(np.intp)])
    return replace(here, values=np.concatenate([here.values, values]), levels=levels)


def refuse_what_differs(both: BothCohorts, source: Source, names: Mapping[str, str]) -> None:
    """Refuse, before anything is computed, what cannot be the same in both cohorts.

    Parameters
    ----------
    both : BothCohorts
    source : Source
    names : mapping of str to str
        Phenotypes that are needed: what for, by name.

    Raises
    ------
    InputError
    """
    if source.features in ("variants", "decomposition"):
        raise InputError(
            "across cohorts a model predicts from connectivity or phenotypes: variants and components are not matched "
            "between cohorts; choose one of these, or test on held-out subjects"
        )
    if source.harmonise is not None and source.features == "connectivity":
        raise InputError(
            f"ComBat learns the levels of {source.harmonise} in the cohort that is trained on, and those of the other "
            "cohort are other sites or scanners; across cohorts do not harmonise, or test on held-out subjects"
        )
    used = names if source.features != "phenotypes" else {**names, **dict.fromkeys(source.predictors, "predicts")}
    require_same_phenotypes(both.first, both.second, used)


def refuse_unseen_levels(linear_model: Model, splits: tuple[Split, ...]) -> None:
    """Refuse to test on levels of the target that nobody who trains has.

    Raises
    ------
    InputError
    """
    if not linear_model.levels:
        return
    codes, name = linear_model.target.astype(np.intp), linear_model.question.phenotype.name
    for split in splits:
        unseen = np.setdiff1d(codes[split.test], codes[split.train])
        if unseen.size:
            levels = listed(linear_model.levels[one] for one in unseen.tolist())
            raise InputError(
                f"{split.name}: the training set has no {name} = {levels}; choose groups with the same levels in both "
                "cohorts, or one level to tell from all others"
            )


# --- features ------------------------------------------------------------------------------------


def gather_both(
    both: BothCohorts,
    protocol: Protocol,
    source: Source,
    question: Question,
    missing: Mapping[str, BoolArray],
    at_least: int,
) -> Steps[FeatureSet]:
    """Return who of both cohorts is used, and from what is predicted; see `imagenomer.analyses.shared.predictors`.

    Parameters
    ----------
    both : BothCohorts
    protocol : Protocol
    source : Source
    question : Question
        What is predicted, and the covariates.
    missing : mapping of str to ndarray of bool
        Of both together: where what is needed is missing.
    at_least : int
        Subjects that are needed of each.

    Raises
    ------
    InputError
        If edges or units are not the same in both, a name is unknown in one, or too few subjects of one remain.
    """
    asked = [one.name for one in (question.phenotype, *question.covariates)]
    warnings = require_same_units(both.first, both.second, asked)
    gather = _connectivity if source.features == "connectivity" else _phenotypes
    found = yield from gather(both, protocol, source, missing, at_least)
    return replace(found, warnings=(*warnings, *found.warnings))


def _connectivity(
    both: BothCohorts, protocol: Protocol, source: Source, missing: Mapping[str, BoolArray], at_least: int
) -> Steps[FeatureSet]:
    assumed = require_same_parcels(both.first, both.second)
    measure = source.measure or default_measure(both.first)
    require_same_scans(both.first, both.second, measure, source.task)
    samples = []
    groups = (source.group, protocol.second_group)
    for cohort, group, absent in zip(both.cohorts, groups, both.parts(missing), strict=True):
        with naming(cohort):
            yield from average_scans(cohort, replace(source, measure=measure), fisher_z=source.fisher_z)
            samples.append(
                draw_sample(
                    cohort,
                    measure=measure,
                    task=source.task,
                    session=source.session,
                    run=source.run,
                    group=group,
                    fisher_z=source.fisher_z,
                    missing=absent,
                    at_least=at_least,
                )
            )
    rows = [
        sample.rows[in_natural_order(cohort, sample.subjects)]
        for cohort, sample in zip(both.cohorts, samples, strict=True)
    ]
    owners = [sample.observations.subjects[own] for sample, own in zip(samples, rows, strict=True)]
    subjects = np.concatenate([owners[0], both.first.n_subjects + owners[1]])
    space = yield from _space_of(samples, rows)
    said = [*said_of(both.first, samples[0].sentences), *said_of(both.second, samples[1].sentences)]
    n_gaps = space.features.n_columns - space.features.n_features
    if n_gaps:
        excluded = "was excluded" if n_gaps == 1 else "were excluded"
        said.append(f"{counted(n_gaps, 'edge')} with missing or non-finite values in either cohort {excluded}.")
    warnings = [*assumed, *same_names(both.first, both.second, *owners)]
    warnings += [one for cohort in both.cohorts for one in leak_warnings(cohort, measure)]
    numbers: dict[str, Json] = {**samples[0].numbers, "second": samples[1].numbers}
    observed = what(both.first, measure, source.task, source.session, source.run)
    return FeatureSet(
        "connectivity", observed, subjects, space, (), None, numbers, tuple(said), tuple(dict.fromkeys(warnings))
    )


def _space_of(samples: list[Sample], rows: list[IntArray]) -> Steps[SampleSpace]:
    """Return the sample space of rows of both cohorts, the first's first; kept for the next target."""
    values = [sample.observations.values for sample in samples]
    cache, key = samples[1].observations.caches[_OF_BOTH], (rows[0].tobytes(), rows[1].tobytes())
    kept = cache.get(key)
    if kept is not None and kept[0] is values[0]:
        return kept[1]
    every = np.concatenate([own[chosen] for own, chosen in zip(values, rows, strict=True)])
    return cache.put(key, (values[0], (yield from sample_space(every, np.arange(len(every))))))[1]


def _phenotypes(
    both: BothCohorts, protocol: Protocol, source: Source, missing: Mapping[str, BoolArray], at_least: int
) -> Steps[FeatureSet]:
    if not source.predictors:
        raise InputError(f"choose phenotypes to predict from; both cohorts have: {listed(both.together.phenotypes)}")
    chosen = [both.together.phenotype(name) for name in source.predictors]
    warnings = list(require_same_units(both.first, both.second, source.predictors))
    absent = {**missing, **{one.name: one.missing for one in chosen}}
    drawn = []
    groups = (source.group, protocol.second_group)
    for cohort, group, own in zip(both.cohorts, groups, both.parts(absent), strict=True):
        with naming(cohort):
            drawn.append(draw_phenotype_sample(cohort, group=group, missing=own, at_least=at_least))
    owners = [
        people.subjects[in_natural_order(cohort, people.subjects)]
        for cohort, people in zip(both.cohorts, drawn, strict=True)
    ]
    subjects = np.concatenate([owners[0], both.first.n_subjects + owners[1]])
    terms = [code(one, subjects) for one in chosen]
    names = tuple(name for term in terms for name in term.columns)
    values = np.column_stack([np.zeros((subjects.size, 0)), *(term.values for term in terms)])
    space = yield from space_of_features(StandardisedNumbers(values), np.arange(subjects.size))
    said = (
        *said_of(both.first, drawn[0].sentences),
        *said_of(both.second, drawn[1].sentences),
        f"{counted(len(names), 'column')}, one for each number and each further level of a category, are scaled "
        "to a standard deviation of 1 in the cohort that is trained on.",
    )
    warnings += [
        *design_warnings(one for term in terms for one in term.findings),
        *same_names(both.first, both.second, *owners),
    ]
    numbers: dict[str, Json] = {"predictors": list(source.predictors), **drawn[0].numbers, "second": drawn[1].numbers}
    return FeatureSet(
        "phenotypes", listed(source.predictors), subjects, space, names, None, numbers, said, tuple(warnings)
    )
