"""Memory: what to tell the user where it ran out, and the command that needs no page."""

from __future__ import annotations

import json
import shlex

from imagenomer.analyses.contract import read_params, uses_second, without_unused
from imagenomer.downloads import stem
from imagenomer.engine.opening import demo_name, top_of
from imagenomer.engine.workspace import Workspace, corrections_of, makings_of
from imagenomer.errors import InputError, bytes_wanted, is_out_of_memory
from imagenomer.types import JsonObject
from imagenomer.wording import size

_SMALLER = "Choose a smaller group or a single task"


def short_of_memory(
    workspace: Workspace, error: Exception, call: str, given: JsonObject, step: str = ""
) -> InputError | None:
    """Return what to tell the user if memory ran out in a call, else None; kept results are dropped then.

    Parameters
    ----------
    error : Exception
    call, given
        The call and its arguments.
    step : str
        What was being done, if it is known.
    """
    if isinstance(error, InputError) or not is_out_of_memory(error):
        return None
    wanted = bytes_wanted(error)
    doing = f"“{step}”" if step else "this"
    amount = "" if wanted is None else f": it asked for another {size(wanted)}"
    sentences = [f"There is not enough memory for {doing}{amount}."]
    if workspace.opened is not None:
        workspace.opened.cohort.caches.clear()
        sentences.append(f"{workspace.opened.cohort.name} is still open, and nothing in it has changed.")
    sentences.append(
        "A page has 4 GB at most, 2 GB for a single table of numbers, and less where the computer itself is short."
    )
    smaller = "Open fewer scans at a time (a single task, say)" if call.startswith("open_") else _SMALLER
    sentences.append(f"{smaller}, or close other tabs and programs, and try again.")
    command = _command(workspace, call, given)
    if command:
        sentences.append(f"In a terminal there is no such limit: {command}")
    if (
        command
        and not call.startswith("open_")
        and workspace.opened is not None
        and (said := corrections_of(workspace.opened.cohort))
    ):
        sentences.append(f"There R.json holds {json.dumps({'columns': said}, ensure_ascii=False)}")
    return InputError(" ".join(sentences))


def _command(workspace: Workspace, call: str, given: JsonObject) -> str | None:
    """Return what to type in a terminal for the same, from the folder that holds the cohort."""
    if call == "open_files":
        return shlex.join(["imagenomer", "open", top_of(given["paths"]) or "FOLDER"])
    if call == "open_demo":
        return f"imagenomer open {demo_name(given.get('cohort', 'teaching'), given['size'], given['seed'])}"
    if workspace.opened is None:
        return None
    options = [] if workspace.opened.atlas is None else ["--atlas", workspace.opened.atlas]
    if workspace.opened.cohort.corrections:
        options += ["--recipe", "R.json"]
    for name, params in makings_of(workspace.opened):
        options += ["--add-measure", name, json.dumps(params, ensure_ascii=False)]
    if call == "save_bundle":
        bundle = f"{stem(workspace.opened.cohort.name)}.zip"
        return shlex.join(["imagenomer", "convert", workspace.opened.where, bundle, *options])
    result = given.get("source") or given
    if result.get("analysis") not in workspace.analyses:
        return None
    where, beside = workspace.opened.where, workspace.opened.second
    analysis, params = workspace.analyses[result["analysis"]], result.get("params") or {}
    read = read_params(analysis, params)
    params = without_unused(params, read)
    given_params = json.dumps(params, ensure_ascii=False)
    second = ["--second", beside.where] if beside is not None and uses_second(analysis, read) else []
    return shlex.join(["imagenomer", "run", result["analysis"], where, "--params", given_params, *options, *second])
