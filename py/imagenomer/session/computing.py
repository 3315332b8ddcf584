"""Computing: the cohort of a session as it was on screen, and the results that were kept, without the page."""

from __future__ import annotations

from typing import Any

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import check_against, read_params
from imagenomer.cohort import Cohort
from imagenomer.errors import InputError
from imagenomer.groups import select
from imagenomer.load import load_steps
from imagenomer.progress import Steps
from imagenomer.types import Json, JsonObject


def cohort_of(session: JsonObject, where: str | None = None, second: str | None = None) -> Steps[Cohort]:
    """Open the cohort of a session.

    Parameters
    ----------
    session : mapping
        As `imagenomer.session.read_session` returns it.
    where, second : str or None
        The folders or zips of the cohort and of the second one; None for teaching cohorts, which need no files.

    Raises
    ------
    InputError
        If files are to be named, or as `imagenomer.load.load`.
    """
    where = where or _demo(session["cohort"])
    if where is None:
        name = session["cohort"]["where"] or session["cohort"]["name"] or "own data"
        raise InputError(f"the session is of {name}: say where that is, as COHORT after the session")
    if second is None and session["second"] is not None:
        second = _demo(session["second"])
        if second is None:
            raise InputError(f"the session has a second cohort, {session['second']['name']}: say where by --second")
    measures = [(one["analysis"], one["params"]) for one in session["measures"]]
    return load_steps(
        where,
        atlas=session["atlas"],
        second=second,
        measures=measures,
        recipe=session["recipe"],
        second_recipe=None if second is None else session["second_recipe"],
        columns=session["columns"],
    )


def _demo(cohort: JsonObject) -> str | None:
    return cohort["where"] if (cohort["where"] or "").startswith(("demo:", "demo2:")) else None


def computed_session(session: JsonObject, cohort: Cohort) -> Steps[dict[str, Json]]:
    """Compute the results that were kept, in the open cohort of a session.

    Returns
    -------
    dict
        ``cohort`` (its name), ``n_subjects``, ``groups`` ``[{name, expression, n, n_unknown}]`` (``problem`` in place
        of the numbers, for a group that does not fit the cohort), ``notes``, and ``results``
        ``[{name, note, analysis, params, numbers, warnings}]``.

    Raises
    ------
    InputError
        If a result cannot be computed; the message begins with its name.
    """
    results: list[Json] = []
    for kept in session["results"]:
        try:
            results.append((yield from _computed(kept, cohort)))
        except InputError as error:
            raise InputError(f"{kept['name']}: {error}") from None
    return {
        "cohort": cohort.name,
        "n_subjects": cohort.n_subjects,
        "groups": [_counted(group, cohort) for group in session["groups"]],
        "notes": session["notes"],
        "results": results,
    }


def _computed(kept: JsonObject, cohort: Cohort) -> Steps[dict[str, Any]]:
    analysis = load_analyses()[kept["analysis"]]
    params = read_params(analysis, kept["params"])
    check_against(cohort, params)
    report = analysis.report(cohort, params, (yield from analysis.compute(cohort, params)))
    named = {key: kept[key] for key in ("name", "note", "analysis", "params")}
    return {**named, "numbers": report.numbers, "warnings": list(report.warnings)}


def _counted(group: JsonObject, cohort: Cohort) -> dict[str, Json]:
    named = {"name": group["name"], "expression": group["expression"]}
    try:
        selection = select(cohort, group["expression"])
    except InputError as error:
        return {**named, "problem": str(error)}
    return {**named, "n": selection.n, "n_unknown": selection.n_unknown}
