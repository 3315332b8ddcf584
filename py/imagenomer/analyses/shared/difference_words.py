"""Differences of tasks, sessions and runs, in a sentence."""

from __future__ import annotations

from imagenomer.cohort import Cohort


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
    return (
        f"{said} It is divided by the years between: age ({first}) less age ({second}), of the subjects for whom both "
        "are known and differ."
    )
