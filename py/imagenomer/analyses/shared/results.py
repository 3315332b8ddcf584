"""Results of a cohort: each computed once and kept with it, whoever asks: the page, a download or a saved map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from imagenomer.analyses.contract import Analysis, Report, check_against
from imagenomer.cache import Kind
from imagenomer.cohort import Cohort
from imagenomer.jsonable import dumps
from imagenomer.progress import Progress, Steps


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result, and what it is a result of.

    Attributes
    ----------
    name : str
        Of the analysis, with dashes.
    analysis : Analysis
    params, result : object
    report : Report
    n_parts : int
        Parts that are done, of an analysis in parts.
    """

    name: str
    analysis: Analysis
    params: Any
    result: Any
    report: Report
    n_parts: int = 0

    @property
    def is_whole(self) -> bool:
        return self.n_parts == len(self.analysis.parts)


#: Whether a result of some parts has what is asked for.
Enough: TypeAlias = Callable[[Outcome], bool]

#: Kept so that a click on a map, a download or an undo does not compute again; few, because each may hold on to
#: connectivity averaged over tasks, as large as the cohort itself.
RESULTS: Kind[str, Outcome] = Kind("results", 8)


def kept_outcome(cohort: Cohort, name: str, params: Any) -> Outcome | None:
    """Return a result as far as it was computed before, or None."""
    return cohort.caches[RESULTS].get(_key(name, params))


def outcome_of(
    cohort: Cohort, name: str, analysis: Analysis, params: Any, enough: Enough, *, aside: bool = False
) -> Steps[Outcome]:
    """Return a result, computed now or kept from before.

    Parameters
    ----------
    cohort : Cohort
    name : str
        Of the analysis, with dashes.
    analysis, params
    enough : callable
        Of an analysis in parts: whether a result with the parts so far will do. Each part is kept when it is done, so
        that a cancel costs the one under way only.
    aside : bool
        True where what is computed here is wanted for a map: it is kept as the first to go (`Cache.put_aside`), so that
        many maps do not push out what is on screen.

    Raises
    ------
    InputError
        If a parameter names something that the cohort does not have, or as the analysis does.
    """
    key, cache = _key(name, params), cohort.caches[RESULTS]
    outcome = cache.get(key)
    if outcome is None:
        check_against(cohort, params)
    while outcome is None or not (outcome.is_whole or enough(outcome)):
        so_far, n_done = (None, 0) if outcome is None else (outcome.result, outcome.n_parts)
        if analysis.parts:
            result = yield from analysis.parts[n_done].compute(cohort, params, so_far)
        else:
            result = yield from analysis.compute(cohort, params)
        yield Progress("Writing the result")
        report = analysis.report(cohort, params, result)
        outcome = Outcome(name, analysis, params, result, report, n_done + 1 if analysis.parts else 0)
        (cache.put_aside if aside else cache.put)(key, outcome)
    return outcome


def _key(name: str, params: Any) -> str:
    return dumps([name, params])
