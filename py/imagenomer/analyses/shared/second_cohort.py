"""What analyses of two cohorts share: phenotypes, units and scans that are the same in both; sentences about one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from imagenomer.analyses.shared.sample import counted, listed
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.groups.sentence import Sentence
from imagenomer.types import IntArray


def require_same_phenotypes(first: Cohort, second: Cohort, needed: Mapping[str, str]) -> None:
    """Refuse phenotypes that one cohort lacks, or has as another kind.

    Parameters
    ----------
    first, second : Cohort
    needed : mapping of str to str
        What each is needed for, as it follows its name: "is adjusted for".

    Raises
    ------
    InputError
    """
    for name, use in needed.items():
        here, there = first.phenotypes.get(name), second.phenotypes.get(name)
        if here is None and there is None:
            first.phenotype(name)  # refuses it, with the names that there are
        if here is None or there is None:
            both = [one for one in first.phenotypes if one in second.phenotypes]
            raise InputError(
                f"{name} {use}, and only {(second if here is None else first).name} has it; both cohorts have: "
                f"{listed(both) or 'none'}"
            )
        if here.kind != there.kind:
            raise InputError(
                f"{name} {use}, and is a {here.kind} in {first.name} and a {there.kind} in {second.name}; bring it "
                "as the same kind in both, or choose another"
            )


def require_same_units(first: Cohort, second: Cohort, names: Iterable[str]) -> tuple[str, ...]:
    """Refuse numbers in other units; return as warnings whose values do not overlap.

    Raises
    ------
    InputError
    """
    warnings = []
    for name in names:
        here, there = first.phenotype(name), second.phenotype(name)
        if here.levels or there.levels:
            continue
        if here.units and there.units and here.units != there.units:
            raise InputError(
                f"{name} is in {here.units} in {first.name} and in {there.units} in {second.name}; bring both in the "
                "same units"
            )
        known = [one.values[~one.missing] for one in (here, there)]
        if not all(values.size for values in known):
            continue
        low, high = [float(np.min(values)) for values in known], [float(np.max(values)) for values in known]
        if max(low) > min(high):
            warnings.append(
                f"The values of {name} do not overlap: {low[0]:g} to {high[0]:g} in {first.name}, {low[1]:g} to "
                f"{high[1]:g} in {second.name}. If that is not how they differ, the units do."
            )
    return tuple(warnings)


def require_same_scans(first: Cohort, second: Cohort, measure: str, task: str | None) -> None:
    """Refuse connectivity that is of something else in the second cohort.

    Parameters
    ----------
    first, second : Cohort
    measure : str
    task : str or None
        None: mean over tasks.

    Raises
    ------
    InputError
    """
    if measure not in second.measures:
        shared = [name for name in first.measures if name in second.measures]
        raise InputError(f"{second.name} has no {measure}; measures that both cohorts have: {listed(shared) or 'none'}")
    tasks = [sorted(filter(None, cohort.tasks)) for cohort in (first, second)]
    if task is None and tasks[0] != tasks[1]:
        shared = [one for one in tasks[0] if one in tasks[1]]
        named = zip(tasks, (first, second), strict=True)
        means = (f"{listed(own) or 'unnamed scans'} in {cohort.name}" for own, cohort in named)
        raise InputError(
            f"the mean over tasks is not the same in both cohorts: it is of {' and of '.join(means)}; choose a task "
            f"that both have: {listed(shared) or 'none'}"
        )


@contextmanager
def naming(cohort: Cohort) -> Iterator[None]:
    """Say in a refusal which of the cohorts it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{cohort.name}: {error}") from None


def said_of(cohort: Cohort, sentences: Iterable[str]) -> list[str]:
    """Return sentences about one of the cohorts, which each begin with its name."""
    parts = (one.parts if isinstance(one, Sentence) else (one,) for one in sentences)
    return [Sentence(f"{cohort.name}: ", *own) for own in parts]


def same_names(first: Cohort, second: Cohort, here: IntArray, there: IntArray) -> list[str]:
    """Warn where subjects of both, given by their indices, may be the same."""
    known = {first.subjects[one] for one in here.tolist()}
    n = sum(second.subjects[one] in known for one in there.tolist())
    if not n:
        return []
    have = "has" if n == 1 else "have"
    return [
        f"{counted(n, 'subject')} {have} the same name in both cohorts: if they are the same subjects, the test is not "
        "independent."
    ]
