"""Fault words: what the engine was doing, what a message of the browser means, and how a terminal would do the same."""

import json

from logic.language import say
from logic.opening import title_of, top_of

#: What the calls of the engine are doing; the others are named by their arguments.
_DOING = {
    "catalog": say("getting ready"),
    "overview": say("describing the cohort"),
    "check_group": say("counting a group"),
    "gallery": say("painting matrices"),
    "matrix": say("painting a matrix"),
    "paint": say("painting a matrix"),
    "detail": say("looking at a single connection"),
    "figure": say("drawing a figure"),
    "table": say("writing a table"),
    "script": say("writing a script"),
    "html": say("writing a report"),
    "save_bundle": say("saving a bundle"),
    "open_demo": say("opening the demo cohort"),
}
#: How browsers say that there is no more memory.
_OUT_OF_MEMORY = ("out of memory", "memoryerror", "allocation", "enlarge memory", "(oom)", "array length")


def doing(name, arguments, catalog):
    """Say what the engine does in a call: "drawing a figure"."""
    if name == "run":
        titles = [entry["title"] for entry in catalog if entry["name"] == arguments["analysis"]]
        return say("computing “{title}”", title=titles[0] if titles else arguments["analysis"])
    if name == "open_files":
        return say("opening {title}", title=title_of(arguments["paths"]))
    return _DOING.get(name, name)


def cause_of(crash):
    """Say what the loss of an engine means, where that is known."""
    said = crash.message.lower()
    if any(word in said for word in _OUT_OF_MEMORY):
        return say(
            "It ran out of memory: a page has 4 GB at most, and less where the computer is short of it. Open fewer "
            "scans (a single task, say), choose a smaller group, or close other tabs and programs."
        )
    if crash.by_browser:
        return say(
            "The browser stopped it without an error, most likely because the computer is short of memory: close other "
            "tabs and programs, or open fewer scans."
        )
    return ""


def command_for(name, arguments, where, second, catalog):
    """What to type in a terminal for the same, from the folder that holds the cohort, or None.

    ``where`` and ``second`` are the open cohorts as arguments of the command line, or None; a second that the analysis
    does not use is left out.
    """
    if name == "open_files":
        return f"imagenomer open {quoted(top_of(arguments['paths']) or 'FOLDER')}"
    result = (arguments.get("source") or arguments) if name is not None else {}
    if "analysis" not in result or where is None:
        return None
    params = result.get("params") or {}
    is_used = second is not None and uses_second(result["analysis"], params, catalog)
    beside = f" --second {quoted(second)}" if is_used else ""
    return f"imagenomer run {result['analysis']} {quoted(where)} --params {quoted(json.dumps(params))}{beside}"


def uses_second(name, params, catalog):
    """Whether a result is of the second cohort too: always, or with some choices of cohorts."""
    for entry in catalog:
        if entry["name"] == name:
            chosen = [field for field in entry["fields"] if field.get("choices") == "cohorts"]
            return entry["takes_second"] and all(
                params.get(field["name"], field["default"]) != field["options"][0][0] for field in chosen
            )
    return False


def quoted(argument):
    """An argument as a shell takes it."""
    plain = all(letter.isalpha() or letter.isdigit() or letter in "._-/:" for letter in argument)
    return argument if plain and argument else "'" + argument.replace("'", "'\"'\"'") + "'"
