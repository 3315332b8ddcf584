"""Notebook: the results that were kept, taken home as a report, a script, methods or references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from imagenomer.downloads import stem
from imagenomer.engine.requests import Answer, Job, coloured, file_answer
from imagenomer.engine.results import computed, has_parts, record_of, script_options, stem_of
from imagenomer.engine.workspace import Workspace
from imagenomer.errors import InputError
from imagenomer.types import JsonObject

#: A report with figures and tables, one script, the methods as text, and the citations in two formats.
What = Literal["html", "py", "txt", "ris", "bib"]


async def notebook(
    workspace: Workspace,
    job: Job,
    *,
    results: Sequence[JsonObject],
    what: What,
    notes: str = "",
    groups: Sequence[Sequence[str]] = (),
) -> Answer:
    """Write the results down, in their order; what is not computed yet is computed."""
    # Late: few keep a notebook.
    from imagenomer.html_report import Entry, bibtex_of, cited_by, html_notebook, methods_of, ris_of
    from imagenomer.script import ScriptResult, script_of_several

    if not results:
        raise InputError("the notebook has no result yet; press Keep beside one")
    opened = workspace.now
    name, outcomes = stem(opened.cohort.name, "notebook"), []
    for one in results:
        try:
            outcomes.append(await computed(workspace, job, one["analysis"], one["params"], has_parts(None)))
        except InputError as error:
            raise InputError(f"{one['name']}: {error}") from None
    if what == "py":
        stems = [stem(f"{number}", stem_of(outcome)) for number, outcome in enumerate(outcomes, 1)]
        scripted = [
            ScriptResult(one["name"], output, outcome.name, outcome.analysis, outcome.params)
            for one, output, outcome in zip(results, stems, outcomes, strict=True)
        ]
        return file_answer(script_of_several(scripted, **script_options(workspace)).encode(), name, what)
    records = [record_of(workspace, outcome, coloured(groups)) for outcome in outcomes]
    if what == "html":
        await workspace.need(["matplotlib"])
        entries = [
            Entry(one["name"], one.get("note", ""), record) for one, record in zip(results, records, strict=True)
        ]
        return file_answer(await job.finish(html_notebook(entries, notes)), name, what)
    if what == "txt":
        return file_answer(methods_of(records).encode(), stem(name, "methods"), what)
    citations = dict.fromkeys(citation for record in records for citation in cited_by(record))
    return file_answer((ris_of if what == "ris" else bibtex_of)(citations).encode(), stem(name, "references"), what)
