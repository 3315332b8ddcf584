"""Session: what is on screen as a session file has it, what one says when it is opened, and the way back to a state.

The engine reads, checks and writes the file (`imagenomer.session`), and knows of the cohort how it was read and
corrected; the page adds groups, saved maps, views, and the results that were kept.
"""

from logic.language import plural, say
from logic.opening import opening_of_demo, opening_of_files
from logic.recipe import has_recipe

#: How the name of a session file ends.
ENDING = ".session.json"


def is_session(path):
    """Whether a file is called a session."""
    return path.lower().endswith(ENDING)


def without_sessions(paths, files):
    """Take session files out of what was chosen: the sessions, and the paths and files of the others."""
    sessions, others = [], ([], [])
    for path, file in zip(paths, files):
        if is_session(path):
            sessions.append((path, file))
        else:
            others[0].append(path)
            others[1].append(file)
    return sessions, others[0], others[1]


def content_of(tab, views, groups, tray, notebook, demo, second):
    """Return what the page knows of a session, as the engine takes it.

    ``groups`` and ``tray`` are as the address has them, ``demo`` and ``second`` the names of teaching cohorts or None.
    """
    return {
        "cohort": {"demo": demo},
        "second": {"demo": second},
        "groups": [{"name": name, "expression": rule, "colour": slot} for name, rule, slot in groups],
        "tray": [{"name": name, "title": title, "source": source} for name, title, source in tray],
        "tab": tab,
        "views": views,
        "results": notebook.saved(),
        "notes": notebook.notes,
    }


def state_of(session):
    """Return the state of a session as an address would have it, but that all its tabs have their views."""
    tab = session["tab"]
    state = dict(session["views"].get(tab) or {})
    state["groups"] = [[one["name"], one["expression"], one["colour"]] for one in session["groups"]]
    state["tray"] = [[one["name"], one["title"], one["source"]] for one in session["tray"]]
    state["measures"] = session["measures"]
    second = session["second"]
    for name, value in (
        ("tab", tab),
        ("columns", session["columns"]),
        ("atlas", session["atlas"]),
        ("recipe", session["recipe"]),
        ("demo", session["cohort"]["demo"]),
        ("second", second["demo"] if second else None),
    ):
        if value is not None:
            state[name] = value
    return state


def opening_of(session, paths, files):
    """Return how the cohort of a session is opened: the files, or without any its teaching cohort; None if neither."""
    if paths:
        opening = opening_of_files(paths, files, None if has_recipe(paths) else session["recipe"])
    elif session["cohort"]["demo"]:
        opening = opening_of_demo(session["cohort"]["demo"])
    else:
        return None
    opening.session = session
    return opening


def answers_for_second(session):
    """Return the answers for the second cohort of a session and the folder or file that they are of; None: none."""
    if session is None or not session.get("second_recipe"):
        return None
    return session["second_recipe"], (session["second"] or {}).get("where")


def folder_of(session):
    """The folder or file that a session is of, or None."""
    return session["cohort"]["where"]


def amount_of(state, n_results=0):
    """What a state has, in words: "2 groups, 2 maps"; empty where it has nothing but a view."""
    n_groups, n_maps = len(state.get("groups", [])), len(state.get("tray", []))
    n_columns, n_measures = len(state.get("columns") or {}), len(state.get("measures", []))
    counts = [
        (n_groups, plural(n_groups, "group")),
        (n_maps, plural(n_maps, "map")),
        (n_columns, plural(n_columns, "corrected column")),
        (n_measures, plural(n_measures, "added measure")),
        (n_results, plural(n_results, "result")),
    ]
    return ", ".join(words for n, words in counts if n)


def doubts(session, cohort):
    """What speaks against a cohort being that of a session, and what is still to be opened, a sentence each."""
    before, said = session["cohort"], []
    for key, now, counted in (
        ("n_subjects", cohort["n_subjects"], lambda n: plural(n, "subject")),
        ("n_scans", cohort["n_scans_used"], lambda n: plural(n, "scan")),
    ):
        if before[key] is not None and before[key] != now:
            said.append(
                say(
                    "The session was saved with {before}, this cohort has {now}: results will differ. "
                    "Choose the same folder to get the same figures.",
                    before=counted(before[key]),
                    now=counted(now),
                )
            )
    second = session["second"]
    if second and not second["demo"]:
        said.append(
            say(
                "The session had a second cohort, {name}: open it under “Second cohort” to get the "
                "results that use it.",
                name=second["name"],
            )
        )
    return said
