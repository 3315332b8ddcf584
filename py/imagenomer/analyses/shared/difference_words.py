"""Differences of tasks, sessions and runs, in a sentence."""

from __future__ import annotations

from imagenomer.cohort import Cohort
from imagenomer.cohort.differences import times_of


def about_difference(cohort: Cohort, measure: str, task: str | None, session: str | None, run: str | None) -> str:
    """Say which difference is observed and how it was taken; nothing where none is."""
    difference = cohort.difference(measure, task, session, run)
    if difference is None:
        return ""
    kinds = ("", "session ", "run ")
    sides = cohort.sides(task, session, run)
    first, second = next((f"{kind}{one[0]}", f"{kind}{one[1]}") for kind, one in zip(kinds, sides, strict=True) if one)
    within = ", within each task" if task is None and len(cohort.tasks) > 1 else ""
    said = (
        f"The observation is a difference: each edge of {first} minus the same edge of {second}, of the subjects who "
        f"have both{within}."
    )
    if difference.years is None:
        return said
    at_sessions = cohort.sides(task, session, run)[1]
    times = None if at_sessions is None else times_of(cohort.phenotypes, *at_sessions)
    name = "" if times is None else times.name
    return (
        f"{said} It is divided by the years between: {name} ({first}) less {name} ({second}), of the subjects for whom "
        "both are known and differ."
    )
