"""Explanations: what the page says behind a "?", and which analysis answers which question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from imagenomer.analyses.contract import form_of
from imagenomer.engine.requests import Answer, Job
from imagenomer.engine.workspace import Workspace


async def explain(
    workspace: Workspace, job: Job, *, analysis: str, option: str = "", key: str = "", heading: str = ""
) -> Answer:
    """Explain an option of an analysis, a column of one of its tables, or else the analysis itself.

    What no text is written about is said as the analysis declares it: the help of a field, its summary.
    """
    # Late: nobody asks before something is on screen.
    from imagenomer.explanations import explain_column, explain_method, explain_option

    if option:
        fields: Any = form_of(workspace.analyses[analysis])
        field: Any = next((field for field in fields if field["name"] == option), {})
        told = explain_option(analysis, option, [(value, title) for value, title in field.get("options", ())])
        return replace(told, text=told.text or field.get("help", "")), {}
    if heading:
        return explain_column(analysis, key, heading), {}
    told = explain_method(analysis)
    return replace(told, text=told.text or workspace.analyses[analysis].summary), {}


async def guide(workspace: Workspace, job: Job) -> Answer:
    """List what somebody may want to know, by topic, each with the analysis that answers it."""
    from imagenomer.explanations import TOPICS

    return [{"title": title, "questions": questions} for title, questions in TOPICS], {}
