"""Address: what is on screen, as JSON in the fragment of the address, so that a link or a reload restores it.

A fragment is never sent to a server. It holds choices, among them group expressions as the user wrote them, and
nothing about a subject. Anybody can write one: what is not what the page writes is left out.
"""

import json

from logic.opening import DEMOS

#: Where the guided tour begins.
BEGINNING = {"demo": "full", "tour": 0}


def _is_group(item):
    return _are(item, (str, str, int)) and item[2] >= 0


def _is_map(item):
    return _are(item, (str, str, dict)) and _is_source(item[2])


def _is_source(source):
    """Whether it has the keys of a source, as the engine takes it, each with a value of its type."""
    if "scan" in source:
        return len(source) == 2 and _are([source["scan"], source.get("measure")], (int, str))
    values = [source.get(name) for name in ("analysis", "params", "array")]
    return len(source) == 3 and _are(values, (str, dict, str))


def _is_measure(item):
    return isinstance(item, dict) and _are([item.get("analysis"), item.get("params")], (str, dict))


#: What belongs to the page and not to a tab, by name: what it is, or what each item of the list is.
SHARED = {
    "demo": str,
    "groups": _is_group,
    "second": str,
    "atlas": str,
    "recipe": dict,
    "columns": dict,
    "measures": _is_measure,
    "tray": _is_map,
    "tour": int,
    "folder": str,
}
#: What a tab shows; what else there is belongs to the tab too.
OF_TAB = {"section": str, "analysis": str, "params": dict, "edge": int, "shapes": dict, "gallery": dict}


class Steps:
    """The way through the states: back and forward undo and redo one step for each action of the user.

    Attributes
    ----------
    spec : dict
        The state of now.
    moving : bool
        Whether the page is still on its way to a state that the user went back or forward to. What it shows meanwhile
        is neither, and not to be written over one of them.
    """

    def __init__(self, spec):
        self.spec = spec
        self.moving = False
        self._deliberate = False

    def note_action(self):
        """The user did something that may change what is on screen; the next change is a step."""
        self._deliberate = True

    def step_to(self, spec):
        """Take over a state; returns "push" for a step, "replace" for what follows from one, None for no change."""
        if self.moving or spec == self.spec:
            return None
        self.spec = spec
        way = "push" if self._deliberate else "replace"
        self._deliberate = False
        return way

    def move_to(self, spec):
        """The user went back or forward to a state."""
        self.spec = spec
        self.moving = True

    def arrive(self):
        """The page shows the state that the user went to, or all that can be shown of it."""
        self.moving = False
        self._deliberate = False


def spec_of(tab, view, **shared):
    """Return the state of a tab that shows ``view``, with what else there is; None and empty lists are left out."""
    spec = dict(view)
    spec["tab"] = tab
    for name in shared:
        if shared[name] is not None and shared[name] != []:
            spec[name] = shared[name]
    return spec


def view_of(spec):
    """Return what the tab of a state shows."""
    return {name: spec[name] for name in spec if name != "tab" and name not in SHARED}


def written(spec, encode):
    """Return the fragment of a state; ``encode`` writes a text with percent signs as browsers do in addresses."""
    return "#" + encode(json.dumps(spec, separators=(",", ":"))).replace("#", "%23")


def read(fragment, decode):
    """Return the state of a fragment (without its #): {} where there is none, or none that can be read.

    ``decode`` undoes the percent signs, or raises ValueError.
    """
    if fragment == "tour":
        return dict(BEGINNING)
    if fragment.startswith("demo"):
        name = fragment[len("demo=") :]
        return {"demo": name if name in DEMOS else "full"}
    try:
        spec = json.loads(decode(fragment))
    except ValueError:
        return {}
    return fitting(spec) if isinstance(spec, dict) else {}


def fitting(spec):
    """Return what of a state is what the page would write."""
    found = {}
    for name in spec:
        value, expected = spec[name], SHARED.get(name) or OF_TAB.get(name) or (str if name == "tab" else None)
        if expected is None or (isinstance(expected, type) and _is(value, expected)):
            found[name] = value
        elif not isinstance(expected, type) and isinstance(value, list):
            found[name] = [item for item in value if expected(item)]
    return found


def _is(value, expected):
    return isinstance(value, expected) and (expected is bool or not isinstance(value, bool))


def _are(values, expected):
    return (
        isinstance(values, list)
        and len(values) == len(expected)
        and all(_is(value, one) for value, one in zip(values, expected))
    )
