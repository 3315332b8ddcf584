"""Subjects: the table of subjects a page at a time or as a file, one of them, and the groups that are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagenomer.downloads import stem
from imagenomer.engine.requests import Answer, Job, file_answer
from imagenomer.engine.workspace import Workspace
from imagenomer.groups import select
from imagenomer.types import JsonObject

if TYPE_CHECKING:
    from imagenomer.subject_table import Runs


async def subjects(
    workspace: Workspace,
    job: Job,
    *,
    query: JsonObject,
    start: int,
    stop: int,
    columns: Sequence[str] = (),
    within: str | None = None,
) -> Answer:
    from imagenomer import subject_table  # late: few look at all subjects

    cohort = workspace.now.cohort
    wanted = subject_table.query_of(cohort, **query)
    page = subject_table.subject_page(cohort, wanted, start=start, stop=stop, columns=columns, within=within)
    return page, {}


async def listed_subjects(workspace: Workspace, job: Job, *, query: JsonObject) -> Answer:
    """Return who is listed, for whoever ticks all of them."""
    from imagenomer import subject_table  # late: few look at all subjects

    cohort = workspace.now.cohort
    listed = subject_table.listed_subjects(cohort, subject_table.query_of(cohort, **query))
    return {"runs": subject_table.runs_of(listed.order)}, {}


async def group_of_subjects(
    workspace: Workspace,
    job: Job,
    *,
    query: JsonObject,
    ticked: Runs | None = None,
    how: Literal["only", "without", "with"] = "only",
    within: str | None = None,
) -> Answer:
    """Return the group of the subjects that are ticked (None: of those that are listed).

    ``within`` is another group, None for everybody: these ``only`` are meant, or it ``without`` or ``with`` these.
    """
    from imagenomer import subject_table  # late: few look at all subjects

    cohort = workspace.now.cohort
    wanted = subject_table.query_of(cohort, **query)
    if ticked is None:
        chosen = np.zeros(cohort.n_subjects, dtype=bool)
        chosen[subject_table.listed_subjects(cohort, wanted).order] = True
    else:
        chosen = subject_table.members(cohort, ticked)
    inside = select(cohort, within).included
    chosen = {"only": inside & chosen, "without": inside & ~chosen, "with": inside | chosen}[how]
    text = subject_table.group_of_subjects(cohort, chosen, (wanted.expression, within))
    return {"text": text, "n": int(chosen.sum())}, {}


async def subject(workspace: Workspace, job: Job, *, place: int) -> Answer:
    from imagenomer import subject_table  # late: few look at all subjects

    return subject_table.subject_record(workspace.now.cohort, place), {}


async def subjects_file(workspace: Workspace, job: Job, *, query: JsonObject) -> Answer:
    from imagenomer import subject_table  # late: few look at all subjects

    cohort = workspace.now.cohort
    wanted = subject_table.query_of(cohort, **query)
    data = await job.finish(subject_table.subjects_csv(cohort, wanted))
    return file_answer(data, stem("subjects", cohort.name), "csv")
