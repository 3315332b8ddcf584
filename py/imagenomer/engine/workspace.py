"""Workspace: the open cohort, and what the engine keeps of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypedDict

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import Analysis
from imagenomer.cohort import Cohort
from imagenomer.companion import with_companion
from imagenomer.errors import InputError
from imagenomer.load import Making
from imagenomer.overview import Overview, overview_of
from imagenomer.parcellation import PLAIN, Parcellation, atlases_of_size, load_atlas, plain_parcellation
from imagenomer.types import Json, JsonObject

#: Where a cohort is opened: as the one that is explored, or beside it, to test on.
Place: TypeAlias = Literal["first", "second"]


class Addition(TypedDict):
    """A measure that was made here, and of what."""

    analysis: str
    params: Mapping[str, Json]
    measure: str


@dataclass(frozen=True, slots=True)
class Second:
    """The second cohort as its files have it, and what `imagenomer.load.load` would open to get it."""

    cohort: Cohort
    where: str
    #: The answers with which its files were read; None where there were none.
    recipe: JsonObject | None = None


@dataclass(slots=True)
class OpenCohort:
    """The open cohort and everything that dies with it."""

    cohort: Cohort
    #: What `imagenomer.load.load` would open to get the same cohort.
    where: str
    #: The parcels as the files have them, and the atlas that was chosen instead ("none": plain numbers), if one was.
    found: Parcellation | None
    overview: Overview
    atlas: str | None = None
    second: Second | None = None
    #: The measures that were made here: ``{analysis, params, measure}``, in their order.
    added: tuple[Addition, ...] = ()
    #: The answers with which the files were read (`imagenomer.readers.recipe`); None where there were none.
    recipe: JsonObject | None = None


class Workspace:
    """What the calls of the page share.

    Attributes
    ----------
    need : coroutine function
        ``await need(["matplotlib"])`` returns once these packages can be imported.
    opened : OpenCohort or None
    asked : tuple of Question
        What the last files that were refused asked, for `sketches`.
    """

    def __init__(self, need: Callable[[Iterable[str]], Awaitable[None]]) -> None:
        self.need = need
        self.opened: OpenCohort | None = None
        self.asked: tuple[Any, ...] = ()

    @cached_property
    def analyses(self) -> dict[str, Analysis]:
        return load_analyses()  # late: importing them takes a while in the page

    @property
    def now(self) -> OpenCohort:
        if self.opened is None:
            raise InputError("no cohort is open; drop a folder or a zip, or open the demo cohort")
        return self.opened

    def at(self, place: Place) -> Cohort:
        """Return the open cohort, or the second as its files have it; raise `InputError` where there is none."""
        if place == "first":
            return self.now.cohort
        if self.now.second is None:
            raise InputError("no second cohort is open beside this one")
        return self.now.second.cohort

    def limit_of(self, measure: str) -> float:
        """Return where the colour scale of a measure ends, for all its scans alike."""
        self.now.cohort.measure(measure)
        return self.now.overview["measures_limit"][measure]


def opened_with(
    cohort: Cohort,
    where: str,
    found: Parcellation | None,
    atlas: str | None = None,
    second: Second | None = None,
    added: tuple[Addition, ...] = (),
    recipe: JsonObject | None = None,
) -> OpenCohort:
    """Return a cohort as it is open from now on, with the second beside it."""
    cohort = with_companion(cohort, None if second is None else second.cohort, atlas=atlas)
    overview = overview_with_choices(cohort, found, atlas, added, recipe)
    if overview["second"] is not None and second is not None:
        overview["second"]["recipe"] = second.recipe
    return OpenCohort(cohort, where, found, overview, atlas, second, added, recipe)


def makings_of(opened: OpenCohort) -> list[Making]:
    """Return how the measures were made that were added, as `imagenomer.load.load` takes it."""
    return [(one["analysis"], one["params"]) for one in opened.added]


def corrections_of(cohort: Cohort) -> dict[str, Json]:
    """Return what the user said of columns, as `imagenomer.load.load` and a recipe take it."""
    return {name: correction.json() for name, correction in cohort.corrections.items()}


def recipe_of(second: Second) -> JsonObject | None:
    """Return all that was answered about the second cohort, its corrections too, as `imagenomer.load.load` takes it."""
    said = {name: one.json() for name, one in second.cohort.corrections.items()}
    if not said:
        return second.recipe
    given = second.recipe or {}
    answers = given.get("columns") or {}
    kept = {name: {"decimal": one["decimal"]} for name, one in answers.items() if "decimal" in one}
    columns = {name: {**kept.get(name, {}), **said.get(name, {})} for name in (*kept, *said)}
    return {**given, "columns": columns}


def overview_with_choices(
    cohort: Cohort,
    found: Parcellation | None,
    chosen: str | None,
    added: Sequence[Addition],
    recipe: JsonObject | None = None,
) -> Overview:
    """Return the overview, with the answers that it was opened with and the parcellations to choose from.

    These are: as found, each atlas of the size, plain numbers.
    """
    overview = overview_of(cohort)
    choices: list[dict[str, str | None]] = []
    if found is not None:
        choices.append({"name": None, "title": found.name})
        others = [load_atlas(name) for name in atlases_of_size(found.n_parcels)]
        choices += [{"name": atlas.atlas, "title": atlas.name} for atlas in others if atlas.name != found.name]
        if found.labels != plain_parcellation(found.n_parcels).labels:
            choices.append({"name": PLAIN, "title": "None: plain numbers"})
    return {**overview, "parcellation_choices": choices, "atlas": chosen, "added": list(added), "recipe": recipe}
