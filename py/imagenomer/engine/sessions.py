"""Sessions: what is on screen to a file, and back."""

from __future__ import annotations

from typing import Literal

from imagenomer.cohort import Cohort
from imagenomer.downloads import stem
from imagenomer.engine.requests import Answer, Job, file_answer
from imagenomer.engine.workspace import Workspace, corrections_of, recipe_of
from imagenomer.errors import InputError
from imagenomer.types import Json, JsonObject


async def read(workspace: Workspace, job: Job, *, name: str) -> Answer:
    """Return what a session file holds, once it has been checked; no cohort need be open."""
    from imagenomer.session import read_session  # late: few open a session

    if job.files is None:
        raise InputError("no file came with the request; choose the session again")
    return read_session(job.files.read(0, 0, job.files.sizes[0]), name), {}


async def save(
    workspace: Workspace, job: Job, *, session: JsonObject, subjects: Literal["ask", "leave out", "keep"] = "ask"
) -> Answer:
    """Write a session down: what the page knows, and of the open cohort how it was read and what was said of it.

    Where something in it names or singles out subjects and the page asks, nothing is written but what that is.
    """
    from imagenomer.session import session_bytes, settled_session, subject_level, without_subjects

    opened = workspace.now
    second = None if opened.second is None else opened.second.cohort
    whole = settled_session(
        {
            **session,
            "cohort": {**session["cohort"], **_facts(opened.cohort, opened.where)},
            "second": None
            if opened.second is None or second is None
            else {**(session.get("second") or {}), **_facts(second, opened.second.where)},
            "recipe": opened.recipe,
            "second_recipe": None if opened.second is None else recipe_of(opened.second),
            "columns": corrections_of(opened.cohort),
            "atlas": opened.atlas,
            "measures": [{"analysis": one["analysis"], "params": one["params"]} for one in opened.added],
        }
    )
    found = [] if subjects == "keep" else subject_level(whole, opened.cohort, second)
    named: list[Json] = [{"what": one.what, "why": one.why} for one in found]
    if found and subjects == "ask":
        return {"named": named}, {}
    answer, buffers = file_answer(
        session_bytes(without_subjects(whole, found)), stem(opened.cohort.name), "session.json"
    )
    return {**answer, "named": named}, buffers


def _facts(cohort: Cohort, where: str) -> dict[str, Json]:
    return {"name": cohort.name, "where": where, "n_subjects": cohort.n_subjects, "n_scans": len(cohort.scans)}
