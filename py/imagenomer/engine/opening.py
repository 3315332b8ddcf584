"""Opening: cohorts, the second cohort, atlases, measures made here, groups, and the way back into a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np

from imagenomer.analyses.contract import Analysis, form_of
from imagenomer.cohort import Cohort, with_measure, with_parcellation
from imagenomer.downloads import stem
from imagenomer.engine.requests import Answer, Job, file_answer
from imagenomer.engine.results import computed, has_parts
from imagenomer.engine.workspace import Addition, Place, Second, Workspace, opened_with, overview_with_choices
from imagenomer.errors import InputError
from imagenomer.figures.pixels import default_colormap, paint, scale_limit
from imagenomer.groups import describe, expression_from_clauses, select
from imagenomer.jsonable import dumps
from imagenomer.progress import Steps
from imagenomer.types import Json, JsonObject

#: The answer to `catalog`, which the build of the page writes here, so that the page does not wait for all analyses.
CATALOG = Path(__file__).parents[1] / "catalog.json"


async def catalog_of(workspace: Workspace, job: Job) -> Answer:
    if CATALOG.is_file():
        return json.loads(CATALOG.read_text(encoding="utf-8")), {}
    return catalog(workspace.analyses), {}


class CatalogEntry(TypedDict):
    """An analysis as the menu has it."""

    name: str
    title: str
    summary: str
    tab: str
    needs: Sequence[str]
    parts: list[dict[str, str]]
    makes_measure: bool
    takes_second: bool
    fields: Sequence[JsonObject]


def catalog(analyses: Mapping[str, Analysis]) -> list[CatalogEntry]:
    """Return what can be computed, and the form of each analysis."""
    return [
        {
            "name": name,
            "title": analysis.title,
            "summary": analysis.summary,
            "tab": analysis.tab,
            "needs": analysis.needs,
            "parts": [{"name": part.name, "title": part.title} for part in analysis.parts],
            "makes_measure": analysis.measure is not None,
            "takes_second": analysis.takes_second,
            "fields": form_of(analysis),
        }
        for name, analysis in analyses.items()
    ]


async def open_demo(
    workspace: Workspace,
    job: Job,
    *,
    size: Literal["quick", "full"],
    seed: int,
    cohort: Literal["teaching", "second"] = "teaching",
    place: Place = "first",
) -> Answer:
    # Late: who drops files needs no teaching cohort.
    if cohort == "second":
        from imagenomer.teaching import generate_second

        steps = generate_second(size=size, seed=seed)
    else:
        from imagenomer.teaching import generate

        steps = generate(size=size, seed=seed)
    return await _open(workspace, job, steps, demo_name(cohort, size, seed), place)


async def open_files(
    workspace: Workspace, job: Job, *, paths: list[str], place: Place = "first", recipe: JsonObject | None = None
) -> Answer:
    # Late: the teaching cohort needs no reader.
    from imagenomer.readers import listing_from, open_cohort, with_own_recipe

    if job.files is None:
        raise InputError("no files came with the request; drop them again")
    workspace.asked = ()
    try:
        listing, answers = with_own_recipe(listing_from(paths, job.files.sizes, job.files.read), recipe)
        where = top_of(paths) or listing.name
        return await _open(workspace, job, open_cohort(listing, answers), where, place, answers)
    except InputError as error:
        workspace.asked = error.questions
        raise


async def _open(
    workspace: Workspace, job: Job, steps: Steps[Cohort], where: str, place: Place, recipe: JsonObject | None = None
) -> Answer:
    first = workspace.now if place == "second" else None  # refused before the files are read
    cohort = await job.finish(steps)
    # Only a cohort that can be shown replaces the open one.
    if first is None:
        workspace.opened = opened_with(cohort, where, cohort.parcellation, recipe=recipe)
    else:
        workspace.opened = opened_with(
            first.cohort,
            first.where,
            first.found,
            first.atlas,
            Second(cohort, where, recipe),
            first.added,
            first.recipe,
        )
    return workspace.opened.overview, {}


async def close_second(workspace: Workspace, job: Job) -> Answer:
    opened = workspace.now
    workspace.opened = opened_with(
        opened.cohort, opened.where, opened.found, opened.atlas, added=opened.added, recipe=opened.recipe
    )
    return workspace.opened.overview, {}


async def set_parcellation(workspace: Workspace, job: Job, *, name: str | None) -> Answer:
    """Take the parcels for those of an atlas ("none": plain numbers; null: as the files have them)."""
    opened = workspace.now
    if name is None:
        cohort = replace(opened.cohort, parcellation=opened.found)
    else:
        cohort = with_parcellation(opened.cohort, name)
    workspace.opened = opened_with(cohort, opened.where, opened.found, name, opened.second, opened.added, opened.recipe)
    return workspace.opened.overview, {}


async def add_measure(workspace: Workspace, job: Job, *, analysis: str, params: Mapping[str, Json]) -> Answer:
    """Add the measure that a result makes to the open cohort; results of before stay."""
    opened, outcome = workspace.now, await computed(workspace, job, analysis, params, has_parts(None))
    if outcome.analysis.measure is None:
        raise InputError(f"{outcome.analysis.title} makes no measure that could be added")
    settled = json.loads(dumps(outcome.params))
    for one in opened.added:
        if (one["analysis"], one["params"]) == (analysis, settled):
            raise InputError(f"this is a measure of the cohort already: {one['measure']}")
    measure = await job.finish(outcome.analysis.measure(opened.cohort, outcome.params, outcome.result))
    cohort = with_measure(opened.cohort, measure)
    addition: Addition = {"analysis": analysis, "params": settled, "measure": measure.name}
    added = (*opened.added, addition)
    overview = overview_with_choices(cohort, opened.found, opened.atlas, added, opened.recipe)
    workspace.opened = replace(opened, cohort=cohort, overview=overview, added=added)
    return overview, {}


async def overview(workspace: Workspace, job: Job) -> Answer:
    return workspace.now.overview, {}


async def check_group(
    workspace: Workspace,
    job: Job,
    *,
    expression: str | None = None,
    clauses: list[Mapping[str, Json]] | None = None,
    joiner: Literal["and", "or"] = "and",
) -> Answer:
    cohort = workspace.now.cohort
    if clauses is not None:
        expression = expression_from_clauses(cohort, clauses, joiner)
    selection = select(cohort, expression)
    return {"n": selection.n, "n_unknown": selection.n_unknown, "text": describe(expression)}, {}


async def sketches(
    workspace: Workspace, job: Job, *, question: int | None = None, line: int | None = None, place: Place = "first"
) -> Answer:
    """Paint the first matrix in each way in which it may be read, as a question of the last refusal asks it, or as a
    line of what was understood of the open cohort has it."""
    of = workspace.at(place).understood if question is None else workspace.asked
    which = line if question is None else question
    if which is None or not 0 <= which < len(of):
        raise InputError("that question is not asked any more; open the files again")
    squares = [one.sketch for one in of[which].alternatives if one.sketch is not None]
    if not squares:
        return {"size": 0}, {"pixels": np.empty((0, 0, 0, 4), dtype=np.uint8)}
    values = np.stack(squares)
    pixels = paint(values, colormap=default_colormap("diverging"), limit=scale_limit(values))
    return {"size": values.shape[1]}, {"pixels": pixels}


async def save_recipe(workspace: Workspace, job: Job, *, place: Place = "first") -> Answer:
    """Write the answers with which an open cohort was read, to open the same files again with them."""
    cohort, second = workspace.at(place), workspace.now.second
    recipe = second.recipe if place == "second" and second is not None else workspace.now.recipe
    data = json.dumps(recipe or cohort.recipe, indent=2, ensure_ascii=False).encode()
    return file_answer(data, stem(cohort.name), "recipe.json")


async def save_bundle(workspace: Workspace, job: Job) -> Answer:
    from imagenomer.readers.bundle import bundle_bytes  # late: few save a bundle

    cohort = workspace.now.cohort
    data = await job.finish(bundle_bytes(cohort))
    return file_answer(data, stem(cohort.name), "zip")


def demo_name(cohort: str, size: str, seed: int) -> str:
    """Return a teaching cohort as `imagenomer.load.load` names it."""
    return f"{'demo2' if cohort == 'second' else 'demo'}:{size}:{seed}"


def top_of(paths: Sequence[str]) -> str | None:
    """Return the one folder or file that holds all of them, or None."""
    tops = {path.replace("\\", "/").strip("/").split("/")[0] for path in paths}
    return tops.pop() if len(tops) == 1 else None
